"""Fitted surfaces as one HTML file: nothing is loaded, everything is escaped, no script no loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from plimsoll.domain.evidence import Check, Verdict
from plimsoll.domain.option_chain import FloatArray
from plimsoll.domain.table import Table
from plimsoll.report.assets import asset, content_hash, inline_script, plotly_source, templates
from plimsoll.report.embedding import Plain, css_string, json_block
from plimsoll.report.figures import Figure
from plimsoll.report.key_figures import KeyFigure
from plimsoll.report.surface_drawings import residual_drawing, smile_drawing, term_drawing
from plimsoll.report.surface_figures import residual_figure, smile_figure, term_figure
from plimsoll.report.surface_grids import arbitrage_map, mesh
from plimsoll.report.surface_map_drawings import (
    density_drawing,
    forward_vol_drawing,
    mesh_drawing,
)
from plimsoll.report.surface_maps import density_figure, forward_vol_figure, mesh_figure
from plimsoll.report.surface_view import SurfaceView, residuals, smile_panels, term_structure
from plimsoll.report.table_view import TableView, definitions, table_view
from plimsoll.report.wording import is_synthetic, verdict_words


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainPage:
    """One chain of the page.

    Parameters
    ----------
    label : str
    view : SurfaceView or None
        None: the chain got no surface; ``meaning`` says why.
    verdict : Verdict
    meaning : str
        One sentence.
    checks : tuple of Check
    key_figures : tuple of KeyFigure
    tables : tuple of Table
    word : str
        Printed for the verdict, where its own word does not fit.
    """

    label: str
    view: SurfaceView | None
    verdict: Verdict
    meaning: str
    checks: tuple[Check, ...]
    key_figures: tuple[KeyFigure, ...]
    tables: tuple[Table, ...]
    word: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture twice: live on screen, drawn for print and for readers without script."""

    key: str
    kind: str
    title: str
    about: str
    live: Figure
    printed: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSection:
    """A section of the page, ready to print; ``heading`` stands over its pictures."""

    chain: ChainPage
    anchor: str
    heading: str
    smiles: tuple[Picture, ...]
    pictures: tuple[Picture, ...]
    tables: tuple[TableView, ...]


def surface_page(chains: Sequence[ChainPage], *, title: str, source: str, note: str = "") -> str:
    """Return fitted surfaces as one self-contained HTML page.

    Parameters
    ----------
    chains : sequence of ChainPage
    title : str
    source : str
        Price source; stands on the page and under every picture.
    note : str
        A line for the foot. The page itself knows no clock: the same inputs give the same bytes.

    Raises
    ------
    UsageError
        Where plotly is not installed.
    """
    sections = tuple(_section(index, chain) for index, chain in enumerate(chains))
    return rendered_page(
        sections, kind="Implied-volatility surface", title=title, source=source, note=note
    )


def rendered_page(
    sections: Sequence[PageSection], *, kind: str, title: str, source: str, note: str
) -> str:
    """Return sections as one self-contained HTML page; ``kind`` stands over its title."""
    script = inline_script(asset("report.js"))
    figures: dict[str, Plain] = {
        picture.key: picture.live
        for section in sections
        for picture in (*section.smiles, *section.pictures)
    }
    context: dict[str, Any] = {
        "kind": kind,
        "title": title,
        "source": source,
        "note": note,
        "synthetic": is_synthetic(source),
        "sections": sections,
        "verdict_words": verdict_words,
        "figures": json_block(figures),
        "definitions": definitions(
            [table for section in sections for table in section.chain.tables]
        ),
        "style": Markup(asset("report.css") + asset("surface.css")),
        "plotly": Markup(plotly_source()),
        "script": Markup(script),
        "script_hashes": Markup(f"{content_hash(plotly_source())} {content_hash(script)}"),
        "css_string": css_string,
    }
    return templates().get_template("surface.html.j2").render(context)


def smile_pictures(view: SurfaceView, prefix: str = "") -> Iterator[Picture]:
    """Return a picture per expiry."""
    for index, panel in enumerate(smile_panels(view)):
        yield Picture(
            key=f"{prefix}smile-{index}",
            kind="smile",
            title=panel.title,
            about=panel.subtitle,
            live=smile_figure(panel),
            printed=smile_drawing(panel, view.source),
        )


def whole_pictures(view: SurfaceView, prefix: str = "") -> Iterator[Picture]:
    """Return the pictures of the surface as a whole."""
    source, grid = view.source, mesh(view.surface)
    term, errors, near = term_structure(view), residuals(view), arbitrage_map(view.surface)
    if len(view.surface.smiles) > 1:
        yield Picture(
            key=f"{prefix}surface",
            kind="surface",
            title="Surface",
            about="Fitted volatility over log-moneyness, in at-the-money standard deviations of "
            "each time to expiry, and time, from the first expiry to the last.",
            live=mesh_figure(grid, source),
            printed=mesh_drawing(grid, source),
        )
    yield Picture(
        key=f"{prefix}term",
        kind="term",
        title="Term structure",
        about="At-the-money volatility; the band is the 95 % interval of its own standard error, "
        "where that is known.",
        live=term_figure(term, source),
        printed=term_drawing(term, source),
    )
    yield Picture(
        key=f"{prefix}residuals",
        kind="residuals",
        title="Residuals in bid-ask units",
        about="Fit less mid over half the spread, of quotes with 2 to 98 delta: within ±1 the fit "
        "lies between bid and ask. Errors beyond the edge are drawn at it.",
        live=residual_figure(errors, source),
        printed=residual_drawing(errors, source),
    )
    yield Picture(
        key=f"{prefix}density",
        kind="map",
        title="Butterfly map",
        about="Durrleman's g, which the risk-neutral density is proportional to, at each expiry "
        "and midway to the next (+). Negative (red, beyond a black line) would be arbitrage. "
        + least_text(near.names, near.log_moneyness, near.density, ""),
        live=density_figure(near, source),
        printed=density_drawing(near, source),
    )
    if near.steps:
        yield Picture(
            key=f"{prefix}forward",
            kind="map",
            title="Calendar map",
            about="Volatility between neighbouring expiries at the same log-moneyness. Negative "
            "(red, beyond a black line) would be total variance that falls: arbitrage. "
            + least_text(near.steps, near.log_moneyness, near.forward_vol, " %"),
            live=forward_vol_figure(near, source),
            printed=forward_vol_drawing(near, source),
        )


def least_text(
    names: Sequence[str], log_moneyness: FloatArray, values: FloatArray, unit: str
) -> str:
    """Where the smallest value of a map stands."""
    row, column = divmod(int(np.argmin(values)), values.shape[1])
    return (
        f"Least on this map: {values[row, column]:.3g}{unit} at k = {log_moneyness[column]:.3g}, "
        f"{names[row]}."
    )


def _section(index: int, chain: ChainPage) -> PageSection:
    prefix = f"{index}-"
    view = chain.view
    return PageSection(
        chain=chain,
        anchor=f"chain-{index}",
        heading="The whole surface",
        smiles=() if view is None else tuple(smile_pictures(view, prefix)),
        pictures=() if view is None else tuple(whole_pictures(view, prefix)),
        tables=tuple(table_view(table) for table in chain.tables),
    )
