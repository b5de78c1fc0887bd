"""The documents of a dossier: who signed which, and what they were between the steps (binding.md §6.3)."""

from __future__ import annotations

from eidkit.findings.rows import ASK_FOLDER, ASK_STEP, Row, refuted, unproved, warning

ROWS: tuple[Row, ...] = (
    refuted(
        "DOCUMENT_NOT_SIGNED",
        "{document} was shown but carries no signature of this step",
        "{document} đã hiển thị nhưng không có chữ ký của bước này",
        *ASK_FOLDER,
    ),
    refuted(
        "DOCUMENT_SIGNED_TWICE",
        "{document} carries more than one signature of this step",
        "{document} có nhiều hơn một chữ ký của bước này",
        *ASK_STEP,
    ),
    refuted(
        "DOCUMENT_NOT_SHOWN",
        "{document} carries a signature of this step but was not shown",
        "{document} có chữ ký của bước này nhưng không được hiển thị",
        *ASK_STEP,
    ),
    refuted(
        "SIGNATURE_UNACCOUNTED",
        "a signature on {document} belongs to no step",
        "một chữ ký trên {document} không thuộc bước nào",
        *ASK_FOLDER,
    ),
    refuted(
        "LOGIN_REUSED",
        "one login stands for more than one step, or one step has more than one login",
        "một lần đăng nhập dùng cho nhiều bước, hoặc một bước có nhiều lần đăng nhập",
        *ASK_STEP,
    ),
    refuted(
        "LOGIN_UNUSED",
        "the login of step {step} stands behind no signature",
        "việc đăng nhập của bước {step} không gắn với chữ ký nào",
        *ASK_FOLDER,
    ),
    refuted(
        "DOCUMENT_CHANGED_BETWEEN_STEPS",
        "{document} was changed between the step before and this one, by more than validation data and timestamps",
        "{document} bị thay đổi giữa bước trước và bước này, không chỉ thêm dữ liệu xác thực và dấu thời gian",
        *ASK_FOLDER,
    ),
    refuted(
        "DOCUMENT_CHANGED_AFTER_STEPS",
        "{document} was changed after its last step, by more than validation data and timestamps",
        "{document} bị thay đổi sau bước cuối, không chỉ thêm dữ liệu xác thực và dấu thời gian",
        *ASK_FOLDER,
    ),
    refuted(
        "DOCUMENT_UNKNOWN",
        "{document} is not a document of the procedure",
        "{document} không thuộc quy trình",
        *ASK_FOLDER,
    ),
    warning(
        "DOCUMENT_NEVER_SIGNED",
        "no step of the procedure signs {document}: nothing protects it",
        "không bước nào của quy trình ký {document}: không có gì bảo vệ tài liệu này",
        "let a step of the procedure sign it",
        "để một bước của quy trình ký tài liệu này",
    ),
    refuted(
        "DOCUMENT_DISAPPEARED",
        "{document} was approved but is not in the folder",
        "{document} đã được phê duyệt nhưng không có trong thư mục",
        *ASK_FOLDER,
    ),
    refuted(
        "DOCUMENT_APPEARED",
        "{document} came in before or after the step where the procedure lets it",
        "{document} xuất hiện không đúng bước theo quy trình",
        *ASK_FOLDER,
    ),
    unproved(
        "DOCUMENT_REQUIRED",
        "the procedure demands {document}, and it is not there",
        "quy trình yêu cầu {document} nhưng không có",
        *ASK_FOLDER,
    ),
    refuted("DOCUMENT_UNREADABLE", "{document} cannot be read: {why}", "không đọc được {document}: {why}", *ASK_FOLDER),
    refuted(
        "EARLIER_STATE_DIFFERS",
        "the kept earlier state of {document} is not what step {number} left",
        "bản lưu trước đó của {document} không phải bản mà bước {number} để lại",
        *ASK_FOLDER,
    ),
)
