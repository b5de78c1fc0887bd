"""Was a certificate revoked?  CRLs and OCSP answers judged as what they are: untrusted input.  Pure.

The plan, whose numbers stand at the code:

1. An answer counts only from the certificate's issuer: a CRL under its name and key (with cRLSign where key usage
   is stated), an OCSP answer under its key or that of a responder it named (RFC 6960 §4.2.2.2).
2. The signature is verified every time (successes are remembered by the hash of the whole answer and the key),
   and its algorithm must be strong enough at the time we judge for.  Hashes in CertID, KeyHash and key
   identifiers are only names: any will do.
3. It must be about this certificate: CertID, or the scope of the list (RFC 5280 §6.3.3).  Indirect CRLs are refused
   by name, and so is what has a critical extension that we do not know.  A delta CRL or a list of some reasons
   can revoke, but that it does not list a certificate is refused by name as a "good".
4. It may not be from the future of ``now`` (60 s of skew).  "Good" counts only if the answer was still current at
   ``at``, fresh enough where a freshness is demanded, and could still know an expired certificate.
5. Any valid "revoked" wins, however old the answer: revocation is for ever.  Only a hold ends, and only by a later
   valid answer that no longer has it.
6. Bounds: answers and signature checks are counted; at a bound nothing is "good".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from eidkit import algorithms
from eidkit.asn1 import crl, der, extension, name, ocsp
from eidkit.asn1 import certificate as x509
from eidkit.asn1.algorithm import AlgorithmIdentifier, signature_algorithm
from eidkit.errors import EidkitError
from eidkit.findings import Observation, observed
from eidkit.trust.usage import CRL_SIGN, may_sign

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from eidkit.asn1.certificate import Certificate

State = Literal["good", "revoked", "hold", "unknown"]
SKEW = timedelta(seconds=60)
MAX_ANSWERS = 1_000
MAX_CHECKS = 100
HOLD, REMOVED = 6, 8
REASONS = {
    0: "unspecified", 1: "keyCompromise", 2: "cACompromise", 3: "affiliationChanged", 4: "superseded",
    5: "cessationOfOperation", 6: "certificateHold", 9: "privilegeWithdrawn", 10: "aACompromise",
}  # fmt: skip
_KNOWN_CRL_EXTENSIONS = {
    extension.CRL_NUMBER,
    extension.AUTHORITY_KEY_IDENTIFIER,
    extension.ISSUER_ALT_NAME,
    extension.ISSUING_DISTRIBUTION_POINT,
    extension.DELTA_CRL,
    extension.EXPIRED_CERTS_ON_CRL,
}
_KNOWN_OCSP_EXTENSIONS = {extension.OCSP_NONCE, extension.OCSP_ARCHIVE_CUTOFF}


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of one certificate's revocation.

    ``revoked`` and ``hold`` say since when (``revoked_at``) and why (``reason``, the RFC 5280 spelling); the caller
    compares that time with the best signature time.  ``source`` and ``source_sha256`` name the answer that
    decided.  ``observations`` tell which answers were not used, and why; ``why`` puts an ``unknown`` in words.
    """

    state: State
    revoked_at: datetime | None = None
    reason: str | None = None
    source: Literal["crl", "ocsp"] | None = None
    source_sha256: str | None = None
    this_update: datetime | None = None
    next_update: datetime | None = None
    observations: tuple[Observation, ...] = ()

    @property
    def why(self) -> str:
        """Why the state is unknown, in English."""
        reasons = [dict(each.values).get("why", "") for each in self.observations]
        return "; ".join(dict.fromkeys(reason for reason in reasons if reason)) or "no revocation data was given"


class _Refused(Exception):
    """One answer that may not be used, and why."""


@dataclass(slots=True)
class _Question:
    """One certificate, its issuer, the times and demands, and what the answers said so far."""

    certificate: Certificate
    issuer: Certificate
    at: datetime
    now: datetime
    freshness: timedelta | None
    weak: frozenset[str]
    crls: Sequence[bytes]
    ocsps: Sequence[bytes]
    delegation: bool
    checks: int = 0
    statements: list[Status] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)

    def refuse(self, answer: str, why: str) -> None:
        self.observations.append(observed("REVOCATION_REFUSED", answer, why=why))


def status_of(
    certificate: Certificate,
    issuer: Certificate,
    *,
    crls: Sequence[bytes],
    ocsps: Sequence[bytes],
    at: datetime,
    now: datetime,
    freshness: timedelta | None = None,
    weak: frozenset[str] = frozenset(),
) -> Status:
    """The status of ``certificate``, issued by ``issuer`` (already verified), as known for the time ``at``.

    ``now`` is the present or the time of collection: nothing from its future is believed.  ``freshness`` is the
    greatest age of an answer at ``at`` (None: its own nextUpdate decides).  ``weak`` names digests accepted
    whatever the date.  Never raises for what the answers hold.
    """
    question = _Question(certificate, issuer, at, now, freshness, weak, crls, ocsps, delegation=True)
    return _answered(question)


if TYPE_CHECKING:
    _Reader = Callable[[_Question, bytes], Iterator[Status]]


def _answered(question: _Question) -> Status:
    budget = MAX_ANSWERS
    for read, answers in ((_statements_of_ocsp, question.ocsps), (_statements_of_crl, question.crls)):
        for answer in answers[:budget]:
            question.statements.extend(_read(question, answer, read))
        budget -= len(answers[:budget])
    exceeded = len(question.crls) + len(question.ocsps) > MAX_ANSWERS or question.checks > MAX_CHECKS
    if exceeded:  # (6)
        question.refuse(
            question.certificate.sha256, f"more than {MAX_ANSWERS} answers or {MAX_CHECKS} signature checks"
        )
    _note_other_issuers(question)
    return _decided(question, exceeded=exceeded)


def _note_other_issuers(question: _Question) -> None:
    """(3) Say by name when the certificate's CRLs come from somebody else than its issuer."""
    try:
        points = question.certificate.distribution_points
    except EidkitError as error:
        question.refuse(question.certificate.sha256, error.problem.en)
        return
    if not question.statements and any(point.crl_issuer for point in points):
        question.refuse(
            question.certificate.sha256,
            "the certificate names another CRL issuer; indirect CRLs are not supported by this release",
        )


def _read(question: _Question, answer: bytes, read: _Reader) -> list[Status]:
    """The statements of one answer; what is wrong with it becomes an observation."""
    try:
        return list(read(question, answer))
    except _Refused as refusal:
        question.refuse(_named(answer), str(refusal))
    except EidkitError as error:
        question.refuse(_named(answer), error.problem.en)
    return []


def _named(answer: bytes) -> str:
    from hashlib import sha256

    return sha256(answer).hexdigest()


def _decided(question: _Question, *, exceeded: bool) -> Status:
    """(5) Revoked before hold before good; the latest good releases an earlier hold."""
    notes = tuple(dict.fromkeys(question.observations))
    by_state: dict[State, list[Status]] = {"revoked": [], "hold": [], "good": [], "unknown": []}
    for statement in question.statements:
        by_state[statement.state].append(statement)
    if by_state["revoked"]:
        return _with(min(by_state["revoked"], key=_since), notes)
    latest = max(by_state["good"], key=_issued, default=None)
    held = max(by_state["hold"], key=_issued, default=None)
    if held is not None and (latest is None or _issued(latest) <= _issued(held)):
        return _with(held, notes)
    if latest is None or exceeded:
        return Status("unknown", observations=notes)
    return _with(latest, notes)


def _with(status: Status, notes: tuple[Observation, ...]) -> Status:
    from dataclasses import replace

    return replace(status, observations=notes)


_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


def _since(status: Status) -> datetime:
    return status.revoked_at or _LONG_AGO


def _issued(status: Status) -> datetime:
    return status.this_update or _LONG_AGO


# ── CRL ───────────────────────────────────────────────────────────────────────────────────────────────────


def _statements_of_crl(question: _Question, answer: bytes) -> Iterator[Status]:
    certificate, issuer = question.certificate, question.issuer
    listed = crl.parse(answer)
    if not name.same(listed.issuer, certificate.issuer) or not name.same(listed.issuer, issuer.subject):
        return  # (1) about other certificates: nothing to say, nothing wrong with it
    partial = _partial(listed)
    _check_crl_extensions(listed)
    _check_scope(listed.scope, question)
    _check_not_future(listed.this_update, question)
    usage = issuer.key_usage
    if usage is not None and CRL_SIGN not in usage:
        raise _Refused("its issuer may not sign CRLs (key usage)")
    _check_signature(question, listed.signature_algorithm, lambda: listed.signed_by(issuer))  # (2)
    entry = listed.find(certificate.serial_octets)
    times = (listed.this_update, listed.next_update)
    if entry is None:
        if partial is not None:
            raise _Refused(f"{partial} are not supported by this release")
        _check_current(question, *times, listed.expired_kept_since)
        yield Status("good", None, None, "crl", listed.sha256, *times)
        return
    if entry.reason == REMOVED:
        raise _Refused("removeFromCRL is only for delta CRLs, which are not supported by this release")
    yield _revoked(entry.revoked_at, entry.reason, "crl", listed.sha256, times)


def _partial(listed: crl.Crl) -> str | None:
    """(3) Lists from which an absence proves nothing here.  What they do list is revoked all the same."""
    if extension.DELTA_CRL in listed.extensions:
        return "delta CRLs"
    return "CRLs of only some reasons" if listed.scope.some_reasons else None


def _check_crl_extensions(listed: crl.Crl) -> None:
    """(3) Every critical extension must be known (RFC 5280 §5.2)."""
    for oid, (critical, _) in listed.extensions.items():
        if critical and oid not in _KNOWN_CRL_EXTENSIONS:
            raise _Refused(f"the critical CRL extension {oid} is not supported")


def _check_scope(scope: crl.Scope, question: _Question) -> None:
    """(3) RFC 5280 §6.3.3 (b)(2), without indirect CRLs and partial reasons."""
    if scope.indirect:
        raise _Refused("indirect CRLs are not supported by this release")
    authority = question.certificate.basic_constraints[0]
    if scope.only_attribute or (scope.only_user and authority) or (scope.only_authority and not authority):
        raise _Refused("the CRL is about another kind of certificate")
    if (scope.names or scope.relative is not None) and not _points_here(scope, question.certificate):
        raise _Refused("the CRL is of a distribution point that the certificate does not name")


def _points_here(scope: crl.Scope, certificate: Certificate) -> bool:
    """Whether one name of the list's distribution point is one of the certificate's (or, without any, its issuer)."""
    offered = _full_names(scope.names, scope.relative, certificate.issuer)
    points = certificate.distribution_points
    if not points:
        return _share_a_name(offered, (der.tlv(extension.DIRECTORY_TAG, certificate.issuer),))
    for point in points:
        if point.crl_issuer or point.reasons is not None:
            continue  # another issuer's list, or one of only some reasons
        if _share_a_name(offered, _full_names(point.names, point.relative, certificate.issuer)):
            return True
    return False


def _full_names(names: tuple[bytes, ...], relative: bytes | None, issuer: bytes) -> tuple[bytes, ...]:
    if relative is None:
        return names
    joined = der.sequence(der.whole(issuer).content, der.tlv(der.SET, relative))
    return (der.tlv(extension.DIRECTORY_TAG, joined),)


def _share_a_name(first: tuple[bytes, ...], second: tuple[bytes, ...]) -> bool:
    if set(first) & set(second):
        return True
    directories = [
        [der.read(each).content for each in names if each[0] == extension.DIRECTORY_TAG] for names in (first, second)
    ]
    return any(name.same(a, b) for a in directories[0][:50] for b in directories[1][:50])


# ── OCSP ──────────────────────────────────────────────────────────────────────────────────────────────────


def _statements_of_ocsp(question: _Question, answer: bytes) -> Iterator[Status]:
    certificate, issuer = question.certificate, question.issuer
    response = ocsp.parse(answer)
    about = [single for single in response.singles if single.is_about(certificate, issuer)]
    if not about:
        return  # (3) about other certificates
    for oid, (critical, _) in [
        *response.extensions.items(),
        *(each for single in about for each in single.extensions.items()),
    ]:
        if critical and oid not in _KNOWN_OCSP_EXTENSIONS:
            raise _Refused(f"the critical OCSP extension {oid} is not supported")
    _check_not_future(response.produced_at, question)
    if response.produced_at < certificate.not_before - SKEW:
        raise _Refused("the OCSP answer is older than the certificate")
    responder = _responder(response, question)  # (1)
    _check_signature(question, response.signature_algorithm, lambda: response.signed_by(responder))  # (2)
    for single in about:
        yield from _statement(question, response, single)


def _statement(question: _Question, response: ocsp.OcspResponse, single: ocsp.Single) -> Iterator[Status]:
    _check_not_future(single.this_update, question)
    times = (single.this_update, single.next_update)
    if single.status == "revoked":
        yield _revoked(single.revoked_at, single.reason, "ocsp", response.sha256, times)
    elif single.status == "good":
        _check_current(question, *times, single.archive_cutoff)
        yield Status("good", None, None, "ocsp", response.sha256, *times)
    else:
        raise _Refused("the OCSP responder does not know the certificate")


def _responder(response: ocsp.OcspResponse, question: _Question) -> Certificate:
    """The certificate whose key must have signed: the issuer, or a responder that it named (RFC 6960 §4.2.2.2)."""
    if response.names(question.issuer):
        return question.issuer
    if not question.delegation:
        raise _Refused("an OCSP answer about a responder must come from the issuer itself")
    why = "nothing shows that its responder may speak for the issuer"
    for raw in response.certificates:
        try:
            responder = x509.parse(raw)
            if not response.names(responder):
                continue
            _check_delegated(responder, response, question)
        except _Refused as refusal:
            why = str(refusal)
        except der.DerError:
            continue
        else:
            return responder
    raise _Refused(why)


def _check_delegated(responder: Certificate, response: ocsp.OcspResponse, question: _Question) -> None:
    """A delegated responder: issued by the issuer itself, for OCSP, valid when it answered, not revoked."""
    issuer = question.issuer
    if not name.same(responder.issuer, issuer.subject) or not may_sign(responder, "ocsp"):
        raise _Refused("its responder was not named by the issuer for OCSP")
    for oid, (critical, _) in responder.extensions.items():
        if critical and oid not in _KNOWN_RESPONDER_EXTENSIONS:
            raise _Refused(f"the critical extension {oid} of its responder is not supported")
    _check_signature(question, responder.signature_algorithm, lambda: x509.verify_issued(responder, issuer))
    if not responder.not_before <= response.produced_at <= responder.not_after:
        raise _Refused("its responder's certificate was not valid when it answered")
    kind, bits = algorithms.key_kind(responder.public_key())
    if kind not in question.weak and not algorithms.key_acceptable(kind, bits):
        raise _Refused(f"its responder's key is too weak ({kind}-{bits})")
    if responder.ocsp_nocheck:
        return
    inner = _Question(
        responder, issuer, response.produced_at, question.now, None, question.weak,
        question.crls, question.ocsps, delegation=False, checks=question.checks,
    )  # fmt: skip
    status = _answered(inner)
    question.checks = inner.checks
    if status.state != "good":
        raise _Refused(f"the status of its responder is {status.state}, and it has no ocsp-nocheck")


_KNOWN_RESPONDER_EXTENSIONS = {
    extension.BASIC_CONSTRAINTS,
    extension.KEY_USAGE,
    extension.EXTENDED_KEY_USAGE,
    extension.OCSP_NOCHECK,
    extension.SUBJECT_ALT_NAME,
    extension.CRL_DISTRIBUTION_POINTS,
    extension.CERTIFICATE_POLICIES,
}


# ── both ──────────────────────────────────────────────────────────────────────────────────────────────────


def _check_signature(question: _Question, algorithm: AlgorithmIdentifier, verify: Callable[[], bool]) -> None:
    """(2) The signature, and the strength of its digest at the time we judge for."""
    question.checks += 1
    if question.checks > MAX_CHECKS:  # (6)
        raise _Refused(f"more than {MAX_CHECKS} signature checks")
    if not verify():
        raise _Refused("it is not signed by the issuer's key")
    row, _ = signature_algorithm(algorithm)
    digest = row.digest
    if digest is not None and digest not in question.weak and not algorithms.digest_acceptable(digest, question.at):
        raise _Refused(f"its signature uses {row.name}, too weak at {question.at:%Y-%m-%d}")


def _check_not_future(moment: datetime, question: _Question) -> None:
    """(4) Nothing is believed that comes from the future."""
    if moment > question.now + SKEW:
        raise _Refused(f"it is from the future ({moment:%Y-%m-%d %H:%M} UTC)")


def _check_current(
    question: _Question, this_update: datetime, next_update: datetime | None, kept_since: datetime | None
) -> None:
    """(4) What "good" needs: current at ``at``, fresh where demanded, and still knowing the certificate."""
    at, expiry = question.at, question.certificate.not_after
    if next_update is not None and (next_update < at or next_update < this_update):
        raise _Refused(f"it was no longer current on {at:%Y-%m-%d} (next update {next_update:%Y-%m-%d %H:%M} UTC)")
    if next_update is None and question.freshness is None and this_update < at:
        raise _Refused("it does not say until when it is current")
    if question.freshness is not None and at - this_update > question.freshness:
        raise _Refused(f"it is older than the policy allows ({this_update:%Y-%m-%d %H:%M} UTC)")
    if this_update > expiry and (kept_since is None or kept_since > expiry):
        raise _Refused("it was made after the certificate expired and may no longer list it")


def _revoked(
    since: datetime | None,
    reason: int,
    source: Literal["crl", "ocsp"],
    sha256: str,
    times: tuple[datetime, datetime | None],
) -> Status:
    state: State = "hold" if reason == HOLD else "revoked"
    return Status(state, since, REASONS.get(reason, f"reason {reason}"), source, sha256, *times)
