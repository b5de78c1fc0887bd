"""What one CRL says of a certificate (RFC 5280 §5, §6.3.3).

The numbers are those of the plan in :mod:`eidkit.trust.revocation`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from eidkit.asn1 import crl, der, extension, name
from eidkit.trust.answer import (
    REMOVED,
    Question,
    Refused,
    Status,
    check_current,
    check_not_future,
    check_signature,
    revoked,
)
from eidkit.trust.usage import CRL_SIGN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eidkit.asn1.certificate import Certificate

MAX_POINTS = 64
MAX_DIRECTORIES = 8
_KNOWN_CRL_EXTENSIONS = {
    extension.CRL_NUMBER,
    extension.AUTHORITY_KEY_IDENTIFIER,
    extension.ISSUER_ALT_NAME,
    extension.ISSUING_DISTRIBUTION_POINT,
    extension.DELTA_CRL,
    extension.EXPIRED_CERTS_ON_CRL,
}


def statements_of_crl(question: Question, answer: bytes) -> Iterator[Status]:
    """What a list says of the certificate, nothing if it is another issuer's; raises Refused or DerError."""
    certificate, issuer = question.certificate, question.issuer
    listed = crl.parse(answer)
    if not name.same(listed.issuer, certificate.issuer) or not name.same(listed.issuer, issuer.subject):
        return  # (1) about other certificates: nothing to say, nothing wrong with it
    _check_crl_extensions(listed)
    scope = listed.scope
    _check_scope(scope, question)
    partial = _partial(listed, scope, certificate)
    check_not_future(listed.this_update, question)
    _check_key(listed, issuer)
    usage = issuer.key_usage
    if usage is not None and CRL_SIGN not in usage:
        raise Refused("its issuer may not sign CRLs (key usage)", "tổ chức cấp không được phép ký CRL")
    check_signature(question, listed.signature_algorithm, lambda: listed.signed_by(issuer))  # (2)
    entry = listed.find(certificate.serial_octets)
    times = (listed.this_update, listed.next_update)
    if entry is None:
        if partial is not None:
            raise Refused(f"{partial} are not supported by this release", f"chưa hỗ trợ {partial}")
        check_current(question, *times, listed.expired_kept_since)
        yield Status("good", None, None, "crl", listed.sha256, *times)
        return
    if entry.reason == REMOVED:
        raise Refused(
            "removeFromCRL is only for delta CRLs, which are not supported by this release",
            "removeFromCRL chỉ dùng cho delta CRL, chưa được hỗ trợ",
        )
    yield revoked(entry.revoked_at, entry.reason, "crl", listed.sha256, times)


def _check_key(listed: crl.Crl, issuer: Certificate) -> None:
    """(1) Say by name when a list says itself that another key of the authority signed it.

    The identifier only decides which reason is given: a list that names the right key still has to be signed by it.
    """
    entry = listed.extensions.get(extension.AUTHORITY_KEY_IDENTIFIER)
    named, own = extension.key_identifier(entry[1]) if entry else None, issuer.subject_key_identifier
    if named is not None and own is not None and named != own and not listed.signed_by(issuer):
        raise Refused(
            "CRLs under another key of the same authority are not supported by this release",
            "chưa hỗ trợ CRL ký bằng khóa khác của cùng tổ chức",
        )


def _partial(listed: crl.Crl, scope: crl.Scope, certificate: Certificate) -> str | None:
    """(3) Lists from which an absence proves nothing here.  What they do list is revoked all the same."""
    if extension.DELTA_CRL in listed.extensions:
        return "delta CRLs"
    if scope.some_reasons or (_is_partition(scope) and _points_here(scope, certificate) == "some reasons"):
        return "CRLs of only some reasons"
    return None


def _check_crl_extensions(listed: crl.Crl) -> None:
    """(3) Every critical extension must be known (RFC 5280 §5.2)."""
    for oid, (critical, _) in listed.extensions.items():
        if critical and oid not in _KNOWN_CRL_EXTENSIONS:
            raise Refused(
                f"the critical CRL extension {oid} is not supported", f"phần mở rộng CRL {oid} chưa được hỗ trợ"
            )


def _check_scope(scope: crl.Scope, question: Question) -> None:
    """(3) RFC 5280 §6.3.3 (b)(2), without indirect CRLs and partial reasons."""
    if scope.indirect:
        raise Refused("indirect CRLs are not supported by this release", "chưa hỗ trợ CRL gián tiếp")
    authority = question.certificate.basic_constraints[0]
    if scope.only_attribute or (scope.only_user and authority) or (scope.only_authority and not authority):
        raise Refused("the CRL is about another kind of certificate", "CRL dành cho loại chứng thư khác")
    if _is_partition(scope) and _points_here(scope, question.certificate) is None:
        raise Refused(
            "the CRL is of a distribution point that the certificate does not name",
            "CRL thuộc điểm phân phối mà chứng thư không nêu",
        )


def _is_partition(scope: crl.Scope) -> bool:
    return bool(scope.names) or scope.relative is not None


def _points_here(scope: crl.Scope, certificate: Certificate) -> Literal["all reasons", "some reasons"] | None:
    """Whether one name of the list's distribution point is one of the certificate's (or, without any, its issuer)."""
    offered = _full_names(scope.names, scope.relative, certificate.issuer)
    points = certificate.distribution_points or (
        extension.DistributionPoint((der.tlv(extension.DIRECTORY_TAG, certificate.issuer),)),
    )
    found: Literal["some reasons"] | None = None
    for point in points[:MAX_POINTS]:
        if point.crl_issuer:
            continue  # another issuer's list
        if _share_a_name(offered, _full_names(point.names, point.relative, certificate.issuer)):
            if point.reasons is None:
                return "all reasons"
            found = "some reasons"
    return found


def _full_names(names: tuple[bytes, ...], relative: bytes | None, issuer: bytes) -> tuple[bytes, ...]:
    if relative is None:
        return names
    joined = der.sequence(der.whole(issuer).content, der.tlv(der.SET, relative))
    return (der.tlv(extension.DIRECTORY_TAG, joined),)


def _share_a_name(first: tuple[bytes, ...], second: tuple[bytes, ...]) -> bool:
    if set(first) & set(second):
        return True
    directories = [
        [der.read(each).content for each in names if each[0] == extension.DIRECTORY_TAG][:MAX_DIRECTORIES]
        for names in (first, second)
    ]
    return any(name.same(a, b) for a in directories[0] for b in directories[1])
