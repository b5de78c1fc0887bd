"""OCRA as pure functions (RFC 6287): a suite parsed and bounded, and the code that a device computes by it.

Nothing here remembers anything; :mod:`eidkit.auth.ocra` is the way to authenticate with it.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eidkit.errors import EidkitError, Text

if TYPE_CHECKING:
    from collections.abc import Callable

_SUITE = re.compile(
    r"OCRA-1:HOTP-SHA(?P<digest>1|256|512)-(?P<digits>4|5|6|7|8|9|10):"
    r"(?P<counter>C-)?Q(?P<form>[ANH])(?P<length>[0-9]{2})"
    r"(?:-PSHA(?P<pin>1|256|512))?(?:-S(?P<session>064|128|256|512))?(?:-T(?P<time>[1-9][0-9]?)(?P<unit>[SMH]))?",
    re.ASCII,
)
_UNITS = {"S": (1, 59), "M": (60, 59), "H": (3600, 48)}
_QUESTION = 128
"""Bytes that the question takes (RFC 6287 §5.1); whatever it is, it is padded to these."""
_ALPHABETS = {"N": "0123456789", "A": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", "H": "0123456789abcdef"}
_FORMS = {
    "N": re.compile(r"[0-9]+", re.ASCII),
    "A": re.compile(r"[0-9A-Za-z]+", re.ASCII),
    "H": re.compile(r"[0-9A-Fa-f]+", re.ASCII),
}
MAX_PIN = 64


@dataclass(frozen=True, slots=True)
class Suite:
    """What goes into a code and how long it is (RFC 6287 §6).  Threads may share it.

    ``form`` of the question: ``N`` decimal, ``A`` alphanumeric, ``H`` hexadecimal, of at most ``length`` characters.
    ``pin`` names the hash of the PIN, ``session`` the bytes of session data, ``period`` the seconds of a time step;
    ``None`` where the suite has none.
    """

    text: str
    digest: str
    digits: int
    counter: bool
    form: str
    length: int
    pin: str | None
    session: int | None
    period: int | None

    @classmethod
    def parse(cls, text: str) -> Suite:
        """The suite of its text, such as ``OCRA-1:HOTP-SHA256-8:QH64-T1M``; EidkitError for any other spelling.

        No truncation (``-0``) and defaults that are left out are not read: a suite says everything.
        """
        found = _SUITE.fullmatch(text) if isinstance(text, str) and len(text) <= 64 else None
        length = int(found["length"]) if found else 0
        if found is None or not 4 <= length <= 64 or not _period_fits(found["time"], found["unit"]):
            raise _refused("ocra-suite", "this is no OCRA suite of RFC 6287 §6", "không phải bộ OCRA theo RFC 6287 §6")
        period = int(found["time"]) * _UNITS[found["unit"]][0] if found["time"] else None
        return cls(
            text,
            f"sha{found['digest']}",
            int(found["digits"]),
            found["counter"] is not None,
            found["form"],
            length,
            f"sha{found['pin']}" if found["pin"] else None,
            int(found["session"]) if found["session"] else None,
            period,
        )

    @property
    def question_bits(self) -> int:
        """How many bits of a challenge value a question of this suite carries (256 at most)."""
        return min(256, int(self.length * math.log2(len(_ALPHABETS[self.form]))))

    def question(self, value: bytes) -> str:
        """The question that stands for a 32-byte challenge value: all of it where the suite has room for it."""
        if self.form == "H":
            return value.hex()[: self.length]
        alphabet, number = _ALPHABETS[self.form], int.from_bytes(value, "big")
        letters = []
        for _ in range(self.length):
            number, letter = divmod(number, len(alphabet))
            letters.append(alphabet[letter])
        return "".join(reversed(letters))

    def pin_hash(self, pin: str) -> bytes:
        """The hash under which the PIN enters a code."""
        if self.pin is None or not 1 <= len(pin) <= MAX_PIN or not pin.isascii() or not pin.isprintable():
            raise _refused(
                "ocra-pin",
                "a PIN is 1 to 64 printable ASCII characters, for a suite that has one",
                "mã PIN gồm 1 đến 64 ký tự ASCII, cho bộ có dùng mã PIN",
            )
        return hashlib.new(self.pin, pin.encode("ascii"), usedforsecurity=False).digest()

    def code(
        self,
        secret: bytes,
        question: str | tuple[str, str],
        *,
        counter: int | None = None,
        pin_hash: bytes | None = None,
        session: bytes | None = None,
        step: int | None = None,
    ) -> str:
        """The code (RFC 6287 §5.2); exactly what the suite names must be given.

        ``question`` is a pair for mutual authentication (§7.2): the two questions, in the order in which they are
        joined.  ``step`` is Unix time divided by ``period``.
        """
        return self.coder(secret, question, pin_hash=pin_hash, session=session)(counter, step)

    def coder(
        self,
        secret: bytes,
        question: str | tuple[str, str],
        *,
        pin_hash: bytes | None = None,
        session: bytes | None = None,
    ) -> Callable[[int | None, int | None], str]:
        """As :meth:`code`, for several counters and time steps: everything else is laid out once."""
        given = (pin_hash is not None, session is not None)
        if given != (self.pin is not None, self.session is not None):
            raise _inputs()
        asked = _padded(self.form, question, self.length)
        pin = b"" if self.pin is None else _exactly(pin_hash or b"", hashlib.new(self.pin).digest_size)
        data = b"" if self.session is None else (session or b"").rjust(self.session, b"\x00")
        if len(data) > (self.session or 0):
            raise _inputs()
        middle, head = asked + pin + data, self.text.encode("ascii") + b"\x00"

        def made(counter: int | None, step: int | None) -> str:
            if (counter is None) == self.counter or (step is None) == (self.period is not None):
                raise _inputs()
            message = head + _eight(counter) + middle + _eight(step)
            return _truncated(hmac.new(secret, message, self.digest).digest(), self.digits)

        return made

    def well_formed(self, code: object) -> bool:
        """Whether ``code`` is text of exactly the right number of ASCII digits."""
        return isinstance(code, str) and len(code) == self.digits and code.isascii() and code.isdigit()


def _period_fits(count: str | None, unit: str | None) -> bool:
    return count is None or unit is None or int(count) <= _UNITS[unit][1]


def _padded(form: str, question: str | tuple[str, str], length: int) -> bytes:
    """The question in 128 bytes, zeros on the right (RFC 6287 §5.1, Appendix A)."""
    parts = (question,) if isinstance(question, str) else question
    if len(parts) > 2 or any(not _FORMS[form].fullmatch(part) or len(part) > length for part in parts):
        raise _refused("ocra-question", "the question does not fit the suite", "câu hỏi không khớp với bộ OCRA")
    joined = "".join(parts)
    if form == "A":
        return joined.encode("ascii").ljust(_QUESTION, b"\x00")
    digits = format(int(joined), "x") if form == "N" else joined
    return bytes.fromhex(digits.ljust(2 * _QUESTION, "0"))


def _eight(number: int | None) -> bytes:
    if number is None:
        return b""
    if not 0 <= number < 2**64:
        raise _inputs()
    return number.to_bytes(8, "big")


def _exactly(data: bytes, size: int) -> bytes:
    if len(data) != size:
        raise _inputs()
    return data


def _truncated(mac: bytes, digits: int) -> str:
    """RFC 4226 §5.3."""
    offset = mac[-1] & 15
    number = int.from_bytes(mac[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**digits:0{digits}d}"


def _inputs() -> EidkitError:
    return _refused(
        "ocra-inputs",
        "counter, PIN, session and time must be exactly what the suite names",
        "bộ đếm, mã PIN, phiên và thời gian phải đúng như bộ OCRA quy định",
    )


def _refused(code: str, en: str, vi: str) -> EidkitError:
    return EidkitError(code, Text(en, vi), Text("give what the device was made for", "dùng đúng tham số của thiết bị"))
