"""What an authenticator says of itself when a credential is made (WebAuthn §6.5.4, §8.2, §8.7).

``none`` says nothing.  ``packed`` is signed, by the new key itself (*self*) or by a certificate of the maker: that is
*certified* where it leads to a root of a maker which the caller gave.  Other formats are *unjudged*, worth no more than
none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from eidkit import algorithms
from eidkit.asn1 import certificate as certificates
from eidkit.asn1 import der, name
from eidkit.auth import webauthn_cbor as cbor
from eidkit.auth import webauthn_key
from eidkit.auth.foreign import NotAccepted
from eidkit.auth.presenting import demanded
from eidkit.errors import EidkitError
from eidkit.trust.path import find_path
from eidkit.trust.store import TrustStore

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from cryptography import x509

    from eidkit.asn1.certificate import Certificate
    from eidkit.auth.webauthn_data import Attested

MAX_OBJECT = 32 * 1024
MAX_CERTIFICATES = 8
KINDS = ("none", "unjudged", "self", "certified")
"""How much an attestation says, from nothing up."""
_REASON = "attestation"
_AAGUID = "1.3.6.1.4.1.45724.1.1.4"
_ORGANISATIONAL_UNIT = "2.5.4.11"


class AttestationObject(NamedTuple):
    """The three members of an attestation object; nothing in them is checked yet."""

    format: str
    statement: dict[int | str, Any]
    authenticator_data: bytes

    @classmethod
    def of(cls, data: bytes) -> AttestationObject:
        """The object in these bytes; NotAccepted."""
        demanded(len(data) <= MAX_OBJECT, _REASON)
        row = cbor.whole(data, _REASON)
        demanded(isinstance(row, dict) and set(row) == {"fmt", "attStmt", "authData"}, _REASON)
        said = cls(row["fmt"], row["attStmt"], row["authData"])
        shaped = isinstance(said.format, str) and isinstance(said.statement, dict)
        demanded(shaped and isinstance(said.authenticator_data, bytes), _REASON)
        return said


class Makers(NamedTuple):
    """The roots of makers of authenticators that the caller gave, and the moment for which they are asked."""

    roots: Sequence[x509.Certificate | bytes]
    at: datetime


def judged(said: AttestationObject, attested: Attested, client_data_hash: bytes, makers: Makers) -> str:
    """One of :data:`KINDS`; NotAccepted for a statement that is false in itself."""
    if said.format == "none":
        demanded(said.statement == {}, _REASON)
        return "none"
    if said.format != "packed":
        return "unjudged"
    members, signed = said.statement, said.authenticator_data + client_data_hash
    demanded(set(members) in ({"alg", "sig"}, {"alg", "sig", "x5c"}) and isinstance(members["sig"], bytes), _REASON)
    algorithm = webauthn_key.algorithm_name(members["alg"])
    if "x5c" not in members:
        demanded(algorithm == attested.key.name and attested.key.verify(members["sig"], signed), _REASON)
        return "self"
    chain = _certificates(members["x5c"])
    demanded(_signed_by(chain[0], algorithm, members["sig"], signed), _REASON)
    demanded(_says_so(chain[0], attested.model), "attestation-certificate")
    return "certified" if _leads_to(makers, chain) else "unjudged"


def _certificates(value: object) -> tuple[Certificate, ...]:
    demanded(isinstance(value, list) and 1 <= len(value) <= MAX_CERTIFICATES, "attestation-certificate")
    listed = value if isinstance(value, list) else []
    demanded(all(isinstance(one, bytes) for one in listed), "attestation-certificate")
    try:
        return tuple(certificates.parse(one) for one in listed)
    except EidkitError as error:
        raise NotAccepted("attestation-certificate") from error


def _signed_by(certificate: Certificate, algorithm: str, value: bytes, data: bytes) -> bool:
    try:
        key = certificate.public_key()
    except EidkitError as error:
        raise NotAccepted("attestation-certificate") from error
    return algorithms.key_acceptable(*algorithms.key_kind(key)) and webauthn_key.verify(key, algorithm, value, data)


def _says_so(certificate: Certificate, model: bytes) -> bool:
    """§8.2.1: version 3, an *Authenticator Attestation* that is no authority, and of this model if it names one."""
    try:
        ca, _ = certificate.basic_constraints
        critical, stated = certificate.extensions.get(_AAGUID, (False, None))
        of_this_model = stated is None or (not critical and stated == der.encode_octets(model))
        unit = name.values(certificate.subject, _ORGANISATIONAL_UNIT)
    except EidkitError as error:
        raise NotAccepted("attestation-certificate") from error
    return certificate.version == 3 and not ca and "Authenticator Attestation" in unit and of_this_model


def _leads_to(makers: Makers, chain: Sequence[Certificate]) -> bool:
    if not makers.roots:
        return False
    # Anchors of this one question: they are never part of anybody's TrustStore.
    anchors = TrustStore.of(makers.roots, "attestation").anchors
    return find_path(chain[0], pool=chain[1:], anchors=anchors, at=makers.at, purpose="any").ok
