"""Forecasters compared as one HTML file: nothing is loaded, everything is escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from plimsoll.domain.table import Table
from plimsoll.report.comparison_figures import frontier_drawing, frontier_figure, frontiers
from plimsoll.report.study_page import Picture, StudySection, study_page
from plimsoll.report.table_view import table_view
from plimsoll.validation.comparison.compare import HorizonComparison

TITLE = "Forecasters of the loss distribution"
_CAPTION = (
    "To the lower left is better. Filled: pooled breach rate within 0.85 to 1.15 %. A method "
    "beyond the frame stands at its edge, with an arrow and its figures."
)


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
    return study_page(
        sections, tables, title=TITLE, kind="Comparison by score", caption=_CAPTION, label=label
    )


def _sections(
    horizons: Sequence[HorizonComparison], tables: Sequence[Table], label: str
) -> Iterator[StudySection]:
    for found in horizons:
        ending = f"_{found.horizon_hours}h"
        yield StudySection(
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
