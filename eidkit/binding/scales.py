"""The orders that a Procedure's demands are measured on: assurance levels, proof classes, signature levels.

Each scale runs from the weakest to the strongest value.  There is no built-in equivalence between two scales:
a value of one never satisfies a demand of another (auth.md §5.1).
"""

from __future__ import annotations

ASSURANCE_SCALES: dict[str, tuple[str, ...]] = {
    # Decree 69/2024/ND-CP: authentication levels by number and kind of factors.
    "vn-2024": ("1", "2", "3", "4"),
    # Regulation (EU) 910/2014 Article 8.
    "eidas": ("low", "substantial", "high"),
    # NIST SP 800-63-4: authenticator assurance.
    "nist-aal": ("1", "2", "3"),
}
PROOF_CLASSES = ("attested", "asserted", "transferable")
SIGNATURE_LEVELS = ("B-B", "B-T", "B-LT", "B-LTA")


def at_least(scale: tuple[str, ...], value: str, least: str) -> bool:
    """Whether ``value`` stands on ``scale`` at or above ``least``; a value that is not on it never does."""
    return value in scale and least in scale and scale.index(value) >= scale.index(least)
