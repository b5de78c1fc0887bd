"""Keys in hardware, through PKCS#11: USB tokens, cards, HSMs, SoftHSM2."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Self

from eidkit import algorithms
from eidkit.signing.keys import device, mechanisms, refusals, stored
from eidkit.signing.keys.held import HeldKey

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from cryptography import x509

    from eidkit.algorithms import SignatureAlgorithm


class Pkcs11Key(HeldKey):
    """A :class:`eidkit.key.SigningKey` that never leaves its hardware token.

    Use it as a context manager, or call :meth:`close`, which logs out.  Threads may share it; their signatures
    wait for each other.  After a fork it refuses: open the key in the process that signs.  The PIN is handed to
    the token and forgotten.

    Raises :class:`eidkit.errors.KeyUnusable`; docs/how-to/pkcs11.md lists the codes with what to do.
    """

    def __init__(self, login: device.Login, chosen: stored.Chosen, ask: Callable[[], str] | None) -> None:
        if chosen.key.asks_each_time and ask is None:
            raise refusals.PIN_EACH_TIME.error()
        super().__init__(chosen.certificate, chosen.chain)
        self._login = login
        self._key = chosen.key
        self._ask = ask
        self._bits = algorithms.key_kind(chosen.certificate.public_key())[1]
        self._ways: dict[str, tuple[mechanisms.Way, ...]] = {}
        self._give_back = weakref.finalize(self, login.taken())

    @classmethod
    def open(
        cls,
        module: str | os.PathLike[str],
        *,
        token: str | None = None,
        pin: str | Callable[[], str] | None = None,
        label: str | None = None,
        id: bytes | str | None = None,  # noqa: A002 - PKCS#11 calls it so
        certificate: x509.Certificate | str | os.PathLike[str] | None = None,
        slot: int | None = None,
        last_try: bool = False,
    ) -> Self:
        """The key on the hardware token with the label ``token``, or in ``slot`` (as the module numbers them).

        ``module``: the vendor's PKCS#11 library.  ``pin``: text, or a function that asks for it, called only when
        the token is there and not locked; None for a token with its own keypad.  ``label`` (of the key or of its
        certificate), ``id`` (CKA_ID, bytes or hex) and ``certificate`` choose among several keys; one alone
        needs none of them.  ``certificate`` (or a file with it and its issuers) is signed with instead of the
        token's own.  ``last_try``: spend the last PIN before the token locks.

        Raises ImportError without python-pkcs11, and :class:`eidkit.errors.KeyUnusable`.
        """
        ask = pin if callable(pin) else None
        try:
            given = stored.given_certificates(certificate)
            loaded = device.load(module)
            held = device.find(loaded, token=token, slot=slot)
            login = device.login(loaded, held, pin, last_try=last_try)
        finally:
            pin = None  # no frame of ours holds it when an error is shown with its variables
        give_back = login.taken()
        try:
            return cls._chosen(login, ask, label=label, id_=_octets(id), given=given)
        finally:
            give_back()

    def also(
        self,
        *,
        label: str | None = None,
        id: bytes | str | None = None,  # noqa: A002 - PKCS#11 calls it so
        certificate: x509.Certificate | str | os.PathLike[str] | None = None,
    ) -> Self:
        """Another key of the same hardware token, over the same login: no second PIN.

        Each is closed by itself; the last one logs out.
        """
        self._check_usable()
        given = stored.given_certificates(certificate)
        return self._chosen(self._login, self._ask, label=label, id_=_octets(id), given=given)

    @classmethod
    def _chosen(
        cls,
        login: device.Login,
        ask: Callable[[], str] | None,
        *,
        label: str | None,
        id_: bytes | None,
        given: list[x509.Certificate],
    ) -> Self:
        with login.module.lock, refusals.translated(login.slot.get_token):
            keys = stored.read_keys(login.session, id_)
            held = stored.read_certificates(login.session)
        return cls(login, stored.choose(keys, held, label=label, id_=id_, given=given), ask)

    def sign(self, data: bytes, algorithm: SignatureAlgorithm) -> bytes:
        """The signature value over ``data``; an ECDSA value is DER; RSA-PSS uses salt length = hash length.

        ``data`` is hashed by the token where it can, otherwise here.
        """
        self._check_usable()
        ways = self._ways.get(algorithm.name)
        if ways is None:
            algorithms.check_family(self.certificate.public_key(), algorithm)
            ways = mechanisms.ways(algorithm, self._login.mechanisms, self._bits)
        pin = self._ask() if self._ask is not None and self._key.asks_each_time else None
        try:
            with self._login.module.lock, refusals.translated(self._login.slot.get_token):
                value, self._ways[algorithm.name] = self._first(ways, data, pin)
        finally:
            pin = None
        return mechanisms.finished(value, algorithm, self._bits)

    def _first(
        self, ways: tuple[mechanisms.Way, ...], data: bytes, pin: str | None
    ) -> tuple[bytes, tuple[mechanisms.Way, ...]]:
        """The value, and the ways to go next time: some modules list a mechanism and then refuse it."""
        from pkcs11 import PKCS11Error

        try:
            for at, way in enumerate(ways):
                try:
                    value = self._key.handle.sign(
                        way.given(data), mechanism=way.mechanism, mechanism_param=way.parameter, pin=pin
                    )
                except PKCS11Error as error:
                    if way is ways[-1] or refusals.meaning(error) is not refusals.MECHANISM:
                        raise
                else:
                    return bytes(value), ways[at:]
            raise refusals.MECHANISM.error()
        finally:
            pin = None

    def close(self) -> None:
        """Log out of the hardware token (when this was its last key); the certificate stays readable."""
        super().close()
        self._give_back()


def _octets(identifier: bytes | str | None) -> bytes | None:
    """A CKA_ID as octets; text is hex, with or without colons."""
    if isinstance(identifier, str):
        try:
            return bytes.fromhex(identifier.replace(":", ""))
        except ValueError:
            raise stored.not_found() from None
    return identifier
