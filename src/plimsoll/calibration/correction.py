"""Where a correction of the forecast margins, made in view of realised losses, is applied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.problem import CalibrationProblem, CorrectionName
from plimsoll.calibration.published import DailyLosses
from plimsoll.calibration.risk_paths import RiskPaths
from plimsoll.domain.table import Table
from plimsoll.errors import DataFormatError, ParameterError

FloatArray = NDArray[np.float64]


class PathCorrection(Protocol):
    """Corrects a path of margins; what holds on day d may use ``losses.loss[: d - lag_days + 1]``.

    Parameters
    ----------
    margin : (D, N, 2) float64
        Forecast, share of notional, NaN without a number.
    losses : DailyLosses
        Losses of each day's starts, as they were known ``lag_days`` rows later; NaN before the
        first scored day.
    level : float
        Coverage level of the margin.

    Returns
    -------
    (D, N, 2) float64
        Corrected margin, NaN where and only where the forecast has none.
    """

    def __call__(self, margin: FloatArray, losses: DailyLosses, level: float) -> FloatArray: ...


@runtime_checkable
class ExplainedCorrection(PathCorrection, Protocol):
    """One that tells what it did: arguments as of the correction itself."""

    def tables(
        self, margin: FloatArray, losses: DailyLosses, level: float
    ) -> tuple[Table, ...]: ...


Corrections = Mapping[CorrectionName, PathCorrection]


def corrected(
    paths: RiskPaths, losses: DailyLosses, problem: CalibrationProblem, corrections: Corrections
) -> RiskPaths:
    """Return the paths with the correction that the problem names applied to the maintenance leg.

    Standard errors grow with the margin.

    Raises
    ------
    ParameterError
        Where the correction is named and not given.
    DataFormatError
        Where it gives no number, or one that is not positive, for a margin that has one.
    """
    name = problem.model.correction
    if name is CorrectionName.NONE:
        return paths
    if name not in corrections:
        raise ParameterError(
            "must be a correction that this calibration is given",
            found=name.value,
            field="model.correction",
            remedy="set it to none",
        )
    margin = paths.maintenance
    found = corrections[name](margin.copy(), losses, problem.maintenance_level)
    _check(found, margin)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(margin > 0.0, found / margin, 1.0)
    return replace(paths, maintenance=found, maintenance_error=paths.maintenance_error * ratio)


def correction_tables(
    paths: RiskPaths, losses: DailyLosses, problem: CalibrationProblem, corrections: Corrections
) -> tuple[Table, ...]:
    """What the correction in force tells of itself on the paths before it; often nothing."""
    found = corrections.get(problem.model.correction)
    if not isinstance(found, ExplainedCorrection):
        return ()
    return found.tables(paths.maintenance.copy(), losses, problem.maintenance_level)


def _check(found: FloatArray, margin: FloatArray) -> None:
    had = np.isfinite(margin)
    if found.shape != margin.shape or not np.array_equal(np.isfinite(found), had):
        raise DataFormatError(
            "must have a number where the forecast has one, and nowhere else",
            found=f"{int(np.isfinite(found).sum())} numbers for {int(had.sum())}",
            field="correction",
        )
    if bool(np.any(found[had] < 0.0)):
        raise DataFormatError(
            "must not be negative", found=float(found[had].min()), field="correction"
        )
