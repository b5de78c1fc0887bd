"""``eidkit audit``: a line per file, one page, and a journal that survives being killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

import pytest

from eidkit.document import Document
from eidkit.sandbox.documents import form_xml
from eidkit.verify import AuditJson, collect
from eidkit.verify.auditing import AuditedSignatureJson, LossJson, RescueJson
from eidkit.verify.journal import Journal, Run
from eidkit.verify.walking import MAX_DEPTH, walk
from tests.cli.conftest import Said
from tests.preserving.world import World, octets

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.xdist_group("cli")
HOSTILE = "<script>alert(1)\u202e\n<title>.pdf"


@pytest.fixture(scope="module")
def world() -> World:
    return World(start=datetime.now(UTC))


@pytest.fixture(scope="module")
def box(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``roots/``, ``crls/`` and ``archive/`` with files of every kind."""
    folder = tmp_path_factory.mktemp("audit")
    for anchor in world.trust.anchors:
        place = folder / "roots" / anchor.kind
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{anchor.certificate.sha256[:8]}.der").write_bytes(anchor.certificate.der)
    (folder / "crls").mkdir()
    for number, crl in enumerate(world.sandbox.crls()):
        (folder / "crls" / f"{number}.crl").write_bytes(crl)
    archive = folder / "archive"
    (archive / "b").mkdir(parents=True)
    signed = world.signed()
    (archive / "a.pdf").write_bytes(octets(signed))
    (archive / "b" / "kept").write_bytes(octets(world.preserved(signed, stamped=True)))
    (archive / "b" / "form.xml").write_bytes(octets(world.signed(Document.from_bytes(form_xml(), "form.xml"))))
    (archive / "cut.pdf").write_bytes(octets(signed)[:4000])
    (archive / "note.txt").write_bytes(b"nothing signed here")
    (archive / "page.html").write_bytes(b"<!DOCTYPE html><html></html>")
    (archive / "plain").write_bytes(octets(world.original()))
    (archive / "promise.pdf").write_bytes(b"this is no PDF")
    return folder


def judging(box: Path, *more: object) -> list[object]:
    return ["--trust", box / "roots", "--crl", box / "crls", "--offline", "--workers", "0", *more]


def copied(box: Path, place: Path, count: int) -> Path:
    """A folder of ``count`` signed files."""
    place.mkdir(exist_ok=True)
    data = (box / "archive" / "a.pdf").read_bytes()
    for number in range(count):
        (place / f"{number:03}.pdf").write_bytes(data)
    return place


# ── lines ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_document_gets_a_line_in_order(box: Path, eidkit: Callable[..., Said]) -> None:
    said = eidkit("audit", box / "archive", *judging(box), "--json")
    assert said.code == 2
    told = [
        (line["path"].removeprefix(f"{box}/archive/"), line["verdict"], line["rescue"]["action"]) for line in said.lines
    ]
    assert told == [
        ("a.pdf", "TOTAL-PASSED", "preserve"),
        ("b/form.xml", "TOTAL-PASSED", "preserve"),
        ("b/kept", "TOTAL-PASSED", "preserve-stamped"),
        ("cut.pdf", "NOT-READABLE", "see-reason"),
        ("plain", "NO-SIGNATURE", "sign"),
        ("promise.pdf", "NOT-READABLE", "see-reason"),
    ]
    assert "6 documents: 3 pass, 1 do not, 2 could not be read; other files passed over: 2" in said.err


def test_the_text_says_the_same_on_one_line_each(box: Path, eidkit: Callable[..., Said]) -> None:
    said = eidkit("audit", box / "archive", *judging(box))
    lines = said.out.splitlines()
    assert [line.split(": ")[1].split(" ")[0] for line in lines] == [
        "TOTAL-PASSED", "TOTAL-PASSED", "TOTAL-PASSED", "NOT-READABLE", "NO-SIGNATURE", "NOT-READABLE",
    ]  # fmt: skip
    assert "Nguyễn Thị Lan" in lines[0]
    assert "the file lacks revocation data about Nguyễn Thị Lan" in lines[0]
    assert lines[0].endswith("→ preserve it: put the revocation answers into the file (eidkit preserve)")


def test_the_keys_are_those_of_the_contract(box: Path, eidkit: Callable[..., Said]) -> None:
    for line in eidkit("audit", box / "archive", *judging(box), "--json").lines:
        assert list(line) == list(get_type_hints(AuditJson))
        assert list(line["rescue"]) == list(get_type_hints(RescueJson))
        for signature in line["signatures"]:
            assert list(signature) == list(get_type_hints(AuditedSignatureJson))
        if line["first_lost"]:
            assert list(line["first_lost"]) == list(get_type_hints(LossJson))
            assert line["first_lost"]["at"] <= line["provable_until"]


def test_a_line_agrees_with_verify(box: Path, eidkit: Callable[..., Said]) -> None:
    (line,) = eidkit("audit", box / "archive" / "b" / "kept", *judging(box), "--json").lines
    (report,) = eidkit(
        "verify", box / "archive" / "b" / "kept", *judging(box)[:-2], "--at", line["validation_time"], "--json"
    ).lines
    assert {
        key: line[key] for key in ("verdict", "sha256", "format", "provable_until", "policy", "policy_version")
    } == {key: report[key] for key in ("verdict", "sha256", "format", "provable_until", "policy", "policy_version")}


def test_what_counts_as_a_document_is_its_content(
    box: Path, world: World, tmp_path: Path, eidkit: Callable[..., Said]
) -> None:
    signed = Document.read(box / "archive" / "a.pdf")
    token = collect(signed).signatures[0].timestamps[0].token
    (tmp_path / "1").write_bytes(b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/vnd.etsi.asic-e+zip")
    (tmp_path / "2").write_bytes(b"PK\x03\x04" + bytes(26) + b"word/document.xml")
    (tmp_path / "3").write_bytes(token)
    (tmp_path / "4").write_bytes(world.trust.anchors[0].certificate.der)
    (tmp_path / "5").write_bytes(b'{"v": 1}')
    (tmp_path / "6").write_bytes(b"")
    (tmp_path / "7.PDF").write_bytes(b"")
    said = eidkit("audit", tmp_path, *judging(box), "--json")
    assert [(Path(line["path"]).name, line["format"], line["verdict"]) for line in said.lines] == [
        ("1", None, "NOT-READABLE"),
        ("3", "timestamp-token", "INDETERMINATE"),
        ("7.PDF", None, "NOT-READABLE"),
    ]
    assert "passed over: 4" in said.err


def test_exit_codes(box: Path, tmp_path: Path, eidkit: Callable[..., Said]) -> None:
    assert eidkit("audit", box / "archive" / "b", *judging(box)).code == 0
    assert eidkit("audit", box / "archive" / "b", box / "archive" / "plain", *judging(box)).code == 1
    assert eidkit("audit", box / "archive" / "note.txt", *judging(box)).code == 2
    assert "audit-nothing" not in eidkit("audit", tmp_path, *judging(box)).out
    nothing = eidkit("audit", tmp_path, *judging(box))
    assert (nothing.code, "there is no document" in nothing.err) == (2, True)
    absent = eidkit("audit", box / "archive", tmp_path / "absent", *judging(box))
    assert (absent.code, absent.out, "absent" in absent.err) == (2, "", True)


def test_workers_say_the_same(box: Path, eidkit: Callable[..., Said]) -> None:
    at = ["--at", "2026-11-25T00:00:00Z", "--json"]
    alone = eidkit("audit", box / "archive", *judging(box), *at)
    together = eidkit("audit", box / "archive", *judging(box)[:-2], *at)
    assert (together.code, together.out) == (alone.code, alone.out)


# ── hostile names and folders ─────────────────────────────────────────────────────────────────────────────


def test_hostile_names_steer_neither_terminal_nor_page(box: Path, tmp_path: Path, eidkit: Callable[..., Said]) -> None:
    folder = copied(box, tmp_path / "in", 1)
    (folder / "000.pdf").rename(folder / HOSTILE)
    said = eidkit("audit", folder, *judging(box), "--html", tmp_path / "out.html")
    assert said.code == 0
    assert len(said.out.splitlines()) == 1
    assert "\u202e" not in said.out
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)" in page
    assert "<script" not in page
    assert "\u202e" not in page


@pytest.mark.skipif(sys.platform != "linux", reason="only there a file name is any octets")
def test_a_name_that_is_not_unicode_has_its_line(box: Path, tmp_path: Path, eidkit: Callable[..., Said]) -> None:
    folder = copied(box, tmp_path / "in", 1)
    (folder / "000.pdf").rename(folder / os.fsdecode(b"\xff.pdf"))
    journal = tmp_path / "journal"
    arguments = ["audit", folder, *judging(box), "--resume", journal, "--html", tmp_path / "out.html"]
    for _ in range(2):
        said = eidkit(*arguments, "--json")
        assert (said.code, os.fsencode(said.lines[0]["path"])) == (0, os.fsencode(folder) + b"/\xff.pdf")
    assert len(journal.read_bytes().splitlines()) == 2


def test_links_are_not_followed_and_nothing_comes_twice(box: Path, tmp_path: Path) -> None:
    folder = copied(box, tmp_path / "in", 2)
    (folder / "sub").mkdir()
    (folder / "sub" / "up").symlink_to(folder)
    (folder / "sub" / "out.pdf").symlink_to(box / "archive" / "a.pdf")
    (folder / "sub" / "x.pdf").write_bytes(b"")
    expected = [str(folder / "000.pdf"), str(folder / "001.pdf"), str(folder / "sub" / "x.pdf")]
    assert [found.path for found in walk([folder])] == expected
    assert [found.path for found in walk([folder, folder, folder / "sub", folder / "001.pdf"])] == [
        str(folder / "000.pdf"), str(folder / "sub" / "x.pdf"), str(folder / "001.pdf"),
    ]  # fmt: skip
    linked = tmp_path / "linked"
    linked.symlink_to(folder)
    assert len(list(walk([linked]))) == 3


def test_order_is_by_octets_and_folders_stand_where_their_names_do(tmp_path: Path) -> None:
    for name in ("b/1", "b-/1", "a", "B", "é", "b.x", "z"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert [found.path.removeprefix(f"{tmp_path}/") for found in walk([tmp_path])] == [
        "B", "a", "b/1", "b-/1", "b.x", "z", "é",
    ]  # fmt: skip


def test_what_cannot_be_listed_is_told(box: Path, tmp_path: Path, eidkit: Callable[..., Said]) -> None:
    """Folders are walked to a bound."""
    deep = copied(box, tmp_path / "in", 1)
    for _ in range(MAX_DEPTH + 2):
        deep /= "d"
    deep.mkdir(parents=True)
    (deep / "x.pdf").write_bytes(b"")
    said = eidkit("audit", tmp_path / "in", *judging(box), "--json")
    assert (said.code, [line["verdict"] for line in said.lines]) == (2, ["TOTAL-PASSED", "NOT-READABLE"])
    assert said.lines[1]["path"].endswith("/d" * (MAX_DEPTH + 1))
    assert f"more than {MAX_DEPTH}" in said.lines[1]["findings"][0]["message"]["en"]


def test_a_file_that_vanishes_is_told(box: Path, tmp_path: Path, world: World) -> None:
    from eidkit.verify.auditing import audit, task_of

    (found,) = walk([copied(box, tmp_path / "in", 1)])
    Path(found.path).unlink()
    (audited,) = audit([task_of(found, None)], _terms(world), None)
    assert audited.line is not None
    assert (audited.line["verdict"], audited.line["path"]) == ("NOT-READABLE", found.path)


def _terms(world: World) -> Any:
    from eidkit.policy import ETSI_BASELINE
    from eidkit.verify.many import Terms

    return Terms(world.trust, None, ETSI_BASELINE, world.clock.now(), None, world.clock, "test")


# ── the page ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_page_counts_sorts_and_stands_alone(box: Path, tmp_path: Path, eidkit: Callable[..., Said]) -> None:
    eidkit("audit", box / "archive", *judging(box), "--html", tmp_path / "out.html", "--lang", "vi")
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    holding, lost = page.split("Does not hold today")
    assert holding.index("archive/a.pdf") < holding.index("archive/b/kept")
    assert lost.index("cut.pdf") < lost.index("promise.pdf") < lost.index("archive/plain")
    assert 'lang="vi"' in page
    for outside in ("http:", "https:", "<script", "src=", "@import", "url("):
        assert outside not in page


def test_the_page_has_a_bounded_number_of_rows(box: Path, eidkit: Callable[..., Said]) -> None:
    from eidkit.verify.render.audit import MAX_ROWS, Summary, page

    line = eidkit("audit", box / "archive" / "a.pdf", *judging(box), "--json").lines[0]
    summary = Summary()
    for number in range(3 * MAX_ROWS):
        later = f"{2100 - number % 7}-01-01T00:00:00Z"
        summary.add({**line, "path": f"{number:05}.pdf", "first_lost": {**line["first_lost"], "at": later}})  # type: ignore[typeddict-item]
    assert [row["first_lost"]["at"][:4] for row in summary.holding if row["first_lost"]] == (
        ["2094"] * 428 + ["2095"] * 428 + ["2096"] * 144
    )
    assert f"{2 * MAX_ROWS} more" in page(summary, ["x"], datetime.now(UTC))


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals there")
def test_progress_is_for_whoever_watches_and_leaves_no_trace(box: Path) -> None:
    ours, theirs = os.openpty()
    options = [str(option) for option in judging(box)]
    command = [sys.executable, "-m", "eidkit.cli", "audit", str(box / "archive"), *options, "--lang", "en"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, check=False)
    os.close(theirs)
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert "a second …" in shown
    assert shown.split("\x1b[2K")[-1].startswith("6 documents: 3 pass")
    assert b"\x1b" not in done.stdout


# ── the journal ───────────────────────────────────────────────────────────────────────────────────────────


def paths_in(journal: Path) -> list[str]:
    return [json.loads(line)["path"] for line in journal.read_bytes().splitlines()[1:]]


def test_a_killed_audit_goes_on_and_nothing_is_lost_or_doubled(
    box: Path, tmp_path: Path, eidkit: Callable[..., Said]
) -> None:
    folder, journal = copied(box, tmp_path / "in", 150), tmp_path / "journal"
    (folder / "077.pdf").write_bytes(b"%PDF-1.7 broken")
    options = [str(option) for option in judging(box)[:-2]]
    command = [sys.executable, "-m", "eidkit.cli", "audit", str(folder), *options, "--resume", str(journal), "--json"]
    written = 0
    for stop in (20, 60, 100):
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            while process.poll() is None and written < stop:
                written = len(journal.read_bytes().splitlines()) - 1 if journal.exists() else 0
                time.sleep(0.002)
            process.send_signal(signal.SIGKILL)
        with journal.open("ab") as file:
            file.write(b'{"schema": 1, "eidkit": "half a li')
    said = eidkit("audit", folder, *judging(box), "--resume", journal, "--json")
    assert said.code == 2
    expected = sorted(str(path) for path in folder.iterdir())
    assert paths_in(journal) == expected
    assert [line["path"] for line in said.lines] == expected
    begun = json.loads(journal.read_bytes().splitlines()[0])["at"]
    fresh = eidkit("audit", folder, *judging(box), "--at", begun, "--json")
    assert said.lines == fresh.lines
    assert journal.read_bytes().splitlines()[1:] == [json.dumps(line).encode() for line in fresh.lines]


def test_what_changed_meanwhile_is_judged_again(box: Path, tmp_path: Path, eidkit: Callable[..., Said]) -> None:
    folder, journal = copied(box, tmp_path / "in", 3), tmp_path / "journal"
    arguments = ["audit", folder, *judging(box), "--resume", journal, "--json"]
    eidkit(*arguments)
    status = (folder / "001.pdf").stat()
    data = bytearray((folder / "001.pdf").read_bytes())
    data[300] ^= 1
    (folder / "001.pdf").write_bytes(data)
    os.utime(folder / "001.pdf", ns=(status.st_atime_ns, status.st_mtime_ns))
    (folder / "002.pdf").unlink()
    said = eidkit(*arguments)
    assert [line["verdict"] for line in said.lines] == ["TOTAL-PASSED", "TOTAL-FAILED"]
    assert eidkit(*arguments).lines == said.lines


def test_a_journal_of_other_options_is_refused(box: Path, tmp_path: Path, eidkit: Callable[..., Said]) -> None:
    folder, journal = copied(box, tmp_path / "in", 1), tmp_path / "journal"
    assert eidkit("audit", folder, *judging(box), "--resume", journal).code == 0
    written = journal.read_bytes()
    workers = ["--workers", "0", "--resume", journal]
    for other, what in (
        (["--trust", box / "roots" / "signing", "--crl", box / "crls", "--offline"], "other anchors"),
        (["--trust", box / "roots", "--offline"], "other certificates"),
        ([*judging(box)[:5], "--at", "2027-01-01T00:00:00Z"], "another moment"),
    ):
        said = eidkit("audit", folder, *other, *workers)
        assert (said.code, said.out, what in said.err) == (2, "", True)
    assert journal.read_bytes() == written


@pytest.mark.parametrize("content", [b"%PDF-1.7\n", b"not a journal", b'{"eidkit_audit": 2, "policy": ""}\n', b"{}\n"])
def test_a_file_that_is_no_journal_is_not_touched(
    content: bytes, box: Path, tmp_path: Path, eidkit: Callable[..., Said]
) -> None:
    journal = tmp_path / "mine"
    journal.write_bytes(content)
    said = eidkit("audit", box / "archive", *judging(box), "--resume", journal)
    assert (said.code, "is not the journal of an audit" in said.err) == (2, True)
    assert journal.read_bytes() == content


def test_a_line_that_no_run_wrote_is_passed_over(box: Path, tmp_path: Path, eidkit: Callable[..., Said]) -> None:
    """Whole JSON with a path, but with members missing: the file is judged again."""
    journal = tmp_path / "j"
    folder = copied(box, tmp_path / "files", 2)
    whole = eidkit("audit", folder, *judging(box), "--json", "--resume", journal)
    first, *rows = journal.read_text("utf-8").splitlines()
    short = [json.dumps({name: json.loads(row)[name] for name in ("path", "size", "modified")}) for row in rows]
    journal.write_text("\n".join([first, *short, ""]), "utf-8")
    again = eidkit("audit", folder, *judging(box), "--json", "--resume", journal)
    assert (again.code, again.out) == (whole.code, whole.out)


def test_a_journal_whose_first_line_is_half_written_is_begun_anew(tmp_path: Path) -> None:
    run_of = Run("0.1", "p@1", "t", "m", "2026-03-02T05:00:00Z")
    with Journal.open(tmp_path / "whole", run_of):
        pass
    first = (tmp_path / "whole").read_bytes()
    for length in (0, 1, 15, 20, len(first) - 1):
        (tmp_path / "half").write_bytes(first[:length])
        with Journal.open(tmp_path / "half", run_of) as journal:
            assert len(journal) == 0
        assert (tmp_path / "half").read_bytes() == first


@pytest.mark.skipif(sys.platform == "win32", reason="files are not locked there")
def test_one_audit_at_a_time_writes_a_journal(box: Path, tmp_path: Path, eidkit: Callable[..., Said]) -> None:
    script = (
        "import sys\nfrom eidkit.verify.journal import Journal, Run\n"
        "with Journal.open(sys.argv[1], Run('0.1', 'p@1', 't', 'm', '2026-03-02T05:00:00Z')):\n"
        "    print('open', flush=True)\n    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, tmp_path / "journal"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        said = eidkit("audit", box / "archive", *judging(box), "--resume", tmp_path / "journal")
        process.communicate()
    assert (said.code, "another audit is writing" in said.err) == (2, True)
