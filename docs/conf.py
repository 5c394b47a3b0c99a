"""Sphinx settings: the Markdown pages of this folder, nothing generated, nothing fetched."""

from __future__ import annotations

project = "Plimsoll"
author = "The Plimsoll authors"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "Plimsoll"
myst_heading_anchors = 3
