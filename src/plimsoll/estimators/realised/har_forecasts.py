"""Forecasts of a heterogeneous autoregression day by day, each from what was known then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import InsufficientDataError, ParameterError
from plimsoll.estimators.realised.fitted_har import LEAST_ROWS, FittedHar, solved_har
from plimsoll.estimators.realised.har_design import HarRows
from plimsoll.estimators.realised.har_specification import HarSpecification
from plimsoll.estimators.realised.variance_record import VarianceRecord
from plimsoll.maths.realised_regression import add_rows

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HarForecasts:
    """Forecasts made at the end of each of n days.

    Parameters
    ----------
    forecast : (n,) float64
        Mean variance a day over the horizon; NaN before the first estimate, or without regressors.
    target : (n,) float64
        What came; NaN where it is not known yet.
    coefficients : (n, k) float64
        In force.
    names : tuple of k str
    """

    forecast: FloatArray
    target: FloatArray
    coefficients: FloatArray
    names: tuple[str, ...]

    @property
    def scored(self) -> NDArray[np.bool_]:
        """(n,) days with a forecast and a target."""
        return np.isfinite(self.forecast) & np.isfinite(self.target)


def har_walk_forward(
    model: HarSpecification,
    record: VarianceRecord,
    *,
    first_rows: int = 100,
    window_rows: int | None = None,
    refit_every: int = 1,
) -> HarForecasts:
    """Forecast from every day, re-estimating on targets that had ended by then.

    Parameters
    ----------
    first_rows : int
        Days with a known target before the first forecast, the missing ones counted too.
    window_rows : int, optional
        Look-back in days; by default the whole past (expanding).
    refit_every : int
        Days between estimates.

    Raises
    ------
    InsufficientDataError, ParameterError, EstimationError, DataFormatError
    """
    lengths = (first_rows, window_rows if window_rows is not None else LEAST_ROWS)
    if refit_every < 1 or min(lengths) < LEAST_ROWS:
        raise ParameterError(
            f"must be at least {LEAST_ROWS} rows, and 1 day between estimates",
            found=(first_rows, window_rows, refit_every),
            field="first_rows",
        )
    rows = model.rows(record)
    start = max(model.lags_days) - 1 + first_rows + model.horizon_days - 1
    if start >= len(record):
        raise InsufficientDataError(
            f"must hold more than {start} days", found=len(record), field="record"
        )
    k = len(rows.names)
    forecast, coefficients = np.full(len(record), np.nan), np.full((len(record), k), np.nan)
    sums = _Sums(cross=np.zeros((k, k)), product=np.zeros(k))
    for day in range(start, len(record), refit_every):
        fitted = _estimate(model, record, rows, sums, day, window_rows)
        held = slice(day, min(day + refit_every, len(record)))
        forecast[held] = fitted.forecasts_at(rows.design[held])
        coefficients[held] = fitted.coefficients
    return HarForecasts(
        forecast=forecast,
        target=rows.target_variance,
        coefficients=coefficients,
        names=rows.names,
    )


@dataclass(slots=True, kw_only=True)
class _Sums:
    """Sums over rows before ``until``: the one thing that a walk carries along."""

    cross: FloatArray
    product: FloatArray
    until: int = 0
    taken: int = 0


def _estimate(
    model: HarSpecification,
    record: VarianceRecord,
    rows: HarRows,
    sums: _Sums,
    day: int,
    window: int | None,
) -> FittedHar:
    """Estimate from rows whose targets end on ``day`` or before."""
    known = day - model.horizon_days + 1
    first = 0 if window is None else max(known - window, 0)
    if window is not None:
        sums.cross[:], sums.product[:], sums.until, sums.taken = 0.0, 0.0, first, 0
    new = slice(sums.until, known)
    sums.taken += add_rows(
        rows.design[new], rows.target[new], rows.weight[new], sums.cross, sums.product
    )
    sums.until = known
    return solved_har(
        model, record.first(known), rows.before(known), sums.cross, sums.product, sums.taken, first
    )
