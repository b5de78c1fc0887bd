"""The chain corpus: PKITS and the path, CRL and OCSP cases of BoringSSL.  Nothing may be wrongly accepted."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from eidkit.asn1 import certificate as x509
from eidkit.asn1.pem import blocks
from eidkit.errors import EidkitError
from eidkit.trust.path import find_path
from eidkit.trust.revocation import status_of
from eidkit.trust.store import Anchor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from eidkit.asn1.certificate import Certificate

# corpora of their time: what is judged here is paths, not the age of algorithms
WEAK = frozenset({"sha1", "dsa"})
NO_POLICY_INPUT = {
    "initial_policy_set": ["2.5.29.32.0"],
    "initial_explicit_policy": False,
    "initial_policy_mapping_inhibit": False,
    "initial_inhibit_any_policy": False,
}
# purposes of other products: server certificates and their key purposes are nothing that eidkit asks about
PURPOSES = {"ANY_EKU": "any", "CLIENT_AUTH": "login"}


@pytest.fixture(scope="module")
def chains(corpus: Callable[[str], Path]) -> Path:
    return corpus("chain")


@pytest.fixture(scope="module")
def cases(chains: Path) -> list[dict[str, Any]]:
    return json.loads((chains / "manifest.json").read_text(encoding="utf-8"))


def moment(text: str) -> datetime:
    if text == "DEFAULT":
        return datetime(2021, 10, 5, 12, tzinfo=UTC)
    if text[:2].isdigit() and text.endswith("Z") and "-" not in text:
        return datetime.strptime(text, "%y%m%d%H%M%SZ").replace(tzinfo=UTC)
    return datetime.fromisoformat(text)


def judged(
    certificates: list[bytes], anchors: list[bytes], at: datetime, purpose: str, weak: frozenset[str]
) -> tuple[bool, set[str]]:
    try:
        leaf, *pool = [x509.parse(each) for each in certificates]
        trusted = [Anchor(x509.parse(each), "signing") for each in anchors]
    except EidkitError as error:
        return False, {error.code}
    result = find_path(leaf, pool=pool, anchors=trusted, at=at, purpose=purpose, weak=weak)
    return result.ok, {found.code for found in result.findings}


def statuses(path: tuple[Certificate, ...], crls: Sequence[bytes], at: datetime) -> tuple[bool, set[str]]:
    good, reasons = True, set()
    for certificate, issuer in pairwise(path):
        status = status_of(certificate, issuer, crls=crls, ocsps=[], at=at, now=at, weak=WEAK)
        if status.state != "good":
            good = False
            reasons |= {"NOT_SUPPORTED"} if "not supported" in status.why.en else {f"status {status.state}"}
    return good, reasons


def pkits(
    case: dict[str, Any], root: Path, bag: Sequence[Certificate] = (), crls: Sequence[bytes] = ()
) -> tuple[bool, set[str]]:
    at = moment(case["time"])
    anchor, *rest = [(root / name).read_bytes() for name in case["chain"]]
    try:
        leaf, *pool = [x509.parse(each) for each in reversed(rest)]
    except EidkitError as error:
        return False, {error.code}
    result = find_path(
        leaf, pool=bag or pool, anchors=[Anchor(x509.parse(anchor), "signing")], at=at, purpose="any", weak=WEAK
    )
    reasons = {found.code for found in result.findings}
    if not result.ok:
        return False, reasons
    good, why = statuses(result.path, crls or [(root / name).read_bytes() for name in case["crls"]], at)
    return good, reasons | why


def chain(case: dict[str, Any], root: Path) -> tuple[bool, set[str]]:
    found = [data for label, data in blocks((root / case["path"]).read_bytes()) if label == "CERTIFICATE"]
    trust = case["last_cert_trust"]
    anchors = [found[-1]] if trust.startswith("TRUSTED") else []
    purpose = PURPOSES.get(case["key_purpose"], "any")
    weak = frozenset() if case["digest_policy"] == "STRONG" else frozenset({"sha1"})
    return judged(found if len(found) == 1 else found[:-1], anchors, moment(case["time"]), purpose, weak)


def revocation(case: dict[str, Any], root: Path) -> tuple[str, str]:
    parts: dict[str, list[bytes]] = {}
    for label, data in blocks((root / case["path"]).read_bytes()):
        parts.setdefault(label, []).append(data)
    at = moment(case["time"])
    certificate, issuer = x509.parse(parts["CERTIFICATE"][0]), x509.parse(parts["CA CERTIFICATE"][0])
    status = status_of(
        certificate,
        issuer,
        crls=parts.get("CRL", []) + parts.get("X509 CRL", []),
        ocsps=parts.get("OCSP RESPONSE", []),
        at=at,
        now=at,
        freshness=timedelta(days=case["max_age_days"]),
        weak=WEAK,
    )
    return status.state, status.why


def asks_what_we_do_not(case: dict[str, Any]) -> bool:
    """Inputs that find_path does not take: initial policies, purposes of servers."""
    if case["kind"] == "pkits":
        return case["params"] != NO_POLICY_INPUT
    # a pinned certificate is an anchor here (EN 319 102-1 §5.2.6.4): there is no trust in a leaf beside it
    if case["id"].split("/")[1] == "target-only" and case["expected"] == "invalid":
        return True
    errors = case["expected_errors"].lower()
    return (
        case["expected"] == "invalid"
        and case["key_purpose"] not in PURPOSES
        and ("usage" in errors or "STRICT" in case["key_purpose"])
    )


def tally(
    cases: list[dict[str, Any]], kind: str, run: Callable[..., tuple[bool, set[str]]], root: Path
) -> Counter[str]:
    counts: Counter[str] = Counter()
    for case in cases:
        if case["kind"] != kind:
            continue
        passed, reasons = run(case, root)
        expected = case["expected"] == "valid"
        if asks_what_we_do_not(case):
            outcome = "input not offered"
        elif passed == expected:
            outcome = "right"
        elif passed:
            outcome = "wrongly accepted"
        else:
            outcome = "unsupported" if "NOT_SUPPORTED" in reasons else "wrongly rejected"
        counts[outcome] += 1
        if outcome.startswith("wrongly") or outcome == "unsupported":
            print(f"{outcome}: {case['id']} {sorted(reasons)}")
    print(kind, dict(counts))
    return counts


def test_pkits_accepts_nothing_wrong(cases: list[dict[str, Any]], chains: Path) -> None:
    counts = tally(cases, "pkits", pkits, chains)
    assert counts["wrongly accepted"] == 0
    assert counts["right"] >= 150


def test_pkits_with_every_certificate_and_crl_offered_accepts_nothing_wrong(
    cases: list[dict[str, Any]], chains: Path
) -> None:
    pool, crls = [], [file.read_bytes() for file in sorted((chains / "pkits" / "crls").glob("*.crl"))]
    for file in sorted((chains / "pkits" / "certs").glob("*.crt")):
        with suppress(EidkitError):
            pool.append(x509.parse(file.read_bytes()))

    def bag(case: dict[str, Any], root: Path) -> tuple[bool, set[str]]:
        return pkits(case, root, pool, crls)

    counts = tally(cases, "pkits", bag, chains)
    assert counts["wrongly accepted"] == 0
    assert counts["right"] >= 150


def test_boringssl_paths_accept_nothing_wrong(cases: list[dict[str, Any]], chains: Path) -> None:
    counts = tally(cases, "chain-pem", chain, chains)
    assert counts["wrongly accepted"] == 0
    assert counts["right"] >= 50


@pytest.mark.parametrize("kind", ["crl", "ocsp"])
def test_boringssl_revocation_is_read_right(cases: list[dict[str, Any]], chains: Path, kind: str) -> None:
    wrong = []
    chosen = [case for case in cases if case["kind"] == kind]
    for case in chosen:
        state, why = revocation(case, chains)
        if state != case["expected"]:
            wrong.append((case["id"], case["expected"], state, why))
    print(kind, len(chosen) - len(wrong), "of", len(chosen), wrong)
    assert not [each for each in wrong if each[2] == "good"], wrong
