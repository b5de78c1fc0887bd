"""What a PKCS#11 module's return codes mean to the person who signs: a table (PKCS#11 3.1 §5.1).

The words say *hardware token* for whatever the module speaks to: a USB token, a card, an HSM, SoftHSM2.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from eidkit.errors import ErrorKind, KeyUnusable, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LOG = logging.getLogger("eidkit.signing")


class Refusal(NamedTuple):
    """One way in which a hardware token says no."""

    code: str
    kind: ErrorKind
    retryable: bool
    problem: Text
    remedy: Text

    def error(self) -> KeyUnusable:
        """The error to raise; it goes to the log by its code (event ``key.refused``)."""
        _LOG.info("hardware key refused: %s", self.code, extra={"event": "key.refused", "code": self.code})
        return KeyUnusable(self.code, self.problem, self.remedy, kind=self.kind, retryable=self.retryable)


PIN_WRONG = Refusal(
    "key-pin-wrong", "person", False,
    Text("the PIN is wrong", "mã PIN sai"),
    Text("type the PIN again; a few wrong ones lock the hardware token", "nhập lại PIN; sai nhiều lần sẽ bị khóa"),
)  # fmt: skip
PIN_LAST_TRY = Refusal(
    "key-pin-last-try", "person", False,
    Text("one more wrong PIN locks the hardware token", "nhập sai PIN thêm một lần nữa thiết bị ký sẽ bị khóa"),
    Text("make sure of the PIN, then open the key with last_try=True", "kiểm tra kỹ PIN rồi mở khóa với last_try=True"),
)  # fmt: skip
PIN_LOCKED = Refusal(
    "key-pin-locked", "person", False,
    Text("the hardware token is locked after too many wrong PINs", "thiết bị ký bị khóa do nhập sai PIN nhiều lần"),
    Text("have it unlocked with the PUK or SO PIN by who issued it", "liên hệ nơi cấp để mở khóa bằng PUK hoặc SO PIN"),
)  # fmt: skip
PIN_RENEW = Refusal(
    "key-pin-expired", "person", False,
    Text("the PIN must be set or changed before the key may be used", "phải đặt hoặc đổi PIN trước khi dùng khóa"),
    Text("set it with the software that came with the hardware token", "đặt PIN bằng phần mềm kèm theo thiết bị ký"),
)  # fmt: skip
PIN_MISSING = Refusal(
    "key-pin-missing", "caller", False,
    Text("the hardware token wants a PIN and none was given", "thiết bị ký cần PIN nhưng chưa có"),
    Text("give pin=, as text or as a function that asks for it", "truyền pin= dạng chuỗi hoặc hàm hỏi PIN"),
)  # fmt: skip
PIN_EACH_TIME = Refusal(
    "key-pin-each-time", "caller", False,
    Text("this key wants its PIN for every signature", "khóa này yêu cầu PIN cho từng chữ ký"),
    Text("give pin= as a function: the PIN itself is not kept", "truyền pin= dạng hàm vì PIN không được lưu lại"),
)  # fmt: skip
ABSENT = Refusal(
    "key-device-absent", "person", True,
    Text("no such hardware token is plugged in", "không tìm thấy thiết bị ký"),
    Text("plug it in, and check token= and slot=", "cắm thiết bị ký, kiểm tra token= và slot="),
)  # fmt: skip
REMOVED = Refusal(
    "key-device-removed", "person", False,
    Text("the hardware token was removed", "thiết bị ký đã bị rút ra"),
    Text("plug it in and open the key again", "cắm lại thiết bị ký và mở lại khóa"),
)  # fmt: skip
IN_USE = Refusal(
    "key-device-in-use", "caller", True,
    Text("this process is logged in to the hardware token already", "tiến trình này đang đăng nhập thiết bị ký"),
    Text("share the open key, take another of its keys with also(), or close it first",
         "dùng chung khóa đang mở, lấy khóa khác bằng also(), hoặc đóng khóa trước"),
)  # fmt: skip
SESSION_LOST = Refusal(
    "key-session-lost", "outside", False,
    Text("the session with the hardware token has ended", "phiên làm việc với thiết bị ký đã kết thúc"),
    Text("open the key again", "mở lại khóa"),
)  # fmt: skip
CANCELLED = Refusal(
    "key-cancelled", "person", True,
    Text("the signature was cancelled at the hardware token", "thao tác ký đã bị hủy trên thiết bị"),
    Text("sign again and confirm", "ký lại và xác nhận"),
)  # fmt: skip
BUSY = Refusal(
    "key-device-busy", "outside", True,
    Text("the hardware token has no room for another session or operation", "thiết bị ký đang quá tải"),
    Text("close other programs that use it, then try again", "đóng chương trình khác đang dùng thiết bị rồi thử lại"),
)  # fmt: skip
MECHANISM = Refusal(
    "key-mechanism", "configuration", False,
    Text("the hardware token cannot sign in this way", "thiết bị ký không hỗ trợ cách ký này"),
    Text("choose another digest, leave out pss=, or take another key", "đổi hàm băm, bỏ pss=, hoặc dùng khóa khác"),
)  # fmt: skip
FAILED = Refusal(
    "key-device-failed", "outside", True,
    Text("the hardware token or its module failed", "thiết bị ký hoặc mô-đun của thiết bị gặp lỗi"),
    Text("try again; plug it in anew; update its module", "thử lại; rút ra cắm lại hoặc cập nhật mô-đun"),
)  # fmt: skip
MODULE = Refusal(
    "key-module", "configuration", False,
    Text("the PKCS#11 module cannot be loaded", "không nạp được mô-đun PKCS#11"),
    Text("check its path, and that it was built for this system and processor",
         "kiểm tra đường dẫn và bản dành cho đúng hệ điều hành"),
)  # fmt: skip

_BY_RETURN = {
    PIN_WRONG: ("PinIncorrect", "PinInvalid", "PinLenRange"),
    PIN_LOCKED: ("PinLocked",),
    PIN_RENEW: ("PinExpired", "UserPinNotInitialized", "PinTooWeak"),
    REMOVED: ("DeviceRemoved", "TokenNotPresent", "TokenNotRecognised", "SlotIDInvalid"),
    IN_USE: ("UserAlreadyLoggedIn", "AnotherUserAlreadyLoggedIn", "UserTooManyTypes"),
    SESSION_LOST: (
        "KeyHandleInvalid", "ObjectHandleInvalid", "SessionClosed", "SessionHandleInvalid", "UserNotLoggedIn",
    ),
    CANCELLED: ("FunctionCancelled", "FunctionRejected"),
    BUSY: ("DeviceMemory", "HostMemory", "SessionCount", "OperationActive"),
    MECHANISM: (
        "DataLenRange", "FunctionNotSupported", "KeySizeRange", "KeyTypeInconsistent", "MechanismInvalid",
        "MechanismParamInvalid",
    ),
}  # fmt: skip
_ROW = {name: refusal for refusal, names in _BY_RETURN.items() for name in names}


def meaning(error: Exception) -> Refusal:
    """What the module's answer means; one that is in no row is a failure of the token."""
    return _ROW.get(type(error).__name__, FAILED)


@contextmanager
def translated(still_there: Callable[[], Any] | None = None) -> Iterator[None]:
    """Every error of the module inside becomes a KeyUnusable.

    Many modules answer a removal with a handle that is suddenly unknown, or with a general error.  So
    ``still_there``, which asks for the token anew, decides between a lost session and a removed token.
    """
    from pkcs11 import PKCS11Error

    try:
        yield
    except PKCS11Error as error:
        refusal = meaning(error)
        if refusal in {SESSION_LOST, FAILED} and still_there is not None:
            try:
                still_there()
            except PKCS11Error:
                refusal = REMOVED
        raise refusal.error() from error
