"""Price risk of every market and side on every day: what coverage is tested on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.anti_procyclicality import with_tools
from plimsoll.calibration.forecast import MarketForecast
from plimsoll.calibration.problem import CalibrationProblem
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.market import DAY_NS, MarketHistory
from plimsoll.estimators.horizon.price_record import Boundaries
from plimsoll.estimators.horizon.scaled_tail import TailPath
from plimsoll.marketdata.returns import (
    inverse_long_loss,
    inverse_short_loss,
    linear_long_loss,
    linear_short_loss,
)

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

LONG, SHORT = 0, 1
SIDES = ("long", "short")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RiskPaths:
    """Loss that the margin must cover, as a share of notional, by day, market and side.

    Parameters
    ----------
    time_ns : (D,) int64
        When the margin was set, from data known then.
    markets : tuple of N str
    maintenance, reaction : (D, N, 2) float64
        Quantile of the loss over the close-out horizon and over the user's reaction time;
        side 0 long, 1 short. NaN where there was no number.
    maintenance_error, reaction_error : (D, N, 2) float64
        Standard errors.
    volatility_daily : (D, N) float64
        Forecast volatility of a day; a young market's is floored like its margin.
    floored : (D, N) bool
        The class floor spoke, because the market was young.
    mature : (D, N) bool
        Listed, and old enough to speak for itself and to lend to others.
    """

    time_ns: NDArray[np.int64]
    markets: tuple[str, ...]
    maintenance: FloatArray
    reaction: FloatArray
    maintenance_error: FloatArray
    reaction_error: FloatArray
    volatility_daily: FloatArray
    floored: BoolArray
    mature: BoolArray


def loss_of_move(payoff: Payoff, fall: FloatArray, rise: FloatArray) -> FloatArray:
    r"""Return (..., 2) losses of a long under ``fall`` and of a short under ``rise``.

    Linear (and quanto): :math:`1 - e^{-x}` and :math:`e^{x} - 1`. Inverse, in coin per coin of
    notional at entry: :math:`e^{x} - 1` and :math:`1 - e^{-x}`. The quantile of a monotone function
    is the function of the quantile, so nothing is approximated.

    Parameters
    ----------
    fall, rise : ndarray
        Sizes of log moves down and up, positive.
    """
    if payoff is Payoff.INVERSE:
        return np.stack([inverse_long_loss(-fall), inverse_short_loss(rise)], axis=-1)
    return np.stack([linear_long_loss(-fall), linear_short_loss(rise)], axis=-1)


def risk_paths(
    forecasts: Sequence[MarketForecast],
    history: MarketHistory,
    days: Boundaries,
    problem: CalibrationProblem,
    class_of: dict[str, str],
    payoff_of: dict[str, Payoff],
) -> RiskPaths:
    """Turn scaled quantiles into losses, apply tools in force and the class floor."""
    payoffs = [payoff_of[f.market] for f in forecasts]
    listed = _listed(history, days)
    youth = _Youth(
        young=listed & (_age_days(history, days) < problem.short_history.minimum_days),
        listed=listed,
        classes=np.array([class_of[f.market] for f in forecasts]),
        quantile=problem.short_history.class_quantile,
        minimum_donors=problem.short_history.minimum_donors,
    )
    volatility = np.column_stack([f.volatility for f in forecasts])
    legs = (
        ([f.maintenance for f in forecasts], forecasts),
        ([f.reaction for f in forecasts], None),
    )
    paths = []
    for tails, tooled in legs:
        # A young market borrows its class's tail for its own volatility, and then its class's
        # margin where that is higher still.
        scaled = _class_floor(*_stacked(tails), youth)
        loss, error = _losses(scaled.path, scaled.error, volatility, payoffs)
        loss = np.where(listed[:, :, None], loss, np.nan)
        if tooled is not None:
            loss = _with_tools(loss, tooled, payoffs, problem)
        paths.append(_class_floor(loss, error, youth))
    maintenance, reaction = paths
    daily = np.column_stack([f.volatility_daily for f in forecasts])[:, :, None]
    return RiskPaths(
        time_ns=days.time_ns,
        markets=tuple(f.market for f in forecasts),
        maintenance=maintenance.path,
        reaction=reaction.path,
        maintenance_error=maintenance.error,
        reaction_error=reaction.error,
        volatility_daily=_class_floor(daily, daily, youth).path[:, :, 0],
        floored=youth.young & np.isfinite(maintenance.path).any(axis=2),
        mature=youth.listed & ~youth.young,
    )


def _stacked(tails: Sequence[TailPath]) -> tuple[FloatArray, FloatArray]:
    """(D, N, 2) scaled quantiles and their standard errors."""
    return (
        np.stack([tail.quantile for tail in tails], axis=1),
        np.stack([tail.standard_error for tail in tails], axis=1),
    )


def _losses(
    quantile: FloatArray, error: FloatArray, volatility: FloatArray, payoffs: Sequence[Payoff]
) -> tuple[FloatArray, FloatArray]:
    """(D, N, 2) losses and their standard errors (delta method through the payoff)."""
    moves = volatility[:, :, None] * quantile
    losses = np.stack(
        [loss_of_move(p, moves[:, j, 0], moves[:, j, 1]) for j, p in enumerate(payoffs)], axis=1
    )
    # d(e^x - 1)/dx = 1 + loss and d(1 - e^-x)/dx = 1 - loss.
    convex = np.array([[p is Payoff.INVERSE, p is not Payoff.INVERSE] for p in payoffs])
    slope = np.where(convex, 1.0 + losses, 1.0 - losses)
    return losses, slope * volatility[:, :, None] * error


def _listed(history: MarketHistory, days: Boundaries) -> BoolArray:
    """(D, N) market is listed at the last bar of each boundary, as far as was known there."""
    return history.listed_as_known(np.maximum(days.bars - 1, 0), days.time_ns)


def _age_days(history: MarketHistory, days: Boundaries) -> FloatArray:
    """(D, N) days since a market's first listed bar; negative before it."""
    first = np.argmax(history.active, axis=0)
    return np.asarray((days.time_ns[:, None] - history.available_ns[first][None, :]) / DAY_NS)


def _with_tools(
    maintenance: FloatArray,
    forecasts: Sequence[MarketForecast],
    payoffs: Sequence[Payoff],
    problem: CalibrationProblem,
) -> FloatArray:
    tools = problem.anti_procyclicality
    shape = maintenance.shape

    def extra(tails: list[TailPath | None], worst_so_far: bool) -> FloatArray | None:
        present = [tail for tail in tails if tail is not None]
        if len(present) < len(tails):
            return None
        losses, _ = _losses(*_stacked(present), np.ones(shape[:2]), payoffs)
        if worst_so_far:
            losses = np.fmax.accumulate(losses, axis=0)
        return losses.reshape(shape[0], -1)

    path = with_tools(
        maintenance.reshape(shape[0], -1),
        tools,
        stressed=extra([f.stressed for f in forecasts], True),
        long_margin=extra([f.long for f in forecasts], False),
    )
    return path.reshape(shape)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Youth:
    """Which markets are young, and whom they borrow from."""

    young: BoolArray
    listed: BoolArray
    classes: NDArray[np.str_]
    quantile: float
    minimum_donors: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Floored:
    """A path raised to the class floor, with its standard error."""

    path: FloatArray
    error: FloatArray


def _class_floor(path: FloatArray, error: FloatArray, youth: _Youth) -> _Floored:
    """Raise young markets to their class's quantile of mature ones, day by day.

    Where too few mature members of the class have a number, all mature markets of the venue lend
    theirs: one donor says nothing about the next listing. Without any there is no number.
    """
    path, error = path.copy(), error.copy()
    mature = (youth.listed & ~youth.young)[:, :, None]
    lent, lent_error = np.where(mature, path, np.nan), np.where(mature, error, np.nan)
    for name in np.unique(youth.classes):
        members = np.flatnonzero(youth.classes == name)
        few = np.isfinite(lent[:, members]).sum(axis=1) < youth.minimum_donors
        floor, floor_error = (
            np.where(few, _row_quantile(values, q), _row_quantile(values[:, members], q))
            for values, q in ((lent, youth.quantile), (lent_error, 1.0))
        )
        for j in members:
            young = youth.young[:, j, None]
            raised = young & ~(path[:, j] >= floor)
            path[:, j] = np.where(raised, floor, path[:, j])
            error[:, j] = np.where(raised, floor_error, error[:, j])
    return _Floored(path=path, error=error)


def _row_quantile(values: FloatArray, quantile: float) -> FloatArray:
    """(D, 2) quantile over the markets of (D, M, 2); NaN where no market has a value.

    numpy's linear (type-7) quantile to the last bit; its own ``nanquantile`` goes row by row.
    """
    count = np.sum(~np.isnan(values), axis=1)
    ordered = np.sort(values, axis=1)  # NaN last
    place = np.maximum(count - 1, 0) * quantile
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, np.maximum(count - 1, 0))
    below, above = (np.take_along_axis(ordered, i[:, None], axis=1)[:, 0] for i in (low, high))
    share = place - low
    step = above - below
    # Towards the nearer end, as numpy does it.
    return np.asarray(np.where(share < 0.5, below + step * share, above - step * (1.0 - share)))
