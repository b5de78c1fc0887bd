"""Tokens of other people's tests: what they accept we accept, and nothing more."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from eidkit.algorithms import DIGEST_BY_NAME
from eidkit.asn1 import certificate, tsp
from eidkit.errors import EidkitError
from eidkit.timestamps.token import TokenResult, check_token, read
from eidkit.trust.store import Anchor

if TYPE_CHECKING:
    from collections.abc import Callable

    from eidkit.asn1.certificate import Certificate

pytestmark = pytest.mark.corpus
NEVER = datetime(2026, 1, 1, tzinfo=UTC)


def _token(path: Path, form: str) -> bytes:
    data = path.read_bytes()
    if form == "token":
        return data
    response = tsp.parse_response(data)
    assert response.granted, f"status {response.status}"
    return response.token or b""


def _anchors(folder: Path, case: dict[str, Any]) -> tuple[list[Anchor], list[Certificate]]:
    """The self-issued certificates of the given roots; the rest are candidates."""
    given: list[Certificate] = []
    for name in case["roots"] + case["untrusted"]:
        given += certificate.load((folder / name).read_bytes())
    return [Anchor(one, "timestamping") for one in given if one.self_issued], given


def _imprints(case: dict[str, Any], token: bytes) -> dict[str, bytes]:
    if case["message"] is not None:
        message = case["message"].encode()
        return {name: hashlib.new(name, message).digest() for name in DIGEST_BY_NAME if name != "ripemd160"}
    info = read(token)[1]  # the case says nothing of the content: any content would do
    return {info.algorithm: info.imprint}


def _checked(folder: Path, case: dict[str, Any]) -> TokenResult | None:
    """The verdict at genTime; None where there is no token that can be read."""
    try:
        token = _token(folder / case["path"], case["format"])
        moment = read(token)[1].time
        imprints = _imprints(case, token)
    except (EidkitError, AssertionError):
        return None
    anchors, pool = _anchors(folder, case)
    return check_token(token, imprints=imprints, anchors=anchors, pool=pool, at=moment, require_status=False)


def _cases(folder: Path) -> list[dict[str, Any]]:
    return json.loads((folder / "manifest.json").read_text())


def test_every_case_agrees_at_gen_time(corpus: Callable[[str], Path]) -> None:
    folder = corpus("timestamps")
    judged = [case for case in _cases(folder) if case["expected"] in {"valid", "invalid"}]
    tokens = [case for case in judged if case["format"] != "evidence-record"]
    wrongly: dict[str, list[str]] = {"accepted": [], "rejected": []}
    for case in tokens:
        result = _checked(folder, case)
        passed = result is not None and result.indication == "PASSED"
        if passed != (case["expected"] == "valid"):
            reasons = [one.message.en for one in result.findings] if result else ["not readable"]
            wrongly["accepted" if passed else "rejected"].append(f"{case['id']}: {reasons}")
    print(f"timestamps: {len(tokens)} cases, {len(wrongly['accepted'])} wa, {len(wrongly['rejected'])} wr")
    assert wrongly == {"accepted": [], "rejected": []}


def test_real_tokens_without_expectation_are_read_without_a_crash(corpus: Callable[[str], Path]) -> None:
    folder = corpus("timestamps")
    told = [case for case in _cases(folder) if case["expected"] == "info"]
    assert told
    for case in told:
        result = _checked(folder, case)
        assert result is not None
        assert result.intact, [one.message.en for one in result.findings]
        assert result.indication == "INDETERMINATE"


def test_evidence_records_are_refused_as_no_token(corpus: Callable[[str], Path]) -> None:
    folder = corpus("timestamps")
    records = [case for case in _cases(folder) if case["format"] == "evidence-record"]
    for case in records:
        result = check_token((folder / case["path"]).read_bytes(), imprints={}, anchors=(), at=NEVER)
        assert result.indication == "FAILED"
