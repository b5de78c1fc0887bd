"""X.509 certificates (RFC 5280 §4) read by offsets, and the one check of an issuer's signature.

Tolerant where real eID certificates are (explicit defaults, odd names, negative or padded serial numbers),
strict where a path depends on it: version, both algorithm identifiers alike, no extension twice, no trailing
bytes.  Threads may share every object here; nothing in a Certificate changes once it is read.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from eidkit.algorithms import verify_signature
from eidkit.asn1 import der, extension, name, pem, span
from eidkit.asn1.algorithm import AlgorithmIdentifier, read_algorithm, signature_algorithm
from eidkit.asn1.public_key import admits, load_public_key
from eidkit.errors import DocumentError, NotSupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

MAX_CERTIFICATE = 256 * 1024
_CACHED_UP_TO = 16 * 1024
_REMEMBERED = 16_384

T = TypeVar("T")


class Certificate:
    """One certificate; make it with :func:`parse` or :func:`load`.

    ``der`` is what was read, ``sha256`` its hash in hex, ``tbs`` the signed span, ``issuer`` and ``subject``
    DER Names, ``spki`` the DER SubjectPublicKeyInfo, ``serial_octets`` the INTEGER content as it stands,
    ``extensions`` maps each dotted OID to ``(critical, value)``.  Equal exactly when the bytes are equal.
    Properties that read an extension raise DerError when its value is malformed.
    """

    __slots__ = (
        "_read",
        "der",
        "extensions",
        "issuer",
        "not_after",
        "not_before",
        "serial_octets",
        "sha256",
        "signature",
        "signature_algorithm",
        "spki",
        "subject",
        "tbs",
        "version",
    )

    def __init__(self, data: bytes) -> None:
        self.der = data
        self.sha256 = hashlib.sha256(data).hexdigest()
        self._read: dict[object, Any] = {}
        start, stop = span.expect(data, 0, len(data), der.SEQUENCE)
        if stop != len(data):
            raise der.DerError("bytes after the end")
        content, end = span.expect(data, start, stop, der.SEQUENCE)
        self.tbs = data[start:end]
        inner = self._read_tbs(data, content, end)
        _, _, after = span.header(data, end, stop)
        outer = data[end:after]
        if inner != outer:
            raise der.DerError("two different signature algorithms (RFC 5280 §4.1.1.2)")
        self.signature_algorithm: AlgorithmIdentifier = read_algorithm(outer)
        content, end = span.expect(data, after, stop, der.BIT_STRING)
        if end != stop or content == end or data[content]:
            raise der.DerError("not a signature value")
        self.signature = data[content + 1 : end]

    def _read_tbs(self, data: bytes, position: int, stop: int) -> bytes:
        """Every field of TBSCertificate in order; gives back the signature algorithm inside."""
        tag, content, end = span.header(data, position, stop)
        self.version = 1
        if tag == 0xA0:
            self.version = der.integer(der.read(data, content, end)) + 1
            if not 2 <= self.version <= 3:
                raise der.DerError("not a version of X.509")
            tag, content, end = span.header(data, end, stop)
        if tag != der.INTEGER or not 1 <= end - content <= 128:
            raise der.DerError("not a serial number")
        self.serial_octets = data[content:end]
        position = end
        _, end = span.expect(data, position, stop, der.SEQUENCE)
        algorithm = data[position:end]
        position = end
        _, end = span.expect(data, position, stop, der.SEQUENCE)
        self.issuer = data[position:end]
        content, position = span.expect(data, end, stop, der.SEQUENCE)
        self.not_before, content = read_time(data, content, position)
        self.not_after, content = read_time(data, content, position)
        if content != position:
            raise der.DerError("not a period")
        _, end = span.expect(data, position, stop, der.SEQUENCE)
        self.subject = data[position:end]
        position = end
        _, end = span.expect(data, position, stop, der.SEQUENCE)
        self.spki = data[position:end]
        self.extensions: Mapping[str, tuple[bool, bytes]] = self._read_extensions(data, end, stop)
        return algorithm

    def _read_extensions(self, data: bytes, position: int, stop: int) -> extension.Extensions:
        previous = 0
        while position < stop:
            tag, content, position = span.header(data, position, stop)
            number = tag & 0x1F
            if tag not in {0x81, 0x82, 0xA3} or number <= previous:
                raise der.DerError("not the end of a certificate")
            previous = number
            if tag == 0xA3:
                start, end = span.expect(data, content, position, der.SEQUENCE)
                if end != position or position != stop or self.version != 3:
                    raise der.DerError("extensions where none belong")
                return extension.parse(data, start, end)
        return {}

    def __eq__(self, other: object) -> bool:
        return self.der == other.der if isinstance(other, Certificate) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.sha256)

    def __reduce__(self) -> tuple[Callable[[bytes], Certificate], tuple[bytes]]:
        return parse, (self.der,)

    def __repr__(self) -> str:
        return f"<Certificate sha256={self.sha256[:16]}>"

    def once(self, key: object, make: Callable[[], T]) -> T:
        """What ``make`` gives, remembered with this certificate under ``key``: only what its bytes alone decide."""
        try:
            known: T = self._read[key]
        except KeyError:
            known = self._read[key] = make()
        return known

    def read(self, oid: str, make: Callable[[bytes], T]) -> T | None:
        """What ``make`` gives for the value of an extension, read once; None without the extension."""
        try:
            known: T | None = self._read[oid]
        except KeyError:
            entry = self.extensions.get(oid)
            known = self._read[oid] = None if entry is None else make(entry[1])
        return known

    @property
    def serial(self) -> int:
        """The serial number."""
        return int.from_bytes(self.serial_octets, "big", signed=True)

    @property
    def subject_text(self) -> str:
        """The subject for messages, without personal numbers; a malformed name is shown as octets, never raised."""
        return self.once("subject_text", lambda: _readable(self.subject))

    @property
    def issuer_text(self) -> str:
        """The issuer for messages, as :attr:`subject_text`."""
        return self.once("issuer_text", lambda: _readable(self.issuer))

    @property
    def self_issued(self) -> bool:
        """Whether issuer and subject are the same name."""
        return self.once("self_issued", lambda: name.same(self.issuer, self.subject))

    @property
    def issuer_key(self) -> object:
        """A hashable value, equal for equal names (RFC 5280 §7.1); a malformed name equals only its own bytes."""
        return self.once("issuer_key", lambda: _comparable(self.issuer))

    @property
    def subject_key(self) -> object:
        """As :attr:`issuer_key`, of the subject."""
        return self.once("subject_key", lambda: _comparable(self.subject))

    @property
    def basic_constraints(self) -> tuple[bool, int | None]:
        """``(is a CA, path length)``; ``(False, None)`` without the extension."""
        return self.read(extension.BASIC_CONSTRAINTS, extension.basic_constraints) or (False, None)

    @property
    def key_usage(self) -> frozenset[int] | None:
        """The bits set (0 digitalSignature, 1 nonRepudiation, 5 keyCertSign, 6 cRLSign); None without the extension."""
        return self.read(extension.KEY_USAGE, extension.key_usage)

    @property
    def extended_key_usage(self) -> frozenset[str] | None:
        """The purposes (OIDs); None without the extension."""
        return self.read(extension.EXTENDED_KEY_USAGE, extension.key_purposes)

    @property
    def extended_key_usage_critical(self) -> bool:
        """Whether extended key usage is there and critical."""
        return self.extensions.get(extension.EXTENDED_KEY_USAGE, (False, b""))[0]

    @property
    def subject_key_identifier(self) -> bytes | None:
        """The identifier the issuer gave this key; a hint, never proof."""
        return self.read(extension.SUBJECT_KEY_IDENTIFIER, lambda value: der.whole(value, der.OCTET_STRING).content)

    @property
    def authority_key_identifier(self) -> bytes | None:
        """The identifier of the issuer's key; a hint, never proof."""
        return self.read(extension.AUTHORITY_KEY_IDENTIFIER, extension.key_identifier)

    @property
    def distribution_points(self) -> tuple[extension.DistributionPoint, ...]:
        """Where its CRLs are said to be, in full."""
        return self.read(extension.CRL_DISTRIBUTION_POINTS, extension.distribution_points) or ()

    @property
    def crl_distribution_points(self) -> tuple[str, ...]:
        """The addresses of its CRLs, as they stand."""
        return tuple(url for point in self.distribution_points for url in point.urls)

    @property
    def ocsp_urls(self) -> tuple[str, ...]:
        """The addresses of its OCSP responders."""
        return self._access(extension.ACCESS_OCSP)

    @property
    def ca_issuer_urls(self) -> tuple[str, ...]:
        """Where its issuer's certificate is said to be."""
        return self._access(extension.ACCESS_CA_ISSUERS)

    def _access(self, method: str) -> tuple[str, ...]:
        entry = self.extensions.get(extension.AUTHORITY_INFO_ACCESS)
        return () if entry is None else self.once(method, lambda: extension.access_urls(entry[1], method))

    @property
    def ocsp_nocheck(self) -> bool:
        """Whether its issuer says that this OCSP responder's own status need not be asked (RFC 6960 §4.2.2.2.1)."""
        return extension.OCSP_NOCHECK in self.extensions

    def public_key(self) -> PublicKeyTypes:
        """The public key; explicit EC parameters count only when they are a named curve's, number by number.

        Raises :class:`NotSupported` for keys that ``cryptography`` or eidkit does not know.
        """
        return self.once("public_key", lambda: load_public_key(self.spki))


def parse(data: bytes) -> Certificate:
    """The certificate that ``data`` (DER) is; raises DerError.  Parses are remembered by content."""
    if len(data) > MAX_CERTIFICATE:
        raise der.DerError(f"a certificate above {MAX_CERTIFICATE} bytes")
    return _remembered(data) if len(data) <= _CACHED_UP_TO else Certificate(data)


_remembered = lru_cache(maxsize=2_048)(Certificate)


@lru_cache(maxsize=512)
def of(certificate: x509.Certificate) -> Certificate:
    """The Certificate of a ``cryptography`` one (remembered); raises DerError.  Its ``der`` is what was issued."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return parse(certificate.public_bytes(Encoding.DER))


def readable(ders: Iterable[bytes]) -> list[Certificate]:
    """The certificates among ``ders`` that can be parsed; the others prove nothing and are left out."""
    found = []
    for data in ders:
        try:
            found.append(parse(data))
        except DocumentError:
            continue
    return found


def load(data: bytes, limit: int = 1_000) -> list[Certificate]:
    """Every certificate of a PEM text (in order), or the single one of a DER file; at most ``limit``.

    Raises DerError when there is none, or one cannot be read.
    """
    if not pem.is_pem(data):
        return [parse(data)]
    found = [parse(block) for label, block in pem.blocks(data, limit) if label in pem.CERTIFICATE_LABELS]
    if not found:
        raise der.DerError("no certificate in this PEM text")
    return found


def verify_issued(certificate: Certificate, issuer: Certificate) -> bool:
    """Whether ``issuer``'s key signed ``certificate``; names, periods and usages are the path engine's business."""
    return verify_signed(
        certificate.sha256,
        certificate.tbs,
        certificate.signature_algorithm,
        certificate.signature,
        issuer,
    )


def _readable(name_der: bytes) -> str:
    try:
        return name.shown(name_der)
    except der.DerError:
        return f"#{name_der[:32].hex()}"


def _comparable(name_der: bytes) -> object:
    try:
        return name.key(name_der)
    except der.DerError:
        return name_der


_outcomes: dict[bool, dict[tuple[str, bytes], None]] = {True: {}, False: {}}
"""Apart, so that a flood of failures does not push out what holds."""
_lock = Lock()


def verify_signed(
    sha256: str, signed: bytes, algorithm: AlgorithmIdentifier, signature: bytes, issuer: Certificate
) -> bool:
    """Whether ``signature`` over ``signed`` is by ``issuer``'s key.  Outcomes are remembered.

    ``sha256`` is the hash (hex) of the *whole* object that holds all three, so a remembered outcome can never speak
    for another object or key.
    """
    key = (sha256, issuer.spki)
    for outcome, known in _outcomes.items():
        if key in known:
            return outcome
    try:
        row, salt = signature_algorithm(algorithm)
        if not admits(issuer.spki, row, salt):
            return False
        holds = verify_signature(issuer.public_key(), row, signature, signed, salt_length=salt)
    except (NotSupported, der.DerError):
        return False
    with _lock:
        remembered = _outcomes[holds]
        while len(remembered) >= _REMEMBERED:
            del remembered[next(iter(remembered))]
        remembered[key] = None
    return holds


def read_time(data: bytes, position: int, stop: int) -> tuple[datetime, int]:
    """The time at ``position`` and where it ends; the usual spelling is read without ``strptime``."""
    tag, content, end = span.header(data, position, stop)
    text = data[content:end]
    if len(text) == _USUAL_LENGTHS.get(tag) and text.endswith(b"Z") and text[:-1].isdigit():
        try:
            return der.moment(_whole_year(int(text[:-1]), tag)), end
        except ValueError as error:
            raise der.DerError("not a time") from error
    return der.time(der.read(data, position, stop)), end


_USUAL_LENGTHS = {der.UTC_TIME: 13, der.GENERALIZED_TIME: 15}


_YEAR = 10**10
"""What one year counts in the number that the digits of a time make."""


def _whole_year(digits: int, tag: int) -> int:
    """The digits of a time with a year of four: one of two is of 1950 to 2049 (RFC 5280 §4.1.2.5.1)."""
    if tag == der.UTC_TIME:
        return digits + (2000 if digits < 50 * _YEAR else 1900) * _YEAR
    # RFC 9420 writes "no beginning" as the year 0, which Python does not have
    return digits + _YEAR if digits < _YEAR else digits
