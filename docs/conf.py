"""Sphinx settings: the Markdown pages of this folder, nothing generated, nothing fetched."""

from __future__ import annotations

project = "Plimsoll"
author = "The Plimsoll authors"
extensions = ["myst_parser", "sphinx.ext.mathjax"]
myst_enable_extensions = ["dollarmath"]
# Formulas are drawn by the reader's browser; nothing is fetched while building.
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "Plimsoll"
myst_heading_anchors = 3
