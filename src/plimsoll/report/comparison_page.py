"""Forecasters compared as one HTML file: nothing is loaded, everything is escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from plimsoll.domain.table import Table
from plimsoll.report.assets import asset, content_hash, inline_script, plotly_source, templates
from plimsoll.report.comparison_figures import frontier_drawing, frontier_figure, frontiers
from plimsoll.report.embedding import Plain, css_string, json_block
from plimsoll.report.figures import Figure
from plimsoll.report.table_view import TableView, definitions, table_view
from plimsoll.report.wording import is_synthetic
from plimsoll.validation.comparison.compare import HorizonComparison

TITLE = "Forecasters of the loss distribution"
_CAPTION = (
    "To the lower left is better. Filled: pooled breach rate within 0.85 to 1.15 %. A method "
    "beyond the frame stands at its edge, with an arrow and its figures."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture twice: live on screen, drawn for print and for readers without script."""

    key: str
    title: str
    live: Figure
    printed: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class HorizonSection:
    """Pictures and tables of one horizon."""

    anchor: str
    title: str
    pictures: tuple[Picture, ...]
    tables: tuple[TableView, ...]


def comparison_page(
    horizons: Sequence[HorizonComparison], tables: Sequence[Table], *, label: str
) -> str:
    """Return the comparison as one self-contained HTML page: the same inputs, the same bytes.

    Parameters
    ----------
    horizons : sequence of HorizonComparison
    tables : sequence of Table
        Named by their horizons, ``..._8h``.
    label : str
        What the prices are; stands on the page and under every picture.

    Raises
    ------
    UsageError
        Where plotly is not installed.
    """
    sections = tuple(_sections(horizons, tables, label))
    script = inline_script(asset("report.js"))
    figures: dict[str, Plain] = {p.key: p.live for s in sections for p in s.pictures}
    context: dict[str, Any] = {
        "title": TITLE,
        "source": label,
        "synthetic": is_synthetic(label),
        "caption": _CAPTION,
        "sections": sections,
        "definitions": definitions(tables),
        "figures": json_block(figures),
        "style": Markup(asset("report.css") + asset("surface.css")),
        "plotly": Markup(plotly_source()),
        "script": Markup(script),
        "script_hashes": Markup(f"{content_hash(plotly_source())} {content_hash(script)}"),
        "css_string": css_string,
    }
    return templates().get_template("comparison.html.j2").render(context)


def _sections(
    horizons: Sequence[HorizonComparison], tables: Sequence[Table], label: str
) -> Iterator[HorizonSection]:
    for found in horizons:
        ending = f"_{found.horizon_hours}h"
        yield HorizonSection(
            anchor=f"h{found.horizon_hours}",
            title=f"Horizon of {found.horizon_hours} h",
            pictures=tuple(
                Picture(
                    key=frontier.key,
                    title=frontier.title,
                    live=frontier_figure(frontier, label),
                    printed=frontier_drawing(frontier, label),
                )
                for frontier in frontiers(found.scores, found.horizon_hours)
                if frontier.points
            ),
            tables=tuple(table_view(t) for t in tables if t.name.endswith(ending)),
        )
