"""Risk of markets with closed hours: the tail of all markets times their session-aware volatility.

Value-at-risk of the forecaster is a multiple of its volatility, and its volatility knows no
weekend. Moves in units of a standard deviation are taken from the markets that never close (the
median of their multiples, each without the market's own level), of a young market from past
listings; the standard deviation is that of `closed_hours`. A market that is alone, or among
sleepers only, keeps the multiples of its kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.estimators.nightly.closed_hours import MarketSessions
from plimsoll.estimators.nightly.horizon_estimate import HorizonEstimate
from plimsoll.estimators.nightly.young_rows import YoungRows

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def with_sessions(
    found: HorizonEstimate,
    rows: YoungRows,
    listed: BoolArray,
    sessions: Mapping[str, MarketSessions],
) -> HorizonEstimate:
    """Return the risk with the close-outs of the next day where a market has closed hours.

    A market whose hours were found, but not its volatility by them, has no number; nor has one
    that is not ``listed``.
    """
    asleep = np.array([market in sessions for market in found.fitted.markets])
    if not asleep.any():
        return found
    size, error = _volatility(found, sessions)
    size = np.where(listed, size, np.nan)
    always = found.own & ~asleep if (found.own & ~asleep).any() else found.own
    plain = _standard_deviations(found, always)
    level = np.exp(-found.fitted.counts.level)

    def moved(loss: FloatArray) -> FloatArray:
        logs = _log_moves(loss)
        usual = _median_rows(logs * level / plain[:, None], always)
        young = logs / (rows.volatility * np.sqrt(found.fitted.horizon_bars))[:, None]
        moves = np.where(rows.known[:, None], young, usual) * size[:, None]
        losses = np.stack([-np.expm1(-moves[:, 0]), np.expm1(moves[:, 1])], axis=1)
        return np.where(asleep[:, None], losses, loss)

    def widened(given: FloatArray) -> FloatArray:
        usual = _median_rows(given, always)
        widths = np.hypot(np.where(rows.known[:, None], given, usual), error[:, None])
        return np.where(asleep[:, None], widths, given)

    return replace(
        found,
        own=found.own & ~asleep,
        value_at_risk=moved(found.value_at_risk),
        expected_shortfall=moved(found.expected_shortfall),
        value_at_risk_log_error=widened(found.value_at_risk_log_error),
        expected_shortfall_log_error=widened(found.expected_shortfall_log_error),
    )


def _volatility(
    found: HorizonEstimate, sessions: Mapping[str, MarketSessions]
) -> tuple[FloatArray, FloatArray]:
    """(N,) volatility of the close-out and its log error; NaN where there is none."""
    risks = [
        sessions[market].risks.get(found.horizon_hours) if market in sessions else None
        for market in found.fitted.markets
    ]
    size = np.array([np.nan if risk is None else risk.next_day for risk in risks])
    return size, np.array([np.nan if risk is None else risk.log_error for risk in risks])


def _standard_deviations(found: HorizonEstimate, markets: BoolArray) -> FloatArray:
    """(N,) standard deviation that the forecaster gives the move over the horizon.

    Its scale is a geometric blend; scaled moves of ``markets`` say by how much a standard deviation
    exceeds it.
    """
    fitted = found.fitted
    scale = np.exp(fitted.log_scale)
    moves = found.scaled[:, markets]
    there = np.isfinite(moves)
    counts = there.sum(axis=0)
    squares = (np.where(there, moves, 0.0) ** 2).sum(axis=0)
    usual = np.sqrt(squares[counts > 0] / counts[counts > 0])
    return np.asarray(scale * (float(np.median(usual)) if usual.size else np.nan))


def _log_moves(loss: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.stack([-np.log1p(-loss[:, 0]), np.log1p(loss[:, 1])], axis=1)


def _median_rows(values: FloatArray, rows: BoolArray) -> FloatArray:
    """(2,) medians over some markets; NaN where none has a number."""
    some = values[rows & np.isfinite(values).all(axis=1)]
    return np.median(some, axis=0) if some.size else np.full(2, np.nan)
