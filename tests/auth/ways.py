"""One login of every way that there is, made through the sandbox: what the verifier of later has to recheck."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from eidkit import algorithms
from eidkit.auth import delivered, hotp, ocra, oidc, otp, recovery, vneid, webauthn, webeid, x509, x509_tls
from eidkit.auth.codes import Seed, step_at
from eidkit.auth.stores import Stores
from eidkit.auth.webauthn import RelyingParty
from eidkit.identity import Identity
from eidkit.sandbox.authenticator import SandboxAuthenticator
from eidkit.sandbox.partner import CLIENT_SECRET
from eidkit.trust.sources import Sources
from tests.transaction import TRANSACTION

if TYPE_CHECKING:
    from eidkit.auth.pinned_files import Pin
    from eidkit.binding.authentication import Authentication
    from eidkit.clock import Clock
    from eidkit.sandbox import Sandbox

ORIGIN = "https://permits.example"
LAN = Identity("vn-cccd", "001088000017", "Nguyễn Thị Lan")
_SUITE = "OCRA-1:HOTP-SHA256-8:QH64-PSHA256-T1M"
_SECRET = b"12345678901234567890"


class Ways:
    """Each method is one way: it gives the attested login, and the pin that a verifier of it needs (or None)."""

    def __init__(self, sandbox: Sandbox, clock: Clock) -> None:
        self.sandbox, self.clock, self.stores = sandbox, clock, Stores.memory()
        self.moment = int(clock.now().timestamp())
        self.given: dict[str, Any] = {"audience": ORIGIN, "stores": self.stores, "clock": clock}
        self.done: dict[str, Any] = {"attest": sandbox.service_key, "stores": self.stores, "clock": clock}

    # ── codes ─────────────────────────────────────────────────────────────────────────────────────────────

    def totp(self) -> tuple[Authentication, None]:
        otp.enrol(LAN, issuer="x", stores=self.stores, secret=b"t" * 20)
        code = Seed.of(b"t" * 20).code(step_at(self.moment))
        return otp.verify(code, otp.begin(LAN, TRANSACTION, **self.given).id, **self.done), None

    def hotp(self) -> tuple[Authentication, None]:
        hotp.enrol(LAN, issuer="x", stores=self.stores, secret=_SECRET)
        return hotp.verify("755224", hotp.begin(LAN, TRANSACTION, **self.given).id, **self.done), None

    def ocra(self) -> tuple[Authentication, None]:
        ocra.enrol(LAN, stores=self.stores, secret=bytes(32), suite=_SUITE, pin="2468")
        asked, suite = ocra.begin(LAN, TRANSACTION, **self.given), ocra.Suite.parse(_SUITE)
        code = suite.code(bytes(32), asked.question, pin_hash=suite.pin_hash("2468"), step=self.moment // 60)
        return ocra.verify(code, asked.id, **self.done), None

    def sms(self) -> tuple[Authentication, None]:
        return self._delivered("sms", "+84900000001")

    def email(self) -> tuple[Authentication, None]:
        return self._delivered("email", "lan@example.com")

    def _delivered(self, channel: Any, address: str) -> tuple[Authentication, None]:
        inbox: list[Any] = []
        sent = delivered.begin(
            LAN, TRANSACTION, address=address, channel=channel, send=inbox.append, **self.given
        )  # fmt: skip
        code = re.search("[0-9]{6}", inbox[-1].body)
        assert code is not None
        return delivered.verify(code[0], sent.id, **self.done), None

    def recovery(self) -> tuple[Authentication, None]:
        codes = recovery.issue(LAN, stores=self.stores).codes
        return recovery.verify(codes[0], recovery.begin(LAN, TRANSACTION, **self.given).id, **self.done), None

    # ── providers and partners ────────────────────────────────────────────────────────────────────────────

    def oidc(self) -> tuple[Authentication, Pin]:
        return self._at(self.sandbox.provider)

    def userinfo(self) -> tuple[Authentication, Pin]:
        return self._at(self.sandbox.portal)

    def _at(self, idp: Any) -> tuple[Authentication, Pin]:
        provider = idp.provider()
        asked = oidc.begin(provider, TRANSACTION, **self.given)
        answered = idp.answer(asked.url, LAN)
        return oidc.verify(answered, asked.id, provider=provider, transport=idp, **self.done), provider

    def vneid(self) -> tuple[Authentication, Pin]:
        idp = self.sandbox.partner
        partner = idp.partner()
        asked = vneid.begin(partner, TRANSACTION, **self.given)
        shown = {"decryption_key": idp.decryption_key, "client_secret": CLIENT_SECRET, "transport": idp}
        return vneid.verify(idp.answer(asked.url, LAN), asked.id, partner=partner, **shown, **self.done), partner

    # ── keys of the person ────────────────────────────────────────────────────────────────────────────────

    def x509(self) -> tuple[Authentication, None]:
        asked = x509.begin(TRANSACTION, **self.given)
        answer = x509.respond(self._card(), asked.question, at=ORIGIN)
        return x509.verify(answer, asked.id, **self._anchored(), **self.done), None

    def x509_tls(self) -> tuple[Authentication, None]:
        card = self._card()
        fields = [("Client-Cert", _field(card.certificate_der)), ("Client-Cert-Chain", _field(*_chain(card)))]
        asked = x509_tls.begin(TRANSACTION, **self.given)
        given = self._anchored() | self.done
        return x509_tls.verify(fields, asked.id, only_the_proxy_reaches_us=True, **given), None

    def webeid(self) -> tuple[Authentication, None]:
        card, asked = self._card(), webeid.begin(TRANSACTION, **self.given)
        given = self._anchored() | self.done
        given["sources"] = given["sources"] + Sources.of(_chain(card))
        return webeid.verify(_web_eid(card, asked.question), asked.id, **given), None

    def webauthn(self) -> tuple[Authentication, Pin]:
        party, device = RelyingParty("permits.example", "Permits", (ORIGIN,)), SandboxAuthenticator(ORIGIN)
        here = {"party": party, "stores": self.stores, "clock": self.clock}
        enrolling = webauthn.register_begin(party, LAN, **self.given)
        credential = webauthn.register(device.create(enrolling.question), enrolling.id, **here)
        asked = webauthn.begin(party, TRANSACTION, subject=LAN, **self.given)
        made = webauthn.verify(device.get(asked.question), asked.id, party=party, **self.done)
        return made, party.with_credentials([credential])

    def _card(self) -> Any:
        return self.sandbox.official("Nguyễn Thị Lan", LAN.identifier)

    def _anchored(self) -> dict[str, Any]:
        return {"trust": self.sandbox.trust, "sources": self.sandbox.sources, "transport": self.sandbox}


EVERY = tuple(name for name in vars(Ways) if not name.startswith("_"))


def _chain(card: Any) -> list[bytes]:
    from cryptography.hazmat.primitives.serialization import Encoding

    return [one.public_bytes(Encoding.DER) for one in card.chain]


def _field(*ders: bytes) -> str:
    return ", ".join(f":{base64.b64encode(der).decode()}:" for der in ders)


def _web_eid(card: Any, nonce: str) -> str:
    """What the browser's extension and a card of P-256 make of ``nonce`` on our page."""
    signed = b"".join(hashlib.sha256(text.encode()).digest() for text in (ORIGIN, nonce))
    public = card.certificate.public_key()
    value = algorithms.ecdsa_to_plain(card.sign(signed, algorithms.suited(public, "sha256")), public.key_size)
    return json.dumps(
        {
            "format": "web-eid:1.0",
            "algorithm": "ES256",
            "unverifiedCertificate": base64.b64encode(card.certificate_der).decode(),
            "signature": base64.b64encode(value).decode(),
            "appVersion": "https://web-eid.eu/web-eid-app/releases/v2.0.0",
        }
    )
