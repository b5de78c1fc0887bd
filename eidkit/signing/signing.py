"""``sign``, ``prepare`` and ``timestamp``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit import algorithms, commitments
from eidkit.asn1 import certificate as certificates
from eidkit.clock import SYSTEM_CLOCK, Clock
from eidkit.errors import NotSupported, SigningError, Text
from eidkit.signing import login_gate
from eidkit.signing.certificate_gate import check_certificate
from eidkit.signing.formats import Prepared, Request, format_of, writer
from eidkit.signing.pending import Pending
from eidkit.timestamps.authority import first_token

if TYPE_CHECKING:
    from typing import Literal

    from cryptography import x509

    from eidkit.binding.authentication import Authentication
    from eidkit.document import Document
    from eidkit.key import SigningKey
    from eidkit.pdf.placing import Placing
    from eidkit.signing.appearance import Appearance
    from eidkit.signing.formats.cms import Form
    from eidkit.timestamps.authority import TimestampAuthority
    from eidkit.transport import Transport
    from eidkit.trust.sources import Sources
    from eidkit.trust.store import TrustStore

TOKEN_RESERVE = 8192
"""Octets kept free for a timestamp token when a timestamp authority is named."""


def prepare(
    document: Document,
    certificate: x509.Certificate,
    *,
    format: Literal["cms"] | None = None,  # noqa: A002  # the command line's word
    attached: bool = False,
    detached: Document | None = None,
    over: str | None = None,
    chain: tuple[x509.Certificate, ...] | list[x509.Certificate] = (),
    digest: str | None = None,
    pss: bool = False,
    authentication: Authentication | None = None,
    appearance: Appearance | None = None,
    field: str | None = None,
    claimed_roles: tuple[str, ...] = (),
    commitment: str | None = "auto",
    token_reserve: int = TOKEN_RESERVE,
    trust: TrustStore | None = None,
    sources: Sources | None = None,
    transport: Transport | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Pending:
    """The Pending for ``document``: everything but the signature value.

    ``format``: None signs by content (PDF, XML, or one more signature in a CMS); ``"cms"`` makes a CMS signature
    of any file, beside it (``NAME.p7s``) or, ``attached``, around it (``NAME.p7m``).  ``detached``: the content of
    a detached CMS that gets one more signature; ``over``: the identity (``"signature-1"``) of the signature in a CMS
    that gets a counter-signature instead.

    ``chain``: issuing certificates to embed.  ``digest``: ``"sha256"``, ``"sha384"`` or ``"sha512"`` (default:
    what fits the key); ``pss``: RSASSA-PSS instead of PKCS#1 v1.5.  ``authentication`` binds the signature to
    a login: person, transaction, document and age must agree (binding.md §4, §6).  ``appearance``: what
    readers see on a page (PDF only); ``field``: an empty signature field of the document to use instead of a new
    one, where nothing is to be seen.  ``claimed_roles``: roles
    to claim where there is no authentication.  ``commitment``: a name such as ``"proof-of-receipt"``, an OID,
    None, or ``"auto"`` (proof of approval exactly when an authentication's action advances).
    ``token_reserve``: octets kept free for a timestamp token (0 for none).  ``trust`` and ``sources`` have the
    certificate's chain and status checked first.

    Raises :class:`eidkit.errors.KeyUnusable`, :class:`eidkit.errors.SigningError`,
    :class:`eidkit.errors.DocumentError`, each before any key is touched.
    """
    form = _form(document, format, attached=attached, detached=detached, over=over)
    if form is not None:
        _check_form(authentication, appearance, field)
    now = clock.now()
    holder = certificates.of(certificate)
    others = tuple(certificates.of(one).der for one in chain)
    check_certificate(holder, others, at=now, trust=trust, sources=sources, transport=transport)
    algorithm = algorithms.suited(holder.public_key(), digest, pss=pss)
    placing = _placing(document, appearance, field)
    assertion = None
    if authentication is not None:
        said = login_gate.admitted(document, holder, authentication, commitment, at=now, appearance=appearance)
        assertion, claimed_roles, commitment = said.assertion, (said.role,), said.commitment
    elif commitment is not None:
        commitment = None if commitment == "auto" else commitments.oid_of(commitment)
    request = Request(
        certificate=holder.der,
        chain=tuple(dict.fromkeys(der for der in others if der != holder.der)),
        algorithm=algorithm,
        digest=algorithm.digest or "sha512",
        token_reserve=token_reserve,
        assertion=assertion,
        claimed_roles=tuple(claimed_roles),
        commitment=commitment,
        signing_time=now,
    )
    prepared: Prepared
    if form is not None:
        from eidkit.signing.formats import cms

        prepared = cms.prepare(document, request, form)
    else:
        prepared = writer(document.format, document.name).prepare(document, request, placing)
    kind = document.format if form is None else "cms"
    return Pending(document.name, document.length, document.sha256, kind, request, prepared)


def sign(
    document: Document,
    key: SigningKey,
    *,
    tsa: TimestampAuthority | tuple[TimestampAuthority, ...] | None = None,
    format: Literal["cms"] | None = None,  # noqa: A002  # the command line's word
    attached: bool = False,
    detached: Document | None = None,
    over: str | None = None,
    digest: str | None = None,
    pss: bool = False,
    authentication: Authentication | None = None,
    appearance: Appearance | None = None,
    field: str | None = None,
    claimed_roles: tuple[str, ...] = (),
    commitment: str | None = "auto",
    token_reserve: int | None = None,
    trust: TrustStore | None = None,
    sources: Sources | None = None,
    transport: Transport | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Document:
    """``document`` signed with ``key``: PAdES for PDF, XAdES for XML, CAdES as asked; B-B, or B-T with ``tsa``.

    This is :func:`prepare`, the key, and :meth:`Pending.complete`; their parameters and errors are the same.
    Not for keys that answer later (a phone, a remote service): use the two halves there.
    """
    if token_reserve is None:
        token_reserve = TOKEN_RESERVE if tsa else 0
    pending = prepare(
        document, key.certificate, format=format, attached=attached, detached=detached, over=over, chain=key.chain,
        digest=digest, pss=pss, authentication=authentication,
        appearance=appearance, field=field, claimed_roles=claimed_roles, commitment=commitment,
        token_reserve=token_reserve, trust=trust, sources=sources, transport=transport, clock=clock,
    )  # fmt: skip
    value = key.sign(pending.to_sign, pending.algorithm)
    return pending.complete(value, document, tsa=tsa, transport=transport, clock=clock)


def _form(
    document: Document, format_: str | None, *, attached: bool, detached: Document | None, over: str | None
) -> Form | None:
    """The form of the CMS that is made or gets one more signature; None for PDF and XML."""
    if format_ not in {None, "cms"}:
        raise _misused(
            "sign-format", f"no signature format {format_}", f"không có định dạng {format_}", 'leave it out, or "cms"'
        )
    existing = format_ is None and format_of(document) == "cms"
    if (attached and format_ is None) or (not existing and (detached is not None or over is not None)):
        raise _misused(
            "sign-cms-options",
            'attached= belongs to format="cms"; detached= and over= to another signature in a CMS that is there',
            'attached= đi với format="cms"; detached= và over= dùng khi ký thêm vào CMS có sẵn',
            "leave out what does not belong to this file",
        )
    if not existing and format_ is None:
        return None
    from eidkit.signing.formats.cms import Form

    if existing:
        return Form("counter", over=over) if over is not None else Form("more", detached)
    return Form("attached" if attached else "detached")


def _check_form(authentication: Authentication | None, appearance: Appearance | None, field: str | None) -> None:
    """Nothing is seen of a CMS signature, and none is bound to a login yet."""
    if authentication is not None:
        raise NotSupported(
            "cms-authentication",
            Text("this release binds no login to a CMS signature", "phiên bản này chưa gắn xác thực với chữ ký CMS"),
            Text("sign the PDF or XML itself", "hãy ký trực tiếp tệp PDF hoặc XML"),
        )
    if appearance is not None or field is not None:
        raise _misused(
            "cms-appearance",
            "a CMS signature shows nothing on a page",
            "chữ ký CMS không hiển thị trên trang",
            'leave appearance= and field= out, or leave format="cms" out',
        )


def _misused(code: str, en: str, vi: str, remedy: str) -> SigningError:
    return SigningError(code, Text(en, vi), Text(remedy, "sửa tham số rồi ký lại"), kind="caller")


def _placing(document: Document, appearance: Appearance | None, field: str | None) -> Placing | None:
    """Where the signature goes; None: wherever the format puts it, unseen."""
    if appearance is None and field is None:
        return None
    from eidkit.pdf.placing import Placing
    from eidkit.signing.appearance import check_pdf

    check_pdf(document)
    if appearance is None:
        return Placing(field=field)
    if field is not None:
        raise SigningError(
            "appearance-and-field",
            Text("the appearance says where it stands already", "hình chữ ký đã có vị trí"),
            Text("name the field as at= of the appearance, and leave field= out", "dùng at= và bỏ field="),
            kind="caller",
        )
    return appearance.placing


def timestamp(
    document: Document,
    tsa: TimestampAuthority | tuple[TimestampAuthority, ...],
    *,
    digest: str = "sha256",
    transport: Transport | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Document:
    """``document`` with a signature timestamp on its last signature that has none (B-B becomes B-T).

    The signature itself is not touched, so no key is needed.  For what
    :class:`eidkit.errors.TimestampUnavailable` gave back, when an authority answers again.  Raises
    :class:`eidkit.errors.SigningError` when there is no such signature or no room was kept for a token.
    """
    return writer(format_of(document), document.name).add_timestamp(
        document, lambda octets: first_token(tsa, octets, digest=digest, transport=transport, clock=clock)
    )
