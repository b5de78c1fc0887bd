"""What happened to the document around a signature."""

from __future__ import annotations

from eidkit.findings.rows import ASK_AGAIN, Row, failed, indeterminate, info, warning

ROWS: tuple[Row, ...] = (
    failed(
        "MODIFIED_AFTER_SIGNING",
        "HASH_FAILURE",
        "the document was changed after this signature: {what}",
        "tài liệu bị thay đổi sau chữ ký này: {what}",
        *ASK_AGAIN,
    ),
    indeterminate(
        "UNSIGNED_CONTENT",
        "SIG_CONSTRAINTS_FAILURE",
        "there is content that no signature covers: {what}",
        "có nội dung không được chữ ký nào bao phủ: {what}",
        *ASK_AGAIN,
    ),
    warning(
        "FORM_FILLED_AFTER_SIGNING",
        "form fields were filled after this signature: {what}",
        "biểu mẫu được điền sau chữ ký này: {what}",
        "compare with the file as signed",
        "so sánh với bản đã ký",
    ),
    indeterminate(
        "OWN_REVISION_CHANGED",
        "SIG_CONSTRAINTS_FAILURE",
        "the revision that holds the signature changes more than the signature: {what}",
        "lần cập nhật chứa chữ ký còn thay đổi nội dung khác: {what}",
        *ASK_AGAIN,
    ),
    indeterminate(
        "APPEARANCE_COVERS_CONTENT",
        "SIG_CONSTRAINTS_FAILURE",
        "the visible signature is no stamp that can be drawn again: it may cover other content on page {page}",
        "hình chữ ký không vẽ lại được từ dữ liệu đã ký nên có thể che nội dung ở trang {page}",
        *ASK_AGAIN,
    ),
    warning(
        "APPEARANCE_OVERLAPS",
        "the visible signature reaches over text, another stamp, field or annotation on page {page}; it hides nothing dark",
        "hình chữ ký chồng lên chữ, hình chữ ký, trường hoặc chú thích khác ở trang {page}; phần tối bên dưới vẫn thấy được",
        "look at the page; a seal over a signature is meant to be there",
        "xem lại trang; dấu đóng chùm lên chữ ký là hợp lệ",
    ),
    warning(
        "APPEARANCE_OVER_OTHERS",
        "the visible signature reaches over text or another annotation on page {page} and is not drawn by eidkit: "
        "it may hide or replace what is beneath",
        "hình chữ ký chồng lên chữ hoặc chú thích khác ở trang {page} và không do eidkit vẽ: "
        "có thể che hoặc thay nội dung bên dưới",
        "compare the page with the file as it was before this signature",
        "so sánh trang này với tệp trước khi có chữ ký",
    ),
    indeterminate(
        "SIGNATURE_MISPLACED",
        "SIG_CONSTRAINTS_FAILURE",
        "a ds:Signature stands where none belongs or holds foreign content: {what}",
        "ds:Signature ở sai vị trí hoặc chứa nội dung lạ: {what}",
        *ASK_AGAIN,
    ),
    warning(
        "PARTIAL_SCOPE",
        "the signature covers only a part of this file: {what}",
        "chữ ký chỉ bao phủ một phần tệp: {what}",
        "rely only on what is signed",
        "chỉ tin phần nội dung đã được ký",
    ),
    warning(
        "SPLIT_TEXT",
        "comments that no signature covers stand inside texts of this file",
        "có chú thích không được ký nằm giữa văn bản của tệp",
        "read values without the comments (their canonical form)",
        "đọc giá trị ở dạng chuẩn, bỏ qua chú thích",
    ),
    warning(
        "EVIDENCE_ATTESTATION_REFUSED",
        "the attestation of this evidence does not count: {why}",
        "chứng nhận đối với chứng cứ này không được tính: {why}",
        "give its roots with --attest-trust and --tsa-trust, its answers with --crl or --ocsp, or the document itself",
        "cung cấp gốc (--attest-trust, --tsa-trust), dữ liệu thu hồi (--crl, --ocsp) hoặc chính tài liệu",
    ),
    info(
        "DOCUMENT_ATTESTED",
        "the document itself was not seen; {who} attested on {time} what the evidence says of it",
        "chưa thấy tài liệu gốc; {who} đã chứng nhận nội dung chứng cứ vào {time}",
    ),
    info(
        "NO_SIGNATURE",
        "there is no signature in this document",
        "tài liệu không có chữ ký",
        "ask for the signed copy",
        "yêu cầu bản đã ký",
    ),
)
