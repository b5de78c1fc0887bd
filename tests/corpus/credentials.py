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

from eidkit.auth import webeid
from eidkit.errors import AuthenticationError
from eidkit.policy import ETSI_BASELINE
from eidkit.trust.sources import Sources
from eidkit.transport import Request, Response
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
