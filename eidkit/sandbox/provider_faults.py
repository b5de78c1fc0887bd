"""What the sandbox's OpenID provider can get wrong in its tokens, each by name: a table of changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

IDENTIFIERS = ("citizen_id", "old_citizen_id", "tax_id")
"""The claims that tell a number, in the sandbox's own dialect."""

CLAIM_FAULTS: dict[str, Callable[[dict[str, Any]], object]] = {
    "wrong-nonce": lambda c: c.update(nonce="x"),
    "no-nonce": lambda c: c.pop("nonce", None),
    "wrong-issuer": lambda c: c.update(iss="https://evil.eidkit.test"),
    "wrong-audience": lambda c: c.update(aud="other-client"),
    "extra-audience": lambda c: c.update(aud=[c["aud"], "other-client"]),
    "wrong-azp": lambda c: c.update(azp="other-client"),
    "expired": lambda c: c.update(exp=c["iat"] - 120),
    "from-the-future": lambda c: c.update(iat=c["iat"] + 3600, exp=c["exp"] + 3600),
    "stale": lambda c: c.update(iat=c["iat"] - 3600),
    "not-yet": lambda c: c.update(nbf=c["iat"] + 3600),
    "old-login": lambda c: c.update(auth_time=c["auth_time"] - 3600),
    "no-auth-time": lambda c: c.pop("auth_time"),
    "no-acr": lambda c: c.pop("acr", None),
    "other-acr": lambda c: c.update(acr="urn:other"),
    "wrong-at-hash": lambda c: c.update(at_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "wrong-c-hash": lambda c: c.update(c_hash="AAAAAAAAAAAAAAAAAAAAAA"),
    "no-subject": lambda c: c.pop("sub"),
    "long-subject": lambda c: c.update(sub="x" * 256),
    "no-identifier": lambda c: [c.pop(name, None) for name in IDENTIFIERS],
    "misspelt-identifier": lambda c: c.update(citizen_id="1"),
}
HEADER_FAULTS: dict[str, Callable[[dict[str, Any]], object]] = {
    "no-algorithm": lambda h: h.update(alg="none"),
    "mac": lambda h: h.update(alg="HS256"),
    "wrong-type": lambda h: h.update(typ="at+jwt"),
    "logout-type": lambda h: h.update(typ="logout+jwt"),
    "critical": lambda h: h.update(crit=["exp"]),
    "unknown-kid": lambda h: h.update(kid="../../etc/passwd"),
    "no-kid": lambda h: h.pop("kid"),
}
TOKEN_FAULTS = frozenset({*CLAIM_FAULTS, *HEADER_FAULTS, "bad-signature", "embedded-key", "duplicate-member"})
"""What can be wrong with an ID token."""
CALLBACK_FAULTS = frozenset({"no-callback-issuer", "wrong-callback-issuer", "wrong-state"})
"""What can be wrong in the browser's way back."""
USERINFO_FAULTS = frozenset({"other-userinfo-subject", "no-userinfo-subject"})
"""What can be wrong with UserInfo's answer."""
FAULTS = TOKEN_FAULTS | CALLBACK_FAULTS | USERINFO_FAULTS | {"other-keys", "other-issuer", "down", "not-json"}
