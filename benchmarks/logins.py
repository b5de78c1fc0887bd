"""Logins: one TOTP code beside pyotp, and one ID token beside joserfc."""

from __future__ import annotations

import hmac
import secrets
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from benchmarks.measuring import Row, medians

if TYPE_CHECKING:
    from pathlib import Path

    from eidkit.auth.stores import Stores

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
STEP = timedelta(seconds=30)
EACH = 20
"""So many logins make one measured call: a single one is close to what the clock can tell apart."""


def rows(folder: Path, rounds: int) -> list[Row]:
    """TOTP in memory, on SQLite, and the ID token; each figure is that of one login."""
    from eidkit.auth import Stores

    durable = Stores.sqlite(folder / "auth.db", key=secrets.token_bytes(32))
    return [
        totp("in memory", Stores.memory(), rounds),
        totp("on SQLite, one commit each", durable, rounds),
        id_token(rounds),
    ]


def totp(where: str, stores: Stores, rounds: int) -> Row:
    """A right code that is counted, compared and used up; pyotp only compares."""
    import pyotp

    from eidkit.auth import otp
    from eidkit.clock import FixedClock
    from eidkit.identity import Identity

    person = Identity("vn-cccd", "001088000017", "Nguyễn Thị Lan")
    clock = FixedClock(START)
    peer: Any = pyotp.parse_uri(otp.enrol(person, issuer="City Hall", stores=stores).uri)
    secret = peer.byte_secret()
    made = (peer.generate_otp(int(START.timestamp()) // 30 + step) for step in count(1))
    codes = [next(made) for _ in range(EACH * (rounds + 2))]
    turn = count()

    def ours() -> None:
        for _ in range(EACH):
            clock.advance(STEP)
            otp.confirm(person, codes[next(turn)], stores=stores, clock=clock)

    def theirs() -> None:
        for _ in range(EACH):
            if not peer.verify(codes[0], for_time=START + STEP, valid_window=1):
                raise RuntimeError("pyotp refuses a right code")

    def bare() -> None:
        for number in range(EACH):
            for offset in range(3):
                hmac.digest(secret, (number + offset).to_bytes(8), "sha1")

    found = medians({"ours": ours, "theirs": theirs, "bare": bare}, rounds)
    each = {name: taken / EACH for name, taken in found.items()}
    return Row(f"TOTP code, {where}", each["ours"], "pyotp `verify`", each["theirs"], "3 HMAC", each["bare"])


def id_token(rounds: int) -> Row:
    """Every check of OIDC Core on one ES256 token; joserfc decodes and compares the claims it is told."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from joserfc import jwt
    from joserfc.jwk import ECKey

    from eidkit.auth.oidc import IdentifierRule, PinnedKey, Provider, check_id_token

    key = ECKey.generate_key("P-256", {"kid": "k1", "use": "sig"})
    issuer, client, now = "https://id.example.test", "permits", int(START.timestamp())
    claims = {
        "iss": issuer, "aud": client, "sub": "person-1", "nonce": "n-1",
        "iat": now - 5, "exp": now + 60, "auth_time": now - 9,
    }  # fmt: skip
    token = jwt.encode({"alg": "ES256", "kid": "k1", "typ": "JWT"}, claims, key)
    public = key.as_dict(private=False)
    pin = PinnedKey.of(public, START - timedelta(days=1))
    provider = Provider(issuer, client_id=client, identifier=IdentifierRule("sub", f"oidc:{issuer}"), keys=(pin,))
    required = jwt.JWTClaimsRegistry(
        now=now, iss={"essential": True, "value": issuer}, aud={"essential": True, "value": client}
    )
    private: Any = key.private_key
    value = private.sign(b"x" * 300, ec.ECDSA(SHA256()))

    def ours() -> None:
        for _ in range(EACH):
            check_id_token(token, provider, "n-1", START)

    def theirs() -> None:
        for _ in range(EACH):
            required.validate(jwt.decode(token, key, algorithms=["ES256"]).claims)

    def bare() -> None:
        for _ in range(EACH):
            private.public_key().verify(value, b"x" * 300, ec.ECDSA(SHA256()))

    found = medians({"ours": ours, "theirs": theirs, "bare": bare}, rounds)
    each = {name: taken / EACH for name, taken in found.items()}
    return Row("ID token, ES256", each["ours"], "joserfc", each["theirs"], "P-256 verification", each["bare"])
