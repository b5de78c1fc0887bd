"""One dossier on disk, and whom this service trusts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

from eidkit import Document, Dossier, HttpTransport, Procedure, Sources, TimestampAuthority, TrustStore
from eidkit.auth import Stores, oidc
from eidkit.signing import Pkcs12Key, sign

if TYPE_CHECKING:
    from eidkit import Authentication

KEY = "binh.p12"  # stands for the official's own card


class Office:
    """Everything that a step of the dossier needs, from the environment.  Threads share it."""

    def __init__(self) -> None:
        self.sandbox, self.folder = Path(os.environ["PERMITS_SANDBOX"]), settings.DATA / "dossier"
        self.password = os.environ["PERMITS_KEY_PASSWORD"]
        # Or Stores.postgresql(url, key=…), also in the site's own database: the stores commit for themselves.
        key = Path(os.environ["PERMITS_STORE_KEY"]).read_bytes()
        self.stores = Stores.sqlite(settings.DATA / "logins.db", key=key)
        self.network = HttpTransport(allow_hosts=frozenset({"127.0.0.1"}))  # the sandbox is on this machine
        self.trust, self.sources = TrustStore.read(self.sandbox / "roots"), Sources.read(self.sandbox / "crls")
        self.tsa = TimestampAuthority(os.environ["PERMITS_TSA"], trust=self.trust)
        self.attest = Pkcs12Key.open(self.sandbox / "service.p12", password=self.password)
        self.provider = oidc.Provider.discover(
            settings.ISSUER,
            client_id="eidkit-sandbox",
            redirect_uri=f"{settings.ORIGIN}/callback",
            identifier=("citizen_id", "vn-cccd"),
            acr={f"urn:eidkit:sandbox:level:{n}": [("vn-2024", n)] for n in ("2", "3")},
            transport=self.network,
        )
        self.procedure = Procedure.read(settings.BASE_DIR / "procedure.toml")
        if not self.folder.exists():
            permit = Document.read(self.sandbox / "permit.pdf")
            Dossier.open("H56.01-261124-0002", self.procedure, [permit]).write(self.folder)

    def dossier(self) -> Dossier:
        """The dossier as it stands."""
        return Dossier.read(self.folder, self.procedure)

    def approve(self, dossier: Dossier, authentication: Authentication) -> None:
        """One more approval in the dossier, or an error and nothing changed."""
        with Pkcs12Key.open(self.sandbox / KEY, password=self.password) as key:
            signed = [
                sign(document, key, tsa=self.tsa, authentication=authentication, transport=self.network)
                for document in dossier.to_sign
            ]
        dossier.approve(signed, authentication, self.trust, sources=self.sources, transport=self.network).write(
            self.folder
        )
