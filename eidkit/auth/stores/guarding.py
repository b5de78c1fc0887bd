"""What one lock guards in a store that many processes share at once: everything that belongs to one digest.

Names in the stores are made of a keyed digest and words around it: a person's counts, secret, counter and messages
all carry the person's digest.  One lock for all of them means that units on one person follow each other, that they
take few locks, and that they cannot take them in two orders.
"""

from __future__ import annotations

import re

_DIGEST = re.compile("[0-9a-f]{64}")


def guard(name: str) -> str:
    """What is locked before anything under ``name`` is read: its digest, or the whole name where it has none."""
    found = _DIGEST.search(name)
    return found[0] if found else name
