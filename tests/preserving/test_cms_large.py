"""Content of any size: signed, preserved and verified in memory that does not grow with it."""

from __future__ import annotations

import io
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from eidkit.document import CHUNK, Document
from tests.preserving.world import World, verdict

if TYPE_CHECKING:
    from pathlib import Path

    from _typeshed import WriteableBuffer

PASSED = ("TOTAL-PASSED", None)
GIB = 1024**3
_MEASURED = """
import resource, sys
from eidkit.document import Document
from tests.preserving.world import World

def whole_life(content):
    world = World()
    kept = world.preserved(world.signed(content, format="cms"), stamped=True, detached=content)
    assert world.report(kept, detached=content)

whole_life(Document.from_bytes(b"small", "small.bin"))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
whole_life(Document.read(sys.argv[1]))
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print((after - before) * (1 if sys.platform == "darwin" else 1024))
"""


class Produced(io.RawIOBase):
    """A file whose octets are made when they are read; it remembers the largest piece that was asked for."""

    def __init__(self, length: int) -> None:
        self.length, self.position, self.largest = length, 0, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.position

    def seek(self, offset: int, whence: int = 0) -> int:
        self.position = offset + (0, self.position, self.length)[whence]
        return self.position

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        count = max(0, min(len(view), self.length - self.position))
        self.largest = max(self.largest, len(view))
        view[:count] = bytes(count)
        self.position += count
        return count


@pytest.mark.parametrize("attached", [True, False])
def test_content_that_is_made_while_it_is_read(world: World, attached: bool) -> None:
    file = Produced(48 * 1024 * 1024)
    content = Document.from_file(file, "plans.bin")  # type: ignore[arg-type]  # a raw file is read like any other
    signed = world.signed(content, format="cms", attached=attached)
    more = {} if attached else {"detached": content}
    kept = world.preserved(signed, stamped=True, **more)
    assert verdict(world.report(kept, offline=True, **more)) == PASSED
    assert file.largest <= CHUNK


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell how much memory was used at most")
def test_two_gigabytes_take_the_memory_of_a_few_octets(tmp_path: Path) -> None:
    path = tmp_path / "plans.bin"
    with path.open("wb") as file:
        file.truncate(2 * GIB + 5)
    run = subprocess.run([sys.executable, "-c", _MEASURED, str(path)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) < 16 * 1024 * 1024
