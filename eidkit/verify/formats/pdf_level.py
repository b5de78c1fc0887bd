"""What kind of PDF signature its dictionary and its CMS make it: where its level begins (:mod:`eidkit.verify.levels`).

Baseline (EN 319 142-1 §6.3, B-B); extended (EN 319 142-2: PAdES-BES and PAdES-EPES, an ETSI signature that breaks a
rule of the baseline); PKCS7 (ISO 32000-1 §12.8.3.3); or none of these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit.asn1 import attributes, cms, der
from eidkit.pdf.syntax import member

if TYPE_CHECKING:
    from typing import Any

    from eidkit.verify.levels import Kind

_ETSI = "/ETSI.CAdES.detached"
_DETACHED = "/adbe.pkcs7.detached"
_SHA1 = "/adbe.pkcs7.sha1"
_ID_DATA = der.encode_oid(cms.DATA)
_ONCE = frozenset(
    {
        attributes.SIGNING_TIME, attributes.COMMITMENT_TYPE, attributes.SIGNATURE_POLICY, attributes.CONTENT_HINTS,
        attributes.MIME_TYPE, attributes.SIGNER_LOCATION,
    }
)  # fmt: skip


def kind_of(value: Any, container: cms.SignedData | None) -> Kind:
    """The kind of the signature with the dictionary ``value`` and that CMS."""
    subfilter = str(member(value, "/SubFilter") or "")
    if container is None or len(container.signers) != 1 or subfilter not in {_ETSI, _DETACHED, _SHA1}:
        return "PDF-NOT-ETSI"
    signer = container.signers[0]
    if subfilter == _SHA1:
        return "PKCS7" if container.e_content is not None and container.certificates else "PDF-NOT-ETSI"
    if container.e_content is not None or signer.message_digest is None:
        return "PDF-NOT-ETSI"
    if subfilter == _DETACHED:
        return "PKCS7" if container.certificates else "PDF-NOT-ETSI"
    if not _extended(value, container, signer):
        return "PDF-NOT-ETSI"
    if _baseline(value, signer):
        return "PAdES-B"
    reason = member(value, "/Reason") is not None
    return "PAdES-EPES" if signer.signed(attributes.SIGNATURE_POLICY) and not reason else "PAdES-BES"


def _extended(value: Any, container: cms.SignedData, signer: cms.SignerInfo) -> bool:
    """EN 319 142-2 §4: what every ETSI signature has; a reason and a commitment exclude each other."""
    counted = {oid: sum(one.oid == oid for one in signer.signed_attributes) for oid in _ONCE}
    v1, v2 = (len(signer.signed(oid)) for oid in (attributes.SIGNING_CERTIFICATE, attributes.SIGNING_CERTIFICATE_V2))
    present = all(member(value, key) is not None for key in ("/Filter", "/ByteRange"))
    if member(value, "/Reason") is not None and counted[attributes.COMMITMENT_TYPE]:
        return False
    return present and bool(container.certificates) and v1 + v2 == 1 and max(counted.values()) <= 1


def _baseline(value: Any, signer: cms.SignerInfo) -> bool:
    """EN 319 142-1 §6.3: the time stands in the dictionary alone, and no reason beside a signature policy."""
    content = signer.signed(attributes.CONTENT_TYPE)
    stated = member(value, "/Reason") is not None and signer.signed(attributes.SIGNATURE_POLICY)
    return (
        member(value, "/M") is not None
        and not signer.signed(attributes.SIGNING_TIME)
        and content == (_ID_DATA,)
        and not stated
    )
