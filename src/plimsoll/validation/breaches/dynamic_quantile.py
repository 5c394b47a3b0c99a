"""The dynamic quantile test: breaches that can be foreseen (Engle and Manganelli, 2004)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import InsufficientDataError, ParameterError, UsageError
from plimsoll.validation.binomial import check_rate, chi_square_survival
from plimsoll.validation.breaches.hit_chain import AFTER_BREACH, clustered, independent
from plimsoll.validation.breaches.hit_simulation import chain_rejections
from plimsoll.validation.breaches.scored_hits import scored_hits
from plimsoll.validation.tested_forecasts import ForecastTest

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]

DEFAULT_LAGS = 4
POWER_PATHS = 500
_RANK_TOLERANCE = 1e-10


class Regressors(StrEnum):
    """What breaches must not be foreseen from, a constant apart."""

    HITS = "hits"
    HITS_AND_VALUE_AT_RISK = "hits_and_value_at_risk"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuadraticForm:
    """Statistic, degrees of freedom (rank of the regressors) and rows used."""

    statistic: float
    degrees_of_freedom: int
    rows: int

    @property
    def p_value(self) -> float:
        """Chance of a larger statistic under the null."""
        return float(chi_square_survival(self.statistic, self.degrees_of_freedom))


def dynamic_quantile(
    breaches: ArrayLike,
    breach_rate: float,
    *,
    lags: int = DEFAULT_LAGS,
    value_at_risk: ArrayLike | None = None,
) -> QuadraticForm:
    """``h'Z (Z'Z)^-1 Z'h / (p (1 - p))`` with ``h = I - p`` and Z = 1, lagged h, [VaR_t].

    Rows with a hit or lag that was not scored are left out. Regressors that say nothing new (no
    breach yet, a constant VaR) are left out too: the degrees of freedom are the rank of Z.

    Raises
    ------
    InsufficientDataError
        Fewer rows than regressors.
    """
    check_rate(breach_rate)
    if lags < 0:
        raise ParameterError("must not be negative", found=lags, field="lags")
    series = scored_hits(breaches)
    centred = np.where(series.scored, series.hits - breach_rate, np.nan)
    design = _design(centred, lags, value_at_risk)
    response = centred[lags:]
    kept = np.isfinite(design).all(axis=1) & np.isfinite(response)
    z, h = design[kept], response[kept]
    if h.size < z.shape[1]:
        raise InsufficientDataError(
            f"must have as many rows as regressors ({z.shape[1]})",
            found=h.size,
            remedy="take fewer lags or a longer series",
        )
    basis = _basis(z)
    projected = basis.T @ h
    return QuadraticForm(
        statistic=float(projected @ projected) / (breach_rate * (1.0 - breach_rate)),
        degrees_of_freedom=basis.shape[1],
        rows=h.size,
    )


def _design(centred: Vector, lags: int, value_at_risk: ArrayLike | None) -> Matrix:
    rows = max(centred.size - lags, 0)
    columns = [np.ones(rows)]
    columns += [centred[lags - k : centred.size - k][:rows] for k in range(1, lags + 1)]
    if value_at_risk is not None:
        level = np.asarray(value_at_risk, dtype=np.float64)
        if level.shape != centred.shape:
            raise UsageError(
                f"must be a series of {centred.size}", found=level.shape, field="value_at_risk"
            )
        columns.append(level[lags:])
    return np.column_stack(columns)


def _basis(z: Matrix) -> Matrix:
    """Orthonormal columns that span those of ``z``."""
    length = np.sqrt(np.sum(z * z, axis=0))
    u, singular, _ = np.linalg.svd(z / np.where(length > 0.0, length, 1.0), full_matrices=False)
    kept: Matrix = u[:, singular > _RANK_TOLERANCE * singular[0]]
    return kept


def dynamic_quantile_test(
    breaches: ArrayLike,
    breach_rate: float,
    *,
    lags: int = DEFAULT_LAGS,
    value_at_risk: ArrayLike | None = None,
    after_breach: float = AFTER_BREACH,
    seed: int = 0,
) -> ForecastTest:
    """Dynamic quantile test, chi2(rank of the regressors).

    Parameters
    ----------
    breaches : (n,) array_like
        0, 1 or NaN (not scored).
    breach_rate : float
    lags : int
        Lagged hits among the regressors, 4 by custom.
    value_at_risk : (n,) array_like, optional
        Adds the forecast itself: regressor set `Regressors.HITS_AND_VALUE_AT_RISK`.
    after_breach : float
        Power is against twice the rate with this chance of a breach after a breach.
    seed : int
        Of the power, which is simulated.
    """
    found = dynamic_quantile(breaches, breach_rate, lags=lags, value_at_risk=value_at_risk)
    regressors = Regressors.HITS if value_at_risk is None else Regressors.HITS_AND_VALUE_AT_RISK
    level = None if value_at_risk is None else np.asarray(value_at_risk, dtype=np.float64)
    return ForecastTest(
        name="dynamic_quantile",
        statistic=found.statistic,
        p_value=found.p_value,
        reference_law=f"chi2({found.degrees_of_freedom})",
        null=f"breaches of rate {breach_rate:.4g} that nothing known beforehand foretells",
        alternative="another rate, or breaches foretold by past hits or the forecast",
        observations=found.rows,
        convention=f"{regressors}, {lags} lags of centred hits, first {lags} rows left out",
        power_of=partial(
            chain_rejections,
            partial(_p_value, breach_rate=breach_rate, lags=lags, level=level),
            np.size(np.asarray(breaches)),
            independent(breach_rate),
            clustered(2.0 * breach_rate, after_breach),
            POWER_PATHS,
            seed,
        ),
    )


def _p_value(hits: Flags, breach_rate: float, lags: int, level: Vector | None) -> float:
    return dynamic_quantile(hits, breach_rate, lags=lags, value_at_risk=level).p_value
