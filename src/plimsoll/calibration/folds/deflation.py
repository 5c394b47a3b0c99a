"""What the best of many tried configurations owes to having been picked.

After Bailey and Lopez de Prado (The deflated Sharpe ratio, Journal of Portfolio Management 40,
2014), for an objective that is a mean over days and is minimised. Where all N configurations are
equally good, each mean is the common mean plus an error; what days have in common moves all of them
alike and gives nobody an advantage, so each day's mean over configurations is taken off first.
What the best of the errors is expected to win is drawn by resampling blocks of centred days, so
that trials that are nearly copies of each other count for little. The *effective* number of trials
is the number of independent ones whose best would win as much. Where configurations truly differ
this takes off too much: it is a bound, not an estimate of the truth.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from plimsoll.errors import InsufficientDataError, ParameterError, UsageError
from plimsoll.validation.overlap.block_indices import BlockResampling, drawn_rows, row_counts

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(400)
_REACH = 12.0

BLOCKS = BlockResampling(length=5.0, replications=1_000, seed=0)
"""Stationary blocks of five days on average."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeflatedObjective:
    """Objective of the best configuration, and what is left of it.

    Parameters
    ----------
    best : int
        Column of the best configuration.
    found : float
        Its mean objective over the days.
    deflated : float
        The same with the expected luck of the choice added back: not below ``found``.
    luck : float
        What the best error is expected to win.
    trials : int
    effective_trials : float
        1 .. trials.
    standard_error : float
        Of one configuration's mean about the mean of all (root mean square).
    """

    best: int
    found: float
    deflated: float
    luck: float
    trials: int
    effective_trials: float
    standard_error: float

    @property
    def relative_luck(self) -> float:
        """Luck over the size of the objective found."""
        return self.luck / abs(self.found) if self.found else math.inf


def deflated_objective(
    day_values: ArrayLike, *, resampling: BlockResampling = BLOCKS
) -> DeflatedObjective:
    """Deflate the best of N configurations.

    Parameters
    ----------
    day_values : (D, N) array_like
        Objective of each configuration on each day, all that were tried; days in order.
    resampling : BlockResampling
        Blocks of days, at least as long as horizons overlap.

    Raises
    ------
    UsageError
        Values that are not finite.
    InsufficientDataError
        Fewer than ten days.
    """
    x = np.asarray(day_values, dtype=np.float64)
    if x.ndim != 2 or not x.shape[1] or not bool(np.isfinite(x).all()):
        raise UsageError("must be finite, (days, trials)", found=x.shape, field="day_values")
    days, trials = x.shape
    if days < 10:
        raise InsufficientDataError("must have ten days", found=days, field="day_values")
    mean = x.mean(axis=0)
    best = int(np.argmin(mean))
    own = x - x.mean(axis=1, keepdims=True)
    own = own - own.mean(axis=0)
    error, luck = 0.0, 0.0
    if float(np.abs(own).max()) > 1e-12 * float(np.abs(x).max()):
        deviation = row_counts(drawn_rows(days, resampling)) @ own / days
        error = math.sqrt(float(np.mean(deviation * deviation)))
        luck = float(np.mean(deviation.max(axis=1)))
    return DeflatedObjective(
        best=best,
        found=float(mean[best]),
        deflated=float(mean[best]) + luck,
        luck=luck,
        trials=trials,
        effective_trials=effective_trials(luck, error, trials),
        standard_error=error,
    )


def effective_trials(luck: float, standard_error: float, trials: int) -> float:
    """Number of independent trials, 1 .. ``trials``, whose best would win as much.

    Solves ``e(n) = sqrt(1 - 1/n) luck / standard_error``: deviations from the mean of n trials are
    smaller than the trials' own errors by that root.
    """
    if trials < 2 or not standard_error > 0.0:
        return 1.0

    def excess(n: float) -> float:
        return expected_maximum(n) / math.sqrt(1.0 - 1.0 / n) - luck / standard_error

    low, high = 1.0 + 1e-6, float(trials)
    if excess(high) <= 0.0:
        return high
    return float(optimize.brentq(excess, low, high)) if excess(low) < 0.0 else 1.0


def expected_maximum(trials: float) -> float:
    """Expected maximum of so many independent standard normals; 0 for one.

    ``int x n phi(x) Phi(x)^(n-1) dx``, also between whole numbers.

    Examples
    --------
    >>> [round(expected_maximum(n), 4) for n in (1, 2, 10, 200)]
    [0.0, 0.5642, 1.5388, 2.746]
    """
    if not trials >= 1.0:
        raise ParameterError("must be at least 1", found=trials, field="trials")
    x = _REACH * _NODES
    log_density = -0.5 * x * x - 0.5 * math.log(2.0 * math.pi)
    log_mass = log_density + math.log(trials) + (trials - 1.0) * special.log_ndtr(x)
    return float(abs(_REACH * np.sum(_WEIGHTS * x * np.exp(log_mass)))) if trials > 1.0 else 0.0
