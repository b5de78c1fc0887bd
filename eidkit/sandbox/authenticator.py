"""A make-believe authenticator with the browser in front of it: it makes passkeys and uses them, or wrongly.

It reads the options that :func:`eidkit.auth.webauthn.register_begin` and :func:`~eidkit.auth.webauthn.begin` give and
writes the JSON that a browser's ``toJSON()`` writes.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from eidkit import algorithms
from eidkit.binding.shape import base64url, base64url_bytes
from eidkit.errors import EidkitError, Text
from eidkit.sandbox.authenticator_faults import CHANGES, FAULTS, Answer
from eidkit.sandbox.cbor import encoded

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

__all__ = ["FAULTS", "KINDS", "MODEL", "Passkey", "SandboxAuthenticator"]

MODEL = bytes.fromhex("e1d00000000000000000000000000001")
"""The AAGUID of every sandbox authenticator."""
KINDS = {"p256": -7, "p384": -35, "p521": -36, "ed25519": -8, "ed448": -53, "rsa2048": -257}
"""Kinds of keys that it makes, with their COSE algorithm."""
_UP, _UV, _BE, _BS, _AT = 0x01, 0x04, 0x08, 0x10, 0x40


@dataclass(slots=True)
class Passkey:
    """One credential inside the authenticator; ``counter`` is what it said last."""

    id: bytes
    rp_id: str
    handle: str
    key: PrivateKeyTypes = field(repr=False)
    kind: str
    counter: int = 0


class SandboxAuthenticator:
    """A device (or, ``synced``, an account's passkeys) and its browser, standing at the page ``origin``.

    ``counts``: whether it has a signature counter.  ``verifies``: whether it asks for a PIN or a finger.
    ``faults`` are names of :data:`FAULTS`: what is wrong in its answers.  ``maker`` is the key and the certificates
    with which it attests when ``attestation="certified"``.  It holds private keys in the open: never use it for
    anything that matters, nor from several threads.
    """

    def __init__(
        self,
        origin: str,
        *,
        kind: str = "p256",
        synced: bool = False,
        counts: bool = True,
        verifies: bool = True,
        attestation: str = "none",
        faults: tuple[str, ...] = (),
    ) -> None:
        self.origin = origin
        self.kind = kind
        self.synced = synced
        self.counts = counts
        self.verifies = verifies
        self.attestation = attestation
        self.faults = faults
        self.passkeys: list[Passkey] = []
        self.maker: tuple[PrivateKeyTypes, tuple[bytes, ...]] | None = None

    def create(self, options: str) -> str:
        """The answer to the options of an enrolment; the new passkey stays here."""
        asked = json.loads(options)
        self._refuse_a_second_one(asked)
        passkey = Passkey(
            secrets.token_bytes(32), asked["rp"]["id"], asked["user"]["id"], _generated(self.kind), self.kind
        )
        self.passkeys.append(passkey)
        answer = Answer(
            self._client_data("webauthn.create", asked["challenge"]),
            rp_id=passkey.rp_id,
            flags=self._flags() | _AT,
            counter=self._counted(passkey),
            tail=self._attested(passkey),
        )
        return self._registration(passkey, self._faulty(answer))

    def get(self, options: str) -> str:
        """The answer to the options of a log-in or an approval, with a passkey that they allow."""
        asked = json.loads(options)
        passkey = self._chosen(asked)
        answer = Answer(
            self._client_data("webauthn.get", asked["challenge"]),
            rp_id=passkey.rp_id,
            flags=self._flags(),
            counter=self._counted(passkey),
            handle=passkey.handle,
        )
        answer = self._faulty(answer)
        data, client_data = answer.authenticator_data(), answer.client_data_bytes()
        signature = answer.changed_signature(_signed(passkey, data + hashlib.sha256(client_data).digest()))
        return _credential(
            passkey.id,
            {
                "authenticatorData": base64url(data),
                "clientDataJSON": base64url(client_data),
                "signature": base64url(signature),
                "userHandle": answer.handle,
            },
        )

    def _registration(self, passkey: Passkey, answer: Answer) -> str:
        data, client_data = answer.authenticator_data(), answer.client_data_bytes()
        signed = data + hashlib.sha256(client_data).digest()
        statement: dict[str, Any] = {}
        if self.attestation == "self":
            statement = {"alg": KINDS[passkey.kind], "sig": answer.changed_signature(_signed(passkey, signed))}
        elif self.attestation == "certified":
            key, chain = self._maker()
            made = algorithms.signer(key, algorithms.SIGNATURE_BY_NAME["ecdsa-sha256"])(signed)
            statement = {"alg": KINDS["p256"], "sig": answer.changed_signature(made), "x5c": list(chain)}
        form = "none" if self.attestation == "none" else "packed"
        attestation = encoded({"fmt": form, "attStmt": statement, "authData": data})
        return _credential(
            passkey.id,
            {
                "attestationObject": base64url(attestation),
                "clientDataJSON": base64url(client_data),
                "transports": ["hybrid", "internal"] if self.synced else ["usb"],
            },
        )

    def _faulty(self, answer: Answer) -> Answer:
        for name in self.faults:
            answer = CHANGES[name](answer)
        return answer

    def _client_data(self, ceremony: str, challenge: str) -> dict[str, Any]:
        return {"type": ceremony, "challenge": challenge, "origin": self.origin, "crossOrigin": False}

    def _flags(self) -> int:
        return _UP | (_UV if self.verifies else 0) | (_BE | _BS if self.synced else 0)

    def _counted(self, passkey: Passkey) -> int:
        passkey.counter += 1 if self.counts else 0
        return passkey.counter

    def _attested(self, passkey: Passkey) -> bytes:
        return MODEL + len(passkey.id).to_bytes(2) + passkey.id + encoded(_cose(passkey))

    def _chosen(self, asked: dict[str, Any]) -> Passkey:
        allowed = {one["id"] for one in asked["allowCredentials"]}
        for passkey in reversed(self.passkeys):
            if passkey.rp_id == asked["rpId"] and (not allowed or base64url(passkey.id) in allowed):
                return passkey
        raise _not_allowed("no passkey here is one that is asked for", "không có khóa truy cập phù hợp ở đây")

    def _refuse_a_second_one(self, asked: dict[str, Any]) -> None:
        excluded = {base64url_bytes(one["id"], "id") for one in asked["excludeCredentials"]}
        if any(one.id in excluded for one in self.passkeys):
            raise _not_allowed("this person has a passkey here already", "người này đã có khóa truy cập ở đây")

    def _maker(self) -> tuple[PrivateKeyTypes, tuple[bytes, ...]]:
        if self.maker is None:
            raise _not_allowed("no maker certified this authenticator: set maker", "thiết bị chưa được chứng nhận")
        return self.maker


def _generated(kind: str) -> PrivateKeyTypes:
    from cryptography.hazmat.primitives.asymmetric import ed448

    from eidkit.sandbox import keys

    return ed448.Ed448PrivateKey.generate() if kind == "ed448" else keys.generate(kind)


def _signed(passkey: Passkey, data: bytes) -> bytes:
    return algorithms.signer(passkey.key, algorithms.suited(passkey.key.public_key()))(data)


def _cose(passkey: Passkey) -> dict[int, Any]:
    """The public key as COSE writes it (RFC 9053 §7, RFC 8230 §4)."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public: Any = passkey.key.public_key()
    head = {3: KINDS[passkey.kind]}
    if passkey.kind.startswith("rsa"):
        numbers = public.public_numbers()
        return {1: 3, **head, -1: numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8), -2: numbers.e.to_bytes(3)}
    if passkey.kind.startswith("ed"):
        return {1: 1, **head, -1: 6 if passkey.kind == "ed25519" else 7, -2: public.public_bytes_raw()}
    point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]
    half = len(point) // 2
    return {1: 2, **head, -1: {"p256": 1, "p384": 2, "p521": 3}[passkey.kind], -2: point[:half], -3: point[half:]}


def _credential(credential_id: bytes, response: dict[str, Any]) -> str:
    name = base64url(credential_id)
    return json.dumps(
        {"id": name, "rawId": name, "type": "public-key", "clientExtensionResults": {}, "response": response}
    )


def _not_allowed(en: str, vi: str) -> EidkitError:
    return EidkitError(
        "sandbox-authenticator",
        Text(en, vi),
        Text("enrol one first, or take another authenticator", "hãy đăng ký trước hoặc dùng thiết bị khác"),
        kind="person",
    )
