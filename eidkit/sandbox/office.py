"""An office in a sandbox: its people, its seal, its procedure, and one call for each step they take.

What a deploying system does at every step is here once, in the open: ask the dossier what is about to be approved,
have the right person log in for exactly that, sign with the right key, append the approval.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from eidkit.clock import SYSTEM_CLOCK, Clock
from eidkit.sandbox import people

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from eidkit.binding.authentication import Authentication
    from eidkit.binding.procedure import Procedure, Step
    from eidkit.binding.transaction import Transaction
    from eidkit.document import Document
    from eidkit.dossier import Dossier
    from eidkit.identity import Identity
    from eidkit.sandbox.keys import SandboxKey
    from eidkit.sandbox.sandbox import Sandbox
    from eidkit.signing import Appearance

Way = Literal["otp", "oidc"]
AUDIENCE = "permits"


@dataclass(frozen=True, slots=True)
class Player:
    """Who acts at one step, and how they log in; threads may share it."""

    step: str
    part: people.Part
    way: Way


_CAST = {part.slug: part for part in people.CAST}
_SECOND_OFFICER = people.Part(
    "tuan", "Lê Minh Tuấn", "000092000055", "Chuyên viên Bộ phận Một cửa", "one-stop-shop officer", "ed25519"
)
PLAYERS = (
    Player("reception", _CAST["lan"], "otp"),
    Player("assessment", _CAST["mai"], "oidc"),
    Player("approval", _CAST["binh"], "oidc"),
    Player("signing", _CAST["thu"], "otp"),
    Player("result", _SECOND_OFFICER, "otp"),
)
"""The five officials of the one-stop shop; at the step *signing* the clerk puts the agency's seal."""


@dataclass(frozen=True, slots=True)
class Taken:
    """One step that was taken: the dossier after it, who logged in and how, what they approved and signed.

    Threads may share it.
    """

    dossier: Dossier
    step: Step
    person: Identity
    way: Way
    transaction: Transaction
    authentication: Authentication
    signed: tuple[Document, ...]


class Office:
    """The people, the seal and the stores of one office; :meth:`take` is one step of a dossier.

    Not for threads: its people act one after another.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        from eidkit.auth import Stores
        from eidkit.sandbox.provider import SandboxProvider
        from eidkit.vn import five_steps

        self.sandbox = sandbox
        self.stores = Stores.memory()
        self.identity_provider = SandboxProvider(clock=sandbox.clock)
        self.provider = self.identity_provider.provider()
        self.seal = sandbox.agency(people.ORGANISATION, people.ORGANISATION_MST, mns=people.ORGANISATION_MNS)
        self.ways: dict[str, Way] = {player.step: player.way for player in PLAYERS}
        self.people = {player.step: self._official(player.part) for player in PLAYERS}
        self.procedure: Procedure = five_steps(
            attesters=[sandbox.service_key.identity], mandate=self.seal.identity, holders=self._holders()
        )

    def _official(self, part: people.Part) -> SandboxKey:
        return self.sandbox.official(part.name, part.cccd, title=part.title, organisation=self.seal, key=part.key)

    def _holders(self) -> dict[str, list[Identity]]:
        holders: dict[str, list[Identity]] = {}
        for player in PLAYERS:
            if player.part.role is not None:
                holders.setdefault(player.part.role, []).append(self.people[player.step].identity)
        return holders

    def key_for(self, step: Step) -> SandboxKey:
        """The key that signs at ``step``: the official's own, or the agency's seal."""
        return self.seal if step.kind == "seal" else self.people[step.name]

    def take(
        self,
        dossier: Dossier,
        *,
        action: str = "approve",
        language: str = "vi",
        appearance: Mapping[str, Appearance] | None = None,
    ) -> Taken:
        """The step that is due, taken by the person whose turn it is; ``appearance`` is what is seen, by label.

        1. The dossier says what is about to be approved.  2. The person logs in for exactly that.  3. The key
        signs every document, bound to the login and time-stamped.  4. The approval is appended, or refused
        with every reason.
        """
        from eidkit.signing import sign

        sandbox, step = self.sandbox, dossier.step
        if step is None:
            raise ValueError("the dossier has no step that is due")
        # 1.
        seen = appearance or {}
        transaction = dossier.transaction(action=action, language=language, appearance=seen)
        # 2.
        person, way = self.people[step.name].identity, self.ways[step.name]
        authentication = self.log_in(person, transaction, way)
        # 3.
        key = self.key_for(step)
        signed = tuple(
            sign(
                document, key, tsa=sandbox.tsa, authentication=authentication, appearance=seen.get(label),
                transport=sandbox, clock=sandbox.clock,
            )
            for label, document in zip(dossier.labels_of(step), dossier.to_sign, strict=True)
        )  # fmt: skip
        # 4.
        after = dossier.approve(
            signed, authentication, sandbox.trust,
            providers=[self.provider], sources=sandbox.sources, transport=sandbox, clock=sandbox.clock,
        )  # fmt: skip
        return Taken(after, step, person, way, transaction, authentication, signed)

    def log_in(self, person: Identity, transaction: Transaction, way: Way) -> Authentication:
        """``person`` present for ``transaction``, attested by the office's service key."""
        return self._by_code(person, transaction) if way == "otp" else self._by_provider(person, transaction)

    def _by_code(self, person: Identity, transaction: Transaction) -> Authentication:
        """The app on the person's phone shows a code; here it is computed from what the QR code held."""
        from eidkit.auth import otp

        clock, service_key = self.sandbox.clock, self.sandbox.service_key
        totp = otp.enrol(person, issuer=people.ORGANISATION, stores=self.stores, replace=True)
        challenge = otp.begin(person, transaction, audience=AUDIENCE, stores=self.stores, clock=clock)
        code = code_of(totp.uri, clock=clock)
        return otp.verify(code, challenge.id, stores=self.stores, attest=service_key, audience=AUDIENCE, clock=clock)

    def _by_provider(self, person: Identity, transaction: Transaction) -> Authentication:
        """The browser goes to the provider and comes back; here the sandbox's provider plays the browser too."""
        from eidkit.auth import oidc

        clock, service_key = self.sandbox.clock, self.sandbox.service_key
        challenge = oidc.begin(
            self.provider, transaction, audience=AUDIENCE, stores=self.stores, subject=person, clock=clock
        )
        callback = self.identity_provider.answer(str(challenge.url), person)
        return oidc.verify(
            callback, challenge.id, provider=self.provider, stores=self.stores, attest=service_key,
            audience=AUDIENCE, transport=self.identity_provider, clock=clock,
        )  # fmt: skip

    def hand_over(self, folder: Path) -> None:
        """Write what a verifier brings of their own: ``anchors/KIND/``, ``procedure.toml``, ``providers/``."""
        from eidkit.vn import procedure_toml

        for number, anchor in enumerate(self.sandbox.trust.anchors):
            place = folder / "anchors" / anchor.kind
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{number}.der").write_bytes(anchor.certificate.der)
        (folder / "procedure.toml").write_text(procedure_toml(self.procedure), encoding="utf-8")
        (folder / "providers").mkdir()
        self.provider.write(folder / "providers" / "sandbox.json")


def code_of(uri: str, *, clock: Clock = SYSTEM_CLOCK) -> str:
    """What an authenticator app that scanned ``uri`` shows now."""
    import pyotp

    app = pyotp.parse_uri(uri)
    if not isinstance(app, pyotp.TOTP):
        raise TypeError("the address is not that of a time-based code")
    return app.at(clock.now())
