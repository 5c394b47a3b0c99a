"""What is known of markets besides their prices, for the pooling of young ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.market import DAY_NS, MarketHistory
from plimsoll.estimators.pooling.covariates import MarketCovariates

FloatArray = NDArray[np.float64]

YOUTH_DAYS = 90
UNNAMED = "unnamed"


def market_covariates(
    history: MarketHistory,
    classes: Sequence[str],
    capitalisation_usd: Mapping[str, float] | None = None,
) -> MarketCovariates:
    """Return class, capitalisation and daily turnover of the markets of a history.

    Parameters
    ----------
    history : MarketHistory
        Cut at the instant at which it is known; volume in base units.
    classes : sequence of N str
        Empty where unknown.
    capitalisation_usd : mapping of str to float, optional

    Notes
    -----
    A column that nobody has a value of is None. Age enters by the two groups of
    `plimsoll.estimators.pooling.listing_level`.
    """
    given = capitalisation_usd or {}
    caps = np.array([given.get(market, np.nan) for market in history.markets])
    turnover = daily_turnover(history)
    return MarketCovariates(
        market_class=tuple(name or UNNAMED for name in classes),
        market_cap_usd=caps if np.isfinite(caps).any() else None,
        daily_volume_usd=turnover if np.isfinite(turnover).any() else None,
    )


def daily_turnover(history: MarketHistory) -> FloatArray:
    """(N,) turnover of a day in a market's youth: volume times close.

    Of a market that came within the history its first 90 days, because that is when its level as a
    listing was read; of the others the last 90 with a print. NaN where nothing traded, or there is
    no volume.
    """
    found = np.full(len(history.markets), np.nan)
    if history.volume is None or not len(history):
        return found
    close = np.where(history.active, history.usable_close(), np.nan)
    close = np.where(np.isfinite(close) & (close > 0.0), close, np.nan)
    money = np.where(history.volume >= 0.0, history.volume, np.nan) * close
    span = YOUTH_DAYS * DAY_NS // history.interval_ns
    for j in range(found.size):
        printed = np.flatnonzero(np.isfinite(close[:, j]))
        if not printed.size:
            continue
        came = history.time_ns[printed[0]] > history.time_ns[0] + DAY_NS
        start = printed[0] if came else max(0, printed[-1] + 1 - span)
        bars = money[start : start + span, j]
        bars = bars[np.isfinite(bars)]
        if bars.size and bars.sum() > 0.0:
            found[j] = bars.mean() * DAY_NS / history.interval_ns
    return found
