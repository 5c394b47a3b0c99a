"""Joint scenarios of the markets of an estimate, on demand: filtered history by common dates."""

from __future__ import annotations

from plimsoll.domain.market import DAY_NS, MarketHistory
from plimsoll.estimators.nightly.estimate import NightlyEstimate
from plimsoll.scenarios.joint_history import (
    FilteredPanel,
    HoleFilling,
    JointScenarios,
    PanelRules,
    Simulation,
    VarianceRecursion,
    filtered_panel,
    joint_scenarios,
    price_rows,
)

HALF_LIFE_DAYS = 7.0


def scenario_panel(
    history: MarketHistory, found: NightlyEstimate, *, half_life_days: float = HALF_LIFE_DAYS
) -> FilteredPanel:
    """Return the filtered joint past of the markets with a number, as of the night.

    Holes and days before a listing are drawn given the other markets of the class.

    Parameters
    ----------
    history : MarketHistory
        The one that was estimated.
    half_life_days : float
        Of the volatility that moves are scaled by.

    Raises
    ------
    InsufficientDataError
        Where no market has enough returns.
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
    return filtered_panel(rows, VarianceRecursion.ewma(half_life_bars=half_life_days * bars), rules)


def estimate_scenarios(
    history: MarketHistory,
    found: NightlyEstimate,
    *,
    horizon_hours: int = 8,
    count: int = 1_000,
    seed: int = 0,
) -> JointScenarios:
    """Draw joint scenarios over a margin period; markets that have none have their reasons.

    Overlapping windows of the recent past at the volatility of now
    (`plimsoll.scenarios.joint_history`), and their mirror images.

    Raises
    ------
    InsufficientDataError, ParameterError
    """
    bars = max(1, horizon_hours * 3_600_000_000_000 // found.interval_ns)
    draws = Simulation(horizon_bars=bars, method="overlap", count=count, seed=seed)  # type: ignore[arg-type]
    return joint_scenarios(scenario_panel(history, found), draws)
