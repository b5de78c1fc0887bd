from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from eidkit import canonical
from eidkit.binding import shape
from eidkit.binding.attestation import Attestation, attest
from eidkit.errors import EidkitError, KeyUnusable, NotSupported, SigningError


@pytest.fixture
def attested(authentication, service_key):
    return attest(authentication, service_key, authentication.authenticated_at + timedelta(seconds=1))


def _parts(jws):
    head, body, value = jws.split(".")
    return canonical.loads(shape.base64url_bytes(head, "h")), canonical.loads(shape.base64url_bytes(body, "b")), value


def _joined(header, claims, value):
    return f"{shape.base64url(canonical.dumps(header))}.{shape.base64url(canonical.dumps(claims))}.{value}"


def test_attested_authentication_agrees_with_its_attestation(attested):
    read = Attestation.read(attested.attestation)
    assert read.signature_holds()
    assert read.disagreements(attested) == ()
    assert (read.claims.authentication, read.claims.method) == (attested.digest, "totp")


def test_attesting_does_not_change_the_digest(authentication, attested):
    assert attested.digest == authentication.digest


@pytest.mark.parametrize(
    ("make", "alg"),
    [
        (lambda: ec.generate_private_key(ec.SECP384R1()), "ES384"),
        (lambda: ec.generate_private_key(ec.SECP521R1()), "ES512"),
        (ed25519.Ed25519PrivateKey.generate, "EdDSA"),
        (lambda: rsa.generate_private_key(65537, 2048), "RS256"),
    ],
)
def test_every_kind_of_key_attests(authentication, service_key, make, alg):
    read = Attestation.read(
        attest(authentication, type(service_key)(make()), authentication.authenticated_at).attestation
    )
    assert read.algorithm == alg
    assert read.signature_holds()


@pytest.mark.parametrize(
    "make", [ed448.Ed448PrivateKey.generate, lambda: ec.generate_private_key(ec.BrainpoolP256R1())]
)
def test_a_key_that_no_alg_fits_is_refused_by_name(authentication, service_key, make):
    key = type(service_key)(ec.generate_private_key(ec.SECP256R1()))
    private = make()
    key.certificate = _Certificate(key.certificate, private.public_key())
    with pytest.raises(NotSupported):
        attest(authentication, key, authentication.authenticated_at)


class _Certificate:
    """A certificate that claims another key."""

    def __init__(self, certificate, key):
        self._certificate, self._key = certificate, key

    def public_key(self):
        return self._key

    def __getattr__(self, name):
        return getattr(self._certificate, name)


def test_a_certificate_outside_its_period_does_not_attest(authentication, service_key):
    for moment in (service_key.certificate.not_valid_after_utc, service_key.certificate.not_valid_before_utc):
        with pytest.raises(KeyUnusable):
            attest(authentication, service_key, moment + timedelta(days=1) * (1 if moment.year > 2026 else -1))


def test_a_key_that_does_not_belong_to_its_certificate_is_noticed(authentication, service_key):
    other = type(service_key)(ec.generate_private_key(ec.SECP256R1()))
    other.certificate = service_key.certificate
    with pytest.raises(SigningError):
        attest(authentication, other, authentication.authenticated_at)


def test_another_key_in_x5c_does_not_verify(attested, service_key):
    header, claims, value = _parts(attested.attestation)
    from cryptography.hazmat.primitives.serialization import Encoding

    other = type(service_key)(ec.generate_private_key(ec.SECP256R1()))
    header["x5c"] = [base64.b64encode(other.certificate.public_bytes(Encoding.DER)).decode()]
    assert not Attestation.read(_joined(header, claims, value)).signature_holds()


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("transaction", "00" * 32),
        ("authentication", "00" * 32),
        ("subject", "00" * 32),
        ("method", "oidc"),
        ("assurance", []),
        ("proof_class", "transferable"),
        ("authenticated_at", "2026-03-02T09:14:41Z"),
    ],
)
def test_a_changed_member_disagrees_and_breaks_the_signature(attested, member, value):
    header, claims, signature = _parts(attested.attestation)
    read = Attestation.read(_joined(header, {**claims, member: value}, signature))
    assert read.disagreements(attested) == (member,)
    assert not read.signature_holds()


HEADERS = {
    "alg none": {"alg": "none"},
    "alg HS256": {"alg": "HS256"},
    "other typ": {"typ": "JWT"},
    "crit": {"crit": ["b64"]},
    "kid": {"kid": "1"},
    "jku": {"jku": "https://evil.example"},
    "b64": {"b64": False},
    "empty x5c": {"x5c": []},
    "x5c not a list": {"x5c": "MIIB"},
    "x5c in base64url": {"x5c": ["_-_-"]},
}


@pytest.mark.parametrize("name", HEADERS)
def test_header_refused(attested, name):
    header, claims, value = _parts(attested.attestation)
    with pytest.raises(EidkitError):
        Attestation.read(_joined({**header, **HEADERS[name]}, claims, value))


def test_a_chain_in_x5c_is_refused(attested):
    header, claims, value = _parts(attested.attestation)
    with pytest.raises(EidkitError):
        Attestation.read(_joined({**header, "x5c": header["x5c"] * 2}, claims, value))


def test_an_alg_that_does_not_fit_the_key_does_not_verify(attested):
    header, claims, value = _parts(attested.attestation)
    for alg in ("ES384", "RS256", "PS256", "EdDSA"):
        assert not Attestation.read(_joined({**header, "alg": alg}, claims, value)).signature_holds()


def test_a_certificate_that_is_none_does_not_verify(attested):
    header, claims, value = _parts(attested.attestation)
    assert not Attestation.read(_joined({**header, "x5c": ["AAAA"]}, claims, value)).signature_holds()


def test_no_octet_of_its_certificate_may_change(attested):
    """Among them is a version that there is not, which is no ValueError of the library that reads it."""
    header, claims, value = _parts(attested.attestation)
    der = shape.base64_bytes(header["x5c"][0], "x5c")
    for at in range(len(der)):
        other = shape.base64_text(der[:at] + bytes([der[at] ^ 0x41]) + der[at + 1 :])
        read = Attestation.read(_joined({**header, "x5c": [other]}, claims, value))
        assert not read.signature_holds()


def test_der_instead_of_raw_ecdsa_does_not_verify(attested):
    from eidkit.algorithms import ecdsa_from_plain

    header, claims, value = _parts(attested.attestation)
    der = shape.base64url(ecdsa_from_plain(shape.base64url_bytes(value, "v")))
    assert not Attestation.read(_joined(header, claims, der)).signature_holds()


def test_other_spellings_of_the_same_content_are_refused(attested):
    head, body, value = attested.attestation.split(".")
    loose = shape.base64url(b" " + shape.base64url_bytes(body, "b"))
    for jws in (
        f"{head}=.{body}.{value}",
        f"{head}.{loose}.{value}",
        f"{head}.{body}.{value}\n",
        f"{head}.{body}.{value}.",
        f"{head}.{body}",
        "",
        "." * 40_000,
        attested.attestation + "A" * 40_000,
    ):
        with pytest.raises(EidkitError):
            Attestation.read(jws)


def test_a_duplicate_member_is_refused(attested):
    head, body, value = attested.attestation.split(".")
    text = shape.base64url_bytes(body, "b").decode()
    twice = shape.base64url((text[:-1] + ',"v":1}').encode())
    with pytest.raises(EidkitError):
        Attestation.read(f"{head}.{twice}.{value}")
