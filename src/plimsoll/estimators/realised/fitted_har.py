"""A heterogeneous autoregression as estimated: forecasts, errors, tests, and the next day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import special

from plimsoll.errors import EstimationError, InsufficientDataError, UsageError
from plimsoll.estimators.observations import read_only
from plimsoll.estimators.realised.har_design import HarRows
from plimsoll.estimators.realised.har_options import BiasCorrection, HarScale, InsanityFilter
from plimsoll.estimators.realised.har_specification import HarSpecification
from plimsoll.estimators.realised.variance_record import VarianceRecord
from plimsoll.maths.realised_regression import (
    add_rows,
    hac_covariance,
    newey_west_lags,
    solve_sums,
)

FloatArray = NDArray[np.float64]

LEAST_ROWS = 30
LEAST_PIVOT = 1e-8
"""1 - R^2 of a regressor on the others below which the regression has no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightTest:
    """Is a coefficient 0? Normal law of the estimate over its Newey-West error."""

    name: str
    estimate: float
    standard_error: float
    statistic: float
    p_two_sided: float
    lags: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedHar:
    """Result of `plimsoll.estimators.realised.har.Har.fit`; frozen.

    Parameters
    ----------
    model : HarSpecification
    record : VarianceRecord
        The days seen so far.
    names, coefficients : k names, (k,) float64
    design, target, weight, target_variance
        Rows of the estimate: (n, k), then (n,); ``target`` on the scale of the regression.
    regressors_now : (k,) float64
        Of the last day; NaN where one of its days is missing.
    """

    model: HarSpecification
    record: VarianceRecord
    names: tuple[str, ...]
    coefficients: FloatArray
    design: FloatArray
    target: FloatArray
    weight: FloatArray
    target_variance: FloatArray
    regressors_now: FloatArray

    @property
    def observations(self) -> int:
        """Rows of the regression."""
        return int(self.target.size)

    @property
    def residuals(self) -> FloatArray:
        """(n,) on the scale of the regression."""
        return self.target - self._line(self.design)

    @property
    def residual_variance(self) -> float:
        """Mean square residual, over the rows less the coefficients."""
        e = self.residuals
        return float(e @ e) / (e.size - len(self.names))

    @property
    def r_squared(self) -> float:
        """1 - sum e^2 / sum (y - mean y)^2, on the scale of the regression, unweighted."""
        gap = self.target - self.target.mean()
        return 1.0 - float(self.residuals @ self.residuals) / float(gap @ gap)

    @property
    def bounds(self) -> tuple[float, float]:
        """Least and greatest target variance of the estimate."""
        return float(self.target_variance.min()), float(self.target_variance.max())

    def covariance(self, *, lags: int | None = None) -> FloatArray:
        """(k, k) Newey-West covariance; lags by `newey_west_lags` unless given."""
        chosen = self.lags if lags is None else lags
        return hac_covariance(self.design, self.residuals, self.weight, chosen)

    def standard_errors(self, *, lags: int | None = None) -> FloatArray:
        """(k,) Newey-West standard errors."""
        return np.asarray(np.sqrt(np.diag(self.covariance(lags=lags))))

    @property
    def lags(self) -> int:
        """Lags of the standard errors."""
        return newey_west_lags(self.observations, self.model.horizon_days)

    def weight_test(self, name: str, *, lags: int | None = None) -> WeightTest:
        """Test one coefficient against 0.

        Raises
        ------
        UsageError
            For a name that is no regressor.
        """
        if name not in self.names:
            raise UsageError(f"must be one of {list(self.names)}", found=name, field="name")
        at = self.names.index(name)
        error = float(self.standard_errors(lags=lags)[at])
        estimate = float(self.coefficients[at])
        statistic = estimate / error if error > 0.0 else 0.0
        return WeightTest(
            name=name,
            estimate=estimate,
            standard_error=error,
            statistic=statistic,
            p_two_sided=2.0 * float(special.ndtr(-abs(statistic))),
            lags=self.lags if lags is None else lags,
        )

    def forecast(self) -> float:
        """Mean variance a day expected over the horizon after the last day.

        Raises
        ------
        EstimationError
            A day that the regressors need is missing.
        """
        if not np.isfinite(self.regressors_now).all():
            missing = [
                n for n, v in zip(self.names, self.regressors_now, strict=True) if np.isnan(v)
            ]
            raise EstimationError(
                "all regressors of the last day must be known",
                found=missing,
                remedy="bring the missing days, or forecast from another model",
                field="record",
            )
        return float(self.forecasts_at(self.regressors_now[None, :])[0])

    def forecasts_at(self, design: FloatArray) -> FloatArray:
        """Forecasts (m,) of rows of regressors (m, k), filtered; NaN where one is missing."""
        raw = self._mean_variance(self._line(design))
        low, high = self.bounds
        outside = (raw < low) | (raw > high)
        if self.model.insanity is InsanityFilter.CLIP:
            return np.where(outside, np.clip(raw, low, high), raw)
        if self.model.insanity is InsanityFilter.MEAN:
            return np.where(outside, float(self.target_variance.mean()), raw)
        return raw

    def update(self, following: VarianceRecord) -> Self:
        """Take one or more further days, the coefficients kept.

        Forecasts are, to the last bit, those of the same coefficients on all days at once.
        """
        record = self.record.extended(following)
        days = max(self.model.lags_days) + self.model.horizon_days
        now = self.model.rows(record.last(days)).design[-1]
        return replace(self, record=record, regressors_now=read_only(np.array(now)))

    def refit(self) -> FittedHar:
        """Estimate anew on all days seen, as `Har.fit` does."""
        return estimate_har(self.model, self.record)

    def _line(self, design: FloatArray) -> FloatArray:
        # Summed column by column, so that a row's value does not depend on how many there are.
        out = np.zeros(design.shape[0])
        for j, coefficient in enumerate(self.coefficients):
            out = out + coefficient * design[:, j]
        return out

    def _mean_variance(self, line: FloatArray) -> FloatArray:
        correction = self.model.bias_correction
        if self.model.scale is HarScale.VARIANCE:
            return line
        if self.model.scale is HarScale.SQUARE_ROOT:
            root = np.maximum(line, 0.0)
            if correction is BiasCorrection.NONE:
                return root**2
            return root**2 + self.residual_variance
        if correction is BiasCorrection.NONE:
            return np.asarray(np.exp(line))
        if correction is BiasCorrection.NORMAL:
            return np.asarray(np.exp(line + 0.5 * self.residual_variance))
        return np.asarray(np.exp(line)) * float(np.mean(np.exp(self.residuals)))


def estimate_har(model: HarSpecification, record: VarianceRecord) -> FittedHar:
    """Estimate on all days of a record; errors as `plimsoll.estimators.realised.har.Har.fit`."""
    rows = model.rows(record)
    cross, product = np.zeros((len(rows.names),) * 2), np.zeros(len(rows.names))
    taken = add_rows(rows.design, rows.target, rows.weight, cross, product)
    return solved_har(model, record, rows, cross, product, taken)


def solved_har(
    model: HarSpecification,
    record: VarianceRecord,
    rows: HarRows,
    cross: FloatArray,
    product: FloatArray,
    taken: int,
    first: int = 0,
) -> FittedHar:
    """Solve sums that were taken over the rows of ``record`` from ``first`` on.

    Raises
    ------
    InsufficientDataError, EstimationError
        As `estimate_har`.
    """
    least = max(LEAST_ROWS, 5 * len(rows.names))
    if taken < least:
        raise InsufficientDataError(
            f"at least {least} days with regressors and target are needed",
            found=taken,
            remedy="bring a longer history, or shorten lags_days",
            field="record",
        )
    coefficients, solved = solve_sums(cross, product, LEAST_PIVOT)
    if not solved or not np.isfinite(coefficients).all():
        raise EstimationError(
            "regressors must vary, and none may follow from the others",
            found=f"{len(rows.names)} regressors, {taken} rows",
            remedy="look for constant days; use fewer regressors",
            field="record",
        )
    window = slice(first, len(record))
    used = np.isfinite(rows.target[window]) & np.isfinite(rows.weight[window])
    used &= np.isfinite(rows.design[window]).all(axis=1)
    return FittedHar(
        model=model,
        record=record,
        names=rows.names,
        coefficients=read_only(coefficients),
        design=read_only(np.array(rows.design[window][used])),
        target=read_only(np.array(rows.target[window][used])),
        weight=read_only(np.array(rows.weight[window][used])),
        target_variance=read_only(np.array(rows.target_variance[window][used])),
        regressors_now=read_only(np.array(rows.design[-1])),
    )
