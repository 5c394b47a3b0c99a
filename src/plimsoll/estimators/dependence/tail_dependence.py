"""Tail dependence: of a t law, and from ranks without a model."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from plimsoll.errors import ParameterError
from plimsoll.estimators.dependence.observed_columns import Matrix, as_panel, varying_columns
from plimsoll.estimators.volatility.garch_options import check_choice
from plimsoll.maths.copula_tail_dependence import (
    joint_tail_share,
    t_tail_dependence,
    upper_tail_cfg,
)

Tail = Literal["lower", "upper"]


def tail_dependence_of_t(correlation: float, degrees_of_freedom: float) -> float:
    """Coefficient of joint extremes of a bivariate t.

    Parameters
    ----------
    correlation : float
        In [-1, 1].
    degrees_of_freedom : float
        Positive; infinite for the normal law, whose coefficient is 0.

    Raises
    ------
    ParameterError

    Examples
    --------
    >>> round(tail_dependence_of_t(0.5, 4.0), 6)
    0.25317
    """
    if not -1.0 <= correlation <= 1.0:
        raise ParameterError("must lie in [-1, 1]", found=correlation, field="correlation")
    if not degrees_of_freedom > 0.0:
        raise ParameterError(
            "must be positive", found=degrees_of_freedom, field="degrees_of_freedom"
        )
    return float(t_tail_dependence(np.array(correlation), degrees_of_freedom))


def empirical_tail_dependence(
    returns: ArrayLike, *, k: int | None = None, tail: Tail = "lower"
) -> Matrix:
    """Return ``lambda(k)`` of all pairs, (N, N): how many of k extremes two columns share, over k.

    Parameters
    ----------
    returns : array_like, shape (n, N)
    k : int, optional
        Number of extremes; ``floor(sqrt(n))`` without.
    tail : {"lower", "upper"}

    Raises
    ------
    ParameterError
        ``k`` outside 1 to n.
    DataFormatError, InsufficientDataError, EstimationError
        As of :func:`plimsoll.estimators.dependence.rank_correlation.kendall_tau`.
    """
    ranks = _ranks(returns, tail)
    rows, n = ranks.shape
    taken = math.isqrt(rows) if k is None else k
    if not 1 <= taken <= rows:
        raise ParameterError(f"must lie in 1 .. {rows}", found=taken, field="k")
    shares = np.ones((n, n))
    for i in range(n):
        for j in range(i):
            shares[i, j] = shares[j, i] = joint_tail_share(ranks[:, i], ranks[:, j], taken)
    return shares


def cfg_tail_dependence(returns: ArrayLike, *, tail: Tail = "lower") -> Matrix:
    """Return the coefficient of all pairs by Capéraà, Fougères and Genest's estimator, (N, N).

    It uses all rows and so varies less than ``lambda(k)``, and presumes an extreme-value copula:
    where there is none, as in a normal law, it is too high.
    """
    ranks = _ranks(returns, tail)
    rows, n = ranks.shape
    uniforms = 1.0 - ranks / (rows + 1.0)
    out = np.ones((n, n))
    for i in range(n):
        for j in range(i):
            out[i, j] = out[j, i] = upper_tail_cfg(uniforms[:, i], uniforms[:, j])
    return out


def _ranks(returns: ArrayLike, tail: Tail) -> Matrix:
    """Ranks from the tail in question, 1 the most extreme; ties share their mean rank."""
    check_choice(tail, Tail, field="tail")
    panel = as_panel(returns, minimum=2)
    varying_columns(panel)
    ranks: Matrix = rankdata(panel if tail == "lower" else -panel, axis=0)
    return ranks
