"""Provider: an OpenID provider as we decided to know it; its file is the pin that a later verifier needs.

Nothing about a national provider is hard-coded: which claim is the identifier, and which ``acr`` counts for
which assurance, are values.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from eidkit import addresses, canonical
from eidkit.auth import discovery, foreign, jwk, naming
from eidkit.auth.discovery import unfit
from eidkit.auth.jwk import PinnedKey
from eidkit.auth.naming import AccountRule, IdentifierRule, LevelRule
from eidkit.auth.profile import Acr, ClaimsFrom, Profile
from eidkit.binding import jwa, shape
from eidkit.binding.transaction import version
from eidkit.clock import SYSTEM_CLOCK
from eidkit.files import read_bounded, write_atomically
from eidkit.transport import HttpTransport

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from eidkit.binding.authentication import Assurance
    from eidkit.clock import Clock
    from eidkit.identity import Identity
    from eidkit.transport import Transport

MAX_FILE = 1024 * 1024
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint")
_MEMBERS = (
    "v", "issuer", "client_id", "redirect_uri", *_ENDPOINTS, "algorithms", "scopes", "identifier", "alternatives",
    "accounts", "name_claim", "acr", "levels", "claims_from", "iss_in_callback", "plain_http", "keys",
)  # fmt: skip
_MEANING = tuple(entry.name for entry in fields(Profile))


@dataclass(frozen=True, slots=True)
class Provider:
    """An OpenID provider: who it is to us, what its claims mean, and its pinned keys.  Threads may share it.

    The members from ``scopes`` to ``claims_from`` are those of :class:`~eidkit.auth.profile.Profile`.  Addresses are
    https; plain http needs ``plain_http``, but for an issuer on this machine's loopback.  A client secret never stands
    in it.  An offline verifier needs no endpoint.
    """

    issuer: str
    client_id: str
    keys: tuple[PinnedKey, ...] = ()
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    jwks_uri: str | None = None
    userinfo_endpoint: str | None = None
    redirect_uri: str | None = None
    algorithms: tuple[str, ...] = tuple(jwa.ALGORITHMS)
    scopes: tuple[str, ...] = ("openid",)
    identifier: IdentifierRule | None = None
    alternatives: tuple[IdentifierRule, ...] = ()
    accounts: AccountRule | None = None
    name_claim: str = "name"
    acr: Acr = ()
    levels: LevelRule | None = None
    claims_from: ClaimsFrom = "id-token"
    iss_in_callback: bool = False
    plain_http: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "identifier", self.rule)
        object.__setattr__(self, "alternatives", self._profile().alternatives)
        plain = self.plain_http or addresses.on_loopback(self.issuer)
        discovery.check_url(self.issuer, "issuer", plain=plain)
        shape.text(self.client_id, "client_id", limit=255)
        for name in _ENDPOINTS:
            address = getattr(self, name)
            if address is not None:
                discovery.check_url(address, name, plain=self.plain_http or (plain and addresses.on_loopback(address)))
        if self.redirect_uri is not None:
            shape.text(self.redirect_uri, "redirect_uri", limit=2048)
        for alg in self.algorithms:
            shape.one_of(alg, jwa.ALGORITHMS, "algorithm")

    @property
    def rule(self) -> IdentifierRule:
        """How the person is named."""
        return IdentifierRule(*(self.identifier or ("sub", f"oidc:{self.issuer}")))

    def _profile(self) -> Profile:
        """What the claims mean; it is checked where it has its name."""
        return Profile(**{**{name: getattr(self, name) for name in _MEANING}, "identifier": self.rule})

    @classmethod
    def discover(
        cls,
        url: str,
        *,
        client_id: str,
        redirect_uri: str | None = None,
        profile: Profile | None = None,
        identifier: tuple[str, str] | None = None,
        acr: Mapping[str, Sequence[tuple[str, str]]] | None = None,
        scopes: Sequence[str] | None = None,
        plain_http: bool = False,
        transport: Transport | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> Provider:
        """The provider whose issuer is ``url``, with its keys of this moment pinned (OIDC Discovery 1.0 §4).

        ``profile`` says what its claims mean; ``identifier``, ``acr`` (value → ``(scheme, value)`` pairs of
        assurance) and ``scopes`` replace its parts.  Write the result to a file: that is what a verifier needs years
        later.  Raises TransportError, and EidkitError for metadata that does not fit.
        """
        discovery.check_url(url, "issuer", plain=plain_http or addresses.on_loopback(url))
        reached = transport or HttpTransport()
        metadata = discovery.discovered(url, reached)
        said = profile or Profile()
        if identifier is not None:
            said = replace(said, identifier=IdentifierRule(*identifier))
        if acr is not None:
            said = replace(said, acr=naming.asserted(acr))
        if scopes is not None:
            said = replace(said, scopes=tuple(scopes))
        provider = cls(
            url,
            client_id,
            redirect_uri=redirect_uri,
            plain_http=plain_http,
            **{name: getattr(said, name) for name in _MEANING},
            **metadata._asdict(),
        )
        if provider.claims_from == "userinfo":
            needed(provider.userinfo_endpoint, "userinfo_endpoint")
        return replace(provider, keys=provider.fetch_keys(transport=reached, clock=clock))

    def fetch_keys(self, *, transport: Transport | None = None, clock: Clock = SYSTEM_CLOCK) -> tuple[PinnedKey, ...]:
        """The keys that the provider publishes now, pinned from now on; they replace nothing by themselves.

        Raises TransportError, and EidkitError when none of them can be used.
        """
        asked = foreign.get(needed(self.jwks_uri, "jwks_uri"))
        document = foreign.fetched(transport or HttpTransport(), asked)
        found = jwk.usable(document.get("keys"), clock.now())
        if not found:
            raise unfit("the provider publishes no key that is taken", "không có khóa phù hợp")
        return found

    def with_keys(self, found: Sequence[PinnedKey], *, until: Mapping[str, Any] | None = None) -> Provider:
        """The same provider knowing ``found`` as well; ``until`` ends keys, thumbprint → moment."""
        ends = until or {}
        known = {pin.thumbprint: pin for pin in (*found, *self.keys)}
        keys = (replace(pin, valid_until=ends.get(pin.thumbprint, pin.valid_until)) for pin in known.values())
        return replace(self, keys=tuple(keys))

    def identity(self, claims: Mapping[str, Any]) -> Identity:
        """Who the claims name; raises :class:`foreign.NotAccepted` where the identifier is missing or misspelt."""
        return naming.person(claims, (self.rule, *self.alternatives), self.accounts, self.name_claim)

    def assurance(self, claims: Mapping[str, Any], person: Mapping[str, Any]) -> tuple[Assurance, ...]:
        """What the token's ``acr``, or the level stated beside the person, counts for by our map; nothing is guessed.

        Raises :class:`foreign.NotAccepted` where a level was to be stated and was not, or is not in the map.
        """
        if self.levels is not None:
            return naming.assurance(person, self.levels)
        return dict(self.acr).get(claims.get("acr", ""), ())

    def to_json(self) -> dict[str, Any]:
        """The pin file's form, every member present."""
        said = {name: getattr(self, name) for name in _MEMBERS if name != "v"}
        return {
            **said,
            "v": 1,
            "algorithms": list(self.algorithms),
            "scopes": list(self.scopes),
            "identifier": self.rule._asdict(),
            "alternatives": [rule._asdict() for rule in self.alternatives],
            "accounts": self.accounts and self.accounts.to_json(),
            "acr": naming.levels_json(self.acr),
            "levels": self.levels and self.levels.to_json(),
            "keys": [pin.to_json() for pin in self.keys],
        }

    @classmethod
    def from_json(cls, value: Any) -> Provider:
        """The provider of its pin file; anything unknown, missing or misshapen is refused."""
        row = dict(canonical.members(value, _MEMBERS, "provider"))
        version(row.pop("v"), "providers")
        return cls(
            **{
                **row,
                "keys": shape.items(row["keys"], PinnedKey.from_json, "keys"),
                "algorithms": tuple(canonical.typed(row["algorithms"], list, "algorithms")),
                "scopes": tuple(canonical.typed(row["scopes"], list, "scopes")),
                "identifier": naming.rule_of(row["identifier"]),
                "alternatives": shape.items(row["alternatives"], naming.rule_of, "alternatives"),
                "accounts": None if row["accounts"] is None else AccountRule.from_json(row["accounts"]),
                "acr": naming.levels_of(row["acr"], "acr"),
                "levels": None if row["levels"] is None else LevelRule.from_json(row["levels"]),
                "iss_in_callback": canonical.typed(row["iss_in_callback"], bool, "iss_in_callback"),
                "plain_http": canonical.typed(row["plain_http"], bool, "plain_http"),
            }
        )

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Provider:
        """The provider in a pin file of at most 1 MiB."""
        return cls.from_json(canonical.loads(read_bounded(path, MAX_FILE)))

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the pin file as RFC 8785 bytes."""
        write_atomically(path, [canonical.dumps(self.to_json())])


def needed(value: str | None, what: str) -> str:
    """``value``, or the configuration error of a provider that lacks it."""
    if value is None:
        raise unfit(f"the provider value has no {what}", f"thiếu {what}")
    return value
