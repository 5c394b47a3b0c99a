"""Parameters of SPAN for one combined commodity: here, one underlying."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from plimsoll.domain.parameters import Unit
from plimsoll.margin.governed import check_bounds, governed
from plimsoll.margin.span.tables import (
    CalendarSpread,
    SpanTier,
    check_spreads,
    check_tiers,
    every_pair,
)

TIERS = (SpanTier.of("30"), SpanTier.of(None))
"""Assumed: SPAN's tiers are each commodity's own."""

CALENDAR_SPREADS = every_pair(len(TIERS), "0.01")
"""Assumed: 1 % of one leg's cash delta, between and within all tiers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanParameters:
    """One risk unit's parameters.

    A price scan range is published as an amount per contract; here it is a fraction of the price,
    so that one number serves contracts of all sizes (8,000 on a future worth 100,000 is 0.08).

    Raises
    ------
    ParameterError
        For a value out of bounds, tiers with gaps and spreads of tiers that are none.
    """

    price_scan_range: Decimal = governed(
        Unit.FRACTION, "0.001", "0.33", grid="0.0001", about="price scan range, of the price"
    )
    vol_scan_range: Decimal = governed(
        Unit.FRACTION, 0, 1, grid="0.0001", about="volatility scan range, relative"
    )
    short_option_minimum: Decimal = governed(
        Unit.FRACTION, 0, "0.2", default="0.005", about="of the notional of each short option"
    )
    initial_ratio: Decimal = governed(
        Unit.FRACTION, 1, 3, grid="0.01", default="1.1", about="initial over maintenance margin"
    )
    tiers: tuple[SpanTier, ...] = TIERS
    calendar_spreads: tuple[CalendarSpread, ...] = CALENDAR_SPREADS

    def __post_init__(self) -> None:
        check_bounds(self, "SpanParameters")
        check_tiers(self.tiers)
        check_spreads(self.calendar_spreads, len(self.tiers))
