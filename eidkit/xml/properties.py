"""What XAdES properties say, and whether the signature protects them (EN 319 132-1 §4.3, §5).

Only the SignedProperties element that a Reference of the right Type really points at is read; another one of
the same name, however it got there, says nothing.  Unsigned properties are read from the same
QualifyingProperties and prove nothing by themselves.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from eidkit.algorithms import DIGEST_BY_URI
from eidkit.xml import names
from eidkit.xml.names import ds, local, namespace
from eidkit.xml.references import Outcome
from eidkit.xml.signature import Malformed, algorithm, octets, octets_of, text, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.etree import _Element

    from eidkit.xml.signature import SignatureParts, SignedReference

MAX_PROPERTIES = 400


@dataclass(frozen=True, slots=True)
class NamedCertificate:
    """A certificate digest that a signature names, and issuer and serial (DER of IssuerSerial) where given."""

    algorithm: str
    digest: bytes
    issuer_serial: bytes | None


@dataclass(frozen=True, slots=True)
class SignedStatements:
    """What the protected SignedProperties say."""

    element: _Element | None = None
    signing_time: datetime | None = None
    certificates: tuple[NamedCertificate, ...] = ()
    has_policy: bool = False
    claimed_roles: tuple[str, ...] = ()
    assertions: tuple[str, ...] = ()
    commitments: tuple[str, ...] = ()
    formats: frozenset[str] = frozenset()
    """The References whose DataObjectFormat names a media type."""


NO_STATEMENTS = SignedStatements()


@dataclass(frozen=True, slots=True)
class Bound:
    """The statements of a signature, or why there are none that it protects (``why`` None: it has none at all)."""

    statements: SignedStatements | None
    why: str | None = None


def only_own(reference: SignedReference, outcome: Outcome, parts: SignatureParts) -> Outcome:
    """The outcome; *not found* when a Reference of type SignedProperties points at other ones than this signature's."""
    if reference.type not in names.SIGNED_PROPERTIES_TYPES or outcome.nodes is None:
        return outcome
    apex = outcome.nodes.apex
    holder = apex.getparent() if apex is not None and local(apex.tag) == "SignedProperties" else None
    place = holder.getparent() if holder is not None and local(holder.tag) == "QualifyingProperties" else None
    return outcome if place is not None and place in parts.objects else Outcome(None)


def bound(parts: SignatureParts, found: list[tuple[SignedReference, Outcome]]) -> Bound:
    """The SignedProperties of this very signature that one of its References protects."""
    qualifying = [
        child
        for item in parts.objects
        for child in item
        if local(child.tag) == "QualifyingProperties" and namespace(child.tag) in names.XADES
    ]
    pointing = [(r, o) for r, o in found if r.type in names.SIGNED_PROPERTIES_TYPES]
    if not qualifying and not pointing:
        return Bound(None)
    if len(qualifying) != 1:
        return Bound(None, "there is not exactly one QualifyingProperties")
    own = [child for child in qualifying[0] if local(child.tag) == "SignedProperties"]
    if len(own) != 1:
        return Bound(None, "there is not exactly one SignedProperties")
    if len(pointing) != 1:
        return Bound(None, "not exactly one Reference has the type SignedProperties")
    reference, outcome = pointing[0]
    nodes = outcome.nodes
    # Decoded, its text alone would be protected, and neither what it is the text of nor any attribute.
    decoded = any(algorithm(transform) == names.BASE64 for transform in reference.transforms)
    if nodes is None or nodes.apex is not own[0] or nodes.left_out or decoded or outcome.computed is None:
        return Bound(None, "the Reference of type SignedProperties points elsewhere")
    if outcome.computed != reference.declared:
        return Bound(None, "they were changed after signing")
    target = qualifying[0].get("Target")
    if parts.id is not None and target is not None and target != f"#{parts.id}":
        return Bound(None, "they are about another signature")
    try:
        return Bound(_statements(own[0]))
    except Malformed as problem:
        return Bound(None, str(problem))


def _statements(element: _Element) -> SignedStatements:
    about_signature = child(element, "SignedSignatureProperties")
    about_data = child(element, "SignedDataObjectProperties")
    roles, assertions = _roles(about_signature)
    return SignedStatements(
        element,
        _time(child(about_signature, "SigningTime")),
        tuple(_certificates(about_signature)),
        child(about_signature, "SignaturePolicyIdentifier") is not None,
        roles,
        assertions,
        tuple(_commitments(about_data)),
        frozenset(_formats(about_data)),
    )


def _time(element: _Element | None) -> datetime | None:
    """An xs:dateTime; without a zone it is taken as UTC."""
    if element is None:
        return None
    try:
        moment = datetime.fromisoformat(content(element).strip())
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _certificates(about: _Element | None) -> Iterator[NamedCertificate]:
    for name in ("SigningCertificateV2", "SigningCertificate"):
        for entry in children(child(about, name), "Cert"):
            digested = child(entry, "CertDigest")
            method, value = child(digested, "DigestMethod"), child(digested, "DigestValue")
            if method is None or value is None:
                raise Malformed("a certificate digest without algorithm or value")
            serial = child(entry, "IssuerSerialV2")
            row = DIGEST_BY_URI.get(algorithm(method))
            yield NamedCertificate(
                row.name if row else algorithm(method), octets(value), octets(serial) if serial is not None else None
            )


def _roles(about: _Element | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    roles: list[str] = []
    assertions: list[str] = []
    for name in ("SignerRoleV2", "SignerRole"):
        holder = child(about, name)
        roles += [content(role).strip() for role in children(child(holder, "ClaimedRoles"), "ClaimedRole")]
        for assertion in children(child(holder, "SignedAssertions"), "SignedAssertion"):
            assertions += [_jws(ours) for ours in assertion if ours.tag == f"{{{names.APPROVAL}}}Approval"]
    return tuple(roles), tuple(assertions)


def _jws(ours: _Element) -> str:
    """The attestation inside our element: canonical base64 without white space, nothing else (binding.md §4)."""
    encoded = text(ours)
    try:
        decoded = octets(ours).decode("ascii")
    except UnicodeDecodeError as error:
        raise Malformed("Approval is not an attestation") from error
    if base64.b64encode(decoded.encode()).decode() != encoded:
        raise Malformed("Approval is not canonical base64")
    return decoded


def _commitments(about: _Element | None) -> Iterator[str]:
    for indication in children(about, "CommitmentTypeIndication"):
        identifier = child(child(indication, "CommitmentTypeId"), "Identifier")
        if identifier is not None:
            text = content(identifier).strip()
            yield names.COMMITMENT_BY_URI.get(text) or text.removeprefix("urn:oid:")


def _formats(about: _Element | None) -> Iterator[str]:
    for format_ in children(about, "DataObjectFormat"):
        media_type = child(format_, "MimeType")
        if media_type is not None and content(media_type).strip():
            yield str(format_.get("ObjectReference") or "").removeprefix("#")


# ── unsigned properties ───────────────────────────────────────────────────────────────────────────────────


def unsigned(qualifying: _Element | None) -> tuple[_Element, ...]:
    """The unsigned signature properties, in order."""
    holder = child(child(qualifying, "UnsignedProperties"), "UnsignedSignatureProperties")
    found = tuple(e for e in holder if isinstance(e.tag, str)) if holder is not None else ()
    return found[:MAX_PROPERTIES]


def encapsulated(parent: _Element | None, name: str) -> Iterator[bytes]:
    """The octets of the elements ``name`` (EncapsulatedX509Certificate …) inside, at most 400.

    Malformed ones are left out: what they hold are candidates, and a missing candidate proves nothing.  A comment makes
    none malformed: whoever put it in would hide an answer, such as a revocation, that a timestamp covers.
    """
    if parent is None:
        return
    for element in islice(parent.iter("{*}" + name), MAX_PROPERTIES):
        try:
            yield octets_of(element)
        except Malformed:
            continue


def qualifying_of(parts: SignatureParts) -> _Element | None:
    """The QualifyingProperties of a signature, bound or not."""
    for item in parts.objects:
        for inner in item:
            if local(inner.tag) == "QualifyingProperties" and namespace(inner.tag) in names.XADES:
                return inner
    return None


def content(element: _Element) -> str:
    """The text as its canonical form has it: comments and instructions inside it do not split or hide anything."""
    return text_of(element)


def child(parent: _Element | None, name: str) -> _Element | None:
    """The child of this local name in a XAdES (or, for digests, XML-DSig) namespace; two of them are malformed."""
    if parent is None:
        return None
    wanted, found = _spellings(name), None
    for element in parent:
        if element.tag in wanted:
            if found is not None:
                raise Malformed(f"{name} stands there twice")
            found = element
    return found


def children(parent: _Element | None, name: str) -> list[_Element]:
    """The children of this local name in a XAdES (or, for digests, XML-DSig) namespace."""
    if parent is None:
        return []
    wanted = _spellings(name)
    return [element for element in parent if element.tag in wanted]


@cache
def _spellings(name: str) -> frozenset[str]:
    return frozenset({f"{{{version}}}{name}" for version in (*names.XADES, names.XADES141)} | {ds(name)})
