"""Many surfaces judged together as one HTML file, in the dress of the page of one time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from plimsoll.report.surface_history import History, time_pictures
from plimsoll.report.surface_history_figures import time_drawing, time_figure
from plimsoll.report.surface_page import ChainPage, PageSection, Picture, rendered_page
from plimsoll.report.table_view import table_view


@dataclass(frozen=True, slots=True, kw_only=True)
class Demanded:
    """Bounds drawn into the pictures: of all quotes together, and of each surface."""

    inside: float
    surface_median: float


def surfaces_page(
    judged: ChainPage,
    histories: Sequence[History],
    demanded: Demanded,
    *,
    title: str,
    source: str,
    note: str = "",
) -> str:
    """Return many judged surfaces as one self-contained HTML page.

    Parameters
    ----------
    judged : ChainPage
        Verdict, checks, key figures and tables of all surfaces; without a view.
    histories : sequence of History
        One per chain.
    demanded : Demanded
    title, source, note : str
        As for `surface_page`.

    Raises
    ------
    UsageError
        Where plotly is not installed.
    """
    section = PageSection(
        chain=judged,
        anchor="all",
        heading="Over time",
        smiles=(),
        pictures=tuple(history_pictures(histories, demanded, source)),
        tables=tuple(table_view(table) for table in judged.tables),
    )
    return rendered_page(
        (section,), kind="Implied-volatility surfaces", title=title, source=source, note=note
    )


def history_pictures(
    histories: Sequence[History], demanded: Demanded, source: str
) -> tuple[Picture, ...]:
    """Return the pictures over time."""
    found = time_pictures(
        histories, inside_bound=demanded.inside, median_bound=demanded.surface_median
    )
    return tuple(
        Picture(
            key=f"all-{picture.key}",
            kind="history",
            title=picture.title,
            about=picture.about,
            live=time_figure(picture, source),
            printed=time_drawing(picture, source),
        )
        for picture in found
    )
