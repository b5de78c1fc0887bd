"""IdentityLink: a service's signed statement that two identifiers are one person (binding.md §6.5).

It is made when both are shown together, such as a login at a provider and a certificate, and joins exactly two
(scheme, identifier) pairs from that moment on.  What is signed holds commitments only; the identifiers stand beside it
in the disclosure, so that they can be erased.  :mod:`eidkit.auth.links` makes one; what it is worth is judged by
``verify`` and ``dossier``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from eidkit import canonical
from eidkit.binding import shape
from eidkit.binding.authentication import subject_commitment
from eidkit.binding.service_jws import ServiceJws, signed
from eidkit.binding.transaction import version
from eidkit.files import read_bounded, write_atomically
from eidkit.identity import Identity

if TYPE_CHECKING:
    import os
    from datetime import datetime

    from eidkit.key import SigningKey

TYP = "eidkit-identity-link+jwt"
MAX_TIMESTAMP = 64 * 1024
MAX_FILE = 256 * 1024
APART = timedelta(minutes=15)
"""Two proofs further apart than this were not shown together."""
_CLAIMS = ("v", "subjects", "shown", "valid_from", "issued_at")


@dataclass(frozen=True, slots=True)
class Shown:
    """One of the two proofs that were shown: by which way, the digest of what proved it (hex), and when."""

    way: str
    digest: str
    at: datetime

    def __post_init__(self) -> None:
        shape.name(self.way, "way")
        shape.digest(self.digest, "proof digest")
        object.__setattr__(self, "at", shape.moment(self.at, "shown at"))

    def to_json(self) -> dict[str, str]:
        """``{"way", "digest", "at"}``."""
        return {"way": self.way, "digest": self.digest, "at": canonical.format_time(self.at)}

    @classmethod
    def from_json(cls, value: Any) -> Shown:
        """The value of its JSON form; anything unknown or missing is refused."""
        row = canonical.members(value, ("way", "digest", "at"), "shown")
        return cls(row["way"], row["digest"], canonical.parse_time(row["at"]))


@dataclass(frozen=True, slots=True)
class LinkClaims:
    """What the service signed: two commitments, what was shown for each, since when it holds, and when it was said."""

    subjects: tuple[str, str]
    shown: tuple[Shown, Shown]
    valid_from: datetime
    issued_at: datetime

    def __post_init__(self) -> None:
        if len(self.subjects) != 2 or len(self.shown) != 2:
            shape.refuse(
                "identity-link-two", "an identity link joins exactly two", "liên kết định danh phải có đúng hai"
            )
        for subject in self.subjects:
            shape.digest(subject, "subject")
        shape.unique(self.subjects, "subjects")
        shape.unique([one.digest for one in self.shown], "shown")
        for name in ("valid_from", "issued_at"):
            object.__setattr__(self, name, shape.moment(getattr(self, name), name))
        first, last = sorted(one.at for one in self.shown)
        if last - first > APART or not last <= self.valid_from <= self.issued_at <= last + APART:
            shape.refuse(
                "identity-link-times",
                "the two proofs of an identity link were not shown together",
                "hai bằng chứng của liên kết định danh không được trình cùng lúc",
            )

    def to_json(self) -> dict[str, Any]:
        """The JWS payload, every member present."""
        return {
            "v": 1,
            "subjects": list(self.subjects),
            "shown": [one.to_json() for one in self.shown],
            "valid_from": canonical.format_time(self.valid_from),
            "issued_at": canonical.format_time(self.issued_at),
        }

    @classmethod
    def from_json(cls, value: Any) -> LinkClaims:
        """The value of a payload; anything unknown, missing or misshapen is refused."""
        row = canonical.members(value, _CLAIMS, "identity link")
        version(row["v"], "identity links")
        subjects: Any = shape.items(row["subjects"], lambda item: shape.digest(item, "subject"), "subjects", limit=2)
        shown: Any = shape.items(row["shown"], Shown.from_json, "shown", limit=2)
        return cls(subjects, shown, canonical.parse_time(row["valid_from"]), canonical.parse_time(row["issued_at"]))


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens one commitment: the identity (whose name is not kept: nothing covers it) and the salt."""

    identity: Identity
    salt: bytes = field(repr=False)

    @property
    def commitment(self) -> str:
        """What it opens."""
        return subject_commitment(self.identity, self.salt)

    def to_json(self) -> dict[str, str]:
        """``{"scheme", "identifier", "salt" (hex)}``."""
        return {"scheme": self.identity.scheme, "identifier": self.identity.identifier, "salt": self.salt.hex()}

    @classmethod
    def from_json(cls, value: Any) -> Opening:
        """The value of its JSON form; anything unknown or missing is refused."""
        row = canonical.members(value, ("scheme", "identifier", "salt"), "opening")
        named = (canonical.typed(row[name], str, name) for name in ("scheme", "identifier"))
        return cls(Identity(*named), bytes.fromhex(shape.digest(row["salt"], "salt")))


@dataclass(frozen=True, slots=True)
class IdentityLink:
    """One identity link as read; building or reading one proves nothing.

    ``timestamp`` is an RFC 3161 token (DER) over the text of the JWS, None where only the service dates it;
    ``disclosure`` opens the two commitments, in their order, None where it was erased.  Threads may share it.
    """

    jws: ServiceJws = field(repr=False)
    claims: LinkClaims
    timestamp: bytes | None = field(default=None, repr=False)
    disclosure: tuple[Opening, Opening] | None = None

    @classmethod
    def made(
        cls, claims: LinkClaims, disclosure: tuple[Opening, Opening], key: SigningKey, timestamp: bytes | None = None
    ) -> IdentityLink:
        """The link that the service's ``key`` signs; raises as :func:`eidkit.binding.service_jws.signed` does."""
        return cls(signed(claims.to_json(), TYP, key, claims.issued_at), claims, timestamp, disclosure)

    @property
    def identities(self) -> tuple[Identity, Identity] | None:
        """The two that it joins, where the disclosure opens what was signed; otherwise None.

        Never two of one scheme: unequal identifiers of one scheme are two persons.
        """
        if self.disclosure is None or tuple(one.commitment for one in self.disclosure) != self.claims.subjects:
            return None
        first, second = (one.identity for one in self.disclosure)
        return None if first.scheme == second.scheme else (first, second)

    @property
    def stamped(self) -> bytes:
        """The octets that ``timestamp`` is over."""
        return self.jws.text.encode("ascii")

    @property
    def digest(self) -> str:
        """The SHA-256 (hex) of the signed statement: the same link with a timestamp, or erased, is the same link."""
        return hashlib.sha256(self.stamped).hexdigest()

    def erased(self) -> IdentityLink:
        """The same statement without the identifiers: it joins nobody any more."""
        return replace(self, disclosure=None)

    def to_json(self) -> dict[str, Any]:
        """The stored form: every member present, ``null`` where there is none."""
        return {
            "v": 1,
            "statement": self.jws.text,
            "timestamp": None if self.timestamp is None else shape.base64_text(self.timestamp),
            "disclosure": None if self.disclosure is None else [one.to_json() for one in self.disclosure],
        }

    @classmethod
    def from_json(cls, value: Any) -> IdentityLink:
        """The value of its stored form; anything unknown, missing or misshapen is refused."""
        row = canonical.members(value, ("v", "statement", "timestamp", "disclosure"), "identity link")
        version(row["v"], "identity links")
        jws = ServiceJws.read(canonical.typed(row["statement"], str, "statement"), TYP)
        token = None if row["timestamp"] is None else shape.base64_bytes(row["timestamp"], "timestamp")
        if token is not None and len(token) > MAX_TIMESTAMP:
            shape.refuse("identity-link-timestamp", "the timestamp is too long", "dấu thời gian quá dài")
        return cls(jws, LinkClaims.from_json(jws.payload), token, _disclosure(row["disclosure"]))

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> IdentityLink:
        """The link in the file ``path`` (at most 256 KiB of strict JSON)."""
        return cls.from_json(canonical.loads(read_bounded(path, MAX_FILE)))

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the stored form to ``path`` as RFC 8785 bytes, readable by its owner only: it names a person."""
        write_atomically(path, [canonical.dumps(self.to_json())], private=True)


def _refuse_number() -> NoReturn:
    shape.refuse("identity-link-two", "an identity link joins exactly two", "liên kết định danh phải có đúng hai")


def _disclosure(value: Any) -> tuple[Opening, Opening] | None:
    if value is None:
        return None
    opened = shape.items(value, Opening.from_json, "disclosure", limit=2)
    if len(opened) != 2:
        _refuse_number()
    return opened[0], opened[1]
