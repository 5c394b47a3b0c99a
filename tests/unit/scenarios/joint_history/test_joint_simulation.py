"""Both variants of joint filtered history: against loops, each other, and what must not matter."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from joint_prices import HOUR, prices_of, t_returns
from plimsoll.domain.market import NEVER_MASKED, MarketHistory, PriceKind
from plimsoll.errors import InsufficientDataError, ParameterError, UsageError
from plimsoll.maths.path_rows import drawn_rows
from plimsoll.scenarios.historical import Filtering, filtered_history_scenarios
from plimsoll.scenarios.joint_history import (
    JointReason,
    Method,
    PanelRules,
    PriceRows,
    Simulation,
    VarianceRecursion,
    filtered_panel,
    joint_scenarios,
    price_rows,
)
from plimsoll.scenarios.joint_history.streams import stream_seed
from plimsoll.scenarios.stressed import StressWindow

EWMA = VarianceRecursion.ewma(half_life_bars=20.0)
GJR = VarianceRecursion(mean=1e-4, omega=2e-6, alpha=0.05, gamma=0.06, beta=0.88)
RETURNS = t_returns(300, 4)
BOTH = [Method.RECURSION, Method.OVERLAP]


def shocks(prices: PriceRows, recursion=EWMA, rules=None, **fields) -> np.ndarray:
    given = Simulation(
        **{"horizon_bars": 8, "method": "recursion", "count": 200, "seed": 3, **fields}
    )
    return joint_scenarios(filtered_panel(prices, recursion, rules), given).scenarios.shocks


def test_the_recursion_is_the_formula_bar_by_bar() -> None:
    panel = filtered_panel(prices_of(RETURNS), GJR)
    given = Simulation(
        horizon_bars=5, method="recursion", count=60, seed=7, lowest_ratio=0.8, highest_ratio=1.3
    )
    found = np.log1p(joint_scenarios(panel, given).scenarios.shocks)
    rows = drawn_rows(np.arange(1.0, 301.0), stream_seed(7, "paths"), 30, 5, 1)
    for scenario in (0, 13, 30, 47):
        for j in range(4):
            variance, total, sign = panel.variance_next[j], 0.0, 1.0 if scenario < 30 else -1.0
            for i in rows[scenario % 30].tolist():
                then = panel.volatility[i, j]
                scale = min(max(math.sqrt(variance), 0.8 * then), 1.3 * then)
                shock = sign * panel.residuals[i, j] * scale
                total += GJR.mean + shock
                weight = GJR.alpha + (GJR.gamma if shock < 0 else 0.0)
                variance = GJR.omega + weight * shock**2 + GJR.beta * variance
            assert found[scenario, j] == pytest.approx(total, rel=1e-11, abs=1e-14)


def market_history(prices: PriceRows) -> MarketHistory:
    close = np.exp(prices.log_prices)
    return MarketHistory(
        time_ns=prices.close_ns - HOUR,
        interval_ns=HOUR,
        markets=prices.subjects,
        close=close,
        active=np.ones(close.shape, dtype=np.bool_),
        mask_from_ns=np.full(close.shape, NEVER_MASKED),
        price_kind=PriceKind.MARK,
    )


@pytest.mark.parametrize("horizon", [1, 8])
def test_all_windows_are_the_filtered_history_of_complete_rows(horizon: int) -> None:
    """The plain generator is written apart, on prices, with cumulated volatility paths."""
    history = market_history(prices_of(RETURNS))
    names = {s: s for s in history.markets}
    plain = filtered_history_scenarios(
        history,
        names,
        horizon_bars=horizon,
        filtering=Filtering(half_life_bars=20.0),
        antithetic=True,
        half_life_moves=50.0,
    )
    panel = filtered_panel(price_rows(history, names), EWMA)
    given = Simulation(horizon_bars=horizon, method=Method.OVERLAP, count=None, half_life_bars=50.0)
    found = joint_scenarios(panel, given).scenarios
    assert found.names == plain.names
    np.testing.assert_allclose(found.shocks, plain.shocks, rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(found.weights, plain.weights, rtol=1e-12)


@pytest.mark.parametrize("method", BOTH)
def test_one_bar_of_both_variants_draws_from_the_same_set(method: Method) -> None:
    found = shocks(prices_of(RETURNS), method=method, horizon_bars=1, antithetic=False)
    every = shocks(
        prices_of(RETURNS), method="overlap", count=None, horizon_bars=1, antithetic=False
    )
    gaps = np.abs(found[:, None, :] - every[None]).max(axis=2).min(axis=1)
    assert gaps.max() < 1e-13


@pytest.mark.parametrize("method", BOTH)
def test_mirrored_paths_of_a_symmetric_recursion_cancel_exactly(method: Method) -> None:
    """Residuals enter squared: both paths have the same volatilities, and logs of other sign."""
    panel = filtered_panel(prices_of(RETURNS), EWMA)
    given = Simulation(horizon_bars=8, method=method, count=400, seed=2)
    moves = np.log1p(joint_scenarios(panel, given).scenarios.shocks)
    # To the rounding of expm1 and log1p alone; the sum before them is exactly zero.
    np.testing.assert_allclose(moves[:200], -moves[200:], rtol=0, atol=1e-16 * 8)


@pytest.mark.parametrize("method", BOTH)
def test_the_order_of_markets_and_the_units_of_prices_do_not_matter(method: Method) -> None:
    prices = prices_of(RETURNS)
    order = [2, 0, 3, 1]
    turned = replace(
        prices,
        subjects=tuple(prices.subjects[j] for j in order),
        log_prices=prices.log_prices[:, order] + np.log([1e-6, 7.0, 1e5, 3.0]),
    )
    np.testing.assert_allclose(
        shocks(turned, method=method),
        shocks(prices, method=method)[:, order],
        rtol=1e-9,
        atol=1e-12,
    )


@pytest.mark.parametrize("method", BOTH)
def test_a_market_more_changes_nothing_for_the_others(method: Method) -> None:
    few = shocks(prices_of(RETURNS[:, :2]), method=method)
    np.testing.assert_array_equal(few, shocks(prices_of(RETURNS), method=method)[:, :2])


@pytest.mark.parametrize("method", BOTH)
def test_what_comes_after_the_time_asked_for_changes_nothing(method: Method) -> None:
    prices = prices_of(RETURNS)
    history, cut = market_history(prices), int(prices.close_ns[200])
    names = {s: s for s in history.markets}
    close = history.close.copy()
    close[201:] = close[201:][::-1] * np.linspace(0.3, 5.0, close[201:].shape[0])[:, None]
    later = replace(history, close=close)
    seen, unseen = (
        shocks(price_rows(h, names, before_ns=cut), method=method) for h in (history, later)
    )
    np.testing.assert_array_equal(seen, unseen)
    assert not np.array_equal(seen, shocks(price_rows(later, names), method=method))


@pytest.mark.parametrize("method", BOTH)
def test_same_seed_same_bytes_and_more_paths_keep_the_first(method: Method) -> None:
    prices = prices_of(RETURNS)
    one, two = (shocks(prices, method=method, antithetic=False) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, shocks(prices, method=method, antithetic=False, seed=4))
    if method is Method.RECURSION:
        more = shocks(prices, method=method, antithetic=False, count=500)
        np.testing.assert_array_equal(more[:200], one)


def test_blocks_keep_consecutive_dates_together() -> None:
    """With ratios of 1 and whole blocks a path is the sum of what happened, twice over."""
    fields = {"lowest_ratio": 1.0, "highest_ratio": 1.0, "antithetic": False, "horizon_bars": 8}
    found = np.log1p(shocks(prices_of(RETURNS), block_bars=8, **fields))
    sums = np.array([RETURNS[t : t + 8].sum(axis=0) for t in range(293)])
    gaps = np.abs(found[:, None] - sums[None]).max(axis=2).min(axis=1)
    assert gaps.max() < 1e-12
    assert (
        np.abs(np.log1p(shocks(prices_of(RETURNS), **fields))[:, None] - sums[None])
        .max(axis=2)
        .min(axis=1)
        .max()
        > 1e-3
    )


def test_a_window_and_ratios_of_one_take_its_moves_as_they_happened() -> None:
    prices = prices_of(RETURNS)
    window = StressWindow(
        name="crash", start_ns=int(prices.close_ns[100]), end_ns=int(prices.close_ns[120])
    )
    given = Simulation(
        horizon_bars=8,
        method="overlap",
        count=None,
        antithetic=False,
        lowest_ratio=1.0,
        highest_ratio=1.0,
    )
    panel = filtered_panel(prices, EWMA)
    found = joint_scenarios(panel, given, window=window).scenarios
    sums = np.array([RETURNS[t : t + 8].sum(axis=0) for t in range(100, 113)])
    np.testing.assert_allclose(np.log1p(found.shocks), sums, rtol=0, atol=1e-12)
    early = replace(window, start_ns=0, end_ns=1)
    with pytest.raises(InsufficientDataError, match="crash"):
        joint_scenarios(panel, given, window=early)


def test_weights_of_age_draw_late_dates() -> None:
    """Half of all draws come from the last half-life, within three standard errors."""
    panel = filtered_panel(prices_of(RETURNS), EWMA)
    given = Simulation(
        horizon_bars=1,
        count=4_000,
        seed=1,
        half_life_bars=30.0,
        method="overlap",
    )
    names = joint_scenarios(panel, replace(given, antithetic=False)).scenarios.names
    first = np.datetime64(int(panel.start_ns[-30]), "ns").astype("datetime64[m]").astype(str)
    late = sum(name.split(": ")[1] >= f"{first}Z" for name in names) / 4_000
    assert late == pytest.approx(0.5 / (1 - 2.0**-10), abs=3.0 * 0.5 / math.sqrt(4_000))


@pytest.mark.parametrize(
    "fields",
    [
        {"horizon_bars": 0},
        {"block_bars": 0},
        {"count": 3},
        {"count": None, "method": "recursion"},
        {"lowest_ratio": 2.0, "highest_ratio": 1.0},
        {"half_life_bars": 0.0},
    ],
)
def test_what_makes_no_sense_is_refused(fields: dict) -> None:
    with pytest.raises(ParameterError):
        Simulation(**{"horizon_bars": 8, **fields})


def test_a_horizon_longer_than_the_past_is_refused() -> None:
    panel = filtered_panel(prices_of(RETURNS), EWMA)
    with pytest.raises(InsufficientDataError):
        joint_scenarios(panel, Simulation(horizon_bars=301, method="overlap", count=None))


def test_a_market_that_leaves_the_range_of_prices_has_a_reason() -> None:
    wild = RETURNS.copy()
    wild[150, 2] = 20.0
    panel = filtered_panel(prices_of(wild), EWMA)
    given = Simulation(
        horizon_bars=24, method="recursion", count=400, highest_ratio=np.inf, lowest_ratio=0.0
    )
    found = joint_scenarios(panel, given)
    assert found.reasons == {"C002": JointReason.BEYOND_RANGE}
    assert [f.subject for f in found.scenarios.factors] == ["C000", "C001", "C003"]


def test_recursions_and_panels_refuse_what_they_cannot_be() -> None:
    for fields in (
        {"alpha": -0.1, "beta": 0.9},
        {"alpha": 0.1, "beta": np.nan},
        {"alpha": 0.1, "beta": 0.5, "gamma": -0.2},
    ):
        with pytest.raises(ParameterError):
            VarianceRecursion(omega=0.0, **fields)
    with pytest.raises(UsageError, match="recursion"):
        filtered_panel(prices_of(RETURNS), {"C000": EWMA})
    with pytest.raises(ParameterError):
        PanelRules(minimum_returns=1)
    panel = filtered_panel(prices_of(RETURNS), EWMA)
    with pytest.raises(UsageError):
        panel.only(("C000", "none"))
