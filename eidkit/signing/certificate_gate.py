"""Before a key is touched, its certificate is checked: period, usage, and status when sources are given.

A refused certificate never reaches the key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit.asn1 import certificate as certificates
from eidkit.canonical import format_time
from eidkit.errors import KeyUnusable, Text
from eidkit.trust.path import find_path
from eidkit.trust.revocation import status_of
from eidkit.trust.usage import may_sign

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from eidkit.asn1.certificate import Certificate
    from eidkit.transport import Transport
    from eidkit.trust.sources import Sources
    from eidkit.trust.store import TrustStore

_ANOTHER = Text("sign with a valid certificate", "ký bằng chứng thư còn hiệu lực")


def check_certificate(
    certificate: Certificate,
    chain: Sequence[bytes],
    *,
    at: datetime,
    trust: TrustStore | None,
    sources: Sources | None,
    transport: Transport | None,
) -> None:
    """Raise :class:`KeyUnusable` unless ``certificate`` may sign documents at ``at``.

    With ``trust`` it must chain to an anchor of kind *signing*.  With ``sources`` its revocation status must
    be known and good; the network is asked only when it chains to such an anchor.
    """
    _check_period(certificate, at)
    _check_usage(certificate)
    if trust is None and sources is None:
        return
    pool = [certificates.parse(der) for der in (*chain, *(sources.certificates() if sources else ()))]
    above = _above(certificate, pool, trust, at)
    if sources is not None:
        _check_status(certificate, above, pool, sources, transport, at)


def _check_period(certificate: Certificate, at: datetime) -> None:
    if at > certificate.not_after:
        ended = format_time(certificate.not_after)
        raise KeyUnusable(
            "certificate-expired",
            Text(f"the certificate expired on {ended}", f"chứng thư hết hạn ngày {ended}"),
            _ANOTHER,
        )
    if at < certificate.not_before:
        begins = format_time(certificate.not_before)
        raise KeyUnusable(
            "certificate-not-yet-valid",
            Text(f"the certificate begins on {begins}", f"chứng thư có hiệu lực từ {begins}"),
            Text("wait, or correct the clock", "chờ đến khi có hiệu lực hoặc chỉnh đồng hồ"),
        )


def _check_usage(certificate: Certificate) -> None:
    if not may_sign(certificate, "signing"):
        raise KeyUnusable(
            "certificate-usage",
            Text("the certificate may not sign documents", "chứng thư không được dùng để ký tài liệu"),
            Text(
                "use a person's or organisation's certificate with key usage digitalSignature or nonRepudiation",
                "dùng chứng thư có quyền ký",
            ),
        )


def _above(
    certificate: Certificate, pool: Sequence[Certificate], trust: TrustStore | None, at: datetime
) -> tuple[Certificate, ...]:
    """The path above the certificate, its issuer first; without ``trust`` the issuer alone, if it is at hand."""
    if trust is None:
        named = (c for c in pool if c.subject == certificate.issuer)
        return tuple(c for c in named if certificates.verify_issued(certificate, c))[:1]
    result = find_path(certificate, pool=pool, anchors=trust.of_kind("signing"), at=at, purpose="signing")
    reason = next((f for f in result.findings if f.severity == "error"), None)
    if reason is not None or not result.path:
        raise KeyUnusable(
            "certificate-not-trusted",
            reason.message if reason else Text("no chain to a trusted root", "không có đường dẫn đến gốc tin cậy"),
            reason.remedy if reason else Text("give the issuing certificates", "bổ sung chứng thư trung gian"),
        )
    return result.path[1:] or result.path


def _check_status(
    certificate: Certificate,
    above: tuple[Certificate, ...],
    pool: Sequence[Certificate],
    sources: Sources,
    transport: Transport | None,
    at: datetime,
) -> None:
    if not above:
        raise _unknown("its issuer is not at hand")
    issuer, *further = above
    crls, ocsps = sources.revocation(certificate, issuer, transport=transport, at=at)
    status = status_of(certificate, issuer, above=further, pool=pool, crls=crls, ocsps=ocsps, at=at, now=at)
    if status.state == "revoked" and (status.revoked_at is None or status.revoked_at <= at):
        when = format_time(status.revoked_at) if status.revoked_at else "?"
        raise KeyUnusable(
            "certificate-revoked",
            Text(f"the certificate was revoked on {when}", f"chứng thư bị thu hồi ngày {when}"),
            _ANOTHER,
        )
    if status.state == "hold":
        raise KeyUnusable(
            "certificate-suspended",
            Text("the certificate is suspended", "chứng thư đang bị tạm dừng"),
            Text("sign when the suspension has ended", "ký khi hết tạm dừng"),
            retryable=True,
        )
    if status.state == "unknown":
        raise _unknown("no usable CRL or OCSP answer")


def _unknown(why: str) -> KeyUnusable:
    return KeyUnusable(
        "certificate-status-unknown",
        Text(
            f"whether the certificate is revoked could not be checked: {why}",
            "không kiểm tra được trạng thái thu hồi của chứng thư",
        ),
        Text(
            "give fresh revocation data, or sign without sources= and let the verifier check",
            "cung cấp dữ liệu thu hồi mới",
        ),
        kind="outside",
        retryable=True,
    )
