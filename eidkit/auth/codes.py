"""One-time codes as pure functions: which codes a secret gives, and which step a code belongs to.

pyotp computes the codes (RFC 4226 §5.3, RFC 6238 §4); the rules around them are here and in :mod:`eidkit.auth.otp`.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets as random
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from eidkit.auth.hidden import Hidden
from eidkit.errors import EidkitError, Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyotp

PERIOD = 30
"""Seconds in a time step (RFC 6238 §5.2); fixed, so that a proof's step can be compared with its time."""
WINDOW = 1
"""Steps accepted on either side of the expected one: the time that a code needs to travel."""
MAX_DRIFT = 2
"""How many steps a device's clock may have wandered and still be followed (RFC 6238 §6)."""
MIN_SECRET = 16
SECRET = 20
ALGORITHMS = ("sha1", "sha256", "sha512")
"""HMAC-SHA-1 is what authenticator apps know; it is not weakened by collisions (RFC 6238 §1.2)."""
DIGITS = (6, 7, 8)


@dataclass(frozen=True, slots=True)
class Seed:
    """A shared secret and how codes are made from it.

    Neither ``repr`` nor ``dataclasses.asdict`` shows the secret, and it is not pickled.
    """

    hidden: Hidden[bytes]
    digits: int = 6
    algorithm: str = "sha1"

    def __post_init__(self) -> None:
        if len(self.secret) < MIN_SECRET or self.digits not in DIGITS or self.algorithm not in ALGORITHMS:
            raise EidkitError(
                "otp-parameters",
                Text(
                    "a secret has at least 16 bytes, a code 6 to 8 digits of HMAC-SHA-1, -256 or -512",
                    "tham số OTP không hợp lệ",
                ),
                Text("leave the parameters out, or give allowed ones", "bỏ trống hoặc dùng tham số hợp lệ"),
            )

    @classmethod
    def of(cls, secret: bytes, digits: int = 6, algorithm: str = "sha1") -> Seed:
        """The seed of these raw bytes."""
        return cls(Hidden(secret), digits, algorithm)

    @property
    def secret(self) -> bytes:
        """The raw bytes."""
        return self.hidden.shown()

    @classmethod
    def fresh(cls, digits: int = 6, algorithm: str = "sha1") -> Seed:
        """A new random secret of 160 bits (RFC 4226 §4 R6)."""
        return cls.of(random.token_bytes(SECRET), digits, algorithm)

    def packed(self) -> bytes:
        """The form that is sealed into the stores."""
        return bytes((1, self.digits, ALGORITHMS.index(self.algorithm))) + self.secret

    @classmethod
    def unpacked(cls, data: bytes) -> Seed:
        """The seed of its packed form."""
        return cls.of(data[3:], data[1], ALGORITHMS[data[2]])

    def code(self, step: int) -> str:
        """The code of one step."""
        return _generator(self).generate_otp(step)

    def matching(self, code: str, steps: Iterable[int]) -> int | None:
        """The last of ``steps`` whose code is ``code``; every one is computed and compared, in constant time.

        ``code`` must already be ASCII digits of the right length.
        """
        generator, given = _generator(self), code.encode("ascii")
        found = None
        for step in steps:
            same = hmac.compare_digest(generator.generate_otp(step).encode("ascii"), given)
            found = (found, step)[same]
        return found

    def matching_pair(self, pair: tuple[str, str], steps: range) -> int | None:
        """The last of ``steps`` whose code is the first of ``pair`` and whose next code is the second.

        Every code is computed once and compared, in constant time; both must be well formed.
        """
        generator, given, following = _generator(self), *(code.encode("ascii") for code in pair)
        found, before = None, False
        for step in range(steps.start, steps.stop + 1):
            made = generator.generate_otp(step).encode("ascii")
            both = hmac.compare_digest(made, following) & before
            found = (found, step - 1)[both]
            before = hmac.compare_digest(made, given)
        return found

    def well_formed(self, code: object) -> bool:
        """Whether ``code`` is text of exactly the right number of ASCII digits; other scripts' digits are not."""
        return isinstance(code, str) and len(code) == self.digits and code.isascii() and code.isdigit()

    def uri(self, account: str, issuer: str, counter: int | None = None) -> str:
        """The ``otpauth://`` address that an authenticator app reads; it holds the secret.

        For a code by time, or by ``counter`` from there on.
        """
        import base64

        import pyotp

        secret = base64.b32encode(self.secret).decode("ascii").rstrip("=")
        digest = getattr(hashlib, self.algorithm)
        if counter is not None:
            made = pyotp.HOTP(secret, digits=self.digits, digest=digest)
            return made.provisioning_uri(name=account, issuer_name=issuer, initial_count=counter)
        totp = pyotp.TOTP(secret, digits=self.digits, digest=digest, interval=PERIOD)
        return totp.provisioning_uri(name=account, issuer_name=issuer)


def step_at(moment: float) -> int:
    """The time step of Unix time ``moment`` (RFC 6238 §4.2); local time never enters."""
    return int(moment) // PERIOD


def candidates(step: int, drift: int) -> range:
    """The steps that are accepted at ``step`` from a device whose clock was ``drift`` steps off."""
    middle = step + max(-MAX_DRIFT, min(MAX_DRIFT, drift))
    return range(max(middle - WINDOW, 0), middle + WINDOW + 1)


def _generator(seed: Seed) -> pyotp.OTP:
    generator: pyotp.OTP = _generator_class()(seed)
    return generator


@cache
def _generator_class() -> Any:
    import pyotp

    class Generator(pyotp.OTP):
        """pyotp's code computation over a secret that is already decoded."""

        def __init__(self, seed: Seed) -> None:
            self.raw = seed.secret
            self.digits = seed.digits
            self.digest = getattr(hashlib, seed.algorithm)

        def byte_secret(self) -> bytes:
            return self.raw

    return Generator
