"""``eidkit certificate`` as a person uses it: exit codes, both languages, JSON, bad input."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.cli.conftest import Said
from tests.trust.making import DAY, NOW, Party, Pki, self_signed

pytestmark = pytest.mark.xdist_group("cli")
AT = NOW.isoformat()


@pytest.fixture
def pki() -> Pki:
    root = self_signed("Root")
    authority = root.issue("Authority", authority=True)
    return Pki(root, authority, authority.issue("Person"))


@pytest.fixture
def folder(pki: Pki, tmp_path: Path) -> Path:
    """``person.pem``, ``chain.pem``, ``roots/``, ``issuer.pem`` and current lists in ``crls/``."""
    (tmp_path / "roots").mkdir()
    (tmp_path / "crls").mkdir()
    (tmp_path / "roots" / "root.pem").write_bytes(pem(pki.root))
    (tmp_path / "person.pem").write_bytes(pem(pki.person))
    (tmp_path / "issuer.pem").write_bytes(pem(pki.authority))
    (tmp_path / "chain.pem").write_bytes(pem(pki.person) + pem(pki.authority))
    lists(pki, tmp_path)
    return tmp_path


def pem(party: Party) -> bytes:
    return party.certificate.public_bytes(Encoding.PEM)


def lists(pki: Pki, folder: Path) -> None:
    (folder / "crls" / "authority.crl").write_bytes(pki.authority.crl())
    (folder / "crls" / "root.crl").write_bytes(pki.root.crl())


def asked(folder: Path, name: str = "chain.pem", *more: object) -> list[object]:
    trusted = ["--trust", folder / "roots", "--crl", folder / "crls"]
    return ["certificate", folder / name, *trusted, "--offline", "--at", AT, *more]


def test_a_good_certificate_passes_and_shows_its_path(folder: Path, eidkit: Callable[..., Said]) -> None:
    said = eidkit(*asked(folder))
    assert said.code == 0
    first, *path = said.out.splitlines()
    assert first.startswith("Person: PASSED for signing")
    assert [line.split(",")[0] for line in path] == ["  ✓ Person", "  ✓ Authority", "  ✓ Root"]


def test_it_speaks_vietnamese(folder: Path, eidkit: Callable[..., Said]) -> None:
    assert "không bị thu hồi (CRL)" in eidkit(*asked(folder, "chain.pem", "--lang", "vi")).out


def test_a_missing_issuer_comes_from_an_option(folder: Path, eidkit: Callable[..., Said]) -> None:
    said = eidkit(*asked(folder, "person.pem"))
    assert said.code == 1
    assert "--intermediate" in said.out
    assert eidkit(*asked(folder, "person.pem", "--intermediate", folder / "issuer.pem")).code == 0


def test_a_revoked_certificate_fails_with_date_and_reason(pki: Pki, folder: Path, eidkit: Callable[..., Said]) -> None:
    pki.authority.revoke(pki.person, NOW - DAY, x509.ReasonFlags.key_compromise)
    lists(pki, folder)
    said = eidkit(*asked(folder))
    assert said.code == 1
    assert "Person: FAILED" in said.out
    assert "CERTIFICATE_REVOKED" in said.out
    assert "keyCompromise" in said.out


def test_json_is_one_object_on_one_line(pki: Pki, folder: Path, eidkit: Callable[..., Said]) -> None:
    said = eidkit(*asked(folder, "chain.pem", "--json"))
    (line,) = said.out.splitlines()
    report = json.loads(line)
    assert (said.code, report["verdict"], report["certificate"]) == (0, "PASSED", pki.person.parsed.sha256)
    assert [entry["status"] for entry in report["path"]] == ["good", "good", "not-checked"]


@pytest.mark.parametrize("content", [b"", b"rubbish", b"%PDF-1.7", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_what_is_no_certificate_could_not_be_read(content: bytes, folder: Path, eidkit: Callable[..., Said]) -> None:
    (folder / "odd").write_bytes(content)
    said = eidkit(*asked(folder, "odd"))
    assert said.code == 2
    assert "odd is no certificate" in said.err
    told = eidkit(*asked(folder, "odd", "--json"))
    assert (told.code, json.loads(told.out)["verdict"]) == (2, "NOT-READABLE")


@pytest.mark.parametrize(
    "more", [("--at", "yesterday"), ("--purpose", "cooking"), ("--policy-oid", "one"), ("--crl", "nowhere.crl")]
)
def test_a_mistake_in_the_options_is_2_with_a_remedy(
    more: tuple[str, str], folder: Path, eidkit: Callable[..., Said]
) -> None:
    said = eidkit(*asked(folder, "chain.pem", *more))
    assert said.code == 2
    assert said.err
    assert "Traceback" not in said.err


def test_a_named_policy_must_hold(pki: Pki, folder: Path, eidkit: Callable[..., Said]) -> None:
    policies = x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("1.2.3"), None)]), False
    authority = pki.root.issue("Policed", policies, authority=True)
    (folder / "policed.pem").write_bytes(pem(authority.issue("Person", policies)) + pem(authority))
    (folder / "crls" / "policed.crl").write_bytes(authority.crl())
    said = eidkit(*asked(folder, "policed.pem", "--policy-oid", "1.2.3"))
    assert (said.code, "policies: 1.2.3" in said.out) == (0, True)
    assert eidkit(*asked(folder, "policed.pem", "--policy-oid", "1.2.4")).code == 1


def test_only_anchors_of_the_purpose_count(folder: Path, eidkit: Callable[..., Said]) -> None:
    (folder / "trust" / "login").mkdir(parents=True)
    (folder / "trust" / "login" / "root.pem").write_bytes((folder / "roots" / "root.pem").read_bytes())
    trusted = ["--trust", folder / "trust", "--crl", folder / "crls", "--offline", "--at", AT]
    said = eidkit("certificate", folder / "chain.pem", *trusted)
    assert (said.code, "TRUST_EMPTY" in said.out) == (1, True)
    assert eidkit("certificate", folder / "chain.pem", *trusted, "--purpose", "any").code == 0


def test_without_trust_nothing_passes(folder: Path, eidkit: Callable[..., Said]) -> None:
    said = eidkit("certificate", folder / "chain.pem", "--offline", "--at", AT)
    assert said.code == 1
    assert "TRUST_EMPTY" in said.out


def test_a_policy_may_leave_an_unknown_status_a_warning(folder: Path, eidkit: Callable[..., Said]) -> None:
    unasked = ["certificate", folder / "chain.pem", "--trust", folder / "roots", "--offline", "--at", AT]
    assert eidkit(*unasked).code == 1
    said = eidkit(*unasked, "--policy", "lenient")
    assert (said.code, "STATUS_UNKNOWN" in said.out) == (0, True)


def test_a_policy_that_nobody_released_is_told(folder: Path, eidkit: Callable[..., Said]) -> None:
    said = eidkit(*asked(folder, "chain.pem", "--policy", "strictest"))
    assert (said.code, said.out, "strictest" in said.err) == (2, "", True)


@pytest.mark.parametrize("more", [("--fetch-issuers",), ("--cache", "answers.db")])
def test_what_needs_the_network_does_not_go_with_offline(
    more: tuple[str, ...], folder: Path, eidkit: Callable[..., Said]
) -> None:
    said = eidkit(*asked(folder, "chain.pem", *more))
    assert (said.code, said.out, "leave out --offline" in said.err) == (2, "", True)
