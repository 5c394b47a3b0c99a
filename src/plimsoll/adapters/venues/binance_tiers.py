"""Binance USD-M leverage brackets in the schema of ccxt's ``fetch_leverage_tiers``.

The file maps a unified symbol to a list of brackets with ``minNotional``, ``maxNotional``,
``maintenanceMarginRate``, ``maxLeverage`` and, under ``info``, the venue's own cumulated deduction
``cum``. Numbers are read as decimals, so the identity of the deductions is checked exactly.
Notional is in the contract's quote currency.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal
from itertools import pairwise
from pathlib import Path

from plimsoll.domain.tiers import Tier, TierTable
from plimsoll.errors import DataFormatError, ParameterError

_CEILING = Context(prec=28, rounding=ROUND_CEILING)
_NUMBERS = ("minNotional", "maxNotional", "maintenanceMarginRate", "maxLeverage")


@dataclass(frozen=True, slots=True, kw_only=True)
class TierFault:
    """What is wrong with one bracket of one market."""

    market: str
    tier: int
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bracket:
    """One bracket as published; ``cum`` is None where the venue's own fields are absent."""

    floor: Decimal
    cap: Decimal
    maintenance_rate: Decimal
    max_leverage: Decimal
    cum: Decimal | None


def read_leverage_tiers(path: Path) -> Mapping[str, TierTable]:
    """Return the tier table of each market of a ccxt leverage-tier file.

    The initial rate of a bracket is the inverse of its highest leverage, rounded up at 28 digits.

    Raises
    ------
    DataFormatError
        Where the file is not of this schema, and for gaps, overlaps, caps or rates that do not
        rise, and deductions other than continuity demands: all of them in one message.
    """
    brackets = read_brackets(path)
    faults = [
        fault
        for market, listed in brackets.items()
        for fault in (*bracket_faults(market, listed), *deduction_faults(market, listed))
    ]
    if faults:
        raise _refusal(path, faults)
    return {market: _table(market, listed) for market, listed in brackets.items()}


def read_brackets(path: Path) -> Mapping[str, tuple[Bracket, ...]]:
    """Return the brackets as published, unchecked but for their schema."""
    try:
        document = json.loads(
            path.read_text(encoding="utf-8-sig"), parse_float=Decimal, parse_int=Decimal
        )
    except (OSError, ValueError) as error:
        raise DataFormatError(
            "must be a readable JSON file", found=str(error), field=str(path)
        ) from error
    if not isinstance(document, dict) or not document:
        raise DataFormatError(
            "must map symbols to lists of brackets", found=type(document).__name__, field=str(path)
        )
    return {market: _brackets(market, listed) for market, listed in document.items()}


def bracket_faults(market: str, brackets: tuple[Bracket, ...]) -> Iterator[TierFault]:
    """Yield gaps, overlaps, and caps, rates or leverages out of order."""
    if brackets[0].floor != 0:
        yield TierFault(market=market, tier=0, problem=f"starts at {brackets[0].floor}, not 0")
    for row, bracket in enumerate(brackets):
        if bracket.cap <= bracket.floor:
            problem = f"cap {bracket.cap} is not above floor {bracket.floor}"
            yield TierFault(market=market, tier=row, problem=problem)
    for row, (lower, upper) in enumerate(pairwise(brackets), start=1):
        yield from (
            TierFault(market=market, tier=row, problem=problem)
            for problem in _step_problems(lower, upper)
        )


def deduction_faults(market: str, brackets: tuple[Bracket, ...]) -> Iterator[TierFault]:
    """Yield published deductions that break ``D_i = D_(i-1) + floor_i (m_i - m_(i-1))``."""
    expected, rate = Decimal(0), brackets[0].maintenance_rate
    for row, bracket in enumerate(brackets):
        expected += bracket.floor * (bracket.maintenance_rate - rate)
        rate = bracket.maintenance_rate
        if bracket.cum is not None and bracket.cum != expected:
            problem = f"deduction {bracket.cum} where continuity demands {expected}"
            yield TierFault(market=market, tier=row, problem=problem)


def _step_problems(lower: Bracket, upper: Bracket) -> Iterator[str]:
    if upper.floor > lower.cap:
        yield f"gap between {lower.cap} and {upper.floor}"
    if upper.floor < lower.cap:
        yield f"overlap between {upper.floor} and {lower.cap}"
    if upper.maintenance_rate < lower.maintenance_rate:
        yield f"rate falls from {lower.maintenance_rate} to {upper.maintenance_rate}"
    if upper.max_leverage > lower.max_leverage:
        yield f"leverage rises from {lower.max_leverage} to {upper.max_leverage}"


def _brackets(market: str, listed: object) -> tuple[Bracket, ...]:
    if not isinstance(listed, list) or not listed:
        raise DataFormatError("must be a list of brackets", found=listed, field=market)
    return tuple(_bracket(market, row, item) for row, item in enumerate(listed))


def _bracket(market: str, row: int, item: object) -> Bracket:
    if not isinstance(item, dict):
        raise DataFormatError("must be a bracket", found=item, field=market, row=row)
    floor, cap, rate, leverage = (_number(item, name, market, row) for name in _NUMBERS)
    info = item.get("info")
    cum = info.get("cum") if isinstance(info, dict) else None
    return Bracket(
        floor=floor,
        cap=cap,
        maintenance_rate=rate,
        max_leverage=leverage,
        cum=None if cum is None else Decimal(str(cum)),
    )


def _number(item: Mapping[str, object], name: str, market: str, row: int) -> Decimal:
    value = item.get(name)
    if not isinstance(value, Decimal) or not value.is_finite():
        raise DataFormatError(
            "must be a finite number", found=value, field=f"{market}.{name}", row=row
        )
    return value


def _table(market: str, brackets: tuple[Bracket, ...]) -> TierTable:
    try:
        return TierTable(
            tuple(
                Tier(
                    cap_usd=bracket.cap,
                    maintenance_rate=bracket.maintenance_rate,
                    initial_rate=_CEILING.divide(Decimal(1), bracket.max_leverage),
                    max_leverage=bracket.max_leverage,
                )
                for bracket in brackets
            )
        )
    except (ParameterError, ArithmeticError) as error:
        raise DataFormatError(
            "must have usable rates and leverages", found=str(error), field=market
        ) from error


def _refusal(path: Path, faults: list[TierFault]) -> DataFormatError:
    shown = "; ".join(f"{f.market} tier {f.tier + 1}: {f.problem}" for f in faults[:10])
    more = f"; and {len(faults) - 10} more" if len(faults) > 10 else ""
    return DataFormatError(
        "brackets must join without gap or overlap, rise, and deduct what continuity demands",
        found=f"{shown}{more}",
        field=str(path),
        remedy="correct the file or take a newer download",
    )
