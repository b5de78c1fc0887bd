from __future__ import annotations

import contextlib
import dataclasses
import json
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from eidkit import canonical
from eidkit.auth import limits, ocra, recheck
from eidkit.binding.authentication import Authentication, Proof
from eidkit.errors import AuthenticationError, EidkitError
from eidkit.identity import Identity

LAN = Identity("vn-cccd", "001088000017", "Nguyễn Thị Lan")
BINH = Identity("vn-cccd", "001088000025", "Trần Văn Bình")
SECRET = bytes(range(32))
PLAIN = "OCRA-1:HOTP-SHA256-8:QH64"
COUNTED = "OCRA-1:HOTP-SHA256-8:C-QH64"
WITH_PIN = "OCRA-1:HOTP-SHA256-8:QH64-PSHA256"
SHORT = "OCRA-1:HOTP-SHA512-8:QN08-T1M"


class Desk:
    """A person with a device that is asked a question."""

    def __init__(self, stores, clock, transaction, suite=ocra.DEFAULT_SUITE, pin=None):
        self.stores, self.clock, self.transaction = stores, clock, transaction
        self.suite, self.pin = ocra.Suite.parse(suite), pin
        ocra.enrol(LAN, stores=stores, suite=suite, secret=SECRET, pin=pin)

    def answer(self, question, *, counter=0, steps=0, pin=None):
        pin = pin or self.pin
        return self.suite.code(
            SECRET,
            question,
            counter=counter if self.suite.counter else None,
            pin_hash=self.suite.pin_hash(pin) if pin else None,
            step=int(self.clock.now().timestamp()) // self.suite.period + steps if self.suite.period else None,
        )

    def begin(self, transaction=None, identity=LAN):
        about = transaction or self.transaction
        return ocra.begin(identity, about, audience="permits", stores=self.stores, clock=self.clock)

    def verify(self, code, challenge, **more):
        return ocra.verify(code, challenge.id, stores=self.stores, clock=self.clock, **more)

    def refused(self, code, challenge):
        with pytest.raises(AuthenticationError) as caught:
            self.verify(code, challenge)
        self.clock.advance(timedelta(seconds=limits.delay(9)))
        return caught.value


@pytest.fixture
def desk(stores, clock, transaction):
    return Desk(stores, clock, transaction)


def test_the_question_is_the_challenge_value(desk):
    challenge = desk.begin()
    made = desk.verify(desk.answer(challenge.question), challenge)
    assert challenge.question == made.challenge_value.hex()
    assert (made.identity, made.method, made.factors, made.proof_class) == (LAN, "ocra", ("have",), "attested")
    assert made.transaction == desk.transaction


def test_the_answer_to_one_transaction_is_none_to_another(desk, other_transaction):
    one, other = desk.begin(), desk.begin(other_transaction)
    desk.refused(desk.answer(one.question), other)


def test_an_answer_is_accepted_once(desk):
    challenge = desk.begin()
    code = desk.answer(challenge.question)
    desk.verify(code, challenge)
    desk.refused(code, challenge)
    desk.refused(code, desk.begin())


def test_a_pin_in_the_suite_is_a_second_factor(stores, clock, transaction, tmp_path):
    desk = Desk(stores, clock, transaction, WITH_PIN, pin="2468")
    challenge = desk.begin()
    desk.refused(desk.answer(challenge.question, pin="1357"), challenge)
    challenge = desk.begin()
    made = desk.verify(desk.answer(challenge.question), challenge)
    assert made.factors == ("have", "know")
    assert {(a.scheme, a.value) for a in made.assurance} == {("vn-2024", "2"), ("nist-aal", "2")}
    made.write(tmp_path / "a.json")
    result = recheck(Authentication.read(tmp_path / "a.json"), None)
    assert result
    assert {(a.scheme, a.value) for a in result.assurance} == {("vn-2024", "2"), ("nist-aal", "2")}


@pytest.mark.parametrize(("counter", "good"), [(0, True), (9, True), (10, False)])
def test_a_counting_suite_looks_ten_ahead(stores, clock, transaction, counter, good):
    desk = Desk(stores, clock, transaction, COUNTED)
    challenge = desk.begin()
    code = desk.answer(challenge.question, counter=counter)
    if not good:
        desk.refused(code, challenge)
        return
    assert json.loads(desk.verify(code, challenge).disclosure.proof)["counter"] == counter
    again = desk.begin()
    desk.refused(desk.answer(again.question, counter=counter), again)
    again = desk.begin()
    assert desk.verify(desk.answer(again.question, counter=counter + 1), again)


@pytest.mark.parametrize(("steps", "good"), [(-2, False), (-1, True), (1, True), (2, False)])
def test_a_code_lives_as_long_as_its_time_step_and_one_more(desk, steps, good):
    challenge = desk.begin()
    code = desk.answer(challenge.question, steps=steps)
    if good:
        assert desk.verify(code, challenge)
    else:
        desk.refused(code, challenge)


def test_with_a_short_question_a_time_step_is_used_once(stores, clock, transaction):
    desk = Desk(stores, clock, transaction, SHORT)
    challenge = desk.begin()
    assert len(challenge.question) == 8
    desk.verify(desk.answer(challenge.question), challenge)
    again = desk.begin()
    desk.refused(desk.answer(again.question), again)


def test_with_a_full_question_two_transactions_fit_into_a_minute(desk, other_transaction):
    for transaction in (desk.transaction, other_transaction):
        challenge = desk.begin(transaction)
        assert desk.verify(desk.answer(challenge.question), challenge)


def test_fifty_parallel_submissions_accept_one(desk):
    challenge = desk.begin()
    code, barrier, accepted = desk.answer(challenge.question), threading.Barrier(50), []

    def submit(_):
        barrier.wait()
        with contextlib.suppress(AuthenticationError):
            accepted.append(desk.verify(code, challenge))

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(submit, range(50)))
    assert len(accepted) == 1


def test_ten_failures_in_a_row_lock_until_an_operator_unlocks(desk, stores, clock):
    for _ in range(limits.MAX_FAILURES):
        desk.refused("00000000", desk.begin())
        clock.advance(timedelta(seconds=limits.MAX_DELAY))
    challenge = desk.begin()
    desk.refused(desk.answer(challenge.question), challenge)
    ocra.unlock(LAN, stores=stores)
    challenge = desk.begin()
    assert desk.verify(desk.answer(challenge.question), challenge)


def test_full_width_digits_and_other_forms_are_refused(desk):
    challenge = desk.begin()
    code = desk.answer(challenge.question)
    wide = "".join(chr(ord(digit) - ord("0") + ord("０")) for digit in code)
    for given in (wide, code + "0", code[:6], "", None):
        desk.refused(given, desk.begin())


def test_nothing_tells_who_has_a_device(desk):
    stranger = desk.begin(identity=BINH)
    assert len(stranger.question) == len(desk.begin().question)
    errors = [desk.refused("00000000", stranger), desk.refused("00000000", desk.begin())]
    assert len({(e.code, str(e), e.kind) for e in errors}) == 1


def test_a_withdrawn_device_is_refused_and_a_secret_comes_once(desk, stores):
    assert ocra.withdraw(LAN, stores=stores)
    assert not ocra.withdraw(LAN, stores=stores)
    challenge = desk.begin()
    desk.refused(desk.answer(challenge.question), challenge)
    with pytest.raises(EidkitError):
        ocra.enrol(BINH, stores=stores, secret=SECRET)


# ── suites ────────────────────────────────────────────────────────────────────────────────────────────────


def test_rfc_6287_appendix_c(corpus):
    data = json.loads((corpus("auth/otp") / "ocra_rfc6287.json").read_text("utf-8"))
    vectors = data["vectors"] + data["mutual_c2"]
    assert len(vectors) == 70
    for vector in vectors:
        suite, asked = ocra.Suite.parse(vector["suite"]), vector["Q"]
        question = asked if len(asked) <= suite.length else (asked[: suite.length], asked[suite.length :])
        code = suite.code(
            vector["key_ascii"].encode(),
            question,
            counter=vector.get("C"),
            pin_hash=suite.pin_hash(vector["pin"]) if "pin" in vector else None,
            step=int(vector["T_hex"], 16) if "T_hex" in vector else None,
        )
        assert code == vector["otp"], vector


@pytest.mark.parametrize(
    "suite",
    ["", "OCRA-1", "OCRA-1:HOTP-SHA1-6", "ocra-1:hotp-sha1-6:qn08", "OCRA-1:HOTP-SHA1-6:QN08 ",
     "OCRA-1:HOTP-SHA1-6:QN08\n", "OCRA-1:HOTP-SHA1-6:QN08-T0M",
     "OCRA-1:HOTP-SHA1-11:QN08", "OCRA-1:HOTP-SHA1-0:QN08", "OCRA-1:HOTP-SHA1-6:QN08-T60S",
     "OCRA-1:HOTP-SHA1-6:QN08-T49H", "OCRA-1:HOTP-SHA1-6:QN０8", "OCRA-1:HOTP-SHA1-6:QN08-T1M-T1M",
     "OCRA-1:HOTP-SHA1-6:QN08" + "-T1M" * 10_000, None, 5],
)  # fmt: skip
def test_any_other_spelling_of_a_suite_is_refused(suite):
    with pytest.raises(EidkitError) as caught:
        ocra.Suite.parse(suite)
    assert caught.value.code == "ocra-suite"


@pytest.mark.parametrize(
    ("suite", "pin"),
    [("OCRA-1:HOTP-SHA1-6:QN08", None), ("OCRA-1:HOTP-SHA1-6:C-QN06", None), ("OCRA-1:HOTP-SHA1-4:QH64", None),
     ("OCRA-1:HOTP-SHA1-6:QH64-S064", None), ("OCRA-1:HOTP-SHA1-6:QH64-T1S", None),
     ("OCRA-1:HOTP-SHA1-6:QH64-T1H", None), (WITH_PIN, None), (PLAIN, "1234"), (WITH_PIN, ""), (WITH_PIN, "123"),
     (WITH_PIN, "1234é")],
)  # fmt: skip
def test_a_suite_that_would_be_too_weak_is_not_enrolled(stores, suite, pin):
    with pytest.raises(EidkitError):
        ocra.enrol(LAN, stores=stores, suite=suite, pin=pin)


@pytest.mark.parametrize(
    ("suite", "question"),
    [("QN08", "123456789"), ("QN08", "12a45678"), ("QN08", ""), ("QH08", "xyz"), ("QA08", "a b"), ("QN08", "１２３４"),
     ("QN08", ("1", "2", "3"))],
)  # fmt: skip
def test_a_question_that_does_not_fit_is_refused(suite, question):
    with pytest.raises(EidkitError) as caught:
        ocra.Suite.parse(f"OCRA-1:HOTP-SHA1-6:{suite}").code(SECRET, question)
    assert caught.value.code == "ocra-question"


@pytest.mark.parametrize(
    ("suite", "inputs"),
    [(PLAIN, {"counter": 0}), (COUNTED, {}), (COUNTED, {"counter": -1}), (COUNTED, {"counter": 2**64}),
     (PLAIN, {"step": 1}), (ocra.DEFAULT_SUITE, {}), (WITH_PIN, {}), (WITH_PIN, {"pin_hash": b"1"}),
     (PLAIN, {"session": b""}), ("OCRA-1:HOTP-SHA1-6:QH64-S064", {"session": bytes(65)})],
)  # fmt: skip
def test_inputs_are_exactly_those_of_the_suite(suite, inputs):
    with pytest.raises(EidkitError) as caught:
        ocra.Suite.parse(suite).code(SECRET, "00" * 32, **inputs)
    assert caught.value.code == "ocra-inputs"


@pytest.mark.parametrize(("form", "bits"), [("QH64", 256), ("QN08", 26), ("QA10", 51), ("QN64", 212)])
def test_how_much_of_the_challenge_a_question_carries(form, bits):
    suite = ocra.Suite.parse(f"OCRA-1:HOTP-SHA1-6:{form}")
    assert suite.question_bits == bits
    questions = {suite.question(bytes([n]) * 32) for n in range(100)}
    assert len(questions) == 100
    assert {len(question) for question in questions} == {suite.length}


# ── recheck, and what stays hidden ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "change",
    [{"question": "00" * 32}, {"suite": COUNTED}, {"suite": "x"}, {"time_step": 0}, {"time_step": None}, {"counter": 1},
     {"outcome": "refused"}, {"method": "totp"}, {"extra": 1}, {"challenge_value": "00" * 32}],
)  # fmt: skip
def test_a_changed_proof_is_refuted(desk, change):
    challenge = desk.begin()
    made = desk.verify(desk.answer(challenge.question), challenge)
    assert recheck(made, None)
    proof = canonical.dumps({**canonical.loads(made.disclosure.proof), **change})
    changed = replace(
        made, proof=Proof.of(made.proof.media_type, proof), disclosure=replace(made.disclosure, proof=proof)
    )
    assert not recheck(changed, None)


def test_a_pin_that_only_the_file_claims_is_not_believed(desk):
    challenge = desk.begin()
    made = desk.verify(desk.answer(challenge.question), challenge)
    claimed = replace(made, factors=("have", "know"))
    assert {(a.scheme, a.value) for a in recheck(claimed, None).assurance} == {("vn-2024", "1"), ("nist-aal", "1")}


def test_an_erased_login_is_reported(desk):
    challenge = desk.begin()
    made = desk.verify(desk.answer(challenge.question), challenge)
    assert [f.code for f in recheck(replace(made, disclosure=None), None).findings] == ["ERASED"]


def test_a_new_device_hides_its_secret(stores):
    made = ocra.enrol(LAN, stores=stores)
    assert len(made.secret) == ocra.SECRET
    for shown in (repr(made), repr(dataclasses.asdict(made)), repr(dataclasses.astuple(made))):
        assert made.secret.hex() not in shown
        assert repr(made.secret) not in shown
    with pytest.raises(EidkitError):
        pickle.dumps(made)
