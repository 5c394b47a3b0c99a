"""How the size of volatility moves falls with maturity: the vega power law.

The q-quantile of absolute log moves y of the level at maturities of d days,

    ln Q_q(|y|; d) = ln u_c - p_short min(ln(d/30), 0) - p_long max(ln(d/30), 0),

so that Q_q = u_c (30/d)^p with p_short below the knot of 30 days and p_long above it, u_c the
coin's own shock at 30 days. Fitted by quantile regression of ln|y|, all maturities and coins of a
date in one group of the block bootstrap. A move of nothing has no logarithm: it is set to
the smallest number there is, which no quantile from the median up can tell from its true place.

Venues publish p 0.30 and 0.13 (Deribit, parameters of portfolio margin), with *simple* changes:
vol_up = vol (1 + u (30/d)^p). `MoveScale.SIMPLE` fits those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.choice import chosen
from plimsoll.errors import InsufficientDataError, ParameterError, UsageError
from plimsoll.estimators.vol_shocks.moves import SurfaceMoves
from plimsoll.maths.quantile_regression import QuantileFit, bootstrapped_quantile_regression

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

PUBLISHED_SHORT, PUBLISHED_LONG = 0.30, 0.13
KNOT_DAYS = 30.0
_FEWEST_DATES = 20
_NOTHING = np.log(np.finfo(np.float64).tiny)


class MoveScale(StrEnum):
    """Whether a move of volatility is a log change or a simple one."""

    LOG = "log"
    SIMPLE = "simple"


class MoveSide(StrEnum):
    """Which moves are fitted: up and down alike, or one of them alone."""

    BOTH = "both"
    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PowerLaw:
    """A fitted power law.

    Parameters
    ----------
    quantile : float
    side : MoveSide
        Of `UP` and `DOWN` the quantile is that of the moves of this sign.
    scale : MoveScale
    subjects : tuple of C str
    shock_30 : (C,) float64
        u_c, the quantile at 30 days.
    shock_30_error : (C,) float64
    p_short, p_short_error, p_long, p_long_error : float
        Exponents below and above 30 days; errors by the block bootstrap.
    tenors_days : tuple of float
    moves, dates : int
        Rows of the regression, and dates they came from.
    fit : QuantileFit
        Coefficients: ln u_c by coin, -p_short, -p_long.
    """

    quantile: float
    side: MoveSide
    scale: MoveScale
    subjects: tuple[str, ...]
    shock_30: FloatArray
    shock_30_error: FloatArray
    p_short: float
    p_short_error: float
    p_long: float
    p_long_error: float
    tenors_days: tuple[float, ...]
    moves: int
    dates: int
    fit: QuantileFit

    def distance_from_published(self) -> tuple[float, float]:
        """Standard errors that p_short and p_long lie above the published 0.30 and 0.13."""
        return (
            (self.p_short - PUBLISHED_SHORT) / self.p_short_error,
            (self.p_long - PUBLISHED_LONG) / self.p_long_error,
        )


def vega_power_law(
    moves: Sequence[SurfaceMoves],
    quantile: float,
    *,
    tenors_days: tuple[float, ...] = (3.0, 7.0, 14.0, 30.0, 60.0, 90.0, 180.0),
    side: MoveSide = MoveSide.BOTH,
    scale: MoveScale = MoveScale.LOG,
    block_length: int = 7,
    replicates: int = 200,
    seed: int,
) -> PowerLaw:
    """Fit the power law to the moves of one or several coins.

    Parameters
    ----------
    moves : sequence of SurfaceMoves
        One per coin; with or without their weekday effects. Missing levels are left out.
    quantile : float
        In [0.5, 1).
    tenors_days : tuple of float
        At least two below or at 30 and two above or at it. Maturities of a day are left out by
        default: theirs is a law of weekdays, not of maturity.
    side, scale
    block_length : int
        Consecutive dates drawn together.
    replicates, seed : int

    Raises
    ------
    UsageError
        For no moves, a coin twice, or tenors on one side of 30 days only.
    ParameterError
        For a quantile below the median.
    InsufficientDataError
        For fewer than 20 dates.
    """
    _check(moves, quantile, tenors_days)
    side, scale = chosen(MoveSide, side, "side"), chosen(MoveScale, scale, "scale")
    tables = [_rows(m.tenors(tenors_days), coin, side, scale) for coin, m in enumerate(moves)]
    days, sizes, starts, coins = (np.concatenate(column) for column in zip(*tables, strict=True))
    dates, groups = np.unique(starts, return_inverse=True)
    if dates.size < _FEWEST_DATES:
        raise InsufficientDataError(
            f"at least {_FEWEST_DATES} dates are needed", found=int(dates.size), field="moves"
        )
    fit = bootstrapped_quantile_regression(
        _design(days, coins, len(moves)),
        np.log(np.maximum(sizes, np.exp(_NOTHING))),
        quantile,
        groups=groups.astype(np.int64),
        block_length=block_length,
        replicates=replicates,
        seed=seed,
    )
    shock = np.exp(fit.coefficients[:-2])
    return PowerLaw(
        quantile=quantile,
        side=side,
        scale=scale,
        subjects=tuple(m.subject for m in moves),
        shock_30=shock,
        shock_30_error=shock * fit.standard_errors[:-2],
        p_short=-float(fit.coefficients[-2]),
        p_short_error=float(fit.standard_errors[-2]),
        p_long=-float(fit.coefficients[-1]),
        p_long_error=float(fit.standard_errors[-1]),
        tenors_days=tenors_days,
        moves=int(sizes.size),
        dates=int(dates.size),
        fit=fit,
    )


def _rows(
    moves: SurfaceMoves, coin: int, side: MoveSide, scale: MoveScale
) -> tuple[FloatArray, FloatArray, IntArray, IntArray]:
    """Days, sizes, dates and coin of every known move of the side."""
    change = moves.level if scale is MoveScale.LOG else np.expm1(moves.level)
    taken = np.isfinite(change)
    if side is not MoveSide.BOTH:
        taken &= (change > 0.0) if side is MoveSide.UP else (change < 0.0)
    days = np.broadcast_to(moves.tenors_days, change.shape)[taken]
    starts = np.broadcast_to(moves.start_ns[:, None], change.shape)[taken]
    return days, np.abs(change[taken]), starts, np.full(days.size, coin, dtype=np.int64)


def _design(days: FloatArray, coins: IntArray, count: int) -> FloatArray:
    x = np.log(days / KNOT_DAYS)
    own = (coins[:, None] == np.arange(count)).astype(np.float64)
    return np.column_stack((own, np.minimum(x, 0.0), np.maximum(x, 0.0)))


def _check(moves: Sequence[SurfaceMoves], quantile: float, tenors_days: tuple[float, ...]) -> None:
    subjects = [m.subject for m in moves]
    if not subjects or len(set(subjects)) != len(subjects):
        raise UsageError("must be at least one coin, each once", found=subjects, field="moves")
    if not 0.5 <= quantile < 1.0:
        raise ParameterError("must lie in [0.5, 1)", found=quantile, field="quantile")
    short = sum(day < KNOT_DAYS for day in tenors_days)
    long = sum(day > KNOT_DAYS for day in tenors_days)
    if min(short, long) == 0 or len(tenors_days) < 3:
        raise UsageError(
            "must lie on both sides of 30 days", found=tenors_days, field="tenors_days"
        )
