"""Tiers as parameters of a set, and back; caps keep the unit they count in.

A cap in quote currency is ``tier[i].cap_usd``, in contracts ``tier[i].cap_contracts``, in coins
``tier[i].cap_coins``: a table in contracts or coins is therefore never read as one of notional.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

from plimsoll.adapters.tier_tables.losses import LossLog
from plimsoll.adapters.tier_tables.numbers import LARGEST_AMOUNT, LARGEST_LEVERAGE
from plimsoll.adapters.tier_tables.tier_rows import MarketTiers
from plimsoll.domain.parameters import Origin, Parameter, ParameterSet, Unit
from plimsoll.domain.tiers import Tier
from plimsoll.errors import UsageError
from plimsoll.margin.sided_tiers import MARGINAL_SHARE, SHORT_PREFIX, UP_TO
from plimsoll.margin.tiered.columns import TierMeasure

OWNER = "venue"
CAP_NAMES: Mapping[TierMeasure, str] = {
    TierMeasure.NOTIONAL: "cap_usd",
    TierMeasure.CONTRACTS: "cap_contracts",
    TierMeasure.COINS: "cap_coins",
}
_CAP_UNITS = {
    TierMeasure.NOTIONAL: Unit.USD,
    TierMeasure.CONTRACTS: Unit.CONTRACTS,
    TierMeasure.COINS: Unit.COINS,
}
_MEASURES = {name: measure for measure, name in CAP_NAMES.items()}
_NAME = re.compile(r"tier\[(\d+)\]\.(\w+)")
_RATES = ("maintenance_rate", "initial_rate")


def tier_parameters(market: str, table: MarketTiers) -> Iterator[Parameter]:
    """Yield the parameters of one market's tiers."""
    cap_name = CAP_NAMES[table.measure]
    cap_unit = _CAP_UNITS[table.measure]
    for index, tier in enumerate(table.tiers):
        if tier.cap_usd is not None:
            yield _parameter(market, index, cap_name, tier.cap_usd, cap_unit, LARGEST_AMOUNT)
        for name in _RATES:
            value = getattr(tier, name)
            yield _parameter(market, index, name, value, Unit.FRACTION, Decimal(1))
        leverage = tier.max_leverage
        yield _parameter(market, index, "max_leverage", leverage, Unit.LEVERAGE, LARGEST_LEVERAGE)


def whole_rates(market: str) -> Parameter:
    """Return what says that a market's maintenance rates hold for the whole position."""
    return Parameter(
        market=market,
        name=MARGINAL_SHARE,
        value=Decimal(0),
        unit=Unit.FRACTION,
        lower=Decimal(0),
        upper=Decimal(1),
        grid=Decimal(1),
        owner=OWNER,
        origin=Origin.VENUE,
    )


def tier_tables(
    parameters: ParameterSet, losses: LossLog | None = None, *, whole: bool = False
) -> dict[str, MarketTiers]:
    """Return the tiers of every market that has some.

    Parameters that are no part of a tier go to ``losses``, and so do tables that are of one side or
    of dated futures alone: a venue's file has one table a market. That rates hold for the whole
    position is lost unless the venue's do: ``whole``.

    Raises
    ------
    UsageError
        Where a tier lacks a rate, or caps count in two units.
    """
    found = {}
    for market in parameters.markets:
        held = parameters.of(market)
        dated = UP_TO in held  # of no contract of its own: a venue's file would name one
        tiers = {} if dated else {n: p.value for n, p in held.items() if _is_of_tier(n)}
        said = {MARGINAL_SHARE} if whole and tiers and _is_whole(held) else set()
        for name in held.keys() - tiers.keys() - said if losses is not None else ():
            if losses is not None:
                losses.add(market, name, held[name].value, _why_lost(name, dated=dated))
        if tiers:
            found[market] = replace(_table(market, tiers), whole=_is_whole(held))
    return found


def _is_whole(held: Mapping[str, Parameter]) -> bool:
    return MARGINAL_SHARE in held and held[MARGINAL_SHARE].value == 0


def _why_lost(name: str, *, dated: bool) -> str:
    if dated:
        return "is of dated futures up to some time to expiry, which this schema has no table for"
    if name.startswith(SHORT_PREFIX):
        return "is of shorts alone; this schema has one table for both sides"
    if name == MARGINAL_SHARE:
        return "maintenance rates hold for the whole notional, which this schema does not say"
    return "is no part of a tier table"


def _is_of_tier(name: str) -> bool:
    match = _NAME.fullmatch(name)
    return match is not None and match[2] in (*_MEASURES, *_RATES, "max_leverage")


def _table(market: str, held: Mapping[str, Decimal]) -> MarketTiers:
    measures = {_MEASURES[m[2]] for n in held if (m := _NAME.fullmatch(n)) and m[2] in _MEASURES}
    if len(measures) > 1:
        raise UsageError("must count caps in one unit", found=sorted(measures), field=market)
    measure = measures.pop() if measures else TierMeasure.NOTIONAL
    count = 1 + max(int(m[1]) for n in held if (m := _NAME.fullmatch(n)))
    return MarketTiers(
        tiers=tuple(_tier(market, held, index, CAP_NAMES[measure]) for index in range(count)),
        measure=measure,
    )


def _tier(market: str, held: Mapping[str, Decimal], index: int, cap_name: str) -> Tier:
    prefix = f"tier[{index}]"
    names = [f"{prefix}.{name}" for name in (*_RATES, "max_leverage")]
    missing = [name for name in names if name not in held]
    if missing:
        raise UsageError("must be in the set", found="nothing", field=f"{market}/{missing[0]}")
    maintenance, initial, leverage = (held[name] for name in names)
    return Tier(
        cap_usd=held.get(f"{prefix}.{cap_name}"),
        maintenance_rate=maintenance,
        initial_rate=initial,
        max_leverage=leverage,
    )


def _parameter(
    market: str, index: int, name: str, value: Decimal, unit: Unit, upper: Decimal
) -> Parameter:
    return Parameter(
        market=market,
        name=f"tier[{index}].{name}",
        value=value,
        unit=unit,
        lower=Decimal(0),
        upper=upper,
        owner=OWNER,
        origin=Origin.VENUE,
    )
