"""The document security store (DSS): certificates, CRLs and OCSP answers that a PDF carries for its signatures.

All of it is untrusted and only a candidate.  Source: ETSI EN 319 142-1 §5.4; ISO 32000-2 §12.8.4.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

from eidkit.pdf.intake import cautiously
from eidkit.pdf.syntax import member, number_of, raw_items

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from eidkit.pdf.revisions import PdfFile, Revision

V = TypeVar("V")
MAX_STREAMS = 2000
MAX_STORED = 64 * 1024 * 1024
MAX_STORED_EVER = 2 * MAX_STORED
"""Octets that the stores of all revisions of one file may hold."""
_CATALOGUE = 4096
_UNREADABLE = MAX_STORED // 4
"""What a stream that cannot be decoded counts for: it may have been decoded for long before it was given up."""


@dataclass(frozen=True, slots=True)
class SecurityStore:
    """What the store holds, as DER octets, each once and in order.

    ``stamps`` are the timestamp tokens beside the answers for one signature (/VRI, /TS), with the name of their entry:
    the SHA-1 of that signature's /Contents in upper-case hexadecimal.
    """

    certificates: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()
    stamps: tuple[tuple[str, bytes], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.certificates or self.crls or self.ocsps)


def security_store(root: Any, decoded: Callable[[Any], bytes] | None = None) -> SecurityStore:
    """The store under the document catalogue ``root``; an unreadable part of it is left out.

    ``decoded`` gives the content of the stream that a reference leads to.
    """
    store = member(root, "/DSS")
    if not isinstance(store, dict):
        return SecurityStore()
    views = member(store, "/VRI")
    names = [str(key) for key in list(views)[:MAX_STREAMS]] if isinstance(views, dict) else []
    entries = [store, *(member(views, key) for key in names)]
    kinds = (("/Certs", "/Cert"), ("/CRLs", "/CRL"), ("/OCSPs", "/OCSP"))
    read = decoded or _decoded
    certificates, crls, ocsps = (tuple(dict.fromkeys(_octets(entries, each, read))) for each in kinds)
    return SecurityStore(certificates, crls, ocsps, tuple(_stamps(zip(names, entries[1:], strict=True), read)))


def _stamps(entries: Iterable[tuple[str, Any]], decoded: Callable[[Any], bytes]) -> Iterator[tuple[str, bytes]]:
    for name, entry in entries:
        raw = dict.get(entry, "/TS") if isinstance(entry, dict) else None
        token = decoded(raw) if raw is not None else b""
        if token:
            yield name.removeprefix("/"), token


def store_in(file: PdfFile, revision: Revision) -> SecurityStore:
    """The store as it was in ``revision``; a stream that revisions share is decoded once."""

    def once(raw: Any) -> bytes:
        number = number_of(raw)
        if number is None:
            return _decoded(raw)
        place = file.reader.place(number, revision.index)
        return file.once(("stored", number, place), lambda: _within(file, raw))

    def found() -> SecurityStore:
        newest = revision == file.revisions[-1]
        return security_store(file.reader.root if newest else file.resolver(revision.number).root, once)

    return file.once(("store", revision.number), found)


def _within(file: PdfFile, raw: Any) -> bytes:
    spent = file.cache.get("octets stored", 0)
    data = _decoded(raw) if spent < MAX_STORED_EVER else b""
    file.cache["octets stored"] = spent + (len(data) or _UNREADABLE)
    return data


def every_store(file: PdfFile) -> SecurityStore:
    """What the stores of all revisions hold, the newest first: a later store may have taken the place of another."""
    newest = file.revisions[-1]
    numbers = {file.reader.root_ref.idnum, number_of(dict.get(file.reader.root, "/DSS"))}
    stores = [store_in(file, newest)]
    for revision in reversed(file.revisions[:-1]):
        if not revision.touched.isdisjoint(numbers):
            with cautiously(lambda: None):
                if _may_have_store(file, revision):
                    stores.append(store_in(file, revision))
    return joined(stores) if len(stores) > 1 else stores[0]


def _may_have_store(file: PdfFile, revision: Revision) -> bool:
    """Whether the catalogue as it was may name a store: by its text where it has one, without reading objects."""
    place = file.reader.place(file.reader.root_ref.idnum, revision.index)
    if not isinstance(place, int):
        return True
    text, ended, _ = file.document.read_range(place, place + _CATALOGUE).partition(b"endobj")
    return not ended or b"/DSS" in text or b"#" in text


def joined(stores: Sequence[SecurityStore]) -> SecurityStore:
    """What several stores hold together."""

    def each_once(lists: Iterable[tuple[V, ...]]) -> tuple[V, ...]:
        return tuple(dict.fromkeys(chain.from_iterable(lists)))

    return SecurityStore(
        each_once(one.certificates for one in stores),
        each_once(one.crls for one in stores),
        each_once(one.ocsps for one in stores),
        each_once(one.stamps for one in stores),
    )


def _octets(entries: list[Any], names: tuple[str, str], decoded: Callable[[Any], bytes]) -> Iterator[bytes]:
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
                data = decoded(raw)
                room -= len(data)
                if data:
                    yield data


def _decoded(raw: Any) -> bytes:
    data: list[bytes] = []
    with cautiously(data.clear):
        stream = raw.get_object()
        data.append(bytes(stream.data))
    return data[0] if data else b""
