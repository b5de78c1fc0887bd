"""``eidkit sign``: a signature by a key in a file or in hardware, time-stamped when asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import click

from eidkit.cli import options
from eidkit.cli.running import UNREADABLE
from eidkit.cli.speaking import complain, language_option, misused, say
from eidkit.cli.stamping import Stamping, stamp_options
from eidkit.clock import SYSTEM_CLOCK
from eidkit.errors import EidkitError, Text, TimestampUnavailable

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import Literal

    from eidkit.binding.authentication import Authentication
    from eidkit.document import Document
    from eidkit.key import SigningKey
    from eidkit.timestamps.authority import TimestampAuthority
    from eidkit.transport import Transport
    from eidkit.trust.sources import Sources
    from eidkit.trust.store import TrustStore

EPILOG = """\b
Examples:
  eidkit sign permit.pdf -o signed.pdf --p12 sandbox/lan.p12 --password-file pw.txt
  eidkit sign form.xml -o signed.xml --key lan.key.pem --cert lan.pem
  eidkit sign permit.pdf -o signed.pdf --p12 lan.p12 --tsa http://tsa.example.gov --tsa-trust tsa.pem
  eidkit sign permit.pdf -o kept.pdf --p12 lan.p12 --level LTA --trust roots --tsa http://tsa.example.gov \\
      --tsa-trust tsa.pem
  eidkit sign plan.dwg -o plan.dwg.p7s --format cms --p12 lan.p12
  eidkit sign plan.dwg -o kept.p7s --format cms --p12 lan.p12 --level LTA --trust roots --tsa http://tsa.example.gov \\
      --tsa-trust tsa.pem
  eidkit sign permit.pdf -o signed.pdf --pkcs11 /usr/lib/softhsm/libsofthsm2.so --token Lan
  eidkit sign permit.pdf -o signed.pdf --p12 lan.p12 --stamp-at 1,120,230,70,20 --stamp-title "{name}" \\
      --stamp-text "Ký ngày {time}" --stamp-image signature.png

Passwords and PINs come from --password-file or are asked for; they are never arguments.

Exit code: 0 signed and written to OUT, 2 not; what was signed before a failure is then kept beside OUT.
"""
_LONG = ("LT", "LTA")
_KEPT = {
    "without-timestamp": Text(
        "the checked signature without a timestamp is kept in {name}; add one later with `eidkit timestamp {name}`",
        "chữ ký chưa có dấu thời gian được giữ trong {name}; bổ sung sau bằng `eidkit timestamp {name}`",
    ),
    "not-preserved": Text(
        "the time-stamped signature is kept in {name}; preserve it later with `eidkit preserve {name}`",
        "chữ ký đã có dấu thời gian được giữ trong {name}; lưu trữ sau bằng `eidkit preserve {name}`",
    ),
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
    "--level",
    type=click.Choice(["B", "T", *_LONG]),
    help="Signature level: T needs --tsa and is meant by it; LT and LTA preserve the file too and need --trust.",
)
@options.trust_option
@options.answer_options
@options.fetch_issuers_option
@click.option(
    "--authentication", type=options.PATH, metavar="FILE", help="The record of the login that this signature rests on."
)
@stamp_options
@click.option(
    "--format",
    "format_",
    type=click.Choice(["cms"]),
    help="cms: a CMS signature of any file, beside it. Otherwise the content decides: PDF, XML, one more in a CMS.",
)
@click.option("--attached", is_flag=True, help="With --format cms: the file goes into the signature.")
@click.option(
    "--detached", type=options.PATH, metavar="FILE", help="What a detached CMS is about that gets one more signature."
)
@click.option("--over", metavar="ID", help="Counter-sign this signature in a CMS, such as signature-1.")
@language_option
@click.pass_context
def command(ctx: click.Context, /, document: Path, output: Path, **chosen: Any) -> None:
    """Sign IN (a PDF or an XML document; any file with --format cms) and write the signed document to OUT.

    Every byte of IN stays as it was. The certificate is checked before the key is touched: its chain with --trust,
    its status with --crl, --ocsp or --level LT. OUT is written whole or not at all.
    """
    _refuse(chosen)
    read = _document(document)
    signing = Signing.of(chosen)
    try:
        with _key(chosen) as key:
            signed = signing.signed(read, key)
    except TimestampUnavailable as error:
        if error.signed is None:
            raise
        _keep(ctx, error, error.signed, output, "without-timestamp")
    if chosen["level"] in _LONG:
        try:
            signed = signing.preserved(signed, read, stamped=chosen["level"] == "LTA")
        except EidkitError as error:
            _keep(ctx, error, signed, output, "not-preserved")
    signed.write(output)
    say(Text(f"{output.name}: signed", f"{output.name}: đã ký"), err=True)


@dataclass(frozen=True, slots=True)
class Signing:
    """What one signature is checked, time-stamped and preserved with."""

    trust: TrustStore
    tsa: tuple[TimestampAuthority, ...]
    sources: Sources | None
    authentication: Authentication | None
    transport: Transport | None
    stamping: Stamping
    format: Literal["cms"] | None
    attached: bool
    detached: Document | None
    over: str | None

    @classmethod
    def of(cls, chosen: dict[str, Any]) -> Signing:
        """What the options describe; the network is asked for statuses only where they are to be kept."""
        trust = options.anchors({**chosen, "attest_trust": ()})
        tsa = options.authorities(chosen["tsa"], trust)
        transport = options.transport(tsa, chosen["allow_host"])
        sources: Sources | None = None
        if chosen["level"] in _LONG:
            sources = options.material({**chosen, "offline": False}).sources
        elif chosen["intermediate"] or chosen["crl"] or chosen["ocsp"]:
            sources = options.given_sources(chosen)
        login = options.authentications([chosen["authentication"]])[0] if chosen["authentication"] else None
        beside = _document(chosen["detached"]) if chosen["detached"] else None
        stamping = Stamping.of(chosen)
        return cls(
            trust, tsa, sources, login, transport, stamping, chosen["format_"], chosen["attached"], beside,
            chosen["over"],
        )  # fmt: skip

    def signed(self, document: Document, key: SigningKey) -> Document:
        """``document`` signed with ``key``, time-stamped when an authority is named."""
        from eidkit.signing import sign

        return sign(
            document,
            key,
            tsa=self.tsa or None,
            format=self.format,
            attached=self.attached,
            detached=self.detached,
            over=self.over,
            authentication=self.authentication,
            appearance=self.stamping.appearance(key.certificate, SYSTEM_CLOCK.now()),
            field=self.stamping.field,
            trust=self.trust if self.trust.of_kind("signing") else None,
            sources=self.sources,
            transport=self.transport,
        )

    def preserved(self, signed: Document, original: Document, *, stamped: bool) -> Document:
        """``signed`` with what proves it for years, and a timestamp over everything when ``stamped``."""
        from eidkit.signing import preserve

        beside = [one for one in (self.detached,) if one is not None]
        if self.format == "cms" and not self.attached:
            beside = [original]
        tsa = self.tsa if stamped else None
        return preserve(signed, self.trust, tsa=tsa, sources=self.sources, detached=beside, transport=self.transport)


def _keep(ctx: click.Context, error: EidkitError, signed: Document, output: Path, why: str) -> NoReturn:
    """Put what was signed beside the place where it should have gone, so that no PIN is spent twice."""
    beside = output.with_name(f"{output.stem}.{why}{output.suffix}")
    signed.write(beside)
    complain(error)
    say(_KEPT[why].filled(name=beside.name), err=True)
    ctx.exit(UNREADABLE)


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


def _document(path: Path) -> Document:
    from eidkit.document import Document

    return Document.read(path)


def _refuse(chosen: dict[str, Any]) -> None:
    hardware = any(chosen[name] is not None for name in ("token", "slot", "key_label", "key_id")) or chosen["last_try"]
    places = (bool(chosen["p12"]), bool(chosen["pkcs11"]), bool(chosen["key"]))
    if sum(places) != 1 or (bool(chosen["cert"]) != bool(chosen["key"]) and not chosen["pkcs11"]):
        raise misused(
            Text(
                "give the key as --p12 FILE, as --pkcs11 MODULE, or as --key PEM with --cert PEM",
                "cho khóa bằng --p12 TỆP, --pkcs11 MÔ-ĐUN, hoặc --key PEM kèm --cert PEM",
            )
        )
    if hardware and not chosen["pkcs11"]:
        raise misused(
            Text(
                "--token, --slot, --key-label, --key-id and --last-try belong to --pkcs11 MODULE",
                "--token, --slot, --key-label, --key-id và --last-try chỉ dùng với --pkcs11 MÔ-ĐUN",
            )
        )
    if chosen["level"] in ("T", *_LONG) and not chosen["tsa"]:
        raise misused(Text(f"--level {chosen['level']} needs --tsa URL", f"--level {chosen['level']} cần --tsa URL"))
    if chosen["level"] in _LONG and not chosen["trust"]:
        raise misused(
            Text(
                f"--level {chosen['level']} needs --trust: the roots of the signer's certificate",
                f"--level {chosen['level']} cần --trust: gốc của chứng thư người ký",
            )
        )
    if chosen["fetch_issuers"] and chosen["level"] not in _LONG:
        raise misused(
            Text(
                "--fetch-issuers belongs to --level LT and LTA",
                "--fetch-issuers chỉ dùng với --level LT và LTA",
            )
        )
    if chosen["level"] == "B" and chosen["tsa"]:
        raise misused(
            Text(
                "--level B takes no timestamp; leave out --tsa, or ask for T",
                "--level B không có dấu thời gian; bỏ --tsa, hoặc chọn T",
            )
        )
