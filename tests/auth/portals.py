"""A relying party, whom people log in at, and a browser: the code flow as a provider and as a partner speak it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from eidkit.auth import oidc, vneid
from eidkit.errors import AuthenticationError
from eidkit.identity import Identity
from eidkit.sandbox.partner import CLIENT_SECRET, SandboxPartner
from eidkit.sandbox.provider import SandboxProvider

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from eidkit.auth import Challenge, Stores
    from eidkit.binding.authentication import Authentication
    from eidkit.binding.transaction import Transaction
    from eidkit.clock import Clock
    from eidkit.sandbox.desk import LoginDesk

LAN = Identity("vn-cccd", "001088000017", "Nguyễn Thị Lan")
BINH = Identity("vn-cccd", "001088000025", "Trần Văn Bình")


class Portal:
    """What both have in common."""

    idp: LoginDesk

    def __init__(self, stores: Stores, clock: Clock, transaction: Transaction) -> None:
        self.stores, self.clock, self.transaction = stores, clock, transaction

    def begin(self, transaction: Any = ..., **more: Any) -> Challenge:
        """A challenge for the portal's own transaction, or for another one."""
        about = self.transaction if transaction is ... else transaction
        return self.begun(about, audience="permits", stores=self.stores, clock=self.clock, **more)

    def begun(self, about: Transaction | None, **given: Any) -> Challenge:
        raise NotImplementedError

    def verify(self, callback: Any, challenge: Challenge, **more: Any) -> Authentication:
        raise NotImplementedError

    def login(self, person: Identity = LAN, *, subject: Identity | None = None, more: Any = None, **how: Any) -> Any:
        """``person`` logs in; ``how`` is what is said of it, ``more`` what the relying party gives to ``verify``."""
        challenge = self.begin(subject=subject)
        return self.verify(self.idp.answer(challenge.url or "", person, **how), challenge, **(more or {}))

    def refused(self, callback: Any = None, challenge: Challenge | None = None, **more: Any) -> AuthenticationError:
        """The error with which ``callback`` is refused, by default a good one."""
        challenge = challenge or self.begin()
        callback = self.idp.answer(challenge.url or "", LAN) if callback is None else callback
        with pytest.raises(AuthenticationError) as caught:
            self.verify(callback, challenge, **more)
        return caught.value


class ProviderPortal(Portal):
    """At an OpenID provider."""

    idp: SandboxProvider

    def __init__(self, stores: Stores, clock: Clock, transaction: Transaction) -> None:
        super().__init__(stores, clock, transaction)
        self.idp = SandboxProvider(clock=clock)
        self.provider = self.idp.provider()

    def begun(self, about: Transaction | None, **given: Any) -> Challenge:
        return oidc.begin(self.provider, about, **given)

    def verify(self, callback: Any, challenge: Challenge, **more: Any) -> Authentication:
        more = {"provider": self.provider, "transport": self.idp, **more}
        return oidc.verify(callback, challenge.id, stores=self.stores, clock=self.clock, **more)


class PartnerPortal(Portal):
    """At a partner that encrypts what it says and signs nothing."""

    idp: SandboxPartner

    def __init__(self, stores: Stores, clock: Clock, transaction: Transaction, private: RSAPrivateKey) -> None:
        super().__init__(stores, clock, transaction)
        self.idp = SandboxPartner(clock=clock, private=private)
        self.partner = self.idp.partner()

    def begun(self, about: Transaction | None, **given: Any) -> Challenge:
        return vneid.begin(self.partner, about, **given)

    def verify(self, callback: Any, challenge: Challenge, *, call: Any = vneid.verify, **more: Any) -> Any:
        more = {
            "partner": self.partner, "transport": self.idp, "decryption_key": self.idp.decryption_key,
            "client_secret": CLIENT_SECRET, **more,
        }  # fmt: skip
        return call(callback, challenge.id, stores=self.stores, clock=self.clock, **more)
