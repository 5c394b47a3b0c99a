"""The reference distribution of all markets as tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from plimsoll.domain.finding import Reason
from plimsoll.domain.table import Cell, Column, ColumnKind, Table, iso_minute
from plimsoll.estimators.liquidity.estimate import LiquidityEstimate, Source
from plimsoll.estimators.nightly.estimate import NightlyEstimate
from plimsoll.estimators.nightly.market_tails import SideTail

K = ColumnKind
COST_SIZES_USD = (1e5, 1e6)
_NO_COST = {Reason.NO_DATA: "no turnover, books or peers"}
_GIVEN = "Given the volatility: of the tail and of the market's level, clustered by day."


def market_tables(
    found: NightlyEstimate, refused: Mapping[str, Reason] | None = None
) -> tuple[Table, ...]:
    """Return risk by horizon, then tails, costs and volatility, a row for every market.

    Parameters
    ----------
    found : NightlyEstimate
    refused : mapping of str to Reason, optional
        Markets that never came as far as the estimate.
    """
    others = dict(refused or {})
    risk = (_risk_table(found, k, others) for k in range(len(found.horizons)))
    return (*risk, _tail_table(found))


def _risk_table(found: NightlyEstimate, which: int, refused: Mapping[str, Reason]) -> Table:
    risk = found.horizons[which]
    hours = risk.horizon_hours
    sides = tuple(
        column
        for side in ("long", "short")
        for short, long in (("var", "VaR"), ("es", "ES"))
        for column in (
            _percent(
                f"{short}_{side}",
                f"{long} {side}",
                "Loss exceeded with 1 % over the horizon, as a share of notional."
                if short == "var"
                else "Mean loss beyond it.",
            ),
            _percent(f"{short}_{side}_se", "s.e.", _GIVEN),
        )
    )
    blank = (None,) * (3 + len(sides))
    rows = [_risk_row(found, which, j) for j in range(len(found.markets))]
    rows += [(m, None, None, *blank, reason.value) for m, reason in refused.items()]
    return Table(
        name=f"risk_{hours}h",
        title=f"Risk over {hours} h",
        columns=(
            Column(name="market", title="Market"),
            Column(name="class", title="Class"),
            Column(name="age_days", title="Age", kind=K.COUNT, unit="d", about=_AGE),
            Column(
                name="volatility_annual",
                title="Vol a year",
                kind=K.FRACTION,
                digits=0,
                about="Forecast of the next bar, times the root of bars in 365 days.",
            ),
            Column(
                name="volatility_se",
                title="s.e.",
                kind=K.FRACTION,
                digits=0,
                about="Sampling error of the weighted squares.",
            ),
            *sides,
            Column(
                name="errors_of",
                title="s.e. of",
                about="What the standard errors of VaR and ES measure; the volatility is given.",
            ),
            Column(name="reason", title="Reason", about="Why there is no number, or what to know."),
        ),
        rows=tuple(rows),
        notes=_risk_notes(found),
    )


_AGE = "Days since the first price in the data."


def _risk_row(found: NightlyEstimate, which: int, j: int) -> tuple[Cell, ...]:
    risk, reason = found.horizons[which], found.reasons[j]
    numbers: list[Cell] = []
    for side in range(2):
        for value, error in (
            (risk.value_at_risk, risk.value_at_risk_error),
            (risk.expected_shortfall, risk.expected_shortfall_error),
        ):
            numbers += [known(value[j, side]), known(error[j, side])]
    flags = ", ".join(flag.value for flag in found.flags[j])
    annual = found.volatility_annual[j]
    return (
        found.markets[j],
        found.classes[j] or None,
        known(found.age_days[j]),
        known(annual),
        known(annual * found.volatility_log_error[j]),
        *numbers,
        ", ".join(part.value for part in found.errors_of(found.markets[j])) or None,
        (flags or None) if reason is None else reason.value,
    )


def _risk_notes(found: NightlyEstimate) -> tuple[str, ...]:
    tail = 100.0 * found.settings.blend.tail
    return (
        f"As of {iso_minute(found.time_ns)} UTC (the last midnight within the data, unless named), "
        "at 99 %.",
        f"{found.settings.blend.title}. Shares of notional, linear contract; the quantile is "
        f"read at {tail:g} % so that 1 % is met out of sample.",
        "Standard errors are given the volatility, clustered by day. Those of young markets are of "
        "the pooled tail and of the market's own level alone, and so smaller: that little is known "
        "of the market is in the quantile itself.",
        "Young markets: predictive quantiles from past listings and peers.",
        "closed_hours: over the largest close-out begun before the next midnight, in hours of open "
        "market. wide_error: a standard error exceeds its number; lean on the class or on books.",
    )


def _tail_table(found: NightlyEstimate) -> Table:
    sizes = [s for s in COST_SIZES_USD if s <= max(found.settings.notional_usd)]
    costs = tuple(
        Column(
            name=f"cost_{_short(size)}_{part}",
            title=f"{_short(size)} {title}".strip(),
            kind=K.NUMBER,
            unit="bps",
            digits=1,
            about=about,
        )
        for size in sizes
        for part, title, about in (
            ("bps", "", "Cost of closing so many dollars at once, half the spread included."),
            ("low_bps", "low", "Low end: range of spread and impact, or two standard errors."),
            ("high_bps", "high", "High end of the same."),
        )
    )
    return Table(
        name="tails_and_costs",
        title="Tails of standardised returns, and cost of closing at once",
        columns=(
            Column(name="market", title="Market"),
            *(c for side in ("falls", "rises") for c in _shape_columns(side)),
            Column(name="flags", title="Flags", about="Of either tail."),
            Column(
                name="source",
                title="Costs from",
                about="books, bars, the class, or all markets where none is named.",
            ),
            *costs,
            Column(name="reason", title="Reason", about="Why there is no tail, or no cost."),
        ),
        rows=tuple(_tail_row(found, j, sizes) for j in range(len(found.markets))),
        notes=(
            f"Generalised Pareto beyond the {100.0 * found.settings.tail.tail_fraction:g} % "
            f"threshold of returns of a bar over their forecast volatility, last "
            f"{found.settings.recent_days} days; errors by sandwich, clusters of "
            f"{found.settings.cluster_hours} h.",
            f"Costs over the last {found.settings.liquidity_days} days of bars: half the spread "
            "and the square-root law; turnover is volume times close, taken as dollars.",
        ),
    )


def _shape_columns(side: str) -> tuple[Column, Column]:
    about = "Shape; above 0.5 the variance is infinite."
    return (
        Column(name=f"xi_{side}", title=f"\u03be {side}", kind=K.NUMBER, about=about),
        Column(name=f"xi_{side}_se", title="s.e.", kind=K.NUMBER, about="Clustered by day."),
    )


def _tail_row(found: NightlyEstimate, j: int, sizes: list[float]) -> tuple[Cell, ...]:
    tails, market = found.tails[j], found.markets[j]
    shapes = [cell for side in (tails.falls, tails.rises) for cell in _shape(side)]
    flags = dict.fromkeys(f.value for side in (tails.falls, tails.rises) for f in side.flags)
    liquidity = found.liquidity.estimates.get(market)
    costs: list[Cell] = [None] * (3 * len(sizes))
    if liquidity is not None:
        usd = liquidity.notional_usd
        curves = (liquidity.cost, liquidity.cost_low, liquidity.cost_high)
        costs = [known(1e4 * np.interp(s, usd, curve)) for s in sizes for curve in curves]
    return (
        market,
        *shapes,
        ", ".join(flags) or None,
        None if liquidity is None else _source(liquidity, found.classes[j]),
        *costs,
        ", ".join(dict.fromkeys(_why(found, j))) or None,
    )


def _source(liquidity: LiquidityEstimate, kind: str) -> str:
    """Where costs are from; without classes the only one is that of all markets."""
    nameless = liquidity.source is Source.CLASS and not kind
    return "all markets" if nameless else liquidity.source.value


def _why(found: NightlyEstimate, j: int) -> Iterator[str]:
    market = found.markets[j]
    if found.reasons[j] is not None:
        yield str(found.reasons[j])
    for side in (found.tails[j].falls, found.tails[j].rises):
        if side.reason is not None:
            yield f"tail: {side.reason}"
    if market in found.liquidity.reasons:
        why = found.liquidity.reasons[market]
        yield f"cost: {_NO_COST.get(why, why)}"


def _shape(side: SideTail) -> tuple[Cell, Cell]:
    return (None, None) if side.tail is None else (side.tail.xi, known(side.xi_error))


def known(value: float) -> Cell:
    """A number, or nothing in place of a NaN."""
    return float(value) if np.isfinite(value) else None


def _short(size: float) -> str:
    return f"{size / 1e6:g}M" if size >= 1e6 else f"{size / 1e3:g}k"


def _percent(name: str, title: str, about: str) -> Column:
    return Column(name=name, title=title, kind=K.FRACTION, digits=2, about=about)
