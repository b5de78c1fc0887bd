"""A bare RFC 3161 token, or the response it came in, about a file."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from eidkit.asn1 import der, tsp
from eidkit.document import Document
from eidkit.errors import DocumentError, NotSupported
from eidkit.verify import verify

if TYPE_CHECKING:
    from eidkit.sandbox import Sandbox
    from eidkit.verify import Report

CONTENT = b"what is stamped"


@pytest.fixture(scope="module")
def token(sandbox: Sandbox) -> bytes:
    return sandbox.tsa.timestamp(hashlib.sha256(CONTENT).digest(), "sha256", clock=sandbox.clock, transport=sandbox)


def _report(data: bytes, box: Sandbox, content: bytes | None) -> Report:
    detached = [Document.from_bytes(content, "content")] if content is not None else []
    return verify(
        Document.from_bytes(data, "t.tst"), box.trust, detached=detached, sources=box.sources, transport=box,
        clock=box.clock,
    )  # fmt: skip


def test_a_token_about_its_content_passes(token: bytes, sandbox: Sandbox) -> None:
    report = _report(token, sandbox, CONTENT)
    assert (report.verdict, report.format) == ("PASSED", "timestamp-token")
    assert report.timestamps[0].time == sandbox.clock.now()


def test_about_other_content_it_fails(token: bytes, sandbox: Sandbox) -> None:
    assert _report(token, sandbox, b"other").verdict == "FAILED"


def test_without_its_content_it_never_passes(token: bytes, sandbox: Sandbox) -> None:
    assert _report(token, sandbox, None).verdict == "INDETERMINATE"


def test_the_response_around_a_token_is_looked_through(token: bytes, sandbox: Sandbox) -> None:
    status = der.sequence(der.encode_integer(0))
    assert _report(der.sequence(status, token), sandbox, CONTENT).verdict == "PASSED"


def test_a_refusal_is_named(sandbox: Sandbox) -> None:
    refusal = der.sequence(der.sequence(der.encode_integer(2)))
    assert not tsp.parse_response(refusal).granted
    with pytest.raises(DocumentError) as caught:
        _report(refusal, sandbox, None)
    assert caught.value.code == "timestamp-refused"


def test_other_der_is_refused_by_name(sandbox: Sandbox) -> None:
    with pytest.raises(NotSupported) as caught:
        _report(der.sequence(der.encode_oid("1.2.840.113549.1.7.3"), der.explicit(0, der.sequence())), sandbox, None)
    assert caught.value.code == "format-cms"


def test_a_token_with_an_indefinite_length_around_it_passes(token: bytes, sandbox: Sandbox) -> None:
    """CMS is BER where nothing is signed (RFC 5652 §5)."""
    ber = b"\x30\x80" + der.read(token).content + b"\x00\x00"
    assert _report(ber, sandbox, CONTENT).verdict == "PASSED"
    assert _report(ber, sandbox, b"something else").verdict == "FAILED"
