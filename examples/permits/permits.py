"""A city hall's own program with eidkit inside: the officer logs in at the identity provider, then the step is signed.

Beside it stands test_permits.py: its tests with eidkit's pytest plugin.  `python permits.py` runs it once in memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eidkit import Document, Dossier
from eidkit.auth import Stores, oidc
from eidkit.clock import SYSTEM_CLOCK, Clock
from eidkit.signing import sign

if TYPE_CHECKING:
    from eidkit import Authentication, Procedure, SigningKey, Sources, TimestampAuthority, Transport, TrustStore
    from eidkit.auth import Challenge


@dataclass(frozen=True)
class Outside:
    """Everything that is not ours: given here in production, by the sandbox in tests."""

    trust: TrustStore
    provider: oidc.Provider
    tsa: TimestampAuthority
    sources: Sources
    transport: Transport
    clock: Clock = SYSTEM_CLOCK


class Permits:
    """Three calls of a web program: open a dossier, send the officer to the provider, take the officer back."""

    def __init__(self, procedure: Procedure, outside: Outside, attest: SigningKey, stores: Stores) -> None:
        self.procedure, self.outside, self.attest, self.stores = procedure, outside, attest, stores

    def open(self, code: str, *documents: Document) -> Dossier:
        """A new dossier at its first step."""
        return Dossier.open(code, self.procedure, list(documents))

    def begin(self, dossier: Dossier) -> Challenge:
        """`.url` is where the browser goes; `.id` goes into this browser's session."""
        transaction = dossier.transaction(action="approve", language="vi")
        return oidc.begin(
            self.outside.provider, transaction, audience="permits", stores=self.stores, clock=self.outside.clock
        )

    def finish(self, dossier: Dossier, callback: str | dict[str, str], challenge_id: str, key: SigningKey) -> Dossier:
        """The dossier one step further, or the error that the officer is shown."""
        outside = self.outside
        login: Authentication = oidc.verify(
            callback, challenge_id, provider=outside.provider, stores=self.stores, attest=self.attest,
            audience="permits", transport=outside.transport, clock=outside.clock,
        )  # fmt: skip
        signed = [
            sign(each, key, tsa=outside.tsa, authentication=login, transport=outside.transport, clock=outside.clock)
            for each in dossier.to_sign
        ]
        return dossier.approve(
            signed, login, outside.trust, providers=[outside.provider],
            sources=outside.sources, transport=outside.transport, clock=outside.clock,
        )  # fmt: skip


def main() -> None:
    from eidkit.sandbox import Sandbox
    from eidkit.sandbox.documents import decision_pdf, form_xml
    from eidkit.vn import five_steps

    sandbox = Sandbox.create()
    ward = sandbox.agency("UBND phường Bến Sen", "0000000025")
    lan = sandbox.official("Nguyễn Thị Lan", "000190000022", organisation=ward)
    outside = Outside(sandbox.trust, sandbox.provider.provider(), sandbox.tsa, sandbox.sources, sandbox)
    procedure = five_steps(attesters=[sandbox.service_key.identity], mandate=ward.identity)
    permits = Permits(procedure, outside, sandbox.service_key, Stores.memory())

    papers = [Document.from_bytes(decision_pdf(), "permit.pdf"), Document.from_bytes(form_xml(), "form.xml")]
    dossier = permits.open("H56.01-261124-0001", *papers)
    challenge = permits.begin(dossier)
    callback = sandbox.provider.answer(str(challenge.url), lan.identity)  # the browser
    dossier = permits.finish(dossier, callback, challenge.id, lan)
    print(f"{lan.identity.name} approved; next: {dossier.step.name if dossier.step else 'nothing'}")


if __name__ == "__main__":
    main()
