"""A provider that answers anything at all: only our own errors come of it, and nobody is in."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from eidkit.auth import Stores, oidc
from eidkit.auth.oidc import Provider
from eidkit.clock import FixedClock
from eidkit.errors import EidkitError
from eidkit.identity import Identity
from eidkit.sandbox.dialect import PORTAL
from eidkit.sandbox.provider import SandboxProvider
from eidkit.transport import Response
from tests.transaction import TRANSACTION

CLOCK = FixedClock(datetime(2026, 3, 2, 9, 14, 10, tzinfo=UTC))
IDP = SandboxProvider(clock=CLOCK, speaks=PORTAL)
PROVIDER = IDP.provider()
LAN = Identity("vn-cccd", "001088000017", "Nguyễn Thị Lan")
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20))
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner))
MEMBERS = st.sampled_from(
    ["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint", "keys", "sub", "id_token",
     "access_token", "token_type", "SoDinhDanh", "HoVaTen", "id_token_signing_alg_values_supported"]
)  # fmt: skip
CHANGES = st.dictionaries(MEMBERS, VALUES, min_size=1, max_size=3)
BYTES = st.binary(max_size=100)


class Answering:
    """The provider, but what lies at ``path`` is something else: other bytes, or its object with other members."""

    def __init__(self, path, change):
        self.path, self.change = path, change

    def send(self, request):
        response = IDP.send(request)
        if not request.url.endswith(self.path):
            return response
        if isinstance(self.change, bytes):
            return Response(response.status, {}, self.change)
        changed = {**json.loads(response.body), **self.change}
        return Response(response.status, {}, json.dumps(changed).encode("utf-8", errors="surrogatepass"))


@settings(deadline=None)
@given(st.sampled_from(["/openid-configuration", "/jwks"]), st.one_of(BYTES, CHANGES))
def test_discovery_gives_a_provider_of_that_issuer_or_our_error(path, change):
    try:
        found = Provider.discover(IDP.issuer, client_id="x", transport=Answering(path, change), clock=CLOCK)
    except EidkitError:
        return
    assert found.issuer == IDP.issuer
    assert found.keys


@settings(deadline=None)
@given(st.sampled_from(["/token", "/userinfo"]), st.one_of(BYTES, CHANGES))
def test_a_login_names_the_person_who_logged_in_or_nobody(path, change):
    stores = Stores.memory()
    challenge = oidc.begin(PROVIDER, TRANSACTION, audience="permits", stores=stores, clock=CLOCK)
    callback = IDP.answer(challenge.url, LAN)
    try:
        made = oidc.verify(
            callback, challenge.id, provider=PROVIDER, stores=stores, transport=Answering(path, change), clock=CLOCK
        )
    except EidkitError:
        return
    told = (
        change.get("SoDinhDanh", LAN.identifier) if isinstance(change, dict) and path == "/userinfo" else LAN.identifier
    )
    assert made.identity == Identity("vn-cccd", told)


@given(st.text(max_size=300))
def test_a_callback_is_text_of_anybody(text):
    stores = Stores.memory()
    challenge = oidc.begin(PROVIDER, TRANSACTION, audience="permits", stores=stores, clock=CLOCK)
    try:
        oidc.verify(text, challenge.id, provider=PROVIDER, stores=stores, transport=IDP, clock=CLOCK)
    except EidkitError:
        return
    raise AssertionError("nobody logged in, and somebody is in")
