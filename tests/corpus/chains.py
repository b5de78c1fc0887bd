"""Certificate chains, CRLs and OCSP answers: NIST PKITS and the cases of BoringSSL, through the public API.

PKITS runs twice: with the certificates and lists that each test names, and with all of them offered every time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

from eidkit.asn1.certificate import parse
from eidkit.asn1.pem import blocks
from eidkit.policy import Policy
from eidkit.trust.sources import Sources
from eidkit.trust.store import Anchor, TrustStore
from eidkit.verify import verify_certificate
from tests.corpus.outcome import Answer, Case

AGE = frozenset({"sha1", "dsa", "rsa-1024", "rsa-2047"})
"""What was still in use when these suites were made; paths are judged here, not the age of algorithms."""
PKITS_POLICY = Policy("corpus-of-its-time", "1", weak_algorithms_allowed=AGE)
ANY_POLICY = "2.5.29.32.0"

PURPOSES = {"CLIENT_AUTH": "login", "CLIENT_AUTH_STRICT": "login", "CLIENT_AUTH_STRICT_LEAF": "login"}
"""The nearest that eidkit asks about; a TLS server's purpose has no counterpart."""

SERVERS = "asks for a TLS server's key purpose, which nobody who judges signatures asks for"
STRICT = "Chromium's strict switch: every key purpose must be stated by name, and nothing else beside it"
RCS = "the key purpose and critical extension of RCS messaging (MLS)"
_ROOM = "boringssl-chain/"
NOT_OURS: dict[str, str] = {
    _ROOM + "expired-root/not-after-ta-with-constraints": "Chromium enforces an anchor's period by a switch of its own",
    _ROOM + "intermediate-eku-any-and-clientauth/serverauth-strict": SERVERS,
    _ROOM + "intermediate-eku-c2patimestamping/serverauth": SERVERS,
    _ROOM + "intermediate-eku-clientauth/serverauth-strict-leaf": SERVERS,
    _ROOM + "intermediate-eku-mlsclientauth/mlsclientauth": RCS,
    _ROOM + "intermediate-eku-server-gated-crypto/sha1-eku-serverAuth": SERVERS,
    _ROOM + "intermediate-eku-server-gated-crypto/sha1-eku-serverAuth-strict": SERVERS,
    _ROOM + "intermediate-eku-server-gated-crypto/sha256-eku-serverAuth": SERVERS,
    _ROOM + "intermediate-eku-server-gated-crypto/sha256-eku-serverAuth-strict": SERVERS,
    _ROOM + "root-eku-clientauth/serverauth-ta-with-constraints": SERVERS,
    _ROOM + "target-eku-any/clientauth-strict-leaf": STRICT,
    _ROOM + "target-eku-any/serverauth-strict": SERVERS,
    _ROOM + "target-eku-clientauth/clientauth-strict": STRICT,
    _ROOM + "target-eku-many/clientauth-strict-leaf": STRICT,
    _ROOM + "target-eku-many/mlsclientauth": RCS,
    _ROOM + "target-eku-many/serverauth-strict-leaf": SERVERS,
    _ROOM + "target-eku-none/clientauth-strict": STRICT,
    _ROOM + "target-eku-none/clientauth-strict-leaf": STRICT,
    _ROOM + "target-eku-none/mlsclientauth": RCS,
    _ROOM + "target-has-ca-basic-constraints/strict": "Chromium's strict switch: a target that is an authority",
    _ROOM
    + "target-only/trusted_leaf_require_self_signed": "Chromium's switch that a pinned certificate be self-signed",
}
"""Cases whose expectation is a rule of Chromium or TLS and not of RFC 5280, each with that rule."""

UNIMPLEMENTED = {"pkits/4.1.5": "a DSA key that takes its parameters from its issuer's (RFC 3279 §2.3.2)"}
"""Named by the standard, used by nobody: refused by name."""


def chains(folder: Path) -> Iterator[Case]:
    """Every case of the chain corpus; PKITS a second time with everything offered (``pkits-bag``)."""
    kinds = {"chain-pem": _chain, "crl": _revocation, "ocsp": _revocation}
    for entry in json.loads((folder / "manifest.json").read_text(encoding="utf-8")):
        kind, name = entry["kind"], entry["id"]
        wanted = entry["expected"] in {"valid", "good"}
        if kind == "pkits":
            advisory = UNIMPLEMENTED.get(name, "")
            yield Case("chain", "pkits", name, wanted, partial(_pkits, folder, entry), entry["title"], advisory)
            asked = partial(_pkits, folder, entry, bag=True)
            yield Case("chain", "pkits-bag", f"{name} (bag)", wanted, asked, entry["title"], advisory)
        else:
            advisory = NOT_OURS.get(name, "")
            yield Case("chain", kind, name, wanted, partial(kinds[kind], folder, entry), advisory=advisory)


@cache
def _bag(folder: Path) -> Sources:
    pki = folder / "pkits"
    return Sources.of(
        [file.read_bytes() for file in sorted((pki / "certs").glob("*.crt"))],
        [file.read_bytes() for file in sorted((pki / "crls").glob("*.crl"))],
    )


def _pkits(folder: Path, entry: dict[str, Any], *, bag: bool = False) -> Answer:
    anchor, *path = [(folder / name).read_bytes() for name in entry["chain"]]
    lists = [(folder / name).read_bytes() for name in entry["crls"]]
    asked = entry["params"]
    report = verify_certificate(
        path[-1],
        TrustStore((Anchor(parse(anchor), "signing"),)),
        purpose="any",
        sources=_bag(folder) if bag else Sources.of(path[:-1], lists),
        at=datetime.fromisoformat(entry["time"]),
        policies=frozenset(asked["initial_policy_set"]),
        require_explicit_policy=asked["initial_explicit_policy"],
        inhibit_policy_mapping=asked["initial_policy_mapping_inhibit"],
        inhibit_any_policy=asked["initial_inhibit_any_policy"],
        policy=PKITS_POLICY,
    )
    if report and set(report.policies) != set(entry["expected_user_constrained_policy_set"]):
        return Answer(accepted=False, reasons=(f"policy set {', '.join(report.policies) or 'empty'}",))
    return _answer(report.findings, accepted=bool(report))


def _answer(findings: Any, *, accepted: bool) -> Answer:
    """A refusal by name is right where the suite asks for one: of a critical extension that nobody knows."""
    return Answer(accepted, tuple(sorted({found.code for found in findings if found.severity == "error"})))


def _chain(folder: Path, entry: dict[str, Any]) -> Answer:
    found = [data for label, data in blocks((folder / entry["path"]).read_bytes()) if label == "CERTIFICATE"]
    trust, purpose = entry["last_cert_trust"], entry["key_purpose"]
    anchors = []
    if trust != "TRUSTED_ANCHOR" or len(found) > 1:  # a leaf alone is not trusted for being the end of its path
        anchors.append(Anchor(parse(found[-1]), PURPOSES.get(purpose, "signing"), constrained="_WITH_" in trust))
    report = verify_certificate(
        found[0],
        TrustStore(tuple(anchors)),
        purpose=PURPOSES.get(purpose, "any"),
        intermediates=found[1:-1],
        at=_moment(entry["time"]),
        policy=Policy(
            "corpus-of-its-time",
            "1",
            revocation="warn",
            weak_algorithms_allowed=frozenset() if entry["digest_policy"] == "STRONG" else AGE,
        ),
    )
    return _answer(report.findings, accepted=bool(report))


def _revocation(folder: Path, entry: dict[str, Any]) -> Answer:
    """The issuer that stands beside the answer is what is trusted."""
    parts: dict[str, list[bytes]] = {}
    for label, data in blocks((folder / entry["path"]).read_bytes()):
        parts.setdefault(label, []).append(data)
    anchor = Anchor(parse(parts["CA CERTIFICATE"][0]), "signing", constrained=False)
    report = verify_certificate(
        parts["CERTIFICATE"][0],
        TrustStore((anchor,)),
        purpose="any",
        intermediates=parts.get("CA CERTIFICATE 2", []),
        sources=Sources.of(crls=parts.get("CRL", []), ocsps=parts.get("OCSP RESPONSE", [])),
        at=_moment(entry["time"]),
        policy=Policy(
            "corpus-of-its-time",
            "1",
            freshness=timedelta(days=entry["max_age_days"]),
            weak_algorithms_allowed=AGE,
        ),
    )
    status = report.path[0].status if report.path else "no path"
    if status != entry["expected"]:
        return Answer(accepted=entry["expected"] != "good", reasons=(f"status {status}",))
    return Answer(accepted=status == "good", reasons=tuple(found.code for found in report.findings))


def _moment(text: str) -> datetime:
    if text == "DEFAULT":
        return datetime(2021, 10, 5, 12, tzinfo=UTC)
    if text.endswith("Z") and "-" not in text:
        return datetime.strptime(text, "%y%m%d%H%M%SZ").replace(tzinfo=UTC)
    return datetime.fromisoformat(text)
