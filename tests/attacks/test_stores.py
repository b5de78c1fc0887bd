"""Security stores that cost more than they weigh, one in each of many revisions."""

from __future__ import annotations

import time
import zlib

from eidkit.document import Document
from eidkit.pdf import appending
from eidkit.pdf.intake import open_for_appending
from eidkit.sandbox.documents import decision_pdf
from eidkit.verify import collect

BOMB = zlib.compress(b"\x00" * (96 * 1024 * 1024), 9)


def _with_store(document: Document, stream: bytes) -> Document:
    update = appending.Update(document, open_for_appending(document))
    number, store = update.new_number(), update.new_number()
    update.put(number, 0, b"<</Filter/FlateDecode/Length %d>>\nstream\n%b\nendstream" % (len(stream), stream))
    update.put(store, 0, b"<</Type/DSS/Certs[%d 0 R]>>" % number)
    update.edit(update.reader.root_ref.idnum, {"/DSS": b"%d 0 R" % store})
    return document.spliced(document.length, update.finished())


def test_many_stores_that_grow_are_decoded_only_so_far() -> None:
    document = Document.from_bytes(decision_pdf(), "permit.pdf")
    for _ in range(40):
        document = _with_store(document, BOMB)
    begun = time.process_time()
    evidence = collect(document)
    assert sum(map(len, evidence.certificates)) <= 2 * 96 * 1024 * 1024
    assert time.process_time() - begun < 10


def test_the_stores_of_all_revisions_count_together() -> None:
    document = Document.from_bytes(decision_pdf(), "permit.pdf")
    for number in range(3):
        document = _with_store(document, zlib.compress(b"certificate %d" % number))
    assert collect(document).certificates == (b"certificate 2", b"certificate 1", b"certificate 0")
