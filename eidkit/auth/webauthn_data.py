"""What a browser and an authenticator say of a ceremony: client data and authenticator data (WebAuthn §5.8.1, §6.1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from eidkit.auth import foreign
from eidkit.auth import webauthn_cbor as cbor
from eidkit.auth.foreign import NotAccepted
from eidkit.auth.presenting import demanded
from eidkit.auth.webauthn_key import CredentialKey
from eidkit.binding import shape
from eidkit.errors import EidkitError

if TYPE_CHECKING:
    from eidkit.auth.webauthn_party import RelyingParty

MAX_CLIENT_DATA = 8 * 1024
MAX_AUTHENTICATOR_DATA = 8 * 1024
MAX_CREDENTIAL_ID = 1023
"""WebAuthn §5.8.3."""
_HEAD = 37
_UP, _UV, _BE, _BS, _AT, _ED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80


class Ceremony(NamedTuple):
    """What a ceremony must answer: its type, the challenge, where it takes place, and what the party demands."""

    type: str
    challenge: bytes
    origin: str
    party: RelyingParty


def check_client_data(data: bytes, ceremony: Ceremony) -> None:
    """NotAccepted unless ``data`` (``clientDataJSON``) is of this ceremony: WebAuthn §7.1 and §7.2, by name.

    Members that we do not know are left alone, as §5.8.1 demands; what they say counts for nothing.
    """
    demanded(len(data) <= MAX_CLIENT_DATA, "client-data")
    said = foreign.json_object(data, "client-data")
    demanded(said.get("type") == ceremony.type, "ceremony-type")
    demanded(said.get("challenge") == shape.base64url(ceremony.challenge), "challenge-value")
    demanded(said.get("origin") == ceremony.origin and ceremony.origin in ceremony.party.origins, "origin")
    # Absent in what older browsers write; then the page stood by itself.
    crossing = said.get("crossOrigin", False)
    demanded(type(crossing) is bool, "client-data")
    demanded(not crossing or ceremony.party.embedded, "cross-origin")
    if "topOrigin" in said:
        demanded(crossing and said["topOrigin"] in ceremony.party.top_origins, "top-origin")


@dataclass(frozen=True, slots=True)
class Attested:
    """The credential that authenticator data of a registration brings: model (AAGUID), id and public key."""

    model: bytes
    credential_id: bytes = field(repr=False)
    key: CredentialKey


@dataclass(frozen=True, slots=True)
class AuthenticatorData:
    """Authenticator data taken apart; nothing in it is checked beyond its form.

    Extensions must be well formed and are not kept: nothing that counts here was asked for in them.
    """

    rp_id_hash: bytes = field(repr=False)
    user_present: bool
    user_verified: bool
    backup_eligible: bool
    backed_up: bool
    counter: int
    attested: Attested | None = None

    @classmethod
    def of(cls, data: bytes) -> AuthenticatorData:
        """The value of these bytes, every one of them accounted for; NotAccepted."""
        demanded(_HEAD <= len(data) <= MAX_AUTHENTICATOR_DATA, "authenticator-data")
        flags, end = data[32], _HEAD
        attested = None
        if flags & _AT:
            attested, end = _attested(data)
        if flags & _ED:
            extensions, end = cbor.first(data, "authenticator-data", end)
            demanded(isinstance(extensions, dict), "authenticator-data")
        demanded(end == len(data), "authenticator-data")
        eligible, backed_up = bool(flags & _BE), bool(flags & _BS)
        # §6.1.3: a key that cannot be copied has no copy.
        demanded(eligible or not backed_up, "backup-state")
        present, verified = bool(flags & _UP), bool(flags & _UV)
        return cls(data[:32], present, verified, eligible, backed_up, int.from_bytes(data[33:37]), attested)

    def check(self, party: RelyingParty, *, verified: bool) -> None:
        """NotAccepted unless somebody was present (and ``verified``) at an authenticator of this party's id."""
        demanded(self.rp_id_hash == party.id_hash, "rp-id")
        demanded(self.user_present, "user-presence")
        demanded(self.user_verified or not verified, "user-verification")


def _attested(data: bytes) -> tuple[Attested, int]:
    """§6.5.1: AAGUID, length and id, the key; and where they end."""
    start = _HEAD + 18
    demanded(len(data) > start, "authenticator-data")
    length = int.from_bytes(data[start - 2 : start])
    demanded(1 <= length <= MAX_CREDENTIAL_ID and start + length < len(data), "credential-id")
    start += length
    _, end = cbor.first(data, "credential-key", start)
    key = CredentialKey.of(data[start:end])
    return Attested(data[_HEAD : _HEAD + 16], data[start - length : start], key), end


def credential_id(value: object) -> str:
    """``value`` as the base64url of a credential id; NotAccepted."""
    octets = octets_of(value, "credential-id", MAX_CREDENTIAL_ID)
    demanded(octets, "credential-id")
    return shape.base64url(octets)


def octets_of(value: object, reason: str, limit: int) -> bytes:
    """The bytes of canonical base64url of at most ``limit`` bytes; NotAccepted with ``reason``."""
    try:
        octets = shape.base64url_bytes(value, reason) if isinstance(value, str) and len(value) <= 2 * limit else None
    except EidkitError as error:
        raise NotAccepted(reason) from error
    if octets is None or len(octets) > limit:
        raise NotAccepted(reason)
    return octets
