"""Keys in hardware, on a real SoftHSM2 token: found, used, refused by name, and never shown."""

from __future__ import annotations

import copy
import gc
import logging
import os
import pickle
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from pkcs11 import Attribute, Mechanism

from eidkit import algorithms
from eidkit.auth import Stores, x509
from eidkit.cli.running import run
from eidkit.document import Document
from eidkit.errors import KeyUnusable
from eidkit.sandbox.documents import decision_pdf, form_xml
from eidkit.signing import Pkcs11Key, prepare, sign
from eidkit.signing.keys import stored
from eidkit.verify import verify
from tests.signing.hardware import LOGIN, MODULE, PIN, Bent, Cabinet, Filling, renewed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from eidkit.sandbox import Sandbox
    from eidkit.sandbox.keys import SandboxKey

pytestmark = pytest.mark.xdist_group("pkcs11")

KINDS = {"rsa2048": b"\x01", "p256": b"\x02", "p384": b"\x03", "ed25519": b"\x04"}
EACH_TIME, BARE, TWIN, OTHER_TWIN, UNSHOWN, FOREIGN, RENEWED = (bytes([number]) for number in range(0x10, 0x17))
WAYS = [
    ("rsa2048", "sha256", False), ("rsa2048", "sha512", False), ("rsa2048", "sha256", True),
    ("rsa2048", "sha384", True), ("p256", "sha256", False), ("p256", "sha512", False), ("p384", "sha384", False),
    ("ed25519", None, False),
]  # fmt: skip


@pytest.fixture(scope="module")
def holders(sandbox: Sandbox) -> dict[str, SandboxKey]:
    return {kind: sandbox.official("Nguyễn Thị Lan", "001199000071", key=kind) for kind in KINDS}


@pytest.fixture(scope="module")
def others(sandbox: Sandbox) -> dict[bytes, SandboxKey]:
    ids = (EACH_TIME, BARE, TWIN, OTHER_TWIN, UNSHOWN, FOREIGN, RENEWED)
    return {one: sandbox.official("Trần Văn Bình", "001199000072") for one in ids}


@pytest.fixture(scope="module")
def cabinet(
    tool: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
    holders: dict[str, SandboxKey],
    others: dict[bytes, SandboxKey],
) -> Iterator[Cabinet]:
    """*One* holds one key; *Many* what an untidy token holds; *Double* is there twice; *Gone* will be."""
    import pkcs11

    before = os.environ.get("SOFTHSM2_CONF")
    made = Cabinet(tmp_path_factory.mktemp("softhsm"), tool("softhsm2-util"))
    for label in ("One", "Many", "Double", "Gone"):
        made.initialise(label)
    made.initialise("Double")
    for label in ("One", "Gone"):
        with Filling(label) as token:
            token.pair(holders["p256"], b"\x01", "signing")
            for issuer in holders["p256"].chain:
                token.certificate(issuer)
    with Filling("Many") as token:
        for kind, identifier in KINDS.items():
            token.pair(holders[kind], identifier, kind)
        token.pair(others[EACH_TIME], EACH_TIME, "each time", each_time=True)
        token.key(others[BARE], BARE, "bare")
        token.pair(others[TWIN], TWIN, "twin")
        token.pair(others[OTHER_TWIN], OTHER_TWIN, "twin")
        token.key(others[UNSHOWN], UNSHOWN, public=False)
        token.certificate(others[UNSHOWN].certificate, UNSHOWN, "named by its certificate")
        token.key(others[FOREIGN], FOREIGN, "foreign")
        token.certificate(others[TWIN].certificate, FOREIGN, "Kh\udcf3a")  # an octet that is no UTF-8
        token.pair(others[RENEWED], RENEWED, "renewed")
        token.certificate(renewed(others[RENEWED]), RENEWED)
        for issuer in holders["p256"].chain:
            token.certificate(issuer)
    yield made
    pkcs11.unload(MODULE)
    os.environ.pop("SOFTHSM2_CONF") if before is None else os.environ.update(SOFTHSM2_CONF=before)


@pytest.fixture
def bent(cabinet: Cabinet) -> Iterator[Bent]:
    module = Bent()
    yield module
    module.straighten()


@pytest.fixture
def one(cabinet: Cabinet) -> Iterator[Pkcs11Key]:
    with Pkcs11Key.open(MODULE, token="One", pin=PIN) as key:
        yield key


def refused(**how: object) -> KeyUnusable:
    """What opening the token *Many* that way is refused with."""
    arguments: dict[str, object] = {"token": "Many", "pin": PIN} | how
    with pytest.raises(KeyUnusable) as caught:
        Pkcs11Key.open(MODULE, **arguments)  # type: ignore[arg-type]
    return caught.value


def makes_valid_values(key: Pkcs11Key, digest: str | None = None, *, pss: bool = False) -> bool:
    public = key.certificate.public_key()
    algorithm = algorithms.suited(public, digest, pss=pss)
    return algorithms.verify_signature(public, algorithm, key.sign(b"data", algorithm), b"data")


# ------------------------------------------------------------------------------------------------- signing


@pytest.mark.parametrize(("kind", "digest", "pss"), WAYS)
@pytest.mark.usefixtures("cabinet")
def test_a_key_signs_what_its_certificate_verifies(kind: str, digest: str | None, pss: bool) -> None:
    with Pkcs11Key.open(MODULE, token="Many", pin=PIN, label=kind) as key:
        assert makes_valid_values(key, digest, pss=pss)


@pytest.mark.parametrize(("kind", "digest", "pss"), [way for way in WAYS if way[0] == "rsa2048"])
def test_a_token_that_does_not_hash_is_given_the_hash(bent: Bent, kind: str, digest: str, pss: bool) -> None:
    bent.without_mechanisms(*(m for m in Mechanism if m.name.startswith("SHA") and "RSA_PKCS" in m.name))
    with Pkcs11Key.open(MODULE, token="Many", pin=PIN, label=kind) as key:
        assert makes_valid_values(key, digest, pss=pss)


def test_a_mechanism_that_is_listed_and_refused_is_gone_around(bent: Bent) -> None:
    bent.refusing_mechanisms(Mechanism.SHA256_RSA_PKCS)
    with Pkcs11Key.open(MODULE, token="Many", pin=PIN, label="rsa2048") as key:
        assert makes_valid_values(key)


def test_a_mechanism_that_is_lacking_altogether_is_named(bent: Bent) -> None:
    bent.without_mechanisms(Mechanism.RSA_PKCS_PSS, Mechanism.SHA256_RSA_PKCS_PSS)
    with Pkcs11Key.open(MODULE, token="Many", pin=PIN, label="rsa2048") as key:
        with pytest.raises(KeyUnusable, match="rsa-pss-sha256") as caught:
            makes_valid_values(key, pss=True)
        assert (caught.value.code, caught.value.kind) == ("key-mechanism", "configuration")


def test_a_mechanism_that_is_refused_in_every_way_is_named(bent: Bent) -> None:
    bent.refusing_mechanisms(Mechanism.ECDSA)
    with Pkcs11Key.open(MODULE, token="One", pin=PIN) as key:
        with pytest.raises(KeyUnusable) as caught:
            makes_valid_values(key)
        assert caught.value.code == "key-mechanism"


def test_another_familys_algorithm_is_refused(one: Pkcs11Key) -> None:
    with pytest.raises(KeyUnusable) as caught:
        one.sign(b"x", algorithms.SIGNATURE_BY_NAME["rsa-pss-sha256"])
    assert caught.value.code == "key-algorithm"


@pytest.mark.parametrize("stamped", [False, True], ids=["B-B", "B-T"])
@pytest.mark.parametrize("kind", ["rsa2048", "p256", "p384"])
@pytest.mark.parametrize("name", ["permit.pdf", "form.xml"])
@pytest.mark.usefixtures("cabinet")
def test_a_signed_document_passes(sandbox: Sandbox, name: str, kind: str, stamped: bool) -> None:
    document = Document.from_bytes(decision_pdf() if name == "permit.pdf" else form_xml(), name)
    tsa = sandbox.tsa if stamped else None
    with Pkcs11Key.open(MODULE, token="Many", pin=PIN, label=kind) as key:
        signed = sign(document, key, tsa=tsa, transport=sandbox, clock=sandbox.clock)
    report = verify(signed, sandbox.trust, sources=sandbox.sources, transport=sandbox, clock=sandbox.clock)
    assert str(report.verdict) == "TOTAL-PASSED", str(report)


def test_two_halves_do_with_the_key_what_one_call_does(sandbox: Sandbox, one: Pkcs11Key) -> None:
    document = Document.from_bytes(form_xml(), "form.xml")
    pending = prepare(document, one.certificate, chain=one.chain, clock=sandbox.clock)
    signed = pending.complete(one.sign(pending.to_sign, pending.algorithm), document)
    assert verify(signed, sandbox.trust, sources=sandbox.sources, transport=sandbox, clock=sandbox.clock)


@pytest.mark.parametrize("kind", ["rsa2048", "p256", "p384"])
@pytest.mark.usefixtures("cabinet")
def test_its_holder_logs_in_with_it(sandbox: Sandbox, holders: dict[str, SandboxKey], kind: str) -> None:
    stores = Stores.memory()
    challenge = x509.begin(audience="https://permits.example", stores=stores, clock=sandbox.clock)
    with Pkcs11Key.open(MODULE, token="Many", pin=PIN, label=kind) as key:
        answer = x509.respond(key, challenge.question or "", at="https://permits.example")
    given = {"trust": sandbox.trust, "sources": sandbox.sources, "transport": sandbox, "clock": sandbox.clock}
    login = x509.log_in(answer, challenge.id, stores=stores, **given)
    assert login.identity == holders[kind].identity


# ------------------------------------------------------------------------------- which token, which key


@pytest.mark.parametrize("how", ["label", "id", "hex", "certificate", "file"])
@pytest.mark.usefixtures("cabinet")
def test_a_key_is_found_by(how: str, holders: dict[str, SandboxKey], tmp_path: Path) -> None:
    certificate = holders["p384"].certificate
    (tmp_path / "own.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    named = {
        "label": {"label": "p384"},
        "id": {"id": KINDS["p384"]},
        "hex": {"id": "03"},
        "certificate": {"certificate": certificate},
        "file": {"certificate": tmp_path / "own.pem"},
    }
    with Pkcs11Key.open(MODULE, token="Many", pin=PIN, **named[how]) as key:  # type: ignore[arg-type]
        assert key.certificate == certificate
        assert makes_valid_values(key)


@pytest.mark.usefixtures("cabinet")
def test_a_key_without_a_name_is_found_by_its_certificates_label(others: dict[bytes, SandboxKey]) -> None:
    with Pkcs11Key.open(MODULE, token="Many", pin=PIN, label="named by its certificate") as key:
        assert key.certificate == others[UNSHOWN].certificate
        assert makes_valid_values(key)


def test_the_only_key_needs_no_name(one: Pkcs11Key, holders: dict[str, SandboxKey]) -> None:
    assert one.certificate == holders["p256"].certificate


def test_the_chain_is_the_issuers_on_the_token(one: Pkcs11Key, holders: dict[str, SandboxKey]) -> None:
    assert set(one.chain) == set(holders["p256"].chain)


@pytest.mark.usefixtures("cabinet")
def test_nobody_elses_certificate_leaves_the_token(holders: dict[str, SandboxKey]) -> None:
    with Pkcs11Key.open(MODULE, token="Many", pin=PIN, label="p256") as key:
        assert set(key.chain) == set(holders["p256"].chain)


@pytest.mark.usefixtures("cabinet")
def test_a_certificate_that_the_token_lacks_is_handed_in(others: dict[bytes, SandboxKey], tmp_path: Path) -> None:
    path = tmp_path / "own.pem"
    path.write_bytes(b"".join(c.public_bytes(Encoding.PEM) for c in (others[BARE].certificate, *others[BARE].chain)))
    with Pkcs11Key.open(MODULE, token="Many", pin=PIN, id=BARE, certificate=path) as key:
        assert set(key.chain) == set(others[BARE].chain)
        assert makes_valid_values(key)


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"label": "twin"}, "key-ambiguous"),
        ({}, "key-ambiguous"),
        ({"label": "nobody"}, "key-not-found"),
        ({"id": b"\x77"}, "key-not-found"),
        ({"id": "no hex"}, "key-not-found"),
        ({"label": "bare"}, "key-certificate-missing"),
        ({"label": "foreign"}, "key-certificate-mismatch"),
        ({"label": "renewed"}, "key-certificate-ambiguous"),
        ({"token": "Nobody's"}, "key-device-absent"),
        ({"slot": 987654321}, "key-device-absent"),
        ({"token": "Double"}, "key-device-ambiguous"),
        ({"token": None}, "key-device-ambiguous"),
    ],
)
@pytest.mark.usefixtures("cabinet")
def test_what_does_not_name_one_key_is_refused(how: dict[str, object], code: str) -> None:
    assert refused(**how).code == code


@pytest.mark.usefixtures("cabinet")
def test_a_slot_tells_tokens_of_one_label_apart() -> None:
    slot = refused(token="Double").problem.en.partition("slots ")[2].partition(",")[0]
    assert refused(token="Double", slot=int(slot)).code == "key-not-found"


@pytest.mark.usefixtures("cabinet")
def test_a_handed_in_certificate_of_another_key_is_refused(others: dict[bytes, SandboxKey]) -> None:
    assert refused(label="p256", certificate=others[TWIN].certificate).code == "key-certificate-mismatch"


def test_another_spelling_of_the_module_is_the_same_module(one: Pkcs11Key, tmp_path: Path) -> None:
    (tmp_path / "vendor.so").symlink_to(MODULE)
    with Pkcs11Key.open(tmp_path / "vendor.so", token="Many", pin=PIN, label="p256") as key:
        assert makes_valid_values(key)
        assert makes_valid_values(one)


@pytest.mark.usefixtures("cabinet")
def test_a_refused_key_leaves_nobody_logged_in() -> None:
    refused(label="nobody")
    Pkcs11Key.open(MODULE, token="Many", pin=PIN, label="p256").close()


def test_a_token_that_hides_what_its_key_may_do_signs_all_the_same(bent: Bent) -> None:
    bent.hiding(Attribute.SIGN)
    with Pkcs11Key.open(MODULE, token="One", pin=PIN) as key:
        assert makes_valid_values(key)


@pytest.mark.usefixtures("cabinet")
def test_a_label_that_is_no_utf8_is_in_nobodys_way() -> None:
    with Pkcs11Key.open(MODULE, token="Many", pin=PIN, id=TWIN) as key:
        assert "Kh\N{REPLACEMENT CHARACTER}a" in [one.label for one in stored.read_certificates(key._login.session)]


def test_a_module_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "module.so").write_bytes(b"no library")
    with pytest.raises(KeyUnusable) as caught:
        Pkcs11Key.open(tmp_path / "module.so", pin=PIN)
    assert (caught.value.code, caught.value.kind) == ("key-module", "configuration")


def test_without_python_pkcs11_the_install_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    with pytest.raises(ImportError, match=r"pip install 'eidkit\[pkcs11\]'"):
        Pkcs11Key.open(MODULE, pin=PIN)


# ------------------------------------------------------------------------------------------------- the PIN


@pytest.mark.parametrize("pin", ["000000", "1", "0" * 300])
@pytest.mark.usefixtures("cabinet")
def test_a_wrong_pin_is_named_and_not_shown(pin: str) -> None:
    error = refused(pin=pin)
    assert (error.code, error.kind, error.retryable) == ("key-pin-wrong", "person", False)


@pytest.mark.parametrize("pin", [None, ""])
def test_no_pin_spends_no_try(bent: Bent, pin: str | None) -> None:
    count = bent.locking(3)
    assert refused(pin=pin).code == "key-pin-missing"
    assert count == [0]


def test_wrong_pins_stop_before_the_last_try(bent: Bent) -> None:
    count = bent.locking(3)
    assert [refused(pin="000000").code for _ in range(4)] == ["key-pin-wrong", *["key-pin-last-try"] * 3]
    assert count == [2]


def test_the_last_try_is_spent_when_the_caller_says_so(bent: Bent) -> None:
    bent.locking(2)
    refused(pin="000000")
    with Pkcs11Key.open(MODULE, token="One", pin=PIN, last_try=True) as key:
        assert makes_valid_values(key)


def test_a_token_that_locks_says_so(bent: Bent) -> None:
    bent.locking(2)
    codes = [refused(pin="000000", last_try=True).code for _ in range(2)]
    assert codes == ["key-pin-last-try", "key-pin-locked"]


def test_a_locked_token_asks_for_no_pin(bent: Bent) -> None:
    bent.with_flags(0x40000)
    asked: list[str] = []
    error = refused(pin=lambda: asked.append("asked") or PIN)
    assert (error.code, error.kind, error.retryable, asked) == ("key-pin-locked", "person", False, [])


@pytest.mark.usefixtures("cabinet")
def test_an_absent_token_asks_for_no_pin() -> None:
    asked: list[str] = []
    assert refused(token="Nobody's", pin=lambda: asked.append("asked") or PIN).retryable
    assert asked == []


@pytest.mark.usefixtures("cabinet")
def test_a_key_that_wants_its_pin_each_time_asks_each_time() -> None:
    asked: list[str] = []
    with Pkcs11Key.open(MODULE, token="Many", pin=lambda: asked.append("asked") or PIN, id=EACH_TIME) as key:
        assert makes_valid_values(key)
        assert makes_valid_values(key)
    assert len(asked) == 3


@pytest.mark.usefixtures("cabinet")
def test_a_key_that_wants_its_pin_each_time_takes_no_text() -> None:
    assert refused(id=EACH_TIME).code == "key-pin-each-time"


def test_a_keypad_takes_the_place_of_a_pin(bent: Bent) -> None:
    bent.with_flags(0x100)
    bent.with_keypad(PIN)
    with Pkcs11Key.open(MODULE, token="One") as key:
        assert makes_valid_values(key)


@pytest.mark.parametrize(
    ("answer", "code"),
    [(0xA1, "key-pin-wrong"), (0xA3, "key-pin-expired"), (0xA4, "key-pin-locked"), (0x102, "key-pin-expired"),
     (0x32, "key-device-removed"), (0x104, "key-device-in-use"), (0x50, "key-cancelled"), (0x05, "key-device-failed")],
)  # fmt: skip
def test_what_a_token_answers_to_a_pin_is_named(bent: Bent, answer: int, code: str) -> None:
    bent.bend(LOGIN, lambda *_: answer)
    assert refused().code == code


@pytest.mark.usefixtures("cabinet")
def test_a_login_is_not_borrowed_with_a_wrong_pin() -> None:
    with Pkcs11Key.open(MODULE, token="Many", pin=PIN, label="p256"):
        error = refused(pin="000000", label="p384")
    assert (error.code, error.kind, error.retryable) == ("key-device-in-use", "caller", True)


@pytest.mark.usefixtures("cabinet")
def test_another_key_shares_the_login_and_outlives_the_first() -> None:
    with Pkcs11Key.open(MODULE, token="Many", pin=PIN, label="p256") as first:
        second = first.also(label="p384")
    assert makes_valid_values(second)
    second.close()
    assert refused(pin="000000").code == "key-pin-wrong"


@pytest.mark.usefixtures("cabinet")
def test_a_forgotten_key_logs_out() -> None:
    Pkcs11Key.open(MODULE, token="One", pin=PIN)
    gc.collect()
    Pkcs11Key.open(MODULE, token="One", pin=PIN).close()


@pytest.mark.parametrize("token", ["Many", "Nobody's", "Double"])
@pytest.mark.usefixtures("cabinet")
def test_no_pin_in_an_errors_variables(token: str) -> None:
    wrong = "771144"
    error = traceback.TracebackException.from_exception(refused(token=token, pin=wrong), capture_locals=True)
    ours = [part for part in "".join(error.format()).split('  File "') if "/eidkit/" in part.partition('"')[0]]
    assert ours
    assert not [part for part in ours if wrong in part]


@pytest.mark.usefixtures("cabinet")
def test_no_pin_in_repr_or_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = "771144"
    refused(pin=wrong)
    with Pkcs11Key.open(MODULE, token="One", pin=PIN) as key:
        makes_valid_values(key)
        said = repr(key) + repr(vars(key)) + caplog.text + "".join(repr(vars(record)) for record in caplog.records)
    assert PIN not in said
    assert wrong not in said


# --------------------------------------------------------------------------- what happens in the middle


def test_a_closed_key_refuses(one: Pkcs11Key) -> None:
    one.close()
    with pytest.raises(KeyUnusable) as caught:
        makes_valid_values(one)
    assert caught.value.code == "key-closed"


def test_a_key_is_never_pickled_or_copied(one: Pkcs11Key) -> None:
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(KeyUnusable):
            attempt(one)


def test_a_session_that_ended_is_named(one: Pkcs11Key) -> None:
    one._login.session.close()
    with pytest.raises(KeyUnusable) as caught:
        makes_valid_values(one)
    assert (caught.value.code, caught.value.kind, caught.value.retryable) == ("key-session-lost", "outside", False)


@pytest.mark.parametrize(
    ("answer", "code", "retryable"),
    [
        (0x32, "key-device-removed", False),
        (0x30, "key-device-failed", True),
        (0x31, "key-device-busy", True),
        (0x50, "key-cancelled", True),
        (0x101, "key-session-lost", False),
        (0x80000123, "key-device-failed", True),
    ],
)
def test_what_a_token_answers_is_named(bent: Bent, one: Pkcs11Key, answer: int, code: str, retryable: bool) -> None:
    bent.failing_to_sign(answer)
    with pytest.raises(KeyUnusable) as caught:
        makes_valid_values(one)
    assert (caught.value.code, caught.value.retryable) == (code, retryable)


def test_a_key_signs_again_after_a_failure(bent: Bent, one: Pkcs11Key) -> None:
    bent.failing_to_sign(0x30)
    with pytest.raises(KeyUnusable):
        makes_valid_values(one)
    bent.straighten()
    assert makes_valid_values(one)


def test_a_token_removed_in_the_middle_is_named(cabinet: Cabinet, sandbox: Sandbox) -> None:
    document = Document.from_bytes(form_xml(), "form.xml")
    with Pkcs11Key.open(MODULE, token="Gone", pin=PIN) as key:
        sign(document, key, clock=sandbox.clock)
        cabinet.remove("Gone")
        with pytest.raises(KeyUnusable) as caught:
            sign(document, key, clock=sandbox.clock)
    assert (caught.value.code, caught.value.kind, caught.value.retryable) == ("key-device-removed", "person", False)


def test_threads_share_a_key(one: Pkcs11Key) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda _: makes_valid_values(one), range(64)))


def test_threads_use_two_tokens_of_one_module(one: Pkcs11Key) -> None:
    with Pkcs11Key.open(MODULE, token="Many", pin=PIN, label="rsa2048") as other, ThreadPoolExecutor(8) as pool:
        assert all(pool.map(makes_valid_values, [one, other] * 32))


def in_a_child(act: Callable[[], str]) -> str:
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.write(write, act().encode())
        except KeyUnusable as error:
            os.write(write, error.code.encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        return pipe.read(100).decode()


def test_a_key_opened_before_a_fork_refuses_after_it(one: Pkcs11Key) -> None:
    assert in_a_child(lambda: str(makes_valid_values(one))) == "key-forked"
    assert makes_valid_values(one)


def test_a_child_opens_the_key_for_itself(one: Pkcs11Key) -> None:
    def act() -> str:
        with Pkcs11Key.open(MODULE, token="One", pin=PIN) as key:
            return str(makes_valid_values(key))

    assert in_a_child(act) == "True"
    assert makes_valid_values(one)


# ------------------------------------------------------------------------------------- the command line


@pytest.fixture
def command(
    cabinet: Cabinet, tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, Path]]:
    """``command("--token", …)`` signs a form with the sandbox's clock: the exit code and where it went."""
    (tmp_path / "form.xml").write_bytes(form_xml())
    (tmp_path / "pin").write_text(f"{PIN}\n", encoding="utf-8")
    monkeypatch.setattr("eidkit.clock.SystemClock.now", lambda _: sandbox.clock.now())
    monkeypatch.setenv("LC_ALL", "C.UTF-8")

    def call(*arguments: str) -> tuple[int, Path]:
        out = tmp_path / "signed.xml"
        given = ["sign", str(tmp_path / "form.xml"), "-o", str(out), "--password-file", str(tmp_path / "pin")]
        return run([*given, *arguments]), out

    return call


@pytest.mark.parametrize("more", [["--key-label", "p384"], ["--key-id", "03"]])
def test_the_command_line_signs(command: Callable[..., tuple[int, Path]], sandbox: Sandbox, more: list[str]) -> None:
    code, out = command("--pkcs11", MODULE, "--token", "Many", *more)
    report = verify(Document.read(out), sandbox.trust, sources=sandbox.sources, transport=sandbox, clock=sandbox.clock)
    assert (code, str(report.verdict)) == (0, "TOTAL-PASSED")


def test_the_command_line_names_the_install(
    command: Callable[..., tuple[int, Path]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    code, _ = command("--pkcs11", MODULE)
    assert (code, "pip install 'eidkit[pkcs11]'" in capsys.readouterr().err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--pkcs11", MODULE, "--token", "Nobody's"], "no such hardware token"),
        (["--pkcs11", MODULE, "--token", "Many", "--key-label", "twin"], "2 keys on the hardware token fit"),
        (["--token", "Many", "--p12", "x.p12"], "belong to --pkcs11"),
        (["--pkcs11", MODULE, "--p12", "x.p12"], "give the key as"),
    ],
)
def test_the_command_line_refuses_by_name(
    command: Callable[..., tuple[int, Path]], capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    code, out = command(*arguments)
    assert (code, out.exists()) == (2, False)
    assert said in capsys.readouterr().err
