from __future__ import annotations

import json
import pickle

import pytest

from eidkit.auth.codes import Seed, candidates, step_at
from eidkit.errors import EidkitError


def test_rfc_6238_vectors(corpus):
    data = json.loads((corpus("auth/otp") / "totp_rfc6238.json").read_text("utf-8"))
    assert len(data["vectors"]) == 18
    for case in data["vectors"]:
        seed = Seed.of(case["secret_ascii"].encode(), case["digits"], case["alg"])
        assert step_at(case["time"]) == case["T"]
        assert seed.code(case["T"]) == case["otp"]


def test_the_repeated_hour_of_a_clock_change_has_its_own_steps(corpus):
    case = json.loads((corpus("auth/otp") / "totp_rfc6238.json").read_text("utf-8"))["dst_regression"]
    assert step_at(case["unix"]) == case["T"]


def test_every_candidate_is_compared(monkeypatch):
    import hmac

    compared = []
    real = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda a, b: compared.append(1) or real(a, b))
    seed = Seed.of(bytes(20))
    seed.matching(seed.code(5), range(4, 7))
    seed.matching("000000", range(4, 7))
    assert len(compared) == 6


def test_of_two_steps_with_one_code_the_later_is_used_up():
    # Otherwise the same six digits could be accepted once for each of the two.
    seed = Seed.of(bytes(20))
    seen = {}
    for step in range(100_000):
        first = seen.setdefault(seed.code(step), step)
        if first != step:
            break
    assert seed.matching(seed.code(step), (first, step)) == step


@pytest.mark.parametrize(
    "code",
    [
        "12345",
        "1234567",
        "１２３４５６",
        "١٢٣٤٥٦",
        "12345a",
        " 12345",
        "12345\n",
        "",
        123456,
        None,
        b"123456",
        "²23456",
    ],
)
def test_only_ascii_digits_of_the_right_number_are_a_code(code):
    assert not Seed.of(bytes(20)).well_formed(code)


def test_drift_is_bounded():
    assert candidates(100, 9) == range(101, 104)
    assert candidates(100, -9) == range(97, 100)
    assert candidates(0, 0) == range(2)


@pytest.mark.parametrize("arguments", [(bytes(15),), (bytes(20), 5), (bytes(20), 9), (bytes(20), 6, "md5")])
def test_weak_parameters_are_refused(arguments):
    with pytest.raises(EidkitError):
        Seed.of(*arguments)


def test_a_seed_shows_and_gives_away_no_secret():
    seed = Seed.of(b"top secret seed, 20b")
    assert "secret" not in repr(seed)
    with pytest.raises(EidkitError):
        pickle.dumps(seed)


def test_fresh_seeds_have_160_bits_and_differ():
    assert len(Seed.fresh().secret) == 20
    assert Seed.fresh().secret != Seed.fresh().secret


def test_packing_round_trips():
    seed = Seed.of(bytes(range(32)), 8, "sha512")
    assert Seed.unpacked(seed.packed()) == seed
