"""The sandbox's OCSP answers, as another library reads them."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import given
from hypothesis import strategies as st

from eidkit.sandbox import Sandbox
from eidkit.sandbox.responder import MALFORMED, answer
from eidkit.transport import Request

if TYPE_CHECKING:
    from eidkit.clock import FixedClock


@pytest.fixture
def own(clock: FixedClock) -> Sandbox:
    return Sandbox.create(clock=clock)


def asked(
    own: Sandbox, certificate: x509.Certificate, issuer: x509.Certificate, nonce: bytes = b""
) -> ocsp.OCSPResponse:
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA256())
    if nonce:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    request = builder.build().public_bytes(Encoding.DER)
    return ocsp.load_der_ocsp_response(own.authorities["official"].ocsp(request, own.clock.now()))


def test_a_good_answer_names_time_and_certificate_and_echoes_the_nonce(own: Sandbox) -> None:
    key = own.official("Nguyễn Thị Lan", "000190000022")
    response = asked(own, key.certificate, key.chain[0], nonce=b"0123456789abcdef")
    assert response.certificate_status == ocsp.OCSPCertStatus.GOOD
    assert response.serial_number == key.certificate.serial_number
    assert response.produced_at_utc == response.this_update_utc == own.clock.now()
    assert response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"0123456789abcdef"


def test_a_revoked_answer_says_when_and_why(own: Sandbox) -> None:
    key = own.official("Nguyễn Thị Lan", "000190000022")
    own.revoke(key, reason="cessationOfOperation")
    response = asked(own, key.certificate, key.chain[0])
    assert response.certificate_status == ocsp.OCSPCertStatus.REVOKED
    assert response.revocation_reason == x509.ReasonFlags.cessation_of_operation
    assert response.revocation_time_utc == own.clock.now()


def test_a_request_in_the_address_is_answered_like_one_in_the_body(own: Sandbox) -> None:
    """RFC 6960 §A.1: the base64 of the request, percent-encoded or not, slashes included."""
    key = own.official("Nguyễn Thị Lan", "000190000022")
    address = key.certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value[0]
    url = address.access_location.value
    request = ocsp.OCSPRequestBuilder().add_certificate(key.certificate, key.chain[0], hashes.SHA256()).build()
    encoded = base64.b64encode(request.public_bytes(Encoding.DER)).decode()
    for spelt in (encoded, quote(encoded, safe="")):
        body = own.send(Request("GET", f"{url}/{spelt}")).body
        assert ocsp.load_der_ocsp_response(body).certificate_status == ocsp.OCSPCertStatus.GOOD
    assert own.send(Request("GET", f"{url}/no-base64!")).body == MALFORMED


def test_a_certificate_of_nobody_is_unknown(own: Sandbox, clock: FixedClock) -> None:
    stranger = Sandbox.create(clock=clock).official("Nguyễn Thị Lan", "000190000022")
    response = asked(own, stranger.certificate, own.authorities["official"].certificate)
    assert response.certificate_status == ocsp.OCSPCertStatus.UNKNOWN


def test_its_signature_is_the_authoritys(own: Sandbox) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec

    key = own.official("Nguyễn Thị Lan", "000190000022")
    response = asked(own, key.certificate, key.chain[0])
    public = own.authorities["official"].certificate.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(response.signature, response.tbs_response_bytes, ec.ECDSA(hashes.SHA256()))


@given(st.binary(max_size=80))
def test_junk_is_answered_as_malformed(data: bytes) -> None:
    from datetime import UTC, datetime, timedelta

    assert answer(None, data, datetime(2026, 3, 2, tzinfo=UTC), timedelta(days=1)) == MALFORMED  # type: ignore[arg-type]
