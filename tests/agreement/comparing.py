"""Both judges on every file at three moments: what each says, and what is known about where they differ."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from eidkit.clock import FixedClock
from eidkit.document import Document
from eidkit.policy import ETSI_BASELINE
from eidkit.trust.sources import Sources
from eidkit.verify import verify
from tests.agreement.making import DAY, SIGNED, Made, World
from tests.interop import eu_dss
from tests.interop.making import authorities

HERE = Path(__file__).parent
POLICY = HERE / "policy.xml"
KNOWN = HERE / "differences.toml"


@dataclass(frozen=True, slots=True)
class Moment:
    """When is judged, and whether the lists of that time are given."""

    name: str
    at: datetime
    lists: bool


MOMENTS = (
    Moment("two days later, from the file alone", SIGNED + 2 * DAY, lists=False),
    Moment("ten days later, with lists", SIGNED + 10 * DAY, lists=True),
    Moment("four years later, with lists", SIGNED + timedelta(days=4 * 365.25), lists=True),
)


@dataclass(frozen=True, slots=True)
class Said:
    """An indication and its sub-indication."""

    indication: str
    subindication: str | None

    def __str__(self) -> str:
        return f"{self.indication}/{self.subindication}" if self.subindication else self.indication


@dataclass(frozen=True, slots=True)
class Case:
    """One file at one moment, and what each judge says of its signature."""

    situation: str
    format: str
    level: str
    moment: int
    ours: Said
    theirs: Said
    detail: str

    @property
    def where(self) -> str:
        """``pdf-T-2``: format, signature level, moment."""
        return f"{self.format}-{self.level}-{self.moment}"


@dataclass(frozen=True, slots=True)
class Difference:
    """A row of ``differences.toml``: which answers to what, who is right by which clause, and why."""

    ours: str
    theirs: str
    clause: str
    right: str
    why: str
    cases: Mapping[str, str]
    """By situation, where: ``pdf-B-1 xml-T-3``."""

    def explains(self, case: Case) -> bool:
        """Whether the row is about this case."""
        same = (str(case.ours), str(case.theirs)) == (self.ours, self.theirs)
        return same and case.where in self.cases.get(case.situation, "").split()

    @property
    def size(self) -> int:
        """How many cases the row is about."""
        return sum(len(where.split()) for where in self.cases.values())


def known() -> tuple[Difference, ...]:
    """The differences that are checked in."""
    rows: list[dict[str, Any]] = tomllib.loads(KNOWN.read_text(encoding="utf-8")).get("difference", [])
    return tuple(Difference(**row) for row in rows)


def compared(folder: Path) -> tuple[Case, ...]:
    """Every case; the files are written into ``folder``."""
    world = World()
    made = {folder / one.name: one for one in world.files()}
    for path, one in made.items():
        one.document.write(path)
    cases: list[Case] = []
    for number, moment in enumerate(MOMENTS, start=1):
        sources = _sources(world, moment)
        theirs = _theirs(made, world, moment, sources)
        for path, one in made.items():
            ours, detail = _ours(path, one, world, moment, sources)
            cases.append(Case(one.situation, one.format, one.level, number, ours, *_told(theirs[path], detail)))
    return tuple(cases)


def _sources(world: World, moment: Moment) -> Sources:
    """What somebody who asks at that moment is given; both judges get the same."""
    lists, answers = (world.lists(moment.at), world.answers(moment.at)) if moment.lists else ((), ())
    return Sources.of(world.others, lists, answers)


def _theirs(made: Mapping[Path, Made], world: World, moment: Moment, sources: Sources) -> dict[Path, eu_dss.Verdict]:
    anchors, _ = authorities(world.sandbox)
    material = eu_dss.Material(anchors, world.others, sources.given_crls, sources.given_ocsps)
    said = {}
    for content in dict.fromkeys(one.content for one in made.values()):
        files = [path for path, one in made.items() if one.content == content]
        beside = [path.parent / content.name for path in files[:1] if content]
        for path in beside:
            content.write(path)
        said |= eu_dss.validate(files, material, policy=POLICY, at=moment.at, detached=beside)
    return said


def _told(verdict: eu_dss.Verdict, detail: str) -> tuple[Said, str]:
    if verdict.error is not None:
        return Said("NOT-READABLE", None), f"{detail} | {verdict.error}"
    (signature,) = verdict.signatures
    return Said(signature.indication, signature.subindication), f"{detail} | {'; '.join(signature.errors)}"


def _ours(path: Path, made: Made, world: World, moment: Moment, sources: Sources) -> tuple[Said, str]:
    report = verify(
        Document.read(path), world.sandbox.trust, policy=ETSI_BASELINE, clock=FixedClock(moment.at),
        sources=sources, detached=made.content or (),
    )  # fmt: skip
    (conclusion,) = report.conclusions
    errors = "; ".join(f"{f.code}: {f.message.en}" for f in conclusion.findings if f.severity == "error")
    return Said(conclusion.indication, conclusion.subindication), errors


def differing(cases: Sequence[Case]) -> Iterator[Case]:
    """The cases on which the two differ."""
    return (case for case in cases if case.ours != case.theirs)
