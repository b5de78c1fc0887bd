"""The Document: immutable content with a name, a length and a digest.

Content may live on disk, in memory or in any binary file object, and a signed document is its original plus
the spliced-in signature; nothing here assumes that it fits in memory.
"""

from __future__ import annotations

import hashlib
import io
import os
import threading
from errno import ESPIPE
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from eidkit.errors import DocumentError, Text
from eidkit.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from hashlib import _Hash

    from _typeshed import WriteableBuffer

CHUNK = 1024 * 1024
_SNIFFED = 4096
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
"""The object identifier of a SignedData, which a CMS begins with (RFC 5652 §5.1)."""


class _Source(Protocol):
    """Random access to bytes that never change."""

    length: int

    def read_at(self, offset: int, size: int) -> bytes: ...


class Document:
    """Immutable content: ``name``, ``length`` (bytes), ``sha256`` (lower-case hex), ``format``, ``open()``.

    Make one with :meth:`read` (a path), :meth:`from_bytes` or :meth:`from_file` (any seekable binary file
    object; eidkit then owns its position).  Threads may share a Document; every :meth:`open` gives an
    independent reader.  A file that changes on disk after it was read is refused when it is opened again.
    """

    __slots__ = ("_format", "_hash", "_source", "length", "name")

    name: str
    length: int

    def __init__(self, source: _Source, name: str, state: _Hash | None = None) -> None:
        self._source = source
        self._hash = state
        self._format: str | None = None
        self.name = name
        self.length = source.length

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Document:
        """The document at ``path``; raises :class:`DocumentError` when it is missing or cannot be read."""
        try:
            source = _FileOnDisk(Path(path))
        except OSError as error:
            raise DocumentError(
                "document-unreadable",
                Text(f"{Path(path).name}: {error.strerror}", f"{Path(path).name}: không đọc được tệp"),
                Text("check the path and its permissions", "kiểm tra đường dẫn và quyền đọc"),
            ) from error
        return cls(source, Path(path).name, _hashed(source))

    @classmethod
    def from_bytes(cls, data: bytes, name: str) -> Document:
        """A document held in memory."""
        source = _Memory(bytes(data))
        return cls(source, name, hashlib.sha256(data))

    @classmethod
    def from_file(cls, file: BinaryIO, name: str) -> Document:
        """A document read from a seekable binary file object, which must stay open and unchanged."""
        source = _OpenFile(file)
        return cls(source, name, _hashed(source))

    def __repr__(self) -> str:
        return f"Document({self.name!r}, {self.length} bytes, sha256 {self.sha256[:16]}…)"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Document):
            return NotImplemented
        return (self.name, self.length, self.sha256) == (other.name, other.length, other.sha256)

    def __hash__(self) -> int:
        return hash((self.name, self.sha256))

    def __reduce__(self) -> tuple[object, ...]:
        return Document.from_bytes, (self.read_range(0, self.length), self.name)

    @property
    def sha256(self) -> str:
        """The SHA-256 of the whole content, lower-case hex; of a document made from another when first asked for."""
        return self._running().hexdigest()

    @property
    def format(self) -> str:
        """``pdf``, ``xml``, ``zip`` (a container), ``der``, ``json`` or ``unknown``: by content, never by name."""
        if self._format is None:
            self._format = sniff(self.read_range(0, min(self.length, _SNIFFED)))
        return self._format

    def open(self) -> BinaryIO:
        """An independent, seekable, read-only binary reader at position 0."""
        return io.BufferedReader(_Reader(self._source), buffer_size=CHUNK if self.length > CHUNK else 8192)

    def read_range(self, start: int, end: int) -> bytes:
        """The bytes ``start:end``, clipped to the document."""
        return self._source.read_at(start, max(0, min(end, self.length) - start))

    def read_bounded(self, limit: int, what: str) -> bytes:
        """All bytes, for formats that are parsed in memory; refused when longer than ``limit`` bytes."""
        if self.length > limit:
            raise DocumentError(
                "document-too-large",
                Text(
                    f"{self.name}: {self.length} bytes, and {what} is read up to {limit}",
                    f"{self.name}: {self.length} byte, vượt giới hạn {limit} byte",
                ),
                Text(
                    "split the document, or raise the bound if you trust where it comes from", "hãy chia nhỏ tài liệu"
                ),
            )
        return self.read_range(0, self.length)

    def digest(self, algorithm: str, ranges: Iterable[tuple[int, int]] | None = None) -> bytes:
        """The digest (hashlib name) of the ``start, end`` ranges one after another, or of everything."""
        spans = list(ranges) if ranges is not None else [(0, self.length)]
        if algorithm == "sha256" and spans and isinstance(self._source, _Spliced):
            known = self._source.resumed(spans[0])
            if known is not None:
                position, state = known
                return _fed(state, self._chunks([(position, spans[0][1]), *spans[1:]])).digest()
        return _fed(hashlib.new(algorithm), self._chunks(spans)).digest()

    def prefix(self, length: int, name: str | None = None) -> Document:
        """The first ``length`` bytes as a document of their own (an earlier revision of a PDF)."""
        if not 0 <= length <= self.length:
            raise ValueError("a prefix lies inside its document")
        source = _Prefix(self._source, length)
        return Document(source, name or self.name)

    def spliced(self, offset: int, inserted: bytes, name: str | None = None) -> Document:
        """This document with ``inserted`` put in at ``offset``; every other byte stays as it is."""
        if not 0 <= offset <= self.length:
            raise ValueError("a splice lies inside its document")
        known = (offset, self._running()) if offset == self.length else None
        return Document(_spliced(self._source, offset, inserted, known), name or self.name)

    def replaced(self, start: int, end: int, by: bytes, name: str | None = None) -> Document:
        """This document with the bytes ``start:end`` replaced by ``by``."""
        if not 0 <= start <= end <= self.length:
            raise ValueError("a replacement lies inside its document")
        tail = _Spliced(_Window(self._source, end, self.length), 0, by, None)
        return Document(_Joined(_Window(self._source, 0, start), tail), name or self.name)

    def renamed(self, name: str) -> Document:
        """The same content under another name."""
        return Document(self._source, name, self._hash)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the content to ``path``: all of it or nothing; a file already there is replaced only at the end."""
        write_atomically(path, self._chunks([(0, self.length)]))

    def _running(self) -> _Hash:
        """The SHA-256 state over everything; whoever feeds it more takes a copy."""
        if self._hash is None:
            known = self._source.resumed((0, self.length)) if isinstance(self._source, _Spliced) else None
            position, state = known or (0, hashlib.sha256())
            self._hash = _fed(state, self._chunks([(position, self.length)]))
        return self._hash

    def _chunks(self, spans: Iterable[tuple[int, int]]) -> Iterator[bytes]:
        for start, end in spans:
            position, stop = start, min(end, self.length)
            while position < stop:
                chunk = self._source.read_at(position, min(CHUNK, stop - position))
                if not chunk:
                    raise changed(self.name)
                position += len(chunk)
                yield chunk


def sniff(head: bytes) -> str:
    """The format that the first bytes of a document speak of."""
    if begins_signed_data(head):
        return "der"  # a CMS signature, whatever it holds: a PDF inside begins near by
    if head[:1024].find(b"%PDF-") >= 0 and head.lstrip()[:1] != b"<":
        return "pdf"
    if head[:4] in {b"PK\x03\x04", b"PK\x05\x06"}:
        return "zip"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text[:1] == b"<" or head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return "xml"
    if text[:1] == b"{":
        return "json"
    if head[:1] == b"\x30" or text[:11] == b"-----BEGIN ":
        return "der"
    return "unknown"


def begins_signed_data(head: bytes) -> bool:
    """Whether these octets begin a CMS ContentInfo that holds a SignedData, whichever way its length is written."""
    size = head[1] & 0x7F if len(head) > 1 and head[1] & 0x80 else 0
    return head[:1] == b"\x30" and head.startswith(_SIGNED_DATA, 2 + size)


def _hashed(source: _Source) -> _Hash:
    state = hashlib.sha256()
    position = 0
    while position < source.length:
        chunk = source.read_at(position, CHUNK)
        if not chunk:
            raise changed("document")
        state.update(chunk)
        position += len(chunk)
    return state


def _fed(state: _Hash, chunks: Iterable[bytes]) -> _Hash:
    for chunk in chunks:
        state.update(chunk)
    return state


def changed(name: str) -> DocumentError:
    """The error that a document is not what it was when it was read first."""
    return DocumentError(
        "document-changed",
        Text(f"{name} changed while it was being read", f"{name} đã thay đổi trong khi đọc"),
        Text("read it again with Document.read", "hãy đọc lại bằng Document.read"),
        retryable=True,
    )


class _Memory:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.length = len(data)

    def read_at(self, offset: int, size: int) -> bytes:
        return self._data[offset : offset + size]


def opened(path: Path) -> BinaryIO:
    """The file at ``path`` for reading; a pipe without a writer is opened too, instead of being waited for."""
    return open(path, "rb", opener=_without_waiting)


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


class _FileOnDisk:
    """A path, guarded by size and modification time."""

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        with opened(self._path) as file:
            if not file.seekable():
                raise OSError(ESPIPE, "it is a pipe, which can be read only once")
            self._stamp = _stamp(file)
        self.length = self._stamp[0]
        self._lock = threading.Lock()
        self._file: BinaryIO | None = None
        self._pid = 0

    def read_at(self, offset: int, size: int) -> bytes:
        with self._lock:
            if self._file is None or self._pid != os.getpid():
                try:
                    self._file = opened(self._path)
                except OSError as error:
                    raise changed(self._path.name) from error
                self._pid = os.getpid()
            if _stamp(self._file) != self._stamp:
                raise changed(self._path.name)
            self._file.seek(offset)
            return self._file.read(size)

    def __del__(self) -> None:
        file = getattr(self, "_file", None)
        if file is not None:
            file.close()


def _stamp(file: BinaryIO) -> tuple[int, int, int]:
    status = os.fstat(file.fileno())
    return status.st_size, status.st_mtime_ns, status.st_ino


class _OpenFile:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._lock = threading.Lock()
        self.length = file.seek(0, os.SEEK_END)

    def read_at(self, offset: int, size: int) -> bytes:
        with self._lock:
            self._file.seek(offset)
            parts = bytearray()
            while len(parts) < size and (chunk := self._file.read(size - len(parts))):
                parts += chunk
            return bytes(parts)


class _Window:
    """The bytes ``start:end`` of another source."""

    def __init__(self, base: _Source, start: int, end: int) -> None:
        self._base, self._start = base, start
        self.length = end - start

    def read_at(self, offset: int, size: int) -> bytes:
        return self._base.read_at(self._start + offset, max(0, min(size, self.length - offset)))


class _Prefix(_Window):
    def __init__(self, base: _Source, length: int) -> None:
        super().__init__(base, 0, length)


class _Joined:
    def __init__(self, first: _Source, second: _Source) -> None:
        self._first, self._second = first, second
        self.length = first.length + second.length

    def read_at(self, offset: int, size: int) -> bytes:
        head = self._first.read_at(offset, size) if offset < self._first.length else b""
        if len(head) == size:
            return head
        return head + self._second.read_at(max(0, offset - self._first.length), size - len(head))


def _spliced(base: _Source, offset: int, inserted: bytes, known: tuple[int, _Hash] | None) -> _Spliced:
    """``base`` with ``inserted`` at ``offset``; one append after another stays one layer."""
    if isinstance(base, _Spliced) and offset == base.length and base.offset == base.base.length:
        return _Spliced(base.base, base.offset, base.inserted + inserted, known)
    return _Spliced(base, offset, inserted, known)


class _Spliced:
    """A source with bytes put in at ``offset``; ``known`` is a position and the SHA-256 state of all before it."""

    def __init__(self, base: _Source, offset: int, inserted: bytes, known: tuple[int, _Hash] | None) -> None:
        self.base, self.offset, self.inserted, self._known = base, offset, inserted, known
        self.length = base.length + len(inserted)

    def resumed(self, span: tuple[int, int]) -> tuple[int, _Hash] | None:
        """The known position and a running hash, if ``span`` starts at 0 and reaches past that position."""
        if self._known is None or span[0] != 0 or span[1] < self._known[0]:
            return None
        return self._known[0], self._known[1].copy()

    def read_at(self, offset: int, size: int) -> bytes:
        end = min(offset + size, self.length)
        parts = []
        if offset < self.offset:
            parts.append(self.base.read_at(offset, min(end, self.offset) - offset))
        inner_start, inner_end = max(offset - self.offset, 0), end - self.offset
        if inner_end > 0 and inner_start < len(self.inserted):
            parts.append(self.inserted[inner_start:inner_end])
        after = self.offset + len(self.inserted)
        if end > after:
            start = max(offset, after)
            parts.append(self.base.read_at(start - len(self.inserted), end - start))
        return b"".join(parts)


class _Reader(io.RawIOBase):
    """A file object over a source."""

    def __init__(self, source: _Source) -> None:
        self._source = source
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._source.length}[whence]
        if base + offset < 0:
            raise ValueError("negative seek position")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        room = memoryview(buffer).cast("B")
        data = self._source.read_at(self._position, len(room))
        room[: len(data)] = data
        self._position += len(data)
        return len(data)
