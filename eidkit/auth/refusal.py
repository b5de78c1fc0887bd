"""How an answer is refused: one text for the person, the reason for the operator's log only."""

from __future__ import annotations

import logging

from eidkit.errors import AuthenticationError, Text

_LOG = logging.getLogger("eidkit.auth")


def refused(method: str, reason: str, *, family: str | None = None) -> AuthenticationError:
    """The error to raise; its text is the same for every ``reason``, so that it answers no question.

    The reason (a short word of ours, never a value that was given) goes to the log: event
    ``authentication.refused``, ``code`` the reason, ``method`` the way.  Ways of one ``family`` share the error's code.
    """
    told(method, reason)
    return AuthenticationError(
        f"{family or method}-refused",
        Text("the answer was not accepted", "thông tin xác thực không được chấp nhận"),
        Text(
            "begin again and answer anew; ask the service when it keeps failing",
            "hãy bắt đầu lại và thử lại; liên hệ đơn vị hỗ trợ nếu vẫn không được",
        ),
    )


def told(method: str, reason: str) -> None:
    """Tell the operator's log, and only it, why an answer was refused."""
    _LOG.info(
        "%s refused: %s", method, reason, extra={"event": "authentication.refused", "code": reason, "method": method}
    )
