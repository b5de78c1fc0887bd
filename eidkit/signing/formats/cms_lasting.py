"""A CMS made to last: CAdES B-LT and B-LTA, and each renewal.

1. B-T where nothing proves the time yet: a signature timestamp, also on a counter-signature, unless an archive
   timestamp covers it already (EN 319 122-1 §5.3).
2. B-LT: certificates, CRLs and OCSP answers go into the bags of the SignedData, as elements of their own; what stands
   there already keeps its octets, because an index of digests may name it (§5.4.1, §5.4.2, §6.3).
3. B-LTA: each signature gets an archive timestamp of version 3, with an index of everything that is there then (§5.5).
   What an earlier one needs went into the bags before, so that the new index lists it.

The content is passed through, never held.  Where an archive timestamp of an early version covers the file as it stands,
all of this is refused by name.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING

from eidkit.asn1 import archive, assembly, attributes, cms, der
from eidkit.errors import EidkitError, SigningError, Text
from eidkit.signing.formats.cms import check_no_old_archive, opened, rewritten
from eidkit.verify.formats import cades
from eidkit.verify.formats.cms import MAX_TIMESTAMPS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from eidkit.asn1.cms import SignerInfo
    from eidkit.asn1.outline import Outline
    from eidkit.document import Document
    from eidkit.signing.formats import Stamper
    from eidkit.signing.lasting import Needed
    from eidkit.verify.evidence import Evidence

_OTHER_ANSWERS = 5
"""The version of a SignedData whose answers are not all CRLs (RFC 5652 §5.1)."""


@dataclass(frozen=True, slots=True)
class CmsLasting:
    """A CMS opened to be preserved, and the contents that stand beside it."""

    document: Document
    file: cades.Opened
    detached: tuple[Document, ...]

    @classmethod
    def of(cls, document: Document, detached: Sequence[Document]) -> CmsLasting:
        """``document`` opened; :class:`SigningError` where nothing may be added to it."""
        file = opened(document)
        check_no_old_archive(document.name, file.parsed.signers)
        return cls(document, file, tuple(detached))

    def evidence(self) -> Evidence:
        """As in :class:`eidkit.signing.formats.Lasting`."""
        return cades.read(self.document, self.detached)

    # 1.
    def proved(self, unproved: Collection[str], stamper: Stamper) -> Document:
        """Signature timestamps on these signatures and counter-signatures."""
        parts = self.file.outline.definite()
        signers = [
            _stamped(raw, f"signature-{number}", unproved, stamper)
            for number, raw in enumerate(archive.elements(parts.signers), 1)
        ]
        return rewritten(self.file.binary, parts, signers).renamed(self.document.name)

    # 2.
    def filled(self, needed: Needed, original: Evidence) -> Document:
        """Certificates and answers in the bags of the SignedData."""
        missing = needed.additions(original)
        if not missing:
            return self.document
        parts = self.file.outline.definite()
        answers = (*missing.crls, *map(cms.encode_answer, missing.ocsps))
        crls = _bag(0xA1, (*archive.elements(parts.crls), *answers))
        version = parts.version
        if missing.ocsps and der.integer(der.read(version)) < _OTHER_ANSWERS:
            version = der.encode_integer(_OTHER_ANSWERS)
        certificates = _bag(0xA0, (*archive.elements(parts.certificates), *missing.certificates))
        changed = replace(parts, version=version, certificates=certificates, crls=crls)
        return rewritten(self.file.binary, changed, [*archive.elements(parts.signers)]).renamed(self.document.name)

    # 3.
    def sealed(self, needed: Needed, original: Evidence, stamper: Stamper) -> Document:
        """The same, and an archive timestamp for each signature."""
        filled = self.filled(needed, original)
        file = opened(filled)
        parts = file.outline.definite()
        content = cades.content_digest(file, self.detached, stamper.digest)
        if content is None:
            raise self._refused(
                "cms-content-missing",
                Text("its content was not given", "thiếu nội dung được ký"),
                Text("give the signed content: detached= (--detached FILE)", "cung cấp nội dung được ký: detached="),
            )
        signers = []
        for signer, raw in zip(file.parsed.signers, archive.elements(parts.signers), strict=True):
            self._check_room(signer)
            stamp = _archive_timestamp(signer, parts, content, stamper)
            signers.append(assembly.signer_with_unsigned(raw, stamp))
        return rewritten(file.binary, parts, signers).renamed(self.document.name)

    def _check_room(self, signer: SignerInfo) -> None:
        """More archive timestamps than are read would prove nothing."""
        if len(signer.unsigned(archive.ARCHIVE_TIMESTAMP_V3)) >= MAX_TIMESTAMPS:
            raise self._refused(
                "cms-archive-timestamps",
                Text(
                    f"a signature has {MAX_TIMESTAMPS} archive timestamps already",
                    f"một chữ ký đã có {MAX_TIMESTAMPS} dấu thời gian lưu trữ",
                ),
                Text("have the whole file time-stamped anew", "đóng dấu thời gian lại cho cả tệp"),
            )

    def _refused(self, code: str, why: Text, remedy: Text) -> SigningError:
        name = self.document.name
        problem = Text(f"{name} cannot be preserved: {why.en}", f"không lưu trữ được {name}: {why.vi}")
        return SigningError(code, problem, remedy, kind="caller")


def _archive_timestamp(signer: SignerInfo, parts: Outline, content: bytes, stamper: Stamper) -> bytes:
    """The attribute: a token over the signature, with an index of all that is there."""
    bags = archive.elements(parts.certificates), archive.elements(parts.crls)
    index = archive.encode_index(stamper.digest, *bags, signer)
    octets = archive.imprinted_v3(parts.content_type, content, signer, index)
    token = stamper.token(hashlib.new(stamper.digest, octets).digest())
    return attributes.attribute(archive.ARCHIVE_TIMESTAMP_V3, archive.with_index(token, index))


def _stamped(signer: bytes, identity: str, unproved: Collection[str], stamper: Stamper) -> bytes:
    """The SignerInfo with a timestamp where its identity is named, and on those over it that no index lists yet."""
    parsed = cms.counter_signer(signer, der.Budget())
    listed = _listed(parsed)
    numbers = count(1)

    def inner(counter: bytes) -> bytes:
        own = f"{identity}/counter-signature-{next(numbers)}"
        return counter if counter in listed else _stamped(counter, own, unproved, stamper)

    if any(one.startswith(f"{identity}/") for one in unproved):
        signer = assembly.signer_with_values(signer, attributes.COUNTER_SIGNATURE, inner)
    if identity not in unproved:
        return signer
    token = stamper.token(hashlib.new(stamper.digest, parsed.signature).digest())
    return assembly.signer_with_unsigned(signer, attributes.attribute(attributes.SIGNATURE_TIMESTAMP, token))


def _listed(signer: SignerInfo) -> frozenset[bytes]:
    """The counter-signatures that an archive timestamp covers; all of them where one cannot be read."""
    forms = [one for one in archive.attribute_forms(signer) if one[0] == attributes.COUNTER_SIGNATURE]
    found: set[bytes] = set()
    for token in signer.unsigned(archive.ARCHIVE_TIMESTAMP_V3):
        try:
            index = archive.index_in(cms.parse(token))
        except EidkitError:
            return frozenset(value for _, value, _ in forms)
        entries = frozenset(index.attributes)
        found.update(
            value for _, value, named in forms if any(archive.digest(index.algorithm, one) in entries for one in named)
        )
    return frozenset(found)


def _bag(tag: int, elements: Iterable[bytes]) -> bytes | None:
    """A bag of these elements, each once; None for an empty one."""
    unique = dict.fromkeys(elements)
    return bytes([tag]) + der.set_of(unique)[1:] if unique else None
