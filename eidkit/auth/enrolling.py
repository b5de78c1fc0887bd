"""Enrolment of what a person holds: a new secret laid into the stores, and its QR code shown once.

Make sure beforehand that the person in front of you *is* who you enrol: whoever scans the code will be.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eidkit.errors import EidkitError, Text

if TYPE_CHECKING:
    from eidkit.auth.hidden import Hidden
    from eidkit.auth.stores import Stores, Unit

QR_ERROR_CORRECTION = "m"
"""ISO/IEC 18004: readable when 15 % of a worn print or a reflecting screen is lost."""
_FOREVER = 2**52


@dataclass(frozen=True, slots=True, eq=False)
class Enrolment:
    """A new authenticator: show ``uri`` once, as a QR code, to the person it is for; it holds the secret.

    ``repr`` and ``dataclasses.asdict`` hide it and pickling is refused.  Threads may share it.
    """

    authenticator: str
    address: Hidden[str]

    @property
    def uri(self) -> str:
        """The ``otpauth://`` address that an authenticator app reads; it holds the secret."""
        return self.address.shown()

    def svg(self) -> bytes:
        """The QR code of ``uri`` as an SVG picture on white; it holds the secret too, so show it once."""
        import io

        import segno

        picture = io.BytesIO()
        segno.make(self.uri, error=QR_ERROR_CORRECTION, micro=False).save(picture, kind="svg", scale=6, light="#fff")
        return picture.getvalue()


def laid(unit: Unit, stores: Stores, name: str, secret: bytes, packed: bytes, *, replace: bool) -> str:
    """The label under which ``packed`` now lies at ``name``; refused where the place or the secret is taken.

    A ``secret`` that was ever enrolled is never enrolled again, for anybody: two people would give one code, and
    for the same person its counter would begin anew.
    """
    if unit.secret(name) is not None and not replace:
        raise _not_enrolled(
            "this person has an authenticator already",
            "người này đã có thiết bị xác thực",
            "pass replace=True (--replace) after checking who asks",
        )
    # The name is the one of the first release, for every kind of code: a seed of one is no seed of another.
    if not unit.add_if_absent(f"totp-seed:{stores.digest('seed', secret.hex())}", _FOREVER, 0):
        raise _not_enrolled(
            "this secret was enrolled before",
            "mã bí mật này đã được dùng",
            "use a new secret for each person and device",
        )
    label = hashlib.sha256(name.encode() + secret).hexdigest()[:16]
    stores.put_secret(unit, name, label, packed)
    return label


def _not_enrolled(en: str, vi: str, remedy: str) -> EidkitError:
    return EidkitError("otp-not-enrolled", Text(en, vi), Text(remedy, "kiểm tra người yêu cầu rồi thử lại"))
