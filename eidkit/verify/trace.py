"""Which building blocks of EN 319 102-1 V1.4.1 were run for a signature, and what each found: values.

The judge says which block each finding is of; what the blocks were run on stands in the Conclusion already.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from eidkit.findings import Finding

Block = Literal[
    "format", "signing-certificate", "cryptography", "certificate-path", "acceptance", "time", "login", "policy",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One block that was run, and everything that it found; threads may share it."""

    block: Block
    findings: tuple[Finding, ...] = ()
