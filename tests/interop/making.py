"""The files of the matrix: every key, digest, padding, format, level, number of signers, with and without Assertion."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from eidkit.binding import (
    Assurance,
    Authentication,
    ChallengeFacts,
    Check,
    Disclosure,
    ProcedureReference,
    Proof,
    ShownText,
    Transaction,
    TransactionAction,
    TransactionDocument,
    attest,
    subject_commitment,
)
from eidkit.document import Document
from eidkit.sandbox import Sandbox
from eidkit.sandbox.documents import decision_pdf, form_xml
from eidkit.sandbox.keys import SandboxKey
from eidkit.signing import sign
from eidkit.verify import collect
from eidkit.verify.content import content_digest
from eidkit.verify.signature_value import value_digest

ROLE = "Trưởng phòng"
_DIGESTS = ("sha256", "sha384", "sha512")
_PEOPLE = (
    ("Nguyễn Thị Lan", "000001000001"),
    ("Trần Văn Bình", "000001000002"),
    ("Lê Hoàng Hà", "000001000003"),
)


@dataclass(frozen=True, slots=True)
class Scheme:
    """A key and how it signs; ``algorithm`` is the name in :mod:`eidkit.algorithms`."""

    key: str
    digest: str | None
    pss: bool
    algorithm: str


SCHEMES = (
    *(Scheme("rsa2048", digest, False, f"rsa-pkcs1-{digest}") for digest in _DIGESTS),
    *(Scheme("rsa2048", digest, True, f"rsa-pss-{digest}") for digest in _DIGESTS),
    *(Scheme(key, digest, False, f"ecdsa-{digest}") for key in ("p256", "p384") for digest in _DIGESTS),
    Scheme("ed25519", None, False, "ed25519"),
)


@dataclass(frozen=True, slots=True)
class Made:
    """One signed file and what was asked of it."""

    path: Path
    scheme: Scheme
    format: str
    level: str
    signers: int
    assertion: bool

    @property
    def dss_level(self) -> str:
        """The level in DSS's words."""
        return f"{'PAdES' if self.format == 'pdf' else 'XAdES'}-BASELINE-{self.level}"


def make_all(folder: Path, sandbox: Sandbox) -> Iterator[Made]:
    """Every file of the matrix, written into ``folder``; signed at the sandbox's time."""
    maker = _Maker(sandbox)
    levels, counts, bindings = ("B", "T"), (1, 2, 3), (False, True)
    for scheme, format_, level, assertion in itertools.product(SCHEMES, ("pdf", "xml"), levels, bindings):
        document = original(format_)
        for count in counts:
            document = maker.signed(document, scheme, count - 1, level=level, assertion=assertion)
            name = f"{scheme.key}-{scheme.algorithm}-{level}-{count}{'-assertion' if assertion else ''}.{format_}"
            document.write(folder / name)
            yield Made(folder / name, scheme, format_, level, count, assertion)


def original(format_: str) -> Document:
    """The sample document of a format, unsigned."""
    if format_ == "pdf":
        return Document.from_bytes(decision_pdf(), "permit.pdf")
    return Document.from_bytes(form_xml(), "form.xml")


def authorities(sandbox: Sandbox) -> tuple[list[bytes], list[bytes]]:
    """The roots of every kind, and the issuing authorities below them (DER)."""
    certificates = [authority.certificate for authority in sandbox.authorities.values()]
    anchors = [c.public_bytes(Encoding.DER) for c in certificates if c.issuer == c.subject]
    return anchors, [c.public_bytes(Encoding.DER) for c in certificates if c.issuer != c.subject]


class _Maker:
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._key = cache(self._new_key)

    def _new_key(self, kind: str, person: int) -> SandboxKey:
        name, number = _PEOPLE[person]
        return self._sandbox.official(name, number, title=ROLE, key=kind)

    def signed(self, document: Document, scheme: Scheme, person: int, *, level: str, assertion: bool) -> Document:
        """``document`` with one more signature."""
        key = self._key(scheme.key, person)
        authentication = self._authentication(document, key) if assertion else None
        return sign(
            document,
            key,
            tsa=self._sandbox.tsa if level == "T" else None,
            digest=scheme.digest,
            pss=scheme.pss,
            authentication=authentication,
            claimed_roles=() if assertion else (ROLE,),
            transport=self._sandbox,
            clock=self._sandbox.clock,
        )

    def _authentication(self, document: Document, key: SandboxKey) -> Authentication:
        """An attested login for just this document: made here, where no person is in front of a screen."""
        now = self._sandbox.clock.now().replace(microsecond=0)
        content = content_digest(document)
        present = tuple(sorted(value_digest(s) for s in collect(document).signatures))
        media_type = "application/pdf" if document.format == "pdf" else "application/xml"
        transaction = Transaction(
            dossier_id="H00.01-261124-0001",
            dossier_nonce="11" * 32,
            procedure=ProcedureReference("matrix", "1", "22" * 32),
            step="approval",
            role=ROLE,
            kind="person",
            action=TransactionAction("approve", "advances"),
            max_age=600,
            text=ShownText("vi", "Phê duyệt hồ sơ"),
            documents=(TransactionDocument("permit", media_type, content.length, content.sha256, present),),
        )
        salt, proof = b"\x33" * 32, b'{"outcome":"accepted"}'
        return attest(
            Authentication(
                transaction=transaction,
                method="otp-totp",
                factors=("have",),
                assurance=(Assurance("vn-2024", "1", "policy"),),
                challenge=ChallengeFacts("44" * 32, now - timedelta(seconds=30), now + timedelta(minutes=5), "matrix"),
                authenticated_at=now,
                proof_class="attested",
                proof=Proof.of("application/json", proof),
                checks=(Check("code", "RFC 6238 §5.2"),),
                warnings=(),
                subject=subject_commitment(key.identity, salt),
                disclosure=Disclosure(key.identity, salt, proof),
            ),
            self._sandbox.service_key,
            now,
        )
