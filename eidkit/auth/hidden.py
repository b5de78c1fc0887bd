"""A secret in a value: held, and shown only by the one call that asks for it."""

from __future__ import annotations

import hmac
from typing import Generic, NoReturn, TypeVar

from eidkit.errors import EidkitError, Text

T = TypeVar("T")


class Hidden(Generic[T]):
    """What must not be seen by accident: not in ``repr``, not through ``dataclasses.asdict``, not in a pickle.

    Equal to another one with the same content, compared in constant time.  Threads may share it.
    """

    __slots__ = ("_content",)

    def __init__(self, content: T) -> None:
        self._content = content

    def shown(self) -> T:
        """The content."""
        return self._content

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Hidden):
            return NotImplemented
        return hmac.compare_digest(repr(self._content).encode(), repr(other._content).encode())

    __hash__ = None  # type: ignore[assignment]  # a hash would be an answer about the content

    def __repr__(self) -> str:
        return "Hidden()"

    def __deepcopy__(self, memo: object) -> Hidden[T]:
        return self

    def __reduce__(self) -> NoReturn:
        raise EidkitError(
            "secret-not-portable",
            Text("a secret is not pickled", "không thể pickle mã bí mật"),
            Text("keep it in the stores; show it once and forget it", "giữ trong stores; chỉ hiển thị một lần"),
        )
