"""The frontier as one HTML file: nothing is loaded, everything is escaped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from plimsoll.calibration.frontier.figures import PathFigures
from plimsoll.domain.table import Table
from plimsoll.report.frontier_figure import frontier_drawing, frontier_figure, price_of_safety
from plimsoll.report.study_page import Picture, StudySection, study_page
from plimsoll.report.table_view import table_view

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
    section = StudySection(
        anchor="frontier",
        title="The frontier",
        pictures=tuple(_pictures(baselines, tried, points, label)),
        tables=tuple(table_view(t) for t in tables),
    )
    return study_page(
        (section,), tables, title=TITLE, kind="Frontier", caption=_CAPTION, label=label
    )


def _pictures(baselines: Found, tried: Found, points: Found, label: str) -> Iterator[Picture]:
    for k, hours in enumerate(_HOURS):
        found = price_of_safety(baselines, tried, points, k, hours)
        yield Picture(
            key=found.key,
            title=found.title,
            live=frontier_figure(found, label),
            printed=frontier_drawing(found, label),
        )
