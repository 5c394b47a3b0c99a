"""Likelihood ratio of a law with jumps against the normal, its law by parametric bootstrap."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import EstimationError, ParameterError
from plimsoll.estimators.jumps.kou import KOU, Kou
from plimsoll.estimators.jumps.merton import MERTON, MINIMUM_OBSERVATIONS, Merton
from plimsoll.estimators.observations import as_observations
from plimsoll.estimators.tails.family import Family, standardised
from plimsoll.maths.likelihood_search import climb

Vector = NDArray[np.float64]


class JumpRatioTest(NamedTuple):
    """``statistic``: twice the gain of log-likelihood; ``p_value``: (1 + exceedances) / (1 + b)."""

    statistic: float
    p_value: float
    replicates: int
    bootstrap_95: float


def jump_ratio_test(
    values: ArrayLike, model: Merton | Kou | None = None, *, replicates: int = 99, seed: int = 0
) -> JumpRatioTest:
    """Test jumps against independent normal returns.

    Without jumps the intensity is 0, on the border, and the law of jump sizes is no parameter at
    all: the statistic is not chi-squared, so its law is simulated from the normal fitted. The null
    is normal, not clustered: volatility that moves is rejected as well.

    Parameters
    ----------
    values : array_like, shape (n,)
    model : Merton or Kou, default Merton
    replicates, seed : int
        Of the bootstrap, at least 19.

    Raises
    ------
    DataFormatError, InsufficientDataError, EstimationError, ParameterError
    """
    if replicates < 19:
        raise ParameterError("must be at least 19", found=replicates, field="replicates")
    family = KOU if isinstance(model, Kou) else MERTON
    sample = as_observations(values, minimum=MINIMUM_OBSERVATIONS, name="values")
    statistic = _statistic(family, sample)
    rng = np.random.default_rng(seed)
    drawn = [_statistic(family, rng.standard_normal(sample.size)) for _ in range(replicates)]
    exceeding = sum(found >= statistic for found in drawn)
    return JumpRatioTest(
        statistic=statistic,
        p_value=(1.0 + exceeding) / (1.0 + replicates),
        replicates=replicates,
        bootstrap_95=float(np.quantile(drawn, 0.95)),
    )


def _statistic(family: Family, sample: Vector) -> float:
    """Twice the gain over the normal, at least 0, to about 1e-2 on the flat ridges of the null."""
    values, _, _ = standardised(sample)
    low, high = family.box()
    starts = [np.array(start) for start in family.starts]
    if family.further_starts is not None:
        starts += family.further_starts(values)
    objective = family.objective(values)
    best = max(climb(objective, start, low, high).log_likelihood for start in starts)
    if not np.isfinite(best):
        raise EstimationError(
            f"the likelihood of a {family.name} must have a maximum",
            found=f"none in {sample.size} observations",
            remedy="look for values repeated many times",
        )
    normal = -0.5 * values.size * (np.log(2.0 * np.pi * np.var(values)) + 1.0)
    return max(0.0, 2.0 * float(best - normal))
