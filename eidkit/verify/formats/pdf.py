"""From a PDF to Evidence: every signature and document timestamp in its form, and how each covers the file.

1. Open within bounds, find the revisions, and judge each signature's coverage by bytes (attacks.md §0).
2. Parse every CMS, then compute all digests in one pass over the file.
3. For each signature: its references, what its own revision changed (binding.md §1), what came after it.
4. Document timestamps, and the security store, whose content is only a candidate.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from eidkit.errors import EidkitError
from eidkit.findings import Observation, observed
from eidkit.pdf import changes, signing_revision
from eidkit.pdf.coverage import Coverage, coverages
from eidkit.pdf.digests import Wanted, digests
from eidkit.pdf.intake import has_xfa, hostile
from eidkit.pdf.pages import page_numbers
from eidkit.pdf.revisions import PdfFile, open_file
from eidkit.pdf.security_store import SecurityStore, security_store
from eidkit.pdf.syntax import member, number_of
from eidkit.verify.evidence import ContentDigest, Evidence, PdfCoverage, SignatureEvidence, TimestampEvidence
from eidkit.verify.formats import cms

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
    file = open_file(document)
    with hostile(document.name):
        found = _found(file)
        computed = _digests(document, found)
        store = security_store(file.reader.root)
        everything = [one.coverage for one in found]
        signatures = tuple(
            _signature(file, one, found, everything, computed, store) for one in found if not one.is_timestamp
        )
        tokens = {signature.id: [stamp.token for stamp in signature.timestamps] for signature in signatures}
        seals = [_document_timestamp(file, one, found, computed, tokens) for one in found if one.is_timestamp]
        observations = [observed("NOT_SUPPORTED", what="XFA forms")] if has_xfa(file.reader.root) else []
    return Evidence(
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
    file: PdfFile,
    one: _Found,
    found: Sequence[_Found],
    everything: Sequence[Coverage],
    computed: dict[Wanted, bytes],
    store: SecurityStore,
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
    after = changes.changes_after(file, one.coverage, everything)
    observations = [
        *evidence.observations,
        *(observed("COVERAGE_FAILURE", one.id, why=why) for why in one.coverage.problems),
        *_subfilter_problem(one),
        *_own_changes(one),
        *_appearance(file, one, evidence),
        *_later_changes(one, after),
    ]
    return replace(
        evidence,
        level=_level(file, one, found, evidence, store),
        coverage=_coverage(file, one, after),
        content=_content(one, computed),
        observations=tuple(dict.fromkeys(observations)),
    )


def _subfilter_problem(one: _Found) -> list[Observation]:
    if one.subfilter in _DETACHED or one.subfilter == _SHA1_INSIDE:
        return []
    return [observed("NOT_SUPPORTED", one.id, what=f"PDF signatures of kind {one.subfilter[:60] or 'unknown'}")]


def _own_changes(one: _Found) -> list[Observation]:
    return [observed("OWN_REVISION_CHANGED", one.id, what=what) for what in (one.own.changes if one.own else ())]


def _appearance(file: PdfFile, one: _Found, evidence: SignatureEvidence) -> list[Observation]:
    """A visible signature that carries an Assertion: this release compares no appearance with the Transaction."""
    if one.own is None or not one.own.visible or not evidence.assertions:
        return []
    page = number_of(dict.get(one.coverage.field.dictionary, "/P"))
    numbers = page_numbers(file.reader.root)
    return [observed("APPEARANCE_COVERS_CONTENT", one.id, page=numbers.get(page or 0, "?"))]


def _later_changes(one: _Found, after: changes.Changes) -> list[Observation]:
    if one.coverage.problems or (after.kind not in {"annotation", "undefined"} and after.allowed):
        return []
    return [observed("MODIFIED_AFTER_SIGNING", one.id, what=after.why or after.kind)]


def _coverage(file: PdfFile, one: _Found, after: changes.Changes) -> PdfCoverage:
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


def _level(
    file: PdfFile, one: _Found, found: Sequence[_Found], evidence: SignatureEvidence, store: SecurityStore
) -> str:
    """The signature level as its structure shows it (EN 319 142-1 §6), named after the container's kind."""
    if one.subfilter == "/ETSI.CAdES.detached" and evidence.certificate_references:
        prefix = "PAdES-B-"
    elif one.subfilter in _DETACHED:
        prefix = "PKCS7-"
    else:
        return "PDF-NOT-ETSI"
    seals = [each for each in found if each.is_timestamp and _covers(each, one)]
    if not seals and not any(timestamp.kind == "signature" for timestamp in evidence.timestamps):
        return prefix + "B"
    if not store:
        return prefix + "T"
    return prefix + ("LTA" if any(_sees_store(file, seal) for seal in seals) else "LT")


def _covers(seal: _Found, one: _Found) -> bool:
    mine, its = one.coverage.revision, seal.coverage.revision
    return mine is not None and its is not None and its.number > mine.number


def _sees_store(file: PdfFile, seal: _Found) -> bool:
    if seal.coverage.revision is None:
        return False
    try:
        return member(file.resolver(seal.coverage.revision.number).root, "/DSS") is not None
    except EidkitError:
        return False


# 4.
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
            store = security_store(file.resolver(seal.coverage.revision.number).root)
        objects.update(dict.fromkeys((*store.certificates, *store.crls, *store.ocsps)))
    return tuple(sorted(hashlib.sha256(octets).hexdigest() for octets in objects))


def _add_parts(objects: dict[bytes, None], container: SignedData | None) -> None:
    if container is not None:
        objects.update(dict.fromkeys((*container.certificates, *container.crls, *container.ocsps)))
