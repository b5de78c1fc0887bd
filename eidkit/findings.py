"""Every reason that eidkit can give: a table of codes with severity, verdict and texts in two languages.

A row says what one finding means for the signature it is about: ``error`` findings carry the ETSI
EN 319 102-1 indication and sub-indication that they lead to; ``warning`` and ``info`` never change a verdict.
The order of the rows is the order in which reasons are shown: most specific first.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from eidkit.errors import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_VALUE = 300
Severity = Literal["error", "warning", "info"]
Indication = Literal["TOTAL-PASSED", "INDETERMINATE", "TOTAL-FAILED"]


@dataclass(frozen=True, slots=True)
class Observation:
    """A fact worth a finding, seen by a reader or an engine: a code, what it is about, and values for its text.

    A value whose Vietnamese differs stands twice, as ``name`` and as ``name.vi``.
    """

    code: str
    about: str | None = None
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One reason: code, severity, the object it is about, message and remedy in both languages; threads may share it."""

    code: str
    severity: Severity
    about: str | None
    message: Text
    remedy: Text
    indication: Indication | None = field(default=None, compare=False)
    subindication: str | None = field(default=None, compare=False)

    def to_json(self) -> dict[str, object]:
        """The finding as the JSON contract has it."""
        return {
            "code": self.code,
            "severity": self.severity,
            "about": self.about,
            "message": self.message.to_json(),
            "remedy": self.remedy.to_json(),
        }


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    code: str
    severity: Severity
    indication: Indication | None
    subindication: str | None
    message: Text
    remedy: Text


def observed(code: str, about: str | None = None, **values: object) -> Observation:
    """An Observation; ``values`` fill the places of the row's texts (``{name}``) and must hold no secret.

    A value is a Text where it is a sentence in both languages, anything else is shown as it is.
    """
    if code not in ROWS:
        raise KeyError(f"finding {code} is not in the table")
    said: list[tuple[str, str]] = []
    for name, value in values.items():
        said.append((name, (value.en if isinstance(value, Text) else str(value))[:MAX_VALUE]))
        if isinstance(value, Text):
            said.append((f"{name}.vi", value.vi[:MAX_VALUE]))
    return Observation(code, about, tuple(said))


def finding(source: Observation | str, about: str | None = None, **values: object) -> Finding:
    """The Finding of an Observation, or of a code with its values."""
    observation = source if isinstance(source, Observation) else observed(source, about, **values)
    row = ROWS[observation.code]
    said = dict(observation.values)
    filled = {name: Text(value, said.get(f"{name}.vi", value)) for name, value in said.items()}
    return Finding(
        row.code,
        row.severity,
        observation.about,
        row.message.filled(**filled),
        row.remedy.filled(**filled),
        row.indication,
        row.subindication,
    )


def in_order(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings without repeats, errors before warnings before infos, most specific first."""
    severities = {"error": 0, "warning": 1, "info": 2}
    unique = dict.fromkeys(found)
    return tuple(sorted(unique, key=lambda f: (severities[f.severity], RANK[f.code])))


def as_warning(found: Finding) -> Finding:
    """The same finding, not counting against a verdict."""
    return replace(found, severity="warning", indication=None, subindication=None)


def _failed(code: str, sub: str, en: str, vi: str, remedy_en: str, remedy_vi: str) -> Row:
    return Row(code, "error", "TOTAL-FAILED", sub, Text(en, vi), Text(remedy_en, remedy_vi))


def _indeterminate(code: str, sub: str, en: str, vi: str, remedy_en: str, remedy_vi: str) -> Row:
    return Row(code, "error", "INDETERMINATE", sub, Text(en, vi), Text(remedy_en, remedy_vi))


def _warning(code: str, en: str, vi: str, remedy_en: str, remedy_vi: str) -> Row:
    return Row(code, "warning", None, None, Text(en, vi), Text(remedy_en, remedy_vi))


def _info(code: str, en: str, vi: str, remedy_en: str = "nothing to do", remedy_vi: str = "không cần làm gì") -> Row:
    return Row(code, "info", None, None, Text(en, vi), Text(remedy_en, remedy_vi))


_ASK_AGAIN = ("ask the signer for an untouched copy", "yêu cầu người ký gửi lại bản chưa bị sửa")
_NEW_SIGNATURE = ("ask for a new signature", "yêu cầu ký lại")

# ── the signature itself ──────────────────────────────────────────────────────────────────────────────────
_SIGNATURE: tuple[Row, ...] = (
    _failed(
        "HASH_FAILURE",
        "HASH_FAILURE",
        "{what} was changed after signing",
        "{what} đã bị thay đổi sau khi ký",
        *_ASK_AGAIN,
    ),
    _failed(
        "SIG_CRYPTO_FAILURE",
        "SIG_CRYPTO_FAILURE",
        "the signature value does not belong to this certificate and content",
        "giá trị chữ ký không khớp với chứng thư số và nội dung",
        *_ASK_AGAIN,
    ),
    _failed(
        "FORMAT_FAILURE",
        "FORMAT_FAILURE",
        "the signature is malformed: {why}",
        "chữ ký sai cấu trúc: {why}",
        *_NEW_SIGNATURE,
    ),
    _failed(
        "COVERAGE_FAILURE",
        "FORMAT_FAILURE",
        "the signature does not cover the file as it should: {why}",
        "chữ ký không bao phủ đúng tệp: {why}",
        *_ASK_AGAIN,
    ),
    _indeterminate(
        "NO_SIGNING_CERTIFICATE_FOUND",
        "NO_SIGNING_CERTIFICATE_FOUND",
        "the signing certificate is not in the signature",
        "không tìm thấy chứng thư số của người ký",
        "give the signer's certificate with --intermediate",
        "cung cấp chứng thư số của người ký",
    ),
    _indeterminate(
        "SIGNER_NOT_BOUND",
        "SIG_CONSTRAINTS_FAILURE",
        "the signature does not name its certificate (no signing-certificate attribute)",
        "chữ ký không ràng buộc với chứng thư số",
        *_NEW_SIGNATURE,
    ),
    _failed(
        "SIGNING_CERTIFICATE_MISMATCH",
        "SIG_CRYPTO_FAILURE",
        "the signed reference to the signing certificate names another certificate",
        "tham chiếu chứng thư số trong chữ ký không khớp",
        *_ASK_AGAIN,
    ),
    _indeterminate(
        "ISSUER_SERIAL_MISMATCH",
        "NO_SIGNING_CERTIFICATE_FOUND",
        "the issuer and serial number in the signature are not those of the signing certificate",
        "tên tổ chức cấp và số sê-ri trong chữ ký không khớp với chứng thư của người ký",
        *_NEW_SIGNATURE,
    ),
    _indeterminate(
        "SIGNED_DATA_NOT_FOUND",
        "SIGNED_DATA_NOT_FOUND",
        "{what} is signed but was not found",
        "không tìm thấy nội dung đã ký {what}",
        "give the signed content as well",
        "cung cấp nội dung đã ký",
    ),
    _indeterminate(
        "DOCUMENT_NOT_SEEN",
        "SIGNED_DATA_NOT_FOUND",
        "the document itself was not seen, only its stored evidence",
        "chưa thấy tài liệu gốc, chỉ có chứng cứ đã lưu",
        "give the document beside the evidence",
        "cung cấp tài liệu cùng với chứng cứ",
    ),
    _indeterminate(
        "NOT_SUPPORTED",
        "SIG_CONSTRAINTS_FAILURE",
        "this release does not judge {what}",
        "phiên bản này chưa kiểm tra được {what}",
        "use a later release or another validator for this file",
        "dùng phiên bản mới hơn",
    ),
    _indeterminate(
        "SIGNED_PROPERTIES_NOT_BOUND",
        "SIG_CONSTRAINTS_FAILURE",
        "the signature does not protect its signed properties: {why}",
        "chữ ký không bảo vệ các thuộc tính đã ký: {why}",
        *_NEW_SIGNATURE,
    ),
    _warning(
        "KEY_INFO_UNREADABLE",
        "a part of KeyInfo cannot be read: {why}",
        "không đọc được một phần KeyInfo: {why}",
        "give the signer's certificate with --intermediate",
        "cung cấp chứng thư số của người ký",
    ),
    _indeterminate(
        "CRYPTO_CONSTRAINTS_FAILURE",
        "CRYPTO_CONSTRAINTS_FAILURE_NO_POE",
        "{what} uses {algorithm}, too weak at {time}",
        "{what} dùng {algorithm}, không đủ mạnh vào {time}",
        *_NEW_SIGNATURE,
    ),
    _warning(
        "ATTRIBUTE_ORDER",
        "the signed attributes are not in DER order, as their signer left them",
        "các thuộc tính đã ký không theo thứ tự DER",
        "nothing to do; tell the maker of the signing software",
        "không cần làm gì; báo cho nhà cung cấp phần mềm ký",
    ),
    _indeterminate(
        "SIG_CONSTRAINTS_FAILURE",
        "SIG_CONSTRAINTS_FAILURE",
        "the policy demands {what}",
        "chính sách yêu cầu {what}",
        *_NEW_SIGNATURE,
    ),
)

# ── what happened to the document around the signature ────────────────────────────────────────────────────
_DOCUMENT: tuple[Row, ...] = (
    _failed(
        "MODIFIED_AFTER_SIGNING",
        "HASH_FAILURE",
        "the document was changed after this signature: {what}",
        "tài liệu bị thay đổi sau chữ ký này: {what}",
        *_ASK_AGAIN,
    ),
    _indeterminate(
        "UNSIGNED_CONTENT",
        "SIG_CONSTRAINTS_FAILURE",
        "there is content that no signature covers: {what}",
        "có nội dung không được chữ ký nào bao phủ: {what}",
        *_ASK_AGAIN,
    ),
    _warning(
        "FORM_FILLED_AFTER_SIGNING",
        "form fields were filled after this signature: {what}",
        "biểu mẫu được điền sau chữ ký này: {what}",
        "compare with the file as signed",
        "so sánh với bản đã ký",
    ),
    _indeterminate(
        "OWN_REVISION_CHANGED",
        "SIG_CONSTRAINTS_FAILURE",
        "the revision that holds the signature changes more than the signature: {what}",
        "lần cập nhật chứa chữ ký còn thay đổi nội dung khác: {what}",
        *_ASK_AGAIN,
    ),
    _indeterminate(
        "APPEARANCE_COVERS_CONTENT",
        "SIG_CONSTRAINTS_FAILURE",
        "the visible signature covers other content on page {page}",
        "hình chữ ký che nội dung ở trang {page}",
        *_ASK_AGAIN,
    ),
    _indeterminate(
        "SIGNATURE_MISPLACED",
        "SIG_CONSTRAINTS_FAILURE",
        "a ds:Signature stands where none belongs or holds foreign content: {what}",
        "ds:Signature ở sai vị trí hoặc chứa nội dung lạ: {what}",
        *_ASK_AGAIN,
    ),
    _warning(
        "PARTIAL_SCOPE",
        "the signature covers only a part of this file: {what}",
        "chữ ký chỉ bao phủ một phần tệp: {what}",
        "rely only on what is signed",
        "chỉ tin phần nội dung đã được ký",
    ),
    _warning(
        "SPLIT_TEXT",
        "comments that no signature covers stand inside texts of this file",
        "có chú thích không được ký nằm giữa văn bản của tệp",
        "read values without the comments (their canonical form)",
        "đọc giá trị ở dạng chuẩn, bỏ qua chú thích",
    ),
    _info(
        "NO_SIGNATURE",
        "there is no signature in this document",
        "tài liệu không có chữ ký",
        "ask for the signed copy",
        "yêu cầu bản đã ký",
    ),
)

# ── certificates, paths, revocation ───────────────────────────────────────────────────────────────────────
_CERTIFICATES: tuple[Row, ...] = (
    _indeterminate(
        "TRUST_EMPTY",
        "NO_CERTIFICATE_CHAIN_FOUND",
        "no anchor of kind {kind} was given, so nothing can be trusted",
        "chưa có chứng thư gốc tin cậy loại {kind}",
        "give the root certificates you trust with --trust or TrustStore",
        "cung cấp chứng thư gốc tin cậy",
    ),
    _indeterminate(
        "NO_CERTIFICATE_CHAIN_FOUND",
        "NO_CERTIFICATE_CHAIN_FOUND",
        "no chain leads from {subject} to a trusted root",
        "không có đường dẫn chứng thực từ {subject} đến gốc tin cậy",
        "give the missing issuer with --intermediate, or the right root with --trust",
        "bổ sung chứng thư trung gian hoặc chứng thư gốc",
    ),
    _indeterminate(
        "CHAIN_CONSTRAINTS_FAILURE",
        "CHAIN_CONSTRAINTS_FAILURE",
        "the chain breaks a rule: {why}",
        "đường dẫn chứng thực vi phạm quy tắc: {why}",
        "ask the certification authority, or use another certificate",
        "liên hệ tổ chức cấp chứng thư",
    ),
    _indeterminate(
        "CERTIFICATE_CHAIN_GENERAL_FAILURE",
        "CERTIFICATE_CHAIN_GENERAL_FAILURE",
        "the chain cannot be judged: {why}",
        "không thể đánh giá đường dẫn chứng thực: {why}",
        "ask the certification authority",
        "liên hệ tổ chức cấp chứng thư",
    ),
    _indeterminate(
        "KEY_USAGE",
        "CHAIN_CONSTRAINTS_FAILURE",
        "the certificate {subject} may not be used for {purpose}",
        "chứng thư {subject} không được dùng cho {purpose}",
        "use a certificate issued for this purpose",
        "dùng chứng thư đúng mục đích",
    ),
    _failed(
        "REVOKED",
        "REVOKED",
        "the certificate of {subject} was revoked on {time}, before the signature",
        "chứng thư của {subject} bị thu hồi ngày {time}, trước khi ký",
        *_NEW_SIGNATURE,
    ),
    _indeterminate(
        "REVOKED_NO_POE",
        "REVOKED_NO_POE",
        "the certificate of {subject} was revoked on {time}; nothing proves that the signature is older",
        "chứng thư của {subject} bị thu hồi ngày {time}; không có bằng chứng chữ ký được tạo trước đó",
        "ask for a copy time-stamped before that date, or for a new signature",
        "yêu cầu bản có dấu thời gian trước ngày đó, hoặc ký lại",
    ),
    _indeterminate(
        "REVOKED_CA_NO_POE",
        "REVOKED_CA_NO_POE",
        "the issuing certificate {subject} was revoked on {time}",
        "chứng thư của tổ chức cấp {subject} bị thu hồi ngày {time}",
        *_NEW_SIGNATURE,
    ),
    _indeterminate(
        "ON_HOLD",
        "TRY_LATER",
        "the certificate of {subject} is suspended (certificateHold)",
        "chứng thư của {subject} đang bị tạm dừng",
        "try again when the suspension has ended",
        "thử lại khi hết tạm dừng",
    ),
    _failed(
        "EXPIRED",
        "EXPIRED",
        "the certificate of {subject} had expired on {time}, before the signature",
        "chứng thư của {subject} hết hạn ngày {time}, trước khi ký",
        *_NEW_SIGNATURE,
    ),
    _failed(
        "NOT_YET_VALID",
        "NOT_YET_VALID",
        "the certificate of {subject} begins on {time}, after the signature",
        "chứng thư của {subject} có hiệu lực từ {time}, sau khi ký",
        *_NEW_SIGNATURE,
    ),
    _indeterminate(
        "OUT_OF_BOUNDS_NO_POE",
        "OUT_OF_BOUNDS_NO_POE",
        "the certificate of {subject} is outside its period ({time}); nothing proves when the signature was made",
        "chứng thư của {subject} ngoài thời hạn ({time}); không có bằng chứng thời điểm ký",
        "ask for a time-stamped copy, or for a new signature",
        "yêu cầu bản có dấu thời gian hoặc ký lại",
    ),
    _indeterminate(
        "STATUS_UNKNOWN",
        "TRY_LATER",
        "whether {subject} was revoked could not be checked: {why}",
        "không kiểm tra được trạng thái thu hồi của {subject}: {why}",
        "give revocation data: --crl FILE, --ocsp FILE, or run without --offline (sources= in Python)",
        "cung cấp CRL hoặc OCSP, hoặc cho phép truy vấn mạng",
    ),
    _warning(
        "REVOCATION_REFUSED",
        "a revocation answer was not used: {why}",
        "không dùng được dữ liệu thu hồi: {why}",
        "get a fresh answer from the certification authority",
        "lấy lại dữ liệu thu hồi từ tổ chức cấp",
    ),
)

# ── time ──────────────────────────────────────────────────────────────────────────────────────────────────
_TIME: tuple[Row, ...] = (
    _warning(
        "TIMESTAMP_INVALID",
        "a timestamp does not hold: {why}",
        "dấu thời gian không hợp lệ: {why}",
        "have the signature time-stamped again",
        "đóng dấu thời gian lại",
    ),
    _indeterminate(
        "TIMESTAMP_FAILED",
        "TIMESTAMP_ORDER_FAILURE",
        "the timestamp does not hold: {why}",
        "dấu thời gian không hợp lệ: {why}",
        "ask for a new timestamp",
        "yêu cầu dấu thời gian mới",
    ),
    _failed(
        "TIMESTAMP_IMPRINT",
        "HASH_FAILURE",
        "the timestamp is about other content",
        "dấu thời gian thuộc về nội dung khác",
        "ask for a new timestamp",
        "yêu cầu dấu thời gian mới",
    ),
    _info(
        "TIMESTAMP_NOT_JUDGED",
        "this release does not judge timestamps of the kind {kind}",
        "phiên bản này chưa kiểm tra dấu thời gian loại {kind}",
    ),
    _info(
        "TIME_CLAIMED",
        "the signing time is only claimed, no timestamp proves it",
        "thời điểm ký chỉ là khai báo, chưa có dấu thời gian",
        "sign with tsa= next time",
        "ký kèm dấu thời gian",
    ),
)


# ── login, approval, dossier (binding.md §6) ──────────────────────────────────────────────────────────────
def _refuted(code: str, en: str, vi: str, remedy_en: str, remedy_vi: str) -> Row:
    """A rule of binding.md that the files contradict: the dossier fails, no ETSI sub-indication fits."""
    return Row(code, "error", "TOTAL-FAILED", None, Text(en, vi), Text(remedy_en, remedy_vi))


def _unproved(code: str, en: str, vi: str, remedy_en: str, remedy_vi: str) -> Row:
    """A rule of binding.md that could not be settled, or that speaks against a binding but not a signature."""
    return _indeterminate(code, "SIG_CONSTRAINTS_FAILURE", en, vi, remedy_en, remedy_vi)


_ASK_FOLDER = ("ask the service for the untouched folder", "yêu cầu đơn vị cung cấp thư mục hồ sơ nguyên vẹn")
_ASK_STEP = ("have this step approved again", "thực hiện lại bước này")
_ASK_SERVICE = ("ask the service that attested the login", "liên hệ đơn vị chứng nhận việc đăng nhập")
_GIVE_LOGIN = (
    "give the authentication file with --authentication (authentications= in Python)",
    "cung cấp tệp xác thực",
)

_ASSERTION: tuple[Row, ...] = (
    _unproved(
        "ASSERTION_REPEATED",
        "the signature carries {count} logins instead of one",
        "chữ ký mang {count} chứng nhận đăng nhập thay vì một",
        *_ASK_STEP,
    ),
    _unproved(
        "ATTESTATION_MALFORMED",
        "the attestation inside the signature cannot be read: {why}",
        "không đọc được chứng nhận đăng nhập trong chữ ký: {why}",
        *_ASK_SERVICE,
    ),
    _unproved(
        "ATTESTATION_SIGNATURE",
        "the attestation was not signed by the key that it names",
        "chứng nhận đăng nhập không được ký bằng khóa mà nó nêu",
        *_ASK_SERVICE,
    ),
    _unproved(
        "ATTESTATION_DISAGREES",
        "the attestation and the authentication file disagree about {member}",
        "chứng nhận và tệp xác thực không khớp về {member}",
        *_ASK_SERVICE,
    ),
    _unproved(
        "ATTESTATION_KEY_REUSED",
        "the attestation key also made this signature",
        "khóa chứng nhận đăng nhập cũng được dùng để ký tài liệu này",
        "use the attestation key for attestations only",
        "chỉ dùng khóa chứng nhận để chứng nhận đăng nhập",
    ),
    _unproved(
        "ATTESTATION_UNTRUSTED",
        "no chain leads from the attesting service {subject} to an anchor of kind attestation",
        "không có đường dẫn chứng thực từ đơn vị chứng nhận {subject} đến gốc tin cậy",
        "give the service's root with --attest-trust",
        "cung cấp chứng thư gốc của đơn vị chứng nhận",
    ),
    _unproved(
        "ATTESTATION_PERIOD",
        "the certificate of the attesting service {subject} was not valid at {time}",
        "chứng thư của đơn vị chứng nhận {subject} không có hiệu lực vào {time}",
        *_ASK_SERVICE,
    ),
    _unproved(
        "ATTESTATION_REVOKED",
        "the certificate of the attesting service {subject} was revoked on {time}",
        "chứng thư của đơn vị chứng nhận {subject} bị thu hồi ngày {time}",
        *_ASK_SERVICE,
    ),
    _indeterminate(
        "ATTESTATION_STATUS_UNKNOWN",
        "TRY_LATER",
        "whether the attesting service {subject} was revoked could not be checked",
        "không kiểm tra được trạng thái thu hồi của đơn vị chứng nhận {subject}",
        "give revocation data: --crl FILE, --ocsp FILE, or run without --offline (sources= in Python)",
        "cung cấp CRL hoặc OCSP, hoặc cho phép truy vấn mạng",
    ),
    _indeterminate(
        "ATTESTATION_NO_POE",
        "OUT_OF_BOUNDS_NO_POE",
        "the certificate of the attesting service {subject} has expired and no kept answer shows that it was good",
        "chứng thư của đơn vị chứng nhận {subject} đã hết hạn và không còn dữ liệu chứng minh nó còn tốt khi đó",
        "give the revocation data kept from that time",
        "cung cấp dữ liệu thu hồi đã lưu từ thời điểm đó",
    ),
    _unproved(
        "CONTENT_NOT_IN_TRANSACTION",
        "the login was about other content than this signature covers",
        "việc đăng nhập là cho nội dung khác với nội dung chữ ký này bao phủ",
        *_ASK_STEP,
    ),
    _unproved(
        "CONTENT_FORM",
        "the signature does not cover the document in the way that binds it to a login",
        "chữ ký không bao phủ tài liệu theo cách ràng buộc được với việc đăng nhập",
        "sign it with eidkit for this step",
        "ký lại tài liệu cho bước này",
    ),
    _unproved(
        "CHALLENGE_TIMES",
        "the login at {time} lies outside its challenge ({issued} to {expires})",
        "thời điểm đăng nhập {time} nằm ngoài hạn của yêu cầu ({issued} đến {expires})",
        *_ASK_STEP,
    ),
    _unproved(
        "ATTESTED_BEFORE_LOGIN",
        "the attestation is older than the login that it attests",
        "chứng nhận có trước việc đăng nhập mà nó chứng nhận",
        *_ASK_SERVICE,
    ),
    _unproved(
        "ATTESTED_AFTER_SIGNATURE",
        "the login was attested on {issued}, after the signature of {time}",
        "việc đăng nhập được chứng nhận lúc {issued}, sau chữ ký lúc {time}",
        *_ASK_STEP,
    ),
    _unproved(
        "SIGNER_CERTIFICATE_LATER",
        "the signer's certificate begins on {begins}, after the signature of {time}",
        "chứng thư của người ký có hiệu lực từ {begins}, sau chữ ký lúc {time}",
        *_ASK_STEP,
    ),
    _warning(
        "LOGIN_TIME_CLAIMED",
        "no timestamp that holds proves that the signature is as old as its login",
        "không có dấu thời gian hợp lệ chứng minh chữ ký được tạo cùng lúc đăng nhập",
        "sign with tsa= next time",
        "ký kèm dấu thời gian",
    ),
    _info(
        "LOGIN_NOT_GIVEN",
        "the signature names a login, but its authentication file was not given",
        "chữ ký có nêu việc đăng nhập nhưng chưa có tệp xác thực",
        *_GIVE_LOGIN,
    ),
)

_STEP: tuple[Row, ...] = (
    _warning(
        "ONLY_STATUS_MISSING",
        "nothing here is contradicted: only revocation answers are missing",
        "không có mâu thuẫn nào: chỉ thiếu dữ liệu thu hồi",
        "give revocation data: --crl FILE, --ocsp FILE, or run without --offline (sources= in Python)",
        "cung cấp CRL hoặc OCSP, hoặc cho phép truy vấn mạng",
    ),
    _refuted(
        "STEP_SIGNATURE_FAILED",
        "the signature on {document} does not hold ({sub})",
        "chữ ký trên {document} không hợp lệ ({sub})",
        *_ASK_STEP,
    ),
    _unproved(
        "STEP_SIGNATURE_UNDECIDED",
        "the signature on {document} could not be confirmed ({sub})",
        "chưa xác nhận được chữ ký trên {document} ({sub})",
        "mend what its own findings name",
        "khắc phục các lỗi nêu ở chữ ký đó",
    ),
    _refuted(
        "ASSERTION_MISSING",
        "the signature on {document} carries no login",
        "chữ ký trên {document} không mang chứng nhận đăng nhập",
        *_ASK_STEP,
    ),
    _refuted(
        "LOGIN_NOT_BOUND",
        "the signature on {document} is not bound to its login",
        "chữ ký trên {document} không ràng buộc với việc đăng nhập",
        *_ASK_STEP,
    ),
    _unproved(
        "LOGIN_MISSING",
        "the login named by the signature on {document} is not in the folder",
        "thư mục hồ sơ thiếu tệp xác thực mà chữ ký trên {document} nêu",
        *_ASK_FOLDER,
    ),
    _refuted(
        "ATTESTER_NOT_NAMED",
        "the procedure does not name {attester} as an attesting service",
        "quy trình không nêu {attester} là đơn vị chứng nhận đăng nhập",
        *_ASK_SERVICE,
    ),
    _refuted(
        "TRANSACTION_DOSSIER", "the login was for another dossier", "việc đăng nhập là cho hồ sơ khác", *_ASK_STEP
    ),
    _refuted(
        "TRANSACTION_PROCEDURE",
        "the login was for another procedure or another version of it",
        "việc đăng nhập là cho quy trình khác hoặc phiên bản khác",
        "give the procedure that was in force, or have the step approved again",
        "dùng đúng quy trình, hoặc thực hiện lại bước này",
    ),
    _refuted(
        "TRANSACTION_STEP",
        "step {expected} was due, the login was for step {found}",
        "đến lượt bước {expected}, nhưng đăng nhập là cho bước {found}",
        *_ASK_FOLDER,
    ),
    _refuted(
        "TRANSACTION_ROLE",
        "the login was for role {found}, the step demands {expected}",
        "đăng nhập với vai trò {found}, bước này yêu cầu {expected}",
        *_ASK_STEP,
    ),
    _refuted(
        "TRANSACTION_KIND",
        "the login was for a {found}, the step demands a {expected}",
        "đăng nhập cho {found}, bước này yêu cầu {expected}",
        *_ASK_STEP,
    ),
    _refuted(
        "TRANSACTION_ACTION",
        "the step has no action {found} with the effect {effect}",
        "bước này không có thao tác {found} với hiệu lực {effect}",
        *_ASK_STEP,
    ),
    _refuted(
        "TRANSACTION_MAX_AGE",
        "the login was given another age limit than the step has",
        "hạn dùng của việc đăng nhập khác với quy định của bước",
        *_ASK_STEP,
    ),
    _refuted(
        "TRANSACTION_TEXT",
        "the text shown was not the procedure's text for this action",
        "nội dung hiển thị không đúng văn bản của quy trình",
        *_ASK_STEP,
    ),
    _refuted(
        "TRANSACTION_DOCUMENTS",
        "the documents shown were {found}, the step demands {expected}",
        "tài liệu được hiển thị là {found}, bước này yêu cầu {expected}",
        *_ASK_STEP,
    ),
    _refuted(
        "TRANSACTION_MEDIA_TYPE",
        "{document} was shown as another kind of file",
        "{document} được hiển thị với loại tệp khác",
        *_ASK_STEP,
    ),
    _refuted(
        "TRANSACTION_CONTENT",
        "{document} is not the content that was shown to the person who approved",
        "{document} không phải nội dung đã hiển thị cho người phê duyệt",
        *_ASK_FOLDER,
    ),
    _refuted(
        "TRANSACTION_PRESENT",
        "{document} holds other signatures than were there when it was approved",
        "{document} chứa các chữ ký khác với lúc được phê duyệt",
        *_ASK_FOLDER,
    ),
    _refuted(
        "TRANSACTION_SIGNER",
        "the login was for another signing certificate",
        "việc đăng nhập là cho chứng thư ký khác",
        *_ASK_STEP,
    ),
    _refuted(
        "TRANSACTION_PREVIOUS",
        "the approval does not follow the one before it",
        "phê duyệt này không nối tiếp phê duyệt trước",
        *_ASK_FOLDER,
    ),
    _refuted(
        "APPEARANCE_NOT_ALLOWED",
        "the step allows no visible signature, and one was shown",
        "bước này không cho phép hình chữ ký nhưng đã hiển thị",
        *_ASK_STEP,
    ),
    _refuted(
        "DOCUMENT_NOT_SIGNED",
        "{document} was shown but carries no signature of this step",
        "{document} đã hiển thị nhưng không có chữ ký của bước này",
        *_ASK_FOLDER,
    ),
    _refuted(
        "DOCUMENT_SIGNED_TWICE",
        "{document} carries more than one signature of this step",
        "{document} có nhiều hơn một chữ ký của bước này",
        *_ASK_STEP,
    ),
    _refuted(
        "DOCUMENT_NOT_SHOWN",
        "{document} carries a signature of this step but was not shown",
        "{document} có chữ ký của bước này nhưng không được hiển thị",
        *_ASK_STEP,
    ),
    _refuted(
        "SIGNATURE_UNACCOUNTED",
        "a signature on {document} belongs to no step",
        "một chữ ký trên {document} không thuộc bước nào",
        *_ASK_FOLDER,
    ),
    _refuted(
        "LOGIN_REUSED",
        "one login stands for more than one step, or one step has more than one login",
        "một lần đăng nhập dùng cho nhiều bước, hoặc một bước có nhiều lần đăng nhập",
        *_ASK_STEP,
    ),
    _refuted(
        "LOGIN_UNUSED",
        "the login of step {step} stands behind no signature",
        "việc đăng nhập của bước {step} không gắn với chữ ký nào",
        *_ASK_FOLDER,
    ),
    _refuted(
        "DOCUMENT_CHANGED_BETWEEN_STEPS",
        "{document} was changed between the step before and this one",
        "{document} bị thay đổi giữa bước trước và bước này",
        *_ASK_FOLDER,
    ),
    _refuted(
        "DOCUMENT_CHANGED_AFTER_STEPS",
        "{document} was changed after its last step",
        "{document} bị thay đổi sau bước cuối",
        *_ASK_FOLDER,
    ),
    _refuted(
        "DOCUMENT_UNKNOWN",
        "{document} is not a document of the procedure",
        "{document} không thuộc quy trình",
        *_ASK_FOLDER,
    ),
    _warning(
        "DOCUMENT_NEVER_SIGNED",
        "no step of the procedure signs {document}: nothing protects it",
        "không bước nào của quy trình ký {document}: không có gì bảo vệ tài liệu này",
        "let a step of the procedure sign it",
        "để một bước của quy trình ký tài liệu này",
    ),
    _refuted(
        "DOCUMENT_DISAPPEARED",
        "{document} was approved but is not in the folder",
        "{document} đã được phê duyệt nhưng không có trong thư mục",
        *_ASK_FOLDER,
    ),
    _refuted(
        "DOCUMENT_APPEARED",
        "{document} came in before or after the step where the procedure lets it",
        "{document} xuất hiện không đúng bước theo quy trình",
        *_ASK_FOLDER,
    ),
    _unproved(
        "DOCUMENT_REQUIRED",
        "the procedure demands {document}, and it is not there",
        "quy trình yêu cầu {document} nhưng không có",
        *_ASK_FOLDER,
    ),
    _refuted(
        "DOCUMENT_UNREADABLE", "{document} cannot be read: {why}", "không đọc được {document}: {why}", *_ASK_FOLDER
    ),
    _refuted(
        "EARLIER_STATE_DIFFERS",
        "the kept earlier state of {document} is not what step {number} left",
        "bản lưu trước đó của {document} không phải bản mà bước {number} để lại",
        *_ASK_FOLDER,
    ),
    _refuted(
        "LOGIN_RECHECK",
        "the proof of the login does not hold: {why}",
        "bằng chứng đăng nhập không hợp lệ: {why}",
        *_ASK_STEP,
    ),
    _unproved(
        "LOGIN_RECHECK_UNDECIDED",
        "the proof of the login could not be checked: {why}",
        "không kiểm tra được bằng chứng đăng nhập: {why}",
        "give the provider with --provider (providers= in Python)",
        "cung cấp thông tin nhà cung cấp định danh",
    ),
    _refuted(
        "ASSURANCE_TOO_LOW",
        "the step demands assurance {expected}, the login proves {found}",
        "bước này yêu cầu mức bảo đảm {expected}, đăng nhập chỉ đạt {found}",
        "log in with a stronger method",
        "đăng nhập bằng phương thức mạnh hơn",
    ),
    _refuted(
        "PROOF_CLASS_TOO_LOW",
        "the step demands a login that is {expected}, this one is {found}",
        "bước này yêu cầu đăng nhập loại {expected}, đây là loại {found}",
        "log in with a stronger method",
        "đăng nhập bằng phương thức mạnh hơn",
    ),
    _refuted(
        "PROOF_CLASS_CLAIMED",
        "the login claims to be {found}, its proof is {proved}",
        "đăng nhập tự khai là loại {found}, bằng chứng chỉ là loại {proved}",
        *_ASK_SERVICE,
    ),
    _refuted(
        "PERSON_MISMATCH",
        "the person who logged in is not the person named by the signing certificate",
        "người đăng nhập không phải người đứng tên chứng thư ký",
        "the same person logs in and signs",
        "cùng một người phải đăng nhập và ký",
    ),
    _unproved(
        "PERSON_UNDECIDED",
        "login and certificate name the person in different schemes ({login}, {certificate})",
        "đăng nhập và chứng thư nêu người ký theo hai hệ định danh khác nhau ({login}, {certificate})",
        "use a certificate and a login with the same identifier; identity links are not supported yet",
        "dùng chứng thư và đăng nhập có cùng loại định danh",
    ),
    _refuted(
        "MANDATE_MISMATCH",
        "the seal is not that of {expected}",
        "con dấu không phải của {expected}",
        "seal with the certificate of that organisation",
        "đóng dấu bằng chứng thư của tổ chức đó",
    ),
    _unproved(
        "MANDATE_UNDECIDED",
        "the certificate of the seal names the organisation in another scheme, or none",
        "chứng thư con dấu nêu tổ chức theo hệ định danh khác hoặc không nêu",
        "seal with a certificate that names the organisation as the procedure does",
        "dùng chứng thư nêu tổ chức đúng như quy trình",
    ),
    _refuted(
        "SAME_PERSON",
        "the person of this step also acted in step {step}",
        "người thực hiện bước này cũng đã thực hiện bước {step}",
        "let another person approve this step",
        "để người khác thực hiện bước này",
    ),
    _unproved(
        "DIFFERENCE_UNPROVED",
        "nothing proves that another person acted in step {step}",
        "không có bằng chứng là người khác đã thực hiện bước {step}",
        "use logins with the same kind of identifier; identity links are not supported yet",
        "dùng cùng loại định danh",
    ),
    _refuted(
        "NOT_HOLDER",
        "the person of this step does not hold the role {role}",
        "người thực hiện bước này không giữ vai trò {role}",
        "let a holder of the role approve this step",
        "để người giữ vai trò thực hiện bước này",
    ),
    _unproved(
        "HOLDER_UNDECIDED",
        "nothing proves that the person holds the role {role}",
        "không có bằng chứng người thực hiện giữ vai trò {role}",
        "name the holder in the scheme of the login",
        "nêu người giữ vai trò theo cùng loại định danh",
    ),
    _unproved(
        "ERASED",
        "the person's identity was erased from the login",
        "định danh đã bị xóa khỏi tệp xác thực",
        "what needs the identity can no longer be proved",
        "không thể chứng minh những gì cần định danh",
    ),
    _refuted(
        "SUBJECT_COMMITMENT",
        "the identity in the authentication file is not the one that was attested",
        "định danh trong tệp xác thực không phải định danh đã được chứng nhận",
        *_ASK_FOLDER,
    ),
    _refuted(
        "LOGIN_TOO_OLD",
        "the signature came {age} seconds after the login, the step allows {limit}",
        "chữ ký được tạo {age} giây sau khi đăng nhập, bước này cho phép {limit} giây",
        *_ASK_STEP,
    ),
    _unproved(
        "TIME_NOT_PROVED",
        "the time of the signature on {document} is only claimed",
        "thời điểm ký trên {document} chỉ là khai báo",
        "have the signature time-stamped",
        "đóng dấu thời gian cho chữ ký",
    ),
    _refuted(
        "SIGNATURE_LEVEL_TOO_LOW",
        "the step demands signature level {expected}, {document} has {found}",
        "bước này yêu cầu mức chữ ký {expected}, {document} có {found}",
        "raise the signature level",
        "nâng mức chữ ký",
    ),
    _refuted(
        "COMMITMENT_MISMATCH",
        "the commitment in the signature on {document} is not that of the action",
        "cam kết trong chữ ký trên {document} không đúng với thao tác",
        *_ASK_STEP,
    ),
    _refuted(
        "CLAIMED_ROLE_MISMATCH",
        "the signature on {document} claims another role than the step has",
        "chữ ký trên {document} khai vai trò khác với bước",
        *_ASK_STEP,
    ),
    _refuted(
        "STEP_AFTER_END",
        "there is an approval after the dossier had ended",
        "có phê duyệt sau khi hồ sơ đã kết thúc",
        *_ASK_FOLDER,
    ),
    _refuted(
        "APPROVAL_FORK",
        "two approvals name the same approval before them",
        "hai phê duyệt cùng nối tiếp một phê duyệt",
        *_ASK_FOLDER,
    ),
    _refuted(
        "PROCEDURE_DIFFERS",
        "the folder was made under another procedure than the one given",
        "thư mục hồ sơ được lập theo quy trình khác với quy trình đã cho",
        "give the procedure that was in force",
        "dùng đúng quy trình",
    ),
    _refuted(
        "INDEX_DIFFERS",
        "the index dossier.json disagrees with the files about {what}",
        "dossier.json không khớp với các tệp về {what}",
        *_ASK_FOLDER,
    ),
    _warning(
        "MADE_UP_SERVICE_KEY",
        "step {step}: the service that attests also holds the signing key, so the login is the service's statement only",
        "bước {step}: đơn vị chứng nhận cũng giữ khóa ký, nên việc đăng nhập chỉ là lời của đơn vị",
        "keep the seal key and the attestation key apart",
        "tách khóa con dấu và khóa chứng nhận",
    ),
    _info(
        "MADE_UP_ATTESTED",
        "step {step}: the service {attester} alone could have made up this login",
        "bước {step}: chỉ đơn vị {attester} mới có thể dựng lên lần đăng nhập này",
    ),
    _info(
        "MADE_UP_ASSERTED",
        "step {step}: only the identity provider, or the service {attester} by misusing a real login, could have made up this login",
        "bước {step}: chỉ nhà cung cấp định danh, hoặc đơn vị {attester} lạm dụng một lần đăng nhập thật, mới có thể dựng lên việc này",
    ),
    _info(
        "MADE_UP_TRANSFERABLE",
        "step {step}: nobody without the holder's key could have made up this login; the text shown is the word of {attester}",
        "bước {step}: không ai dựng được việc đăng nhập này nếu không có khóa của người đó; nội dung hiển thị là lời của {attester}",
    ),
    _info(
        "ROLE_CLAIMED",
        "the procedure names no holder of the role {role}: it is claimed",
        "quy trình không nêu người giữ vai trò {role}: vai trò chỉ là khai báo",
    ),
    _info(
        "STEP_NOT_DONE",
        "step {step} has not been done",
        "bước {step} chưa được thực hiện",
        "continue with this step",
        "tiếp tục thực hiện bước này",
    ),
    _info(
        "DOSSIER_ENDED",
        "the dossier was ended at step {step} by the action {action}",
        "hồ sơ kết thúc ở bước {step} bởi thao tác {action}",
    ),
)
_BINDING: tuple[Row, ...] = (*_ASSERTION, *_STEP)

_ALL = (*_SIGNATURE, *_DOCUMENT, *_CERTIFICATES, *_TIME, *_BINDING)
ROWS = {row.code: row for row in _ALL}
RANK = {row.code: rank for rank, row in enumerate(_ALL)}
if len(ROWS) != len(_ALL):
    raise RuntimeError("a finding code stands in the table twice")
