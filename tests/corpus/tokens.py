"""The timestamp tokens of the corpus, asked at their genTime as ``eidkit verify TOKEN --detached CONTENT`` would."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from eidkit.document import Document
from eidkit.errors import NotSupported
from eidkit.trust.sources import Sources
from eidkit.trust.store import TrustStore
from eidkit.verify import Report, verify
from tests.corpus.documents import NOW
from tests.corpus.outcome import Answer, Case

NO_STATUS = frozenset({"STATUS_UNKNOWN"})
"""The corpus brings no revocation data: wanting it is no fault of a token."""


def timestamps(folder: Path) -> Iterator[Case]:
    """RFC 3161 tokens and responses, good and broken; evidence records beside them."""
    for entry in json.loads((folder / "manifest.json").read_text(encoding="utf-8")):
        wanted = {"valid": True, "invalid": False}.get(entry["expected"])
        ask = partial(_ask_token, folder, entry) if entry["format"] == "token" else partial(_ask, folder, entry)
        yield Case("timestamps", entry["format"], entry["id"], wanted, ask, entry["note"])


def _ask_token(folder: Path, entry: dict[str, Any]) -> Answer:
    """For what is handed in as a token, *not a timestamp token* is the fault that was to be found."""
    try:
        return _ask(folder, entry)
    except NotSupported as error:
        return Answer(accepted=False, reasons=(error.code,), caught=error.code == "format-cms")


def _ask(folder: Path, entry: dict[str, Any]) -> Answer:
    roots = [folder / name for name in entry["roots"]]
    trust = TrustStore(tuple(a for root in roots for a in TrustStore.read(root, "timestamping").anchors))
    # Some responses leave the authority's own certificate out: it stands in the chain file.
    known = Sources.of(certificates=[anchor.certificate.der for anchor in trust.anchors])
    token = Document.read(folder / entry["path"])
    detached = _content(folder, entry)
    report = verify(token, trust, sources=known, detached=detached, at=NOW)
    moment = report.timestamps[0].time if report.timestamps else None
    if moment is not None:
        report = verify(token, trust, sources=known, detached=detached, at=moment)
    return _answer(report)


def _content(folder: Path, entry: dict[str, Any]) -> tuple[Document, ...]:
    if entry["message_file"]:
        return (Document.read(folder / entry["message_file"]),)
    if entry["message"] is not None:
        return (Document.from_bytes(entry["message"].encode(), "message"),)
    return ()


def _answer(report: Report) -> Answer:
    errors = {found.code for found in report.findings if found.severity == "error"}
    for conclusion in report.timestamps:
        errors |= {found.code for found in conclusion.findings if found.severity == "error"}
    faults = errors - NO_STATUS
    accepted = bool(report.timestamps) and all(conclusion.intact for conclusion in report.timestamps) and not faults
    unjudged = "NOT_SUPPORTED" in faults
    return Answer(accepted, tuple(sorted(faults)), caught=bool(faults - {"NOT_SUPPORTED"}), unsupported=unjudged)
