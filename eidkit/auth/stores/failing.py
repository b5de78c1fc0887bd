"""What a store that fails says: one code for each thing that somebody can mend; never an address or a name in it."""

from __future__ import annotations

from eidkit.errors import StoreError, Text


def store_failed(what: str) -> StoreError:
    """The store, or the way to it, failed with an error of the kind ``what``."""
    return StoreError(
        "store-failed",
        Text(f"the store failed ({what})", f"kho dữ liệu gặp lỗi ({what})"),
        Text(
            "check the server, the way to it, its disk and its permissions, then begin again",
            "kiểm tra máy chủ, kết nối, ổ đĩa và quyền truy cập rồi thử lại",
        ),
    )


def store_busy() -> StoreError:
    """Somebody else held what this unit needs for too long, or this unit held it for too long itself."""
    return StoreError(
        "store-busy",
        Text("the store is busy with the same person or challenge", "kho dữ liệu đang bận với cùng người hoặc yêu cầu"),
        Text("begin again in some seconds", "thử lại sau vài giây"),
    )


def other_version() -> StoreError:
    """What is there was not made by this release."""
    return StoreError(
        "store-version",
        Text("what is there is no store of this release", "dữ liệu ở đó không phải kho của phiên bản này"),
        Text("name the right one, or a new one", "chỉ định đúng kho hoặc kho mới"),
        kind="configuration",
        retryable=False,
    )


def not_durable(setting: str) -> StoreError:
    """A server that can forget what it confirmed; ``setting`` is what makes it so."""
    return StoreError(
        "store-not-durable",
        Text(
            f"this server can forget a used code after it confirmed it ({setting})",
            f"máy chủ này có thể quên mã đã dùng ({setting})",
        ),
        Text(
            "change the setting, or say durable=False and accept that a used code can count again",
            "đổi thiết lập, hoặc dùng durable=False và chấp nhận rằng mã đã dùng có thể dùng lại",
        ),
        kind="configuration",
        retryable=False,
    )


def url_refused(example: str) -> StoreError:
    """An address of a store that is not understood; it is not repeated, for it may hold a password."""
    return StoreError(
        "store-url",
        Text("the address of the store is not understood", "không hiểu địa chỉ của kho dữ liệu"),
        Text(f"write it as {example}", f"viết theo dạng {example}"),
        kind="configuration",
        retryable=False,
    )
