"""The table of Deribit's risk matrix: every contract of every pair under its pair's scenarios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Instrument
from plimsoll.domain.listing import Listing, listing_of
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import DAY_NS, MarketSnapshot
from plimsoll.margin.deribit.portfolio_parameters import DeribitPair
from plimsoll.margin.deribit.portfolio_scenarios import MatrixScenarios
from plimsoll.margin.deribit.portfolio_shocks import RollRamp, roll_rates
from plimsoll.margin.grids.kept_tables import UnitGrid, kept_grid_table
from plimsoll.margin.underlying import underlying
from plimsoll.margin.units.index_prices import index_prices
from plimsoll.margin.units.instrument_columns import instrument_columns
from plimsoll.maths.grouped_losses import GroupRules, neutral_rules
from plimsoll.scenarios.grid_rules import GridRules
from plimsoll.scenarios.grid_table import GridTable, in_numeraire

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairTable:
    """One pair: its N contracts in the numeraire, after what of the scenarios counts.

    Parameters
    ----------
    name : str
    pair : DeribitPair
    scenarios : MatrixScenarios
    listing : Listing
        The N contracts.
    table : GridTable
        Profits already times the share of the scenario that counts; deltas times the share of the
        price that still floats within a settlement window.
    rules : GroupRules
        One group: the pair.
    group : (N,) int64
        Expiry of each contract; spot is last, and rolls for nothing.
    roll_rate : (K,) float64
    price : (N,) float64
        What a coin is worth in the numeraire.
    """

    name: str
    pair: DeribitPair
    scenarios: MatrixScenarios
    listing: Listing
    table: GridTable
    rules: GroupRules
    group: IntArray
    roll_rate: FloatArray
    price: FloatArray


def pair_name(instrument: Instrument) -> str:
    """Key of an instrument's parameters, for instance ``BTC_USD`` or ``SOL_USDC``.

    Tokens of one ticker are told apart: see `plimsoll.margin.underlying.underlying`.
    """
    return f"{underlying(instrument)}_{instrument.pair.quote}"


def pair_table(
    name: str,
    pair: DeribitPair,
    scenarios: MatrixScenarios,
    instruments: Mapping[str, Instrument],
    snapshot: MarketSnapshot,
    settle_price: FloatArray,
    *,
    numeraire: str,
    per_usd: float,
    rules: GridRules,
    ramp: RollRamp,
) -> PairTable:
    """Revalue the contracts of one pair.

    Parameters
    ----------
    instruments : mapping of str to Instrument
        All of one pair.
    settle_price : (N,) float64
        Of each contract's settlement currency, in the numeraire.
    numeraire : str
        The pair's base coin in a coin account: profits stay in coin.
    per_usd : float
        What a dollar is worth in the numeraire.
    rules : GridRules
    ramp : RollRamp
    """
    listing = listing_of(instruments)
    own = UnitGrid(grid=scenarios.grid, rule=scenarios.rule)
    raw = kept_grid_table(listing, snapshot, own, rules)
    in_coin = listing.column("in_coin", lambda: _in_coin(listing.instruments))
    is_coin_account = len(listing) > 0 and listing.instruments[0].pair.base == numeraire
    moves = np.zeros(raw.profit.shape)
    if not is_coin_account:
        moves[in_coin] = scenarios.grid.price_moves
    # A quanto contract has no delta in coins, which roll and delta shocks are of.
    strange = (raw.reason == 0) & ~np.isfinite(raw.delta)
    raw = replace(
        raw,
        profit=np.where(strange[:, None], np.nan, raw.profit),
        value=np.where(strange, np.nan, raw.value),
        delta=raw.delta * raw.floating_share,
        reason=np.where(strange, int(MarginReason.NOT_MARGINED), raw.reason).astype(np.int64),
    )
    table = in_numeraire(raw, settle_price, moves)
    share = scenarios.coin_share if is_coin_account else scenarios.grid.fraction
    index = index_prices(listing, snapshot, raw.forward)
    group, roll_rate = _expiries(listing, pair, snapshot.at_ns, ramp)
    return PairTable(
        name=name,
        pair=pair,
        scenarios=scenarios,
        listing=listing,
        table=_priced(replace(table, profit=table.profit * share), per_usd),
        rules=_rules(pair, scenarios, per_usd, is_coin_account),
        group=group,
        roll_rate=roll_rate,
        price=np.where(in_coin, settle_price, index * settle_price),
    )


def _priced(table: GridTable, per_usd: float) -> GridTable:
    """Without the price of a dollar there are no dampeners, thresholds and caps."""
    if np.isfinite(per_usd) and per_usd > 0.0:
        return table
    reason = np.where(table.reason == 0, int(MarginReason.NO_CURRENCY_PRICE), table.reason)
    return replace(
        table,
        profit=np.full_like(table.profit, np.nan),
        value=np.full_like(table.value, np.nan),
        reason=reason.astype(np.int64),
    )


def _rules(
    pair: DeribitPair, scenarios: MatrixScenarios, per_usd: float, is_coin_account: bool
) -> GroupRules:
    rules = neutral_rules(1, len(scenarios.grid))
    at_edge = 1.0 + scenarios.edge if is_coin_account else 1.0
    dampener = float(pair.extended_dampener_usd) * per_usd * scenarios.beyond / at_edge
    return rules._replace(
        gain_share=np.array([float(pair.pnl_offset)]),
        gain_cap=np.array([float(pair.max_offsetable_pnl_usd) * per_usd]),
        dampener=dampener,
    )


def _expiries(
    instruments: Listing, pair: DeribitPair, at_ns: int, ramp: RollRamp
) -> tuple[IntArray, FloatArray]:
    """Expiry of each contract (N,), and the roll shock's rate of each expiry (K,)."""
    terms = instrument_columns(instruments)
    ends = np.where(terms.expires, terms.expiry_ns, at_ns)
    known, group = np.unique(ends, return_inverse=True)
    years = np.maximum(known - at_ns, 0) / (365 * DAY_NS)
    spot = known.size
    rates = np.append(roll_rates(pair, years, ramp), 0.0)
    return np.where(terms.is_spot, spot, group).astype(np.int64), rates


def _in_coin(held: Sequence[Instrument]) -> BoolArray:
    return np.array([i.settle == i.pair.base for i in held], dtype=np.bool_)
