"""One row of a venue's list of tiers, read and written by the keys of its schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from plimsoll.adapters.tier_tables.faults import FaultLog, Place
from plimsoll.adapters.tier_tables.json_document import Json
from plimsoll.adapters.tier_tables.losses import LossLog
from plimsoll.adapters.tier_tables.numbers import (
    is_endless,
    read_amount,
    read_leverage,
    read_number,
    read_rate,
)
from plimsoll.adapters.tier_tables.schema import ReadOptions
from plimsoll.adapters.tier_tables.tier_rows import (
    MarketTiers,
    RowNames,
    TierRow,
    check_rows,
    is_rounded_inverse,
    rate_of_leverage,
)
from plimsoll.domain.canonical import decimal_text
from plimsoll.domain.tiers import Tier, TierTable
from plimsoll.errors import ParameterError
from plimsoll.margin.tiered.columns import TierMeasure

SENTINEL = Decimal(9_223_372_036_854_775_807)
"""How a cap is written where a schema has no word for none; Binance's own spelling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowKeys:
    """Keys of one tier.

    Parameters
    ----------
    names : RowNames
        An empty name is a key the schema has not.
    text : frozenset of str
        Keys written as text; the rest as numbers.
    kept : frozenset of str
        Keys carried, not read.
    null_cap : bool
        Whether a cap of null is the schema's own word for none.
    sentinel_cap : bool
        Whether `SENTINEL` is.
    next_lot : bool
        Whether a tier may start one contract above the cap before.
    spellings : mapping of str to str
        Other spellings of keys that the venue uses.
    """

    names: RowNames
    text: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()
    null_cap: bool = False
    sentinel_cap: bool = False
    next_lot: bool = False
    spellings: Mapping[str, str] = field(default_factory=dict)

    @property
    def known(self) -> frozenset[str]:
        """Every key a row may have."""
        own = {v for v in (getattr(self.names, n) for n in self.names.__slots__) if v is not True}
        return frozenset(own - {"", False}) | self.kept | self.spellings.keys()


def read_rows(
    log: FaultLog, market: str, items: Json, keys: RowKeys, options: ReadOptions
) -> tuple[TierRow, ...]:
    """Return the rows of one market, checked; nothing where one cannot be read."""
    if not isinstance(items, list) or not items:
        log.add(Place(market=market), "tiers", items, "must be a list of tiers", "name one or more")
        return ()
    rows = [
        read_row(log, Place(market=market, tier=index), item, keys, options)
        for index, item in enumerate(items, start=1)
    ]
    sound = tuple(row for row in rows if row is not None)
    if len(sound) < len(rows):
        return ()
    before = len(log.faults)
    check_rows(log, market, sound, keys.names)
    return sound if len(log.faults) == before else ()


def read_row(
    log: FaultLog, place: Place, item: Json, keys: RowKeys, options: ReadOptions
) -> TierRow | None:
    """Return one row; None where a number in it cannot be read."""
    if not isinstance(item, dict):
        log.add(place, "tier", item, "must be an object", "see docs/venue-schemas.md")
        return None
    for key in sorted(item.keys() - keys.known):
        log.add(place, key, item[key], "is no key of this schema", "drop it, or name the schema")
    item = {keys.spellings.get(key, key): value for key, value in item.items()}
    names, before = keys.names, len(log.faults)
    maintenance = read_rate(log, place, names.maintenance, item.get(names.maintenance))
    leverage = read_leverage(log, place, names.leverage, item.get(names.leverage))
    initial = _initial(log, place, item, names, leverage)
    floor = read_amount(log, place, names.floor, item.get(names.floor)) if names.floor else None
    cap = _cap(log, place, item, keys, options)
    number, deduction = _number(log, place, item, names), _deduction(log, place, item, names)
    if len(log.faults) > before or maintenance is None or initial is None or leverage is None:
        return None
    return TierRow(
        number=number,
        floor=floor,
        cap=cap,
        maintenance_rate=maintenance,
        initial_rate=initial,
        max_leverage=leverage,
        initial_given=bool(names.initial),
        deduction=deduction,
        next_lot=keys.next_lot,
    )


def market_tiers(
    log: FaultLog, market: str, rows: Sequence[TierRow], measure: TierMeasure
) -> MarketTiers | None:
    """Return the table of rows that passed; the domain has the last word."""
    tiers = tuple(row.tier() for row in rows)
    try:
        TierTable(tiers)
    except ParameterError as error:
        log.add(Place(market=market), error.field, error.found, error.must, "correct the table")
        return None
    return MarketTiers(tiers=tiers, measure=measure)


def write_rows(
    market: str, table: MarketTiers, keys: RowKeys, losses: LossLog | None
) -> list[dict[str, Json]]:
    """Return the rows of one market; with ``losses`` open caps get a spelling of the schema.

    Without it they are null, for a carried file to fill in.
    """
    domain = TierTable(table.tiers)
    steps = zip(table.tiers, domain.lower_bounds_usd, domain.deductions_usd, strict=True)
    return [
        _written(market, index, tier, (floor, deduction), keys, losses)
        for index, (tier, floor, deduction) in enumerate(steps)
    ]


def _written(
    market: str,
    index: int,
    tier: Tier,
    joint: tuple[Decimal, Decimal],
    keys: RowKeys,
    losses: LossLog | None,
) -> dict[str, Json]:
    names, (floor, deduction) = keys.names, joint
    cap = tier.cap_usd
    if losses is not None:
        cap = _open_cap(market, index, tier, keys, losses)
        if not names.initial and not is_rounded_inverse(tier.initial_rate, tier.max_leverage):
            why = f"this schema has only the leverage, {tier.max_leverage}"
            losses.add(market, f"tier[{index}].initial_rate", tier.initial_rate, why)
    values = {
        names.number: Decimal(index + 1),
        names.floor: floor,
        names.cap: cap,
        names.maintenance: tier.maintenance_rate,
        names.initial: tier.initial_rate,
        names.leverage: tier.max_leverage,
        names.deduction: deduction,
    }
    return {key: _spelled(key, value, keys) for key, value in values.items() if key}


def _open_cap(
    market: str, index: int, tier: Tier, keys: RowKeys, losses: LossLog
) -> Decimal | None:
    if tier.cap_usd is not None or keys.null_cap:
        return tier.cap_usd
    if not keys.sentinel_cap:
        why = f"this schema has no open tier; written as {SENTINEL}"
        losses.add(market, f"tier[{index}].cap", "none", why)
    return SENTINEL


def _spelled(key: str, value: Decimal | None, keys: RowKeys) -> Json:
    if value is None:
        return None
    plain = Decimal(decimal_text(value))
    return decimal_text(plain) if key in keys.text else plain


def _initial(
    log: FaultLog, place: Place, item: Json, names: RowNames, leverage: Decimal | None
) -> Decimal | None:
    if names.initial:
        return read_rate(log, place, names.initial, item.get(names.initial))
    return None if leverage is None else rate_of_leverage(leverage)


def _cap(
    log: FaultLog, place: Place, item: Json, keys: RowKeys, options: ReadOptions
) -> Decimal | None:
    name = keys.names.cap
    value = item.get(name)
    if value is None and keys.null_cap and name in item:
        return None
    if name not in item:
        log.add(place, name, None, "is missing", "give the upper end of the tier")
        return None
    if is_endless(value):
        if not options.open_caps:
            remedy = "give the cap, or read it as no limit with --open-caps"
            log.add(place, name, value, 'is a sentinel for "no limit"', remedy)
        return None
    return read_amount(log, place, name, value)


def _number(log: FaultLog, place: Place, item: Json, names: RowNames) -> int | None:
    if names.number not in item:
        return None
    value = read_number(log, place, names.number, item[names.number])
    if value is not None and value != value.to_integral_value():
        log.add(place, names.number, value, "is no whole number", "number the tiers 1, 2, 3")
    return None if value is None else int(value)


def _deduction(log: FaultLog, place: Place, item: Json, names: RowNames) -> Decimal | None:
    value = item.get(names.deduction) if names.deduction else None
    return None if value in (None, "") else read_amount(log, place, names.deduction, value)
