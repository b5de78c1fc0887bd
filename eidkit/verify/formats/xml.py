"""From an XML document to Evidence: every ``ds:Signature`` at any depth, with XAdES where there is XAdES.

The plan of :func:`read`:
1. One bounded parse (:mod:`eidkit.xml.parse`).
2. For each signature: its parts, its canonical SignedInfo, its value (ECDSA r ‖ s as DER), its references,
   each resolved once; what it signs is reported, the rest of the document is not.
3. Its XAdES properties, only as far as one of its references protects them (EN 319 132-1).
4. Its unsigned properties: timestamps with the imprints they must have, certificates and revocation data.
5. Where it stands, and what no signature covers.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from eidkit import algorithms
from eidkit.errors import DocumentError, Text
from eidkit.findings import Observation, observed
from eidkit.verify.evidence import (
    CertificateReference,
    ContentDigest,
    Evidence,
    Reference,
    SignatureEvidence,
)
from eidkit.verify.formats import xml_level, xml_signer, xml_stamps
from eidkit.xml import keys, names, parse, placement, properties, stamps
from eidkit.xml import references as resolving
from eidkit.xml import signature as reading
from eidkit.xml.canonical import NodeSet, canonical

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Literal

    from lxml.etree import _Element

    from eidkit.document import Document
    from eidkit.verify.evidence import TimestampEvidence
    from eidkit.xml.properties import Bound
    from eidkit.xml.references import Outcome, Resolver
    from eidkit.xml.signature import SignatureParts, SignedReference

    Pair = tuple[SignedReference, Outcome]
    Kind = Literal["content", "signed-properties", "other"]
    _Decoded = dict[tuple[_Element, str], tuple[bytes, ...]]

MAX_DETACHED = 100 * 1024 * 1024
MAX_SURROUNDING = 4
"""How many signatures around a counter-signature are searched for what it needs."""
_CONTENT = frozenset(
    {names.ds("Object"), names.ds("Manifest"), names.ds("SignatureProperties"), names.ds("SignatureProperty")}
)
_EMBEDDED = ("EncapsulatedX509Certificate", "EncapsulatedCRLValue", "EncapsulatedOCSPValue")
_SELECTING = frozenset({names.XPATH, names.FILTER2})


def read(document: Document, *, detached: Sequence[Document] = ()) -> Evidence:
    """The Evidence of an XML document; ``detached`` are contents that its references name, found by name.

    Raises :class:`eidkit.errors.DocumentError` for what is not readable XML within the bounds.
    """
    tree = parse.load(document)
    resolver = resolving.Resolver(tree, contents(detached))
    decoded: _Decoded = {}
    found = [_Reading.of(element, number, resolver, decoded) for number, element in enumerate(tree.signatures, start=1)]
    _name_apart(found)
    ids = {each.parts.element: each.id for each in found}
    hiding = _hiding(found, resolver)
    signatures = tuple(each.evidence(ids, document.name, hiding) for each in found)
    evidence = Evidence(
        document.name, document.length, document.sha256, "xml", document_seen=True, signatures=signatures
    )
    levelled = (
        replace(one, level=xml_level.level(each.structure(), one, evidence))
        for each, one in zip(found, signatures, strict=True)
    )
    return replace(evidence, signatures=tuple(levelled))


def contents(detached: Sequence[Document]) -> dict[str, bytes]:
    """What stands beside a signature, by name, each of at most 100 MiB."""
    return {other.name: other.read_bounded(MAX_DETACHED, "detached content") for other in detached}


def _name_apart(found: list[_Reading]) -> None:
    seen: set[str] = set()
    for each in found:
        if each.id in seen:
            repeated = each.id
            while each.id in seen:  # an ID may look like one made here
                each.id = f"{each.id} ({each.number})"
            why = Text(f"two signatures have the ID {repeated}", f"hai chữ ký có cùng ID {repeated}")
            each.note("FORMAT_FAILURE", why=why)
        seen.add(each.id)


def _hiding(found: list[_Reading], resolver: Resolver) -> tuple[str, ...]:
    """5. What could hide behind "every signature is left out", asked only where a signature leaves them out."""
    if not any(each.leaves_out_signatures for each in found):
        return ()
    statements = [each.bound.statements for each in found if each.bound.statements is not None]
    protected = frozenset(said.element for said in statements if said.element is not None)
    return tuple(placement.misplaced(resolver.tree, protected))


@dataclass(slots=True, eq=False)
class _Reading:
    """One signature while it is read; ``found`` are its references, ``listed`` those of its manifests.

    ``identified``: the certificate that it names stands in KeyInfo; ``decoded``: what stands in the properties of
    signatures, decoded once for all that stand in them.
    """

    number: int
    id: str
    parts: SignatureParts
    resolver: Resolver
    found: list[Pair]
    bound: Bound
    decoded: _Decoded
    identified: bool = False
    listed: list[Pair] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)

    @classmethod
    def of(cls, element: _Element, number: int, resolver: Resolver, decoded: _Decoded) -> _Reading:
        """2. and 3."""
        parts = reading.read(element)
        found = [
            (reference, properties.only_own(reference, resolver.outcome(reference, element), parts))
            for reference in parts.references
        ]
        # What a timestamp covers is told by names with a colon, which an ID cannot have.
        identity = parts.id if parts.id and ":" not in parts.id else f"signature-{number}"
        made = cls(number, identity, parts, resolver, found, properties.bound(parts, found), decoded)
        if parts.problem:
            made.note("FORMAT_FAILURE", why=parts.problem)
        if made.bound.why is not None:
            made.note("SIGNED_PROPERTIES_NOT_BOUND", why=made.bound.why)
        for pair in found:
            made.listed += made._manifest(*pair)
        return made

    def note(self, code: str, **values: object) -> None:
        """Keep an observation about this signature."""
        self.observations.append(observed(code, self.id, **values))

    @property
    def leaves_out_signatures(self) -> bool:
        """Whether one of its references leaves out every signature, not only its own."""
        return any(
            outcome.nodes is not None and any(reading.algorithm(t) in _SELECTING for t in reference.transforms)
            for reference, outcome in self.found
        )

    def _manifest(self, reference: SignedReference, outcome: Outcome) -> Iterator[Pair]:
        """The references that a signed manifest lists: each must match too (architecture.md §4, "intact")."""
        apex = outcome.nodes.apex if outcome.nodes is not None else None
        if apex is None or apex.tag != names.ds("Manifest"):
            if reference.type == names.MANIFEST and outcome.nodes is not None:
                self.note("NOT_SUPPORTED", what="a manifest that its reference does not point at")
            return
        try:
            entries = [reading.reference(child) for child in reading.elements(apex)]
        except reading.Malformed as problem:
            self.note("FORMAT_FAILURE", why=f"its manifest: {problem}")
            return
        if len(entries) > reading.MAX_REFERENCES:
            self.note("NOT_SUPPORTED", what=f"a manifest with more than {reading.MAX_REFERENCES} references")
            return
        for entry in entries:
            yield entry, self.resolver.outcome(entry, self.parts.element)

    # ── the evidence ──────────────────────────────────────────────────────────────────────────────────────

    def evidence(self, ids: dict[_Element, str], document_name: str, hiding: tuple[str, ...]) -> SignatureEvidence:
        """The facts of this signature."""
        statements = self.bound.statements or properties.NO_STATEMENTS
        algorithm, salt = self._algorithm()
        value, octets = xml_signer.der_value(algorithm, self.parts.value), self._signed_octets()
        material = keys.material(self.parts.key_info)
        embedded, crls, ocsps = self._embedded()
        candidates = tuple(dict.fromkeys((*material.certificates, *embedded)))
        named = tuple(CertificateReference(c.algorithm, c.digest, c.issuer_serial) for c in statements.certificates)
        signer = xml_signer.signer(material, candidates, named, (algorithm, salt, value, octets))
        if material.problem:
            self.note("KEY_INFO_UNREADABLE", why=material.problem)
        if xml_signer.disagrees(material, signer):
            why = Text("KeyInfo holds a bare key that is not the certificate's", "KeyInfo chứa khóa khác với chứng thư")
            self.note("FORMAT_FAILURE", why=why)
        self.identified = any(xml_signer.is_named(one, named) for one in material.certificates)
        timestamps = tuple(self._timestamps(ids, (*candidates, *crls, *ocsps)))
        references = tuple(self._references())
        counter = self._counter_signature_of(ids)
        self._note_scope(counter, hiding)
        row = algorithms.SIGNATURE_BY_NAME.get(algorithm)
        return SignatureEvidence(
            id=self.id,
            format="xml",
            level="",
            signed_octets=octets,
            value=value,
            algorithm=algorithm,
            salt_length=salt,
            digest_algorithm=(row.digest if row else None) or (references[0].algorithm if references else ""),
            references=references,
            signer_hint=(signer.issuer, signer.serial_octets) if signer else None,
            certificate_references=named,
            certificates=candidates,
            bare_key=xml_signer.bare_key(material, candidates),
            crls=crls,
            ocsps=ocsps,
            signing_time=statements.signing_time,
            claimed_roles=statements.claimed_roles,
            commitments=statements.commitments,
            assertions=statements.assertions,
            timestamps=timestamps,
            content=self._content(),
            scope=tuple(self._scope(document_name)),
            counter_signature_of=counter,
            observations=tuple(dict.fromkeys(self.observations)),
        )

    def _algorithm(self) -> tuple[str, int | None]:
        name, salt = xml_signer.algorithm(self.parts.method)
        if "#hmac-" in name:
            self.note("NOT_SUPPORTED", what="a message authentication code (HMAC): a shared secret names nobody")
        return name, salt

    def _signed_octets(self) -> bytes:
        parts = self.parts
        if parts.signed_info is None:
            return b""
        if parts.canonicalization is None:
            self.note("NOT_SUPPORTED", what=f"the canonicalisation {parts.canonicalization_uri or 'without a name'}")
            return b""
        try:
            return canonical(self.resolver.tree, NodeSet(parts.signed_info, comments=True), parts.canonicalization)
        except DocumentError as error:
            self.note("FORMAT_FAILURE", why=error.problem)
            return b""

    def _references(self) -> Iterator[Reference]:
        for reference, outcome in (*self.found, *self.listed):
            row = algorithms.DIGEST_BY_URI.get(reference.digest_uri)
            if outcome.refused is not None:
                self.note("NOT_SUPPORTED", what=f"{outcome.refused} (reference {reference.uri or 'to the document'})")
            yield Reference(
                reference.uri or "",
                _kind(reference, outcome),
                row.name if row else reference.digest_uri,
                reference.declared,
                outcome.computed,
            )

    def _scope(self, document_name: str) -> Iterator[tuple[str, str, str]]:
        for reference, outcome in (*self.found, *self.listed):
            row = algorithms.DIGEST_BY_URI.get(reference.digest_uri)
            if _kind(reference, outcome) == "content" and outcome.computed is not None and row is not None:
                yield reference.uri or document_name, row.name, outcome.computed.hex()

    def _content(self) -> ContentDigest | None:
        """binding.md §1: only if exactly one Reference is the whole document by exactly the three transforms."""
        exact = [pair for pair in self.found if resolving.is_content_reference(pair[0])]
        if len(exact) != 1:
            return None
        reference, outcome = exact[0]
        if outcome.computed is None or outcome.final is None:
            return None
        if algorithms.DIGEST_BY_URI[reference.digest_uri].name == "sha256":
            return ContentDigest(outcome.computed.hex(), None)
        return ContentDigest(hashlib.sha256(self.resolver.octets(outcome.final)).hexdigest(), None)

    # ── 5. surroundings ───────────────────────────────────────────────────────────────────────────────────

    def _counter_signature_of(self, ids: dict[_Element, str]) -> str | None:
        """Whose SignatureValue this signature signs; standing in another signature's properties is not enough."""
        surrounding = placement.counter_signed(self.parts.element)
        signed = None
        for reference, outcome in self.found:
            apex = outcome.nodes.apex if outcome.nodes is not None else None
            if (
                apex is not None
                and apex.tag == names.ds("SignatureValue")
                and apex.getparent() is not self.parts.element
            ):
                signed = apex.getparent()
            elif reference.type == names.COUNTERSIGNED:
                why = Text(
                    "its counter-signed reference points at no signature value",
                    "tham chiếu ký chồng không trỏ đến giá trị chữ ký nào",
                )
                self.note("FORMAT_FAILURE", why=why)
        if surrounding is not None and signed is not surrounding:
            why = Text(
                "a counter-signature that does not sign the signature that it stands in",
                "chữ ký chồng không ký lên chữ ký chứa nó",
            )
            self.note("FORMAT_FAILURE", why=why)
        counter = signed if signed is not None else surrounding
        return ids.get(counter) if counter is not None else None

    def _note_scope(self, counter: str | None, hiding: tuple[str, ...]) -> None:
        """What else is in the file than what this signature signs."""
        if self.leaves_out_signatures:
            for what in hiding:
                self.note("SIGNATURE_MISPLACED", what=what)
        if self.resolver.tree.has_split_text():
            self.note("SPLIT_TEXT")
        pairs = (*self.found, *self.listed)
        apexes = frozenset(o.nodes.apex for _, o in pairs if o.nodes is not None and o.nodes.apex is not None)
        unsigned = next(placement.unsigned_content(self.parts.element, apexes), None)
        tree = self.resolver.tree
        whole = any(placement.covers_document(tree, outcome.nodes) for _, outcome in self.found)
        if unsigned is not None or not (whole or counter is not None or self.parts.element is tree.root):
            covered = [
                reference.uri or "the document"
                for reference, outcome in pairs
                if _kind(reference, outcome) == "content"
            ]
            self.note("PARTIAL_SCOPE", what=", ".join(covered) or "nothing of it")

    # ── 4. unsigned properties ────────────────────────────────────────────────────────────────────────────

    def _embedded(self) -> tuple[tuple[bytes, ...], ...]:
        """Certificates, lists and OCSP answers in its properties, then in those of the signatures that it stands in.

        Once an archive timestamp covers a counter-signature, what it needs can only be put there.
        """
        around, element = [self.parts], self.parts.element
        while len(around) <= MAX_SURROUNDING and (outer := placement.counter_signed(element)) is not None:
            around, element = [*around, reading.read(outer)], outer
        return tuple(
            tuple(dict.fromkeys(octets for parts in around for octets in self._inside(parts, name)))
            for name in _EMBEDDED
        )

    def _inside(self, parts: SignatureParts, name: str) -> tuple[bytes, ...]:
        key = parts.element, name
        if key not in self.decoded:
            self.decoded[key] = tuple(properties.encapsulated(properties.qualifying_of(parts), name))
        return self.decoded[key]

    def _timestamps(self, ids: dict[_Element, str], candidates: Sequence[bytes]) -> Iterator[TimestampEvidence]:
        qualifying = properties.qualifying_of(self.parts)
        try:
            found = list(stamps.of_signature(self.parts, self.found, self.bound.statements, qualifying, self.resolver))
        except reading.Malformed as problem:
            self.note("FORMAT_FAILURE", why=str(problem))
            return
        made = xml_stamps.Timestamps(self.id, ids, candidates)
        for number, stamp in enumerate(found, start=1):
            if stamp.octets is None and stamp.pieces is None:
                self.note("TIMESTAMP_NOT_JUDGED", kind=stamp.name)
                continue
            yield made.evidence(number, stamp)

    def structure(self) -> xml_level.Structure:
        """What tells its level, once it is read."""
        own = [pair for pair in self.found if pair[0].type not in names.SIGNED_PROPERTIES_TYPES]
        return xml_level.Structure(
            self.bound.statements,
            self.identified,
            tuple(reference.id for reference, _ in own),
            tuple(reference.id for reference, outcome in own if _kind(reference, outcome) == "content"),
            self._unsigned(),
        )

    def _unsigned(self) -> tuple[_Element, ...]:
        try:
            return properties.unsigned(properties.qualifying_of(self.parts))
        except reading.Malformed:  # told where its timestamps are read
            return ()


def _kind(reference: SignedReference, outcome: Outcome) -> Kind:
    if reference.type in names.SIGNED_PROPERTIES_TYPES:
        return "signed-properties"
    apex = outcome.nodes.apex if outcome.nodes is not None else None
    own = apex is not None and names.namespace(apex.tag) in {names.DSIG, *names.XADES} and apex.tag not in _CONTENT
    return "other" if own else "content"
