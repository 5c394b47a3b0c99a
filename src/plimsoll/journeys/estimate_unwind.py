"""How long closing a position takes at its cheapest, and what it costs, by size."""

from __future__ import annotations

import numpy as np

from plimsoll.domain.finding import Reason
from plimsoll.domain.table import Cell, Column, ColumnKind, Table, iso_minute
from plimsoll.estimators.liquidity.estimate import LiquidityEstimate, Source
from plimsoll.estimators.liquidity.margin_figures import UnwindRule
from plimsoll.journeys.estimate_tables import known
from plimsoll.maths.impact_laws import Unwind, optimal_unwind

K = ColumnKind
SIZES_USD = (1e5, 1e6, 1e7)
ETA_LOW, ETA_HIGH = 0.5, 1.5
"""Range of eta around its value, as that of Y: nobody fitted it to coins."""
_FROM = {
    Source.BOOKS: "From recorded books: c(Q) walked, two standard errors (of ten books or more; "
    "fewer have none); spread of the books.",
    Source.BARS: "From bars alone, no books: half the spread of bars and the square-root law, Y "
    "0.5 to 1.5.",
    Source.CLASS: "Neither books nor turnover of its own: spread, turnover and Y of its class, or "
    "of all markets where --classes names none.",
}


def unwind_table(market: str, liquidity: LiquidityEstimate | None, reason: Reason | None) -> Table:
    """Return cost at once c(Q), liquidation horizon h* and cost of the cheapest unwind, by size."""
    rule = UnwindRule()
    rows = tuple(_rows(liquidity, reason, rule))
    return Table(
        name="unwind",
        title=f"Liquidity of {market}: cost at once and cheapest unwind",
        columns=(
            Column(name="size_usd", title="Size", kind=K.MONEY, unit="USD", digits=0),
            Column(name="turnover_share", title="Of a day's turnover", kind=K.FRACTION, digits=3),
            *_range("cost", "c(Q) at once"),
            Column(
                name="horizon_hours",
                title="h*",
                kind=K.NUMBER,
                unit="h",
                digits=1,
                about="Cheapest time of an even unwind, not below the hour that margin covers.",
            ),
            *_range("unwind", "c(h*)"),
            Column(
                name="add_on_bps",
                title="Add-on",
                kind=K.NUMBER,
                unit="bps",
                digits=1,
                about="c(h*) less the price risk of the hour that margin covers.",
            ),
            Column(name="source", title="From"),
            Column(name="reason", title="Reason"),
        ),
        rows=rows,
        notes=(
            "No books, and no turnover: needs a volume column, --books, or markets of the class."
            if liquidity is None
            else f"{_FROM[liquidity.source]} Last observation {iso_minute(liquidity.at_ns)} UTC.",
            f"c(h*): half the spread, impact of an even unwind (\u03b7 {rule.impact:g}, "
            f"{ETA_LOW:g} to {ETA_HIGH:g} times it) and its price risk at {rule.quantile:g} s.d., "
            f"at {100 * rule.participation:g} % of turnover at most. Low and high: both ends of "
            "spread and \u03b7.",
        ),
    )


def _rows(
    liquidity: LiquidityEstimate | None, reason: Reason | None, rule: UnwindRule
) -> list[tuple[Cell, ...]]:
    if liquidity is None:
        why = (reason or Reason.NO_DATA).value
        return [(size, *(None,) * 10, why) for size in SIZES_USD]
    sizes = np.array(SIZES_USD)
    curves = (liquidity.cost, liquidity.cost_low, liquidity.cost_high)
    costs = [1e4 * np.interp(sizes, liquidity.notional_usd, curve) for curve in curves]
    blank: tuple[Cell, ...] = (None,) * 5
    source = liquidity.source.value
    if not liquidity.daily_volume_usd * liquidity.daily_volatility > 0.0:
        return [
            (size, None, *(known(c[k]) for c in costs), *blank, source, Reason.NO_DATA.value)
            for k, size in enumerate(SIZES_USD)
        ]
    point, low, high = (
        _unwind(liquidity, sizes, spread, eta * rule.impact, rule)
        for spread, eta in (
            (liquidity.relative_spread, 1.0),
            (liquidity.spread_low, ETA_LOW),
            (liquidity.spread_high, ETA_HIGH),
        )
    )
    return [
        (
            size,
            size / liquidity.daily_volume_usd,
            *(known(c[k]) for c in costs),
            24.0 * float(point.horizon_days[k]),
            *(1e4 * float(found.rate[k]) for found in (point, low, high)),
            1e4 * float(point.add_on[k]),
            source,
            None,
        )
        for k, size in enumerate(SIZES_USD)
    ]


def _unwind(
    liquidity: LiquidityEstimate,
    sizes: np.ndarray,
    spread: float,
    eta: float,
    rule: UnwindRule,
) -> Unwind:
    return optimal_unwind(
        sizes,
        volume=liquidity.daily_volume_usd,
        volatility=liquidity.daily_volatility,
        half_spread=0.5 * spread,
        impact=eta,
        quantile=rule.quantile,
        covered_days=rule.covered_hours / 24.0,
        participation=rule.participation,
    )


def _range(name: str, title: str) -> tuple[Column, ...]:
    return tuple(
        Column(name=f"{name}{end}_bps", title=words, kind=K.NUMBER, unit="bps", digits=1)
        for end, words in (("", title), ("_low", "low"), ("_high", "high"))
    )
