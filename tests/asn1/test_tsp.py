"""RFC 3161 messages: written and read back, and refused when they are not what they say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from eidkit.asn1 import der, tsp
from eidkit.asn1.der import DerError

MOMENT = datetime(2026, 3, 2, 9, 14, 5, 120_000, tzinfo=UTC)
INFO = tsp.TstInfo(
    policy="1.2.3",
    algorithm="sha256",
    imprint=bytes(range(32)),
    serial=2**150 + 1,
    time=MOMENT,
    accuracy=timedelta(seconds=1, milliseconds=2, microseconds=3),
    ordering=True,
    nonce=2**62,
)


def test_a_request_is_read_as_it_was_written() -> None:
    request = tsp.TimestampRequest("sha384", bytes(48), nonce=7, policy="1.2.3")
    assert tsp.parse_request(tsp.encode_request(request)) == request


def test_a_tstinfo_is_read_as_it_was_written() -> None:
    assert tsp.parse_info(tsp.encode_info(INFO)) == INFO


def test_a_fraction_of_a_second_has_no_trailing_zeros() -> None:
    assert b"20260302091405.12Z" in tsp.encode_info(INFO)
    assert b"20260302091405Z" in tsp.encode_info(replace(INFO, time=MOMENT.replace(microsecond=0)))


def test_a_refusal_says_why() -> None:
    response = tsp.parse_response(tsp.encode_refusal(tsp.TIME_NOT_AVAILABLE, "no clock"))
    assert (response.status, response.failures, response.text) == (2, ("timeNotAvailable",), "no clock")
    assert not response.granted


def test_a_grant_without_a_token_is_no_grant() -> None:
    assert not tsp.parse_response(der.sequence(der.sequence(der.encode_integer(0)))).granted


@pytest.mark.parametrize("status", [1, 3, 4, 5, 77])
def test_only_granted_and_granted_with_modifications_grant(status: int) -> None:
    response = tsp.parse_response(der.sequence(der.sequence(der.encode_integer(status)), der.sequence()))
    assert response.granted == (status == tsp.GRANTED_WITH_MODS)


def test_another_version_is_refused() -> None:
    fields = [child.raw for child in der.whole(tsp.encode_info(INFO)).children()]
    with pytest.raises(DerError):
        tsp.parse_info(der.sequence(der.encode_integer(2), *fields[1:]))


def test_an_imprint_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(DerError):
        tsp.parse_info(tsp.encode_info(replace(INFO, imprint=bytes(31))))


def test_fields_out_of_order_are_refused() -> None:
    fields = [child.raw for child in der.whole(tsp.encode_info(INFO)).children()]
    with pytest.raises(DerError):
        tsp.parse_info(der.sequence(*fields[:5], fields[7], fields[5]))


def test_a_critical_extension_is_named() -> None:
    fields = [child.raw for child in der.whole(tsp.encode_info(INFO)).children()]
    extension = der.sequence(der.encode_oid("1.2.3.4"), b"\x01\x01\xff", der.encode_octets(b""))
    data = der.sequence(*fields, der.tlv(0xA1, extension))
    assert tsp.parse_info(data).critical == ("1.2.3.4",)


@pytest.mark.parametrize("data", [b"", b"\x30\x00", b"\x30\x03\x02\x01\x00", b"<html>", b"\x30\x80\x00\x00"])
def test_what_is_no_response_is_refused(data: bytes) -> None:
    with pytest.raises(DerError):
        tsp.parse_response(data)
