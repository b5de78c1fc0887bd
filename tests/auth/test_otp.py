from __future__ import annotations

import contextlib
import dataclasses
import logging
import pickle
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from urllib.parse import unquote

import pytest

from eidkit import canonical
from eidkit.auth import limits, otp, recheck
from eidkit.auth.codes import Seed
from eidkit.auth.stores import Attempts, Stores
from eidkit.binding.attestation import Attestation
from eidkit.binding.authentication import Authentication
from eidkit.errors import AuthenticationError, EidkitError, StoreError
from eidkit.identity import Identity
from tests.auth.remade import with_members, with_proof

LAN = Identity("vn-cccd", "001088000017", "Nguyễn Thị Lan")
BINH = Identity("vn-cccd", "001088000025", "Trần Văn Bình")
STEP = timedelta(seconds=30)


class Desk:
    """A person with a phone at a service, and a clock."""

    def __init__(self, phone_of, stores, clock, transaction):
        self.stores, self.clock, self.transaction = stores, clock, transaction
        self.phone = phone_of(LAN)

    def begin(self, identity=LAN, **more):
        return otp.begin(
            identity, self.transaction, audience="permits", stores=self.stores, clock=self.clock, **more
        ).id

    def verify(self, code, challenge=None, **more):
        challenge = self.begin() if challenge is None else challenge
        return otp.verify(code, challenge, stores=self.stores, clock=self.clock, **more)

    def code(self, steps=0):
        return self.phone.code(self.clock.now(), steps)

    def wrong(self):
        return self.phone.wrong(self.clock.now())

    def refused(self, code, challenge=None, **more):
        with pytest.raises(AuthenticationError) as caught:
            self.verify(code, challenge, **more)
        return caught.value


@pytest.fixture
def phone_of(stores, make_phone):
    return lambda identity, **more: make_phone(otp.enrol(identity, issuer="City Hall", stores=stores, **more).uri)


@pytest.fixture
def desk(phone_of, stores, clock, transaction):
    return Desk(phone_of, stores, clock, transaction)


# ── what an accepted code gives ───────────────────────────────────────────────────────────────────────────


def test_a_right_code_gives_an_attested_authentication(desk, service_key, transaction, clock):
    authentication = desk.verify(desk.code(), attest=service_key)
    assert authentication.identity == LAN
    assert authentication.transaction == transaction
    assert (authentication.method, authentication.factors, authentication.proof_class) == (
        "totp",
        ("have",),
        "attested",
    )
    assert authentication.authenticated_at == clock.now()
    assert authentication.challenge.audience == "permits"
    attestation = Attestation.read(authentication.attestation)
    assert attestation.signature_holds()
    assert attestation.disagreements(authentication) == ()


def test_its_assurance_is_that_of_one_factor(desk):
    values = {(a.scheme, a.value, a.source) for a in desk.verify(desk.code()).assurance}
    assert values == {("vn-2024", "1", "policy"), ("nist-aal", "1", "policy")}


def test_the_proof_holds_challenge_method_step_and_outcome_and_no_code(desk):
    code = desk.code()
    authentication = desk.verify(code)
    proof = canonical.loads(authentication.disclosure.proof, exact=True)
    assert proof == {
        "challenge_value": authentication.challenge_value.hex(),
        "method": "totp",
        "time_step": int(desk.clock.now().timestamp()) // 30,
        "outcome": "accepted",
    }
    assert code not in canonical.dumps(authentication.to_json()).decode().replace(str(proof["time_step"]), "")


def test_each_authentication_has_its_own_salt_and_nonce(desk, phone_of):
    one = desk.verify(desk.code())
    desk.clock.advance(STEP)
    other = desk.verify(desk.code())
    assert one.disclosure.salt != other.disclosure.salt
    assert one.challenge.nonce != other.challenge.nonce


@pytest.mark.parametrize(("digits", "algorithm"), [(6, "sha1"), (8, "sha256"), (7, "sha512")])
def test_other_lengths_and_hashes(stores, clock, transaction, phone_of, digits, algorithm):
    desk = Desk(lambda who: phone_of(who, digits=digits, algorithm=algorithm), stores, clock, transaction)
    assert len(desk.code()) == digits
    assert desk.verify(desk.code()).identity == LAN


# ── replay ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_code_is_accepted_once(desk):
    code = desk.code()
    desk.verify(code)
    desk.refused(code)
    desk.clock.advance(timedelta(seconds=9))
    desk.refused(code)


def test_an_older_code_is_refused_after_a_newer_one(desk):
    older = desk.code(-1)
    desk.verify(desk.code())
    desk.refused(older)


def test_a_challenge_is_answered_once(desk):
    challenge = desk.begin()
    desk.verify(desk.code(), challenge)
    desk.clock.advance(STEP)
    desk.refused(desk.code(), challenge)


def test_a_code_is_not_accepted_again_when_the_clock_goes_back(desk):
    code = desk.code()
    desk.verify(code)
    desk.clock.advance(-STEP)
    desk.refused(code)


def test_fifty_parallel_submissions_accept_one(desk):
    challenges = [desk.begin() for _ in range(50)]
    code, barrier, accepted = desk.code(), threading.Barrier(50), []

    def submit(challenge):
        barrier.wait()
        with contextlib.suppress(AuthenticationError):
            accepted.append(desk.verify(code, challenge))

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(submit, challenges))
    assert len(accepted) == 1


def test_two_stores_over_one_file_accept_a_code_once(tmp_path, clock, transaction, make_phone):
    one = Stores.sqlite(tmp_path / "a.db", key=bytes(32))
    other = Stores.sqlite(tmp_path / "a.db", key=bytes(32))
    desk = Desk(lambda who: make_phone(otp.enrol(who, issuer="x", stores=one).uri), one, clock, transaction)
    first, second, code = desk.begin(), desk.begin(), desk.code()
    otp.verify(code, first, stores=one, clock=clock)
    with pytest.raises(AuthenticationError):
        otp.verify(code, second, stores=other, clock=clock)


# ── the window ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_one_step_on_either_side_is_accepted(desk, steps):
    assert desk.verify(desk.code(steps))


@pytest.mark.parametrize("steps", [-3, -2, 2, 3])
def test_further_steps_are_refused(desk, steps):
    desk.refused(desk.code(steps))


def test_a_slow_device_is_followed_up_to_two_steps_and_no_further(desk):
    for drift in (-1, -2, -3):
        desk.verify(desk.code(drift))
        desk.clock.advance(10 * STEP)
    desk.refused(desk.code(-4))


# ── the form of a code ────────────────────────────────────────────────────────────────────────────────────


def test_full_width_digits_are_refused(desk):
    wide = "".join(chr(ord(digit) - ord("0") + ord("０")) for digit in desk.code())
    desk.refused(wide)


@pytest.mark.parametrize(
    "change", [lambda c: c + " ", lambda c: c + "0", lambda c: c[:-1], lambda c: c[:0], lambda c: c and None]
)
def test_other_forms_are_refused_and_counted(desk, change):
    desk.refused(change(desk.code()))
    desk.refused(desk.code())  # within the first second after a failure


# ── limits ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_wrong_code_leaves_the_challenge_for_another_try(desk):
    challenge = desk.begin()
    desk.refused(desk.wrong(), challenge)
    desk.clock.advance(timedelta(seconds=1))
    assert desk.verify(desk.code(), challenge)


def test_waiting_doubles_with_each_failure(desk):
    assert [limits.delay(n) for n in range(1, 12)] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    for wait in (1, 2, 4):
        desk.refused(desk.wrong())
        desk.clock.advance(timedelta(seconds=wait - 1))
        desk.refused(desk.code())
        desk.clock.advance(timedelta(seconds=1))
    assert desk.verify(desk.code())


def _lock(desk):
    for n in range(1, limits.MAX_FAILURES + 1):
        desk.refused(desk.wrong())
        desk.clock.advance(timedelta(seconds=limits.delay(n)))


def test_ten_failures_in_a_row_lock_until_an_operator_unlocks(desk, stores):
    _lock(desk)
    desk.clock.advance(timedelta(days=365))
    desk.refused(desk.code())
    otp.unlock(LAN, stores=stores)
    assert desk.verify(desk.code())


def test_a_new_authenticator_does_not_lift_the_lock(desk, stores, make_phone):
    _lock(desk)
    desk.phone = make_phone(otp.enrol(LAN, issuer="x", stores=stores, replace=True).uri)
    desk.refused(desk.code())


def test_a_success_starts_the_count_anew(desk):
    for n in range(1, limits.MAX_FAILURES):
        desk.refused(desk.wrong())
        desk.clock.advance(timedelta(seconds=limits.delay(n)))
    desk.verify(desk.code())
    desk.clock.advance(STEP)
    desk.refused(desk.wrong())
    desk.clock.advance(timedelta(seconds=1))
    assert desk.verify(desk.code())


def test_counting_survives_a_restart(tmp_path, clock, transaction, make_phone):
    stores = Stores.sqlite(tmp_path / "a.db", key=bytes(32))
    desk = Desk(lambda who: make_phone(otp.enrol(who, issuer="x", stores=stores).uri), stores, clock, transaction)
    _lock(desk)
    desk.stores = Stores.sqlite(tmp_path / "a.db", key=bytes(32))
    desk.refused(desk.code())


def test_a_clock_that_goes_back_does_not_lift_the_wait(desk):
    desk.refused(desk.wrong())
    desk.clock.advance(timedelta(hours=-1))
    desk.refused(desk.code())
    desk.clock.advance(timedelta(seconds=1))
    assert desk.verify(desk.code())


def test_a_source_has_a_budget_across_people(desk, monkeypatch, phone_of, clock):
    monkeypatch.setattr(limits, "MAX_PER_SOURCE", 3)
    for who in ("1", "2", "3"):
        desk.refused("000000", desk.begin(Identity("vn-cccd", f"00108800009{who}")), source="192.0.2.1")
    desk.refused(desk.code(), source="192.0.2.1")
    assert desk.verify(desk.code(), source="192.0.2.2")
    clock.advance(timedelta(seconds=limits.SOURCE_WINDOW))
    assert desk.verify(desk.code(), source="192.0.2.1")


def test_a_success_takes_only_its_own_attempt_back_from_the_source(desk, monkeypatch):
    monkeypatch.setattr(limits, "MAX_PER_SOURCE", 2)
    other = Identity("vn-cccd", "001088000091")
    desk.refused("000000", desk.begin(other), source="192.0.2.1")
    assert desk.verify(desk.code(), source="192.0.2.1")
    desk.clock.advance(STEP)
    desk.refused("000000", desk.begin(other), source="192.0.2.1")
    desk.refused(desk.code(), source="192.0.2.1")


def test_a_source_waits_ever_longer_after_what_an_office_does_by_mistake(memory):
    with memory.unit() as unit:
        for second in range(limits.SOURCE_FREE):
            assert limits.counted_for_source(unit, "source:x", second) is None
        now = 100
        for failed in range(5):
            assert limits.counted_for_source(unit, "source:x", now) is None
            assert limits.counted_for_source(unit, "source:x", now + limits.delay(failed + 2) - 1) == "source-too-soon"
            assert limits.counted_for_source(unit, "source:x", now - 1) == "source-too-soon"
            now += limits.delay(failed + 2)
        assert limits.counted_for_source(unit, "source:y", now) is None


def test_a_spent_source_waits_for_the_end_of_its_window(memory):
    with memory.unit() as unit:
        allowed = [
            second for second in range(limits.SOURCE_WINDOW) if not limits.counted_for_source(unit, "source:x", second)
        ]
        assert limits.SOURCE_FREE < len(allowed) <= limits.MAX_PER_SOURCE
        assert limits.counted_for_source(unit, "source:x", limits.SOURCE_WINDOW) is None


def test_a_clock_that_goes_back_neither_frees_a_source_nor_locks_it_for_ever(memory):
    with memory.unit() as unit:
        unit.set_attempts("source:x", Attempts(limits.MAX_PER_SOURCE, 1_000_000))
        assert limits.counted_for_source(unit, "source:x", 0) == "source-spent"
        assert limits.counted_for_source(unit, "source:x", limits.SOURCE_WINDOW) is None


def test_attempts_are_counted_before_anything_is_compared(desk, monkeypatch):
    counted = []
    real = limits.counted
    monkeypatch.setattr(limits, "counted", lambda *a: counted.append("count") or real(*a))
    matching = Seed.matching
    monkeypatch.setattr(Seed, "matching", lambda *a: counted.append("compare") or matching(*a))
    desk.verify(desk.code())
    assert counted == ["count", "compare"]


# ── challenges ────────────────────────────────────────────────────────────────────────────────────────────


def test_an_expired_challenge_is_refused(desk):
    challenge = desk.begin()
    desk.clock.advance(timedelta(minutes=5, seconds=1))
    desk.refused(desk.code(), challenge)


def test_a_challenge_from_the_future_is_refused(desk):
    challenge = desk.begin()
    desk.clock.advance(timedelta(seconds=-1))
    desk.refused(desk.code(), challenge)


@pytest.mark.parametrize("challenge", ["", "x", "A" * 43, None, "é" * 43, "A" * 100_000])
def test_an_unknown_challenge_is_refused(desk, challenge):
    with pytest.raises(AuthenticationError):
        otp.verify(desk.code(), challenge, stores=desk.stores, clock=desk.clock)


def test_another_persons_code_does_not_answer_the_challenge(desk, phone_of):
    binh = phone_of(BINH)
    desk.refused(binh.code(desk.clock.now()))


def test_another_audience_is_refused_when_asked_for(desk):
    challenge = desk.begin()
    desk.refused(desk.code(), challenge, audience="taxes")
    assert desk.verify(desk.code(), challenge, audience="permits")


def test_a_challenge_of_another_way_is_refused(desk, monkeypatch):
    monkeypatch.setattr(otp, "METHOD", "hotp")
    challenge = desk.begin()
    monkeypatch.undo()
    desk.refused(desk.code(), challenge)


@pytest.mark.parametrize("lifetime", [timedelta(0), timedelta(hours=1), timedelta(seconds=-5)])
def test_a_lifetime_is_bounded(desk, lifetime):
    with pytest.raises(EidkitError):
        desk.begin(lifetime=lifetime)


# ── enrolment ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_second_authenticator_has_to_be_asked_for(desk, stores, make_phone):
    with pytest.raises(EidkitError):
        otp.enrol(LAN, issuer="x", stores=stores)
    old = desk.phone
    desk.phone = make_phone(otp.enrol(LAN, issuer="x", stores=stores, replace=True).uri)
    desk.refused(old.code(desk.clock.now()))
    desk.clock.advance(timedelta(seconds=1))
    assert desk.verify(desk.code())


def test_a_secret_is_never_used_for_two_people(stores):
    otp.enrol(LAN, issuer="x", stores=stores, secret=bytes(range(20)))
    with pytest.raises(EidkitError):
        otp.enrol(BINH, issuer="x", stores=stores, secret=bytes(range(20)))


def test_a_withdrawn_authenticator_is_refused(desk, stores):
    assert otp.withdraw(LAN, stores=stores)
    assert not otp.withdraw(LAN, stores=stores)
    desk.refused(desk.code())


def test_the_qr_code_is_a_picture_that_an_app_reads(stores):
    picture = otp.enrol(LAN, issuer="City Hall", stores=stores).svg().decode("utf-8")
    assert "<svg" in picture
    assert "otpauth" not in picture
    assert "Nguyễn" not in picture


def test_the_uri_names_the_person_and_not_the_number(stores):
    uri = unquote(otp.enrol(LAN, issuer="City Hall", stores=stores).uri)
    assert uri.startswith("otpauth://totp/City Hall:Nguyễn Thị Lan?")
    assert LAN.identifier not in unquote(otp.enrol(Identity("vn-cccd", BINH.identifier), issuer="x", stores=stores).uri)


# ── no oracle, no leak ────────────────────────────────────────────────────────────────────────────────────


def test_every_refusal_says_the_same(desk):
    unknown = desk.begin(BINH)
    errors = [desk.refused("000000", unknown), desk.refused(desk.code(), "A" * 43), desk.refused(desk.wrong())]
    errors.append(desk.refused(desk.code()))  # too soon
    for _ in range(limits.MAX_FAILURES + 1):
        desk.clock.advance(timedelta(seconds=300))
        errors.append(desk.refused(desk.wrong()))
    assert len({(e.code, e.problem, e.remedy, str(e), e.kind, e.retryable) for e in errors}) == 1


def test_begin_does_not_tell_who_is_enrolled(desk):
    assert desk.begin(BINH)


def test_nothing_shows_a_secret_or_a_code(desk, stores, caplog):
    caplog.set_level(logging.DEBUG)
    totp = otp.enrol(BINH, issuer="x", stores=stores)
    secret = desk.phone.seed.secret
    code, wrong = desk.code(), desk.wrong()
    error = desk.refused(wrong)
    desk.clock.advance(timedelta(seconds=1))
    challenge = otp.begin(LAN, desk.transaction, audience="a", stores=stores, clock=desk.clock)
    authentication = desk.verify(code, challenge.id)
    trace = "".join(traceback.format_exception(error))
    shown = [
        repr(totp),
        repr(challenge),
        repr(stores),
        repr(authentication),
        str(error),
        repr(error.__dict__),
        caplog.text,
    ]
    shown += [str(record.__dict__) for record in caplog.records]
    for text in (*shown, trace.replace("desk.verify", "")):
        for hidden in (repr(secret), secret.hex(), code, wrong, challenge.id, "otpauth", LAN.identifier):
            assert hidden not in text
    for seen in (totp, desk.phone.seed):
        assert not any(repr(secret) in shown or "otpauth" in shown for shown in map(repr, _taken_apart(seen)))
        with pytest.raises(EidkitError):
            pickle.dumps(seen)
    assert {record.code for record in caplog.records} == {"code"}
    assert {record.event for record in caplog.records} == {"authentication.refused"}


def _taken_apart(value):
    return dataclasses.asdict(value), dataclasses.astuple(value), value


def test_nothing_readable_lies_in_the_file(tmp_path, clock, transaction, make_phone):
    stores = Stores.sqlite(tmp_path / "a.db", key=bytes(32))
    desk = Desk(lambda who: make_phone(otp.enrol(who, issuer="x", stores=stores).uri), stores, clock, transaction)
    desk.refused(desk.wrong())
    challenge = desk.begin()
    stores.backend.close()
    data = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    for hidden in (desk.phone.seed.secret, LAN.identifier.encode(), LAN.name.encode(), transaction.dossier_id.encode()):
        assert hidden not in data
    assert challenge.encode() in data


# ── failing stores ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("operation", ["take_challenge", "advance", "set_attempts", "secret", "counter", "challenge"])
def test_a_store_that_fails_refuses_and_uses_nothing_up(desk, monkeypatch, operation):
    challenge, code = desk.begin(), desk.code()
    with desk.stores.unit() as unit:
        kind = type(unit)
    failure = StoreError(
        "store-failed", desk.refused("0" * 6, "A" * 43).problem, desk.refused("0" * 6, "A" * 43).remedy
    )

    def broken(*_):
        raise failure

    with monkeypatch.context() as broken_store:
        broken_store.setattr(kind, operation, broken)
        with pytest.raises(StoreError):
            desk.verify(code, challenge)
    assert desk.verify(code, challenge)


# ── recheck ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def authentication(desk):
    return desk.verify(desk.code())


def test_a_kept_authentication_rechecks(authentication, tmp_path):
    authentication.write(tmp_path / "a.json")
    result = recheck(Authentication.read(tmp_path / "a.json"), None)
    assert result
    assert result.findings == ()
    assert (result.proof_class, {a.scheme for a in result.assurance}) == ("attested", {"vn-2024", "nist-aal"})


def test_erasure_is_reported(authentication):
    result = recheck(replace(authentication, disclosure=None), None)
    assert not result
    assert [f.code for f in result.findings] == ["ERASED"]


def test_another_identity_in_the_disclosure_is_noticed(authentication):
    other = replace(authentication, disclosure=replace(authentication.disclosure, identity=BINH))
    assert [f.code for f in recheck(other, None).findings] == ["SUBJECT_COMMITMENT"]


def test_a_proof_of_another_transaction_is_refuted(authentication, other_transaction):
    result = recheck(replace(authentication, transaction=other_transaction), None)
    assert [f.code for f in result.findings] == ["LOGIN_RECHECK"]


@pytest.mark.parametrize(
    "change",
    [
        {"method": "hotp"},
        {"outcome": "refused"},
        {"time_step": 1},
        {"time_step": True},
        {"extra": 1},
        {"challenge_value": "00" * 32},
    ],
)
def test_a_changed_proof_is_refuted(authentication, change):
    assert not recheck(with_members(authentication, **change), None)


@pytest.mark.parametrize("proof", [b"", b"{}", b"[]", b"\xff", b'{"a":1,"a":1}', b"1e3"])
def test_a_malformed_proof_is_refuted_and_nothing_raises(authentication, proof):
    assert not recheck(with_proof(authentication, proof), None)


def test_a_code_is_never_more_than_attested(authentication):
    assert not recheck(replace(authentication, proof_class="transferable"), None)


def test_an_unknown_method_is_undecided(authentication):
    result = recheck(replace(authentication, method="telepathy"), None)
    assert [f.code for f in result.findings] == ["LOGIN_RECHECK_UNDECIDED"]


def test_assurance_claimed_by_the_file_is_not_believed(authentication):
    from eidkit.binding.authentication import Assurance

    high = replace(authentication, assurance=(Assurance("vn-2024", "4", "policy"),))
    assert {(a.scheme, a.value) for a in recheck(high, None).assurance} == {("vn-2024", "1"), ("nist-aal", "1")}
