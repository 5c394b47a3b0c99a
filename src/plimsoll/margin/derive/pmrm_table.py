"""One risk unit revalued: profit of each contract by scenario, and how expiries are treated.

Rows are the unit's perpetuals and options, then the assets of its collateral that hedge it. Group
0 is what has no expiry; every expiry is a group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plimsoll.margin.derive.option_inputs import option_prices
from plimsoll.margin.derive.pmrm_rule import PmrmRule
from plimsoll.margin.derive.risk_units import DeriveMarkets, Spot
from plimsoll.margin.units.kept_rows import rows_taken
from plimsoll.maths.black76_kernels import LARGEST
from plimsoll.maths.grouped_losses import GroupRules, neutral_rules
from plimsoll.scenarios.grid_options import OptionRows
from plimsoll.scenarios.risk_grid import VolMove

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PmrmTable:
    """N contracts and hedging assets of one risk unit, S scenarios, K groups.

    Parameters
    ----------
    rule : PmrmRule
    spot : Spot
    row_of_market : (M + 1,) int64
        Row here of each of all markets; -1 for those of other units.
    row_of_asset : mapping of str to int
    value : (N,) float64
        Of one contract; 0 of perpetuals.
    profit : (N, S) float64
    basis_profit : (N, 2) float64
        At the two prices of the basis contingency; 0 for what has no expiry.
    units : (N,) float64
        Of the underlying, in one contract.
    strike_rank : (N,) int64
        Equal strikes have one.
    is_call, is_option, is_perpetual : (N,) bool
    confidence : (N,) float64
        Of the row's own price or volatility, and of its expiry.
    group : (N,) int64
    rules, basis_rules : GroupRules
    basis_weight : (K,) float64
    """

    rule: PmrmRule
    spot: Spot
    row_of_market: IntArray
    row_of_asset: dict[str, int]
    value: FloatArray
    profit: FloatArray
    basis_profit: FloatArray
    units: FloatArray
    strike_rank: IntArray
    is_call: BoolArray
    is_option: BoolArray
    is_perpetual: BoolArray
    confidence: FloatArray
    group: IntArray
    rules: GroupRules
    basis_rules: GroupRules
    basis_weight: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgingAsset:
    """An asset of the collateral that moves with the underlying: currency and price in cash."""

    currency: str
    price: float


def pmrm_table(
    markets: DeriveMarkets,
    unit: int,
    rule: PmrmRule,
    assets: Sequence[HedgingAsset],
    expiry_confidence: FloatArray,
    profits: OptionProfits,
) -> PmrmTable:
    """Revalue a risk unit.

    Parameters
    ----------
    markets : DeriveMarkets
    unit : int
        Index of the risk unit.
    rule : PmrmRule
    assets : sequence of HedgingAsset
    expiry_confidence : (O,) float64
        Of the expiry of each option: the least of its forward's, rate's and volatilities'.
    profits : OptionProfits
        Of all options.
    """
    mine = np.flatnonzero((markets.unit_of_row[:-1] == unit) & (markets.rows.reason[:-1] == 0))
    of = markets.option_at[mine]
    options, at = _taken(markets.options, of[of >= 0]), np.flatnonzero(of >= 0)
    group, years, rate = _groups(of, options)
    count, extra = mine.size + len(assets), len(assets)
    confidence = np.append(markets.confidence[mine], np.ones(extra))
    confidence[at] = np.minimum(confidence[at], expiry_confidence[of[at]])
    is_option = _placed(np.zeros(count, dtype=np.bool_), at, True)
    row_of_market = np.full(markets.unit_of_row.size, -1, dtype=np.int64)
    row_of_market[mine] = np.arange(mine.size)
    own = rows_taken(profits, of[of >= 0])
    value, profit, basis = _profits(markets, mine, at, own, rule, assets)
    return PmrmTable(
        rule=rule,
        spot=markets.spots[unit],
        row_of_market=row_of_market,
        row_of_asset={a.currency: mine.size + place for place, a in enumerate(assets)},
        value=value,
        profit=profit,
        basis_profit=basis,
        units=np.append(markets.rows.size[mine], np.ones(extra)),
        strike_rank=_placed(np.zeros(count, dtype=np.int64), at, _ranks(options.strike)),
        is_call=_placed(np.zeros(count, dtype=np.bool_), at, options.is_call),
        is_option=is_option,
        is_perpetual=(np.arange(count) < mine.size) & ~is_option,
        confidence=confidence,
        group=np.append(group, np.zeros(extra, dtype=np.int64)),
        rules=_group_rules(rule, years, rate),
        basis_rules=neutral_rules(years.size, 2),
        basis_weight=np.where(np.arange(years.size) == 0, 0.0, rule.basis.weights(years)),
    )


def _profits(
    markets: DeriveMarkets,
    mine: IntArray,
    at: IntArray,
    options: OptionProfits,
    rule: PmrmRule,
    assets: Sequence[HedgingAsset],
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Value (N,), profit (N, S), basis profit (N, 2); what has no expiry moves with the price."""
    worth = np.append((markets.rows.mark * markets.rows.size)[mine], [a.price for a in assets])
    moves = np.array([scenario.multiplier - 1.0 for scenario in rule.scenarios])
    value, profit = worth.copy(), worth[:, None] * moves
    value[: mine.size] = 0.0  # perpetuals are settled: only their profit is worth something
    basis = np.zeros((worth.size, 2))
    value[at], profit[at], basis[at] = options.value, options.profit, options.basis_profit
    return value, profit, basis


def shocked_vols(options: OptionRows, rule: PmrmRule) -> FloatArray:
    """(N, S) volatilities under the scenarios; where they rise there is a floor."""
    sigma, tau = options.sigma, options.tau_years
    with np.errstate(invalid="ignore", over="ignore"):
        up, down = rule.vol.multipliers(tau * 365.0)
        # A floor of no time and no time left: the contract is settled, no volatility matters.
        columns = {
            VolMove.UP: np.nan_to_num(
                np.maximum(sigma * up, rule.vol.minimum_vol_up), posinf=LARGEST
            ),
            VolMove.NONE: sigma,
            VolMove.DOWN: np.nan_to_num(sigma * down),
        }
    if rule.skew is not None:
        moneyness = np.log(options.strike / np.maximum(options.forward, np.finfo(float).tiny))
        for move in (VolMove.SKEW_LINEAR, VolMove.SKEW_ABS):
            columns[move] = sigma * rule.skew.multipliers(move, moneyness, tau)
    return np.column_stack([columns[scenario.vol] for scenario in rule.scenarios])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OptionProfits:
    """Value (O,), profit (O, S) and profit at the prices of the basis contingency (O, 2)."""

    value: FloatArray
    profit: FloatArray
    basis_profit: FloatArray

    def spread(self, rows: IntArray, count: int) -> OptionProfits:
        """Put these options at ``rows`` of ``count``; the others are NaN."""
        found = {}
        for name in ("value", "profit", "basis_profit"):
            own = getattr(self, name)
            found[name] = np.full((count, *own.shape[1:]), np.nan)
            found[name][rows] = own
        return OptionProfits(**found)


def option_profits(options: OptionRows, rule: PmrmRule) -> OptionProfits:
    """Revalue options under a rule; NaN in rows with a reason."""
    sigma, discounted = options.sigma[:, None], rule.discounted
    now = option_prices(options, np.ones(1), sigma, discounted=discounted)
    moves = np.array([scenario.multiplier for scenario in rule.scenarios])
    then = option_prices(options, moves, shocked_vols(options, rule), discounted=discounted)
    prices = np.array([rule.basis.up, rule.basis.down])
    basis = option_prices(options, prices, sigma, discounted=discounted)
    return OptionProfits(value=now[:, 0], profit=then - now, basis_profit=basis - now)


def _groups(of: IntArray, options: OptionRows) -> tuple[IntArray, FloatArray, FloatArray]:
    """Group of each row, and years to expiry and rate (K,) of the groups; group 0 has no expiry."""
    expiries, number = np.unique(options.tau_years, return_inverse=True)
    group = np.zeros(of.size, dtype=np.int64)
    group[of >= 0] = 1 + number
    years, rate = np.zeros(1 + expiries.size), np.zeros(1 + expiries.size)
    years[1:] = expiries
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = np.where(
            options.tau_years > 0.0, -np.log(options.discount) / options.tau_years, 0.0
        )
    rate[1 + number] = rates
    return group, years, rate


def _group_rules(rule: PmrmRule, years: FloatArray, rate: FloatArray) -> GroupRules:
    """Discounts of expiries, and shares of scenarios; what has no expiry is not discounted."""
    groups = neutral_rules(years.size, len(rule.scenarios))
    groups.long_factor[1:] = rule.discount.long_factor(rate[1:], years[1:])
    groups.short_factor[1:] = rule.discount.short_factor(rate[1:], years[1:])
    groups.worse_side[:] = [scenario.is_skew for scenario in rule.scenarios]
    groups.fraction[:] = [scenario.fraction for scenario in rule.scenarios]
    return groups


def _taken(options: OptionRows, at: IntArray) -> OptionRows:
    return OptionRows(**{n: getattr(options, n)[at] for n in OptionRows.__dataclass_fields__})


def _ranks(values: FloatArray) -> IntArray:
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def _placed(column: NDArray[Any], at: IntArray, values: object) -> NDArray[Any]:
    """Write values into a fresh column."""
    column[at] = values
    return column
