"""The words of the pages, in English and Vietnamese: one row each; ``{name}`` places are filled by the page."""

from __future__ import annotations

from eidkit.errors import Text

WORDS: dict[str, Text] = {
    # ── the page ─────────────────────────────────────────────────────────────────────────────────────────
    "report": Text("Signature report", "Báo cáo kiểm tra chữ ký"),
    "dossier-report": Text("Dossier report", "Báo cáo kiểm tra hồ sơ"),
    "made-by": Text(
        "Made by eidkit {version}. This page fetches nothing and runs no program; it says what the files proved when "
        "it was made. To be sure, verify the files again.",
        "Do eidkit {version} lập. Trang này không tải gì từ bên ngoài và không chạy chương trình nào; nội dung là "
        "những gì các tệp chứng minh được lúc lập. Để chắc chắn, hãy kiểm tra lại chính các tệp.",
    ),
    "more": Text("and {count} more", "và {count} mục nữa"),
    "none": Text("none", "không có"),
    "unknown": Text("unknown", "không rõ"),
    # ── verdicts: what a person needs to know in one line ──────────────────────────────────────────────────
    "verdict-TOTAL-PASSED": Text("Valid", "Hợp lệ"),
    "verdict-PASSED": Text("Valid", "Hợp lệ"),
    "verdict-COMPLETE": Text("Complete and proved", "Đầy đủ và đã chứng minh"),
    "verdict-INCOMPLETE": Text("Not finished", "Chưa hoàn tất"),
    "verdict-INDETERMINATE": Text("Not decided", "Chưa kết luận được"),
    "verdict-TOTAL-FAILED": Text("Not valid", "Không hợp lệ"),
    "verdict-FAILED": Text("Not valid", "Không hợp lệ"),
    "verdict-NO-SIGNATURE": Text("Not signed", "Chưa được ký"),
    "verdict-NOT-READABLE": Text("Not readable", "Không đọc được"),
    "said-NOT-READABLE": Text(
        "The file was not understood, so nothing in it is proved.", "Không hiểu được tệp nên không chứng minh được gì."
    ),
    "verdict-changed": Text("Valid, but changed after signing", "Hợp lệ, nhưng đã thay đổi sau khi ký"),
    "said-TOTAL-PASSED": Text(
        "{good} of {all} signatures hold, under the anchors and the policy named below.",
        "{good}/{all} chữ ký hợp lệ, theo điểm tin cậy và chính sách nêu dưới đây.",
    ),
    "said-one-TOTAL-PASSED": Text(
        "The signature holds, under the anchors and the policy named below.",
        "Chữ ký hợp lệ, theo điểm tin cậy và chính sách nêu dưới đây.",
    ),
    "said-one-INDETERMINATE": Text(
        "Something that would decide about the signature is missing.",
        "Còn thiếu căn cứ để kết luận về chữ ký.",
    ),
    "said-one-TOTAL-FAILED": Text(
        "The signature does not hold. Do not rely on this document.",
        "Chữ ký không hợp lệ. Không nên tin dùng tài liệu này.",
    ),
    "said-one-changed": Text(
        "The signature holds, but what you see today is not all that was signed: see what was changed.",
        "Chữ ký hợp lệ, nhưng nội dung hiện nay không hoàn toàn là nội dung đã ký: xem phần thay đổi.",
    ),
    "said-PASSED": Text(
        "The timestamp holds, under the anchors and the policy named below.",
        "Dấu thời gian hợp lệ, theo điểm tin cậy và chính sách nêu dưới đây.",
    ),
    "said-INDETERMINATE": Text(
        "{good} of {all} signatures hold. Something that would decide it is missing.",
        "{good}/{all} chữ ký hợp lệ. Còn thiếu căn cứ để kết luận.",
    ),
    "said-stamp-INDETERMINATE": Text(
        "Something that would decide it is missing.",
        "Còn thiếu căn cứ để kết luận.",
    ),
    "said-TOTAL-FAILED": Text(
        "{good} of {all} signatures hold. Do not rely on this document.",
        "{good}/{all} chữ ký hợp lệ. Không nên tin dùng tài liệu này.",
    ),
    "said-FAILED": Text("Do not rely on this timestamp.", "Không nên tin dùng dấu thời gian này."),
    "said-NO-SIGNATURE": Text(
        "There is no signature in this document, so nothing is proved.",
        "Tài liệu không có chữ ký nào nên không chứng minh được gì.",
    ),
    "said-changed": Text(
        "{good} of {all} signatures hold, but what you see today is not all that was signed: see what was changed.",
        "{good}/{all} chữ ký hợp lệ, nhưng nội dung hiện nay không hoàn toàn là nội dung đã ký: xem phần thay đổi.",
    ),
    "said-COMPLETE": Text(
        "Each of the {all} steps was approved by whom the procedure demands; every link was recomputed.",
        "Cả {all} bước đã được đúng người theo quy trình phê duyệt; mọi liên kết đã được tính lại.",
    ),
    "said-INCOMPLETE": Text(
        "{good} of {all} steps are approved, and what was done holds. The procedure is not finished.",
        "{good}/{all} bước đã được phê duyệt và phần đã làm hợp lệ. Quy trình chưa kết thúc.",
    ),
    "said-dossier-INDETERMINATE": Text(
        "{good} of {all} steps are proved. Something that would decide the rest is missing.",
        "{good}/{all} bước đã được chứng minh. Còn thiếu căn cứ cho phần còn lại.",
    ),
    "said-dossier-FAILED": Text(
        "{good} of {all} steps are proved. Something was changed or does not belong: do not rely on this dossier.",
        "{good}/{all} bước được chứng minh. Có nội dung bị sửa hoặc không thuộc hồ sơ: không nên tin dùng hồ sơ này.",
    ),
    "passed": Text("holds", "hợp lệ"),
    "open": Text("not decided", "chưa kết luận"),
    "failed": Text("does not hold", "không hợp lệ"),
    "changed": Text("holds, changed afterwards", "hợp lệ, đã thay đổi sau đó"),
    # ── the facts of a file ──────────────────────────────────────────────────────────────────────────────
    "document": Text("Document", "Tài liệu"),
    "dossier": Text("Dossier", "Hồ sơ"),
    "about": Text("What was checked, and how", "Đã kiểm tra gì, theo cách nào"),
    "sha256": Text("SHA-256 of the document", "SHA-256 của tài liệu"),
    "policy": Text("Policy", "Chính sách"),
    "policy-version": Text("{name}, version {version}", "{name}, phiên bản {version}"),
    "validation-time": Text("Checked as of", "Kiểm tra tại thời điểm"),
    "provable-until": Text("Provable until", "Chứng minh được đến"),
    "not-provable": Text(
        "the verdict does not hold today, so there is no date", "hiện chưa hợp lệ nên không có thời hạn"
    ),
    "no-end": Text("no end is known", "chưa biết thời hạn"),
    "rests-on-more": Text(
        "already today it rests on revocation data beside the document: preserve it",
        "ngay hôm nay đã phải dựa vào dữ liệu thu hồi bên ngoài tài liệu: hãy lưu giữ lâu dài",
    ),
    "format": Text("Format", "Định dạng"),
    "unseen": Text(
        "The document itself was not seen, only stored evidence about it.",
        "Chưa thấy chính tài liệu, chỉ có dữ liệu chứng cứ đã lưu.",
    ),
    "remedy": Text("What to do:", "Cách xử lý:"),
    "error": Text("Against it", "Điểm không đạt"),
    "warning": Text("Mind", "Lưu ý"),
    "info": Text("Note", "Ghi chú"),
    "signatures": Text("Signatures", "Chữ ký"),
    "signatures-not-shown": Text(
        "{count} more signatures are not shown; those that do not hold are shown first.",
        "Còn {count} chữ ký không hiển thị; chữ ký không hợp lệ được hiển thị trước.",
    ),
    # ── a signature ──────────────────────────────────────────────────────────────────────────────────────
    "nobody": Text("unknown signer", "không rõ người ký"),
    "who": Text("Who signed", "Người ký"),
    "title": Text("Title", "Chức vụ"),
    "organisation": Text("Organisation", "Cơ quan, tổ chức"),
    "claimed-roles": Text("Role, as claimed", "Vai trò tự khai"),
    "commitment": Text("Commitment", "Cam kết"),
    "what": Text("What is signed", "Nội dung đã ký"),
    "covers-whole": Text("the whole file as it stands", "toàn bộ tệp như hiện nay"),
    "covers-then": Text(
        "the file as it was then; since then only signatures, timestamps or validation data were added",
        "tệp tại thời điểm ký; sau đó chỉ thêm chữ ký, dấu thời gian hoặc dữ liệu kiểm tra",
    ),
    "covers-changed": Text(
        "the file as it was then; its content was changed afterwards",
        "tệp tại thời điểm ký; nội dung đã bị thay đổi sau đó",
    ),
    "covers-filled": Text(
        "the file as it was then; form fields were filled afterwards",
        "tệp tại thời điểm ký; các trường biểu mẫu đã được điền thêm sau đó",
    ),
    "not-intact": Text(
        "not what is there now: value or content does not fit this signature",
        "không phải nội dung hiện có: giá trị hoặc nội dung không khớp chữ ký này",
    ),
    "own-revision": Text(
        "something else was changed in the same step that added the signature",
        "có nội dung khác bị thay đổi cùng lúc với việc thêm chữ ký",
    ),
    "content": Text("Signed content", "Nội dung đã ký"),
    "when": Text("When", "Thời điểm"),
    "time-proved": Text(
        "the signature existed at {time}, proved by a timestamp",
        "chữ ký đã tồn tại lúc {time}, có dấu thời gian chứng thực",
    ),
    "time-claimed": Text("{time}, only claimed by the signer", "{time}, chỉ do người ký tự khai"),
    "time-none": Text("nothing says when", "không có thông tin về thời điểm"),
    "kind": Text("Kind", "Loại"),
    "algorithms": Text("Algorithms", "Thuật toán"),
    "algorithms-said": Text("signature {signature}, digest {digest}", "chữ ký {signature}, hàm băm {digest}"),
    "identifier": Text("Name inside the file", "Tên trong tệp"),
    "counter-of": Text("counter-signature of {id}", "chữ ký xác nhận cho {id}"),
    "login": Text("Login", "Đăng nhập"),
    "login-at": Text("Logged in at", "Đăng nhập lúc"),
    "bound": Text("Login and content", "Đăng nhập và nội dung"),
    "bound-yes": Text("the login was for this very content", "lần đăng nhập dành cho chính nội dung này"),
    "bound-no": Text(
        "the login does NOT belong to this content", "lần đăng nhập KHÔNG thuộc về nội dung này"
    ),
    "bound-not-given": Text(
        "not established that the login was for this content", "chưa xác lập được lần đăng nhập dành cho nội dung này"
    ),
    # ── the timeline ─────────────────────────────────────────────────────────────────────────────────────
    "timeline": Text("Timeline", "Dòng thời gian"),
    "period": Text("grey: the signer's certificate is valid", "xám: chứng thư người ký có hiệu lực"),
    "provable": Text("green line: provable with what is there", "vạch xanh: chứng minh được với dữ liệu hiện có"),
    "mark-begins": Text("the signer's certificate begins", "chứng thư người ký bắt đầu hiệu lực"),
    "mark-ends": Text("the signer's certificate ends", "chứng thư người ký hết hiệu lực"),
    "mark-login": Text("login ({method})", "đăng nhập ({method})"),
    "mark-claimed": Text("signing time, as the signer claims", "thời điểm ký do người ký tự khai"),
    "mark-stamp": Text("timestamp by {tsa}: proved", "dấu thời gian của {tsa}: có giá trị"),
    "mark-stamp-open": Text("timestamp by {tsa}: not decided", "dấu thời gian của {tsa}: chưa kết luận"),
    "mark-stamp-failed": Text("timestamp by {tsa}: does not hold", "dấu thời gian của {tsa}: không hợp lệ"),
    "mark-revoked": Text("{subject} revoked ({reason})", "{subject} bị thu hồi ({reason})"),
    "mark-now": Text("checked", "thời điểm kiểm tra"),
    "mark-until": Text("provable until here, without anything new", "chứng minh được đến đây nếu không bổ sung gì"),
    # ── the chain ────────────────────────────────────────────────────────────────────────────────────────
    "chain": Text("Certificate chain", "Chuỗi chứng thư"),
    "no-path": Text(
        "No chain to an anchor that you trust was found; this is the signer's certificate alone.",
        "Không tìm được chuỗi tới điểm tin cậy của bạn; đây chỉ là chứng thư của người ký.",
    ),
    "no-certificate": Text("No certificate was found.", "Không tìm thấy chứng thư nào."),
    "issuer": Text("Issued by", "Cấp bởi"),
    "serial": Text("Serial number", "Số hiệu"),
    "validity": Text("Valid", "Hiệu lực"),
    "from-to": Text("{start} to {end}", "từ {start} đến {end}"),
    "status": Text("Status", "Tình trạng"),
    "anchor": Text("an anchor that you trust", "điểm tin cậy của bạn"),
    "status-good": Text("good: not revoked", "tốt: không bị thu hồi"),
    "status-revoked": Text("REVOKED on {time} ({reason})", "ĐÃ BỊ THU HỒI lúc {time} ({reason})"),
    "harmless": Text(
        "that was after the signature is proved to have existed, so it does no harm to it",
        "việc này xảy ra sau thời điểm chữ ký được chứng minh đã tồn tại nên không ảnh hưởng",
    ),
    "status-hold": Text("ON HOLD since {time}", "ĐANG TẠM DỪNG từ {time}"),
    "status-unknown": Text("not known: {why}", "không rõ: {why}"),
    "status-not-checked": Text("not checked", "chưa kiểm tra"),
    "source-crl": Text("by the revocation list (CRL) of {time}", "theo danh sách thu hồi (CRL) ngày {time}"),
    "source-ocsp": Text("by the OCSP answer of {time}", "theo trả lời OCSP lúc {time}"),
    "no-reason": Text("no reason given", "không nêu lý do"),
    # ── timestamps ───────────────────────────────────────────────────────────────────────────────────────
    "document-stamps": Text("Timestamps over the document", "Dấu thời gian trên tài liệu"),
    "stamps": Text("Timestamps", "Dấu thời gian"),
    "verdict": Text("Verdict", "Kết luận"),
    "stamp-kind-signature": Text("over the signature", "trên chữ ký"),
    "stamp-kind-document": Text("over the document", "trên tài liệu"),
    "stamp-kind-content": Text("over the content before signing", "trên nội dung trước khi ký"),
    "stamp-kind-archive": Text("archive timestamp", "dấu thời gian lưu trữ"),
    "stamp-kind-vri": Text("over the signature, in the security store", "trên chữ ký, trong kho dữ liệu bảo mật"),
    "stamp-kind-references": Text("over references to validation data", "trên tham chiếu dữ liệu kiểm tra"),
    "details": Text("Technical details", "Chi tiết kỹ thuật"),
    "technical": Text("Certificates, timestamps, algorithms", "Chứng thư, dấu thời gian, thuật toán"),
    "details-of": Text("Signature on {label}", "Chữ ký trên {label}"),
    # ── a dossier ────────────────────────────────────────────────────────────────────────────────────────
    "procedure": Text("Procedure", "Quy trình"),
    "steps": Text("Steps", "Các bước"),
    "step": Text("Step {number}", "Bước {number}"),
    "overview": Text("The steps at a glance", "Tổng quan các bước"),
    "person-unknown": Text("unknown person", "không rõ người thực hiện"),
    "steps-not-shown": Text(
        "{count} more steps are not shown; those that do not hold are shown first.",
        "Còn {count} bước không hiển thị; bước không hợp lệ được hiển thị trước.",
    ),
    "who-acted": Text("Who acted", "Người thực hiện"),
    "sealed-for": Text("Seal of", "Con dấu của"),
    "role": Text("Role", "Vai trò"),
    "action": Text("Action", "Thao tác"),
    "effect-advances": Text("moves the dossier on", "chuyển hồ sơ sang bước tiếp theo"),
    "effect-returns": Text("sends the dossier back", "trả hồ sơ về bước trước"),
    "effect-ends": Text("ends the dossier", "kết thúc hồ sơ"),
    "shown-text": Text("Text shown before approving", "Nội dung hiển thị trước khi phê duyệt"),
    "assurance": Text("Assurance of the login", "Mức bảo đảm của đăng nhập"),
    "as-recorded": Text(
        "as the record says; this step does not hold, see its reasons",
        "theo bản ghi; bước này chưa hợp lệ, xem các lý do",
    ),
    "source-asserted": Text("as the identity provider asserts", "theo khẳng định của nhà cung cấp định danh"),
    "source-derived": Text("derived from a certificate", "suy ra từ chứng thư"),
    "source-policy": Text("by eidkit's own table for this method", "theo bảng của eidkit cho phương thức này"),
    "proof": Text("Proof of the login", "Chứng cứ đăng nhập"),
    "class-attested": Text("attested: the service's word only", "chứng nhận: chỉ là lời của đơn vị vận hành"),
    "class-asserted": Text("asserted: signed by the identity provider", "khẳng định: nhà cung cấp định danh đã ký"),
    "class-transferable": Text(
        "transferable: signed with the person's own key", "chuyển giao được: ký bằng chính khóa của người đó"
    ),
    "made-up": Text("Who alone could have made it up", "Ai mới có thể dựng lên"),
    "time-of-step": Text("When", "Thời điểm"),
    "step-time-proved": Text("{time}, proved by timestamps", "{time}, có dấu thời gian chứng thực"),
    "step-time-claimed": Text("not proved, only claimed", "chưa chứng minh được, chỉ là tự khai"),
    "documents-today": Text("The documents as they stand today", "Các tài liệu như hiện nay"),
    "no-login": Text("no login is bound to this step", "không có lần đăng nhập nào gắn với bước này"),
    # ── pictures ─────────────────────────────────────────────────────────────────────────────────────────
    "picture": Text(
        "{label}, page {page} of {pages}, as it was when {who} signed it.",
        "{label}, trang {page}/{pages}, đúng như lúc {who} ký.",
    ),
    "picture-altered": Text(
        "{label}, page {page} of {pages}. This is NOT what {who} signed: the bytes were changed, and the signature "
        "does not fit them.",
        "{label}, trang {page}/{pages}. Đây KHÔNG phải nội dung {who} đã ký: các byte đã bị sửa và chữ ký không khớp.",
    ),
    "altered": Text("Altered: this is not what was signed", "Đã bị sửa: đây không phải nội dung đã ký"),
    "same-today": Text("This page looks the same today.", "Trang này hiện nay vẫn như vậy."),
    "not-compared": Text(
        "It could not be compared with how it looks today.", "Không so sánh được với trang hiện nay."
    ),
    "pages-count": Text(
        "The file had {then} pages then; today it has {today}.", "Lúc đó tệp có {then} trang; nay có {today} trang."
    ),
    "boxed": Text(
        "Dashed boxes ({count}): what looks different in the file today.",
        "Khung nét đứt ({count}): chỗ hiện nay đã khác.",
    ),
    "today": Text("In these boxes the file shows today:", "Trong các khung này, tệp hiện nay hiển thị:"),
    "pages-changed": Text(
        "{count} more pages look different today and are not shown here.",
        "Còn {count} trang khác hiện nay đã khác, không hiển thị ở đây.",
    ),
    "pages-not-compared": Text(
        "{count} pages of it were not compared.", "{count} trang chưa được so sánh."
    ),
    "no-picture": Text("There is no picture of {label}: {why}.", "Không có hình của {label}: {why}."),
    "canonical": Text(
        "{label}: the content that {who} signed (canonical form, signatures left out)",
        "{label}: nội dung {who} đã ký (dạng chuẩn hóa, không kể chữ ký)",
    ),
    "canonical-altered": Text(
        "{label}: content as it stands. This is NOT what {who} signed.",
        "{label}: nội dung hiện có. Đây KHÔNG phải nội dung {who} đã ký.",
    ),
    "same-text": Text(
        "{label}: {who} signed the same content as is shown above.",
        "{label}: {who} đã ký đúng nội dung hiển thị ở trên.",
    ),
    "text-cut": Text("{count} more characters are not shown", "còn {count} ký tự không hiển thị"),
}  # fmt: skip

METHODS: dict[str, Text] = {
    "email": Text("code by e-mail", "mã gửi qua thư điện tử"),
    "sms": Text("code by SMS", "mã gửi qua tin nhắn"),
    "totp": Text("one-time code from an app (TOTP)", "mã dùng một lần từ ứng dụng (TOTP)"),
    "hotp": Text("one-time code from a device (HOTP)", "mã dùng một lần từ thiết bị (HOTP)"),
    "oidc": Text("identity provider (OpenID Connect)", "nhà cung cấp định danh (OpenID Connect)"),
    "webauthn": Text("passkey (WebAuthn)", "khóa truy cập (WebAuthn)"),
    "x509": Text("certificate login", "đăng nhập bằng chứng thư"),
    "ocra": Text("challenge and response (OCRA)", "hỏi đáp (OCRA)"),
    "recovery": Text("recovery code", "mã khôi phục"),
}
"""Ways to log in; one that is not here is shown by its name."""

COMMITMENTS: dict[str, Text] = {
    "proof-of-origin": Text("proof of origin", "chứng minh nguồn gốc"),
    "proof-of-receipt": Text("proof of receipt", "chứng minh đã nhận"),
    "proof-of-delivery": Text("proof of delivery", "chứng minh đã giao"),
    "proof-of-sender": Text("proof of sender", "chứng minh người gửi"),
    "proof-of-approval": Text("proof of approval", "chứng minh phê duyệt"),
    "proof-of-creation": Text("proof of creation", "chứng minh tạo lập"),
}

SCHEMES: dict[str, Text] = {
    "vn-2024": Text("Decree 69/2024/ND-CP, level {value}", "Nghị định 69/2024/NĐ-CP, mức {value}"),
    "eidas": Text("eIDAS, {value}", "eIDAS, {value}"),
    "nist-aal": Text("NIST SP 800-63, AAL{value}", "NIST SP 800-63, AAL{value}"),
}
"""Assurance schemes."""
