"""The bars of the corpus: nothing wrongly accepted, nothing crashed, agreement where it is promised."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from tests.corpus.kinds import CORPORA, results
from tests.corpus.outcome import Outcome, Result
from tests.corpus.page import counts, shares, why_different
from tests.corpus.place import folder
from tests.corpus.stated import Fact, facts

pytestmark = [pytest.mark.corpus, pytest.mark.xdist_group("corpus")]

PROMISED = {"pades": 0.90, "xades": 0.50, "cades": 0.85}


@cache
def _found(name: str) -> tuple[Result, ...]:
    return tuple(results(name, folder(name)))


def _told(found: tuple[Result, ...], outcome: Outcome) -> list[str]:
    return [
        f"{r.case.id}: {', '.join(r.reasons)} ({r.case.note})"
        for r in found
        if r.outcome is outcome and not r.case.advisory
    ]


@pytest.mark.parametrize("name", CORPORA)
def test_nothing_is_wrongly_accepted(name: str) -> None:
    assert _told(_found(name), Outcome.WRONGLY_ACCEPTED) == []


@pytest.mark.parametrize("name", CORPORA)
def test_the_counts_are_told(name: str, record_property: Callable[[str, object], None]) -> None:
    counted = counts(_found(name))
    told = ", ".join(f"{outcome.value} {counted[outcome]}" for outcome in Outcome if counted[outcome])
    record_property("count", f"corpus {name}: {counted.total()} cases, {told}")
    assert counted.total() > 0


@pytest.mark.parametrize("name", CORPORA)
def test_nothing_crashes_or_hangs(name: str) -> None:
    assert _told(_found(name), Outcome.CRASHED) == []


@pytest.mark.parametrize("name", CORPORA)
def test_every_wrong_rejection_is_explained(name: str) -> None:
    """``why.toml`` names each of them, and nothing else."""
    rejected = {r.case.id for r in _found(name) if r.outcome is Outcome.WRONGLY_REJECTED and not r.case.advisory}
    assert rejected == set(why_different().get(name, {}))


@pytest.mark.parametrize("kind", PROMISED)
def test_intact_agrees_as_often_as_promised(kind: str) -> None:
    """Of the cases with an expectation, what is not supported included."""
    counted = counts(r for r in _found("dss") if r.case.kind == kind)
    asked = counted.total() - counted[Outcome.NO_EXPECTATION]
    assert counted[Outcome.AGREE] / asked >= PROMISED[kind]


@cache
def _stated() -> tuple[Fact, ...]:
    return tuple(facts(folder("dss")))


@pytest.mark.parametrize(
    "question", ["intact", "signatures", "level", "timestamps", "timestamp kinds", "timestamps intact"]
)
def test_what_is_stated_of_pdf_files_is_what_we_say(
    question: str, record_property: Callable[[str, object], None]
) -> None:
    same, asked = shares(_stated())["pades", question]
    record_property("count", f"corpus dss pades, {question}: {same} of {asked}")
    assert same / asked >= 0.95


def test_every_difference_from_what_is_stated_is_explained() -> None:
    told = why_different()
    different = {fact.case for fact in _stated() if not fact.same}
    assert different <= {*told["dss"], *told["stated"]}


def test_every_token_is_as_stated() -> None:
    counted = counts(r for r in _found("timestamps") if r.case.kind in {"token", "response"})
    assert counted.total() == counted[Outcome.AGREE] + counted[Outcome.NO_EXPECTATION]


@pytest.mark.parametrize("kind", ["otp-totp", "oidc", "webeid"])
def test_logins_are_all_as_stated(kind: str) -> None:
    counted = counts(r for r in _found("auth") if r.case.kind == kind)
    assert counted.total() == counted[Outcome.AGREE] > 0
