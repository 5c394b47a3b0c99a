"""The instrument x scenario table of a risk grid: what venues' portfolio margins sum.

Profit of one long contract, in its settlement currency. Options: `plimsoll.scenarios.grid_options`.
Perpetuals, futures and spot move by the grid's ``delta_one_moves`` from their marks
(`plimsoll.maths.payoffs`), a future within its settlement window by the share that still floats
(`plimsoll.scenarios.settlement_share`). Nothing is missing silently: a row without numbers is NaN
and has a `plimsoll.domain.margin_reason.MarginReason`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Future, Instrument, Option, Payoff, Spot, stated_size
from plimsoll.domain.magnitudes import are_prices
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import DAY_NS, MarketSnapshot
from plimsoll.errors import UsageError
from plimsoll.maths import payoffs
from plimsoll.scenarios.grid_options import OptionRows, option_rows, option_values
from plimsoll.scenarios.grid_rules import DEFAULT_GRID_RULES, GridRules, SkewFactors
from plimsoll.scenarios.risk_grid import RiskGrid, VolRule
from plimsoll.scenarios.settlement_share import floating_shares

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_CODES = {
    Payoff.LINEAR: payoffs.LINEAR,
    Payoff.INVERSE: payoffs.INVERSE,
    Payoff.QUANTO: payoffs.QUANTO,
}
_YEAR_NS = 365 * DAY_NS


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GridTable:
    """One long contract of N markets under S scenarios; NaN in rows with a reason.

    Parameters
    ----------
    markets, settle : tuple of N str
        Market, and the currency of its row.
    grid : RiskGrid
    profit : (N, S) float64
        Signed, from ``value``; settlement currency.
    value : (N,) float64
        Now: an option's by its forward and volatility (not its mark), spot's mark, 0 for what is
        settled daily.
    delta : (N,) float64
        How many of what one price is of hedge its value in quote currency: N(d1) for an option
        (less ``value`` for what hedges an inverse one's value in coin), size for linear and size
        over mark for inverse contracts. NaN for quantos. Of the forward: of its floating part
        only ``floating / forward`` of it.
    forward : (N,) float64
        Expected settlement price of an option's expiry, the mark of anything else; quote currency.
    floating : (N,) float64
        The part of it that still moves with the underlying.
    sigma, tau_years, discount : (N,) float64
        Volatility now (NaN unless an option), time to expiry (infinite without one) and discount
        factor.
    reason : (N,) int64
        `MarginReason` codes.

    Raises
    ------
    UsageError
        For shapes that do not fit, a number missing without reason or present with one.
    """

    markets: tuple[str, ...]
    settle: tuple[str, ...]
    grid: RiskGrid
    profit: FloatArray
    value: FloatArray
    delta: FloatArray
    forward: FloatArray
    floating: FloatArray
    sigma: FloatArray
    tau_years: FloatArray
    discount: FloatArray
    reason: IntArray

    def __post_init__(self) -> None:
        count = len(self.markets)
        for name in ("value", "delta", "forward", "floating", "sigma", "tau_years", "discount"):
            if getattr(self, name).shape != (count,):
                raise UsageError(f"must have {count} rows", found=name, field=name)
        if self.profit.shape != (count, len(self.grid)) or self.reason.shape != (count,):
            raise UsageError(
                "must have one row per market and one column per scenario",
                found=(self.profit.shape, self.reason.shape),
                field="profit",
            )
        present = np.isfinite(self.profit.sum(axis=1)) & np.isfinite(self.value)
        wrong = np.flatnonzero(present != (self.reason == 0))
        if wrong.size:
            raise UsageError(
                "must be finite, or NaN with a reason",
                found=self.markets[wrong[0]],
                field="profit",
                row=int(wrong[0]),
            )

    def __len__(self) -> int:
        return len(self.markets)

    @property
    def floating_share(self) -> FloatArray:
        """(N,) share of each price that still moves; 1 in rows with a reason."""
        known = (self.reason == 0) & (self.forward > 0.0)
        return np.divide(self.floating, self.forward, out=np.ones(len(self)), where=known)


def grid_table(
    instruments: Mapping[str, Instrument],
    snapshot: MarketSnapshot,
    grid: RiskGrid,
    rule: VolRule,
    *,
    rules: GridRules = DEFAULT_GRID_RULES,
    skew: SkewFactors | None = None,
) -> GridTable:
    """Revalue ``instruments`` under ``grid``.

    Parameters
    ----------
    instruments : mapping of str to Instrument
        By market; usually those of one risk unit, since grid and rule hold for all of them.
    snapshot : MarketSnapshot
    grid : RiskGrid
    rule : VolRule
    rules : GridRules
    skew : SkewFactors, optional
        Needed where the grid has skew scenarios.

    Returns
    -------
    GridTable
        Rows in the order of ``instruments``.

    Raises
    ------
    UsageError
        For a surface later than the snapshot, and skew scenarios without factors; never for
        something that the snapshot lacks.
    """
    table = _empty(instruments, grid)
    options = {m: i for m, i in instruments.items() if isinstance(i, Option)}
    at = np.array([isinstance(i, Option) for i in instruments.values()], dtype=np.bool_)
    others = {m: i for m, i in instruments.items() if not isinstance(i, Option)}
    if others:
        _fill_delta_one(table, np.flatnonzero(~at), others, snapshot)
    if options:
        rows = option_rows(options, snapshot, rules)
        elapsed = rules.elapsed_ns / _YEAR_NS
        _fill_options(table, np.flatnonzero(at), rows, rule, elapsed, skew)
    return replace(table)  # checked now that it is full


def stacked(tables: Sequence[GridTable], markets: Sequence[str]) -> GridTable:
    """Join tables of several risk units, rows in the order of ``markets``.

    Scenarios are those of the first, whose moves need not be those of the others; their names do.

    Raises
    ------
    UsageError
        For tables whose scenarios have other names, and for a market in none or several of them.
    """
    if not tables or any(t.grid.names != tables[0].grid.names for t in tables):
        raise UsageError("must be at least one, of the same scenarios", found=len(tables))
    listed = [market for table in tables for market in table.markets]
    row_of = {market: row for row, market in enumerate(listed)}
    if len(row_of) != len(listed) or sorted(listed) != sorted(markets):
        raise UsageError("must hold each market once", found=len(listed), field="tables")
    order = np.array([row_of[market] for market in markets], dtype=np.int64)
    settle = [currency for table in tables for currency in table.settle]
    columns = {n: np.concatenate([getattr(t, n) for t in tables])[order] for n in _COLUMNS}
    return GridTable(
        markets=tuple(markets),
        settle=tuple(settle[row] for row in order),
        grid=tables[0].grid,
        profit=np.concatenate([t.profit for t in tables])[order],
        reason=np.concatenate([t.reason for t in tables])[order],
        **columns,
    )


def in_numeraire(table: GridTable, price: FloatArray, moves: FloatArray) -> GridTable:
    """Turn a table of settlement currencies into one of a numeraire.

    Profit becomes ``(value + profit) price (1 + move) - value price``: what a contract settled in
    a coin is worth under a scenario is worth it at the coin's price under that scenario.

    Parameters
    ----------
    table : GridTable
    price : (N,) float64
        Of each row's settlement currency, in the numeraire; NaN gives the row the reason
        NO_CURRENCY_PRICE.
    moves : (N, S) float64
        Simple return of that price under each scenario; zero for the numeraire itself.

    Raises
    ------
    UsageError
        For shapes that do not fit.
    """
    if price.shape != table.value.shape or moves.shape != table.profit.shape:
        raise UsageError(
            "must have the rows, and moves the scenarios, of the table",
            found=(price.shape, moves.shape),
            field="price, moves",
        )
    known = np.isfinite(price) & (price > 0.0)
    reason = np.where(
        (table.reason == 0) & ~known, int(MarginReason.NO_CURRENCY_PRICE), table.reason
    )
    value = np.where(reason == 0, table.value * price, np.nan)
    at_price = table.profit * price[:, None]
    profit = at_price + (value[:, None] + at_price) * moves
    return replace(
        table,
        profit=np.where(reason[:, None] == 0, profit, np.nan),
        value=value,
        reason=reason.astype(np.int64),
    )


_COLUMNS = ("value", "delta", "forward", "floating", "sigma", "tau_years", "discount")


def _empty(instruments: Mapping[str, Instrument], grid: RiskGrid) -> GridTable:
    """A table in which every row has a reason still."""
    count = len(instruments)
    return GridTable(
        markets=tuple(instruments),
        settle=tuple(i.settle for i in instruments.values()),
        grid=grid,
        profit=np.full((count, len(grid)), np.nan),
        reason=np.full(count, int(MarginReason.NO_MARK), dtype=np.int64),
        **{name: np.full(count, np.nan) for name in _COLUMNS},
    )


def _fill_delta_one(
    table: GridTable,
    at: IntArray,
    instruments: Mapping[str, Instrument],
    snapshot: MarketSnapshot,
) -> None:
    """Write the rows ``at`` of perpetuals, futures and spot."""
    held = list(instruments.values())
    mark = np.array([_mark(snapshot, market) for market in instruments])
    size = np.array([stated_size(i) for i in held])
    codes = np.array([_CODES[i.payoff] for i in held], dtype=np.int64)
    ends = np.array([_years_left(i, snapshot.at_ns) for i in held])
    share = floating_shares(instruments, snapshot)
    bad = ~are_prices(mark)
    reason = np.where(np.isnan(share), int(MarginReason.NO_FORWARD), int(MarginReason.NONE))
    reason = np.where(bad, int(MarginReason.NO_MARK), reason)
    reason = np.where(ends <= 0.0, int(MarginReason.EXPIRED), reason)
    table.reason[at] = np.where(np.isnan(size), int(MarginReason.NO_CONTRACT_SIZE), reason)
    table.forward[at], table.floating[at] = mark, mark * share
    table.tau_years[at], table.discount[at] = np.maximum(ends, 0.0), 1.0
    good = np.flatnonzero(table.reason[at] == 0)
    grid = table.grid
    moves = grid.price_moves if grid.delta_one_moves is None else grid.delta_one_moves
    spread = np.ascontiguousarray(share[good, None] * moves)
    table.profit[at[good]] = payoffs.profit_table(codes[good], size[good], mark[good], spread)
    is_spot = np.array([isinstance(i, Spot) for i in held])
    table.value[at[good]] = np.where(is_spot, mark * size, 0.0)[good]
    delta = np.where(codes == payoffs.INVERSE, size / np.where(bad, np.nan, mark), size)
    table.delta[at[good]] = np.where(codes == payoffs.QUANTO, np.nan, delta)[good]


def _fill_options(
    table: GridTable,
    at: IntArray,
    rows: OptionRows,
    rule: VolRule,
    elapsed_years: float,
    skew: SkewFactors | None,
) -> None:
    """Write the rows ``at`` of options."""
    table.reason[at] = rows.reason
    table.forward[at], table.floating[at] = rows.forward, rows.floating
    table.sigma[at], table.tau_years[at] = rows.sigma, rows.tau_years
    table.discount[at] = rows.discount
    good = np.flatnonzero(rows.reason == 0)
    if not good.size:
        return
    kept = OptionRows(**{n: getattr(rows, n)[good] for n in OptionRows.__dataclass_fields__})
    values = option_values(kept, table.grid, rule, elapsed_years=elapsed_years, skew=skew)
    table.profit[at[good]] = values.profit
    table.value[at[good]], table.delta[at[good]] = values.value, values.delta


def _mark(snapshot: MarketSnapshot, market: str) -> float:
    return float(snapshot.quotes[market].mark) if market in snapshot.quotes else float("nan")


def _years_left(instrument: Instrument, at_ns: int) -> float:
    if isinstance(instrument, Future):
        return (instrument.expiry_ns - at_ns) / _YEAR_NS
    return float("inf")
