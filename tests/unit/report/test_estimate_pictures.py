"""Pictures of an estimate: units on every axis, marks where the numbers are, frames for reasons."""

from __future__ import annotations

import re
import struct
import zlib
from functools import cache

import numpy as np
import pytest

from plimsoll.estimators.liquidity.estimate import LiquidityEstimate, Source
from plimsoll.estimators.nightly import NightlyEstimate, NightlySettings, nightly_estimate
from plimsoll.report.estimate_axes import log_ticks, month_ticks
from plimsoll.report.estimate_costs import cost_drawing
from plimsoll.report.estimate_heat_map import heat_map_drawing, png
from plimsoll.report.estimate_neighbours import neighbours_drawing
from plimsoll.report.estimate_page import estimate_page
from plimsoll.report.estimate_tails import quantile_drawing, stability_drawing, survival_drawing
from plimsoll.report.estimate_volatility import forecast_history, volatility_drawing
from synthetic_panel import closes, history_of


@cache
def night() -> NightlyEstimate:
    close = closes(130, 5)
    close[:, 1] = 5.0
    return nightly_estimate(history_of(close), NightlySettings(copula_replicates=2))


def test_breaches_are_counted_and_drawn() -> None:
    history = forecast_history(night().horizon(8), 0)
    falls, rises, count = history.breaches
    known = np.isfinite(history.move) & np.isfinite(history.lower)
    assert count == known.sum() > 250
    assert falls == (history.move[known] < history.lower[known]).sum()
    drawn = str(volatility_drawing(history, "v"))
    assert f"breaches: {falls} falls, {rises} rises of {count:,}" in drawn
    # Diamonds: one in the key, one each.
    assert drawn.count('fill="#c2410c"') == 1 + falls + rises
    assert "move [% of price]" in drawn
    assert "vol [% a year]" in drawn
    annual = night().volatility_annual[0]
    assert history.volatility[-1] == pytest.approx(annual, rel=1e-9)


def test_tail_pictures_hold_every_rank_they_promise() -> None:
    tails = night().tails[0]
    for drawn in (quantile_drawing(tails, "q"), survival_drawing(tails, "s")):
        assert "[volatilities of a bar]" in drawn
        assert 80 <= str(drawn).count('fill="#ffffff"') <= 120
    assert "no tail could be fitted" in stability_drawing(None, None, 0.05, "t")


def test_a_market_without_numbers_has_frames_that_say_so() -> None:
    still = night().tails[1]
    assert "no tail: " in quantile_drawing(still, "q")
    assert "no tail: " in survival_drawing(still, "s")
    assert "no cost curve: no data" in cost_drawing(None, "no_data", "c")
    assert "no correlations" in neighbours_drawing(night().dependence, "M1", "n")
    page = estimate_page(night(), (), {}, label="SYNTHETIC marks", shown=("M1", "M0"))
    assert "no number:" in page
    assert "constant price" in page
    assert not re.search(r"\bnan\b", "".join(re.findall(r"<svg.*?</svg>", page, re.DOTALL)))


@pytest.mark.parametrize(("low", "said"), [(3e-4, "two standard errors"), (np.nan, "no error")])
def test_costs_without_an_error_have_no_band(low: float, said: str) -> None:
    sizes, cost = np.array([1e4, 1e5]), np.array([4e-4, 9e-4])
    found = LiquidityEstimate(
        market="KEEL", source=Source.BOOKS, at_ns=0, observations=1, relative_spread=2e-4,
        spread_low=2e-4, spread_high=2e-4, daily_volatility=0.04, daily_volume_usd=1e8,
        impact=1.0, impact_low=0.5, impact_high=1.5, depth_usd=1e5, depth_bps=10.0,
        notional_usd=sizes, cost=cost, cost_low=np.full(2, low), cost_high=2.0 * cost + 0.0 * low,
        cost_worst=2.0 * cost, extrapolated=np.zeros(2),
    )  # fmt: skip
    drawn = cost_drawing(found, "", "c")
    assert said in drawn
    assert ("fill-opacity" in drawn) == bool(np.isfinite(low))
    assert "nan" not in drawn


def test_names_are_escaped() -> None:
    drawn = heat_map_drawing(np.eye(2), ["<b>", "&"], ["a", "<i>"], '"')
    assert "<b>" not in drawn
    assert "&lt;b&gt;" in drawn


def test_png_is_read_back() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3)).astype(np.uint8)
    data, at, body = png(pixels), 8, b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        chunk = data[at + 8 : at + 8 + size]
        (check,) = struct.unpack(">I", data[at + 8 + size : at + 12 + size])
        assert check == zlib.crc32(kind + chunk)
        if kind == b"IHDR":
            assert struct.unpack(">II", chunk[:8]) == (7, 5)
        body += chunk if kind == b"IDAT" else b""
        at += 12 + size
    rows = np.frombuffer(zlib.decompress(body), np.uint8).reshape(5, 22)
    np.testing.assert_array_equal(rows[:, 0], 0)
    np.testing.assert_array_equal(rows[:, 1:].reshape(5, 7, 3), pixels)


def test_ticks() -> None:
    assert log_ticks(1.0, 1000.0) == [1.0, 10.0, 100.0, 1000.0]
    assert log_ticks(0.0, 1.0) == []
    day = 86_400_000_000_000
    months = month_ticks(19_000 * day, 19_365 * day)
    assert 5 <= len(months) <= 7
    assert all(re.fullmatch(r"\d{4}-\d\d", name) for _, name in months)
