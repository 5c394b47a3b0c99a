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
from plimsoll.estimators.price_record import Boundaries
from plimsoll.estimators.scaled_tail import TailPath

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
    floored : (D, N) bool
        The class floor spoke, because the market was young.
    """

    time_ns: NDArray[np.int64]
    markets: tuple[str, ...]
    maintenance: FloatArray
    reaction: FloatArray
    maintenance_error: FloatArray
    reaction_error: FloatArray
    volatility_daily: FloatArray
    floored: BoolArray


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
        return np.stack([np.expm1(fall), -np.expm1(-rise)], axis=-1)
    return np.stack([-np.expm1(-fall), np.expm1(rise)], axis=-1)


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
    maintenance, maintenance_error = _losses(
        [f.maintenance for f in forecasts], [f.volatility for f in forecasts], payoffs
    )
    reaction, reaction_error = _losses(
        [f.reaction for f in forecasts], [f.volatility for f in forecasts], payoffs
    )
    listed = _listed(history, days)
    maintenance, reaction = (
        np.where(listed[:, :, None], path, np.nan) for path in (maintenance, reaction)
    )
    maintenance = _with_tools(maintenance, forecasts, payoffs, problem)
    young = listed & (_age_days(history, days) < problem.short_history.minimum_days)
    classes = np.array([class_of[f.market] for f in forecasts])
    quantile = problem.short_history.class_quantile
    maintenance, maintenance_error, floored = _class_floor(
        maintenance, maintenance_error, young, listed, classes, quantile
    )
    reaction, reaction_error, _ = _class_floor(
        reaction, reaction_error, young, listed, classes, quantile
    )
    return RiskPaths(
        time_ns=days.time_ns,
        markets=tuple(f.market for f in forecasts),
        maintenance=maintenance,
        reaction=reaction,
        maintenance_error=maintenance_error,
        reaction_error=reaction_error,
        volatility_daily=np.column_stack([f.volatility_daily for f in forecasts]),
        floored=floored,
    )


def _losses(
    tails: Sequence[TailPath], volatility: Sequence[FloatArray], payoffs: Sequence[Payoff]
) -> tuple[FloatArray, FloatArray]:
    """(D, N, 2) losses and their standard errors (delta method through the payoff)."""
    losses, errors = [], []
    for tail, sigma, payoff in zip(tails, volatility, payoffs, strict=True):
        fall, rise = (sigma * tail.quantile[:, side] for side in (0, 1))
        loss = loss_of_move(payoff, fall, rise)
        # d(e^x - 1)/dx = 1 + loss and d(1 - e^-x)/dx = 1 - loss.
        signs = np.array([1.0, -1.0]) if payoff is Payoff.INVERSE else np.array([-1.0, 1.0])
        errors.append((1.0 + signs * loss) * sigma[:, None] * tail.standard_error)
        losses.append(loss)
    return np.stack(losses, axis=1), np.stack(errors, axis=1)


def _listed(history: MarketHistory, days: Boundaries) -> BoolArray:
    """(D, N) market is listed at the last bar known at each boundary."""
    return history.active[np.maximum(days.bars - 1, 0)]


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
        unit = [np.ones(shape[0])] * len(tails)
        losses, _ = _losses(present, unit, payoffs)
        return (np.fmax.accumulate(losses, axis=0) if worst_so_far else losses).reshape(
            shape[0], -1
        )

    path = with_tools(
        maintenance.reshape(shape[0], -1),
        tools,
        stressed=extra([f.stressed for f in forecasts], True),
        long_margin=extra([f.long for f in forecasts], False),
    )
    return path.reshape(shape)


def _class_floor(
    path: FloatArray,
    error: FloatArray,
    young: BoolArray,
    listed: BoolArray,
    classes: NDArray[np.str_],
    quantile: float,
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """Raise young markets to their class's quantile of mature ones, day by day."""
    path, error = path.copy(), error.copy()
    floored = np.zeros(young.shape, dtype=np.bool_)
    for name in np.unique(classes):
        members = np.flatnonzero(classes == name)
        mature = listed[:, members] & ~young[:, members]
        values = np.where(mature[:, :, None], path[:, members], np.nan)
        known = np.isfinite(values).any(axis=1)  # (D, 2)
        floor = np.full(known.shape, np.nan)
        floor_error = np.full(known.shape, np.nan)
        for side in (LONG, SHORT):
            rows = np.flatnonzero(known[:, side])
            floor[rows, side] = np.nanquantile(values[rows, :, side], quantile, axis=1)
            errors = np.where(mature, error[:, members, side], np.nan)
            has = rows[np.isfinite(errors[rows]).any(axis=1)]
            floor_error[has, side] = np.nanmax(errors[has], axis=1)
        for j in members:
            raised = young[:, j, None] & ~(path[:, j] >= floor) & np.isfinite(floor)
            path[:, j] = np.where(raised, floor, path[:, j])
            error[:, j] = np.where(raised, floor_error, error[:, j])
            # A young market whose class has no mature member has no number at all.
            orphan = young[:, j, None] & ~np.isfinite(floor)
            path[:, j] = np.where(orphan, np.nan, path[:, j])
            floored[:, j] = raised.any(axis=1)
    return path, error, floored
