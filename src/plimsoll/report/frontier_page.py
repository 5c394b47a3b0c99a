"""The frontier as one HTML file: nothing is loaded, everything is escaped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from plimsoll.calibration.frontier.figures import PathFigures
from plimsoll.domain.table import Table
from plimsoll.report.assets import asset, content_hash, inline_script, plotly_source, templates
from plimsoll.report.comparison_page import HorizonSection, Picture
from plimsoll.report.embedding import Plain, css_string, json_block
from plimsoll.report.frontier_figure import frontier_drawing, frontier_figure, price_of_safety
from plimsoll.report.table_view import definitions, table_view
from plimsoll.report.wording import is_synthetic

TITLE = "The price of safety"
_HOURS = (8, 24)
_CAPTION = (
    "To the lower left is better. Squares: chosen by appetite at each New Year from earlier data. "
    "Diamonds: methods A to J of the reference; B is the yardstick. Small circles and line: all "
    "policies tried, in hindsight, and their edge. Beyond the frame: at its edge, with figures."
)
Found = Mapping[str, Sequence[PathFigures]]


def frontier_page(
    baselines: Found, tried: Found, points: Found, tables: Sequence[Table], label: str
) -> str:
    """Return the study as one self-contained HTML page: the same inputs, the same bytes.

    Parameters
    ----------
    baselines, tried, points : mapping of str to sequence of PathFigures
        By name; the figures of 8 h and of 24 h.
    tables : sequence of Table
    label : str
        What the prices are.

    Raises
    ------
    UsageError
        Where plotly is not installed.
    """
    sections = (
        HorizonSection(
            anchor="frontier",
            title="The frontier",
            pictures=tuple(_pictures(baselines, tried, points, label)),
            tables=tuple(table_view(t) for t in tables),
        ),
    )
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


def _pictures(baselines: Found, tried: Found, points: Found, label: str) -> Iterator[Picture]:
    for k, hours in enumerate(_HOURS):
        found = price_of_safety(baselines, tried, points, k, hours)
        yield Picture(
            key=found.key,
            title=found.title,
            live=frontier_figure(found, label),
            printed=frontier_drawing(found, label),
        )
