"""A partner of the VNeID kind for the sandbox: an encrypted code, encrypted bodies, no ID token, nothing signed.

It speaks what is public of that flow: a form with the client's secret, ``{"data", "key"}`` bodies for the client's RSA
key, a code in base64 whose ``+`` it does not escape.
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote, urlsplit

from eidkit.binding import shape
from eidkit.clock import SYSTEM_CLOCK, Clock
from eidkit.sandbox.desk import CLIENT_ID, LIFETIME, NO_BEARER, REDIRECT_URI, LoginDesk, json_response
from eidkit.sandbox.dialect import VNEID
from eidkit.sandbox.partner_faults import ANSWER_FAULTS, BODY_FAULTS, PARTNER_FAULTS, TOKEN_FAULTS
from eidkit.transport import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

    from eidkit.auth.vneid import Partner, PemDecryptionKey
    from eidkit.identity import Identity
    from eidkit.sandbox.authorizing import Asked
    from eidkit.sandbox.desk import LoggedIn
    from eidkit.transport import Request

__all__ = ["CLIENT_ID", "CLIENT_SECRET", "NAME", "PARTNER_FAULTS", "SandboxPartner"]

NAME = "https://partner.sandbox.eidkit.test"
CLIENT_SECRET = "sandbox"  # noqa: S105 - public on purpose, it protects nothing


class SandboxPartner(LoginDesk):
    """A partner whose people prove nothing; a Transport for its own addresses.  Threads may share it.

    ``private`` is the key of its one client (the relying party), whose public half it encrypts for.
    ``encrypts_code`` may be changed at any time, as may ``more_claims``, which it tells of everybody, and ``faults``,
    names in :data:`PARTNER_FAULTS`.
    """

    wants_pkce: ClassVar[bool] = False

    def __init__(
        self,
        name: str = NAME,
        *,
        clock: Clock = SYSTEM_CLOCK,
        private: RSAPrivateKey | None = None,
        persons: list[Identity] | None = None,
    ) -> None:
        super().__init__(name, clock=clock, secret=CLIENT_SECRET, speaks=VNEID, persons=persons)
        self.private = private or _fresh_key()
        self.encrypts_code = True
        self.more_claims: dict[str, Any] = {}

    # ── what a relying party is given ─────────────────────────────────────────────────────────────────────

    @property
    def decryption_key(self) -> PemDecryptionKey:
        """The relying party's key."""
        from eidkit.auth.vneid import PemDecryptionKey

        return PemDecryptionKey(self.private)

    def partner(self, *, client_id: str = CLIENT_ID, redirect_uri: str = REDIRECT_URI, **more: Any) -> Partner:
        """The value that a relying party makes of it: its addresses, and levels that count for ``vn-2024``.

        ``more`` are further members of :class:`eidkit.auth.vneid.Partner`, such as ``pkce=True``.
        """
        from eidkit.auth.vneid import Partner

        self.clients.add(client_id)
        self.redirect_uris.add(redirect_uri)
        return Partner(
            **{
                "name": self.issuer,
                "client_id": client_id,
                "profile": self.speaks.profile("vn-cccd"),
                "authorization_endpoint": self.issuer + "/authorize",
                "token_endpoint": self.issuer + "/token",
                "userinfo_endpoint": self.issuer + "/userinfo",
                "redirect_uri": redirect_uri,
                "plain_http": self.issuer.startswith("http:"),
                **more,
            }
        )

    # ── the browser ───────────────────────────────────────────────────────────────────────────────────────

    def _answered(self, asked: Asked, who: LoggedIn, faults: Collection[str]) -> dict[str, str]:
        back = super()._answered(asked, who, faults)
        # There is no issuer in this kind of callback.
        del back["iss"]
        if self.encrypts_code:
            code = secrets.token_urlsafe(24) if "code-of-nobody" in faults else back["code"]
            wrong = {fault.removeprefix("code-").replace("with-", "") for fault in faults if fault.startswith("code-")}
            sealed = self._sealed(code.encode(), wrong)
            back |= {"code": sealed["data"], "encrypt_key": sealed["key"]}
        return back

    def _way_back(self, redirect_uri: str, back: dict[str, str]) -> str:
        # As it is seen in the field: base64 goes into the address as it is, its + too.
        query = "&".join(f"{name}={quote(value, safe='+/=')}" for name, value in back.items())
        return f"{redirect_uri}{'&' if urlsplit(redirect_uri).query else '?'}{query}"

    # ── the relying party ─────────────────────────────────────────────────────────────────────────────────

    def _told(self, request: Request, path: str, faults: Collection[str]) -> Response:
        match (request.method, path):
            case "POST", "/token":
                return self._token(request, faults)
            case (("GET" | "POST"), "/userinfo"):
                return self._userinfo(request, faults)
        return super()._told(request, path, faults)

    def _token(self, request: Request, faults: Collection[str]) -> Response:
        redeemed = self._redeemed(request)
        if isinstance(redeemed, Response):
            return redeemed
        access = self._access_token(redeemed[0])
        said = {"token_type": "Bearer", "access_token": access, "expires_in": int(LIFETIME.total_seconds())}
        return self._hidden(said, TOKEN_FAULTS, faults)

    def _userinfo(self, request: Request, faults: Collection[str]) -> Response:
        granted = self._bearer(request)
        if granted is None:
            return NO_BEARER
        said = {**self.speaks.person(granted.person), **self.more_claims}
        said.pop("accountLevel")
        if "acr" in granted.claims:
            said["accountLevel"] = int(granted.claims["acr"])
        return self._hidden(said, ANSWER_FAULTS, faults)

    def _hidden(
        self, said: dict[str, Any], table: Mapping[str, Callable[[dict[str, Any]], object]], faults: Collection[str]
    ) -> Response:
        """The encrypted answer, wrong in the ways of ``faults`` that there are for it."""
        for fault in sorted({*faults} & table.keys()):
            table[fault](said)
        if "plain-body" in faults:
            return json_response(said)
        inner = b"nothing" if "no-json-inside" in faults else json.dumps(said, ensure_ascii=False).encode()
        body: dict[str, str] = self._sealed(inner, {*faults} & BODY_FAULTS)
        if "one-more-member" in faults:
            body["iv"] = ""
        text = json.dumps(body)
        if "member-twice" in faults:
            text = text[:-1] + ', "key": ' + json.dumps(body["key"]) + "}"
        return Response(200, {"content-type": "application/json"}, text.encode())

    def _sealed(self, inner: bytes, wrong: Collection[str]) -> dict[str, str]:
        """``inner`` under a fresh AES key, and that key for the client."""
        from cryptography.hazmat.primitives.ciphers import Cipher
        from cryptography.hazmat.primitives.ciphers.algorithms import AES
        from cryptography.hazmat.primitives.ciphers.modes import ECB
        from cryptography.hazmat.primitives.padding import PKCS7

        padder = PKCS7(128).padder()
        padded = padder.update(inner) + padder.finalize()
        if "wrong-padding" in wrong:
            padded = padded[:-1] + b"\0"
        key = secrets.token_bytes(32)
        encryptor = Cipher(AES(key), ECB()).encryptor()  # noqa: S305 - the partner's format
        data = encryptor.update(padded) + encryptor.finalize()
        if "half-a-block" in wrong:
            data = data[:-8]
        public = (_fresh_key() if "for-another-key" in wrong else self.private).public_key()
        wrapped = _wrapped(public, key[:20] if "odd-aes-key" in wrong else key)
        if "short-wrapped-key" in wrong:
            wrapped = wrapped[1:]
        text = shape.base64_text(data)
        return {"data": text + "\n" if "line-breaks" in wrong else text, "key": shape.base64_text(wrapped)}


def _wrapped(public: RSAPublicKey, key: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

    return public.encrypt(key, PKCS1v15())


def _fresh_key() -> RSAPrivateKey:
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(65537, 2048)
