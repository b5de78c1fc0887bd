"""The login inside a signature and its attestation (binding.md §6.2, §6.6)."""

from __future__ import annotations

from eidkit.findings.rows import ASK_SERVICE, ASK_STEP, GIVE_LOGIN, Row, indeterminate, info, unproved, warning

ROWS: tuple[Row, ...] = (
    unproved(
        "ASSERTION_REPEATED",
        "the signature carries {count} logins instead of one",
        "chữ ký mang {count} chứng nhận đăng nhập thay vì một",
        *ASK_STEP,
    ),
    unproved(
        "ATTESTATION_MALFORMED",
        "the attestation inside the signature cannot be read: {why}",
        "không đọc được chứng nhận đăng nhập trong chữ ký: {why}",
        *ASK_SERVICE,
    ),
    unproved(
        "ATTESTATION_SIGNATURE",
        "the attestation was not signed by the key that it names",
        "chứng nhận đăng nhập không được ký bằng khóa mà nó nêu",
        *ASK_SERVICE,
    ),
    unproved(
        "ATTESTATION_DISAGREES",
        "the attestation and the authentication file disagree about {member}",
        "chứng nhận và tệp xác thực không khớp về {member}",
        *ASK_SERVICE,
    ),
    unproved(
        "ATTESTATION_KEY_REUSED",
        "the attestation key also made this signature",
        "khóa chứng nhận đăng nhập cũng được dùng để ký tài liệu này",
        "use the attestation key for attestations only",
        "chỉ dùng khóa chứng nhận để chứng nhận đăng nhập",
    ),
    unproved(
        "ATTESTATION_UNTRUSTED",
        "no chain leads from the attesting service {subject} to an anchor of kind attestation",
        "không có đường dẫn chứng thực từ đơn vị chứng nhận {subject} đến gốc tin cậy",
        "give the service's root with --attest-trust",
        "cung cấp chứng thư gốc của đơn vị chứng nhận",
    ),
    unproved(
        "ATTESTATION_PERIOD",
        "the certificate of the attesting service {subject} was not valid at {time}",
        "chứng thư của đơn vị chứng nhận {subject} không có hiệu lực vào {time}",
        *ASK_SERVICE,
    ),
    unproved(
        "ATTESTATION_REVOKED",
        "the certificate of the attesting service {subject} was revoked on {time}",
        "chứng thư của đơn vị chứng nhận {subject} bị thu hồi ngày {time}",
        *ASK_SERVICE,
    ),
    indeterminate(
        "ATTESTATION_STATUS_UNKNOWN",
        "TRY_LATER",
        "whether the attesting service {subject} was revoked could not be checked",
        "không kiểm tra được trạng thái thu hồi của đơn vị chứng nhận {subject}",
        "give revocation data: --crl FILE, --ocsp FILE, or run without --offline (sources= in Python)",
        "cung cấp CRL hoặc OCSP, hoặc cho phép truy vấn mạng",
    ),
    indeterminate(
        "ATTESTATION_NO_POE",
        "OUT_OF_BOUNDS_NO_POE",
        "the certificate of the attesting service {subject} has expired and no kept answer shows that it was good",
        "chứng thư của đơn vị chứng nhận {subject} đã hết hạn và không còn dữ liệu chứng minh nó còn tốt khi đó",
        "give the revocation data kept from that time",
        "cung cấp dữ liệu thu hồi đã lưu từ thời điểm đó",
    ),
    unproved(
        "CONTENT_NOT_IN_TRANSACTION",
        "the login was about other content than this signature covers",
        "việc đăng nhập là cho nội dung khác với nội dung chữ ký này bao phủ",
        *ASK_STEP,
    ),
    unproved(
        "CONTENT_FORM",
        "the signature does not cover the document in the way that binds it to a login",
        "chữ ký không bao phủ tài liệu theo cách ràng buộc được với việc đăng nhập",
        "sign it with eidkit for this step",
        "ký lại tài liệu cho bước này",
    ),
    unproved(
        "CHALLENGE_TIMES",
        "the login at {time} lies outside its challenge ({issued} to {expires})",
        "thời điểm đăng nhập {time} nằm ngoài hạn của yêu cầu ({issued} đến {expires})",
        *ASK_STEP,
    ),
    unproved(
        "ATTESTED_BEFORE_LOGIN",
        "the attestation is older than the login that it attests",
        "chứng nhận có trước việc đăng nhập mà nó chứng nhận",
        *ASK_SERVICE,
    ),
    unproved(
        "ATTESTED_AFTER_SIGNATURE",
        "the login was attested on {issued}, after the signature of {time}",
        "việc đăng nhập được chứng nhận lúc {issued}, sau chữ ký lúc {time}",
        *ASK_STEP,
    ),
    unproved(
        "SIGNER_CERTIFICATE_LATER",
        "the signer's certificate begins on {begins}, after the signature of {time}",
        "chứng thư của người ký có hiệu lực từ {begins}, sau chữ ký lúc {time}",
        *ASK_STEP,
    ),
    warning(
        "LOGIN_TIME_CLAIMED",
        "no timestamp that holds proves that the signature is as old as its login",
        "không có dấu thời gian hợp lệ chứng minh chữ ký được tạo cùng lúc đăng nhập",
        "sign with tsa= next time",
        "ký kèm dấu thời gian",
    ),
    indeterminate(
        "LOGIN_CERTIFICATE_UNDECIDED",
        "TRY_LATER",
        "whether the certificate of the login was good at that time could not be decided: {why}",
        "không xác định được chứng thư đăng nhập có hợp lệ vào lúc đó hay không: {why}",
        "give the authority's root as an anchor of kind login (--trust FOLDER with login/ in it)",
        "cung cấp chứng thư gốc loại login (--trust THƯ_MỤC có thư mục con login/)",
    ),
    info(
        "LOGIN_NOT_GIVEN",
        "the signature names a login, but its authentication file was not given",
        "chữ ký có nêu việc đăng nhập nhưng chưa có tệp xác thực",
        *GIVE_LOGIN,
    ),
)
