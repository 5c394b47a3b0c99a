"""Young markets: their own volatility, their peers' link and tail, at every leg."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.panel_paths import Leg, LegPath
from plimsoll.domain.market import DAY_NS, MarketHistory
from plimsoll.estimators.pooling.listing_panel import AgeLimits
from plimsoll.estimators.pooling.young_market import YoungMarketModel, YoungMarketPath

BoolArray = NDArray[np.bool_]


def young_model(minimum_days: int) -> YoungMarketModel:
    """Return the model of markets younger than so many days."""
    plain = AgeLimits()
    ages = AgeLimits(
        donor_from=min(plain.donor_from, 0.5 * minimum_days),
        young_until=float(minimum_days),
        established_from=max(plain.established_from, float(minimum_days)),
        truncated_from=plain.truncated_from,
    )
    return YoungMarketModel(ages=ages)


def young_paths(
    history: MarketHistory, legs: Iterable[Leg], minimum_days: int
) -> Mapping[Leg, YoungMarketPath]:
    """Return predictive quantiles of the young by leg; empty where no market came to the history.

    Parameters
    ----------
    history : MarketHistory
        With every market that may lend, the delisted among them.
    """
    if not (first_day(history) > 1.0).any():
        return {}
    model, wanted = young_model(minimum_days), sorted(set(legs))
    found: dict[Leg, YoungMarketPath] = {}
    for level in sorted({leg.level for leg in wanted}):
        same = [leg for leg in wanted if leg.level == level]
        hours = tuple(float(leg.horizon_hours) for leg in same)
        paths = model.paths(history, horizons_hours=hours, confidence=level)
        found.update(zip(same, paths, strict=True))
    return found


def first_day(history: MarketHistory) -> NDArray[np.float64]:
    """(N,) days from the start of the history to the first listed bar; 0 where there is none."""
    first = np.argmax(history.active, axis=0)
    return np.asarray((history.time_ns[first] - history.time_ns[0]) / DAY_NS)


def with_young(
    leg: LegPath, young: YoungMarketPath, wanted: BoolArray, bars_per_day: int
) -> tuple[LegPath, BoolArray]:
    """Put the numbers of the young in place of the forecaster's; also (D, N) where they are.

    Parameters
    ----------
    leg : LegPath
    young : YoungMarketPath
        Of the same markets and boundaries.
    wanted : (D, N) bool
        Young and listed: a market younger than that has none from the forecaster, even where it
        gives one.
    bars_per_day : int
    """
    known = np.isfinite(young.log_move).all(axis=2) & np.isfinite(young.log_error).all(axis=2)
    spoke = wanted & known & np.isfinite(young.volatility)
    both = wanted[:, :, None]
    daily = young.volatility * np.sqrt(bars_per_day)
    replaced = LegPath(
        move=np.where(both, np.where(spoke[:, :, None], young.log_move, np.nan), leg.move),
        log_error=np.where(
            both, np.where(spoke[:, :, None], young.log_error, np.nan), leg.log_error
        ),
        volatility_daily=np.where(wanted, np.where(spoke, daily, np.nan), leg.volatility_daily),
        cold=np.where(wanted, ~spoke, leg.cold),
    )
    return replaced, spoke
