"""``eidkit sign``: a signature from a PKCS#12 file or a PEM key, time-stamped when asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from eidkit.cli import options
from eidkit.cli.running import UNREADABLE, not_supported
from eidkit.cli.speaking import complain, language_option, say
from eidkit.errors import Text, TimestampUnavailable

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from eidkit.key import SigningKey

EPILOG = """\b
Examples:
  eidkit sign permit.pdf -o signed.pdf --p12 sandbox/lan.p12 --password-file pw.txt
  eidkit sign form.xml -o signed.xml --key lan.key.pem --cert lan.pem
  eidkit sign permit.pdf -o signed.pdf --p12 lan.p12 --tsa http://tsa.example.gov --tsa-trust tsa.pem

Passwords come from --password-file or are asked for; they are never arguments.
"""
_LATER = {
    "pkcs11": Text("use --p12, or --key and --cert", "dùng --p12, hoặc --key và --cert"),
    "token": Text("use --p12, or --key and --cert", "dùng --p12, hoặc --key và --cert"),
    "format_": Text(
        "leave it out: the content decides (PDF: PAdES, XML: XAdES)", "bỏ tuỳ chọn này: nội dung quyết định"
    ),
}
_LEVELS = {
    "LT": Text("sign with --level T and keep the revocation answers", "ký với --level T và giữ dữ liệu thu hồi"),
    "LTA": Text("sign with --level T and keep the revocation answers", "ký với --level T và giữ dữ liệu thu hồi"),
}


@click.command(epilog=EPILOG)
@click.argument("document", type=options.PATH, metavar="IN")
@click.option("-o", "--output", required=True, type=options.PATH, metavar="OUT", help="Where the signed document goes.")
@click.option("--p12", type=options.PATH, metavar="FILE", help="A PKCS#12 file with key and certificate.")
@click.option("--key", type=options.PATH, metavar="PEM", help="A private key; needs --cert.")
@click.option("--cert", type=options.PATH, metavar="PEM", help="The certificate of --key, and its chain.")
@click.option("--password-file", type=options.PATH, metavar="FILE", help="The key's password; otherwise you are asked.")
@options.tsa_options(required=False)
@click.option(
    "--level", type=click.Choice(["B", "T", "LT", "LTA"]), help="Signature level; T needs --tsa and is meant by it."
)
@click.option(
    "--authentication", type=options.PATH, metavar="FILE", help="The record of the login that this signature rests on."
)
@click.option("--pkcs11", hidden=True)
@click.option("--token", hidden=True)
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
    if chosen["p12"]:
        from eidkit.signing import Pkcs12Key

        return Pkcs12Key.open(
            chosen["p12"], password=options.password(chosen["password_file"], f"Password of {chosen['p12'].name}")
        )
    from eidkit.signing import PemKey

    secret = options.password(chosen["password_file"], "") if chosen["password_file"] else None
    return PemKey.open(chosen["key"], chosen["cert"], password=secret)


def _refuse(chosen: dict[str, Any]) -> None:
    for name, remedy in _LATER.items():
        if chosen[name] is not None:
            raise not_supported(f"--{name.rstrip('_')}", remedy)
    if chosen["level"] in _LEVELS:
        raise not_supported(f"--level {chosen['level']}", _LEVELS[chosen["level"]])
    if bool(chosen["p12"]) == bool(chosen["key"] or chosen["cert"]) or bool(chosen["key"]) != bool(chosen["cert"]):
        raise click.UsageError("give the key as --p12 FILE, or as --key PEM with --cert PEM")
    if (chosen["level"] == "T") > bool(chosen["tsa"]):
        raise click.UsageError("--level T needs --tsa URL")
    if chosen["level"] == "B" and chosen["tsa"]:
        raise click.UsageError("--level B takes no timestamp; leave out --tsa, or ask for T")


def _kept(name: str) -> Text:
    return Text(
        f"the checked signature without a timestamp is kept in {name}; add one later with `eidkit timestamp {name}`",
        f"chữ ký chưa có dấu thời gian được giữ trong {name}; bổ sung sau bằng `eidkit timestamp {name}`",
    )
