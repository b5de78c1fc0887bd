"""What a timestamp token is worth: a pure function of its bytes, the anchors and the answers at hand.

The plan (RFC 3161 §2.4.2 and §2.3, RFC 5816, EN 319 422, EN 319 102-1 §5.4); findings are collected, not
stopped at:

1. the token is a CMS SignedData over a TSTInfo of version 1, with exactly one, well-formed SignerInfo;
2. its message-digest is that of the TSTInfo;
3. a signing-certificate attribute names the certificate, and *it* chooses among the candidates: certificates
   put into the bag decide nothing; every such attribute and the SignerInfo must name the same one;
4. the signature value is that certificate's;
5. the imprint is the digest of what the timestamp should be about;
6. the certificate was valid at genTime, may do nothing but timestamping, and chains to an anchor of kind
   *timestamping*;
7. nothing on the path is revoked, and its status is known where the caller demands that;
8. digests, signature algorithm and keys may be relied on at the time of validation; genTime is not after it.

Reaches no network, clock or document format.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from eidkit import algorithms
from eidkit.asn1 import attributes, cms, der, name, tsp
from eidkit.asn1.certificate import readable
from eidkit.asn1.public_key import signature_holds
from eidkit.canonical import format_time
from eidkit.errors import EidkitError, Text
from eidkit.findings import Finding, finding, in_order
from eidkit.findings.strength import too_weak
from eidkit.policy import SKEW
from eidkit.trust.standing import Demand, standing_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from eidkit.asn1.attributes import CertificateId
    from eidkit.asn1.certificate import Certificate
    from eidkit.asn1.cms import SignedData, SignerInfo
    from eidkit.asn1.tsp import TstInfo
    from eidkit.trust.revocation import Status
    from eidkit.trust.store import Anchor

MAX_TOKEN = 1024 * 1024
MAX_CANDIDATES = 400


@dataclass(frozen=True, slots=True)
class TokenResult:
    """What one token says and what that is worth.

    ``intact``: the signature value, the message digest and the imprint all hold.  ``tsa`` is the subject of the
    certificate that signed, never a name that the token gives itself.  ``time`` is genTime, ``accuracy`` the
    margin that the token states.  ``statuses`` are those of the certificates of ``path`` but the anchor.  Fields
    are None where the token could not be read.
    Threads may share it.
    """

    time: datetime | None
    accuracy: timedelta | None
    tsa: str | None
    certificate: Certificate | None
    path: tuple[Certificate, ...]
    serial: int | None
    intact: bool
    indication: Literal["PASSED", "INDETERMINATE", "FAILED"]
    subindication: str | None
    findings: tuple[Finding, ...]
    statuses: tuple[Status, ...] = ()


def check_token(
    token: bytes,
    *,
    imprints: Mapping[str, bytes],
    anchors: Sequence[Anchor],
    pool: Iterable[Certificate] = (),
    crls: Sequence[bytes] = (),
    ocsps: Sequence[bytes] = (),
    at: datetime,
    now: datetime | None = None,
    require_status: bool = True,
    assumed_until: datetime | None = None,
    freshness: timedelta | None = None,
    weak_allowed: frozenset[str] = frozenset(),
) -> TokenResult:
    """The verdict on ``token`` (DER of its ContentInfo) at ``at``.

    ``at`` is the present; or, when ``now`` says the present, a past time at which the token is proved to have
    existed, which a later revocation does not harm (EN 319 102-1 §5.6.2).  ``assumed_until`` as in
    :class:`eidkit.trust.standing.Demand`.
    ``imprints`` maps digest names to the digest of the octets that it should be about.  ``pool``, ``crls`` and
    ``ocsps`` are candidates beside those in the token.  Never raises for what the token holds.
    """
    try:
        signed, info = read(token)
    except EidkitError as error:
        told = isinstance(error, der.DerError)
        why = error.problem if told else Text("not a timestamp token", "không phải dấu thời gian")
        return _result(None, None, (), intact=False, found=[finding("FORMAT_FAILURE", why=why)])
    signer = signed.signers[0]
    # 1. and 2.
    found = [finding(observation) for observation in signer.observations]
    found += _message_digest(signer, signed.e_content or b"")
    found += [
        finding("NOT_SUPPORTED", what=Text(f"the timestamp extension {oid}", f"phần mở rộng {oid} của dấu thời gian"))
        for oid in info.critical
    ]
    # 3.
    candidates = _candidates(signed, pool)
    signed_by, unbound = _identify(signer, candidates)
    found += unbound
    # 4. and 5.
    if signed_by is not None and not _value_holds(signer, signed_by):
        found.append(finding("SIG_CRYPTO_FAILURE"))
    found += _imprint(info, imprints)
    intact = signed_by is not None and not any(one.severity == "error" for one in found)
    # 6. and 7.
    demand = Demand(
        at,
        now or at,
        harmless_after=at if now is not None else None,
        used_at=info.time,
        unknown="error" if require_status else "ignored",
        assumed_until=assumed_until,
        freshness=freshness,
        weak=weak_allowed,
    )
    path: tuple[Certificate, ...] = ()
    statuses: tuple[Status, ...] = ()
    if signed_by is not None:
        path, statuses, reasons = _chain(
            signed_by, candidates, anchors, demand, (*signed.crls, *crls), (*signed.ocsps, *ocsps)
        )
        found += _period(signed_by, info.time, at) + reasons
    # 8.
    found += _algorithms(signer, info, at, weak_allowed)
    if info.time > at + SKEW:
        time = format_time(info.time)
        why = Text(f"its time {time} lies in the future", f"thời điểm {time} nằm trong tương lai")
        found.append(finding("TIMESTAMP_FAILED", why=why))
    return replace(_result(info, signed_by, path, intact=intact, found=found), statuses=statuses)


def _chain(
    signed_by: Certificate,
    candidates: Sequence[Certificate],
    anchors: Sequence[Anchor],
    demand: Demand,
    crls: Sequence[bytes],
    ocsps: Sequence[bytes],
) -> tuple[tuple[Certificate, ...], tuple[Status, ...], list[Finding]]:
    """Rules 6 and 7: the path to an anchor of kind *timestamping*, the status of each link, and what is wrong."""
    chosen = standing_path(
        signed_by, demand, pool=candidates, anchors=anchors, purpose="timestamping", crls=crls, ocsps=ocsps
    )
    return chosen.result.path, chosen.statuses, [*chosen.result.findings, *chosen.findings]


@lru_cache(maxsize=32)
def read(token: bytes) -> tuple[SignedData, TstInfo]:
    """The parts of a token; raises :class:`EidkitError` when it is not one (rule 1, structure only).

    Remembered by the token's own bytes: one verification looks at a token several times.
    """
    if len(token) > MAX_TOKEN:
        raise der.DerError(f"a timestamp token of more than {MAX_TOKEN} bytes")
    signed = cms.parse(token)
    if signed.content_type != cms.TST_INFO or signed.e_content is None:
        raise der.DerError("a CMS object that is no timestamp token")
    if len(signed.signers) != 1:
        raise der.DerError(f"a timestamp token with {len(signed.signers)} signatures")
    return signed, tsp.parse_info(signed.e_content)


def signer_of(token: bytes, pool: Iterable[Certificate] = ()) -> tuple[Certificate | None, tuple[Certificate, ...]]:
    """The certificate that a token names (None when not at hand) and the certificates inside it; checks nothing."""
    signed, _ = read(token)
    embedded = readable(signed.certificates)
    signed_by, _ = _identify(signed.signers[0], [*embedded, *pool])
    return signed_by, tuple(embedded)


def _result(
    info: TstInfo | None,
    signed_by: Certificate | None,
    path: tuple[Certificate, ...],
    *,
    intact: bool,
    found: list[Finding],
) -> TokenResult:
    ordered = in_order(found)
    errors = [one for one in ordered if one.severity == "error"]
    gravest = next((one for one in errors if one.indication == "TOTAL-FAILED"), errors[0] if errors else None)
    indication: Literal["PASSED", "INDETERMINATE", "FAILED"] = "PASSED"
    if gravest is not None:
        indication = "FAILED" if gravest.indication == "TOTAL-FAILED" else "INDETERMINATE"
    return TokenResult(
        time=info.time if info else None,
        accuracy=info.accuracy if info else None,
        tsa=signed_by.subject_text if signed_by else None,
        certificate=signed_by,
        path=path,
        serial=info.serial if info else None,
        intact=intact,
        indication=indication,
        subindication=gravest.subindication if gravest else None,
        findings=ordered,
    )


def _candidates(signed: SignedData, pool: Iterable[Certificate]) -> list[Certificate]:
    return list(dict.fromkeys([*readable(signed.certificates), *pool]))[:MAX_CANDIDATES]


def _message_digest(signer: SignerInfo, content: bytes) -> list[Finding]:
    try:
        computed = hashlib.new(signer.digest_algorithm, content, usedforsecurity=False).digest()
    except ValueError:
        return [finding("NOT_SUPPORTED", what=_digest_named(signer.digest_algorithm))]
    declared = signer.message_digest
    if declared is None:
        return []  # observed while parsing
    if not hmac.compare_digest(computed, declared):
        return [finding("HASH_FAILURE", what=Text("the content of the timestamp token", "nội dung của dấu thời gian"))]
    return []


def _identify(signer: SignerInfo, candidates: Sequence[Certificate]) -> tuple[Certificate | None, list[Finding]]:
    """Rule 3: the signed references decide; the SignerInfo's own hint must then agree with them."""
    try:
        references = attributes.certificate_ids(signer.signed_attributes)
    except EidkitError:
        why = Text("the signing-certificate attribute cannot be read", "không đọc được thuộc tính signing-certificate")
        return None, [finding("FORMAT_FAILURE", why=why)]
    if not references:
        hinted = next((one for one in candidates if _hinted(signer, one)), None)
        if hinted is None:
            return None, [finding("NO_SIGNING_CERTIFICATE_FOUND")]
        return hinted, [finding("SIGNER_NOT_BOUND")]
    named = next((one for one in candidates if _all_name(references, one)), None)
    if named is None:
        if any(_hinted(signer, one) for one in candidates):
            return None, [finding("SIGNING_CERTIFICATE_MISMATCH")]
        return None, [finding("NO_SIGNING_CERTIFICATE_FOUND")]
    return named, [] if _hinted(signer, named) else [finding("SIGNING_CERTIFICATE_MISMATCH")]


def _all_name(references: Sequence[CertificateId], one: Certificate) -> bool:
    try:
        return all(reference.names(one.der, one.issuer, one.serial_octets) for reference in references)
    except EidkitError:
        return False


def _hinted(signer: SignerInfo, one: Certificate) -> bool:
    try:
        if signer.issuer_serial is None:
            return signer.key_identifier is not None and one.subject_key_identifier == signer.key_identifier
        issuer, serial = signer.issuer_serial
        same_serial = serial.lstrip(b"\x00") == one.serial_octets.lstrip(b"\x00")
        return same_serial and (issuer == one.issuer or name.same(issuer, one.issuer))
    except EidkitError:
        return False


def _value_holds(signer: SignerInfo, by: Certificate) -> bool:
    """Rule 4.  Some signers sort the attributes only for signing (RFC 5652 §5.4), so both orders are tried."""
    if signer.algorithm is None or not signer.signed_octets:
        return False
    try:
        return any(
            signature_holds(by.spki, signer.algorithm, signer.signature, octets, salt_length=signer.salt_length)
            for octets in _orders(signer)
        )
    except EidkitError:
        return False


def _orders(signer: SignerInfo) -> Iterator[bytes]:
    yield signer.signed_octets
    if signer.sorted_octets != signer.signed_octets:
        yield signer.sorted_octets


def _imprint(info: TstInfo, imprints: Mapping[str, bytes]) -> list[Finding]:
    if info.algorithm in algorithms.DIGEST_BY_NAME and not imprints:
        what = Text("what the timestamp is about", "nội dung được đóng dấu thời gian")
        return [finding("SIGNED_DATA_NOT_FOUND", what=what)]
    if info.algorithm not in algorithms.DIGEST_BY_NAME or info.algorithm not in imprints:
        return [finding("NOT_SUPPORTED", what=_digest_named(info.algorithm))]
    if not hmac.compare_digest(imprints[info.algorithm], info.imprint):
        return [finding("TIMESTAMP_IMPRINT")]
    return []


def _period(by: Certificate, time: datetime, at: datetime) -> list[Finding]:
    """Rule 6: at genTime the certificate must be valid; that it has ended since needs a proof that is older."""
    subject = by.subject_text
    if time < by.not_before:
        return [finding("NOT_YET_VALID", subject, subject=subject, time=format_time(by.not_before))]
    if time > by.not_after:
        return [finding("EXPIRED", subject, subject=subject, time=format_time(by.not_after))]
    if at > by.not_after:
        return [finding("OUT_OF_BOUNDS_NO_POE", subject, subject=subject, time=format_time(by.not_after))]
    return []


_IMPRINT = Text("the imprint of the timestamp", "giá trị băm trong dấu thời gian")
_TOKEN = Text("the timestamp token", "dấu thời gian")
_SIGNATURE = Text("the signature of the timestamp", "chữ ký của dấu thời gian")


def _digest_named(algorithm: str) -> Text:
    return Text(f"a timestamp with the digest {algorithm}", f"dấu thời gian dùng hàm băm {algorithm}")


def _algorithms(signer: SignerInfo, info: TstInfo, at: datetime, weak_allowed: frozenset[str]) -> list[Finding]:
    """Rule 8, but for the keys and certificates, which the path answers for.

    The SHA-1 of an ESSCertID is only a name beside the signature and is not judged here.
    """
    found = []
    digests = {info.algorithm: _IMPRINT, signer.digest_algorithm: _TOKEN}
    if signer.algorithm is not None and signer.algorithm.digest is not None:
        digests[signer.algorithm.digest] = _SIGNATURE
    for used, what in digests.items():
        weak = algorithms.digest_weakness(used, at, weak_allowed) if used in algorithms.DIGEST_BY_NAME else None
        if weak is not None:
            found.append(too_weak(None, what, weak, at))
    if signer.algorithm is not None and not found:
        weak = algorithms.signature_weakness(signer.algorithm, at, weak_allowed)
        found += [too_weak(None, _SIGNATURE, weak, at)] if weak else []
    if signer.algorithm is not None and signer.algorithm.family == "dsa":
        found.append(finding("NOT_SUPPORTED", what=Text("DSA signatures", "chữ ký DSA")))
    return found
