"""An attestation of Evidence: whom we trust says, with a proved time, what only the file could show.

A statement names the document and the digest of every fact in the Evidence, and of the certificates and answers that
the document holds, but not of the candidates beside it.  Whoever saw the file signs the statement as a detached CMS
signature with a timestamp; like every signature, it can be preserved.

1. The statement is made anew from the Evidence at hand: an altered fact is another statement.
2. Each signature over it is judged as any other (EN 319 102-1 §5.5, §5.6), but its chain must end at an anchor of kind
   *attestation*.
3. It counts when it passes and its time is proved.

Pure: no network, no clock, no format.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from eidkit import algorithms, canonical
from eidkit.canonical import format_time
from eidkit.errors import Text
from eidkit.findings import Finding, finding
from eidkit.trust.store import TrustStore
from eidkit.verify import archival, stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eidkit.verify.basic import Context
    from eidkit.verify.evidence import Evidence, SignatureEvidence
    from eidkit.verify.report import Conclusion

TAG = "eidkit-evidence-1"


def statement_of(evidence: Evidence) -> bytes:
    """What an attestation of ``evidence`` is signed over (RFC 8785 JSON): the document, and the digest of its facts."""
    document = {"name": evidence.name, "length": evidence.length, "sha256": evidence.sha256}
    facts = canonical.digest(TAG, stored.facts(evidence) | {"candidates": stored.own_candidates(evidence)})
    return canonical.dumps({"type": TAG, "document": document, "facts": facts})


def vouched(context: Context) -> tuple[bool, list[Finding]]:
    """Whether the attestation beside the Evidence holds, and what is to be said of it."""
    given = context.evidence.attestation
    if given is None or context.evidence.document_seen:
        return False, []
    conclusions = _judged(context, given)
    for conclusion in conclusions:
        if conclusion and conclusion.time_proved and conclusion.certificate is not None:
            who, time = conclusion.certificate.subject_text, format_time(conclusion.best_signature_time)
            return True, [finding("DOCUMENT_ATTESTED", who=who, time=time)]
    return False, [finding("EVIDENCE_ATTESTATION_REFUSED", why=_why(conclusions))]


def _judged(context: Context, given: Evidence) -> tuple[Conclusion, ...]:
    """2. The signatures over the statement, with the certificates and answers of both."""
    mine, statement = context.evidence, statement_of(context.evidence)
    evidence = replace(
        given,
        document_seen=True,
        signatures=tuple(_over(one, statement) for one in given.signatures),
        certificates=tuple(dict.fromkeys((*given.certificates, *mine.certificates))),
        crls=tuple(dict.fromkeys((*given.crls, *mine.crls))),
        ocsps=tuple(dict.fromkeys((*given.ocsps, *mine.ocsps))),
    )
    attesters = (replace(anchor, kind="signing") for anchor in context.trust.of_kind("attestation"))
    trust = TrustStore((*attesters, *context.trust.of_kind("timestamping")))
    inner = replace(context, evidence=evidence, trust=trust, authentications=())
    return archival.judged(inner)[1]


def _over(signature: SignatureEvidence, statement: bytes) -> SignatureEvidence:
    """1. The signature with the digest of its content computed from the statement."""
    references = tuple(
        replace(one, computed=hashlib.new(one.algorithm, statement).digest())
        if one.kind == "content" and one.algorithm in algorithms.DIGEST_BY_NAME
        else replace(one, computed=None)
        for one in signature.references
    )
    return replace(signature, references=references)


def _why(conclusions: Sequence[Conclusion]) -> Text:
    reasons = [found.message for one in conclusions for found in one.findings if found.severity == "error"]
    if reasons:
        return reasons[0]
    if conclusions:
        return Text("no timestamp proves when it was made", "không có dấu thời gian chứng minh thời điểm lập")
    return Text("it holds no signature", "không có chữ ký")
