"""A refused certificate never reaches the key."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from eidkit.clock import FixedClock
from eidkit.document import Document
from eidkit.errors import KeyUnusable
from eidkit.sandbox import Sandbox
from eidkit.sandbox.documents import form_xml
from eidkit.signing import sign
from eidkit.trust.store import TrustStore


class Spy:
    """A key that remembers whether it was asked."""

    def __init__(self, key: Any) -> None:
        self._key = key
        self.certificate, self.chain = key.certificate, key.chain
        self.asked = False

    def sign(self, data: bytes, algorithm: Any) -> bytes:
        self.asked = True
        return self._key.sign(data, algorithm)


@pytest.fixture
def box(clock: FixedClock) -> Sandbox:
    return Sandbox.create(clock=clock)


def _refused(box: Sandbox, key: Any, **more: Any) -> str:
    spy = Spy(key)
    with pytest.raises(KeyUnusable) as caught:
        sign(Document.from_bytes(form_xml(), "form.xml"), spy, clock=box.clock, **more)
    assert not spy.asked
    assert caught.value.remedy.en
    assert caught.value.remedy.vi
    return caught.value.code


@pytest.mark.parametrize(
    ("flaws", "code"),
    [
        ({"expired": True}, "certificate-expired"),
        ({"not_yet_valid": True}, "certificate-not-yet-valid"),
        ({"usage": "wrong"}, "certificate-usage"),
        ({"usage": "timestamping"}, "certificate-usage"),
    ],
)
def test_a_flawed_certificate(box: Sandbox, flaws: dict[str, Any], code: str) -> None:
    assert _refused(box, box.official("Lan", "001199000021", **flaws)) == code


def test_a_revoked_certificate(box: Sandbox) -> None:
    key = box.official("Lan", "001199000021")
    box.revoke(key, box.clock.now() - timedelta(hours=1))
    assert _refused(box, key, trust=box.trust, sources=box.sources, transport=box) == "certificate-revoked"


def test_a_suspended_certificate(box: Sandbox) -> None:
    key = box.official("Lan", "001199000021")
    box.suspend(key, box.clock.now() - timedelta(hours=1))
    assert _refused(box, key, trust=box.trust, sources=box.sources, transport=box) == "certificate-suspended"


def test_a_status_that_cannot_be_known(box: Sandbox) -> None:
    key = box.official("Lan", "001199000021")
    box.cut("")
    assert _refused(box, key, trust=box.trust, sources=box.sources, transport=box) == "certificate-status-unknown"


def test_a_certificate_of_another_root(box: Sandbox) -> None:
    stranger = Sandbox.create(clock=box.clock)
    assert _refused(box, box.official("Lan", "001199000021"), trust=stranger.trust) == "certificate-not-trusted"


def test_empty_trust_trusts_nobody(box: Sandbox) -> None:
    assert _refused(box, box.official("Lan", "001199000021"), trust=TrustStore(())) == "certificate-not-trusted"


def test_a_good_certificate_with_known_status_signs(box: Sandbox) -> None:
    key = Spy(box.official("Lan", "001199000021"))
    document = Document.from_bytes(form_xml(), "form.xml")
    sign(document, key, trust=box.trust, sources=box.sources, transport=box, clock=box.clock)
    assert key.asked
