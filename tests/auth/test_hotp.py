from __future__ import annotations

import contextlib
import dataclasses
import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from eidkit import canonical
from eidkit.auth import hotp, limits, otp, recheck
from eidkit.auth.codes import Seed
from eidkit.auth.stores import Stores
from eidkit.binding.authentication import Authentication, Proof
from eidkit.errors import AuthenticationError, EidkitError
from eidkit.identity import Identity

LAN = Identity("vn-cccd", "001088000017", "Nguyễn Thị Lan")
BINH = Identity("vn-cccd", "001088000025", "Trần Văn Bình")
SECRET = b"12345678901234567890"


class Desk:
    """A person with a counting device at a service, and a clock."""

    def __init__(self, stores, clock, transaction, **enrolled):
        self.stores, self.clock, self.transaction = stores, clock, transaction
        self.seed = Seed.of(SECRET)
        hotp.enrol(LAN, issuer="City Hall", stores=stores, secret=SECRET, **enrolled)

    def code(self, counter):
        return self.seed.code(counter)

    def begin(self, identity=LAN):
        return hotp.begin(identity, self.transaction, audience="permits", stores=self.stores, clock=self.clock).id

    def verify(self, code, challenge=None, **more):
        self.clock.advance(timedelta(seconds=1))
        return hotp.verify(code, challenge or self.begin(), stores=self.stores, clock=self.clock, **more)

    def refused(self, code, challenge=None, **more):
        with pytest.raises(AuthenticationError) as caught:
            self.verify(code, challenge, **more)
        self.clock.advance(timedelta(seconds=limits.MAX_DELAY))
        return caught.value

    def counter(self, authentication):
        return json.loads(authentication.disclosure.proof)["counter"]


@pytest.fixture
def desk(stores, clock, transaction):
    return Desk(stores, clock, transaction)


def test_every_code_of_rfc_4226_is_accepted_in_turn(desk, corpus):
    data = json.loads((corpus("auth/otp") / "hotp_rfc4226.json").read_text("utf-8"))
    assert len(data["vectors"]) == 10
    for vector in data["vectors"]:
        made = desk.verify(vector["otp"])
        assert desk.counter(made) == vector["counter"]
        assert (made.method, made.factors, made.proof_class) == ("hotp", ("have",), "attested")


def test_the_proof_says_counter_and_challenge_and_not_the_code(desk):
    made = desk.verify(desk.code(0))
    assert canonical.loads(made.disclosure.proof, exact=True) == {
        "challenge_value": made.challenge_value.hex(),
        "counter": 0,
        "method": "hotp",
        "outcome": "accepted",
    }
    assert desk.code(0).encode() not in made.disclosure.proof


# ── the counter ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_code_is_accepted_once(desk):
    desk.verify(desk.code(0))
    desk.refused(desk.code(0))


def test_a_code_before_the_last_one_is_refused(desk):
    desk.verify(desk.code(5))
    for counter in range(6):
        desk.refused(desk.code(counter))


@pytest.mark.parametrize("ahead", [0, 1, hotp.LOOK_AHEAD - 1])
def test_codes_that_were_made_and_not_sent_are_skipped(desk, ahead):
    assert desk.counter(desk.verify(desk.code(ahead))) == ahead
    assert desk.counter(desk.verify(desk.code(ahead + 1))) == ahead + 1


def test_a_code_beyond_the_window_is_refused(desk):
    desk.refused(desk.code(hotp.LOOK_AHEAD))


def test_a_device_may_begin_anywhere(stores, clock, transaction):
    desk = Desk(stores, clock, transaction, counter=7)
    desk.refused(desk.code(6))
    assert desk.counter(desk.verify(desk.code(7))) == 7


@pytest.mark.parametrize("counter", [-1, 2**60, True, "1", 1.0])
def test_a_counter_is_bounded(stores, counter):
    with pytest.raises(EidkitError):
        hotp.enrol(LAN, issuer="x", stores=stores, counter=counter)


def test_no_enrolment_sets_a_counter_back(desk, stores):
    desk.verify(desk.code(3))
    with pytest.raises(EidkitError):
        hotp.enrol(LAN, issuer="x", stores=stores, secret=SECRET, replace=True)
    hotp.withdraw(LAN, stores=stores)
    with pytest.raises(EidkitError):
        hotp.enrol(LAN, issuer="x", stores=stores, secret=SECRET)


def test_a_secret_is_never_used_for_two_people_nor_two_kinds_of_code(desk, stores):
    with pytest.raises(EidkitError):
        hotp.enrol(BINH, issuer="x", stores=stores, secret=SECRET)
    with pytest.raises(EidkitError):
        otp.enrol(BINH, issuer="x", stores=stores, secret=SECRET)


def test_after_a_restore_used_codes_are_skipped(tmp_path, clock, transaction):
    path = tmp_path / "a.db"
    stores = Stores.sqlite(path, key=bytes(32))
    desk = Desk(stores, clock, transaction)
    desk.verify(desk.code(0))
    stores.backend.close()
    shutil.copy(path, tmp_path / "backup.db")
    desk.verify(desk.code(1))
    desk.stores = restored = Stores.sqlite(tmp_path / "backup.db", key=bytes(32))
    assert hotp.skip(LAN, hotp.RESYNC, stores=restored)
    desk.refused(desk.code(1))
    hotp.resync(LAN, desk.code(101), desk.code(102), stores=restored, clock=clock)
    assert desk.counter(desk.verify(desk.code(103))) == 103
    assert not hotp.skip(BINH, 1, stores=restored)


# ── two codes in a row ────────────────────────────────────────────────────────────────────────────────────


def test_two_codes_in_a_row_find_a_device_again(desk):
    hotp.resync(LAN, desk.code(60), desk.code(61), stores=desk.stores, clock=desk.clock)
    desk.refused(desk.code(60))
    desk.refused(desk.code(61))
    assert desk.counter(desk.verify(desk.code(62))) == 62


@pytest.mark.parametrize(
    "pair", [(60, 62), (61, 60), (60, 60), (hotp.RESYNC, hotp.RESYNC + 1), (3, 4)], ids=lambda pair: f"{pair}"
)
def test_other_pairs_do_not(desk, pair):
    desk.verify(desk.code(5))
    first, second = (desk.code(6 + counter if counter > 10 else counter) for counter in pair)
    with pytest.raises(AuthenticationError):
        hotp.resync(LAN, first, second, stores=desk.stores, clock=desk.clock)
    desk.clock.advance(timedelta(seconds=2))
    assert desk.counter(desk.verify(desk.code(6))) == 6


def test_a_resync_is_an_attempt(desk):
    for _ in range(limits.MAX_FAILURES):
        with pytest.raises(AuthenticationError):
            hotp.resync(LAN, "000000", "000000", stores=desk.stores, clock=desk.clock)
        desk.clock.advance(timedelta(seconds=limits.MAX_DELAY))
    with pytest.raises(AuthenticationError):
        hotp.resync(LAN, desk.code(0), desk.code(1), stores=desk.stores, clock=desk.clock)
    desk.refused(desk.code(0))
    hotp.unlock(LAN, stores=desk.stores)
    assert desk.verify(desk.code(0))


def test_the_first_code_confirms_the_enrolment_and_is_used_up(desk):
    hotp.confirm(LAN, desk.code(0), stores=desk.stores, clock=desk.clock)
    desk.refused(desk.code(0))
    for identity, code in ((LAN, desk.code(0)), (BINH, desk.code(1))):
        with pytest.raises(AuthenticationError):
            hotp.confirm(identity, code, stores=desk.stores, clock=desk.clock)
        desk.clock.advance(timedelta(seconds=5))


# ── attacks ───────────────────────────────────────────────────────────────────────────────────────────────


def test_fifty_parallel_submissions_accept_one(desk):
    challenges = [desk.begin() for _ in range(50)]
    barrier, accepted = threading.Barrier(50), []

    def submit(challenge):
        barrier.wait()
        with contextlib.suppress(AuthenticationError):
            accepted.append(hotp.verify(desk.code(0), challenge, stores=desk.stores, clock=desk.clock))

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(submit, challenges))
    assert len(accepted) == 1


def test_full_width_digits_and_other_forms_are_refused(desk):
    code = desk.code(0)
    wide = "".join(chr(ord(digit) - ord("0") + ord("０")) for digit in code)
    for given in (wide, code + " ", code[:-1], "", None, b"755224", 755224):
        desk.refused(given)


@pytest.mark.parametrize("given", ["", "00000", "００００００", None])
def test_a_malformed_code_is_never_read_as_zeros(stores, clock, transaction, given):
    secret = b"malformed is zero 2240367"
    assert Seed.of(secret).code(0) == "000000"
    hotp.enrol(LAN, issuer="x", stores=stores, secret=secret)
    begun = hotp.begin(LAN, transaction, audience="a", stores=stores, clock=clock).id
    with pytest.raises(AuthenticationError):
        hotp.verify(given, begun, stores=stores, clock=clock)
    clock.advance(timedelta(seconds=1))
    assert hotp.verify("000000", begun, stores=stores, clock=clock)


def test_ten_failures_in_a_row_lock(desk):
    for _ in range(limits.MAX_FAILURES):
        desk.refused("000000")
    desk.refused(desk.code(0))


def test_the_attempt_is_counted_and_every_candidate_compared(desk, monkeypatch):
    import hmac

    events = []
    counted, compare = limits.counted, hmac.compare_digest
    monkeypatch.setattr(limits, "counted", lambda *a: events.append("count") or counted(*a))
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: events.append("compare") or compare(a, b))
    challenge = desk.begin()
    events.clear()
    desk.verify(desk.code(0), challenge)
    assert events == ["count"] + ["compare"] * hotp.LOOK_AHEAD


def test_every_refusal_says_the_same(desk):
    errors = [desk.refused("000000"), desk.refused(desk.code(0), "A" * 43), desk.refused("000000", desk.begin(BINH))]
    assert len({(e.code, str(e), e.kind, e.retryable) for e in errors}) == 1


def test_a_challenge_of_another_way_is_refused(desk, stores, clock):
    other = otp.begin(LAN, desk.transaction, audience="permits", stores=stores, clock=clock).id
    desk.refused(desk.code(0), other)


def test_the_address_names_the_counter_and_hides(stores):
    made = hotp.enrol(LAN, issuer="City Hall", stores=stores, counter=5)
    query = parse_qs(urlsplit(made.uri).query)
    assert made.uri.startswith("otpauth://hotp/")
    assert query["counter"] == ["5"]
    assert query["secret"][0] not in repr(made) + repr(dataclasses.asdict(made)) + repr(dataclasses.astuple(made))
    assert made.svg().startswith(b"<?xml")


# ── recheck ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_kept_authentication_rechecks(desk, tmp_path):
    desk.verify(desk.code(0)).write(tmp_path / "a.json")
    result = recheck(Authentication.read(tmp_path / "a.json"), None)
    assert result
    assert {(a.scheme, a.value) for a in result.assurance} == {("vn-2024", "1"), ("nist-aal", "1")}


@pytest.mark.parametrize(
    "change",
    [{"method": "totp"}, {"outcome": "refused"}, {"counter": -1}, {"counter": True}, {"time_step": 1},
     {"challenge_value": "00" * 32}],
)  # fmt: skip
def test_a_changed_proof_is_refuted(desk, change):
    made = desk.verify(desk.code(0))
    proof = canonical.dumps({**canonical.loads(made.disclosure.proof), **change})
    changed = replace(
        made, proof=Proof.of(made.proof.media_type, proof), disclosure=replace(made.disclosure, proof=proof)
    )
    assert not recheck(changed, None)


def test_a_proof_of_another_transaction_or_method_is_refuted(desk, other_transaction):
    made = desk.verify(desk.code(0))
    assert not recheck(replace(made, transaction=other_transaction), None)
    assert not recheck(replace(made, method="totp"), None)
    assert not recheck(replace(made, proof_class="transferable"), None)
