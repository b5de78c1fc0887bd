"""Asking the network about one certificate: the addresses that it names, within limits, with what was kept on disk.

Only :class:`eidkit.trust.sources.Sources` sends anybody on such an errand.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eidkit.addresses import resolve, shown
from eidkit.asn1 import crl, der, ocsp
from eidkit.errors import EidkitError, StoreError, Text, TransportError
from eidkit.trust import kept_answers
from eidkit.trust.kinds import kinds_in
from eidkit.trust.network import fetch
from eidkit.trust.revocation import status_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from eidkit.asn1.certificate import Certificate
    from eidkit.transport import Transport
    from eidkit.trust.sources import Sources

MAX_CRL_FETCH = 16 * 1024 * 1024
MAX_OCSP_FETCH = 256 * 1024
MAX_CERTIFICATE_FETCH = 64 * 1024
MAX_URLS = 4
MAX_CHASED = 8


@dataclass(frozen=True, slots=True)
class _Answer:
    """What an address gave, and the question under which it may be kept (None: it was kept, or may not be)."""

    data: bytes
    question: bytes | None


@dataclass(frozen=True, slots=True)
class Errand:
    """What the network has for one certificate at ``now``, by the rules of ``sources``.

    What could not be fetched is added to ``problems``, never raised.
    """

    sources: Sources
    transport: Transport
    problems: list[EidkitError]
    now: datetime

    def ask_ocsp(self, certificate: Certificate, issuer: Certificate) -> list[bytes]:
        """The first answer of its OCSP responders that can be read."""
        for url in _addresses(lambda: certificate.ocsp_urls)[:MAX_URLS]:
            nonce = secrets.token_bytes(32) if self.sources.nonce else None
            try:
                request = ocsp.encode_request(certificate, issuer, nonce=nonce)
            except EidkitError as error:
                self.problems.append(error)
                return []
            answer = self._fetched(url, MAX_OCSP_FETCH, request, "application/ocsp-request")
            if answer is None:
                continue
            try:
                read = ocsp.parse(answer.data)
                _check_nonce(read, nonce)
            except EidkitError as error:
                self.problems.append(error)
                continue
            ends = [single.next_update for single in read.singles]
            if answer.question and nonce is None and settles(certificate, issuer, [answer.data], self.now):
                self._keep(answer, min((end for end in ends if end is not None), default=None))
            return [answer.data]
        return []

    def fetch_crls(self, certificate: Certificate, issuer: Certificate) -> list[bytes]:
        """The lists at the addresses that it names."""
        found: list[bytes] = []
        for url in _addresses(lambda: certificate.crl_distribution_points)[:MAX_URLS]:
            answer = self._fetched(url, MAX_CRL_FETCH)
            lists = [data for kind, data in kinds_in(answer.data) if kind == "crl"] if answer else []
            if answer is not None and answer.question and len(lists) == 1:
                self._keep(answer, _end_of_list(lists[0], issuer))
            found += lists
        return found

    def fetch_issuers(self, certificate: Certificate) -> list[bytes]:
        """Certificates at the addresses where its issuer's is said to be; never kept."""
        found: list[bytes] = []
        for url in _addresses(lambda: certificate.ca_issuer_urls)[:MAX_URLS]:
            answer = self._fetched(url, MAX_CERTIFICATE_FETCH)
            found += [data for kind, data in kinds_in(answer.data) if kind == "certificate"] if answer else []
        return found[:MAX_CHASED]

    def _fetched(self, url: str, limit: int, body: bytes = b"", content_type: str | None = None) -> _Answer | None:
        question = kept_answers.question_of(url, body)
        known = self._kept(question)
        if known is not None and known.body is None:
            self.problems.append(_failed_lately(url))
            return None
        if known is not None and known.body is not None and len(known.body) <= limit:
            return _Answer(known.body, None)
        try:
            data = fetch(
                url,
                transport=self.transport,
                allow_hosts=self.sources.allow_hosts,
                names=resolve,
                limit=limit,
                timeout=self.sources.timeout,
                body=body,
                content_type=content_type,
            )
        except TransportError as error:
            self.problems.append(error)
            self._keep(_Answer(b"", question), self.now + kept_answers.FAILURE_KEPT, failed=True)
            return None
        return _Answer(data, question)

    def _kept(self, question: bytes) -> kept_answers.Kept | None:
        if self.sources.cache is None:
            return None
        try:
            return kept_answers.find(self.sources.cache, question, self.now)
        except StoreError as error:
            self.problems.append(error)
            return None

    def _keep(self, answer: _Answer, until: datetime | None, *, failed: bool = False) -> None:
        """Keep what counted until it ends; what does not say when it ends is not kept."""
        if self.sources.cache is None or until is None or answer.question is None:
            return
        body = None if failed else answer.data
        try:
            kept_answers.keep(self.sources.cache, answer.question, body, until=until, now=self.now)
        except StoreError as error:
            self.problems.append(error)


def settles(certificate: Certificate, issuer: Certificate, answers: list[bytes], at: datetime) -> bool:
    """Whether OCSP answers alone settle the status of a certificate."""
    return status_of(certificate, issuer, crls=(), ocsps=answers, at=at, now=at).state != "unknown"


def _end_of_list(data: bytes, issuer: Certificate) -> datetime | None:
    """Until when a list may be kept: only one that the certificate's issuer signed."""
    try:
        listed = crl.parse(data)
        return listed.next_update if listed.signed_by(issuer) else None
    except EidkitError:
        return None


def _check_nonce(answer: ocsp.OcspResponse, sent: bytes | None) -> None:
    """An answer with a nonce is an answer to the question that had it (RFC 9654 §2.1)."""
    if sent is None or answer.nonce in {None, sent}:
        return
    raise TransportError(
        "ocsp-nonce",
        Text("the OCSP answer is to another question (nonce)", "trả lời OCSP dành cho câu hỏi khác (nonce)"),
        Text("try again; if it stays so, ask the certification authority", "thử lại, hoặc liên hệ tổ chức cấp"),
    )


def _failed_lately(url: str) -> TransportError:
    return TransportError(
        "asked-lately",
        Text("{url} did not answer a moment ago", "{url} vừa không trả lời").filled(url=shown(url)),
        Text("try again in a minute", "thử lại sau một phút"),
    )


def _addresses(read: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
    """The http(s) addresses an extension names; none when it is malformed."""
    try:
        return tuple(url for url in dict.fromkeys(read()) if url.lower().startswith(("http://", "https://")))
    except der.DerError:
        return ()
