"""Every reason of the judge is whole in both languages."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from eidkit.policy import ETSI_BASELINE, Listing
from eidkit.trust.store import TrustStore
from eidkit.verify import Report, judge
from eidkit.verify.rescue import reasons
from tests.verify.cases import NOON, Case, made

_ENGLISH = re.compile(r"\b(the|of|and|signature|certificate|document|key|digest|its|was|is)\b")
STRICT = replace(
    ETSI_BASELINE,
    name="strict",
    timestamp_required=True,
    listings=(Listing("own", schemes=("none",), digests=("none",), rsa_bits=9999, ec_bits=9999),),
)


def _reports(case: Case) -> list[Report]:
    evidence = case.evidence
    spoilt = tuple(
        replace(one, algorithm="1.2.3.4", references=tuple(replace(each, computed=None) for each in one.references))
        for one in evidence.signatures
    )
    weak = tuple(
        replace(one, references=tuple(replace(each, algorithm="sha1", declared=b"") for each in one.references))
        for one in evidence.signatures
    )
    changed = [evidence, *(replace(evidence, signatures=signatures) for signatures in (spoilt, weak))]
    reports = [judge(each, case.trust, STRICT, at=NOON) for each in changed]
    return [*reports, judge(evidence, TrustStore(()), STRICT, at=NOON)]


@pytest.mark.parametrize("case", made(), ids=lambda case: case.name)
def test_what_is_said_in_vietnamese_holds_no_english(case: Case) -> None:
    found = [one for report in _reports(case) for one in reasons(report)]
    told = [text for one in found for text in (one.message.vi, one.remedy.vi)]
    assert told
    assert [text for text in told if _ENGLISH.search(text)] == []
