"""Residuals of many markets on common dates, with holes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.field_summary import field_summary

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResidualRows:
    """(T, N) residuals, NaN where there is none, of ``subjects`` on dates ``end_ns``."""

    subjects: tuple[str, ...]
    end_ns: IntArray
    values: FloatArray
    known: BoolArray = field(init=False)  # (T, N) whether there is one

    __repr__ = field_summary

    def __post_init__(self) -> None:
        object.__setattr__(self, "known", np.isfinite(self.values))
