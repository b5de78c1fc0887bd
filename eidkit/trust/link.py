"""What can be wrong with one certificate of a path: the rules of RFC 5280 §6.1.3, §6.1.4 and §6.1.5 as findings."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from eidkit import algorithms
from eidkit.asn1 import constraints, extension
from eidkit.asn1.algorithm import signature_algorithm
from eidkit.errors import EidkitError, NotSupported, Text
from eidkit.findings import Finding, finding
from eidkit.findings.strength import too_weak
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
    extension.POLICY_MAPPINGS,
    extension.POLICY_CONSTRAINTS,
    extension.INHIBIT_ANY_POLICY,
    extension.NAME_CONSTRAINTS,
    extension.AUTHORITY_INFO_ACCESS,
    extension.OCSP_NOCHECK,
}


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
    asked = ("authority", between, purpose, is_anchor)
    return list(authority.once(asked, lambda: tuple(_authority_findings(authority, between, purpose, is_anchor))))


def _authority_findings(authority: Certificate, between: int, purpose: Purpose, is_anchor: bool) -> list[Finding]:
    subject, broken = authority.subject_text, partial(_broken, authority.sha256)
    found: list[Finding] = []
    is_authority, length = authority.basic_constraints
    stated = extension.BASIC_CONSTRAINTS in authority.extensions
    if not is_authority and (stated or not is_anchor):
        found.append(broken(f"{subject} is not a certification authority", f"{subject} không phải tổ chức cấp"))
    if length is not None and between > length:
        found.append(
            broken(
                f"the path below {subject} is longer than it allows ({length})",
                f"đường dẫn dưới {subject} dài hơn mức cho phép ({length})",
            )
        )
    usage = authority.key_usage
    if usage is not None and KEY_CERT_SIGN not in usage:
        found.append(broken(f"{subject} may not sign certificates (key usage)", f"{subject} không được ký chứng thư"))
    if not may_issue_for(authority, purpose):
        found.append(
            broken(
                f"{subject} may not issue for {purpose} (extended key usage)",
                f"{subject} không được cấp chứng thư cho mục đích {purpose}",
            )
        )
    return found


def period_findings(certificate: Certificate, at: datetime, *, is_leaf: bool) -> list[Finding]:
    """Whether ``at`` lies in the certificate's period (RFC 5280 §6.1.3 (a)(2)); both ends belong to it."""
    if certificate.not_before <= at <= certificate.not_after:
        return []
    about, subject = certificate.sha256, certificate.subject_text
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
    within = certificate.once("strong within", lambda: _strong_within(certificate))
    found = list(certificate.once("extension findings", lambda: _extension_findings(certificate)))
    if within is not None and within[0] <= at < within[1]:
        return found
    found += _key_findings(certificate, at, weak)
    if not is_anchor:
        found += _digest_findings(certificate, at, weak)
    return found


def _strong_within(certificate: Certificate) -> tuple[datetime, datetime] | None:
    """When neither its key nor the algorithms of its signature are too weak; None where one cannot be used at all."""
    try:
        kind, bits = _key_kind(certificate)
        algorithm, _ = _signed_with(certificate)
    except EidkitError:  # told where it matters: nobody looks at the signature of an anchor
        return None
    return algorithms.acceptable_within(kind, bits, algorithm)


def _key_kind(certificate: Certificate) -> tuple[str, int]:
    return certificate.once("key kind", lambda: algorithms.key_kind(certificate.public_key()))


def _signed_with(certificate: Certificate) -> tuple[algorithms.SignatureAlgorithm, int | None]:
    return certificate.once("signature algorithm", lambda: signature_algorithm(certificate.signature_algorithm))


def key_findings(anchor: Certificate, at: datetime, weak: frozenset[str]) -> list[Finding]:
    """What binds an anchor of which only the name and the key count."""
    return _key_findings(anchor, at, weak)


def _extension_findings(certificate: Certificate) -> tuple[Finding, ...]:
    about, found = certificate.sha256, []
    for oid, (critical, _) in certificate.extensions.items():
        if critical and oid not in _PROCESSED:
            found.append(_unsupported(about, _extension(oid, certificate)))
        elif critical and oid == extension.CERTIFICATE_POLICIES and not _policies_understood(certificate):
            found.append(_unsupported(about, _qualifier(certificate)))
    return tuple(found)


def _policies_understood(certificate: Certificate) -> bool:
    """RFC 5280 §4.2.1.4: a critical extension needs every qualifier understood, or the path rejected."""
    policies = certificate.read(extension.CERTIFICATE_POLICIES, constraints.certificate_policies)
    return policies is None or policies.qualifiers_known


def _key_findings(certificate: Certificate, at: datetime, weak: frozenset[str]) -> list[Finding]:
    try:
        kind, bits = _key_kind(certificate)
    except NotSupported as error:
        return [
            _unsupported(certificate.sha256, _because(_key(certificate), error.problem)),
        ]
    found = algorithms.key_weakness(kind, bits, at, weak)
    return [too_weak(certificate.sha256, _key(certificate), found, at)] if found else []


def _digest_findings(certificate: Certificate, at: datetime, weak: frozenset[str]) -> list[Finding]:
    try:
        algorithm, _ = _signed_with(certificate)
    except NotSupported as error:
        return [_unsupported(certificate.sha256, _because(_signed(certificate), error.problem))]
    found = algorithms.signature_weakness(algorithm, at, weak)
    return [too_weak(certificate.sha256, _signed(certificate), found, at)] if found else []


def _signed(certificate: Certificate) -> Text:
    return Text(f"the certificate of {certificate.subject_text}", f"chứng thư của {certificate.subject_text}")


def _key(certificate: Certificate) -> Text:
    return Text(f"the key of {certificate.subject_text}", f"khóa của {certificate.subject_text}")


def _because(what: Text, why: Text) -> Text:
    return Text(f"{what.en}: {why.en}", f"{what.vi}: {why.vi}")


def _broken(about: str, en: str, vi: str) -> Finding:
    return finding("CHAIN_CONSTRAINTS_FAILURE", about, why=Text(en, vi))


def _extension(oid: str, certificate: Certificate) -> Text:
    who = certificate.subject_text
    return Text(f"the critical extension {oid} of {who}", f"phần mở rộng bắt buộc {oid} của {who}")


def _qualifier(certificate: Certificate) -> Text:
    who = certificate.subject_text
    return Text(f"a critical policy qualifier of {who}", f"thông tin chính sách bắt buộc của {who}")


def _unsupported(about: str, what: Text) -> Finding:
    return finding("NOT_SUPPORTED", about, what=what)
