"""Whatever key, digest, format and number of signers: what was signed verifies, and a flipped byte does not."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eidkit.document import Document
from eidkit.errors import EidkitError
from eidkit.sandbox.documents import decision_pdf, form_xml
from eidkit.signing import sign
from eidkit.verify import collect, complete, judge, verify

if TYPE_CHECKING:
    from eidkit.sandbox import Sandbox
    from eidkit.sandbox.keys import SandboxKey
    from eidkit.verify import Report

_KINDS = ("rsa2048", "p256", "p384", "ed25519")
_WAYS = [
    (kind, digest, pss)
    for kind, digest, pss in itertools.product(_KINDS, (None, "sha256", "sha384", "sha512"), (False, True))
    if not (pss and kind != "rsa2048") and not (kind == "ed25519" and digest not in {None, "sha512"})
]


@pytest.fixture(scope="module")
def keys(sandbox: Sandbox) -> dict[str, SandboxKey]:
    return {kind: sandbox.official("Nguyễn Thị Lan", "001199000051", key=kind) for kind in _KINDS}


def _documents() -> list[Document]:
    return [Document.from_bytes(decision_pdf(), "permit.pdf"), Document.from_bytes(form_xml(), "form.xml")]


def _report(document: Document, box: Sandbox) -> Report:
    return verify(document, box.trust, sources=box.sources, transport=box, clock=box.clock)


@pytest.mark.parametrize("document", _documents(), ids=["pdf", "xml"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ways=st.lists(st.tuples(st.sampled_from(_WAYS), st.booleans()), min_size=1, max_size=4))
def test_any_sequence_of_signers_passes(
    document: Document,
    sandbox: Sandbox,
    keys: dict[str, SandboxKey],
    ways: list[tuple[tuple[str, str | None, bool], bool]],
) -> None:
    for (kind, digest, pss), stamped in ways:
        tsa = sandbox.tsa if stamped else None
        document = sign(document, keys[kind], digest=digest, pss=pss, tsa=tsa, transport=sandbox, clock=sandbox.clock)
    report = _report(document, sandbox)
    assert [str(c.indication) for c in report.conclusions] == ["TOTAL-PASSED"] * len(ways), str(report)


@pytest.fixture(scope="module", params=[0, 1], ids=["pdf", "xml"])
def signed(request: pytest.FixtureRequest, sandbox: Sandbox, keys: dict[str, SandboxKey]) -> Document:
    document = _documents()[request.param]
    for kind in ("p256", "rsa2048"):
        document = sign(document, keys[kind], tsa=sandbox.tsa, transport=sandbox, clock=sandbox.clock)
    return document


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_flipped_byte_passes(signed: Document, sandbox: Sandbox, data: st.DataObject) -> None:
    """Anywhere in the file: in content, signed attributes, value, certificate, token; padding is no exception.

    Without touching anything the file passes; with one bit changed it may only still pass if what was changed is
    nothing that anybody relies on: then both signatures must say the very same as before.
    """
    octets = bytearray(signed.open().read())
    place = data.draw(st.integers(0, len(octets) - 1))
    octets[place] ^= 1 << data.draw(st.integers(0, 7))
    evidence = complete(collect(signed), sandbox.trust, sandbox.sources, transport=sandbox, clock=sandbox.clock)
    honest = judge(evidence, sandbox.trust, at=sandbox.clock.now())
    assert honest
    try:
        report = _report(Document.from_bytes(bytes(octets), signed.name), sandbox)
    except EidkitError:
        return
    if report:
        assert [_said(c) for c in report.conclusions] == [_said(c) for c in honest.conclusions]


def _said(conclusion) -> tuple[object, ...]:  # type: ignore[no-untyped-def]
    evidence = conclusion.evidence
    return (evidence.value, evidence.references, evidence.content, evidence.claimed_roles, conclusion.certificate)
