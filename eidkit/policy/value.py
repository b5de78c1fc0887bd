"""A policy as a value: what is demanded, the clauses of a law that each verdict is read against, what a law lists."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from eidkit import canonical, catalogue

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from datetime import date, timedelta

    from eidkit.errors import Text


ANY_ERROR = "*"
"""Among the codes of a clause: every error."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One demand of a law, by its ``name`` there; threads may share it.

    It is not met by a signature with an error or warning of one of these codes (``broken_by``; ``"*"``: any
    error), or by a lower signature level than ``level`` (``"B"``, ``"T"``, ``"LT"``, ``"LTA"``).  ``by_use`` says how
    it is met where only the use of the program shows it; then no finding decides.
    """

    name: str
    demand: Text
    broken_by: tuple[str, ...] = ()
    level: Literal["B", "T", "LT", "LTA"] | None = None
    by_use: Text | None = None

    def to_json(self) -> dict[str, Any]:
        """The clause as strict JSON, every member present."""
        return {
            "name": self.name,
            "demand": self.demand.to_json(),
            "broken_by": list(self.broken_by),
            "level": self.level,
            "by_use": self.by_use.to_json() if self.by_use else None,
        }


@dataclass(frozen=True, slots=True)
class Listing:
    """What a law lists by name: schemes, digests, least key sizes; an empty or zero member lists nothing.

    A signature beside the list is accepted as the catalogue has it, and named as not conforming.
    """

    clause: str
    schemes: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    rsa_bits: int = 0
    ec_bits: int = 0

    def to_json(self) -> dict[str, Any]:
        """The listing as strict JSON, every member present."""
        return {
            "clause": self.clause,
            "schemes": list(self.schemes),
            "digests": list(self.digests),
            "rsa_bits": self.rsa_bits,
            "ec_bits": self.ec_bits,
        }


@dataclass(frozen=True, slots=True)
class Policy:
    """The demands of one verifier; threads may share it.

    ``revocation``: ``"require"`` makes a status that cannot be checked an error (INDETERMINATE);
    ``"warn"`` makes it the warning that some laws demand instead.  ``freshness`` is the greatest age of a
    revocation answer at the time it is judged for (``None``: its own nextUpdate decides).
    ``timestamp_required`` refuses a signature without a proved time.  ``form_filling_allowed``: whether form
    fields may be filled after an uncertified signature.  ``catalogue``: the version of the algorithm catalogue that
    it was written for.  ``clauses`` and ``listings``: a law that each verdict is read against.
    """

    name: str
    version: str
    revocation: Literal["require", "warn"] = "require"
    freshness: timedelta | None = None
    timestamp_required: bool = False
    form_filling_allowed: bool = False
    weak_algorithms_allowed: frozenset[str] = frozenset()
    """Digests, schemes, kinds of keys (``rsa``) or sizes (``rsa-1024``) accepted whatever the date: only for files of
    another age, and named in the report."""
    catalogue: str = catalogue.VERSION
    clauses: tuple[Clause, ...] = ()
    listings: tuple[Listing, ...] = ()
    dated: date | None = field(default=None, compare=False)

    @property
    def label(self) -> str:
        """``name@version``."""
        return f"{self.name}@{self.version}"

    @property
    def digest(self) -> str:
        """What tells this policy from every other, in lower-case hex; a released one keeps its own for ever."""
        return canonical.digest("eidkit-policy-1", self.to_json())

    def to_json(self) -> dict[str, Any]:
        """The policy as strict JSON, every member present."""
        return {
            "v": 1,
            "name": self.name,
            "version": self.version,
            "dated": self.dated.isoformat() if self.dated else None,
            "revocation": self.revocation,
            "freshness": int(self.freshness.total_seconds()) if self.freshness else None,
            "timestamp_required": self.timestamp_required,
            "form_filling_allowed": self.form_filling_allowed,
            "weak_algorithms_allowed": sorted(self.weak_algorithms_allowed),
            "catalogue": self.catalogue,
            "clauses": [clause.to_json() for clause in self.clauses],
            "listings": [listing.to_json() for listing in self.listings],
        }

    @classmethod
    def read(cls, path: str | os.PathLike[str], known: Mapping[str, Policy] | None = None) -> Policy:
        """The policy in the TOML file at ``path``; ``known`` are those that it may extend (None: the released ones).

        Raises :class:`eidkit.errors.EidkitError` that names the file and what is wrong with it.
        """
        from eidkit.policy import RELEASED, reading

        return reading.read(path, RELEASED if known is None else known)

    @classmethod
    def from_toml(cls, data: bytes, known: Mapping[str, Policy] | None = None) -> Policy:
        """The policy in these TOML bytes, as in :meth:`read`."""
        from eidkit.policy import RELEASED, reading

        return reading.loads(data, RELEASED if known is None else known)
