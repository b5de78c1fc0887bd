"""``judge`` opens nothing, starts nothing, connects to nothing, says the same twice; without trust nothing passes."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eidkit.canonical import format_time
from eidkit.trust.store import Anchor, TrustStore
from eidkit.verify import judge, save_evidence
from tests.verify.cases import NOON, Case, made

_CHILD = """
import base64, json, sys
from datetime import datetime
from eidkit.trust.store import TrustStore
from eidkit.verify import judge, load_evidence

cases = []
for case in json.load(sys.stdin):
    store = TrustStore(())
    for kind, der in case["anchors"]:
        store += TrustStore.of([base64.b64decode(der)], kind)
    evidence = load_evidence(case["evidence"].encode())
    cases.append((evidence, store, datetime.fromisoformat(case["at"])))

REFUSED = ("open", "socket.", "subprocess.", "os.", "shutil.", "urllib.", "ctypes.dlopen", "sqlite3.", "time.sleep")
seen = []

def imported(event, arguments):
    # a module is looked for or read: at the first use of a library, and only then
    return event in {"os.listdir", "os.scandir"} or str(arguments[0]).endswith((".py", ".pyc", ".so"))

def watching(event, arguments):
    if armed and event.startswith(REFUSED) and not (importing and imported(event, arguments)):
        seen.append((event, [str(one)[:120] for one in arguments]))
        raise RuntimeError(f"the judge is not to do {event}")

def run():
    return [judge(evidence, trust, at=at).to_json() for evidence, trust, at in cases]

armed = importing = False
sys.addaudithook(watching)
armed = importing = True
first = run()
importing = False
second = run()
try:
    open("/dev/null")
except RuntimeError:
    alive = True
else:
    alive = False
armed = False
print(json.dumps({"equal": first == second, "alive": alive, "seen": seen[:-1], "count": len(first)}))
"""


def test_the_judge_does_no_io_and_says_the_same_twice() -> None:
    asked = [
        {
            "evidence": save_evidence(case.evidence).decode(),
            "anchors": [[a.kind, base64.b64encode(a.certificate.der).decode()] for a in case.trust.anchors],
            "at": format_time(case.at),
        }
        for case in made()
    ]
    command = [sys.executable, "-c", _CHILD]
    run = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    said = json.loads(run.stdout)
    assert (said["equal"], said["alive"], said["seen"]) == (True, True, [])
    assert said["count"] == len(asked)


def test_seen_evidence_is_judged_the_same_twice() -> None:
    for case in made():
        assert case.report() == case.report()
        assert json.dumps(case.report().to_json(detailed=True)) == json.dumps(case.report().to_json(detailed=True))
        assert case.report().to_etsi() == case.report().to_etsi()


_MOMENTS = st.integers(-9_000, 20_000).map(lambda days: NOON + timedelta(days=days))


@given(case=st.sampled_from(made()), at=st.one_of(st.just(NOON + timedelta(days=3, hours=1)), _MOMENTS))
@settings(max_examples=150, deadline=None)
def test_no_report_passes_with_an_empty_trust_store(case: Case, at: datetime) -> None:
    assert not judge(case.evidence, TrustStore(()), at=at)


def _without(trust: TrustStore, kind: str) -> TrustStore:
    return TrustStore(tuple(anchor for anchor in trust.anchors if anchor.kind != kind))


@pytest.mark.parametrize("case", [case for case in made() if case.evidence.signatures], ids=lambda case: case.name)
def test_no_signature_passes_without_an_anchor_for_signing(case: Case) -> None:
    assert not judge(case.evidence, _without(case.trust, "signing"), at=case.at)


@pytest.mark.parametrize("case", [case for case in made() if case.evidence.signatures], ids=lambda case: case.name)
def test_anchors_of_other_kinds_do_not_stand_in(case: Case) -> None:
    moved = TrustStore(tuple(_of_kind(anchor) for anchor in case.trust.anchors))
    assert not judge(case.evidence, moved, at=case.at)


def _of_kind(anchor: Anchor) -> Anchor:
    return replace(anchor, kind="login")
