"""A verifier of another place and day: judges logins from files and anchors alone.  Run as ``elsewhere.py FOLDER``.

FOLDER holds ``anchors/`` and ``crls/``, ``pins/*.json``, ``NAME.json`` (logins as they were written) and ``NAME.lines``
(further logins, one a line).  One line is printed for each of ``NAME.json`` and the lines of ``NAME.lines``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from eidkit import Sources, TrustStore, canonical
from eidkit.auth import pinned_files, recheck
from eidkit.binding.attestation import Attestation
from eidkit.binding.authentication import Authentication
from eidkit.errors import EidkitError
from eidkit.verify import verify_certificate


class Verifier:
    """Holds what this verifier decided to trust; says of a login whether it stands."""

    def __init__(self, folder: Path) -> None:
        self.trust = TrustStore.read(folder / "anchors")
        self.sources = Sources.read(folder / "crls")
        self.pins = [pinned_files.read(path) for path in sorted((folder / "pins").iterdir())]
        self.attesters: dict[bytes, bool] = {}

    def said(self, stored: bytes) -> str:
        """``PASSED`` with class and assurance as recomputed, or why it does not stand."""
        try:
            made = Authentication.from_json(canonical.loads(stored, exact=True))
            attested = Attestation.read(made.attestation) if made.attestation is not None else None
        except EidkitError as error:
            return f"FAILED {error.code}"
        if attested is None:
            return "FAILED not attested"
        if not attested.signature_holds() or not self.is_attester(attested):
            return "FAILED nobody's attestation"
        if attested.disagreements(made):
            return "FAILED " + " ".join(attested.disagreements(made))
        result = recheck(made, self.trust, self.pins)
        if result:
            levels = ",".join(f"{one.scheme}:{one.value}:{one.source}" for one in result.assurance)
            return f"PASSED {result.proof_class} {levels}"
        return f"{'FAILED' if result.refuted else 'INDETERMINATE'} {' '.join(one.code for one in result.findings)}"

    def is_attester(self, attested: Attestation) -> bool:
        """Whether a service that we trust to attest signed it, when it says that it did."""
        der = attested.certificate
        if der not in self.attesters:
            self.attesters[der] = bool(
                verify_certificate(
                    der, self.trust, purpose="attestation", sources=self.sources, at=attested.claims.issued_at
                )
            )
        return self.attesters[der]


def main(folder: Path) -> None:
    verifier = Verifier(folder)
    for path in sorted(folder.glob("*.json")):
        lines = path.with_suffix(".lines")
        for stored in (path.read_bytes(), *lines.read_bytes().splitlines()):
            print(path.stem, verifier.said(stored))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
