"""``python -m eidkit.cli`` is ``eidkit``."""

from __future__ import annotations

from eidkit.cli import main

if __name__ == "__main__":
    main()
