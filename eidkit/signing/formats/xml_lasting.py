"""An XML document made to last: XAdES B-LT and B-LTA of each of its signatures, and each renewal.

1. B-T where nothing proves the time yet: a SignatureTimeStamp (EN 319 132-1 §5.3).
2. B-LT: each signature gets what it lacks itself, because nothing in an XML document serves them all: behind a
   timestamp what that one needs (TimeStampValidationData, §5.5.1), then CertificateValues and RevocationValues (§5.4);
   where these stand there already, what is missing goes into AnyValidationData.
3. B-LTA: each gets an ArchiveTimeStamp of 1.4.1 over its signed objects, its parts and every property before it
   (§5.5.2.2).

Whole properties are put behind those that are there; not one octet outside them changes.  What a counter-signature
needs is put into the signature that it stands in, because that one's archive timestamps cover it.  What was written
is read again: no reference and no earlier timestamp may have come to something else.
Source: ETSI EN 319 132-1 §5.3 to §5.5, §6.3.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from eidkit.errors import SigningError, Text
from eidkit.signing.formats.xml import with_unsigned
from eidkit.verify.formats import xml as reading_xml
from eidkit.xml import names, parse, placement, properties, references, splice, stamps, templates
from eidkit.xml import signature as reading
from eidkit.xml.canonical import EXCLUSIVELY

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from typing import Literal

    from lxml.etree import _Element

    from eidkit.document import Document
    from eidkit.signing.formats import Stamper
    from eidkit.signing.lasting import Needed
    from eidkit.signing.settling import Additions
    from eidkit.verify.evidence import Evidence, SignatureEvidence
    from eidkit.xml.parse import Tree


@dataclass(frozen=True, slots=True)
class XmlLasting:
    """An XML document opened to be preserved, and the contents that stand beside it."""

    document: Document
    detached: tuple[Document, ...]

    @classmethod
    def of(cls, document: Document, detached: Sequence[Document]) -> XmlLasting:
        """``document``; :class:`eidkit.errors.DocumentError` for another encoding than UTF-8."""
        splice.require_utf8(parse.load(document))
        return cls(document, tuple(detached))

    def evidence(self) -> Evidence:
        """As in :class:`eidkit.signing.formats.Lasting`."""
        return reading_xml.read(self.document, detached=self.detached)

    # 1.
    def proved(self, unproved: Collection[str], stamper: Stamper) -> Document:
        """A signature timestamp on each of these signatures."""
        tree = parse.load(self.document)
        resolver = references.Resolver(tree)
        evidence = self.evidence()
        added: dict[_Element, str] = {}
        for one, element in zip(evidence.signatures, tree.signatures, strict=True):
            if one.id in unproved:
                parts = reading.read(element)
                octets = stamps.canonical_value(parts, EXCLUSIVELY, resolver)
                token = stamper.token(hashlib.new(stamper.digest, octets).digest())
                added[_qualifying(self.document.name, parts)] = templates.signature_timestamp(token)
        return self._with(tree, added, evidence)

    # 2.
    def filled(self, needed: Needed, original: Evidence) -> Document:
        """What each signature lacks, in properties of its own."""
        tree = parse.load(self.document)
        found = dict(zip(tree.signatures, original.signatures, strict=True))
        added: dict[_Element, str] = {}
        for element, one in found.items():
            if placement.counter_signed(element) is None:
                inside = [found[each].id for each in element.iter(names.SIGNATURE) if each is not element]
                qualifying = _qualifying(self.document.name, reading.read(element))
                if text := _validation_data(qualifying, one.id, inside, needed):
                    added[qualifying] = text
        return self._with(tree, added, original)

    # 3.
    def sealed(self, needed: Needed, original: Evidence, stamper: Stamper) -> Document:
        """The same, and an archive timestamp in each signature that stands in no other."""
        filled = XmlLasting(self.filled(needed, original), self.detached)
        tree = parse.load(filled.document)
        resolver = references.Resolver(tree, reading_xml.contents(self.detached))
        added = {}
        for element in tree.signatures:
            if placement.counter_signed(element) is None:
                parts = reading.read(element)
                qualifying = _qualifying(self.document.name, parts)
                self._check_room(qualifying)
                token = stamper.token(self._imprint(parts, qualifying, resolver, stamper.digest))
                added[qualifying] = templates.archive_timestamp(token)
        return filled._with(tree, added, filled.evidence())

    def _imprint(
        self, parts: reading.SignatureParts, qualifying: _Element, resolver: references.Resolver, digest: str
    ) -> bytes:
        found = [(reference, resolver.outcome(reference, parts.element)) for reference in parts.references]
        before = list(properties.unsigned(qualifying))
        pieces = stamps.archived(parts, found, before, EXCLUSIVELY, stamps.Hashing(resolver))
        imprint = pieces.digest(digest) if pieces is not None else None
        if imprint is None:
            raise self._refused(
                "xml-content-missing",
                Text("what a signature is about was not given", "thiếu nội dung được ký"),
                Text("give the signed content: detached= (--detached FILE)", "cung cấp nội dung được ký: detached="),
            )
        return imprint

    def _check_room(self, qualifying: _Element) -> None:
        """More timestamps or properties than are read would prove nothing."""
        tokens = sum(1 for _ in qualifying.iter("{*}EncapsulatedTimeStamp"))
        if tokens >= stamps.MAX_TIMESTAMPS or len(properties.unsigned(qualifying)) >= properties.MAX_PROPERTIES:
            raise self._refused(
                "xml-archive-timestamps",
                Text("a signature has as many timestamps as are read", "một chữ ký đã có quá nhiều dấu thời gian"),
                Text("have the whole file time-stamped anew", "đóng dấu thời gian lại cho cả tệp"),
            )

    def _with(self, tree: Tree, added: Mapping[_Element, str], before: Evidence) -> Document:
        """The document with these properties, once it is sure that they harm nothing that was there."""
        if not added:
            return self.document
        made = with_unsigned(self.document, tree, added)
        after = reading_xml.read(made, detached=self.detached)
        if not all(map(_unharmed, before.signatures, after.signatures)):
            raise self._refused(
                "xml-covered",
                Text(
                    "another signature or timestamp covers one of its signatures and would break",
                    "chữ ký hoặc dấu thời gian khác bao phủ một chữ ký và sẽ bị hỏng",
                ),
                Text("keep its validation data beside the file", "lưu dữ liệu kiểm tra bên cạnh tệp"),
            )
        return made

    def _refused(self, code: str, why: Text, remedy: Text) -> SigningError:
        name = self.document.name
        problem = Text(f"{name} cannot be preserved: {why.en}", f"không lưu trữ được {name}: {why.vi}")
        return SigningError(code, problem, remedy, kind="caller")


def _qualifying(name: str, parts: reading.SignatureParts) -> _Element:
    """The properties that are added to; those of old versions of XAdES have no place for the new ones."""
    found = properties.qualifying_of(parts)
    if found is None or names.namespace(found.tag) != names.XADES132:
        raise SigningError(
            "xml-not-xades",
            Text(
                f"{name} holds a signature that has no properties of XAdES 1.3.2 to add to",
                f"{name} có chữ ký không có thuộc tính XAdES 1.3.2",
            ),
            Text("keep its validation data beside the file", "lưu dữ liệu kiểm tra bên cạnh tệp"),
        )
    return found


def _validation_data(qualifying: _Element, identity: str, inside: Sequence[str], needed: Needed) -> str:
    """2. What the signature lacks; ``inside`` are the counter-signatures that stand in it."""
    portion = needed.portions[identity]
    has = {names.local(element.tag) for element in properties.unsigned(qualifying)}
    placed = replace(
        portion.own,
        certificates=() if "CertificateValues" in has else portion.own.certificates,
        crls=() if "RevocationValues" in has else portion.own.crls,
        ocsps=() if "RevocationValues" in has else portion.own.ocsps,
    )
    loose = portion.own
    for one in inside:
        loose = loose.joined(needed.portions[one].own).joined(needed.portions[one].stamps)
    return (
        _data("TimeStampValidationData", portion.stamps)
        + templates.certificate_values(placed.certificates)
        + templates.revocation_values(placed.crls, placed.ocsps)
        + _data("AnyValidationData", loose.without(placed).without(portion.stamps))
    )


def _data(name: Literal["TimeStampValidationData", "AnyValidationData"], data: Additions) -> str:
    return templates.validation_data(name, data.certificates, data.crls, data.ocsps)


def _unharmed(before: SignatureEvidence, after: SignatureEvidence) -> bool:
    """Whether what a signature and its timestamps were about has stayed the same."""
    kept = after.timestamps[: len(before.timestamps)]
    then, now = ([(one.token, one.imprints) for one in stamps] for stamps in (before.timestamps, kept))
    return (before.value, before.references, then) == (after.value, after.references, now)
