"""``eidkit sandbox``: a make-believe trust infrastructure to test with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from eidkit.cli import options
from eidkit.cli.speaking import language_option, say
from eidkit.errors import EidkitError, Text

if TYPE_CHECKING:
    from pathlib import Path
    from threading import Event

EPILOG = """\b
Example:
  eidkit sandbox init sandbox
  eidkit sign sandbox/permit.pdf -o signed.pdf --p12 sandbox/lan.p12        (the password is: sandbox)
  eidkit verify signed.pdf --trust sandbox/roots --crl sandbox/crls --offline

Exit code: 0 written, 2 not.
"""


@click.group("sandbox")
def command() -> None:
    """Make a trust infrastructure of your own to test with: authorities, people, agencies, documents."""


@command.command("init", epilog=EPILOG, short_help="Write a new sandbox to DIR.")
@click.argument("folder", type=options.PATH, metavar="DIR")
@click.option("--url", metavar="URL", help="The loopback address that its certificates name; default: port 8765.")
@language_option
def init(folder: Path, url: str | None) -> None:
    """Write keys, roots, revocation lists, sample documents and a procedure to DIR.

    Everything in it is for testing: the keys are worth nothing and the password is "sandbox".
    """
    from eidkit.sandbox import init as write
    from eidkit.sandbox.folder import LOOPBACK_URL
    from eidkit.sandbox.loopback import served_url

    write(folder, base_url=served_url(url or LOOPBACK_URL))
    say(
        Text(
            f"{folder}: roots/ crls/ keys (password: sandbox), permit.pdf, form.xml, procedure.toml",
            f"{folder}: roots/ crls/ khoá (mật khẩu: sandbox), permit.pdf, form.xml, procedure.toml",
        ),
        err=True,
    )


_SERVED = {"OpenID": "oidc", "OpenID (portal)": "portal", "VNeID": "vneid", "control": "control"}
SERVE_EPILOG = """\b
Example:
  eidkit sandbox serve sandbox &
  eidkit sign sandbox/permit.pdf -o signed.pdf --p12 sandbox/lan.p12 \\
      --tsa http://127.0.0.1:8765/tsa --tsa-trust sandbox/roots/timestamping --allow-host 127.0.0.1

\b
Faults: ENDPOINT=KIND, on until they are mended on the control page.
  endpoints  crl ocsp certificate tsa discovery jwks authorize token userinfo
  kinds      slow[:SECONDS] wrong[:DETAIL] down rate-limited cut-off too-large

Exit code: 0 ended by Ctrl-C or SIGTERM, 2 could not serve.
"""


@command.command(
    "serve", epilog=SERVE_EPILOG, short_help="Answer at the addresses of the sandbox in DIR, until Ctrl-C."
)
@click.argument("folder", type=options.PATH, metavar="DIR")
@click.option("--fault", "faulty", multiple=True, metavar="ENDPOINT=KIND", help="Begin with this fault; repeatable.")
@language_option
def serve(folder: Path, faulty: tuple[str, ...]) -> None:
    """Answer at the addresses of the sandbox in DIR: timestamps, OCSP, revocation lists, logins; until Ctrl-C.

    The same authorities, revocations and keys as before a restart. Only this machine can connect.
    """
    from eidkit.sandbox import Sandbox
    from eidkit.sandbox.faults import Fault
    from eidkit.sandbox.loopback import served_url
    from eidkit.sandbox.server import serving

    sandbox = Sandbox.open(folder)
    served_url(sandbox.base_url)
    sandbox.faults.switch([Fault.parse(one) for one in faulty])
    ended = _end_of_process()
    try:
        with serving(sandbox, folder=folder) as server:
            # The first line alone goes to standard output: a script waits for it, and then everything answers.
            click.echo(f"{server.address}tsa")
            for name, path in _SERVED.items():
                click.echo(f"{name}: {server.address}{path}", err=True)
            ended.wait()
    except OSError as error:
        raise _port_taken(sandbox.base_url) from error


def _end_of_process() -> Event:
    """Set when the process is asked to end (SIGTERM, Ctrl-C), so that it ends in order."""
    import signal
    import threading

    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    return ended


def _port_taken(url: str) -> EidkitError:
    return EidkitError(
        "sandbox-port-taken",
        Text(f"{url} is already taken by another program", f"{url} đang được chương trình khác sử dụng"),
        Text(
            "stop that program, another served sandbox perhaps; or make a sandbox elsewhere with init --url",
            "dừng chương trình đó, có thể là sandbox khác; hoặc tạo sandbox ở địa chỉ khác bằng init --url",
        ),
        kind="outside",
        retryable=True,
    )
