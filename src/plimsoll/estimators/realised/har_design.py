"""Regressors and targets of a heterogeneous autoregression, by day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import DataFormatError, EstimationError
from plimsoll.estimators.realised.har_options import HarRegressors, HarScale
from plimsoll.estimators.realised.variance_record import VarianceRecord
from plimsoll.maths.realised_averages import following_mean, trailing_mean

FloatArray = NDArray[np.float64]

PARTS = {
    HarRegressors.JUMPS: "jump",
    HarRegressors.CONTINUOUS_JUMPS: "jump",
    HarRegressors.SEMIVARIANCE: "fall",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HarRows:
    """Rows of a regression by day; a row of day t uses nothing after t.

    Parameters
    ----------
    names : tuple of k str
    design : (n, k) float64
    target : (n,) float64
        On the scale of the regression; NaN where it is not known.
    weight : (n,) float64
    target_variance : (n,) float64
    """

    names: tuple[str, ...]
    design: FloatArray
    target: FloatArray
    weight: FloatArray
    target_variance: FloatArray

    def before(self, day: int) -> HarRows:
        """Return the rows of the days before one."""
        return HarRows(
            names=self.names,
            design=self.design[:day],
            target=self.target[:day],
            weight=self.weight[:day],
            target_variance=self.target_variance[:day],
        )


def design_columns(
    record: VarianceRecord,
    *,
    lags_days: Sequence[int],
    regressors: HarRegressors,
    scale: HarScale,
    implied: bool,
) -> dict[str, FloatArray]:
    """Regressors (n,) by name, each known at the end of its day; NaN where a day is missing.

    Raises
    ------
    DataFormatError
        The record lacks a part that is asked for.
    EstimationError
        A variance of 0 has no logarithm.
    """
    columns = {"constant": np.ones(len(record))}
    short, longer = lags_days[0], lags_days[1:]
    variance = np.array(record.variance)
    if regressors in PARTS:
        part = _part(record, PARTS[regressors])
    if regressors is HarRegressors.CONTINUOUS_JUMPS:
        continuous = np.maximum(variance - part, 0.0)
        for days in lags_days:
            columns[f"continuous_{days}"] = transformed(trailing_mean(continuous, days), scale)
        for days in lags_days:
            columns[f"jump_{days}"] = of_jump(trailing_mean(part, days), scale)
    elif regressors is HarRegressors.SEMIVARIANCE:
        rise = np.maximum(variance - part, 0.0)
        columns[f"fall_{short}"] = transformed(trailing_mean(part, short), scale)
        columns[f"rise_{short}"] = transformed(trailing_mean(rise, short), scale)
    else:
        columns[f"variance_{short}"] = transformed(trailing_mean(variance, short), scale)
    if regressors is not HarRegressors.CONTINUOUS_JUMPS:
        for days in longer:
            columns[f"variance_{days}"] = transformed(trailing_mean(variance, days), scale)
    if regressors is HarRegressors.JUMPS:
        columns[f"jump_{short}"] = of_jump(trailing_mean(part, short), scale)
    if implied:
        columns["implied"] = transformed(_part(record, "implied"), scale)
    return columns


def target_variance(record: VarianceRecord, horizon_days: int) -> FloatArray:
    """(n,) mean variance a day over the horizon after each day; NaN where it is not known."""
    target: FloatArray = following_mean(np.array(record.variance), horizon_days)
    return target


def transformed(variance: FloatArray, scale: HarScale) -> FloatArray:
    """Variances on the scale of the regression.

    Raises
    ------
    EstimationError
    """
    if scale is HarScale.VARIANCE:
        return variance
    if scale is HarScale.SQUARE_ROOT:
        return np.asarray(np.sqrt(variance))
    zero = np.flatnonzero(variance == 0.0)
    if zero.size:
        raise EstimationError(
            "a variance must be positive to have a logarithm",
            found=f"{zero.size} days of 0",
            remedy="mask days without a move (NaN), or use scale='square_root'",
            field="variance",
            row=int(zero[0]),
        )
    return np.asarray(np.log(variance))


def of_jump(jump: FloatArray, scale: HarScale) -> FloatArray:
    """Jump parts, which may be 0: ``log(1 + J)`` on the scale of logs."""
    if scale is HarScale.VARIANCE:
        return jump
    return np.asarray(np.sqrt(jump) if scale is HarScale.SQUARE_ROOT else np.log1p(jump))


def _part(record: VarianceRecord, name: str) -> FloatArray:
    found = getattr(record, name)
    if found is None:
        raise DataFormatError("must be in the record for these regressors", field=name)
    return np.array(found)
