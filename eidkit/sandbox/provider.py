"""An OpenID provider for the sandbox: discovery, login page, token endpoint with PKCE, UserInfo, keys that rotate.

People log in on its page (:meth:`SandboxProvider.send` answers a browser); :meth:`SandboxProvider.answer` plays the
browser where there is none.  ``faults`` make it misbehave in named ways, so that every check of a relying party has
something to refuse.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

from eidkit.algorithms import ecdsa_to_plain
from eidkit.binding import shape
from eidkit.clock import SYSTEM_CLOCK, Clock
from eidkit.sandbox import client_assertion
from eidkit.sandbox.desk import (
    CLIENT_ID,
    LIFETIME,
    NO_BEARER,
    REDIRECT_URI,
    Granted,
    LoginDesk,
    json_response,
    keep,
)
from eidkit.sandbox.dialect import ACR, CLAIMS, OWN, Dialect, subject_of
from eidkit.sandbox.provider_faults import CLAIM_FAULTS, FAULTS, HEADER_FAULTS
from eidkit.transport import Response

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    from eidkit.auth.oidc import Provider
    from eidkit.identity import Identity
    from eidkit.transport import Request

__all__ = ["ACR", "CLAIMS", "CLIENT_ID", "FAULTS", "ISSUER", "REDIRECT_URI", "SandboxProvider"]

ISSUER = "https://id.sandbox.eidkit.test"


class SandboxProvider(LoginDesk):
    """A provider whose people prove nothing; a Transport for its own addresses.  Threads may share it.

    ``secret`` is what confidential clients must present; ``None`` accepts public clients.  ``client_keys`` are the
    public keys with which clients may sign instead (``private_key_jwt``), by client id; such a client has no other
    way.  ``clients`` are the client ids that it knows; they come back to ``REDIRECT_URI``, to what :meth:`provider`
    was told, or to any address on the loopback.  ``faults`` is a set of names in :data:`FAULTS` that may be changed at
    any time.  ``keys`` sign: the first one; the others are published too.  ``persons`` can be chosen on the login page.
    """

    def __init__(
        self,
        issuer: str = ISSUER,
        *,
        clock: Clock = SYSTEM_CLOCK,
        keys: Sequence[EllipticCurvePrivateKey] = (),
        secret: str | None = None,
        speaks: Dialect = OWN,
        persons: list[Identity] | None = None,
    ) -> None:
        super().__init__(issuer, clock=clock, secret=secret, speaks=speaks, persons=persons)
        self.client_keys: dict[str, PublicKeyTypes] = {}
        self._assertions: dict[str, bool] = {}
        self._keys = list(keys) or [_fresh_key()]

    def provider(
        self, scheme: str = "vn-cccd", *, client_id: str = CLIENT_ID, redirect_uri: str = REDIRECT_URI
    ) -> Provider:
        """The value that a relying party makes of this provider: discovered, with its keys pinned now."""
        from eidkit.auth.oidc import Provider

        self.clients.add(client_id)
        self.redirect_uris.add(redirect_uri)
        return Provider.discover(
            self.issuer,
            client_id=client_id,
            redirect_uri=redirect_uri,
            profile=self.speaks.profile(scheme),
            plain_http=self.issuer.startswith("http:"),
            transport=self,
            clock=self.clock,
        )

    @property
    def keys(self) -> tuple[EllipticCurvePrivateKey, ...]:
        """Its private keys, to be kept: the first one signs."""
        return tuple(self._keys)

    def rotate(self, *, withdraw: bool = False) -> None:
        """Sign with a new key from now on; the one before stays published unless it is withdrawn."""
        with self._lock:
            self._keys = [_fresh_key()] if withdraw else [_fresh_key(), self._keys[0]]

    # ── the relying party ─────────────────────────────────────────────────────────────────────────────────

    def _told(self, request: Request, path: str, faults: Collection[str]) -> Response:
        match (request.method, path):
            case "GET", "/.well-known/openid-configuration":
                return json_response(self._metadata(faults))
            case "GET", "/jwks":
                keys = [_fresh_key()] if "other-keys" in faults else self._keys
                return json_response({"keys": [_jwk(key) for key in keys]})
            case "POST", "/token":
                return self._token(request, faults)
            case (("GET" | "POST"), "/userinfo"):
                return self._userinfo(request, faults)
        return super()._told(request, path, faults)

    def _metadata(self, faults: Collection[str]) -> dict[str, Any]:
        return {
            "issuer": "https://evil.eidkit.test" if "other-issuer" in faults else self.issuer,
            "authorization_endpoint": self.issuer + "/authorize",
            "token_endpoint": self.issuer + "/token",
            "userinfo_endpoint": self.issuer + "/userinfo",
            "jwks_uri": self.issuer + "/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "code_challenge_methods_supported": ["S256"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "authorization_response_iss_parameter_supported": True,
            "acr_values_supported": list(self.speaks.acr),
            "ui_locales_supported": ["vi", "en"],
        }

    def _knows_client(self, request: Request, form: dict[str, str], client_id: str) -> bool:
        if client_id not in self.client_keys:
            return super()._knows_client(request, form, client_id)
        used = client_assertion.accepted(form, client_id, self.client_keys[client_id], self.issuer, self.clock.now())
        with self._lock:
            if used is None or used in self._assertions:
                return False
            keep(self._assertions, used, value=True)
        return True

    def _token(self, request: Request, faults: Collection[str]) -> Response:
        """The tokens for a code."""
        redeemed = self._redeemed(request)
        if isinstance(redeemed, Response):
            return redeemed
        granted, code = redeemed
        access = self._access_token(granted)
        return json_response(
            {
                "token_type": "Bearer", "access_token": access, "expires_in": int(LIFETIME.total_seconds()),
                "id_token": self._signed(self._claims(granted, access, code), faults),
            }
        )  # fmt: skip

    def _claims(self, granted: Granted, access: str, code: str) -> dict[str, Any]:
        now = int(self.clock.now().timestamp())
        return {
            "iss": self.issuer,
            "aud": granted.asked.client_id,
            "iat": now,
            "exp": now + int(LIFETIME.total_seconds()),
            "at_hash": _half(access),
            "c_hash": _half(code),
            **granted.claims,
            **({} if self.speaks.only_userinfo else self.speaks.person(granted.person)),
        }

    def _userinfo(self, request: Request, faults: Collection[str]) -> Response:
        """Who an access token stands for (OIDC Core §5.3)."""
        granted = self._bearer(request)
        if granted is None:
            return NO_BEARER
        told = self.speaks.person(granted.person, granted.claims.get("acr", ""))
        claims = {"sub": subject_of(granted.person)} | told
        if "other-userinfo-subject" in faults:
            claims["sub"] = "somebody-else"
        if "no-userinfo-subject" in faults:
            del claims["sub"]
        return json_response(claims)

    def _signed(self, claims: dict[str, Any], faults: Collection[str]) -> str:
        key = self._keys[0]
        header: dict[str, Any] = {"alg": "ES256", "typ": "JWT", "kid": _jwk(key)["kid"]}
        for fault in sorted(faults & CLAIM_FAULTS.keys()):
            CLAIM_FAULTS[fault](claims)
        for fault in sorted(faults & HEADER_FAULTS.keys()):
            HEADER_FAULTS[fault](header)
        if "embedded-key" in faults:
            key = _fresh_key()
            header |= {"jwk": _jwk(key), "jku": "https://evil.eidkit.test/jwks", "kid": _jwk(key)["kid"]}
        payload = json.dumps(claims, ensure_ascii=False)
        if "duplicate-member" in faults:
            payload = payload[:-1] + ', "iss": ' + json.dumps(self.issuer) + "}"
        return _jws(header, payload.encode(), key, spoilt="bad-signature" in faults)


def _jws(header: dict[str, Any], payload: bytes, key: EllipticCurvePrivateKey, *, spoilt: bool) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256

    signing_input = f"{shape.base64url(json.dumps(header).encode())}.{shape.base64url(payload)}"
    value = ecdsa_to_plain(key.sign(signing_input.encode(), ec.ECDSA(SHA256())), 256)
    if header["alg"] == "none":
        value = b""
    elif header["alg"] == "HS256":
        # The classic confusion: the public key, as everybody can read it, used as a secret.
        value = hmac.digest(json.dumps(_jwk(key)).encode(), signing_input.encode(), "sha256")
    elif spoilt:
        value = value[:-1] + bytes([value[-1] ^ 1])
    return f"{signing_input}.{shape.base64url(value)}"


def _half(delivered: str) -> str:
    return shape.base64url(hashlib.sha256(delivered.encode()).digest()[:16])


def _fresh_key() -> EllipticCurvePrivateKey:
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1())


def _jwk(key: EllipticCurvePrivateKey) -> dict[str, str]:
    numbers = key.public_key().public_numbers()
    x, y = (shape.base64url(part.to_bytes(32)) for part in (numbers.x, numbers.y))
    kid = hashlib.sha256(f"{x}.{y}".encode()).hexdigest()[:16]
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": kid, "use": "sig", "alg": "ES256"}
