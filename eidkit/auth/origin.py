"""An origin: where a person answers, as a browser spells it (RFC 6454 §6.2).

The ways in which the holder's key signs the origin issue their challenge *for* it: the challenge's audience is the
origin, so that it stands once, and under the attestation.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from eidkit.binding import shape

MAX_ORIGIN = 255
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_APP = re.compile(r"android:apk-key-hash:[A-Za-z0-9_-]{43}")
_LOOPBACK = frozenset({"localhost", "127.0.0.1"})


def check(origin: str) -> str:
    """``origin`` if it is ``https://host`` or ``https://host:port``, in lower case; raises EidkitError.

    Plain http only for this machine.  A path or a slash at the end is refused: such a text is never what was signed.
    """
    shape.text(origin, "audience", limit=MAX_ORIGIN)
    if not well_formed(origin):
        shape.refuse(
            "origin",
            "the audience must be an origin like https://permits.example, without a path",
            "audience phải là origin dạng https://permits.example, không có đường dẫn",
        )
    return origin


def pinned(origin: str) -> str:
    """``origin`` as a verifier pins it: one of a page (:func:`check`), or an app's, which only passkeys have."""
    return origin if _APP.fullmatch(origin) else check(origin)


def well_formed(origin: str) -> bool:
    """Whether ``origin`` is spelt as a browser does."""
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return False
    host = parts.hostname or ""
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    spelt = f"{parts.scheme}://{host}" + ("" if port is None else f":{port}")
    secure = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    return secure and spelt == origin and port != usual and _HOST.fullmatch(host) is not None
