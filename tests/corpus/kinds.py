"""The corpora that the runner knows: later ones are a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from tests.corpus.chains import chains
from tests.corpus.documents import dss, pdf_attacks, xml_interop
from tests.corpus.logins import auth
from tests.corpus.outcome import Case, Result, run
from tests.corpus.tokens import timestamps

CORPORA: dict[str, Callable[[Path], Iterator[Case]]] = {
    "dss": dss,
    "pdf-attacks": pdf_attacks,
    "xml-interop": xml_interop,
    "timestamps": timestamps,
    "auth": auth,
    "chain": chains,
}


def results(name: str, folder: Path) -> list[Result]:
    """Every case of one corpus, asked."""
    return [run(case) for case in CORPORA[name](folder)]
