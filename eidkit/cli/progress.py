"""What is going on, on standard error while somebody watches; a file or a pipe never gets any of it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from eidkit.cli.speaking import in_language
from eidkit.errors import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from eidkit.transport import Request, Response, Transport

_ERASE = "\r\x1b[2K"


def show(what: Text) -> None:
    """Put ``what`` in the place of what was shown before."""
    from eidkit.verify.render.text import printable

    click.echo(_ERASE + printable(in_language(what)) + " …", nl=False, err=True)


def erase() -> None:
    """Leave nothing of it on the screen."""
    click.echo(_ERASE, nl=False, err=True)


@contextmanager
def doing(what: Text) -> Iterator[None]:
    """Show ``what`` for as long as the block runs; nothing of it stays on the screen."""
    if not sys.stderr.isatty():
        yield
        return
    show(what)
    try:
        yield
    finally:
        erase()


def counted(files: Sequence[Path]) -> Iterator[Path]:
    """``files``, one after another; how far we are is shown when there are several and the answers go elsewhere."""
    for number, path in enumerate(files, 1):
        if len(files) == 1 or sys.stdout.isatty():
            yield path
            continue
        with doing(Text(f"{number}/{len(files)} {path.name}", f"{number}/{len(files)} {path.name}")):
            yield path


class Asking:
    """A Transport that shows whom it asks while it waits.  Threads may share it."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def send(self, request: Request) -> Response:
        """The response to ``request``."""
        try:
            host = urlsplit(request.url).hostname or ""
        except ValueError:
            host = ""  # refused by the transport itself
        with doing(Text(f"asking {host}", f"đang hỏi {host}")):
            return self._transport.send(request)
