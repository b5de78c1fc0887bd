"""Attestation: the service key's signature over an Authentication, as a compact JWS (binding.md §3).

What an OTP is worth later is worth this signature.  Here it is made, read and compared; whether its
certificate chains to an anchor of kind *attestation*, and names an attester of the Procedure, is judged by
``verify`` and ``dossier``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from eidkit import canonical
from eidkit.binding import scales, shape
from eidkit.binding.authentication import Assurance
from eidkit.binding.service_jws import ServiceJws, signed
from eidkit.binding.transaction import version

if TYPE_CHECKING:
    from datetime import datetime

    from eidkit.binding.authentication import Authentication
    from eidkit.key import SigningKey

TYP = "eidkit-attestation+jwt"
_CLAIMS = (
    "v",
    "transaction",
    "authentication",
    "subject",
    "method",
    "assurance",
    "proof_class",
    "authenticated_at",
    "issued_at",
)


@dataclass(frozen=True, slots=True)
class AttestationClaims:
    """What the service signed: digests of transaction and authentication, and what it says of the person."""

    transaction: str
    authentication: str
    subject: str
    method: str
    assurance: tuple[Assurance, ...]
    proof_class: str
    authenticated_at: datetime
    issued_at: datetime

    def __post_init__(self) -> None:
        for name in ("transaction", "authentication", "subject"):
            shape.digest(getattr(self, name), name)
        shape.name(self.method, "method")
        shape.one_of(self.proof_class, scales.PROOF_CLASSES, "proof_class")
        for name in ("authenticated_at", "issued_at"):
            object.__setattr__(self, name, shape.moment(getattr(self, name), name))

    @classmethod
    def of(cls, authentication: Authentication, issued_at: datetime) -> AttestationClaims:
        """The claims that ``authentication`` calls for."""
        return cls(
            authentication.transaction.digest,
            authentication.digest,
            authentication.subject,
            authentication.method,
            authentication.assurance,
            authentication.proof_class,
            authentication.authenticated_at,
            issued_at,
        )

    def to_json(self) -> dict[str, Any]:
        """The JWS payload, every member present."""
        return {
            "v": 1,
            "transaction": self.transaction,
            "authentication": self.authentication,
            "subject": self.subject,
            "method": self.method,
            "assurance": [entry.to_json() for entry in self.assurance],
            "proof_class": self.proof_class,
            "authenticated_at": canonical.format_time(self.authenticated_at),
            "issued_at": canonical.format_time(self.issued_at),
        }

    @classmethod
    def from_json(cls, value: Any) -> AttestationClaims:
        """The value of a payload; anything unknown, missing or misshapen is refused."""
        row = canonical.members(value, _CLAIMS, "attestation")
        version(row["v"], "attestations")
        return cls(
            row["transaction"],
            row["authentication"],
            row["subject"],
            row["method"],
            shape.items(row["assurance"], Assurance.from_json, "assurance"),
            row["proof_class"],
            canonical.parse_time(row["authenticated_at"]),
            canonical.parse_time(row["issued_at"]),
        )


@dataclass(frozen=True, slots=True)
class Attestation:
    """One attestation as read: the service's JWS and its claims.

    Reading is no judgement: ask :meth:`signature_holds`, :meth:`disagreements`, and then who signed.
    Threads may share it.
    """

    jws: ServiceJws
    claims: AttestationClaims

    @classmethod
    def read(cls, jws: str) -> Attestation:
        """The Attestation in a compact JWS; as :meth:`ServiceJws.read` it raises :class:`CanonicalError`."""
        read = ServiceJws.read(jws, TYP)
        return cls(read, AttestationClaims.from_json(read.payload))

    @property
    def text(self) -> str:
        """The compact JWS."""
        return self.jws.text

    @property
    def certificate(self) -> bytes:
        """The service's certificate (DER), as the JWS names it."""
        return self.jws.certificate

    @property
    def algorithm(self) -> str:
        """The JWS ``alg``."""
        return self.jws.algorithm

    def signature_holds(self) -> bool:
        """As :meth:`ServiceJws.signature_holds`."""
        return self.jws.signature_holds()

    def disagreements(self, authentication: Authentication) -> tuple[str, ...]:
        """The members that say something else than ``authentication``; empty when they agree."""
        wanted = AttestationClaims.of(authentication, self.claims.issued_at)
        return tuple(
            entry.name for entry in fields(wanted) if getattr(wanted, entry.name) != getattr(self.claims, entry.name)
        )


def attest(authentication: Authentication, key: SigningKey, issued_at: datetime) -> Authentication:
    """The same Authentication with the service's attestation, issued at ``issued_at``.

    Raises what :func:`eidkit.binding.service_jws.signed` raises for a key that will not do.
    """
    claims = AttestationClaims.of(authentication, issued_at)
    return authentication.with_attestation(signed(claims.to_json(), TYP, key, issued_at).text)
