"""What the sandbox's partner can get wrong in what it answers, each by name: tables of changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

ANSWER_FAULTS: dict[str, Callable[[dict[str, Any]], object]] = {
    "no-number": lambda c: c.pop("citizenPid"),
    "misspelt-number": lambda c: c.update(citizenPid="1"),
    "number-as-number": lambda c: c.update(citizenPid=int(c["citizenPid"])),
    "no-account-level": lambda c: c.pop("accountLevel", None),
    "unknown-account-level": lambda c: c.update(accountLevel=3),
    "truth-as-account-level": lambda c: c.update(accountLevel=True),
}
"""Of who is named, and how sure that is said to be."""
TOKEN_FAULTS: dict[str, Callable[[dict[str, Any]], object]] = {
    "no-access-token": lambda c: c.pop("access_token"),
    "other-token-type": lambda c: c.update({"token_type": "mac"}),
    "split-access-token": lambda c: c.update(access_token=c["access_token"] + "\r\nhost: evil"),
}
"""Of what the code is worth."""
BODY_FAULTS = frozenset(
    {
        "plain-body", "for-another-key", "wrong-padding", "half-a-block", "short-wrapped-key", "odd-aes-key",
        "one-more-member", "member-twice", "line-breaks", "no-json-inside",
    }
)  # fmt: skip
"""Of the body that hides an answer."""
CODE_FAULTS = frozenset({"code-for-another-key", "code-with-wrong-padding", "code-of-nobody"})
"""Of the encrypted code in the browser's way back."""
PARTNER_FAULTS = frozenset({*ANSWER_FAULTS, *TOKEN_FAULTS, *BODY_FAULTS, *CODE_FAULTS})
