"""The vectors of logins in which a person's own key answers."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from eidkit.auth import foreign, webeid
from eidkit.auth.oidc import PinnedKey
from eidkit.binding import jwa
from eidkit.errors import AuthenticationError
from eidkit.policy import ETSI_BASELINE
from eidkit.transport import Request, Response
from eidkit.trust.sources import Sources
from eidkit.trust.store import TrustStore
from eidkit.verify import verify_certificate
from tests.corpus.outcome import Answer, Case

_WITHOUT_STATUS = replace(ETSI_BASELINE, name="corpus-without-status", revocation="warn")


def web_eid(folder: Path) -> Iterator[Case]:
    """Web eID tokens (``revocation: off`` as stated), and OCSP answers that must not pass for a good status."""
    data = json.loads((folder / "cases.json").read_text(encoding="utf-8"))
    for case in data["cases"]:
        good = case["expect"] != "reject"
        yield Case("auth", "webeid", case["id"], good, partial(_ask_token, folder, case), case.get("reason", ""))
    for case in data["ocsp_cases"]:
        yield Case("auth", "webeid", case["id"], False, partial(_ask_status, folder, case), case["reason"])


def _ask_token(folder: Path, case: dict[str, Any]) -> Answer:
    """``webeid.check_token`` at the case's moment; where no anchor is given, whether it came as far as the path."""
    at = datetime.fromisoformat(case["at"] or "2021-08-01T00:00:00Z")
    anchors = [(folder / "certs" / name).read_bytes() for name in case["trust_anchors"] or ()]
    trust = TrustStore.of(anchors, "login")
    with _told() as reasons:
        try:
            webeid.check_token(case["token"], trust, case["nonce"], case["origin"], at, policy=_WITHOUT_STATUS)
        except AuthenticationError:
            only_anchors_missing = case["expect"] == "accept-signature-only" and reasons == ["TRUST_EMPTY"]
            return Answer(accepted=only_anchors_missing, reasons=tuple(reasons))
    return Answer(accepted=True)


@contextmanager
def _told() -> Iterator[list[str]]:
    """The reasons that the operator's log is told meanwhile."""
    reasons: list[str] = []

    class Noted(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            reasons.append(record.__dict__["code"])

    handler, log = Noted(), logging.getLogger("eidkit.auth")
    before = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield reasons
    finally:
        log.removeHandler(handler)
        log.setLevel(before)


def _ask_status(folder: Path, case: dict[str, Any]) -> Answer:
    """The certificate with this answer alone about its status: as a given file, or to a question with a nonce."""
    at = datetime.fromisoformat(case["at"]) if case["at"] else datetime(2021, 9, 18, tzinfo=UTC)
    answer = (folder / case["file"]).read_bytes()
    asked = "nonce" in case["reason"]
    report = verify_certificate(
        base64.b64decode(case["certificate"]),
        TrustStore.of([(folder / case["issuer"]).read_bytes()], "login"),
        purpose="login",
        sources=Sources.online(nonce=True) if asked else Sources.of(ocsps=[answer]),
        transport=_Always(answer) if asked else None,
        at=at,
    )
    return Answer(accepted=bool(report), reasons=tuple(found.code for found in report.findings))


class _Always:
    """A responder that gives one answer whatever it is asked."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def send(self, _request: Request) -> Response:
        return Response(200, {"content-type": "application/ocsp-response"}, self._answer)


# ------------------------------------------------------------------------------------------------------ JOSE
def jose(folder: Path) -> Iterator[Case]:
    """The cookbook's public keys and its compact signatures by them; no MAC, encryption or JSON form is taken here."""
    for file in sorted(folder.rglob("*.json")):
        if file.name != "manifest.json":
            data = json.loads(file.read_text(encoding="utf-8"))
            if str(data.get("input", {}).get("alg")) in jwa.ALGORITHMS and "compact" in data.get("output", {}):
                yield Case("auth", "jose", file.stem, True, partial(_ask_signature, data))
            elif "kty" in data:
                # A pin is a public key: one that holds a secret is refused.
                yield Case("auth", "jose", file.stem, not {"d", "k"} & data.keys(), partial(_ask_key, data))
            else:
                yield Case("auth", "jose", file.stem, None, lambda: _NOT_TAKEN)


_NOT_TAKEN = Answer(accepted=False, reasons=("not taken: MAC, encryption, JSON form",), caught=False, unsupported=True)
_PINNED = datetime(2026, 1, 1, tzinfo=UTC)


def _ask_key(key: dict[str, Any]) -> Answer:
    """Pin the key."""
    return Answer(accepted=bool(PinnedKey.of(key, _PINNED).thumbprint))


def _ask_signature(data: dict[str, Any]) -> Answer:
    """The compact form under the public half of its key, and not when its payload is another."""
    alg, key = data["input"]["alg"], data["input"]["key"]
    pin = PinnedKey.of({name: value for name, value in key.items() if name in _PUBLIC}, _PINNED)
    jws = foreign.compact(data["output"]["compact"])
    holds = jwa.verify(pin.public_key(), alg, jws.signature, jws.signing_input)
    other = jwa.verify(pin.public_key(), alg, jws.signature, jws.signing_input + b"A")
    return Answer(accepted=holds and not other and jws.payload.decode() == data["input"]["payload"])


_PUBLIC = ("kty", "kid", "use", "alg", "n", "e", "crv", "x", "y")
