"""The test vectors of WebAuthn Level 3: every credential made and used, and what must not pass beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from eidkit.auth import webauthn
from eidkit.auth.webauthn import RelyingParty
from eidkit.binding.shape import base64url
from eidkit.errors import AuthenticationError
from eidkit.identity import Identity
from tests.corpus.outcome import Answer, Case

_PERSON = Identity("vn-cccd", "000001000001", "Nguyễn Thị Lan")
_AT = datetime(2026, 3, 2, tzinfo=UTC)
_EMBEDDING = ("https://example.com",)
"""The outermost site of the vector that has one."""


def web_authn(folder: Path) -> Iterator[Case]:
    """Each credential made and used, at a party that allows frames, and refused at one that does not.

    The vectors state no user verification: where the flag is missing, a party that demands it must refuse.  A packed
    attestation must lead to the vectors' root, and to no other.
    """
    data = json.loads((folder / "w3c_level3_vectors.json").read_text(encoding="utf-8"))["vectors"]
    root = bytes.fromhex(data[0]["other"][0]["attestation_ca_cert"])
    for vector in data[1:]:
        name = vector["id"].removeprefix("sctn-test-vectors-")
        party = RelyingParty(vector["rp_id"], "corpus", (vector["origin"],), embedded=True, top_origins=_EMBEDDING)
        yield _case(f"{name}, made", True, _made, vector, party)
        yield _case(f"{name}, used", True, _used, vector, party)
        if name.endswith(("crossOrigin", "topOrigin")):
            alone = replace(party, embedded=False, top_origins=())
            yield _case(f"{name}, made in a frame", False, _made, vector, alone)
            yield _case(f"{name}, used in a frame", False, _used_in_frame, vector, party, alone)
        if not _flags(vector) & 0x04:
            yield _case(f"{name}, used unverified", False, _used, vector, party, verified=True)
        if name.startswith("packed-") and "self" not in name:
            certified = replace(party, attestation="certified")
            yield _case(f"{name}, certified", True, _made, vector, certified, makers=(root,))
            yield _case(f"{name}, certified by nobody known", False, _made, vector, certified)
        yield _case(f"{name}, another challenge", False, _used_for_another, vector, party)


def _case(name: str, good: bool, ask: Any, *given: Any, **more: Any) -> Case:
    return Case("auth", "webauthn", name, good, partial(_answered, partial(ask, *given, **more)))


def _answered(ask: Any) -> Answer:
    try:
        ask()
    except AuthenticationError as error:
        return Answer(accepted=False, reasons=(error.code,))
    return Answer(accepted=True)


def _made(vector: dict[str, Any], party: RelyingParty, makers: tuple[bytes, ...] = ()) -> webauthn.Credential:
    given = vector["registration"][0]
    return webauthn.check_registration(
        _response(given["credential_id"], given, "attestationObject", "clientDataJSON"),
        party,
        _PERSON,
        challenge=bytes.fromhex(given["challenge"]),
        origin=vector["origin"],
        at=_AT,
        makers=makers,
        user_verification=False,
    )


def _used(
    vector: dict[str, Any], party: RelyingParty, *, verified: bool = False, challenge: bytes | None = None
) -> webauthn.AuthenticatorData:
    return _judged(vector, party, _made(vector, party), verified=verified, challenge=challenge)


def _used_in_frame(vector: dict[str, Any], party: RelyingParty, alone: RelyingParty) -> webauthn.AuthenticatorData:
    return _judged(vector, alone, _made(vector, party))


def _used_for_another(vector: dict[str, Any], party: RelyingParty) -> webauthn.AuthenticatorData:
    return _used(vector, party, challenge=bytes(32))


def _judged(
    vector: dict[str, Any],
    party: RelyingParty,
    credential: webauthn.Credential,
    *,
    verified: bool = False,
    challenge: bytes | None = None,
) -> webauthn.AuthenticatorData:
    given = vector["authentication"][0]
    name = vector["registration"][0]["credential_id"]
    return webauthn.check_assertion(
        _response(name, given, "authenticatorData", "clientDataJSON", "signature"),
        party,
        credential,
        challenge=challenge or bytes.fromhex(given["challenge"]),
        origin=vector["origin"],
        user_verification=verified,
    )


def _flags(vector: dict[str, Any]) -> int:
    return bytes.fromhex(vector["authentication"][0]["authenticatorData"])[32]


def _response(credential_id: str, given: dict[str, Any], *names: str) -> str:
    name = base64url(bytes.fromhex(credential_id))
    response = {one: base64url(bytes.fromhex(given[one])) for one in names}
    return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})
