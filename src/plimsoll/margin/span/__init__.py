"""SPAN with sixteen scenarios, spreads, spot-month charge and short option minimum."""

from plimsoll.margin.span.model import ShortOptionCount, SpanMargin
from plimsoll.margin.span.parameters import CALENDAR_SPREADS, TIERS, SpanParameters
from plimsoll.margin.span.prepared import PreparedSpan
from plimsoll.margin.span.risk_arrays import Extremes, PriceRiskMethod
from plimsoll.margin.span.tables import CalendarSpread, InterCommoditySpread, SpanTier

__all__ = [
    "CALENDAR_SPREADS",
    "TIERS",
    "CalendarSpread",
    "Extremes",
    "InterCommoditySpread",
    "PreparedSpan",
    "PriceRiskMethod",
    "ShortOptionCount",
    "SpanMargin",
    "SpanParameters",
    "SpanTier",
]
