"""A published index: the price, what it is worth, and what each source was."""

from __future__ import annotations

import math
from dataclasses import dataclass

from plimsoll.marketdata.index.reasons import IndexReason, IndexStatus, SourceStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """One source at one publication.

    Parameters
    ----------
    source : str
    status : SourceStatus
    price : float
        In USD; the last one of a source without weight, NaN where there is none.
    weight : float
        With which it took part: 0 unless its status has weight.
    age_ns : int
        -1 where it never quoted.
    distance : float
        From the weighted median of the live sources, signed, a fraction; NaN unless live.
    """

    source: str
    status: SourceStatus
    price: float
    weight: float
    age_ns: int
    distance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexValue:
    """One publication.

    Parameters
    ----------
    at_ns : int
    price : float
        USD. Frozen: the last good one. NaN where there never was one.
    status : IndexStatus
    reason : IndexReason
        Why it is not live.
    age_ns : int
        Since the last good price; 0 when live, -1 where there never was one.
    composed : float
        What the sources say before the limit of speed; NaN unless live.
    confidence : float
        Weight of the sources within the bound from the median over the weight of all, 0 to 1;
        frozen it halves every half-life.
    half_width : float
        Weighted median distance of the live sources from their median, a fraction; NaN unless
        live.
    live_sources : int
    live_weight : float
        Outliers included.
    sources : tuple of SourceRow
        In the order of the rule.
    """

    at_ns: int
    price: float
    status: IndexStatus
    reason: IndexReason
    age_ns: int
    composed: float
    confidence: float
    half_width: float
    live_sources: int
    live_weight: float
    sources: tuple[SourceRow, ...]

    @property
    def live_price(self) -> float:
        """The price if it is of now, else NaN: what a mark may take."""
        return self.price if self.status.is_live else math.nan

    def row(self, source: str) -> SourceRow:
        """Return the row of one source."""
        return next(row for row in self.sources if row.source == source)
