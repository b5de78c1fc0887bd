"""Which assurance a way to authenticate gives: tables, each row with its source, nothing guessed upward.

Factor kinds are ``know``, ``have``, ``are``; ``unknown`` counts for nothing.  There is no equivalence between
the Vietnamese levels, eIDAS and NIST: each scheme is filled only from its own rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eidkit.binding.authentication import Assurance

if TYPE_CHECKING:
    from collections.abc import Iterable

KINDS = frozenset({"know", "have", "are"})


@dataclass(frozen=True, slots=True)
class Cap:
    """A row: the factor kinds a method gives by itself, whether it resists phishing, and the most it may count for.

    ``nist`` is the highest authenticator assurance level (SP 800-63B-4 §2), ``None`` for none; level 3 demands that it
    resists phishing (§2.3.2).  ``possible`` are the kinds that a single use may show besides: a PIN that entered the
    code, what an identity provider asserts.
    """

    kinds: frozenset[str]
    phishing_resistant: bool
    nist: str | None
    source: str
    proof_class: str
    possible: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.nist == "3" and not self.phishing_resistant:
            raise ValueError("what can be phished never counts for level 3")

    def counted(self, kinds: Iterable[str]) -> frozenset[str]:
        """Those of ``kinds`` that count for a use of this method; nothing is believed that it cannot show."""
        return frozenset(kinds) & (self.kinds | self.possible)


CAPS: dict[str, Cap] = {
    # auth.md §5.4; a deployment may demand more in its Procedure, and nothing makes a row worth more.
    "email": Cap(frozenset(), False, None, "policy", "attested"),
    "sms": Cap(frozenset({"have"}), False, "2", "policy", "attested"),
    "totp": Cap(frozenset({"have"}), False, "2", "policy", "attested"),
    "hotp": Cap(frozenset({"have"}), False, "2", "policy", "attested"),
    "ocra": Cap(frozenset({"have"}), False, "2", "policy", "attested", frozenset({"know"})),
    # A list on paper is a look-up secret (SP 800-63B-4 §3.1.2); ours is for the day on which the device is lost.
    "recovery": Cap(frozenset({"have"}), False, "1", "policy", "attested"),
    # What an identity provider did, only it knows: its acr is mapped by the provider value, nothing is derived.
    "oidc": Cap(frozenset(), False, None, "asserted", "asserted", KINDS),
    # Nobody signs what such a partner says, and it says nothing of factors: its level is mapped like an acr.
    "vneid": Cap(frozenset(), False, None, "asserted", "attested"),
    "saml": Cap(frozenset(), False, None, "asserted", "asserted", KINDS),
    "x509": Cap(frozenset({"have", "know"}), True, "3", "derived", "transferable"),
    # What a proxy says of a handshake that it saw (RFC 9440): its and our word.
    "x509-tls": Cap(frozenset({"have", "know"}), True, "2", "derived", "attested"),
    "web-eid": Cap(frozenset({"have", "know"}), True, "3", "derived", "transferable"),
    # A PIN or a body, nobody tells which: the lesser of the two counts.  Level 3 needs the makers' metadata, and is
    # never given to a key that may be copied to other devices (SP 800-63B-4 App. B).
    "webauthn": Cap(frozenset({"have", "know"}), True, "2", "derived", "transferable"),
    "sd-jwt": Cap(frozenset({"have"}), True, "2", "asserted", "transferable", KINDS),
    "mdoc": Cap(frozenset({"have"}), True, "2", "asserted", "transferable", KINDS),
    "mdoc-mac": Cap(frozenset({"have"}), True, "2", "asserted", "attested", KINDS),
    "smart-id": Cap(frozenset({"have", "know"}), False, "2", "asserted", "transferable"),
    # A chip that was only read can be copied; one that answered a challenge proves the document, not the person.
    "chip-read": Cap(frozenset({"have"}), False, None, "policy", "attested"),
    "chip": Cap(frozenset({"have"}), False, "2", "policy", "attested", frozenset({"are", "know"})),
}

AMR: dict[str, str] = {
    # RFC 8176 §2; a value that is not here counts as unknown.
    **dict.fromkeys(("pwd", "pin", "kba"), "know"),
    **dict.fromkeys(("otp", "hwk", "swk", "sc", "sms", "tel", "pop"), "have"),
    **dict.fromkeys(("fpt", "face", "iris", "retina", "vbm"), "are"),
}


def vn_level(kinds: Iterable[str]) -> str | None:
    """The authentication level of Decree 69/2024/ND-CP for these factor kinds, or ``None`` where it names none.

    1: one factor, not biometric; 2: two different factors, not biometric; 3: two or more, one of them biometric;
    4: a biometric, a possession and a knowledge factor.  One biometric factor alone has no level.
    """
    known = frozenset(kinds) & KINDS
    if "are" not in known:
        return {0: None, 1: "1", 2: "2"}[len(known)]
    return {1: None, 2: "3", 3: "4"}[len(known)]


def nist_level(kinds: Iterable[str], cap: str | None) -> str | None:
    """The authenticator assurance level: 1 for one factor, 2 for two kinds, never above ``cap``.

    Level 3 is never derived from kinds: it needs a hardware key (SP 800-63B-4 §2.3).  A biometric alone is no
    authenticator (§3.2.3).
    """
    known = frozenset(kinds) & KINDS
    if cap is None or not known - {"are"}:
        return None
    return min("2" if len(known) > 1 else "1", cap)


def assess(method: str, kinds: Iterable[str] | None = None) -> tuple[Assurance, ...]:
    """The assurance that our table gives to ``method``, each value with its source.

    By itself, or for a use that showed factors of ``kinds``: as far as this method can show them.
    """
    cap = CAPS[method]
    shown = cap.kinds if kinds is None else cap.counted(kinds)
    values = (("vn-2024", vn_level(shown)), ("nist-aal", nist_level(shown, cap.nist)))
    return tuple(Assurance(scheme, value, cap.source) for scheme, value in values if value is not None)


def factors(method: str) -> tuple[str, ...]:
    """The factor kinds of ``method`` by itself, sorted."""
    return tuple(sorted(CAPS[method].kinds))


def factors_of_amr(amr: Iterable[str]) -> tuple[str, ...]:
    """The factor kinds that an identity provider's ``amr`` values speak of, sorted; ``unknown`` for the rest."""
    return tuple(sorted({AMR.get(value, "unknown") for value in amr}))
