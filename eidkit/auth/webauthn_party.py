"""RelyingParty: the service as authenticators know it, what it demands, and the credentials that it pinned.

Its file is the pin that a later verifier needs, as a provider's is (binding.md §3).  Nothing but the pin says whose a
credential is, so a file with credentials names people: keep it where such data belongs.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from eidkit import canonical
from eidkit.auth import origin as origins
from eidkit.auth import webauthn_attestation as attestations
from eidkit.auth import webauthn_data
from eidkit.auth.foreign import NotAccepted
from eidkit.auth.presenting import demanded
from eidkit.auth.webauthn_key import ALGORITHMS, CredentialKey
from eidkit.binding import shape
from eidkit.binding.transaction import version
from eidkit.files import read_bounded, write_atomically
from eidkit.identity import Identity

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable
    from datetime import datetime

MAX_FILE = 16 * 1024 * 1024
MAX_PINNED = 10_000
_DOMAIN = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_MODEL = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_CREDENTIAL = ("identity", "id", "public_key", "model", "attestation", "backup_eligible", "backed_up", "transports",
               "from", "until")  # fmt: skip
_PARTY = ("v", "relying_party", "name", "origins", "embedded", "top_origins", "algorithms", "attestation", "models",
          "synced", "credentials")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Credential:
    """A passkey of one person: its id, its public key, and from when until when it counts.  Threads may share it.

    ``public_key`` is COSE as the authenticator wrote it.  ``model`` is the AAGUID, which only a *certified*
    ``attestation`` proves.  ``backup_eligible``: the key may be copied to other devices, and never changes;
    ``backed_up``: it was, when it was seen last.  ``repr`` shows neither id nor key.
    """

    identity: Identity
    id: str = field(repr=False)
    public_key: bytes = field(repr=False)
    model: str
    attestation: str
    backup_eligible: bool
    backed_up: bool
    valid_from: datetime
    valid_until: datetime | None = None
    transports: tuple[str, ...] = ()
    key: CredentialKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        try:
            webauthn_data.credential_id(self.id)
            object.__setattr__(self, "key", CredentialKey.of(self.public_key))
        except NotAccepted as error:
            shape.refuse(
                "credential-malformed",
                f"a credential is not one that is taken ({error.reason})",
                f"khóa truy cập không hợp lệ ({error.reason})",
            )
        if not _MODEL.fullmatch(self.model):
            shape.refuse(
                "credential-malformed", "a model is an AAGUID in lower case", "model phải là AAGUID chữ thường"
            )
        shape.one_of(self.attestation, attestations.KINDS, "attestation")
        if self.backed_up and not self.backup_eligible:
            shape.refuse("credential-malformed", "a key that cannot be copied has no copy", "khóa không thể có bản sao")
        for transport in self.transports:
            shape.name(transport, "transport")
        object.__setattr__(self, "valid_from", shape.moment(self.valid_from, "from"))
        if self.valid_until is not None:
            object.__setattr__(self, "valid_until", shape.moment(self.valid_until, "until"))

    def in_force(self, at: datetime) -> bool:
        """Whether it counts at the moment ``at``."""
        return self.valid_from <= at and (self.valid_until is None or at <= self.valid_until)

    def to_json(self) -> dict[str, Any]:
        """The form in a pin file, every member present."""
        return {
            "identity": self.identity.to_json(),
            "id": self.id,
            "public_key": shape.base64url(self.public_key),
            "model": self.model,
            "attestation": self.attestation,
            "backup_eligible": self.backup_eligible,
            "backed_up": self.backed_up,
            "transports": list(self.transports),
            "from": canonical.format_time(self.valid_from),
            "until": None if self.valid_until is None else canonical.format_time(self.valid_until),
        }

    @classmethod
    def from_json(cls, value: Any) -> Credential:
        """The credential of its stored form; anything unknown, missing or misshapen is refused."""
        row = canonical.members(value, _CREDENTIAL, "credential")
        return cls(
            Identity.from_json(row["identity"]),
            canonical.typed(row["id"], str, "id"),
            shape.base64url_bytes(row["public_key"], "public_key"),
            canonical.typed(row["model"], str, "model"),
            row["attestation"],
            canonical.typed(row["backup_eligible"], bool, "backup_eligible"),
            canonical.typed(row["backed_up"], bool, "backed_up"),
            canonical.parse_time(row["from"]),
            None if row["until"] is None else canonical.parse_time(row["until"]),
            _texts(row["transports"], "transports"),
        )


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """The service at which people answer with passkeys: what it demands, and its pins.  Threads may share it.

    ``id`` is the domain to which passkeys belong for ever (choose the highest that is yours alone), ``origins`` the
    exact list of where they may be used.  Inside other sites' frames only when ``embedded``, and where the browser
    tells the outermost site, only in ``top_origins``.  ``attestation="certified"`` demands a maker's certificate, and
    then ``models`` (AAGUIDs) may name the only ones taken.  ``synced=False`` refuses keys that can be copied.
    """

    id: str
    name: str
    origins: tuple[str, ...]
    embedded: bool = False
    top_origins: tuple[str, ...] = ()
    algorithms: tuple[str, ...] = tuple(ALGORITHMS)
    attestation: str = "none"
    models: tuple[str, ...] = ()
    synced: bool = True
    credentials: tuple[Credential, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        shape.text(self.name, "name", limit=64)
        if not _DOMAIN.fullmatch(self.id):
            shape.refuse("relying-party", "the id is a domain in lower case", "id phải là tên miền chữ thường")
        if not self.origins:
            shape.refuse("relying-party", "a relying party has an origin", "thiếu origin")
        for origin in self.origins:
            origins.pinned(origin)
        for origin in self.top_origins:
            origins.check(origin)
        if self.top_origins and not self.embedded:
            shape.refuse("relying-party", "top origins go with embedded=True", "top_origins cần embedded=True")
        for algorithm in self.algorithms:
            shape.one_of(algorithm, ALGORITHMS, "algorithm")
        if len(self.credentials) > MAX_PINNED:
            shape.refuse("relying-party", f"at most {MAX_PINNED} are pinned in one", f"chỉ ghim tối đa {MAX_PINNED}")
        self._check_attestation()

    def _check_attestation(self) -> None:
        shape.one_of(self.attestation, ("none", "certified"), "attestation")
        if self.models and self.attestation != "certified":
            shape.refuse(
                "relying-party",
                "only a certified attestation proves a model: demand it too",
                'models cần attestation="certified"',
            )
        for model in self.models:
            if not _MODEL.fullmatch(model):
                shape.refuse("relying-party", "a model is an AAGUID in lower case", "model phải là AAGUID chữ thường")

    @property
    def id_hash(self) -> bytes:
        """What authenticators sign in the place of the id."""
        return hashlib.sha256(self.id.encode("ascii")).digest()

    def check(self, credential: Credential) -> None:
        """NotAccepted unless ``credential`` is as demanded: algorithm, copies, attestation, model."""
        demanded(credential.key.name in self.algorithms, "algorithm")
        demanded(self.synced or not credential.backup_eligible, "backup-eligible")
        demanded(self.attestation in {"none", credential.attestation}, "attestation-demanded")
        demanded(not self.models or credential.model in self.models, "model")

    def with_credentials(self, found: Iterable[Credential]) -> RelyingParty:
        """The same party knowing ``found`` as well; one with the same id is replaced."""
        known = {one.id: one for one in (*self.credentials, *found)}
        return replace(self, credentials=tuple(known.values()))

    def to_json(self) -> dict[str, Any]:
        """The pin file's form, every member present."""
        return {
            "v": 1,
            "relying_party": self.id,
            "name": self.name,
            "origins": list(self.origins),
            "embedded": self.embedded,
            "top_origins": list(self.top_origins),
            "algorithms": list(self.algorithms),
            "attestation": self.attestation,
            "models": list(self.models),
            "synced": self.synced,
            "credentials": [one.to_json() for one in self.credentials],
        }

    @classmethod
    def from_json(cls, value: Any) -> RelyingParty:
        """The party of its pin file; anything unknown, missing or misshapen is refused."""
        row = canonical.members(value, _PARTY, "relying party")
        version(row["v"], "relying parties")
        lists = {name: _texts(row[name], name) for name in ("origins", "top_origins", "algorithms", "models")}
        return cls(
            canonical.typed(row["relying_party"], str, "relying_party"),
            canonical.typed(row["name"], str, "name"),
            embedded=canonical.typed(row["embedded"], bool, "embedded"),
            attestation=canonical.typed(row["attestation"], str, "attestation"),
            synced=canonical.typed(row["synced"], bool, "synced"),
            credentials=shape.items(row["credentials"], Credential.from_json, "credentials", limit=MAX_PINNED),
            **lists,
        )

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> RelyingParty:
        """The party in a pin file of at most 16 MiB."""
        return cls.from_json(canonical.loads(read_bounded(path, MAX_FILE)))

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the pin file as RFC 8785 bytes, readable by its owner only."""
        write_atomically(path, [canonical.dumps(self.to_json())], private=True)


def model_of(aaguid: bytes) -> str:
    """An AAGUID as it is written."""
    return str(UUID(bytes=aaguid))


def _texts(value: Any, what: str) -> tuple[str, ...]:
    return shape.items(value, lambda one: shape.text(one, what, limit=origins.MAX_ORIGIN), what)
