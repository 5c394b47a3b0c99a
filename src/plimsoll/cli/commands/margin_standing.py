"""``plimsoll margin --health`` and ``--plan``: what they ask of a result, and how it is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from plimsoll.cli.option_names import naming

if TYPE_CHECKING:
    from plimsoll.cli.output import Output
    from plimsoll.domain.table import Table
    from plimsoll.journeys.margin_standing import Listing, Standing

Health = Annotated[
    bool,
    typer.Option(
        "--health",
        help="How each margin unit stands: maintenance over equity, liquidation prices of each "
        "market and coin with their distance, margin calls with reasons and cures.",
    ),
]
Plan = Annotated[
    str | None,
    typer.Option("--plan", help="Liquidate this account step by step until its target is met."),
]
Volatility = Annotated[
    list[str] | None,
    typer.Option(
        "--volatility",
        help="COIN=FRACTION a year, for distances in standard deviations; else as options show. "
        "With --health; several times.",
    ),
]
ClosingFee = Annotated[
    float,
    typer.Option(
        "--closing-fee", help="With --health: fee of being closed that equity bears, of notional."
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingRequest:
    """What of a standing is asked for."""

    health: bool = False
    plan: str | None = None
    volatility: dict[str, float] = field(default_factory=dict)
    closing_fee: float = 0.0

    def __bool__(self) -> bool:
        return self.health or self.plan is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Tables for people, plain values for the document, listings for the page."""

    tables: tuple[Table, ...] = ()
    document: dict[str, Any] = field(default_factory=dict)
    listings: tuple[Listing[Any], ...] = ()


def standing_request(
    health: bool, plan: str | None, volatility: list[str] | None, closing_fee: float
) -> StandingRequest:
    """Read the options; distances are only told with ``--health``.

    Raises
    ------
    UsageError
    """
    from plimsoll.errors import UsageError

    if not health and (volatility or closing_fee):
        raise UsageError(
            "must be given with --health",
            found="no --health",
            field="--volatility" if volatility else "--closing-fee",
            remedy="add --health",
        )
    if not 0.0 <= closing_fee < 1.0:
        raise UsageError(
            "must be a share of notional, from 0 to below 1",
            found=closing_fee,
            field="--closing-fee",
            remedy="such as 0.0005, five basis points",
        )
    return StandingRequest(
        health=health,
        plan=plan,
        volatility=dict(_pair(text) for text in volatility or ()),
        closing_fee=closing_fee,
    )


def _pair(text: str) -> tuple[str, float]:
    from plimsoll.errors import UsageError

    coin, mark, number = text.partition("=")
    try:
        if coin and mark:
            return coin.strip(), float(number)
    except ValueError:
        pass
    raise UsageError(
        "must be COIN=FRACTION", found=text, field="--volatility", remedy="such as BTC=0.6"
    )


def told_standing(output: Output, standing: Standing, asked: StandingRequest) -> Told:
    """Ask for what is wanted; a search that takes longer than a second shows its progress."""
    if not asked:
        return Told()
    from plimsoll.cli.slow_progress import SlowProgress
    from plimsoll.journeys.margin_call_list import calls_document
    from plimsoll.journeys.margin_plan import plans_document

    listings: list[Listing[Any]] = []
    document: dict[str, Any] = {}
    if asked.health:
        prices = standing.liquidation(
            fee_rate=asked.closing_fee,
            volatility=asked.volatility,
            progress=SlowProgress(output.progress),
        )
        units, calls = standing.health(), standing.calls()
        document["health"] = _rows(units.tables)
        document["liquidation"] = _rows(prices.tables)
        document["calls"] = calls_document(calls.rows)
        listings += [units, prices, *([calls] if len(calls) else [])]
    if asked.plan is not None:
        with naming(account="--plan"):
            plans = standing.plan(asked.plan)
        document["plan"] = plans_document(plans.rows)
        listings.append(plans)
    tables = tuple(table for listing in listings for table in listing.tables)
    return Told(tables=tables, document=document, listings=tuple(listings))


def _rows(tables: Iterable[Table]) -> list[dict[str, Any]]:
    return [dict(row) for table in tables for row in table]
