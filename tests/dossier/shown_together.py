"""A person whom a provider names by a subject of its own, and who shows a certificate in the same moment."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from eidkit.auth import Stores, links, oidc, x509
from eidkit.sandbox.provider import SandboxProvider

if TYPE_CHECKING:
    from eidkit.auth.links import IdentityLink
    from eidkit.binding.authentication import Authentication
    from eidkit.binding.transaction import Transaction
    from eidkit.identity import Identity
    from tests.dossier.conftest import Stage

ORIGIN = "https://permits.example"


class ShownTogether:
    """Logs a person in at a provider and makes the link; keeps the links in the order in which they were made."""

    def __init__(self, stage: Stage, **more: Any) -> None:
        self.stage, self.more = stage, more
        self.house = SandboxProvider(clock=stage.clock)
        self.pinned = replace(self.house.provider(), identifier=("sub", f"oidc:{self.house.issuer}"))
        self.links: list[IdentityLink] = []

    def __call__(self, transaction: Transaction, person: Identity) -> Authentication:
        stage, stores = self.stage, Stores.memory()
        given: dict[str, Any] = {"stores": stores, "attest": stage.sandbox.service_key, "clock": stage.clock}
        challenge = oidc.begin(self.pinned, transaction, audience="permits", stores=stores, clock=stage.clock)
        callback = self.house.answer(challenge.url or "", person)
        login = oidc.verify(callback, challenge.id, provider=self.pinned, transport=self.house, **given)
        shown = links.begin(login, audience=ORIGIN, stores=stores, clock=stage.clock)
        link = links.verify(
            x509.respond(stage.lan, shown.question or "", at=ORIGIN), shown.id, login, providers=[self.pinned],
            trust=stage.sandbox.trust, sources=stage.sandbox.sources, transport=stage.sandbox, **given, **self.more,
        )  # fmt: skip
        self.links.append(link)
        return login
