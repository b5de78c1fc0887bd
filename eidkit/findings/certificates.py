"""Certificates: paths, purposes, periods, revocation, and the strength of what was signed with.

What speaks against a path stands in the order of EN 319 102-1 §5.2.6.4; the strength of the signature itself, judged
after the path (§5.3.4, 6), comes last.
"""

from __future__ import annotations

from eidkit.findings.rows import NEW_SIGNATURE, Row, failed, indeterminate, warning

ANOTHER_CERTIFICATE = ("use another certificate, or get a new one", "dùng chứng thư khác hoặc xin cấp chứng thư mới")

ROWS: tuple[Row, ...] = (
    indeterminate(
        "TRUST_EMPTY",
        "NO_CERTIFICATE_CHAIN_FOUND",
        "no anchor of kind {kind} was given, so nothing can be trusted",
        "chưa có chứng thư gốc tin cậy loại {kind}",
        "give the root certificates you trust with --trust or TrustStore",
        "cung cấp chứng thư gốc tin cậy",
    ),
    indeterminate(
        "NO_CERTIFICATE_CHAIN_FOUND",
        "NO_CERTIFICATE_CHAIN_FOUND",
        "no chain leads from {subject} to a trusted root",
        "không có đường dẫn chứng thực từ {subject} đến gốc tin cậy",
        "give the missing issuer with --intermediate, or the right root with --trust",
        "bổ sung chứng thư trung gian hoặc chứng thư gốc",
    ),
    indeterminate(
        "RENEWAL_MISSED",
        "NO_POE",
        "the proofs in this file were not renewed in time: {why}",
        "bằng chứng trong tệp không được gia hạn kịp thời: {why}",
        "ask who keeps the file for a copy that was renewed in time (eidkit preserve), or for a new signature",
        "yêu cầu nơi lưu trữ cung cấp bản đã gia hạn kịp thời (eidkit preserve), hoặc ký lại",
    ),
    indeterminate(
        "CHAIN_CONSTRAINTS_FAILURE",
        "CHAIN_CONSTRAINTS_FAILURE",
        "the chain breaks a rule: {why}",
        "đường dẫn chứng thực vi phạm quy tắc: {why}",
        "ask the certification authority, or use another certificate",
        "liên hệ tổ chức cấp chứng thư",
    ),
    indeterminate(
        "CERTIFICATE_CHAIN_GENERAL_FAILURE",
        "CERTIFICATE_CHAIN_GENERAL_FAILURE",
        "the chain cannot be judged: {why}",
        "không thể đánh giá đường dẫn chứng thực: {why}",
        "ask the certification authority",
        "liên hệ tổ chức cấp chứng thư",
    ),
    indeterminate(
        "KEY_USAGE",
        "CHAIN_CONSTRAINTS_FAILURE",
        "the certificate {subject} may not be used for {purpose}",
        "chứng thư {subject} không được dùng cho {purpose}",
        "use a certificate issued for this purpose",
        "dùng chứng thư đúng mục đích",
    ),
    failed(
        "CERTIFICATE_REVOKED",
        "REVOKED",
        "the certificate of {subject} has been revoked since {time} ({reason})",
        "chứng thư của {subject} đã bị thu hồi từ {time} ({reason})",
        *ANOTHER_CERTIFICATE,
    ),
    failed(
        "CERTIFICATE_EXPIRED",
        "EXPIRED",
        "the certificate of {subject} ended on {time}",
        "chứng thư của {subject} hết hạn ngày {time}",
        *ANOTHER_CERTIFICATE,
    ),
    failed(
        "CERTIFICATE_NOT_YET_VALID",
        "NOT_YET_VALID",
        "the certificate of {subject} begins only on {time}",
        "chứng thư của {subject} đến {time} mới có hiệu lực",
        *ANOTHER_CERTIFICATE,
    ),
    failed(
        "REVOKED",
        "REVOKED",
        "the certificate of {subject} was revoked on {time}, before the signature",
        "chứng thư của {subject} bị thu hồi ngày {time}, trước khi ký",
        *NEW_SIGNATURE,
    ),
    indeterminate(
        "REVOKED_NO_POE",
        "REVOKED_NO_POE",
        "the certificate of {subject} was revoked on {time}; nothing proves that the signature is older",
        "chứng thư của {subject} bị thu hồi ngày {time}; không có bằng chứng chữ ký được tạo trước đó",
        "ask for a copy time-stamped before that date, or for a new signature",
        "yêu cầu bản có dấu thời gian trước ngày đó, hoặc ký lại",
    ),
    indeterminate(
        "REVOKED_CA_NO_POE",
        "REVOKED_CA_NO_POE",
        "the issuing certificate {subject} was revoked on {time}",
        "chứng thư của tổ chức cấp {subject} bị thu hồi ngày {time}",
        *NEW_SIGNATURE,
    ),
    indeterminate(
        "ON_HOLD",
        "TRY_LATER",
        "the certificate of {subject} is suspended (certificateHold)",
        "chứng thư của {subject} đang bị tạm dừng",
        "try again when the suspension has ended",
        "thử lại khi hết tạm dừng",
    ),
    indeterminate(
        "STATUS_UNKNOWN",
        "CERTIFICATE_CHAIN_GENERAL_FAILURE",
        "whether {subject} was revoked could not be checked: {why}",
        "không kiểm tra được trạng thái thu hồi của {subject}: {why}",
        "give revocation data: --crl FILE, --ocsp FILE, or run without --offline (sources= in Python)",
        "cung cấp CRL hoặc OCSP, hoặc cho phép truy vấn mạng",
    ),
    indeterminate(
        "REVOCATION_OUT_OF_BOUNDS_NO_POE",
        "REVOCATION_OUT_OF_BOUNDS_NO_POE",
        "who answered for {subject} had a certificate that ended on {time}; nothing proves that the answer is older",
        "chứng thư của bên trả lời trạng thái của {subject} hết hạn ngày {time}; không có bằng chứng trả lời có trước đó",
        "give a fresh answer (--crl, --ocsp), or ask for a copy that was preserved in time",
        "cung cấp dữ liệu thu hồi mới (--crl, --ocsp) hoặc yêu cầu bản được lưu trữ kịp thời",
    ),
    failed(
        "EXPIRED",
        "EXPIRED",
        "the certificate of {subject} had expired on {time}, before the signature",
        "chứng thư của {subject} hết hạn ngày {time}, trước khi ký",
        *NEW_SIGNATURE,
    ),
    failed(
        "NOT_YET_VALID",
        "NOT_YET_VALID",
        "the certificate of {subject} begins on {time}, after the signature",
        "chứng thư của {subject} có hiệu lực từ {time}, sau khi ký",
        *NEW_SIGNATURE,
    ),
    indeterminate(
        "OUT_OF_BOUNDS_NO_POE",
        "OUT_OF_BOUNDS_NO_POE",
        "the certificate of {subject} is outside its period ({time}); nothing proves when the signature was made",
        "chứng thư của {subject} ngoài thời hạn ({time}); không có bằng chứng thời điểm ký",
        "ask for a time-stamped copy, or for a new signature",
        "yêu cầu bản có dấu thời gian hoặc ký lại",
    ),
    indeterminate(
        "OUT_OF_BOUNDS_NOT_REVOKED",
        "OUT_OF_BOUNDS_NOT_REVOKED",
        "the certificate of {subject} ended on {time} and was not revoked; nothing proves that the signature is older",
        "chứng thư của {subject} hết hạn ngày {time}, chưa từng bị thu hồi; không có bằng chứng chữ ký có trước đó",
        "ask for a time-stamped copy, or for a new signature",
        "yêu cầu bản có dấu thời gian hoặc ký lại",
    ),
    indeterminate(
        "CRYPTO_CONSTRAINTS_FAILURE",
        "CRYPTO_CONSTRAINTS_FAILURE_NO_POE",
        "{what} uses {algorithm}, too weak at {time}: {end}",
        "{what} dùng {algorithm}, không đủ mạnh vào {time}: {end}",
        "ask for a copy time-stamped while the algorithm was acceptable, or for a new signature",
        "yêu cầu bản có dấu thời gian khi thuật toán còn được chấp nhận, hoặc ký lại",
    ),
    warning(
        "NOT_FETCHED",
        "something that might have settled it could not be fetched: {why}",
        "không tải được dữ liệu có thể giúp kết luận: {why}",
        "try again, allow the host (--allow-host), or give what is missing as a file",
        "thử lại, cho phép máy chủ (--allow-host), hoặc cung cấp tệp còn thiếu",
    ),
    warning(
        "REVOCATION_REFUSED",
        "a revocation answer was not used: {why}",
        "không dùng được dữ liệu thu hồi: {why}",
        "get a fresh answer from the certification authority",
        "lấy lại dữ liệu thu hồi từ tổ chức cấp",
    ),
)
