"""ID tokens and callbacks that are no text: refused like any other, whoever signed them."""

from __future__ import annotations

import pytest

from eidkit.auth import oidc
from eidkit.auth.foreign import NotAccepted, json_object
from eidkit.auth.oidc import check_id_token
from eidkit.auth.stores import Stores
from eidkit.clock import FixedClock
from eidkit.errors import AuthenticationError
from tests.auth.test_id_token import CLIENT, ISSUER, NOW, Signer


@pytest.mark.parametrize("claim", ["nonce", "at_hash", "c_hash", "iss", "aud", "sub", "acr", "azp"])
def test_half_a_character_in_a_signed_claim(claim):
    signer = Signer()
    provider = oidc.Provider(ISSUER, CLIENT, (signer.pin,))
    with pytest.raises(AuthenticationError):
        check_id_token(signer.token(**{claim: "\ud800"}), provider, "n-1", NOW, code="c", access_token="a")


def test_half_a_character_is_no_text():
    with pytest.raises(NotAccepted):
        json_object(b'{"a": ["\\ud800"]}', "answer")
    assert json_object(b'{"a": "\\ud83d\\ude00"}', "answer") == {"a": "\U0001f600"}


def test_a_state_that_is_no_text(stage):
    """Whatever a web framework makes of the bytes in an address."""
    signer, stores, clock = Signer(), Stores.memory(), FixedClock(NOW)
    provider = oidc.Provider(
        ISSUER, CLIENT, (signer.pin,), authorization_endpoint=ISSUER + "/a", token_endpoint=ISSUER + "/t",
        redirect_uri="https://permits.example.test/back",
    )  # fmt: skip
    shown = stage.opened().transaction(action="approve")
    challenge = oidc.begin(provider, shown, audience="permits", stores=stores, clock=clock)
    with pytest.raises(AuthenticationError):
        oidc.verify({"state": "\ud800", "code": "c"}, challenge.id, provider=provider, stores=stores, clock=clock)
