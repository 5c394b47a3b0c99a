"""Standard error of a tail quantile of dependent values by the block bootstrap."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from plimsoll.errors import EstimationError, ParameterError
from plimsoll.estimators.observations import as_observations
from plimsoll.estimators.volatility.garch_options import check_choice
from plimsoll.maths.block_bootstrap import block_bootstrap_quantiles

QuantileMethod = Literal["pot_pwm", "empirical"]

_USABLE_SHARE = 0.9


def bootstrap_standard_error(
    losses: ArrayLike,
    *,
    confidence: float,
    block_length: int,
    tail_fraction: float = 0.05,
    method: QuantileMethod = "pot_pwm",
    replicates: int = 200,
    seed: int,
) -> float:
    """Standard error of the quantile of ``losses`` at ``confidence``.

    Circular blocks of ``block_length`` consecutive values are drawn with replacement. Overlapping
    moves of h bars share h - 1 bars with their neighbours: the quantile stays consistent, but n of
    them carry the information of far fewer than n, and an error that took them as independent
    would be too small. Blocks of a day, or of a few horizons if that is longer, keep the
    dependence and so give the honest error.

    Parameters
    ----------
    losses : array of float, shape (n,)
        In time order, positive = loss, finite.
    confidence : float
        0.99 for the loss exceeded once in a hundred.
    block_length : int
        Consecutive values in a block, 1 to n. A day of hourly moves is 24.
    tail_fraction : float
        Share of the sample fitted by the generalised Pareto tail (method ``"pot_pwm"``).
    method : {"pot_pwm", "empirical"}
        Tail by probability-weighted moments, or type-7 quantile.
    replicates, seed : int
        Resamples; the relative error of the result is about ``1 / sqrt(2 * replicates)``.

    Returns
    -------
    float
        Standard deviation of the resampled quantiles.

    Raises
    ------
    ParameterError
        Arguments outside their domain.
    EstimationError
        More than a tenth of the resamples have no usable tail.
    """
    sample = as_observations(losses, minimum=20, name="losses")
    check_choice(method, QuantileMethod, field="method")
    _check_arguments(confidence, tail_fraction, method, block_length, sample.size, replicates)
    quantiles = block_bootstrap_quantiles(
        sample, confidence, tail_fraction, method == "pot_pwm", block_length, replicates, seed
    )
    usable = quantiles[np.isfinite(quantiles)]
    if usable.size < _USABLE_SHARE * replicates:
        raise EstimationError(
            "nine in ten resamples must have a usable tail",
            found=f"{usable.size} of {replicates}",
            remedy="use a longer history, a larger tail fraction or shorter blocks",
        )
    return float(np.std(usable, ddof=1))


def _check_arguments(
    confidence: float,
    tail_fraction: float,
    method: QuantileMethod,
    block_length: int,
    count: int,
    replicates: int,
) -> None:
    if not 0.5 <= confidence < 1.0:
        raise ParameterError("must lie in [0.5, 1)", found=confidence, field="confidence")
    if method == "pot_pwm" and not 1.0 - confidence < tail_fraction <= 0.5:
        raise ParameterError(
            f"must lie in ({1.0 - confidence:.6g}, 0.5] so that the quantile is in the tail",
            found=tail_fraction,
            field="tail_fraction",
        )
    if not 1 <= block_length <= count:
        raise ParameterError(f"must lie in 1 .. {count}", found=block_length, field="block_length")
    if replicates < 2:
        raise ParameterError("must be at least 2", found=replicates, field="replicates")
