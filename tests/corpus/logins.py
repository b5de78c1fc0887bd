"""The login vectors of the corpus."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from eidkit.auth import Stores, hotp, ocra, oidc, otp
from eidkit.auth.codes import step_at
from eidkit.binding import ProcedureReference, ShownText, Transaction, TransactionAction, TransactionDocument
from eidkit.clock import FixedClock
from eidkit.errors import AuthenticationError, EidkitError
from eidkit.identity import Identity
from tests.corpus.credentials import jose, web_eid
from tests.corpus.outcome import Answer, Case
from tests.corpus.passkeys import web_authn

_PERSON = Identity("vn-cccd", "000001000001", "Nguyễn Thị Lan")


def auth(folder: Path) -> Iterator[Case]:
    """One-time codes, OIDC, Web eID, passkeys, and what they use of JOSE."""
    yield from _totp(_read(folder / "otp" / "totp_rfc6238.json"))
    yield from _hotp(_read(folder / "otp" / "hotp_rfc4226.json"))
    yield from _ocra(_read(folder / "otp" / "ocra_rfc6287.json"))
    for suite in _read(folder / "otp" / "ocra_invalid_suites.json")["suites"]:
        yield Case("auth", "otp-ocra", suite, False, partial(_ask_suite, suite))
    yield from _oidc(_read(folder / "oidc" / "oidc_core_appendix_a.json"))
    yield from web_eid(folder / "webeid")
    yield from jose(folder / "jose")
    yield from web_authn(folder / "webauthn")


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


# ------------------------------------------------------------------------------------------------------ TOTP
def _totp(data: dict[str, Any]) -> Iterator[Case]:
    for vector in data["vectors"]:
        name = f"rfc6238 {vector['alg']} {vector['time']}"
        yield Case("auth", "otp-totp", name, True, partial(_ask_code, vector, vector["otp"], 0))
        late = f"{name}, two minutes late"
        yield Case("auth", "otp-totp", late, False, partial(_ask_code, vector, vector["otp"], 120))
    regression = data["dst_regression"]
    yield Case("auth", "otp-totp", "the repeated hour of the clock change", True, partial(_ask_step, regression))


def _ask_code(vector: dict[str, Any], code: str, later: int) -> Answer:
    """Enrol the vector's secret, and answer a challenge with its code at its time, or ``later`` seconds after."""
    clock = FixedClock(datetime.fromtimestamp(vector["time"], UTC) + timedelta(seconds=later))
    stores = Stores.memory()
    secret = vector["secret_ascii"].encode("ascii")
    otp.enrol(_PERSON, issuer="corpus", stores=stores, digits=vector["digits"], algorithm=vector["alg"], secret=secret)
    challenge = otp.begin(_PERSON, _transaction(), audience="corpus", stores=stores, clock=clock)
    try:
        otp.verify(code, challenge.id, stores=stores, clock=clock)
    except AuthenticationError as error:
        return Answer(accepted=False, reasons=(error.code,))
    return Answer(accepted=True)


def _ask_step(regression: dict[str, Any]) -> Answer:
    return Answer(accepted=step_at(regression["unix"]) == regression["T"])


# ------------------------------------------------------------------------------------------------------ HOTP
def _hotp(data: dict[str, Any]) -> Iterator[Case]:
    secret = data["secret_ascii"].encode("ascii")
    other = base64.b32decode(data["extra"]["secret_base32"] + "====")
    given = [(secret, vector, True) for vector in data["vectors"]]
    given += [(other, vector, True) for vector in data["extra"]["vectors"]]
    given += [(secret, vector, False) for vector in data["reject"]]
    for number, (key, vector, good) in enumerate(given, 1):
        name = f"rfc4226 {number}, counter {vector['counter']}"
        yield Case("auth", "otp-hotp", name, good, partial(_ask_counter, key, vector, data["digits"]))


def _ask_counter(secret: bytes, vector: dict[str, Any], digits: int) -> Answer:
    """Enrol the secret at the vector's counter, and answer a challenge with its code."""
    clock, stores = FixedClock(datetime(2026, 3, 2, tzinfo=UTC)), Stores.memory()
    enrolled = {"digits": digits, "secret": secret, "counter": vector["counter"]}
    hotp.enrol(_PERSON, issuer="corpus", stores=stores, **enrolled)
    challenge = hotp.begin(_PERSON, _transaction(), audience="corpus", stores=stores, clock=clock)
    try:
        made = hotp.verify(vector["otp"], challenge.id, stores=stores, clock=clock)
    except AuthenticationError as error:
        return Answer(accepted=False, reasons=(error.code,))
    proof = made.disclosure.proof if made.disclosure else b""
    return Answer(accepted=json.loads(proof)["counter"] == vector["counter"])


# ------------------------------------------------------------------------------------------------------ OCRA
def _ocra(data: dict[str, Any]) -> Iterator[Case]:
    for number, vector in enumerate(data["vectors"] + data["mutual_c2"], 1):
        yield Case("auth", "otp-ocra", f"rfc6287 {number}, {vector['suite']}", True, partial(_ask_answer, vector))


def _ask_answer(vector: dict[str, Any]) -> Answer:
    """Compute the vector's code by its suite; two joined questions are those of mutual authentication (§7.2)."""
    suite = ocra.Suite.parse(vector["suite"])
    asked = vector["Q"]
    question = asked if len(asked) <= suite.length else (asked[: suite.length], asked[suite.length :])
    code = suite.code(
        vector["key_ascii"].encode("ascii"),
        question,
        counter=vector.get("C"),
        pin_hash=suite.pin_hash(vector["pin"]) if "pin" in vector else None,
        step=int(vector["T_hex"], 16) if "T_hex" in vector else None,
    )
    return Answer(accepted=code == vector["otp"])


def _ask_suite(text: str) -> Answer:
    """Enrol a device of that suite."""
    try:
        ocra.enrol(_PERSON, stores=Stores.memory(), suite=text, secret=bytes(32))
    except EidkitError as error:
        return Answer(accepted=False, reasons=(error.code,), caught=error.code == "ocra-suite")
    return Answer(accepted=True)


def _transaction() -> Transaction:
    return Transaction(
        dossier_id="corpus",
        dossier_nonce="00" * 32,
        procedure=ProcedureReference("corpus", "1", "11" * 32),
        step="approval",
        role="official",
        kind="person",
        action=TransactionAction("approve", "advances"),
        max_age=600,
        text=ShownText("en", "approve"),
        documents=(TransactionDocument("form", "application/xml", None, "22" * 32),),
    )


# ------------------------------------------------------------------------------------------------------ OIDC
def _oidc(data: dict[str, Any]) -> Iterator[Case]:
    for case in data["cases"]:
        given = data["defaults"] | case
        yield Case(
            "auth", "oidc", case["id"], case["expect"] == "accept", partial(_ask_token, given), case.get("reason", "")
        )


def _ask_token(given: dict[str, Any]) -> Answer:
    """``oidc.check_id_token`` with the provider's key pinned; a nonce that was used is not asked with again."""
    at = datetime.fromtimestamp(given["at"], UTC)
    pinned = tuple(oidc.PinnedKey.of(key, at - timedelta(days=1)) for key in given["jwks"]["keys"])
    provider = oidc.Provider(given["issuer"], given["client_id"], keys=pinned)
    nonces = [given["nonce"], "taken"] if given["expect"] == "reject-second" else [given["nonce"]]
    try:
        for nonce in nonces:
            claims = oidc.check_id_token(
                given["token"],
                provider,
                nonce,
                at,
                code=given.get("code"),
                access_token=given.get("access_token"),
                max_age=given.get("max_age"),
                acr=given.get("required_acr"),
            )
    except AuthenticationError as error:
        return Answer(accepted=False, reasons=(error.code,))
    return Answer(accepted=claims["sub"] == given.get("sub", claims["sub"]))
