"""``eidkit dossier``: logins by certificate, identity links and erasure from the shell."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from eidkit.auth import Stores, x509
from eidkit.canonical import format_time
from eidkit.cli.running import run
from eidkit.vn import five_steps, procedure_toml
from tests.dossier.shown_together import ORIGIN, ShownTogether


@dataclass(frozen=True)
class Case:
    """What lies on the verifier's disk."""

    folder: Path
    arguments: tuple[str, ...]

    def verify(self, capsys, *more):
        code = run(["dossier", "verify", str(self.folder), *self.arguments, *map(str, more), "--json"])
        told = json.loads(capsys.readouterr().out)
        every = [*told["findings"], *(found for step in told["steps"] for found in step["findings"])]
        return code, told["verdict"], {found["code"] for found in every if found["severity"] == "error"}


def brought(stage, place, dossier, *kinds):
    """The dossier, and beside it the procedure, the anchors of ``kinds`` and the lists of now, as files."""
    dossier.write(place / "folder")
    (place / "procedure.toml").write_text(procedure_toml(dossier.procedure), encoding="utf-8")
    for number, anchor in enumerate(stage.sandbox.trust.anchors):
        where = place / "anchors" / anchor.kind if anchor.kind in kinds else place / "others" / anchor.kind
        where.mkdir(parents=True, exist_ok=True)
        (where / f"{number}.der").write_bytes(anchor.certificate.der)
    (place / "crls").mkdir()
    for number, crl in enumerate(stage.sandbox.crls()):
        (place / "crls" / f"{number}.crl").write_bytes(crl)
    arguments = ("--procedure", place / "procedure.toml", "--trust", place / "anchors", "--crl", place / "crls")
    at = ("--at", format_time(stage.clock.now()), "--offline")
    return Case(place / "folder", (*map(str, arguments), *at))


SIGNING = ("signing", "timestamping", "attestation")


@pytest.fixture(scope="module")
def by_certificate(stage, turn):
    procedure = five_steps(
        attesters=stage.procedure.attesters,
        mandate=stage.seal.identity,
        holders=dict(stage.procedure.holders),
        proof_class={"approval": "transferable"},
    )

    def made(transaction, _person):
        stores = Stores.memory()
        challenge = x509.begin(transaction, audience=ORIGIN, stores=stores, clock=stage.clock)
        return x509.verify(
            x509.respond(stage.lan, challenge.question, at=ORIGIN), challenge.id, trust=stage.sandbox.trust,
            stores=stores, sources=stage.sandbox.sources, attest=stage.sandbox.service_key, transport=stage.sandbox,
            clock=stage.clock,
        )  # fmt: skip

    return stage.play(stage.opened(procedure), {"approval": turn(made=made)})


def test_a_login_by_certificate_is_proved_with_login_anchors(stage, by_certificate, tmp_path, capsys):
    case = brought(stage, tmp_path, by_certificate, *SIGNING)
    code, verdict, found = case.verify(capsys)
    assert (code, verdict, found) == (1, "INDETERMINATE", {"LOGIN_CERTIFICATE_UNDECIDED", "ASSURANCE_UNDECIDED"})
    assert case.verify(capsys, "--login-trust", tmp_path / "others/login") == (0, "COMPLETE", set())


def test_login_anchors_may_stand_in_the_trust_folder(stage, by_certificate, tmp_path, capsys):
    case = brought(stage, tmp_path, by_certificate, *SIGNING, "login")
    assert case.verify(capsys)[:2] == (0, "COMPLETE")


def test_the_verifiers_own_origin_counts(stage, by_certificate, tmp_path, capsys):
    case = brought(stage, tmp_path, by_certificate, *SIGNING, "login")
    assert case.verify(capsys, "--origin", ORIGIN)[:2] == (0, "COMPLETE")
    code, verdict, found = case.verify(capsys, "--origin", "https://other.example")
    assert (code, verdict) == (1, "FAILED")
    assert "LOGIN_RECHECK" in found


def test_an_origin_that_is_none_is_told(stage, by_certificate, tmp_path, capsys):
    case = brought(stage, tmp_path, by_certificate, *SIGNING, "login")
    code = run(["dossier", "verify", str(case.folder), *case.arguments, "--origin", "permits"])
    assert code == 2
    assert "origin" in capsys.readouterr().err


def test_one_file_with_its_login_is_rechecked_with_the_same_options(stage, by_certificate, tmp_path, capsys):
    case = brought(stage, tmp_path, by_certificate, *SIGNING)
    logins = [
        part for one in sorted((case.folder / "authentications").iterdir()) for part in ("--authentication", str(one))
    ]
    arguments = ["verify", str(case.folder / "documents/permit.pdf"), *case.arguments[2:], *logins]
    assert run(arguments) == 1
    assert "LOGIN_CERTIFICATE_UNDECIDED" in capsys.readouterr().out
    assert run([*arguments, "--login-trust", str(tmp_path / "others/login"), "--origin", ORIGIN]) == 0
    capsys.readouterr()
    assert run([*arguments, "--login-trust", str(tmp_path / "others/login"), "--origin", "https://other.example"]) == 1
    assert "LOGIN_RECHECK" in capsys.readouterr().out


# ── identity links ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def linked(stage, turn):
    """A dossier whose approval needs a link, the link, and the provider's pin."""
    together = ShownTogether(stage)
    dossier = stage.play(stage.opened(), {"approval": turn(made=together)})
    return dossier, together.links[0], together.pinned


def test_a_link_is_given_as_a_file(stage, linked, tmp_path, capsys):
    dossier, link, pinned = linked
    case = brought(stage, tmp_path, dossier, *SIGNING)
    pinned.write(tmp_path / "provider.json")
    link.write(tmp_path / "link.json")
    code, verdict, found = case.verify(capsys, "--provider", tmp_path / "provider.json")
    assert (code, verdict) == (1, "INDETERMINATE")
    assert "PERSON_UNDECIDED" in found
    more = ("--provider", tmp_path / "provider.json", "--identity-link", tmp_path / "link.json")
    assert case.verify(capsys, *more) == (0, "COMPLETE", set())


def test_without_the_provider_nothing_fails_and_the_option_is_named(stage, linked, tmp_path, capsys):
    dossier, link, _ = linked
    case = brought(stage, tmp_path, replace(dossier, links=(link,)), *SIGNING)
    code, verdict, found = case.verify(capsys)
    assert (code, verdict, found) == (1, "INDETERMINATE", {"LOGIN_RECHECK_UNDECIDED", "ASSURANCE_UNDECIDED"})
    run(["dossier", "verify", str(case.folder), *case.arguments, "--lang", "en"])
    assert "--provider" in capsys.readouterr().out


def test_a_file_that_is_no_link_is_told_by_its_name(stage, linked, tmp_path, capsys):
    case = brought(stage, tmp_path, linked[0], *SIGNING)
    (tmp_path / "link.json").write_bytes(b"{}")
    assert (
        run(["dossier", "verify", str(case.folder), *case.arguments, "--identity-link", str(tmp_path / "link.json")])
        == 2
    )
    assert "link.json" in capsys.readouterr().err


# ── erasure ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_step_is_erased_from_the_shell(stage, honest, tmp_path, capsys):
    case = brought(stage, tmp_path, honest, *SIGNING)
    assert run(["dossier", "erase", str(case.folder), "--step", "reception", "--yes", "--lang", "en"]) == 0
    assert capsys.readouterr().out.startswith("1 logins and 0 identity links erased")
    assert case.verify(capsys) == (1, "INDETERMINATE", {"ERASED"})


def test_without_a_yes_nothing_is_erased(stage, honest, tmp_path, capsys, monkeypatch):
    import io

    case = brought(stage, tmp_path, honest, *SIGNING)
    before = (case.folder / "authentications/01.json").read_bytes()
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert run(["dossier", "erase", str(case.folder), "--step", "reception"]) != 0
    assert (case.folder / "authentications/01.json").read_bytes() == before


def test_a_misspelt_step_is_told(stage, honest, tmp_path, capsys):
    case = brought(stage, tmp_path, honest, *SIGNING)
    assert run(["dossier", "erase", str(case.folder), "--step", "aproval", "--yes", "--lang", "en"]) == 2
    assert "nobody took the step aproval" in capsys.readouterr().err
