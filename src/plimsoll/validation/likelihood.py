"""Likelihood ratios of breach counts, for one series or for arrays of them.

``x`` breaches in ``n`` scored horizons, target rate ``p``; ``n01`` counts pairs of neighbouring
horizons of which only the second broke. ``0 ln 0 = 0`` throughout, so x = 0 and x = n are ordinary.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Array = NDArray[np.float64]


def unconditional_ratio(breaches: ArrayLike, observations: ArrayLike, breach_rate: float) -> Any:
    """Kupiec (1995): ``-2 ln[(1-p)^(n-x) p^x / ((1-x/n)^(n-x) (x/n)^x)]``; NaN where n = 0."""
    x, n = np.asarray(breaches, dtype=np.float64), np.asarray(observations, dtype=np.float64)
    rate = _share(x, n)
    return _clip(2.0 * (bernoulli(x, n - x, rate) - bernoulli(x, n - x, breach_rate)))


def first_failure_ratio(first_breach: ArrayLike, breach_rate: float) -> Any:
    """Kupiec's time until first failure, ``v`` counted from 1.

    ``-2 ln[p (1-p)^(v-1) / ((1/v) (1-1/v)^(v-1))]``; NaN in, NaN out.
    """
    v = np.asarray(first_breach, dtype=np.float64)
    return _clip(2.0 * (bernoulli(1.0, v - 1.0, 1.0 / v) - bernoulli(1.0, v - 1.0, breach_rate)))


def independence_ratio(n00: ArrayLike, n01: ArrayLike, n10: ArrayLike, n11: ArrayLike) -> Any:
    """Christoffersen (1998): breaches after a breach are as frequent as after none."""
    a, b, c, d = (np.asarray(n, dtype=np.float64) for n in (n00, n01, n10, n11))
    pooled = bernoulli(b + d, a + c, _share(b + d, a + b + c + d))
    apart = bernoulli(b, a, _share(b, a + b)) + bernoulli(d, c, _share(d, c + d))
    return _clip(2.0 * (apart - pooled))


def transition_ratio(
    n00: ArrayLike, n01: ArrayLike, n10: ArrayLike, n11: ArrayLike, breach_rate: float
) -> Any:
    """Conditional coverage with every likelihood taken on the n - 1 pairs."""
    a, b, c, d = (np.asarray(n, dtype=np.float64) for n in (n00, n01, n10, n11))
    apart = bernoulli(b, a, _share(b, a + b)) + bernoulli(d, c, _share(d, c + d))
    return _clip(2.0 * (apart - bernoulli(b + d, a + c, breach_rate)))


def bernoulli(successes: ArrayLike, failures: ArrayLike, probability: ArrayLike) -> Any:
    """Log-likelihood ``x ln p + (n - x) ln(1 - p)``."""
    p = np.asarray(probability, dtype=np.float64)
    x, rest = np.asarray(successes, dtype=np.float64), np.asarray(failures, dtype=np.float64)
    return special.xlogy(x, p) + special.xlog1py(rest, -p)


def _share(part: Array, whole: Array) -> Array:
    # A state that never occurred contributes x ln p = 0 whatever its p.
    out: Array = np.divide(
        part, whole, out=np.zeros(np.broadcast(part, whole).shape), where=whole > 0
    )
    return out


def _clip(ratio: Any) -> Any:
    # Rounding may leave -1e-14 where the two likelihoods are equal.
    return np.maximum(ratio, 0.0)
