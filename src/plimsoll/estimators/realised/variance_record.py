"""Days of realised variance with their parts: what a heterogeneous autoregression learns from."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import DataFormatError
from plimsoll.estimators.realised.measures import RealisedMeasures

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VarianceRecord:
    """n days in order, without a day left out; NaN is a day without the measure.

    Parameters
    ----------
    variance : (n,) float64
        Realised variance a day, not negative, in any unit.
    jump, fall : (n,) float64, optional
        Its part of jumps, and of falls; between 0 and ``variance``, in the same unit.
    implied : (n,) float64, optional
        Implied variance a day (square of the implied volatility over 365) as known at the end of
        each day, in the same unit.

    Raises
    ------
    DataFormatError
    """

    variance: FloatArray
    jump: FloatArray | None = None
    fall: FloatArray | None = None
    implied: FloatArray | None = None

    def __post_init__(self) -> None:
        n = np.shape(self.variance)
        for field in fields(self):
            given = getattr(self, field.name)
            if given is None:
                continue
            array = np.array(given, dtype=np.float64)
            if len(n) != 1 or array.shape != n or np.isinf(array).any() or (array < 0.0).any():
                raise DataFormatError(
                    "must be (n,) numbers, finite or NaN, not negative, one for each day",
                    found=array.shape if array.shape != n else float(np.nanmin(array)),
                    field=field.name,
                )
            array.setflags(write=False)
            object.__setattr__(self, field.name, array)

    def __len__(self) -> int:
        return int(self.variance.size)

    @classmethod
    def of(
        cls,
        measures: RealisedMeasures,
        *,
        implied: FloatArray | None = None,
        jump_significance: float = 1.0,
    ) -> Self:
        """Record of measured days; jumps by the ratio test where ``jump_significance`` < 1."""
        tested = jump_significance < 1.0
        return cls(
            variance=measures.variance,
            jump=measures.significant_jump(jump_significance) if tested else measures.jump,
            fall=measures.fall_semivariance,
            implied=implied,
        )

    def extended(self, following: VarianceRecord) -> VarianceRecord:
        """Return the record with the days of another after its own.

        Raises
        ------
        DataFormatError
            Where one of them has a part that the other lacks.
        """
        joined: dict[str, Any] = {}
        for field in fields(self):
            ours, theirs = getattr(self, field.name), getattr(following, field.name)
            if (ours is None) != (theirs is None):
                raise DataFormatError("must be in both records or in neither", field=field.name)
            joined[field.name] = None if ours is None else np.concatenate([ours, theirs])
        return replace(self, **joined)

    def first(self, days: int) -> VarianceRecord:
        """Return the first ``days`` days."""
        return self._rows(slice(0, days))

    def last(self, days: int) -> VarianceRecord:
        """Return the last ``days`` days."""
        return self._rows(slice(max(len(self) - days, 0), len(self)))

    def _rows(self, rows: slice) -> VarianceRecord:
        held: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        cut: dict[str, Any] = {k: None if v is None else v[rows] for k, v in held.items()}
        return replace(self, **cut)
