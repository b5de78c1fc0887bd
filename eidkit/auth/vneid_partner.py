"""Partner: an identity provider of the VNeID kind as we decided to know it; its file is what a later verifier needs.

No address, claim or level of a country stands here: they are values (:data:`eidkit.vn.VNEID` is a row of them).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from eidkit import addresses, canonical, policy
from eidkit.auth import discovery, naming
from eidkit.auth.foreign import NotAccepted
from eidkit.auth.naming import AccountRule, LevelRule
from eidkit.auth.profile import Profile
from eidkit.binding import shape
from eidkit.binding.transaction import version
from eidkit.files import read_bounded, write_atomically

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from datetime import datetime

    from eidkit.binding.authentication import Assurance
    from eidkit.identity import Identity

KIND = "vneid"
"""What the ``kind`` member of a partner's file says."""
Method = Literal["GET", "POST"]
MAX_FILE = 1024 * 1024
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint")
_PLAIN = ("name", "client_id", *_ENDPOINTS, "redirect_uri", "userinfo_method", "time_claim")
_SWITCHES = ("pkce", "plain_http")
_MEANING = ("identifier", "alternatives", "accounts", "name_claim", "levels", "scopes")
_MEMBERS = ("v", "kind", *_PLAIN, *_SWITCHES, "asked", *_MEANING)


@dataclass(frozen=True, slots=True)
class Partner:
    """An identity provider that answers in encrypted bodies and signs nothing.  Threads may share it.

    ``name`` is who it is to us: an https address, which stands in every proof.  ``profile`` says whom its claims name
    and what its levels count for; without ``levels`` nothing of it counts.  ``pkce``: it is known to check
    ``code_verifier`` (RFC 7636).  ``time_claim`` is the claim with the moment of the login in Unix seconds, where it
    tells one.  ``asked`` are more parameters of the request.  ``userinfo_method`` is GET or POST.  Addresses are
    https, or plain on this machine's loopback, or with ``plain_http``.  A secret never stands in it, and an offline
    verifier needs no endpoint.
    """

    name: str
    client_id: str
    profile: Profile
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    userinfo_endpoint: str | None = None
    redirect_uri: str | None = None
    userinfo_method: Method = "GET"
    time_claim: str | None = None
    pkce: bool = False
    plain_http: bool = False
    asked: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        for address, what in ((self.name, "partner name"), *((getattr(self, one), one) for one in _ENDPOINTS)):
            if address is not None:
                discovery.check_url(address, what, plain=self.plain_http or addresses.on_loopback(address))
        shape.text(self.client_id, "client_id", limit=255)
        for value, what in ((self.redirect_uri, "redirect_uri"), (self.time_claim, "time_claim")):
            if value is not None:
                shape.text(value, what, limit=2048)
        shape.one_of(self.userinfo_method, get_args(Method), "userinfo_method")
        for pair in self.asked:
            for part in pair:
                shape.text(part, "asked", limit=255)
        if self.profile.identifier is None or self.profile.acr or self.profile.claims_from != "userinfo":
            shape.refuse(
                "partner-profile",
                "a partner's profile names the person by claims of UserInfo, and its levels by a claim",
                "hồ sơ của đối tác phải nêu người dùng và mức bằng thuộc tính của UserInfo",
            )

    def identity(self, claims: Mapping[str, Any]) -> Identity:
        """Who the claims name; NotAccepted for nobody, or several."""
        return naming.person(claims, self.profile.rules, self.profile.accounts, self.profile.name_claim)

    def assurance(self, claims: Mapping[str, Any]) -> tuple[Assurance, ...]:
        """What the level that the claims state counts for by our map; NotAccepted for one that is not in it."""
        return () if self.profile.levels is None else naming.assurance(claims, self.profile.levels)

    def check_time(self, claims: Mapping[str, Any], issued: datetime, received: datetime) -> None:
        """NotAccepted unless the partner says that the login is younger than our challenge, where it says so at all."""
        if self.time_claim is None:
            return
        said, skew = claims.get(self.time_claim), policy.SKEW.total_seconds()
        if type(said) is not int or not issued.timestamp() - skew <= said <= received.timestamp() + skew:
            raise NotAccepted("login-time")

    def to_json(self) -> dict[str, Any]:
        """The file's form, every member present."""
        said = self.profile
        return {
            "v": 1,
            "kind": KIND,
            **{name: getattr(self, name) for name in (*_PLAIN, *_SWITCHES)},
            "asked": dict(self.asked),
            "identifier": said.rules[0]._asdict(),
            "alternatives": [rule._asdict() for rule in said.alternatives],
            "accounts": said.accounts and said.accounts.to_json(),
            "name_claim": said.name_claim,
            "levels": said.levels and said.levels.to_json(),
            "scopes": list(said.scopes),
        }

    @classmethod
    def from_json(cls, value: Any) -> Partner:
        """The partner of its file; anything unknown, missing or misshapen is refused."""
        row = canonical.members(value, _MEMBERS, "partner")
        version(row["v"], "partners")
        shape.one_of(row["kind"], (KIND,), "kind")
        profile = Profile(
            naming.rule_of(row["identifier"]),
            row["name_claim"],
            (),
            tuple(canonical.typed(row["scopes"], list, "scopes")),
            "userinfo",
            shape.items(row["alternatives"], naming.rule_of, "alternatives"),
            None if row["accounts"] is None else AccountRule.from_json(row["accounts"]),
            None if row["levels"] is None else LevelRule.from_json(row["levels"]),
        )
        return cls(
            profile=profile,
            asked=tuple(canonical.typed(row["asked"], dict, "asked").items()),
            **{name: row[name] for name in _PLAIN},
            **{name: canonical.typed(row[name], bool, name) for name in _SWITCHES},
        )

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Partner:
        """The partner in a file of at most 1 MiB."""
        return cls.from_json(canonical.loads(read_bounded(path, MAX_FILE)))

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the file as RFC 8785 bytes."""
        write_atomically(path, [canonical.dumps(self.to_json())])
