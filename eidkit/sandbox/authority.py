"""A make-believe certification authority: it issues, revokes, and signs CRLs and OCSP answers when asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from eidkit.sandbox.keys import certificate_hash, generate

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

    from eidkit.sandbox.keys import PrivateKey

Usage = Literal[
    "signing", "seal", "attestation", "timestamping", "timestamping-and-more", "timestamping-not-critical", "wrong"
]
"""What a certificate may be used for; ``wrong`` is key encipherment only, which must not sign."""

ANSWER_LIFE = timedelta(days=7)
_BACKDATED = timedelta(days=30)
_LEAF_LIFE = timedelta(days=3 * 365)
_AUTHORITY_LIFE = timedelta(days=20 * 365)


@dataclass(frozen=True, slots=True)
class Revocation:
    """One entry of a CRL: serial number, when, and the reason as RFC 5280 §5.3.1 spells it."""

    serial: int
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Flaws:
    """What is wrong with a certificate on purpose.  ``not_before``/``not_after`` set its period by hand."""

    expired: bool = False
    not_yet_valid: bool = False
    usage: Usage | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None
    without_revocation: bool = False
    """No CRL and no OCSP address."""

    def period(self, now: datetime) -> tuple[datetime, datetime]:
        """The certificate's period, seen from ``now``."""
        begin, end = now - _BACKDATED, now + _LEAF_LIFE
        if self.expired:
            begin, end = now - _LEAF_LIFE, now - timedelta(days=1)
        if self.not_yet_valid:
            begin, end = now + timedelta(days=1), now + _LEAF_LIFE
        return self.not_before or begin, self.not_after or end


@dataclass(slots=True)
class Authority:
    """One authority.  ``chain`` leads from its own certificate's issuer up to, but without, the root.

    Mutable: it remembers what it issued and revoked.  Its CRLs and OCSP answers are made when they are asked
    for, with the time of asking.
    """

    slug: str
    base_url: str
    key: PrivateKey
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()
    issued: set[int] = field(default_factory=set)
    revoked: dict[int, Revocation] = field(default_factory=dict)
    crl_number: int = 0

    @property
    def crl_url(self) -> str:
        """Where its CRL is."""
        return f"{self.base_url}{self.slug}.crl"

    @property
    def ocsp_url(self) -> str:
        """Where its OCSP responder is."""
        return f"{self.base_url}{self.slug}/ocsp"

    @property
    def certificate_url(self) -> str:
        """Where its own certificate is."""
        return f"{self.base_url}{self.slug}.cer"

    def issue(
        self, subject: x509.Name, public_key: CertificatePublicKeyTypes, usage: Usage, now: datetime, flaws: Flaws
    ) -> x509.Certificate:
        """An end-entity certificate for ``subject``."""
        from cryptography import x509

        begin, end = flaws.period(now)
        builder = _builder(subject, self.certificate.subject, public_key, begin, end)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        for extension, critical in _usages(flaws.usage or usage):
            builder = builder.add_extension(extension, critical=critical)
        return self._signed(builder, public_key, revocable=not flaws.without_revocation)

    def subordinate(self, slug: str, subject: x509.Name, kind: str, now: datetime) -> Authority:
        """An issuing authority below this one, path length 0."""
        key = generate(kind)
        builder = _authority_builder(subject, self.certificate.subject, key.public_key(), now, path_length=0)
        certificate = self._signed(builder, key.public_key(), revocable=True)
        above = (self.certificate, *self.chain) if self.certificate.issuer != self.certificate.subject else ()
        return Authority(slug, self.base_url, key, certificate, above)

    def _signed(
        self, builder: x509.CertificateBuilder, public_key: CertificatePublicKeyTypes, *, revocable: bool
    ) -> x509.Certificate:
        from cryptography import x509

        own = x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own), critical=False
        ).add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        if revocable:
            builder = self._with_addresses(builder)
        certificate = builder.sign(self.key, certificate_hash(self.key))
        self.issued.add(certificate.serial_number)
        return certificate

    def _with_addresses(self, builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
        from cryptography import x509
        from cryptography.x509.oid import AuthorityInformationAccessOID as Access

        point = x509.DistributionPoint([x509.UniformResourceIdentifier(self.crl_url)], None, None, None)
        access = x509.AuthorityInformationAccess(
            [
                x509.AccessDescription(Access.OCSP, x509.UniformResourceIdentifier(self.ocsp_url)),
                x509.AccessDescription(Access.CA_ISSUERS, x509.UniformResourceIdentifier(self.certificate_url)),
            ]
        )
        return builder.add_extension(x509.CRLDistributionPoints([point]), critical=False).add_extension(
            access, critical=False
        )

    def revoke(self, serial: int, at: datetime, reason: str) -> None:
        """From ``at`` on that certificate is revoked; ``certificateHold`` suspends it."""
        self.revoked[serial] = Revocation(serial, at, reason)

    def release(self, serial: int) -> None:
        """Ends a suspension."""
        self.revoked.pop(serial, None)

    def crl(self, now: datetime, life: timedelta = ANSWER_LIFE, *, expired_since: datetime | None = None) -> bytes:
        """A complete CRL (DER) of this moment; entries that lie in the future are not in it yet.

        ``expired_since``: say that it keeps certificates that expired since then (expiredCertsOnCRL, X.509 §9.5.2.8).
        """
        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import Encoding

        from eidkit.asn1 import der
        from eidkit.asn1.extension import EXPIRED_CERTS_ON_CRL

        now = now.replace(microsecond=0)
        self.crl_number += 1
        own = x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(now)
            .next_update(now + life)
            .add_extension(x509.CRLNumber(self.crl_number), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own), critical=False)
        )
        if expired_since is not None:
            since = x509.UnrecognizedExtension(
                x509.ObjectIdentifier(EXPIRED_CERTS_ON_CRL), der.encode_generalized_time(expired_since)
            )
            builder = builder.add_extension(since, critical=False)
        for entry in self.revoked.values():
            if entry.at <= now:
                builder = builder.add_revoked_certificate(_entry(entry))
        return builder.sign(self.key, certificate_hash(self.key)).public_bytes(Encoding.DER)

    def ocsp(self, request: bytes, now: datetime, life: timedelta = ANSWER_LIFE) -> bytes:
        """The OCSPResponse (DER) of this moment to a DER request, signed by the authority itself."""
        from eidkit.sandbox.responder import answer

        return answer(self, request, now, life)


def root(slug: str, base_url: str, subject: x509.Name, kind: str, now: datetime) -> Authority:
    """A self-signed authority."""
    from cryptography import x509

    key = generate(kind)
    builder = _authority_builder(subject, subject, key.public_key(), now, path_length=None)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    return Authority(slug, base_url, key, builder.sign(key, certificate_hash(key)))


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: CertificatePublicKeyTypes, begin: datetime, end: datetime
) -> x509.CertificateBuilder:
    from cryptography import x509

    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
    )


def _authority_builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: CertificatePublicKeyTypes,
    now: datetime,
    path_length: int | None,
) -> x509.CertificateBuilder:
    from cryptography import x509

    # Begins long before the present, so that certificates that have already expired have a valid issuer.
    builder = _builder(subject, issuer, public_key, now - _AUTHORITY_LIFE / 2, now + _AUTHORITY_LIFE)
    usage = _key_usage(key_cert_sign=True, crl_sign=True)
    return builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True).add_extension(
        usage, critical=True
    )


def _usages(usage: Usage) -> list[tuple[x509.ExtensionType, bool]]:
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    if usage == "wrong":
        return [(_key_usage(key_encipherment=True), True)]
    if usage == "attestation":
        return [(_key_usage(digital_signature=True), True)]
    if usage.startswith("timestamping"):
        more = [ExtendedKeyUsageOID.CLIENT_AUTH] if usage == "timestamping-and-more" else []
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING, *more])
        critical = usage != "timestamping-not-critical"
        return [(_key_usage(digital_signature=True), True), (purpose, critical)]
    return [(_key_usage(digital_signature=True, content_commitment=True), True)]


def _key_usage(**bits: bool) -> x509.KeyUsage:
    from cryptography import x509

    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: bits.get(name, False) for name in names})


def _entry(entry: Revocation) -> x509.RevokedCertificate:
    from cryptography import x509

    reason = x509.CRLReason(x509.ReasonFlags(entry.reason))
    return (
        x509.RevokedCertificateBuilder()
        .serial_number(entry.serial)
        .revocation_date(entry.at)
        .add_extension(reason, critical=False)
        .build()
    )
