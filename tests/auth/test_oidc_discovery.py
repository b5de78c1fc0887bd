"""Discovery: exactly the issuer that was asked, https but for this machine's loopback, everything bounded."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from eidkit.auth.oidc import Provider
from eidkit.errors import EidkitError, TransportError
from eidkit.sandbox import Sandbox
from eidkit.sandbox.provider import SandboxProvider
from eidkit.sandbox.server import free_address, serving
from eidkit.transport import HttpTransport, Response

NETWORK = HttpTransport(allow_hosts=frozenset({"127.0.0.1"}))


class Edited:
    """A provider with other metadata."""

    def __init__(self, idp, **change):
        self.idp, self.change = idp, change

    def send(self, request):
        response = self.idp.send(request)
        return replace(response, body=json.dumps({**json.loads(response.body), **self.change}).encode())


@pytest.fixture
def served(clock):
    sandbox = Sandbox.create(clock=clock, base_url=free_address())
    with serving(sandbox) as server:
        yield server


def discover(server, transport=NETWORK, **more):
    sandbox = server.sandbox
    return Provider.discover(sandbox.base_url + "oidc", client_id="x", transport=transport, clock=sandbox.clock, **more)


def test_over_http_on_the_loopback_with_its_host_allowed(served):
    found = discover(served)
    assert found.issuer == served.address + "oidc"
    assert len(found.keys) == 1


def test_the_loopback_is_not_reached_unless_it_was_allowed(served):
    with pytest.raises(TransportError) as caught:
        discover(served, transport=HttpTransport())
    assert caught.value.code == "transport-refused"


def test_a_slash_more_is_another_issuer(served):
    with pytest.raises(EidkitError) as caught:
        Provider.discover(served.address + "oidc/", client_id="x", transport=NETWORK)
    assert caught.value.code == "provider-unfit"


@pytest.mark.parametrize("kind", ["down", "cut-off", "rate-limited", "too-large"])
@pytest.mark.parametrize("endpoint", ["discovery", "jwks"])
def test_a_provider_in_trouble_is_outside(served, endpoint, kind):
    served.fault(endpoint, kind)
    with pytest.raises(TransportError):
        discover(served)


def test_another_issuers_document_is_refused(served):
    served.fault("discovery", "wrong", times=1)
    with pytest.raises(EidkitError) as caught:
        discover(served)
    assert caught.value.code == "provider-unfit"
    assert discover(served)


@pytest.mark.parametrize(
    "url",
    [
        "http://id.example",
        "http://127.0.0.1.example",
        "http://localhost:8765/oidc",
        "http://[::2]",
        "http://10.0.0.1",
    ],
)
def test_plain_http_elsewhere_has_to_be_spelled_out(clock, url):
    with pytest.raises(EidkitError) as caught:
        Provider.discover(url, client_id="x", transport=SandboxProvider(url, clock=clock), clock=clock)
    assert caught.value.code == "provider-url"
    assert Provider.discover(
        url, client_id="x", plain_http=True, transport=SandboxProvider(url, clock=clock), clock=clock
    )


@pytest.mark.parametrize("issuer", ["https://id.example?tenant=1", "https://id.example#x"])
def test_an_issuer_has_no_query_and_no_fragment(issuer):
    with pytest.raises(EidkitError):
        Provider(issuer, "x")


@pytest.mark.parametrize(
    "change",
    [
        {"token_endpoint": "http://127.0.0.1:1/token"},
        {"userinfo_endpoint": "http://id.sandbox.eidkit.test/userinfo"},
        {"userinfo_endpoint": 7},
        {"code_challenge_methods_supported": ["plain"]},
        {"response_types_supported": ["id_token"]},
        {"response_types_supported": "code"},
    ],
)
def test_metadata_that_does_not_fit(clock, change):
    idp = SandboxProvider(clock=clock)
    with pytest.raises(EidkitError):
        Provider.discover(idp.issuer, client_id="x", transport=Edited(idp, **change), clock=clock)


def test_a_loopback_issuer_leads_nowhere_else_unprotected(served):
    address = {"token_endpoint": "http://id.example/token"}
    with pytest.raises(EidkitError) as caught:
        discover(served, transport=Edited(served.sandbox, **address))
    assert caught.value.code == "provider-url"


def test_a_deep_document_is_refused(clock):
    class Deep:
        def send(self, _request):
            return Response(200, {}, b'{"a":' * 40 + b"1" + b"}" * 40)

    with pytest.raises(TransportError):
        Provider.discover("https://id.example", client_id="x", transport=Deep(), clock=clock)
