"""``sign``, ``prepare`` and ``timestamp``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit import algorithms, commitments
from eidkit.asn1 import certificate as certificates
from eidkit.clock import SYSTEM_CLOCK, Clock
from eidkit.signing import login_gate
from eidkit.signing.certificate_gate import check_certificate
from eidkit.signing.formats import Request, writer
from eidkit.signing.pending import Pending
from eidkit.timestamps.authority import first_token

if TYPE_CHECKING:
    from cryptography import x509

    from eidkit.binding.authentication import Authentication
    from eidkit.document import Document
    from eidkit.key import SigningKey
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
    chain: tuple[x509.Certificate, ...] | list[x509.Certificate] = (),
    digest: str | None = None,
    pss: bool = False,
    authentication: Authentication | None = None,
    claimed_roles: tuple[str, ...] = (),
    commitment: str | None = "auto",
    token_reserve: int = TOKEN_RESERVE,
    trust: TrustStore | None = None,
    sources: Sources | None = None,
    transport: Transport | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Pending:
    """The Pending for ``document``: everything but the signature value.

    ``chain``: issuing certificates to embed.  ``digest``: ``"sha256"``, ``"sha384"`` or ``"sha512"`` (default:
    what fits the key); ``pss``: RSASSA-PSS instead of PKCS#1 v1.5.  ``authentication`` binds the signature to
    a login: person, transaction, document and age must agree (binding.md §4, §6).  ``claimed_roles``: roles
    to claim where there is no authentication.  ``commitment``: a name such as ``"proof-of-receipt"``, an OID,
    None, or ``"auto"`` (proof of approval exactly when an authentication's action advances).
    ``token_reserve``: octets kept free for a timestamp token (0 for none).  ``trust`` and ``sources`` have the
    certificate's chain and status checked first.

    Raises :class:`eidkit.errors.KeyUnusable`, :class:`eidkit.errors.SigningError`,
    :class:`eidkit.errors.DocumentError`, each before any key is touched.
    """
    now = clock.now()
    holder = certificates.of(certificate)
    others = tuple(certificates.of(one).der for one in chain)
    check_certificate(holder, others, at=now, trust=trust, sources=sources, transport=transport)
    algorithm = algorithms.suited(holder.public_key(), digest, pss=pss)
    assertion = None
    if authentication is not None:
        said = login_gate.admitted(document, holder, authentication, commitment, at=now)
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
    prepared = writer(document.format, document.name).prepare(document, request)
    return Pending(document.name, document.length, document.sha256, document.format, request, prepared)


def sign(
    document: Document,
    key: SigningKey,
    *,
    tsa: TimestampAuthority | tuple[TimestampAuthority, ...] | None = None,
    digest: str | None = None,
    pss: bool = False,
    authentication: Authentication | None = None,
    claimed_roles: tuple[str, ...] = (),
    commitment: str | None = "auto",
    token_reserve: int | None = None,
    trust: TrustStore | None = None,
    sources: Sources | None = None,
    transport: Transport | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Document:
    """``document`` signed with ``key``: PAdES for PDF, XAdES for XML; B-B, or B-T with ``tsa``.

    This is :func:`prepare`, the key, and :meth:`Pending.complete`; their parameters and errors are the same.
    Not for keys that answer later (a phone, a remote service): use the two halves there.
    """
    if token_reserve is None:
        token_reserve = TOKEN_RESERVE if tsa else 0
    pending = prepare(
        document, key.certificate, chain=key.chain, digest=digest, pss=pss, authentication=authentication,
        claimed_roles=claimed_roles, commitment=commitment, token_reserve=token_reserve, trust=trust, sources=sources,
        transport=transport, clock=clock,
    )  # fmt: skip
    value = key.sign(pending.to_sign, pending.algorithm)
    return pending.complete(value, document, tsa=tsa, transport=transport, clock=clock)


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
    return writer(document.format, document.name).add_timestamp(
        document, lambda octets: first_token(tsa, octets, digest=digest, transport=transport, clock=clock)
    )
