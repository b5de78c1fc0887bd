"""The shape of a row, the ways to write one, and remedies that several rows share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from eidkit.errors import Text

Severity = Literal["error", "warning", "info"]
Indication = Literal["TOTAL-PASSED", "INDETERMINATE", "TOTAL-FAILED"]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    code: str
    severity: Severity
    indication: Indication | None
    subindication: str | None
    message: Text
    remedy: Text


def failed(code: str, sub: str, en: str, vi: str, remedy_en: str, remedy_vi: str) -> Row:
    """An error that proves the signature wrong: TOTAL-FAILED with the ETSI sub-indication ``sub``."""
    return Row(code, "error", "TOTAL-FAILED", sub, Text(en, vi), Text(remedy_en, remedy_vi))


def indeterminate(code: str, sub: str, en: str, vi: str, remedy_en: str, remedy_vi: str) -> Row:
    """An error that leaves it open: INDETERMINATE with the ETSI sub-indication ``sub``."""
    return Row(code, "error", "INDETERMINATE", sub, Text(en, vi), Text(remedy_en, remedy_vi))


def warning(code: str, en: str, vi: str, remedy_en: str, remedy_vi: str) -> Row:
    """Something to know that changes no verdict, with something to do about it."""
    return Row(code, "warning", None, None, Text(en, vi), Text(remedy_en, remedy_vi))


def info(code: str, en: str, vi: str, remedy_en: str = "nothing to do", remedy_vi: str = "không cần làm gì") -> Row:
    """Something to know that changes no verdict."""
    return Row(code, "info", None, None, Text(en, vi), Text(remedy_en, remedy_vi))


def refuted(code: str, en: str, vi: str, remedy_en: str, remedy_vi: str) -> Row:
    """A rule of binding.md that the files contradict: the dossier fails, no ETSI sub-indication fits."""
    return Row(code, "error", "TOTAL-FAILED", None, Text(en, vi), Text(remedy_en, remedy_vi))


def unproved(code: str, en: str, vi: str, remedy_en: str, remedy_vi: str) -> Row:
    """A rule of binding.md that could not be settled, or that speaks against a binding but not a signature."""
    return indeterminate(code, "SIG_CONSTRAINTS_FAILURE", en, vi, remedy_en, remedy_vi)


ASK_AGAIN = ("ask the signer for an untouched copy", "yêu cầu người ký gửi lại bản chưa bị sửa")
NEW_SIGNATURE = ("ask for a new signature", "yêu cầu ký lại")
ASK_FOLDER = ("ask the service for the untouched folder", "yêu cầu đơn vị cung cấp thư mục hồ sơ nguyên vẹn")
ASK_STEP = ("have this step approved again", "thực hiện lại bước này")
ASK_SERVICE = ("ask the service that attested the login", "liên hệ đơn vị chứng nhận việc đăng nhập")
GIVE_LOGIN = (
    "give the authentication file with --authentication (authentications= in Python)",
    "cung cấp tệp xác thực",
)
