"""What the stores keep of passkeys: each person's credentials sealed, and an index from a credential's id to them.

A credential that was withdrawn stays, with its end, so that what it proved before can still be rechecked.  Its id stays
in the index for ever and is never anybody's again; nothing there says whose it was.  Names in the backend are keyed
digests.  Whatever a unit does about one credential begins with its index, so that two units never wait in a circle.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from eidkit import canonical
from eidkit.auth.foreign import NotAccepted
from eidkit.auth.presenting import demanded
from eidkit.auth.webauthn_party import Credential
from eidkit.binding import shape

if TYPE_CHECKING:
    from eidkit.auth.stores import Stores, Unit
    from eidkit.auth.webauthn_party import RelyingParty
    from eidkit.identity import Identity

MAX_CREDENTIALS = 64
"""Credentials of one person at one party, those withdrawn among them."""
_HANDLE_SIZE = 32
_LABEL = "webauthn-passkey"


@dataclass(frozen=True, slots=True)
class Held:
    """A credential with the user handle that its authenticator keeps beside it (WebAuthn §5.4.3)."""

    credential: Credential
    handle: str = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """The stored form."""
        return {"credential": self.credential.to_json(), "handle": self.handle}

    @classmethod
    def from_json(cls, value: Any) -> Held:
        """The value of its stored form."""
        row = canonical.members(value, ("credential", "handle"), "passkey")
        return cls(Credential.from_json(row["credential"]), canonical.typed(row["handle"], str, "handle"))


@dataclass(frozen=True, slots=True)
class Accounts:
    """The passkeys of one relying party's people in the stores; every call happens within a unit of the caller."""

    party: RelyingParty
    stores: Stores

    def of(self, unit: Unit, identity: Identity) -> tuple[Held, ...]:
        """The credentials of ``identity``, the oldest first."""
        return self._kept(unit, self._account(identity))

    def holding(self, unit: Unit, credential_id: str) -> Held:
        """The credential with this id; NotAccepted when nobody has it."""
        index = self.stores.secret(unit, self._index(credential_id))
        mine = () if index is None else self._kept(unit, index[1].decode("ascii"))
        found = next((one for one in mine if one.credential.id == credential_id), None)
        if found is None:
            raise NotAccepted("credential-unknown")
        return found

    def add(self, unit: Unit, held: Held, counter: int) -> None:
        """Keep a new credential; NotAccepted where its id is anybody's already, or the person has too many."""
        account, index = self._account(held.credential.identity), self._index(held.credential.id)
        demanded(unit.secret(index) is None, "credential-taken")
        mine = self._kept(unit, account)
        demanded(len(mine) < MAX_CREDENTIALS, "too-many-credentials")
        self.count(unit, held.credential.id, counter)
        self.stores.put_secret(unit, index, _LABEL, account.encode("ascii"))
        self._put(unit, account, (*mine, held))

    def change(self, unit: Unit, credential: Credential) -> None:
        """Keep ``credential`` in the place of the one with its id."""
        account = self._account(credential.identity)
        mine = self._kept(unit, account)
        self._put(
            unit,
            account,
            tuple(replace(one, credential=credential) if one.credential.id == credential.id else one for one in mine),
        )

    def count(self, unit: Unit, credential_id: str, counter: int) -> None:
        """Take the signature counter of a use: where it or the one before is not zero, it must have grown.

        NotAccepted otherwise: a second authenticator may hold the same key (WebAuthn §7.2 step 22, §6.1.1).
        """
        name = f"webauthn-count:{self._digest(credential_id)}"
        if counter == 0 and unit.counter(name) is None:
            return
        demanded(counter and unit.advance(name, counter, 0), "clone-suspected")

    def handle(self, unit: Unit, identity: Identity) -> str:
        """The user handle for the next credential of ``identity``: random, and the same for all where it can be."""
        mine = self.of(unit, identity)
        return mine[-1].handle if mine else shape.base64url(secrets.token_bytes(_HANDLE_SIZE))

    def forget(self, unit: Unit, identity: Identity) -> bool:
        """Forget everything about ``identity``; false when there was nothing."""
        return unit.delete_secret(self._account(identity))

    def decoy(self, identity: Identity) -> str:
        """A credential id that nobody has, always the same for ``identity`` (WebAuthn §14.6.2)."""
        return shape.base64url(bytes.fromhex(self.stores.digest("webauthn-decoy", self._account(identity))))

    def _kept(self, unit: Unit, account: str) -> tuple[Held, ...]:
        kept = self.stores.secret(unit, account)
        if kept is None:
            return ()
        return shape.items(canonical.loads(kept[1]), Held.from_json, "passkeys", limit=MAX_CREDENTIALS)

    def _put(self, unit: Unit, account: str, mine: tuple[Held, ...]) -> None:
        self.stores.put_secret(unit, account, _LABEL, canonical.dumps([one.to_json() for one in mine]))

    def _account(self, identity: Identity) -> str:
        return f"webauthn:{self.stores.digest('webauthn', self.party.id, identity.scheme, identity.identifier)}"

    def _index(self, credential_id: str) -> str:
        return f"webauthn-id:{self._digest(credential_id)}"

    def _digest(self, credential_id: str) -> str:
        return self.stores.digest("webauthn-id", self.party.id, credential_id)
