"""Archive timestamps of one CMS signature, each with the imprint computed again and what it proves to have existed.

1. Version 3: over the content's digest, the signer's fields and its own index; every entry of the index must be a
   certificate, answer or unsigned attribute that is here, and only what is listed is proved (EN 319 122-1 §5.5).
2. Version 2: over the octets themselves, as they stand (TS 101 733 §6.4.1); and the CAdES-C-timestamp.
3. Kinds that are not judged are named.

What is hashed for one timestamp serves the others: a file of many costs no more than one of few.  What has to be hashed
for each of them alone is bounded for the whole file (:data:`MAX_HASHED`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING

from eidkit.algorithms import DIGEST_BY_NAME, digest_acceptable
from eidkit.asn1 import archive, attributes, cms, der, tsp
from eidkit.document import CHUNK
from eidkit.errors import EidkitError
from eidkit.findings import Observation, observed
from eidkit.verify.evidence import TimestampEvidence
from eidkit.verify.formats import cms as reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from hashlib import _Hash

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
_JUDGED = (*_ARCHIVES, archive.SIGNATURE_AND_REFERENCES_TIMESTAMP)
MAX_HASHED = 128 * 1024 * 1024
"""Octets that are hashed for single archive timestamps, in all of a file."""
_FIRST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Archived:
    """What the archive timestamps of one file are about: the file, and its content's name, digests and Document.

    ``hashed``: by algorithm, all that stands before a SignerInfo: the same for every signature of the file.
    """

    file: Opened
    name: str
    digests: Mapping[str, bytes]
    beside: Document | None
    hashed: dict[str, _Hash] = field(default_factory=dict, repr=False, compare=False)
    effort: Effort = field(default_factory=lambda: Effort(MAX_HASHED), repr=False, compare=False)


@dataclass(slots=True)
class Effort:
    """How many octets may still be hashed for single timestamps."""

    left: int

    def spend(self, *octets: bytes) -> None:
        """Before these are hashed; raises DerError when they, or those before, are too many."""
        self.left -= sum(map(len, octets))
        self.check()

    def check(self) -> None:
        """Before octets are put together, which costs time too."""
        if self.left < 0:
            raise der.DerError("archive timestamps over more octets than are hashed for one file")


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

    @property
    def time(self) -> datetime:
        """The time that it claims; the first of all times where it cannot be read."""
        return self.info.time if self.info is not None else _FIRST


def tokens_v3(signer: SignerInfo) -> tuple[bytes, ...]:
    """The archive timestamps of version 3, as many as are judged."""
    return signer.unsigned(archive.ARCHIVE_TIMESTAMP_V3)[: reading.MAX_TIMESTAMPS]


def timestamps(identity: str, signer: SignerInfo, about: Archived) -> Archives:
    """Those of ``signer``, whose signature is known as ``identity``."""
    found = dict.fromkeys((oid, value) for oid in _JUDGED for value in signer.unsigned(oid)[: reading.MAX_TIMESTAMPS])
    tokens = sorted((_Token.read(*one) for one in found), key=lambda one: one.time)
    recomputed = _Recomputed(identity, signer, about, tokens)
    made = []
    for number, token in enumerate(tokens, 1):
        imprint, covered = recomputed.of(token)
        known = ((token.info.algorithm, imprint),) if token.info is not None and imprint is not None else ()
        name = f"{identity}/archive-timestamp-{number}"
        made.append(
            TimestampEvidence(
                name,
                "archive",
                token.octets,
                known,
                (identity, f"content: {about.name}", *covered.signatures),  # so that no name is an identity
                covered.holds,
                covered.observations,
            )
        )
    return Archives(tuple(made), _unjudged(identity, signer, _NOT_JUDGED))


def of_counter_signature(identity: str, signer: SignerInfo) -> tuple[Observation, ...]:
    """3. Those that a counter-signature has itself: none is judged, because it is kept by what it stands in."""
    own = dict.fromkeys(_JUDGED, "an archive timestamp of a counter-signature")
    return _unjudged(identity, signer, _NOT_JUDGED | own)


def _unjudged(identity: str, signer: SignerInfo, kinds: Mapping[str, str]) -> tuple[Observation, ...]:
    found = dict.fromkeys(kinds[one.oid] for one in signer.unsigned_attributes if one.oid in kinds)
    return tuple(observed("TIMESTAMP_NOT_JUDGED", identity, kind=kind) for kind in found)


@dataclass(frozen=True, slots=True)
class _Covered:
    """What one timestamp covers: SHA-256 of objects, identities of counter-signatures; and what was seen."""

    holds: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ()
    observations: tuple[Observation, ...] = ()

    @classmethod
    def of(cls, objects: Sequence[_Object], observations: tuple[Observation, ...] = ()) -> _Covered:
        """All of these objects."""
        holds = sorted({sha256 for one in objects for sha256 in one.holds})
        return cls(tuple(holds), tuple(one.signature for one in objects if one.signature), observations)


@dataclass(frozen=True, slots=True)
class _Object:
    """Something that a timestamp may cover: the forms that an index names it by, and the SHA-256 of what it holds.

    ``counts``: it is told when the newest timestamp does not cover it; ``archive`` and ``signature``: it is an archive
    timestamp, or the counter-signature of that identity.
    """

    forms: tuple[bytes, ...]
    holds: tuple[str, ...]
    counts: bool
    archive: bytes | None = None
    signature: str | None = None


class _Recomputed:
    """The imprints of one signature's archive timestamps, and what they cover."""

    def __init__(self, identity: str, signer: SignerInfo, about: Archived, tokens: list[_Token]) -> None:
        self._signer, self._about, self._tokens = signer, about, tokens
        self._newest = next((one for one in reversed(tokens) if one.oid == archive.ARCHIVE_TIMESTAMP_V3), None)
        self._objects = list(_objects(identity, signer, about.file)) if tokens else []
        self._tables: dict[str, dict[bytes, list[int]]] = {}
        self._prefixes: dict[str, _Hash] = {}

    def of(self, token: _Token) -> tuple[bytes | None, _Covered]:
        """The imprint that ``token`` should have, None where that cannot be told, and what it covers."""
        if token.info is None or token.parsed is None:
            return None, _Covered()
        try:
            self._about.effort.check()
            if token.oid == archive.ARCHIVE_TIMESTAMP_V3:
                return self._version_3(token, token.parsed, token.info.algorithm)
            if token.oid == archive.ARCHIVE_TIMESTAMP_V2:
                return self._version_2(token, token.info)
            return self._digest(token.info.algorithm, archive.imprinted_c(self._signer)), _Covered()
        except EidkitError as error:
            return None, _Covered(observations=(observed("FORMAT_FAILURE", why=error.problem),))

    def _digest(self, algorithm: str, octets: bytes) -> bytes | None:
        self._about.effort.spend(octets)
        return archive.digest(algorithm, octets)

    # 1.
    def _version_3(self, token: _Token, parsed: SignedData, algorithm: str) -> tuple[bytes | None, _Covered]:
        index = archive.index_in(parsed)
        content = self._about.digests.get(algorithm)
        imprint = None
        if content is not None:
            kind = self._about.file.outline.content_type
            imprint = self._digest(algorithm, archive.imprinted_v3(kind, content, self._signer, index.octets))
        return imprint, self._listed(index, token)

    def _listed(self, index: archive.HashIndex, token: _Token) -> _Covered:
        """What the index lists and is here; what it lists and is not; what is here and not listed.

        A digest that was weak when the index was made proves nothing of what it lists.
        """
        table = self._table(index.algorithm)
        entries = {*index.certificates, *index.revocations, *index.attributes}
        covered = {number for entry in entries for number in table.get(entry, ())}
        seen = []
        if missing := len(entries - table.keys()):
            seen.append(observed("ARCHIVE_INDEX_MISSES", count=missing))
        added = sum(one.counts for number, one in enumerate(self._objects) if number not in covered)
        if token is self._newest and added:
            seen.append(observed("ARCHIVE_NOT_COVERED", count=added))
        holds = digest_acceptable(index.algorithm, token.time)
        return _Covered.of([self._objects[number] for number in sorted(covered)] if holds else [], tuple(seen))

    def _table(self, algorithm: str) -> dict[bytes, list[int]]:
        """The objects by the digests of their forms; each form is hashed once."""
        if algorithm not in self._tables:
            by_form: dict[bytes, list[int]] = {}
            for number, one in enumerate(self._objects):
                for form in one.forms:
                    by_form.setdefault(form, []).append(number)
            hashed = ((archive.digest(algorithm, form), numbers) for form, numbers in by_form.items())
            self._tables[algorithm] = {digest: numbers for digest, numbers in hashed if digest is not None}
        return self._tables[algorithm]

    # 2.
    def _version_2(self, token: _Token, info: tsp.TstInfo) -> tuple[bytes | None, _Covered]:
        """The imprint with the unsigned attributes bare or tagged, whichever the token is over; either covers all."""
        about = self._about
        if info.algorithm not in DIGEST_BY_NAME or (about.file.outline.content is None and about.beside is None):
            return None, _Covered()
        older = frozenset(one.octets for one in self._tokens if one.time < token.time)
        made = []
        both = archive.unsigned_v2(self._signer, older)
        about.effort.spend(*both)
        for unsigned in both:
            whole = self._prefix(info.algorithm).copy()
            whole.update(unsigned)
            made.append(whole.digest())
        covered = [one for one in self._objects if one.archive is None or one.archive in older]
        return info.imprint if info.imprint in made else made[0], _Covered.of(covered)

    def _prefix(self, algorithm: str) -> _Hash:
        """All that stands before the unsigned attributes: the same for every timestamp of version 2."""
        if algorithm not in self._prefixes:
            state = _before_signers(self._about, algorithm).copy()
            state.update(self._signer.fields)
            self._prefixes[algorithm] = state
        return self._prefixes[algorithm]


def _before_signers(about: Archived, algorithm: str) -> _Hash:
    """The content and the bags, hashed once for all signatures."""
    if algorithm not in about.hashed:
        file, beside = about.file, about.beside
        state = hashlib.new(algorithm, usedforsecurity=False)
        for chunk in _chunks(file.binary, *file.outline.encapsulated):
            state.update(chunk)
        if beside is not None:
            for chunk in _chunks(beside, 0, beside.length):
                state.update(chunk)
        state.update((file.outline.certificates or b"") + (file.outline.crls or b""))
        about.hashed[algorithm] = state
    return about.hashed[algorithm]


def _objects(identity: str, signer: SignerInfo, file: Opened) -> Iterator[_Object]:
    """The elements of both bags, and each unsigned attribute value of the signer."""
    for certificate in archive.elements(file.outline.certificates):
        yield _Object((certificate,), _digested((certificate,)), counts=True)
    for answer in archive.elements(file.outline.crls):
        yield _Object((answer,), _digested(cms.answers_in(answer)), counts=True)
    for crl in file.parsed.crls:  # those in attributes, which some makers list one by one
        yield _Object((crl,), _digested((crl,)), counts=False)
    counters = count(1)
    for oid, value, forms in archive.attribute_forms(signer):
        is_archive = oid in _ARCHIVES
        over = f"{identity}/counter-signature-{next(counters)}" if oid == attributes.COUNTER_SIGNATURE else None
        yield _Object(forms, _digested(_inside(oid, value)), not is_archive, value if is_archive else None, over)


def _inside(oid: str, value: bytes) -> Iterator[bytes]:
    """A token and what it carries; of other attributes the certificates and answers in them."""
    yield value
    if oid in {attributes.SIGNATURE_TIMESTAMP, *_JUDGED}:
        parsed = reading.opened(value).parsed
        if parsed is not None:
            yield from (*parsed.certificates, *parsed.crls, *parsed.ocsps)
    else:
        for carried in cms.values_in(oid, value):
            yield from carried


def _chunks(document: Document, start: int, end: int) -> Iterator[bytes]:
    for position in range(start, end, CHUNK):
        yield document.read_range(position, min(end, position + CHUNK))


def _digested(objects: Iterable[bytes]) -> tuple[str, ...]:
    return tuple(hashlib.sha256(one).hexdigest() for one in objects)
