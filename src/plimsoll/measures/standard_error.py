"""Standard errors of measures for independent losses."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special

from plimsoll.measures.sample import OrderedSample

Vector = NDArray[np.float64]


def quantile_standard_error(sample: OrderedSample, position: float) -> float:
    """Standard error of the order statistic at ``position`` (1-based, may be fractional).

    ``sqrt(sum W x^2 - (sum W x)^2)`` with ``W`` the increments of the Beta(position,
    n - position + 1) distribution over the shares of the ordered sample: the exact bootstrap
    variance of an order statistic, without a bandwidth (Maritz and Jarrett, JASA 1978).
    With weights, n is Kish's effective number.
    """
    spread = special.betainc(position, sample.effective - position + 1.0, sample.shares)
    weight = np.diff(spread)
    centre = float(weight @ sample.values)
    return math.sqrt(float(weight @ (sample.values - centre) ** 2))


def influence_standard_error(sample: OrderedSample, slope: Vector) -> float:
    """Standard error of an L-statistic from its influence function.

    The influence of a loss L is, up to its mean, ``A(L) = integral of phi(1 - F(x)) dx`` from the
    smallest loss to L, and the variance ``sum (w / W)^2 (A - mean A)^2`` (Serfling,
    Approximation Theorems of Mathematical Statistics, 8.1). For expected shortfall
    ``A = max(L - VaR, 0) / (1 - c)``.

    Parameters
    ----------
    slope : (n - 1,) float64
        Spectrum between each ordered loss and the next.
    """
    influence = np.concatenate(([0.0], np.cumsum(slope * np.diff(sample.values))))
    share = sample.mass / sample.total
    influence -= float(share @ influence)
    return math.sqrt(float(np.sum((share * influence) ** 2)))
