"""Bybit risk limits, ``GET /v5/market/risk-limit``.

Source: https://bybit-exchange.github.io/docs/v5/market/risk-limit (keys ``id``, ``symbol``,
``riskLimitValue``, ``maintenanceMargin``, ``initialMargin``, ``isLowestRisk``, ``maxLeverage``,
``mmDeduction``; category ``linear`` or ``inverse``). Limits are notional of linear contracts and
coins of inverse ones. The page's own example has rates in per cent (0.5 and 1 at 100x), which is
refused: the venue answers in fractions.
"""

from __future__ import annotations

from decimal import Decimal

from plimsoll.adapters.tier_tables.faults import FaultLog, Place
from plimsoll.adapters.tier_tables.flat_rows import FlatRows
from plimsoll.adapters.tier_tables.json_document import Json
from plimsoll.adapters.tier_tables.row_keys import RowKeys
from plimsoll.adapters.tier_tables.schema import Reading, ReadOptions, VenueSchema
from plimsoll.adapters.tier_tables.tier_rows import RowNames
from plimsoll.margin.tiered.columns import TierMeasure

_NAMES = RowNames(
    number="id",
    floor="",
    cap="riskLimitValue",
    maintenance="maintenanceMargin",
    initial="initialMargin",
    leverage="maxLeverage",
    deduction="mmDeduction",
    is_counted=False,
)
_CATEGORIES = {"linear": TierMeasure.NOTIONAL, "inverse": TierMeasure.COINS}
_KEPT = frozenset({"symbol", "isLowestRisk"})
_ENVELOPE_KEPT = frozenset({"retCode", "retMsg", "retExtInfo", "time", "nextPageCursor"})


def _category(document: Json) -> str | None:
    inside = document.get("result") if isinstance(document, dict) else None
    found = inside.get("category") if isinstance(inside, dict) else None
    return found if isinstance(found, str) else None


def _envelope(rows: list[Json], measures: frozenset[TierMeasure]) -> Json:
    category = "inverse" if measures == {TierMeasure.COINS} else "linear"
    return {"retCode": Decimal(0), "retMsg": "OK", "result": {"category": category, "list": rows}}


_ROWS = FlatRows(
    keys=RowKeys(
        names=_NAMES,
        text=frozenset(
            {"riskLimitValue", "maintenanceMargin", "initialMargin", "maxLeverage", "mmDeduction"}
        ),
        kept=_KEPT,
    ),
    market_of=lambda row: row.get("symbol"),
    named=lambda market: {"symbol": market},
    measure=lambda document, _: _CATEGORIES.get(_category(document) or "", TierMeasure.NOTIONAL),
    measures=frozenset(_CATEGORIES.values()),
    path=("result", "list"),
    envelope=_envelope,
)


def _read(document: Json, log: FaultLog, options: ReadOptions) -> Reading:
    if _category(document) not in _CATEGORIES:
        problem = "says neither linear (limits in quote currency) nor inverse (in coins)"
        remedy = "keep the answer whole, with its result.category"
        log.add(Place(), "result.category", _category(document), problem, remedy)
    return _ROWS.read(document, log, options)


BYBIT = VenueSchema(
    name="bybit",
    title="Bybit risk limits (v5)",
    source="https://bybit-exchange.github.io/docs/v5/market/risk-limit",
    kept=_KEPT | _ENVELOPE_KEPT | {"id"},
    fits=_ROWS.fits,
    read=_read,
    write=_ROWS.write,
    only=_ROWS.only,
)
