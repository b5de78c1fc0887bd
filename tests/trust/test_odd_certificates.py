"""Certificates that real issuers make and strict parsers refuse are judged; a look-alike curve is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from eidkit.asn1 import curves, der
from eidkit.trust.store import TrustStore
from eidkit.verify import CertificateReport, verify_certificate
from tests.trust.making import NOW, Party, Pki

ECDSA_SHA256 = der.encode_oid("1.2.840.10045.4.3.2")
EC_KEY = der.encode_oid("1.2.840.10045.2.1")
EXTENSIONS, ALGORITHM, SPKI = -1, 2, 6


def remade(pki: Pki, person: Party, **fields: Callable[[bytes], bytes]) -> bytes:
    """The person's certificate with some fields of its TBS replaced, signed again by the authority."""
    tbs, algorithm, _ = der.whole(person.der).children()
    parts = [node.raw for node in tbs.children()]
    for name, change in fields.items():
        place = {"algorithm": ALGORITHM, "key": SPKI, "extensions": EXTENSIONS}[name]
        parts[place] = change(parts[place])
    outer = fields["algorithm"](algorithm.raw) if "algorithm" in fields else algorithm.raw
    signed = der.sequence(*parts)
    value = pki.authority.key.sign(signed, ec.ECDSA(hashes.SHA256()))
    return der.sequence(signed, outer, der.tlv(der.BIT_STRING, b"\0" + value))


def judged(pki: Pki, certificate: bytes) -> CertificateReport:
    lists = [pki.authority.crl(), pki.root.crl()]
    trust = TrustStore((pki.root.anchor,))
    return verify_certificate(certificate, trust, intermediates=[pki.authority.der], revocation=lists, at=NOW)


def with_null(_: bytes) -> bytes:
    return der.sequence(ECDSA_SHA256, der.ENCODED_NULL)


def with_extension(oid: str, value: bytes) -> Callable[[bytes], bytes]:
    added = der.sequence(der.encode_oid(oid), der.encode_octets(value))

    def change(extensions: bytes) -> bytes:
        inner = der.whole(extensions, 0xA3).only()
        return der.explicit(3, der.sequence(inner.content, added))

    return change


def spelt_out(**changed: int) -> Callable[[bytes], bytes]:
    """The key with the numbers of P-256 in place of its name, some of them changed."""
    names = ("p", "a", "b", "x", "y", "n")
    numbers = dict(zip(names, curves.CURVES["secp256r1"], strict=True)) | {"h": 1} | changed

    def octets(name: str) -> bytes:
        return numbers[name].to_bytes(32, "big")

    def change(key: bytes) -> bytes:
        parameters = der.sequence(
            der.encode_integer(1),
            der.sequence(der.encode_oid(curves.PRIME_FIELD_OID), der.encode_integer(numbers["p"])),
            der.sequence(der.encode_octets(octets("a")), der.encode_octets(octets("b"))),
            der.encode_octets(b"\x04" + octets("x") + octets("y")),
            der.encode_integer(numbers["n"]),
            der.encode_integer(numbers["h"]),
        )
        value = der.whole(key).children()[1].raw
        return der.sequence(der.sequence(EC_KEY, parameters), value)

    return change


def test_null_parameters_in_ecdsa(pki: Pki) -> None:
    assert judged(pki, remade(pki, pki.person, algorithm=with_null))


def test_an_empty_issuer_alternative_name(pki: Pki) -> None:
    odd = remade(pki, pki.person, extensions=with_extension("2.5.29.18", b"\x30\x00"))
    assert judged(pki, odd)


def test_extensions_that_cryptography_cannot_read(pki: Pki) -> None:
    odd = remade(pki, pki.person, extensions=with_extension("2.5.29.17", b"\x30\x02\x82\x00"))
    assert judged(pki, odd)


def test_a_named_curve_spelt_out(pki: Pki) -> None:
    assert judged(pki, remade(pki, pki.person, key=spelt_out()))


def test_an_authority_whose_curve_is_spelt_out_signs_like_any_other(pki: Pki) -> None:
    tbs, algorithm, _ = der.whole(pki.authority.der).children()
    parts = [node.raw for node in tbs.children()]
    parts[SPKI] = spelt_out()(parts[SPKI])
    signed = der.sequence(*parts)
    value = pki.root.key.sign(signed, ec.ECDSA(hashes.SHA256()))
    authority = der.sequence(signed, algorithm.raw, der.tlv(der.BIT_STRING, b"\0" + value))
    report = verify_certificate(
        pki.person.der,
        TrustStore((pki.root.anchor,)),
        intermediates=[authority],
        revocation=[pki.authority.crl(), pki.root.crl()],
        at=NOW,
    )
    assert report


@pytest.mark.parametrize("number", ["p", "a", "b", "x", "y", "n", "h"])
def test_a_curve_with_one_number_of_its_own_is_refused(pki: Pki, number: str) -> None:
    """CVE-2020-0601: a generator of one's own gives every public key a private one."""
    own = {"h": 2}.get(number) or dict(zip(("p", "a", "b", "x", "y", "n"), curves.CURVES["secp256r1"], strict=True))[
        number
    ] - 2
    report = judged(pki, remade(pki, pki.person, key=spelt_out(**{number: own})))
    assert not report
    assert [found.code for found in report.findings] == ["NOT_SUPPORTED"]


def test_an_explicit_ca_false_is_no_authority(pki: Pki) -> None:
    plain = pki.authority.issue("Plain", plain=True)
    spelt = remade_plain(pki, plain, "2.5.29.19", b"\x30\x03\x01\x01\x00")
    assert judged(pki, spelt)


def remade_plain(pki: Pki, person: Party, oid: str, value: bytes) -> bytes:
    """A certificate without extensions given one."""
    tbs, algorithm, _ = der.whole(person.der).children()
    parts = [node.raw for node in tbs.children()]
    if parts[-1][0] == 0xA3:
        parts.pop()
    parts.append(der.explicit(3, der.sequence(der.sequence(der.encode_oid(oid), der.encode_octets(value)))))
    if parts[0][0] != 0xA0:
        parts.insert(0, der.explicit(0, der.encode_integer(2)))
    signed = der.sequence(*parts)
    signature = pki.authority.key.sign(signed, ec.ECDSA(hashes.SHA256()))
    return der.sequence(signed, algorithm.raw, der.tlv(der.BIT_STRING, b"\0" + signature))
