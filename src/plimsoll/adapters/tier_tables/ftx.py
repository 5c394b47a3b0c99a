"""FTX's listing of futures, ``GET /futures``: margin fractions that rise with the root of size.

Source: the API as stored at https://docs.ftx.com/#list-all-futures (keys ``imfFactor``,
``imfWeight``, ``mmfWeight``, ``positionLimitWeight``); venues of its style add the fractions of a
small position, ``initialMarginFraction`` and ``maintenanceMarginFraction``. As FTX's help had it::

    IMF = max(initial fraction, factor sqrt(size)) imfWeight
    MMF = max(maintenance fraction, 0.6 factor sqrt(size)) mmfWeight

No model of the engine has this formula; Drift's is another. The set holds what the file says and
no more: an absent fraction, which FTX took from the account's leverage, stays absent.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from plimsoll.adapters.tier_tables.faults import FaultLog, Place
from plimsoll.adapters.tier_tables.governed_items import (
    GovernedKeys,
    held_values,
    read_parameters,
    read_values,
    write_values,
)
from plimsoll.adapters.tier_tables.json_document import Json
from plimsoll.adapters.tier_tables.losses import LossLog
from plimsoll.adapters.tier_tables.schema import Reading, ReadOptions, VenueSchema
from plimsoll.domain.parameters import Parameter, ParameterSet, Unit
from plimsoll.errors import ParameterError
from plimsoll.margin.governed import check_bounds, governed

_F = Unit.FRACTION


@dataclass(frozen=True, slots=True, kw_only=True)
class RootSizeRates:
    """Fractions of one future.

    Raises
    ------
    ParameterError
        Outside the bounds, and for maintenance above initial.
    """

    imf_factor: Decimal = governed(_F, 0, 100, about="of the root of the size in coins")
    imf_weight: Decimal = governed(Unit.LEVERAGE, "0.01", 100, about="of the initial fraction")
    mmf_weight: Decimal = governed(
        Unit.LEVERAGE, "0.01", 100, about="of the maintenance fraction", default=1
    )
    initial_fraction: Decimal = governed(
        _F, "0.0001", 1, about="initial fraction of a small position", default=1
    )
    maintenance_fraction: Decimal = governed(
        _F, "0.0001", 1, about="maintenance fraction of a small position", default="0.0001"
    )

    def __post_init__(self) -> None:
        check_bounds(self, "RootSizeRates")
        if self.maintenance_fraction > self.initial_fraction:
            raise ParameterError(
                "must not exceed the initial fraction",
                found=f"{self.maintenance_fraction} above {self.initial_fraction}",
                field="maintenance_fraction",
            )


_OPTIONAL = ("mmfWeight", "initialMarginFraction", "maintenanceMarginFraction")
_KEYS = GovernedKeys(
    fields={
        "imfFactor": "imf_factor",
        "imfWeight": "imf_weight",
        "mmfWeight": "mmf_weight",
        "initialMarginFraction": "initial_fraction",
        "maintenanceMarginFraction": "maintenance_fraction",
    },
    optional=frozenset(_OPTIONAL),
)
_KEPT = frozenset(
    {
        "underlying", "description", "type", "expiry", "perpetual", "expired", "enabled",
        "postOnly", "closeOnly", "priceIncrement", "sizeIncrement", "last", "bid",
        "ask", "index", "mark",
        "lowerBound", "upperBound", "underlyingDescription", "expiryDescription", "moveStart",
        "marginPrice", "positionLimitWeight", "group", "change1h", "change24h", "changeBod",
        "volumeUsd24h", "volume", "openInterest", "openInterestUsd",
    }
)  # fmt: skip


def _items(document: Json) -> Json:
    return document.get("result") if isinstance(document, dict) else document


def _fits(document: Json) -> bool:
    items = _items(document)
    first = items[0] if isinstance(items, list) and items else None
    return isinstance(first, dict) and {"name", "imfFactor"} <= first.keys()


def _read(document: Json, log: FaultLog, options: ReadOptions) -> Reading:
    del options
    items = _items(document)
    if not isinstance(items, list) or not items:
        log.add(Place(), "result", document, "must be a list of futures", "keep the answer whole")
        return Reading(parameters=(), layout=None)
    for key in sorted(document.keys() - {"success", "result"}) if items is not document else ():
        log.add(Place(), key, document[key], "is no key of this schema", "drop it")
    names: list[str] = []
    parameters: list[Parameter] = []
    for item in items:
        name = item.get("name") if isinstance(item, dict) else None
        if not isinstance(name, str) or not name:
            log.add(Place(), "name", item, "must be a future with a name", "name it")
            continue
        if name in names:
            log.add(Place(market=name), "name", name, "is listed twice", "keep one of them")
        names.append(name)
        parameters.extend(_future(log, name, item))
    layout = {"names": names, "bare": items is document}
    return Reading(parameters=tuple(parameters), layout=layout)


def _future(log: FaultLog, name: str, item: Json) -> list[Parameter]:
    values = read_values(log, name, item, _KEYS, _KEPT | {"name"}, RootSizeRates)
    said = values or {}
    return [p for p in read_parameters(log, name, RootSizeRates, values) if p.name in said]


def _write(parameters: ParameterSet, layout: Json | None, losses: LossLog) -> Json:
    written = _KEYS.fields.values()
    found = {}
    for market in parameters.markets:
        values = held_values(parameters, market, RootSizeRates, losses, written)
        if values is not None:
            held = parameters.of(market)
            keys = [key for key, name in _KEYS.fields.items() if name in held]
            found[market] = {"name": market, **write_values(values, _KEYS, keys)}
    names = list(found) if layout is None else layout["names"]
    items = [found[name] for name in names]
    return items if layout is not None and layout["bare"] else {"success": True, "result": items}


def _only(document: Json, markets: Collection[str]) -> Json:
    items = [item for item in _items(document) if item["name"] in markets]
    return items if isinstance(document, list) else {**document, "result": items}


FTX = VenueSchema(
    name="ftx",
    title="FTX-style futures (fractions by root of size)",
    source="https://docs.ftx.com/#list-all-futures",
    kept=_KEPT | {"success"},
    fits=_fits,
    read=_read,
    write=_write,
    only=_only,
)
