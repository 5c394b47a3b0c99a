"""A study as one HTML file, pictures above tables: nothing is loaded, everything is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from plimsoll.domain.table import Table
from plimsoll.report.assets import asset, content_hash, inline_script, plotly_source, templates
from plimsoll.report.embedding import Plain, css_string, json_block
from plimsoll.report.figures import Figure
from plimsoll.report.table_view import TableView, definitions
from plimsoll.report.wording import is_synthetic


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture twice: live on screen, drawn for print and for readers without script."""

    key: str
    title: str
    live: Figure
    printed: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySection:
    """Pictures and tables of one part."""

    anchor: str
    title: str
    pictures: tuple[Picture, ...]
    tables: tuple[TableView, ...]


def study_page(
    sections: Sequence[StudySection],
    tables: Sequence[Table],
    *,
    title: str,
    kind: str,
    caption: str,
    label: str,
) -> str:
    """Return a study as one self-contained HTML page: the same inputs, the same bytes.

    Parameters
    ----------
    sections : sequence of StudySection
    tables : sequence of Table
        All of them, for the definitions of their columns.
    title, kind : str
        Of the page; ``kind`` stands small above.
    caption : str
        Under every picture.
    label : str
        What the prices are; stands on the page and under every picture.

    Raises
    ------
    UsageError
        Where plotly is not installed.
    """
    script = inline_script(asset("report.js"))
    figures: dict[str, Plain] = {p.key: p.live for s in sections for p in s.pictures}
    context: dict[str, Any] = {
        "title": title,
        "kind": kind,
        "source": label,
        "synthetic": is_synthetic(label),
        "caption": caption,
        "sections": sections,
        "definitions": definitions(tables),
        "figures": json_block(figures),
        "style": Markup(asset("report.css") + asset("surface.css")),
        "plotly": Markup(plotly_source()),
        "script": Markup(script),
        "script_hashes": Markup(f"{content_hash(plotly_source())} {content_hash(script)}"),
        "css_string": css_string,
    }
    return templates().get_template("study.html.j2").render(context)
