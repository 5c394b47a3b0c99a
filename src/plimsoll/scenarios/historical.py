"""Filtered history: joint moves that happened, rescaled to the volatility of now.

For a horizon of h bars, with closing prices P and EWMA volatility s per bar,

    move[t] = ln(P[t + h] / P[t]) clip(s[now] / s[t], low, high),

s[t] being the forecast made at t, from returns up to t (the first 75 returns start the
recursion). Moves overlap; all coins of one scenario
take the same t, which keeps how they depend on each other (Barone-Adesi, Giannopoulos and Vosper,
1999; Hull and White, 1998, for the scaling). Overlapping moves are
not independent: their number overstates what is known (`estimators.overlapping`).

Nothing later than ``before_ns`` is looked at, prices and what was known of their faults alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.market import MarketHistory
from plimsoll.domain.scenario import Factor, ScenarioSet, equal_weights
from plimsoll.errors import InsufficientDataError, ParameterError, UsageError
from plimsoll.maths.recursions import arch_backcast, ewma_filter

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MINIMUM_RETURNS = 20
_FLOOR_QUANTILE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Filtering:
    """How past moves are rescaled.

    Parameters
    ----------
    half_life_bars : float
        Of the EWMA variance; 22.8 days are the decay of 0.97.
    lowest_ratio, highest_ratio : float
        Bounds of volatility now over volatility then.

    Raises
    ------
    ParameterError
    """

    half_life_bars: float
    lowest_ratio: float = 0.5
    highest_ratio: float = 3.0

    def __post_init__(self) -> None:
        for name in ("half_life_bars", "lowest_ratio", "highest_ratio"):
            if not 0.0 < getattr(self, name) < np.inf:
                raise ParameterError("must be positive", found=getattr(self, name), field=name)
        if self.lowest_ratio > self.highest_ratio:
            raise ParameterError(
                f"must be at most highest_ratio ({self.highest_ratio})",
                found=self.lowest_ratio,
                field="lowest_ratio",
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JointMoves:
    """Log moves of several coins over the same spans.

    Parameters
    ----------
    subjects : tuple of N str
    start_ns, end_ns : (M,) int64
        When the bars closed from which and to which a move goes.
    log_moves : (M, N) float64
    """

    subjects: tuple[str, ...]
    start_ns: IntArray
    end_ns: IntArray
    log_moves: FloatArray

    def __len__(self) -> int:
        return int(self.start_ns.size)

    @property
    def names(self) -> tuple[str, ...]:
        """Start and end of each, UTC, to the minute."""
        ends = [t.astype("datetime64[ns]").astype("datetime64[m]").astype(str) for t in self._times]
        return tuple(f"{start}Z/{end}Z" for start, end in zip(*ends, strict=True))

    @property
    def _times(self) -> tuple[IntArray, IntArray]:
        return self.start_ns, self.end_ns


def filtered_history_scenarios(
    history: MarketHistory,
    subjects: Mapping[str, str],
    *,
    horizon_bars: int,
    filtering: Filtering,
    before_ns: int | None = None,
    antithetic: bool = False,
    half_life_moves: float | None = None,
) -> ScenarioSet:
    """Return the joint history of some markets as scenarios of their coins.

    Parameters
    ----------
    history : MarketHistory
    subjects : mapping of str to str
        Market of the history to the subject whose price factor it is, e.g. ``{"BTCUSDT": "BTC"}``.
    horizon_bars : int
        Length of a move: the margin period of risk.
    filtering : Filtering
    before_ns : int, optional
        Look at nothing that was known later.
    antithetic : bool
        Add every move mirrored: the drift of the sample goes, and the smaller of both tails counts
        like the larger one.
    half_life_moves : float, optional
        Weights fall by half every so many moves back from the latest; None: equal weights.

    Returns
    -------
    ScenarioSet
        Price factors, simple returns; in the order of time, mirrored ones after all others.

    Raises
    ------
    UsageError
        For no market, a subject twice, a market that the history does not have.
    ParameterError
        For a horizon under 1 and a half-life that is not positive.
    InsufficientDataError
        For a market with fewer than 20 returns, and where no move is common to all.
    """
    moves, volatility, now = _moves_and_volatility(
        history, subjects, horizon_bars, filtering, before_ns
    )
    ratio = np.clip(now / volatility, filtering.lowest_ratio, filtering.highest_ratio)
    logs, names = moves.log_moves * ratio, moves.names
    weights = _weights(len(moves), half_life_moves)
    if antithetic:
        logs = np.concatenate([logs, -logs])
        names = (*names, *(f"{name} mirrored" for name in names))
        weights = np.concatenate([weights, weights]) / 2.0
    return ScenarioSet(
        names=names,
        factors=tuple(Factor(subject=subject) for subject in moves.subjects),
        shocks=np.expm1(logs),
        weights=weights,
    )


def joint_moves(
    history: MarketHistory,
    subjects: Mapping[str, str],
    *,
    horizon_bars: int,
    before_ns: int | None = None,
) -> JointMoves:
    """Return the moves of all markets over all spans at whose both ends each of them has a print.

    Arguments and errors as in `filtered_history_scenarios`.
    """
    if horizon_bars < 1:
        raise ParameterError("must be at least 1", found=horizon_bars, field="horizon_bars")
    logs, close_ns = _log_prices(history, subjects, before_ns)
    moves = logs[horizon_bars:] - logs[: -horizon_bars or None]
    complete = np.isfinite(moves).all(axis=1)
    if not complete.any():
        counts = np.isfinite(moves).sum(axis=0).tolist()
        raise InsufficientDataError(
            "at least one move must be common to all markets",
            found=dict(zip(subjects, counts, strict=True)),
            remedy="leave out the markets with the shortest history, or pool them",
            field="history",
        )
    return JointMoves(
        subjects=tuple(subjects.values()),
        start_ns=close_ns[: moves.shape[0]][complete],
        end_ns=close_ns[horizon_bars:][complete],
        log_moves=moves[complete],
    )


def _moves_and_volatility(
    history: MarketHistory,
    subjects: Mapping[str, str],
    horizon_bars: int,
    filtering: Filtering,
    before_ns: int | None,
) -> tuple[JointMoves, FloatArray, FloatArray]:
    """Moves (M, N), the volatility forecast at the start of each (M, N), and that of now (N,)."""
    moves = joint_moves(history, subjects, horizon_bars=horizon_bars, before_ns=before_ns)
    logs, close_ns = _log_prices(history, subjects, before_ns)
    columns = [
        _volatility_path(logs[:, column], filtering.half_life_bars, market)
        for column, market in enumerate(subjects)
    ]
    volatility = np.column_stack(columns)
    return moves, volatility[np.searchsorted(close_ns, moves.start_ns)], volatility[-1]


def _log_prices(
    history: MarketHistory, subjects: Mapping[str, str], before_ns: int | None
) -> tuple[FloatArray, IntArray]:
    """Log closes (T, N) as known, NaN without a usable print, and when each bar closed (T,)."""
    listed = list(subjects.values())
    if not listed or len(set(listed)) != len(listed):
        raise UsageError("must be at least one, each once", found=listed, field="subjects")
    columns = [history.column(market) for market in subjects]
    seen = history if before_ns is None else history.before(before_ns)
    close = np.where(seen.active, seen.usable_close(), np.nan)[:, columns]
    logs = np.full(close.shape, np.nan)
    np.log(close, out=logs, where=np.isfinite(close) & (close > 0.0))
    return logs, seen.time_ns + seen.interval_ns


def _volatility_path(logs: FloatArray, half_life_bars: float, market: str) -> FloatArray:
    """(T,) volatility per bar forecast at each bar's close; over a gap the last one stands.

    Never below its own 5 % quantile: a feed that stood still has no volatility to divide by.
    """
    steps = np.diff(logs)
    known = np.flatnonzero(np.isfinite(steps))
    if known.size < MINIMUM_RETURNS:
        raise InsufficientDataError(
            f"must have at least {MINIMUM_RETURNS} returns", found=known.size, field=market
        )
    shocks = np.ascontiguousarray(steps[known])
    decay = 0.5 ** (1.0 / half_life_bars)
    variance = ewma_filter(shocks, arch_backcast(shocks), decay)
    path = np.sqrt(variance[np.searchsorted(known, np.arange(logs.size), side="left")])
    least = float(np.quantile(np.sqrt(variance), _FLOOR_QUANTILE))
    if not least > 0.0:
        raise InsufficientDataError(
            "prices must move",
            found="a volatility of zero in one bar of twenty or more",
            remedy="look for a stale feed",
            field=market,
        )
    return np.maximum(path, least)


def _weights(count: int, half_life_moves: float | None) -> FloatArray:
    if half_life_moves is None:
        return equal_weights(count)
    if not 0.0 < half_life_moves < np.inf:
        raise ParameterError("must be positive", found=half_life_moves, field="half_life_moves")
    weights = 0.5 ** (np.arange(count)[::-1] / half_life_moves)
    out: FloatArray = weights / weights.sum()
    return out
