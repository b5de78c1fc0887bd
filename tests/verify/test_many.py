"""``verify_many``: in order, bounded, and each document gets the report that it would get alone."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import time
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from eidkit.algorithms import SIGNATURE_BY_NAME
from eidkit.asn1.certificate import of as certificate_of
from eidkit.asn1.public_key import signature_holds
from eidkit.clock import FixedClock
from eidkit.document import Document
from eidkit.errors import EidkitError, TransportError
from eidkit.signing import Pending, prepare
from eidkit.transport import Request, Response
from eidkit.trust.sources import Sources
from eidkit.verify import NotReadable, Processes, Report, verify, verify_many
from eidkit.verify.many import slim
from eidkit.verify.shared_answers import FAILURE_KEPT, KEPT, SharedAnswers
from tests.preserving.world import LASTING, World, octets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def answers(world: World) -> Sources:
    return Sources.of(crls=world.sandbox.crls())


@pytest.fixture(scope="module")
def folder(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of every kind, broken ones among them."""
    place = tmp_path_factory.mktemp("many")
    signed = world.signed()
    stamped = world.preserved(signed, stamped=True)
    for number in range(12):
        (place / f"{number:02}.pdf").write_bytes(octets((signed, stamped, world.original())[number % 3]))
    (place / "03.pdf").write_bytes(b"%PDF-1.7 cut")
    (place / "07.pdf").write_bytes(b"no document at all")
    return place


@contextmanager
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


@contextmanager
def dask() -> Iterator[Any]:
    """A Dask cluster of one process beside this one, on loopback."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster,
        Client(cluster) as client,
        client.get_executor() as executor,
    ):
        yield executor


@contextmanager
def given(value: Processes | None) -> Iterator[Processes | None]:
    yield value


EXECUTORS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "here": lambda: given(None),
    "one": lambda: given(Processes(1)),
    "processes": lambda: given(Processes(2)),
    "threads": threads,
    "dask": dask,
}


@pytest.mark.parametrize("name", EXECUTORS)
def test_each_gets_the_report_that_it_would_get_alone_in_order(
    name: str, folder: Path, world: World, answers: Sources
) -> None:
    paths = [*sorted(folder.iterdir()), folder / "absent.pdf"]
    with EXECUTORS[name]() as executor:
        found = list(verify_many(paths, world.trust, sources=answers, clock=world.clock, executor=executor))
    assert [one.document for one in found] == [path.name for path in paths]
    assert sum(map(bool, found)) == 6
    for path, one in zip(paths, found, strict=True):
        if isinstance(one, NotReadable):
            with pytest.raises(EidkitError) as caught:
                verify(Document.read(path), world.trust, sources=answers, clock=world.clock)
            assert (one.error.code, one.verdict, bool(one)) == (caught.value.code, "NOT-READABLE", False)
            with pytest.raises(type(caught.value)):
                one.require()
        else:
            alone = verify(Document.read(path), world.trust, sources=answers, clock=world.clock)
            assert (one, one.provable_until) == (alone, alone.provable_until)


def test_an_endless_iterator_is_drawn_a_little_ahead(folder: Path, world: World, answers: Sources) -> None:
    drawn = []

    def endless() -> Iterator[Path]:
        for number in count():
            drawn.append(number)
            yield folder / "00.pdf"

    found = verify_many(endless(), world.trust, sources=answers, clock=world.clock, executor=Processes(2))
    assert all(islice(found, 60))
    assert len(drawn) <= 60 + 2 * 3 * 4 + 4
    found.close()
    assert not multiprocessing.active_children()


def test_documents_cross_with_their_bytes(world: World, answers: Sources) -> None:
    documents = [world.signed().renamed(f"{number}.pdf") for number in range(3)]
    found = list(verify_many(documents, world.trust, sources=answers, clock=world.clock, executor=Processes(1)))
    assert [(one.document, bool(one)) for one in found] == [(f"{number}.pdf", True) for number in range(3)]


class Deadly(Document):
    """Kills whatever process receives it."""

    def __reduce__(self) -> tuple[object, ...]:
        return os._exit, (9,)


class Stuck(Document):
    """Cannot leave this process."""

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("not out of here")


def test_a_document_that_kills_its_process_is_a_value_and_the_others_go_on(world: World, answers: Sources) -> None:
    deadly = Deadly.from_bytes(b"%PDF-", "deadly.pdf")
    signed = world.signed()
    documents = [signed, signed, deadly, signed, signed, deadly, *[signed] * 6]
    found = list(verify_many(documents, world.trust, sources=answers, clock=world.clock, executor=Processes(2)))
    assert [one.verdict for one in found if one.document == "deadly.pdf"] == ["NOT-READABLE"] * 2
    assert [one.error.code for one in found if isinstance(one, NotReadable)] == ["verification-died"] * 2
    assert sum(map(bool, found)) == 10


def test_what_cannot_cross_is_judged_here(world: World, answers: Sources) -> None:
    stuck = Stuck.from_bytes(octets(world.signed()), "stuck.pdf")
    found = list(verify_many([stuck] * 3, world.trust, sources=answers, clock=world.clock, executor=Processes(1)))
    assert list(map(bool, found)) == [True] * 3


def test_an_executor_of_yours_that_breaks_is_told(world: World) -> None:
    deadly = Deadly.from_bytes(b"%PDF-", "deadly.pdf")
    with ProcessPoolExecutor(1, multiprocessing.get_context("forkserver")) as pool:
        with pytest.raises(EidkitError) as caught:
            list(verify_many([deadly], world.trust, executor=pool))
        assert caught.value.code == "many-executor-broken"
        with pytest.raises(BrokenExecutor):
            pool.submit(int)


def test_what_cannot_be_sent_is_refused_at_once(world: World) -> None:
    with pytest.raises(EidkitError) as caught:
        verify_many([], world.trust, sources=world.sandbox.sources, transport=world.sandbox)
    assert caught.value.code == "many-not-sendable"


def test_a_moment_without_a_zone_is_refused_at_once(world: World) -> None:
    with pytest.raises(EidkitError) as caught:
        verify_many([], world.trust, at=datetime(2026, 3, 2))  # noqa: DTZ001 - the point
    assert caught.value.code == "time-naive"


def test_a_report_travels_without_what_everybody_has(world: World) -> None:
    large = Sources.of(crls=(*world.sandbox.crls(), b"\x30\x84\x00\x20\x00\x00" + bytes(2 * 1024 * 1024)))
    report = verify(world.signed(), world.trust, sources=large, clock=world.clock)
    assert report
    assert len(pickle.dumps(slim(report))) < 32 * 1024 < 2 * 1024 * 1024 < len(pickle.dumps(report))


# ── nothing crosses over ──────────────────────────────────────────────────────────────────────────────────


def _without_chain(world: World) -> Document:
    document, key = world.original(), world.key
    pending: Pending = prepare(document, key.certificate, chain=(), clock=world.clock)
    return pending.complete(key.sign(pending.to_sign, pending.algorithm), document).renamed("bare.pdf")


@pytest.mark.parametrize("executor", [None, Processes(1)], ids=["here", "one"])
def test_a_certificate_in_one_document_completes_no_other(
    executor: Processes | None, world: World, answers: Sources
) -> None:
    documents = [world.signed(), _without_chain(world), world.signed()]
    found = list(verify_many(documents, world.trust, sources=answers, clock=world.clock, executor=executor))
    assert [one.verdict for one in found] == ["TOTAL-PASSED", "INDETERMINATE", "TOTAL-PASSED"]
    assert isinstance(found[1], Report)
    assert "NO_CERTIFICATE_CHAIN_FOUND" in {f.code for f in found[1].conclusions[0].findings}


@pytest.mark.parametrize("executor", [None, Processes(1)], ids=["here", "one"])
def test_an_answer_in_one_document_settles_no_other(executor: Processes | None, world: World) -> None:
    signed = world.signed()
    documents = [world.preserved(signed), signed, world.preserved(signed)]
    found = list(verify_many(documents, world.trust, clock=world.clock, executor=executor))
    assert [one.verdict for one in found] == ["TOTAL-PASSED", "INDETERMINATE", "TOTAL-PASSED"]
    assert isinstance(found[1], Report)
    assert found[1].conclusions[0].subindication == "CERTIFICATE_CHAIN_GENERAL_FAILURE"


@pytest.mark.parametrize("executor", [None, Processes(1)], ids=["here", "one"])
def test_a_proof_of_existence_in_one_document_proves_nothing_in_another(executor: Processes | None) -> None:
    world = World(tsa_years=2)
    kept = world.preserved(world.signed(), stamped=True)
    world.pass_years(1)
    world.new_tsa(8)
    renewed = world.preserved(kept, stamped=True)
    world.pass_years(4)
    answers = Sources.of(crls=world.sandbox.crls())
    given = {"sources": answers, "policy": LASTING, "clock": world.clock}
    found = list(verify_many([renewed, kept, renewed], world.trust, executor=executor, **given))
    assert [one.verdict for one in found] == ["TOTAL-PASSED", "INDETERMINATE", "TOTAL-PASSED"]


@pytest.mark.parametrize("length", [100, 20_000], ids=["remembered", "long"])
def test_a_remembered_check_speaks_for_those_octets_alone(length: int, world: World) -> None:
    algorithm = SIGNATURE_BY_NAME["ecdsa-sha256"]
    data = bytes(length)
    value = world.key.sign(data, algorithm)
    own, other = (certificate_of(key.certificate).spki for key in (world.key, world.sandbox.service_key))
    for _ in range(2):
        assert signature_holds(own, algorithm, value, data)
        assert not signature_holds(own, algorithm, value, data[1:] + b"x")
        assert not signature_holds(own, algorithm, value[:-1] + bytes([value[-1] ^ 1]), data)
        assert not signature_holds(other, algorithm, value, data)
        assert not signature_holds(own, SIGNATURE_BY_NAME["ecdsa-sha384"], value, data)


# ── the network is asked once ─────────────────────────────────────────────────────────────────────────────


class Counting:
    """Counts what is asked of another transport."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.asked: list[str] = []

    def send(self, request: Request) -> Response:
        self.asked.append(request.url)
        return self.world.sandbox.send(request)


def test_what_the_network_said_serves_all(world: World) -> None:
    asking = Counting(world)
    found = list(
        verify_many(
            [world.signed()] * 5, world.trust, sources=world.sandbox.sources, transport=asking, clock=world.clock,
            executor=None,
        )
    )  # fmt: skip
    assert all(found)
    assert len(asking.asked) == len(set(asking.asked)) == 3  # signer, issuer, timestamp authority


def test_a_server_that_is_down_is_asked_once_a_minute() -> None:
    world = World()
    asking = Counting(world)
    shared = SharedAnswers(asking, world.clock)
    request = Request("GET", world.sandbox.base_url + "root.crl")
    world.sandbox.cut("root.crl")
    for _ in range(3):
        with pytest.raises(TransportError):
            shared.send(request)
    world.sandbox.mend()
    assert len(asking.asked) == 1
    world.clock.advance(FAILURE_KEPT)
    assert shared.send(request).status == 200


def test_an_answer_serves_for_minutes_only() -> None:
    world = World()
    asking = Counting(world)
    shared = SharedAnswers(asking, world.clock)
    request = Request("GET", world.sandbox.base_url + "root.crl")
    first = shared.send(request)
    world.clock.advance(KEPT - timedelta(seconds=1))
    assert shared.send(request) is first
    world.clock.advance(timedelta(seconds=1))
    assert shared.send(request).body != first.body
    assert len(asking.asked) == 2


def test_an_answer_above_the_limit_of_a_request_is_asked_for_again() -> None:
    world = World()
    shared = SharedAnswers(Counting(world), world.clock)
    url = world.sandbox.base_url + "root.crl"
    shared.send(Request("GET", url))
    with pytest.raises(TransportError):
        shared.send(Request("GET", url, limit=10))


def test_the_clock_crosses_too(folder: Path, world: World, answers: Sources) -> None:
    later = FixedClock(world.clock.now() + timedelta(days=3650))
    (one,) = verify_many([folder / "00.pdf"], world.trust, sources=answers, clock=later, executor=Processes(1))
    assert one.verdict == "INDETERMINATE"


# ── nothing is left behind ────────────────────────────────────────────────────────────────────────────────

SCRIPT = """
import itertools, multiprocessing, sys
from eidkit.trust.store import TrustStore
from eidkit.verify import verify_many
paths = itertools.repeat(sys.argv[1])
for number, _ in enumerate(verify_many(paths, TrustStore(()))):
    if number == 5:
        print(*[child.pid for child in multiprocessing.active_children()], flush=True)
"""


UNGUARDED = """
import sys, threading
from eidkit.errors import EidkitError
from eidkit.trust.store import TrustStore
from eidkit.verify import verify_many
threading.Thread(target=threading.Event().wait, daemon=True).start()
try:
    print(*verify_many([sys.argv[1]], TrustStore(())))
except EidkitError as error:
    print(error.code)
"""


def test_a_script_with_threads_and_no_guard_is_told_what_it_lacks(folder: Path, tmp_path: Path) -> None:
    """Its workers cannot be forked safely, and begin by running it."""
    script = tmp_path / "script.py"
    script.write_text(UNGUARDED, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, script, folder / "00.pdf"], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.stdout == "many-workers\n"


def test_workers_end_with_a_parent_that_was_killed(folder: Path) -> None:
    """The script has no ``if __name__``: a plain script needs none."""
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, folder / "00.pdf"], stdout=subprocess.PIPE, text=True, cwd=root
    ) as process:
        assert process.stdout is not None
        workers = [int(pid) for pid in process.stdout.readline().split()]
        process.send_signal(signal.SIGKILL)
    assert workers
    deadline = time.monotonic() + 20
    while any(_alive(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(_alive(pid) for pid in workers)


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
