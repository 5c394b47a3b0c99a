"""Law of the regression statistic under the null, by resampling returns over their forecasts.

The tail of a year holds six breaches: the chi-square law of the Wald statistic then rejects right
forecasts in half of all cases. Returns divided by their forecast shortfall are scaled until their
own shortfall is exactly one, drawn with replacement (circular blocks where horizons overlap) and
multiplied by the forecasts: series for which the forecast is right, whose tail is the sample's.
The statistic is refitted to each. Taken for granted: under the null the ratios have one law.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import EstimationError
from plimsoll.validation.shortfall.joint_regression import JointFit, fit_joint_regression
from plimsoll.validation.tested_forecasts import check_paths, chosen

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

RESAMPLES = 199
"""Resamples unless said otherwise: the error of a p-value of 5 % is 1.5 points."""


class RegressionLaw(StrEnum):
    """Law that the Wald statistic is judged by."""

    BOOTSTRAP = "bootstrap"
    CHI_SQUARE = "chi_square"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegressionNull:
    """How the law is made.

    Parameters
    ----------
    law : RegressionLaw
    resamples, seed : int
        Of the bootstrap.
    """

    law: RegressionLaw = RegressionLaw.BOOTSTRAP
    resamples: int = RESAMPLES
    seed: int = 0

    def __post_init__(self) -> None:
        chosen(RegressionLaw, self.law)
        check_paths(self.resamples, "resamples")

    @property
    def resampled(self) -> bool:
        """Whether anything is drawn."""
        return self.law == RegressionLaw.BOOTSTRAP


def wald_of(fit: JointFit) -> float:
    """Wald statistic of intercept 0 and slope 1."""
    gap = fit.shortfall - np.array([0.0, 1.0])
    return float(gap @ np.linalg.solve(fit.shortfall_covariance, gap))


def resampled_wald(
    returns: Vector,
    x_design: Matrix,
    z_design: Matrix,
    tail: float,
    lags: int,
    null: RegressionNull,
) -> Vector:
    """(resamples,) Wald statistics of series for which the forecast ``z_design[:, 1]`` is right.

    One descent each. A series that cannot be fitted counts as infinitely far from the null, so
    that it never speaks against it.
    """
    forecast = z_design[:, 1]
    ratio = returns / -forecast
    ratio = ratio / -_mean_of_worst(ratio, tail)
    block = min(lags + 1, returns.size)
    blocks = -(-returns.size // block)
    generator = np.random.default_rng(null.seed)
    starts = generator.integers(returns.size, size=(null.resamples, blocks, 1))
    drawn = ((starts + np.arange(block)) % returns.size).reshape(null.resamples, -1)
    out = np.full(null.resamples, math.inf)
    for k, rows in enumerate(drawn[:, : returns.size]):
        try:
            fit = fit_joint_regression(
                ratio[rows] * -forecast, x_design, z_design, tail, lags=lags, restarts=0
            )
        except EstimationError:
            continue
        out[k] = wald_of(fit)
    return out


def _mean_of_worst(ratio: Vector, tail: float) -> float:
    """Mean of the worst ``tail`` of the sample, the last observation by its share."""
    worst, held = np.sort(ratio), ratio.size * tail
    whole = math.floor(held + 1e-9)
    mean = float((worst[:whole].sum() + (held - whole) * worst[whole]) / held)
    if not mean < 0.0:
        raise EstimationError(
            "the worst returns must be losses", found=mean, remedy="check the sign of the losses"
        )
    return mean
