"""Archive timestamps of one CMS signature, each with the imprint computed again and what it proves to have existed.

1. Version 3: over the content's digest, the signer's fields and its own index; every entry of the index must be a
   certificate, answer or unsigned attribute that is here, and only what is listed is proved (EN 319 122-1 §5.5).
2. Version 2: over the octets themselves, as they stand (TS 101 733 §6.4.1); and the CAdES-C-timestamp.
3. Kinds that are not judged are named.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eidkit.algorithms import DIGEST_BY_NAME
from eidkit.asn1 import archive, attributes, cms, tsp
from eidkit.document import CHUNK
from eidkit.errors import EidkitError
from eidkit.findings import Observation, observed
from eidkit.verify.evidence import TimestampEvidence
from eidkit.verify.formats import cms as reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from eidkit.asn1.cms import SignedData, SignerInfo
    from eidkit.document import Document
    from eidkit.verify.formats.cades import Opened

_NOT_JUDGED = {
    archive.ARCHIVE_TIMESTAMP_V1: "archive-time-stamp (version 1)",
    archive.LONG_TERM_VALIDATION: "long-term-validation",
    archive.REFERENCES_TIMESTAMP: "time-stamped-certs-crls-references",
    archive.INTERNAL_EVIDENCE_RECORD: "evidence record",
    archive.EXTERNAL_EVIDENCE_RECORD: "evidence record",
}
_ARCHIVES = (archive.ARCHIVE_TIMESTAMP_V3, archive.ARCHIVE_TIMESTAMP_V2)


@dataclass(frozen=True, slots=True)
class Archived:
    """What the archive timestamps of one file are about: the file, and its content's name, digests and Document."""

    file: Opened
    name: str
    digests: Mapping[str, bytes]
    beside: Document | None


@dataclass(frozen=True, slots=True)
class Archives:
    """The archive timestamps of a signature, oldest first, and what was seen beside them."""

    timestamps: tuple[TimestampEvidence, ...]
    observations: tuple[Observation, ...]


@dataclass(frozen=True, slots=True)
class _Token:
    """One token: its attribute's type, its octets, and what it says, None where it cannot be read."""

    oid: str
    octets: bytes
    parsed: SignedData | None
    info: tsp.TstInfo | None

    @classmethod
    def read(cls, oid: str, octets: bytes) -> _Token:
        parsed = reading.opened(octets).parsed
        try:
            info = tsp.parse_info(parsed.e_content) if parsed is not None and parsed.e_content else None
        except EidkitError:
            info = None
        return cls(oid, octets, parsed, info)

    def before(self, other: _Token) -> bool:
        """Whether it says that it is older."""
        return self.info is not None and other.info is not None and self.info.time < other.info.time


def tokens_v3(signer: SignerInfo) -> tuple[bytes, ...]:
    """The archive timestamps of version 3, as many as are judged."""
    return signer.unsigned(archive.ARCHIVE_TIMESTAMP_V3)[: reading.MAX_TIMESTAMPS]


def timestamps(identity: str, signer: SignerInfo, about: Archived) -> Archives:
    """Those of ``signer``, whose signature is known as ``identity``."""
    kinds = (*_ARCHIVES, archive.SIGNATURE_AND_REFERENCES_TIMESTAMP)
    tokens = [_Token.read(oid, value) for oid in kinds for value in signer.unsigned(oid)[: reading.MAX_TIMESTAMPS]]
    tokens = sorted(dict.fromkeys(tokens), key=_time)
    last = next((one for one in reversed(tokens) if one.oid == archive.ARCHIVE_TIMESTAMP_V3), None)
    made = tuple(
        _timestamp(f"{identity}/archive-timestamp-{number}", identity, one, tokens, signer, about, newest=one is last)
        for number, one in enumerate(tokens, 1)
    )
    unjudged = dict.fromkeys(_NOT_JUDGED[one.oid] for one in signer.unsigned_attributes if one.oid in _NOT_JUDGED)
    return Archives(made, tuple(observed("TIMESTAMP_NOT_JUDGED", identity, kind=kind) for kind in unjudged))


def _time(token: _Token) -> tuple[bool, datetime | None]:
    return (True, token.info.time) if token.info is not None else (False, None)


def _timestamp(
    name: str, identity: str, token: _Token, tokens: Iterable[_Token], signer: SignerInfo, about: Archived,
    *, newest: bool,
) -> TimestampEvidence:  # fmt: skip
    imprint: bytes | None = None
    covered = _Covered()
    if token.info is not None:
        algorithm = token.info.algorithm
        if token.oid == archive.ARCHIVE_TIMESTAMP_V3:
            imprint, covered = _version_3(token, algorithm, signer, about, newest=newest)
        elif token.oid == archive.ARCHIVE_TIMESTAMP_V2:
            older = frozenset(one.octets for one in tokens if one.before(token))
            imprint = _version_2(token.info, signer, about, older)
            covered = _everything(signer, about, older)
        else:
            imprint = archive.digest(algorithm, archive.imprinted_c(signer))
    known = ((token.info.algorithm, imprint),) if token.info is not None and imprint is not None else ()
    return TimestampEvidence(
        name, "archive", token.octets, known, (identity, about.name), covered.holds, covered.observations
    )


@dataclass(frozen=True, slots=True)
class _Covered:
    holds: tuple[str, ...] = ()
    observations: tuple[Observation, ...] = ()


# 1.
def _version_3(
    token: _Token, algorithm: str, signer: SignerInfo, about: Archived, *, newest: bool
) -> tuple[bytes | None, _Covered]:
    if token.parsed is None:
        return None, _Covered()
    try:
        index = archive.index_in(token.parsed)
    except EidkitError as error:
        return None, _Covered(observations=(observed("FORMAT_FAILURE", why=error.problem),))
    content = about.digests.get(algorithm)
    outline = about.file.outline
    imprint = (
        archive.digest(algorithm, archive.imprinted_v3(outline.content_type, content, signer, index))
        if content is not None
        else None
    )
    return imprint, _listed(index, signer, about, newest=newest)


def _listed(index: archive.HashIndex, signer: SignerInfo, about: Archived, *, newest: bool) -> _Covered:
    """What the index lists and is here; what it lists and is not; what is here and not listed."""
    entries = {*index.certificates, *index.revocations, *index.attributes}
    found: set[bytes] = set()
    objects: list[bytes] = []
    added = 0

    def look(raw: Iterable[bytes], inner: Iterable[bytes], *, counts: bool = True) -> None:
        nonlocal added
        matched = {archive.digest(index.algorithm, form) for form in raw} & entries
        found.update(one for one in matched if one is not None)
        if matched:
            objects.extend(inner)
        elif counts:
            added += 1

    for certificate in archive.elements(about.file.outline.certificates):
        look((certificate,), (certificate,))
    for answer in archive.elements(about.file.outline.crls):
        look((answer,), cms.answers_in(answer))
    for inside in about.file.parsed.crls:
        look((inside,), (inside,), counts=False)
    for oid, value, forms in archive.attribute_forms(signer):
        look(forms, _inside(oid, value), counts=oid not in _ARCHIVES)
    seen = []
    if missing := len(entries - found):
        seen.append(observed("ARCHIVE_INDEX_MISSES", count=missing))
    if newest and added:
        seen.append(observed("ARCHIVE_NOT_COVERED", count=added))
    weak = index.algorithm not in DIGEST_BY_NAME or DIGEST_BY_NAME[index.algorithm].until is not None
    return _Covered(() if weak else _digested(objects), tuple(seen))


def _inside(oid: str, value: bytes) -> Iterator[bytes]:
    """A token and what it carries; of other attributes the certificates and answers in them."""
    yield value
    if oid in {attributes.SIGNATURE_TIMESTAMP, *_ARCHIVES, archive.SIGNATURE_AND_REFERENCES_TIMESTAMP}:
        parsed = reading.opened(value).parsed
        if parsed is not None:
            yield from (*parsed.certificates, *parsed.crls, *parsed.ocsps)
    else:
        for carried in cms.values_in(oid, value):
            yield from carried


# 2.
def _version_2(info: tsp.TstInfo, signer: SignerInfo, about: Archived, older: frozenset[bytes]) -> bytes | None:
    """The imprint with the unsigned attributes bare or tagged, whichever the token is over; either covers all."""
    outline = about.file.outline
    if info.algorithm not in DIGEST_BY_NAME or (outline.content is None and about.beside is None):
        return None
    state = hashlib.new(info.algorithm, usedforsecurity=False)
    for chunk in _chunks(about.file.binary, *outline.encapsulated):
        state.update(chunk)
    if about.beside is not None:
        for chunk in _chunks(about.beside, 0, about.beside.length):
            state.update(chunk)
    state.update((outline.certificates or b"") + (outline.crls or b"") + signer.fields)
    made = []
    for attributes_octets in archive.unsigned_v2(signer, older):
        whole = state.copy()
        whole.update(attributes_octets)
        made.append(whole.digest())
    return info.imprint if info.imprint in made else made[0]


def _chunks(document: Document, start: int, end: int) -> Iterator[bytes]:
    for position in range(start, end, CHUNK):
        yield document.read_range(position, min(end, position + CHUNK))


def _everything(signer: SignerInfo, about: Archived, older: frozenset[bytes]) -> _Covered:
    parsed = about.file.parsed
    objects = [*parsed.certificates, *parsed.crls, *parsed.ocsps]
    for oid, value, _ in archive.attribute_forms(signer):
        if oid not in _ARCHIVES or value in older:
            objects += _inside(oid, value)
    return _Covered(_digested(objects))


def _digested(objects: Iterable[bytes]) -> tuple[str, ...]:
    return tuple(sorted({hashlib.sha256(one).hexdigest() for one in objects}))
