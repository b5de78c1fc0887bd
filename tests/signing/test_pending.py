"""Two halves: stored, finished by another process, and nothing else than what was prepared."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from eidkit.clock import FixedClock
from eidkit.document import Document
from eidkit.errors import CanonicalError, EidkitError, SigningError, TimestampUnavailable
from eidkit.sandbox import Sandbox
from eidkit.sandbox.documents import decision_pdf, form_xml
from eidkit.signing import Pending, prepare, sign, timestamp
from eidkit.verify import verify


@pytest.fixture(params=["pdf", "xml"])
def document(request: pytest.FixtureRequest) -> Document:
    if request.param == "pdf":
        return Document.from_bytes(decision_pdf(), "permit.pdf")
    return Document.from_bytes(form_xml(), "form.xml")


@pytest.fixture(scope="module")
def lan(sandbox: Sandbox):  # type: ignore[no-untyped-def]
    return sandbox.official("Nguyễn Thị Lan", "001199000031", key="p256")


def _prepared(document: Document, lan, sandbox: Sandbox) -> Pending:  # type: ignore[no-untyped-def]
    return prepare(document, lan.certificate, chain=lan.chain, clock=sandbox.clock)


def test_a_stored_pending_is_finished_by_another_process(document, lan, sandbox, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    pending = _prepared(document, lan, sandbox)
    (tmp_path / "pending.json").write_bytes(pending.to_json())
    (tmp_path / "value").write_bytes(lan.sign(pending.to_sign, pending.algorithm))
    document.write(tmp_path / document.name)
    script = (
        "import sys, pathlib\n"
        "from eidkit.document import Document\n"
        "from eidkit.signing import Pending\n"
        "p = Pending.from_json(pathlib.Path('pending.json').read_bytes())\n"
        "Pending.complete(p, pathlib.Path('value').read_bytes(), Document.read(sys.argv[1])).write('signed')\n"
    )
    root = Path(__file__).parents[2]
    subprocess.run(
        [sys.executable, "-c", script, document.name], cwd=tmp_path, check=True, env={"PYTHONPATH": str(root)}
    )
    report = verify(
        Document.read(tmp_path / "signed"),
        sandbox.trust,
        sources=sandbox.sources,
        transport=sandbox,
        clock=sandbox.clock,
    )
    assert report.verdict == "TOTAL-PASSED"


def test_its_size_does_not_depend_on_the_document(lan, sandbox: Sandbox) -> None:  # type: ignore[no-untyped-def]
    small = b"<a>" + b"x" * 10 + b"</a>"
    large = b"<a>" + b"x" * 1_000_000 + b"</a>"
    sizes = [len(_prepared(Document.from_bytes(d, "d.xml"), lan, sandbox).to_json()) for d in (small, large)]
    assert abs(sizes[0] - sizes[1]) < 64


def test_another_document_is_refused(document, lan, sandbox) -> None:  # type: ignore[no-untyped-def]
    pending = _prepared(document, lan, sandbox)
    value = lan.sign(pending.to_sign, pending.algorithm)
    other = Document.from_bytes(document.open().read() + b"\n", document.name)
    with pytest.raises(SigningError) as caught:
        pending.complete(value, other)
    assert caught.value.code == "pending-other-document"


def test_a_value_of_another_key_is_refused_before_it_is_embedded(document, lan, sandbox) -> None:  # type: ignore[no-untyped-def]
    pending = _prepared(document, lan, sandbox)
    other = sandbox.official("Bình", "001199000032")
    with pytest.raises(SigningError) as caught:
        pending.complete(other.sign(pending.to_sign, pending.algorithm), document)
    assert caught.value.code == "signature-value"


def test_a_stored_pending_that_was_altered_is_refused(document, lan, sandbox) -> None:  # type: ignore[no-untyped-def]
    pending = _prepared(document, lan, sandbox)
    value = lan.sign(pending.to_sign, pending.algorithm)
    saved = json.loads(pending.to_json())
    saved["prepared"]["offset"] = max(0, saved["prepared"]["offset"] - 40)
    with pytest.raises(EidkitError):
        Pending.from_json(json.dumps(saved).encode()).complete(value, document)


def test_malformed_stored_requests_are_refused(document, lan, sandbox) -> None:  # type: ignore[no-untyped-def]
    saved = json.loads(_prepared(document, lan, sandbox).to_json())
    for name in list(saved):
        with pytest.raises(CanonicalError):
            Pending.from_json(json.dumps({k: v for k, v in saved.items() if k != name}).encode())
    for data in (b"", b"{}", b"[]", b'{"v":1}'):
        with pytest.raises(CanonicalError):
            Pending.from_json(data)


def test_what_goes_over_the_wire_is_a_hash_where_the_key_signs_hashes(lan, sandbox) -> None:  # type: ignore[no-untyped-def]
    pending = _prepared(Document.from_bytes(form_xml(), "f.xml"), lan, sandbox)
    assert pending.digest is not None
    assert len(pending.digest) == 32
    edwards = sandbox.official("Lan", "001199000031", key="ed25519")
    assert prepare(Document.from_bytes(form_xml(), "f.xml"), edwards.certificate, clock=sandbox.clock).digest is None


def test_no_secret_is_in_it(document, lan, sandbox) -> None:  # type: ignore[no-untyped-def]
    saved = _prepared(document, lan, sandbox).to_json()
    assert lan.pem() not in saved
    assert lan.certificate.public_bytes(Encoding.DER) not in saved


# ── timestamps ────────────────────────────────────────────────────────────────────────────────────────────


def test_with_an_authority_the_level_is_b_t(document, lan, sandbox) -> None:  # type: ignore[no-untyped-def]
    signed = sign(document, lan, tsa=sandbox.tsa, transport=sandbox, clock=sandbox.clock)
    report = verify(signed, sandbox.trust, sources=sandbox.sources, transport=sandbox, clock=sandbox.clock)
    assert report.conclusions[0].level.endswith("B-T")
    assert report.conclusions[0].time_proved


def test_authorities_are_asked_in_order(document, lan, sandbox) -> None:  # type: ignore[no-untyped-def]
    tsas = (sandbox.faulty_tsa("down"), sandbox.tsa)
    signed = sign(document, lan, tsa=tsas, transport=sandbox, clock=sandbox.clock)
    assert verify(signed, sandbox.trust, sources=sandbox.sources, transport=sandbox, clock=sandbox.clock)


@pytest.mark.parametrize("fault", ["down", "wrong-imprint", "wrong-nonce"])
def test_when_none_answers_the_signature_is_not_lost(document, lan, sandbox, fault: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(TimestampUnavailable) as caught:
        sign(document, lan, tsa=sandbox.faulty_tsa(fault), transport=sandbox, clock=sandbox.clock)
    kept = caught.value.signed
    report = verify(kept, sandbox.trust, sources=sandbox.sources, transport=sandbox, clock=sandbox.clock)
    assert report.verdict == "TOTAL-PASSED"
    assert report.conclusions[0].level.endswith("B-B")
    stamped = timestamp(kept, sandbox.tsa, transport=sandbox, clock=sandbox.clock)
    again = verify(stamped, sandbox.trust, sources=sandbox.sources, transport=sandbox, clock=sandbox.clock)
    assert again.conclusions[0].level.endswith("B-T")
    assert again.conclusions[0].time_proved


def test_a_token_larger_than_its_reserve_is_refused_by_name(document, lan, sandbox) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(TimestampUnavailable) as caught:
        sign(document, lan, tsa=sandbox.tsa, token_reserve=64, transport=sandbox, clock=sandbox.clock)
    assert caught.value.code == "timestamp-reserve"
    assert caught.value.signed is not None


def test_a_certificate_that_expires_before_completion_still_completes(document, sandbox) -> None:  # type: ignore[no-untyped-def]
    """The second half checks the value, not the clock: what was signed in time is not thrown away."""
    clock = FixedClock(sandbox.clock.now())
    key = sandbox.official("Lan", "001199000033")
    pending = prepare(document, key.certificate, chain=key.chain, clock=clock)
    assert pending.complete(key.sign(pending.to_sign, pending.algorithm), document).length > document.length
