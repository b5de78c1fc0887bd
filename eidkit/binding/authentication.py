"""Authentication: this Identity was present, how, when, for which Transaction, and the proof (binding.md §3).

Only :mod:`eidkit.auth` makes one from an answer.  The constructor checks shape, never truth: a loaded
Authentication is worth what its proof and its attestation prove.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from eidkit import canonical
from eidkit.binding import scales, shape
from eidkit.binding.transaction import Transaction, version
from eidkit.files import read_bounded, write_atomically
from eidkit.identity import Identity

if TYPE_CHECKING:
    import os
    from datetime import datetime, timedelta

ProofClass = Literal["attested", "asserted", "transferable"]
SOURCES = ("asserted", "derived", "policy")
FACTORS = ("have", "know", "are", "unknown")
MAX_PROOF = 4 * 1024 * 1024
MAX_FILE = 8 * 1024 * 1024
_SIGNED = (
    "v",
    "transaction",
    "method",
    "factors",
    "assurance",
    "challenge",
    "authenticated_at",
    "proof_class",
    "proof",
    "checks",
    "warnings",
    "subject",
)


@dataclass(frozen=True, slots=True)
class Assurance:
    """One assurance value: scheme (``vn-2024``, ``eidas``, ``nist-aal``), value, and who says so.

    ``source`` is ``asserted`` (an identity provider), ``derived`` (from a certificate) or ``policy`` (our table).
    """

    scheme: str
    value: str
    source: str

    def __post_init__(self) -> None:
        scale = scales.ASSURANCE_SCALES[shape.one_of(self.scheme, scales.ASSURANCE_SCALES, "assurance scheme")]
        shape.one_of(self.value, scale, "assurance value")
        shape.one_of(self.source, SOURCES, "assurance source")

    def to_json(self) -> dict[str, str]:
        """``{"scheme", "value", "source"}``."""
        return {"scheme": self.scheme, "value": self.value, "source": self.source}

    @classmethod
    def from_json(cls, value: Any) -> Assurance:
        """The value of its JSON form; anything unknown or missing is refused."""
        return cls(**canonical.members(value, ("scheme", "value", "source"), "assurance"))


@dataclass(frozen=True, slots=True)
class ChallengeFacts:
    """What the challenge was: nonce (64 hex digits), times, audience."""

    nonce: str
    issued: datetime
    expires: datetime
    audience: str

    def __post_init__(self) -> None:
        shape.digest(self.nonce, "challenge nonce")
        object.__setattr__(self, "issued", shape.moment(self.issued, "issued"))
        object.__setattr__(self, "expires", shape.moment(self.expires, "expires"))
        shape.text(self.audience, "audience", limit=256)

    def to_json(self) -> dict[str, str]:
        """``{"nonce", "issued", "expires", "audience"}``."""
        return {
            "nonce": self.nonce,
            "issued": canonical.format_time(self.issued),
            "expires": canonical.format_time(self.expires),
            "audience": self.audience,
        }

    @classmethod
    def from_json(cls, value: Any) -> ChallengeFacts:
        """The value of its JSON form; anything unknown or missing is refused."""
        row = canonical.members(value, ("nonce", "issued", "expires", "audience"), "challenge")
        return cls(
            row["nonce"], canonical.parse_time(row["issued"]), canonical.parse_time(row["expires"]), row["audience"]
        )


@dataclass(frozen=True, slots=True)
class Check:
    """One step of the verification that was done: its name, the clause it comes from, and that it held."""

    name: str
    ref: str

    def __post_init__(self) -> None:
        shape.name(self.name, "check name")
        shape.text(self.ref, "check ref", limit=128)

    def to_json(self) -> dict[str, str]:
        """``{"name", "ref"}``."""
        return {"name": self.name, "ref": self.ref}

    @classmethod
    def from_json(cls, value: Any) -> Check:
        """The value of its JSON form; anything unknown or missing is refused."""
        return cls(**canonical.members(value, ("name", "ref"), "check"))


@dataclass(frozen=True, slots=True)
class Proof:
    """Media type and SHA-256 (hex) of the proof bytes, which the disclosure holds."""

    media_type: str
    sha256: str

    def __post_init__(self) -> None:
        shape.text(self.media_type, "proof media_type", limit=128)
        shape.digest(self.sha256, "proof sha256")

    @classmethod
    def of(cls, media_type: str, data: bytes) -> Proof:
        """The Proof that names ``data``."""
        return cls(media_type, hashlib.sha256(data).hexdigest())

    def to_json(self) -> dict[str, str]:
        """``{"media_type", "sha256"}``."""
        return {"media_type": self.media_type, "sha256": self.sha256}

    @classmethod
    def from_json(cls, value: Any) -> Proof:
        """The value of its JSON form; anything unknown or missing is refused."""
        return cls(**canonical.members(value, ("media_type", "sha256"), "proof"))


@dataclass(frozen=True, slots=True)
class Disclosure:
    """The personal part, kept apart so that it can be erased: identity, salt (32 bytes), proof bytes."""

    identity: Identity
    salt: bytes = field(repr=False)
    proof: bytes = field(repr=False)

    def __post_init__(self) -> None:
        _salt(self.salt)
        if len(self.proof) > MAX_PROOF:
            shape.refuse("proof-size", f"a proof has at most {MAX_PROOF} bytes", f"bằng chứng dài quá {MAX_PROOF} byte")

    def to_json(self) -> dict[str, Any]:
        """``{"identity", "salt" (hex), "proof" (base64url)}``."""
        return {"identity": self.identity.to_json(), "salt": self.salt.hex(), "proof": shape.base64url(self.proof)}

    @classmethod
    def from_json(cls, value: Any) -> Disclosure:
        """The value of its JSON form; anything unknown or missing is refused."""
        row = canonical.members(value, ("identity", "salt", "proof"), "disclosure")
        salt = bytes.fromhex(shape.digest(row["salt"], "salt"))
        return cls(Identity.from_json(row["identity"]), salt, shape.base64url_bytes(row["proof"], "proof"))


@dataclass(frozen=True, slots=True)
class Authentication:
    """One person's authentication for one Transaction; threads may share it.

    ``disclosure`` and ``attestation`` stand outside its digest: the first may be erased, the second signs the
    digest.  ``repr`` shows no identifier, salt or proof.
    """

    transaction: Transaction = field(repr=False)
    method: str
    factors: tuple[str, ...]
    assurance: tuple[Assurance, ...]
    challenge: ChallengeFacts
    authenticated_at: datetime
    proof_class: ProofClass
    proof: Proof
    checks: tuple[Check, ...]
    warnings: tuple[str, ...]
    subject: str
    disclosure: Disclosure | None = None
    attestation: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        shape.name(self.method, "method")
        for factor in self.factors:
            shape.one_of(factor, FACTORS, "factor")
        shape.unique(self.factors, "factors")
        shape.unique([entry.scheme for entry in self.assurance], "assurance")
        object.__setattr__(self, "authenticated_at", shape.moment(self.authenticated_at, "authenticated_at"))
        shape.one_of(self.proof_class, scales.PROOF_CLASSES, "proof_class")
        for warning in self.warnings:
            shape.text(warning, "warning", limit=512)
        shape.digest(self.subject, "subject")
        if self.attestation is not None:
            shape.text(self.attestation, "attestation", limit=32_768)

    @property
    def identity(self) -> Identity | None:
        """Who it says was present, or ``None`` where the disclosure was erased."""
        return self.disclosure.identity if self.disclosure else None

    @property
    def challenge_value(self) -> bytes:
        """The 32 bytes that the proof must answer, recomputed from the transaction and the nonce."""
        return challenge_value(self.transaction.digest, bytes.fromhex(self.challenge.nonce))

    @property
    def digest(self) -> str:
        """``H("eidkit-authentication-1", JCS(without attestation and disclosure))`` in hex."""
        return canonical.digest("eidkit-authentication-1", self._signed())

    def disclosure_holds(self) -> bool:
        """Whether a disclosure is there and opens ``subject`` and ``proof``."""
        opened = self.disclosure
        return (
            opened is not None
            and subject_commitment(opened.identity, opened.salt) == self.subject
            and hashlib.sha256(opened.proof).hexdigest() == self.proof.sha256
        )

    def require(
        self,
        *,
        min: tuple[str, str] | None = None,  # noqa: A002 - the word of the demand: at least so sure
        proof_class: ProofClass | None = None,
        bound: bool = False,
        max_age: timedelta | None = None,
        at: datetime | None = None,
    ) -> None:
        """AuthenticationError with every reason, unless it is at least what is asked for.

        ``min`` is (scheme, value), such as ``("vn-2024", "2")``; another scheme never stands in for it.  ``bound``: it
        carries an attestation of exactly itself, so that it can be bound to a signature.  ``max_age`` counts to
        ``at``, the present time, which goes with it.  A gate for the one who made the Authentication; whose key
        attested and whether the proof still holds a verifier judges (:func:`eidkit.auth.recheck`, ``Dossier.verify``).
        """
        from eidkit.binding import requiring

        further = [*requiring.weaker(self, proof_class), *(requiring.unbound(self) if bound else ())]
        requiring.check(self, least=min, max_age=max_age, at=at, further=further)

    def with_attestation(self, jws: str) -> Authentication:
        """The same Authentication carrying ``jws``."""
        return replace(self, attestation=jws)

    def erased(self) -> Authentication:
        """The same Authentication without who it was and the proof of it: for good, once no copy is left.

        Its digest and its attestation stay what they were; what needs the identity can no longer be proved.
        """
        return replace(self, disclosure=None)

    def _signed(self) -> dict[str, Any]:
        return {
            "v": 1,
            "transaction": self.transaction.to_json(),
            "method": self.method,
            "factors": list(self.factors),
            "assurance": [entry.to_json() for entry in self.assurance],
            "challenge": self.challenge.to_json(),
            "authenticated_at": canonical.format_time(self.authenticated_at),
            "proof_class": self.proof_class,
            "proof": self.proof.to_json(),
            "checks": [check.to_json() for check in self.checks],
            "warnings": list(self.warnings),
            "subject": self.subject,
        }

    def to_json(self) -> dict[str, Any]:
        """The stored form: every member present, ``null`` where there is none."""
        disclosure = self.disclosure.to_json() if self.disclosure else None
        return {**self._signed(), "disclosure": disclosure, "attestation": self.attestation}

    @classmethod
    def from_json(cls, value: Any) -> Authentication:
        """The value of its stored form; anything unknown, missing or misshapen is refused."""
        row = canonical.members(value, (*_SIGNED, "disclosure", "attestation"), "authentication")
        version(row["v"], "authentication")
        return cls(
            transaction=Transaction.from_json(row["transaction"]),
            method=row["method"],
            factors=shape.items(row["factors"], lambda item: shape.one_of(item, FACTORS, "factor"), "factors"),
            assurance=shape.items(row["assurance"], Assurance.from_json, "assurance"),
            challenge=ChallengeFacts.from_json(row["challenge"]),
            authenticated_at=canonical.parse_time(row["authenticated_at"]),
            proof_class=row["proof_class"],
            proof=Proof.from_json(row["proof"]),
            checks=shape.items(row["checks"], Check.from_json, "checks"),
            warnings=shape.items(row["warnings"], lambda item: shape.text(item, "warning", limit=512), "warnings"),
            subject=row["subject"],
            disclosure=None if row["disclosure"] is None else Disclosure.from_json(row["disclosure"]),
            attestation=row["attestation"],
        )

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Authentication:
        """The Authentication in the file ``path`` (at most 8 MiB of strict JSON)."""
        return cls.from_json(canonical.loads(read_bounded(path, MAX_FILE)))

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the stored form to ``path`` as RFC 8785 bytes, readable by its owner only.

        It names a person; keep it where such data belongs.  An existing file is replaced in one step.
        """
        write_atomically(path, [canonical.dumps(self.to_json())], private=True)


def challenge_value(transaction_digest: str, nonce: bytes) -> bytes:
    """``H("eidkit-challenge-1", 32 raw bytes of the transaction digest ‖ 32 random bytes)``: 32 bytes."""
    raw = bytes.fromhex(shape.digest(transaction_digest, "transaction digest"))
    if len(nonce) != 32:
        shape.refuse("nonce-size", "a challenge nonce has exactly 32 bytes", "nonce phải đúng 32 byte")
    return bytes.fromhex(canonical.tagged_digest("eidkit-challenge-1", raw + nonce))


def subject_commitment(identity: Identity, salt: bytes) -> str:
    """``H("eidkit-subject-1", salt ‖ JCS{identifier, scheme})`` in hex; the salt has exactly 32 bytes."""
    named = canonical.dumps({"identifier": identity.identifier, "scheme": identity.scheme})
    return canonical.tagged_digest("eidkit-subject-1", _salt(salt) + named)


def _salt(salt: bytes) -> bytes:
    if len(salt) != 32:
        shape.refuse("salt-size", "a salt has exactly 32 bytes", "salt phải đúng 32 byte")
    return salt
