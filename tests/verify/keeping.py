"""Evidence kept for later releases, in ``evidence/VERSION``: each case as this release collected it, and its verdict.

Run it once for a release (``python -m tests.verify.keeping``); what a released version wrote is never written again.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from eidkit.canonical import format_time
from eidkit.trust.store import TrustStore
from eidkit.verify import Report, load_evidence, save_evidence
from eidkit.verify.judging import judge
from eidkit.version import VERSION
from tests.verify.cases import Case, made

KEPT = Path(__file__).with_name("evidence")
STATED: dict[str, tuple[str, str | None]] = {
    "pdf-passed": ("TOTAL-PASSED", None),
    "pdf-claimed-time": ("TOTAL-PASSED", None),
    "pdf-expired": ("INDETERMINATE", "TRY_LATER"),
    "pdf-two-signatures": ("TOTAL-PASSED", None),
    "pdf-unsigned": ("NO-SIGNATURE", None),
    "pdf-changed": ("TOTAL-FAILED", "HASH_FAILURE"),
    "pdf-archived": ("TOTAL-PASSED", None),
    "pdf-revoked": ("INDETERMINATE", "REVOKED_NO_POE"),
    "xml-passed": ("TOTAL-PASSED", None),
    "xml-changed": ("TOTAL-FAILED", "HASH_FAILURE"),
    "cms-passed": ("TOTAL-PASSED", None),
    "token-passed": ("PASSED", None),
}
"""What each case is worth with its document beside it."""


def stated_alone(name: str) -> tuple[str, str | None]:
    """What it is worth without its document: what would pass or wait no longer does, what is refuted stays so."""
    verdict, sub = STATED[name]
    return (verdict, sub) if verdict in {"TOTAL-FAILED", "NO-SIGNATURE"} else ("INDETERMINATE", "SIGNED_DATA_NOT_FOUND")


def reached(report: Report) -> tuple[str, str | None]:
    """A report's verdict and the sub-indication of its first judgement."""
    judged = (*report.conclusions, *report.timestamps)
    return report.verdict, judged[0].subindication if judged else None


def keep(case: Case, folder: Path) -> dict[str, str | None]:
    """Write one case; what ``cases.json`` says of it."""
    files = {"document": case.document, "detached": case.detached}
    said: dict[str, str | None] = {"at": format_time(case.at)}
    for role, document in files.items():
        said[role] = None if document is None else f"{case.name}.{role}"
        if document is not None:
            (folder / f"{case.name}.{role}").write_bytes(document.open().read())
    said["name"] = case.document.name
    said["detached_name"] = case.detached.name if case.detached else None
    (folder / f"{case.name}.json").write_bytes(save_evidence(case.evidence))
    return said


def main() -> None:
    folder = KEPT / VERSION
    folder.mkdir(parents=True, exist_ok=True)
    cases = made()
    (folder / "cases.json").write_text(
        json.dumps({case.name: keep(case, folder) for case in cases}, indent=1) + "\n", encoding="utf-8"
    )
    for anchor in cases[0].trust.anchors:
        (folder / "roots" / anchor.kind).mkdir(parents=True, exist_ok=True)
        (folder / "roots" / anchor.kind / f"{anchor.certificate.sha256[:16]}.crt").write_bytes(anchor.certificate.der)
    for case in cases:
        alone = judge(load_evidence((folder / f"{case.name}.json").read_bytes()), case.trust, at=case.at)
        if (reached(case.report()), reached(alone)) != (STATED[case.name], stated_alone(case.name)):
            raise SystemExit(f"{case.name}: {reached(case.report())}, alone {reached(alone)}")


def kept_trust(folder: Path) -> TrustStore:
    return TrustStore.read(folder / "roots")


def kept_at(said: dict[str, str]) -> datetime:
    return datetime.fromisoformat(said["at"])


if __name__ == "__main__":
    main()
