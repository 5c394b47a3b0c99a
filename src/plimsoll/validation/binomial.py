"""Binomial tail probabilities and the chi-square survival function, for whole arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from plimsoll.errors import ParameterError, UsageError

Vector = NDArray[np.float64]

_TIE = 1.0 + 1e-7


def binomial_cdf(count: ArrayLike, trials: ArrayLike, probability: float) -> Any:
    """``P(X <= count)`` by the incomplete beta function; broadcasts."""
    x, n = np.asarray(count, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    inside = special.betaincc(np.maximum(x + 1.0, 0.5), np.maximum(n - x, 0.5), probability)
    return np.where(x >= n, 1.0, np.where(x < 0.0, 0.0, inside))


def binomial_upper(count: ArrayLike, trials: ArrayLike, probability: float) -> Any:
    """``P(X >= count)`` by the incomplete beta function; broadcasts."""
    x, n = np.asarray(count, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    inside = special.betainc(np.maximum(x, 0.5), np.maximum(n - x + 1.0, 0.5), probability)
    return np.where(x <= 0.0, 1.0, np.where(x > n, 0.0, inside))


def binomial_pmf(trials: int, probability: float) -> Vector:
    """(trials + 1,) probability of each count."""
    x = np.arange(trials + 1, dtype=np.float64)
    log_choose = (
        special.gammaln(trials + 1.0) - special.gammaln(x + 1.0) - special.gammaln(trials - x + 1.0)
    )
    log_pmf = log_choose + special.xlogy(x, probability) + special.xlog1py(trials - x, -probability)
    out: Vector = np.exp(log_pmf)
    return out


def binomial_two_sided(count: int, trials: int, probability: float) -> float:
    """Exact two-sided p-value: the probability of all counts no likelier than ``count``.

    Examples
    --------
    >>> round(binomial_two_sided(7, 250, 0.01), 6)
    0.013701
    """
    pmf = binomial_pmf(trials, probability)
    return float(min(1.0, pmf[pmf <= pmf[count] * _TIE].sum()))


def chi_square_survival(statistic: ArrayLike, degrees_of_freedom: int) -> Any:
    """``P(chi2 > statistic)``."""
    return special.chdtrc(degrees_of_freedom, np.asarray(statistic, dtype=np.float64))


def check_rate(breach_rate: float) -> None:
    """Refuse a target rate outside (0, 0.5), such as the confidence in its place."""
    if not 0.0 < breach_rate < 0.5:
        raise ParameterError(
            "must lie in (0, 0.5)",
            found=breach_rate,
            field="breach_rate",
            remedy="give 1 - confidence, such as 0.01",
        )


def check_counts(count: int, trials: int) -> None:
    """Refuse counts that are not 0 <= count <= trials with a trial."""
    if trials < 1 or not 0 <= count <= trials:
        raise UsageError(
            "must satisfy 0 <= breaches <= observations and observations >= 1",
            found=f"{count} of {trials}",
            field="breaches",
        )
