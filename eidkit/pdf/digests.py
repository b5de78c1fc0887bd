"""All digests that a PDF's signatures need, with each byte hashed once per algorithm.

Every signature covers the file from its beginning, so one running hash serves them all: it is copied at each
hole and goes on after it, and copied at each length that was shown to a signer.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eidkit.algorithms import DIGEST_BY_NAME
from eidkit.document import CHUNK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from eidkit.document import Document


@dataclass(frozen=True, slots=True)
class Wanted:
    """A digest to compute: over ``0:first``, then ``second:end`` (both 0 for a prefix alone)."""

    algorithm: str
    first: int
    second: int = 0
    end: int = 0


def digests(document: Document, wanted: Iterable[Wanted]) -> dict[Wanted, bytes]:
    """The digests, as far as hashlib knows the algorithm and the work stays bounded.

    The second ranges together may be as long as four files: each revision is covered by one signature only, so
    more is an attack, and what goes beyond is left out.
    """
    unique = sorted(set(wanted), key=lambda one: (one.algorithm, one.first))
    found: dict[Wanted, bytes] = {}
    budget = 4 * document.length + CHUNK
    for algorithm in dict.fromkeys(one.algorithm for one in unique):
        if algorithm not in DIGEST_BY_NAME or algorithm not in hashlib.algorithms_available:
            continue
        running = hashlib.new(algorithm, usedforsecurity=False)
        position = 0
        for one in (each for each in unique if each.algorithm == algorithm):
            for chunk in _chunks(document, position, one.first):
                running.update(chunk)
            position = one.first
            budget -= one.end - one.second
            if budget < 0:
                break
            state = running.copy()
            for chunk in _chunks(document, one.second, one.end):
                state.update(chunk)
            found[one] = state.digest()
    return found


def _chunks(document: Document, start: int, end: int) -> Iterable[bytes]:
    for position in range(start, end, CHUNK):
        yield document.read_range(position, min(end, position + CHUNK))
