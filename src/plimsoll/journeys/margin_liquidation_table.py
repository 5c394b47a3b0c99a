"""Liquidation prices as a table, with what each row means in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.journeys.coin_volatility import CoinVolatility
from plimsoll.journeys.margin_health import NOT_JUDGED, currency_column, shared_currency
from plimsoll.journeys.margin_liquidation import LiquidationLine
from plimsoll.margin.liquidation import ClosingCosts, LiquidationPrice, LiquidationStatus

STATUS_WORDS = {
    LiquidationStatus.AT_PRICE: "",
    LiquidationStatus.NEVER: "covered at every price",
    LiquidationStatus.BEYOND_LAST_TIER: "beyond the last tier first",
    LiquidationStatus.ALREADY: "short already",
    LiquidationStatus.NO_NUMBER: "no number",
}


def liquidation_table(
    lines: Sequence[LiquidationLine],
    *,
    costs: ClosingCosts,
    volatilities: Mapping[str, CoinVolatility],
    horizon_hours: float,
) -> Table:
    """Return one row per unit and path: price below and above, each with its distance."""
    currency, _ = shared_currency(line.currency for line in lines)
    digits = 2 if all(line.price_now >= 100.0 for line in lines) else 6
    return Table(
        name="liquidation",
        title="Liquidation prices",
        columns=(
            Column(name="account", title="Account"),
            *currency_column(currency if lines else "-"),
            Column(name="unit", title="Margin unit"),
            Column(name="moves", title="What moves"),
            _number("price_now", "Price now", digits),
            *_side("down", "Below", digits),
            *_side("up", "Above", digits),
            Column(name="reason", title="No price"),
        ),
        rows=tuple(_cells(line, currency) for line in lines),
        notes=tuple(_notes(lines, costs, volatilities, horizon_hours)),
    )


def _number(name: str, title: str, digits: int, unit: str = "") -> Column:
    return Column(name=name, title=title, kind=ColumnKind.NUMBER, unit=unit, digits=digits)


def _side(name: str, title: str, digits: int) -> tuple[Column, ...]:
    return (
        _number(name, title, digits),
        Column(name=f"{name}_fraction", title=title, kind=ColumnKind.FRACTION, digits=1),
        _number(f"{name}_deviations", title, 1, "sd"),
    )


def _cells(line: LiquidationLine, currency: str) -> tuple[Cell, ...]:
    return (
        line.account,
        *(() if currency else (line.currency,)),
        line.unit,
        f"{line.moves}, all its markets" if line.is_coin else line.moves,
        line.price_now,
        price_of(line.down),
        line.down_fraction,
        line.down_deviations,
        price_of(line.up),
        line.up_fraction,
        line.up_deviations,
        _reason(line),
    )


def price_of(found: LiquidationPrice) -> float:
    """Return the price, NaN where there is none to be told."""
    return float(found.price) if _has_price(found) and found.price is not None else math.nan


def _has_price(found: LiquidationPrice) -> bool:
    return found.status is LiquidationStatus.AT_PRICE


def _reason(line: LiquidationLine) -> str:
    if not line.judged:
        return NOT_JUDGED
    sides = {"below": line.down, "above": line.up}
    words = {side: STATUS_WORDS[found.status] for side, found in sides.items()}
    if words["below"] == words["above"]:
        return words["below"]
    return "; ".join(f"{side}: {text}" for side, text in words.items() if text)


def _notes(
    lines: Sequence[LiquidationLine],
    costs: ClosingCosts,
    volatilities: Mapping[str, CoinVolatility],
    horizon_hours: float,
) -> list[str]:
    notes = [
        "The mark at which equity meets maintenance, by the same model; other markets stand still."
    ]
    coins = [line.moves for line in lines if line.is_coin]
    if coins:
        notes.append(
            f"{', '.join(dict.fromkeys(coins))}, all its markets: index, spot, futures and "
            "forwards move by one factor, options at unchanged volatility; the price is the index."
        )
    if costs.fee_rate or costs.funding_payments:
        notes.append(
            f"Equity also bears a closing fee of {costs.fee_rate:.4%} and "
            f"{costs.funding_payments:g} funding payments."
        )
    else:
        notes.append("No closing fee and no funding to come is counted.")
    known = [f"{coin} {v.annual:.1%} ({v.source})" for coin, v in sorted(volatilities.items())]
    if known:
        notes.append(
            f"sd: of {horizon_hours:g} hours at a yearly volatility of {'; '.join(known)}."
        )
    missing = _without_volatility(lines)
    if missing:
        notes.append(f"No volatility is known for {', '.join(missing)}: distances in % only.")
    return notes


def _without_volatility(lines: Sequence[LiquidationLine]) -> list[str]:
    found: dict[str, None] = {}
    for line in lines:
        pairs = (
            (line.down_fraction, line.down_deviations),
            (line.up_fraction, line.up_deviations),
        )
        if any(math.isfinite(f) and math.isnan(d) for f, d in pairs):
            found[line.moves] = None
    return list(found)
