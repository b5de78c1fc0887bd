"""``eidkit sign``: a signature by a key in a file or in hardware, time-stamped when asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from eidkit.cli import options
from eidkit.cli.running import UNREADABLE, not_supported
from eidkit.cli.speaking import complain, language_option, say
from eidkit.errors import EidkitError, Text, TimestampUnavailable

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from eidkit.key import SigningKey

EPILOG = """\b
Examples:
  eidkit sign permit.pdf -o signed.pdf --p12 sandbox/lan.p12 --password-file pw.txt
  eidkit sign form.xml -o signed.xml --key lan.key.pem --cert lan.pem
  eidkit sign permit.pdf -o signed.pdf --p12 lan.p12 --tsa http://tsa.example.gov --tsa-trust tsa.pem
  eidkit sign permit.pdf -o signed.pdf --pkcs11 /usr/lib/softhsm/libsofthsm2.so --token Lan

Passwords and PINs come from --password-file or are asked for; they are never arguments.
"""
_LATER = {
    "format_": Text(
        "leave it out: the content decides (PDF: PAdES, XML: XAdES)", "bỏ tuỳ chọn này: nội dung quyết định"
    ),
}
_LEVELS = {
    "LT": Text("sign with --level T, then run eidkit preserve", "ký với --level T rồi chạy eidkit preserve"),
    "LTA": Text("sign with --level T, then run eidkit preserve", "ký với --level T rồi chạy eidkit preserve"),
}


@click.command(epilog=EPILOG)
@click.argument("document", type=options.PATH, metavar="IN")
@click.option("-o", "--output", required=True, type=options.PATH, metavar="OUT", help="Where the signed document goes.")
@click.option("--p12", type=options.PATH, metavar="FILE", help="A PKCS#12 file with key and certificate.")
@click.option("--key", type=options.PATH, metavar="PEM", help="A private key; needs --cert.")
@click.option("--cert", type=options.PATH, metavar="PEM", help="The certificate of the key, and its chain.")
@click.option("--pkcs11", metavar="MODULE", help="The PKCS#11 library of a hardware token.")
@click.option("--token", metavar="LABEL", help="Which hardware token, when there are several.")
@click.option("--slot", type=int, metavar="NUMBER", help="Which slot, when labels are alike.")
@click.option(
    "--key-label", metavar="LABEL", help="Which key of the hardware token, by its or its certificate's label."
)
@click.option("--key-id", metavar="HEX", help="Which key of the hardware token, by its CKA_ID.")
@click.option("--last-try", is_flag=True, help="Spend the last PIN before the hardware token locks.")
@click.option(
    "--password-file", type=options.PATH, metavar="FILE", help="The key's password or PIN; otherwise you are asked."
)
@options.tsa_options(required=False)
@click.option(
    "--level", type=click.Choice(["B", "T", "LT", "LTA"]), help="Signature level; T needs --tsa and is meant by it."
)
@click.option(
    "--authentication", type=options.PATH, metavar="FILE", help="The record of the login that this signature rests on."
)
@click.option("--format", "format_", hidden=True)
@language_option
@click.pass_context
def command(ctx: click.Context, /, document: Path, output: Path, **chosen: Any) -> None:
    """Sign IN (a PDF or an XML document) and write the signed document to OUT.

    Every byte of IN stays as it was. The certificate is checked before the key is touched, and OUT is written
    whole or not at all.
    """
    _refuse(chosen)
    from eidkit.document import Document
    from eidkit.signing import sign

    read = Document.read(document)
    trust = options.trust_store((chosen["tsa_trust"], "timestamping"))
    tsa = options.authorities(chosen["tsa"], trust)
    authentication = options.authentications([chosen["authentication"]])[0] if chosen["authentication"] else None
    try:
        with _key(chosen) as key:
            signed = sign(
                read,
                key,
                tsa=tsa or None,
                authentication=authentication,
                transport=options.transport(tsa, chosen["allow_host"]),
            )
    except TimestampUnavailable as error:
        if error.signed is None:
            raise
        beside = output.with_name(f"{output.stem}.without-timestamp{output.suffix}")
        error.signed.write(beside)
        complain(error)
        say(_kept(beside.name), err=True)
        ctx.exit(UNREADABLE)
    signed.write(output)
    say(Text(f"{output.name}: signed", f"{output.name}: đã ký"), err=True)


def _key(chosen: dict[str, Any]) -> AbstractContextManager[SigningKey]:
    if chosen["pkcs11"]:
        return _hardware_key(chosen)
    if chosen["p12"]:
        from eidkit.signing import Pkcs12Key

        return Pkcs12Key.open(
            chosen["p12"], password=options.password(chosen["password_file"], f"Password of {chosen['p12'].name}")
        )
    from eidkit.signing import PemKey

    secret = options.password(chosen["password_file"], "") if chosen["password_file"] else None
    return PemKey.open(chosen["key"], chosen["cert"], password=secret)


def _hardware_key(chosen: dict[str, Any]) -> AbstractContextManager[SigningKey]:
    from eidkit.signing import Pkcs11Key

    try:
        return Pkcs11Key.open(
            chosen["pkcs11"],
            token=chosen["token"],
            slot=chosen["slot"],
            pin=lambda: options.password(chosen["password_file"], "PIN of the hardware token"),
            label=chosen["key_label"],
            id=chosen["key_id"],
            certificate=chosen["cert"],
            last_try=chosen["last_try"],
        )
    except ImportError as error:
        raise EidkitError(
            "pkcs11-missing",
            Text("hardware tokens need python-pkcs11", "thiết bị ký cần python-pkcs11"),
            Text("pip install 'eidkit[pkcs11]'", "pip install 'eidkit[pkcs11]'"),
            kind="configuration",
        ) from error


def _refuse(chosen: dict[str, Any]) -> None:
    for name, remedy in _LATER.items():
        if chosen[name] is not None:
            raise not_supported(f"--{name.rstrip('_')}", remedy)
    if chosen["level"] in _LEVELS:
        raise not_supported(f"--level {chosen['level']}", _LEVELS[chosen["level"]])
    hardware = any(chosen[name] is not None for name in ("token", "slot", "key_label", "key_id")) or chosen["last_try"]
    places = (bool(chosen["p12"]), bool(chosen["pkcs11"]), bool(chosen["key"]))
    if sum(places) != 1 or (bool(chosen["cert"]) != bool(chosen["key"]) and not chosen["pkcs11"]):
        raise click.UsageError("give the key as --p12 FILE, as --pkcs11 MODULE, or as --key PEM with --cert PEM")
    if hardware and not chosen["pkcs11"]:
        raise click.UsageError("--token, --slot, --key-label, --key-id and --last-try belong to --pkcs11 MODULE")
    if (chosen["level"] == "T") > bool(chosen["tsa"]):
        raise click.UsageError("--level T needs --tsa URL")
    if chosen["level"] == "B" and chosen["tsa"]:
        raise click.UsageError("--level B takes no timestamp; leave out --tsa, or ask for T")


def _kept(name: str) -> Text:
    return Text(
        f"the checked signature without a timestamp is kept in {name}; add one later with `eidkit timestamp {name}`",
        f"chữ ký chưa có dấu thời gian được giữ trong {name}; bổ sung sau bằng `eidkit timestamp {name}`",
    )
