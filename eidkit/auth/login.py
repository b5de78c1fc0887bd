"""Login: this Identity was present, for a session and for nothing else.

It is what ``begin(…)`` without a Transaction leads to, with ``log_in(…)`` in the place of ``verify(…)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from eidkit.errors import AuthenticationError, Text

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from eidkit.binding.authentication import Assurance
    from eidkit.identity import Identity


@dataclass(frozen=True, slots=True)
class Login:
    """Who logged in, how and when; it can neither be attested nor bound, and no step accepts it.

    An approval asks for a login of its own (binding.md §3): ``begin`` with the step's Transaction and ``verify``.
    Threads may share it.
    """

    identity: Identity
    method: str
    factors: tuple[str, ...]
    assurance: tuple[Assurance, ...]
    authenticated_at: datetime
    audience: str
    warnings: tuple[str, ...] = ()

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
