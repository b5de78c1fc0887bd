"""``verify_many``: the Reports on many documents, in order, spread over an executor.

Each document gets the Report that it would get alone.  What is shared in a process are pure functions of bytes (parses
of certificates, CRLs and answers, results of signature checks, by content) and what an address of the network said
lately (:mod:`eidkit.verify.shared_answers`).  What one document carries (certificates, revocation answers, proofs of
existence) never serves another.
"""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from uuid import uuid4

from eidkit.clock import SYSTEM_CLOCK, Clock
from eidkit.document import Document
from eidkit.errors import EidkitError, Text
from eidkit.policy import ETSI_BASELINE, Policy
from eidkit.trust.store import TrustStore
from eidkit.verify import horizon
from eidkit.verify.judging import checked_moment
from eidkit.verify.shared_answers import SharedAnswers
from eidkit.verify.spreading import PROCESSES, Processes, Work, spread
from eidkit.verify.verifying import verify

if TYPE_CHECKING:
    import os
    from collections.abc import Generator, Iterable
    from concurrent.futures import Executor
    from datetime import datetime

    from eidkit.transport import Transport
    from eidkit.trust.sources import Sources
    from eidkit.verify.report import Report

    Given = Document | str | os.PathLike[str]

_LOG = logging.getLogger("eidkit.verify")


@dataclass(frozen=True, slots=True)
class NotReadable:
    """A document that was not understood at all, and why: what :func:`eidkit.verify.verify` would have raised.

    False, like a report that does not pass; ``require()`` raises ``error``.  Threads may share it.
    """

    verdict: ClassVar[str] = "NOT-READABLE"

    document: str
    error: EidkitError

    def __bool__(self) -> bool:
        return False

    def require(self) -> Report:
        """Raises why it could not be read."""
        raise self.error


@dataclass(frozen=True, slots=True)
class Terms:
    """What all documents of one run are judged with; it travels to the workers.  ``run`` tells runs apart."""

    trust: TrustStore
    sources: Sources | None
    policy: Policy
    at: datetime | None
    transport: Transport | None
    clock: Clock
    run: str

    def report(self, document: Document) -> Report:
        """The Report on one document, as :func:`eidkit.verify.verify` gives it."""
        return verify(
            document,
            self.trust,
            sources=self.sources,
            policy=self.policy,
            at=self.at,
            transport=self._door(),
            clock=self.clock,
        )

    def _door(self) -> Transport | None:
        if self.sources is None or not self.sources.network:
            return self.transport
        return _shared(self)

    def __hash__(self) -> int:
        return hash(self.run)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Terms) and self.run == other.run


@lru_cache(maxsize=4)
def _shared(terms: Terms) -> SharedAnswers:
    """One run's memory of the network, in this process."""
    from eidkit.transport import HttpTransport

    hosts = terms.sources.allow_hosts if terms.sources else frozenset()
    return SharedAnswers(terms.transport or HttpTransport(allow_hosts=hosts), terms.clock)


def verify_many(
    documents: Iterable[Given],
    trust: TrustStore,
    *,
    sources: Sources | None = None,
    policy: Policy = ETSI_BASELINE,
    at: datetime | None = None,
    executor: Executor | Processes | None = PROCESSES,
    transport: Transport | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Generator[Report | NotReadable]:
    """The Report on each of ``documents`` (Documents or paths), in their order, one at a time, each as if alone.

    ``documents`` may be endless: a few dozen are drawn ahead, no more is held.  A document that cannot be read is a
    :class:`NotReadable` in its place, and one that brings its process down too; neither stops the others.

    ``executor``: processes of our own (the default: as many as there are cores; ``Processes(4)``: four), any
    ``concurrent.futures.Executor`` (threads, a Dask client's ``get_executor()``), or None for this process.  Prefer
    paths to Documents where files are on disk and workers see them: a Document crosses to another process with all its
    bytes.  ``transport``, ``clock`` and ``policy`` must pickle where they cross.  The other arguments are those of
    :func:`eidkit.verify.verify`; without ``at`` each document is judged as of when its turn comes.

    Raises :class:`EidkitError` at once for what cannot be sent, and while iterating when an executor of yours breaks.
    """
    terms = Terms(trust, sources, policy, checked_moment(at) if at else None, transport, clock, uuid4().hex)
    return _at_home(trust, spread(Work(_report, terms, _lost), documents, executor))


def _report(terms: Terms, document: Given) -> Report | NotReadable:
    """In a worker: the Report, fit to travel."""
    try:
        return slim(terms.report(document if isinstance(document, Document) else Document.read(document)))
    except Exception as error:  # noqa: BLE001 - one broken file never stops the others; a defect of ours is named as one
        return NotReadable(name_of(document), told(error))


def _lost(_: Terms, document: Given, error: Exception) -> NotReadable:
    return NotReadable(name_of(document), fatal(error))


def name_of(document: Given) -> str:
    """The name that a report on it would have."""
    return document.name if isinstance(document, Document) else Path(document).name


def slim(report: Report) -> Report:
    """The report without what everybody has: anchors, and answers beside the document (looking ahead uses none)."""
    if report.context is None:
        return report
    evidence = horizon.alone(report.context.evidence)
    return replace(report, context=replace(report.context, trust=TrustStore(), evidence=evidence))


def _at_home(trust: TrustStore, found: Generator[Report | NotReadable]) -> Generator[Report | NotReadable]:
    """What comes back, with the anchors again that it was judged by."""
    with closing(found):
        for one in found:
            if isinstance(one, NotReadable) or one.context is None:
                yield one
            else:
                yield replace(one, context=replace(one.context, trust=trust))


def told(error: Exception) -> EidkitError:
    """What became of one document, as an error of ours: its own, the system's, or a defect, named as such."""
    if isinstance(error, EidkitError):
        return error
    if isinstance(error, MemoryError):
        return fatal(error)
    if isinstance(error, OSError):
        return EidkitError(
            "system",
            Text(error.strerror or type(error).__name__, "lỗi hệ thống khi đọc tệp"),
            Text("check the path, its permissions and the disk", "kiểm tra đường dẫn, quyền và ổ đĩa"),
            kind="outside",
        )
    _LOG.debug("a document was not verified", exc_info=error, extra={"event": "verification.defect", "code": "defect"})
    return EidkitError(
        "defect",
        Text(f"eidkit failed inside ({type(error).__name__}); this is a defect", "eidkit gặp lỗi nội bộ"),
        Text("nothing was accepted; report it with the file if you may", "không chấp nhận gì; hãy báo lỗi kèm tệp"),
    )


def fatal(error: Exception) -> EidkitError:
    """What a document is told that no process survived, or that could not be sent to one."""
    return EidkitError(
        "verification-died",
        Text(
            f"the process that verified it died ({type(error).__name__})",
            "tiến trình kiểm tra tệp này đã dừng đột ngột",
        ),
        Text(
            "nothing was accepted; look at the file by itself, with more memory, and report it if you may",
            "không chấp nhận gì; kiểm tra riêng tệp này và báo lỗi",
        ),
        kind="outside",
    )
