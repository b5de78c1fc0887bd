"""The validation objects of ETSI TS 119 102-2, each written once and referred to; the status of a judgement."""

from __future__ import annotations

import base64
import hashlib
from itertools import pairwise
from typing import TYPE_CHECKING

from eidkit import algorithms
from eidkit.canonical import format_time
from eidkit.verify.render.elements import Element, element

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from eidkit.asn1.certificate import Certificate
    from eidkit.findings import Finding
    from eidkit.trust.revocation import Status
    from eidkit.verify.report import Conclusion, TimestampConclusion

PROPER_NAMES = "urn:uuid:23f86ef1-ecfa-44e7-8ffc-619953f9749e#"
"""What comes before every identifier that is ours and not ETSI's."""
_ETSI = "urn:etsi:019102:"


class Objects:
    """The objects of one report, in the order in which they were first referred to; for one thread."""

    def __init__(self) -> None:
        self._written: dict[str, Element] = {}

    def listed(self) -> Element | None:
        """The list of all objects, None when there is none."""
        return element("SignatureValidationObjects", *self._written.values()) if self._written else None

    def certificate(self, certificate: Certificate) -> str:
        """The identifier of a certificate, which is written whole."""
        return self._add("certificate", certificate.sha256, element("base64", _base64(certificate.der)))

    def document(self, name: str, sha256: bytes) -> str:
        """The identifier of the file that was judged, by its digest."""
        key = hashlib.sha256(name.encode("utf-8", "surrogatepass") + sha256).hexdigest()
        return self._add("signedData", key, digested("DigestAlgAndValue", sha256))

    def answer(self, status: Status) -> str | None:
        """The identifier of the CRL or OCSP answer that decided a status, by its digest."""
        if status.source is None or status.source_sha256 is None:
            return None
        digest = digested("DigestAlgAndValue", bytes.fromhex(status.source_sha256))
        return self._add("CRL" if status.source == "crl" else "OCSPResponse", status.source_sha256, digest)

    def timestamp(self, timestamp: TimestampConclusion) -> str:
        """The identifier of a token, which is written whole, with what it proves and its own report."""
        token = timestamp.evidence.token
        key = hashlib.sha256(token).hexdigest()
        if f"timestamp-{key}" in self._written:
            return f"timestamp-{key}"
        status = element("ValidationReport", self.status("SignatureValidationStatus", timestamp))
        return self._add("timestamp", key, element("base64", _base64(token)), _proof(timestamp.time), status)

    def _add(self, kind: str, key: str, representation: Element, *more: Element | None) -> str:
        name = f"{kind}-{key}"
        if name not in self._written:
            self._written[name] = element(
                "ValidationObject", element("ObjectType", f"{_ETSI}validationObject:{kind}"),
                element("ValidationObjectRepresentation", representation), *more, id=name,
            )  # fmt: skip
        return name

    def status(self, name: str, judged: Conclusion | TimestampConclusion, more: Sequence[Finding] = ()) -> Element:
        """Indication and sub-indication, the chain, who was revoked, the algorithms, and every reason."""
        sub = judged.subindication
        findings = (*judged.findings, *more)
        answers = [answer for answer in map(self.answer, judged.statuses) if answer]
        return element(
            name,
            indication(judged.indication),
            element("SubIndication", f"{_ETSI}subindication:{sub}") if sub else None,
            element(
                "AssociatedValidationReportData",
                *self._chain(judged.path),
                *(element("RelatedValidationObject", VOReference=answer) for answer in answers),
                self._revoked(judged),
                self._cryptography(judged),
                reported(message(found.code, found.severity, found.message.en) for found in findings),
            ),
        )

    def _chain(self, path: Sequence[Certificate]) -> Iterator[Element]:
        if not path:
            return
        names = [self.certificate(certificate) for certificate in path]
        anchor = names[-1]
        yield element("TrustAnchor", VOReference=anchor)
        yield element(
            "CertificateChain", element("SigningCertificate", VOReference=names[0]),
            *(element("IntermediateCertificate", VOReference=one) for one in names[1:-1]),
            element("TrustAnchor", VOReference=anchor),
        )  # fmt: skip

    def _revoked(self, judged: Conclusion | TimestampConclusion) -> Element | None:
        """The first revoked certificate from the leaf on; the schema has a place for one."""
        for status, (certificate, _) in zip(judged.statuses, pairwise(judged.path), strict=False):
            answer = self.answer(status)
            if status.revoked_at is not None:
                reason = f"{_ETSI}revocationReason:{status.reason}" if status.reason else None
                return element(
                    "RevocationStatusInformation",
                    element("ValidationObjectId", VOReference=self.certificate(certificate)),
                    element("RevocationTime", format_time(status.revoked_at)),
                    element("RevocationReason", reason) if reason else None,
                    element("RevocationObject", VOReference=answer) if answer else None,
                )
        return None

    def _cryptography(self, judged: Conclusion | TimestampConclusion) -> Element | None:
        """For a signature: its algorithm, and until when its digest may be relied on."""
        row = algorithms.SIGNATURE_BY_NAME.get(getattr(judged.evidence, "algorithm", ""))
        certificate = getattr(judged, "certificate", None)
        if row is None or certificate is None:
            return None
        until = algorithms.DIGEST_BY_NAME[row.digest].until if row.digest else None
        weak = any(found.code.startswith("CRYPTO_CONSTRAINTS_FAILURE") for found in judged.findings)
        return element(
            "CryptoInformation", element("ValidationObjectId", VOReference=self.certificate(certificate)),
            element("Algorithm", row.uri or f"urn:oid:{row.oid}"),
            element("SecureAlgorithm", "false" if weak else "true"),
            element("NotAfter", format_time(until)) if until else None,
        )  # fmt: skip


def indication(said: str) -> Element:
    """The main indication of a verdict."""
    return element("MainIndication", f"{_ETSI}mainindication:{said.lower()}")


def message(code: str, severity: str, sentence: str) -> Element:
    """One reason, as report data whose type names its severity and code."""
    return element(
        "ReportData", element("Type", f"{PROPER_NAMES}{severity}-{code}"), element("Value", f"{code}: {sentence}")
    )


def reported(messages: Iterable[Element]) -> Element | None:
    """The reasons together, None when there is none."""
    told = tuple(messages)
    return element("AdditionalValidationReportData", *told) if told else None


def data(*messages: Element) -> Element | None:
    """Reasons alone, as what is associated with a status."""
    inside = reported(messages)
    return element("AssociatedValidationReportData", inside) if inside else None


def digested(name: str, sha256: bytes) -> Element:
    """A SHA-256 as ETSI writes one."""
    method = element("ds:DigestMethod", Algorithm=str(algorithms.DIGEST_BY_NAME["sha256"].uri))
    return element(name, method, element("ds:DigestValue", _base64(sha256)))


def _proof(time: datetime | None) -> Element | None:
    if time is None:
        return None
    return element("POE", element("POETime", format_time(time)), element("TypeOfProof", f"{_ETSI}poetype:validation"))


def _base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode()
