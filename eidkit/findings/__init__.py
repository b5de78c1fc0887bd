"""Every reason that eidkit can give: tables of codes with severity, verdict and texts in two languages.

A row says what one finding means for the signature it is about: ``error`` findings carry the ETSI
EN 319 102-1 indication and sub-indication that they lead to; ``warning`` and ``info`` never change a verdict.
The order of the tables and of their rows is the order in which reasons are shown: most specific first.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from eidkit.errors import Text
from eidkit.findings import (
    certificates,
    course,
    document,
    documents,
    login,
    persons,
    signature,
    times,
    transaction,
)
from eidkit.findings.rows import Indication, Row, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eidkit.errors import EidkitError

__all__ = [
    "BINDING",
    "RANK",
    "ROWS",
    "Finding",
    "Indication",
    "Observation",
    "Row",
    "Severity",
    "as_warning",
    "finding",
    "in_order",
    "observed",
    "refusal_json",
]

BINDING: tuple[Row, ...] = (*login.ROWS, *transaction.ROWS, *documents.ROWS, *persons.ROWS, *course.ROWS)
"""The rows about logins and dossiers (binding.md §6); the others are about signatures and timestamps."""
_ALL = (*signature.ROWS, *document.ROWS, *certificates.ROWS, *times.ROWS, *BINDING)
ROWS = {row.code: row for row in _ALL}
RANK = {row.code: rank for rank, row in enumerate(_ALL)}
if len(ROWS) != len(_ALL):
    raise RuntimeError("a finding code stands in the table twice")
MAX_VALUE = 300


@dataclass(frozen=True, slots=True)
class Observation:
    """A fact worth a finding, seen by a reader or an engine: a code, what it is about, and values for its text.

    A value whose Vietnamese differs stands twice, as ``name`` and as ``name.vi``.
    """

    code: str
    about: str | None = None
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason: code, severity, the object it is about, message and remedy in both languages; threads may share it."""

    code: str
    severity: Severity
    about: str | None
    message: Text
    remedy: Text
    indication: Indication | None = field(default=None, compare=False)
    subindication: str | None = field(default=None, compare=False)

    def to_json(self) -> dict[str, object]:
        """The finding as the JSON contract has it."""
        return {
            "code": self.code,
            "severity": self.severity,
            "about": self.about,
            "message": self.message.to_json(),
            "remedy": self.remedy.to_json(),
        }


def observed(code: str, about: str | None = None, **values: object) -> Observation:
    """An Observation; ``values`` fill the places of the row's texts (``{name}``) and must hold no secret.

    A value is a Text where it is a sentence in both languages, anything else is shown as it is.
    """
    if code not in ROWS:
        raise KeyError(f"finding {code} is not in the table")
    said: list[tuple[str, str]] = []
    for name, value in values.items():
        said.append((name, (value.en if isinstance(value, Text) else str(value))[:MAX_VALUE]))
        if isinstance(value, Text):
            said.append((f"{name}.vi", value.vi[:MAX_VALUE]))
    return Observation(code, about, tuple(said))


def finding(source: Observation | str, about: str | None = None, **values: object) -> Finding:
    """The Finding of an Observation, or of a code with its values."""
    observation = source if isinstance(source, Observation) else observed(source, about, **values)
    row = ROWS[observation.code]
    said = dict(observation.values)
    filled = {name: Text(value, said.get(f"{name}.vi", value)) for name, value in said.items()}
    return Finding(
        row.code,
        row.severity,
        observation.about,
        row.message.filled(**filled),
        row.remedy.filled(**filled),
        row.indication,
        row.subindication,
    )


def refusal_json(error: EidkitError) -> dict[str, object]:
    """Why a file was not understood at all, in the shape of :meth:`Finding.to_json`."""
    return Finding(error.code, "error", None, error.problem, error.remedy).to_json()


def in_order(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings without repeats, errors before warnings before infos, most specific first."""
    severities = {"error": 0, "warning": 1, "info": 2}
    unique = dict.fromkeys(found)
    return tuple(sorted(unique, key=lambda f: (severities[f.severity], RANK[f.code])))


def as_warning(found: Finding) -> Finding:
    """The same finding, not counting against a verdict."""
    return replace(found, severity="warning", indication=None, subindication=None)
