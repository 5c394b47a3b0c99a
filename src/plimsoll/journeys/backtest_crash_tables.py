"""Tables of the crash study: the set of the eve, paths, and who bears the losses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.fund.requirement import fund_table
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.journeys.backtest_crash_parts import (
    HOURS,
    STATED_SIZE_USD,
    WorstPaths,
    absorbed,
    closing_cost,
    margin_layers,
)
from plimsoll.journeys.backtest_crash_set import (
    CLASS_OF,
    STRESS_WEIGHT,
    EveSet,
)
from plimsoll.journeys.backtest_crash_waterfall import FUND_SHARES, CrashWaterfall
from plimsoll.validation.replay.markets import MarkPaths

FloatArray = NDArray[np.float64]
SHARE, MONEY = ColumnKind.FRACTION, ColumnKind.MONEY
SIDES = ("long", "short")
_LAYERS = ("base", "stressed", "liquidity", "concentration", "fee")
_LAYER_TITLES = ("Base", "Stressed leg", "Liquidity", "Concentration", "Fee")


class Event(Protocol):
    """What a table says of its event."""

    @property
    def key(self) -> str:
        """Of the table's name."""

    @property
    def title(self) -> str:
        """In words."""


def set_table(event: Event, eve: EveSet) -> Table:
    """Every number of the set that the study rests on, by contract."""
    layers = margin_layers(eve, STATED_SIZE_USD)
    coins = [market.removesuffix("USDT") for market in eve.markets]
    rows = tuple(
        (
            market,
            CLASS_OF[market],
            float(eve.base[m].tiers[0].maintenance_rate),
            float(eve.stressed[m].tiers[0].maintenance_rate),
            float(eve.base[m].tiers[0].initial_rate),
            float(eve.stressed[m].tiers[0].initial_rate),
            float(eve.liquidity[coins[m]].daily_volatility),
            float(layers.liquidity[m]),
            float(layers.concentration[m]),
            float(eve.fee[m]),
            eve.parameter(market, "liquidation.break_even_fee_rate"),
            "peers" if eve.pooled[m] else "own history",
        )
        for m, market in enumerate(eve.markets)
    )
    titles = (
        ("mm_base", "MM, base"), ("mm", "MM, with stressed leg"), ("im_base", "IM, base"),
        ("im", "IM, with stressed leg"), ("volatility", "Stressed volatility a day"),
        ("liquidity", "Liquidity add-on"), ("concentration", "Concentration add-on"),
        ("fee", "Fee in the ladder"), ("fee_needed", "Fee that pays its deficits"),
    )  # fmt: skip
    return Table(
        name=f"crash_set_{event.key}",
        title=f"{event.title}: the set that calibrate gives on the eve",
        columns=(
            Column(name="market", title="Market"),
            Column(name="class", title="Class"),
            *(Column(name=name, title=title, kind=SHARE) for name, title in titles),
            Column(name="source", title="Rests on"),
        ),
        rows=rows,
        notes=(
            "Ladders: lowest tier, MARKET/tier[0]; base is the same calibration without the tool, "
            f"stressed leg a weight of {STRESS_WEIGHT:.0%} on the market's own worst 99 % so far "
            "(EMIR Article 28). Add-ons: COIN/liquidity and COIN/concentration of the set, at "
            f"{STATED_SIZE_USD:,.0f} USD. Fee that pays its deficits: "
            "MARKET/liquidation.break_even_fee_rate.",
            "Prices: hourly spot closes from 2021 on, perpetuals where there is no spot; no "
            "funding. Nothing after the midnight at which the window opens is looked at. Costs of "
            "closing, fees in the ladder and caps are stated for the class.",
        ),
    )


def fund_of_eve_table(event: Event, eve: EveSet) -> Table | None:
    """The fund's demands, as calibrate shows them; None where it has no target."""
    if eve.fund is None:
        return None
    shown = fund_table(eve.fund, "hourly closes since 2022 under the ladders of each day")
    return replace(
        shown,
        name=f"crash_fund_{event.key}",
        title=f"{event.title}: the fund that calibrate asks for on the eve",
    )


def path_rows(
    marks: MarkPaths, eve: EveSet, worst: WorstPaths
) -> tuple[list[tuple[Cell, ...]], float]:
    """Rows of both sides of every contract, and the largest relative gap of their parts."""
    layers = margin_layers(eve, STATED_SIZE_USD)
    size = np.full(len(marks.markets), STATED_SIZE_USD)
    rows: list[tuple[Cell, ...]] = []
    gap = 0.0
    for m, market in enumerate(marks.markets):
        for side, name in enumerate(SIDES):
            at = (m, side, len(HOURS) - 1)
            cost = float(closing_cost(marks, int(worst.end[at]), size)[m])
            loss = np.array([float(worst.loss[at]) + cost])
            held = [np.array([float(getattr(layers, one)[m])]) for one in _LAYERS]
            found = absorbed(loss, held)
            gap = max(gap, abs(float(np.sum(found) - loss[0])) / float(loss[0]))
            moves = [float(one) for one in worst.loss[m, side]]
            parts = [float(part[0]) for part in found]
            rows.append((market, name, *moves, cost, float(layers.asked[m]), *parts))
    return rows, gap


def path_table(event: Event, rows: list[tuple[Cell, ...]]) -> Table:
    """Worst losses on the path, and what each layer of the margin absorbs."""
    return Table(
        name=f"crash_paths_{event.key}",
        title=f"{event.title}: worst loss on the path, and what each part of the margin absorbs",
        columns=(
            Column(name="market", title="Market"),
            Column(name="side", title="Side"),
            *(
                Column(name=f"move_{h}", title=f"Loss within {h} h", kind=SHARE, digits=1)
                for h in HOURS
            ),
            Column(name="cost", title="Cost of closing", kind=SHARE, digits=1),
            Column(name="asked", title="Margin", kind=SHARE, digits=1),
            *(
                Column(name=name, title=title, kind=SHARE, digits=1)
                for name, title in zip(_LAYERS, _LAYER_TITLES, strict=True)
            ),
            Column(name="left", title="Left for fund and ADL", kind=SHARE, digits=1),
        ),
        rows=tuple(rows),
        notes=(
            "Loss from the close of a bar of the window to the lowest low (long) or highest high "
            f"(short) within the horizon, plus closing {STATED_SIZE_USD:,.0f} USD at a fifth of "
            "the usual depth when it stood deepest. Parts are of the longer horizon.",
            "Margin: initial rate and add-ons of the set above. Base is without the fee, which "
            "absorbs too where nothing is left to pay it from.",
        ),
    )


def fall_table(event: Event, eve: EveSet, falls: Sequence[CrashWaterfall]) -> Table:
    """Who bears the losses in dollars: deposits by layer, fees, fund, ADL."""
    fall = falls[0]
    names = ("loss", "free", "base", "stressed", "add_ons", "fees", "fund", "left")
    titles = (
        "Loss of those closed out", "Free collateral", "Base", "Stressed leg", "Add-ons",
        "Fees of others", "Fund", "Left for ADL",
    )  # fmt: skip
    million = [getattr(fall, name) / 1e6 for name in ("open_interest", *names)]
    million += [one / 1e6 for one in fall.left_at]
    rows: list[tuple[Cell, ...]] = [
        (market, float(million[0][m]), float(fall.closed[m]), *(float(c[m]) for c in million[1:]))
        for m, market in enumerate(eve.markets)
    ]
    closed = float(np.sum(fall.closed * fall.open_interest) / fall.open_interest.sum())
    sums = [float(column.sum()) for column in million]
    rows.append(("all", sums[0], closed, *sums[1:]))
    rows += _spread_rows(falls, 1 + len(names))
    more = [(f"left_{share:g}", f"Left, fund {share:.2%}") for share in FUND_SHARES]
    amounts = (
        Column(name=name, title=title, kind=MONEY, unit="million USD", digits=1)
        for name, title in (*zip(names, titles, strict=True), *more)
    )
    return Table(
        name=f"crash_waterfall_{event.key}",
        title=f"{event.title}: who bears the losses, for a stated open interest",
        columns=(
            Column(name="market", title="Market"),
            Column(name="interest", title="Open interest", kind=MONEY, unit="million USD"),
            Column(name="closed", title="Closed out", kind=SHARE, digits=1),
            *amounts,
        ),
        rows=tuple(rows),
        notes=_fall_notes(eve, fall),
    )


def _spread_rows(falls: Sequence[CrashWaterfall], blanks: int) -> Iterator[tuple[Cell, ...]]:
    """Least and most of several draws, of what is left for ADL."""
    spread = np.array([[one.left.sum(), *one.left_at.sum(axis=1)] for one in falls]) / 1e6
    for name, ends in (("least", spread.min(axis=0)), ("most", spread.max(axis=0))):
        yield (
            f"all, {name} of {len(falls)} seeds",
            *(None,) * blanks,
            *(float(one) for one in ends),
        )


def _fall_notes(eve: EveSet, fall: CrashWaterfall) -> tuple[str, ...]:
    fund = "no fund" if eve.fund is None else (
        f"fund {float(eve.fund.target_usd) / 1e6:,.0f} million USD ({eve.fund.binding}), "
        f"{float(eve.fund.target_usd) / float(eve.interest_usd.sum()):.1%} of all open interest"
    )  # fmt: skip
    return (
        "Open interest: a quarter of a day's turnover of the thirty days before, stated, not "
        "observed. Accounts: lognormal leverage of median 12, notional 1,000 to 1,000,000 USD, "
        "half of them long, all open at midnight, none answering calls.",
        f"The set of the eve: {fund}. Fees of others: {fall.fees_charged.sum() / 1e6:,.1f} million "
        "USD of liquidation fees came in, spent on deficits before the fund's stock. The last "
        "columns tell what other sizes of the fund, shares of open interest, would leave; the "
        "last rows how far that moves with the accounts drawn.",
        "Closed at the worst price of the first bar below maintenance; close-outs do not move the "
        "mark. Base holds the fee of accounts that could not pay it. Profits of the other side "
        "are left out.",
    )
