"""``docs/agreement.md``: the counts, and the differences with the clause that decides each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from tests.agreement.comparing import MOMENTS, Case, Difference, differing
from tests.agreement.making import SITUATIONS

_OPENING = """# Agreement with EU DSS

Written by `python -m tests.agreement`; do not edit. The sandbox makes one file for every situation, format and
signature level: PAdES (`pdf`), XAdES (`xml`), CAdES around its content (`p7m`) and beside it (`p7s`). eidkit and EU DSS
judge each at three moments, with the same anchors, certificates, lists and OCSP answers and an equal policy
(`tests/agreement/policy.xml` says in DSS's words what `etsi-baseline` demands: changes of a PDF, broken locks and
contradicting times are failures, SHA-1 ended in 2012, an answer counts until its nextUpdate, and may be older than the
certificate it is about). Indication and sub-indication are compared. A test runs the same comparison; every
difference is a row of `tests/agreement/differences.toml`, with the clause of EN 319 102-1 V1.4.1 (2024-06) that decides
it, read step by step in that edition's text.

Where several reasons hold, §5.1.3 lets any of their sub-indications be given. eidkit gives the one that the processes
of the standard come to first, and lists all. It departs from their order twice: a certificate of the wrong usage is
named before a missing status, as DSS does too; and where a proof of time shows that a signature is older than its
certificate, that is TOTAL-FAILED (§5.1.1) also while a status is missing, where §5.5.4, 2) would stop.
"""


def page(cases: Sequence[Case], rows: Sequence[Difference]) -> str:
    """The whole page."""
    return "\n".join([_OPENING, *_counts(cases), *_situations(cases), *_differences(rows)]) + "\n"


def summary(cases: Sequence[Case]) -> str:
    """One line: how many cases, and on how many the two say the same."""
    different = list(differing(cases))
    indications = sum(case.ours.indication != case.theirs.indication for case in different)
    return (
        f"agreement with EU DSS: {len(cases)} cases, {len(cases) - len(different)} the same, "
        f"{len(different) - indications} differ in the sub-indication only, {indications} in the indication"
    )


def _counts(cases: Sequence[Case]) -> Iterator[str]:
    yield f"## Counts\n\n{summary(cases)[len('agreement with EU DSS: ') :].capitalize()}.\n"
    yield "| moment | cases | same | other sub-indication | other indication |\n| --- | ---: | ---: | ---: | ---: |"
    for number, moment in enumerate(MOMENTS, start=1):
        yield f"| {number}: {moment.name} | {_row([c for c in cases if c.moment == number])} |"
    yield "\n| format and level | cases | same | other sub-indication | other indication |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for format_, level in dict.fromkeys((c.format, c.level) for c in cases):
        yield f"| {format_} B-{level} | {_row([c for c in cases if (c.format, c.level) == (format_, level)])} |"
    yield "\n| what both say | cases |\n| --- | ---: |"
    agreed = Counter(str(c.ours) for c in cases if c.ours == c.theirs)
    for said, count in agreed.most_common():
        yield f"| {said} | {count} |"


def _row(cases: Sequence[Case]) -> str:
    same = sum(c.ours == c.theirs for c in cases)
    indication = sum(c.ours.indication != c.theirs.indication for c in cases)
    return f"{len(cases)} | {same} | {len(cases) - same - indication} | {indication}"


def _situations(cases: Sequence[Case]) -> Iterator[str]:
    yield "\n## Situations\n\n| situation | levels | cases | same |\n| --- | --- | ---: | ---: |"
    for situation in SITUATIONS:
        own = [c for c in cases if c.situation == situation.name]
        yield f"| {situation.name} | {situation.levels} | {len(own)} | {sum(c.ours == c.theirs for c in own)} |"


def _differences(rows: Sequence[Difference]) -> Iterator[str]:
    yield "\n## Differences\n\nA case is named by format, level and moment: `pdf-LT-3`."
    for row in rows:
        yield f"\n### {row.ours} here, {row.theirs} there ({row.size})\n"
        yield f"Right by EN 319 102-1 V1.4.1 {row.clause}: {row.right}. {row.why}\n"
        yield from (f"- {situation}: {where}" for situation, where in row.cases.items())
