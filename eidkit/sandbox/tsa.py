"""A make-believe RFC 3161 timestamp authority, honest unless a fault is asked for."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Literal, get_args

from eidkit import algorithms
from eidkit.asn1 import attributes, cms, der, tsp
from eidkit.asn1 import certificate as certificates
from eidkit.errors import EidkitError

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography import x509

    from eidkit.asn1.tsp import TimestampRequest, TstInfo
    from eidkit.sandbox.keys import PrivateKey

POLICY = "2.25.73864681347487957664276774600807621199.2"
"""The policy under which the sandbox stamps."""

Fault = Literal[
    "wrong-imprint",
    "other-digest",
    "wrong-nonce",
    "no-nonce",
    "wrong-policy",
    "wrong-time",
    "bad-signature",
    "bad-message-digest",
    "no-certificate",
    "no-ess",
    "empty-ess",
    "wrong-ess",
    "no-content-type",
    "two-signers",
    "signer-version",
    "sha1",
    "weak-imprint",
    "rejection",
    "granted-with-mods",
    "empty-grant",
    "garbage",
    "huge",
    "down",
    "not-only-timestamping",
    "purpose-not-critical",
]
FAULTS: tuple[str, ...] = get_args(Fault)


@dataclass(slots=True)
class TimestampMaker:
    """Key and certificates with which tokens are signed.  ``odd`` holds certificates that TSAs must not have."""

    key: PrivateKey
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    odd: dict[str, x509.Certificate]

    def respond(self, body: bytes, now: datetime, fault: str | None = None) -> tuple[int, bytes]:
        """HTTP status and body for a posted TimeStampReq."""
        if fault == "down":
            return 503, b""
        if fault == "garbage":
            return 200, b"<html>captive portal</html>"
        if fault == "huge":
            return 200, der.tlv(der.SEQUENCE, bytes(2 * tsp.MAX_RESPONSE))
        if fault == "rejection":
            return 200, tsp.encode_refusal(tsp.TIME_NOT_AVAILABLE, "the clock is being repaired")
        if fault == "empty-grant":
            return 200, der.sequence(der.sequence(der.encode_integer(tsp.GRANTED)))
        try:
            request = tsp.parse_request(body)
        except EidkitError:
            return 200, tsp.encode_refusal(tsp.BAD_DATA_FORMAT, "not a timestamp request")
        if request.policy not in {None, POLICY} and fault != "wrong-policy":
            return 200, tsp.encode_refusal(tsp.UNACCEPTED_POLICY, "unknown policy")
        token = self.token(request, now, fault)
        if fault == "granted-with-mods":
            return 200, der.sequence(der.sequence(der.encode_integer(tsp.GRANTED_WITH_MODS)), token)
        return 200, tsp.encode_response(token)

    def token(self, request: TimestampRequest, now: datetime, fault: str | None = None) -> bytes:
        """The token (DER) for a request."""
        info = _info(request, now, fault)
        content = tsp.encode_info(info)
        certificate = certificates.of(self.odd.get(fault or "", self.certificate)).der
        algorithm = algorithms.suited(self.key.public_key())
        digest = cms.digest_name(algorithm, "sha256")
        if fault == "sha1":
            digest = "sha1"
            algorithm = algorithms.SIGNATURE_BY_NAME[f"{algorithm.family}-sha1"]
        signed = der.set_of(self._attributes(content, certificate, digest, fault))
        sign = algorithms.signer(self.key, algorithm)
        value = sign(signed + b"!" if fault == "bad-signature" else signed)
        token = cms.signed_data(
            certificate=certificate,
            chain=() if fault == "no-certificate" or not request.certificates else self._chain(),
            digest=digest,
            algorithm=algorithm,
            signed_attributes=signed,
            signature=value,
            content_type=cms.TST_INFO,
            e_content=content,
            key_certificate=request.certificates and fault != "no-certificate",
        )
        return _disfigured(token, fault)

    def _attributes(self, content: bytes, certificate: bytes, digest: str, fault: str | None) -> list[bytes]:
        hashed = hashlib.new(digest, content + b"!" if fault == "bad-message-digest" else content).digest()
        parts = [attributes.message_digest(hashed)]
        if fault != "no-content-type":
            parts.append(attributes.content_type(cms.TST_INFO))
        if fault == "empty-ess":
            parts.append(attributes.attribute(attributes.SIGNING_CERTIFICATE_V2, der.sequence(der.sequence())))
        elif fault != "no-ess":
            named = self._chain()[0] if fault == "wrong-ess" else certificate
            parts.append(attributes.signing_certificate(named))
        return parts

    def _chain(self) -> tuple[bytes, ...]:
        return tuple(certificates.of(one).der for one in self.chain)


def _info(request: TimestampRequest, now: datetime, fault: str | None) -> TstInfo:
    info = tsp.TstInfo(
        policy=POLICY,
        algorithm=request.algorithm,
        imprint=request.imprint,
        serial=secrets.randbits(127),
        time=now.replace(microsecond=now.microsecond // 1000 * 1000),
        accuracy=timedelta(seconds=1),
        nonce=request.nonce,
    )
    if fault == "wrong-imprint":
        return replace(info, imprint=bytes(len(request.imprint)))
    if fault == "other-digest":
        other = "sha512" if request.algorithm != "sha512" else "sha384"
        return replace(info, algorithm=other, imprint=hashlib.new(other, request.imprint).digest())
    if fault == "weak-imprint":
        return replace(info, algorithm="sha1", imprint=hashlib.sha1(request.imprint, usedforsecurity=False).digest())
    if fault == "wrong-nonce":
        return replace(info, nonce=(request.nonce or 0) + 1)
    if fault == "no-nonce":
        return replace(info, nonce=None)
    if fault == "wrong-policy":
        return replace(info, policy="1.2.3.4")
    if fault == "wrong-time":
        return replace(info, time=info.time - timedelta(days=2))
    return info


def _disfigured(token: bytes, fault: str | None) -> bytes:
    """Faults in the structure around an otherwise good signature."""
    if fault not in {"two-signers", "signer-version"}:
        return token
    outer = der.whole(token).children()
    parts = outer[1].only().children()
    signer = parts[-1].only()
    if fault == "two-signers":
        infos = [signer.raw, der.sequence(*(field.raw for field in signer.children()), b"\xa1\x00")]
    else:
        infos = [der.sequence(der.encode_integer(2), *(field.raw for field in signer.children()[1:]))]
    body = b"".join((*(part.raw for part in parts[:-1]), der.set_of(infos)))
    return der.sequence(outer[0].raw, der.explicit(0, der.tlv(der.SEQUENCE, body)))
