"""One served sandbox for all examples, each example as a program of its own, a browser that may run scripts."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.examples import served
from tests.examples.served import ROOT, Program
from tests.sandbox.browser import Browser, browsing


@pytest.fixture(scope="session")
def served_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[served.Sandbox]:
    with served.sandbox(tmp_path_factory.mktemp("examples") / "sandbox") as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def running_fastapi(served_sandbox: served.Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    folder = ROOT / "examples" / "fastapi_permits"
    serve = [sys.executable, "-m", "uvicorn", "app:app", "--app-dir", str(folder), "--port", "{port}"]
    with served.program(serve, {}, tmp_path_factory.mktemp("fastapi"), served_sandbox) as program:
        yield program


@pytest.fixture(scope="session")
def running_django(served_sandbox: served.Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    manage = [sys.executable, str(ROOT / "examples" / "django_permits" / "manage.py")]
    data = tmp_path_factory.mktemp("django")
    told = {"PERMITS_DJANGO_KEY": secrets.token_urlsafe(40), "PERMITS_DATA": str(data)}
    migrate = [*manage, "migrate", "--run-syncdb", "--skip-checks", "--verbosity", "0"]
    subprocess.run(migrate, env=os.environ | told | {"PYTHONPATH": str(ROOT)}, check=True)
    serve = [*manage, "runserver", "--noreload", "127.0.0.1:{port}"]
    with served.program(serve, told, data, served_sandbox) as program:
        yield program


@pytest.fixture
def fastapi_permits(running_fastapi: Program) -> Program:
    """The FastAPI example with a dossier at its first step and nobody's passkey or app."""
    running_fastapi.begin_anew()
    return running_fastapi


@pytest.fixture
def django_permits(running_django: Program) -> Program:
    """The Django example in the same state."""
    running_django.begin_anew()
    return running_django


@pytest.fixture(params=["fastapi_permits", "django_permits"])
def program(request: pytest.FixtureRequest) -> Program:
    """Each of the examples."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def browser(tool: Callable[[str], str], tmp_path: Path) -> Iterator[Browser]:
    with browsing(tool("chromium"), tmp_path / "browser") as browser:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)
        browser.call("WebAuthn.enable", enableUI=False)
        yield browser
