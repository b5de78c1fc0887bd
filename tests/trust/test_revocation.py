from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, ObjectIdentifier

from eidkit.asn1 import der
from eidkit.asn1 import ocsp as ocsp_shape
from eidkit.trust.revocation import MAX_ANSWERS, MAX_CHECKS, Status, status_of
from tests.trust.making import DAY, NOW, Party, Pki, self_signed

HOLD = x509.ReasonFlags.certificate_hold
URL = "http://crl.example/one.crl"


def asked(pki: Pki, *, crls: list[bytes] | None = None, ocsps: list[bytes] | None = None, **options: Any) -> Status:
    options.setdefault("at", NOW)
    options.setdefault("now", NOW)
    person = options.pop("person", pki.person)
    issuer = options.pop("issuer", pki.authority)
    return status_of(person.parsed, issuer.parsed, crls=crls or [], ocsps=ocsps or [], **options)


def idp(**values: Any) -> tuple[x509.ExtensionType, bool]:
    names = ("only_contains_user_certs", "only_contains_ca_certs", "indirect_crl", "only_contains_attribute_certs")
    fields = {"full_name": None, "relative_name": None, "only_some_reasons": None, **dict.fromkeys(names, False)}
    return x509.IssuingDistributionPoint(**(fields | values)), True


def points(*urls: str) -> tuple[x509.ExtensionType, bool]:
    places = [x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None) for url in urls]
    return x509.CRLDistributionPoints(places), False


# ── CRL ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_without_any_answer_nothing_is_known(pki: Pki) -> None:
    status = asked(pki)
    assert status.state == "unknown"
    assert status.why.en == "no revocation data was given"


def test_a_crl_that_does_not_list_the_certificate_says_good(pki: Pki) -> None:
    status = asked(pki, crls=[pki.authority.crl()])
    assert (status.state, status.source) == ("good", "crl")


def test_a_listed_certificate_is_revoked_since_then(pki: Pki) -> None:
    pki.authority.revoke(pki.person, NOW - 2 * DAY, x509.ReasonFlags.key_compromise)
    status = asked(pki, crls=[pki.authority.crl()])
    assert (status.state, status.revoked_at, status.reason) == ("revoked", NOW - 2 * DAY, "keyCompromise")


def test_revoked_wins_over_a_later_good(pki: Pki) -> None:
    clean = pki.authority.crl()
    pki.authority.revoke(pki.person)
    assert asked(pki, crls=[clean, pki.authority.crl(this=NOW - 2 * DAY)]).state == "revoked"
    assert (
        asked(pki, crls=[pki.authority.crl(this=NOW - 2 * DAY)], ocsps=[pki.authority.ocsp(pki.person)]).state
        == "revoked"
    )


def test_an_old_revoked_is_still_revoked(pki: Pki) -> None:
    pki.authority.revoke(pki.person, NOW - 60 * DAY)
    assert asked(pki, crls=[pki.authority.crl(this=NOW - 50 * DAY, until=NOW - 40 * DAY)]).state == "revoked"


def test_a_hold_is_a_hold(pki: Pki) -> None:
    pki.authority.revoke(pki.person, reason=HOLD)
    assert asked(pki, crls=[pki.authority.crl()]).state == "hold"


def test_a_later_list_without_it_ends_a_hold(pki: Pki) -> None:
    pki.authority.revoke(pki.person, NOW - 6 * DAY, HOLD)
    held = pki.authority.crl(this=NOW - 5 * DAY)
    later, earlier = (pki.authority.crl(this=NOW - days * DAY, revoked=[]) for days in (1, 6))
    assert asked(pki, crls=[held, later]).state == "good"
    assert asked(pki, crls=[held, earlier]).state == "hold"


def test_a_crl_under_the_issuers_name_and_another_key_is_refused(pki: Pki) -> None:
    status = asked(pki, crls=[pki.authority.crl(signer=self_signed("Authority"))])
    assert status.state == "unknown"
    assert "not signed by the issuer's key" in status.why.en


def test_a_wrong_key_identifier_alone_is_no_matter(pki: Pki) -> None:
    named = pki.root.issue("Named", (x509.SubjectKeyIdentifier(b"one"), False), authority=True)
    crl = named.crl((x509.AuthorityKeyIdentifier(b"two", None, None), False))
    assert asked(pki, person=named.issue("Person"), issuer=named, crls=[crl]).state == "good"


def test_a_list_of_a_distribution_point_for_some_reasons_proves_no_good(pki: Pki) -> None:
    where = [x509.UniformResourceIdentifier(URL)]
    point = x509.DistributionPoint(where, None, frozenset({x509.ReasonFlags.key_compromise}), None)
    person = pki.authority.issue("Person", (x509.CRLDistributionPoints([point]), False))
    assert "only about some reasons" in asked(pki, person=person, crls=[pki.authority.crl(idp(full_name=where))]).why.en


def test_a_crl_of_another_issuer_says_nothing(pki: Pki) -> None:
    assert asked(pki, crls=[pki.root.crl()]).state == "unknown"


def test_an_issuer_without_the_right_to_sign_crls_is_refused(pki: Pki) -> None:
    quiet = pki.root.issue("Quiet", authority=True, usages=("key_cert_sign",))
    assert asked(pki, person=quiet.issue("Person"), issuer=quiet, crls=[quiet.crl()]).state == "unknown"


@pytest.mark.parametrize(("ahead", "state"), [(30, "good"), (90, "unknown")])
def test_the_future_begins_after_a_minute(pki: Pki, ahead: int, state: str) -> None:
    assert asked(pki, crls=[pki.authority.crl(this=NOW + timedelta(seconds=ahead))]).state == state


def test_a_crl_that_was_no_longer_current_is_refused(pki: Pki) -> None:
    status = asked(pki, crls=[pki.authority.crl(this=NOW - 9 * DAY, until=NOW - DAY)])
    assert status.state == "unknown"
    assert "no longer current" in status.why.en


def test_an_expired_crl_still_speaks_for_a_time_when_it_was_current(pki: Pki) -> None:
    crl = pki.authority.crl(this=NOW - 9 * DAY, until=NOW - DAY)
    assert asked(pki, crls=[crl], at=NOW - 2 * DAY).state == "good"


def test_the_policys_freshness_binds(pki: Pki) -> None:
    crl = pki.authority.crl(this=NOW - 3 * DAY)
    assert asked(pki, crls=[crl], freshness=4 * DAY).state == "good"
    assert asked(pki, crls=[crl], freshness=2 * DAY).state == "unknown"


def test_a_list_made_after_the_expiry_does_not_prove_good(pki: Pki) -> None:
    brief = pki.authority.issue("Brief", ends=NOW - 5 * DAY)
    assert asked(pki, person=brief, crls=[pki.authority.crl()], at=NOW - 6 * DAY).state == "unknown"


def test_unless_the_list_keeps_expired_certificates(pki: Pki) -> None:
    brief = pki.authority.issue("Brief", ends=NOW - 5 * DAY)
    kept = x509.UnrecognizedExtension(ObjectIdentifier("2.5.29.60"), b"\x18\x0f20200101000000Z")
    assert asked(pki, person=brief, crls=[pki.authority.crl((kept, False))], at=NOW - 6 * DAY).state == "good"


def test_a_weak_digest_in_the_signature_is_refused(pki: Pki) -> None:
    crl = _signed_with_sha1(pki.authority)
    assert asked(pki, crls=[crl]).state == "unknown"
    assert asked(pki, crls=[crl], weak=frozenset({"sha1"})).state == "good"


def _signed_with_sha1(authority: Party) -> bytes:
    algorithm = der.sequence(der.encode_oid("1.2.840.10045.4.1"))
    version, _, *rest = der.whole(authority.crl()).children()[0].children()
    tbs = der.sequence(version.raw, algorithm, *(node.raw for node in rest))
    value = authority.key.sign(tbs, ec.ECDSA(hashes.SHA1()))  # noqa: S303
    return der.sequence(tbs, algorithm, der.tlv(der.BIT_STRING, b"\0" + value))


@pytest.mark.parametrize(
    ("scope", "state"),
    [
        ({"only_contains_user_certs": True}, "good"),
        ({"only_contains_ca_certs": True}, "unknown"),
        ({"only_contains_attribute_certs": True}, "unknown"),
        ({"indirect_crl": True}, "good"),
        ({"only_some_reasons": frozenset({x509.ReasonFlags.key_compromise})}, "unknown"),
    ],
)
def test_the_scope_of_a_list_binds(pki: Pki, scope: dict[str, Any], state: str) -> None:
    assert asked(pki, crls=[pki.authority.crl(idp(**scope))]).state == state


def test_a_list_for_authorities_is_about_authorities(pki: Pki) -> None:
    crl = pki.root.crl(idp(only_contains_ca_certs=True))
    assert asked(pki, person=pki.authority, issuer=pki.root, crls=[crl]).state == "good"
    crl = pki.root.crl(idp(only_contains_user_certs=True))
    assert asked(pki, person=pki.authority, issuer=pki.root, crls=[crl]).state == "unknown"


@pytest.mark.parametrize(("url", "state"), [(URL, "good"), ("http://crl.example/two.crl", "unknown")])
def test_a_distribution_point_must_be_one_of_the_certificates(pki: Pki, url: str, state: str) -> None:
    person = pki.authority.issue("Person", points("http://other.example/", URL))
    crl = pki.authority.crl(idp(full_name=[x509.UniformResourceIdentifier(url)]))
    assert asked(pki, person=person, crls=[crl]).state == state


def test_a_relative_distribution_point_is_joined_to_the_issuer(pki: Pki) -> None:
    relative = x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COMMON_NAME, "CRL1")])
    person = pki.authority.issue(
        "Person", (x509.CRLDistributionPoints([x509.DistributionPoint(None, relative, None, None)]), False)
    )
    assert asked(pki, person=person, crls=[pki.authority.crl(idp(relative_name=relative))]).state == "good"


def test_a_distribution_point_needs_one_in_the_certificate(pki: Pki) -> None:
    crl = pki.authority.crl(idp(full_name=[x509.UniformResourceIdentifier(URL)]))
    assert asked(pki, crls=[crl]).state == "unknown"


def test_lists_of_some_reasons_are_good_together(pki: Pki) -> None:
    every = set(x509.ReasonFlags) - {x509.ReasonFlags.unspecified, x509.ReasonFlags.remove_from_crl}
    some = frozenset({x509.ReasonFlags.key_compromise, x509.ReasonFlags.ca_compromise})
    first, rest = (pki.authority.crl(idp(only_some_reasons=part)) for part in (some, frozenset(every - some)))
    assert asked(pki, crls=[first, rest]).state == "good"
    assert "only about some reasons" in asked(pki, crls=[rest]).why.en


def test_a_delta_says_nothing_without_its_complete_list(pki: Pki) -> None:
    status = asked(pki, crls=[pki.authority.crl((x509.DeltaCRLIndicator(1), True))])
    assert status.state == "unknown"
    assert "without the complete CRL" in status.why.en


@pytest.mark.parametrize(
    "extension",
    [idp(only_some_reasons=frozenset({x509.ReasonFlags.key_compromise})), (x509.DeltaCRLIndicator(1), True)],
)
def test_a_partial_list_can_still_revoke(pki: Pki, extension: tuple[x509.ExtensionType, bool]) -> None:
    clean = pki.authority.crl()
    pki.authority.revoke(pki.person)
    assert asked(pki, crls=[clean, pki.authority.crl(extension)]).state == "revoked"


@pytest.mark.parametrize(("critical", "state"), [(True, "unknown"), (False, "good")])
def test_a_critical_extension_that_nobody_knows_makes_a_list_unusable(pki: Pki, critical: bool, state: str) -> None:
    odd = x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    assert asked(pki, crls=[pki.authority.crl((odd, critical))]).state == state


@pytest.mark.parametrize(("critical", "state"), [(True, "unknown"), (False, "good")])
def test_so_does_one_of_any_entry(pki: Pki, critical: bool, state: str) -> None:
    odd = x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    builder = x509.RevokedCertificateBuilder().serial_number(99).revocation_date(NOW - DAY)
    crl = pki.authority.crl(revoked=[builder.add_extension(odd, critical=critical).build()])
    assert asked(pki, crls=[crl]).state == state


def test_every_byte_of_a_list_is_under_its_signature(pki: Pki) -> None:
    crl = pki.authority.crl()
    assert asked(pki, crls=[crl]).state == "good"  # now its signature is remembered
    for position in range(4, len(crl), 7):
        broken = bytearray(crl)
        broken[position] ^= 1
        assert asked(pki, crls=[bytes(broken)]).state == "unknown"


def test_too_many_answers_are_never_good(pki: Pki) -> None:
    status = asked(pki, crls=[pki.authority.crl(), *[b"%d" % number for number in range(MAX_ANSWERS)]])
    assert status.state == "unknown"


def test_too_many_signatures_are_never_good(pki: Pki) -> None:
    forged = [pki.authority.crl(signer=pki.root, this=NOW - timedelta(minutes=n)) for n in range(MAX_CHECKS + 1)]
    assert asked(pki, crls=[pki.authority.crl(), *forged]).state == "unknown"


def test_rubbish_is_an_observation(pki: Pki) -> None:
    status = asked(pki, crls=[b"", b"\x30", b"rubbish", pki.authority.crl()], ocsps=[b"\x30\x00"])
    assert status.state == "good"
    assert len(status.observations) == 4


# ── OCSP ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_issuers_own_answer_counts(pki: Pki) -> None:
    status = asked(pki, ocsps=[pki.authority.ocsp(pki.person)])
    assert (status.state, status.source) == ("good", "ocsp")


def test_the_issuers_revoked_counts(pki: Pki) -> None:
    answer = pki.authority.ocsp(pki.person, status="revoked", at=NOW - 3 * DAY, reason=x509.ReasonFlags.superseded)
    status = asked(pki, ocsps=[answer])
    assert (status.state, status.revoked_at, status.reason) == ("revoked", NOW - 3 * DAY, "superseded")


def test_an_answer_about_another_certificate_says_nothing(pki: Pki) -> None:
    other = pki.authority.issue("Other")
    assert asked(pki, ocsps=[pki.authority.ocsp(other)]).state == "unknown"


def test_an_answer_about_the_same_serial_of_another_issuer_says_nothing(pki: Pki) -> None:
    twin = self_signed("Authority")
    stolen = twin.issue("Person", serial=pki.person.certificate.serial_number)
    assert asked(pki, ocsps=[twin.ocsp(stolen)]).state == "unknown"
    # the right CertID under the wrong key
    assert asked(pki, ocsps=[pki.authority.ocsp(pki.person, responder=twin, embed=False)]).state == "unknown"


def test_a_bare_basic_answer_is_read_too(pki: Pki) -> None:
    whole = pki.authority.ocsp(pki.person)
    bare = der.octets(der.whole(whole).children()[1].only().children()[1])
    assert asked(pki, ocsps=[bare]).state == "good"


def test_a_responder_that_the_issuer_named_counts(pki: Pki) -> None:
    assert asked(pki, ocsps=[pki.authority.ocsp(pki.person, responder=pki.authority.responder())]).state == "good"


def test_a_responder_without_the_purpose_is_refused(pki: Pki) -> None:
    answer = pki.authority.ocsp(pki.person, responder=pki.authority.responder(purpose=False))
    assert asked(pki, ocsps=[answer]).state == "unknown"


def test_any_person_under_the_issuer_is_no_responder(pki: Pki) -> None:
    mallory = pki.authority.issue("Mallory", usages=("digital_signature",))
    assert asked(pki, ocsps=[pki.authority.ocsp(pki.person, responder=mallory)]).state == "unknown"


def test_a_responder_of_another_issuer_is_refused(pki: Pki) -> None:
    stranger = self_signed("Authority").responder()
    assert asked(pki, ocsps=[pki.authority.ocsp(pki.person, responder=stranger)]).state == "unknown"


def test_a_self_made_responder_is_refused(pki: Pki) -> None:
    forged = pki.authority.responder(signer=self_signed("x").key)
    assert asked(pki, ocsps=[pki.authority.ocsp(pki.person, responder=forged)]).state == "unknown"


def test_a_responder_one_step_further_down_is_refused(pki: Pki) -> None:
    below = pki.authority.issue("Below", authority=True)
    answer = pki.authority.ocsp(pki.person, responder=below.responder())
    assert asked(pki, ocsps=[answer]).state == "unknown"


def test_a_responder_must_be_valid_when_it_answers(pki: Pki) -> None:
    old = pki.authority.responder(ends=NOW - 5 * DAY)
    answer = pki.authority.ocsp(pki.person, responder=old)
    assert asked(pki, ocsps=[answer], now=NOW + 1000 * DAY).state == "unknown"


def test_a_responder_without_nocheck_needs_a_status(pki: Pki) -> None:
    present = _now_pki(pki)
    responder = pki.authority.responder(nocheck=False)
    answer = pki.authority.ocsp(pki.person, responder=responder, this=present - DAY, until=present + DAY)
    crl = pki.authority.crl(this=present - DAY, until=present + DAY)
    assert asked(pki, ocsps=[answer], at=present, now=present).state == "unknown"
    status = asked(pki, ocsps=[answer], crls=[crl], at=present, now=present)
    assert (status.state, status.observations) == ("good", ())


def test_a_revoked_responder_is_refused(pki: Pki) -> None:
    present = _now_pki(pki)
    responder = pki.authority.responder(nocheck=False)
    pki.authority.revoke(responder)
    answer = pki.authority.ocsp(pki.person, responder=responder, this=present - DAY, until=present + DAY)
    status = asked(pki, ocsps=[answer], crls=[pki.authority.crl()], at=present, now=present)
    assert "responder is revoked" in status.why.en


def _now_pki(pki: Pki) -> datetime:
    """The moment at which answers made here are produced (cryptography writes the real present)."""
    answer = ocsp_shape.parse(pki.authority.ocsp(pki.person))
    return answer.produced_at


def test_two_statements_about_one_certificate_the_worse_wins(pki: Pki) -> None:
    answers = [pki.authority.ocsp(pki.person), pki.authority.ocsp(pki.person, status="revoked")]
    assert asked(pki, ocsps=answers).state == "revoked"
    assert asked(pki, ocsps=answers[::-1]).state == "revoked"


def test_a_statement_that_may_not_be_used_does_not_silence_a_revoked_one(pki: Pki) -> None:
    """One answer with an unusable statement first and "revoked" second, both about the same certificate."""
    singles = [
        der.whole(der.octets(der.whole(answer).children()[1].only().children()[1]))
        .children()[0]
        .children()[2]
        .children()[0]
        for answer in (
            pki.authority.ocsp(pki.person, status="unknown"),
            pki.authority.ocsp(pki.person, status="revoked"),
        )
    ]
    for order in (singles, singles[::-1]):
        assert asked(pki, ocsps=[_answer_with(pki.authority, [node.raw for node in order])]).state == "revoked"


def _answer_with(authority: Party, singles: list[bytes]) -> bytes:
    tbs, algorithm, *_ = der.whole(
        der.octets(der.whole(authority.ocsp(authority)).children()[1].only().children()[1])
    ).children()
    fields = [node.raw for node in tbs.children()]
    signed = der.sequence(*fields[:2], der.sequence(*singles), *fields[3:])
    value = authority.key.sign(signed, ec.ECDSA(hashes.SHA256()))
    return der.sequence(signed, algorithm.raw, der.tlv(der.BIT_STRING, b"\0" + value))


def test_unknown_is_no_good(pki: Pki) -> None:
    assert asked(pki, ocsps=[pki.authority.ocsp(pki.person, status="unknown")]).state == "unknown"


def test_an_answer_without_an_end_needs_a_freshness(pki: Pki) -> None:
    answer = pki.authority.ocsp(pki.person, until=None)
    assert asked(pki, ocsps=[answer]).state == "unknown"
    assert asked(pki, ocsps=[answer], freshness=2 * DAY).state == "good"
    assert asked(pki, ocsps=[answer], at=NOW - 2 * DAY).state == "good"


def test_an_answer_from_the_future_is_refused(pki: Pki) -> None:
    assert asked(pki, ocsps=[pki.authority.ocsp(pki.person, this=NOW + DAY, until=NOW + 2 * DAY)]).state == "unknown"


def test_a_critical_extension_of_an_answer_is_refused(pki: Pki) -> None:
    odd = x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    assert asked(pki, ocsps=[pki.authority.ocsp(pki.person, extra=((odd, True),))]).state == "unknown"
    assert asked(pki, ocsps=[pki.authority.ocsp(pki.person, extra=((odd, False),))]).state == "good"


def test_an_error_answer_says_which(pki: Pki) -> None:
    from cryptography.x509 import ocsp

    refusal = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER).public_bytes(Encoding.DER)
    assert "tryLater" in asked(pki, ocsps=[refusal]).why.en


def test_our_request_names_the_certificate(pki: Pki) -> None:
    from cryptography.x509 import ocsp

    request = ocsp.load_der_ocsp_request(
        ocsp_shape.encode_request(pki.person.parsed, pki.authority.parsed, nonce=b"n" * 16)
    )
    assert request.serial_number == pki.person.certificate.serial_number
    assert request.extensions[0].value == x509.OCSPNonce(b"n" * 16)


def test_every_byte_of_an_answer_is_under_its_signature(pki: Pki) -> None:
    answer = pki.authority.ocsp(pki.person)
    assert asked(pki, ocsps=[answer]).state == "good"
    for position in range(60, len(answer), 7):
        broken = bytearray(answer)
        broken[position] ^= 1
        assert asked(pki, ocsps=[bytes(broken)]).state == "unknown"


def test_no_answer_given_for_one_document_helps_another(pki: Pki) -> None:
    assert asked(pki, crls=[pki.authority.crl()]).state == "good"
    assert asked(pki).state == "unknown"
