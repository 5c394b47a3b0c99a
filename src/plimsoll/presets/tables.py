"""Constants that are tables: notional tiers, brackets, scenarios, spreads; all numbers as text."""

from __future__ import annotations

from decimal import Decimal

from plimsoll.domain.tiers import Tier, TierTable
from plimsoll.errors import PlimsollError
from plimsoll.margin.derive import PmrmScenario
from plimsoll.margin.okx import Bracket, DepegBand
from plimsoll.margin.span import CalendarSpread, SpanTier
from plimsoll.presets.reading import Node, built
from plimsoll.scenarios.risk_grid import VolMove

NO_END = "none"
_FRACTION, _USD = "fraction", "usd"


def tier_table(node: Node) -> TierTable:
    """Read notional tiers; the cap of the last may be ``none``."""
    tiers = []
    for row in node.rows():
        row.mapping(("cap", "maintenance_rate", "initial_rate", "max_leverage"))
        tiers.append(
            built(
                row,
                Tier,
                cap_usd=_cap(row.under("cap")),
                maintenance_rate=row.under("maintenance_rate").decimal(_FRACTION),
                initial_rate=row.under("initial_rate").decimal(_FRACTION),
                max_leverage=row.under("max_leverage").decimal("x"),
            )
        )
    try:
        return TierTable(tuple(tiers))
    except PlimsollError as error:
        node.refuse(error.must, found=error.found)


def brackets(node: Node, unit: str) -> tuple[Bracket, ...]:
    """Read progressive brackets whose factors are in ``unit``."""
    found = []
    for row in node.rows():
        row.mapping(("cap", "factor"))
        found.append(
            Bracket(cap_usd=_cap(row.under("cap")), factor=row.under("factor").decimal(unit))
        )
    return tuple(found)


def bands(node: Node) -> tuple[DepegBand, ...]:
    """Read brackets by the peg from which they hold."""
    found = []
    for row in node.rows():
        row.mapping(("peg_at_least", "brackets"))
        found.append(
            DepegBand(
                peg_at_least=row.under("peg_at_least").decimal(_FRACTION),
                brackets=brackets(row.under("brackets"), _FRACTION),
            )
        )
    return tuple(found)


def scenarios(node: Node) -> tuple[PmrmScenario, ...]:
    """Read price multipliers, what volatility does, and the share that counts."""
    found = []
    for row in node.rows():
        row.mapping(("price", "vol", "share"))
        vol = row.under("vol").text()
        if vol not in tuple(VolMove):
            row.under("vol").refuse(f"must be one of {', '.join(VolMove)}")
        found.append(
            built(
                row,
                PmrmScenario,
                price_multiplier=float(row.under("price").decimal("x")),
                vol=VolMove(vol),
                fraction=float(row.under("share").decimal(_FRACTION)),
            )
        )
    return tuple(found)


def span_tiers(node: Node) -> tuple[SpanTier, ...]:
    """Read SPAN's tiers of expiries."""
    found = []
    for row in node.rows():
        row.mapping(("up_to", "spread_charge", "outright_charge"))
        end = row.under("up_to")
        found.append(
            SpanTier(
                up_to_days=None if end.value == NO_END else end.decimal("days"),
                spread_charge=row.under("spread_charge").decimal(_FRACTION),
                outright_charge=row.under("outright_charge").decimal(_FRACTION),
            )
        )
    return tuple(found)


def calendar_spreads(node: Node) -> tuple[CalendarSpread, ...]:
    """Read SPAN's spreads between tiers, in order of priority."""
    found = []
    for row in node.rows():
        row.mapping(("first", "second", "charge"))
        first, second = (int(row.under(name).decimal("tier")) for name in ("first", "second"))
        charge = row.under("charge").decimal(_FRACTION)
        found.append(CalendarSpread(first=first, second=second, charge=charge))
    return tuple(found)


def _cap(node: Node) -> Decimal | None:
    return None if node.value == NO_END else node.decimal(_USD)
