"""Login: this Identity was present, for a session and for nothing else.

It is what ``begin(…)`` without a Transaction leads to, with ``log_in(…)`` in the place of ``verify(…)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from eidkit import canonical
from eidkit.binding import shape
from eidkit.binding.authentication import FACTORS, Assurance
from eidkit.binding.transaction import version
from eidkit.errors import AuthenticationError, Text
from eidkit.identity import Identity

if TYPE_CHECKING:
    from datetime import datetime, timedelta

_MEMBERS = ("v", "identity", "method", "factors", "assurance", "authenticated_at", "audience", "warnings")


@dataclass(frozen=True, slots=True)
class Login:
    """Who logged in, how and when; it can neither be attested nor bound, and no step accepts it.

    An approval asks for a login of its own (binding.md §3): ``begin`` with the step's Transaction and ``verify``.
    Nothing signs it: kept as JSON it is worth what the place is worth where it lies, such as a session on the server.
    Threads may share it.
    """

    identity: Identity
    method: str
    factors: tuple[str, ...]
    assurance: tuple[Assurance, ...]
    authenticated_at: datetime
    audience: str
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shape.name(self.method, "method")
        for factor in self.factors:
            shape.one_of(factor, FACTORS, "factor")
        shape.unique([entry.scheme for entry in self.assurance], "assurance")
        object.__setattr__(self, "authenticated_at", shape.moment(self.authenticated_at, "authenticated_at"))
        shape.text(self.audience, "audience", limit=256)
        for warning in self.warnings:
            shape.text(warning, "warning", limit=512)

    def require(
        self,
        *,
        min: tuple[str, str] | None = None,  # noqa: A002 - the word of the demand, as for an Authentication
        max_age: timedelta | None = None,
        at: datetime | None = None,
    ) -> None:
        """AuthenticationError unless the login is sure enough, such as ``min=("vn-2024", "2")``, and recent enough.

        ``max_age`` counts to ``at``, the present time, which goes with it.
        """
        from eidkit.binding import requiring

        requiring.check(self, least=min, max_age=max_age, at=at)

    def to_json(self) -> dict[str, Any]:
        """The stored form, every member present; it names the person in full."""
        return {
            "v": 1,
            "identity": self.identity.to_json(),
            "method": self.method,
            "factors": list(self.factors),
            "assurance": [entry.to_json() for entry in self.assurance],
            "authenticated_at": canonical.format_time(self.authenticated_at),
            "audience": self.audience,
            "warnings": list(self.warnings),
        }

    @classmethod
    def from_json(cls, value: Any) -> Login:
        """The Login of its stored form; anything unknown, missing or misshapen is refused."""
        row = canonical.members(value, _MEMBERS, "login")
        version(row["v"], "login")
        return cls(
            Identity.from_json(row["identity"]),
            row["method"],
            shape.items(row["factors"], lambda item: shape.one_of(item, FACTORS, "factor"), "factors"),
            shape.items(row["assurance"], Assurance.from_json, "assurance"),
            canonical.parse_time(row["authenticated_at"]),
            row["audience"],
            shape.items(row["warnings"], lambda item: shape.text(item, "warning", limit=512), "warnings"),
        )

    @property
    def transaction(self) -> NoReturn:
        """Nothing: asking for it raises, wherever a Login is handed in as if it approved something."""
        raise AuthenticationError(
            "login-approves-nothing",
            Text("a login to a session approves nothing", "đăng nhập vào phiên không phải là phê duyệt"),
            Text(
                "begin with the step's Transaction and let the person confirm that",
                "bắt đầu với giao dịch của bước và để người dùng xác nhận",
            ),
            kind="caller",
        )

    attestation = transaction
