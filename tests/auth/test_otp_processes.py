"""What holds across processes: one use, a power cut, and a proof that another process checks with files alone."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import subprocess
import sys

import pytest

from eidkit import canonical
from eidkit.auth import delivered, hotp, ocra, otp, recovery
from eidkit.auth.codes import Seed, step_at
from eidkit.auth.stores import Stores
from eidkit.clock import FixedClock
from eidkit.errors import AuthenticationError
from eidkit.identity import Identity

LAN = Identity("vn-cccd", "001088000017", "Nguyễn Thị Lan")
KEY = bytes(32)
SECRET = b"12345678901234567890"
FORK = multiprocessing.get_context("fork")


def _answers(stores, clock, transaction, service_key):
    """An Authentication of every way with a code."""
    given = {"audience": "permits", "stores": stores, "clock": clock}
    moment, inbox = int(clock.now().timestamp()), []
    done = {"stores": stores, "clock": clock, "attest": service_key}

    otp.enrol(LAN, issuer="x", stores=stores, secret=b"t" * 20)
    yield otp.verify(Seed.of(b"t" * 20).code(step_at(moment)), otp.begin(LAN, transaction, **given).id, **done)
    hotp.enrol(LAN, issuer="x", stores=stores, secret=SECRET)
    yield hotp.verify("755224", hotp.begin(LAN, transaction, **given).id, **done)
    ocra.enrol(LAN, stores=stores, secret=bytes(32), suite="OCRA-1:HOTP-SHA256-8:QH64-PSHA256-T1M", pin="2468")
    asked = ocra.begin(LAN, transaction, **given)
    suite = ocra.Suite.parse("OCRA-1:HOTP-SHA256-8:QH64-PSHA256-T1M")
    code = suite.code(bytes(32), asked.question, pin_hash=suite.pin_hash("2468"), step=moment // 60)
    yield ocra.verify(code, asked.id, **done)
    for channel, address in (("sms", "+84900000001"), ("email", "lan@example.com")):
        sent = delivered.begin(LAN, transaction, address=address, channel=channel, send=inbox.append, **given)
        yield delivered.verify(re.search("[0-9]{6}", inbox[-1].body)[0], sent.id, **done)
    codes = recovery.issue(LAN, stores=stores).codes
    yield recovery.verify(codes[0], recovery.begin(LAN, transaction, **given).id, **done)


RECHECK = """
import sys
from eidkit.auth import recheck
from eidkit.binding.attestation import Attestation
from eidkit.binding.authentication import Authentication
for path in sys.argv[1:]:
    made = Authentication.read(path)
    attested = Attestation.read(made.attestation)
    fine = bool(recheck(made, None)) and attested.signature_holds() and not attested.disagreements(made)
    print(made.method, fine)
"""


def test_another_process_rechecks_every_proof_from_files_alone(tmp_path, memory, clock, transaction, service_key):
    paths = []
    for made in _answers(memory, clock, transaction, service_key):
        paths.append(str(tmp_path / f"{made.method}.json"))
        made.write(paths[-1])
    changed = tmp_path / "changed.json"
    row = canonical.loads((tmp_path / "hotp.json").read_bytes())
    changed.write_bytes(canonical.dumps({**row, "factors": ["have", "know"]}))
    said = subprocess.run(
        [sys.executable, "-c", RECHECK, *paths, str(changed)], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    methods = ("totp", "hotp", "ocra", "sms", "email", "recovery")
    assert said.stdout.splitlines() == [*(f"{method} True" for method in methods), "hotp False"]


@pytest.fixture
def path(tmp_path, transaction):
    path = tmp_path / "a.db"
    hotp.enrol(LAN, issuer="x", stores=Stores.sqlite(path, key=KEY), secret=SECRET)
    return path


def _verify(path, code, transaction, clock):
    stores = Stores.sqlite(path, key=KEY)
    begun = hotp.begin(LAN, transaction, audience="permits", stores=stores, clock=clock)
    return hotp.verify(code, begun.id, stores=stores, clock=clock)


def _race(path, transaction, moment, results):
    try:
        _verify(path, "755224", transaction, FixedClock(moment))
        results.put("accepted")
    except AuthenticationError:
        results.put("refused")


def test_processes_that_submit_one_code_together_accept_it_once(path, transaction, clock):
    results = FORK.Queue()
    racing = [FORK.Process(target=_race, args=(path, transaction, clock.now(), results)) for _ in range(4)]
    for process in racing:
        process.start()
    said = [results.get(timeout=30) for _ in racing]
    for process in racing:
        process.join()
    assert said.count("accepted") == 1


def _use_and_die(path, transaction, moment):
    _verify(path, "755224", transaction, FixedClock(moment))
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_code_used_before_a_kill_stays_used(path, transaction, clock):
    process = FORK.Process(target=_use_and_die, args=(path, transaction, clock.now()))
    process.start()
    process.join(30)
    assert process.exitcode == -signal.SIGKILL
    with pytest.raises(AuthenticationError):
        _verify(path, "755224", transaction, clock)
