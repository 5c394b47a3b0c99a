"""OKX position tiers, ``GET /api/v5/public/position-tiers``.

Source: https://www.okx.com/docs-v5/en/#public-data-rest-api-get-position-tiers (keys ``uly``,
``instFamily``, ``instId``, ``tier``, ``minSz``, ``maxSz``, ``mmr``, ``imr``, ``maxLever``,
``optMgnFactor``, ``quoteMaxLoan``, ``baseMaxLoan``). Sizes are contracts of derivatives, coins
where the tier is of spot margin loans; a tier may start one contract above the one before. The
reached tier's rates hold for the whole position: the set says so by ``tiers.marginal_share`` of 0.
"""

from __future__ import annotations

from plimsoll.adapters.tier_tables.flat_rows import FlatRows
from plimsoll.adapters.tier_tables.json_document import Json
from plimsoll.adapters.tier_tables.row_keys import RowKeys
from plimsoll.adapters.tier_tables.schema import VenueSchema
from plimsoll.adapters.tier_tables.tier_rows import RowNames
from plimsoll.margin.tiered.columns import TierMeasure

_NAMES = RowNames(
    number="tier",
    floor="minSz",
    cap="maxSz",
    maintenance="mmr",
    initial="imr",
    leverage="maxLever",
    deduction="",
)
_ROW_KEPT = frozenset(
    {"uly", "instFamily", "instId", "optMgnFactor", "quoteMaxLoan", "baseMaxLoan"}
)
_ENVELOPE_KEPT = frozenset({"code", "msg"})


def _market(row: Json) -> str | None:
    return next((row[k] for k in ("instId", "instFamily", "uly") if row.get(k)), None)


def _measure(document: Json, row: Json) -> TierMeasure:
    del document
    is_loan = bool(row.get("baseMaxLoan") or row.get("quoteMaxLoan"))
    return TierMeasure.COINS if is_loan else TierMeasure.CONTRACTS


_ROWS = FlatRows(
    keys=RowKeys(
        names=_NAMES,
        text=frozenset({"tier", "minSz", "maxSz", "mmr", "imr", "maxLever"}),
        kept=_ROW_KEPT,
        next_lot=True,
    ),
    market_of=_market,
    named=lambda market: {"instFamily": market},
    measure=_measure,
    measures=frozenset({TierMeasure.CONTRACTS}),
    path=("data",),
    envelope=lambda rows, _: {"code": "0", "msg": "", "data": rows},
    whole=True,
)

OKX = VenueSchema(
    name="okx",
    title="OKX position tiers",
    source="https://www.okx.com/docs-v5/en/#public-data-rest-api-get-position-tiers",
    kept=_ROW_KEPT | _ENVELOPE_KEPT | {"tier", "minSz"},
    fits=_ROWS.fits,
    read=_ROWS.read,
    write=_ROWS.write,
    only=_ROWS.only,
)
