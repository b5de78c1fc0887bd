"""binding.md §6.2, §6.4 and §6.6 broken one by one: the assertion, the attestation, the proof and the times."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from eidkit import algorithms, canonical
from eidkit.asn1 import attributes, der
from eidkit.binding import shape
from eidkit.binding.attestation import TYP, Attestation
from eidkit.binding.authentication import Assurance, Proof
from eidkit.binding.procedure import AssuranceRule
from eidkit.identity import Identity
from eidkit.sandbox import people
from eidkit.trust.sources import Sources
from eidkit.vn import five_steps
from eidkit.xml import templates


def forged(key, claims):
    """An attestation JWS over any claims, by any P-256 key, whatever its certificate says."""
    import base64

    header = {"alg": "ES256", "typ": TYP, "x5c": [base64.b64encode(key.certificate_der).decode()]}
    head, body = (shape.base64url(canonical.dumps(part)) for part in (header, claims))
    value = key.sign(f"{head}.{body}".encode(), algorithms.SIGNATURE_BY_NAME["ecdsa-sha256"])
    return f"{head}.{body}.{shape.base64url(algorithms.ecdsa_to_plain(value, 256))}"


def claimed(key, **members):
    """Changes members of the attestation and has ``key`` sign it again."""

    def change(jws):
        return forged(key, {**Attestation.read(jws).claims.to_json(), **members})

    return change


def service(
    stage, name="Trung tâm khác", mst="0000000099", *, root="service-root", public_key=None, identity=None, **flaws
):
    """Another service with a certificate for attestations."""
    who = identity or Identity("vn-mst", mst, name)
    made = stage.sandbox._issue(root, people.agency(who, mns=None), who, "p256", "attestation", flaws)
    if public_key is None:
        return made
    from eidkit.sandbox.authority import Flaws

    authority = stage.sandbox.authorities[root]
    now = stage.clock.now().replace(microsecond=0)
    certificate = authority.issue(
        people.agency(who, mns=None), public_key.certificate.public_key(), "attestation", now, Flaws()
    )
    return type(made)(public_key.private_key, certificate, (), who)


# ── §6.2: the assertion and the attestation ─────────────────────────────────────────────────────────────────

_UNDECIDED = {"STEP_SIGNATURE_UNDECIDED", "LOGIN_NOT_BOUND"}


def test_a_signature_without_a_login(stage, turn, caught):
    silent = turn(jws=lambda _jws: None)
    caught(
        stage.play(stage.opened(), {"result": silent}),
        "SIGNATURE_UNACCOUNTED",
        "DOCUMENT_NOT_SIGNED",
        "LOGIN_UNUSED",
    )


def test_a_signature_with_two_logins(stage, turn, caught):
    def patch(bent, label):
        if label == "permit":
            real = attributes.signer_attributes

            bent.setattr(attributes, "signer_attributes", lambda *said: _with_two_assertions(real(*said)))
        else:
            real = templates._roles
            bent.setattr(templates, "_roles", lambda said: _doubled(real(said)))

    caught(stage.play(stage.opened(), {"approval": turn(patch=patch)}), "ASSERTION_REPEATED", *_UNDECIDED)


def _doubled(text):
    start = text.index("<xades:SignedAssertion>")
    end = text.index("</xades:SignedAssertions>")
    return text[:end] + text[start:end] + text[end:]


def _with_two_assertions(attribute):
    """The signer-attributes-v2 attribute with its SignedAssertion twice."""
    node = der.read(attribute)
    oid, values = node.children()
    (value,) = values.children()
    *others, asserted = value.children()
    (listed,) = asserted.children()
    twice = der.explicit(2, der.sequence(*[one.raw for one in listed.children()] * 2))
    inner = der.sequence(*[one.raw for one in others], twice)
    return der.sequence(oid.raw, der.set_of([inner]))


def test_an_attestation_signed_by_another_key_than_it_names(stage, turn, caught):
    def broken(jws):
        head, body, value = jws.split(".")
        return f"{head}.{body}.{'A' if value[0] != 'A' else 'B'}{value[1:]}"

    caught(stage.play(stage.opened(), {"approval": turn(jws=broken)}), "ATTESTATION_SIGNATURE", *_UNDECIDED)


def test_an_attestation_with_a_critical_header_of_its_own(stage, turn, caught):
    def broken(jws):
        head, body, value = jws.split(".")
        header = canonical.loads(shape.base64url_bytes(head, "header")) | {"crit": []}
        return f"{shape.base64url(canonical.dumps(header))}.{body}.{value}"

    caught(
        stage.play(stage.opened(), {"approval": turn(jws=broken)}),
        "ATTESTATION_MALFORMED",
        "SIGNATURE_UNACCOUNTED",
        "DOCUMENT_NOT_SIGNED",
        "LOGIN_UNUSED",
        "TRANSACTION_PRESENT",
        "EARLIER_STATE_DIFFERS",
    )


def test_a_statement_of_the_service_of_another_kind(stage, turn, caught):
    """The very claims under the typ of an identity link: what was signed for one use is none for another."""
    from eidkit.binding.identity_link import TYP as LINK
    from eidkit.binding.service_jws import signed

    def other(jws):
        claims = Attestation.read(jws).claims
        return signed(claims.to_json(), LINK, stage.sandbox.service_key, claims.issued_at).text

    caught(
        stage.play(stage.opened(), {"result": turn(jws=other)}),
        "ATTESTATION_MALFORMED",
        "SIGNATURE_UNACCOUNTED",
        "DOCUMENT_NOT_SIGNED",
        "LOGIN_UNUSED",
    )


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("transaction", "6" * 64),
        ("subject", "7" * 64),
        ("method", "oidc"),
        ("proof_class", "transferable"),
        ("assurance", []),
        ("authenticated_at", "2026-03-02T04:00:00Z"),
    ],
)
def test_an_attestation_that_disagrees_with_its_file(stage, turn, caught, member, value):
    key = stage.sandbox.service_key
    mutant = stage.play(stage.opened(), {"approval": turn(jws=claimed(key, **{member: value}))})
    caught(mutant, "ATTESTATION_DISAGREES", *_UNDECIDED)


def test_an_attestation_of_another_login(stage, turn, caught):
    key = stage.sandbox.service_key
    mutant = stage.play(stage.opened(), {"result": turn(jws=claimed(key, authentication="8" * 64))})
    caught(mutant, "LOGIN_MISSING", "DOCUMENT_NOT_SIGNED", "LOGIN_UNUSED")


def test_a_login_file_changed_afterwards(stage, caught, honest):
    login = honest.authentications[-1]
    other = replace(login, warnings=("nothing to see",))
    caught(
        replace(honest, authentications=(*honest.authentications[:-1], other)),
        "LOGIN_MISSING",
        "DOCUMENT_NOT_SIGNED",
        "LOGIN_UNUSED",
    )


def test_another_agencys_attester(stage, turn, caught):
    caught(stage.play(stage.opened(), {"approval": turn(attester=service(stage))}), "ATTESTER_NOT_NAMED")


def test_an_attester_of_one_signature_among_two(stage, turn, caught):
    """The permit carries the named service's attestation of the login, the form another one's."""
    other = service(stage)
    said = []

    def second_by_another(text):
        said.append(text)
        return text if len(said) == 1 else forged(other, Attestation.read(text).claims.to_json())

    caught(stage.play(stage.opened(), {"approval": turn(jws=second_by_another)}), "ATTESTER_NOT_NAMED")


def test_an_attester_under_another_root(stage, turn, caught):
    """The very organisation that the procedure names, with a certificate of the signing authority."""
    same_body = service(stage, root="public", identity=stage.sandbox.service_key.identity)
    caught(
        stage.play(stage.opened(), {"approval": turn(attester=same_body)}),
        "ATTESTATION_UNTRUSTED",
        "STEP_SIGNATURE_UNDECIDED",
    )


def test_an_attester_whose_certificate_was_revoked(stage, turn, caught):
    revoked = service(stage, identity=stage.sandbox.service_key.identity)
    dossier = stage.opened()
    stage.sandbox.revoke(revoked)
    caught(stage.play(dossier, {"approval": turn(attester=revoked)}), "ATTESTATION_REVOKED", *_UNDECIDED)


def test_an_attester_revoked_after_the_signature_still_counts(stage, turn):
    later = service(stage, identity=stage.sandbox.service_key.identity)
    dossier = stage.play(stage.opened(), {"approval": turn(attester=later)})
    stage.clock.advance(timedelta(minutes=1))
    stage.sandbox.revoke(later)
    assert stage.verify(dossier).verdict == "COMPLETE"


def test_an_attester_whose_certificate_had_expired(stage, turn, caught):
    expired = service(stage, identity=stage.sandbox.service_key.identity, expired=True)
    key = stage.sandbox.service_key
    again = turn(jws=lambda jws: forged(expired, Attestation.read(jws).claims.to_json()))
    assert key.identity == expired.identity
    caught(stage.play(stage.opened(), {"approval": again}), "ATTESTATION_PERIOD", "ATTESTATION_NO_POE", *_UNDECIDED)


def test_an_attester_whose_status_nobody_shows(stage, turn, caught, honest):
    others = [a.crl(stage.clock.now()) for slug, a in stage.sandbox.authorities.items() if slug != "service-root"]
    caught(
        honest,
        "ATTESTATION_STATUS_UNKNOWN",
        "STEP_SIGNATURE_UNDECIDED",
        sources=Sources.of(crls=others),
        transport=None,
    )


def test_an_attester_expired_since_whose_status_was_not_kept(stage, turn, caught):
    end = stage.clock.now() + timedelta(hours=5)
    short = service(stage, identity=stage.sandbox.service_key.identity, not_after=end)
    mutant = stage.play(stage.opened(), {"approval": turn(attester=short)})
    slugs = [slug for slug in stage.sandbox.authorities if slug != "service-root"]
    later = stage.clock.now() + timedelta(hours=6)
    others = [stage.sandbox.authorities[slug].crl(stage.clock.now()) for slug in slugs]
    report = caught(
        mutant,
        "ATTESTATION_NO_POE",
        "ATTESTATION_STATUS_UNKNOWN",
        exactly=False,
        sources=Sources.of(crls=others),
        transport=None,
        at=later,
    )
    assert {f.subindication for f in report.all_findings if f.code == "ATTESTATION_NO_POE"} == {"OUT_OF_BOUNDS_NO_POE"}


def test_the_attestation_key_signs_the_document_too(stage, turn, caught):
    """One key, two certificates: the service could have made up both."""
    both = service(stage, identity=stage.sandbox.service_key.identity, public_key=stage.lan)
    caught(stage.play(stage.opened(), {"approval": turn(attester=both)}), "ATTESTATION_KEY_REUSED", *_UNDECIDED)


# ── §6.4: the proof, its class, its assurance ───────────────────────────────────────────────────────────────


def test_a_made_up_code(stage, turn, caught):
    """The record of a code that answered another challenge."""

    def other(login):
        value = b"\0" * 32
        proof = stage.otp_proof(value)
        return replace(login, proof=Proof.of(*proof), disclosure=replace(login.disclosure, proof=proof[1]))

    caught(stage.play(stage.opened(), {"approval": turn(login=other)}), "LOGIN_RECHECK")


def test_a_code_of_another_time(stage, turn, caught):
    def other(login):
        proof = stage.otp_proof(login.challenge_value, timedelta(hours=-1))
        return replace(login, proof=Proof.of(*proof), disclosure=replace(login.disclosure, proof=proof[1]))

    caught(stage.play(stage.opened(), {"approval": turn(login=other)}), "LOGIN_RECHECK")


def test_a_code_called_transferable(stage, turn, caught):
    other = turn(login=lambda login: replace(login, proof_class="transferable"))
    caught(stage.play(stage.opened(), {"approval": other}), "LOGIN_RECHECK", "PROOF_CLASS_CLAIMED")


def test_a_way_to_log_in_that_nobody_can_check(stage, turn, caught):
    other = turn(login=lambda login: replace(login, method="telepathy"))
    caught(stage.play(stage.opened(), {"approval": other}), "LOGIN_RECHECK_UNDECIDED", "ASSURANCE_UNDECIDED")


def demanding(stage, **demands):
    return five_steps(
        attesters=stage.procedure.attesters,
        mandate=stage.seal.identity,
        holders=dict(stage.procedure.holders),
        **demands,
    )


def test_a_code_for_a_step_that_wants_two_factors(stage, turn, caught, honest):
    """The login claims level 2; what a one-time code can be worth is in the verifier's table."""
    procedure = demanding(stage, assurance={"approval": AssuranceRule("vn-2024", "2")})
    boast = turn(login=lambda login: replace(login, assurance=(Assurance("vn-2024", "2", "policy"),)))
    caught(stage.play(stage.opened(procedure), {"approval": boast}), "ASSURANCE_TOO_LOW")


def test_an_assurance_of_another_scheme(stage, turn, caught):
    procedure = demanding(stage, assurance={"approval": AssuranceRule("eidas", "low")})
    caught(stage.play(stage.opened(procedure)), "ASSURANCE_TOO_LOW")


def test_a_code_for_a_step_that_wants_a_provider(stage, caught):
    procedure = demanding(stage, proof_class={"approval": "asserted"})
    caught(stage.play(stage.opened(procedure)), "PROOF_CLASS_TOO_LOW")


# ── §6.6: the times ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_login_after_its_challenge_ended(stage, turn, caught):
    def late(login):
        return replace(login, challenge=replace(login.challenge, expires=login.challenge.issued + timedelta(seconds=5)))

    caught(stage.play(stage.opened(), {"approval": turn(login=stage.proved(late))}), "CHALLENGE_TIMES", *_UNDECIDED)


def test_a_login_before_its_challenge_began(stage, turn, caught):
    def early(login):
        return replace(login, challenge=replace(login.challenge, issued=login.authenticated_at + timedelta(seconds=5)))

    caught(stage.play(stage.opened(), {"approval": turn(login=stage.proved(early))}), "CHALLENGE_TIMES", *_UNDECIDED)


def test_an_attestation_before_the_login(stage, turn, caught):
    caught(
        stage.play(stage.opened(), {"approval": turn(issued_after=timedelta(minutes=-1))}),
        "ATTESTED_BEFORE_LOGIN",
        *_UNDECIDED,
    )


def test_an_attestation_long_after_the_signature(stage, turn, caught):
    caught(
        stage.play(stage.opened(), {"approval": turn(issued_after=timedelta(minutes=5))}),
        "ATTESTED_AFTER_SIGNATURE",
        *_UNDECIDED,
    )


def test_an_attestation_within_the_clocks_tolerance(stage, turn):
    within = turn(issued_after=timedelta(minutes=1, seconds=59))
    assert stage.verify(stage.play(stage.opened(), {"approval": within})).verdict == "COMPLETE"


def test_a_stale_login(stage, turn, caught):
    caught(stage.play(stage.opened(), {"approval": turn(wait=timedelta(minutes=16))}), "LOGIN_TOO_OLD")


def test_a_signature_without_a_timestamp(stage, turn, caught):
    report = caught(
        stage.play(stage.opened(), {"approval": turn(tsa=False)}), "TIME_NOT_PROVED", "SIGNATURE_LEVEL_TOO_LOW"
    )
    assert "LOGIN_TIME_CLAIMED" in report.codes


def test_a_certificate_that_begins_after_the_signature(stage, turn, caught):
    later = stage.sandbox.official("Nguyễn Thị Lan", "000190000022", not_before=stage.clock.now() + timedelta(days=1))
    caught(
        stage.play(stage.opened(), {"approval": turn(signer=later)}),
        "NOT_YET_VALID",
        "SIGNER_CERTIFICATE_LATER",
        "STEP_SIGNATURE_FAILED",
        "LOGIN_NOT_BOUND",
    )
