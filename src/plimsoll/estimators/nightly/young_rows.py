"""Markets too young for their own tail: predictive risk from their peers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.market import DAY_NS, MarketHistory
from plimsoll.estimators.pooling.covariates import MarketCovariates
from plimsoll.estimators.pooling.young_assessment import YoungMarketRisk, risk_at
from plimsoll.estimators.pooling.young_market import YoungMarketModel
from plimsoll.estimators.reference.forecast import CONFIDENCE

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class YoungRows:
    """Young markets among all, as columns; NaN for the others.

    Parameters
    ----------
    known : (N,) bool
        Young, and with numbers.
    value_at_risk, expected_shortfall, log_error : (N, 2) float64
        Shares of notional; error of the logarithm of the log move.
    volatility : (N,) float64
        Per bar.
    """

    known: BoolArray
    value_at_risk: FloatArray
    expected_shortfall: FloatArray
    log_error: FloatArray
    volatility: FloatArray

    @classmethod
    def of(cls, young: Mapping[str, YoungMarketRisk], markets: Sequence[str]) -> YoungRows:
        """Place the risks of some markets among all."""
        empty = (float("nan"),) * 2
        rows = [young.get(market) for market in markets]
        good = [r if r is not None and r.reason is None else None for r in rows]
        value = np.array([empty if r is None else (r.long_margin, r.short_margin) for r in good])
        error = np.array([empty if r is None else (r.long_error, r.short_error) for r in good])
        with np.errstate(invalid="ignore"):
            size = np.stack([-np.log1p(-value[:, 0]), np.log1p(value[:, 1])], axis=1)
            slope = np.stack([1.0 - value[:, 0], 1.0 + value[:, 1]], axis=1) * size
        return cls(
            known=np.array([r is not None for r in good]),
            value_at_risk=value,
            expected_shortfall=np.array(
                [empty if r is None else (r.long_shortfall, r.short_shortfall) for r in good]
            ),
            log_error=error / slope,
            volatility=np.array(
                [np.nan if r is None else float(r.volatility_per_bar or np.nan) for r in good]
            ),
        )


def age_days(history: MarketHistory, price: FloatArray, at_ns: int) -> FloatArray:
    """(N,) days since the first print of (N, T) log prices; NaN before one.

    Of a market that was there at the start of the history it is the least it can be.
    """
    printed = np.isfinite(price)
    first = history.time_ns[np.argmax(printed, axis=1)]
    return np.where(printed.any(axis=1), (at_ns - first) / DAY_NS, np.nan)


def young_rows(
    history: MarketHistory,
    age: FloatArray,
    horizons_hours: tuple[int, ...],
    model: YoungMarketModel,
    known: MarketCovariates | None = None,
) -> Mapping[int, Mapping[str, YoungMarketRisk]]:
    """Return the risk of every young market by horizon and name; empty where nobody is young.

    Parameters
    ----------
    history : MarketHistory
        With the delisted in it: they are peers as well.
    age : (N,) float64
        Days.
    horizons_hours : tuple of int
    model : YoungMarketModel
        Its own covariates, where it has some, stand before ``known``.
    known : MarketCovariates, optional
        Class, capitalisation, turnover of the history's markets.
    """
    reach = (int(history.available_ns[-1]) - int(history.time_ns[0])) / DAY_NS
    came_within = np.isfinite(age) & (age < reach - 1.0)
    if not (came_within & (age < model.ages.young_until)).any():
        return {hours: {} for hours in horizons_hours}
    if known is not None and model.link.levels.covariates is None:
        levels = replace(model.link.levels, covariates=known)
        model = replace(model, link=replace(model.link, levels=levels))
    hours = tuple(float(h) for h in horizons_hours)
    paths = model.paths(history, horizons_hours=hours, confidence=CONFIDENCE)
    last = len(paths[0].time_ns) - 1
    until = model.ages.young_until
    return {
        asked: {
            history.markets[j]: risk_at(path, last, int(j), asked, until)
            for j in np.flatnonzero(path.wanted[last])
        }
        for asked, path in zip(horizons_hours, paths, strict=True)
    }
