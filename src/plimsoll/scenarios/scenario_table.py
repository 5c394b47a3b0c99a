"""The instrument x scenario table, and why a row of it may have no numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.scenario import ScenarioSet
from plimsoll.errors import UsageError

FloatArray = NDArray[np.float64]


class RevaluationReason(StrEnum):
    """Why an option has no profits (closed enumeration)."""

    EXPIRED = "expired"  # at or before the snapshot: it is settled, not revalued
    NO_SURFACE = "no_surface"  # the snapshot has none of the pair and settlement currency
    STALE_SURFACE = "stale_surface"  # the surface is older than the rules allow
    BEYOND_SURFACE = "beyond_surface"  # expires after the surface's last expiry


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScenarioTable:
    """Profit of one long contract of N markets under S scenarios.

    Parameters
    ----------
    markets, settle : tuple of N str
        Market, and the currency of its row.
    scenarios : ScenarioSet
    profit : (N, S) float64
        Signed, in settlement currency. NaN throughout the rows in ``reasons``, and nowhere else.
    base_value : (N,) float64
        Value of one contract at the snapshot, from which profits count; settlement currency. An
        option's is that of its surface, spot's its mark; perpetuals and futures are settled daily
        to their mark, from which they are worth nothing. NaN in the rows in ``reasons``.
    mark_value : (N,) float64
        The same at the venue's mark: an option's differs from ``base_value`` by what the surface
        and the venue disagree about. NaN where the snapshot has no mark of an option.
    reasons : mapping of str to RevaluationReason
        Markets without numbers.

    Raises
    ------
    UsageError
        For shapes that do not fit, a number missing without reason or present with one.
    """

    markets: tuple[str, ...]
    settle: tuple[str, ...]
    scenarios: ScenarioSet
    profit: FloatArray
    base_value: FloatArray
    mark_value: FloatArray
    reasons: Mapping[str, RevaluationReason] = field(default_factory=dict)

    def __post_init__(self) -> None:
        count = len(self.markets)
        shapes: dict[str, tuple[int, ...]] = {"profit": (count, len(self.scenarios))}
        shapes |= {"settle": (count,), "base_value": (count,), "mark_value": (count,)}
        for name, shape in shapes.items():
            if np.shape(getattr(self, name)) != shape:
                found = np.shape(getattr(self, name))
                raise UsageError(f"must have the shape {shape}", found=found, field=name)
        self._check_numbers()
        for array in (self.profit, self.base_value, self.mark_value):
            array.setflags(write=False)

    @property
    def has_numbers(self) -> NDArray[np.bool_]:
        """(N,) rows that may be summed."""
        return np.array([market not in self.reasons for market in self.markets], dtype=np.bool_)

    @property
    def mark_gap(self) -> FloatArray:
        """(N,) ``base_value`` less ``mark_value``; NaN where either is missing."""
        return self.base_value - self.mark_value

    def row(self, market: str) -> FloatArray:
        """(S,) profits of one market.

        Raises
        ------
        UsageError
            For a market that is not in the table, or has no numbers in it.
        """
        if market not in self.markets:
            raise UsageError("must be one of the table's markets", found=market, field="market")
        if market in self.reasons:
            raise UsageError(
                f"{market} must have numbers",
                found=self.reasons[market].value,
                field="market",
                remedy="look at ScenarioTable.reasons first; no number is not a loss of zero",
            )
        profits: FloatArray = self.profit[self.markets.index(market)]
        return profits

    def _check_numbers(self) -> None:
        """No gap without a reason, no number with one."""
        strangers = sorted(set(self.reasons) - set(self.markets))
        if strangers:
            raise UsageError("must be of the table's markets", found=strangers, field="reasons")
        # A sum is finite unless one of its terms is not, and costs one pass without memory.
        present = np.isfinite(self.profit.sum(axis=1)) & np.isfinite(self.base_value)
        wrong = np.flatnonzero(present != self.has_numbers)
        if wrong.size:
            raise UsageError(
                "rows must be finite, or NaN with a reason",
                found=self.markets[wrong[0]],
                field="profit",
                row=int(wrong[0]),
            )
