"""The example digests of binding.md, recomputed here in a few lines that share nothing with the library."""

from __future__ import annotations

import hashlib
import json

from eidkit.binding.approval import ApprovedSignature, approval_digest
from eidkit.binding.authentication import Authentication, challenge_value, subject_commitment
from eidkit.binding.procedure import Procedure
from eidkit.binding.transaction import Transaction
from eidkit.identity import Identity


def jcs(value) -> bytes:
    # Enough of RFC 8785 for these vectors: no floats, ASCII member names.
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def h(tag: str, data: bytes) -> str:
    return hashlib.sha256(tag.encode() + b"\0" + data).hexdigest()


def test_procedure(vectors):
    case = vectors["procedure"]
    assert h("eidkit-procedure-1", jcs(case["value"])) == case["digest"]
    assert Procedure.from_json(case["value"]).digest == case["digest"]


def test_transaction(vectors):
    case = vectors["transaction"]
    assert h("eidkit-transaction-1", jcs(case["value"])) == case["digest"]
    assert Transaction.from_json(case["value"]).digest == case["digest"]


def test_challenge(vectors):
    case = vectors["challenge"]
    raw = bytes.fromhex(case["transaction"]) + bytes.fromhex(case["nonce"])
    assert h("eidkit-challenge-1", raw) == case["digest"]
    assert challenge_value(case["transaction"], bytes.fromhex(case["nonce"])).hex() == case["digest"]


def test_subject(vectors):
    case = vectors["subject"]
    named = {"identifier": case["identity"]["identifier"], "scheme": case["identity"]["scheme"]}
    assert h("eidkit-subject-1", bytes.fromhex(case["salt"]) + jcs(named)) == case["digest"]
    assert subject_commitment(Identity.from_json(case["identity"]), bytes.fromhex(case["salt"])) == case["digest"]


def test_authentication(vectors):
    case = vectors["authentication"]
    bound = {name: member for name, member in case["value"].items() if name not in {"attestation", "disclosure"}}
    assert h("eidkit-authentication-1", jcs(bound)) == case["digest"]
    assert Authentication.from_json(case["value"]).digest == case["digest"]


def test_approval(vectors):
    case = vectors["approval"]
    assert h("eidkit-approval-1", jcs(case["value"])) == case["digest"]
    rows = [ApprovedSignature(tuple(r["documents"]), r["value"], r["certificate"]) for r in case["value"]["signatures"]]
    assert approval_digest(case["value"]["transaction"], case["value"]["authentication"], rows) == case["digest"]
