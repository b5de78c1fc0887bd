"""Files on disk: read up to a bound, written whole or not at all."""

from __future__ import annotations

import errno
import os
import re
import tempfile
import threading
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eidkit.errors import DocumentError, Text

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONG_KEY = re.compile(r"(?:[\w\"'-]++[ \t]*+\.[ \t]*+){32}")


def contents(path: str | os.PathLike[str], limit: int) -> bytes:
    """The bytes of a file; raises OSError, also for one of more than ``limit`` bytes (EFBIG), of which no more is read.

    For callers that have an error of their own; its ``strerror`` is fit to be shown.
    """
    with Path(path).open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, f"longer than {limit} bytes")
    return data


def read_bounded(path: str | os.PathLike[str], limit: int) -> bytes:
    """The bytes of a file of at most ``limit`` bytes; raises :class:`DocumentError`."""
    try:
        return contents(path, limit)
    except OSError as error:
        raise DocumentError(
            "file-unreadable",
            Text(f"{Path(path).name} cannot be read: {error.strerror}", f"không đọc được {Path(path).name}"),
            Text("check the path, its permissions and its size", "kiểm tra đường dẫn, quyền truy cập và kích thước"),
        ) from error


def toml(data: bytes) -> dict[str, Any]:
    """The table that TOML ``data`` holds; raises ValueError for anything else, with a reason fit to be shown.

    A key of many parts is refused, because tomllib takes ever longer for it.
    """
    try:
        text = data.decode("utf-8")
        if _LONG_KEY.search(text):
            raise ValueError("a key of too many parts")
        return tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8") from error
    except RecursionError as error:
        raise ValueError("it nests too deep") from error


def write_atomically(path: str | os.PathLike[str], chunks: Iterable[bytes], *, private: bool = False) -> None:
    """Write ``chunks`` to ``path`` through a temporary file beside it; on failure nothing is left behind.

    ``private``: readable by its owner only, whatever the umask.  Raises :class:`DocumentError`.
    """
    target = Path(path)
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        raise _unwritable(target, error) from error
    try:
        with os.fdopen(handle, "wb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o600 if private else 0o666 & ~_umask())
        Path(temporary).replace(target)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise _unwritable(target, error) from error
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


_UMASK_LOCK = threading.Lock()


def _umask() -> int:
    """The process's umask, which can only be read by setting it."""
    with _UMASK_LOCK:
        current = os.umask(0o077)
        os.umask(current)
    return current


def _unwritable(target: Path, error: OSError) -> DocumentError:
    return DocumentError(
        "document-unwritable",
        Text(f"{target.name} was not written: {error.strerror}", f"không ghi được {target.name}"),
        Text(
            "nothing was changed; check the folder, its permissions and the free space",
            "chưa có gì thay đổi; kiểm tra thư mục, quyền và dung lượng",
        ),
        kind="outside",
        retryable=True,
    )
