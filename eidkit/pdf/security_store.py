"""The document security store (DSS): certificates, CRLs and OCSP answers that a PDF carries for its signatures.

All of it is untrusted and only a candidate.  Source: ETSI EN 319 142-1 §5.4; ISO 32000-2 §12.8.4.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eidkit.pdf.intake import cautiously
from eidkit.pdf.syntax import member, number_of, raw_items

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_STREAMS = 2000
MAX_STORED = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SecurityStore:
    """What the store holds, as DER octets, each once and in order."""

    certificates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.certificates or self.crls or self.ocsps)


def security_store(root: Any) -> SecurityStore:
    """The store under the document catalogue ``root``; an unreadable part of it is left out."""
    store = member(root, "/DSS")
    if not isinstance(store, dict):
        return SecurityStore()
    views = member(store, "/VRI")
    entries = [store, *(member(views, key) for key in list(views or ())[:MAX_STREAMS])]
    kinds = (("/Certs", "/Cert"), ("/CRLs", "/CRL"), ("/OCSPs", "/OCSP"))
    found = (tuple(dict.fromkeys(_octets(entries, names))) for names in kinds)
    return SecurityStore(*found)


def _octets(entries: list[Any], names: tuple[str, str]) -> Iterator[bytes]:
    seen: set[int] = set()
    room = MAX_STORED
    for entry in entries:
        for name in names:
            for raw in raw_items(member(entry, name))[:MAX_STREAMS]:
                number = number_of(raw)
                if number in seen or len(seen) >= MAX_STREAMS or room <= 0:
                    continue
                if number is not None:
                    seen.add(number)
                data = _decoded(raw)
                room -= len(data)
                if data:
                    yield data


def _decoded(raw: Any) -> bytes:
    data: list[bytes] = []
    with cautiously(data.clear):
        stream = raw.get_object()
        data.append(bytes(stream.data))
    return data[0] if data else b""
