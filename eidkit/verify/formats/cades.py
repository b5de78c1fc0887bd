"""From a CMS file (CAdES, PKCS#7) to Evidence: one SignatureEvidence for each SignerInfo and counter-signature.

1. PEM is unpacked; the outline tells where the content lies, which may be of any size (:mod:`eidkit.asn1.outline`).
2. What is signed: the content inside, or one of those handed in beside.  Where both are there they must be the same.
3. All digests that signatures and timestamps ask for, in one pass over the content.
4. Each signature, and those over it (RFC 5652 §11.4); the same one twice is no second signature.
5. Archive timestamps (:mod:`eidkit.verify.formats.cades_archive`), then the level of each signature.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from eidkit.algorithms import COMPUTABLE
from eidkit.asn1 import attributes, cms, der, outline, pem
from eidkit.asn1.attribute_rules import malformed
from eidkit.document import CHUNK, Document, begins_signed_data, changed
from eidkit.findings import observed
from eidkit.verify.evidence import (
    INSIDE,
    ContentDigest,
    Evidence,
    Reference,
    SignatureEvidence,
    TimestampEvidence,
)
from eidkit.verify.formats import cades_archive, cades_level, token
from eidkit.verify.formats.cms import Container, opened, signature_from_cms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from eidkit.asn1.outline import Outline, Span
    from eidkit.findings import Observation

MAX_DEPTH = 4
MAX_SIGNATURES = 64
THE_CONTENT = "the content"
_LAST_LINE = re.compile(rb"-----END [A-Z0-9 ]{1,40}-----\s*+")


@dataclass(frozen=True, slots=True)
class Opened:
    """A CMS file: its binary form, its outline, and everything but the content parsed."""

    binary: Document
    outline: Outline
    parsed: cms.SignedData


def read(document: Document, detached: Sequence[Document] = ()) -> Evidence:
    """All facts about the signatures in ``document``, about ``detached`` when they carry no content.

    A bare timestamp token, and whatever is no CMS signature, is left to :mod:`eidkit.verify.formats.token`.
    """
    file = open_cms(document)
    if file is None:
        return token.read(document, detached[0] if detached else None)
    reading = _Reading(document.name, file, detached)
    root = cms.parse(replace(file.outline.definite(), signers=b"\x31\x00").without_content)
    evidence = Evidence(
        name=document.name, length=document.length, sha256=document.sha256, format="cms", document_seen=True,
        signatures=reading.signatures(), certificates=root.certificates, crls=root.crls, ocsps=root.ocsps,
        observations=_padded(file.outline),
    )  # fmt: skip
    record = cades_level.recorded(file.parsed.signers, attached=file.outline.content is not None)

    def levelled(one: SignatureEvidence) -> SignatureEvidence:
        return replace(one, level=cades_level.level(one, reading.signers[one.id], evidence, record=record))

    return replace(evidence, signatures=tuple(levelled(one) for one in evidence.signatures))


def open_cms(document: Document) -> Opened | None:
    """The CMS signature that ``document`` is (DER, BER or PEM); None for a timestamp token or anything else."""
    binary = _binary(document)
    if not begins_signed_data(binary.read_range(0, 32)):
        return None
    with binary.open() as file:
        found = outline.outline(file, binary.length)
    if found.content_type == der.encode_oid(cms.TST_INFO):
        return None
    try:
        return Opened(binary, found, cms.parse(found.without_content))
    except der.DerError:
        return Opened(binary, found, cms.parse(found.as_ber))


def _padded(found: Outline) -> tuple[Observation, ...]:
    return (observed("PADDED", count=found.padding),) if found.padding else ()


def acted(signer: cms.SignerInfo) -> tuple[object, ...]:
    """What makes a signature an act of its own: what was signed, and who is named in it.

    Not the value: from one ECDSA value anybody makes another that holds too.  Nor the order in which the attributes
    stand, which anybody may change as well.  Where they name no certificate, the hint beside them tells two apart.
    """
    named = signer.signed(attributes.SIGNING_CERTIFICATE) or signer.signed(attributes.SIGNING_CERTIFICATE_V2)
    signed = signer.sorted_octets
    return (signed,) if named else (signed, signer.issuer_serial, signer.key_identifier)


# 1.
def _binary(document: Document) -> Document:
    if not document.read_range(0, 64).lstrip().startswith(b"-----BEGIN "):
        return document
    text = document.read_bounded(pem.MAX_PEM, "a PEM text")
    blocks = pem.blocks(text, limit=1)
    if not blocks:
        raise der.DerError("no block in this PEM text")
    if not _LAST_LINE.fullmatch(text[text.rfind(b"-----END ") :]):
        # A person who looks at the file would take it for signed.
        raise der.DerError("other text after the PEM block")
    return Document.from_bytes(blocks[0][1], document.name)


def content_digest(file: Opened, detached: Sequence[Document], algorithm: str) -> bytes | None:
    """The digest of what the CMS is about: its own content, or that of ``detached`` which it signs; else None."""
    if file.outline.content is not None:
        return digests(file.binary, file.outline.content, (algorithm,)).get(algorithm)
    wanted = {"sha256", algorithm, *(signer.digest_algorithm for signer in file.parsed.signers)}
    chosen = _chosen(file.parsed, detached, tuple(wanted))
    return chosen[1].get(algorithm) if chosen is not None else None


# 3.
def digests(document: Document, spans: Iterable[Span], algorithms: Iterable[str]) -> dict[str, bytes]:
    """The digest of ``spans`` one after another under each computable algorithm, in one pass."""
    states = {one: hashlib.new(one, usedforsecurity=False) for one in algorithms if one in COMPUTABLE}
    with document.open() as file:
        for start, end in spans:
            file.seek(start)
            left = end - start
            while left:
                chunk = file.read(min(CHUNK, left))
                if not chunk:
                    raise der.DerError("cut off")
                left -= len(chunk)
                for state in states.values():
                    state.update(chunk)
    return {name: state.digest() for name, state in states.items()}


def whole_digests(document: Document, algorithms: Iterable[str]) -> dict[str, bytes]:
    """The same of a whole document, whose SHA-256 is known."""
    known = {"sha256": bytes.fromhex(document.sha256)}
    others = [one for one in algorithms if one not in known]
    if not others:
        return known
    found = digests(document, [(0, document.length)], [*known, *others])
    if found["sha256"] != known["sha256"]:
        raise changed(document.name)
    return found


class _Reading:
    """One file being read; ``signers`` remembers the SignerInfo of each signature by its identity."""

    def __init__(self, name: str, file: Opened, detached: Sequence[Document]) -> None:
        self.file = file
        self.signers: dict[str, cms.SignerInfo] = {}
        self._seen: set[tuple[object, ...]] = set()
        self._budget = der.Budget()
        wanted = _wanted(file.parsed)
        self.name, self.digests = THE_CONTENT, dict[str, bytes]()
        self.mismatch: tuple[Reference, ...] = ()
        self.beside: Document | None = None
        if file.outline.content is not None:
            self.name, self.digests = INSIDE + name, digests(file.binary, file.outline.content, wanted)
            self.mismatch = _mismatch(self.digests, detached)
        elif (chosen := _chosen(file.parsed, detached, wanted)) is not None:
            self.beside, self.digests = chosen
            self.name = self.beside.name

    def signatures(self) -> tuple[SignatureEvidence, ...]:
        """Those of the file in order, each followed by those over it."""
        found: list[SignatureEvidence] = []
        # A file beside may have the name of a signature, which the timestamp would then seem to cover.
        name = THE_CONTENT if self.name.startswith("signature-") else self.name
        about = cades_archive.Archived(self.file, name, self.digests, self.beside)
        for number, signer in enumerate(self.file.parsed.signers, 1):
            identity = f"signature-{number}"
            one = self._signature(signer, identity, self.digests.get, self.name)
            archives = cades_archive.timestamps(identity, signer, about)
            over = tuple(self._over(signer, identity, 1))
            found.append(
                replace(
                    one,
                    references=(*one.references, *self.mismatch),
                    timestamps=(*one.timestamps, *(_with_nested(stamp, over) for stamp in archives.timestamps)),
                    content=_content(self.digests),
                    observations=(*one.observations, *archives.observations),
                )
            )
            found += over
        return tuple(found)

    def _signature(
        self, signer: cms.SignerInfo, identity: str, digest: Callable[[str], bytes | None], name: str
    ) -> SignatureEvidence:
        if len(self.signers) >= MAX_SIGNATURES:
            raise der.DerError(f"more than {MAX_SIGNATURES} signatures")
        self.signers[identity] = signer
        alone = replace(self.file.parsed, signers=(signer,), e_content=None)
        problems: tuple[Observation, ...] = ()
        act = acted(signer)
        if act in self._seen:
            problems = (malformed("the same signature stands here twice", "cùng một chữ ký xuất hiện hai lần"),)
        self._seen.add(act)
        container = Container(b"", alone, problems)
        return signature_from_cms(container, id=identity, format="cms", content_digest=digest, content_name=name)

    # 4.
    def _over(self, signer: cms.SignerInfo, identity: str, depth: int) -> Iterator[SignatureEvidence]:
        """The counter-signatures over ``signer``; one that cannot be read is a fact about it all the same."""
        values = signer.unsigned(attributes.COUNTER_SIGNATURE)
        if depth > MAX_DEPTH and values:
            raise der.DerError(f"counter-signatures nested deeper than {MAX_DEPTH}")
        for number, value in enumerate(values, 1):
            own = f"{identity}/counter-signature-{number}"
            counter = cms.counter_signer(value, self._budget)
            digest = _Memory(signer.signature)
            one = self._signature(counter, own, digest, f"the value of {identity}")
            seen = (*one.observations, *cades_archive.of_counter_signature(own, counter))
            yield replace(one, counter_signature_of=identity, content=None, observations=seen)
            yield from self._over(counter, own, depth + 1)


def _with_nested(stamp: TimestampEvidence, over: Sequence[SignatureEvidence]) -> TimestampEvidence:
    """What covers a counter-signature covers those over it: they stand inside."""
    inside = (one.id for one in over if any(one.id.startswith(f"{outer}/") for outer in stamp.covers[2:]))
    return replace(stamp, covers=(*stamp.covers, *inside))


@dataclass(frozen=True, slots=True)
class _Memory:
    """Digests of octets in memory, by name."""

    octets: bytes

    def __call__(self, algorithm: str) -> bytes | None:
        if algorithm not in COMPUTABLE:
            return None
        return hashlib.new(algorithm, self.octets, usedforsecurity=False).digest()


def _content(digests: Mapping[str, bytes]) -> ContentDigest | None:
    """SHA-256 of the data object (binding.md §1)."""
    return ContentDigest(digests["sha256"].hex(), None) if "sha256" in digests else None


def _wanted(parsed: cms.SignedData) -> tuple[str, ...]:
    """Every algorithm that some signature or timestamp needs the digest of the content under."""
    names = ["sha256"]
    for signer in parsed.signers:
        names.append(signer.digest_algorithm)
        tokens = (*signer.signed(attributes.CONTENT_TIMESTAMP), *cades_archive.tokens_v3(signer))
        names += [imprint[0] for one in tokens if (imprint := opened(one).imprint) is not None]
    return tuple(dict.fromkeys(names))


# 2.
def _chosen(
    parsed: cms.SignedData, detached: Sequence[Document], wanted: Sequence[str]
) -> tuple[Document, dict[str, bytes]] | None:
    """Of the contents handed in the one that a signature is over; a single one also where it is not."""
    declared = {(one.digest_algorithm, one.message_digest) for one in parsed.signers}
    for document in detached:
        found = whole_digests(document, wanted)
        if declared & set(found.items()) or len(detached) == 1:
            return document, found
    return None


def _mismatch(inside: Mapping[str, bytes], detached: Sequence[Document]) -> tuple[Reference, ...]:
    """Content inside that is none of those handed in: who gave them believes that they are signed."""
    own = inside["sha256"]
    if not detached or any(bytes.fromhex(one.sha256) == own for one in detached):
        return ()
    return (Reference(detached[0].name, "content", "sha256", own, bytes.fromhex(detached[0].sha256)),)
