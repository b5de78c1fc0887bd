"""The public names are a promise: a change of them is a change of tests/public_names.txt in the same commit."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

PACKAGES = ("eidkit", "eidkit.signing", "eidkit.verify", "eidkit.auth", "eidkit.dossier", "eidkit.sandbox", "eidkit.vn")
MODULES = (
    "eidkit.auth.delivered", "eidkit.auth.hotp", "eidkit.auth.links", "eidkit.auth.ocra", "eidkit.auth.oidc",
    "eidkit.auth.otp", "eidkit.auth.recovery", "eidkit.auth.vneid", "eidkit.auth.webauthn", "eidkit.auth.webeid",
    "eidkit.auth.x509", "eidkit.auth.x509_tls", "eidkit.errors", "eidkit.sandbox.authenticator",
    "eidkit.sandbox.office", "eidkit.sandbox.partner", "eidkit.sandbox.provider", "eidkit.sandbox.server",
)  # fmt: skip
LIST = Path(__file__).with_name("public_names.txt")


def names(module: ModuleType) -> list[str]:
    """What ``module`` offers: its ``__all__``, otherwise what it defines itself without an underscore."""
    own = (name for name, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__)
    return sorted(getattr(module, "__all__", None) or (name for name in own if not name.startswith("_")))


def public() -> list[str]:
    """Every public name as ``module.name``, in order."""
    return [f"{module}.{name}" for module in (*PACKAGES, *MODULES) for name in names(import_module(module))]


def test_public_names_are_those_checked_in() -> None:
    assert public() == LIST.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_there(package: str) -> None:
    module = import_module(package)
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


def test_dir_shows_the_nouns() -> None:
    import eidkit

    assert "Document" in dir(eidkit)
    assert set(dir(eidkit)) == set(eidkit.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    import eidkit

    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = eidkit.Nothing
