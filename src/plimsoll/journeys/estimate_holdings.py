"""Who holds a market, and how long closing it takes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from plimsoll.domain.finding import Reason
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.estimators.liquidity.estimate import LiquidityEstimate
from plimsoll.estimators.liquidity.open_interest import concentration, days_to_liquidate
from plimsoll.journeys.estimate_open_interest import OpenInterest

K = ColumnKind
PARTICIPATION = 0.1
TOP = 5


def holdings_table(
    market: str, held: OpenInterest | None, liquidity: LiquidityEstimate | None
) -> Table:
    """Return open interest with days to liquidate, and concentration by side."""
    notes = [
        f"Days to liquidate: at {100 * PARTICIPATION:g} % of a day's turnover. Effective holders: "
        "one over the sum of squared shares."
    ]
    if held is None:
        rows: list[tuple[Cell, ...]] = [("all", *(None,) * 6, Reason.NO_DATA.value)]
        notes.append(
            "No open interest was given for this market: --open-interest FILE (CSV "
            "market,open_interest_usd or market,side,position_usd)."
        )
    else:
        rows = [("all", held.total_usd, *_days(held.total_usd, liquidity), *(None,) * 4, None)]
        rows += [
            _side(name, sizes, liquidity)
            for name, sizes in (("long", held.longs), ("short", held.shorts))
        ]
        notes += _doubts(held, liquidity)
    return Table(
        name="open_interest",
        title=f"Open interest of {market}",
        columns=(
            Column(name="side", title="Side"),
            Column(name="usd", title="Open interest", kind=K.MONEY, unit="USD", digits=0),
            Column(
                name="days_to_liquidate", title="To liquidate", kind=K.NUMBER, unit="d", digits=3
            ),
            Column(name="holders", title="Holders", kind=K.COUNT),
            Column(name="effective_holders", title="Effective", kind=K.NUMBER, digits=1),
            Column(name="top_share", title="Largest", kind=K.FRACTION, digits=1),
            Column(name="top_five_share", title="Five largest", kind=K.FRACTION, digits=1),
            Column(name="reason", title="Reason"),
        ),
        rows=tuple(rows),
        notes=tuple(notes),
    )


def _days(usd: float, liquidity: LiquidityEstimate | None) -> tuple[Cell]:
    if liquidity is None or not liquidity.daily_volume_usd > 0.0:
        return (None,)
    return (days_to_liquidate(usd, liquidity.daily_volume_usd, participation=PARTICIPATION),)


def _side(
    name: str, sizes: tuple[float, ...], liquidity: LiquidityEstimate | None
) -> tuple[Cell, ...]:
    if not any(sizes):
        return (name, *(None,) * 6, Reason.NO_DATA.value)
    found, five = concentration(np.array(sizes)), concentration(np.array(sizes), top=TOP)
    return (
        name,
        sum(sizes),
        *_days(sum(sizes), liquidity),
        found.holders,
        found.effective_holders,
        found.top_share,
        five.top_share,
        None,
    )


def _doubts(held: OpenInterest, liquidity: LiquidityEstimate | None) -> Iterator[str]:
    if liquidity is None or not liquidity.daily_volume_usd > 0.0:
        yield "No turnover is known, so nobody can say how long closing takes."
    if not held.longs and not held.shorts:
        yield "Totals only: concentration needs positions by holder (market,side,position_usd)."
    long, short = sum(held.longs), sum(held.shorts)
    if abs(long - short) > 0.001 * max(long, short):
        yield (
            f"Longs ({long:,.0f} USD) and shorts ({short:,.0f} USD) differ: positions are missing; "
            "the larger side stands for all."
        )
