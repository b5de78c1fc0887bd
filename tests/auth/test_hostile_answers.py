"""Whatever is answered, only our own errors come of it, nobody is in who did not answer, and no secret is told."""

from __future__ import annotations

import base64
import json
import logging
import pickle
import traceback
from collections.abc import Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eidkit.auth import Stores, oidc, otp, vneid, webauthn, webeid, x509
from eidkit.auth.webauthn import RelyingParty
from eidkit.clock import FixedClock
from eidkit.errors import EidkitError
from eidkit.identity import Identity
from eidkit.sandbox import Sandbox
from eidkit.sandbox.authenticator import SandboxAuthenticator
from eidkit.sandbox.partner import CLIENT_SECRET  # a public word, so not among the secrets below
from eidkit.sandbox.provider import REDIRECT_URI
from eidkit.transport import Response
from eidkit.trust.sources import Sources
from tests.auth.ways import _chain, _web_eid
from tests.servers import KEY
from tests.transaction import TRANSACTION

ORIGIN = "https://permits.example"
CLOCK = FixedClock(datetime(2026, 3, 2, 9, 14, 10, tzinfo=UTC))
LAN = Identity("vn-cccd", "001088000017", "Nguyễn Thị Lan")
OTP_SECRET = b"otp-secret-20-bytes!"
OIDC_SECRET = "s3cr+t/:&-of-a-client"
PARTY = RelyingParty("permits.example", "Permits", (ORIGIN,))
WAYS = ("oidc", "vneid", "x509", "webeid", "webauthn")
READ = {
    "x509": ("algorithm", "certificate", "signature"),  # its chain only offers authorities, which we know already
    "webeid": ("format", "unverifiedCertificate", "algorithm", "signature"),
    "webauthn": ("id", "rawId", "type", "response"),
}
"""The members of an answer that count."""
HANDLE = "userHandle"
"""Need not be there when the person was named before (WebAuthn Level 3 §7.2, step 6)."""

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner))
ANYTHING = st.text(max_size=200) | st.binary(max_size=200) | JSON.map(json.dumps) | JSON
SPOTS = st.tuples(st.floats(0, 1), st.integers(0, 3), st.text(max_size=3))
"""Where a text is changed, how much is taken out there, and what is put in."""
MEMBERS = st.tuples(st.integers(0, 20), JSON | st.just(...))
"""Which member of an answer gets another value, or none."""
PLAN = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))


class Changing:
    """A provider's endpoints, but what they say is changed on its way by ``change``."""

    def __init__(self, idp, path, change):
        self.idp, self.path, self.change = idp, path, change

    def send(self, request):
        response = self.idp.send(request)
        if not request.url.endswith(self.path):
            return response
        return Response(response.status, {}, self.change(response.body))


class Here:
    """A relying party with each way, and Lan, who answers it rightly."""

    def __init__(self) -> None:
        self.sandbox = Sandbox.create(clock=CLOCK)
        self.stores = Stores.memory()
        self.card = self.sandbox.official("Nguyễn Thị Lan", LAN.identifier)
        self.sandbox.provider.secret = OIDC_SECRET
        self.provider, self.partner = self.sandbox.provider.provider(), self.sandbox.partner.partner()
        self.given: dict[str, Any] = {"audience": ORIGIN, "stores": self.stores, "clock": CLOCK}
        self.done: dict[str, Any] = {"stores": self.stores, "clock": CLOCK}
        self.device = SandboxAuthenticator(ORIGIN)
        asked = webauthn.register_begin(PARTY, LAN, **self.given)
        webauthn.register(self.device.create(asked.question), asked.id, party=PARTY, **self.done)

    def asked(self, way):
        """A challenge and the right answer to it, as text."""
        if way in {"oidc", "vneid"}:
            module, at, idp = (
                (oidc, self.provider, self.sandbox.provider)
                if way == "oidc"
                else (vneid, self.partner, self.sandbox.partner)
            )
            challenge = module.begin(at, TRANSACTION, **self.given)
            return challenge, f"{REDIRECT_URI}?{urlencode(idp.answer(challenge.url, LAN))}"
        if way == "webauthn":
            challenge = webauthn.begin(PARTY, TRANSACTION, subject=LAN, **self.given)
            return challenge, self.device.get(challenge.question)
        challenge = (x509 if way == "x509" else webeid).begin(TRANSACTION, **self.given)
        if way == "x509":
            return challenge, x509.respond(self.card, challenge.question, at=ORIGIN)
        return challenge, _web_eid(self.card, challenge.question)

    def verify(self, way, answer, name, transport=None):
        if way == "oidc":
            more = {"provider": self.provider, "client_secret": OIDC_SECRET}
            return oidc.verify(answer, name, transport=transport or self.sandbox.provider, **more, **self.done)
        if way == "vneid":
            idp = self.sandbox.partner
            more = {"partner": self.partner, "client_secret": CLIENT_SECRET, "decryption_key": idp.decryption_key}
            return vneid.verify(answer, name, transport=transport or idp, **more, **self.done)
        if way == "webauthn":
            return webauthn.verify(answer, name, party=PARTY, **self.done)
        sources = self.sandbox.sources + Sources.of(_chain(self.card))
        more = {"trust": self.sandbox.trust, "sources": sources, "transport": self.sandbox}
        return (x509 if way == "x509" else webeid).verify(answer, name, **more, **self.done)


here = cache(Here)


@cache
def _told() -> tuple[bytes, ...]:
    """Every secret, in each spelling that it could slip out in."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    private = here().sandbox.partner.private
    numbers = private.private_numbers()
    der = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    raws = (OTP_SECRET, KEY, OIDC_SECRET.encode(), LAN.identifier.encode(), der)
    spelt = (base64.b64encode, base64.urlsafe_b64encode, base64.b32encode, lambda raw: raw.hex().encode())
    spellings = [spell(raw).rstrip(b"=") for raw in raws for spell in spelt]
    return (*raws, *spellings, str(numbers.d).encode(), *(repr(raw).encode()[2:-1] for raw in raws))


def _silent(*texts: object) -> None:
    for text in texts:
        said = text if isinstance(text, bytes) else str(text).encode("utf-8", errors="replace")
        assert not any(secret in said for secret in _told())


@contextmanager
def _listening():
    """Every log record made inside, as text."""
    lines: list[str] = []
    handler = logging.Handler(logging.DEBUG)
    handler.emit = lambda record: lines.append(f"{record.getMessage()} {record.__dict__}")
    log = logging.getLogger("eidkit")
    before = log.level
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        log.removeHandler(handler)
        log.setLevel(before)


def _accepted(way, answer, challenge, transport=None):
    """Whether it is; a refusal is ours and tells no secret."""
    with _listening() as lines:
        try:
            made = here().verify(way, answer, challenge.id, transport)
        except EidkitError as error:
            _silent(repr(error), error, pickle.dumps(error), *lines, "".join(traceback.format_exception(error)))
            return False
    _silent(repr(made), made, repr(challenge), *lines)
    assert made.identity.identifier == LAN.identifier
    return True


def _same(way, answer, good):
    """Whether all of ``answer`` that counts is what the right answer says."""
    if way in {"oidc", "vneid"}:
        return dict(parse_qsl(urlsplit(answer).query)) == dict(parse_qsl(urlsplit(good).query))
    found, right = json.loads(answer), json.loads(good)
    if way == "webauthn":
        known = right["response"]
        said = {name: value for name, value in found["response"].items() if name in known}
        found["response"] = known if said in (known, _without(known, HANDLE)) else said
    return all(found.get(name) == right[name] for name in READ[way])


def _without(row, name):
    return {key: value for key, value in row.items() if key != name}


def _spoilt(text, spot):
    where, out, into = spot
    at = round(where * len(text))
    return text[:at] + into + text[at + out :]


@pytest.mark.parametrize("way", WAYS)
def test_a_right_answer_is_accepted(way):
    challenge, answer = here().asked(way)
    assert _accepted(way, answer, challenge)


@pytest.mark.parametrize("way", WAYS)
@PLAN
@given(answer=ANYTHING)
def test_anything_is_refused(way, answer):
    challenge, _ = here().asked(way)
    assert not _accepted(way, answer, challenge)


@pytest.mark.parametrize("way", WAYS)
@PLAN
@given(spot=SPOTS)
def test_a_changed_text_is_refused_or_says_the_same(way, spot):
    challenge, good = here().asked(way)
    answer = _spoilt(good, spot)
    assert not _accepted(way, answer, challenge) or _same(way, answer, good)


@pytest.mark.parametrize("way", WAYS)
@PLAN
@given(change=MEMBERS)
def test_a_changed_member_is_refused_or_says_the_same(way, change):
    challenge, good = here().asked(way)
    row = dict(parse_qsl(urlsplit(good).query)) if way in {"oidc", "vneid"} else json.loads(good)
    name = list(row)[change[0] % len(row)]
    changed: Mapping[str, Any] = {key: value for key, value in {**row, name: change[1]}.items() if value is not ...}
    answer = changed if way in {"oidc", "vneid"} else json.dumps(changed)
    assert not _accepted(way, answer, challenge) or name not in READ.get(way, row) or changed == row


@pytest.mark.parametrize(("way", "path"), [("oidc", "/token"), ("vneid", "/token"), ("vneid", "/userinfo")])
@PLAN
@given(spot=SPOTS, whole=st.none() | st.binary(max_size=100))
def test_a_changed_body_names_nobody_else(way, path, spot, whole):
    challenge, good = here().asked(way)

    def change(body):
        return whole if whole is not None else _spoilt(body.decode(), spot).encode("utf-8", errors="replace")

    idp = here().sandbox.provider if way == "oidc" else here().sandbox.partner
    _accepted(way, good, challenge, Changing(idp, path, change))


@PLAN
@given(spot=SPOTS)
def test_a_changed_id_token_is_refused(spot):
    challenge, good = here().asked("oidc")
    seen = []

    def change(body):
        row = json.loads(body)
        seen.append((row["id_token"], _spoilt(row["id_token"], spot)))
        return json.dumps(row | {"id_token": seen[-1][1]}).encode()

    accepted = _accepted("oidc", good, challenge, Changing(here().sandbox.provider, "/token", change))
    ((before, after),) = seen
    assert accepted is (before == after)


def test_what_holds_secrets_shows_none(tmp_path):
    stores = Stores.sqlite(tmp_path / "a.db", key=KEY)
    otp.enrol(LAN, issuer="x", stores=stores, secret=OTP_SECRET)
    challenge = otp.begin(LAN, TRANSACTION, audience=ORIGIN, stores=stores, clock=CLOCK)
    key = here().sandbox.partner.decryption_key
    _silent(pickle.dumps(challenge))
    for holder in (stores, stores.backend, challenge, key, here().card, here().sandbox, LAN):
        _silent(repr(holder), holder)
    for holder in (stores, key):
        with pytest.raises((EidkitError, TypeError, pickle.PicklingError)):
            pickle.dumps(holder)
    assert not any(secret in (tmp_path / "a.db").read_bytes() for secret in _told())
