"""What the proof of a passkey proves years later, to whom, and what breaks it (binding.md §3, §6.4)."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest

from eidkit.auth import pinned_files, recheck, webauthn
from eidkit.auth.webauthn import RelyingParty
from eidkit.binding import shape
from eidkit.binding.authentication import ChallengeFacts, Disclosure, subject_commitment
from eidkit.errors import CanonicalError
from eidkit.identity import Identity
from eidkit.sandbox.authenticator import SandboxAuthenticator
from eidkit.trust.store import TrustStore
from tests.auth.remade import with_members

ORIGIN = "https://permits.example"
ELSEWHERE = "https://www.permits.example"
PARTY = RelyingParty("permits.example", "Permits", (ORIGIN, ELSEWHERE))
LAN = Identity("vn-cccd", "001088000017", "Nguyễn Thị Lan")
BINH = Identity("vn-cccd", "001088000025", "Trần Văn Bình")
NOBODY = TrustStore()


@pytest.fixture
def device():
    return SandboxAuthenticator(ORIGIN)


@pytest.fixture
def credential(memory, clock, device):
    challenge = webauthn.register_begin(PARTY, LAN, audience=ORIGIN, stores=memory, clock=clock)
    answer = device.create(challenge.question)
    return webauthn.register(answer, challenge.id, party=PARTY, stores=memory, clock=clock)


@pytest.fixture
def pins(credential):
    return PARTY.with_credentials([credential])


@pytest.fixture
def made(memory, clock, device, credential, transaction):
    challenge = webauthn.begin(PARTY, transaction, audience=ORIGIN, stores=memory, subject=LAN, clock=clock)
    answer = device.get(challenge.question)
    return webauthn.verify(answer, challenge.id, party=PARTY, stores=memory, clock=clock)


def codes(result):
    return [found.code for found in result.findings]


def test_it_holds_for_whoever_pinned_the_key(made, pins):
    result = recheck(made, NOBODY, [object(), pins])
    assert result
    assert (result.assurance, result.proof_class) == (made.assurance, "transferable")


def test_without_a_pin_nothing_is_decided(made):
    for providers in ((), (PARTY,), ("x",)):
        result = recheck(made, NOBODY, providers)
        assert codes(result) == ["LOGIN_RECHECK_UNDECIDED"]
        assert result.assurance == ()


def test_an_erased_login_says_so(made, pins):
    assert codes(recheck(replace(made, disclosure=None), NOBODY, [pins])) == ["ERASED"]


def test_another_process_rechecks_it_from_files(made, pins, tmp_path):
    made.write(tmp_path / "login.json")
    pins.write(tmp_path / "party.json")
    script = (
        "import sys; from eidkit import TrustStore; from eidkit.auth import recheck, pinned_files;"
        "from eidkit.binding.authentication import Authentication;"
        "r = recheck(Authentication.read(sys.argv[1]), TrustStore(), [pinned_files.read(sys.argv[2])]);"
        "print(bool(r), r.proof_class, [f.message.en for f in r.findings])"
    )
    asked = [sys.executable, "-c", script, str(tmp_path / "login.json"), str(tmp_path / "party.json")]
    said = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout.strip() == "True transferable []"


def test_the_pin_file_is_private_and_comes_back_as_it_was(pins, tmp_path):
    pins.write(tmp_path / "party.json")
    assert (tmp_path / "party.json").stat().st_mode & 0o077 == 0
    assert RelyingParty.read(tmp_path / "party.json") == pins
    assert pinned_files.read(tmp_path / "party.json") == pins


@pytest.mark.parametrize(
    "members",
    [{"v": 2}, {"more": 1}, {"origins": []}, {"origins": "https://permits.example"}, {"synced": 1}, {"embedded": None},
     {"credentials": [{}]}, {"algorithms": ["HS256"]}, {"relying_party": 7}, {"attestation": None}],
)  # fmt: skip
def test_a_misshapen_pin_file_is_refused(pins, members):
    with pytest.raises(CanonicalError):
        RelyingParty.from_json(pins.to_json() | members)


@pytest.mark.parametrize(
    "members",
    [{"public_key": "AAAA"}, {"id": ""}, {"model": "x"}, {"backed_up": True}, {"until": ""}, {"from": None},
     {"attestation": "x"}, {"transports": ["A B"]}, {"identity": {}}],
)  # fmt: skip
def test_a_misshapen_pin_is_refused(credential, members):
    with pytest.raises(CanonicalError):
        webauthn.Credential.from_json(credential.to_json() | members)


# ------------------------------------------------------------------------------------------------------ mutations
def with_octet(made, member, at):
    octets = bytearray(shape.base64url_bytes(json.loads(made.disclosure.proof)[member], member))
    octets[at] ^= 1
    return with_members(made, **{member: shape.base64url(bytes(octets))})


def at_origin(made, origin):
    facts = made.challenge
    return replace(made, challenge=ChallengeFacts(facts.nonce, facts.issued, facts.expires, origin))


def named(made, identity):
    kept = Disclosure(identity, made.disclosure.salt, made.disclosure.proof)
    return replace(made, subject=subject_commitment(identity, made.disclosure.salt), disclosure=kept)


MUTATIONS = {
    "another origin of the party": lambda made, _: at_origin(made, ELSEWHERE),
    "an origin of somebody else": lambda made, _: at_origin(made, "https://phishing.test"),
    "another transaction": lambda made, other: replace(made, transaction=other),
    "another nonce": lambda made, _: replace(made, challenge=replace(made.challenge, nonce="22" * 32)),
    "another person": lambda made, _: named(made, BINH),
    "another class": lambda made, _: replace(made, proof_class="attested"),
    "another kind": lambda made, _: replace(made, proof=replace(made.proof, media_type="x/y")),
    "another way": lambda made, _: replace(made, method="x509"),
    "another time": lambda made, _: replace(made, authenticated_at=made.authenticated_at - timedelta(days=1)),
    "another credential": lambda made, _: with_members(made, credential_id="AAAA"),
    "no signature": lambda made, _: with_members(made, signature=""),
    "one member more": lambda made, _: with_members(made, more="AA"),
    "a misspelt member": lambda made, _: with_members(made, signature="A"),
    "another signature": lambda made, _: with_octet(made, "signature", 20),
    "other client data": lambda made, _: with_octet(made, "client_data", 40),
    "another party's hash": lambda made, _: with_octet(made, "authenticator_data", 0),
    "other flags": lambda made, _: with_octet(made, "authenticator_data", 32),
    "another counter": lambda made, _: with_octet(made, "authenticator_data", 36),
}


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_a_changed_proof_fails(made, pins, other_transaction, mutation):
    result = recheck(MUTATIONS[mutation](made, other_transaction), NOBODY, [pins])
    assert not result
    assert result.assurance == () or mutation == "another person"


def test_the_keys_of_others_prove_nothing(made, memory, clock, credential):
    """A key of somebody else's under this credential's id: the proof itself brings none."""
    other = SandboxAuthenticator(ORIGIN)
    challenge = webauthn.register_begin(PARTY, BINH, audience=ORIGIN, stores=memory, clock=clock)
    theirs = webauthn.register(other.create(challenge.question), challenge.id, party=PARTY, stores=memory, clock=clock)
    forged = PARTY.with_credentials([replace(credential, public_key=theirs.public_key)])
    assert codes(recheck(made, NOBODY, [forged])) == ["LOGIN_RECHECK"]


def test_a_key_that_anybody_can_sign_with_proves_nothing(made, credential):
    """Ed25519's neutral element as a key: one value would be its signature over every login."""
    cose = bytes.fromhex("a40101032720062158200100") + bytes(30)
    pinned = PARTY.with_credentials([replace(credential, public_key=cose)])
    forged = with_members(made, signature=shape.base64url(b"\x01" + bytes(63)))
    assert codes(recheck(forged, NOBODY, [pinned])) == ["LOGIN_RECHECK"]


def test_a_pin_of_another_person(made, credential):
    result = recheck(made, NOBODY, [PARTY.with_credentials([replace(credential, identity=BINH)])])
    assert codes(result) == ["LOGIN_RECHECK"]


@pytest.mark.parametrize(
    ("stricter", "good"),
    [({"attestation": "certified"}, False), ({"algorithms": ("EdDSA",)}, False), ({"synced": False}, True),
     ({"origins": (ELSEWHERE,)}, False)],
)  # fmt: skip
def test_what_the_verifier_demands_counts(made, pins, stricter, good):
    assert bool(recheck(made, NOBODY, [replace(pins, **stricter)])) is good


def test_a_touch_alone_is_no_approval(made, pins, device, memory, clock, transaction):
    """An insider who has the device answer without its PIN, and writes the result up as an approval."""
    device.faults = ("not-verified",)
    from eidkit.auth.webauthn_ceremony import Assertion
    from eidkit.auth.webauthn_kept import to_bytes

    options = {"challenge": shape.base64url(made.challenge_value), "rpId": PARTY.id, "allowCredentials": []}
    proof = to_bytes(Assertion.of(device.get(json.dumps(options))))
    forged = with_members(made, **json.loads(proof))
    assert codes(recheck(forged, NOBODY, [pins])) == ["LOGIN_RECHECK"]


# --------------------------------------------------------------------------------------------- from and until
def test_a_pin_that_begins_later(made, credential):
    late = replace(credential, valid_from=made.authenticated_at + timedelta(seconds=1))
    assert codes(recheck(made, NOBODY, [PARTY.with_credentials([late])])) == ["LOGIN_RECHECK_UNDECIDED"]


def test_a_withdrawn_key_counts_for_signatures_proved_older(made, credential, memory, clock):
    clock.advance(timedelta(days=1))
    webauthn.withdraw(credential.id, party=PARTY, stores=memory, clock=clock)
    pins = [PARTY.with_credentials(webauthn.credentials(LAN, party=PARTY, stores=memory))]
    end = clock.now()
    assert recheck(made, NOBODY, pins, signed_at=end)
    assert codes(recheck(made, NOBODY, pins)) == ["LOGIN_RECHECK_UNDECIDED"]
    assert codes(recheck(made, NOBODY, pins, signed_at=end + timedelta(seconds=1))) == ["LOGIN_RECHECK"]
