from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from eidkit.asn1 import crl, der
from eidkit.asn1.crl import LOOKUPS_BEFORE_INDEX, WALKED_UP_TO, Crl, minimal
from tests.trust.making import NOW, Party, self_signed

COUNT = 3_000


@pytest.fixture(scope="module")
def root() -> Party:
    return self_signed("Root")


def entry(serial: int, reason: x509.ReasonFlags | None = None) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW)
    return (builder.add_extension(x509.CRLReason(reason), critical=False) if reason else builder).build()


def serials() -> list[int]:
    return [(number * 0x9E3779B97F4A7C15 + 0x1234567) % 2**120 + 2**64 for number in range(COUNT)]


@pytest.fixture(scope="module")
def large(root: Party) -> bytes:
    return root.crl(revoked=[entry(serial, x509.ReasonFlags.superseded) for serial in serials()])


def octets(serial: int) -> bytes:
    return der.whole(der.encode_integer(serial), der.INTEGER).content


def test_a_large_list_is_searched_then_indexed_with_the_same_answers(large: bytes) -> None:
    assert len(large) > WALKED_UP_TO
    listed = Crl(large)
    for serial in serials()[: LOOKUPS_BEFORE_INDEX * 2]:
        found = listed.find(octets(serial))
        assert found is not None
        assert found.reason == 4
        assert listed.find(octets(serial + 1)) is None
    assert listed._index is not None
    assert len(listed._index) == COUNT


def test_a_part_of_a_listed_serial_number_is_not_listed(large: bytes) -> None:
    listed = Crl(large)
    whole = octets(serials()[1500])
    assert listed.find(whole) is not None
    assert listed.find(whole[1:]) is None
    assert listed.find(whole[:-1]) is None
    assert listed.find(whole + b"\x17") is None


def test_a_short_serial_number_is_looked_up_in_the_index(root: Party) -> None:
    listed = Crl(root.crl(revoked=[*(entry(serial) for serial in serials()), entry(5)]))
    assert listed.find(b"\x05") is not None
    assert listed.find(b"\x17") is None
    assert listed.find(b"\x02") is None


def test_octets_inside_an_entry_extension_are_no_entry(root: Party) -> None:
    hidden = der.sequence(der.encode_integer(0x77777777777777), der.tlv(der.UTC_TIME, b"260101000000Z"))
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), hidden)
    bait = (
        x509.RevokedCertificateBuilder()
        .serial_number(9)
        .revocation_date(NOW)
        .add_extension(odd, critical=False)
        .build()
    )
    listed = Crl(root.crl(revoked=[bait]))
    assert listed.find(octets(0x77777777777777)) is None


def _padded(root: Party, serial: int) -> bytes:
    """A large signed list in which one serial number has two needless leading octets."""
    version, algorithm, issuer, this, until, entries = (
        der.whole(root.crl(revoked=[entry(each) for each in serials()])).children()[0].children()[:6]
    )
    padded = der.sequence(der.tlv(der.INTEGER, b"\0\0" + octets(serial)), der.tlv(der.UTC_TIME, b"260101000000Z"))
    tbs = der.sequence(
        version.raw, algorithm.raw, issuer.raw, this.raw, until.raw, der.tlv(der.SEQUENCE, entries.content + padded)
    )
    from cryptography.hazmat.primitives import hashes

    value = root.key.sign(tbs, ec.ECDSA(hashes.SHA256()))
    return der.sequence(tbs, algorithm.raw, der.tlv(der.BIT_STRING, b"\0" + value))


def test_a_padded_serial_number_is_found_before_and_after_indexing(root: Party) -> None:
    listed = Crl(_padded(root, 0x7766554433221100))
    assert listed.signed_by(root.parsed)
    for _ in range(LOOKUPS_BEFORE_INDEX + 5):
        assert listed.find(octets(0x7766554433221100)) is not None
        assert listed.find(b"\0" + octets(0x7766554433221100)) is not None


def test_minimal_octets() -> None:
    assert minimal(b"\0\0\x01") == b"\x01"
    assert minimal(b"\0\x80") == b"\0\x80"
    assert minimal(b"\xff\xff\x80") == b"\x80"
    assert minimal(b"\0") == b"\0"


def test_a_large_list_with_a_critical_entry_extension_is_refused_at_once(root: Party) -> None:
    odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    builder = x509.RevokedCertificateBuilder().serial_number(7).revocation_date(NOW).add_extension(odd, critical=True)
    data = root.crl(revoked=[*(entry(serial) for serial in serials()), builder.build()])
    with pytest.raises(der.DerError, match="critical entry extension"):
        Crl(data)


def test_our_reading_is_cryptographys(root: Party, large: bytes) -> None:
    theirs, ours = x509.load_der_x509_crl(large), Crl(large)
    assert (ours.this_update, ours.next_update) == (theirs.last_update_utc, theirs.next_update_utc)
    assert ours.tbs == theirs.tbs_certlist_bytes
    assert ours.issuer == theirs.issuer.public_bytes()
    assert ours.signed_by(root.parsed)
    assert not ours.signed_by(self_signed("Root").parsed)


def test_memory_of_lists_has_a_budget(root: Party) -> None:
    from eidkit.asn1.remembered import Remembered

    parse = Remembered(Crl, budget=1_000)
    lists = [root.crl(this=NOW - timedelta(hours=hour)) for hour in range(10)]
    for data in lists:
        assert parse(data).der == data
    assert sum(map(len, parse._held)) <= 1_000
    assert parse(lists[-1]) is parse(bytes(bytearray(lists[-1])))


def test_a_list_above_the_bound_is_refused(monkeypatch: pytest.MonkeyPatch, large: bytes) -> None:
    monkeypatch.setattr(crl, "MAX_CRL", 1_000)
    with pytest.raises(der.DerError, match="above"):
        Crl(large)
