"""What a timestamp token is worth: each rule with the token that breaks it."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from eidkit.asn1 import attributes, certificate, cms, der, tsp
from eidkit.clock import FixedClock
from eidkit.sandbox.tsa import FAULTS
from eidkit.timestamps.token import TokenResult, check_token, signer_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from eidkit.sandbox import Sandbox

CONTENT = b"the signature value"
IMPRINTS = {name: hashlib.new(name, CONTENT).digest() for name in ("sha256", "sha384", "sha512", "sha1")}


def stamped(sandbox: Sandbox, fault: str | None = None, algorithm: str = "sha256") -> bytes:
    request = tsp.TimestampRequest(algorithm, IMPRINTS[algorithm], nonce=5)
    return sandbox.timestamp_maker.token(request, sandbox.clock.now(), fault)


def checked(
    sandbox: Sandbox,
    token: bytes,
    *,
    at: datetime | None = None,
    imprints: Mapping[str, bytes] = IMPRINTS,
    status: bool = False,
    crls: tuple[bytes, ...] = (),
) -> TokenResult:
    return check_token(
        token,
        imprints=imprints,
        anchors=sandbox.trust.of_kind("timestamping"),
        crls=crls,
        at=at or sandbox.clock.now(),
        require_status=status,
    )


def codes(result: TokenResult) -> set[str]:
    return {one.code for one in result.findings}


class TestHonest:
    def test_a_good_token_passes_and_says_when_and_who(self, sandbox: Sandbox) -> None:
        result = checked(sandbox, stamped(sandbox))
        assert (result.indication, result.subindication, result.intact) == ("PASSED", None, True)
        assert result.findings == ()
        assert result.time == sandbox.clock.now()
        assert result.accuracy == timedelta(seconds=1)
        assert result.tsa is not None
        assert result.tsa.startswith("Sandbox TSA")
        assert len(result.path) == 2

    @pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
    def test_each_strong_digest_will_do(self, sandbox: Sandbox, algorithm: str) -> None:
        assert checked(sandbox, stamped(sandbox, algorithm=algorithm)).indication == "PASSED"

    @pytest.mark.parametrize("kind", ["rsa2048", "p384", "ed25519"])
    def test_each_kind_of_key_will_do(self, clock: FixedClock, kind: str) -> None:
        from eidkit.sandbox import Sandbox

        sandbox = Sandbox.create(clock=clock, key=kind)
        assert checked(sandbox, stamped(sandbox)).indication == "PASSED"

    def test_the_status_is_good_with_a_crl(self, sandbox: Sandbox) -> None:
        result = checked(sandbox, stamped(sandbox), status=True, crls=sandbox.crls())
        assert result.indication == "PASSED"

    def test_a_token_without_its_certificate_is_judged_with_one_given(self, sandbox: Sandbox) -> None:
        from cryptography.hazmat.primitives.serialization import Encoding

        tsa = certificate.parse(sandbox.timestamp_maker.certificate.public_bytes(Encoding.DER))
        token = stamped(sandbox, "no-certificate")
        result = check_token(
            token,
            imprints=IMPRINTS,
            anchors=sandbox.trust.of_kind("timestamping"),
            pool=[tsa],
            at=sandbox.clock.now(),
            require_status=False,
        )
        assert result.indication == "PASSED"

    def test_the_old_reference_by_sha1_is_accepted(self, sandbox: Sandbox) -> None:
        token = with_reference(sandbox, attributes.SIGNING_CERTIFICATE, "sha1")
        assert checked(sandbox, token).indication == "PASSED"

    def test_the_signer_is_found_without_judging(self, sandbox: Sandbox) -> None:
        found, embedded = signer_of(stamped(sandbox))
        assert found is not None
        assert found in embedded


def with_reference(sandbox: Sandbox, oid: str, digest: str) -> bytes:
    """A token whose only reference to its certificate is an attribute of type ``oid``."""
    maker = sandbox.timestamp_maker
    original = cms.parse(stamped(sandbox))
    from cryptography.hazmat.primitives.serialization import Encoding

    from eidkit import algorithms

    tsa = maker.certificate.public_bytes(Encoding.DER)
    identifier = der.sequence(der.encode_octets(hashlib.new(digest, tsa).digest()))
    content = original.e_content or b""
    to_sign = der.set_of(
        [
            attributes.content_type(cms.TST_INFO),
            attributes.message_digest(hashlib.sha256(content).digest()),
            attributes.attribute(oid, der.sequence(der.sequence(identifier))),
        ]
    )
    algorithm = algorithms.SIGNATURE_BY_NAME["ecdsa-sha256"]
    return cms.signed_data(
        certificate=tsa,
        digest="sha256",
        algorithm=algorithm,
        signed_attributes=to_sign,
        signature=algorithms.signer(maker.key, algorithm)(to_sign),
        content_type=cms.TST_INFO,
        e_content=content,
    )


REFUSED = {
    "wrong-imprint": ("TIMESTAMP_IMPRINT", "FAILED"),
    "other-digest": ("TIMESTAMP_IMPRINT", "FAILED"),
    "bad-signature": ("SIG_CRYPTO_FAILURE", "FAILED"),
    "bad-message-digest": ("HASH_FAILURE", "FAILED"),
    "no-certificate": ("NO_SIGNING_CERTIFICATE_FOUND", "INDETERMINATE"),
    "no-ess": ("SIGNER_NOT_BOUND", "INDETERMINATE"),
    "empty-ess": ("FORMAT_FAILURE", "FAILED"),
    "wrong-ess": ("SIGNING_CERTIFICATE_MISMATCH", "FAILED"),
    "no-content-type": ("FORMAT_FAILURE", "FAILED"),
    "two-signers": ("FORMAT_FAILURE", "FAILED"),
    "signer-version": ("FORMAT_FAILURE", "FAILED"),
    "sha1": ("CRYPTO_CONSTRAINTS_FAILURE", "INDETERMINATE"),
    "weak-imprint": ("TIMESTAMP_IMPRINT", "FAILED"),
    "not-only-timestamping": (None, "INDETERMINATE"),
    "purpose-not-critical": (None, "INDETERMINATE"),
}


class TestFaults:
    @pytest.mark.parametrize("fault", sorted(REFUSED))
    def test_each_fault_is_refused_for_its_reason(self, sandbox: Sandbox, fault: str) -> None:
        code, indication = REFUSED[fault]
        result = checked(sandbox, stamped(sandbox, fault))
        assert result.indication == indication, codes(result)
        assert code is None or code in codes(result)

    def test_every_fault_of_a_token_stands_in_this_table_or_is_of_the_exchange(self) -> None:
        exchange = {
            "wrong-nonce", "no-nonce", "wrong-policy", "wrong-time", "rejection", "granted-with-mods", "empty-grant",
            "garbage", "huge", "down",
        }  # fmt: skip
        assert set(FAULTS) == exchange | set(REFUSED)

    def test_a_weak_imprint_is_refused_even_when_it_matches(self, sandbox: Sandbox) -> None:
        result = checked(sandbox, stamped(sandbox, algorithm="sha1"))
        assert "CRYPTO_CONSTRAINTS_FAILURE" in codes(result)
        assert result.indication == "INDETERMINATE"

    def test_a_digest_that_the_caller_did_not_make_is_not_believed(self, sandbox: Sandbox) -> None:
        result = checked(sandbox, stamped(sandbox), imprints={"sha512": IMPRINTS["sha512"]})
        assert (codes(result), result.intact) == ({"NOT_SUPPORTED"}, False)

    def test_a_token_of_another_signature(self, sandbox: Sandbox) -> None:
        other = {"sha256": hashlib.sha256(b"another signature").digest()}
        result = checked(sandbox, stamped(sandbox), imprints=other)
        assert (codes(result), result.indication) == ({"TIMESTAMP_IMPRINT"}, "FAILED")

    def test_a_certificate_put_into_the_bag_names_nobody(self, sandbox: Sandbox) -> None:
        """The reported authority is the certificate that the signed reference names, whatever stands first."""
        from cryptography.hazmat.primitives.serialization import Encoding

        from eidkit.sandbox import people

        sandbox_key = sandbox.issue(people.authority("Famous TSA"), sandbox.service_key.identity, by="time-root")
        injected = sandbox_key.certificate.public_bytes(Encoding.DER)
        token = with_certificate(stamped(sandbox), injected)
        result = checked(sandbox, token)
        assert result.tsa is not None
        assert result.tsa.startswith("Sandbox TSA")
        assert result.indication == "PASSED"

    def test_no_anchor_means_no_trust(self, sandbox: Sandbox) -> None:
        token = stamped(sandbox)
        result = check_token(token, imprints=IMPRINTS, anchors=(), at=sandbox.clock.now(), require_status=False)
        assert (result.indication, result.intact) == ("INDETERMINATE", True)
        assert "TRUST_EMPTY" in codes(result)

    def test_an_anchor_of_another_kind_of_trust_does_not_help(self, sandbox: Sandbox) -> None:
        anchors = sandbox.trust.of_kind("signing")
        result = check_token(
            stamped(sandbox), imprints=IMPRINTS, anchors=anchors, at=sandbox.clock.now(), require_status=False
        )
        assert "NO_CERTIFICATE_CHAIN_FOUND" in codes(result)

    @pytest.mark.parametrize("data", [b"", b"\x30\x00", b"%PDF-1.7", bytes(100)])
    def test_what_is_no_token_is_a_finding_and_no_exception(self, sandbox: Sandbox, data: bytes) -> None:
        result = checked(sandbox, data)
        assert (result.indication, result.time, codes(result)) == ("FAILED", None, {"FORMAT_FAILURE"})


def with_certificate(token: bytes, injected: bytes) -> bytes:
    """The token with one more certificate, first in its bag."""
    outer = der.whole(token).children()
    parts = outer[1].only().children()
    inside = injected + b"".join(child.raw for child in parts[3].children())
    body = b"".join((*(part.raw for part in parts[:3]), der.tlv(0xA0, inside), parts[4].raw))
    return der.sequence(outer[0].raw, der.explicit(0, der.tlv(der.SEQUENCE, body)))


class TestTime:
    def test_a_token_of_the_future(self, sandbox: Sandbox) -> None:
        result = checked(sandbox, stamped(sandbox), at=sandbox.clock.now() - timedelta(minutes=2))
        assert (codes(result), result.indication) == ({"TIMESTAMP_FAILED"}, "INDETERMINATE")

    def test_a_small_difference_of_clocks_is_no_future(self, sandbox: Sandbox) -> None:
        assert checked(sandbox, stamped(sandbox), at=sandbox.clock.now() - timedelta(seconds=30)).indication == "PASSED"

    def test_after_the_certificate_has_ended_the_token_needs_an_older_proof(self, sandbox: Sandbox) -> None:
        result = checked(sandbox, stamped(sandbox), at=sandbox.clock.now() + timedelta(days=4 * 365))
        assert (result.indication, result.subindication) == ("INDETERMINATE", "OUT_OF_BOUNDS_NO_POE")

    def test_a_token_made_after_the_certificate_had_ended(self, clock: FixedClock) -> None:
        from eidkit.sandbox import Sandbox

        sandbox = Sandbox.create(clock=clock)
        clock.advance(timedelta(days=4 * 365))
        result = checked(sandbox, stamped(sandbox))
        assert (result.indication, result.subindication) == ("FAILED", "EXPIRED")

    def test_a_token_made_before_the_certificate_began(self, clock: FixedClock) -> None:
        from eidkit.sandbox import Sandbox

        sandbox = Sandbox.create(clock=clock)
        clock.advance(timedelta(days=-40))
        result = checked(sandbox, stamped(sandbox), at=clock.now() + timedelta(days=50))
        assert (result.indication, result.subindication) == ("FAILED", "NOT_YET_VALID")


class TestRevocation:
    @pytest.fixture
    def moving(self, clock: FixedClock) -> Sandbox:
        from eidkit.sandbox import Sandbox

        return Sandbox.create(clock=clock)

    def test_an_unknown_status_is_said_where_it_is_demanded(self, sandbox: Sandbox) -> None:
        result = checked(sandbox, stamped(sandbox), status=True)
        assert (result.indication, result.subindication) == ("INDETERMINATE", "CERTIFICATE_CHAIN_GENERAL_FAILURE")

    def test_revoked_before_the_token_was_made(self, moving: Sandbox) -> None:
        moving.revoke(moving.timestamp_maker.certificate, moving.clock.now() - timedelta(days=1))
        result = checked(moving, stamped(moving), crls=moving.crls())
        assert (result.indication, result.subindication) == ("FAILED", "REVOKED")

    def test_revoked_later_needs_an_older_proof(self, moving: Sandbox, clock: FixedClock) -> None:
        token = stamped(moving)
        clock.advance(timedelta(days=1))
        moving.revoke(moving.timestamp_maker.certificate)
        clock.advance(timedelta(days=1))
        result = checked(moving, token, crls=moving.crls())
        assert (result.indication, result.subindication) == ("INDETERMINATE", "REVOKED_NO_POE")

    def test_suspended_means_try_later(self, moving: Sandbox) -> None:
        moving.suspend(moving.timestamp_maker.certificate, moving.clock.now() - timedelta(days=1))
        result = checked(moving, stamped(moving), crls=moving.crls())
        assert (result.indication, result.subindication) == ("INDETERMINATE", "TRY_LATER")
