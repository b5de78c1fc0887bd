"""From a PDF to Evidence: every signature and document timestamp in its form, and how each covers the file.

1. Open within bounds, find the revisions, and judge each signature's coverage by bytes (attacks.md §0).
2. Parse every CMS, then compute all digests in one pass over the file.
3. For each signature: its references, what its own revision changed (binding.md §1), what came after it.
4. Document timestamps, and the security store, whose content is only a candidate.
5. The level of each signature, by its structure.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from eidkit.algorithms import digests_of
from eidkit.errors import EidkitError
from eidkit.findings import Observation, observed
from eidkit.pdf import changes, signing_revision
from eidkit.pdf.coverage import Coverage, coverages
from eidkit.pdf.digests import Wanted, digests
from eidkit.pdf.intake import has_xfa, hostile
from eidkit.pdf.pages import page_numbers
from eidkit.pdf.revisions import PdfFile, open_file
from eidkit.pdf.security_store import SecurityStore, every_store, store_in
from eidkit.pdf.shown import Shown, covering, shown
from eidkit.pdf.syntax import member, number_of
from eidkit.verify import levels
from eidkit.verify.evidence import (
    AppearanceEvidence,
    ContentDigest,
    Evidence,
    PdfCoverage,
    SignatureEvidence,
    TimestampEvidence,
)
from eidkit.verify.formats import cms, pdf_level

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from eidkit.asn1.cms import SignedData
    from eidkit.document import Document

_DETACHED = {"/ETSI.CAdES.detached", "/adbe.pkcs7.detached"}
_SHA1_INSIDE = "/adbe.pkcs7.sha1"


@dataclass(slots=True)
class _Found:
    """One signature on its way to evidence."""

    id: str
    coverage: Coverage
    container: cms.Container
    subfilter: str
    own: signing_revision.SigningRevision | None = None

    @property
    def is_timestamp(self) -> bool:
        return self.coverage.field.is_timestamp

    @property
    def content_algorithms(self) -> tuple[str, ...]:
        """The digests of the signed ranges that will be asked for."""
        if self.is_timestamp:
            imprint = self.container.imprint
            return (imprint[0],) if imprint is not None else ()
        return ("sha1",) if self.subfilter == _SHA1_INSIDE else (self.container.digest_algorithm,)


def read(document: Document) -> Evidence:
    """All facts about a PDF's signatures; raises :class:`DocumentError` when it cannot be read at all."""
    return read_file(open_file(document))


def read_file(file: PdfFile) -> Evidence:
    """The same of an opened PDF."""
    document = file.document
    with hostile(document.name):
        found = _found(file)
        computed = _digests(document, found)
        store = every_store(file)
        everything = [one.coverage for one in found]
        signatures = tuple(_signature(file, one, everything, computed) for one in found if not one.is_timestamp)
        tokens = {signature.id: [stamp.token for stamp in signature.timestamps] for signature in signatures}
        signed = [one for one in found if not one.is_timestamp]
        signatures = tuple(_stamped(each, one, store) for each, one in zip(signatures, signed, strict=True))
        seals = [_document_timestamp(file, one, found, computed, tokens) for one in found if one.is_timestamp]
        observations = [observed("NOT_SUPPORTED", what="XFA forms")] if has_xfa(file.reader.root) else []
    evidence = Evidence(
        name=document.name,
        length=document.length,
        sha256=document.sha256,
        format="pdf",
        document_seen=True,
        signatures=signatures,
        timestamps=tuple(seals),
        certificates=store.certificates,
        crls=store.crls,
        ocsps=store.ocsps,
        observations=tuple(observations),
    )
    with hostile(document.name):
        return _levelled(evidence, found)


# 1.
def _found(file: PdfFile) -> list[_Found]:
    found: list[_Found] = []
    names: set[str] = set()
    for number, coverage in enumerate(coverages(file), 1):
        name = coverage.field.name[:80]
        identity = name if name and name.isprintable() and name not in names else f"signature-{number}"
        names.add(identity)
        subfilter = str(member(coverage.field.value, "/SubFilter") or "")
        one = _Found(identity, coverage, cms.opened(coverage.contents), subfilter)
        if coverage.revision is not None:
            one.own = signing_revision.judge(file, coverage.revision, coverage.field)
        found.append(one)
    return found


# 2.
def _digests(document: Document, found: Sequence[_Found]) -> dict[Wanted, bytes]:
    wanted = [_wanted(one.coverage, algorithm) for one in found for algorithm in one.content_algorithms]
    shown = [Wanted("sha256", one.own.length_shown) for one in found if one.own is not None]
    return digests(document, [one for one in (*wanted, *shown) if one is not None])


def _wanted(coverage: Coverage, algorithm: str) -> Wanted | None:
    ranges = coverage.ranges
    if ranges is None or ranges[1][1] > 1 << 40:
        return None
    return Wanted(algorithm, ranges[0][1], *ranges[1])


def _content_digest(one: _Found, computed: dict[Wanted, bytes], algorithm: str) -> bytes | None:
    wanted = _wanted(one.coverage, algorithm)
    return computed.get(wanted) if wanted is not None else None


# 3.
def _signature(
    file: PdfFile, one: _Found, everything: Sequence[Coverage], computed: dict[Wanted, bytes]
) -> SignatureEvidence:
    evidence = cms.signature_from_cms(
        one.container,
        id=one.id,
        format="pdf",
        content_digest=lambda algorithm: _content_digest(one, computed, algorithm),
        content_name=file.document.name,
        digest_inside=one.subfilter == _SHA1_INSIDE,
        signing_time=_claimed_time(one),
    )
    stamp = _stamp(file, one)
    after = changes.changes_after(file, one.coverage, everything)
    observations = [
        *evidence.observations,
        *(observed("COVERAGE_FAILURE", one.id, why=why) for why in one.coverage.problems),
        *([observed("SIGNATURE_REPLACED", one.id)] if one.coverage.replaced else []),
        *_subfilter_problem(one),
        *_own_changes(one),
        *_appearance(file, one, evidence, stamp),
        *_later_changes(one, after),
    ]
    return replace(
        evidence,
        coverage=_coverage(file, one, after, changes.first_addition(file, one.coverage, everything)),
        content=_content(one, computed),
        appearance=AppearanceEvidence(stamp.page.number, stamp.rectangle, stamp.stamp.sha256) if stamp else None,
        observations=tuple(dict.fromkeys(observations)),
    )


def _subfilter_problem(one: _Found) -> list[Observation]:
    if one.subfilter in _DETACHED or one.subfilter == _SHA1_INSIDE:
        return []
    return [observed("NOT_SUPPORTED", one.id, what=f"PDF signatures of kind {one.subfilter[:60] or 'unknown'}")]


def _own_changes(one: _Found) -> list[Observation]:
    return [observed("OWN_REVISION_CHANGED", one.id, what=what) for what in (one.own.changes if one.own else ())]


def _stamp(file: PdfFile, one: _Found) -> Shown | None:
    """What is seen of the signature, when it is a stamp that its inputs draw."""
    if one.own is None or not one.own.visible or one.coverage.revision is None:
        return None
    return shown(file, one.coverage.revision.number, one.coverage.field)


def _appearance(file: PdfFile, one: _Found, evidence: SignatureEvidence, stamp: Shown | None) -> list[Observation]:
    """Whether what is seen reaches over other things; what is no such stamp, beside an Assertion, may show anything."""
    if stamp is not None:
        return [observed("APPEARANCE_OVERLAPS", one.id, page=stamp.page.number)] if stamp.overlaps else []
    if one.own is None or not one.own.visible or one.coverage.revision is None:
        return []
    if not evidence.assertions:
        over = covering(file, one.coverage.revision.number, one.coverage.field)
        return [observed("APPEARANCE_OVER_OTHERS", one.id, page=over)] if over is not None else []
    page = number_of(dict.get(one.coverage.field.dictionary, "/P"))
    numbers = page_numbers(file.reader.root)
    return [observed("APPEARANCE_COVERS_CONTENT", one.id, page=numbers.get(page or 0, "?"))]


def _later_changes(one: _Found, after: changes.Changes) -> list[Observation]:
    if one.coverage.problems or (after.kind not in {"annotation", "undefined"} and after.allowed):
        return []
    return [observed("MODIFIED_AFTER_SIGNING", one.id, what=after.why or after.kind)]


def _coverage(file: PdfFile, one: _Found, after: changes.Changes, next_addition: int | None) -> PdfCoverage:
    revision = one.coverage.revision
    own: Literal["clean", "other-changes"] | None = None
    if one.own is not None:
        own = "other-changes" if one.own.changes else "clean"
    return PdfCoverage(
        byte_range=one.coverage.byte_range,
        revision_end=one.coverage.end,
        covers_whole_document=revision is not None and revision == file.revisions[-1] and not one.coverage.problems,
        length_shown=one.own.length_shown if one.own is not None else None,
        own_revision=own,
        modifications=after.kind,
        modifications_allowed=after.allowed,
        next_addition=next_addition,
    )


def _content(one: _Found, computed: dict[Wanted, bytes]) -> ContentDigest | None:
    if one.own is None or one.coverage.problems:
        return None
    digest = computed.get(Wanted("sha256", one.own.length_shown))
    return ContentDigest(digest.hex(), one.own.length_shown) if digest is not None else None


def _claimed_time(one: _Found) -> datetime | None:
    """The time in ``/M`` (ISO 32000-2 §7.9.4); None when it is not a date."""
    value = member(one.coverage.field.value, "/M")
    text = str(value) if isinstance(value, str) else ""
    digits = text.removeprefix("D:")
    zone = digits[14:].replace("'", "").strip()
    try:
        moment = datetime.strptime(digits[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        if zone[:1] in {"+", "-"}:
            away = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:5] or 0))
            moment = moment - away if zone[0] == "+" else moment + away
    except (ValueError, OverflowError):
        return None
    return moment


# 5.
def _levelled(evidence: Evidence, found: Sequence[_Found]) -> Evidence:
    signed = [one for one in found if not one.is_timestamp]
    kinds = [pdf_level.kind_of(one.coverage.field.value, one.container.parsed) for one in signed]
    each = zip(kinds, evidence.signatures, strict=True)
    return replace(
        evidence, signatures=tuple(replace(one, level=levels.level(kind, one, evidence)) for kind, one in each)
    )


def _covers(seal: _Found, one: _Found) -> bool:
    mine, its = one.coverage.revision, seal.coverage.revision
    return mine is not None and its is not None and its.number > mine.number


# 4.
def _stamped(signature: SignatureEvidence, one: _Found, store: SecurityStore) -> SignatureEvidence:
    """The signature with the timestamps over its value that the security store holds for it."""
    contents = (one.coverage.contents, one.container.octets)
    names = {hashlib.sha1(octets, usedforsecurity=False).hexdigest().upper() for octets in contents}
    tokens = [token for name, token in store.stamps if name.upper() in names][: cms.MAX_TIMESTAMPS]
    if not tokens:
        return signature
    imprints = digests_of(signature.value)
    more = [
        TimestampEvidence(f"{signature.id}/vri-timestamp-{number}", "vri", token, imprints, (signature.id,))
        for number, token in enumerate(tokens, 1)
    ]
    return replace(signature, timestamps=(*signature.timestamps, *more))


def _document_timestamp(
    file: PdfFile,
    one: _Found,
    found: Sequence[_Found],
    computed: dict[Wanted, bytes],
    tokens: dict[str, list[bytes]],
) -> TimestampEvidence:
    imprint = one.container.imprint
    digest = _content_digest(one, computed, imprint[0]) if imprint is not None else None
    problems = [observed("COVERAGE_FAILURE", one.id, why=why) for why in one.coverage.problems]
    return TimestampEvidence(
        id=one.id,
        kind="document",
        token=one.container.octets,
        imprints=((imprint[0], digest),) if imprint is not None and digest is not None else (),
        covers=tuple(each.id for each in found if _covers(one, each)),
        holds=_holds(file, one, [each for each in found if _covers(one, each)], tokens) if not problems else (),
        observations=(*one.container.problems, *problems),
    )


def _holds(file: PdfFile, seal: _Found, covered: Sequence[_Found], tokens: dict[str, list[bytes]]) -> tuple[str, ...]:
    """SHA-256 of every certificate, answer and token in the revision that a document timestamp covers."""
    objects: dict[bytes, None] = {}
    for each in covered:
        own = [each.container.octets] if each.is_timestamp else tokens.get(each.id, [])
        objects.update(dict.fromkeys(own))
        for octets in own:
            _add_parts(objects, cms.opened(octets).parsed)
        _add_parts(objects, each.container.parsed)
    if seal.coverage.revision is not None:
        store = SecurityStore()
        with suppress(EidkitError):
            store = store_in(file, seal.coverage.revision)
        objects.update(dict.fromkeys((*store.certificates, *store.crls, *store.ocsps)))
        for _, token in store.stamps:
            objects[token] = None
            _add_parts(objects, cms.opened(token).parsed)
    return tuple(sorted(hashlib.sha256(octets).hexdigest() for octets in objects))


def _add_parts(objects: dict[bytes, None], container: SignedData | None) -> None:
    if container is not None:
        objects.update(dict.fromkeys((*container.certificates, *container.crls, *container.ocsps)))
