"""What the sandbox's authenticator and its browser can get wrong, each by name: a table of changes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_UP, _UV, _BE, _BS, _ED = 0x01, 0x04, 0x08, 0x10, 0x80


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer before it is signed; ``text`` replaces the client data's JSON, ``flip`` spoils the signature."""

    client_data: dict[str, Any]
    rp_id: str
    flags: int
    counter: int
    tail: bytes = b""
    handle: str | None = None
    text: str | None = None
    flip: bool = False

    def client_data_bytes(self) -> bytes:
        """``clientDataJSON`` as a browser writes it."""
        return (self.text or json.dumps(self.client_data, separators=(",", ":"))).encode("utf-8")

    def authenticator_data(self) -> bytes:
        """Authenticator data (WebAuthn §6.1)."""
        head = hashlib.sha256(self.rp_id.encode("ascii")).digest() + bytes([self.flags])
        return head + self.counter.to_bytes(4) + self.tail

    def changed_signature(self, value: bytes) -> bytes:
        """The signature, or one that a bit was changed of."""
        return value[:-1] + bytes([value[-1] ^ 1]) if self.flip else value


def _saying(**members: Any) -> Callable[[Answer], Answer]:
    return lambda answer: replace(answer, client_data=answer.client_data | members)


def _twice(name: str, value: str) -> Callable[[Answer], Answer]:
    def changed(answer: Answer) -> Answer:
        text = json.dumps(answer.client_data)
        return replace(answer, text=text[:-1] + f", {json.dumps(name)}: {json.dumps(value)}}}")

    return changed


CHANGES: Mapping[str, Callable[[Answer], Answer]] = {
    "wrong-origin": _saying(origin="https://permits.example.phishing.test"),
    "wrong-type": _saying(type="payment.get"),
    "wrong-challenge": _saying(challenge="A" * 43),
    "cross-origin": _saying(crossOrigin=True),
    "cross-origin-text": _saying(crossOrigin="false"),
    "top-origin": _saying(crossOrigin=True, topOrigin="https://frames.example"),
    "top-origin-alone": _saying(topOrigin="https://frames.example"),
    "origin-twice": _twice("origin", "https://permits.example"),
    "not-json": lambda answer: replace(answer, text="{"),
    "wrong-rp-id": lambda answer: replace(answer, rp_id="phishing.test"),
    "not-present": lambda answer: replace(answer, flags=answer.flags & ~_UP),
    "not-verified": lambda answer: replace(answer, flags=answer.flags & ~_UV),
    "backup-eligible-flips": lambda answer: replace(answer, flags=answer.flags & ~_BS ^ _BE),
    "backed-up-but-not-eligible": lambda answer: replace(answer, flags=answer.flags & ~_BE | _BS),
    "backed-up-no-more": lambda answer: replace(answer, flags=answer.flags & ~_BS),
    "counter-back": lambda answer: replace(answer, counter=max(answer.counter - 2, 0)),
    "counter-same": lambda answer: replace(answer, counter=max(answer.counter - 1, 0)),
    "counter-zero": lambda answer: replace(answer, counter=0),
    "wrong-signature": lambda answer: replace(answer, flip=True),
    "wrong-user-handle": lambda answer: replace(answer, handle="A" * 43),
    "no-user-handle": lambda answer: replace(answer, handle=None),
    "octets-behind": lambda answer: replace(answer, tail=answer.tail + b"\0"),
    "extension-twice": lambda answer: replace(
        answer, flags=answer.flags | _ED, tail=answer.tail + bytes.fromhex("a26161016161f5")
    ),
    "extension-of-no-length": lambda answer: replace(
        answer, flags=answer.flags | _ED, tail=answer.tail + bytes.fromhex("bf616101ff")
    ),
}
FAULTS = tuple(CHANGES)
"""The names of what can be wrong."""
