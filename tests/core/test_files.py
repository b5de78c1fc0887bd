"""Files: read up to a bound, written whole or not at all."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from eidkit import files
from eidkit.errors import DocumentError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_of_exactly_the_limit_is_read(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    assert files.contents(tmp_path / "x", 3) == b"abc"


def test_a_longer_file_is_too_big(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abcd")
    with pytest.raises(OSError, match="longer than 3 bytes") as caught:
        files.contents(tmp_path / "x", 3)
    assert caught.value.errno == errno.EFBIG


@pytest.mark.parametrize("name", ["long", "missing"])
def test_what_cannot_be_read_is_our_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "long").write_bytes(b"abcd")
    with pytest.raises(DocumentError) as caught:
        files.read_bounded(tmp_path / name, 3)
    assert caught.value.code == "file-unreadable"
    assert str(tmp_path) not in str(caught.value)


def test_a_private_file_is_its_owners(tmp_path: Path) -> None:
    files.write_atomically(tmp_path / "secret", [b"a", b"b"], private=True)
    assert (tmp_path / "secret").read_bytes() == b"ab"
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
