"""What an import costs: nothing heavy is loaded before it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "asn1crypto",
    "click",
    "cryptography",
    "fontTools",
    "httpx2",
    "jinja2",
    "joserfc",
    "lxml",
    "pkcs11",
    "psycopg",
    "pyhanko",
    "pyotp",
    "redis",
    "sqlalchemy",
    "sqlite3",
}


def loaded_by(statement: str) -> set[str]:
    """The top-level packages that ``statement`` loads in a fresh interpreter."""
    code = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import eidkit",
        "import eidkit; dir(eidkit)",
        "import eidkit.signing",
        "import eidkit.verify",
        "import eidkit.auth",
    ],
)
def test_a_package_loads_no_heavy_library(statement: str) -> None:
    assert not loaded_by(statement) & HEAVY


def test_verify_is_at_hand_without_pdf_and_xml_libraries() -> None:
    assert not loaded_by("from eidkit.verify import verify") & {"lxml", "pyhanko", "jinja2", "httpx2", "joserfc"}


def test_the_command_line_starts_with_click_alone() -> None:
    assert loaded_by("from eidkit.cli.running import eidkit") & HEAVY <= {"click"}


def test_a_store_on_a_server_whose_package_is_missing_is_named_with_what_installs_it() -> None:
    for kind, package in (("postgresql", "sqlalchemy"), ("redis", "redis")):
        code = (
            f"import sys; sys.modules[{package!r}] = None\n"
            "from eidkit.auth import Stores\n"
            f"try: Stores.{kind}('{kind}://127.0.0.1/x', key=bytes(32))\n"
            "except ImportError as error: print(error)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert f"pip install 'eidkit[{kind}]'" in done.stdout
