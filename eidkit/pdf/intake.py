"""Opening a PDF that anyone may have sent: within bounds, and refused by name when it cannot be judged.

Every refusal is a :class:`DocumentError` with its own code and remedy; nothing else escapes on hostile bytes.
Reading and signing differ: a file that is merely unusual (a form for other viewers, two sets of
cross-references) can still be *read* and judged, but it is not *signed*, because what the signer sees would
depend on the viewer.
"""

from __future__ import annotations

import struct
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from eidkit.document import CHUNK
from eidkit.errors import DocumentError, EidkitError, Text
from eidkit.pdf.syntax import WHITE, member
from eidkit.pdf.xref import ending_after, last_ending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from eidkit.document import Document
    from eidkit.pdf.reader import Reader

MAX_LENGTH = 4 * 1024 * 1024 * 1024
HOSTILE = (
    ValueError, TypeError, LookupError, AttributeError, AssertionError, ArithmeticError, RuntimeError,
    EOFError, MemoryError, struct.error, zlib.error,
)  # fmt: skip

_REFUSALS: dict[str, tuple[Text, Text]] = {
    "pdf-too-large": (
        Text("the file is larger than a PDF's cross-references are read for", "tệp lớn hơn giới hạn đọc PDF"),
        Text("split the document", "hãy chia nhỏ tài liệu"),
    ),
    "pdf-header": (
        Text("the file does not begin with %PDF-", "tệp không bắt đầu bằng %PDF-"),
        Text("save it again as PDF; something was put in front of it", "lưu lại tệp dưới dạng PDF"),
    ),
    "pdf-cut-off": (
        Text("the end of the file is missing (no startxref and %%EOF)", "tệp bị cắt cụt (thiếu startxref và %%EOF)"),
        Text("transfer or download the file again", "tải hoặc gửi lại tệp"),
    ),
    "pdf-junk-after-end": (
        Text("there are other bytes after the end of the PDF", "có dữ liệu lạ sau phần kết thúc của PDF"),
        Text("save the document again as PDF before signing", "lưu lại tài liệu dưới dạng PDF trước khi ký"),
    ),
    "pdf-encrypted": (
        Text("the PDF is encrypted", "tệp PDF được mã hóa"),
        Text("remove the password protection and use that file", "hãy gỡ bỏ mật khẩu bảo vệ rồi dùng tệp đó"),
    ),
    "pdf-hybrid": (
        Text(
            "the PDF has two sets of cross-references (hybrid), so viewers may show different content",
            "PDF có hai bảng tham chiếu chéo (lai), các trình xem có thể hiển thị khác nhau",
        ),
        Text(
            "save it again, for example by printing to PDF, and sign that file",
            "lưu lại (ví dụ in ra PDF) rồi ký tệp đó",
        ),
    ),
    "pdf-xfa": (
        Text(
            "the PDF holds an XFA form, which only some viewers show",
            "PDF chứa biểu mẫu XFA mà chỉ một số trình xem hiển thị",
        ),
        Text("print it to PDF and sign that file", "hãy in ra PDF rồi ký tệp đó"),
    ),
    "pdf-decode-limit": (
        Text(
            "a compressed part of the PDF grows beyond every reasonable size",
            "phần nén trong PDF phình to quá giới hạn",
        ),
        Text(
            "ask where the file comes from; save it again if you trust it",
            "kiểm tra nguồn gốc tệp; lưu lại nếu tin cậy",
        ),
    ),
    "pdf-no-page": (
        Text("the PDF has no page that a signature could be put on", "PDF không có trang nào để đặt chữ ký"),
        Text("save the document again as PDF", "lưu lại tài liệu dưới dạng PDF"),
    ),
    "pdf-list-of-pages": (
        Text(
            "the PDF is prepared so that a signature would be a page, too",
            "PDF được tạo sao cho chữ ký cũng trở thành một trang",
        ),
        Text("check where it comes from; print it to a new PDF", "kiểm tra nguồn gốc tệp; in lại thành PDF mới"),
    ),
}


def refused(code: str, name: str) -> DocumentError:
    """The refusal ``code`` for the document ``name``."""
    problem, remedy = _REFUSALS[code]
    return DocumentError(code, Text(f"{name}: {problem.en}", f"{name}: {problem.vi}"), remedy)


def damaged(name: str, why: str) -> DocumentError:
    """The refusal for a PDF whose structure is broken; ``why`` in the parser's words."""
    return DocumentError(
        "pdf-damaged",
        Text(f"{name}: the PDF is damaged: {why[:200]}", f"{name}: tệp PDF bị hỏng"),
        Text("ask for the file again, or save it again as PDF", "yêu cầu gửi lại tệp hoặc lưu lại dưới dạng PDF"),
    )


class hostile:  # noqa: N801  # used as a word before a block, like contextlib's
    """A block that parses untrusted bytes: only eidkit's errors leave it."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is None or isinstance(error, EidkitError):
            return
        from pyhanko.pdf_utils.misc import PdfDecodeLimitError, PdfError

        if isinstance(error, PdfDecodeLimitError):
            raise refused("pdf-decode-limit", self._name) from error
        if isinstance(error, (PdfError, *HOSTILE)):
            raise damaged(self._name, str(error) or type(error).__name__) from error


@contextmanager
def cautiously(otherwise: Callable[[], None]) -> Iterator[None]:
    """A block in which untrusted bytes may turn out unreadable: then ``otherwise`` is called, and nothing raised."""
    from pyhanko.pdf_utils.misc import PdfError

    try:
        yield
    except (EidkitError, PdfError, *HOSTILE):
        otherwise()


def open_pdf(document: Document) -> Reader:
    """A reader for a document whose signatures are to be judged.

    Refuses what cannot be judged at all: encrypted, cut off, damaged, growing without bound.
    """
    reader = _opened(document)
    with hostile(document.name):
        if not isinstance(reader.root, dict):
            raise damaged(document.name, "no document catalogue")
    return reader


def _opened(document: Document) -> Reader:
    from eidkit.pdf.reader import Reader

    name = document.name
    if document.length > MAX_LENGTH:
        raise refused("pdf-too-large", name)
    if document.read_range(0, 5) != b"%PDF-":
        raise refused("pdf-header", name)
    ending = last_ending(document)
    if ending is None:
        raise refused("pdf-cut-off", name)
    with hostile(name):
        reader = Reader(document, ending)
        if any(_encrypted(part.trailer) for one in reader.sections for part in (one, one.hybrid) if part is not None):
            raise refused("pdf-encrypted", name)
    return reader


def _encrypted(trailer: Any) -> bool:
    """Whether a trailer names an encryption dictionary, also one that is not there; a direct ``null`` names none."""
    raw = dict.get(trailer, "/Encrypt")
    return raw is not None and type(raw).__name__ != "NullObject"


def open_for_signing(document: Document) -> Reader:
    """A reader for a document that is to be signed; refuses also what viewers may show differently."""
    from eidkit.pdf.fields import interactive

    reader = open_for_appending(document)
    with hostile(document.name):
        if any(section.hybrid is not None for section in reader.sections):
            raise refused("pdf-hybrid", document.name)
        if has_xfa(interactive(reader)):
            raise refused("pdf-xfa", document.name)
    return reader


def open_for_appending(document: Document) -> Reader:
    """A reader for a document to which a revision is appended that changes nothing that is shown."""
    return checked_for_appending(document, _opened(document))


def checked_for_appending(document: Document, reader: Reader) -> Reader:
    """``reader`` itself; refuses a document to which nothing can be appended that every viewer sees."""
    from eidkit.pdf.extents import run_over

    with hostile(document.name):
        reader.members(reader.root_ref.idnum)  # the catalogue is a dictionary, or the file is refused as damaged
        if trailing(document, reader.ending.end) or not _named_last(document, reader):
            raise refused("pdf-junk-after-end", document.name)
        if any(section.farthest >= document.length for section in reader.sections):
            raise damaged(document.name, "objects are said to stand after its end")
        if any(part is not None and part.beyond for one in reader.sections for part in (one, one.hybrid)):
            raise damaged(document.name, "a cross-reference section names objects beyond its /Size")
        offsets = [offset for section in reader.sections for offset in section.offsets]
        if run_over(document, reader, offsets, document.length):
            raise damaged(document.name, "an object runs on beyond its end, into whatever is appended")
    return reader


def _named_last(document: Document, reader: Reader) -> bool:
    """Whether the newest cross-reference section (or the main one of a linearized file) is followed by the end."""
    newest = max(reader.sections[-1].end, reader.sections[0].end if len(reader.sections) <= 2 else 0)
    return ending_after(document, newest) == reader.ending


def trailing(document: Document, end: int | None) -> bool:
    """Whether anything but white space stands after ``end``; also when no end was found."""
    if end is None:
        return True
    position = end
    while position < document.length:
        chunk = document.read_range(position, position + CHUNK)
        if chunk.strip(WHITE):
            return True
        position += CHUNK
    return False


def has_xfa(root: Any) -> bool:
    """Whether the form under the document catalogue ``root`` is (also) an XFA form."""
    return member(member(root, "/AcroForm"), "/XFA") is not None
