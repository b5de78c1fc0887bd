"""The signature level of a PDF, CMS or XML signature, as its structure shows it: no verdict, and nothing is verified.

A judge takes away again what was only put there (:func:`upheld`): a procedure that demands a level means what holds.

1. T: a timestamp over the signature value, or a document timestamp over the signature.
2. LT: the document holds, in a security store, an answer about every certificate that somebody must be asked about:
   those of the signer's chain and of its timestamps' chains up to an anchor, but for the newest document timestamp,
   whose own answers come with the next one.
3. LTA: a document timestamp over the signature, over another timestamp or its own answers, and over an answer about
   each of these certificates.  PAdES-LTV is what that is called where the baseline is not kept.

Without anchors a chain goes on to a certificate that issued itself.
Source: EN 319 142-1 §6.3 (B-T to B-LTA), EN 319 142-2 §5 (PAdES-E-LTV); EN 319 122-1 §6.3 for CMS;
EN 319 132-1 §6.3 for XML.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeVar, get_args

from eidkit.asn1 import crl, name, ocsp
from eidkit.asn1.certificate import readable
from eidkit.errors import EidkitError
from eidkit.timestamps import token as tokens
from eidkit.verify import blocks, horizon

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from eidkit.asn1.certificate import Certificate
    from eidkit.verify.evidence import Evidence, SignatureEvidence, TimestampEvidence

T = TypeVar("T")
Kind = Literal["CAdES-B", "XAdES-B", "PAdES-B", "PAdES-BES", "PAdES-EPES", "PKCS7", "PDF-NOT-ETSI"]
Reached = Literal["B", "T", "LT", "LTA"]
_MAX_CHAIN = 10


def level(kind: Kind, signature: SignatureEvidence, evidence: Evidence, anchors: frozenset[str] = frozenset()) -> str:
    """The level of ``signature``, which is of that ``kind``, in the document that ``evidence`` is about.

    ``anchors`` are the SHA-256 of the certificates at which a chain ends.  Answers that are not in the document
    itself are not to be in ``evidence``.
    """
    if kind == "PDF-NOT-ETSI":
        return kind
    reached = _reached(signature, evidence, anchors)
    if kind in {"PAdES-BES", "PAdES-EPES"}:
        return "PAdES-LTV" if reached == "LTA" else kind
    return f"{kind}-{reached}"


def up_to(anchors: frozenset[str], signature: SignatureEvidence, evidence: Evidence) -> str:
    """The level of ``signature`` where chains end at these anchors, which can only raise it."""
    whole = signature.level
    kind = next((one for one in get_args(Kind) if whole == one or whole in {f"{one}-T", f"{one}-LT"}), None)
    sealed = bool(_seals(signature, evidence))
    if kind is None or not anchors or (whole.endswith("-LT") and not sealed):
        return whole
    return level(kind, signature, horizon.alone(evidence), anchors)


def upheld(
    whole: str,
    signature: SignatureEvidence,
    evidence: Evidence,
    anchors: frozenset[str],
    failed: Collection[str],
    *,
    answered: bool,
) -> str:
    """``whole`` without what was only put there: timestamps that ``failed`` (their ids), answers that settle nothing.

    ``answered``: the status of each certificate of the signer's path is known from the document itself.
    """
    kind = next((one for one in get_args(Kind) if whole in {f"{one}-{end}" for end in get_args(Reached)}), None)
    if kind is None:
        return whole
    if failed:
        own = tuple(stamp for stamp in signature.timestamps if stamp.id not in failed)
        over = tuple(stamp for stamp in evidence.timestamps if stamp.id not in failed)
        without = replace(signature, timestamps=own), replace(horizon.alone(evidence), timestamps=over)
        whole = level(kind, *without, anchors)
    return whole if answered or not whole.endswith(("-LT", "-LTA")) else f"{kind}-T"


def _reached(signature: SignatureEvidence, evidence: Evidence, anchors: frozenset[str]) -> Reached:
    stamps = [stamp for stamp in signature.timestamps if stamp.kind == "signature"]
    seals = _seals(signature, evidence)
    # 1.
    if not stamps and not seals:
        return "B"
    inside = signature.format == "xml" and (signature.crls or signature.ocsps)  # it has no store for the document
    if not (evidence.crls or evidence.ocsps or inside):
        return "T"
    # 2.
    answers = _Answers.within(signature, evidence, (*signature.timestamps, *seals), anchors)
    asked = [answers.about(one) for one in answers.questions(signature, (*stamps, *seals[:-1]))]
    if not asked or not all(asked):
        return "T"
    # 3.
    for number, seal in enumerate(seals):
        own = [] if stamps or number else [answers.about(one) for one in answers.links(seal)]
        if all(found.intersection(seal.holds) for found in (*asked, *own)):
            return "LTA"
    return "LT"


def _seals(signature: SignatureEvidence, evidence: Evidence) -> list[TimestampEvidence]:
    """Document timestamps over the signature, and its archive timestamps.

    Those of a signature that it stands in prove its age, but are no part of its own structure.
    """
    archives = (stamp for stamp in signature.timestamps if stamp.kind == "archive")
    return [*(seal for seal in evidence.timestamps if signature.id in seal.covers), *archives]


@dataclass(frozen=True, slots=True)
class _Answers:
    """The certificates and answers in one document, by what they say of themselves, and where chains end."""

    certificates: tuple[Certificate, ...]
    lists: tuple[tuple[str, crl.Crl], ...]
    responses: tuple[tuple[str, ocsp.OcspResponse], ...]
    anchors: frozenset[str]

    @classmethod
    def within(
        cls,
        signature: SignatureEvidence,
        evidence: Evidence,
        stamps: Sequence[TimestampEvidence],
        anchors: frozenset[str],
    ) -> _Answers:
        """Those of the store, of the signature and of its timestamps."""
        certificates = {*signature.certificates, *evidence.certificates}
        crls, ocsps = {*signature.crls, *evidence.crls}, {*signature.ocsps, *evidence.ocsps}
        for stamp in stamps:
            with suppress(EidkitError):
                parts, _ = tokens.read(stamp.token)
                certificates.update(parts.certificates)
                crls.update(parts.crls)
                ocsps.update(parts.ocsps)
        return cls(
            tuple(readable(sorted(certificates)[: blocks.MAX_CANDIDATES])),
            tuple(_read(crls, crl.parse)),
            tuple(_read(ocsps, ocsp.parse)),
            anchors,
        )

    def questions(self, signature: SignatureEvidence, stamps: Sequence[TimestampEvidence]) -> Iterator[Certificate]:
        """Each certificate that somebody must be asked about, of the signer's chain and of these timestamps'."""
        signer, _ = blocks.identify_signing_certificate(signature, self.certificates)
        own = self._chain(signer) if signer is not None else ()
        yield from dict.fromkeys((*own, *(link for stamp in stamps for link in self.links(stamp))))

    def links(self, stamp: TimestampEvidence) -> Iterator[Certificate]:
        """The same of the chain of one timestamp."""
        with suppress(EidkitError):
            authority, _ = tokens.signer_of(stamp.token, self.certificates)
            if authority is not None:
                yield from self._chain(authority)

    def _chain(self, leaf: Certificate) -> Iterator[Certificate]:
        """``leaf`` and those above it, up to an anchor, one that issued itself or one whose issuer is not here."""
        link: Certificate | None = leaf
        for _ in range(_MAX_CHAIN):
            if link is None or link.self_issued or link.sha256 in self.anchors:
                return
            if not link.ocsp_nocheck:
                yield link
            link = next(self._issuers(link), None)

    def _issuers(self, certificate: Certificate) -> Iterator[Certificate]:
        wanted = certificate.authority_key_identifier
        for one in self.certificates:
            own = one.subject_key_identifier
            if name.same(one.subject, certificate.issuer) and (wanted is None or own is None or own == wanted):
                yield one

    def about(self, certificate: Certificate) -> frozenset[str]:
        """SHA-256 of each answer that names ``certificate`` or, in a list, its issuer."""
        issuers = tuple(self._issuers(certificate))
        lists = (sha256 for sha256, one in self.lists if name.same(one.issuer, certificate.issuer))
        told = (
            sha256
            for sha256, response in self.responses
            if any(single.is_about(certificate, issuer) for single in response.singles for issuer in issuers)
        )
        return frozenset((*lists, *told))


def _read(answers: Iterable[bytes], parse: Callable[[bytes], T]) -> Iterator[tuple[str, T]]:
    """Each answer that can be read, with its SHA-256."""
    for data in answers:
        with suppress(EidkitError):
            yield hashlib.sha256(data).hexdigest(), parse(data)
