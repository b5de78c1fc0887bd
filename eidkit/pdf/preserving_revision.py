"""The revision that preserves: what the security store (/DSS) lacks, and a document timestamp over everything.

The store is written as a new object that takes over every member of the old one byte for byte; its lists gain
references to new streams, so that nothing which the file already holds is written twice or touched.  Neither
/Info nor the XMP metadata is changed.
Source: ETSI EN 319 142-1 §5.4.2 (document security store), §5.4.3 (document timestamps); ISO 32000-2 §12.8.4.3,
§12.8.5.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from eidkit.pdf.appending import RANGE_WIDTH, Revision, Update, add_invisible_field, ranged
from eidkit.pdf.intake import checked_for_appending, hostile, open_for_appending
from eidkit.pdf.references import unreferred
from eidkit.pdf.revisions import revised
from eidkit.pdf.security_store import SecurityStore, every_store, joined, store_in
from eidkit.pdf.syntax import SyntaxProblem, edited, referred, spans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eidkit.document import Document
    from eidkit.pdf.revisions import PdfFile

_WORTH_PACKING = 2048
_OTHER_OBJECTS = 4
"""The store, the timestamp's dictionary and field, and the cross-reference stream."""


def preserving_revision(
    document: Document, additions: SecurityStore, reserve: int | None, opened: PdfFile | None = None
) -> Revision:
    """The revision that adds ``additions`` to the store of ``document`` and, with ``reserve``, a document timestamp.

    What an earlier store held and the newest one does not is put back.  ``opened`` is the document when it was
    opened before.
    The hole for the token has ``reserve`` octets; without one the revision has no hole (``reserve`` 0).  Raises
    :class:`DocumentError` when the document cannot be written to.
    """
    reader = checked_for_appending(document, opened.reader) if opened else open_for_appending(document)
    with hostile(document.name):
        update = Update(document, reader)
        file = opened or revised(document, reader)
        missing = _missing(store_in(file, file.revisions[-1]), joined((every_store(file), additions)))
        objects = len(missing.certificates) + len(missing.crls) + len(missing.ocsps) + _OTHER_OBJECTS
        update.skip_to(unreferred(file, update.next_number, objects))
        _add_to_store(update, missing)
        hole = _place_timestamp(update, reserve) if reserve else 0
        data = update.finished()
        if not reserve:
            return Revision(document.length, data, 0, 0)
        return Revision(document.length, ranged(data, document.length, hole, reserve), hole, reserve)


def _missing(present: SecurityStore, wanted: SecurityStore) -> SecurityStore:
    def rest(have: Sequence[bytes], want: Sequence[bytes]) -> tuple[bytes, ...]:
        return tuple(dict.fromkeys(item for item in want if item not in set(have)))

    return SecurityStore(
        rest(present.certificates, wanted.certificates),
        rest(present.crls, wanted.crls),
        rest(present.ocsps, wanted.ocsps),
    )


def _add_to_store(update: Update, additions: SecurityStore) -> None:
    if not additions:
        return
    lists = (("/Certs", additions.certificates), ("/CRLs", additions.crls), ("/OCSPs", additions.ocsps))
    numbers = {key: [_put_stream(update, data) for data in items] for key, items in lists if items}
    old = _old_store(update)
    text = old or b"<</Type/DSS>>"
    changes = {key: _lengthened(update, text, key, added) for key, added in numbers.items()}
    store = update.new_number()
    update.put(store, 0, edited(text, changes))
    update.edit(update.reader.root_ref.idnum, {"/DSS": b"%d 0 R" % store})


def _put_stream(update: Update, data: bytes) -> int:
    number = update.new_number()
    packed = zlib.compress(data, 6) if len(data) > _WORTH_PACKING else data
    filtered = b"/Filter/FlateDecode" if len(packed) < len(data) * 9 // 10 else b""
    octets = packed if filtered else data
    update.put(number, 0, b"<<%b/Length %d>>\nstream\n%b\nendstream" % (filtered, len(octets), octets))
    return number


def _old_store(update: Update) -> bytes | None:
    """The text of the store's dictionary; None when there is none."""
    return _member_text(update, update.text(update.reader.root_ref.idnum), "/DSS")


def _member_text(update: Update, dictionary: bytes, key: str) -> bytes | None:
    """The text of a member, or of the object that it refers to; None when it is missing or null."""
    where = spans(dictionary, 0).values.get(key)
    if where is None:
        return None
    text = dictionary[where[0] : where[1]]
    number = referred(text)
    if number is not None:
        text = update.text(number)
    return None if text.strip() == b"null" else text


def _lengthened(update: Update, dictionary: bytes, key: str, numbers: Sequence[int]) -> bytes:
    """The list ``key`` of the store with references to ``numbers`` at its end."""
    items = b" ".join(b"%d 0 R" % number for number in numbers)
    old = (_member_text(update, dictionary, key) or b"[]").strip()
    if not (old.startswith(b"[") and old.endswith(b"]")):
        raise SyntaxProblem(f"{key} of the security store is not a list")
    return old[:-1] + b" " + items + b"]"


def _place_timestamp(update: Update, reserve: int) -> int:
    """Write the dictionary of the document timestamp and its field; where the hole begins."""
    signature = update.new_number()
    head = b"<</Type/DocTimeStamp/Filter/Adobe.PPKLite/SubFilter/ETSI.RFC3161/ByteRange[%b]/Contents" % (
        b" " * RANGE_WIDTH
    )
    start = update.put(signature, 0, b"%b<%b>>>" % (head, b"0" * (2 * reserve)))
    add_invisible_field(update, b"Timestamp", signature)
    return start + len(head)
