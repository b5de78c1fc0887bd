"""``eidkit otp``: enrol a person's authenticator app, and let them confirm with a one-time code."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from eidkit.cli import options
from eidkit.cli.running import FAILED
from eidkit.cli.speaking import complain, language, language_option, misused, say
from eidkit.errors import AuthenticationError, EidkitError, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from eidkit.auth import Stores
    from eidkit.auth.otp import Totp
    from eidkit.binding.authentication import Authentication
    from eidkit.binding.transaction import Transaction
    from eidkit.identity import Identity


@click.group("otp")
def command() -> None:
    """Enrol a person's authenticator app, and let them confirm with one-time codes (TOTP, RFC 6238)."""


_store_options: Callable[[Any], Any] = options.together(
    click.option(
        "--store",
        required=True,
        envvar="EIDKIT_STORE",
        metavar="FILE|URL",
        help="What remembers secrets and used codes: a SQLite file, postgresql://… or redis://… (also $EIDKIT_STORE).",
    ),
    click.option(
        "--key-file",
        required=True,
        type=options.PATH,
        metavar="FILE",
        help="The key that encrypts them: 32 random bytes, or 64 hex digits. Keep it away from the store.",
    ),
)

ENROL_EPILOG = """\b
Examples:
  eidkit otp enrol vn-cccd:001234567890 --name "Nguyễn Thị Lan" --issuer "City Hall" \\
      --store auth.db --key-file store.key
  eidkit otp enrol - --issuer "City Hall" --store auth.db --key-file store.key --svg lan.svg < who.txt

On a terminal the QR code is drawn there. The secret itself is printed only with --show-secret.
When neither the file nor its key is there yet, both are made; on a server only the tables are.
"""


@command.command("enrol", epilog=ENROL_EPILOG, short_help="Give a person a new authenticator.")
@click.argument("who", metavar="SCHEME:IDENTIFIER|-")
@click.option("--name", default="", metavar="NAME", help="The person's name, shown in the app.")
@click.option("--issuer", required=True, metavar="NAME", help="Your service's name, shown in the app.")
@_store_options
@click.option("--svg", type=options.PATH, metavar="OUT", help="Write the QR code as a picture; delete it afterwards.")
@click.option("--show-secret", is_flag=True, help="Print the otpauth address with its secret.")
@click.option("--replace", is_flag=True, help="Replace the authenticator that the person has already.")
@language_option
def enrol(who: str, name: str, issuer: str, store: str, key_file: Path, **chosen: Any) -> None:
    """Give a person a new authenticator: a QR code that their app scans once.

    Make sure beforehand that the person in front of you is who you say: whoever scans the code will be. With "-"
    the identifier is the first line of standard input, so that no list of processes shows it.
    """
    from eidkit.auth import otp

    drawn = sys.stdout.isatty()
    if not (drawn or chosen["svg"] or chosen["show_secret"]):
        raise misused(
            Text(
                "nobody would see the QR code: run it on a terminal, or give --svg OUT or --show-secret",
                "không ai thấy mã QR: chạy trên cửa sổ lệnh, hoặc dùng --svg OUT hay --show-secret",
            )
        )
    identity = _identity(who, name)
    stores = _stores(store, key_file, make=True)
    totp = otp.enrol(identity, issuer=issuer, stores=stores, replace=chosen["replace"])
    try:
        if chosen["svg"]:
            _write_svg(totp, chosen["svg"])
    except EidkitError:
        otp.withdraw(identity, stores=stores)
        raise
    if drawn and not chosen["svg"]:
        _draw(totp)
    click.echo(totp.uri if chosen["show_secret"] else _without_secret(totp.uri))
    say(
        Text(
            f"{identity.masked} is enrolled; let them try it with `eidkit otp verify`",
            f"đã đăng ký cho {identity.masked}; hãy cho người đó thử bằng `eidkit otp verify`",
        ),
        err=True,
    )


VERIFY_EPILOG = """\b
Examples:
  eidkit otp verify vn-cccd:001234567890 --store auth.db --key-file store.key
  eidkit otp verify vn-cccd:000190000022 --store auth.db --key-file store.key \\
      --dossier folder --procedure procedure.toml --action approve \\
      --service-key service.p12 --password-file pw.txt -o authentication.json
  eidkit sign permit.pdf -o signed.pdf --p12 lan.p12 --authentication authentication.json

Exit code: 0 accepted, 1 not accepted, 2 could not be asked. A code is accepted once; wrong ones wait ever longer.
"""


@command.command("verify", epilog=VERIFY_EPILOG, short_help="Ask for a one-time code and say whether it is right.")
@click.argument("who", metavar="SCHEME:IDENTIFIER|-")
@_store_options
@click.option("--dossier", type=options.PATH, metavar="FOLDER", help="Confirm the step that is due in this dossier.")
@click.option("--procedure", type=options.PATH, metavar="FILE", help="Your own procedure, with --dossier.")
@click.option("--action", metavar="NAME", help="The action of the step, such as approve.")
@click.option("--service-key", type=options.PATH, metavar="P12", help="The key that attests logins and nothing else.")
@click.option("--password-file", type=options.PATH, metavar="FILE", help="Its password; otherwise you are asked.")
@click.option("-o", "--output", type=options.PATH, metavar="OUT", help="Where the record of the login goes.")
@language_option
@click.pass_context
def verify(ctx: click.Context, /, who: str, store: str, key_file: Path, **chosen: Any) -> None:
    """Ask for a one-time code and say whether it is right; the code is typed or piped, never an argument.

    With --dossier the text of the step is shown first, the code confirms exactly that, and the attested record of
    the login goes to OUT, for `eidkit sign --authentication OUT`. Without it nothing is approved: it is a try.
    """
    given = [chosen[name] is not None for name in ("dossier", "procedure", "action", "service_key", "output")]
    if any(given) and not all(given):
        raise misused(
            Text(
                "--dossier, --procedure, --action, --service-key and --output belong together",
                "--dossier, --procedure, --action, --service-key và --output phải đi cùng nhau",
            )
        )
    identity = _identity(who)
    stores = _stores(store, key_file, make=False)
    try:
        if all(given):
            _confirmed(identity, stores, chosen).write(chosen["output"])
        else:
            from eidkit.auth import otp

            otp.confirm(identity, _code(), stores=stores)
    except AuthenticationError as error:
        complain(error)
        ctx.exit(FAILED)
    say(Text("the code is right", "mã đúng"), err=True)


UNLOCK_EPILOG = """\b
Examples:
  eidkit otp unlock vn-cccd:000190000022 --store auth.db --key-file store.key

Replacing an authenticator (`eidkit otp enrol --replace`) keeps the lock: whoever guesses gets nothing by it.
"""


@command.command("unlock", epilog=UNLOCK_EPILOG, short_help="Let a person try again who was locked out.")
@click.argument("who", metavar="SCHEME:IDENTIFIER|-")
@_store_options
@language_option
def unlock(who: str, store: str, key_file: Path) -> None:
    """Start the count of a person's wrong codes anew: after ten in a row no code of theirs is accepted any more.

    Make sure beforehand that it was that person who was wrong, and not somebody who guesses.
    """
    from eidkit.auth import otp

    identity = _identity(who)
    otp.unlock(identity, stores=_stores(store, key_file, make=False))
    say(Text(f"{identity.masked} may try again", f"{identity.masked} có thể thử lại"), err=True)


ROTATE_EPILOG = """\b
Examples:
  eidkit otp rotate --store auth.db --key-file old.key --new-key-file new.key
  EIDKIT_STORE=postgresql://permits@db/permits eidkit otp rotate --key-file old.key --new-key-file new.key

With a service that runs: start it with the new key among its former keys, rotate, then start it with the new key and
keep the old one among its former keys for half an hour. Broken off, give the same command again. Keep the old key as
long as you keep backups that it opens.
"""


@command.command("rotate", epilog=ROTATE_EPILOG, short_help="Seal every secret again under a new key.")
@_store_options
@click.option(
    "--new-key-file",
    required=True,
    type=options.PATH,
    metavar="FILE",
    help="The new key, as above; made where it is not there.",
)
@language_option
def rotate(store: str, key_file: Path, new_key_file: Path) -> None:
    """Seal every secret in the store again under a new key, and say how many were sealed.

    Nobody has to enrol again. Afterwards only the new key opens the store.
    """
    given = [_key(new_key_file)] if new_key_file.exists() else []
    if given == [_key(key_file)]:
        raise misused(Text("the new key is the old one", "khóa mới trùng với khóa cũ"))
    # Where a rotation broke off, part of the store lies under the new key already.
    stores = _stores(store, key_file, make=False, former_keys=given)
    if not given:
        _write_new_key(new_key_file)
    changed = stores.rotate(_key(new_key_file))
    say(
        Text(
            f"sealed again under the new key: {changed}; the old key opens nothing here any more",
            f"đã niêm phong lại bằng khóa mới: {changed}; khóa cũ không còn mở được gì ở đây",
        )
    )


def _confirmed(identity: Identity, stores: Stores, chosen: dict[str, Any]) -> Authentication:
    """The attested login of ``identity`` for the step that is due, after its text was shown."""
    from eidkit.auth import otp
    from eidkit.signing import Pkcs12Key

    transaction = _transaction(chosen)
    password = options.password(chosen["password_file"], f"Password of {chosen['service_key'].name}")
    with Pkcs12Key.open(chosen["service_key"], password=password) as service_key:
        from eidkit.verify.render.text import printable

        challenge = otp.begin(identity, transaction, audience="eidkit", stores=stores)
        click.echo(printable(transaction.text.body), err=True)
        return otp.verify(_code(), challenge.id, stores=stores, attest=service_key)


def _transaction(chosen: dict[str, Any]) -> Transaction:
    from eidkit.binding.procedure import Procedure
    from eidkit.dossier import Dossier

    procedure = options.named(chosen["procedure"], Procedure.read)
    return Dossier.read(chosen["dossier"], procedure).transaction(action=chosen["action"], language=language())


def _identity(who: str, name: str = "") -> Identity:
    from eidkit.identity import Identity

    scheme, colon, identifier = (_line() if who == "-" else who).rpartition(":")
    if not colon:
        raise misused(
            Text(
                "say who it is as SCHEME:IDENTIFIER, such as vn-cccd:001234567890",
                "cho biết người dùng dạng LOẠI:ĐỊNH-DANH, ví dụ vn-cccd:001234567890",
            )
        )
    return Identity(scheme, identifier, name)


def _code() -> str:
    """The code: asked for on a terminal, otherwise the next line of standard input."""
    return str(click.prompt("Code", err=True, prompt_suffix=": ")).strip() if sys.stdin.isatty() else _line()


def _line() -> str:
    return sys.stdin.readline(1024).strip()


def _stores(store: str, key_file: Path, *, make: bool, former_keys: Sequence[bytes] = ()) -> Stores:
    """The stores in ``store`` under the key in ``key_file``; a file and its key are made where neither is there."""
    from pathlib import Path

    if "://" in store:
        return _served(store, _key(key_file), former_keys)
    path = Path(store)
    if not path.exists() and not make:
        raise EidkitError(
            "store-missing",
            Text(f"{path.name} is not there", f"không có {path.name}"),
            Text("name the store in which the person was enrolled", "chỉ định kho đã dùng khi đăng ký"),
            kind="person",
        )
    if not path.exists() and not key_file.exists():
        _write_new_key(key_file)
    from eidkit.auth import Stores

    return Stores.sqlite(path, key=_key(key_file), former_keys=former_keys)


def _served(url: str, key: bytes, former_keys: Sequence[bytes]) -> Stores:
    """The stores on a server; one whose package is missing is named with what installs it."""
    from eidkit.auth import Stores

    opened = Stores.postgresql if url.startswith("postgres") else Stores.redis
    try:
        return opened(url, key=key, former_keys=former_keys)
    except ImportError as error:
        raise EidkitError(
            "store-packages",
            Text("stores on a server need more packages", "kho trên máy chủ cần cài thêm gói"),
            Text("pip install 'eidkit[postgresql,redis]'", "pip install 'eidkit[postgresql,redis]'"),
            kind="configuration",
        ) from error


def _write_new_key(path: Path) -> None:
    import secrets

    from eidkit.auth.stores.sealing import KEY_SIZE
    from eidkit.files import write_atomically

    write_atomically(path, [secrets.token_bytes(KEY_SIZE)], private=True)
    said = "a new key; move it to where you keep secrets"
    say(Text(f"{path.name}: {said}", f"{path.name}: khoá mới; hãy cất vào nơi giữ bí mật"), err=True)


def _key(path: Path) -> bytes:
    """The key in a file, as bytes or as hex digits."""
    from eidkit.auth.stores.sealing import KEY_SIZE
    from eidkit.files import read_bounded

    key = read_bounded(path, 4096)
    return key if len(key) == KEY_SIZE else _from_hex(key)


def _from_hex(text: bytes) -> bytes:
    """The key written as hex digits; anything else is left as it is, for the stores to refuse."""
    try:
        return bytes.fromhex(text.decode("ascii"))
    except ValueError:
        return text


def _without_secret(uri: str) -> str:
    """The otpauth address with its secret left out."""
    import re

    return re.sub(r"(?<=[?&]secret=)[^&]*", "…", uri)


def _draw(totp: Totp) -> None:
    import segno

    from eidkit.auth.enrolling import QR_ERROR_CORRECTION

    segno.make(totp.uri, error=QR_ERROR_CORRECTION, micro=False).terminal(sys.stdout, compact=True, border=2)


def _write_svg(totp: Totp, path: Path) -> None:
    """The QR code as a picture on white, which only its owner may read."""
    from eidkit.files import write_atomically

    write_atomically(path, [totp.svg()], private=True)
