from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from eidkit.errors import TrustError
from eidkit.trust.store import Anchor, TrustStore
from tests.trust.making import Party, self_signed


@pytest.fixture(scope="module")
def root() -> Party:
    return self_signed("Root")


@pytest.fixture(scope="module")
def other() -> Party:
    return self_signed("Other")


def pem(party: Party) -> bytes:
    return party.certificate.public_bytes(Encoding.PEM)


def test_a_folder_has_a_sub_folder_per_kind(tmp_path: Path, root: Party, other: Party) -> None:
    for kind, party in (("signing", root), ("timestamping", other)):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / "a.pem").write_bytes(pem(party))
    store = TrustStore.read(tmp_path)
    assert store.of_kind("signing") == (Anchor(root.parsed, "signing"),)
    assert store.of_kind("timestamping") == (Anchor(other.parsed, "timestamping"),)
    assert store.of_kind("login") == ()


def test_one_kind_of_a_whole_folder_can_be_read(tmp_path: Path, root: Party, other: Party) -> None:
    for kind, party in (("signing", root), ("timestamping", other)):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / "a.pem").write_bytes(pem(party))
    assert TrustStore.read(tmp_path, kind="timestamping").anchors == (Anchor(other.parsed, "timestamping"),)


def test_a_flat_folder_has_the_kind_it_is_read_for(tmp_path: Path, root: Party, other: Party) -> None:
    (tmp_path / "a.der").write_bytes(root.der)
    (tmp_path / "b.pem").write_bytes(pem(other) + pem(root))
    (tmp_path / "notes.txt").write_text("not a certificate", encoding="utf-8")
    assert TrustStore.read(tmp_path, kind="login").anchors == tuple(Anchor(p.parsed, "login") for p in (root, other))


def test_a_single_file_needs_its_kind(tmp_path: Path, root: Party) -> None:
    file = tmp_path / "root.pem"
    file.write_bytes(pem(root))
    assert TrustStore.read(file, kind="signing")
    with pytest.raises(TrustError, match="is trusted for"):
        TrustStore.read(file)


def test_provenance_and_sunset_are_read(tmp_path: Path, root: Party) -> None:
    (tmp_path / "root.pem").write_bytes(pem(root))
    (tmp_path / "trust.toml").write_text(
        '["root.pem"]\nprovenance = "by hand"\nsunset = 2030-01-01\n', encoding="utf-8"
    )
    anchor = Anchor(root.parsed, "signing", "by hand", datetime(2030, 1, 1, tzinfo=UTC))
    assert TrustStore.read(tmp_path, kind="signing").anchors == (anchor,)
    assert TrustStore.read(tmp_path / "root.pem", kind="signing").anchors == (anchor,)


@pytest.mark.parametrize(
    "text",
    [
        '["root.pem"]\nsunsett = 2030-01-01',
        '["roof.pem"]\nsunset = 2030-01-01',
        "rubbish",
        '["root.pem"]\nsunset = "soon"',
    ],
)
def test_a_description_that_says_something_else_is_refused(tmp_path: Path, root: Party, text: str) -> None:
    (tmp_path / "root.pem").write_bytes(pem(root))
    (tmp_path / "trust.toml").write_text(text, encoding="utf-8")
    with pytest.raises(TrustError):
        TrustStore.read(tmp_path, kind="signing")


def test_an_empty_folder_is_an_error_not_an_empty_trust(tmp_path: Path) -> None:
    (tmp_path / "signing").mkdir()
    with pytest.raises(TrustError, match="no certificate"):
        TrustStore.read(tmp_path)
    with pytest.raises(TrustError):
        TrustStore.read(tmp_path / "nowhere", kind="signing")


def test_a_broken_file_among_anchors_is_refused(tmp_path: Path, root: Party) -> None:
    (tmp_path / "a.pem").write_bytes(pem(root))
    (tmp_path / "b.crt").write_bytes(b"rubbish")
    with pytest.raises(TrustError, match=r"b\.crt"):
        TrustStore.read(tmp_path, kind="signing")


def test_an_unknown_kind_is_refused(root: Party) -> None:
    with pytest.raises(TrustError, match="not a kind"):
        TrustStore.of([root.der], "everything")


def test_stores_join_without_repeats(root: Party, other: Party) -> None:
    first, second = TrustStore.of([root.certificate], "signing"), TrustStore.of([root.der, pem(other)], "signing")
    assert [anchor.certificate for anchor in (first + second).anchors] == [root.parsed, other.parsed]


def test_an_empty_store_is_false() -> None:
    assert not TrustStore()
