"""The files that eidkit and EU DSS are asked about: every format, level and situation that the sandbox can produce.

One world, one moment of signing; what goes wrong is in the situation's row.  Files are put together from the parts of
``eidkit.signing``, because ``sign`` and ``preserve`` themselves refuse to make most of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from eidkit import algorithms
from eidkit.asn1 import certificate as certificates
from eidkit.asn1 import der, tsp
from eidkit.clock import FixedClock
from eidkit.document import Document
from eidkit.identity import Identity
from eidkit.pdf.preserving_revision import preserving_revision
from eidkit.pdf.security_store import SecurityStore
from eidkit.sandbox import Sandbox, people
from eidkit.sandbox.authority import Authority, Flaws, root
from eidkit.sandbox.keys import SandboxKey, generate
from eidkit.sandbox.sandbox import odd_certificates
from eidkit.sandbox.tsa import TimestampMaker
from eidkit.signing.formats import Prepared, Request, placed, writer
from eidkit.signing.formats.cms import Form
from tests.agreement import lasting_xml
from tests.agreement.answering import Answering, answer
from tests.cms.archiving import archived_by, with_answers
from tests.interop.making import original

SIGNED = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
"""When everything was signed; signature timestamps are a minute younger, document timestamps an hour."""
STAMPED = SIGNED + timedelta(minutes=1)
KEPT = SIGNED + timedelta(minutes=30)
SEALED = SIGNED + timedelta(hours=1)
DAY = timedelta(days=1)
_RESERVE = 8192
_OCSP_IN_CMS = "1.3.6.1.5.5.7.16.2"
_PERSON = Identity("vn-cccd", "001199000051", "Nguyễn Thị Lan")


@dataclass(frozen=True, slots=True)
class Signer:
    """One certified person: by which authority, what is wrong with the certificate, when it is revoked and why."""

    by: str = "official"
    flaws: Mapping[str, Any] = field(default_factory=dict)
    revoked: datetime | None = None
    reason: str = "keyCompromise"
    answering: Answering | None = None
    """How an OCSP responder answers about the certificate; lists say nothing of it then."""


@dataclass(frozen=True, slots=True)
class Stamper:
    """A timestamp authority: under which root, until when, when revoked, and the fault of its tokens."""

    under: str = "time-root"
    ends: timedelta = 3 * 365 * DAY
    revoked: datetime | None = None
    fault: str | None = None
    time: datetime = STAMPED


@dataclass(frozen=True, slots=True)
class Situation:
    """What is wrong, and at which signature levels it can be."""

    name: str
    levels: str = "B T LT LTA"
    signer: Signer = Signer()
    stamper: Stamper = Stamper()
    sealer: Stamper = Stamper(ends=10 * 365 * DAY, time=SEALED)
    digest: str = "sha256"
    tampered: str | None = None
    """``content`` or ``value``."""
    refers_to: str | None = None
    """Whose certificate the signed reference names instead of the signer's: ``stranger`` or ``authority``."""


def _signers() -> Iterator[Situation]:
    """Situations of the signer: at every level."""
    before, after = SIGNED - 5 * DAY, SIGNED + 5 * DAY
    for name, signer in {
        "good": Signer(),
        "expired": Signer(flaws={"expired": True}),
        "expires later": Signer(flaws={"not_after": SIGNED + DAY}),
        "not yet valid": Signer(flaws={"not_before": SIGNED + 20 * DAY, "not_after": SIGNED + 2000 * DAY}),
        "valid later": Signer(flaws={"not_before": SIGNED + DAY}),
        "revoked before": Signer(revoked=before),
        "revoked after": Signer(revoked=after),
        "suspended before": Signer(revoked=before, reason="certificateHold"),
        "suspended after": Signer(revoked=after, reason="certificateHold"),
        "superseded after": Signer(revoked=after, reason="superseded"),
        "authority revoked before": Signer("lost-before"),
        "authority revoked after": Signer("lost-after"),
        "wrong usage": Signer(flaws={"usage": "wrong"}),
        "no list": Signer("silent"),
        "old list": Signer("stale"),
        "list drops the ended": Signer("dropping"),
        "unknown root": Signer("stranger"),
    }.items():
        yield Situation(name, signer=signer)
    yield Situation("weak hash", digest="sha1")
    yield Situation("content changed", tampered="content")
    yield Situation("value changed", tampered="value")
    yield Situation("reference to nothing there", refers_to="stranger")
    yield Situation("reference to another", refers_to="authority")


def _answered() -> Iterator[Situation]:
    """Situations of the OCSP answer about the signer, which is all that there is about it."""
    for name, revoked, answering in (
        ("good", None, Answering()),
        ("revoked before", SIGNED - 5 * DAY, Answering()),
        ("revoked after", SIGNED + 5 * DAY, Answering()),
        ("unknown", None, Answering(unknown=True)),
        ("about another", None, Answering(about_another=True)),
        ("forged", None, Answering(forged=True)),
        ("old", None, Answering(always_at=SIGNED - 20 * DAY)),
        ("with a nonce", None, Answering(nonce=True)),
        ("drops the ended", None, Answering(drops_ended=True)),
        ("by a delegate", None, Answering("delegate")),
        ("by a delegate without the right", None, Answering("without right")),
        ("by a delegate that ends", None, Answering("delegate", delegate_ends=SIGNED + DAY)),
    ):
        yield Situation(f"OCSP {name}", signer=Signer("responding", revoked=revoked, answering=answering))


def _stampers() -> Iterator[Situation]:
    """Situations of the signature timestamp, and at B-LTA of the document timestamp too."""
    before, after = SIGNED - 5 * DAY, SIGNED + 5 * DAY
    for name, stamper in {
        "over other data": Stamper(fault="wrong-imprint"),
        "signature broken": Stamper(fault="bad-signature"),
        "untrusted": Stamper("stranger"),
        "weak hash": Stamper(fault="sha1"),
        "weak imprint": Stamper(fault="weak-imprint"),
        "authority revoked before": Stamper(revoked=before),
        "authority revoked after": Stamper(revoked=after),
        "authority expired": Stamper(ends=-DAY),
        "wrong purpose": Stamper(fault="not-only-timestamping"),
        "before certificate": Stamper(time=SIGNED - 40 * DAY),
    }.items():
        yield Situation(f"timestamp {name}", "T LT LTA", stamper=stamper)
    for name, sealer in {
        "over other data": Stamper(fault="wrong-imprint", ends=10 * 365 * DAY, time=SEALED),
        "signature broken": Stamper(fault="bad-signature", ends=10 * 365 * DAY, time=SEALED),
        "untrusted": Stamper("stranger", ends=10 * 365 * DAY, time=SEALED),
        "order broken": Stamper(ends=10 * 365 * DAY, time=STAMPED - DAY),
    }.items():
        yield Situation(f"archive timestamp {name}", "LTA", sealer=sealer)


SITUATIONS = (*_signers(), *_answered(), *_stampers())
LEVELS = {"pdf": "B T LT LTA", "xml": "B T LT LTA", "p7m": "B T LT LTA", "p7s": "B T"}
"""The formats by the ending of their files, and the signature levels that each is made at."""


@dataclass(frozen=True, slots=True)
class Made:
    """One file: its situation, format, signature level."""

    situation: str
    format: str
    level: str
    document: Document
    content: Document | None = None
    """What a detached signature is about."""

    @property
    def name(self) -> str:
        """What the file is called."""
        return f"{self.situation.replace(' ', '-')}-{self.level}.{self.format}"


class World:
    """The sandbox at the moment of signing, with authorities that will be lost, are silent, or nobody trusts."""

    def __init__(self) -> None:
        self.sandbox = Sandbox.create(clock=FixedClock(SIGNED))
        above = self.sandbox.authorities["root"]
        self._own: dict[str, Authority] = {
            name: above.subordinate(name, people.authority(f"Sandbox CA {name}"), "p256", SIGNED)
            for name in ("lost-before", "lost-after", "silent", "stale", "dropping", "responding")
        }
        stranger = people.authority("Stranger Root CA")
        self._own["stranger"] = root("stranger", self.sandbox.base_url, stranger, "p256", SIGNED)
        for name, when in (("lost-before", SIGNED - 5 * DAY), ("lost-after", SIGNED + 5 * DAY)):
            above.revoke(self._own[name].certificate.serial_number, when, "cACompromise")
        self._makers: dict[Stamper, TimestampMaker] = {}
        self._answered: list[tuple[x509.Certificate, Answering]] = []

    @property
    def authorities(self) -> dict[str, Authority]:
        """All of them by name."""
        return self.sandbox.authorities | self._own

    def lists(self, at: datetime) -> tuple[bytes, ...]:
        """The CRLs that somebody who asks at ``at`` gets: not of every authority, and an old one of the stale."""
        lists = []
        for name, authority in self.authorities.items():
            if name == "stale":
                lists.append(authority.crl(SIGNED - 20 * DAY))
            elif name not in {"silent", "responding"}:
                since = None if name == "dropping" else SIGNED - 5000 * DAY
                lists.append(authority.crl(at, expired_since=since))
        return tuple(lists)

    def answers(self, at: datetime) -> tuple[bytes, ...]:
        """The OCSP answers that somebody who asks at ``at`` gets, about every signer that is answered about."""
        return tuple(self._answer(certificate, how, at) for certificate, how in self._answered)

    def _answer(self, certificate: x509.Certificate, how: Answering, at: datetime) -> bytes:
        return answer(self._own["responding"], certificate, how, at)

    @property
    def others(self) -> tuple[bytes, ...]:
        """The issuing authorities' certificates."""
        found = [authority.certificate for authority in self.authorities.values()]
        return tuple(c.public_bytes(Encoding.DER) for c in found if c.issuer != c.subject)

    def files(self) -> Iterator[Made]:
        """Every situation at every level and in every format that it can have."""
        for situation in SITUATIONS:
            key = self._signer(situation.signer)
            for format_, possible in LEVELS.items():
                content = self._beside(situation) if format_ == "p7s" else None
                for level in (one for one in situation.levels.split() if one in possible.split()):
                    made = self._file(situation, key, format_, level)
                    yield Made(situation.name, format_, level, made, content)

    def _signer(self, signer: Signer) -> SandboxKey:
        authority = self.authorities[signer.by]
        private = generate("p256")
        subject = people.official(_PERSON, title=None, organisation=None)
        certificate = authority.issue(subject, private.public_key(), "signing", SIGNED, Flaws(**signer.flaws))
        if signer.revoked:
            authority.revoke(certificate.serial_number, signer.revoked, signer.reason)
        if signer.answering:
            self._answered.append((certificate, signer.answering))
        chain = () if authority.certificate.issuer == authority.certificate.subject else (authority.certificate,)
        return SandboxKey(private, certificate, chain, _PERSON)

    def _file(self, situation: Situation, key: SandboxKey, format_: str, level: str) -> Document:
        signed = self._signed(situation, key, format_, stamped=level != "B")
        if level in {"LT", "LTA"}:
            signed = self._kept(signed, self._store(situation, key), format_)
        if level == "LTA":
            signed = self._sealed(signed, situation.sealer, format_)
        return _changed(signed, format_) if situation.tampered == "content" and format_ != "p7s" else signed

    def _beside(self, situation: Situation) -> Document:
        """What is handed over as the content of a detached signature."""
        content = _asked("p7s")[0]
        return _changed(content, "pdf") if situation.tampered == "content" else content

    def _store(self, situation: Situation, key: SandboxKey) -> SecurityStore:
        """What a signature that is kept holds beside itself."""
        how = situation.signer.answering
        answers = (self._answer(key.certificate, how, KEPT),) if how else ()
        return SecurityStore(
            tuple(dict.fromkeys((*self.others, *self._chain_of(situation)))), self.lists(KEPT), answers
        )

    def _chain_of(self, situation: Situation) -> Sequence[bytes]:
        makers = (self._maker(situation.stamper), self._maker(situation.sealer))
        return [certificates.of(one).der for maker in makers for one in (maker.certificate, *maker.chain)]

    def _signed(self, situation: Situation, key: SandboxKey, format_: str, *, stamped: bool) -> Document:
        document, kind, placing = _asked(format_)
        request = Request(
            certificate=key.certificate_der,
            chain=tuple(certificates.of(one).der for one in key.chain),
            algorithm=algorithms.SIGNATURE_BY_NAME[f"ecdsa-{situation.digest}"],
            digest=situation.digest,
            token_reserve=_RESERVE if stamped or situation.refers_to else 0,
            assertion=None,
            claimed_roles=(),
            commitment=None,
            signing_time=SIGNED,
        )
        form = writer(kind, document.name)
        referred = self._referred(situation, request.certificate)
        prepared = form.prepare(document, replace(request, certificate=referred), placing)
        if situation.refers_to and format_ == "xml":
            prepared = _with_own_certificate(prepared, referred, request.certificate)
        value = key.sign(prepared.to_sign + (b"!" if situation.tampered == "value" else b""), request.algorithm)
        token = self._token(situation.stamper, form.timestamp_octets(prepared, request, value)) if stamped else None
        return placed(kind, document, prepared, form.finish(prepared, request, value, token))

    def _referred(self, situation: Situation, own: bytes) -> bytes:
        if situation.refers_to is None:
            return own
        name = "stranger" if situation.refers_to == "stranger" else "official"
        return self.authorities[name].certificate.public_bytes(Encoding.DER)

    def _kept(self, document: Document, store: SecurityStore, format_: str) -> Document:
        if format_ == "pdf":
            return document.spliced(document.length, preserving_revision(document, store, None).data)
        if format_ == "xml":
            return lasting_xml.kept(document, store)
        # RFC 5940 §2.1: an OCSP answer among the lists
        other = (der.tlv(0xA1, der.encode_oid(_OCSP_IN_CMS) + one) for one in store.ocsps)
        return with_answers(document, *store.crls, *other, certificates=store.certificates)

    def _sealed(self, document: Document, sealer: Stamper, format_: str) -> Document:
        if format_ == "xml":
            return lasting_xml.sealed(document, partial(self._token, sealer, hashed=True))
        if format_ == "p7m":
            content = original("pdf")
            return archived_by(partial(self._token, sealer), document, content.read_range(0, content.length))
        revision = preserving_revision(document, SecurityStore(), _RESERVE)
        covered = document.spliced(document.length, revision.data)
        token = self._token(sealer, covered.digest("sha256", revision.ranges), hashed=True)
        return document.spliced(document.length, revision.filled(token))

    def _token(self, stamper: Stamper, octets: bytes, *, hashed: bool = False) -> bytes:
        imprint = octets if hashed else hashlib.sha256(octets).digest()
        request = tsp.TimestampRequest("sha256", imprint)
        return self._maker(stamper).token(request, stamper.time, stamper.fault)

    def _maker(self, stamper: Stamper) -> TimestampMaker:
        kind = replace(stamper, fault=None, time=STAMPED)
        if kind not in self._makers:
            authority, key = self.authorities[stamper.under], generate("p256")
            subject = people.authority(f"Sandbox TSA {len(self._makers)}")
            flaws = Flaws(not_before=SIGNED - 60 * DAY, not_after=SIGNED + stamper.ends)
            certificate = authority.issue(subject, key.public_key(), "timestamping", SIGNED, flaws)
            if stamper.revoked:
                authority.revoke(certificate.serial_number, stamper.revoked, "keyCompromise")
            odd = odd_certificates(authority, key.public_key(), SIGNED)
            self._makers[kind] = TimestampMaker(key, certificate, (authority.certificate,), odd)
        return self._makers[kind]


def _asked(format_: str) -> tuple[Document, str, Any]:
    """What is signed, the writer that signs it, and what that writer is told beside."""
    if format_ in {"p7m", "p7s"}:
        content = original("pdf").renamed("permit.bin")
        return content, "cms", Form("attached" if format_ == "p7m" else "detached")
    return original(format_), format_, None


def _with_own_certificate(prepared: Prepared, referred: bytes, own: bytes) -> Prepared:
    """The prepared XML signature with the signer's own certificate in KeyInfo; the signed reference stays wrong."""
    from eidkit.xml import templates

    before, after = templates.base64(referred).encode(), templates.base64(own).encode()
    made = prepared.insertion.replace(before, after)
    shift = len(made) - len(prepared.insertion)
    places = {name: int(prepared.state[name]) for name in ("value_at", "unsigned_at")}
    at = prepared.insertion.index(before)
    moved = {name: place + (shift if place > at else 0) for name, place in places.items()}
    return replace(prepared, insertion=made, state={**prepared.state, **moved})


def _changed(document: Document, format_: str) -> Document:
    """One signed octet changed: in the PDF's version comment line, in the form's text."""
    octets = bytearray(document.read_range(0, document.length))
    if format_ == "pdf":
        octets[12] ^= 1
    elif format_ == "p7m":
        octets[octets.index(b"%PDF-") + 12] ^= 1
    else:
        at = octets.index("ễ".encode())
        octets[at : at + len("ễ".encode())] = "ẽ".encode()
    return Document.from_bytes(bytes(octets), document.name)
