"""The detailed view: every building block of EN 319 102-1 V1.4.1 that was run, its clause, inputs and outcome.

What was found comes from the judge (:mod:`eidkit.verify.trace`); what each block was run on, from the Conclusion.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eidkit.canonical import format_time
from eidkit.errors import Text
from eidkit.findings import in_order
from eidkit.verify.render import text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from eidkit.findings import Finding
    from eidkit.verify.report import BlockJson, Conclusion, Report, TimestampConclusion

TITLE = Text("Every check that was run", "Mọi bước kiểm tra đã thực hiện")
MAX_INPUTS = 40
"""Inputs of one block that are shown."""
Input = tuple[Text, str]


@dataclass(frozen=True, slots=True)
class Ran:
    """One block as it was run: a line for people and for programs; threads may share it."""

    clause: str
    title: Text
    inputs: tuple[Input, ...]
    indication: str
    subindication: str | None
    findings: tuple[Finding, ...]

    def to_json(self) -> BlockJson:
        """The block as the JSON contract has it."""
        return {
            "clause": self.clause,
            "title": self.title.to_json(),
            "inputs": [{"name": name.to_json(), "value": value} for name, value in self.inputs],
            "indication": self.indication,
            "subindication": self.subindication,
            "findings": [found.code for found in self.findings],
        }


def of_signature(report: Report, conclusion: Conclusion) -> list[Ran]:
    """The blocks that were run for a signature, in the order of the standard's clauses; its timestamps among them."""
    found: dict[str, list[Finding]] = {}
    for step in conclusion.steps:
        found.setdefault(step.block, []).extend(step.findings)
    lines = []
    for block, (clause, title, inputs) in BLOCKS.items():
        if block == "time":
            lines += [of_timestamp(stamp) for stamp in conclusion.timestamps]
        if block in found or block == "context":
            lines.append(_ran(clause, title, list(inputs(report, conclusion)), found.get(block, ())))
    return lines


def of_timestamp(stamp: TimestampConclusion) -> Ran:
    """§5.4 for one timestamp token; as of the past (§5.6.2) where a later timestamp proves that it existed."""
    clause = "EN 319 102-1 §5.4" if stamp.proved_at is None else "EN 319 102-1 §5.4, §5.6.2.1"
    inputs = [(Text("timestamp", "dấu thời gian"), f"{stamp.id} ({stamp.kind})")]
    if stamp.time is not None:
        inputs.append((Text("its time", "thời điểm"), format_time(stamp.time)))
    if stamp.proved_at is not None:
        inputs.append((Text("proved to exist at", "được chứng thực tồn tại lúc"), format_time(stamp.proved_at)))
    inputs += [(Text("covers", "bao phủ"), name) for name in stamp.evidence.covers]
    inputs += _path(stamp)
    title = Text("time-stamp validation", "kiểm tra dấu thời gian")
    return Ran(clause, title, tuple(inputs[:MAX_INPUTS]), stamp.indication, stamp.subindication, stamp.findings)


def _ran(clause: str, title: Text, inputs: list[Input], findings: Sequence[Finding]) -> Ran:
    ordered = in_order(findings)
    errors = [one for one in ordered if one.severity == "error"]
    worst = next((one for one in errors if one.indication == "TOTAL-FAILED"), next(iter(errors), None))
    said = "PASSED" if worst is None else "FAILED" if worst.indication == "TOTAL-FAILED" else "INDETERMINATE"
    return Ran(clause, title, tuple(inputs[:MAX_INPUTS]), said, worst.subindication if worst else None, ordered)


def rendered(report: Report, language: str = "en") -> str:
    """The report as text, with every block below it."""
    lines = [text.rendered(report, language)]
    for conclusion in report.conclusions:
        lines += _told(f"{conclusion.id} ({conclusion.level})", of_signature(report, conclusion), language)
    for stamp in report.timestamps:
        lines += _told(stamp.id, [of_timestamp(stamp)], language)
    return "\n".join(lines)


def _told(name: str, ran: Sequence[Ran], language: str) -> Iterator[str]:
    yield ""
    yield text.printable(f"{name}: {TITLE.in_language(language).lower()}")
    for block in ran:
        sub = f" / {block.subindication}" if block.subindication else ""
        yield text.printable(f"  {block.clause}  {block.title.in_language(language)}: {block.indication}{sub}")
        for what, value in block.inputs:
            yield text.printable(f"      {what.in_language(language)}: {value}")
        for line in text.reasons(block.findings, language):
            yield text.printable(line)


# ── what each block was run on ───────────────────────────────────────────────────────────────────────────────


def _format(_: Report, conclusion: Conclusion) -> Iterator[Input]:
    evidence = conclusion.evidence
    yield Text("signature level by structure", "mức chữ ký theo cấu trúc"), conclusion.level
    if evidence.coverage is not None:
        yield Text("byte range", "phạm vi byte"), " ".join(str(number) for number in evidence.coverage.byte_range)
        yield Text("changes afterwards", "thay đổi về sau"), evidence.coverage.modifications


def _signing_certificate(_: Report, conclusion: Conclusion) -> Iterator[Input]:
    for reference in conclusion.evidence.certificate_references:
        yield Text("signed reference", "tham chiếu được ký"), f"{reference.algorithm} {reference.digest.hex()}"
    if conclusion.certificate is not None:
        yield Text("certificate", "chứng thư"), _named(conclusion.certificate)


def _context(report: Report, conclusion: Conclusion) -> Iterator[Input]:
    yield Text("policy", "chính sách"), f"{report.policy.name}@{report.policy.version}"
    yield Text("validation time", "thời điểm kiểm tra"), format_time(report.validation_time)
    if report.context is not None:
        count = len(report.context.trust.of_kind("signing"))
        yield Text("anchors for signing", "neo tin cậy cho chữ ký"), str(count)
    yield Text("judged for", "xét tại thời điểm"), format_time(conclusion.best_signature_time)


def _certificate_path(_: Report, conclusion: Conclusion) -> Iterator[Input]:
    proved = Text("time of use, proved", "thời điểm sử dụng, đã chứng thực")
    claimed = Text("time of use, not proved", "thời điểm sử dụng, chưa chứng thực")
    yield proved if conclusion.time_proved else claimed, format_time(conclusion.best_signature_time)
    yield from _path(conclusion)


def _path(judged: Conclusion | TimestampConclusion) -> Iterator[Input]:
    for place, certificate in enumerate(judged.path):
        yield Text("certificate", "chứng thư"), _named(certificate)
        if place < len(judged.statuses):
            status = judged.statuses[place]
            source = f", {status.source} {status.source_sha256}" if status.source else ""
            issued = f", {format_time(status.this_update)}" if status.this_update else ""
            yield Text("its status", "trạng thái"), f"{status.state}{source}{issued}"


def _cryptography(_: Report, conclusion: Conclusion) -> Iterator[Input]:
    evidence = conclusion.evidence
    yield Text("signature algorithm", "thuật toán ký"), evidence.algorithm
    for one in evidence.references:
        found = "not found" if one.computed is None else one.computed.hex()
        yield Text("reference", "tham chiếu"), f"{one.name or one.kind}: {one.algorithm} {found}"


def _acceptance(_: Report, conclusion: Conclusion) -> Iterator[Input]:
    evidence = conclusion.evidence
    digests = dict.fromkeys((evidence.digest_algorithm, *(one.algorithm for one in evidence.references)))
    yield Text("algorithms", "thuật toán"), ", ".join((evidence.algorithm, *digests))
    yield Text("at", "tại"), format_time(conclusion.best_signature_time)


def _time(report: Report, conclusion: Conclusion) -> Iterator[Input]:
    for stamp in (*conclusion.timestamps, *report.timestamps):
        if stamp.time is not None and (stamp in conclusion.timestamps or conclusion.id in stamp.evidence.covers):
            yield Text("timestamp", "dấu thời gian"), f"{stamp.id}: {format_time(stamp.time)}, {stamp.indication}"
    yield Text("best signature time", "thời điểm ký tốt nhất"), format_time(conclusion.best_signature_time)


def _login(_: Report, conclusion: Conclusion) -> Iterator[Input]:
    if conclusion.authentication is not None:
        yield Text("method", "phương thức"), conclusion.authentication.method or "?"
        yield Text("bound", "gắn kết"), conclusion.authentication.state


def _policy(report: Report, _: Conclusion) -> Iterator[Input]:
    yield Text("policy", "chính sách"), report.policy.label


def _named(certificate: Any) -> str:
    return f"{certificate.subject_text}, SHA-256 {certificate.sha256}"


BLOCKS: dict[str, tuple[str, Text, Callable[[Report, Conclusion], Iterator[Input]]]] = {
    "format": ("EN 319 102-1 §5.2.2", Text("format checking", "kiểm tra định dạng"), _format),
    "signing-certificate": (
        "EN 319 102-1 §5.2.3",
        Text("identification of the signing certificate", "xác định chứng thư ký"),
        _signing_certificate,
    ),
    "context": (
        "EN 319 102-1 §5.2.4",
        Text("validation context initialization", "thiết lập ngữ cảnh kiểm tra"),
        _context,
    ),
    "certificate-path": (
        "EN 319 102-1 §5.2.6, §5.2.5",
        Text("X.509 certificate validation and revocation freshness", "kiểm tra chứng thư X.509 và dữ liệu thu hồi"),
        _certificate_path,
    ),
    "cryptography": (
        "EN 319 102-1 §5.2.7", Text("cryptographic verification", "kiểm tra mật mã"), _cryptography,
    ),
    "acceptance": (
        "EN 319 102-1 §5.2.8", Text("signature acceptance validation", "kiểm tra điều kiện chấp nhận"), _acceptance,
    ),
    "time": (
        "EN 319 102-1 §5.5.4", Text("time of the signature", "thời điểm của chữ ký"), _time,
    ),
    "login": (
        "binding.md §6", Text("login bound to the signature", "xác thực gắn với chữ ký"), _login,
    ),
    "policy": (
        "EN 319 102-1 §5.1.4.1", Text("clauses of the policy", "các điều khoản của chính sách"), _policy,
    ),
}  # fmt: skip
