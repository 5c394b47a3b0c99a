"""Full revaluation of European options, linear and inverse, under scenarios.

For one long contract, in settlement currency,

    profit = size (V(F (1 + x), smile of the scenario, time left then) - V(F, surface, time left)),

V being Black's undiscounted value (1976), divided by the forward of its own moment where the option
settles in coin. F is the surface's forward of the option's expiry, x the move of the price factor:
the basis stands still. Within its settlement window F is the snapshot's quote of the expiry, and
x the move times the share that still floats. Expiries between two of the surface's have the forward
and smile that `plimsoll.estimators.surface.query` gives them. A profit is wrong by less than 7e-15
of the larger of both forwards and strike, times size:
``tests/properties/test_option_revaluation_properties.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.expiry_quote import ExpiryQuote
from plimsoll.domain.instrument import Option, OptionRight
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.scenario import Factor, ScenarioSet
from plimsoll.errors import UsageError
from plimsoll.estimators.surface.dynamics import SmileDynamics
from plimsoll.maths.black76_grid import PARALLEL_CELLS
from plimsoll.maths.black76_kernels import LARGEST_PRICE, SMALLEST_PRICE
from plimsoll.maths.smile_grid_kernels import (
    GridExpiries,
    GridOptions,
    SmileBounds,
    smile_grid,
    smile_grid_parallel,
)
from plimsoll.scenarios.option_expiries import (
    OptionExpiry,
    by_expiry,
    contract_units,
    expiry_smiles,
    reason_of,
)
from plimsoll.scenarios.option_rules import OptionRules
from plimsoll.scenarios.scenario_table import RevaluationReason
from plimsoll.scenarios.smile_shocks import ShockedExpiry, shocked_coins, smile_shocks

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


def revalue_options(
    options: Mapping[str, Option],
    snapshot: MarketSnapshot,
    scenarios: ScenarioSet,
    factors: Mapping[str, Factor] | None,
    rules: OptionRules,
    *,
    rows: IntArray,
    value: FloatArray,
    at_mark: FloatArray,
    profit: FloatArray,
) -> dict[str, RevaluationReason]:
    """Fill the options' rows of a table; return why some have no numbers (their rows are NaN).

    Parameters
    ----------
    options, snapshot, scenarios, factors, rules
        As in `plimsoll.scenarios.revaluation.revalue`.
    rows : (N,) int64
        Row of each option in the table.
    value, at_mark : (R,) float64
        Value of one contract now, by its surface and at its mark; settlement currency.
    profit : (R, S) float64
        Contiguous.

    Raises
    ------
    UsageError
        For quanto options, options without contract size or with a strike outside 1e-300 to
        1e300, a factor that the scenarios do not shock, and a surface later than the snapshot.
    """
    expiries, expiry_of = by_expiry(options, factors)
    reasons = [reason_of(expiry, snapshot, rules) for expiry in expiries]
    valued = np.array([reason is None for reason in reasons], dtype=np.bool_)
    _check_factors(expiries, scenarios)
    columns = _columns(options, expiry_of, rows)
    at_mark[rows] = columns.size * _marks(options, snapshot)
    keep = valued[expiry_of]
    value[rows[~keep]], profit[rows[~keep]] = np.nan, np.nan
    if keep.any():
        kept = [e for e, reason in zip(expiries, reasons, strict=True) if reason is None]
        _fill(_only(columns, keep, valued), kept, snapshot, scenarios, rules, value, profit)
    if keep.all():
        return {}
    found = zip(options, expiry_of.tolist(), strict=True)
    return {market: reason for market, g in found if (reason := reasons[g]) is not None}


def _fill(
    options: GridOptions,
    expiries: Sequence[OptionExpiry],
    snapshot: MarketSnapshot,
    scenarios: ScenarioSet,
    rules: OptionRules,
    value: FloatArray,
    profit: FloatArray,
) -> None:
    """Run the kernel over options that can be valued."""
    coins = shocked_coins(scenarios)
    grid, years = _grid_expiries(expiries, snapshot, coins, rules)
    averages = [_settlement_average(expiry, snapshot) for expiry in expiries]
    for g, quote in enumerate(averages):
        grid.forward[g] = grid.forward[g] if quote is None else quote.forward
    shocked = [
        ShockedExpiry(
            coin=e.pair.base,
            price_factor=e.price_factor,
            days=365.0 * float(t),
            floating_share=1.0 if quote is None else quote.floating / quote.forward,
        )
        for e, t, quote in zip(expiries, years, averages, strict=True)
    ]
    bounds = SmileBounds(float(rules.reach), float(rules.lowest_ratio), float(rules.minimum_vol))
    many = options.strike.size * len(scenarios) >= PARALLEL_CELLS
    kernel = smile_grid_parallel if many else smile_grid
    kernel(options, grid, smile_shocks(scenarios, shocked), bounds, value, profit)


def _grid_expiries(
    expiries: Sequence[OptionExpiry],
    snapshot: MarketSnapshot,
    coins: frozenset[str],
    rules: OptionRules,
) -> tuple[GridExpiries, FloatArray]:
    """What the kernel needs of each expiry, and calendar years left at the scenario."""
    count = len(expiries)
    forward, years, mixed = np.empty(count), np.empty(count), np.zeros(count, dtype=np.bool_)
    now, now_second, then, then_second = (np.empty((count, 5)) for _ in range(4))
    for members in _by_surface(expiries):
        one = expiries[members[0]]
        surface = snapshot.surface(one.pair, one.settle)
        assert surface is not None  # else they had a reason
        smiles = expiry_smiles(
            surface,
            [expiries[g].expiry_ns for g in members],
            now_ns=snapshot.at_ns,
            fixed_z=one.pair.base in coins,
            rules=rules,
        )
        forward[members], mixed[members] = smiles.forward, smiles.mixed
        now[members], now_second[members] = smiles.now, smiles.now_second
        then[members], then_second[members] = smiles.then, smiles.then_second
        years[members] = smiles.years_then
    sticky_strike = rules.dynamics is SmileDynamics.STICKY_STRIKE
    still = [sticky_strike and e.pair.base not in coins for e in expiries]
    return GridExpiries(
        forward=forward,
        inverse=np.array([e.inverse for e in expiries], dtype=np.bool_),
        root_tau=np.sqrt(years),
        stickiness=np.where(still, 0.0, 1.0),
        mixed=mixed,
        now=now,
        now_second=now_second,
        then=then,
        then_second=then_second,
    ), years


def _settlement_average(expiry: OptionExpiry, snapshot: MarketSnapshot) -> ExpiryQuote | None:
    """The quote of an expiry of which something is fixed already; None for any other."""
    quote = snapshot.expiries.get((expiry.pair, expiry.settle, expiry.expiry_ns))
    return quote if quote is not None and quote.fixed != 0.0 else None


def _by_surface(expiries: Sequence[OptionExpiry]) -> list[list[int]]:
    """Rows of the expiries, together where they share a surface."""
    found: dict[tuple[object, str], list[int]] = {}
    for g, expiry in enumerate(expiries):
        found.setdefault((expiry.pair, expiry.settle), []).append(g)
    return list(found.values())


def _columns(options: Mapping[str, Option], expiry_of: IntArray, rows: IntArray) -> GridOptions:
    """Contract terms of all options; sizes in what one price is of."""
    terms = options.values()
    strike = np.array([float(option.strike) for option in terms])
    if not bool(np.all((strike >= SMALLEST_PRICE) & (strike <= LARGEST_PRICE))):
        raise UsageError("strikes must be from 1e-300 to 1e300", found=float(strike.min()))
    call = OptionRight.CALL
    return GridOptions(
        strike=strike,
        is_call=np.array([option.right is call for option in terms], dtype=np.bool_),
        size=np.array([contract_units(option) for option in terms]),
        expiry=expiry_of,
        row=rows,
    )


def _marks(options: Mapping[str, Option], snapshot: MarketSnapshot) -> FloatArray:
    """The venue's prices (N,), settlement currency; NaN where there is none."""
    quotes = snapshot.quotes
    return np.array([quotes[m].mark if m in quotes else np.nan for m in options])


def _only(options: GridOptions, keep: NDArray[np.bool_], valued: NDArray[np.bool_]) -> GridOptions:
    """The options at ``keep`` (N,), with rows among the expiries that are ``valued`` (G,)."""
    compact = np.cumsum(valued) - 1
    return GridOptions(
        strike=options.strike[keep],
        is_call=options.is_call[keep],
        size=options.size[keep],
        expiry=compact[options.expiry[keep]].astype(np.int64),
        row=options.row[keep],
    )


def _check_factors(expiries: Sequence[OptionExpiry], scenarios: ScenarioSet) -> None:
    """A factor that is not shocked is wrong use, whether or not the option can be valued."""
    for factor in {expiry.price_factor for expiry in expiries}:
        scenarios.column(factor)
