"""Anytime-valid monitoring of value-at-risk and shortfall by betting against them.

    e_VaR = 1{L > v} / a,     e_ES = (L - v)+ / (a (e - v))

have mean at most 1 given the past where the forecast is not too small (Wang, Wang and Ziegel,
E-backtesting, 2022). Wealth ``M_t = M_{t-1} (1 - b_t + b_t e_t)`` with a bet b_t in [0, 1/2] known
beforehand exceeds ``1 / d`` at any time with chance at most d (Ville): it may be watched daily.
Averages of e-values over markets are e-values whatever the dependence between the markets.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import ParameterError, UsageError
from plimsoll.measures.sample import check_confidence
from plimsoll.validation.shortfall.forecast_law import (
    UNDERSTATEMENT,
    ScaledLaw,
    TailLaw,
    draw_breaches,
    larger_losses,
    scaled_label,
)
from plimsoll.validation.tested_forecasts import (
    SIGNIFICANCE,
    ForecastTest,
    Power,
    simulated_power,
)

Vector = NDArray[np.float64]
Array = NDArray[np.float64]

LARGEST_BET = 0.5
WATCH, YELLOW, RED = 2.0, 5.0, 20.0
"""Wealth at which a market is watched, is yellow and is red."""
POWER_PATHS = 400


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EProcess:
    """Wealth of betting against a forecast.

    Parameters
    ----------
    e_value, bet, wealth : (T,) or (T, N) float64
        Wealth after each horizon; where the e-value is NaN (not scored) nothing was bet.
    """

    e_value: Array
    bet: Array
    wealth: Array

    @property
    def highest(self) -> Array:
        """() or (N,) largest wealth so far."""
        out: Array = np.maximum(1.0, self.wealth.max(axis=0))
        return out

    def first_at(self, level: float) -> NDArray[np.int64]:
        """() or (N,) row at which wealth first reached ``level``; -1 where it never did."""
        reached = self.wealth >= level
        out: NDArray[np.int64] = np.where(reached.any(axis=0), reached.argmax(axis=0), -1)
        return out


def value_at_risk_e_values(loss: ArrayLike, value_at_risk: ArrayLike, confidence: float) -> Array:
    """``1{L > v} / a``; broadcasts, NaN stays."""
    check_confidence(confidence)
    gap = np.asarray(loss, dtype=np.float64) - np.asarray(value_at_risk, dtype=np.float64)
    return np.where(np.isnan(gap), np.nan, (gap > 0.0) / (1.0 - confidence))


def shortfall_e_values(
    loss: ArrayLike, value_at_risk: ArrayLike, expected_shortfall: ArrayLike, confidence: float
) -> Array:
    """``(L - v)+ / (a (e - v))``; broadcasts, NaN stays.

    Raises
    ------
    UsageError
        A shortfall that is not above its value-at-risk.
    """
    check_confidence(confidence)
    level = np.asarray(value_at_risk, dtype=np.float64)
    gap = np.asarray(expected_shortfall, dtype=np.float64) - level
    if bool(np.any(gap <= 0.0)):
        raise UsageError(
            "must be above the value-at-risk",
            found=float(np.nanmin(gap)),
            field="expected_shortfall",
        )
    excess = np.maximum(np.asarray(loss, dtype=np.float64) - level, 0.0)
    out: Array = excess / ((1.0 - confidence) * gap)
    return out


def e_process(e_value: ArrayLike, *, largest_bet: float = LARGEST_BET) -> EProcess:
    """Bet on the e-values seen before: ``b = clip(mean(e - 1) / mean((e - 1)^2), 0, largest)``.

    Parameters
    ----------
    e_value : (T,) or (T, N) array_like
        Non-negative, in time order; NaN = no bet. Columns are separate processes.
    largest_bet : float
        In (0, 1).

    Examples
    --------
    >>> e_process([0.0, 4.0, 4.0]).wealth.tolist()
    [1.0, 1.0, 1.6]
    """
    if not 0.0 < largest_bet < 1.0:
        raise ParameterError("must lie in (0, 1)", found=largest_bet, field="largest_bet")
    e = np.asarray(e_value, dtype=np.float64)
    if e.ndim not in (1, 2) or e.shape[0] == 0:
        raise UsageError("must be (times,) or (times, markets)", found=e.shape, field="e_value")
    if bool(np.any(e < 0.0)) or bool(np.isinf(e).any()):
        raise UsageError("must be finite and not negative", field="e_value")
    gain = np.where(np.isnan(e), 0.0, e - 1.0)
    first, second = np.cumsum(gain, axis=0), np.cumsum(gain * gain, axis=0)
    bet = np.zeros_like(gain)
    np.divide(first[:-1], second[:-1], out=bet[1:], where=second[:-1] > 0.0)
    bet = np.clip(bet, 0.0, largest_bet)
    wealth = np.exp(np.cumsum(np.log1p(bet * gain), axis=0))
    return EProcess(e_value=e, bet=bet, wealth=wealth)


def pooled_e_values(e_value: ArrayLike) -> Vector:
    """(T,) mean over the markets scored at each time; NaN where none was."""
    e = np.asarray(e_value, dtype=np.float64)
    scored = ~np.isnan(e)
    count = scored.sum(axis=1)
    total = np.where(scored, e, 0.0).sum(axis=1)
    out: Vector = np.full(count.shape, np.nan)
    np.divide(total, count, out=out, where=count > 0)
    return out


def e_process_test(
    loss: ArrayLike,
    value_at_risk: ArrayLike,
    expected_shortfall: ArrayLike | None = None,
    *,
    confidence: float,
    understatement: float = UNDERSTATEMENT,
    seed: int = 0,
) -> ForecastTest:
    """The e-process of one series (T,) or of a panel (T, N), pooled, as a test.

    Statistic: the highest wealth so far; p-value its inverse, valid at every stopping time. Tests
    the shortfall where one is given, else the value-at-risk.
    """
    if expected_shortfall is None:
        e = value_at_risk_e_values(loss, value_at_risk, confidence)
    else:
        e = shortfall_e_values(loss, value_at_risk, expected_shortfall, confidence)
    pooled = e.ndim == 2
    process = e_process(pooled_e_values(e) if pooled else e)
    highest = float(process.highest)
    what = "value_at_risk" if expected_shortfall is None else "expected_shortfall"
    rows = int(np.sum(~np.isnan(process.e_value)))
    return ForecastTest(
        name=f"e_process_{what}",
        statistic=highest,
        p_value=min(1.0, 1.0 / highest),
        reference_law="P(ever above 1/p) <= p",
        null=f"the {what.replace('_', '-')} is never too small",
        alternative="risk understated",
        observations=rows,
        convention=f"bet at most {LARGEST_BET}" + (", mean e over markets" if pooled else ""),
        power_of=partial(
            _power, rows, confidence, expected_shortfall is not None, understatement, seed
        ),
    )


def _power(
    rows: int, confidence: float, shortfall: bool, understatement: float, seed: int
) -> Power:
    level = np.ones(rows)
    law = TailLaw(
        value_at_risk=level, expected_shortfall=1.35 * level, confidence=confidence, shape=0.25
    )
    decided = []
    for share, offset in ((understatement, 0), (0.0, 1)):
        larger = ScaledLaw(law=law, factor=larger_losses(share))
        found = []
        for piece in draw_breaches(larger, level, paths=POWER_PATHS, seed=seed + offset):
            e = np.zeros((rows, piece.paths))
            if shortfall:
                e[piece.row, piece.path] = (piece.loss - 1.0) / ((1.0 - confidence) * 0.35)
            else:
                e[piece.row, piece.path] = 1.0 / (1.0 - confidence)
            found.append(e_process(e).highest)
        decided.append(np.concatenate(found) >= 1.0 / SIGNIFICANCE)
    label = f"{scaled_label(understatement)} (one series, shortfall 1.35 times value-at-risk)"
    return simulated_power(decided[0], decided[1], label)
