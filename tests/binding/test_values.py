from __future__ import annotations

import copy
import stat
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eidkit.binding import shape
from eidkit.binding.approval import signature_value_digest
from eidkit.binding.authentication import Authentication, challenge_value, subject_commitment
from eidkit.binding.transaction import Transaction, TransactionDocument
from eidkit.errors import EidkitError
from eidkit.identity import Identity


def test_transaction_round_trips(transaction):
    assert Transaction.from_json(transaction.to_json()) == transaction


def test_authentication_round_trips_through_a_file(authentication, tmp_path):
    authentication.write(tmp_path / "a.json")
    assert Authentication.read(tmp_path / "a.json") == authentication


def test_an_authentication_file_is_readable_by_its_owner_only(authentication, tmp_path):
    authentication.write(tmp_path / "a.json")
    assert stat.S_IMODE((tmp_path / "a.json").stat().st_mode) == 0o600


def test_a_missing_file_is_our_error(tmp_path):
    with pytest.raises(EidkitError):
        Authentication.read(tmp_path / "missing.json")


def test_digest_leaves_out_disclosure_and_attestation(authentication):
    erased = replace(authentication, disclosure=None, attestation="x")
    assert erased.digest == authentication.digest
    assert erased.identity is None


def test_digest_covers_every_other_member(authentication):
    stored = authentication.to_json()
    changed = [
        {"method": "oidc"},
        {"factors": []},
        {"assurance": []},
        {"authenticated_at": "2026-03-02T09:14:41Z"},
        {"proof_class": "asserted"},
        {"proof": {**stored["proof"], "sha256": "00" * 32}},
        {"challenge": {**stored["challenge"], "audience": "other"}},
        {"checks": []},
        {"warnings": ["w"]},
        {"subject": "00" * 32},
        {"transaction": {**stored["transaction"], "role": "clerk"}},
    ]
    digests = {Authentication.from_json({**stored, **change}).digest for change in changed}
    assert len(digests | {authentication.digest}) == len(changed) + 1


def test_disclosure_opens_commitment_and_proof(authentication):
    assert authentication.disclosure_holds()
    other = replace(authentication.disclosure, identity=Identity("vn-cccd", "001088000018", "Nguyễn Thị Lan"))
    assert not replace(authentication, disclosure=other).disclosure_holds()
    assert not replace(authentication, disclosure=replace(authentication.disclosure, proof=b"x")).disclosure_holds()
    assert not replace(authentication, disclosure=None).disclosure_holds()


def test_the_commitment_ignores_the_name_and_not_the_scheme():
    salt = bytes(32)
    one = subject_commitment(Identity("vn-cmnd", "001088000017", "A"), salt)
    assert one == subject_commitment(Identity("vn-cmnd", "001088000017", "B"), salt)
    assert one != subject_commitment(Identity("vn-cccd", "001088000017", "A"), salt)


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_salt_and_nonce_have_exactly_32_bytes(size, authentication):
    with pytest.raises(EidkitError):
        subject_commitment(authentication.identity, bytes(size))
    with pytest.raises(EidkitError):
        challenge_value("00" * 32, bytes(size))
    with pytest.raises(EidkitError):
        replace(authentication.disclosure, salt=bytes(size))


def test_repr_shows_no_number_salt_or_proof(authentication):
    shown = repr(authentication)
    assert authentication.identity.identifier not in shown
    assert authentication.disclosure.salt.hex() not in shown
    assert repr(authentication.disclosure.salt) not in shown
    assert "proof=b" not in shown


def test_fractions_of_seconds_are_cut_and_naive_times_refused(authentication):
    later = authentication.authenticated_at + timedelta(milliseconds=700)
    assert replace(authentication, authenticated_at=later) == authentication
    with pytest.raises(EidkitError):
        replace(authentication, authenticated_at=datetime(2026, 1, 1))  # noqa: DTZ001 - the point of the test


@pytest.mark.parametrize("end", ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59Z"])
def test_a_time_at_the_end_of_the_calendar_is_refused_where_it_is_read(authentication, end):
    """Whoever compares such a time with a tolerance would leave the calendar."""
    row = authentication.to_json()
    for changed in ({"authenticated_at": end}, *({"challenge": row["challenge"] | {name: end}} for name in _TIMES)):
        with pytest.raises(EidkitError) as refused:
            Authentication.from_json(row | changed)
        assert refused.value.code == "time-range"


_TIMES = ("issued", "expires")


def _remove(path):
    def change(value):
        for name in path[:-1]:
            value = value[name]
        del value[path[-1]]

    return change


BROKEN = {
    "missing v": _remove(["v"]),
    "missing document member": _remove(["documents", 0, "present"]),
    "other version": lambda v: v.update(v=2),
    "boolean version": lambda v: v.update(v=True),
    "extra member": lambda v: v.update(time="2026-01-01T00:00:00Z"),
    "nonce inside": lambda v: v["text"].update(nonce="x"),
    "unknown effect": lambda v: v["action"].update(effect="approves"),
    "unknown kind": lambda v: v.update(kind="robot"),
    "upper-case digest": lambda v: v["documents"][0].update(sha256="AB" * 32),
    "short digest": lambda v: v.update(previous="ab"),
    "PDF without length": lambda v: v["documents"][0].update(length=None),
    "XML with length": lambda v: v["documents"][1].update(length=3),
    "unsorted present": lambda v: v["documents"][1]["present"].reverse(),
    "repeated label": lambda v: v["documents"].append(v["documents"][0]),
    "no document": lambda v: v.update(documents=[]),
    "too many documents": lambda v: v.update(documents=[{**v["documents"][1], "label": f"d{n}"} for n in range(257)]),
    "negative age": lambda v: v.update(max_age=-1),
    "bidirectional override in the text": lambda v: v["text"].update(body="Approve \u202e100"),
    "text not NFC": lambda v: v["text"].update(body="Pheâ\u0323"),
    "step with a path in it": lambda v: v.update(step="../x"),
    "appearance of an unknown document": lambda v: v.update(
        appearance=[{"document": "other", "page": 1, "rectangle": [0, 0, 1, 1], "sha256": "00" * 32}]
    ),
    "appearance with five edges": lambda v: v.update(
        appearance=[{"document": "permit", "page": 1, "rectangle": [0, 0, 1, 1, 1], "sha256": "00" * 32}]
    ),
    "documents not a list": lambda v: v.update(documents={}),
}


@pytest.mark.parametrize("name", BROKEN)
def test_transaction_refused(transaction, name):
    value = copy.deepcopy(transaction.to_json())
    BROKEN[name](value)
    with pytest.raises(EidkitError):
        Transaction.from_json(value)


def test_present_is_sorted_and_unique():
    with pytest.raises(EidkitError):
        TransactionDocument("form", "application/xml", None, "00" * 32, ("11" * 32, "11" * 32))


@given(st.binary(max_size=80))
def test_base64url_has_one_spelling(data):
    text = shape.base64url(data)
    assert shape.base64url_bytes(text, "x") == data
    for other in (text + "=", text + "\n", " " + text):
        if other != text:
            with pytest.raises(EidkitError):
                assert shape.base64url_bytes(other, "x") == b"never"


def test_unused_bits_in_base64_are_refused():
    for spelling in ("QR", "Q", "Q+", "Q/"):
        with pytest.raises(EidkitError):
            shape.base64url_bytes(spelling, "x")
    for spelling in ("QR==", "QQ", "QQ==\n", "Q Q="):
        with pytest.raises(EidkitError):
            shape.base64_bytes(spelling, "x")


def test_both_spellings_of_an_ecdsa_value_have_one_digest():
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
    from cryptography.hazmat.primitives.hashes import SHA256

    from eidkit.algorithms import SIGNATURE_BY_NAME

    key = ec.generate_private_key(ec.SECP256R1())
    value = key.sign(b"data", ec.ECDSA(SHA256()))
    r, s = decode_dss_signature(value)
    other = encode_dss_signature(r, ec.SECP256R1().group_order - s)
    plain = r.to_bytes(32) + s.to_bytes(32)
    der, raw = SIGNATURE_BY_NAME["ecdsa-sha256"], SIGNATURE_BY_NAME["ecdsa-plain-sha256"]
    digests = {
        signature_value_digest(value, der, key.public_key()),
        signature_value_digest(other, der, key.public_key()),
        signature_value_digest(plain, raw, key.public_key()),
    }
    assert len(digests) == 1


def test_a_malformed_ecdsa_value_is_our_error():
    from cryptography.hazmat.primitives.asymmetric import ec

    from eidkit.algorithms import SIGNATURE_BY_NAME

    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    with pytest.raises(EidkitError):
        signature_value_digest(b"\x30\x00", SIGNATURE_BY_NAME["ecdsa-sha256"], key)
