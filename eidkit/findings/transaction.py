"""A step's signatures, and its login against the transaction that was due (binding.md §6.1 to §6.3)."""

from __future__ import annotations

from eidkit.findings.rows import ASK_FOLDER, ASK_SERVICE, ASK_STEP, Row, refuted, unproved, warning

ROWS: tuple[Row, ...] = (
    warning(
        "ONLY_STATUS_MISSING",
        "nothing here is contradicted: only revocation answers are missing",
        "không có mâu thuẫn nào: chỉ thiếu dữ liệu thu hồi",
        "give revocation data: --crl FILE, --ocsp FILE, or run without --offline (sources= in Python)",
        "cung cấp CRL hoặc OCSP, hoặc cho phép truy vấn mạng",
    ),
    refuted(
        "STEP_SIGNATURE_FAILED",
        "the signature on {document} does not hold ({sub})",
        "chữ ký trên {document} không hợp lệ ({sub})",
        *ASK_STEP,
    ),
    unproved(
        "STEP_SIGNATURE_UNDECIDED",
        "the signature on {document} could not be confirmed ({sub})",
        "chưa xác nhận được chữ ký trên {document} ({sub})",
        "mend what its own findings name",
        "khắc phục các lỗi nêu ở chữ ký đó",
    ),
    refuted(
        "ASSERTION_MISSING",
        "the signature on {document} carries no login",
        "chữ ký trên {document} không mang chứng nhận đăng nhập",
        *ASK_STEP,
    ),
    refuted(
        "LOGIN_NOT_BOUND",
        "the signature on {document} is not bound to its login",
        "chữ ký trên {document} không ràng buộc với việc đăng nhập",
        *ASK_STEP,
    ),
    unproved(
        "LOGIN_MISSING",
        "the login named by the signature on {document} is not in the folder",
        "thư mục hồ sơ thiếu tệp xác thực mà chữ ký trên {document} nêu",
        *ASK_FOLDER,
    ),
    refuted(
        "ATTESTER_NOT_NAMED",
        "the procedure does not name {attester} as an attesting service",
        "quy trình không nêu {attester} là đơn vị chứng nhận đăng nhập",
        *ASK_SERVICE,
    ),
    refuted("TRANSACTION_DOSSIER", "the login was for another dossier", "việc đăng nhập là cho hồ sơ khác", *ASK_STEP),
    refuted(
        "TRANSACTION_PROCEDURE",
        "the login was for another procedure or another version of it",
        "việc đăng nhập là cho quy trình khác hoặc phiên bản khác",
        "give the procedure that was in force, or have the step approved again",
        "dùng đúng quy trình, hoặc thực hiện lại bước này",
    ),
    refuted(
        "TRANSACTION_STEP",
        "step {expected} was due, the login was for step {found}",
        "đến lượt bước {expected}, nhưng đăng nhập là cho bước {found}",
        *ASK_FOLDER,
    ),
    refuted(
        "TRANSACTION_ROLE",
        "the login was for role {found}, the step demands {expected}",
        "đăng nhập với vai trò {found}, bước này yêu cầu {expected}",
        *ASK_STEP,
    ),
    refuted(
        "TRANSACTION_KIND",
        "the login was for a {found}, the step demands a {expected}",
        "đăng nhập cho {found}, bước này yêu cầu {expected}",
        *ASK_STEP,
    ),
    refuted(
        "TRANSACTION_ACTION",
        "the step has no action {found} with the effect {effect}",
        "bước này không có thao tác {found} với hiệu lực {effect}",
        *ASK_STEP,
    ),
    refuted(
        "TRANSACTION_MAX_AGE",
        "the login was given another age limit than the step has",
        "hạn dùng của việc đăng nhập khác với quy định của bước",
        *ASK_STEP,
    ),
    refuted(
        "TRANSACTION_TEXT",
        "the text shown was not the procedure's text for this action",
        "nội dung hiển thị không đúng văn bản của quy trình",
        *ASK_STEP,
    ),
    refuted(
        "TRANSACTION_DOCUMENTS",
        "the documents shown were {found}, the step demands {expected}",
        "tài liệu được hiển thị là {found}, bước này yêu cầu {expected}",
        *ASK_STEP,
    ),
    refuted(
        "TRANSACTION_MEDIA_TYPE",
        "{document} was shown as another kind of file",
        "{document} được hiển thị với loại tệp khác",
        *ASK_STEP,
    ),
    refuted(
        "TRANSACTION_CONTENT",
        "{document} is not the content that was shown to the person who approved",
        "{document} không phải nội dung đã hiển thị cho người phê duyệt",
        *ASK_FOLDER,
    ),
    refuted(
        "TRANSACTION_PRESENT",
        "{document} holds other signatures than were there when it was approved",
        "{document} chứa các chữ ký khác với lúc được phê duyệt",
        *ASK_FOLDER,
    ),
    refuted(
        "TRANSACTION_SIGNER",
        "the login was for another signing certificate",
        "việc đăng nhập là cho chứng thư ký khác",
        *ASK_STEP,
    ),
    refuted(
        "TRANSACTION_PREVIOUS",
        "the approval does not follow the one before it",
        "phê duyệt này không nối tiếp phê duyệt trước",
        *ASK_FOLDER,
    ),
    unproved(
        "APPEARANCE_NOT_NAMED",
        "the signature shows a stamp on page {page} that the person was not shown",
        "chữ ký hiển thị ở trang {page} nhưng người ký không được trình hình này",
        *ASK_STEP,
    ),
    unproved(
        "APPEARANCE_MISSING",
        "the person was shown a stamp on page {page}, and the signature does not show it",
        "hình chữ ký đã trình ở trang {page} không có trong tài liệu đã ký",
        *ASK_STEP,
    ),
    unproved(
        "APPEARANCE_ELSEWHERE",
        "the stamp stands at another place than the person was shown (page {found}, shown on page {page})",
        "hình chữ ký ở vị trí khác với vị trí đã trình (trang {found}, đã trình ở trang {page})",
        *ASK_STEP,
    ),
    unproved(
        "APPEARANCE_OTHER",
        "the stamp on page {page} says or shows something else than the person was shown",
        "hình chữ ký ở trang {page} có nội dung khác với nội dung đã trình",
        *ASK_STEP,
    ),
    refuted(
        "APPEARANCE_NOT_ALLOWED",
        "the step allows no visible signature, and one was shown",
        "bước này không cho phép hình chữ ký nhưng đã hiển thị",
        *ASK_STEP,
    ),
)
