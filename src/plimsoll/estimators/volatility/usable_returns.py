"""What volatility models ask of returns: units that square, and a market that trades.

**Point mass at zero.** A Student-t with scale next to 0 makes a share p of equal returns as likely
as it likes, at any ``nu < p / (1 - p)``: its margin is then nothing. Long before that the fitted
degrees of freedom describe the zeros instead of the tail. The normal law measures a variance, which
zeros only average down; so it bears more of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from plimsoll.errors import DataFormatError, EstimationError
from plimsoll.estimators.observations import Vector, as_observations, finite_observation
from plimsoll.maths.zero_returns import LARGEST_ZERO_SHARE, LARGEST_ZERO_SHARE_HEAVY, STUCK_SHARE

LARGEST_RETURN = 1e100
SMALLEST_DEVIATION = 1e-100
"""Beyond these, squares and their sums overflow or lose digits: a slip of units, not a market."""
LEAST_SPREAD = 1e-6
"""Standard deviation over mean: less is a price that somebody interpolates."""


def as_returns(values: ArrayLike, *, minimum: int) -> Vector:
    """A fresh float64 copy of finite returns in a unit that can be squared.

    Raises
    ------
    DataFormatError, InsufficientDataError, EstimationError
        See :func:`plimsoll.estimators.observations.as_observations`; the last also for returns
        beyond ``LARGEST_RETURN`` or within ``SMALLEST_DEVIATION``, and for a drift without noise.
    """
    returns = as_observations(values, minimum=minimum, name="returns")
    largest = max(float(returns.max()), -float(returns.min()))
    unit = "check the units: log returns, as fractions or in percent"
    if largest > LARGEST_RETURN:
        raise EstimationError(
            f"returns must not exceed {LARGEST_RETURN:g}",
            found=largest,
            remedy=unit,
            field="returns",
        )
    mean = float(returns.sum() / returns.size)
    centred = returns - mean
    deviation = float(np.sqrt(centred @ centred / returns.size))
    if largest < SMALLEST_DEVIATION or not deviation > SMALLEST_DEVIATION:
        raise EstimationError(
            f"the standard deviation of returns must exceed {SMALLEST_DEVIATION:g}",
            found=f"{deviation:.3g}, largest return {largest:.3g}",
            remedy=unit,
            field="returns",
        )
    if deviation < LEAST_SPREAD * abs(mean):
        raise EstimationError(
            "returns must vary about their mean",
            found=f"standard deviation {deviation:.3g} about {mean:.3g}",
            remedy="look for an interpolated price; a drift without noise has no volatility",
            field="returns",
        )
    return returns


def usable_return(value: float) -> float:
    """One return of a stream; the same limits.

    Raises
    ------
    DataFormatError
        Not finite, or beyond ``LARGEST_RETURN``.
    """
    number = finite_observation(value, name="return")
    if abs(number) > LARGEST_RETURN:
        raise DataFormatError(
            f"a return must not exceed {LARGEST_RETURN:g}",
            found=number,
            remedy="check the units; leave the update out where the print is bad",
            field="return",
        )
    return number


def check_zeros(returns: Vector, *, heavy: bool) -> None:
    """Refuse a point mass at zero; ``heavy`` where degrees of freedom are fitted.

    Raises
    ------
    EstimationError
        More than 30 % of the returns are 0 under a fitted t, or more than 90 % under any law.
    """
    limit = LARGEST_ZERO_SHARE_HEAVY if heavy else LARGEST_ZERO_SHARE
    share = (returns.size - np.count_nonzero(returns)) / returns.size
    if share <= limit:
        return
    other = ", or take filtered history of a model with normal innovations"
    raise EstimationError(
        f"at most {limit:.0%} of the returns may be 0"
        + (" for a heavy tail to be fitted" if heavy else ""),
        found=f"{share:.1%} of {returns.size}",
        remedy="use coarser bars, or mask stale bars"
        + (other if heavy and share <= LARGEST_ZERO_SHARE else ""),
        field="returns",
    )


def check_not_stuck(returns: Vector, decay: float) -> None:
    """Refuse an EWMA whose last returns are 0 until its volatility is a twentieth of what it was.

    Raises
    ------
    EstimationError
        With the number of zeros at the end.
    """
    moved = np.flatnonzero(returns)
    run = returns.size - 1 - int(moved[-1])
    if decay**run >= STUCK_SHARE:
        return
    raise EstimationError(
        "the last returns must not all be 0",
        found=f"{run} zeros, after which a twentieth of the volatility is left or less",
        remedy="cut the frozen prices off, or mask stale bars: that is a feed, not a calm market",
        field="returns",
    )


def check_variances(variances: Vector) -> None:
    """Refuse a path of variances that is not positive and finite.

    Raises
    ------
    EstimationError
        With its lowest and highest.
    """
    lowest, highest = variances.min(), variances.max()  # a NaN is both
    if not (lowest > 0.0 and highest < np.inf):
        raise EstimationError(
            "variances must stay positive and finite",
            found=f"from {lowest!r} to {highest!r}",
            remedy="look for bad prints and frozen prices; check the units and the parameters",
            field="returns",
        )
