"""Evidence: all facts about one document, as values.

No verdict is in it, and no stored boolean is believed: a judge redoes every signature, digest and imprint
from the bytes kept here.  What only the file can show (which bytes a range covers, what a later revision
changed) is trusted only when the file itself was seen while collecting (``document_seen``).

This module holds values only; reading bytes is the work of :mod:`eidkit.verify.formats`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime

    from eidkit.findings import Observation

TimestampKind = Literal["signature", "document", "content", "archive", "vri", "references"]
"""``vri``: over the signature value, but in the security store of a PDF (ISO 32000-2 §12.8.4.4); ``references``:
over references to validation data alone (EN 319 132-1 annex A.1.5.2), which says nothing of when it was signed."""
Modifications = Literal["none", "extension", "form-fill", "annotation", "undefined"]


INSIDE = "the content of "
"""What the name of content that stands inside a CMS begins with; content beside it keeps its own name."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One signed digest: what it is of, what was declared, and what was found (``computed`` None: not found).

    ``algorithm`` is a digest name of :mod:`eidkit.algorithms`, or the unknown OID/URI as it stands.
    """

    name: str
    kind: Literal["content", "signed-properties", "other"]
    algorithm: str
    declared: bytes
    computed: bytes | None


@dataclass(frozen=True, slots=True)
class CertificateReference:
    """A certificate that a signature names: by a digest, and by issuer and serial (DER) when given."""

    algorithm: str
    digest: bytes
    issuer_serial: bytes | None = None


@dataclass(frozen=True, slots=True)
class TimestampEvidence:
    """An RFC 3161 token (DER of its ContentInfo), its kind, and the digests of what it should be about.

    ``imprints`` maps every usable digest name to the digest, computed while collecting, of the octets that a
    timestamp of this kind covers; ``covers`` names them in order.  ``holds`` are the SHA-256 (hex) of the
    certificates, CRLs, OCSP answers and tokens that stand in what it covers: it proves that they existed.
    """

    id: str
    kind: TimestampKind
    token: bytes
    imprints: tuple[tuple[str, bytes], ...]
    covers: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()
    observations: tuple[Observation, ...] = ()


@dataclass(frozen=True, slots=True)
class PdfCoverage:
    """How a PDF signature covers its file: facts that only the file can show.

    ``length_shown`` is the length of the file as shown to the signer (where the signing revision begins), so
    that the content digest is that of the prefix.  ``own_revision`` and ``modifications`` are what
    :mod:`eidkit.pdf` found; details are in the signature's observations.  ``next_addition`` is where the first
    later revision ends that adds more than validation data or a document timestamp, as :attr:`revision_end` of a
    signature in it says; None when there is none (binding.md §6.3).
    """

    byte_range: tuple[int, ...]
    revision_end: int
    covers_whole_document: bool
    length_shown: int | None
    own_revision: Literal["clean", "other-changes"] | None
    modifications: Modifications
    modifications_allowed: bool
    next_addition: int | None


@dataclass(frozen=True, slots=True)
class AppearanceEvidence:
    """The stamp that a signature shows, as a Transaction names it (binding.md §2): page, rectangle, inputs' digest.

    It was drawn again from its inputs while collecting, and equal: what it says is what is seen.
    """

    page: int
    rectangle: tuple[int, ...]
    sha256: str


@dataclass(frozen=True, slots=True)
class ContentDigest:
    """The content digest of binding.md §1: SHA-256 (hex) and, for PDF, the length of the file as shown."""

    sha256: str
    length: int | None


@dataclass(frozen=True, slots=True)
class SignatureEvidence:
    """Everything one signature says and everything needed to check it again."""

    id: str
    format: Literal["pdf", "xml", "cms"]
    level: str
    """The signature level as its structure shows it, such as ``PAdES-B-T``; never a verdict."""
    signed_octets: bytes
    """The octets that the signature value is over: DER SET OF signed attributes, or canonical SignedInfo."""
    value: bytes
    algorithm: str
    """Signature algorithm name of :mod:`eidkit.algorithms`, or the unknown OID/URI."""
    salt_length: int | None
    digest_algorithm: str
    references: tuple[Reference, ...]
    signer_hint: tuple[bytes, bytes] | None
    """Issuer name (DER) and serial (DER INTEGER content) that the container itself names; unprotected."""
    certificate_references: tuple[CertificateReference, ...]
    """That of the signing certificate first; the others restrict its path."""
    certificates: tuple[bytes, ...] = field(repr=False)
    """Not in the ``repr``: certificates hold personal numbers."""
    bare_key: bytes | None = None
    """A public key (DER SubjectPublicKeyInfo) that came without a certificate: it names nobody."""
    crls: tuple[bytes, ...] = field(default=(), repr=False)
    ocsps: tuple[bytes, ...] = field(default=(), repr=False)
    signing_time: datetime | None = None
    claimed_roles: tuple[str, ...] = ()
    commitments: tuple[str, ...] = ()
    """Commitment type OIDs, dotted."""
    assertions: tuple[str, ...] = ()
    """The attestation JWS texts of our own Assertions."""
    timestamps: tuple[TimestampEvidence, ...] = ()
    coverage: PdfCoverage | None = None
    content: ContentDigest | None = None
    appearance: AppearanceEvidence | None = None
    """None also where something is seen that is no stamp of ours; the observations say that."""
    scope: tuple[tuple[str, str, str], ...] = ()
    """``(name, digest algorithm, hex)`` of each data object that is signed."""
    counter_signature_of: str | None = None
    observations: tuple[Observation, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """All facts about one document: values that threads may share.  Make it with ``collect`` or ``load_evidence``."""

    name: str
    length: int
    sha256: str
    format: str
    document_seen: bool
    signatures: tuple[SignatureEvidence, ...] = ()
    timestamps: tuple[TimestampEvidence, ...] = ()
    """Document timestamps, oldest first."""
    certificates: tuple[bytes, ...] = field(default=(), repr=False)
    """Certificates (DER) found in the document or supplied beside it: candidates, never trusted by being here."""
    crls: tuple[bytes, ...] = field(default=(), repr=False)
    ocsps: tuple[bytes, ...] = field(default=(), repr=False)
    supplied: frozenset[str] = field(default=frozenset())
    """SHA-256 of the certificates and answers that were handed in or fetched, not found in the document."""
    observations: tuple[Observation, ...] = ()
    attestation: Evidence | None = None
    """Signatures over a statement of these facts, in the place of a document that was not seen; stored beside this."""
