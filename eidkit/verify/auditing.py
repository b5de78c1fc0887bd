"""An audit: for each file what it proves today, until when, what would be lost first, and the cheapest rescue.

1. A file counts as a document by its content; one whose name promises a document is told even when its content is none.
2. Each is judged as :func:`eidkit.verify.verify_many` does, in the workers, and looked ahead for.
3. A line of an earlier, interrupted run stands for a file whose path, size, time of change and content are the same.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, TypedDict

from eidkit import canonical
from eidkit.document import Document, opened, sniff
from eidkit.findings import in_order, refusal_json
from eidkit.verify.journal import Run
from eidkit.verify.many import Terms, fatal, told
from eidkit.verify.report import SCHEMA
from eidkit.verify.rescue import Loss, Outlook, Rescue, outlook, reasons, unreadable
from eidkit.verify.spreading import Processes, Work, spread
from eidkit.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from concurrent.futures import Executor

    from eidkit.errors import EidkitError
    from eidkit.trust.sources import Sources
    from eidkit.trust.store import TrustStore
    from eidkit.verify.report import Conclusion, Report
    from eidkit.verify.walking import Found

MAX_REASONS = 8
_HEAD = 4096
_PROMISING = frozenset({".pdf", ".xml", ".p7m", ".p7s", ".tsr", ".tst", ".asice", ".asics", ".sce", ".scs"})
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_ASIC = b"mimetypeapplication/vnd.etsi.asic"


class AuditedSignatureJson(TypedDict):
    """One signature in an audit line: ``time`` is proved where ``time_proved``, otherwise what the signer claims."""

    signer: str | None
    organisation: str | None
    level: str
    indication: str
    subindication: str | None
    time: str | None
    time_proved: bool


class LossJson(TypedDict):
    """What is lost first."""

    at: str
    kind: str
    what: dict[str, str]
    verdict_too: bool
    certificate_sha256: str | None


class RescueJson(TypedDict):
    """The cheapest rescue."""

    action: str
    sentence: dict[str, str]
    before: str | None
    command: str | None


class AuditJson(TypedDict):
    """What ``eidkit audit --json`` prints for one file, and what its journal holds."""

    schema: int
    eidkit: str
    path: str
    size: int | None
    modified: str | None
    sha256: str | None
    format: str | None
    verdict: str
    policy: str
    policy_version: str
    validation_time: str
    signatures: list[AuditedSignatureJson]
    provable_until: str | None
    first_lost: LossJson | None
    rescue: RescueJson
    findings: list[dict[str, object]]


@dataclass(frozen=True, slots=True)
class Task:
    """A file, and what an earlier run said of it while path, size and time of change were the same."""

    found: Found
    known: AuditJson | None = None


@dataclass(frozen=True, slots=True)
class Audited:
    """What came of one file: its line (None: it is no document), and whether the line is new."""

    line: AuditJson | None
    fresh: bool = True


def audit(tasks: Iterable[Task], terms: Terms, executor: Executor | Processes | None) -> Generator[Audited]:
    """What became of each file, in order; ``terms.at`` is set, so that all are judged as of one moment."""
    return spread(Work(_audited, terms, _lost), tasks, executor)


def task_of(found: Found, known: AuditJson | None) -> Task:
    """The work on a file; ``known`` counts while size and time of change are the same, and then if the content is.

    A line that no run writes, such as one that somebody shortened, is passed over, and the file judged again.
    """
    same = (
        known is not None
        and known.keys() == AuditJson.__annotations__.keys()
        and (known["size"], known["modified"]) == (found.size, _nanoseconds(found.modified_ns))
    )
    return Task(found, known if same and found.problem is None else None)


def run_of(terms: Terms) -> Run:
    """What a journal is kept under: the same run judges the same content in the same way."""
    at = canonical.format_time(terms.at or terms.clock.now())
    policy = f"{terms.policy.label} {terms.policy.digest}"
    return Run(VERSION, policy, trust_digest(terms.trust), material_digest(terms.sources), at)


def trust_digest(trust: TrustStore) -> str:
    """What tells one choice of anchors from another: SHA-256 over their kinds, certificates and sunset dates."""
    rows = (
        [anchor.kind, anchor.certificate.sha256, _time(anchor.sunset) or ""] for anchor in dict.fromkeys(trust.anchors)
    )
    return _digest(rows)


def material_digest(sources: Sources | None) -> str:
    """The same for what completes the evidence: given certificates and answers, and whether the network is asked."""
    if sources is None:
        return _digest(())
    given = (*sources.given_certificates, *sources.given_crls, *sources.given_ocsps)
    rows = [[hashlib.sha256(item).hexdigest()] for item in given]
    return _digest([*rows, ["network", str(sources.network)], *(["host", host] for host in sources.allow_hosts)])


def _digest(rows: Iterable[list[str]]) -> str:
    return canonical.digest("eidkit-audit-1", sorted(rows))


# ── in the workers ────────────────────────────────────────────────────────────────────────────────────────


def _audited(terms: Terms, task: Task) -> Audited:
    found, document = task.found, None
    try:
        if found.problem is not None:
            return Audited(_unreadable(terms, found, found.problem))
        if not found.named and not _is_document(found.path):
            return Audited(None)
        document = Document.read(found.path)
        if task.known is not None and task.known["sha256"] == document.sha256:
            return Audited(task.known, fresh=False)
        return Audited(_judged(terms, found, terms.report(document)))
    except Exception as error:  # noqa: BLE001 - one broken file never stops the others; a defect of ours is named as one
        return Audited(_unreadable(terms, found, told(error), document))


def _lost(terms: Terms, task: Task, error: Exception) -> Audited:
    return Audited(_unreadable(terms, task.found, fatal(error)))


# 1.
def _is_document(path: str) -> bool:
    if PurePath(path).suffix.lower() in _PROMISING:
        return True
    with opened(Path(path)) as file:
        head = file.read(_HEAD)
    kind = sniff(head)
    if kind == "xml":
        beginning = head[:1024].lower()
        return b"<html" not in beginning and b"<!doctype html" not in beginning
    if kind == "der":
        return head[:1] == b"\x30" and _SIGNED_DATA in head[:32]
    if kind == "zip":
        return _ASIC in head[:128]
    return kind == "pdf"


# 2.
def _judged(terms: Terms, found: Found, report: Report) -> AuditJson:
    ahead = outlook(report)
    errors = [reason for reason in in_order(reasons(report)) if reason.severity == "error"]
    line = _line(terms, found, ahead, report.verdict)
    line["sha256"], line["format"] = report.sha256, report.format
    line["signatures"] = [_signature(conclusion) for conclusion in report.conclusions]
    line["findings"] = [reason.to_json() for reason in errors[:MAX_REASONS]]
    return line


def _unreadable(terms: Terms, found: Found, error: EidkitError, document: Document | None = None) -> AuditJson:
    line = _line(terms, found, Outlook(None, None, unreadable(error.remedy)), "NOT-READABLE")
    line["sha256"] = document.sha256 if document else None
    line["findings"] = [refusal_json(error)]
    return line


def _line(terms: Terms, found: Found, ahead: Outlook, verdict: str) -> AuditJson:
    return {
        "schema": SCHEMA,
        "eidkit": VERSION,
        "path": found.path,
        "size": None if found.problem else found.size,
        "modified": None if found.problem else _nanoseconds(found.modified_ns),
        "sha256": None,
        "format": None,
        "verdict": verdict,
        "policy": terms.policy.name,
        "policy_version": terms.policy.version,
        "validation_time": canonical.format_time(terms.at or terms.clock.now()),
        "signatures": [],
        "provable_until": _time(ahead.provable_until),
        "first_lost": _loss(ahead.lost) if ahead.lost else None,
        "rescue": _rescue(ahead.rescue, found.path),
        "findings": [],
    }


def _signature(conclusion: Conclusion) -> AuditedSignatureJson:
    subject = conclusion.signer
    claimed = conclusion.evidence.signing_time
    return {
        "signer": subject.name if subject else None,
        "organisation": subject.organisation.name if subject and subject.organisation else None,
        "level": conclusion.level,
        "indication": conclusion.indication,
        "subindication": conclusion.subindication,
        "time": _time(conclusion.best_signature_time if conclusion.time_proved else claimed),
        "time_proved": conclusion.time_proved,
    }


def _loss(lost: Loss) -> LossJson:
    return {
        "at": canonical.format_time(lost.at),
        "kind": lost.kind,
        "what": lost.what.to_json(),
        "verdict_too": lost.verdict_too,
        "certificate_sha256": lost.certificate_sha256,
    }


def _rescue(rescue: Rescue, path: str) -> RescueJson:
    return {
        "action": rescue.action,
        "sentence": rescue.sentence.to_json(),
        "before": _time(rescue.before),
        "command": rescue.command(path),
    }


def _time(moment: datetime | None) -> str | None:
    return canonical.format_time(moment) if moment else None


def _nanoseconds(since_epoch: int) -> str:
    """A time of change to the nanosecond, exactly."""
    seconds, rest = divmod(since_epoch, 1_000_000_000)
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09}Z"
    except (OverflowError, ValueError, OSError):
        return f"{seconds}.{rest:09}"
