"""A whole dossier, from the first login to the offline proof."""

from __future__ import annotations


def test_every_step_done_as_it_should_be_is_complete(stage, honest):
    report = stage.verify(honest)
    print(report)
    assert report.verdict == "COMPLETE"
