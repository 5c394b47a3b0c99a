"""What a heterogeneous autoregression is of: horizon, scale, regressors and their rules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plimsoll.errors import ParameterError
from plimsoll.estimators.realised.har_design import (
    HarRows,
    design_columns,
    target_variance,
    transformed,
)
from plimsoll.estimators.realised.har_options import (
    BiasCorrection,
    HarRegressors,
    HarScale,
    HarWeights,
    InsanityFilter,
)
from plimsoll.estimators.realised.variance_record import VarianceRecord
from plimsoll.maths.realised_averages import trailing_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class HarSpecification:
    """Options of `plimsoll.estimators.realised.har.Har`.

    Parameters
    ----------
    horizon_days : int
    scale : {"log", "variance", "square_root"}
    regressors : {"plain", "jumps", "continuous_jumps", "semivariance"}
    implied : bool
        Implied variance as one more regressor.
    lags_days : tuple of int
        Rising.
    weights : {"equal", "inverse_long"}
    bias_correction : {"normal", "smearing", "none"}
    insanity : {"clip", "mean", "none"}
    """

    horizon_days: int = 1
    scale: HarScale = HarScale.LOG
    regressors: HarRegressors = HarRegressors.PLAIN
    implied: bool = False
    lags_days: tuple[int, ...] = (1, 7, 30)
    weights: HarWeights = HarWeights.EQUAL
    bias_correction: BiasCorrection = BiasCorrection.NORMAL
    insanity: InsanityFilter = InsanityFilter.CLIP

    def __post_init__(self) -> None:
        options = {
            "scale": HarScale,
            "regressors": HarRegressors,
            "weights": HarWeights,
            "bias_correction": BiasCorrection,
            "insanity": InsanityFilter,
        }
        for field, kind in options.items():
            given = getattr(self, field)
            if given not in list(kind):
                raise ParameterError(
                    f"must be one of {[str(k) for k in kind]}", found=given, field=field
                )
            object.__setattr__(self, field, kind(given))
        rising = all(a < b for a, b in zip(self.lags_days, self.lags_days[1:], strict=False))
        if not self.lags_days or self.lags_days[0] < 1 or not rising:
            raise ParameterError(
                "must rise from at least 1", found=self.lags_days, field="lags_days"
            )
        if self.horizon_days < 1:
            raise ParameterError(
                "must be at least 1", found=self.horizon_days, field="horizon_days"
            )

    def rows(self, record: VarianceRecord) -> HarRows:
        """Regressors, targets and weights by day; a row of day t uses nothing after t."""
        columns = design_columns(
            record,
            lags_days=self.lags_days,
            regressors=self.regressors,
            scale=self.scale,
            implied=self.implied,
        )
        ahead = target_variance(record, self.horizon_days)
        weight = np.ones(len(record))
        if self.weights is HarWeights.INVERSE_LONG:
            level = trailing_mean(np.array(record.variance), self.lags_days[-1])
            weight = 1.0 / np.where(level > 0.0, level, np.nan)
        return HarRows(
            names=tuple(columns),
            design=np.ascontiguousarray(np.stack(list(columns.values()), axis=1)),
            target=transformed(ahead, self.scale),
            weight=weight,
            target_variance=ahead,
        )
