"""Signing in two halves: ``prepare`` gives a Pending, ``Pending.complete`` the signed Document.

The key may be anywhere between them: a file, a hardware token, a remote service, a phone, minutes later, in
another process.  A Pending holds the bytes to be added (never the document), so its size does not depend on
the document; the second half takes no parameter that could differ from the first, refuses another document
by its digest, and checks the signature value against the certificate before it is embedded.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eidkit import algorithms, canonical
from eidkit.asn1 import certificate as certificates
from eidkit.binding import shape
from eidkit.clock import SYSTEM_CLOCK, Clock
from eidkit.errors import CanonicalError, SigningError, Text, TimestampUnavailable
from eidkit.signing.formats import Prepared, Request, placed, writer

if TYPE_CHECKING:
    from eidkit.algorithms import SignatureAlgorithm
    from eidkit.document import Document
    from eidkit.timestamps.authority import TimestampAuthority
    from eidkit.transport import Transport

VERSION = 1
_REQUEST = (
    "certificate",
    "chain",
    "algorithm",
    "digest",
    "token_reserve",
    "assertion",
    "claimed_roles",
    "commitment",
    "signing_time",
)
_PREPARED = ("offset", "insertion", "to_sign", "state")
_MEMBERS = ("v", "document", "format", "request", "prepared")


@dataclass(frozen=True, slots=True)
class Pending:
    """A signature that waits for its value.

    ``to_sign`` are the octets that the key signs, ``algorithm`` how, ``digest`` their hash for a key that signs
    a hash (None for Ed25519, which hashes by itself).  Threads may share it.
    """

    document_name: str
    document_length: int
    document_sha256: str
    format: str
    request: Request
    prepared: Prepared
    stored: bool = False

    @property
    def to_sign(self) -> bytes:
        """The octets that the key signs: DER signed attributes, or canonical SignedInfo."""
        return self.prepared.to_sign

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """The algorithm that the value must be made with."""
        return self.request.algorithm

    @property
    def digest(self) -> bytes | None:
        """The hash of ``to_sign`` under the algorithm's digest; None for Ed25519."""
        name = self.algorithm.digest
        return hashlib.new(name, self.to_sign).digest() if name else None

    def complete(
        self,
        value: bytes,
        document: Document,
        *,
        tsa: TimestampAuthority | tuple[TimestampAuthority, ...] | None = None,
        detached: Document | None = None,
        transport: Transport | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> Document:
        """The signed document.

        ``value`` is the signature value over ``to_sign`` (ECDSA: DER); ``document`` the one that was prepared.
        ``tsa`` makes signature level B-T; several authorities are asked in order.  ``detached``: the content of a
        detached CMS that got one more signature, where the Pending was stored meanwhile.  Raises
        :class:`SigningError` for another document or a value that does not belong to the certificate, and
        :class:`TimestampUnavailable`, whose ``signed`` holds the B-B document, when no authority answers.
        """
        if (document.length, document.sha256) != (self.document_length, self.document_sha256):
            raise _refused(
                "pending-other-document",
                f"{document.name} is not the document that was prepared",
                f"{document.name} không phải tài liệu đã chuẩn bị",
                "give the very document that prepare was called with",
            )
        self._check_value(value)
        format_ = writer(self.format, document.name)
        if not tsa:
            return self._signed(document, format_.finish(self.prepared, self.request, value, None), detached)
        octets = format_.timestamp_octets(self.prepared, self.request, value)
        try:
            token = _token(tsa, octets, self.request, transport, clock)
        except TimestampUnavailable as error:
            error.signed = self._signed(document, format_.finish(self.prepared, self.request, value, None), detached)
            raise
        return self._signed(document, format_.finish(self.prepared, self.request, value, token), detached)

    def _check_value(self, value: bytes) -> None:
        key = certificates.parse(self.request.certificate).public_key()
        if not algorithms.verify_signature(key, self.algorithm, value, self.to_sign):
            raise _refused(
                "signature-value",
                "the signature value does not belong to this certificate and document",
                "giá trị chữ ký không khớp với chứng thư và tài liệu",
                "check that the key belongs to the certificate and that it signed to_sign",
            )

    def _signed(self, document: Document, finished: bytes, detached: Document | None) -> Document:
        signed = placed(self.format, document, self.prepared, finished)
        if self.stored:
            beside = document if self.prepared.state.get("form") == "detached" else detached
            _check_intact(signed, self.prepared.to_sign, beside)
        return signed

    def to_json(self) -> bytes:
        """The Pending as canonical JSON; it holds no secret and no content of the document."""
        request = {name: getattr(self.request, name) for name in _REQUEST}
        request |= {
            "certificate": shape.base64_text(self.request.certificate),
            "chain": [shape.base64_text(der) for der in self.request.chain],
            "algorithm": self.algorithm.name,
            "claimed_roles": list(self.request.claimed_roles),
            "signing_time": canonical.format_time(self.request.signing_time),
        }
        prepared = {
            "offset": self.prepared.offset,
            "insertion": shape.base64_text(self.prepared.insertion),
            "to_sign": shape.base64_text(self.prepared.to_sign),
            "state": dict(self.prepared.state),
        }
        document = {"name": self.document_name, "length": self.document_length, "sha256": self.document_sha256}
        return canonical.dumps(
            {"v": VERSION, "document": document, "format": self.format, "request": request, "prepared": prepared}
        )

    @classmethod
    def from_json(cls, saved: bytes) -> Pending:
        """The Pending that :meth:`to_json` wrote; anything else raises :class:`CanonicalError`.

        What is completed from it is verified before it is given back, because the store may have been written
        to by somebody else.
        """
        try:
            return _restored(canonical.members(canonical.loads(saved), _MEMBERS, "pending"))
        except (KeyError, ValueError, TypeError) as error:
            raise CanonicalError(
                "pending-malformed",
                Text("the stored signature request is malformed", "yêu cầu ký đã lưu sai cấu trúc"),
                Text("prepare the document again", "chuẩn bị lại tài liệu"),
            ) from error


def _restored(value: dict[str, Any]) -> Pending:
    if value["v"] != VERSION:
        raise ValueError("another version")
    document = canonical.members(value["document"], ("name", "length", "sha256"), "document")
    stored = canonical.members(value["request"], _REQUEST, "request")
    prepared = canonical.members(value["prepared"], _PREPARED, "prepared")
    request = Request(
        **{
            **stored,
            "certificate": shape.base64_bytes(stored["certificate"], "certificate"),
            "chain": tuple(shape.base64_bytes(item, "chain") for item in stored["chain"]),
            "algorithm": algorithms.SIGNATURE_BY_NAME[stored["algorithm"]],
            "claimed_roles": tuple(stored["claimed_roles"]),
            "signing_time": canonical.parse_time(stored["signing_time"]),
        }
    )
    return Pending(
        document["name"],
        document["length"],
        document["sha256"],
        value["format"],
        request,
        Prepared(
            prepared["offset"],
            shape.base64_bytes(prepared["insertion"], "insertion"),
            shape.base64_bytes(prepared["to_sign"], "to_sign"),
            prepared["state"],
        ),
        stored=True,
    )


def _token(
    tsa: TimestampAuthority | tuple[TimestampAuthority, ...],
    octets: bytes,
    request: Request,
    transport: Transport | None,
    clock: Clock,
) -> bytes:
    """A checked token over ``octets`` that fits into the reserve."""
    from eidkit.timestamps.authority import first_token

    token = first_token(tsa, octets, digest=request.digest, transport=transport, clock=clock)
    if len(token) > request.token_reserve:
        raise TimestampUnavailable(
            "timestamp-reserve",
            Text(
                f"the timestamp token has {len(token)} octets and {request.token_reserve} were kept free",
                "dấu thời gian lớn hơn chỗ đã dành",
            ),
            Text("sign with a larger token_reserve=", "ký với token_reserve= lớn hơn"),
            kind="caller",
            retryable=False,
        )
    return token


def _check_intact(signed: Document, to_sign: bytes, beside: Document | None) -> None:
    """A Pending that was stored outside is not believed: the signature it gave must hold in the document."""
    from eidkit.verify.collecting import collect

    made = next((s for s in collect(signed, detached=beside or ()).signatures if s.signed_octets == to_sign), None)
    if (
        made is None
        or any(r.computed != r.declared for r in made.references)
        or any(o.code == "OWN_REVISION_CHANGED" for o in made.observations)
    ):
        raise _refused(
            "pending-altered",
            "the stored signature request was altered",
            "yêu cầu ký đã lưu bị thay đổi",
            "prepare the document again and keep the request where nobody can change it",
        )


def _refused(code: str, en: str, vi: str, remedy: str) -> SigningError:
    return SigningError(code, Text(en, vi), Text(remedy, "chuẩn bị và ký lại"))
