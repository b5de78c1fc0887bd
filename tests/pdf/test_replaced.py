"""A signature dictionary that a later revision puts in the place of the signed one."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from eidkit.clock import FixedClock
from eidkit.document import Document
from eidkit.pdf.coverage import MAX_LOOKED_BACK
from eidkit.trust.store import TrustStore
from eidkit.verify import verify
from eidkit.verify.formats import pdf

TRAILER = b"/Root 1 0 R/Info 5 0 R/ID[<0102><0708>]"
NOW = datetime(2026, 11, 24, 10, 5, tzinfo=UTC)


def octets(document):
    return document.read_range(0, document.length)


@pytest.fixture
def signed(plain, signer):
    return octets(signer.sign(plain))


def dictionary(data):
    """Number and text of the signature dictionary, its time forged."""
    number, text = re.findall(rb"\n(\d+) 0 obj\n(<<(?:(?!endobj).)*/ByteRange.*?>>)\nendobj", data, re.DOTALL)[-1]
    return int(number), text.replace(b"/M(D:2026", b"/M(D:2019")


def field(data):
    """Number and text of the signature field."""
    number, text = re.findall(rb"\n(\d+) 0 obj\n(<<(?:(?!endobj).)*/FT/Sig.*?>>)\nendobj", data, re.DOTALL)[-1]
    return int(number), text


def seen(data):
    [signature] = pdf.read(Document.from_bytes(data, "x.pdf")).signatures
    return signature, {one.code for one in signature.observations}


def report(data, signer):
    trust = TrustStore.of([signer.certificate], "signing")
    return verify(Document.from_bytes(data, "x.pdf"), trust, clock=FixedClock(NOW))


def test_the_signed_dictionary_is_judged_and_the_other_one_named(signed, make, signer):
    number, forged = dictionary(signed)
    later = make.updated(signed, {number: forged[:-2] + b"/Reason(forged)>>"}, size=40, trailer=TRAILER)
    signature, codes = seen(later)
    assert "SIGNATURE_REPLACED" in codes
    assert "COVERAGE_FAILURE" not in codes
    assert signature.signing_time.year == 2026
    assert signature.coverage.modifications == "undefined"
    [conclusion] = report(later, signer).conclusions
    assert (conclusion.intact, conclusion.indication) == (True, "TOTAL-FAILED")


def test_another_field_with_the_ranges_of_the_signed_one(signed, make):
    _, forged = dictionary(signed)
    number, old = field(signed)
    assert b"/V" in old
    form = re.findall(rb"\n1 0 obj\n(.*?)\nendobj", signed, re.DOTALL)[-1]
    root = re.sub(rb"/Fields\[[^]]*\]", b"/Fields[31 0 R]", form)
    assert root != form
    copy = re.sub(rb"/T\([^)]*\)", b"/T(Another)", re.sub(rb"/V \d+ 0 R", b"/V 32 0 R", old))
    later = make.updated(signed, {1: root, 31: copy, 32: forged}, size=40, trailer=TRAILER)
    signature, codes = seen(later)
    assert "SIGNATURE_REPLACED" in codes
    assert signature.signing_time.year == 2026
    assert number != 31


def test_other_contents_in_its_place_are_not_what_is_judged(signed, make, signer):
    number, forged = dictionary(signed)
    emptied = re.sub(rb"/Contents<[0-9a-f]+>", b"/Contents<30800000>", forged)
    later = make.updated(signed, {number: emptied}, size=40, trailer=TRAILER)
    [conclusion] = report(later, signer).conclusions
    assert (conclusion.intact, conclusion.indication) == (True, "TOTAL-FAILED")


@pytest.mark.parametrize("ranges", [b"0 10 20 30", b"0 1 2 3 4 5"])
def test_ranges_that_cover_no_revision_lead_to_nothing(signed, make, ranges):
    number, forged = dictionary(signed)
    other = re.sub(rb"/ByteRange\[[^]]*\]", b"/ByteRange[" + ranges + b"]", forged)
    _, codes = seen(make.updated(signed, {number: other}, size=40, trailer=TRAILER))
    assert "COVERAGE_FAILURE" in codes
    assert "SIGNATURE_REPLACED" not in codes


def test_only_so_many_earlier_revisions_are_looked_into(plain, signer, make):
    document = plain
    for _ in range(MAX_LOOKED_BACK + 2):
        document = signer.sign(document)
    data = octets(document)
    found = re.findall(rb"\n(\d+) 0 obj\n(<<(?:(?!endobj).)*/ByteRange.*?>>)\nendobj", data, re.DOTALL)
    assert len(found) == MAX_LOOKED_BACK + 2
    later = make.updated(data, {int(number): text for number, text in found}, size=90, trailer=TRAILER)
    told = [
        {one.code for one in each.observations} & {"SIGNATURE_REPLACED", "COVERAGE_FAILURE"}
        for each in pdf.read(Document.from_bytes(later, "x.pdf")).signatures
    ]
    assert told.count({"SIGNATURE_REPLACED"}) == MAX_LOOKED_BACK
    assert told.count({"COVERAGE_FAILURE"}) == 2


def test_a_revision_with_objects_beyond_its_size_is_judged_and_covers_nothing(signed, make):
    hidden = make.updated(signed, {60: b"<<>>"}, size=40, trailer=TRAILER)
    signature, _ = seen(hidden)
    assert signature.coverage.modifications == "undefined"
