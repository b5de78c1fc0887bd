"""Documents: immutable, spliced, streamed, written whole or not at all."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eidkit.document import Document, sniff
from eidkit.errors import DocumentError
from eidkit.files import write_atomically


def test_it_has_the_length_and_digest_of_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"content")
    document = Document.read(path)
    assert (document.name, document.length, document.sha256) == ("a.bin", 7, hashlib.sha256(b"content").hexdigest())


def test_a_missing_file_is_refused_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(DocumentError) as caught:
        Document.read(tmp_path / "none.pdf")
    assert caught.value.code == "document-unreadable"
    assert caught.value.remedy.en


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    os.mkfifo(path)
    with pytest.raises(DocumentError) as caught:
        Document.read(path)
    assert caught.value.code == "document-unreadable"


def test_a_file_that_changes_after_reading_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"content")
    document = Document.read(path)
    path.write_bytes(b"CONTENT!")
    with pytest.raises(DocumentError) as caught:
        document.open().read()
    assert caught.value.code == "document-changed"


@given(st.binary(max_size=300), st.binary(max_size=50), st.data())
def test_a_splice_is_the_bytes_with_others_put_in(data: bytes, inserted: bytes, draw: st.DataObject) -> None:
    offset = draw.draw(st.integers(0, len(data)))
    spliced = Document.from_bytes(data, "d").spliced(offset, inserted)
    expected = data[:offset] + inserted + data[offset:]
    assert spliced.open().read() == expected
    assert spliced.sha256 == hashlib.sha256(expected).hexdigest()
    start = draw.draw(st.integers(0, len(expected)))
    end = draw.draw(st.integers(start, len(expected)))
    assert spliced.read_range(start, end) == expected[start:end]
    assert (
        spliced.digest("sha256", [(0, start), (end, len(expected))])
        == hashlib.sha256(expected[:start] + expected[end:]).digest()
    )


@given(st.binary(max_size=200), st.binary(max_size=50), st.data())
def test_a_replacement_changes_only_its_range(data: bytes, by: bytes, draw: st.DataObject) -> None:
    start = draw.draw(st.integers(0, len(data)))
    end = draw.draw(st.integers(start, len(data)))
    replaced = Document.from_bytes(data, "d").replaced(start, end, by)
    assert replaced.open().read() == data[:start] + by + data[end:]


def test_an_appended_document_hashes_only_what_was_added() -> None:
    base = Document.from_bytes(b"x" * 1000, "d")
    twice = base.spliced(1000, b"one").spliced(1003, b"two")
    assert twice.sha256 == hashlib.sha256(b"x" * 1000 + b"onetwo").hexdigest()


def test_it_reads_from_any_seekable_file_object() -> None:
    document = Document.from_file(io.BytesIO(b"%PDF-1.7 x"), "f.pdf")
    assert document.format == "pdf"
    assert document.open().read() == b"%PDF-1.7 x"


def test_readers_are_independent() -> None:
    document = Document.from_bytes(b"abcdef", "d")
    first, second = document.open(), document.open()
    assert first.read(3) == b"abc"
    assert second.read() == b"abcdef"
    assert first.read() == b"def"


def test_a_pickled_document_comes_back_equal() -> None:
    document = Document.from_bytes(b"abc", "d").spliced(3, b"def")
    assert pickle.loads(pickle.dumps(document)) == document  # noqa: S301 - our own bytes


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"%PDF-1.4\n", "pdf"),
        (b"junk\n%PDF-1.4\n", "pdf"),
        (b"<?xml version='1.0'?><a/>", "xml"),
        (b"\xef\xbb\xbf<a/>", "xml"),
        (b"\xff\xfe<\x00a\x00", "xml"),
        (b"PK\x03\x04", "zip"),
        (b"\x30\x82", "der"),
        (b'{"a":1}', "json"),
        (b"hello", "unknown"),
        (b"", "unknown"),
    ],
)
def test_the_format_is_decided_by_content(head: bytes, expected: str) -> None:
    assert sniff(head) == expected


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "out.pdf"
    target.write_bytes(b"old")

    def chunks() -> object:
        yield b"half"
        raise OSError(28, "No space left on device")

    with pytest.raises(DocumentError) as caught:
        write_atomically(target, chunks())  # type: ignore[arg-type]
    assert caught.value.code == "document-unwritable"
    assert target.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["out.pdf"]


def test_writing_into_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="not written"):
        Document.from_bytes(b"x", "x").write(tmp_path / "no" / "x")
