"""Identities: who is the same, and what is never shown."""

from __future__ import annotations

import pytest

from eidkit.errors import EidkitError
from eidkit.identity import Identity


def test_scheme_and_identifier_decide_and_names_do_not() -> None:
    assert Identity("vn-cccd", "001234567890", "Lan") == Identity("vn-cccd", "001234567890", "Nguyễn Thị Lan")
    assert Identity("vn-cccd", "001234567890", "Lan") != Identity("vn-cccd", "001234567891", "Lan")
    assert Identity("vn-mst", "0123456789") != Identity("VATVN", "0123456789")


@pytest.mark.parametrize(
    ("scheme", "identifier"),
    [
        ("vn-cccd", "12345678901"),
        ("vn-cccd", "０01234567890"),
        ("vn-mst", "0123456789-1"),
        ("x509", "AB" * 32),
        ("made-up", "1"),
        ("oidc:ftp://x", "1"),
    ],
)
def test_another_spelling_is_refused(scheme: str, identifier: str) -> None:
    with pytest.raises(EidkitError) as caught:
        Identity(scheme, identifier)
    assert caught.value.code == "identity-spelling"
    assert identifier not in str(caught.value)


def test_the_repr_masks_the_identifier() -> None:
    shown = repr(Identity("vn-cccd", "001234567890", "Lan"))
    assert "001234567890" not in shown
    assert "890" in shown


def test_it_comes_back_from_json() -> None:
    identity = Identity("oidc:https://id.example", "sub-1", "Lan")
    assert Identity.from_json(identity.to_json()).to_json() == identity.to_json()
