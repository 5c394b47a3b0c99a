"""Price risk of every market and side on every day: what coverage is tested on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.anti_procyclicality import with_tools
from plimsoll.calibration.class_floor import Youth, class_floor
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
    pooled : (D, N) bool or None
        A young market's own number, made with its peers' behaviour and tail; None: of none.
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
    pooled: BoolArray | None = None


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
    listed = listed_by_day(history, days)
    youth = Youth(
        young=listed & (age_days(history, days) < problem.short_history.minimum_days),
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
        scaled = class_floor(*_stacked(tails), youth)
        loss, error = losses_of_moves(scaled.path, scaled.error, volatility, payoffs)
        loss = np.where(listed[:, :, None], loss, np.nan)
        if tooled is not None:
            loss = with_tool_tails(
                loss,
                [f.stressed for f in tooled],
                [f.long for f in tooled],
                payoffs,
                problem,
            )
        paths.append(class_floor(loss, error, youth))
    maintenance, reaction = paths
    daily = np.column_stack([f.volatility_daily for f in forecasts])[:, :, None]
    return RiskPaths(
        time_ns=days.time_ns,
        markets=tuple(f.market for f in forecasts),
        maintenance=maintenance.path,
        reaction=reaction.path,
        maintenance_error=maintenance.error,
        reaction_error=reaction.error,
        volatility_daily=class_floor(daily, daily, youth).path[:, :, 0],
        floored=youth.young & np.isfinite(maintenance.path).any(axis=2),
        mature=youth.listed & ~youth.young,
    )


def _stacked(tails: Sequence[TailPath]) -> tuple[FloatArray, FloatArray]:
    """(D, N, 2) scaled quantiles and their standard errors."""
    return (
        np.stack([tail.quantile for tail in tails], axis=1),
        np.stack([tail.standard_error for tail in tails], axis=1),
    )


def losses_of_moves(
    quantile: FloatArray, error: FloatArray, volatility: FloatArray, payoffs: Sequence[Payoff]
) -> tuple[FloatArray, FloatArray]:
    """(D, N, 2) losses and their standard errors (delta method through the payoff).

    Parameters
    ----------
    quantile, error : (D, N, 2) float64
        Sizes of log moves over ``volatility``, and their standard errors.
    volatility : (D, N) float64
    payoffs : sequence of Payoff
    """
    moves = volatility[:, :, None] * quantile
    losses = np.stack(
        [loss_of_move(p, moves[:, j, 0], moves[:, j, 1]) for j, p in enumerate(payoffs)], axis=1
    )
    # d(e^x - 1)/dx = 1 + loss and d(1 - e^-x)/dx = 1 - loss.
    convex = np.array([[p is Payoff.INVERSE, p is not Payoff.INVERSE] for p in payoffs])
    slope = np.where(convex, 1.0 + losses, 1.0 - losses)
    return losses, slope * volatility[:, :, None] * error


def listed_by_day(history: MarketHistory, days: Boundaries) -> BoolArray:
    """(D, N) market is listed at the last bar of each boundary, as far as was known there."""
    return history.listed_as_known(np.maximum(days.bars - 1, 0), days.time_ns)


def age_days(history: MarketHistory, days: Boundaries) -> FloatArray:
    """(D, N) days since a market's first listed bar; negative before it."""
    first = np.argmax(history.active, axis=0)
    return np.asarray((days.time_ns[:, None] - history.available_ns[first][None, :]) / DAY_NS)


def with_tool_tails(
    maintenance: FloatArray,
    stressed: Sequence[TailPath | None],
    long: Sequence[TailPath | None],
    payoffs: Sequence[Payoff],
    problem: CalibrationProblem,
) -> FloatArray:
    """Apply the anti-procyclicality tools in force to (D, N, 2) losses.

    Parameters
    ----------
    stressed, long : sequence of TailPath or None
        Of unscaled moves, by market; None where no tool asks for them.
    """
    shape = maintenance.shape

    def extra(tails: Sequence[TailPath | None], worst_so_far: bool) -> FloatArray | None:
        present = [tail for tail in tails if tail is not None]
        if not present or len(present) < len(tails):
            return None
        losses, _ = losses_of_moves(*_stacked(present), np.ones(shape[:2]), payoffs)
        if worst_so_far:
            losses = np.fmax.accumulate(losses, axis=0)
        return losses.reshape(shape[0], -1)

    path = with_tools(
        maintenance.reshape(shape[0], -1),
        problem.anti_procyclicality,
        stressed=extra(stressed, True),
        long_margin=extra(long, False),
    )
    return path.reshape(shape)
