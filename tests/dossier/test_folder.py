"""A dossier as a folder: written whole, read strictly."""

from __future__ import annotations

import json

import pytest

from eidkit import canonical
from eidkit.dossier import Dossier, folder
from eidkit.errors import EidkitError


@pytest.fixture
def written(honest, tmp_path):
    honest.write(tmp_path / "folder")
    return tmp_path / "folder"


def refused(place, procedure):
    with pytest.raises(EidkitError) as error:
        Dossier.read(place, procedure)
    return error.value.code


def test_the_folder_has_the_layout_of_the_contract(written):
    found = sorted(str(path.relative_to(written)) for path in written.rglob("*") if path.is_file())
    states = [f"documents/{number:02d}/form.xml" for number in range(5)]
    logins = [f"authentications/{number:02d}.json" for number in range(1, 6)]
    assert [name for name in found if not name.startswith("validation/")] == sorted(
        [*logins, "documents/form.xml", "documents/permit.pdf", *states, "dossier.json"]
    )


def test_what_was_written_is_read_and_proved_again(stage, written):
    dossier = Dossier.read(written, stage.procedure)
    assert stage.verify(dossier).verdict == "COMPLETE"


def test_writing_it_again_gives_the_same_files(stage, written, tmp_path):
    Dossier.read(written, stage.procedure).write(tmp_path / "again")
    for path in written.rglob("*"):
        if path.is_file():
            assert (tmp_path / "again" / path.relative_to(written)).read_bytes() == path.read_bytes()


def test_an_earlier_folder_of_a_dossier_is_replaced(stage, honest, tmp_path):
    stage.opened().write(tmp_path / "folder")
    honest.write(tmp_path / "folder")
    assert len(list((tmp_path / "folder" / "authentications").iterdir())) == 5
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]


def test_a_folder_with_something_else_in_it_is_left_alone(honest, tmp_path):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("Dear")
    with pytest.raises(EidkitError) as error:
        honest.write(tmp_path / "letters")
    assert error.value.code == "dossier-folder-taken"
    assert [entry.name for entry in (tmp_path / "letters").iterdir()] == ["dear.txt"]


def test_a_link_to_a_folder_is_left_alone(honest, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(EidkitError) as error:
        honest.write(tmp_path / "link")
    assert error.value.code == "dossier-folder-taken"


def test_a_write_that_fails_leaves_what_was_there(stage, honest, tmp_path, monkeypatch):
    stage.opened().write(tmp_path / "folder")
    before = {path: path.read_bytes() for path in (tmp_path / "folder").rglob("*") if path.is_file()}

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folder, "write_atomically", full)
    with pytest.raises(EidkitError) as error:
        honest.write(tmp_path / "folder")
    assert error.value.code == "dossier-unwritable"
    assert {path: path.read_bytes() for path in (tmp_path / "folder").rglob("*") if path.is_file()} == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]


def test_only_the_owner_may_read_it(written):
    assert written.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["note.txt", "documents/permit.docx", "authentications/x.json", "validation/run.sh"])
def test_an_unknown_file_is_refused(stage, written, name):
    (written / name).write_bytes(b"x")
    assert refused(written, stage.procedure) in {
        "dossier-folder",
        "dossier-documents",
        "dossier-authentications",
        "dossier-validation",
    }


def test_a_link_is_refused(stage, written):
    (written / "documents" / "form.xml").unlink()
    (written / "documents" / "form.xml").symlink_to("/etc/hostname")
    assert refused(written, stage.procedure) == "dossier-folder"


def test_a_missing_document_is_refused(stage, written):
    (written / "documents" / "form.xml").unlink()
    assert refused(written, stage.procedure) == "dossier-documents"


@pytest.mark.parametrize(
    "change",
    [
        lambda index: index | {"extra": 1},
        lambda index: {name: value for name, value in index.items() if name != "nonce"},
        lambda index: index | {"v": 2},
        lambda index: index | {"nonce": "xyz"},
        lambda index: index | {"documents": [{"label": "../permit", "file": "permit.pdf"}]},
        lambda index: index | {"documents": [{"label": "form", "file": "permit.pdf"}]},
        lambda index: index | {"approvals": ["x"]},
    ],
)
def test_an_index_that_is_not_one_is_refused(stage, written, change):
    path = written / "dossier.json"
    path.write_text(json.dumps(change(canonical.loads(path.read_bytes()))))
    assert refused(written, stage.procedure)


def test_an_index_with_a_repeated_member_is_refused(stage, written):
    path = written / "dossier.json"
    path.write_bytes(path.read_bytes()[:-1] + b',"id":"other"}')
    assert refused(written, stage.procedure) == "json-duplicate"


def test_a_login_with_a_number_that_is_no_integer_is_refused(stage, written):
    path = written / "authentications" / "01.json"
    path.write_bytes(path.read_bytes().replace(b'"v":1', b'"v":1.0', 1))
    assert refused(written, stage.procedure) == "json-float"


def test_too_many_files_are_refused(stage, written, monkeypatch):
    monkeypatch.setattr(folder, "MAX_APPROVALS", 3)
    assert refused(written, stage.procedure) == "dossier-folder"


def test_too_much_validation_data_is_refused(stage, honest, tmp_path, monkeypatch):
    from dataclasses import replace

    from eidkit.dossier.dossier import Validation

    replace(honest, validation=Validation(crls=(b"x" * 1000, b"y" * 1000))).write(tmp_path / "folder")
    monkeypatch.setattr(folder, "MAX_VALIDATION_BYTES", 1500)
    assert refused(tmp_path / "folder", stage.procedure) == "dossier-validation"


def test_no_folder_at_all(stage, tmp_path):
    assert refused(tmp_path / "nothing", stage.procedure) == "dossier-unreadable"


def test_the_folder_is_read_under_the_readers_procedure(stage, written):
    from dataclasses import replace

    other = replace(stage.procedure, version="2")
    report = stage.verify(Dossier.read(written, other))
    assert report.verdict == "FAILED"
    assert {"PROCEDURE_DIFFERS", "TRANSACTION_PROCEDURE"} <= report.codes
