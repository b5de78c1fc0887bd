"""The command line: a module per command, loaded only when it is asked for.

``main`` turns every refusal into a problem and a remedy on standard error, in the reader's language, and an
exit code; a traceback never reaches a person.
"""

from __future__ import annotations

import sys
from typing import NoReturn


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run ``eidkit ARGUMENTS`` (default: those of the process) and exit with the code of docs/json-contract.md."""
    from eidkit.cli.running import run

    sys.exit(run(arguments))
