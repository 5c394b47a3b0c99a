"""Gate risk limit tiers, ``GET /api/v4/futures/{settle}/risk_limit_tiers``.

Source: https://www.gate.com/docs/developers/apiv4/en/#query-risk-limit-tiers, model
FuturesLimitRiskTiers (keys ``tier``, ``risk_limit``, ``initial_rate``, ``maintenance_rate``,
``leverage_max``, ``contract``, ``deduction``). ``contract`` stands only in answers of several
contracts; ``deduction`` only in newer ones. Limits are notional in quote currency.
"""

from __future__ import annotations

from plimsoll.adapters.tier_tables.flat_rows import FlatRows
from plimsoll.adapters.tier_tables.row_keys import RowKeys
from plimsoll.adapters.tier_tables.schema import VenueSchema
from plimsoll.adapters.tier_tables.tier_rows import RowNames
from plimsoll.margin.tiered.columns import TierMeasure

_NAMES = RowNames(
    number="tier",
    floor="",
    cap="risk_limit",
    maintenance="maintenance_rate",
    initial="initial_rate",
    leverage="leverage_max",
    deduction="deduction",
)
_KEPT = frozenset({"contract"})

_ROWS = FlatRows(
    keys=RowKeys(
        names=_NAMES,
        text=frozenset(
            {"risk_limit", "maintenance_rate", "initial_rate", "leverage_max", "deduction"}
        ),
        kept=_KEPT,
    ),
    market_of=lambda row: row.get("contract"),
    named=lambda market: {"contract": market},
    measure=lambda _document, _row: TierMeasure.NOTIONAL,
    measures=frozenset({TierMeasure.NOTIONAL}),
    path=(),
    envelope=lambda rows, _: rows,
)

GATE = VenueSchema(
    name="gate",
    title="Gate risk limit tiers",
    source="https://www.gate.com/docs/developers/apiv4/en/#query-risk-limit-tiers",
    kept=_KEPT,
    fits=_ROWS.fits,
    read=_ROWS.read,
    write=_ROWS.write,
    only=_ROWS.only,
)
