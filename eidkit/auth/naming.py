"""Whom a provider's claims name, and how sure it says it is: rules as values, read without guessing.

1. The person stands in one claim.  Where several claims could name one, exactly one of them may be filled in, or a
   claim that says what kind of account it is decides; the first match is never taken.
2. A value that is text is taken as it is; a null or blank one is absent; anything else is refused.
3. A level counts for what the table says of its value; a value that is not in the table is refused.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any, NamedTuple

from eidkit import canonical
from eidkit.auth.foreign import NotAccepted
from eidkit.binding import shape
from eidkit.binding.authentication import Assurance
from eidkit.errors import EidkitError
from eidkit.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Levels = tuple[tuple[str, "tuple[Assurance, ...]"], ...]
"""Each value that a provider says, and what it counts for (nothing at all is allowed)."""
MAX_ROWS = 64
_MAX_NAME = 255


class IdentifierRule(NamedTuple):
    """Which claim names the person, and in which scheme of Identity; threads may share it."""

    claim: str
    scheme: str


class AccountRule(NamedTuple):
    """Which claim says what kind of account it is, and for each of its values the claim that names its holder.

    An account of a kind that is not listed is refused.  Threads may share it.
    """

    claim: str
    kinds: tuple[tuple[str, IdentifierRule], ...]

    @classmethod
    def of(cls, claim: str, kinds: Mapping[str, tuple[str, str]]) -> AccountRule:
        """The rule of ``{value: (claim, scheme)}``."""
        return cls(claim, tuple((value, IdentifierRule(*rule)) for value, rule in kinds.items()))

    def to_json(self) -> dict[str, Any]:
        """``{"claim", "kinds": {value: {"claim", "scheme"}}}``."""
        return {"claim": self.claim, "kinds": {value: rule._asdict() for value, rule in self.kinds}}

    @classmethod
    def from_json(cls, value: Any) -> AccountRule:
        """The rule of its stored form."""
        row = canonical.members(value, cls._fields, "accounts")
        kinds = canonical.typed(row["kinds"], dict, "accounts")
        return cls(row["claim"], tuple((name, rule_of(rule)) for name, rule in kinds.items()))


class LevelRule(NamedTuple):
    """Which claim says how sure the provider is, and what each of its values counts for; threads may share it."""

    claim: str
    values: Levels

    @classmethod
    def of(cls, claim: str, values: Mapping[str, Sequence[tuple[str, str]]]) -> LevelRule:
        """The rule of ``{value: [(scheme, value), …]}``, as assurance that the provider asserts."""
        return cls(claim, asserted(values))

    def to_json(self) -> dict[str, Any]:
        """``{"claim", "values": {value: [{"scheme", "value"}]}}``."""
        return {"claim": self.claim, "values": levels_json(self.values)}

    @classmethod
    def from_json(cls, value: Any) -> LevelRule:
        """The rule of its stored form."""
        row = canonical.members(value, cls._fields, "levels")
        return cls(row["claim"], levels_of(row["values"], "levels"))


def person(
    claims: Mapping[str, Any], rules: Sequence[IdentifierRule], accounts: AccountRule | None, name_claim: str
) -> Identity:
    """Who the claims name by exactly one of ``rules``; NotAccepted for nobody, a misspelt number, or several."""
    rule = _meant(claims, rules, accounts)
    identifier, name = claims.get(rule.claim), claims.get(name_claim)
    shown = unicodedata.normalize("NFC", name) if isinstance(name, str) and len(name) <= _MAX_NAME else ""
    if not isinstance(identifier, str):
        raise NotAccepted("identifier")
    try:
        return Identity(rule.scheme, identifier, shown)
    except EidkitError:
        try:
            # A name is only shown: one that cannot be shown does not hide who it is.
            return Identity(rule.scheme, identifier)
        except EidkitError as error:
            raise NotAccepted("identifier") from error


def assurance(claims: Mapping[str, Any], rule: LevelRule) -> tuple[Assurance, ...]:
    """What the level that the claims state counts for; NotAccepted for none, and for one that is not in the table."""
    said = word(claims, rule.claim, "level")
    rows = dict(rule.values)
    if said not in rows:
        raise NotAccepted("level")
    return rows[said]


def word(claims: Mapping[str, Any], claim: str, reason: str) -> str | None:
    """A claim whose value is a word or a number of a list, as text; ``None`` where it is absent."""
    value = claims.get(claim)
    if value is None or isinstance(value, str):
        return value
    if type(value) is int:
        return str(value)
    raise NotAccepted(reason)


def check(rules: Iterable[IdentifierRule], accounts: AccountRule | None, levels: LevelRule | None) -> None:
    """Refuse rules that cannot be: a name that is none, a claim or value that stands twice, too many of them."""
    listed = [*rules, *(() if accounts is None else (rule for _, rule in accounts.kinds))]
    named = [part for rule in listed for part in rule]
    for table in (accounts and (accounts.claim, *(value for value, _ in accounts.kinds)),
                  levels and (levels.claim, *(value for value, _ in levels.values))):  # fmt: skip
        if table:
            named += table
            shape.unique(table[1:], "provider value")
            if not 1 < len(table) <= MAX_ROWS:
                shape.refuse("provider-table", f"a table has 1 to {MAX_ROWS - 1} rows", "bảng trống hoặc quá dài")
    for name in named:
        shape.text(name, "provider value", limit=255)


def asserted(levels: Mapping[str, Sequence[tuple[str, str]]]) -> Levels:
    """A map of ``(scheme, value)`` pairs as assurance that the provider asserts."""
    return tuple((value, tuple(Assurance(*pair, "asserted") for pair in pairs)) for value, pairs in levels.items())


def levels_json(levels: Levels) -> dict[str, Any]:
    """The stored form of a table of levels."""
    return {value: [{"scheme": one.scheme, "value": one.value} for one in rows] for value, rows in levels}


def levels_of(value: Any, what: str) -> Levels:
    """The table of levels of its stored form."""
    table = canonical.typed(value, dict, what)
    return tuple((name, shape.items(rows, _asserted, what)) for name, rows in table.items())


def rule_of(value: Any) -> IdentifierRule:
    """The rule of its stored form."""
    return IdentifierRule(**canonical.members(value, IdentifierRule._fields, "identifier"))


def _meant(claims: Mapping[str, Any], rules: Sequence[IdentifierRule], accounts: AccountRule | None) -> IdentifierRule:
    if accounts is not None:
        kind = word(claims, accounts.claim, "account")
        rule = dict(accounts.kinds).get(kind or "")
        if rule is None:
            raise NotAccepted("account")
        return rule
    filled = [rule for rule in rules if not _blank(claims.get(rule.claim))]
    if not filled:
        raise NotAccepted("identifier")
    if len(filled) > 1:
        raise NotAccepted("identifier-ambiguous")
    return filled[0]


def _blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _asserted(value: Any) -> Assurance:
    return Assurance(**canonical.members(value, ("scheme", "value"), "level"), source="asserted")
