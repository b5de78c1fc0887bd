"""``verify_certificate``: what it takes, what it says, and that it asks nobody unless told to."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from eidkit.errors import EidkitError, TrustError, VerificationFailed
from eidkit.policy import Policy
from eidkit.trust.sources import Sources
from eidkit.trust.store import Anchor, TrustStore
from eidkit.verify import CertificateReport, verify_certificate
from tests.trust.making import DAY, NOW, Pki

HOLD = x509.ReasonFlags.certificate_hold


def asked(pki: Pki, certificate: Any = None, **options: Any) -> CertificateReport:
    """About the person, with current lists of everybody, unless told otherwise."""
    options.setdefault("intermediates", [pki.authority.certificate])
    options.setdefault("revocation", [pki.authority.crl(), pki.root.crl()])
    options.setdefault("at", NOW)
    trust = options.pop("trust", TrustStore((pki.root.anchor,)))
    return verify_certificate(certificate or pki.person.certificate, trust, **options)


def codes(report: CertificateReport) -> list[str]:
    return [found.code for found in report.findings]


def test_a_good_certificate_passes_with_its_path_and_statuses(pki: Pki) -> None:
    report = asked(pki)
    assert report
    assert (report.verdict, report.indication, report.subindication) == ("PASSED", "PASSED", None)
    assert [entry.status for entry in report.path] == ["good", "good", "not-checked"]
    assert [entry.status_source for entry in report.path] == ["crl", "crl", None]
    assert report.require() is report


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_bytes_will_do_everywhere(pki: Pki, encoding: Encoding) -> None:
    lists = [x509.load_der_x509_crl(each.crl()).public_bytes(encoding) for each in (pki.authority, pki.root)]
    report = asked(
        pki,
        pki.person.certificate.public_bytes(encoding),
        intermediates=[pki.authority.certificate.public_bytes(encoding)],
        revocation=lists,
    )
    assert report


def test_so_will_the_objects_of_cryptography(pki: Pki) -> None:
    answer = ocsp.load_der_ocsp_response(pki.authority.ocsp(pki.person))
    report = asked(pki, revocation=[answer, x509.load_der_x509_crl(pki.root.crl())])
    assert [entry.status_source for entry in report.path] == ["ocsp", "crl", None]


def test_what_is_no_answer_is_refused(pki: Pki) -> None:
    with pytest.raises(TrustError, match="item 2 cannot be used"):
        asked(pki, revocation=[b"nothing"])


def test_several_certificates_where_one_belongs_are_refused(pki: Pki) -> None:
    both = b"".join(each.certificate.public_bytes(Encoding.PEM) for each in (pki.person, pki.authority))
    with pytest.raises(EidkitError) as refused:
        asked(pki, both)
    assert refused.value.code == "one-certificate"


def test_an_unknown_status_does_not_pass(pki: Pki) -> None:
    report = asked(pki, revocation=[])
    assert (report.verdict, report.subindication) == ("INDETERMINATE", "CERTIFICATE_CHAIN_GENERAL_FAILURE")
    assert [entry.status for entry in report.path] == ["unknown", "unknown", "not-checked"]
    assert codes(report) == ["STATUS_UNKNOWN", "STATUS_UNKNOWN"]


def test_unless_the_policy_makes_it_a_warning(pki: Pki) -> None:
    report = asked(pki, revocation=[], policy=Policy("mild", "1", revocation="warn"))
    assert report
    assert {found.severity for found in report.findings} == {"warning"}


def test_a_revoked_certificate_fails_with_its_date_and_reason(pki: Pki) -> None:
    pki.authority.revoke(pki.person, NOW - 2 * DAY, x509.ReasonFlags.key_compromise)
    report = asked(pki)
    assert (report.verdict, report.subindication) == ("FAILED", "REVOKED")
    assert report.path[0].revoked_at == NOW - 2 * DAY
    assert "keyCompromise" in report.findings[0].message.en
    with pytest.raises(VerificationFailed) as refused:
        report.require()
    assert refused.value.report is report


def test_a_suspended_certificate_waits(pki: Pki) -> None:
    pki.authority.revoke(pki.person, reason=HOLD)
    report = asked(pki)
    assert (report.verdict, report.subindication, codes(report)) == ("INDETERMINATE", "TRY_LATER", ["ON_HOLD"])


def test_a_revoked_authority_spoils_those_below_it(pki: Pki) -> None:
    pki.root.revoke(pki.authority)
    report = asked(pki)
    assert (report.verdict, codes(report)) == ("INDETERMINATE", ["REVOKED_CA_NO_POE"])


@pytest.mark.parametrize(
    ("days", "code"), [(400, "CERTIFICATE_EXPIRED"), (-11, "CERTIFICATE_NOT_YET_VALID")], ids=["after", "before"]
)
def test_the_period_counts_at_the_time_asked_for(pki: Pki, days: int, code: str) -> None:
    report = asked(pki, at=NOW + days * DAY)
    assert report.verdict == "FAILED"
    assert code in codes(report)


def test_no_trust_no_pass(pki: Pki) -> None:
    report = asked(pki, trust=TrustStore())
    assert (report.verdict, codes(report), report.path) == ("INDETERMINATE", ["TRUST_EMPTY"], ())


def test_only_anchors_of_the_purpose_count(pki: Pki) -> None:
    for purpose, right in (("signing", True), ("login", False), ("any", True)):
        assert bool(asked(pki, purpose=purpose)) is right
    stamps = TrustStore((Anchor(pki.root.parsed, "timestamping"),))
    assert "KEY_USAGE" in codes(asked(pki, trust=stamps, purpose="timestamping"))


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"purpose": "cooking"}, "purpose-unknown"),
        ({"at": NOW.replace(tzinfo=None)}, "time-without-zone"),
        ({"policies": frozenset({"1..2"})}, "policy-oid"),
    ],
)
def test_inputs_that_are_none_are_refused_with_a_remedy(pki: Pki, options: dict[str, Any], code: str) -> None:
    with pytest.raises(EidkitError) as refused:
        asked(pki, **options)
    assert refused.value.code == code
    assert refused.value.remedy.vi


@pytest.mark.parametrize("at", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)])
def test_the_ends_of_the_calendar_are_times_like_others(pki: Pki, at: datetime) -> None:
    answers = [pki.authority.ocsp(pki.person), pki.authority.crl(), pki.root.crl()]
    assert not asked(pki, revocation=answers, at=at)


def test_the_policies_that_hold_are_told(pki: Pki) -> None:
    policies = x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier("1.2.3"), None)]), False
    authority = pki.root.issue("Policed", policies, authority=True)
    options = {"intermediates": [authority.certificate], "revocation": [authority.crl(), pki.root.crl()]}
    person = authority.issue("Person", policies).certificate
    report = asked(pki, person, policies=frozenset({"1.2.3"}), require_explicit_policy=True, **options)
    assert (bool(report), report.policies) == (True, ("1.2.3",))
    report = asked(pki, person, policies=frozenset({"1.2.4"}), require_explicit_policy=True, **options)
    assert (report.verdict, report.policies) == ("INDETERMINATE", ())


def test_the_json_is_the_contract(pki: Pki) -> None:
    pki.authority.revoke(pki.person, NOW - DAY)
    said = json.loads(json.dumps(asked(pki).to_json()))
    assert list(said) == [
        "schema", "certificate", "subject", "purpose", "validation_time", "verdict", "indication", "subindication",
        "path", "policies", "findings",
    ]  # fmt: skip
    assert list(said["path"][0]) == [
        "subject", "issuer", "serial", "sha256", "status", "status_source", "revoked_at"
    ]  # fmt: skip
    assert said["certificate"] == pki.person.parsed.sha256
    assert int(said["path"][0]["serial"], 16) == pki.person.certificate.serial_number
    assert (said["path"][0]["status"], said["path"][2]["status"]) == ("revoked", "not-checked")


def test_the_text_says_the_verdict_first_in_both_languages(pki: Pki) -> None:
    report = asked(pki, revocation=[])
    assert str(report).startswith("Person: INDETERMINATE for signing, ")
    assert "→" in str(report)
    assert "mục đích signing" in report.to_text("vi").splitlines()[0]


def test_long_numbers_are_masked(pki: Pki) -> None:
    numbered = pki.authority.issue("Lan 001234567890")
    report = asked(pki, numbered.certificate)
    assert "001234567890" not in str(report) + repr(report) + json.dumps(report.to_json())


def test_another_path_is_taken_where_an_authority_was_replaced(pki: Pki) -> None:
    renewed = pki.root.issue("Authority", authority=True, key=pki.authority.key)
    pki.root.revoke(pki.authority, reason=x509.ReasonFlags.superseded)
    report = asked(pki, intermediates=[pki.authority.certificate, renewed.certificate])
    assert report
    assert report.path[1].sha256 == renewed.parsed.sha256


def test_sources_give_what_is_missing(pki: Pki) -> None:
    sources = Sources.of([pki.authority.der], [pki.authority.crl(), pki.root.crl()])
    assert asked(pki, intermediates=[], revocation=[], sources=sources)


class Net:
    """A network that answers from a table and remembers what it was asked."""

    def __init__(self, **pages: bytes) -> None:
        self.pages, self.asked = pages, []

    def send(self, request: Any, **_: Any) -> Any:
        from eidkit.transport import Response

        self.asked.append(request.url)
        return Response(200, {}, self.pages[request.url.rsplit("/", 1)[-1]])


def pointed(**addresses: str) -> list[tuple[x509.ExtensionType, bool]]:
    methods = {"issuer": x509.AuthorityInformationAccessOID.CA_ISSUERS}
    said = [
        x509.AccessDescription(methods[kind], x509.UniformResourceIdentifier(url)) for kind, url in addresses.items()
    ]
    return [(x509.AuthorityInformationAccess(said), False)]


@pytest.mark.parametrize("chase", [True, False])
def test_missing_issuers_are_fetched_only_when_asked_for(pki: Pki, chase: bool) -> None:
    person = pki.authority.issue("Person", *pointed(issuer="http://ca.example/issuer"))
    net = Net(issuer=pki.authority.der)
    sources = Sources.online(allow_hosts=["ca.example"], chase=chase) + Sources.of(
        crls=[pki.authority.crl(), pki.root.crl()]
    )
    report = asked(pki, person.certificate, intermediates=[], revocation=[], sources=sources, transport=net)
    assert bool(report) is chase
    assert net.asked == (["http://ca.example/issuer"] if chase else [])


def test_chasing_ends_at_an_anchor_that_is_not_self_signed(pki: Pki) -> None:
    middle = pki.root.issue("Middle", *pointed(issuer="http://ca.example/root"), authority=True)
    lower = middle.issue("Lower", *pointed(issuer="http://ca.example/middle"), authority=True)
    person = lower.issue("Person", *pointed(issuer="http://ca.example/lower"))
    net = Net(lower=lower.der, middle=middle.der, root=pki.root.der)
    sources = Sources.online(allow_hosts=["ca.example"], chase=True)
    report = asked(
        pki,
        person.certificate,
        trust=TrustStore((middle.anchor,)),
        intermediates=[],
        revocation=[lower.crl(), middle.crl()],
        sources=sources,
        transport=net,
    )
    assert report
    assert net.asked == ["http://ca.example/lower"]


def test_what_could_not_be_fetched_is_told_where_it_was_wanted(pki: Pki) -> None:
    person = pki.authority.issue("Person", *pointed(issuer="http://10.0.0.1/issuer"))
    sources = Sources.online(chase=True)
    report = asked(pki, person.certificate, intermediates=[], revocation=[], sources=sources, transport=Net())
    assert codes(report) == ["NO_CERTIFICATE_CHAIN_FOUND", "NOT_FETCHED"]
    assert "10.0.0.1" in report.findings[1].message.en
    assert not any(code == "NOT_FETCHED" for code in codes(asked(pki, person.certificate, sources=sources)))
