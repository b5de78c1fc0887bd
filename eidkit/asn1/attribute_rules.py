"""The rules for the signed attributes of a CMS signature: what breaks one is observed, never raised.

Numbers as in :mod:`eidkit.asn1.cms`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit.asn1 import algorithm as identifiers
from eidkit.asn1 import attributes, der
from eidkit.asn1.der import DerError
from eidkit.errors import Text
from eidkit.findings import Observation, observed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eidkit.asn1.attributes import Attribute

_NOT_DER = ("the signed attributes are not in DER", "các thuộc tính đã ký không ở dạng DER")
_SINGLE = {
    attributes.CONTENT_TYPE: "content-type",
    attributes.MESSAGE_DIGEST: "message-digest",
    attributes.SIGNING_TIME: "signing-time",
    attributes.ALGORITHM_PROTECTION: "algorithm-protection",
    attributes.SIGNING_CERTIFICATE: "signing-certificate",
    attributes.SIGNING_CERTIFICATE_V2: "signing-certificate-v2",
    attributes.SIGNER_ATTRIBUTES_V2: "signer-attributes-v2",
}


def malformed(en: str, vi: str) -> Observation:
    """The observation that a signature breaks a rule of its structure, said in English and Vietnamese."""
    return observed("FORMAT_FAILURE", why=Text(en, vi))


NO_SIGNED_ATTRIBUTES = malformed("there are no signed attributes", "không có thuộc tính đã ký")
"""Where content is signed directly, what was signed as attributes can be passed off as content, and the reverse."""


def check_encoding(signed: der.Node, original: bytes, seen: list[Observation], budget: der.Budget) -> None:
    """2.: the attributes, found in ``original``, are DER (X.690 §10, §11.6); a mere order is only a warning.

    ``budget`` is for all signatures of a file: what is not looked at any more does not count as DER.
    """
    if original is not signed.data and original.find(signed.raw) < 0:
        seen.append(malformed(*_NOT_DER))
        return
    order = [child.raw for child in signed.items()]
    try:
        for child in order:
            _check_strict(der.read(child), budget, 0)
    except DerError:
        seen.append(malformed(*_NOT_DER))
    if order != sorted(order):
        seen.append(observed("ATTRIBUTE_ORDER"))


def _check_strict(node: der.Node, budget: der.Budget, depth: int) -> None:
    """Refuse lengths that are not minimal and constructed strings (X.690 §10.1, §10.2)."""
    if depth > der.MAX_DEPTH:
        raise DerError("nested too deep")
    budget.spend()
    length = node.end - node.content_start
    minimal = 2 if length < 0x80 else 2 + (length.bit_length() + 7) // 8
    if node.content_start - node.start != minimal:
        raise DerError("a length that is not minimal")
    if node.tag & der.CONSTRUCTED:
        if node.tag < 0x40 and node.tag not in {der.SEQUENCE, der.SET}:
            raise DerError("a constructed string")
        for child in node.items():
            _check_strict(child, budget, depth + 1)


def check_attributes(found: Sequence[Attribute], content_type: str | None, seen: list[Observation]) -> None:
    """3.: what must be there once is there once, and names the content's type.

    ``content_type`` None: a counter-signature, which must not name one (RFC 5652 §11.4).
    """
    for oid, name in _SINGLE.items():
        values = [one.values for one in found if one.oid == oid]
        if content_type is None and oid == attributes.CONTENT_TYPE:
            if values:
                seen.append(
                    malformed("a counter-signature that names a content type", "chữ ký đối chứng nêu content-type")
                )
        elif not values:
            if oid in {attributes.CONTENT_TYPE, attributes.MESSAGE_DIGEST}:
                seen.append(malformed(f"there is no {name} attribute", f"thiếu thuộc tính {name}"))
        elif len(values) > 1 or len(values[0]) != 1:
            seen.append(
                malformed(
                    f"the {name} attribute does not have exactly one value",
                    f"thuộc tính {name} không có đúng một giá trị",
                )
            )
        elif (
            oid == attributes.CONTENT_TYPE and content_type is not None and values[0][0] != der.encode_oid(content_type)
        ):
            seen.append(
                malformed("the content-type attribute names another type", "thuộc tính content-type nêu loại khác")
            )
        elif oid == attributes.MESSAGE_DIGEST and values[0][0][0] != der.OCTET_STRING:
            seen.append(
                malformed(
                    "the message-digest attribute is not an octet string", "thuộc tính message-digest sai kiểu dữ liệu"
                )
            )


def check_protection(
    found: Sequence[Attribute], digest: der.Node, signature: der.Node, seen: list[Observation]
) -> None:
    """5.: CMSAlgorithmProtection, when there, names the algorithms in use."""
    values = [value for one in found if one.oid == attributes.ALGORITHM_PROTECTION for value in one.values]
    if not values:
        return
    try:
        agrees = _protects(values[0], digest, signature)
    except DerError:
        agrees = False
    if not agrees:
        seen.append(
            malformed("the protected algorithms are not the ones in use", "thuật toán được bảo vệ khác thuật toán dùng")
        )


def _protects(value: bytes, digest: der.Node, signature: der.Node) -> bool:
    parts = der.whole(value).children(limit=2)
    if len(parts) != 2 or parts[1].tag != 0xA1:
        return False
    protected = der.whole(b"\x30" + parts[1].raw[1:])
    return _same_algorithm(parts[0], digest) and _same_algorithm(protected, signature)


def _same_algorithm(one: der.Node, other: der.Node) -> bool:
    """Equal OIDs and parameters; absent and NULL parameters are the same (RFC 5754 §2)."""
    a, b = identifiers.parse(one), identifiers.parse(other)
    return a.oid == b.oid and (a.parameters or der.ENCODED_NULL) == (b.parameters or der.ENCODED_NULL)
