"""What a kept login with a certificate still proves, for every way that has one (binding.md §3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eidkit import canonical
from eidkit.auth import certified, rechecked
from eidkit.auth.certified import Kept
from eidkit.auth.foreign import NotAccepted
from eidkit.errors import EidkitError, Text
from eidkit.findings import Finding, finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from eidkit.auth.rechecked import Newer, Recheck
    from eidkit.binding.authentication import Authentication, ProofClass
    from eidkit.trust.store import TrustStore
    from eidkit.verify.certificate import CertificateReport, PathEntry

ANSWER = Text("the proof does not answer this challenge", "bằng chứng không trả lời yêu cầu này")


@dataclass(frozen=True, slots=True)
class Form:
    """How one way keeps its logins: the method, its media type and class, the proof's members beside the certificate's.

    ``answers`` says whether the proof's members answer the challenge of this Authentication with the certificate's
    key; it may raise NotAccepted and EidkitError.
    """

    method: str
    media_type: str
    proof_class: ProofClass
    members: tuple[str, ...]
    answers: Callable[[Authentication, Kept, dict[str, Any]], bool]

    def to_bytes(self, kept: Kept, particular: dict[str, Any]) -> bytes:
        """The proof as it is kept."""
        return canonical.dumps({**kept.to_json(), **particular})

    def of_bytes(self, data: bytes) -> tuple[Kept, dict[str, Any]]:
        """The certificate with its material, and the way's own members; raises EidkitError."""
        row = canonical.members(canonical.loads(data, exact=True), (*certified.MEMBERS, *self.members), "proof")
        return Kept.from_json(row), {name: row[name] for name in self.members}


def recheck(authentication: Authentication, trust: TrustStore, form: Form, newer: Newer | None = None) -> Recheck:
    """What the proof proves to a verifier with anchors of its own; the assurance is recomputed from the certificate.

    ``newer`` answers count beside those that were kept (:class:`eidkit.auth.rechecked.Newer`).
    """
    found = [*rechecked.disclosed(authentication), *rechecked.of_class(authentication, form.proof_class)]
    if not found:
        found += rechecked.of_kind(authentication, form.media_type)
    if authentication.disclosure is None or found:
        return rechecked.Recheck(tuple(found), (), form.proof_class)
    try:
        kept, particular = form.of_bytes(authentication.disclosure.proof)
        found = [*_judged(authentication, form, kept, particular), *_standing(authentication, trust, kept, newer)]
        worth = () if found else certified.worth(form.method, kept)
    except EidkitError as error:
        why = Text(f"the proof is malformed ({error.code})", f"bằng chứng sai cấu trúc ({error.code})")
        return rechecked.Recheck((rechecked.refuted(authentication, why),), (), form.proof_class)
    except NotAccepted as error:
        why = Text(f"the proof fails at {error.reason}", f"bằng chứng không đạt ở {error.reason}")
        return rechecked.Recheck((rechecked.refuted(authentication, why),), (), form.proof_class)
    return rechecked.Recheck(tuple(found), worth, form.proof_class)


def _judged(authentication: Authentication, form: Form, kept: Kept, particular: dict[str, Any]) -> Iterator[Finding]:
    if not form.answers(authentication, kept, particular):
        yield rechecked.refuted(authentication, ANSWER)
    if certified.person(kept) != authentication.identity:
        why = Text("the certificate names another person", "chứng thư nêu người khác")
        yield rechecked.refuted(authentication, why)


def _standing(authentication: Authentication, trust: TrustStore, kept: Kept, newer: Newer | None) -> Iterator[Finding]:
    """Whether the certificate was good at the login, by what was kept and by what came later."""
    at = authentication.authenticated_at
    later = kept.later_report(trust, newer) if newer is not None else None
    if later is not None and any(_revoked_by(entry, at) for entry in later.path):
        yield _against(authentication, later)
        return
    report = kept.report(trust, at)
    only_status = {one.code for one in report.findings if one.severity == "error"} == {"STATUS_UNKNOWN"}
    if not report and not (only_status and later):
        yield _against(authentication, report)


def _revoked_by(entry: PathEntry, at: datetime) -> bool:
    """Whether it was revoked by ``at``; a revocation that does not say since when counts from ever."""
    return entry.status == "revoked" and (entry.revoked_at is None or entry.revoked_at <= at)


def _against(authentication: Authentication, report: CertificateReport) -> Finding:
    """What ``report``, which did not pass, says against the login."""
    reason = next((one for one in report.findings if one.severity == "error"), None)
    said = Text("no path", "không có đường dẫn") if reason is None else reason.message
    if report.verdict == "FAILED":
        why = Text(f"its certificate: {said.en}", f"chứng thư: {said.vi}")
        return rechecked.refuted(authentication, why)
    return finding("LOGIN_CERTIFICATE_UNDECIDED", authentication.method, why=said)
