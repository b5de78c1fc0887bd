"""The signed documents of the corpus, asked through ``eidkit.verify.verify``: dss, pdf-attacks, xml-interop."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from eidkit.document import Document
from eidkit.trust.store import TrustStore
from eidkit.verify import Report, verify
from eidkit.verify.evidence import PdfCoverage
from tests.corpus.outcome import Answer, Case

NOW = datetime(2026, 11, 24, tzinfo=UTC)
"""The present of every case that names no other, so that the results stay the same."""

CAUGHT = frozenset(
    {
        "COVERAGE_FAILURE",
        "FORMAT_FAILURE",
        "HASH_FAILURE",
        "MODIFIED_AFTER_SIGNING",
        "OWN_REVISION_CHANGED",
        "SIGNATURE_MISPLACED",
        "SIGNING_CERTIFICATE_MISMATCH",
        "SIG_CRYPTO_FAILURE",
        "UNSIGNED_CONTENT",
    }
)
"""Codes that name a fault by themselves, even where something else was not judged."""
TRUST = frozenset(
    {
        "CRYPTO_CONSTRAINTS_FAILURE",
        "NO_CERTIFICATE_CHAIN_FOUND",
        "OUT_OF_BOUNDS_NO_POE",
        "STATUS_UNKNOWN",
        "TIMESTAMP_INVALID",
        "TRUST_EMPTY",
    }
)
"""Codes about trust, status and age, which are no part of the question and not listed."""
UNJUDGED = frozenset({"NOT_SUPPORTED"})
_NO_KEY = UNJUDGED | {"NO_SIGNING_CERTIFICATE_FOUND"}
"""In XML, a bare key or an HMAC is not judged: a signer is a certificate here."""
NOT_HANDED_OVER = UNJUDGED | {"SIGNED_DATA_NOT_FOUND"}
"""Where the content lies on the web and not in the corpus: not finding it is no catch."""


def report_on(path: Path, anchors: list[Path], at: datetime, detached: Sequence[Document] = ()) -> Report:
    """What ``eidkit verify`` would say, offline, with these anchors for every kind of use."""
    certificates = [anchor.read_bytes() for anchor in anchors]
    trust = TrustStore.of(certificates, "signing") + TrustStore.of(certificates, "timestamping")
    return verify(Document.read(path), trust, at=at, detached=detached)


def _codes(report: Report) -> frozenset[str]:
    own = {found.code for found in report.findings if found.severity != "info"}
    for conclusion in report.conclusions:
        own |= {found.code for found in conclusion.findings if found.severity != "info"}
    return frozenset(own)


def answered(report: Report, *, accepted: bool, unjudged: frozenset[str] = UNJUDGED) -> Answer:
    """An answer from a report; a refusal that names a fault is *caught* even if something else is not judged."""
    codes = _codes(report)
    return Answer(
        accepted=accepted,
        reasons=tuple(sorted(codes - TRUST)) or (report.verdict,),
        caught=bool(codes & CAUGHT),
        unsupported=bool(codes & unjudged),
    )


def intact(report: Report) -> bool:
    """Whether every signature's value and references hold, and there is one."""
    return bool(report.conclusions) and all(conclusion.intact for conclusion in report.conclusions)


# ------------------------------------------------------------------------------------------------------- dss
_NOT_DEFAULT = {
    "XSWProtectionDisableSecurityTest": "DSS with its protection against wrapping switched off; with it the file fails",
}


def dss(folder: Path) -> Iterator[Case]:
    """EU DSS's own validation corpus: is everything signed still what was signed?"""
    for entry in _manifest(folder):
        expected = entry["expectations"]
        wanted = expected.get("content_intact", expected.get("intact"))
        if wanted is None and expected.get("rejected"):
            wanted = False
        why = entry.get("crosscheck", {}).get("why", "")
        advisory = _NOT_DEFAULT.get(entry["id"], "its reason was not found" if "reason not found" in why else "")
        unread = entry["format"] not in {"pades", "xades", "cades"}
        yield Case("dss", entry["format"], entry["id"], wanted, _ask_dss(folder, entry), why, advisory, unread)


def _ask_dss(folder: Path, entry: dict[str, Any]) -> Callable[[], Answer]:
    indication = entry["expectations"].get("indication")
    never_passes = indication not in {None, "TOTAL_PASSED"} and not entry.get("context", {}).get("custom_policy")

    def ask() -> Answer:
        report = report_of(folder, entry)
        accepted = intact(report) or (never_passes and bool(report))
        return answered(report, accepted=accepted, unjudged=_NO_KEY if entry["format"] == "xades" else UNJUDGED)

    return ask


def report_of(folder: Path, entry: dict[str, Any]) -> Report:
    """Our report on one case, with the anchors, the time and the detached contents that it names."""
    context = entry.get("context", {})
    anchors = [folder / name for name in context.get("trust_anchors", ())]
    names = entry.get("detached_names") or []
    beside = zip(entry.get("detached", ()), names, strict=True)
    detached = [Document.read(folder / file).renamed(name or "content") for file, name in beside]
    return report_on(folder / entry["path"], anchors, _moment(context.get("validation_time")), detached)


def _moment(text: str | None) -> datetime:
    """The time that a case is judged at; some name it in Java, which says no more than *now*."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return NOW
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


# ----------------------------------------------------------------------------------------------- pdf-attacks
def pdf_attacks(folder: Path) -> Iterator[Case]:
    """Published attacks on signed PDFs, and honest files beside them; trust is left out of the question."""
    for entry in _manifest(folder):
        flag = entry["expected"] == "flag"
        ask = partial(_ask_attack, folder / entry["path"], flag=flag)
        yield Case(
            "pdf-attacks", entry["attack_class"], entry["path"], entry["expected"] == "accept", ask, entry["note"]
        )


def _ask_attack(path: Path, *, flag: bool) -> Answer:
    report = report_on(path, [], NOW)
    clean = intact(report) and all(
        _unchanged(conclusion.evidence.coverage, flag=flag) for conclusion in report.conclusions
    )
    return answered(report, accepted=clean)


def _unchanged(coverage: PdfCoverage | None, *, flag: bool) -> bool:
    """Nothing but allowed changes after signing; for a file that must be *flagged*, nothing at all."""
    if coverage is None:
        return False
    if flag:
        return coverage.modifications in {"none", "extension"} and coverage.own_revision == "clean"
    return coverage.modifications_allowed


# ----------------------------------------------------------------------------------------------- xml-interop
def xml_interop(folder: Path) -> Iterator[Case]:
    """XML signatures of many makers, canonicalisation included, and attacks on them."""
    for entry in _manifest(folder):
        expected = entry["expected"]
        if entry["kind"] == "c14n":
            yield Case("xml-interop", "c14n", entry["id"], None, partial(_ask_c14n, folder, entry), entry["note"])
            continue
        beside = bool(entry.get("verify", {}).get("url_map"))
        ask = partial(_ask_xml, folder / entry["path"], scope=expected == "scope", beside=beside)
        note = entry.get("note", "")
        # What the manifest says is invalid for its certificate's sake may well be intact.
        pki = entry["kind"] == "xmldsig-pki"
        # *scope* outside of the attacks is a check of a SAML profile, which no signature decides.
        wanted = None if expected == "scope" and entry["kind"] != "attack" else expected == "valid"
        yield Case(
            "xml-interop", entry["kind"], entry["id"], wanted, partial(_ask_pki, folder, entry) if pki else ask, note
        )


def _ask_xml(path: Path, *, scope: bool, beside: bool) -> Answer:
    """``scope``: a wrapping attack where refusing is right, and so is saying that only a part is signed."""
    report = report_on(path, [], NOW)
    told = scope and all("PARTIAL_SCOPE" in {f.code for f in c.findings} for c in report.conclusions)
    unjudged = _NO_KEY | NOT_HANDED_OVER if beside else _NO_KEY
    return answered(report, accepted=intact(report) and not told, unjudged=unjudged)


def _ask_pki(folder: Path, entry: dict[str, Any]) -> Answer:
    """Invalid only for its certificate: it must not pass with the anchors that the case names."""
    base = folder / "xmlsec"
    anchors = [base / name for name in entry["verify"]["trusted"] if (base / name).is_file()]
    report = report_on(folder / entry["path"], anchors, NOW)
    return answered(report, accepted=bool(report), unjudged=_NO_KEY)


def _ask_c14n(folder: Path, entry: dict[str, Any]) -> Answer:
    """Canonical forms are no call of their own (the signatures show them); the input is read all the same."""
    report = report_on(folder / entry["path"], [], NOW)
    return Answer(accepted=None, reasons=(report.verdict,))


def _manifest(folder: Path) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return entries
