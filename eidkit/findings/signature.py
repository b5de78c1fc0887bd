"""The signature itself: its structure, its value, what it is over."""

from __future__ import annotations

from eidkit.findings.rows import ASK_AGAIN, NEW_SIGNATURE, Row, failed, indeterminate, warning

ROWS: tuple[Row, ...] = (
    failed(
        "HASH_FAILURE",
        "HASH_FAILURE",
        "{what} was changed after signing",
        "{what} đã bị thay đổi sau khi ký",
        *ASK_AGAIN,
    ),
    failed(
        "SIG_CRYPTO_FAILURE",
        "SIG_CRYPTO_FAILURE",
        "the signature value does not belong to this certificate and content",
        "giá trị chữ ký không khớp với chứng thư số và nội dung",
        *ASK_AGAIN,
    ),
    failed(
        "FORMAT_FAILURE",
        "FORMAT_FAILURE",
        "the signature is malformed: {why}",
        "chữ ký sai cấu trúc: {why}",
        *NEW_SIGNATURE,
    ),
    failed(
        "COVERAGE_FAILURE",
        "FORMAT_FAILURE",
        "the signature does not cover the file as it should: {why}",
        "chữ ký không bao phủ đúng tệp: {why}",
        *ASK_AGAIN,
    ),
    indeterminate(
        "NO_SIGNING_CERTIFICATE_FOUND",
        "NO_SIGNING_CERTIFICATE_FOUND",
        "the signing certificate is not in the signature",
        "không tìm thấy chứng thư số của người ký",
        "give the signer's certificate with --intermediate",
        "cung cấp chứng thư số của người ký",
    ),
    indeterminate(
        "SIGNER_NOT_BOUND",
        "SIG_CONSTRAINTS_FAILURE",
        "the signature does not name its certificate (no signing-certificate attribute)",
        "chữ ký không ràng buộc với chứng thư số",
        *NEW_SIGNATURE,
    ),
    failed(
        "SIGNING_CERTIFICATE_MISMATCH",
        "SIG_CRYPTO_FAILURE",
        "the signed reference to the signing certificate names another certificate",
        "tham chiếu chứng thư số trong chữ ký không khớp",
        *ASK_AGAIN,
    ),
    indeterminate(
        "ISSUER_SERIAL_MISMATCH",
        "NO_SIGNING_CERTIFICATE_FOUND",
        "the issuer and serial number in the signature are not those of the signing certificate",
        "tên tổ chức cấp và số sê-ri trong chữ ký không khớp với chứng thư của người ký",
        *NEW_SIGNATURE,
    ),
    indeterminate(
        "SIGNED_DATA_NOT_FOUND",
        "SIGNED_DATA_NOT_FOUND",
        "{what} is signed but was not found",
        "không tìm thấy nội dung đã ký {what}",
        "give the signed content as well",
        "cung cấp nội dung đã ký",
    ),
    indeterminate(
        "DOCUMENT_NOT_SEEN",
        "SIGNED_DATA_NOT_FOUND",
        "the document itself was not seen, only its stored evidence",
        "chưa thấy tài liệu gốc, chỉ có chứng cứ đã lưu",
        "give the document beside the evidence",
        "cung cấp tài liệu cùng với chứng cứ",
    ),
    indeterminate(
        "NOT_SUPPORTED",
        "SIG_CONSTRAINTS_FAILURE",
        "this release does not judge {what}",
        "phiên bản này chưa kiểm tra được {what}",
        "use a later release or another validator for this file",
        "dùng phiên bản mới hơn",
    ),
    indeterminate(
        "SIGNED_PROPERTIES_NOT_BOUND",
        "SIG_CONSTRAINTS_FAILURE",
        "the signature does not protect its signed properties: {why}",
        "chữ ký không bảo vệ các thuộc tính đã ký: {why}",
        *NEW_SIGNATURE,
    ),
    warning(
        "KEY_INFO_UNREADABLE",
        "a part of KeyInfo cannot be read: {why}",
        "không đọc được một phần KeyInfo: {why}",
        "give the signer's certificate with --intermediate",
        "cung cấp chứng thư số của người ký",
    ),
    indeterminate(
        "CRYPTO_CONSTRAINTS_FAILURE",
        "CRYPTO_CONSTRAINTS_FAILURE_NO_POE",
        "{what} uses {algorithm}, too weak at {time}",
        "{what} dùng {algorithm}, không đủ mạnh vào {time}",
        *NEW_SIGNATURE,
    ),
    warning(
        "ATTRIBUTE_ORDER",
        "the signed attributes are not in DER order, as their signer left them",
        "các thuộc tính đã ký không theo thứ tự DER",
        "nothing to do; tell the maker of the signing software",
        "không cần làm gì; báo cho nhà cung cấp phần mềm ký",
    ),
    indeterminate(
        "SIG_CONSTRAINTS_FAILURE",
        "SIG_CONSTRAINTS_FAILURE",
        "the policy demands {what}",
        "chính sách yêu cầu {what}",
        *NEW_SIGNATURE,
    ),
)
