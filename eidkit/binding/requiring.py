"""The gate of an authentication: how sure, how old, and of what kind it must at least be (auth.md §5)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from eidkit.binding import scales, shape
from eidkit.errors import AuthenticationError, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from eidkit.binding.authentication import Assurance, Authentication

SKEW = timedelta(seconds=60)
"""By how much two clocks may differ: what :data:`eidkit.policy.SKEW` says, which lies above this."""


class Authenticated(Protocol):
    """Whatever says how sure it is, and since when."""

    @property
    def assurance(self) -> Sequence[Assurance]:
        """Assurance values, at most one of each scheme."""
        ...

    @property
    def authenticated_at(self) -> datetime:
        """When the person was present."""
        ...


def check(
    given: Authenticated,
    *,
    least: tuple[str, str] | None,
    max_age: timedelta | None,
    at: datetime | None,
    further: Sequence[Text] = (),
) -> None:
    """AuthenticationError with every reason why ``given`` falls short; ``further`` are reasons found already.

    ``least`` is (scheme, value): a value of another scheme never satisfies it.  ``max_age`` counts to ``at``, which
    goes with it: nothing here reads a clock.
    """
    reasons = [*_assurance(given, least), *_age(given, max_age, at), *further]
    if reasons:
        raise AuthenticationError(
            "authentication-insufficient",
            Text("; ".join(reason.en for reason in reasons), "; ".join(reason.vi for reason in reasons)),
            Text(
                "let the person authenticate again, in a way that is sure enough",
                "yêu cầu xác thực lại bằng cách đủ tin cậy",
            ),
        )


def unbound(authentication: Authentication) -> Iterator[Text]:
    """Why ``authentication`` could not be bound to a signature: no attestation, or one of something else.

    Whose key attested is not judged here: a verifier does that, with anchors of its own.
    """
    from eidkit.binding.attestation import Attestation
    from eidkit.errors import EidkitError

    jws = authentication.attestation
    if jws is None:
        yield Text("the login carries no attestation", "bản ghi xác thực chưa được chứng nhận")
        return
    try:
        read = Attestation.read(jws)
        holds = read.signature_holds() and not read.disagreements(authentication)
    except EidkitError:
        holds = False
    if not holds:
        yield Text("the attestation does not belong to this login", "chứng nhận không khớp với bản ghi xác thực")


def weaker(authentication: Authentication, least: str | None) -> Iterator[Text]:
    """Why its proof class is less than ``least``."""
    if least is None:
        return
    shape.one_of(least, scales.PROOF_CLASSES, "proof_class")
    if not scales.at_least(scales.PROOF_CLASSES, authentication.proof_class, least):
        yield Text(
            f"its proof is {authentication.proof_class}, not {least}",
            f"bằng chứng thuộc loại {authentication.proof_class}, không phải {least}",
        )


def _assurance(given: Authenticated, least: tuple[str, str] | None) -> Iterator[Text]:
    if least is None:
        return
    scheme, value = least
    scale = scales.ASSURANCE_SCALES[shape.one_of(scheme, scales.ASSURANCE_SCALES, "assurance scheme")]
    shape.one_of(value, scale, "assurance value")
    has = next((entry.value for entry in given.assurance if entry.scheme == scheme), None)
    if has is None or not scales.at_least(scale, has, value):
        en, vi = ("nothing", "không có") if has is None else (has, has)
        yield Text(f"its {scheme} is {en}, and {value} is needed", f"{scheme} là {vi}, cần {value}")


def _age(given: Authenticated, max_age: timedelta | None, at: datetime | None) -> Iterator[Text]:
    if max_age is None:
        return
    if at is None:
        shape.refuse("age-at-what-time", "max_age needs at=, such as the present time", "max_age cần kèm at=")
    age = at - given.authenticated_at
    if age > max_age or age < -SKEW:
        seconds = int(max_age.total_seconds())
        yield Text(f"it is older than {seconds} seconds or from the future", f"đã quá {seconds} giây hoặc ở tương lai")
