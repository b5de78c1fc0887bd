"""``eidkit sandbox``: a make-believe trust infrastructure to test with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from eidkit.cli import options
from eidkit.cli.speaking import language_option, say
from eidkit.errors import EidkitError, Text

if TYPE_CHECKING:
    from pathlib import Path

EPILOG = """\b
Example:
  eidkit sandbox init sandbox
  eidkit sign sandbox/permit.pdf -o signed.pdf --p12 sandbox/lan.p12        (the password is: sandbox)
  eidkit verify signed.pdf --trust sandbox/roots --crl sandbox/crls --offline
"""


@click.group("sandbox")
def command() -> None:
    """Make a trust infrastructure of your own to test with: authorities, people, agencies, documents."""


@command.command("init", epilog=EPILOG)
@click.argument("folder", type=options.PATH, metavar="DIR")
@language_option
def init(folder: Path) -> None:
    """Write keys, roots, revocation lists, sample documents and a procedure to DIR.

    Everything in it is for testing: the keys are worth nothing and the password is "sandbox".
    """
    from eidkit.sandbox import init as write

    write(folder)
    say(
        Text(
            f"{folder}: roots/ crls/ keys (password: sandbox), permit.pdf, form.xml, procedure.toml",
            f"{folder}: roots/ crls/ khoá (mật khẩu: sandbox), permit.pdf, form.xml, procedure.toml",
        ),
        err=True,
    )


SERVE_EPILOG = """\b
Example:
  eidkit sandbox serve sandbox &
  eidkit sign sandbox/permit.pdf -o signed.pdf --p12 sandbox/lan.p12 \\
      --tsa http://127.0.0.1:PORT/tsa --tsa-trust sandbox/roots/timestamping --allow-host 127.0.0.1
"""


@command.command("serve", epilog=SERVE_EPILOG)
@click.argument("folder", type=options.PATH, metavar="DIR")
@language_option
def serve(folder: Path) -> None:
    """Answer at the addresses of the sandbox in DIR: timestamps, OCSP, revocation lists; until Ctrl-C.

    The same authorities as when DIR was made. Only this machine can connect.
    """
    import threading

    from eidkit.sandbox import Sandbox
    from eidkit.sandbox.server import serving

    sandbox = Sandbox.open(folder)
    try:
        with serving(sandbox) as address:
            click.echo(f"{address}tsa")
            threading.Event().wait()
    except OSError as error:
        raise _port_taken(sandbox.base_url) from error


def _port_taken(url: str) -> EidkitError:
    return EidkitError(
        "sandbox-port-taken",
        Text(f"{url} is already taken by another program", f"{url} đang được chương trình khác sử dụng"),
        Text("stop that program, another served sandbox perhaps", "dừng chương trình đó, có thể là sandbox khác"),
        kind="outside",
        retryable=True,
    )
