"""What each purpose asks of a signer's certificate, and of the authorities above it.  Rows of a table.

Absent extensions restrict nothing (RFC 5280 §4.2.1.3, §4.2.1.12).  A timestamp authority's certificate must be
for timestamps *only*, critically (RFC 3161 §2.3); an OCSP responder's must say so (RFC 6960 §4.2.2.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from eidkit.asn1.certificate import Certificate

Purpose = Literal["signing", "timestamping", "login", "attestation", "ocsp", "crl", "any"]

DIGITAL_SIGNATURE, NON_REPUDIATION, KEY_CERT_SIGN, CRL_SIGN = 0, 1, 5, 6
ANY_PURPOSE = "2.5.29.37.0"
SERVER_AUTH, CLIENT_AUTH, CODE_SIGNING = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.3"
TIME_STAMPING, OCSP_SIGNING = "1.3.6.1.5.5.7.3.8", "1.3.6.1.5.5.7.3.9"
_SMARTCARD_LOGON = "1.3.6.1.4.1.311.20.2.2"
_FOR_MACHINES = frozenset({SERVER_AUTH, CODE_SIGNING, TIME_STAMPING, OCSP_SIGNING})


@dataclass(frozen=True, slots=True)
class Usage:
    """What one purpose asks.

    One of the ``key_usage`` bits must be set.  One of the ``extended`` usages must be there (None: any will do that
    is not only for machines).  ``alone_and_critical``: exactly these, in a critical extension.
    """

    key_usage: frozenset[int] | None
    extended: frozenset[str] | None = None
    extended_required: bool = False
    alone_and_critical: bool = False
    authority_allowed: bool = False


_SIGNS = frozenset({DIGITAL_SIGNATURE, NON_REPUDIATION})
USAGES: dict[Purpose, Usage] = {
    "signing": Usage(_SIGNS),
    "attestation": Usage(_SIGNS),
    "timestamping": Usage(_SIGNS, frozenset({TIME_STAMPING}), extended_required=True, alone_and_critical=True),
    "login": Usage(frozenset({DIGITAL_SIGNATURE}), frozenset({CLIENT_AUTH, _SMARTCARD_LOGON})),
    "ocsp": Usage(frozenset({DIGITAL_SIGNATURE, NON_REPUDIATION}), frozenset({OCSP_SIGNING}), extended_required=True),
    "crl": Usage(frozenset({CRL_SIGN}), authority_allowed=True),
    "any": Usage(None, authority_allowed=True),
}


def may_sign(certificate: Certificate, purpose: Purpose) -> bool:
    """Whether a signer's certificate may be used for ``purpose``; raises DerError for malformed extensions."""
    usage = USAGES[purpose]
    bits = certificate.key_usage
    if usage.key_usage is not None and bits is not None and not usage.key_usage & bits:
        return False
    if not usage.authority_allowed and certificate.basic_constraints[0]:
        return False
    extended = certificate.extended_key_usage
    if usage.alone_and_critical:
        return extended == usage.extended and certificate.extended_key_usage_critical
    if usage.extended_required:
        # anyExtendedKeyUsage is not enough where a role must be given by name
        return extended is not None and bool((usage.extended or frozenset()) & extended)
    return _extended_fits(extended, usage)


def may_issue_for(authority: Certificate, purpose: Purpose) -> bool:
    """Whether an authority's own extended usages, if it has any, leave room for ``purpose`` below it."""
    return _extended_fits(authority.extended_key_usage, USAGES[purpose])


def _extended_fits(extended: frozenset[str] | None, usage: Usage) -> bool:
    if extended is None or ANY_PURPOSE in extended or usage.authority_allowed:
        return True
    if usage.extended is None:
        return not extended <= _FOR_MACHINES
    return bool(usage.extended & extended)
