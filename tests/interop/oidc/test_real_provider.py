"""Whole logins at a real, certified OpenID provider over HTTP: its tokens, its rotation, what is kept of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from eidkit.auth import Stores, oidc, recheck
from eidkit.auth.jwks import REFETCH_AFTER
from eidkit.binding.authentication import Assurance, Authentication
from eidkit.errors import AuthenticationError
from eidkit.identity import Identity
from eidkit.transport import HttpTransport
from tests.interop.oidc.running import ACR, REDIRECT_URI, Real, installed, running
from tests.interop.oracles import require, unavailable
from tests.sandbox.visiting import Visitor
from tests.transaction import TRANSACTION

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("real-oidc")]
LAN = Identity("vn-cccd", "000190000022")
NETWORK = HttpTransport(allow_hosts=frozenset({"127.0.0.1"}))
RULE, SCOPES = oidc.IdentifierRule("citizen_id", "vn-cccd"), ("openid", "person")
SUBSTANTIAL = (ACR, (Assurance("eidas", "substantial", "asserted"),))
IN_TOKEN = oidc.Profile(RULE, acr=(SUBSTANTIAL,), scopes=SCOPES)
IN_USERINFO = oidc.Profile(RULE, acr=(SUBSTANTIAL,), scopes=SCOPES, claims_from="userinfo")


def jwk(kind: str, kid: str) -> dict[str, Any]:
    """A fresh private JWK."""
    from joserfc.jwk import ECKey, RSAKey

    key = ECKey.generate_key("P-256") if kind == "EC" else RSAKey.generate_key(2048)
    return {**key.as_dict(private=True), "kid": kid, "use": "sig"}


def discovered(real: Real, algorithm: str = "ES256", profile: oidc.Profile = IN_TOKEN) -> oidc.Provider:
    client = f"permits-{algorithm}"
    return oidc.Provider.discover(
        real.issuer, client_id=client, redirect_uri=REDIRECT_URI, profile=profile, transport=NETWORK
    )


def log_in(provider: oidc.Provider, stores: Stores, who: str = "lan") -> Authentication:
    """The whole way: begin, the browser at the provider's own pages, the callback, verify."""
    challenge = oidc.begin(provider, TRANSACTION, audience="permits", stores=stores)
    visitor = Visitor(REDIRECT_URI)
    page = visitor.get(str(challenge.url))
    visitor.fill(visitor.form(page), login=who)
    assert visitor.landed is not None
    return oidc.verify(visitor.landed, challenge.id, provider=provider, stores=stores, transport=NETWORK)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    require("node", "npm")
    try:
        installed()
    except RuntimeError as error:
        unavailable(str(error))
    return tmp_path


def test_a_login_gives_an_asserted_authentication_with_each_algorithm(folder: Path) -> None:
    algorithms = ("ES256", "RS256", "PS256")
    with running(folder, [jwk("EC", "one"), jwk("RSA", "two")], algorithms) as real:
        for algorithm in algorithms:
            provider = discovered(real, algorithm)
            made = log_in(provider, Stores.memory())
            assert (made.identity, made.identity.name) == (LAN, "Nguyễn Thị Lan")
            assert (made.proof_class, made.factors) == ("asserted", ())  # it tells no amr, so none is made up
            assert [(one.scheme, one.value, one.source) for one in made.assurance] == [
                ("eidas", "substantial", "asserted")
            ]
            assert recheck(made, None, [provider]), algorithm


def test_it_was_asked_for_a_fresh_login_of_this_transaction(folder: Path) -> None:
    """The provider takes what we send as meant: prompt=login, max_age=0, PKCE; its auth_time is of this login."""
    with running(folder, [jwk("EC", "one")], ["ES256"]) as real:
        provider, stores = discovered(real), Stores.memory()
        challenge = oidc.begin(provider, TRANSACTION, audience="permits", stores=stores)
        visitor = Visitor(REDIRECT_URI)
        visitor.fill(visitor.form(visitor.get(str(challenge.url))), login="lan")
        # The same browser, which now has a session there: it is asked again all the same.
        again = oidc.begin(provider, TRANSACTION, audience="permits", stores=stores)
        assert 'name="login"' in visitor.get(str(again.url))
        answer = parse_qs(urlsplit(str(visitor.landed)).query)
        assert answer["iss"] == [real.issuer]


def test_a_login_that_was_not_finished_is_refused(folder: Path) -> None:
    with running(folder, [jwk("EC", "one")], ["ES256"]) as real, pytest.raises(AuthenticationError):
        log_in(discovered(real), Stores.memory(), who="nobody")


def test_after_a_restart_with_other_keys_old_logins_recheck_and_new_ones_are_looked_for(folder: Path) -> None:
    stores = Stores.memory()
    with running(folder, [jwk("EC", "one")], ["ES256"]) as real:
        provider = discovered(real)
        before = log_in(provider, stores)
        port = int(real.issuer.rpartition(":")[2])
    with running(folder, [jwk("EC", "two")], ["ES256"], port=port):
        after = log_in(provider, stores)
    assert REFETCH_AFTER == 300
    assert recheck(before, None, [provider])
    assert [one.code for one in recheck(after, None, [provider]).findings] == ["LOGIN_RECHECK_UNDECIDED"]
    written = folder / "provider.json"
    oidc.pinned(provider, stores=stores).write(written)
    pinned = oidc.Provider.read(written)
    assert recheck(before, None, [pinned])
    assert recheck(after, None, [pinned])


def test_where_only_userinfo_names_the_person_the_login_is_attested(folder: Path) -> None:
    with running(folder, [jwk("EC", "one")], ["ES256"], claims_in="userinfo") as real:
        provider = discovered(real, profile=IN_USERINFO)
        made = log_in(provider, Stores.memory())
        assert (made.identity, made.proof_class) == (LAN, "attested")
        assert recheck(made, None, [provider])
        with pytest.raises(AuthenticationError):
            log_in(discovered(real), Stores.memory())
