"""Timestamps, and times that are only claimed."""

from __future__ import annotations

from eidkit.findings.rows import Row, failed, indeterminate, info, warning

ROWS: tuple[Row, ...] = (
    indeterminate(
        "NO_POE",
        "NO_POE",
        "nothing proves that {what} existed on {time}, until when {issuer} can be relied on",
        "không có bằng chứng {what} đã tồn tại vào {time}, thời điểm cuối còn tin cậy được {issuer}",
        "ask for a copy that was preserved before that date (eidkit preserve), or for a new signature",
        "yêu cầu bản đã được lưu trữ (eidkit preserve) trước ngày đó, hoặc ký lại",
    ),
    info(
        "PROVED_BY_LATER_TIMESTAMP",
        "the timestamp is judged as of {time}, when a later timestamp proves that it existed",
        "dấu thời gian được đánh giá tại {time}, thời điểm một dấu thời gian sau chứng minh nó đã tồn tại",
    ),
    info(
        "STATUS_BEFORE_SIGNATURE",
        "the answer about {subject} is of {time}, before the signature: a revocation in between is not in it",
        "dữ liệu thu hồi của {subject} lập lúc {time}, trước khi ký",
        "preserve the file with an answer issued after the signature (eidkit preserve)",
        "lưu trữ tệp với dữ liệu thu hồi lập sau khi ký (eidkit preserve)",
    ),
    indeterminate(
        "TIMESTAMP_ORDER",
        "TIMESTAMP_ORDER_FAILURE",
        "the times contradict each other: {time} is later than {existed}, the time of a timestamp over it",
        "các thời điểm mâu thuẫn: {time} muộn hơn {existed} của dấu thời gian bao phủ nó",
        "one of the two authorities gives a wrong time: ask which, and for a new timestamp",
        "một trong hai dịch vụ cho thời điểm sai: hỏi dịch vụ và yêu cầu dấu thời gian mới",
    ),
    warning(
        "TIMESTAMP_INVALID",
        "a timestamp does not hold: {why}",
        "dấu thời gian không hợp lệ: {why}",
        "have the signature time-stamped again",
        "đóng dấu thời gian lại",
    ),
    warning(
        "TIMESTAMP_WAITS_FOR_STATUS",
        "the timestamp of {time} proves the signing time as soon as the status of {tsa} is known",
        "dấu thời gian {time} sẽ chứng minh thời điểm ký khi biết trạng thái của {tsa}",
        "give revocation data about that authority: --crl FILE, --ocsp FILE, or run without --offline "
        "(sources= in Python)",
        "cung cấp dữ liệu thu hồi của đơn vị cấp dấu thời gian: --crl, --ocsp hoặc bỏ --offline (sources=)",
    ),
    indeterminate(
        "TIMESTAMP_FAILED",
        "TIMESTAMP_ORDER_FAILURE",
        "the timestamp does not hold: {why}",
        "dấu thời gian không hợp lệ: {why}",
        "ask for a new timestamp",
        "yêu cầu dấu thời gian mới",
    ),
    failed(
        "TIMESTAMP_IMPRINT",
        "HASH_FAILURE",
        "the timestamp is about other content",
        "dấu thời gian thuộc về nội dung khác",
        "ask for a new timestamp",
        "yêu cầu dấu thời gian mới",
    ),
    info(
        "TIMESTAMP_REPEATED",
        "the same timestamp token stands here once more; it counts once",
        "dấu thời gian này lặp lại; chỉ tính một lần",
    ),
    info(
        "TIMESTAMP_NOT_JUDGED",
        "this release does not judge timestamps of the kind {kind}",
        "phiên bản này chưa kiểm tra dấu thời gian loại {kind}",
    ),
    indeterminate(
        "ARCHIVE_INDEX_MISSES",
        "SIGNED_DATA_NOT_FOUND",
        "the archive timestamp covers {count} objects that are not in the signature any more",
        "dấu thời gian lưu trữ bao phủ {count} đối tượng không còn trong chữ ký",
        "ask for the signature as it was archived",
        "yêu cầu bản chữ ký như khi lưu trữ",
    ),
    info(
        "ARCHIVE_NOT_COVERED",
        "{count} certificates, answers or attributes stand here that the newest archive timestamp does not cover",
        "có {count} chứng thư, dữ liệu thu hồi hoặc thuộc tính chưa được dấu thời gian lưu trữ mới nhất bao phủ",
    ),
    info(
        "TIME_CLAIMED",
        "the signing time is only claimed, no timestamp proves it",
        "thời điểm ký chỉ là khai báo, chưa có dấu thời gian",
        "sign with tsa= next time",
        "ký kèm dấu thời gian",
    ),
)
