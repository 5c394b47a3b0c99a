"""Joint scenarios of the markets of an estimate, on demand: filtered history by common dates.

By default each market's distribution is the one that the night publishes (`Marginals.FORECAST`):
its scenarios have its value-at-risk and expected shortfall. `Marginals.HISTORY` scales its own past
moves by a volatility of seven days instead.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.choice import chosen
from plimsoll.domain.market import DAY_NS, HOUR_NS, MarketHistory
from plimsoll.estimators.nightly.estimate import NightlyEstimate
from plimsoll.estimators.nightly.joint_marginals import night_curves
from plimsoll.estimators.nightly.scale_paths import bar_volatilities
from plimsoll.estimators.reference.panel import returns_panel
from plimsoll.scenarios.joint_history import (
    FilteredPanel,
    HoleFilling,
    JointScenarios,
    Marginals,
    PanelRules,
    Simulation,
    VarianceRecursion,
    filtered_panel,
    joint_scenarios,
    price_rows,
)

FloatArray = NDArray[np.float64]

HALF_LIFE_DAYS = 7.0


def scenario_panel(
    history: MarketHistory,
    found: NightlyEstimate,
    *,
    half_life_days: float = HALF_LIFE_DAYS,
    horizon_hours: int | None = None,
) -> FilteredPanel:
    """Return the filtered joint past of the markets with a number, as of the night.

    Holes and days before a listing are drawn given the other markets of the class.

    Parameters
    ----------
    history : MarketHistory
        The one that was estimated.
    half_life_days : float
        Of the volatility that moves are scaled by.
    horizon_hours : int, optional
        Scale moves by the forecaster's volatility for this horizon instead, wherever it has one.

    Raises
    ------
    InsufficientDataError
        Where no market has enough returns.
    UsageError
        For a horizon that was not estimated.
    """
    names = [m for m, r in zip(found.markets, found.reasons, strict=True) if r is None]
    bars = DAY_NS // found.interval_ns
    rows = price_rows(history, {m: m for m in names}, before_ns=found.as_of_ns)
    classes = dict(zip(found.markets, found.classes, strict=True))
    rules = PanelRules(
        window_bars=found.settings.recent_days * bars,
        stale_after_bars=2 * bars,
        filling=HoleFilling(classes=classes),
    )
    recursion = VarianceRecursion.ewma(half_life_bars=half_life_days * bars)
    if horizon_hours is None:
        return filtered_panel(rows, recursion, rules)
    scales = _volatilities(history, found, rows.subjects, horizon_hours)
    return filtered_panel(rows.latest(len(scales)), recursion, rules, volatility=scales)


def _volatilities(
    history: MarketHistory, found: NightlyEstimate, markets: tuple[str, ...], horizon_hours: int
) -> FloatArray:
    """(R + 1, N) the forecaster's volatility of the recent bars and the next one, per bar."""
    fitted = found.horizon(horizon_hours).fitted
    panel = returns_panel(history.before(found.as_of_ns), markets=markets)
    days, blend = found.settings.recent_days, found.settings.blend
    return bar_volatilities(panel, blend, fitted.weights, days * panel.bars_per_day)


def estimate_scenarios(
    history: MarketHistory,
    found: NightlyEstimate,
    *,
    horizon_hours: int = 8,
    count: int = 1_000,
    seed: int = 0,
    marginals: Marginals | str = Marginals.FORECAST,
) -> JointScenarios:
    """Draw joint scenarios over a margin period; markets that have none have their reasons.

    Overlapping windows of the recent past (`plimsoll.scenarios.joint_history`): in the order of
    the past at the sizes of the forecaster, or, for `Marginals.HISTORY`, past moves at the
    volatility of now, and their mirror images.

    Parameters
    ----------
    history : MarketHistory
        The one that was estimated.
    found : NightlyEstimate
        Of the night, or carried on from it: sizes are those of its latest bar.
    horizon_hours : int
        For `Marginals.FORECAST` one that was estimated.
    count : int
        For `Marginals.HISTORY` even: half of them are mirror images.
    seed : int
    marginals : Marginals

    Raises
    ------
    InsufficientDataError, ParameterError, UsageError
    """
    bars = max(1, horizon_hours * HOUR_NS // found.interval_ns)
    if chosen(Marginals, marginals, "marginals") is Marginals.HISTORY:
        given = Simulation(horizon_bars=bars, count=count, seed=seed)
        return joint_scenarios(scenario_panel(history, found), given)
    panel = scenario_panel(history, found, horizon_hours=horizon_hours)
    curves = night_curves(found.horizon(horizon_hours))
    return joint_scenarios(panel, ranks_of_history(bars, count, seed), curves=curves)


def ranks_of_history(horizon_bars: int, count: int, seed: int) -> Simulation:
    """How dates are drawn where they give ranks alone.

    Moves count over their own volatility, without bounds, and are not mirrored: curves have two
    sides, and markets fall together otherwise than they rise.
    """
    return Simulation(
        horizon_bars=horizon_bars,
        count=count,
        seed=seed,
        antithetic=False,
        lowest_ratio=0.0,
        highest_ratio=float("inf"),
    )
