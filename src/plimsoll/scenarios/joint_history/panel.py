"""The joint past of many markets, filtered: what every draw of scenarios starts from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.field_summary import field_summary
from plimsoll.errors import UsageError
from plimsoll.maths.path_moves import PastRows, VarianceColumns
from plimsoll.scenarios.joint_history.outcome import JointReason, MarketOutcome
from plimsoll.scenarios.joint_history.recursion import VarianceRecursion, columns_of

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FilteredPanel:
    """T bars of N markets on common dates, every one with a return and a volatility.

    Parameters
    ----------
    subjects : tuple of N str
        Markets and collateral assets that have scenarios.
    start_ns, end_ns : (T,) int64
        Of each bar, UTC.
    returns : (T, N) float64
        Log returns.
    volatility : (T, N) float64
        Per bar, forecast before it from what was known then.
    residuals : (T, N) float64
        Return less mean, over the volatility.
    variance_next : (N,) float64
        Of the first bar that is simulated.
    recursions : tuple of N VarianceRecursion
    origin : (T, N) int64
        `RowOrigin` of each row.
    outcomes : mapping of str to MarketOutcome
        All that were asked for, those without scenarios included.
    """

    subjects: tuple[str, ...]
    start_ns: IntArray
    end_ns: IntArray
    returns: FloatArray
    volatility: FloatArray
    residuals: FloatArray
    variance_next: FloatArray
    recursions: tuple[VarianceRecursion, ...]
    origin: IntArray
    outcomes: Mapping[str, MarketOutcome]

    __repr__ = field_summary

    def __len__(self) -> int:
        return int(self.start_ns.size)

    @property
    def reasons(self) -> dict[str, JointReason]:
        """Markets without scenarios, and why."""
        return {s: o.reason for s, o in self.outcomes.items() if o.reason}

    @property
    def columns(self) -> VarianceColumns:
        """The recursions as kernels take them."""
        return columns_of(self.recursions)

    @property
    def rows(self) -> PastRows:
        """The past as kernels take it."""
        return PastRows(self.residuals, self.volatility)

    def only(self, subjects: tuple[str, ...]) -> FilteredPanel:
        """Return the panel of some of its markets, in this order.

        Raises
        ------
        UsageError
            For a market without scenarios.
        """
        missing = [s for s in subjects if s not in self.subjects]
        if missing or not subjects:
            raise UsageError("must be markets of the panel", found=missing, field="subjects")
        at = [self.subjects.index(s) for s in subjects]

        def cut(matrix: FloatArray) -> FloatArray:
            return np.ascontiguousarray(matrix[:, at])

        return FilteredPanel(
            subjects=subjects,
            start_ns=self.start_ns,
            end_ns=self.end_ns,
            returns=cut(self.returns),
            volatility=cut(self.volatility),
            residuals=cut(self.residuals),
            variance_next=self.variance_next[at],
            recursions=tuple(self.recursions[j] for j in at),
            origin=np.ascontiguousarray(self.origin[:, at]),
            outcomes={s: self.outcomes[s] for s in subjects},
        )
