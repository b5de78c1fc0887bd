"""A second opinion on the other ways to a signed file: two halves with the key elsewhere, a timestamp added later."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from eidkit.document import Document
from eidkit.sandbox import Sandbox
from eidkit.sandbox.keys import SandboxKey
from eidkit.signing import Pending, prepare, sign, timestamp
from tests.interop import eu_dss, oracles
from tests.interop.making import authorities, original

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("matrix")]


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    return Sandbox.create()


@pytest.fixture(scope="module")
def key(sandbox: Sandbox) -> SandboxKey:
    return sandbox.official("Nguyễn Thị Lan", "000001000001")


@pytest.fixture(scope="module")
def opinion(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Document], eu_dss.Verdict]:
    folder = tmp_path_factory.mktemp("later")

    def ask(document: Document) -> eu_dss.Verdict:
        oracles.require("java", "mvn")
        path = folder / f"{document.sha256[:16]}-{document.name}"
        document.write(path)
        anchors, others = authorities(sandbox)
        return eu_dss.validate([path], eu_dss.Material(anchors, others, sandbox.crls()))[path]

    return ask


def _levels(verdict: eu_dss.Verdict) -> list[tuple[str, str]]:
    return [(s.level, s.indication) for s in verdict.signatures]


@pytest.mark.parametrize(("format_", "name"), [("pdf", "PAdES"), ("xml", "XAdES")])
def test_a_timestamp_added_later_raises_the_level(
    format_: str, name: str, sandbox: Sandbox, key: SandboxKey, opinion: Callable[[Document], eu_dss.Verdict]
) -> None:
    signed = sign(original(format_), key, token_reserve=8192)
    stamped = timestamp(signed, sandbox.tsa, transport=sandbox)
    assert _levels(opinion(stamped)) == [(f"{name}-BASELINE-T", "TOTAL-PASSED")]


@pytest.mark.parametrize(("format_", "name"), [("pdf", "PAdES"), ("xml", "XAdES")])
def test_two_halves_make_the_same_kind_of_file(
    format_: str, name: str, sandbox: Sandbox, key: SandboxKey, opinion: Callable[[Document], eu_dss.Verdict]
) -> None:
    document = original(format_)
    pending = prepare(document, key.certificate, chain=key.chain)
    again = Pending.from_json(pending.to_json())
    value = key.sign(again.to_sign, again.algorithm)
    signed = again.complete(value, document, tsa=sandbox.tsa, transport=sandbox)
    assert _levels(opinion(signed)) == [(f"{name}-BASELINE-T", "TOTAL-PASSED")]


@pytest.mark.parametrize("format_", ["pdf", "xml"])
def test_dss_fails_a_file_of_ours_with_one_changed_octet(
    format_: str, key: SandboxKey, opinion: Callable[[Document], eu_dss.Verdict]
) -> None:
    """The oracle can say no: it is not only our files that please it."""
    signed = sign(original(format_), key)
    at = signed.read_range(0, signed.length).index(b"/Title" if format_ == "pdf" else b"2026-12-01") + 8
    octet = signed.read_range(at, at + 1)
    changed = signed.replaced(at, at + 1, bytes([octet[0] ^ 1]))
    assert [s.intact for s in opinion(changed).signatures] == [False]
