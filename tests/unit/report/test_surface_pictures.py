"""Pictures of a surface: the numbers behind them, arbitrage where it is planted, safe pages."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from plimsoll.domain.surface import SviSmile, VolSurface
from plimsoll.report.surface_drawings import smile_drawing, term_drawing
from plimsoll.report.surface_figures import FAR, residual_figure, smile_figure, term_figure
from plimsoll.report.surface_grids import arbitrage_map, mesh
from plimsoll.report.surface_map_drawings import density_drawing, forward_vol_drawing, mesh_drawing
from plimsoll.report.surface_maps import density_figure, forward_vol_figure, map_ticks
from plimsoll.report.surface_page import least_text, surface_page
from plimsoll.report.surface_plots import surface_plots
from plimsoll.report.surface_view import residuals, smile_panels, tenor_text, term_structure
from plimsoll.sandbox.option_chain import option_chain
from surface_views import hostile_page, view_of


def traces(figure: Any) -> list[dict[str, Any]]:
    """The traces of a live picture, as plotly reads them."""
    return list(figure["data"])


def flat(truth: VolSurface, vols: list[float]) -> VolSurface:
    """Smiles without a smile: one volatility per expiry."""
    smiles = tuple(
        SviSmile(
            expiry_ns=s.expiry_ns,
            tau_years=s.tau_years,
            variance_years=s.variance_years,
            forward=s.forward,
            a=vol * vol * s.tau_years,
            b=0.0,
            rho=0.0,
            m=0.0,
            sigma=0.1,
        )
        for s, vol in zip(truth.smiles, vols, strict=True)
    )
    return replace(truth, smiles=smiles)


def test_panels_show_every_quote_with_its_bid_and_ask() -> None:
    view = view_of()
    panels = smile_panels(view)
    assert [p.title for p in panels][:2] == ["2025-03-05", "2025-03-06"]
    chain, quotes = view.quotes.chain, view.quotes
    assert sum(int(p.used.sum()) for p in panels) == int(view.used.sum())
    for panel, smile in zip(panels, view.surface.smiles, strict=True):
        rows = np.flatnonzero((chain.expiry_ns == smile.expiry_ns) & view.used)
        expected = sorted(
            zip(chain.strike[rows], 100 * quotes.bid_vol[rows], strict=True), key=lambda p: p[0]
        )
        found = list(zip(panel.strike[panel.used], panel.bid[panel.used], strict=True))
        assert found == expected
        assert (panel.bid <= panel.ask).all()
        assert panel.curve_strike[0] < panel.strike.min() <= panel.strike.max()
        assert panel.strike.max() < panel.curve_strike[-1]


def test_a_flat_surface_is_flat_in_every_picture() -> None:
    """Flat volatility: g is 1 everywhere, forward volatility and mesh are the volatility."""
    surface = flat(option_chain(1).truth, [0.5] * 11)
    found = arbitrage_map(surface)
    assert found.density.shape[0] == 21
    # Rounding of w'/w at zero slope is nil; midway slices mix two of them: 1e-12.
    assert np.abs(found.density - 1.0).max() < 1e-12
    assert np.abs(found.forward_vol - 50.0).max() < 1e-9
    assert np.abs(mesh(surface).vol - 50.0).max() < 1e-9


def test_planted_arbitrage_is_red_and_marked() -> None:
    truth = option_chain(1).truth
    falling = flat(truth, [0.5] * 5 + [0.2] + [0.5] * 5)
    calendar = arbitrage_map(falling)
    bad = calendar.forward_vol < 0.0
    assert bad.any(axis=1).tolist() == [False] * 4 + [True] + [False] * 5
    assert "-" in least_text(calendar.steps, calendar.log_moneyness, calendar.forward_vol, " %")
    wild = replace(truth.smiles[4], a=1e-5, b=0.3, rho=0.9, m=0.05, sigma=0.01)
    smiles = (*truth.smiles[:4], wild, *truth.smiles[5:])
    butterfly = arbitrage_map(replace(truth, smiles=smiles))
    named = {n for n, row in zip(butterfly.names, butterfly.density, strict=True) if row.min() < 0}
    assert "2025-03-18" in named
    strokes = traces(density_figure(butterfly, ""))[1]
    assert len(strokes["x"]) >= 3
    clean = traces(density_figure(arbitrage_map(truth), ""))[1]
    assert clean["x"] == []
    assert 'stroke="#1d2733"' in density_drawing(butterfly, "")


def test_residuals_beyond_the_edge_stay_in_the_picture() -> None:
    view = view_of(shift=0.2)
    found = residuals(view)
    assert np.abs(found.error).max() > FAR
    parts = traces(residual_figure(found, "x"))
    drawn = [y for trace in parts for y in trace["y"]]
    assert len(drawn) == found.error.size
    assert max(np.abs(drawn)) <= FAR
    kinds = {s for t in parts for s in t["marker"]["symbol"]}
    assert "triangle-up" in kinds


def test_the_term_band_is_there_where_errors_are_known() -> None:
    view = view_of()
    term = term_structure(view)
    assert np.isnan(term.low).all()
    assert len(traces(term_figure(term, ""))) == 1
    known = np.zeros((5, 5))
    known[0, 0] = 1e-8
    smiles = tuple(replace(s, covariance=known.copy()) for s in view.surface.smiles)
    banded = term_structure(replace(view, surface=replace(view.surface, smiles=smiles)))
    # dw/da is 1, so the volatility's standard error is sqrt(1e-8) / (2 sigma tau).
    days = banded.days[3]
    expected = 100 * 1e-4 / (2 * banded.vol[3] / 100 * days / 365)
    half = 0.5 * (banded.high[3] - banded.low[3])
    assert half == pytest.approx(1.96 * expected, rel=1e-9)
    assert len(traces(term_figure(banded, ""))) == 2
    assert "#e6eef6" in term_drawing(banded, "")


def test_every_axis_has_a_unit() -> None:
    view = view_of()
    plots = surface_plots(view)
    for name, figure in plots.items():
        scene: Any = getattr(figure.layout, "scene", None)
        axes = (
            [scene.xaxis, scene.yaxis, scene.zaxis]
            if name == "surface"
            else [figure.layout.xaxis, figure.layout.yaxis]
        )
        titles = [axis.title.text for axis in axes if axis.title.text]
        assert titles
        pattern = r"\[.+\]|days|k = ln"
        assert all(re.search(pattern, title) for title in titles), (name, titles)
    assert smile_figure(smile_panels(view)[0])["config"] == {"displayModeBar": False}


@pytest.mark.parametrize(("vols", "told"), [([1.9] * 11, "190"), ([0.061] * 11, "6.1")])
def test_the_key_of_the_calendar_map_has_plain_numbers(vols: list[float], told: str) -> None:
    drawn = str(forward_vol_drawing(arbitrage_map(flat(option_chain(2).truth, vols)), "SYNTHETIC"))
    assert f">{told} and more</text>" in drawn
    assert "e+" not in drawn


def test_map_ticks_are_symmetric_and_in_order() -> None:
    places = [place for place, _ in map_ticks()]
    assert places == sorted(places)
    assert places == pytest.approx([-p for p in reversed(places)])


def test_tenors_for_people() -> None:
    assert [tenor_text(d) for d in (0.04, 0.94, 1.0, 9.94, 42.4)] == [
        "1.0 h",
        "22.6 h",
        "1.0 d",
        "9.9 d",
        "42 d",
    ]


def test_one_expiry_draws_what_one_expiry_can() -> None:
    view = view_of()
    alone = replace(view, surface=replace(view.surface, smiles=view.surface.smiles[3:4]))
    assert set(surface_plots(alone)) == {"term", "residuals", "density", "smile-0"}
    assert forward_vol_figure(arbitrage_map(alone.surface), "")["data"]


def test_the_page_is_whole_escaped_and_repeatable() -> None:
    page = hostile_page()
    text = surface_page([page], title="<script>alert(1)</script>", source="SYNTHETIC <b>")
    again = surface_page([page], title="<script>alert(1)</script>", source="SYNTHETIC <b>")
    assert text == again
    assert "<script>alert(1)" not in text
    assert "SYNTHETIC &lt;b&gt;" in text
    assert text.count("<svg viewBox") == 5 + 11
    assert text.count("data-figure=") == 5 + 11
    head = text.split('<script type="application/json"')[0]
    assert re.findall(r"(?:src|href)=\"(?!#)[^\"]*\"", head) == []


def test_a_chain_without_a_surface_has_a_page_that_says_why() -> None:
    page = replace(hostile_page(), view=None, meaning="No surface: no usable quotes.")
    text = surface_page([page], title="HELM", source="SYNTHETIC")
    assert "No surface: no usable quotes." in text
    assert "data-figure=" not in text.split("<script>")[0]


def test_drawings_name_themselves_for_readers_who_cannot_see() -> None:
    view = view_of()
    for drawing in (
        smile_drawing(smile_panels(view)[0], view.source),
        mesh_drawing(mesh(view.surface), view.source),
    ):
        assert re.match(r'<svg viewBox="[^"]+" role="img" aria-label="[^"]+SYNTHETIC', drawing)
        assert "nan" not in drawing.lower()
