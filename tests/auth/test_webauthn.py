"""Passkeys: who is let in, and every attack of WebAuthn §13 that a relying party has to stop."""

from __future__ import annotations

import contextlib
import json
import logging
import secrets
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from eidkit.auth import Stores, webauthn
from eidkit.auth.webauthn import RelyingParty
from eidkit.errors import AuthenticationError, CanonicalError, EidkitError
from eidkit.identity import Identity
from eidkit.sandbox.authenticator import KINDS, SandboxAuthenticator

ORIGIN = "https://permits.example"
PHISHING = "https://permits.example.phishing.test"
PARTY = RelyingParty("permits.example", "Permits", (ORIGIN, "https://www.permits.example"))
LAN = Identity("vn-cccd", "001088000017", "Nguyễn Thị Lan")
BINH = Identity("vn-cccd", "001088000025", "Trần Văn Bình")


class Reasons(logging.Handler):
    """What the operator's log is told."""

    def __init__(self) -> None:
        super().__init__()
        self.codes: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.codes.append(record.__dict__["code"])


@pytest.fixture
def reasons():
    handler, log = Reasons(), logging.getLogger("eidkit.auth")
    before = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    yield handler.codes
    log.removeHandler(handler)
    log.setLevel(before)


@pytest.fixture
def device() -> SandboxAuthenticator:
    return SandboxAuthenticator(ORIGIN)


@pytest.fixture
def enrol(stores, clock):
    def enrolled(device, identity=LAN, party=PARTY, **given):
        challenge = webauthn.register_begin(party, identity, audience=ORIGIN, stores=stores, clock=clock)
        return webauthn.register(
            device.create(challenge.question), challenge.id, party=party, stores=stores, clock=clock, **given
        )

    return enrolled


@pytest.fixture
def enter(stores, clock, transaction):
    """``enter(device)`` approves with a passkey; ``answer`` changes what was answered."""

    def entered(device, answer=lambda text: text, *, party=PARTY, subject=LAN, audience=ORIGIN, about=transaction):
        challenge = webauthn.begin(party, about, audience=audience, stores=stores, subject=subject, clock=clock)
        said = answer(device.get(challenge.question))
        return webauthn.verify(said, challenge.id, party=party, stores=stores, clock=clock)

    return entered


def refused(call, *arguments, **given):
    with pytest.raises(AuthenticationError) as caught:
        call(*arguments, **given)
    assert caught.value.code == "webauthn-refused"


def changed(**members):
    def change(text):
        row = json.loads(text)
        return json.dumps(row | {"response": row["response"] | members})

    return change


# ------------------------------------------------------------------------------------------------ who is let in
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_key_approves(enrol, enter, kind, transaction):
    device = SandboxAuthenticator(ORIGIN, kind=kind)
    enrol(device)
    made = enter(device)
    assert made.identity == LAN
    assert made.transaction == transaction
    assert made.proof_class == "transferable"


def test_a_discoverable_passkey_says_who_it_is(enrol, enter, device):
    enrol(device)
    assert enter(device, subject=None).identity == LAN


def test_a_verified_user_is_two_factors_and_never_a_biometric(enrol, enter, device):
    enrol(device)
    made = enter(device)
    assert made.factors == ("have", "know")
    assert {(one.scheme, one.value, one.source) for one in made.assurance} == {
        ("vn-2024", "2", "derived"),
        ("nist-aal", "2", "derived"),
    }


def test_a_synced_passkey_is_at_most_aal_2_and_says_so(enrol, enter):
    device = SandboxAuthenticator(ORIGIN, synced=True, counts=False)
    assert enrol(device).backup_eligible
    made = enter(device)
    assert max(one.value for one in made.assurance if one.scheme == "nist-aal") == "2"
    assert made.warnings == (webauthn.SYNCED,)


def test_a_passkey_without_a_counter_is_used_again_and_again(enrol, enter):
    device = SandboxAuthenticator(ORIGIN, counts=False)
    enrol(device)
    assert [enter(device).identity for _ in range(3)] == [LAN] * 3


def test_two_passkeys_of_one_person(enrol, enter, device):
    other = SandboxAuthenticator(ORIGIN)
    enrol(device)
    enrol(other)
    assert enter(device).identity == enter(other).identity == LAN


def test_an_authenticator_is_not_enrolled_twice(enrol, device):
    enrol(device)
    with pytest.raises(EidkitError) as caught:
        enrol(device)
    assert caught.value.code == "sandbox-authenticator"


def test_every_origin_of_the_list_and_each_its_own(enrol, enter, device):
    enrol(device)
    device.origin = "https://www.permits.example"
    assert enter(device, audience="https://www.permits.example")
    refused(enter, device, audience=ORIGIN)


def test_a_log_in_without_a_transaction(enrol, stores, clock, device):
    enrol(device)
    challenge = webauthn.begin(PARTY, audience=ORIGIN, stores=stores, clock=clock)
    login = webauthn.log_in(device.get(challenge.question), challenge.id, party=PARTY, stores=stores, clock=clock)
    assert (login.identity, login.method) == (LAN, "webauthn")


def test_a_log_in_with_a_touch_alone_is_one_factor(enrol, stores, clock, device):
    enrol(device)
    device.verifies = False
    challenge = webauthn.begin(PARTY, audience=ORIGIN, stores=stores, user_verification=False, clock=clock)
    login = webauthn.log_in(device.get(challenge.question), challenge.id, party=PARTY, stores=stores, clock=clock)
    assert login.factors == ("have",)
    assert {one.value for one in login.assurance} == {"1"}


def test_the_backup_state_is_tracked(enrol, enter, stores):
    device = SandboxAuthenticator(ORIGIN, synced=True)
    assert enrol(device).backed_up
    device.faults = ("backed-up-no-more",)
    enter(device)
    assert [one.backed_up for one in webauthn.credentials(LAN, party=PARTY, stores=stores)] == [False]


def test_in_an_allowed_frame(enrol, enter, device):
    framed = replace(PARTY, embedded=True, top_origins=("https://frames.example",))
    enrol(device)
    device.faults = ("cross-origin",)
    assert enter(device, party=framed)
    device.faults = ("top-origin",)
    assert enter(device, party=framed)
    refused(enter, device, party=replace(framed, top_origins=("https://other.example",)))
    refused(enter, device)


def test_what_a_browser_adds_is_left_aside(enrol, enter, device):
    enrol(device)

    def more(text):
        return json.dumps(
            json.loads(text) | {"clientExtensionResults": {"appid": True}, "authenticatorAttachment": "x"}
        )

    assert enter(device, more)


# ------------------------------------------------------------------------------------------------------ attacks
REFUSED = {
    "wrong-origin": "origin",
    "wrong-type": "ceremony-type",
    "wrong-challenge": "challenge-value",
    "cross-origin": "cross-origin",
    "cross-origin-text": "client-data",
    "top-origin": "cross-origin",
    "top-origin-alone": "top-origin",
    "origin-twice": "client-data",
    "not-json": "client-data",
    "wrong-rp-id": "rp-id",
    "not-present": "user-presence",
    "not-verified": "user-verification",
    "backup-eligible-flips": "backup-eligible",
    "backed-up-but-not-eligible": "backup-state",
    "counter-back": "clone-suspected",
    "counter-same": "clone-suspected",
    "counter-zero": "clone-suspected",
    "wrong-signature": "signature",
    "wrong-user-handle": "user-handle",
    "octets-behind": "authenticator-data",
    "extension-twice": "authenticator-data",
    "extension-of-no-length": "authenticator-data",
}


@pytest.mark.parametrize("fault", REFUSED)
def test_a_wrong_answer_is_refused_for_its_reason(enrol, enter, device, reasons, fault):
    enrol(device)
    enter(device)
    device.faults = (fault,)
    refused(enter, device)
    assert reasons == [REFUSED[fault]]


def test_a_discoverable_answer_must_name_its_user(enrol, enter, device, reasons):
    enrol(device)
    device.faults = ("no-user-handle",)
    assert enter(device, subject=LAN)
    refused(enter, device, subject=None)
    assert reasons == ["user-handle"]


@pytest.mark.parametrize("fault", ["counter-back", "counter-zero"])
def test_a_clone_is_refused_and_the_original_goes_on(enrol, enter, device, fault):
    enrol(device)
    enter(device)
    device.faults = (fault,)
    refused(enter, device)
    device.faults = ()
    assert enter(device)


def test_the_copy_of_a_counting_key_is_found_out(enrol, enter, device):
    """Two devices with one key count each for itself: whoever comes second with the same number is refused."""
    enrol(device)
    copy = SandboxAuthenticator(ORIGIN)
    copy.passkeys = [replace(device.passkeys[0])]
    assert enter(copy)
    refused(enter, device)


def test_a_phishing_site_gets_nothing_that_counts(enrol, stores, clock, device, transaction):
    enrol(device)
    challenge = webauthn.begin(PARTY, transaction, audience=ORIGIN, stores=stores, subject=LAN, clock=clock)
    device.origin = PHISHING
    refused(webauthn.verify, device.get(challenge.question), challenge.id, party=PARTY, stores=stores, clock=clock)


def test_an_answer_is_taken_once(enrol, stores, clock, device, transaction):
    enrol(device)
    challenge = webauthn.begin(PARTY, transaction, audience=ORIGIN, stores=stores, clock=clock)
    answer = device.get(challenge.question)
    given = {"party": PARTY, "stores": stores, "clock": clock}
    assert webauthn.verify(answer, challenge.id, **given)
    refused(webauthn.verify, answer, challenge.id, **given)


def test_a_wrong_answer_uses_the_challenge_up(enrol, stores, clock, device, transaction):
    enrol(device)
    challenge = webauthn.begin(PARTY, transaction, audience=ORIGIN, stores=stores, clock=clock)
    given = {"party": PARTY, "stores": stores, "clock": clock}
    refused(webauthn.verify, "{}", challenge.id, **given)
    refused(webauthn.verify, device.get(challenge.question), challenge.id, **given)


def test_fifty_at_once_with_one_answer(enrol, stores, clock, device, transaction):
    enrol(device)
    challenge = webauthn.begin(PARTY, transaction, audience=ORIGIN, stores=stores, clock=clock)
    answer = device.get(challenge.question)
    accepted = []

    def attempt():
        with contextlib.suppress(AuthenticationError):
            accepted.append(webauthn.verify(answer, challenge.id, party=PARTY, stores=stores, clock=clock))

    threads = [threading.Thread(target=attempt) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(accepted) == 1


def test_an_answer_to_another_transaction(enrol, stores, clock, device, transaction, other_transaction):
    enrol(device)
    first, second = (
        webauthn.begin(PARTY, about, audience=ORIGIN, stores=stores, clock=clock)
        for about in (transaction, other_transaction)
    )
    refused(webauthn.verify, device.get(first.question), second.id, party=PARTY, stores=stores, clock=clock)


def test_a_late_answer(enrol, stores, clock, device, transaction):
    enrol(device)
    challenge = webauthn.begin(PARTY, transaction, audience=ORIGIN, stores=stores, clock=clock)
    answer = device.get(challenge.question)
    clock.advance(timedelta(minutes=6))
    refused(webauthn.verify, answer, challenge.id, party=PARTY, stores=stores, clock=clock)


def test_a_log_in_approves_nothing(enrol, stores, clock, device):
    enrol(device)
    challenge = webauthn.begin(PARTY, audience=ORIGIN, stores=stores, clock=clock)
    refused(webauthn.verify, device.get(challenge.question), challenge.id, party=PARTY, stores=stores, clock=clock)


def test_an_enrolment_is_no_log_in(enrol, stores, clock, device):
    enrol(device)
    challenge = webauthn.register_begin(PARTY, LAN, audience=ORIGIN, stores=stores, clock=clock)
    asked = json.loads(challenge.question)
    answer = device.get(json.dumps({"challenge": asked["challenge"], "rpId": PARTY.id, "allowCredentials": []}))
    refused(webauthn.log_in, answer, challenge.id, party=PARTY, stores=stores, clock=clock)


def test_a_log_in_enrols_nobody(stores, clock, device):
    challenge = webauthn.begin(PARTY, audience=ORIGIN, stores=stores, subject=LAN, clock=clock)
    asked = json.loads(challenge.question)
    options = {"rp": {"id": PARTY.id}, "user": {"id": "AAAA"}, "excludeCredentials": []}
    answer = device.create(json.dumps(options | {"challenge": asked["challenge"]}))
    refused(webauthn.register, answer, challenge.id, party=PARTY, stores=stores, clock=clock)


def test_another_person_than_the_challenge_is_for(enrol, stores, clock, device, transaction, reasons):
    """Bình's own passkey answers what Lan was asked."""
    enrol(device, BINH)
    challenge = webauthn.begin(PARTY, transaction, audience=ORIGIN, stores=stores, subject=LAN, clock=clock)
    asked = json.dumps(json.loads(challenge.question) | {"allowCredentials": []})
    refused(webauthn.verify, device.get(asked), challenge.id, party=PARTY, stores=stores, clock=clock)
    assert reasons == ["other-person"]


def test_a_credential_that_nobody_enrolled(enrol, stores, clock, device, transaction, reasons):
    enrol(device)
    stranger = SandboxAuthenticator(ORIGIN)
    elsewhere = webauthn.register_begin(PARTY, LAN, audience=ORIGIN, stores=stores, clock=clock)
    stranger.create(elsewhere.question)
    challenge = webauthn.begin(PARTY, transaction, audience=ORIGIN, stores=stores, clock=clock)
    refused(webauthn.verify, stranger.get(challenge.question), challenge.id, party=PARTY, stores=stores, clock=clock)
    assert reasons == ["credential-unknown"]


def test_another_relying_party_of_the_same_stores(enrol, stores, clock, device, transaction, reasons):
    enrol(device)
    other = RelyingParty("taxes.example", "Taxes", (ORIGIN,))
    challenge = webauthn.begin(PARTY, transaction, audience=ORIGIN, stores=stores, clock=clock)
    refused(webauthn.verify, device.get(challenge.question), challenge.id, party=other, stores=stores, clock=clock)
    assert reasons == ["other-party"]


@pytest.mark.parametrize("seconds", [0, 1, -3600])
def test_a_withdrawn_passkey_whatever_the_clock_says(enrol, enter, stores, clock, device, reasons, seconds):
    credential = enrol(device)
    assert webauthn.withdraw(credential.id, party=PARTY, stores=stores, clock=clock)
    assert not webauthn.withdraw(credential.id, party=PARTY, stores=stores, clock=clock)
    clock.advance(timedelta(seconds=seconds))
    refused(enter, device, subject=None)
    assert reasons == ["credential-withdrawn"]
    assert [one.valid_until is None for one in webauthn.credentials(LAN, party=PARTY, stores=stores)] == [False]


def test_a_forgotten_person_leaves_an_id_that_is_nobodys(enrol, enter, stores, device, reasons):
    enrol(device)
    assert webauthn.forget(LAN, party=PARTY, stores=stores)
    assert not webauthn.forget(LAN, party=PARTY, stores=stores)
    refused(enter, device, subject=None)
    assert reasons == ["credential-unknown"]


def test_an_algorithm_that_is_not_liked_any_more(enrol, enter, device, reasons):
    enrol(device)
    refused(enter, device, party=replace(PARTY, algorithms=("ES384",)))
    assert reasons == ["algorithm"]


def test_a_party_that_takes_no_copies(enrol, enter, reasons):
    device = SandboxAuthenticator(ORIGIN, synced=True)
    enrol(device)
    refused(enter, device, party=replace(PARTY, synced=False))
    assert reasons == ["backup-eligible"]


HOSTILE = [
    "", "null", "[]", "{}", "{" * 40, "[" * 5000, "x" * 100_000, "\ud800", 5, None, b"{}",
    '{"id":"AA","id":"AA"}', '{"type":"public-key","id":"AA","rawId":"AB","response":{}}',
    '{"type":"public-key","id":"","rawId":"","response":{}}', '{"type":"public-key","id":[],"rawId":[],"response":{}}',
]  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_answer_is_refused(enrol, enter, stores, clock, device, hostile):
    enrol(device)
    refused(enter, device, lambda _: hostile)
    challenge = webauthn.register_begin(PARTY, BINH, audience=ORIGIN, stores=stores, clock=clock)
    refused(webauthn.register, hostile, challenge.id, party=PARTY, stores=stores, clock=clock)


@pytest.mark.parametrize("member", ["clientDataJSON", "authenticatorData", "signature", "userHandle"])
@pytest.mark.parametrize("value", ["", "AB", "AAA=", "A" * 30_000, "é", 7, [], "AA AA", "AA+/"])
def test_a_misspelt_member_is_refused(enrol, enter, device, member, value):
    enrol(device)
    refused(enter, device, changed(**{member: value}))


def test_an_audience_that_is_not_in_the_list(stores, transaction):
    with pytest.raises(CanonicalError):
        webauthn.begin(PARTY, transaction, audience=PHISHING, stores=stores)


def test_an_approval_never_goes_without_verification(stores, transaction):
    with pytest.raises(CanonicalError):
        webauthn.begin(PARTY, transaction, audience=ORIGIN, stores=stores, user_verification=False)


def test_nobody_learns_by_asking_who_has_a_passkey(stores, clock, enrol, device):
    """A person without one gets an id that nobody has, the same each time (WebAuthn §14.6.2)."""
    enrol(device)
    asked = [
        json.loads(webauthn.begin(PARTY, audience=ORIGIN, stores=stores, subject=who, clock=clock).question)
        for who in (BINH, BINH, LAN)
    ]
    ids = [one["allowCredentials"][0]["id"] for one in asked]
    assert ids[0] == ids[1] != ids[2]
    assert len(ids[0]) == len(ids[2])


def test_what_was_counted_outlives_the_process(tmp_path, clock, device, transaction, reasons):
    """Stores opened anew, and sealed under a new key: the passkey is known, its copy still found out."""
    old, new = (secrets.token_bytes(32) for _ in range(2))
    first = Stores.sqlite(tmp_path / "auth.db", key=old)
    begun = webauthn.register_begin(PARTY, LAN, audience=ORIGIN, stores=first, clock=clock)
    webauthn.register(device.create(begun.question), begun.id, party=PARTY, stores=first, clock=clock)
    copy = SandboxAuthenticator(ORIGIN)
    copy.passkeys = [replace(device.passkeys[0])]
    first.rotate(new)
    second = Stores.sqlite(tmp_path / "auth.db", key=new)
    given = {"party": PARTY, "stores": second, "clock": clock}
    begun = webauthn.begin(PARTY, transaction, audience=ORIGIN, stores=second, clock=clock)
    assert webauthn.verify(device.get(begun.question), begun.id, **given).identity == LAN
    begun = webauthn.begin(PARTY, transaction, audience=ORIGIN, stores=second, clock=clock)
    refused(webauthn.verify, copy.get(begun.question), begun.id, **given)
    assert reasons == ["clone-suspected"]


def test_nothing_in_the_file_names_a_person_or_a_key(tmp_path, clock, device):
    stores = Stores.sqlite(tmp_path / "auth.db", key=secrets.token_bytes(32))
    begun = webauthn.register_begin(PARTY, LAN, audience=ORIGIN, stores=stores, clock=clock)
    made = webauthn.register(device.create(begun.question), begun.id, party=PARTY, stores=stores, clock=clock)
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for told in (LAN.identifier.encode(), made.id.encode(), device.passkeys[0].id, made.public_key, b"permits.example"):
        assert told not in kept


def test_every_refusal_says_the_same(enrol, enter, device):
    enrol(device)
    texts = set()
    for fault in ("wrong-origin", "wrong-signature", "counter-zero"):
        device.faults = (fault,)
        with pytest.raises(AuthenticationError) as caught:
            enter(device)
        texts.add(str(caught.value))
    assert len(texts) == 1


def test_nothing_shows_ids_keys_or_numbers(enrol, enter, stores, clock, device):
    credential = enrol(device)
    made = enter(device)
    challenge = webauthn.begin(PARTY, audience=ORIGIN, stores=stores, subject=LAN, clock=clock)
    party = PARTY.with_credentials([credential])
    shown = " ".join(repr(one) for one in (credential, party, made, challenge, device.passkeys))
    handle = device.passkeys[0].handle
    for secret in (LAN.identifier, credential.id, challenge.id, json.loads(challenge.question)["challenge"]):
        assert secret not in shown
    assert LAN.identifier not in challenge.question
    assert handle not in repr(credential)
