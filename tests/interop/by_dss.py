"""Files that EU DSS signs with the sandbox's keys, up to B-LTA, by its own services and its own timestamp source."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from eidkit.document import Document
from tests.interop import eu_dss

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cryptography import x509

    from tests.preserving.world import World

_SECONDS = 120


def made(
    world: World, level: str, *, kind: str = "PAdES", document: Document | None = None, packaging: str | None = None
) -> Document:
    """``document`` (the sample PDF) signed by Lan at ``level`` (``"B"`` … ``"LTA"``); DSS takes the machine's time.

    ``kind`` is ``"PAdES"``, ``"CAdES"`` or ``"XAdES"``; for the last two ``packaging`` as DSS names it
    (``"ENVELOPING"``, ``"DETACHED"``, ``"ENVELOPED"``).
    """
    given = document or world.original()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        maker = world.sandbox.timestamp_maker
        _keys(folder, {"signer": world.key.private_key, "tsa": maker.key})
        _certificates(folder, "signer", (world.key.certificate, *world.key.chain))
        _certificates(folder, "tsa", (maker.certificate, *maker.chain))
        _certificates(folder, "anchor", (anchor.certificate.der for anchor in world.trust.anchors))
        for number, data in enumerate(world.sandbox.crls()):
            (folder / f"list-{number}.crl").write_bytes(data)
        given.write(folder / "in")
        run = subprocess.run(
            ["java", "-XX:+UseSerialGC", "-cp", eu_dss.program(), "eidkit.Signer", f"{kind}-BASELINE-{level}",
             str(folder), str(folder / "in"), str(folder / "out"), *([packaging] if packaging else [])],
            capture_output=True, timeout=_SECONDS, check=False,
        )  # fmt: skip
        if run.returncode:
            raise RuntimeError(f"the DSS signer failed: {run.stderr.decode('utf-8', 'replace')[-2000:]}")
        return Document.from_bytes((folder / "out").read_bytes(), given.name)


def _keys(folder: Path, keys: dict[str, object]) -> None:
    for name, key in keys.items():
        data = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())  # type: ignore[attr-defined]  # any private key has it
        (folder / f"{name}.key").write_bytes(data)


def _certificates(folder: Path, name: str, certificates: Iterable[x509.Certificate | bytes]) -> None:
    for number, one in enumerate(certificates):
        data = one if isinstance(one, bytes) else one.public_bytes(Encoding.DER)
        (folder / f"{name}-{number}.cer").write_bytes(data)
