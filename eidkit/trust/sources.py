"""Where missing certificates, CRLs and OCSP answers may come from: given files, and the network when asked for.

Nothing here is believed: what a source gives is input for :mod:`eidkit.trust.path` and
:mod:`eidkit.trust.revocation`.  Fetch only for certificates that already chain to an anchor of ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from eidkit.asn1 import certificate as x509
from eidkit.clock import SYSTEM_CLOCK, Clock
from eidkit.errors import EidkitError, Text, TrustError
from eidkit.files import contents
from eidkit.trust.asking import Errand, settles
from eidkit.trust.kinds import kinds_in

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable
    from datetime import datetime

    from eidkit.asn1.certificate import Certificate
    from eidkit.transport import Transport

MAX_FILES = 2_000
MAX_FILE = 64 * 1024 * 1024


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
    nonce: bool = False
    cache: Path | None = None

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
    def told_apart(cls, files: Iterable[bytes]) -> Sources:
        """What these hold (PEM or DER), told apart by content; one that is none of the three raises TrustError."""
        found: dict[str, list[bytes]] = {"certificate": [], "crl": [], "ocsp": []}
        for number, data in enumerate(files, start=1):
            kinds = kinds_in(data)
            if not kinds:
                raise _unusable(f"item {number}", "it holds no certificate, CRL or OCSP answer")
            for kind, item in kinds:
                found[kind].append(item)
        return cls.of(found["certificate"], found["crl"], found["ocsp"])

    @classmethod
    def online(
        cls,
        *,
        allow_hosts: Iterable[str] = frozenset(),
        timeout: float = 10.0,
        chase: bool = False,
        nonce: bool = False,
        cache: str | os.PathLike[str] | None = None,
    ) -> Sources:
        """The network, within limits: CRLs and OCSP answers at the addresses that certificates name.

        ``chase=True`` also fetches missing issuers where certificates say that these are.  ``nonce=True`` sends each
        OCSP responder a number drawn for this question, and does not use an answer to another (RFC 9654); one that
        was made beforehand, without any number, still counts until its own end.  ``cache`` is a file in which answers
        are kept until their nextUpdate (a week at most) and failures for a minute; leave it out where an answer must
        be newer than something (:func:`eidkit.signing.preserve`).
        """
        hosts = frozenset(host.rstrip(".").lower() for host in allow_hosts)
        kept = Path(cache) if cache is not None else None
        return cls(network=True, allow_hosts=hosts, timeout=timeout, chase=chase, nonce=nonce, cache=kept)

    def __add__(self, other: Sources) -> Sources:
        return Sources(
            tuple(dict.fromkeys((*self.given_certificates, *other.given_certificates))),
            tuple(dict.fromkeys((*self.given_crls, *other.given_crls))),
            tuple(dict.fromkeys((*self.given_ocsps, *other.given_ocsps))),
            self.network or other.network,
            self.allow_hosts | other.allow_hosts,
            min(self.timeout, other.timeout),
            self.chase or other.chase,
            self.nonce or other.nonce,
            self.cache or other.cache,
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
        clock: Clock = SYSTEM_CLOCK,
    ) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
        """``(CRLs, OCSP answers)`` for one certificate: all given ones, then what the network has.

        The network is asked only when these Sources allow it (:meth:`online`) and the certificate was
        verified to be ``issuer``'s.  OCSP first; CRLs only if no OCSP answer came, or none that settles the status at
        ``at``.  What could not be fetched is added to ``problems``, never raised.
        """
        crls, ocsps = list(self.given_crls), list(self.given_ocsps)
        if self.network and x509.verify_issued(certificate, issuer):
            errand = Errand(self, self._door(transport), problems if problems is not None else [], clock.now())
            answers = errand.ask_ocsp(certificate, issuer)
            ocsps.extend(answers)
            settled = at is None or settles(certificate, issuer, answers, at)
            if not answers or not settled:
                crls.extend(errand.fetch_crls(certificate, issuer))
        return tuple(dict.fromkeys(crls)), tuple(dict.fromkeys(ocsps))

    def issuers(
        self, certificate: Certificate, *, transport: Transport | None = None, problems: list[EidkitError] | None = None
    ) -> tuple[bytes, ...]:
        """Issuer candidates at the addresses that ``certificate`` names; nothing unless ``chase`` was asked for."""
        if not (self.network and self.chase):
            return ()
        noted = problems if problems is not None else []
        return tuple(Errand(self, self._door(transport), noted, SYSTEM_CLOCK.now()).fetch_issuers(certificate))

    def _door(self, transport: Transport | None) -> Transport:
        """The Transport handed in, or the real network: asking for Sources that are online asked for it."""
        from eidkit.transport import HttpTransport

        return transport if transport is not None else HttpTransport(allow_hosts=self.allow_hosts)


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
        return kinds_in(contents(file, MAX_FILE))
    except OSError as error:
        raise _unusable(file, error.strerror or type(error).__name__) from error


def _unusable(place: Path | str, why: str) -> TrustError:
    return TrustError(
        "source-unusable",
        Text(f"{place} cannot be used: {why}", f"không dùng được {place}: {why}"),
        Text("give PEM or DER files of certificates, CRLs or OCSP answers", "cung cấp tệp chứng thư, CRL hoặc OCSP"),
    )
