from __future__ import annotations

import contextlib
import dataclasses
import logging
import pickle
import re
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from eidkit import canonical
from eidkit.auth import delivered, limits, recheck
from eidkit.auth.stores import Stores
from eidkit.binding.authentication import Authentication, Proof
from eidkit.binding.transaction import TransactionDocument
from eidkit.errors import AuthenticationError, EidkitError
from eidkit.identity import Identity

LAN = Identity("vn-cccd", "001088000017", "Nguyễn Thị Lan")
BINH = Identity("vn-cccd", "001088000025", "Trần Văn Bình")
NUMBER = "+84900000001"
PAUSE = timedelta(seconds=limits.SEND_PAUSE)


class Desk:
    """A person with a telephone, and the messages that came to it."""

    def __init__(self, stores, clock, transaction):
        self.stores, self.clock, self.transaction = stores, clock, transaction
        self.inbox = []

    def begin(self, identity=LAN, transaction=None, **more):
        given = {"address": NUMBER, "send": self.inbox.append, "audience": "permits"} | more
        about = transaction or self.transaction
        return delivered.begin(identity, about, stores=self.stores, clock=self.clock, **given).id

    def code(self):
        return re.search(r"\b[0-9]{6}\b", self.inbox[-1].body)[0]

    def verify(self, code, challenge, **more):
        return delivered.verify(code, challenge, stores=self.stores, clock=self.clock, **more)

    def refused(self, code, challenge, **more):
        with pytest.raises(AuthenticationError) as caught:
            self.verify(code, challenge, **more)
        return caught.value

    def not_sent(self, **more):
        before = len(self.inbox)
        with pytest.raises(AuthenticationError) as caught:
            self.begin(**more)
        assert len(self.inbox) == before
        return caught.value

    def wrong(self):
        return f"{(int(self.code()) + 1) % 10**6:06d}"


@pytest.fixture
def desk(stores, clock, transaction):
    return Desk(stores, clock, transaction)


def test_a_code_that_was_sent_confirms(desk, service_key, transaction):
    challenge = desk.begin()
    made = desk.verify(desk.code(), challenge, attest=service_key)
    assert (made.identity, made.transaction, made.method, made.proof_class) == (LAN, transaction, "sms", "attested")
    assert made.factors == ("have",)
    assert any("restricted" in warning for warning in made.warnings)
    made.require(min=("vn-2024", "1"), bound=True)


def test_an_e_mail_address_is_no_factor(desk):
    challenge = desk.begin(channel="email", address="lan@example.com")
    made = desk.verify(desk.code(), challenge)
    assert (made.method, made.factors, made.assurance) == ("email", (), ())


def test_the_message_says_code_document_and_service_in_both_languages(desk, transaction):
    desk.begin()
    message = desk.inbox[-1]
    document = transaction.documents[0]
    for language in ("en", "vi"):
        body = message.in_language(language)
        for part in (desk.code(), document.label, document.sha256[:8], "permits", transaction.dossier_id, "approve"):
            assert part in body
    assert message.in_language("en") != message.in_language("vi")
    assert message.body == message.in_language("vi")
    assert (message.address, message.channel) == (NUMBER, "sms")


def test_a_message_about_many_documents_stays_short(desk, transaction):
    many = tuple(TransactionDocument(f"form-{n}", "application/xml", None, f"{n:064x}") for n in range(200))
    desk.begin(transaction=replace(transaction, documents=many))
    assert len(desk.inbox[-1].body) < 300
    assert "+197" in desk.inbox[-1].body


@pytest.mark.parametrize("text", ["{code}", "{0}", "{address.secret}"])
def test_a_name_is_never_a_template(desk, text, transaction):
    desk.begin(transaction=replace(transaction, dossier_id=text))
    assert text in desk.inbox[-1].body


# ── one use, five tries, five minutes ─────────────────────────────────────────────────────────────────────


def test_a_code_is_accepted_once(desk):
    challenge = desk.begin()
    code = desk.code()
    desk.verify(code, challenge)
    desk.refused(code, challenge)


def test_a_code_answers_its_own_challenge_only(desk, other_transaction):
    desk.begin()
    code = desk.code()
    desk.clock.advance(PAUSE)
    other = desk.begin(transaction=other_transaction)
    if code != desk.code():
        desk.refused(code, other)


def test_a_new_code_voids_the_one_before(desk):
    first = desk.begin()
    code = desk.code()
    desk.clock.advance(PAUSE)
    second = desk.begin()
    desk.refused(code, first)
    assert desk.verify(desk.code(), second)


def test_a_code_lives_five_minutes(desk):
    challenge = desk.begin()
    desk.clock.advance(timedelta(minutes=5, seconds=1))
    desk.refused(desk.code(), challenge)


def test_five_wrong_tries_void_a_code(desk):
    challenge = desk.begin()
    for tries in range(delivered.MAX_TRIES):
        desk.refused(desk.wrong(), challenge)
        desk.clock.advance(timedelta(seconds=limits.delay(tries + 1)))
    desk.refused(desk.code(), challenge)


def test_the_fifth_try_still_counts(desk):
    challenge = desk.begin()
    for tries in range(delivered.MAX_TRIES - 1):
        desk.refused(desk.wrong(), challenge)
        desk.clock.advance(timedelta(seconds=limits.delay(tries + 1)))
    assert desk.verify(desk.code(), challenge)


def test_new_codes_do_not_lift_the_persons_lock(desk, stores):
    for tries in range(limits.MAX_FAILURES):
        desk.clock.advance(timedelta(hours=1))
        challenge = desk.begin()
        desk.refused(desk.wrong(), challenge)
        assert tries < limits.MAX_FAILURES
    desk.clock.advance(timedelta(hours=1))
    desk.not_sent()
    delivered.unlock(LAN, stores=stores)
    challenge = desk.begin()
    assert desk.verify(desk.code(), challenge)


def test_fifty_parallel_submissions_accept_one(desk):
    challenge = desk.begin()
    code, barrier, accepted = desk.code(), threading.Barrier(50), []

    def submit(_):
        barrier.wait()
        with contextlib.suppress(AuthenticationError):
            accepted.append(desk.verify(code, challenge))

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(submit, range(50)))
    assert len(accepted) == 1


def test_full_width_digits_and_other_forms_are_refused(desk):
    challenge = desk.begin()
    code = desk.code()
    wide = "".join(chr(ord(digit) - ord("0") + ord("０")) for digit in code)
    for tries, given in enumerate((wide, code + " ", code[:-1], None), 1):
        desk.refused(given, challenge)
        desk.clock.advance(timedelta(seconds=limits.delay(tries)))
    assert desk.verify(code, challenge)


# ── quotas ────────────────────────────────────────────────────────────────────────────────────────────────


def test_between_two_messages_there_is_a_pause(desk):
    desk.begin()
    desk.clock.advance(PAUSE - timedelta(seconds=1))
    error = desk.not_sent()
    assert (error.code, error.retryable) == ("code-quota", True)
    desk.clock.advance(timedelta(seconds=1))
    assert desk.begin()


def test_an_address_gets_five_messages_an_hour_whoever_they_are_for(desk):
    for n in range(delivered.MAX_PER_ADDRESS):
        desk.begin(Identity("vn-cccd", f"00108800010{n}"))
        desk.clock.advance(PAUSE)
    desk.not_sent()
    desk.clock.advance(timedelta(hours=1))
    assert desk.begin()


def test_a_person_has_a_quota_whatever_the_address(desk):
    for n in range(delivered.MAX_PER_PERSON):
        desk.begin(address=f"+8490000010{n}")
    desk.not_sent(address="+84900000199")


def test_a_source_has_a_quota_whatever_address_and_person(desk):
    for n in range(delivered.MAX_PER_SOURCE):
        desk.begin(Identity("vn-cccd", f"0010880002{n:02d}"), address=f"+849000002{n:02d}", source="192.0.2.1")
    desk.not_sent(source="192.0.2.1")
    assert desk.begin(source="192.0.2.2")


def test_a_clock_that_goes_back_opens_no_quota(desk):
    for _ in range(delivered.MAX_PER_ADDRESS):
        desk.begin()
        desk.clock.advance(PAUSE)
    desk.clock.advance(timedelta(days=-1))
    desk.not_sent()


def test_a_message_that_is_refused_counts_nowhere(desk):
    desk.begin()
    for _ in range(30):
        desk.not_sent(source="192.0.2.1")
    desk.clock.advance(PAUSE)
    assert desk.begin(source="192.0.2.1")


@pytest.mark.parametrize(
    ("channel", "address"),
    [("sms", "0900000001"), ("sms", "+84 900000001"), ("sms", "+84900000001,+84900000002"), ("sms", "+8４900000001"),
     ("sms", "+" + "8" * 16), ("sms", None), ("email", "lan"), ("email", "a@b.vn,c@d.vn"),
     ("email", "a@b.vn\nBcc: c@d.vn"), ("email", "a b@c.vn"), ("email", "<a@b.vn>"), ("email", "a@-b"),
     ("voice", "+84900000001")],
)  # fmt: skip
def test_an_address_is_one_address(desk, channel, address):
    with pytest.raises(EidkitError):
        desk.begin(channel=channel, address=address)
    assert desk.inbox == []


# ── no leak ───────────────────────────────────────────────────────────────────────────────────────────────


def test_a_sender_that_fails_shows_nothing_and_leaves_no_challenge(desk, caplog):
    caplog.set_level(logging.DEBUG)
    kept = []

    def broken(message):
        kept.append(message)
        raise RuntimeError(f"gateway: {message.address} {message.body}")

    with pytest.raises(EidkitError) as caught:
        desk.begin(send=broken)
    error = caught.value
    assert (error.code, error.kind, error.retryable) == ("code-not-sent", "outside", True)
    assert "RuntimeError" in str(error)
    assert (error.__cause__, error.__context__) == (None, None)
    shown = "".join(traceback.format_exception(error)) + caplog.text + repr(error.__dict__)
    for hidden in (re.search(r"[0-9]{6}", kept[0].body)[0], NUMBER):
        assert hidden not in shown


def test_a_message_hides_what_it_says(desk):
    desk.begin()
    message = desk.inbox[-1]
    for shown in (repr(message), repr(dataclasses.asdict(message)), repr(dataclasses.astuple(message))):
        assert desk.code() not in shown
        assert NUMBER not in shown
    with pytest.raises(EidkitError):
        pickle.dumps(message)


def test_neither_code_nor_address_lies_in_the_file_or_the_log(tmp_path, clock, transaction, caplog):
    caplog.set_level(logging.DEBUG)
    desk = Desk(Stores.sqlite(tmp_path / "a.db", key=bytes(32)), clock, transaction)
    challenge = desk.begin()
    error = desk.refused(desk.wrong(), challenge)
    desk.stores.backend.close()
    data = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    said = caplog.text + "".join(str(record.__dict__) for record in caplog.records) + str(error) + repr(error.__dict__)
    for hidden in (NUMBER, LAN.identifier):
        assert hidden.encode() not in data
        assert hidden not in said
    assert not re.search(rf"\b{desk.code()}\b", said)
    desk.clock.advance(timedelta(seconds=1))
    made = desk.verify(desk.code(), challenge)
    assert canonical.loads(made.disclosure.proof) == {
        "challenge_value": made.challenge_value.hex(), "method": "sms", "outcome": "accepted",
    }  # fmt: skip


def test_every_refusal_says_the_same(desk):
    challenge = desk.begin()
    errors = [desk.refused(desk.wrong(), challenge), desk.refused(desk.code(), challenge)]
    errors.append(desk.refused(desk.code(), "A" * 43))
    assert len({(e.code, str(e), e.kind, e.retryable) for e in errors}) == 1


# ── recheck ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("channel", "address"), [("sms", NUMBER), ("email", "lan@example.com")])
def test_a_kept_authentication_rechecks_and_a_changed_one_does_not(desk, tmp_path, channel, address):
    challenge = desk.begin(channel=channel, address=address)
    desk.verify(desk.code(), challenge).write(tmp_path / "a.json")
    made = Authentication.read(tmp_path / "a.json")
    assert recheck(made, None)
    for change in ({"outcome": "sent"}, {"method": "totp"}, {"challenge_value": "00" * 32}, {"extra": 1}):
        proof = canonical.dumps({**canonical.loads(made.disclosure.proof), **change})
        changed = replace(
            made, proof=Proof.of(made.proof.media_type, proof), disclosure=replace(made.disclosure, proof=proof)
        )
        assert not recheck(changed, None)
    assert not recheck(replace(made, disclosure=replace(made.disclosure, identity=BINH)), None)
