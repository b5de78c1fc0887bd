"""The login vectors of the corpus; what this release has no way of logging in with is counted as not supported."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from eidkit.auth import Stores, oidc, otp
from eidkit.auth.codes import step_at
from eidkit.binding import ProcedureReference, ShownText, Transaction, TransactionAction, TransactionDocument
from eidkit.clock import FixedClock
from eidkit.errors import AuthenticationError
from eidkit.identity import Identity
from tests.corpus.outcome import Answer, Case

_PERSON = Identity("vn-cccd", "000001000001", "Nguyễn Thị Lan")
_NOT_A_WAY = Answer(accepted=False, reasons=("no such way to log in",), caught=False, unsupported=True)


def auth(folder: Path) -> Iterator[Case]:
    """TOTP and OIDC vectors are asked; HOTP, OCRA, JOSE at large, WebAuthn and Web eID are not ways of this release."""
    yield from _totp(_read(folder / "otp" / "totp_rfc6238.json"))
    yield from _oidc(_read(folder / "oidc" / "oidc_core_appendix_a.json"))
    yield from _others(folder)


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


# ---------------------------------------------------------------------------------------------------- others
def _others(folder: Path) -> Iterator[Case]:
    hotp = _read(folder / "otp" / "hotp_rfc4226.json")
    ocra = _read(folder / "otp" / "ocra_rfc6287.json")
    suites = _read(folder / "otp" / "ocra_invalid_suites.json")
    webeid = _read(folder / "webeid" / "cases.json")
    webauthn = _read(folder / "webauthn" / "w3c_level3_vectors.json")
    counts = {
        "otp-hotp": len(hotp["vectors"]) + len(hotp["extra"]["vectors"]) + len(hotp["reject"]),
        "otp-ocra": len(ocra["vectors"]) + len(ocra["mutual_c2"]) + len(suites["suites"]),
        "jose": sum(1 for _ in (folder / "jose").rglob("*.json")) - 1,
        "webauthn": len(webauthn["vectors"]),
        "webeid": len(webeid["cases"]) + len(webeid["ocsp_cases"]),
    }
    for kind, count in counts.items():
        for number in range(count):
            yield Case("auth", kind, f"{kind}-{number + 1}", None, lambda: _NOT_A_WAY)
