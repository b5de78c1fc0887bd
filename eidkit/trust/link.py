"""What can be wrong with one certificate of a path: the rules of RFC 5280 §6.1.3, §6.1.4 and §6.1.5 as findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eidkit import algorithms
from eidkit.asn1 import der, extension
from eidkit.asn1.algorithm import signature_algorithm
from eidkit.errors import NotSupported, Text
from eidkit.findings import Finding, finding
from eidkit.trust.usage import KEY_CERT_SIGN, may_issue_for, may_sign

if TYPE_CHECKING:
    from datetime import datetime

    from eidkit.asn1.certificate import Certificate
    from eidkit.trust.usage import Purpose

_PROCESSED = {
    extension.BASIC_CONSTRAINTS,
    extension.KEY_USAGE,
    extension.EXTENDED_KEY_USAGE,
    extension.SUBJECT_ALT_NAME,
    extension.ISSUER_ALT_NAME,
    extension.SUBJECT_KEY_IDENTIFIER,
    extension.AUTHORITY_KEY_IDENTIFIER,
    extension.CRL_DISTRIBUTION_POINTS,
    extension.CERTIFICATE_POLICIES,
    extension.AUTHORITY_INFO_ACCESS,
    extension.OCSP_NOCHECK,
}
_REFUSED_ALWAYS = {
    extension.NAME_CONSTRAINTS: "name constraints",
    extension.POLICY_MAPPINGS: "policy mappings",
    extension.POLICY_CONSTRAINTS: "policy constraints",
}
_KNOWN_QUALIFIERS = {"1.3.6.1.5.5.7.2.1", "1.3.6.1.5.5.7.2.2"}
_MAX_POLICIES = 256


def leaf_findings(leaf: Certificate, purpose: Purpose) -> list[Finding]:
    """Whether the leaf may be used for ``purpose`` at all."""
    if may_sign(leaf, purpose):
        return []
    return [finding("KEY_USAGE", leaf.sha256, subject=leaf.subject_text, purpose=purpose)]


def authority_findings(authority: Certificate, between: int, purpose: Purpose, *, is_anchor: bool) -> list[Finding]:
    """Whether a certificate may issue: RFC 5280 §6.1.4 (k)–(n).

    ``between`` counts the authorities below it that are not self-issued.  An anchor without basic constraints is an
    authority because we said so (RFC 5937).
    """
    about, subject = authority.sha256, authority.subject_text
    found = []
    is_authority, length = authority.basic_constraints
    stated = extension.BASIC_CONSTRAINTS in authority.extensions
    if not is_authority and (stated or not is_anchor):
        found.append(_broken(about, f"{subject} is not a certification authority", f"{subject} không phải tổ chức cấp"))
    if length is not None and between > length:
        found.append(
            _broken(
                about,
                f"the path below {subject} is longer than it allows ({length})",
                f"đường dẫn dưới {subject} dài hơn mức cho phép ({length})",
            )
        )
    usage = authority.key_usage
    if usage is not None and KEY_CERT_SIGN not in usage:
        found.append(
            _broken(about, f"{subject} may not sign certificates (key usage)", f"{subject} không được ký chứng thư")
        )
    if not may_issue_for(authority, purpose):
        found.append(
            _broken(
                about,
                f"{subject} may not issue for {purpose} (extended key usage)",
                f"{subject} không được cấp chứng thư cho mục đích {purpose}",
            )
        )
    return found


def period_findings(certificate: Certificate, at: datetime, *, is_leaf: bool) -> list[Finding]:
    """Whether ``at`` lies in the certificate's period (RFC 5280 §6.1.3 (a)(2)); both ends belong to it."""
    about, subject = certificate.sha256, certificate.subject_text
    if certificate.not_before <= at <= certificate.not_after:
        return []
    early = at < certificate.not_before
    if is_leaf:
        time = f"{certificate.not_before if early else certificate.not_after:%Y-%m-%d %H:%M} UTC"
        return [finding("NOT_YET_VALID" if early else "EXPIRED", about, subject=subject, time=time)]
    side = Text("begins on", "bắt đầu ngày") if early else Text("ended on", "kết thúc ngày")
    edge, asked = certificate.not_before if early else certificate.not_after, f"{at:%Y-%m-%d %H:%M} UTC"
    return [
        _broken(
            about,
            f"the period of {subject} {side.en} {edge:%Y-%m-%d}, outside of {asked}",
            f"thời hạn của {subject} {side.vi} {edge:%Y-%m-%d}, không gồm {asked}",
        )
    ]


def common_findings(
    certificate: Certificate, at: datetime, weak: frozenset[str], *, is_anchor: bool = False
) -> list[Finding]:
    """What binds every certificate of a path: its extensions and its algorithms at ``at``."""
    found = _extension_findings(certificate)
    found += _key_findings(certificate, at, weak)
    if not is_anchor:
        found += _digest_findings(certificate, at, weak)
    return found


def _extension_findings(certificate: Certificate) -> list[Finding]:
    about, found = certificate.sha256, []
    for oid, (critical, value) in certificate.extensions.items():
        if oid in _REFUSED_ALWAYS:
            found.append(_unsupported(about, f"{_REFUSED_ALWAYS[oid]} of {certificate.subject_text}"))
        elif oid == extension.INHIBIT_ANY_POLICY and critical:
            found.append(_unsupported(about, f"inhibit-any-policy of {certificate.subject_text}"))
        elif critical and oid == extension.CERTIFICATE_POLICIES and not _policies_understood(value):
            found.append(_unsupported(about, f"a critical policy qualifier of {certificate.subject_text}"))
        elif critical and oid not in _PROCESSED and oid != extension.INHIBIT_ANY_POLICY:
            found.append(_unsupported(about, f"the critical extension {oid} of {certificate.subject_text}"))
    return found


def _policies_understood(value: bytes) -> bool:
    """RFC 5280 §4.2.1.4: a critical extension needs every qualifier understood, or the path rejected."""
    for policy in der.whole(value).items(limit=_MAX_POLICIES):
        parts = policy.expect(der.SEQUENCE).children(limit=2)
        if not parts:
            raise der.DerError("not a certificate policy")
        der.oid(parts[0])
        for qualifier in parts[1].items(limit=_MAX_POLICIES) if len(parts) == 2 else ():
            first = next(qualifier.items(limit=2), None)
            if first is None or der.oid(first) not in _KNOWN_QUALIFIERS:
                return False
    return True


def _key_findings(certificate: Certificate, at: datetime, weak: frozenset[str]) -> list[Finding]:
    what = f"the key of {certificate.subject_text}"
    try:
        kind, bits = algorithms.key_kind(certificate.public_key())
    except NotSupported as error:
        return [_unsupported(certificate.sha256, f"{what}: {error.problem.en}")]
    if kind in weak or algorithms.key_acceptable(kind, bits):
        return []
    return [_too_weak(certificate, what, f"{kind}-{bits}", at)]


def _digest_findings(certificate: Certificate, at: datetime, weak: frozenset[str]) -> list[Finding]:
    what = f"the certificate of {certificate.subject_text}"
    try:
        algorithm, _ = signature_algorithm(certificate.signature_algorithm)
    except NotSupported as error:
        return [_unsupported(certificate.sha256, f"{what}: {error.problem.en}")]
    if algorithm.digest is None or algorithm.digest in weak or algorithms.digest_acceptable(algorithm.digest, at):
        return []
    return [_too_weak(certificate, what, algorithm.name, at)]


def _too_weak(certificate: Certificate, what: str, algorithm: str, at: datetime) -> Finding:
    time = f"{at:%Y-%m-%d}"
    return finding("CRYPTO_CONSTRAINTS_FAILURE", certificate.sha256, what=what, algorithm=algorithm, time=time)


def _broken(about: str, en: str, vi: str) -> Finding:
    return finding("CHAIN_CONSTRAINTS_FAILURE", about, why=Text(en, vi))


def _unsupported(about: str, what: str) -> Finding:
    return finding("NOT_SUPPORTED", about, what=what)
