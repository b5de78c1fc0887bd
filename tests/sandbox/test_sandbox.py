"""The make-believe infrastructure: real certificates, real answers, and every flaw on demand."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from eidkit import algorithms
from eidkit.asn1 import certificate as x509
from eidkit.clock import FixedClock
from eidkit.errors import KeyUnusable, NotSupported, TransportError
from eidkit.identity import Identity
from eidkit.sandbox import Sandbox
from eidkit.transport import Request
from eidkit.trust.path import find_path
from eidkit.trust.revocation import Status, status_of
from eidkit.trust.subject import subject_of

if TYPE_CHECKING:
    from eidkit.asn1.certificate import Certificate
    from eidkit.sandbox import SandboxKey
    from eidkit.trust.path import PathResult

LAN = ("Nguyễn Thị Lan", "000190000022")


@pytest.fixture
def own(clock: FixedClock) -> Sandbox:
    """A sandbox whose clock this test may move."""
    return Sandbox.create(clock=clock)


def parsed(key: SandboxKey) -> Certificate:
    return x509.parse(key.certificate_der)


def issuers(key: SandboxKey) -> list[Certificate]:
    from cryptography.hazmat.primitives.serialization import Encoding

    return [x509.parse(one.public_bytes(Encoding.DER)) for one in key.chain]


def path(sandbox: Sandbox, key: SandboxKey, kind: str = "signing", at: datetime | None = None) -> PathResult:
    return find_path(
        parsed(key),
        pool=issuers(key),
        anchors=sandbox.trust.of_kind(kind),
        at=at or sandbox.clock.now(),
        purpose=kind,
    )


def online_status(sandbox: Sandbox, key: SandboxKey) -> Status:
    leaf, issuer = parsed(key), issuers(key)[0]
    now = sandbox.clock.now()
    crls, ocsps = sandbox.sources.revocation(leaf, issuer, transport=sandbox)
    return status_of(leaf, issuer, crls=crls, ocsps=ocsps, at=now, now=now)


class TestMaking:
    def test_it_is_made_in_a_moment(self, clock: FixedClock) -> None:
        Sandbox.create(clock=clock)
        began = time.perf_counter()
        Sandbox.create(clock=clock)
        assert time.perf_counter() - began < 0.05

    def test_nothing_is_shared_between_two(self, clock: FixedClock) -> None:
        one, other = Sandbox.create(clock=clock), Sandbox.create(clock=clock)
        assert not path(other, one.official(*LAN)).ok

    def test_there_are_anchors_of_each_kind(self, sandbox: Sandbox) -> None:
        kinds = {anchor.kind for anchor in sandbox.trust.anchors}
        assert kinds == {"signing", "login", "timestamping", "attestation"}


class TestPeople:
    @pytest.mark.parametrize("kind", ["rsa2048", "rsa3072", "p256", "p384", "p521", "ed25519"])
    def test_each_kind_of_key_signs_and_chains(self, sandbox: Sandbox, kind: str) -> None:
        key = sandbox.official(*LAN, key=kind)
        algorithm = algorithms.suited(key.certificate.public_key())
        value = key.sign(b"data", algorithm)
        assert algorithms.verify_signature(key.certificate.public_key(), algorithm, value, b"data")
        assert path(sandbox, key).ok

    def test_pss(self, sandbox: Sandbox) -> None:
        key = sandbox.official(*LAN, key="rsa2048")
        algorithm = algorithms.suited(key.certificate.public_key(), pss=True)
        value = key.sign(b"data", algorithm)
        assert algorithms.verify_signature(key.certificate.public_key(), algorithm, value, b"data")

    def test_a_key_of_another_family_refuses(self, sandbox: Sandbox) -> None:
        with pytest.raises(KeyUnusable):
            sandbox.official(*LAN).sign(b"data", algorithms.SIGNATURE_BY_NAME["ed25519"])

    def test_an_unknown_kind_of_key_is_refused_by_name(self, sandbox: Sandbox) -> None:
        with pytest.raises(NotSupported):
            sandbox.official(*LAN, key="rsa1024")

    def test_an_official_is_a_person_with_a_title_in_an_organisation(self, sandbox: Sandbox) -> None:
        ward = sandbox.agency("UBND phường Bến Sen", "0000000025", mns="0000125")
        lan = sandbox.official(*LAN, title="Trưởng phòng", organisation=ward)
        subject = subject_of(parsed(lan))
        assert subject.person == lan.identity == Identity("vn-cccd", LAN[1])
        assert subject.organisation == ward.identity
        assert (subject.name, subject.title) == (LAN[0], "Trưởng phòng")

    def test_a_citizen_is_a_person_alone(self, sandbox: Sandbox) -> None:
        subject = subject_of(parsed(sandbox.citizen("Hoàng Minh Khôi", "000099000123")))
        assert subject.person == Identity("vn-cccd", "000099000123")
        assert subject.organisation is None

    def test_an_agency_is_an_organisation(self, sandbox: Sandbox) -> None:
        ward = sandbox.agency("UBND phường Bến Sen", "0000000025")
        subject = subject_of(parsed(ward))
        assert (subject.person, subject.organisation) == (None, ward.identity)

    def test_the_service_attests_and_does_not_sign_documents(self, sandbox: Sandbox) -> None:
        key = sandbox.service_key
        assert key is sandbox.service_key
        assert path(sandbox, key, "attestation").ok
        assert not path(sandbox, key, "signing").ok

    def test_a_repr_shows_no_key_and_no_full_number(self, sandbox: Sandbox) -> None:
        shown = repr(sandbox.official(*LAN))
        assert LAN[1] not in shown
        assert "PRIVATE" not in shown


class TestFlaws:
    def test_expired(self, sandbox: Sandbox) -> None:
        key = sandbox.official(*LAN, expired=True)
        assert parsed(key).not_after < sandbox.clock.now()
        assert path(sandbox, key, at=parsed(key).not_after).ok

    def test_not_yet_valid(self, sandbox: Sandbox) -> None:
        assert parsed(sandbox.official(*LAN, not_yet_valid=True)).not_before > sandbox.clock.now()

    def test_a_period_by_hand(self, sandbox: Sandbox) -> None:
        end = sandbox.clock.now() + timedelta(hours=1)
        assert parsed(sandbox.official(*LAN, not_after=end)).not_after == end

    def test_wrong_usage(self, sandbox: Sandbox) -> None:
        result = path(sandbox, sandbox.official(*LAN, usage="wrong"))
        assert "KEY_USAGE" in {one.code for one in result.findings}

    def test_no_address_of_revocation_data(self, sandbox: Sandbox) -> None:
        found = parsed(sandbox.official(*LAN, without_revocation=True))
        assert (found.crl_distribution_points, found.ocsp_urls) == ((), ())


class TestRevocation:
    def test_a_good_certificate_is_good(self, own: Sandbox) -> None:
        assert online_status(own, own.official(*LAN)).state == "good"

    def test_a_revoked_one_says_when_and_why(self, own: Sandbox, clock: FixedClock) -> None:
        key, moment = own.official(*LAN), clock.now()
        own.revoke(key, moment, "keyCompromise")
        clock.advance(timedelta(hours=1))
        status = online_status(own, key)
        assert (status.state, status.revoked_at) == ("revoked", moment)

    def test_a_revocation_that_lies_in_the_future_is_not_told_yet(self, own: Sandbox, clock: FixedClock) -> None:
        key = own.official(*LAN)
        own.revoke(key, clock.now() + timedelta(days=1))
        assert online_status(own, key).state == "good"

    def test_a_suspended_one_is_on_hold_until_released(self, own: Sandbox) -> None:
        key = own.official(*LAN)
        own.suspend(key)
        assert online_status(own, key).state == "hold"
        own.release(key)
        assert online_status(own, key).state == "good"

    @pytest.mark.parametrize("kind", ["crl", "ocsp"])
    def test_each_source_alone_tells(self, own: Sandbox, kind: str) -> None:
        key = own.official(*LAN)
        own.revoke(key)
        own.cut("official/ocsp" if kind == "crl" else "official.crl")
        status = online_status(own, key)
        assert (status.state, status.source) == ("revoked", kind)

    def test_answers_are_of_the_time_of_asking(self, own: Sandbox, clock: FixedClock) -> None:
        key = own.official(*LAN)
        clock.advance(timedelta(days=100))
        status = online_status(own, key)
        assert (status.state, status.this_update) == ("good", clock.now())

    @pytest.mark.parametrize("kind", ["rsa2048", "p384", "ed25519"])
    def test_authorities_with_other_keys_answer_too(self, clock: FixedClock, kind: str) -> None:
        sandbox = Sandbox.create(clock=clock, key=kind)
        key = sandbox.official(*LAN)
        assert online_status(sandbox, key).state == "good"


class TestTransport:
    def test_an_address_outside_does_not_answer(self, sandbox: Sandbox) -> None:
        with pytest.raises(TransportError):
            sandbox.send(Request("GET", "http://example.com/"))

    def test_a_cut_address_does_not_answer_until_it_is_mended(self, own: Sandbox) -> None:
        request = Request("GET", own.base_url + "root.crl")
        own.cut("root.crl")
        with pytest.raises(TransportError):
            own.send(request)
        own.mend()
        assert own.send(request).status == 200

    def test_an_unknown_place_is_404(self, sandbox: Sandbox) -> None:
        assert sandbox.send(Request("GET", sandbox.base_url + "nothing")).status == 404

    def test_the_bound_of_a_request_holds_here_too(self, sandbox: Sandbox) -> None:
        with pytest.raises(TransportError):
            sandbox.send(Request("GET", sandbox.base_url + "root.crl", limit=10))

    def test_a_malformed_ocsp_request_is_answered_as_such(self, sandbox: Sandbox) -> None:
        response = sandbox.send(Request("POST", sandbox.base_url + "root/ocsp", body=b"junk"))
        assert response.body == b"\x30\x03\x0a\x01\x01"

    def test_something_else_can_be_attached(self, own: Sandbox) -> None:
        class Echo:
            def send(self, request: Request) -> object:
                return request.body

        address = own.attach("provider/", Echo())
        assert own.send(Request("POST", address + "token", body=b"x")) == b"x"


def test_importing_it_is_cheap() -> None:
    import subprocess
    import sys

    code = "import sys, eidkit.sandbox; raise SystemExit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
