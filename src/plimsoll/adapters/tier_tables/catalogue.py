"""Every schema by its name, and which of them a document looks like."""

from __future__ import annotations

from collections.abc import Mapping

from plimsoll.adapters.tier_tables.binance import BINANCE_COINM, BINANCE_USDM
from plimsoll.adapters.tier_tables.bybit import BYBIT
from plimsoll.adapters.tier_tables.ccxt import CCXT
from plimsoll.adapters.tier_tables.deribit import DERIBIT, DERIBIT_STANDARD
from plimsoll.adapters.tier_tables.derive import DERIVE
from plimsoll.adapters.tier_tables.dydx import DYDX
from plimsoll.adapters.tier_tables.ftx import FTX
from plimsoll.adapters.tier_tables.gate import GATE
from plimsoll.adapters.tier_tables.hyperliquid import HYPERLIQUID
from plimsoll.adapters.tier_tables.json_document import Json
from plimsoll.adapters.tier_tables.okx import OKX
from plimsoll.adapters.tier_tables.schema import VenueSchema
from plimsoll.errors import UsageError

SCHEMAS: Mapping[str, VenueSchema] = {
    schema.name: schema
    for schema in (
        CCXT,
        BINANCE_USDM,
        BINANCE_COINM,
        OKX,
        BYBIT,
        GATE,
        HYPERLIQUID,
        DYDX,
        DERIVE,
        DERIBIT,
        DERIBIT_STANDARD,
        FTX,
    )
}


def schema_named(name: str) -> VenueSchema:
    """Return a schema by name.

    Raises
    ------
    UsageError
    """
    if name not in SCHEMAS:
        raise UsageError(
            "must be a schema",
            found=name,
            field="schema",
            remedy=f"choose from {', '.join(SCHEMAS)}",
        )
    return SCHEMAS[name]


def schema_of(document: Json) -> VenueSchema | None:
    """Return the schema a document looks like; None where none or several do."""
    fitting = [schema for schema in SCHEMAS.values() if looks_like(schema, document)]
    return fitting[0] if len(fitting) == 1 else None


def looks_like(schema: VenueSchema, document: Json) -> bool:
    """Whether a document has the keys by which a schema is told."""
    try:
        return schema.fits(document)
    except (AttributeError, TypeError, KeyError, IndexError):
        return False
