"""How the pages of this folder become a site: ``make docs``, or ``sphinx-build -W docs docs/_build``.

Nothing is fetched while building: theme, fonts (the reader's own) and scripts come with the packages.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "_ext"), str(HERE.parent)]

from eidkit.version import VERSION  # noqa: E402 - found by the line above

project = "eidkit"
author = "the eidkit authors"
copyright = author  # noqa: A001 - Sphinx's name
version = release = VERSION
language = "en"

extensions = ["myst_parser", "sphinx.ext.autodoc", "eidkit_pages"]
exclude_patterns = ["_build", "_ext"]
show_warning_types = True

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
myst_links_external_new_tab = False

smartquotes = False  # --option must stay --option

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
maximum_signature_line_length = 90
add_module_names = False

html_theme = "furo"
html_title = f"eidkit {VERSION}"
html_static_path = ["_static"]
html_css_files = ["eidkit.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": False}
highlight_language = "none"
