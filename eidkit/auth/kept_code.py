"""What the kept record of a one-time code still proves: that it speaks of this challenge and was accepted.

No more than the service's word stands behind it, so the assurance is that of our table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from eidkit import canonical
from eidkit.auth import assurance, rechecked
from eidkit.auth.answering import MEDIA_TYPE
from eidkit.errors import EidkitError, Text

if TYPE_CHECKING:
    from eidkit.auth.rechecked import Recheck
    from eidkit.binding.authentication import Authentication

_COMMON = ("challenge_value", "method", "outcome")
Particular = Callable[["Authentication", dict[str, Any]], list[Text]]


def recheck(
    authentication: Authentication,
    method: str,
    members: tuple[str, ...] = (),
    particular: Particular = lambda _, __: [],
    factors: tuple[str, ...] | None = None,
) -> Recheck:
    """The findings; ``particular`` judges the way's own ``members`` and may raise EidkitError for a bad shape."""
    found = list(rechecked.disclosed(authentication))
    if not found:
        found += rechecked.of_kind(authentication, MEDIA_TYPE)
    if not found and authentication.disclosure is not None:
        reasons = _disagreements(authentication, method, members, particular)
        found += [rechecked.refuted(authentication, why) for why in reasons]
    found += rechecked.of_class(authentication, "attested")
    return rechecked.Recheck(tuple(found), assurance.assess(method, factors), "attested")


def row(authentication: Authentication, members: tuple[str, ...]) -> dict[str, Any]:
    """The proof's members: exactly the common ones and ``members``, or EidkitError."""
    proof = b"" if authentication.disclosure is None else authentication.disclosure.proof
    return canonical.members(canonical.loads(proof, exact=True), (*_COMMON, *members), "proof")


def _disagreements(
    authentication: Authentication, method: str, members: tuple[str, ...], particular: Particular
) -> list[Text]:
    try:
        said = row(authentication, members)
        found = particular(authentication, said)
    except EidkitError as error:
        return [Text(f"the proof is malformed ({error.code})", f"bằng chứng sai cấu trúc ({error.code})")]
    if said["challenge_value"] != authentication.challenge_value.hex():
        found.append(Text("the proof answers another challenge", "bằng chứng trả lời yêu cầu khác"))
    if (said["method"], said["outcome"]) != (method, "accepted"):
        found.append(
            Text("the proof is of another method or outcome", "bằng chứng thuộc phương thức hoặc kết quả khác")
        )
    return found
