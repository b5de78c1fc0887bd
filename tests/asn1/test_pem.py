"""PEM: told apart from DER by its beginning, never by words inside."""

from __future__ import annotations

import base64

import pytest

from eidkit.asn1 import der, pem

BLOCK = b"-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n" % base64.b64encode(der.sequence(b"\x05\x00"))


@pytest.mark.parametrize("before", [b"", b"\n", b"Subject: CN=An Lac\n", b"0 certificates follow\n"])
def test_text_with_a_block_is_pem(before: bytes) -> None:
    assert pem.is_pem(before + BLOCK)
    assert pem.blocks(before + BLOCK) == [("CERTIFICATE", der.sequence(b"\x05\x00"))]


def test_der_that_holds_the_words_is_der() -> None:
    assert not pem.is_pem(der.sequence(der.encode_octets(BLOCK * 3)))
