"""Where missing certificates, CRLs and OCSP answers may come from: given files, and the network when asked for.

Nothing here is believed: what a source gives is input for :mod:`eidkit.trust.path` and
:mod:`eidkit.trust.revocation`.  Fetch only for certificates that already chain to an anchor of ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from eidkit.addresses import resolve
from eidkit.asn1 import certificate as x509
from eidkit.asn1 import der, ocsp, pem
from eidkit.errors import EidkitError, Text, TransportError, TrustError
from eidkit.files import contents
from eidkit.trust.network import fetch
from eidkit.trust.revocation import status_of

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from eidkit.asn1.certificate import Certificate
    from eidkit.transport import Transport

MAX_FILES = 2_000
MAX_FILE = 64 * 1024 * 1024
MAX_CRL_FETCH = 16 * 1024 * 1024
MAX_OCSP_FETCH = 256 * 1024
MAX_CERTIFICATE_FETCH = 64 * 1024
MAX_URLS = 4
MAX_CHASED = 8
_PEM_KINDS = {**dict.fromkeys(pem.CERTIFICATE_LABELS, "certificate"), "X509 CRL": "crl", "OCSP RESPONSE": "ocsp"}


@dataclass(frozen=True, slots=True)
class Sources:
    """Given certificates, CRLs and OCSP answers (DER), and whether the network may be asked for more.

    A value: ``+`` joins two; threads may share it.  ``allow_hosts`` names the hosts that may be fetched although
    they are private or loopback.
    """

    given_certificates: tuple[bytes, ...] = ()
    given_crls: tuple[bytes, ...] = ()
    given_ocsps: tuple[bytes, ...] = ()
    network: bool = False
    allow_hosts: frozenset[str] = frozenset()
    timeout: float = 10.0
    chase: bool = False

    @classmethod
    def read(cls, *paths: str | os.PathLike[str]) -> Sources:
        """What the files, and the files in the folders, hold: PEM or DER, told apart by content.

        A file that is named and is none of these raises :class:`TrustError`; in a folder it is passed over.
        """
        found: dict[str, list[bytes]] = {"certificate": [], "crl": [], "ocsp": []}
        for path in paths:
            place = Path(path)
            for file in _files(place):
                kinds = _read_file(file)
                if not kinds and not place.is_dir():
                    raise _unusable(file, "it holds no certificate, CRL or OCSP answer")
                for kind, data in kinds:
                    found[kind].append(data)
        return cls.of(found["certificate"], found["crl"], found["ocsp"])

    @classmethod
    def of(cls, certificates: Iterable[bytes] = (), crls: Iterable[bytes] = (), ocsps: Iterable[bytes] = ()) -> Sources:
        """Certificates, CRLs and OCSP answers already in hand (DER)."""
        return cls(tuple(dict.fromkeys(certificates)), tuple(dict.fromkeys(crls)), tuple(dict.fromkeys(ocsps)))

    @classmethod
    def online(cls, *, allow_hosts: Iterable[str] = frozenset(), timeout: float = 10.0, chase: bool = False) -> Sources:
        """The network, within limits: CRLs and OCSP answers at the addresses that certificates name.

        ``chase=True`` also fetches missing issuers where certificates say that these are.
        """
        hosts = frozenset(host.rstrip(".").lower() for host in allow_hosts)
        return cls(network=True, allow_hosts=hosts, timeout=timeout, chase=chase)

    def __add__(self, other: Sources) -> Sources:
        return Sources(
            tuple(dict.fromkeys((*self.given_certificates, *other.given_certificates))),
            tuple(dict.fromkeys((*self.given_crls, *other.given_crls))),
            tuple(dict.fromkeys((*self.given_ocsps, *other.given_ocsps))),
            self.network or other.network,
            self.allow_hosts | other.allow_hosts,
            min(self.timeout, other.timeout),
            self.chase or other.chase,
        )

    def certificates(self) -> tuple[bytes, ...]:
        """The given certificates (DER)."""
        return self.given_certificates

    def revocation(
        self,
        certificate: Certificate,
        issuer: Certificate,
        *,
        transport: Transport | None = None,
        at: datetime | None = None,
        problems: list[EidkitError] | None = None,
    ) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
        """``(CRLs, OCSP answers)`` for one certificate: all given ones, then what the network has.

        The network is asked only when these Sources allow it (:meth:`online`) and the certificate was
        verified to be ``issuer``'s.  OCSP first; CRLs only if no OCSP answer came, or none that settles the status at
        ``at``.  What could not be fetched is added to ``problems``, never raised.
        """
        crls, ocsps = list(self.given_crls), list(self.given_ocsps)
        if self.network and x509.verify_issued(certificate, issuer):
            noted, door = problems if problems is not None else [], self._door(transport)
            answers = self._ask_ocsp(certificate, issuer, door, noted)
            ocsps.extend(answers)
            settled = at is None or _settles(certificate, issuer, answers, at)
            if not answers or not settled:
                crls.extend(self._fetch_crls(certificate, door, noted))
        return tuple(dict.fromkeys(crls)), tuple(dict.fromkeys(ocsps))

    def issuers(
        self, certificate: Certificate, *, transport: Transport | None = None, problems: list[EidkitError] | None = None
    ) -> tuple[bytes, ...]:
        """Issuer candidates at the addresses that ``certificate`` names; nothing unless ``chase`` was asked for."""
        if not (self.network and self.chase):
            return ()
        door = self._door(transport)
        found: list[bytes] = []
        for url in _addresses(lambda: certificate.ca_issuer_urls)[:MAX_URLS]:
            data = self._fetched(url, door, MAX_CERTIFICATE_FETCH, problems if problems is not None else [])
            found.extend(data for kind, data in _sniffed(data or b"") if kind == "certificate")
        return tuple(found[:MAX_CHASED])

    def _door(self, transport: Transport | None) -> Transport:
        """The Transport handed in, or the real network: asking for Sources that are online asked for it."""
        from eidkit.transport import HttpTransport

        return transport if transport is not None else HttpTransport(allow_hosts=self.allow_hosts)

    def _ask_ocsp(
        self, certificate: Certificate, issuer: Certificate, transport: Transport, problems: list[EidkitError]
    ) -> list[bytes]:
        for url in _addresses(lambda: certificate.ocsp_urls)[:MAX_URLS]:
            try:
                request = ocsp.encode_request(certificate, issuer)
            except EidkitError as error:
                problems.append(error)
                return []
            data = self._fetched(url, transport, MAX_OCSP_FETCH, problems, request, "application/ocsp-request")
            if data is None:
                continue
            try:
                ocsp.parse(data)
            except EidkitError as error:
                problems.append(error)
                continue
            return [data]
        return []

    def _fetch_crls(self, certificate: Certificate, transport: Transport, problems: list[EidkitError]) -> list[bytes]:
        found: list[bytes] = []
        for url in _addresses(lambda: certificate.crl_distribution_points)[:MAX_URLS]:
            data = self._fetched(url, transport, MAX_CRL_FETCH, problems)
            found.extend(crl for kind, crl in _sniffed(data or b"") if kind == "crl")
        return found

    def _fetched(
        self,
        url: str,
        transport: Transport,
        limit: int,
        problems: list[EidkitError],
        body: bytes = b"",
        content_type: str | None = None,
    ) -> bytes | None:
        try:
            return fetch(
                url,
                transport=transport,
                allow_hosts=self.allow_hosts,
                names=resolve,
                limit=limit,
                timeout=self.timeout,
                body=body,
                content_type=content_type,
            )
        except TransportError as error:
            problems.append(error)
            return None


def _settles(certificate: Certificate, issuer: Certificate, answers: list[bytes], at: datetime) -> bool:
    return status_of(certificate, issuer, crls=(), ocsps=answers, at=at, now=at).state != "unknown"


def _addresses(read: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
    """The http(s) addresses an extension names; none when it is malformed."""
    try:
        return tuple(url for url in dict.fromkeys(read()) if url.lower().startswith(("http://", "https://")))
    except der.DerError:
        return ()


def _files(place: Path) -> list[Path]:
    if place.is_dir():
        files = sorted(file for file in place.rglob("*") if file.is_file())
        if len(files) > MAX_FILES:
            raise _unusable(place, f"more than {MAX_FILES} files")
        return files
    if not place.is_file():
        raise _unusable(place, "it is not there")
    return [place]


def _read_file(file: Path) -> list[tuple[str, bytes]]:
    try:
        return _sniffed(contents(file, MAX_FILE))
    except OSError as error:
        raise _unusable(file, error.strerror or type(error).__name__) from error


def _sniffed(data: bytes) -> list[tuple[str, bytes]]:
    """``(kind, DER)`` of everything in a PEM or DER file; empty for anything else."""
    if pem.is_pem(data):
        try:
            found = pem.blocks(data)
        except der.DerError:
            return []
        return [(_PEM_KINDS[label], block) for label, block in found if label in _PEM_KINDS]
    kind = _kind(data)
    return [] if kind is None else [(kind, data)]


def _kind(data: bytes) -> str | None:
    """By structure: an OCSP answer begins with its status, a CRL's fourth field is a time, a certificate parses."""
    try:
        first, *rest = der.whole(data).children(limit=4)
        if first.tag == der.ENUMERATED:
            return "ocsp"
        if first.tag != der.SEQUENCE or len(rest) != 2:
            return None
        inside = [node.tag for _, node in zip(range(5), first.items(), strict=False)]
    except der.DerError:
        return None
    if inside[:1] == [der.INTEGER] and inside[1:3] == [der.SEQUENCE, der.SEQUENCE] and inside[3:4] != [der.SEQUENCE]:
        return "crl"
    if inside[:2] == [der.SEQUENCE, der.SEQUENCE] and inside[2:3] in ([der.UTC_TIME], [der.GENERALIZED_TIME]):
        return "crl"
    try:
        x509.parse(data)
    except der.DerError:
        return None
    return "certificate"


def _unusable(place: Path, why: str) -> TrustError:
    return TrustError(
        "source-unusable",
        Text(f"{place} cannot be used: {why}", f"không dùng được {place}: {why}"),
        Text("give PEM or DER files of certificates, CRLs or OCSP answers", "cung cấp tệp chứng thư, CRL hoặc OCSP"),
    )
