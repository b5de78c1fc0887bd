"""Parts of pages that come from the code: finding codes, error codes, public names, the command line.

Each is a directive (``{eidkit-findings}`` and so on), so that nothing is written into the source folder.  The
pages of the project (README and its neighbours) join the site as they are, with their links led to our pages.
"""

from __future__ import annotations

import os
import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import eidkit_refusals as refusals
import eidkit_said as said
from docutils import nodes
from eidkit_tree import DOCS, ROOT, python_files
from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from collections.abc import Callable

    from sphinx.application import Sphinx

PROJECT = {
    "project/readme": "README.md",
    "project/changes": "CHANGELOG.md",
    "project/contributing": "CONTRIBUTING.md",
    "project/security": "SECURITY.md",
}
"""Pages of the site that are files of the project."""
STACKED = frozenset({"reference/findings", "reference/errors", "standards"})
_LINK = re.compile(r"(?ms:^```.*?^```$)|\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(((?!https?:|mailto:|#)[^)\s]+)\)")


def generated(write: Callable[[], str]) -> type[SphinxDirective]:
    """The directive whose content ``write`` gives, as MyST text."""

    class Generated(SphinxDirective):
        """Parses what the code says now."""

        def run(self) -> list[nodes.Node]:
            for path in python_files():
                self.env.note_dependency(str(path))
            return self.parse_text_to_nodes(write(), allow_section_headings=True)

    return Generated


def as_written(app: Sphinx, docname: str, source: list[str]) -> None:
    """A page of the project in place of its stub; every link led to where it is on the site."""
    del app
    path = ROOT / PROJECT[docname] if docname in PROJECT else DOCS / f"{docname}.md"
    text = path.read_text(encoding="utf-8") if docname in PROJECT else source[0]
    here = posixpath.dirname(docname)
    source[0] = _LINK.sub(lambda found: _led(found, path.parent, here), text)


def stacked(app: Sphinx, doctree: nodes.document) -> None:
    """Tables of long sentences are stacked on a phone, cell under cell."""
    if app.env.current_document.docname in STACKED:
        for table in doctree.findall(nodes.table):
            table["classes"].append("eidkit-stacked")


def _led(found: re.Match[str], folder: Path, here: str) -> str:
    """One link, from a page in ``here``: to our page of that file; only its words when we have none."""
    if found[2] is None:
        return found[0]  # a block of code
    words, (target, _, anchor) = found[1], found[2].partition("#")
    page = _page_of(Path(os.path.normpath(folder / target)))
    if page is None:
        return words
    return f"[{words}]({posixpath.relpath(page, here or '.')}{f'#{anchor}' if anchor else ''})"


def _page_of(path: Path) -> str | None:
    for docname, name in PROJECT.items():
        if path == ROOT / name:
            return f"{docname}.md"
    if not path.is_relative_to(DOCS):
        return None
    if path.is_dir():
        path /= "index.md"
    return path.relative_to(DOCS).as_posix() if path.suffix == ".md" else None


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    app.add_directive("eidkit-findings", generated(said.findings))
    app.add_directive("eidkit-errors", generated(refusals.errors))
    app.add_directive("eidkit-bounds", generated(refusals.bounds))
    app.add_directive("eidkit-names", generated(said.public_names))
    app.add_directive("eidkit-commands", generated(said.commands))
    app.connect("source-read", as_written)
    app.connect("doctree-read", stacked)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
