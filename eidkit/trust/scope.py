"""Which certificates and which reasons a CRL speaks of (RFC 5280 §5.2.5, §6.3.3 (b)–(d)).

The numbers are those of the plan in :mod:`eidkit.trust.revocation`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit.asn1 import crl, der, extension, name
from eidkit.trust.answer import ALL_REASONS, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eidkit.asn1.certificate import Certificate

MAX_POINTS = 64
MAX_DIRECTORIES = 8


def is_own(listed: crl.Crl, certificate: Certificate) -> bool:
    """Whether a list is issued under the name of the certificate's own issuer."""
    return listed.issuer == certificate.issuer or name.key(listed.issuer) == certificate.issuer_key


def is_named(listed: crl.Crl, certificate: Certificate) -> bool:
    """Whether one of the certificate's distribution points names the list's issuer (cRLIssuer)."""
    points = certificate.distribution_points
    return bool(points) and any(_names_issuer(point, listed) for point in points[:MAX_POINTS] if point.crl_issuer)


def names_itself(certificate: Certificate) -> bool:
    """Whether a certificate's issuer made its holder the one who says whether it is revoked (cRLIssuer)."""
    return any(
        name.same(directory, certificate.subject)
        for point in certificate.distribution_points[:MAX_POINTS]
        for directory in _directories(point.crl_issuer)
    )


def reasons_covered(listed: crl.Crl, certificate: Certificate, *, own: bool) -> frozenset[int]:
    """The reasons for which the list can say that the certificate is not revoked; raises Refused out of scope."""
    if own and extension.ISSUING_DISTRIBUTION_POINT not in listed.extensions:
        return ALL_REASONS
    scope = listed.scope
    authority = certificate.basic_constraints[0]
    if scope.only_attribute or (scope.only_user and authority) or (scope.only_authority and not authority):
        raise Refused("the CRL is about another kind of certificate", "CRL dành cho loại chứng thư khác")
    reasons: frozenset[int] = frozenset()
    matched = False
    for point in _points(listed, certificate, own=own):
        if scope.partition and not _share_a_name(_of_list(listed, scope), _of_point(point, certificate)):
            continue
        matched = True
        reasons |= ALL_REASONS if point.reasons is None else point.reasons & ALL_REASONS
    if not matched:
        raise Refused(
            "the CRL is of a distribution point that the certificate does not name",
            "CRL thuộc điểm phân phối mà chứng thư không nêu",
        )
    return reasons if scope.reasons is None else reasons & scope.reasons


def _points(listed: crl.Crl, certificate: Certificate, *, own: bool) -> Iterator[extension.DistributionPoint]:
    """The distribution points that a list may be of: (b)(1), and for its issuer's own list one of the issuer's name."""
    for point in certificate.distribution_points[:MAX_POINTS]:
        if point.crl_issuer:
            if listed.scope.indirect and _names_issuer(point, listed):
                yield point
        elif own:
            yield point
    if own:
        yield extension.DistributionPoint((der.tlv(extension.DIRECTORY_TAG, certificate.issuer),))


def _names_issuer(point: extension.DistributionPoint, listed: crl.Crl) -> bool:
    return any(name.same(directory, listed.issuer) for directory in _directories(point.crl_issuer))


def _of_list(listed: crl.Crl, scope: crl.Scope) -> tuple[bytes, ...]:
    return _full_names(scope.names, scope.relative, listed.issuer)


def _of_point(point: extension.DistributionPoint, certificate: Certificate) -> tuple[bytes, ...]:
    """Its names, in full; without any, those of the CRL issuer (b)(2)(i)."""
    if not point.names and point.relative is None:
        return point.crl_issuer
    directories = _directories(point.crl_issuer)
    return _full_names(point.names, point.relative, directories[0] if directories else certificate.issuer)


def _full_names(names: tuple[bytes, ...], relative: bytes | None, issuer: bytes) -> tuple[bytes, ...]:
    if relative is None:
        return names
    joined = der.sequence(der.whole(issuer).content, der.tlv(der.SET, relative))
    return (der.tlv(extension.DIRECTORY_TAG, joined),)


def _directories(names: tuple[bytes, ...]) -> list[bytes]:
    return [der.read(each).content for each in names if each[0] == extension.DIRECTORY_TAG][:MAX_DIRECTORIES]


def _share_a_name(first: tuple[bytes, ...], second: tuple[bytes, ...]) -> bool:
    if set(first) & set(second):
        return True
    return any(name.same(a, b) for a in _directories(first) for b in _directories(second))
