"""What authenticators write, read strictly; and fido2's opinion on what we accept."""

from __future__ import annotations

import contextlib
import hashlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eidkit.auth import webauthn, webauthn_cbor
from eidkit.auth.foreign import NotAccepted
from eidkit.auth.webauthn_ceremony import Assertion, Registration
from eidkit.auth.webauthn_data import AuthenticatorData
from eidkit.auth.webauthn_key import CredentialKey
from eidkit.binding.shape import base64url, base64url_bytes
from eidkit.errors import AuthenticationError
from eidkit.identity import Identity
from eidkit.sandbox.authenticator import KINDS, SandboxAuthenticator
from eidkit.sandbox.cbor import encoded

ORIGIN = "https://permits.example"
PARTY = webauthn.RelyingParty("permits.example", "Permits", (ORIGIN,))
LAN = Identity("vn-cccd", "001088000017", "Nguyễn Thị Lan")


@pytest.mark.parametrize(
    "octets",
    [
        "", "18", "1801", "190001", "1a00000001", "1b0000000000000001", "9f01ff", "bf0102ff", "5f41ffff", "0101",
        "a201020103", "a1f501", "a14101f5", "a18001", "61ff", "f93c00", "fa00000000", "fb0000000000000000", "c001",
        "f7", "f818", "e0", "1c", "ff", "9b7fffffffffffffff", "5bffffffffffffffff", "bb7fffffffffffffff",
        "81" * 5 + "01", "81" * 5000 + "01", "9841" + "01" * 65, "41", "4241",
    ],
)  # fmt: skip
def test_what_could_be_read_in_two_ways_is_refused(octets):
    with pytest.raises(NotAccepted):
        webauthn_cbor.whole(bytes.fromhex(octets), "x")


_SCALARS = st.integers(-(2**64), 2**64 - 1) | st.booleans() | st.binary(max_size=300) | st.text(max_size=99)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.integers(-99, 99) | st.text(), inner, max_size=5),
    max_leaves=6,
)


@settings(max_examples=100)
@given(_VALUES)
def test_what_is_written_canonically_is_read(value):
    from fido2 import cbor

    try:
        read = webauthn_cbor.whole(encoded(value), "x")
    except NotAccepted:
        # Only depth is bounded here beyond the form.
        assert _depth(value) > webauthn_cbor.MAX_DEPTH
        return
    assert read == value
    assert encoded(value) == cbor.encode(value)


def _depth(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(_depth, inner), default=0)


@settings(max_examples=300)
@given(st.binary(max_size=120))
def test_hostile_octets_raise_only_ours(data):
    for read in (lambda one: webauthn_cbor.whole(one, "x"), AuthenticatorData.of, CredentialKey.of):
        with contextlib.suppress(NotAccepted):
            read(data)


@settings(max_examples=150)
@given(st.binary(max_size=60), st.integers(0, 255))
def test_hostile_authenticator_data_of_a_right_head_raises_only_ours(tail, flags):
    data = hashlib.sha256(b"permits.example").digest() + bytes([flags]) + bytes(4) + tail
    with contextlib.suppress(NotAccepted):
        AuthenticatorData.of(data)


_P256 = bytes.fromhex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296")
_P256_Y = bytes.fromhex("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
_GOOD = {1: 2, 3: -7, -1: 1, -2: _P256, -3: _P256_Y}


def test_a_key_is_read():
    assert CredentialKey.of(encoded(_GOOD)).name == "ES256"


@pytest.mark.parametrize(
    "members",
    [
        {3: -8}, {3: -257}, {3: -65535}, {3: -47}, {3: "ES256"}, {3: True}, {1: 1}, {1: 3}, {1: True, 3: -8}, {-1: 2},
        {-1: 8}, {-2: _P256[1:]}, {-2: bytes(32)}, {-3: bytes(32)}, {-3: True}, {-3: _P256}, {-4: b"d"}, {2: b"kid"},
        {-2: 7}, {3: -36, -1: 3}, {3: None},
    ],
)  # fmt: skip
def test_a_key_that_does_not_fit_is_refused(members):
    with pytest.raises(NotAccepted):
        CredentialKey.of(encoded(_GOOD | members))


@pytest.mark.parametrize("bits", [1024, 2040])
def test_a_weak_rsa_key_is_refused(bits):
    modulus = (1 << (bits - 1) | 1).to_bytes(bits // 8)
    with pytest.raises(NotAccepted):
        CredentialKey.of(encoded({1: 3, 3: -257, -1: modulus, -2: b"\1\0\1"}))


# -------------------------------------------------------------------------------------------- fido2's opinion
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "ed448"])
@pytest.mark.parametrize("attestation", ["none", "self"])
def test_another_library_accepts_what_we_accept(memory, clock, kind, attestation):
    """The sandbox's ceremonies, judged by both: neither our writer nor our reader is alone with its understanding."""
    from fido2 import cose
    from fido2.attestation import PackedAttestation
    from fido2.webauthn import AttestationObject, CollectedClientData
    from fido2.webauthn import AuthenticatorData as Theirs

    device = SandboxAuthenticator(ORIGIN, kind=kind, attestation=attestation)
    begun = webauthn.register_begin(PARTY, LAN, audience=ORIGIN, stores=memory, clock=clock)
    text = device.create(begun.question)
    ours = webauthn.register(text, begun.id, party=PARTY, stores=memory, clock=clock)
    made = Registration.of(text)
    theirs = AttestationObject(base64url_bytes(json.loads(text)["response"]["attestationObject"], "x"))
    assert theirs.auth_data.credential_data.credential_id == base64url_bytes(ours.id, "id")
    assert cose.CoseKey.for_alg(ours.key.name and KINDS[kind]) is not None
    if attestation == "self":
        client_hash = CollectedClientData(made.client_data).hash
        PackedAttestation().verify(theirs.att_stmt, theirs.auth_data, client_hash)
    begun = webauthn.begin(PARTY, audience=ORIGIN, stores=memory, clock=clock)
    text = device.get(begun.question)
    webauthn.log_in(text, begun.id, party=PARTY, stores=memory, clock=clock)
    answer = Assertion.of(text)
    said = Theirs(answer.authenticator_data)
    assert said.is_user_verified()
    assert said.counter == 2
    signed = answer.authenticator_data + hashlib.sha256(answer.client_data).digest()
    theirs.auth_data.credential_data.public_key.verify(signed, answer.signature)


_MEMBERS = ("clientDataJSON", "authenticatorData", "signature")


@pytest.fixture(scope="module")
def asserted():
    """A credential and an answer of it to a challenge of zeros."""
    device = SandboxAuthenticator(ORIGIN)
    asked = {"challenge": "A" * 43, "rp": {"id": PARTY.id}, "user": {"id": "AAAA"}, "excludeCredentials": []}
    given = {"challenge": bytes(32), "origin": ORIGIN}
    made = device.create(json.dumps(asked))
    credential = webauthn.check_registration(made, PARTY, LAN, at=datetime(2026, 3, 2, tzinfo=UTC), **given)
    answer = device.get(json.dumps(asked | {"rpId": PARTY.id, "allowCredentials": []}))
    assert webauthn.check_assertion(answer, PARTY, credential, **given).counter == 2
    return credential, json.loads(answer), given


@settings(max_examples=300)
@given(st.sampled_from(_MEMBERS), st.integers(0, 10_000), st.integers(0, 7))
def test_no_bit_of_an_answer_may_change(asserted, member, at, bit):
    credential, answer, given = asserted
    octets = bytearray(base64url_bytes(answer["response"][member], member))
    octets[at % len(octets)] ^= 1 << bit
    changed = answer | {"response": answer["response"] | {member: base64url(bytes(octets))}}
    with pytest.raises(AuthenticationError):
        webauthn.check_assertion(json.dumps(changed), PARTY, credential, **given)


@settings(max_examples=200)
@given(
    st.recursive(
        _SCALARS.filter(lambda one: not isinstance(one, bytes)),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(("id", "rawId", "type", "response", *_MEMBERS, "attestationObject", "userHandle")),
                inner,
            )
        ),
    )
)
def test_a_hostile_answer_raises_only_ours(asserted, value):
    credential, answer, given = asserted
    shaped = answer | value if isinstance(value, dict) else value
    for text in (json.dumps(value), json.dumps(shaped), json.dumps(answer | {"response": value})):
        for check in (
            lambda one: webauthn.check_assertion(one, PARTY, credential, **given),
            lambda one: webauthn.check_registration(one, PARTY, LAN, at=credential.valid_from, **given),
        ):
            with contextlib.suppress(AuthenticationError):
                check(text)
