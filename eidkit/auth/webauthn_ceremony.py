"""The two ceremonies judged without any state: a registration and an assertion, as a browser hands them over as JSON.

The JSON is that of ``PublicKeyCredential.toJSON()`` (WebAuthn §5.1).  Of what it holds only the parts below are read;
everything else, the results of client extensions among it, counts for nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from eidkit.auth import foreign
from eidkit.auth import webauthn_attestation as attestations
from eidkit.auth.presenting import demanded
from eidkit.auth.webauthn_attestation import AttestationObject, Makers
from eidkit.auth.webauthn_data import (
    MAX_AUTHENTICATOR_DATA,
    MAX_CLIENT_DATA,
    AuthenticatorData,
    Ceremony,
    check_client_data,
    credential_id,
    octets_of,
)
from eidkit.auth.webauthn_party import Credential, model_of
from eidkit.binding import shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eidkit.identity import Identity

MAX_ANSWER = 96 * 1024
MAX_SIGNATURE = 1024
MAX_HANDLE = 64
_TRANSPORTS = ("ble", "hybrid", "internal", "nfc", "smart-card", "usb")
"""WebAuthn §5.8.4; a hint of the browser's for later, and only those that we know are kept."""


@dataclass(frozen=True, slots=True)
class Assertion:
    """What an authenticator answered with a credential that it holds; nothing in it is checked yet."""

    credential_id: str
    client_data: bytes = field(repr=False)
    authenticator_data: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    handle: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, text: str) -> Assertion:
        """The assertion in a browser's JSON; NotAccepted."""
        name, said = _credential(text)
        handle = said.get("userHandle")
        if handle is not None:
            demanded(octets_of(handle, "user-handle", MAX_HANDLE), "user-handle")
        return cls(
            name,
            octets_of(said.get("clientDataJSON"), "client-data", MAX_CLIENT_DATA),
            octets_of(said.get("authenticatorData"), "authenticator-data", MAX_AUTHENTICATOR_DATA),
            octets_of(said.get("signature"), "signature", MAX_SIGNATURE),
            handle,
        )

    def check(self, credential: Credential, ceremony: Ceremony, *, verified: bool) -> AuthenticatorData:
        """What the authenticator said, by the key of ``credential``; NotAccepted (WebAuthn §7.2 steps 10 to 21)."""
        check_client_data(self.client_data, ceremony)
        said = AuthenticatorData.of(self.authenticator_data)
        said.check(ceremony.party, verified=verified)
        demanded(said.attested is None, "authenticator-data")
        demanded(said.backup_eligible == credential.backup_eligible, "backup-eligible")
        ceremony.party.check(credential)
        signed = self.authenticator_data + hashlib.sha256(self.client_data).digest()
        demanded(credential.key.verify(self.signature, signed), "signature")
        return said


@dataclass(frozen=True, slots=True)
class Registration:
    """What an authenticator answered when it made a credential; nothing in it is checked yet."""

    credential_id: str
    client_data: bytes = field(repr=False)
    attestation: AttestationObject = field(repr=False)
    transports: tuple[str, ...] = ()

    @classmethod
    def of(cls, text: str) -> Registration:
        """The registration in a browser's JSON; NotAccepted."""
        name, said = _credential(text)
        data = octets_of(said.get("attestationObject"), "attestation", attestations.MAX_OBJECT)
        client_data = octets_of(said.get("clientDataJSON"), "client-data", MAX_CLIENT_DATA)
        return cls(name, client_data, AttestationObject.of(data), tuple(_transports(said.get("transports"))))

    def check(
        self, identity: Identity, ceremony: Ceremony, makers: Makers, *, verified: bool
    ) -> tuple[Credential, AuthenticatorData]:
        """The credential that was made for ``identity``, and what the authenticator said; NotAccepted (§7.1)."""
        check_client_data(self.client_data, ceremony)
        said = AuthenticatorData.of(self.attestation.authenticator_data)
        said.check(ceremony.party, verified=verified)
        new = said.attested
        if new is None or shape.base64url(new.credential_id) != self.credential_id:
            raise foreign.NotAccepted("credential-id")
        kind = attestations.judged(self.attestation, new, hashlib.sha256(self.client_data).digest(), makers)
        credential = Credential(
            identity,
            self.credential_id,
            new.key.cose,
            model_of(new.model),
            kind,
            said.backup_eligible,
            said.backed_up,
            makers.at,
            transports=self.transports,
        )
        ceremony.party.check(credential)
        return credential, said


def _credential(text: str) -> tuple[str, dict[str, Any]]:
    """The id and the response of a ``PublicKeyCredential``; NotAccepted."""
    demanded(isinstance(text, str) and len(text) <= MAX_ANSWER, "answer-shape")
    row = foreign.json_object(text.encode("utf-8", errors="replace"), "answer-shape")
    said = row.get("response")
    demanded(row.get("type") == "public-key" and isinstance(said, dict), "answer-shape")
    demanded(row.get("id") == row.get("rawId"), "credential-id")
    return credential_id(row.get("id")), said if isinstance(said, dict) else {}


def _transports(value: object) -> Iterator[str]:
    given = foreign.text_list(value)
    return (name for name in _TRANSPORTS if name in given)
