"""A log-in without a Transaction is as easy as one with it, and approves nothing."""

from __future__ import annotations

import dataclasses
import logging
import re
from datetime import timedelta

import pytest

from eidkit.auth import Login, challenge, delivered, hotp, making, ocra, otp, recovery
from eidkit.auth.codes import Seed, step_at
from eidkit.binding import Action, DocumentRule, Procedure, Step
from eidkit.binding.authentication import Authentication
from eidkit.document import Document
from eidkit.dossier import Dossier
from eidkit.errors import AuthenticationError, EidkitError, Text
from eidkit.identity import Identity
from eidkit.sandbox import Sandbox
from eidkit.sandbox.documents import decision_pdf
from eidkit.signing import sign

LAN = Identity("vn-cccd", "001088000017", "Nguyễn Thị Lan")
SECRETS = {"totp": b"t" * 20, "hotp": b"h" * 20, "ocra": b"o" * 32}
MODULES = {"totp": otp, "hotp": hotp, "ocra": ocra, "sms": delivered, "recovery": recovery}


class Ways:
    """One person with every kind of code."""

    def __init__(self, stores, clock):
        self.stores, self.clock, self.inbox = stores, clock, []
        otp.enrol(LAN, issuer="x", stores=stores, secret=SECRETS["totp"])
        hotp.enrol(LAN, issuer="x", stores=stores, secret=SECRETS["hotp"])
        ocra.enrol(LAN, stores=stores, secret=SECRETS["ocra"])
        self.paper = recovery.issue(LAN, stores=stores).codes

    def begin(self, way, *transaction):
        more = {"address": "+84900000001", "send": self.inbox.append} if way == "sms" else {}
        return MODULES[way].begin(LAN, *transaction, audience="permits", stores=self.stores, clock=self.clock, **more)

    def code(self, way, begun):
        moment = self.clock.now().timestamp()
        return {
            "totp": lambda: Seed.of(SECRETS["totp"]).code(step_at(moment)),
            "hotp": lambda: Seed.of(SECRETS["hotp"]).code(0),
            "ocra": lambda: ocra.Suite.parse(ocra.DEFAULT_SUITE).code(
                SECRETS["ocra"], begun.question, step=int(moment) // 60
            ),
            "sms": lambda: re.search(r"[0-9]{6}", self.inbox[-1].body)[0],
            "recovery": lambda: self.paper[0],
        }[way]()

    def log_in(self, way, begun, code=None):
        return MODULES[way].log_in(code or self.code(way, begun), begun.id, stores=self.stores, clock=self.clock)

    def verify(self, way, begun):
        return MODULES[way].verify(self.code(way, begun), begun.id, stores=self.stores, clock=self.clock)


@pytest.fixture
def ways(memory, clock):
    return Ways(memory, clock)


@pytest.mark.parametrize("way", MODULES)
def test_a_log_in_says_who_when_and_how(ways, way, clock):
    login = ways.log_in(way, ways.begin(way))
    assert isinstance(login, Login)
    assert (login.identity, login.method, login.audience) == (LAN, way, "permits")
    assert login.authenticated_at == clock.now()
    login.require(min=("vn-2024", "1"), max_age=timedelta(minutes=5), at=clock.now())
    with pytest.raises(AuthenticationError):
        login.require(min=("vn-2024", "2"))
    with pytest.raises(AuthenticationError):
        login.require(max_age=timedelta(minutes=5), at=clock.now() + timedelta(minutes=6))


@pytest.mark.parametrize("way", MODULES)
def test_a_log_in_is_never_verified_as_an_approval(ways, way):
    begun = ways.begin(way)
    with pytest.raises(AuthenticationError):
        ways.verify(way, begun)


@pytest.mark.parametrize("way", MODULES)
def test_a_confirmation_is_never_taken_for_a_log_in(ways, way, transaction):
    begun = ways.begin(way, transaction)
    with pytest.raises(AuthenticationError):
        ways.log_in(way, begun)


@pytest.mark.parametrize("way", MODULES)
def test_a_log_in_uses_code_and_challenge_up(ways, way, clock, transaction):
    begun = ways.begin(way)
    code = ways.code(way, begun)
    ways.log_in(way, begun, code)
    for again in (begun, None):
        clock.advance(timedelta(seconds=30))
        with pytest.raises(AuthenticationError):
            ways.log_in(way, again or ways.begin(way), code)


def test_the_message_of_a_log_in_names_no_document(ways):
    ways.begin("sms")
    assert "đăng nhập" in ways.inbox[-1].body
    assert "log in" in ways.inbox[-1].in_language("en")


def test_a_login_signs_and_approves_nothing(ways):
    login = ways.log_in("totp", ways.begin("totp"))
    box = Sandbox.create(clock=ways.clock)
    key = box.citizen("Nguyễn Thị Lan", LAN.identifier)
    document = Document.from_bytes(decision_pdf(), "a.pdf")
    with pytest.raises(EidkitError) as caught:
        sign(document, key, authentication=login, clock=ways.clock)
    assert caught.value.code == "login-approves-nothing"
    said = Text("action", "hành động")
    action = Action("approve", "advances", None, None, said)
    step = Step(
        "approval", said, "head", "person", None, (action,), None, "attested", "B-B", 900, (), ("a",), appearance=False
    )
    papers = DocumentRule("a", "application/pdf", required=True, from_step="approval")
    procedure = Procedure("p", "1", said, (LAN,), (), (papers,), (step,))
    dossier = Dossier.open("D-1", procedure, {"a": document})
    with pytest.raises(EidkitError) as caught:
        dossier.approve({"a": sign(document, key, clock=ways.clock)}, authentication=login, trust=box.trust)
    assert caught.value.code == "login-approves-nothing"


def test_a_login_has_nothing_of_an_authentication(ways):
    login = ways.log_in("totp", ways.begin("totp"))
    assert not isinstance(login, Authentication)
    for part in ("transaction", "attestation"):
        with pytest.raises(EidkitError) as caught:
            getattr(login, part)
        assert caught.value.code == "login-approves-nothing"
    assert LAN.identifier not in repr(login)
    with pytest.raises(EidkitError):
        Authentication.from_json(dataclasses.asdict(login))


def test_no_way_makes_an_authentication_out_of_a_log_in_challenge(memory, clock):
    issued = challenge.new("oidc", None, audience="permits", clock=clock, subject=LAN)
    with pytest.raises(AuthenticationError):
        making.authentication(
            issued, LAN, at=clock.now(), factors=(), assurance=(), proof_class="asserted",
            proof=("text/plain", b""), checks=(),
        )  # fmt: skip


def test_a_log_in_challenge_has_a_value_of_its_own(clock, transaction):
    from dataclasses import replace

    about = challenge.new("totp", transaction, audience="permits", clock=clock, subject=LAN)
    login = replace(about, transaction=None)
    assert about.value != login.value
    assert challenge.Issued.from_json(login.to_json()) == login


@pytest.mark.parametrize("way", MODULES)
def test_the_log_tells_which_way_refused_and_the_error_does_not(ways, way, caplog):
    caplog.set_level(logging.INFO, "eidkit.auth")
    with pytest.raises(AuthenticationError) as caught:
        ways.log_in(way, ways.begin(way), "000000")
    assert caught.value.code == "otp-refused"
    assert [(record.method, record.code) for record in caplog.records] == [(way, "code")]


@pytest.mark.parametrize("way", [otp, hotp])
def test_the_log_tells_it_of_a_try_without_a_challenge_too(way, ways, clock, caplog):
    caplog.set_level(logging.INFO, "eidkit.auth")
    with pytest.raises(AuthenticationError):
        way.confirm(LAN, "000000", stores=ways.stores, clock=clock)
    assert [(record.method, record.code) for record in caplog.records] == [(way.METHOD, "code")]
