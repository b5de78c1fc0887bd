"""Small authorities for attacks: certificates, CRLs and OCSP answers made as wrong as a test needs them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from eidkit.asn1 import certificate as parsed
from eidkit.trust.store import Anchor

# OCSP answers are stamped with the real present; what is judged here is judged a day later
NOW = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
DAY = timedelta(days=1)
USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
_serials = count(0x1122334455)


def usage(*names: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in names for name in USAGES})


def named(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


@dataclass
class Party:
    """A key and its certificate; what it issues."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    issuer: Party | None = None
    revoked: list[x509.RevokedCertificate] = field(default_factory=list)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def parsed(self) -> parsed.Certificate:
        return parsed.parse(self.der)

    @property
    def anchor(self) -> Anchor:
        return Anchor(self.parsed, "signing")

    def issue(
        self,
        name: str | x509.Name,
        *extra: tuple[x509.ExtensionType, bool],
        authority: bool = False,
        length: int | None = None,
        usages: tuple[str, ...] | None = None,
        begins: datetime = NOW - 10 * DAY,
        ends: datetime = NOW + 300 * DAY,
        key: ec.EllipticCurvePrivateKey | None = None,
        serial: int | None = None,
        plain: bool = False,
        signer: ec.EllipticCurvePrivateKey | None = None,
    ) -> Party:
        return issued(
            self,
            name,
            *extra,
            authority=authority,
            length=length,
            usages=usages,
            begins=begins,
            ends=ends,
            key=key,
            serial=serial,
            plain=plain,
            signer=signer,
        )

    def revoke(self, party: Party, at: datetime = NOW - DAY, reason: x509.ReasonFlags | None = None) -> None:
        builder = x509.RevokedCertificateBuilder().serial_number(party.certificate.serial_number).revocation_date(at)
        if reason is not None:
            builder = builder.add_extension(x509.CRLReason(reason), critical=False)
        self.revoked.append(builder.build())

    def crl(
        self,
        *extra: tuple[x509.ExtensionType, bool],
        this: datetime = NOW - DAY,
        until: datetime = NOW + 7 * DAY,
        signer: Party | None = None,
        digest: hashes.HashAlgorithm | None = None,
        revoked: list[x509.RevokedCertificate] | None = None,
    ) -> bytes:
        entries = self.revoked if revoked is None else revoked
        builder = x509.CertificateRevocationListBuilder(self.certificate.subject, this, until, [], entries)
        for extension, critical in extra:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign((signer or self).key, digest or hashes.SHA256()).public_bytes(Encoding.DER)

    def ocsp(
        self,
        party: Party,
        *,
        status: str = "good",
        responder: Party | None = None,
        this: datetime = NOW - DAY,
        until: datetime | None = NOW + DAY,
        at: datetime | None = None,
        reason: x509.ReasonFlags | None = None,
        embed: bool = True,
        issuer: Party | None = None,
        extra: tuple[tuple[x509.ExtensionType, bool], ...] = (),
    ) -> bytes:
        speaker = responder or self
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                party.certificate,
                (issuer or self).certificate,
                hashes.SHA1(),  # noqa: S303
                ocsp.OCSPCertStatus[status.upper()],
                this,
                until,
                at or (NOW - DAY if status == "revoked" else None),
                reason,
            )
            .responder_id(ocsp.OCSPResponderEncoding.NAME, speaker.certificate)
        )
        if responder is not None and embed:
            builder = builder.certificates([responder.certificate])
        for extension, critical in extra:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(speaker.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def responder(
        self, *extra: tuple[x509.ExtensionType, bool], nocheck: bool = True, purpose: bool = True, **options: object
    ) -> Party:
        wanted: list[tuple[x509.ExtensionType, bool]] = list(extra)
        if nocheck:
            wanted.append((x509.OCSPNoCheck(), False))
        if purpose:
            wanted.append((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False))
        return self.issue("Responder", *wanted, usages=("digital_signature",), **options)


def issued(
    issuer: Party | None,
    name: str | x509.Name,
    *extra: tuple[x509.ExtensionType, bool],
    authority: bool,
    length: int | None,
    usages: tuple[str, ...] | None,
    begins: datetime,
    ends: datetime,
    key: ec.EllipticCurvePrivateKey | None,
    serial: int | None,
    plain: bool,
    signer: ec.EllipticCurvePrivateKey | None,
) -> Party:
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = named(name) if isinstance(name, str) else name
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .serial_number(next(_serials) if serial is None else serial)
        .not_valid_before(begins)
        .not_valid_after(ends)
        .public_key(key.public_key())
    )
    if not plain:
        builder = builder.add_extension(x509.BasicConstraints(authority, length), critical=True)
        bits = usages or (("key_cert_sign", "crl_sign") if authority else ("content_commitment",))
        builder = builder.add_extension(usage(*bits), critical=True)
    for extension, critical in extra:
        builder = builder.add_extension(extension, critical=critical)
    certificate = builder.sign(signer or (issuer.key if issuer else key), hashes.SHA256())
    return Party(key, certificate, issuer)


def self_signed(name: str, *extra: tuple[x509.ExtensionType, bool], **options: object) -> Party:
    defaults: dict[str, object] = {
        "authority": True,
        "length": None,
        "usages": None,
        "begins": NOW - 100 * DAY,
        "ends": NOW + 1000 * DAY,
        "key": None,
        "serial": None,
        "plain": False,
        "signer": None,
    }
    return issued(None, name, *extra, **(defaults | options))


@dataclass
class Pki:
    """One root, one authority, one person."""

    root: Party
    authority: Party
    person: Party
