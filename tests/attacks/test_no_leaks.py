"""Nothing that lands in a log by itself (``repr``, texts) shows a full personal number."""

from __future__ import annotations

import json

import pytest

NUMBER = "001199000051"


@pytest.mark.parametrize("shown", [repr, str, lambda report: json.dumps(report.to_json(), default=str)])
def test_a_report_shows_no_number(signed_pdf, judged, shown):
    report = judged(signed_pdf())
    assert report.conclusions[0].signer.person.identifier == NUMBER
    assert NUMBER not in shown(report)


def test_a_dossier_and_its_report_show_no_number(stage):
    dossier = stage.play(stage.opened(), steps=("reception",))
    report = stage.verify(dossier)
    number = stage.binh.identity.identifier
    for shown in (repr(dossier), repr(report), str(report), repr(dossier.authentications[0])):
        assert number not in shown
