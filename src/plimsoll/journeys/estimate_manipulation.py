"""What moving one market's price costs, against what open interest would gain by it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from plimsoll.domain.finding import Reason
from plimsoll.domain.order_book import OrderBook
from plimsoll.domain.table import Cell, Column, ColumnKind, Table, iso_minute
from plimsoll.estimators.liquidity.estimate import LiquidityEstimate, Source
from plimsoll.estimators.liquidity.manipulation import push_mid
from plimsoll.journeys.estimate_open_interest import OpenInterest

K = ColumnKind
SHIFT = 0.01
"""Move of the price that manipulation is priced for."""
LAW = "square root"


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """One push of the price: the order it takes, its range, and what is lost on it."""

    direction: str
    source: str
    taken_usd: float
    low_usd: float | None
    high_usd: float | None
    loss_usd: float
    reached: bool | None


def manipulation_table(
    market: str,
    held: OpenInterest | None,
    liquidity: LiquidityEstimate | None,
    book: OrderBook | None,
) -> Table:
    """Return what a push of the price by `SHIFT` takes: of a recorded book, and by the law.

    Parameters
    ----------
    market : str
    held : OpenInterest or None
    liquidity : LiquidityEstimate or None
    book : OrderBook or None
        The last good one of a recording, quoted in dollars.
    """
    pushes = [*_of_book(book), *_of_law(liquidity)]
    gain = None if held is None else SHIFT * held.total_usd
    rows = [_row(push, gain) for push in pushes]
    return Table(
        name="manipulation",
        title=f"Cost of moving the price of {market} by {100 * SHIFT:g} %",
        columns=(
            Column(name="direction", title="Push"),
            Column(name="source", title="From"),
            _usd("taken_usd", "Order", "Quote currency of the levels in the way, as dollars."),
            _usd("taken_low_usd", "low", "Y at the high end of its range."),
            _usd("taken_high_usd", "high", "Y at the low end of its range."),
            _usd("loss_usd", "Loss", "Paid beyond mid, were the price to come back."),
            Column(name="reached", title="Within the book", kind=K.FLAG),
            _usd("gain_usd", "Gain of all OI", "Of a holder of one whole side."),
            Column(name="loss_over_gain", title="Loss over gain", kind=K.NUMBER, digits=3),
            Column(name="reason", title="Reason"),
        ),
        rows=tuple(rows) or (("up or down", *(None,) * 8, Reason.NO_DATA.value),),
        notes=tuple(_notes(pushes, held, liquidity, book)),
    )


def _row(push: Push, gain: float | None) -> tuple[Cell, ...]:
    return (
        push.direction,
        push.source,
        push.taken_usd,
        push.low_usd,
        push.high_usd,
        push.loss_usd,
        push.reached,
        gain,
        push.loss_usd / gain if gain and push.reached is not False else None,
        None,
    )


def _of_book(book: OrderBook | None) -> list[Push]:
    if book is None:
        return []
    found = []
    for direction, shift in (("up", SHIFT), ("down", -SHIFT)):
        push = push_mid(book, shift)
        found.append(
            Push(
                direction=direction,
                source=Source.BOOKS.value,
                taken_usd=push.taken,
                low_usd=None,
                high_usd=None,
                loss_usd=push.loss,
                reached=push.reached,
            )
        )
    return found


def _of_law(liquidity: LiquidityEstimate | None) -> list[Push]:
    """The square-root law turned round: ``Q = V (shift / (Y sigma))^2``, lost at c(Q)."""
    if liquidity is None or not liquidity.daily_volume_usd * liquidity.daily_volatility > 0.0:
        return []

    def order(impact: float) -> float:
        return liquidity.daily_volume_usd * (SHIFT / (impact * liquidity.daily_volatility)) ** 2

    taken = order(liquidity.impact)
    return [
        Push(
            direction="up or down",
            source=LAW,
            taken_usd=taken,
            low_usd=order(liquidity.impact_high),
            high_usd=order(liquidity.impact_low),
            loss_usd=taken * (0.5 * liquidity.relative_spread + SHIFT),
            reached=None,
        )
    ]


def _notes(
    pushes: list[Push],
    held: OpenInterest | None,
    liquidity: LiquidityEstimate | None,
    book: OrderBook | None,
) -> Iterator[str]:
    if book is not None:
        yield (
            f"books: levels in the way of the mid at {iso_minute(book.at_ns)} UTC, the last good "
            "book. Where it ends before, order and loss are lower bounds, and no ratio is given. "
            "Refills and hidden orders are not in it."
        )
    if any(push.source == LAW for push in pushes) and liquidity is not None:
        origin = "of the class" if liquidity.source is Source.CLASS else "of bars"
        yield (
            f"square root: r = Y \u03c3 \u221a(Q/V) turned round, turnover and volatility "
            f"{origin}, with its range of Y; the loss is that order's own cost."
        )
    if not pushes:
        yield "Neither books nor turnover: nobody can say."
    yield (
        "One venue's part: a weighted median moves only where venues of half its weight are "
        "pushed. Loss over gain below 1: a push would pay."
    )
    if held is None:
        yield "No open interest was given for this market (--open-interest FILE)."


def _usd(name: str, title: str, about: str) -> Column:
    return Column(name=name, title=title, kind=K.MONEY, unit="USD", digits=0, about=about)
