"""A hardware token behind a PKCS#11 module: which one it is, its PIN, and the one lock around every call to it.

1. A module is loaded once per process.  python-pkcs11 initialises it without asking for thread safety
   (``C_Initialize(NULL)``, PKCS#11 3.1 §5.4), so all calls to one module wait for each other, whatever the key.
2. After a fork the child has the parent's module in an undefined state: it is initialised again before its first
   use there, and what the parent opened is refused.
3. Exactly one hardware token must fit what the caller asked for.
4. The PIN is asked for only when that token is there and can still be opened, and its last try is not spent
   unless the caller says so: a service that restarts with a wrong PIN must not lock an official's token.
5. A login belongs to the whole process (PKCS#11 3.1 §4.6.2), so a second one would not check its PIN: it is
   refused, and keys of one token share the login that there is.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, RLock
from typing import TYPE_CHECKING, Any

from eidkit.errors import KeyUnusable, Text
from eidkit.signing.keys import refusals

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Module:
    """A loaded module and the lock around every call to it."""

    library: Any
    lock: RLock


@dataclass(frozen=True, slots=True)
class _Known:
    spelling: str
    lock: RLock


_LOADING: dict[int, Lock] = {}
_KNOWN: dict[tuple[int, str], _Known] = {}
"""By process and real path: the path as it was first written (python-pkcs11 loads another spelling again)."""


def load(path: str | os.PathLike[str]) -> Module:
    """The module at ``path`` (steps 1 and 2).

    Raises ImportError without python-pkcs11, and :class:`KeyUnusable` ``key-module``.
    """
    try:
        import pkcs11
    except ImportError as error:
        raise ImportError("hardware tokens need python-pkcs11: pip install 'eidkit[pkcs11]'") from error
    given = os.fspath(path)
    name = os.path.realpath(given) if Path(given).exists() else given
    process = os.getpid()
    with _LOADING.setdefault(process, Lock()):  # a lock of this process: one that was held in a fork stays held
        known = _KNOWN.get((process, name)) or _Known(given, RLock())
        inherited = (process, name) not in _KNOWN and any(other == name for _, other in _KNOWN)
        try:
            library = pkcs11.lib(known.spelling)
            if inherited:
                library.reinitialize()
        except pkcs11.PKCS11Error as error:
            raise refusals.MODULE.error() from error
        _KNOWN[process, name] = known
    return Module(library, known.lock)


def find(module: Module, *, token: str | None, slot: int | None) -> Any:
    """The slot with the one hardware token of that label, or in that slot (step 3)."""
    from pkcs11 import PKCS11Error, TokenFlag

    found = []
    with module.lock, refusals.translated():
        for one in module.library.get_slots():
            try:
                held = one.get_token()
            except PKCS11Error:  # an empty reader, or one that fails: another may hold the token
                continue
            named = held.label == token if token is not None else held.flags & TokenFlag.TOKEN_INITIALIZED
            if named and slot in {None, one.slot_id}:
                found.append(one)
    if not found:
        raise refusals.ABSENT.error()
    if len(found) > 1:
        slots = ", ".join(str(one.slot_id) for one in found)
        raise KeyUnusable(
            "key-device-ambiguous",
            Text(f"{len(found)} hardware tokens fit (slots {slots})", f"có {len(found)} thiết bị ký phù hợp ({slots})"),
            Text("name one with token= or slot=", "chỉ rõ bằng token= hoặc slot="),
            kind="caller",
        )
    return found[0]


class Login:
    """One session with a hardware token, logged in, shared by the keys that were taken from it."""

    def __init__(self, module: Module, slot: Any, mechanisms: frozenset[int], session: Any) -> None:
        self.module = module
        self.slot = slot
        self.mechanisms = mechanisms
        self.session = session
        self._process = os.getpid()
        self._keys = 0

    def taken(self) -> Callable[[], None]:
        """Count one more key; the answer gives it back, and the last one logs out."""
        with self.module.lock:
            self._keys += 1
        return self._given_back

    def _given_back(self) -> None:
        if os.getpid() != self._process:
            return
        from pkcs11 import PKCS11Error

        with self.module.lock:
            self._keys -= 1
            if self._keys:
                return
            try:
                self.session.close()
            except PKCS11Error:
                return  # the token is gone, and its session with it


def login(module: Module, slot: Any, pin: str | Callable[[], str] | None, *, last_try: bool) -> Login:
    """A session with the token in ``slot`` (steps 4 and 5)."""
    from pkcs11 import TokenFlag
    from pkcs11.attributes import AttributeMapper
    from pkcs11.constants import Attribute

    with module.lock, refusals.translated():
        flags, mechanisms = slot.get_token().flags, frozenset(slot.get_mechanisms())
    if flags & TokenFlag.USER_PIN_LOCKED:
        raise refusals.PIN_LOCKED.error()
    if flags & TokenFlag.USER_PIN_FINAL_TRY and not last_try:
        raise refusals.PIN_LAST_TRY.error()
    mapper = AttributeMapper()
    mapper.register_handler(Attribute.LABEL, str.encode, lambda octets: octets.decode("utf-8", "replace"))
    secret = _secret(pin, flags)
    try:
        with module.lock, refusals.translated():
            session = slot.get_token().open(user_pin=secret, attribute_mapper=mapper)
            return Login(module, slot, mechanisms, session)
    except KeyUnusable as error:
        if error.code != refusals.PIN_WRONG.code:
            raise
        raise _what_is_left(module, slot).error() from error
    finally:
        secret = pin = None  # no frame of ours holds it when an error is shown with its variables


def _secret(pin: str | Callable[[], str] | None, flags: int) -> Any:
    from pkcs11 import PROTECTED_AUTH, TokenFlag

    secret = pin() if callable(pin) else pin
    if secret:
        return secret
    if flags & TokenFlag.PROTECTED_AUTHENTICATION_PATH:
        return PROTECTED_AUTH  # the person types it at the reader
    if flags & TokenFlag.LOGIN_REQUIRED:
        raise refusals.PIN_MISSING.error()
    return None


def _what_is_left(module: Module, slot: Any) -> refusals.Refusal:
    """After a wrong PIN: whether the token has locked itself, or has one try left."""
    from pkcs11 import TokenFlag

    with module.lock, refusals.translated():
        flags = slot.get_token().flags
    if flags & TokenFlag.USER_PIN_LOCKED:
        return refusals.PIN_LOCKED
    return refusals.PIN_LAST_TRY if flags & TokenFlag.USER_PIN_FINAL_TRY else refusals.PIN_WRONG
