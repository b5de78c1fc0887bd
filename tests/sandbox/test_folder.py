"""A sandbox on disk: the same authorities again, and the sample folder of ``eidkit sandbox init``."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from eidkit.clock import FixedClock
from eidkit.errors import DocumentError
from eidkit.sandbox import Sandbox, init
from eidkit.sandbox.folder import MAX_STATE
from eidkit.timestamps.authority import first_token
from eidkit.trust.sources import Sources
from eidkit.trust.store import TrustStore

if TYPE_CHECKING:
    from pathlib import Path


class TestKeeping:
    def test_the_same_authorities_again(self, clock: FixedClock, tmp_path: Path) -> None:
        first = Sandbox.create(clock=clock)
        first.write(tmp_path / "kept")
        again = Sandbox.open(tmp_path / "kept", clock=clock)
        assert again.trust == first.trust
        assert again.service_key.certificate == first.service_key.certificate
        assert again.base_url == first.base_url

    def test_what_was_revoked_stays_revoked(self, clock: FixedClock, tmp_path: Path) -> None:
        first = Sandbox.create(clock=clock)
        key = first.official("Nguyễn Thị Lan", "000190000022")
        first.suspend(key)
        first.write(tmp_path)
        again = Sandbox.open(tmp_path, clock=clock)
        (entry,) = again.authorities["official"].revoked.values()
        assert (entry.serial, entry.reason) == (key.certificate.serial_number, "certificateHold")
        assert again.authorities["official"].issued == first.authorities["official"].issued

    def test_its_providers_sign_with_the_same_keys(self, clock: FixedClock, tmp_path: Path) -> None:
        first = Sandbox.create(clock=clock)
        first.provider.rotate()
        first.write(tmp_path)
        again = Sandbox.open(tmp_path, clock=clock)
        assert again.provider.provider().keys == first.provider.provider().keys
        assert again.portal.provider().keys == first.portal.provider().keys

    def test_whoever_was_certified_can_still_log_in(self, clock: FixedClock, tmp_path: Path) -> None:
        first = Sandbox.create(clock=clock)
        key = first.official("Lê Minh Tuấn", "000092000055")
        first.write(tmp_path)
        assert key.identity in Sandbox.open(tmp_path, clock=clock).provider.persons

    def test_another_versions_sandbox_is_refused_by_name(self, tmp_path: Path) -> None:
        Sandbox.create().write(tmp_path)
        state = (tmp_path / "sandbox.json").read_text().replace('"v":2', '"v":1')
        (tmp_path / "sandbox.json").write_text(state)
        with pytest.raises(DocumentError) as caught:
            Sandbox.open(tmp_path)
        assert caught.value.code == "sandbox-version"

    def test_a_state_beyond_its_bound_is_refused_before_it_is_read(self, tmp_path: Path) -> None:
        with (tmp_path / "sandbox.json").open("wb") as file:
            file.truncate(MAX_STATE + 1)
        with pytest.raises(DocumentError) as caught:
            Sandbox.open(tmp_path)
        assert caught.value.code == "sandbox-too-large"

    def test_it_still_stamps(self, clock: FixedClock, tmp_path: Path) -> None:
        first = Sandbox.create(clock=clock)
        first.write(tmp_path)
        again = Sandbox.open(tmp_path, clock=clock)
        assert first_token(again.tsa, b"octets", clock=clock)

    def test_only_the_owner_can_read_its_keys(self, sandbox: Sandbox, tmp_path: Path) -> None:
        sandbox.write(tmp_path)
        assert stat.S_IMODE((tmp_path / "sandbox.json").stat().st_mode) == 0o600

    def test_no_sandbox_there(self, tmp_path: Path) -> None:
        with pytest.raises(DocumentError):
            Sandbox.open(tmp_path)

    @pytest.mark.parametrize("text", ["", "{}", "[]", '{"v":1}', '{"v":1.5}'])
    def test_a_broken_file_is_refused(self, tmp_path: Path, text: str) -> None:
        from eidkit.errors import EidkitError

        (tmp_path / "sandbox.json").write_text(text)
        with pytest.raises(EidkitError):
            Sandbox.open(tmp_path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("init") / "sandbox"
    init(place, clock=FixedClock(datetime(2026, 3, 2, 5, tzinfo=UTC)))
    return place


class TestSampleFolder:
    def test_it_holds_what_the_readme_uses(self, folder: Path) -> None:
        wanted = ["lan.p12", "binh.p12", "service.p12", "seal.p12", "permit.pdf", "form.xml", "procedure.toml", "crls"]
        assert [name for name in wanted if not (folder / name).exists()] == []

    def test_its_roots_are_a_trust_folder(self, folder: Path) -> None:
        trust = TrustStore.read(folder / "roots")
        assert {anchor.kind for anchor in trust.anchors} == {"signing", "timestamping", "login", "attestation"}
        assert all("for testing" in (anchor.provenance or "") for anchor in trust.anchors)

    def test_its_revocation_lists_are_sources(self, folder: Path) -> None:
        assert len(Sources.read(folder / "crls").given_crls) == 5

    def test_its_keys_open_with_the_public_password(self, folder: Path) -> None:
        from cryptography.hazmat.primitives.serialization import pkcs12

        key, certificate, chain = pkcs12.load_key_and_certificates((folder / "lan.p12").read_bytes(), b"sandbox")
        assert key is not None
        assert certificate is not None
        assert len(chain) == 1

    def test_its_procedure_can_be_read(self, folder: Path) -> None:
        from eidkit.binding.procedure import Procedure

        procedure = Procedure.read(folder / "procedure.toml")
        assert len(procedure.steps) == 5
        assert len(procedure.holders_of("head of unit")) == 1

    def test_it_opens_as_the_same_sandbox(self, folder: Path) -> None:
        opened, read = Sandbox.open(folder).trust, TrustStore.read(folder / "roots")
        assert {one.certificate for one in opened.anchors} == {one.certificate for one in read.anchors}

    def test_private_keys_are_the_owners_alone(self, folder: Path) -> None:
        assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in folder.glob("*.p12"))


class TestWritingTheSampleFolder:
    def test_a_folder_that_holds_something_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "mine.txt").write_text("precious")
        with pytest.raises(DocumentError) as caught:
            init(tmp_path)
        assert caught.value.code == "sandbox-occupied"
        assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]

    def test_a_file_in_its_place_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "sandbox").write_text("a file")
        with pytest.raises(DocumentError):
            init(tmp_path / "sandbox")

    def test_an_empty_folder_will_do(self, tmp_path: Path) -> None:
        place = tmp_path / "empty"
        place.mkdir()
        init(place)
        assert (place / "lan.p12").exists()

    def test_nothing_half_written_is_left(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        import eidkit.sandbox.documents

        def failing() -> bytes:
            raise OSError("disk full")

        monkeypatch.setattr(eidkit.sandbox.documents, "form_xml", failing)
        with pytest.raises(OSError, match="disk full"):
            init(tmp_path / "sandbox")
        assert list(tmp_path.iterdir()) == []

    def test_its_lists_hold_for_a_year(self, tmp_path: Path, clock: FixedClock) -> None:
        from cryptography import x509

        init(tmp_path / "sandbox", clock=clock)
        found = x509.load_der_x509_crl((tmp_path / "sandbox" / "crls" / "official.crl").read_bytes())
        assert found.next_update_utc == clock.now() + timedelta(days=365)
