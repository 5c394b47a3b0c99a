"""Gaussian Monte Carlo: scenarios from a covariance, deterministic for a seed.

    log move of prices, change of volatility factors  =  A z,    A A' = covariance,  z ~ N(0, 1)

A is the symmetric root, so that a covariance without full rank is no special case. The drift over
a margin period is taken as zero: it is small, and no history says what it is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.scenario import Factor, FactorKind, ScenarioSet, equal_weights
from plimsoll.errors import ParameterError, UsageError

FloatArray = NDArray[np.float64]

_NEGATIVE = 1e-10


def gaussian_scenarios(
    factors: Sequence[Factor],
    covariance: FloatArray,
    *,
    count: int,
    seed: int,
    antithetic: bool = True,
) -> ScenarioSet:
    """Draw scenarios of joint normal moves.

    Parameters
    ----------
    factors : sequence of F Factor
    covariance : (F, F) float64
        Over the horizon: of log returns for prices, in the factor's own unit for others.
    count : int
        Scenarios in all; even where antithetic.
    seed : int
    antithetic : bool
        Every draw and its mirror image: the sample mean is zero exactly.

    Returns
    -------
    ScenarioSet
        Equal weights; prices as simple returns.

    Raises
    ------
    UsageError
        For a covariance of another shape, not symmetric, or with a negative eigenvalue.
    ParameterError
        For a count that is not positive, or odd where antithetic.

    Examples
    --------
    >>> found = gaussian_scenarios([Factor(subject="BTC")], np.array([[0.01]]), count=4, seed=1)
    >>> bool(abs(np.log1p(found.shocks).sum()) < 1e-15)
    True
    """
    if count < 1 or (antithetic and count % 2):
        must = "must be positive and even" if antithetic else "must be positive"
        raise ParameterError(must, found=count, field="count")
    root = _symmetric_root(np.asarray(covariance, dtype=np.float64), len(factors))
    generator = np.random.Generator(np.random.PCG64(seed))
    draws = generator.standard_normal((count // 2 if antithetic else count, len(factors)))
    moves = draws @ root
    names = [f"draw {row + 1}" for row in range(moves.shape[0])]
    if antithetic:
        moves = np.concatenate([moves, -moves])
        names += [f"{name} mirrored" for name in names]
    prices = np.array([f.kind is FactorKind.PRICE for f in factors], dtype=np.bool_)
    return ScenarioSet(
        names=tuple(names),
        factors=tuple(factors),
        shocks=np.where(prices, np.expm1(np.where(prices, moves, 0.0)), moves),
        weights=equal_weights(count),
    )


def covariance_of(scenarios: ScenarioSet) -> FloatArray:
    """(F, F) weighted second moments about zero of a set's moves; prices as log returns.

    What Gaussian scenarios need to have the spread and the dependence of a history.
    """
    prices = np.array([f.kind is FactorKind.PRICE for f in scenarios.factors], dtype=np.bool_)
    shocks = scenarios.shocks
    moves = np.where(prices, np.log1p(np.where(prices, shocks, 0.0)), shocks)
    out: FloatArray = (moves * scenarios.weights[:, None]).T @ moves
    return 0.5 * (out + out.T)


def _symmetric_root(covariance: FloatArray, factors: int) -> FloatArray:
    if covariance.shape != (factors, factors) or not bool(np.all(np.isfinite(covariance))):
        raise UsageError(
            f"must be {factors} x {factors} finite numbers",
            found=covariance.shape,
            field="covariance",
        )
    scale = float(np.max(np.abs(covariance), initial=0.0))
    if not np.allclose(covariance, covariance.T, rtol=0.0, atol=_NEGATIVE * scale):
        raise UsageError("must be symmetric", found="another matrix", field="covariance")
    values, vectors = np.linalg.eigh(covariance)
    if values.min(initial=0.0) < -_NEGATIVE * scale * factors:
        raise UsageError(
            "must not have a negative eigenvalue",
            found=float(values.min()),
            field="covariance",
            remedy="take the nearest positive semi-definite matrix, and say so",
        )
    root: FloatArray = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    return root
