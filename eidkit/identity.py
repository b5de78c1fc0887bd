"""Who: a person or organisation as asserted by evidence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from eidkit import canonical
from eidkit.errors import EidkitError, Text

_SPELLINGS = {
    "vn-cccd": re.compile(r"[0-9]{12}"),
    "vn-cmnd": re.compile(r"[0-9]{9}(?:[0-9]{3})?"),
    "vn-mst": re.compile(r"[0-9]{10}(?:-[0-9]{3})?"),
    "vn-mns": re.compile(r"[0-9]{7}"),
    "x509": re.compile(r"[0-9a-f]{64}"),
}
_FAMILIES = (
    (re.compile(r"passport-[A-Z]{2}"), re.compile(r"[A-Z0-9]{5,12}")),
    (re.compile(r"(?:PAS|IDC|PNO|TAX|TIN|VAT|NTR|LEI|PSD|EUI|GOV)[A-Z]{2}"), re.compile(r"[A-Za-z0-9./_-]{1,64}")),
    (re.compile(r"oidc:https?://[\x21-\x7e]{1,255}"), re.compile(r"[\x20-\x7e]{1,255}")),
)


@dataclass(frozen=True, slots=True, eq=False)
class Identity:
    """A person or organisation: ``scheme`` + ``identifier`` decide who it is, ``name`` is only shown.

    Two Identities are equal exactly when scheme and identifier are; never because names agree.  The schemes
    are those of binding.md §0; an identifier in another than its canonical spelling is refused.  The repr
    masks the identifier.  Threads may share it.
    """

    scheme: str
    identifier: str
    name: str = ""

    def __post_init__(self) -> None:
        spelling = _SPELLINGS.get(self.scheme) or next(
            (value for scheme, value in _FAMILIES if scheme.fullmatch(self.scheme)), None
        )
        if spelling is None or not spelling.fullmatch(self.identifier):
            raise EidkitError(
                "identity-spelling",
                Text(
                    f"not a canonical identifier of scheme {self.scheme[:40]!r}",
                    f"định danh không đúng {self.scheme[:40]!r}",
                ),
                Text("give scheme and identifier as the evidence spells them", "ghi định danh đúng như chứng cứ"),
            )
        canonical.check_text(self.name)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Identity):
            return NotImplemented
        return (self.scheme, self.identifier) == (other.scheme, other.identifier)

    def __hash__(self) -> int:
        return hash((self.scheme, self.identifier))

    def __repr__(self) -> str:
        return f"Identity({self.scheme}:{self.masked}, {self.name!r})"

    @property
    def masked(self) -> str:
        """The identifier with all but its last three characters hidden."""
        return masked(self.identifier)

    def to_json(self) -> dict[str, str]:
        """``{"scheme", "identifier", "name"}``, unmasked: this is the stored form."""
        return {"scheme": self.scheme, "identifier": self.identifier, "name": self.name}

    @classmethod
    def from_json(cls, value: Any) -> Identity:
        """The Identity of its stored form; unknown or missing members are refused."""
        stored = canonical.members(value, ("scheme", "identifier", "name"), "identity")
        return cls(*(canonical.typed(stored[name], str, name) for name in ("scheme", "identifier", "name")))


def masked(identifier: str) -> str:
    """``identifier`` with all but the last three characters replaced (all, when it is short)."""
    shown = 3 if len(identifier) > 6 else 0
    return "•" * (len(identifier) - shown) + (identifier[-shown:] if shown else "")
