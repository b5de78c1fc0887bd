"""From a CMS signature to SignatureEvidence, for every container that holds one (PDF, CAdES).

The facts, in order (RFC 5652 §5.4, §11; ETSI EN 319 122-1 §5):

1. exactly one signer, with signed attributes, and no content of its own in a detached signature; without signed
   attributes only where the content is the 20 octets of a SHA-1 digest (adbe.pkcs7.sha1, ISO 32000-1 §12.8.3.3),
   which are too few to be attributes and so cannot be passed off as such;
2. the message-digest attribute against the digest of the content: one reference;
3. the signing-certificate attributes, the unprotected hint, the candidate certificates and revocation data;
4. claims: signing time, roles, commitments, our own assertion;
5. timestamps: over the signature value, and over the content.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eidkit.algorithms import DIGEST_BY_NAME, digests_of
from eidkit.asn1 import attributes, cms, der, tsp
from eidkit.asn1.attribute_rules import NO_SIGNED_ATTRIBUTES, malformed
from eidkit.errors import EidkitError
from eidkit.findings import Observation, observed
from eidkit.verify.evidence import CertificateReference, Reference, SignatureEvidence, TimestampEvidence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from typing import Literal

MAX_TIMESTAMPS = 32
MAX_INDEFINITE = 512 * 1024
MAX_INDEFINITE_ITEMS = 100_000
_SHA1_OCTETS = 20
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Container:
    """The CMS found in a hole: its octets without padding, parsed when it could be; ``problems`` tell why not."""

    octets: bytes
    parsed: cms.SignedData | None
    problems: tuple[Observation, ...] = ()

    @property
    def signer(self) -> cms.SignerInfo | None:
        """The only signer."""
        return self.parsed.signers[0] if self.parsed is not None and len(self.parsed.signers) == 1 else None

    @property
    def digest_algorithm(self) -> str:
        """The signer's digest algorithm (name, or the unknown OID)."""
        return self.signer.digest_algorithm if self.signer is not None else _UNKNOWN

    @property
    def imprint(self) -> tuple[str, bytes] | None:
        """Digest name and imprint, if the content is a TSTInfo."""
        if self.parsed is None or self.parsed.content_type != cms.TST_INFO or self.parsed.e_content is None:
            return None
        try:
            info = tsp.parse_info(self.parsed.e_content)
        except EidkitError:
            return None
        return info.algorithm, info.imprint


def opened(contents: bytes) -> Container:
    """The CMS at the beginning of ``contents``, which only zero octets may follow."""
    try:
        octets, parsed = _parsed(contents)
    except EidkitError as error:
        return Container(contents, None, (observed("FORMAT_FAILURE", why=error.problem),))
    problems = (
        [malformed("other octets follow the CMS", "có dữ liệu thừa sau CMS")]
        if contents[len(octets) :].strip(b"\x00")
        else []
    )
    if len(parsed.signers) != 1:
        count = len(parsed.signers)
        problems.append(malformed(f"{count} signers where exactly one belongs", f"có {count} người ký thay vì một"))
    return Container(octets, parsed, tuple(problems))


def _parsed(contents: bytes) -> tuple[bytes, cms.SignedData]:
    if contents[1:2] != b"\x80":
        octets = der.read(contents).raw
        return octets, cms.parse(octets)
    # BER without a length: the zeros of its end marks look like padding, so that only a walk tells them apart.
    octets = contents[: der.end_of(contents, 0, len(contents), der.Budget(MAX_INDEFINITE_ITEMS))]
    if len(octets) > MAX_INDEFINITE:
        raise der.DerError(f"an indefinite length over more than {MAX_INDEFINITE} octets")
    return octets, cms.parse(octets)


def signature_from_cms(
    container: Container,
    *,
    id: str,  # noqa: A002  # the evidence's own word
    format: Literal["pdf", "cms"],  # noqa: A002  # likewise
    content_digest: Callable[[str], bytes | None],
    content_name: str,
    digest_inside: bool = False,
    signing_time: datetime | None = None,
) -> SignatureEvidence:
    """The facts about the one signature in ``container``.

    ``content_digest`` gives the digest of the detached content by algorithm name, None when it was not found.
    ``digest_inside`` tells that the container's own content is the SHA-1 of the document (adbe.pkcs7.sha1).
    ``signing_time`` is what the container around the CMS claims; a signed time counts before it.  The level is
    left to the caller.
    """
    signer, parsed = container.signer, container.parsed
    if signer is None or parsed is None:
        return _empty(container, id, format)
    direct = _signs_digest(container) if digest_inside else None
    seen = [*container.problems, *(one for one in signer.observations if not direct or one != NO_SIGNED_ATTRIBUTES)]
    if signer.algorithm is not None and signer.algorithm.name == "ed448" and signer.digest_algorithm in DIGEST_BY_NAME:
        seen.append(
            malformed("Ed448 with another digest than SHAKE256 (RFC 8419 §3.1)", "Ed448 không dùng SHAKE256 (RFC 8419)")
        )
    if parsed.e_content is not None and not digest_inside:
        seen.append(malformed("a detached signature with content of its own", "chữ ký tách rời lại mang nội dung"))
    references = _references(container, content_digest, content_name, digest_inside=digest_inside)
    claims = _Claims(signer, seen)
    return SignatureEvidence(
        id=id,
        format=format,
        level="CMS",
        signed_octets=direct or signer.sorted_octets,
        value=signer.signature,
        algorithm=signer.algorithm.name if signer.algorithm is not None else signer.signature_oid,
        salt_length=signer.salt_length,
        digest_algorithm=signer.digest_algorithm,
        references=references,
        signer_hint=signer.issuer_serial,
        certificate_references=claims.certificate_references,
        certificates=parsed.certificates,
        crls=parsed.crls,
        ocsps=parsed.ocsps,
        signing_time=claims.signing_time or signing_time,
        claimed_roles=claims.roles,
        commitments=claims.commitments,
        assertions=claims.assertions,
        timestamps=_timestamps(id, signer, content_digest, content_name),
        scope=_scope(references),
        observations=tuple(dict.fromkeys(seen)),
    )


def _empty(container: Container, identity: str, kind: Literal["pdf", "cms"]) -> SignatureEvidence:
    return SignatureEvidence(
        id=identity, format=kind, level="CMS", signed_octets=b"", value=b"", algorithm=_UNKNOWN, salt_length=None,
        digest_algorithm=_UNKNOWN, references=(), signer_hint=None, certificate_references=(), certificates=(),
        observations=container.problems,
    )  # fmt: skip


# 2.
def _references(
    container: Container, content_digest: Callable[[str], bytes | None], name: str, *, digest_inside: bool
) -> tuple[Reference, ...]:
    signer, parsed = container.signer, container.parsed
    direct = _signs_digest(container) if digest_inside else None
    if direct is not None:
        return (Reference(name, "content", "sha1", direct, content_digest("sha1")),)
    declared = signer.message_digest if signer is not None else None
    if signer is None or parsed is None or declared is None:
        return ()
    if not digest_inside or parsed.e_content is None:
        return (Reference(name, "content", signer.digest_algorithm, declared, content_digest(signer.digest_algorithm)),)
    inner = _digest(signer.digest_algorithm, parsed.e_content)
    return (
        Reference(name, "content", "sha1", parsed.e_content, content_digest("sha1")),
        Reference("the digest inside the signature", "other", signer.digest_algorithm, declared, inner),
    )


def _signs_digest(container: Container) -> bytes | None:
    """The SHA-1 digest that the container holds and that is signed as it stands; None when it is another form."""
    signer, parsed = container.signer, container.parsed
    if signer is None or parsed is None or signer.signed_octets or parsed.content_type != cms.DATA:
        return None
    return parsed.e_content if parsed.e_content is not None and len(parsed.e_content) == _SHA1_OCTETS else None


def _scope(references: tuple[Reference, ...]) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (one.name, one.algorithm, one.computed.hex())
        for one in references
        if one.kind == "content" and one.computed is not None
    )


def _digest(algorithm: str, data: bytes) -> bytes | None:
    try:
        return hashlib.new(algorithm, data, usedforsecurity=False).digest() if algorithm in DIGEST_BY_NAME else None
    except ValueError:
        return None


# 3., 4.
class _Claims:
    """The signed attributes' values, an unreadable one observed and left out."""

    def __init__(self, signer: cms.SignerInfo, seen: list[Observation]) -> None:
        self._seen = seen
        signed = signer.signed_attributes
        self.certificate_references: tuple[CertificateReference, ...] = ()
        self.signing_time: datetime | None = None
        self.roles: tuple[str, ...] = ()
        self.commitments: tuple[str, ...] = ()
        self.assertions: tuple[str, ...] = ()
        with self._reading("signing-certificate"):
            self.certificate_references = tuple(
                CertificateReference(one.algorithm, one.digest, one.issuer_serial)
                for one in (*attributes.certificate_ids(signed), *attributes.further_certificate_ids(signed))
            )
        with self._reading("signing-time"):
            self.signing_time = attributes.claimed_time(signed)
        with suppress(EidkitError, IndexError, ValueError):  # roles are only claimed; old encodings vary
            self.roles = attributes.claimed_roles(signed)
        with self._reading("commitment-type-indication"):
            self.commitments = attributes.commitments(signed)
        if len(self.commitments) > 1:
            seen.append(observed("COMMITMENTS_SEVERAL", count=len(self.commitments)))
        with self._reading("signed-assertion"):
            self.assertions = attributes.assertions(signed)

    @contextmanager
    def _reading(self, name: str) -> Iterator[None]:
        try:
            yield
        except (EidkitError, IndexError, ValueError):
            self._seen.append(malformed(f"the {name} attribute cannot be read", f"không đọc được thuộc tính {name}"))


# 5.
def _timestamps(
    identity: str, signer: cms.SignerInfo, content_digest: Callable[[str], bytes | None], content_name: str
) -> tuple[TimestampEvidence, ...]:
    tokens = signer.unsigned(attributes.SIGNATURE_TIMESTAMP)[:MAX_TIMESTAMPS]
    found = []
    for number, token in enumerate(tokens, 1):
        name = f"{identity}/timestamp-{number}"
        again = (observed("TIMESTAMP_REPEATED", name),) if token in tokens[: number - 1] else ()
        found.append(
            TimestampEvidence(name, "signature", token, digests_of(signer.signature), (identity,), observations=again)
        )
    for number, token in enumerate(signer.signed(attributes.CONTENT_TIMESTAMP)[:MAX_TIMESTAMPS], 1):
        imprint = opened(token).imprint
        digest = content_digest(imprint[0]) if imprint is not None else None
        known = ((imprint[0], digest),) if imprint is not None and digest is not None else ()
        found.append(
            TimestampEvidence(f"{identity}/content-timestamp-{number}", "content", token, known, (content_name,))
        )
    return tuple(found)
