"""``adbe.pkcs7.sha1``: the SHA-1 digest of the file, signed as it stands, without signed attributes."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime

import pytest

from eidkit.asn1 import cms, der
from eidkit.document import Document
from eidkit.policy import ETSI_BASELINE
from eidkit.trust.store import TrustStore
from eidkit.verify import collect, judge

NOW = datetime(2026, 11, 24, 10, 5, tzinfo=UTC)


def bare(signer, content):
    """A CMS over ``content`` as it stands; the signed attributes that it is given are taken out."""
    data = cms.signed_data(
        certificate=signer.certificate, digest="sha256", algorithm=signer.algorithm, signed_attributes=b"\x31\x00",
        signature=signer.value(content), e_content=content,
    )  # fmt: skip
    outer = der.read(data).children()
    parts = outer[1].only().children()
    fields = [part.raw for part in parts[-1].only().children()]
    fields = [one for one in fields if one[0] != 0xA0]
    body = b"".join((*(part.raw for part in parts[:-1]), der.tlv(der.SET, der.sequence(*fields))))
    return der.sequence(outer[0].raw, der.explicit(0, der.tlv(der.SEQUENCE, body)))


def made(signer, plain, content=None):
    """The document signed in that way; ``content`` is what is signed instead of its digest."""
    whole = signer.sign(plain, token_reserve=2000)
    data = whole.read_range(0, whole.length)
    data = data.replace(b"/SubFilter/ETSI.CAdES.detached", b"/SubFilter/adbe.pkcs7.sha1    ")
    first, length, second, rest = (int(one) for one in re.search(rb"/ByteRange\[([^\]]*)\]", data)[1].split())
    covered = data[first:length] + data[second : second + rest]
    signed = bare(signer, content or hashlib.sha1(covered, usedforsecurity=False).digest())
    hole = b"<" + signed.hex().encode().ljust(second - length - 2, b"0") + b">"
    return data[:length] + hole + data[second:]


def concluded(data, signer):
    evidence = collect(Document.from_bytes(data, "x.pdf"))
    [conclusion] = judge(evidence, TrustStore.of([signer.certificate], "signing"), ETSI_BASELINE, at=NOW).conclusions
    return conclusion


def test_it_is_intact_and_never_passes(signer, plain):
    conclusion = concluded(made(signer, plain), signer)
    codes = {found.code for found in conclusion.findings}
    assert conclusion.intact
    assert conclusion.level == "PKCS7-B"
    assert conclusion.indication == "INDETERMINATE"
    assert {"CRYPTO_CONSTRAINTS_FAILURE", "SIGNER_NOT_BOUND"} <= codes
    assert "FORMAT_FAILURE" not in codes


def test_one_changed_octet_fails(signer, plain):
    data = made(signer, plain)
    at = data.index(b"/Title") + 8
    changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
    conclusion = concluded(changed, signer)
    assert not conclusion.intact
    assert "HASH_FAILURE" in {found.code for found in conclusion.findings}


@pytest.mark.parametrize("content", [b"x" * 20, b"x" * 32, b"x" * 19])
def test_other_content_than_the_digest_fails(signer, plain, content):
    conclusion = concluded(made(signer, plain, content), signer)
    assert not conclusion.intact
    assert conclusion.indication == "TOTAL-FAILED"


def test_signed_attributes_are_not_passed_off_as_a_digest(signer, plain):
    """What a signer signed as attributes, given as content: not 20 octets, so refused for its missing attributes."""
    attributes = cms.signed_attributes(message_digest=hashlib.sha256(b"other").digest(), certificate=signer.certificate)
    conclusion = concluded(made(signer, plain, attributes), signer)
    assert not conclusion.intact
    assert "FORMAT_FAILURE" in {found.code for found in conclusion.findings}
