"""The sandbox on a loopback port: what its certificates name can really be fetched."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from eidkit.asn1 import certificate as x509
from eidkit.errors import TransportError
from eidkit.sandbox import Sandbox
from eidkit.sandbox.server import MAX_BODY, serving
from eidkit.timestamps.authority import TimestampAuthority, first_token
from eidkit.transport import HttpTransport, Request
from eidkit.trust.revocation import status_of

if TYPE_CHECKING:
    from eidkit.clock import FixedClock

NETWORK = HttpTransport(allow_hosts=frozenset({"127.0.0.1"}))


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def local(clock: FixedClock) -> Sandbox:
    return Sandbox.create(clock=clock, base_url=f"http://127.0.0.1:{_free_port()}/")


def test_revocation_is_fetched_where_the_certificate_says(local: Sandbox) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding

    key = local.official("Nguyễn Thị Lan", "000190000022")
    local.revoke(key)
    leaf, issuer = x509.parse(key.certificate_der), x509.parse(key.chain[0].public_bytes(Encoding.DER))
    with serving(local) as server:
        assert server.address == local.base_url
        crls, ocsps = local.sources.revocation(leaf, issuer, transport=NETWORK)
    now = local.clock.now()
    assert status_of(leaf, issuer, crls=crls, ocsps=ocsps, at=now, now=now).state == "revoked"


def test_a_timestamp_authority_may_be_on_the_loopback_when_its_address_was_given(local: Sandbox) -> None:
    with serving(local) as server:
        authority = TimestampAuthority(server.address + "tsa", trust=local.trust)
        assert first_token(authority, b"octets", clock=local.clock)


def test_any_free_port_will_do(sandbox: Sandbox) -> None:
    with serving(sandbox, port=0) as server:
        assert NETWORK.send(Request("GET", server.address + "root.crl")).status == 200
        assert NETWORK.send(Request("GET", server.address + "nothing")).status == 404


def test_a_body_past_the_bound_is_refused(sandbox: Sandbox) -> None:
    with serving(sandbox, port=0) as server:
        try:
            status = NETWORK.send(Request("POST", server.address + "tsa", body=bytes(MAX_BODY + 1))).status
        except TransportError:
            status = 413  # the connection was closed before the body was through
    assert status == 413
