"""The timestamps of a XAdES signature as evidence: the imprint of each computed again, and what it proves.

1. A token over octets gets their digest under every algorithm; one over many pieces, the digest under its own.
2. What an archive timestamp covers is told in order, and with it each counter-signature that stands in it.
3. It proves the age of the certificates, answers and tokens that stand in what it covers, and of what they carry; of
   references to validation data, that of what they name, while their digest could be relied on.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from eidkit.algorithms import COMPUTABLE, DIGEST_BY_URI, digest_acceptable, digests_of
from eidkit.errors import EidkitError
from eidkit.timestamps import token as tokens
from eidkit.verify.evidence import TimestampEvidence
from eidkit.xml import names, properties
from eidkit.xml.names import ds, local
from eidkit.xml.properties import encapsulated
from eidkit.xml.references import Outcome
from eidkit.xml.signature import Malformed, algorithm, octets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from lxml.etree import _Element

    from eidkit.asn1.tsp import TstInfo
    from eidkit.xml.stamps import Pieces, Stamp

_PREFIXES = {names.DSIG: "ds", names.XADES141: "xadesv141"}
_ENCAPSULATED = ("EncapsulatedX509Certificate", "X509Certificate", "EncapsulatedCRLValue", "EncapsulatedOCSPValue")
_REFERENCES = frozenset(
    {f"{kind}{what}Refs{version}" for kind in ("Complete", "Attribute") for what in ("Certificate", "Revocation")
     for version in ("", "V2")}
)  # fmt: skip


class Timestamps:
    """The timestamps of one signature; ``ids`` are the identities of all signatures, ``candidates`` what it carries."""

    def __init__(self, identity: str, ids: Mapping[_Element, str], candidates: Iterable[bytes]) -> None:
        self._identity, self._ids = identity, ids
        self._candidates = tuple(dict.fromkeys(candidates))
        self._held: dict[_Element, tuple[str, ...]] = {}
        self._named: dict[str, dict[bytes, str]] = {}

    def evidence(self, number: int, stamp: Stamp) -> TimestampEvidence:
        """The facts about the ``number``-th of them; it is one that is judged."""
        name = f"{self._identity}/timestamp-{number}"
        # 1.
        if stamp.pieces is None:
            return TimestampEvidence(
                name, stamp.kind, stamp.token, digests_of(stamp.octets or b""), (self._identity,)
            )  # fmt: skip
        info = _info(stamp.token)
        imprint = stamp.pieces.digest(info.algorithm) if info is not None else None
        imprints = ((info.algorithm, imprint),) if info is not None and imprint is not None else ()
        own = () if stamp.kind == "references" else (self._identity,)
        covers = (*own, *self._covered(stamp.pieces))
        holds = tuple(dict.fromkeys(self._holds(stamp.pieces.elements, info.time))) if info is not None else ()
        return TimestampEvidence(name, stamp.kind, stamp.token, imprints, covers, holds)

    # 2.
    def _covered(self, pieces: Pieces) -> Iterator[str]:
        """A colon is in each of these names and in no signature's identity."""
        references = iter(pieces.references)
        for piece in (*pieces.head, *pieces.tail):
            if isinstance(piece, Outcome):
                yield f"ds:Reference {next(references)}".rstrip()
                continue
            yield f"{_PREFIXES.get(names.namespace(piece.tag), 'xades')}:{local(piece.tag)}"
            if local(piece.tag) == "CounterSignature":
                yield from (self._ids[inner] for inner in piece.iter(names.SIGNATURE) if inner in self._ids)

    # 3.
    def _holds(self, elements: Iterable[_Element], time: datetime) -> Iterator[str]:
        for element in elements:
            if element not in self._held:
                self._held[element] = tuple(_held(element))
            yield from self._held[element]
            if local(element.tag) in _REFERENCES:
                yield from self._referred(element, time)

    def _referred(self, element: _Element, time: datetime) -> Iterator[str]:
        """SHA-256 of the certificates and answers here that a property of references names."""
        for name, digest in _digests_in(element):
            if name in COMPUTABLE and digest_acceptable(name, time):
                if name not in self._named:
                    self._named[name] = {hashlib.new(name, one).digest(): _sha256(one) for one in self._candidates}
                found = self._named[name].get(digest)
                if found is not None:
                    yield found


def _info(token: bytes) -> TstInfo | None:
    try:
        return tokens.read(token)[1]
    except EidkitError:
        return None


def _held(element: _Element) -> Iterator[str]:
    """SHA-256 of each certificate, answer and token in ``element``, and of what the tokens carry."""
    for name in _ENCAPSULATED:
        yield from map(_sha256, encapsulated(element, name))
    for token in encapsulated(element, "EncapsulatedTimeStamp"):
        yield _sha256(token)
        try:
            inside, _ = tokens.read(token)
        except EidkitError:
            continue
        yield from map(_sha256, (*inside.certificates, *inside.crls, *inside.ocsps))


def _digests_in(element: _Element) -> Iterator[tuple[str, bytes]]:
    for value in element.iter(ds("DigestValue")):
        holder = value.getparent()
        method = properties.children(holder, "DigestMethod")
        row = DIGEST_BY_URI.get(algorithm(method[0])) if len(method) == 1 else None
        if row is not None:
            try:
                yield row.name, octets(value)
            except Malformed:
                continue


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
