"""Whole processes: what a fresh interpreter pays for an import, and the command line beside pyHanko's."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from benchmarks.measuring import Row, processes

PASSWORD = "sandbox"


def rows(folder: Path, rounds: int) -> list[Row]:
    """Imports, then ``eidkit verify``."""
    return [*imports(rounds), command_line(folder, rounds)]


def imports(rounds: int) -> list[Row]:
    """What a fresh interpreter pays for an import, its own start taken off."""
    statements = {
        "nothing": "pass",
        "import eidkit": "import eidkit",
        "from eidkit.verify import verify": "from eidkit.verify import verify",
        "import pyhanko.sign": "import pyhanko.sign",
    }
    found = processes({name: [sys.executable, "-c", code] for name, code in statements.items()}, rounds)
    peer = found["import pyhanko.sign"] - found["nothing"]
    names = ("import eidkit", "from eidkit.verify import verify")
    return [
        Row(
            f"`{name}`",
            found[name] - found["nothing"],
            "`import pyhanko.sign`",
            peer,
            "interpreter start",
            found["nothing"],
        )
        for name in names
    ]


def command_line(folder: Path, rounds: int) -> Row:
    """A whole ``eidkit verify`` of a small PDF beside ``pyhanko sign validate`` of the same file."""
    from eidkit.document import Document
    from eidkit.sandbox import init
    from eidkit.signing import Pkcs12Key, sign

    init(folder / "sandbox")
    with Pkcs12Key.open(folder / "sandbox" / "lan.p12", password=PASSWORD) as key:
        sign(Document.read(folder / "sandbox" / "permit.pdf"), key).write(folder / "signed.pdf")
    roots = sorted((folder / "sandbox" / "roots" / "signing").glob("*.pem"))
    commands = {
        "ours": [
            sys.executable, "-m", "eidkit.cli", "verify", str(folder / "signed.pdf"), "--offline",
            "--trust", str(folder / "sandbox" / "roots"), "--crl", str(folder / "sandbox" / "crls"),
        ],
        "nothing": [sys.executable, "-c", "pass"],
    }  # fmt: skip
    peer = shutil.which("pyhanko", path=str(Path(sys.executable).parent))
    if peer:
        trust = [part for root in roots for part in ("--trust", str(root))]
        commands["theirs"] = [peer, "sign", "validate", "--soft-revocation-check", *trust, str(folder / "signed.pdf")]
    found = processes(commands, rounds)
    return Row(
        "`eidkit verify`, whole process",
        found["ours"],
        "`pyhanko sign validate`" if peer else "pyhanko-cli not installed",
        found.get("theirs"),
        "interpreter start",
        found["nothing"],
    )
