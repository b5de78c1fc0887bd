"""The Sandbox: a whole make-believe infrastructure in one object, which is also the Transport that reaches it."""

from __future__ import annotations

import base64
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from eidkit.asn1 import certificate as certificates
from eidkit.clock import SYSTEM_CLOCK, Clock
from eidkit.errors import Text
from eidkit.identity import Identity
from eidkit.sandbox import faults, people
from eidkit.sandbox.authority import Authority, Flaws, Usage, root
from eidkit.sandbox.dialect import OWN, PORTAL
from eidkit.sandbox.faults import Delivery, Fault, Faults
from eidkit.sandbox.keys import SandboxKey, generate
from eidkit.sandbox.tsa import FAULTS, TimestampMaker
from eidkit.transport import Request, Response, unreachable

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from datetime import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from eidkit.sandbox.partner import SandboxPartner
    from eidkit.sandbox.provider import SandboxProvider
    from eidkit.timestamps.authority import TimestampAuthority
    from eidkit.transport import Transport
    from eidkit.trust.sources import Sources
    from eidkit.trust.store import TrustStore

BASE_URL = "http://sandbox.eidkit.test/"

_ROOTS = {
    "root": "Sandbox Root CA",
    "time-root": "Sandbox Time Root CA",
    "service-root": "Sandbox Service Root CA",
}
_ISSUING = {"public": "Sandbox Public CA", "official": "Sandbox Official-use CA"}


class Sandbox:
    """Roots, issuing authorities, CRLs, OCSP, a timestamp authority, people, agencies, an attesting service.

    Make one with :meth:`create` or :meth:`open`.  It *is* a Transport: hand it over as ``transport=`` and every
    address in its certificates is reached in memory.  CRLs, OCSP answers and timestamps are made when they are
    asked for, at the time of ``clock``.  Threads may share it.  Nothing that it issues means anything.
    """

    def __init__(
        self, *, clock: Clock, base_url: str, authorities: dict[str, Authority], tsa: TimestampMaker, key: str
    ) -> None:
        self.clock = clock
        self.base_url = base_url
        self.authorities = authorities
        self.timestamp_maker = tsa
        self.key = key
        self.faults = Faults()
        self.persons = [Identity("vn-cccd", part.cccd, part.name) for part in people.CAST]
        """Who can be chosen on its login pages: the sample dossier's people, and everybody certified since."""
        self._service: SandboxKey | None = None
        self._providers: dict[str, SandboxProvider] = {}
        self._partner: SandboxPartner | None = None
        self._attached: dict[str, Transport] = {}
        self._cut: set[str] = set()
        self._lock = threading.RLock()

    @classmethod
    def create(cls, *, key: str = "p256", base_url: str = BASE_URL, clock: Clock = SYSTEM_CLOCK) -> Sandbox:
        """A new sandbox whose authorities have keys of kind ``key`` and live at addresses under ``base_url``."""
        now = clock.now()
        authorities = {slug: root(slug, base_url, people.authority(name), key, now) for slug, name in _ROOTS.items()}
        for slug, name in _ISSUING.items():
            authorities[slug] = authorities["root"].subordinate(slug, people.authority(name), key, now)
        tsa = _timestamp_maker(authorities["time-root"], key, now)
        return cls(clock=clock, base_url=base_url, authorities=authorities, tsa=tsa, key=key)

    @classmethod
    def open(cls, folder: str | os.PathLike[str], *, clock: Clock = SYSTEM_CLOCK) -> Sandbox:
        """The sandbox that :meth:`write` put into ``folder``: authorities, revocations, service key, providers."""
        from eidkit.sandbox.folder import read

        return read(folder, clock)

    def write(self, folder: str | os.PathLike[str]) -> None:
        """Keep everything, with its private keys, in ``folder``, so that :meth:`open` has it again."""
        from eidkit.sandbox.folder import write

        write(self, folder)

    def __repr__(self) -> str:
        return f"Sandbox({self.base_url!r})"

    # ── what a verifier is given ──────────────────────────────────────────────────────────────────────────

    @property
    def trust(self) -> TrustStore:
        """Its roots, each for its kind: signing and login, timestamping, attestation."""
        from eidkit.trust.store import TrustStore

        one = {slug: [self.authorities[slug].certificate] for slug in _ROOTS}
        return (
            TrustStore.of(one["root"], "signing")
            + TrustStore.of(one["root"], "login")
            + TrustStore.of(one["time-root"], "timestamping")
            + TrustStore.of(one["service-root"], "attestation")
        )

    @property
    def transport(self) -> Transport:
        """The sandbox itself."""
        return self

    @property
    def sources(self) -> Sources:
        """Online sources that may ask this sandbox; use them with ``transport=`` this sandbox."""
        from eidkit.trust.sources import Sources

        return Sources.online(allow_hosts=frozenset({urlsplit(self.base_url).hostname or ""}))

    @property
    def tsa(self) -> TimestampAuthority:
        """Its timestamp authority."""
        return self._tsa("tsa")

    def faulty_tsa(self, fault: str) -> TimestampAuthority:
        """A timestamp authority that misbehaves in one way of :data:`eidkit.sandbox.tsa.FAULTS`, each time."""
        if fault not in FAULTS:
            raise ValueError(f"no such fault; there are {', '.join(FAULTS)}")
        return self._tsa(f"tsa/{fault}")

    def _tsa(self, path: str) -> TimestampAuthority:
        from eidkit.timestamps.authority import TimestampAuthority

        return TimestampAuthority(self.base_url + path, trust=self.trust, transport=self)

    @property
    def provider(self) -> SandboxProvider:
        """Its OpenID provider, at ``base_url + "oidc"``; kept by :meth:`write` with its signing keys."""
        return self.identity_provider("oidc")

    @property
    def portal(self) -> SandboxProvider:
        """A second provider, at ``base_url + "portal"``, that speaks like the national service portal (UserInfo)."""
        return self.identity_provider("portal")

    def identity_provider(self, name: str, keys: Sequence[EllipticCurvePrivateKey] = ()) -> SandboxProvider:
        """The provider called ``name`` (``oidc`` or ``portal``), made when it is asked for first, with ``keys``."""
        with self._lock:
            if name not in self._providers:
                from eidkit.sandbox.provider import SandboxProvider

                made = SandboxProvider(
                    self.base_url + name,
                    clock=self.clock,
                    keys=keys,
                    speaks=_DIALECTS[name],
                    persons=self.persons,
                )
                self._providers[name] = made
            return self._providers[name]

    @property
    def partner(self) -> SandboxPartner:
        """A third, at ``base_url + "vneid"``: it encrypts what it says and signs nothing, as VNeID's partner flow."""
        return self.identity_partner()

    def identity_partner(self, private: RSAPrivateKey | None = None) -> SandboxPartner:
        """The partner, made when it is asked for first, with ``private`` as its client's key."""
        with self._lock:
            if self._partner is None:
                from eidkit.sandbox.partner import SandboxPartner

                address = self.base_url + PARTNER
                self._partner = SandboxPartner(address, clock=self.clock, private=private, persons=self.persons)
            return self._partner

    def crls(self) -> tuple[bytes, ...]:
        """The CRL of each authority, of this moment."""
        with self._lock:
            return tuple(authority.crl(self.clock.now()) for authority in self.authorities.values())

    # ── people, agencies, the service ─────────────────────────────────────────────────────────────────────

    def official(
        self,
        name: str,
        cccd: str,
        *,
        title: str | None = None,
        organisation: str | Identity | SandboxKey | None = people.ORGANISATION,
        key: str = "p256",
        **flaws: Any,
    ) -> SandboxKey:
        """A person in an organisation, certified by the official-use authority.

        ``organisation`` is a name, or an Identity or agency whose number then stands in the certificate too.
        ``flaws`` are those of :class:`eidkit.sandbox.authority.Flaws`: ``expired=True``, ``usage="wrong"``, …
        """
        person = self._person(name, cccd)
        subject = people.official(person, title=title, organisation=_body(organisation))
        return self._issue("official", subject, person, key, "signing", flaws)

    def citizen(self, name: str, cccd: str, *, key: str = "p256", **flaws: Any) -> SandboxKey:
        """A private person, certified by the public authority."""
        person = self._person(name, cccd)
        subject = people.official(person, title=None, organisation=None)
        return self._issue("public", subject, person, key, "signing", flaws)

    def _person(self, name: str, cccd: str) -> Identity:
        """A person, who can be chosen on the login pages from now on."""
        person = Identity("vn-cccd", cccd, name)
        with self._lock:
            if person not in self.persons:
                self.persons.append(person)
        return person

    def agency(self, name: str, mst: str, *, mns: str | None = None, key: str = "p256", **flaws: Any) -> SandboxKey:
        """A state agency with its seal, certified by the official-use authority; ``mns`` is its budget-unit code."""
        body = Identity("vn-mst", mst, name)
        return self._issue("official", people.agency(body, mns=mns), body, key, "seal", flaws)

    def issue(
        self, subject: x509.Name, identity: Identity, *, key: str = "p256", by: str = "public", **flaws: Any
    ) -> SandboxKey:
        """A signing certificate for any ``subject``, by the authority called ``by``."""
        return self._issue(by, subject, identity, key, "signing", flaws)

    @property
    def service_key(self) -> SandboxKey:
        """The key of the service that attests logins, and nothing else; an agency (``vn-mst``)."""
        with self._lock:
            if self._service is None:
                body = Identity("vn-mst", people.SERVICE_MST, people.SERVICE)
                subject = people.agency(body, mns=None)
                self._service = self._issue("service-root", subject, body, self.key, "attestation", {})
            return self._service

    def adopt_service_key(self, key: SandboxKey) -> None:
        """Use a service key that was kept."""
        self._service = key

    def _issue(
        self, by: str, subject: x509.Name, identity: Identity, kind: str, usage: Usage, flaws: dict[str, Any]
    ) -> SandboxKey:
        authority = self.authorities[by]
        private = generate(kind)
        with self._lock:
            now = self.clock.now().replace(microsecond=0)
            certificate = authority.issue(subject, private.public_key(), usage, now, Flaws(**flaws))
        own = authority.certificate
        chain = (own, *authority.chain) if own.issuer != own.subject else ()
        return SandboxKey(private, certificate, chain, identity)

    # ── what happens to certificates and servers ──────────────────────────────────────────────────────────

    def revoke(
        self,
        certificate: x509.Certificate | SandboxKey | int,
        at: datetime | None = None,
        reason: str = "keyCompromise",
    ) -> None:
        """Revoke a certificate (or its serial number) from ``at`` (default: now); ``reason`` as RFC 5280 spells it."""
        with self._lock:
            authority, serial = self._issuer(certificate)
            authority.revoke(serial, at or self.clock.now(), reason)

    def suspend(self, certificate: x509.Certificate | SandboxKey | int, at: datetime | None = None) -> None:
        """Suspend a certificate (certificateHold)."""
        self.revoke(certificate, at, "certificateHold")

    def release(self, certificate: x509.Certificate | SandboxKey | int) -> None:
        """End a suspension or forget a revocation."""
        with self._lock:
            authority, serial = self._issuer(certificate)
            authority.release(serial)

    def _issuer(self, certificate: x509.Certificate | SandboxKey | int) -> tuple[Authority, int]:
        if isinstance(certificate, int):
            return next(one for one in self.authorities.values() if certificate in one.issued), certificate
        found = certificate.certificate if isinstance(certificate, SandboxKey) else certificate
        issuer = next(one for one in self.authorities.values() if one.certificate.subject == found.issuer)
        return issuer, found.serial_number

    def attach(self, path: str, handler: Transport) -> str:
        """Answer requests below ``base_url + path`` with ``handler``; gives back that address."""
        self._attached[self.base_url + path] = handler
        return self.base_url + path

    def cut(self, path: str) -> None:
        """Let every address that begins with ``base_url + path`` fail, until :meth:`mend`."""
        self._cut.add(self.base_url + path)

    def mend(self) -> None:
        """Let all addresses answer again, as they should."""
        self._cut.clear()
        self.faults.clear()

    def fault(
        self, endpoint: str, kind: str, detail: str | None = None, *, seconds: float = 5.0, times: int | None = None
    ) -> None:
        """Let ``endpoint`` misbehave (:mod:`eidkit.sandbox.faults`), for ``times`` requests or until :meth:`mend`.

        ``sandbox.fault("tsa", "down")``, ``sandbox.fault("ocsp", "slow", seconds=30)``,
        ``sandbox.fault("token", "wrong", "expired", times=1)``.
        """
        self.faults.switch([Fault(endpoint, kind, detail, seconds, times)])

    # ── the Transport ─────────────────────────────────────────────────────────────────────────────────────

    def send(self, request: Request) -> Response:
        """The answer of whatever lives at that address; raises :class:`TransportError` where nothing does."""
        url = request.url
        if not url.startswith(self.base_url) or any(url.startswith(prefix) for prefix in self._cut):
            raise unreachable(url, Text("nothing answers there", "không có gì trả lời ở đó"))
        for prefix, handler in self._attached.items():
            if url.startswith(prefix):
                return handler.send(request)
        return self.delivery(request).in_memory(request)

    def delivery(self, request: Request) -> Delivery:
        """The answer to a request below ``base_url``, and how it is delivered while faults are switched on."""
        path = request.url.removeprefix(self.base_url).split("?", 1)[0]
        met = self.faults.met(faults.endpoint_of(path))
        return faults.delivered(met, lambda wrong: self._answer(request, path, wrong))

    def _answer(self, request: Request, path: str, wrong: str | None) -> Response:
        head, _, tail = path.partition("/")
        if head in _DIALECTS or head == PARTNER:
            desk = self.partner if head == PARTNER else self.identity_provider(head)
            return desk.respond(request, *([wrong] if wrong else ()))
        with self._lock:
            now = self.clock.now()
            if head == "tsa" and request.method == "POST":
                status, body = self.timestamp_maker.respond(request.body, now, wrong or tail or None)
                return _response(status, "application/timestamp-reply", body)
            good = self._of_authority(request, path, now.replace(microsecond=0))
        return faults.spoilt(good) if wrong else good

    def _of_authority(self, request: Request, path: str, now: datetime) -> Response:
        head, _, tail = path.partition("/")
        if head in self.authorities and tail.partition("/")[0] == "ocsp":
            asked = request.body if request.method == "POST" else _asked_by_get(tail)
            return _response(200, "application/ocsp-response", self.authorities[head].ocsp(asked, now))
        slug, _, suffix = path.rpartition(".")
        if request.method == "GET" and slug in self.authorities:
            if suffix == "crl":
                return _response(200, "application/pkix-crl", self.authorities[slug].crl(now))
            if suffix == "cer":
                own = certificates.of(self.authorities[slug].certificate)
                return _response(200, "application/pkix-cert", own.der)
        return _response(404, "text/plain", b"nothing here")


_DIALECTS = {"oidc": OWN, "portal": PORTAL}
"""Its OpenID providers by name, and how each tells who logged in."""
PROVIDERS = tuple(_DIALECTS)
PARTNER = "vneid"
"""Where its partner lives."""


def _asked_by_get(path: str) -> bytes:
    """The OCSP request in an address (RFC 6960 §A.1); what is none is answered as malformed."""
    try:
        return base64.b64decode(unquote(path.partition("/")[2]), validate=True)
    except ValueError:
        return b""


def _response(status: int, kind: str, body: bytes) -> Response:
    return Response(status, {"content-type": kind, "content-length": str(len(body))}, body)


def _body(organisation: str | Identity | SandboxKey | None) -> people.Body | None:
    if organisation is None:
        return None
    if isinstance(organisation, str):
        return people.Body(organisation)
    identity = organisation.identity if isinstance(organisation, SandboxKey) else organisation
    return people.Body(identity.name, identity)


def _timestamp_maker(authority: Authority, key: str, now: datetime) -> TimestampMaker:
    private = generate(key)
    public = private.public_key()
    certificate = authority.issue(people.authority("Sandbox TSA"), public, "timestamping", now, Flaws())
    return TimestampMaker(private, certificate, (authority.certificate,), odd_certificates(authority, public, now))


def odd_certificates(authority: Authority, public: Any, now: datetime) -> dict[str, x509.Certificate]:
    """Certificates over the TSA's key that no TSA may have, by the fault that they stand for."""
    subject = people.authority("Sandbox TSA")
    return {fault: authority.issue(subject, public, usage, now, Flaws()) for fault, usage in _ODD_USAGES.items()}


_ODD_USAGES: dict[str, Usage] = {
    "not-only-timestamping": "timestamping-and-more",
    "purpose-not-critical": "timestamping-not-critical",
}
