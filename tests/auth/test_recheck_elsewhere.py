"""Every way's proof in another process, with files and anchors alone; and each change of it.

Two adversaries. One holds the files and no key: whatever he changes fails. The other holds the service's key too, so
that the file and its attestation agree again: what a person, a provider or an authority signed he still cannot change,
and what is the service's own word he can (binding.md §6.8); that is all listed here, and raises no level.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections import defaultdict
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from eidkit import canonical
from eidkit.auth import rechecking
from eidkit.binding import scales, shape
from eidkit.binding.attestation import attest
from eidkit.binding.authentication import Authentication, Proof, subject_commitment
from eidkit.clock import FixedClock
from eidkit.errors import EidkitError
from eidkit.sandbox import Sandbox
from tests.auth.ways import EVERY, Ways

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.xdist_group("recheck-elsewhere")  # all of them ask what one process found
NOW = datetime(2026, 3, 2, 9, 14, 10, tzinfo=UTC)
NAME_IS_ONLY_SHOWN = "disclosure.identity.name"
"""No digest covers it (binding.md §3): a report names people as certificate or procedure do, which
tests/dossier/test_report.py::test_a_name_written_into_a_login_file_is_not_shown shows."""


# ── every change of a value of JSON ───────────────────────────────────────────────────────────────────────
class Change(NamedTuple):
    """A changed value, and where: member names joined by dots, an element of a list as ``[]``."""

    where: str
    value: Any


def changes(value: Any, where: str = "", most: int = 2) -> Iterator[Change]:
    """The value with each of its members changed (a text at ``most`` places), gone, doubled or joined by another."""
    if isinstance(value, dict):
        yield Change(f"{where}.+", value | {"more": 1})
        for name, member in value.items():
            yield Change(f"{where}.{name}", {key: one for key, one in value.items() if key != name})
            yield from (Change(at, value | {name: other}) for at, other in changes(member, f"{where}.{name}", most))
    elif isinstance(value, list):
        yield Change(f"{where}[+]", [*value, *(value[:1] or ["x"])])
        for number, member in enumerate(value):
            yield Change(f"{where}[-]", value[:number] + value[number + 1 :])
            for at, other in changes(member, f"{where}[]", most):
                yield Change(at, [*value[:number], other, *value[number + 1 :]])
    if where:
        yield from (Change(where, other) for other in _others(value, most))


def _others(value: Any, most: int) -> Iterator[Any]:
    if isinstance(value, str):
        yield from (_turned(value, at) for at in _spread(len(value), most))
        yield from ("", value + "A", [value])
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value - 1, -value, str(value))
    yield from (None, 1, [])


def _turned(text: str, at: int) -> str:
    """Another character of the same kind, so that more than the spelling is wrong."""
    old = text[at]
    kinds = ("0123456789abcdef", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
    kind = next((kind for kind in kinds if old in kind), "-x")
    return text[:at] + kind[(kind.find(old) + 1) % len(kind)] + text[at + 1 :]


def _spread(length: int, most: int) -> list[int]:
    return sorted({length * number // most for number in range(most)} | {length - 1}) if length else []


# ── the adversary with the files, and the one with the service's key as well ──────────────────────────────
def without_a_key(made: Authentication, another: Authentication) -> Iterator[Change]:
    """Each member of the file changed, and of the proof, this with its digest as well; ``another``'s attestation."""
    row = made.to_json()
    yield Change("attestation", row | {"attestation": another.attestation})
    yield from (Change(at.removeprefix("."), other) for at, other in changes(row) if not same(other, row))
    for where, proof in proofs(made):
        named = row["proof"] | {"sha256": hashlib.sha256(proof).hexdigest()}
        yield Change(where, row | {"proof": named, "disclosure": with_proof(row, proof)})


def with_a_service_key(made: Authentication, key: Any) -> Iterator[Change]:
    """What of that is a login still, its digests and its attestation made anew."""
    row = made.to_json()
    changed = [*changes(row), *(Change(where, row | {"disclosure": with_proof(row, to)}) for where, to in proofs(made))]
    for hours in (-24 * 3650, -1, 1, 24 * 3650):
        moved = canonical.format_time(made.authenticated_at + timedelta(hours=hours))
        changed.append(Change("another hour", row | {"authenticated_at": moved}))
    changed += [Change("proof_class", row | {"proof_class": one}) for one in scales.PROOF_CLASSES]
    changed += [Change("method", row | {"method": one}) for one in rechecking._WAYS]
    highest = [
        {"scheme": name, "value": scale[-1], "source": "policy"} for name, scale in scales.ASSURANCE_SCALES.items()
    ]
    changed.append(Change("assurance", row | {"assurance": highest, "factors": ["have", "know", "are"]}))
    for where, other in changed:
        try:
            opened = Authentication.from_json(other | {"attestation": None})
        except EidkitError:
            continue
        if opened.disclosure is not None and (opened := agreeing(opened)).digest != made.digest:
            yield Change(where.removeprefix("."), attest(opened, key, made.authenticated_at).to_json())


def agreeing(opened: Authentication) -> Authentication:
    """The login with the digests of its proof and its person made anew."""
    kept = opened.disclosure
    assert kept is not None
    proof = Proof.of(opened.proof.media_type, kept.proof)
    return replace(opened, proof=proof, subject=subject_commitment(kept.identity, kept.salt))


def proofs(made: Authentication) -> Iterator[tuple[str, bytes]]:
    """Where the proof is changed, and its bytes then: each member where it has members, and bits all over."""
    assert made.disclosure is not None
    kept = made.disclosure.proof
    with suppress(EidkitError):
        row = canonical.loads(kept, exact=True)
        for at, other in changes(row, most=16):
            if not same(other, row):
                yield f"proof{at}", canonical.dumps(other)
    yield from (("proof", kept[:at] + bytes([kept[at] ^ 1]) + kept[at + 1 :]) for at in _spread(len(kept), 40))
    yield from (("proof", other) for other in (b"", kept[:-1], kept + b" ", kept + b"A", b"{}", b"\xff", kept * 2))


def with_proof(row: dict[str, Any], proof: bytes) -> dict[str, Any]:
    return row["disclosure"] | {"proof": shape.base64url(proof)}


def same(first: Any, second: Any) -> bool:
    return repr(first) == repr(second)


# ── another process says what it finds ────────────────────────────────────────────────────────────────────
class Found(NamedTuple):
    """What was said of the login as it was made, and of its changes by each adversary, as (where, what)."""

    method: str
    honest: str
    by_files: list[tuple[str, str]]
    by_service: list[tuple[str, str]]
    by_a_stranger: list[tuple[str, str]]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Found]:
    clock, folder = FixedClock(NOW), tmp_path_factory.mktemp("elsewhere")
    sandbox, stranger = Sandbox.create(clock=clock), Sandbox.create(clock=clock)
    ways = Ways(sandbox, clock)
    _write_anchors(sandbox, folder)
    made = {way: getattr(ways, way)() for way in EVERY}
    tried = {}
    for way, (login, pin) in made.items():
        if pin is not None:
            pin.write(folder / "pins" / f"{way}.json")
        login.write(folder / f"{way}.json")
        tried[way] = [
            [*without_a_key(login, made["totp" if way == "hotp" else "hotp"][0])],
            [*with_a_service_key(login, sandbox.service_key)],
            [Change("all", attest(login, stranger.service_key, login.authenticated_at).to_json())],
        ]
        lines = (canonical.dumps(change.value) for adversary in tried[way] for change in adversary)
        (folder / f"{way}.lines").write_bytes(b"\n".join(lines))
    said = _said(folder)
    return {way: _sorted(made[way][0].method, said[way], tried[way]) for way in EVERY}


def _write_anchors(sandbox: Sandbox, folder: Path) -> None:
    for kind in ("login", "attestation"):
        (folder / "anchors" / kind).mkdir(parents=True)
        for number, anchor in enumerate(sandbox.trust.of_kind(kind)):
            (folder / "anchors" / kind / f"{number}.der").write_bytes(anchor.certificate.der)
    for name in ("pins", "crls"):
        (folder / name).mkdir()
    for number, crl in enumerate(sandbox.crls()):
        (folder / "crls" / f"{number}.crl").write_bytes(crl)


def _said(folder: Path) -> dict[str, list[str]]:
    asked = [sys.executable, str(Path(__file__).with_name("elsewhere.py")), str(folder)]
    printed = subprocess.run(asked, capture_output=True, text=True, check=True, timeout=120, cwd=folder).stdout
    said = defaultdict(list)
    for line in printed.splitlines():
        way, _, verdict = line.partition(" ")
        said[way].append(verdict)
    return said


def _sorted(method: str, said: list[str], tried: list[list[Change]]) -> Found:
    honest, *rest = said
    assert len(rest) == sum(map(len, tried))
    verdicts = iter(rest)
    return Found(method, honest, *([(change.where, next(verdicts)) for change in adversary] for adversary in tried))


# ── what it finds ─────────────────────────────────────────────────────────────────────────────────────────
CLASSES = {"oidc": "asserted", "x509": "transferable", "webeid": "transferable", "webauthn": "transferable"}
AT_ORIGIN = {"x509", "webeid", "webauthn"}
"""Here a key of the person signed the origin, which is the challenge's audience."""
WORD = {"assurance", "factors", "checks", "warnings", "authenticated_at", "challenge", "disclosure.salt"}
"""The service's own: no level comes of it, for ``recheck`` computes the assurance anew (binding.md §6.4)."""
OF_CODES = {"totp", "hotp", "ocra", "sms", "email", "recovery"}
"""Who it was is the service's word as well: only it saw the code."""
OF_PROOF = {
    "totp": {"proof.time_step"},
    "hotp": {"proof.counter"},
    "ocra": {"proof.suite", "proof.time_step"},
    "userinfo": {"proof.userinfo"},
    "vneid": {"proof.answer", "proof.salt"},
    "x509_tls": {"proof.salt"},
}
"""What of a proof nobody but the service vouches for, as far as it names the same person and level still."""
SURPLUS = {f"proof.{name}[+]" for name in ("issuers", "crls", "ocsps")}
"""What is needed stands there twice then."""


def _may_say(way: str) -> set[str]:
    """Where the service may write something else and is believed."""
    may = WORD | OF_PROOF.get(way, set()) | SURPLUS
    if way in OF_CODES:
        may |= {"disclosure.identity.identifier"}
    if way not in CLASSES:
        may |= {"proof", "disclosure.proof"}  # octets of the members above
    return may


def _is_among(where: str, places: set[str]) -> bool:
    return where in places or any(where.startswith((f"{one}[", f"{one}.")) for one in places & WORD)


def test_every_way_that_there_is_was_tried(found):
    assert {one.method for one in found.values()} == set(rechecking._WAYS)


@pytest.mark.parametrize("way", EVERY)
def test_another_process_finds_it_good_with_files_and_anchors_alone(found, way):
    assert found[way].honest.startswith(f"PASSED {CLASSES.get(way, 'attested')} ")


@pytest.mark.parametrize("way", EVERY)
def test_whoever_holds_only_the_files_changes_nothing(found, way):
    told = found[way].by_files
    assert len(told) > 300
    assert {where for where, verdict in told if verdict.startswith("PASSED")} == {NAME_IS_ONLY_SHOWN}
    undecided = {(where, verdict) for where, verdict in told if verdict.startswith("INDETERMINATE")}
    # binding.md §3: without the disclosure it is erased, which is never passed and never failed.
    assert undecided == {("disclosure", "INDETERMINATE ERASED")}


@pytest.mark.parametrize("way", EVERY)
def test_a_strangers_attestation_is_none(found, way):
    assert found[way].by_a_stranger == [("all", "FAILED nobody's attestation")]


@pytest.mark.parametrize("way", EVERY)
def test_whoever_holds_the_services_key_too_raises_nothing_and_forges_nobody(found, way):
    told = found[way].by_service
    assert len(told) > 100
    passed = [(where, verdict) for where, verdict in told if verdict.startswith("PASSED")]
    assert {verdict for _, verdict in passed} == {found[way].honest}
    assert [where for where, _ in passed if not _is_among(where, _may_say(way))] == []
    moved = {"transaction", "method", "proof_class", "challenge.nonce", "another hour"}
    moved |= {"challenge.audience"} if way in AT_ORIGIN else set()
    moved |= set() if way in OF_CODES else {"disclosure.identity.identifier"}
    assert {where for where, _ in passed} & moved == set()
    assert {where.partition(".")[0] if where not in moved else where for where, _ in told} >= moved
