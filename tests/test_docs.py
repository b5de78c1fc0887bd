"""The documentation: its pages run as pasted, its tables are those of the code, and it builds without a warning."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from eidkit.cli.running import run
from tests.blocks import ROOT, Block, blocks, pasted, ran

DOCS = ROOT / "docs"
PASTED = (
    "how-to/sign-and-verify.md",
    "how-to/sign-in-two-phases.md",
    "how-to/cms.md",
    "how-to/verify-years-later.md",
    "how-to/audit.md",
    "how-to/reports.md",
    "how-to/trust-anchors.md",
    "how-to/check-revocation-offline.md",
    "how-to/judge-a-certificate.md",
    "how-to/own-procedure.md",
    "how-to/errors-and-codes.md",
    "how-to/test-your-system.md",
    "how-to/oidc.md",
    "how-to/vneid.md",
    "how-to/otp.md",
    "how-to/stores.md",
    "how-to/log-in-with-a-certificate.md",
    "how-to/passkeys.md",
    "how-to/identity-links.md",
    "how-to/erasure.md",
    "how-to/visible-signatures.md",
)
"""Pages whose blocks run in a folder where the tutorial made its sandbox."""

pytestmark = pytest.mark.xdist_group("readme")


def runnable(page: str) -> list[Block]:
    return [block for block in blocks(DOCS / page) if block.language != "text"]


@pytest.fixture(scope="module")
def emptied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the tutorial's blocks share."""
    return tmp_path_factory.mktemp("tutorial")


@pytest.mark.parametrize("block", [pytest.param(block, id=block.id) for block in runnable("tutorial.md")])
def test_tutorial_runs_as_written(block: Block, emptied: Path) -> None:
    code, said = ran(block, emptied)
    assert code == 0, said


def test_tutorial_ends_complete(emptied: Path) -> None:
    assert "COMPLETE" in (emptied / "proof.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``sandbox/`` and ``password.txt``, as after the tutorial's first section."""
    folder = tmp_path_factory.mktemp("how-to")
    assert run(["sandbox", "init", str(folder / "sandbox")]) == 0
    (folder / "password.txt").write_text("sandbox", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "block",
    [pytest.param(block, id=f"{Path(page).stem}-{block.id}") for page in PASTED for block in runnable(page)],
)
def test_how_to_runs_as_written(block: Block, made: Path) -> None:
    code, said = ran(block, made)
    assert code == 0, said


@pytest.mark.parametrize("page", [*PASTED, "tutorial.md"])
def test_page_has_something_to_run(page: str) -> None:
    assert {block.language for block in runnable(page)} <= {"sh", "python"}
    assert runnable(page)


@pytest.mark.parametrize("page", ["../README.md", "tutorial.md", *PASTED])
def test_python_blocks_can_be_pasted_at_a_prompt(page: str) -> None:
    python = [block for block in runnable(page) if block.language == "python"]
    assert {block.id: line for block in python if (line := pasted(block)) is not None} == {}


def test_table_of_standards_is_that_of_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(DOCS / "_ext"))
    from eidkit_clauses import STANDARDS, with_clauses

    page = STANDARDS.read_text(encoding="utf-8")
    assert page == with_clauses(page), "the code cites other clauses than docs/standards.md: run `make docs-tables`"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built documentation; a warning is an error."""
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-E", "-W", "--keep-going", "-b", "html"]
    done = subprocess.run(
        [*command, "-d", str(out / "doctrees"), str(DOCS), str(out / "html")],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return out / "html"


def test_site_fetches_nothing(site: Path) -> None:
    fetching = re.compile(r"<(?:script|img|iframe|link)[^>]*(?:src|href)=[\"']?(?:https?:)?//", re.IGNORECASE)
    assert [page.name for page in site.rglob("*.html") if fetching.search(page.read_text(encoding="utf-8"))] == []


def test_every_finding_code_is_on_the_page(site: Path) -> None:
    from eidkit.findings import ROWS

    page = (site / "reference/findings.html").read_text(encoding="utf-8")
    assert [code for code in ROWS if f">{code}<" not in page] == []


def test_every_public_name_is_on_the_page(site: Path) -> None:
    page = (site / "reference/api.html").read_text(encoding="utf-8")
    names = (ROOT / "tests/public_names.txt").read_text(encoding="utf-8").split()
    assert [name for name in names if f'id="{name}"' not in page and f">{name}<" not in page] == []


def test_every_command_is_on_the_page(site: Path) -> None:
    from eidkit.cli.running import COMMANDS

    page = (site / "reference/command-line.html").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"eidkit {name}" not in page] == []


def test_every_page_of_the_folder_is_on_the_site(site: Path) -> None:
    pages = [path.relative_to(DOCS) for path in DOCS.rglob("*.md") if "_build" not in path.parts]
    assert [str(page) for page in pages if not (site / page.with_suffix(".html")).exists()] == []
