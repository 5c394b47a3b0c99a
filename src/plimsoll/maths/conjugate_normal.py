r"""Conjugate learning of a mean and a variance: the normal-inverse-chi-square step and filter.

Belief: :math:`\mu \mid \sigma^2 \sim N(\mu_0, \sigma^2/\kappa)` and
:math:`\sigma^2 \sim \nu\sigma_0^2/\chi^2_\nu`. One observation :math:`x` gives

.. math::
    \kappa' = \kappa + 1, \quad \nu' = \nu + 1, \quad \mu' = \mu + (x-\mu)/\kappa', \quad
    \nu'\sigma'^2 = \nu\sigma^2 + \frac{\kappa}{\kappa'}(x-\mu)^2,

which after n observations is the textbook posterior (Gelman et al., *Bayesian Data Analysis*,
3rd ed., section 3.3). Exponential forgetting multiplies :math:`\nu` and :math:`\kappa` by
``forgetting`` before each observation: what is believed stays, how firmly fades.

Batch and live call the same step, so a streamed belief equals the batch belief to the last bit.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

LEAST_VARIANCE = 1e-300
"""A long run of zeros would underflow; nobody believes in no risk at all."""


@njit(cache=True, nogil=True)
def conjugate_step(
    mean: float,
    mean_weight: float,
    freedom: float,
    variance: float,
    value: float,
    forgetting: float,
) -> tuple[float, float, float, float]:
    r"""Belief (mean, mean_weight, freedom, variance) after one more ``value``.

    Parameters
    ----------
    mean, mean_weight, freedom, variance : float
        :math:`\mu, \kappa > 0, \nu > 0, \sigma^2 > 0`.
    value : float
        Finite.
    forgetting : float
        In (0, 1]; 1 forgets nothing.

    Examples
    --------
    >>> conjugate_step(0.0, 1.0, 1.0, 1.0, 2.0, 1.0)
    (1.0, 2.0, 2.0, 1.5)
    """
    kept_weight = forgetting * mean_weight
    kept_freedom = forgetting * freedom
    new_weight = kept_weight + 1.0
    new_freedom = kept_freedom + 1.0
    surprise = value - mean
    spread = kept_freedom * variance + (kept_weight / new_weight) * (surprise * surprise)
    new_variance = max(spread / new_freedom, LEAST_VARIANCE)
    return mean + surprise / new_weight, new_weight, new_freedom, new_variance


@njit(cache=True, nogil=True)
def conjugate_filter(
    values: Vector,
    mean: float,
    mean_weight: float,
    freedom: float,
    variance: float,
    forgetting: float,
) -> Matrix:
    """Beliefs before each value and after the last, shape (n + 1, 4).

    NaN is a hole: nothing is learnt and nothing forgotten.
    """
    beliefs = np.empty((values.size + 1, 4))
    for i in range(values.size + 1):
        beliefs[i, 0] = mean
        beliefs[i, 1] = mean_weight
        beliefs[i, 2] = freedom
        beliefs[i, 3] = variance
        if i < values.size and not np.isnan(values[i]):
            mean, mean_weight, freedom, variance = conjugate_step(
                mean, mean_weight, freedom, variance, values[i], forgetting
            )
    return beliefs
