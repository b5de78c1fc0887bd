"""A stage for dossiers: people, their keys, the service, and an insider who may change anything before it is signed.

The insider holds the service key, the timestamp authority and, where a turn says so, the signer's key: each
mutant is signed again by whoever could have made it, so that it passes every check but the one it breaks.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from eidkit import algorithms
from eidkit.auth import answering, making
from eidkit.auth.assurance import assess, factors
from eidkit.auth.challenge import Issued
from eidkit.binding.attestation import attest
from eidkit.binding.authentication import ChallengeFacts, Proof
from eidkit.binding.procedure import Procedure
from eidkit.clock import FixedClock
from eidkit.commitments import PROOF_OF_APPROVAL
from eidkit.document import Document
from eidkit.dossier import Dossier
from eidkit.dossier.dossier import EarlierState, Held
from eidkit.identity import Identity
from eidkit.sandbox import Sandbox
from eidkit.signing.formats import Request, writer
from eidkit.timestamps.authority import first_token
from eidkit.vn import five_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from eidkit.binding.authentication import Authentication
    from eidkit.binding.transaction import Transaction
    from eidkit.dossier import DossierReport
    from eidkit.sandbox.keys import SandboxKey
    from eidkit.signing import Appearance

NOON = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
DOSSIER = "H56.01-260302-0001"


def same(value):
    return value


def as_it_is(_label, document):
    return document


def straight(_monkeypatch, _label):
    """Our own writers, not bent."""


@dataclass(frozen=True)
class Turn:
    """What an insider changes at one step; a plain Turn changes nothing.

    ``transaction`` is changed before anybody logs in, ``login`` before it is attested, ``attested`` afterwards;
    ``before`` and ``after`` change a document around its signing; ``jws`` what travels inside the signature;
    ``made`` logs the person in in another way; ``patch`` bends our own writers while that one signature is written.
    ``stamps`` are what readers see, by label: named in the transaction where the step allows it, and drawn, unless
    ``drawn`` says what is drawn instead.
    """

    action: str = "approve"
    transaction: Callable[[Transaction], Transaction] = same
    person: Identity | None = None
    signer: SandboxKey | None = None
    login: Callable[[Authentication], Authentication] = same
    made: Callable[[Transaction, Identity], Authentication] | None = None
    attester: SandboxKey | None = None
    issued_after: timedelta = timedelta()
    attested: Callable[[Authentication], Authentication] = same
    wait: timedelta = timedelta(minutes=1)
    jws: Callable[[str], str | None] = same
    before: Callable[[str, Document], Document] = as_it_is
    after: Callable[[str, Document], Document] = as_it_is
    patch: Callable[[pytest.MonkeyPatch, str], None] = straight
    roles: tuple[str, ...] | None = None
    commitment: str | None = "honest"
    tsa: bool = True
    labels: tuple[str, ...] | None = None
    stamps: Mapping[str, Appearance] = field(default_factory=dict)
    drawn: Mapping[str, Appearance] | None = None


@dataclass
class Stage:
    sandbox: Sandbox
    clock: FixedClock
    lan: SandboxKey
    binh: SandboxKey
    seal: SandboxKey
    procedure: Procedure
    files: dict[str, Document]
    cast: dict[str, tuple[SandboxKey, SandboxKey]] = field(default_factory=dict)

    def opened(self, procedure: Procedure | None = None, **changes) -> Dossier:
        """A dossier just opened; the clock only ever goes forward, as one-time codes demand."""
        self.clock.advance(timedelta(minutes=5))
        return Dossier.open(changes.pop("id", DOSSIER), procedure or self.procedure, self.files, **changes)

    def play(
        self, dossier: Dossier, turns: dict[str, Turn] | None = None, steps: tuple[str, ...] | None = None
    ) -> Dossier:
        """The dossier with every step done (or ``steps``), changed by ``turns``, approved by nobody's checks."""
        for name in steps or tuple(step.name for step in dossier.procedure.steps):
            dossier = self.act(dossier, name, (turns or {}).get(name, Turn()))
        return dossier

    def act(self, dossier: Dossier, step: str, turn: Turn) -> Dossier:
        """One step of ``dossier`` as ``turn`` has it, put into the folder without asking."""
        login, signed = self.turn(dossier, step, turn)
        held = tuple(
            Held(item.label, turn.after(item.label, signed[item.label])) if item.label in signed else item
            for item in dossier.held
        )
        earlier = tuple(
            EarlierState(len(dossier.authentications), item.label, item.document)
            for item in dossier.held
            if item.label in signed and item.document.format == "xml"
        )
        return replace(
            dossier,
            held=held,
            authentications=(*dossier.authentications, login),
            known_approvals=None,
            earlier=(*dossier.earlier, *earlier),
        )

    def turn(self, dossier: Dossier, step: str, turn: Turn) -> tuple[Authentication, dict[str, Document]]:
        """The login and the signed documents of one step."""
        due = dossier.procedure.step(step)
        who, key = self.cast[step]
        self.clock.advance(timedelta(minutes=5))
        named = turn.stamps if due.appearance else {}
        shown = turn.transaction(dossier.transaction(action=turn.action, appearance=named))
        drawn = turn.stamps if turn.drawn is None else turn.drawn
        person = turn.person or who.identity
        login = turn.made(shown, person) if turn.made else self.login(shown, person, turn)
        self.clock.advance(turn.wait)
        roles = (due.role,) if turn.roles is None else turn.roles
        chosen = next((action for action in due.actions if action.name == turn.action), due.actions[0])
        commitment = chosen.commitment_oid if turn.commitment == "honest" else turn.commitment
        signed = {}
        for label in turn.labels or dossier.labels_of(due):
            document = turn.before(label, dossier.document(label))
            with pytest.MonkeyPatch.context() as bent:
                turn.patch(bent, label)
                signed[label] = self.signature(
                    document,
                    turn.signer or key,
                    assertion=turn.jws(login.attestation),
                    roles=roles,
                    commitment=commitment,
                    tsa=turn.tsa,
                    stamp=drawn.get(label),
                )
        return login, signed

    def login(self, transaction: Transaction, person: Identity, turn: Turn = Turn()) -> Authentication:
        """A login that nobody made: what whoever holds the service key can write down."""
        now = self.clock.now()
        issued = Issued(
            "totp",
            ChallengeFacts("5a" * 32, now - timedelta(seconds=30), now + timedelta(minutes=5), "permits"),
            transaction,
            person,
            {},
        )
        made = making.authentication(
            issued,
            person,
            at=now,
            factors=factors("totp"),
            assurance=assess("totp"),
            proof_class="attested",
            proof=self.otp_proof(issued.value),
            checks=[("totp", "RFC 6238 §5.2")],
        )
        made = turn.login(made)
        return turn.attested(attest(made, turn.attester or self.sandbox.service_key, now + turn.issued_after))

    def otp_proof(self, value: bytes, ago: timedelta = timedelta()) -> tuple[str, bytes]:
        """What is kept of a code that answered the challenge ``value``."""
        step = int((self.clock.now() + ago).timestamp()) // 30
        return answering.MEDIA_TYPE, answering.proof_bytes("totp", value, {"time_step": step})

    def proved(self, change: Callable[[Authentication], Authentication]) -> Callable[[Authentication], Authentication]:
        """``change``, with the proof of the code made anew for whatever the challenge has become."""

        def changed(login: Authentication) -> Authentication:
            made = change(login)
            proof = self.otp_proof(made.challenge_value)
            return replace(made, proof=Proof.of(*proof), disclosure=replace(made.disclosure, proof=proof[1]))

        return changed

    def signature(
        self,
        document: Document,
        key: SandboxKey,
        *,
        assertion: str | None,
        roles: tuple[str, ...] = (),
        commitment: str | None = PROOF_OF_APPROVAL.oid,
        tsa: bool = True,
        stamp: Appearance | None = None,
    ) -> Document:
        """``document`` signed with whatever is asked to go into the signature."""
        algorithm = algorithms.suited(key.certificate.public_key())
        request = Request(
            certificate=key.certificate_der,
            chain=_ders(key),
            algorithm=algorithm,
            digest=algorithm.digest or "sha512",
            token_reserve=8192 if tsa else 0,
            assertion=assertion,
            claimed_roles=roles,
            commitment=commitment,
            signing_time=self.clock.now(),
        )
        format_ = writer(document.format, document.name)
        prepared = format_.prepare(document, request, *([stamp.placing] if stamp else []))
        value = key.sign(prepared.to_sign, algorithm)
        token = None
        if tsa:
            octets = format_.timestamp_octets(prepared, request, value)
            token = first_token((self.sandbox.tsa,), octets, digest="sha256", transport=self.sandbox, clock=self.clock)
        return document.spliced(prepared.offset, format_.finish(prepared, request, value, token))

    def verify(self, dossier: Dossier, **changes) -> DossierReport:
        """The report of a verifier who holds the anchors and may ask the sandbox for revocation data."""
        given = {
            "trust": self.sandbox.trust,
            "sources": self.sandbox.sources,
            "transport": self.sandbox,
            "clock": self.clock,
        }
        given |= changes
        return dossier.verify(given.pop("trust"), **given)


def _ders(key: SandboxKey) -> tuple[bytes, ...]:
    from cryptography.hazmat.primitives.serialization import Encoding

    return tuple(certificate.public_bytes(Encoding.DER) for certificate in key.chain)


@pytest.fixture(scope="session")
def stage() -> Stage:
    """People, keys and papers; the three middle steps of the one-stop shop as procedure."""
    from eidkit.sandbox.documents import decision_pdf, form_xml

    clock = FixedClock(NOON)
    sandbox = Sandbox.create(clock=clock)
    lan = sandbox.official("Nguyễn Thị Lan", "000190000022", title="Trưởng phòng")
    binh = sandbox.official("Trần Văn Bình", "000080000033", title="Chuyên viên")
    seal = sandbox.agency("UBND phường Bến Sen", "0000000025")
    five = five_steps(
        attesters=[sandbox.service_key.identity],
        mandate=seal.identity,
        holders={
            "one-stop-shop officer": [binh.identity],
            "case officer": [binh.identity],
            "head of unit": [lan.identity],
            "clerk": [binh.identity],
        },
    )
    files = {
        "permit": Document.from_bytes(decision_pdf(), "permit.pdf"),
        "form": Document.from_bytes(form_xml(), "form.xml"),
    }
    cast = {
        "reception": (binh, binh),
        "assessment": (binh, binh),
        "approval": (lan, lan),
        "signing": (binh, seal),
        "result": (binh, binh),
    }
    return Stage(sandbox, clock, lan, binh, seal, five, files, cast)


@pytest.fixture(scope="session")
def honest(stage: Stage) -> Dossier:
    """Every step done as it should be."""
    return stage.play(stage.opened())


@pytest.fixture
def caught(stage: Stage, honest: Dossier) -> Callable[..., DossierReport]:
    """``caught(mutant, *codes)``: the honest dossier is COMPLETE, the mutant shows exactly these errors.

    ``exactly=False``: these among others, where breaking one rule breaks what is built on it as well.
    ``twin`` is the honest dossier of a mutant that lives under another procedure; what else is given goes to
    ``verify`` for the mutant alone.
    """

    def check(
        mutant: Dossier, *codes: str, twin: Dossier | None = None, exactly: bool = True, **changes
    ) -> DossierReport:
        report = stage.verify(honest if twin is None else twin)
        assert report.verdict == "COMPLETE", str(report)
        report = stage.verify(mutant, **changes)
        errors = {found.code for found in report.all_findings if found.severity == "error"}
        assert errors == set(codes) if exactly else errors > set(codes), f"{sorted(errors)}\n{report}"
        assert not report
        return report

    return check


@pytest.fixture(scope="session")
def turn() -> type[Turn]:
    """The Turn class: test modules cannot import this file."""
    return Turn
