"""CMS files of other makers: BER in segments, PEM, other types of content; and the corpus's differences by name."""

from __future__ import annotations

import base64
import hashlib
import subprocess
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from eidkit.asn1 import outline
from eidkit.document import Document
from eidkit.errors import EidkitError
from eidkit.signing import preserve
from eidkit.verify import collect
from tests.cms.archiving import with_answers
from tests.cms.conftest import CONTENT, Bench, octets

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _by_openssl(tool: Callable[[str], str], bench: Bench, folder: Path, *options: str, content: bytes) -> Document:
    key = bench.lan.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    chain = b"".join(one.public_bytes(Encoding.PEM) for one in bench.lan.chain)
    (folder / "lan.pem").write_bytes(key + bench.lan.certificate.public_bytes(Encoding.PEM))
    (folder / "chain.pem").write_bytes(chain)
    (folder / "content").write_bytes(content)
    subprocess.run(
        [tool("openssl"), "cms", "-sign", "-binary", "-cades", "-in", str(folder / "content"), "-signer",
         str(folder / "lan.pem"), "-certfile", str(folder / "chain.pem"), "-out", str(folder / "out"), *options],
        check=True, capture_output=True,
    )  # fmt: skip
    return Document.read(folder / "out").renamed("permit.p7m")


@pytest.fixture
def made(tool: Callable[[str], str], bench: Bench, tmp_path: Path) -> Callable[..., Document]:
    return lambda *options, content=CONTENT: _by_openssl(tool, bench, tmp_path, *options, content=content)


def test_content_in_segments_of_indefinite_length_is_read(bench: Bench, made: Callable[..., Document]) -> None:
    content = bytes(range(256)) * 200
    document = made("-nodetach", "-stream", "-outform", "DER", content=content)
    assert octets(document)[:2] == b"\x30\x80"
    report = bench.report(document)
    assert report, str(report)
    assert report.conclusions[0].evidence.scope[0][1:] == ("sha256", hashlib.sha256(content).hexdigest())


def test_a_file_of_indefinite_length_takes_a_second_signature(bench: Bench, made: Callable[..., Document]) -> None:
    document = made("-nodetach", "-stream", "-outform", "DER", content=bytes(20_000))
    report = bench.report(bench.sign(document, bench.binh, stamped=True))
    assert [c.indication for c in report.conclusions] == ["TOTAL-PASSED"] * 2


@pytest.mark.parametrize("label", ["CMS", "PKCS7"])
def test_pem_is_unpacked(bench: Bench, label: str) -> None:
    text = base64.encodebytes(octets(bench.attached())).decode("ascii")
    pem = Document.from_bytes(f"-----BEGIN {label}-----\n{text}-----END {label}-----\n".encode(), "permit.pem")
    report = bench.report(pem)
    assert report
    assert (report.format, report.sha256) == ("cms", pem.sha256)


def test_a_second_signature_in_pem_gives_the_binary_form(bench: Bench) -> None:
    text = base64.encodebytes(octets(bench.attached())).decode("ascii")
    pem = Document.from_bytes(f"-----BEGIN CMS-----\n{text}-----END CMS-----\n".encode(), "permit.pem")
    assert bench.report(bench.sign(pem, bench.binh))


def test_empty_content_is_content(bench: Bench) -> None:
    signed = bench.sign(Document.from_bytes(b"", "empty"), format="cms", attached=True)
    assert bench.report(signed)


def test_a_timestamp_token_stays_a_timestamp_token(bench: Bench) -> None:
    stamp = collect(bench.attached(stamped=True)).signatures[0].timestamps[0]
    evidence = collect(Document.from_bytes(stamp.token, "token.tst"))
    assert evidence.format == "timestamp-token"


def test_the_outline_tells_where_the_content_lies(bench: Bench) -> None:
    document = bench.attached()
    with document.open() as file:
        found = outline.outline(file, document.length)
    assert found.content is not None
    ((start, end),) = found.content
    assert document.read_range(start, end) == CONTENT


def test_content_in_segments_is_made_to_last(made: Callable[..., Document], bench: Bench) -> None:
    box = bench.sandbox
    given = {"tsa": box.tsa, "sources": box.sources, "transport": box, "clock": box.clock}
    kept = made("-nodetach", "-stream", "-outform", "DER", content=bytes(20_000))
    for _ in range(2):
        kept = preserve(kept, box.trust, **given)
    report = bench.report(kept)
    assert report
    stamps = report.conclusions[0].timestamps
    assert [(one.kind, one.indication, one.findings) for one in stamps] == [
        ("signature", "PASSED", ()),
        ("archive", "PASSED", ()),
        ("archive", "PASSED", ()),
    ]


@pytest.mark.parametrize("extra", [b"\n", b"\x30\x00", b"\x00\x00\x01", bytes(outline.MAX_PADDING + 1)])
def test_octets_after_the_end_are_refused(bench: Bench, extra: bytes) -> None:
    with pytest.raises(EidkitError):
        collect(Document.from_bytes(octets(bench.attached()) + extra, "permit.p7m"))


def test_a_few_zero_octets_after_the_end_are_told(bench: Bench) -> None:
    padded = Document.from_bytes(octets(bench.attached()) + bytes(512), "permit.p7m")
    report = bench.report(padded)
    assert report
    assert [(f.code, f.severity) for f in report.findings] == [("PADDED", "warning")]


def test_what_is_added_later_takes_their_place(bench: Bench) -> None:
    padded = Document.from_bytes(octets(bench.attached()) + bytes(512), "permit.p7m")
    signed = bench.sign(padded, bench.binh)
    assert not octets(signed).endswith(bytes(8))
    assert bench.report(signed)


def test_a_part_without_indefinite_lengths_stays_as_it_is(bench: Bench) -> None:
    """A certificate with a length that is longer than it must be is what its issuer signed."""
    odd = b"\x30\x81\x03\x02\x01\x05"
    document = with_answers(bench.attached(), certificates=(odd,))
    signed = bench.sign(document, bench.binh)
    assert odd in octets(signed)
    assert odd in collect(signed).certificates
    assert bench.report(signed)
