"""Terms of the standard margin: perpetuals, options, coins, peg and prices that are not trusted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.requirement import RequirementTerm
from plimsoll.margin.derive.pmrm_assembly import term
from plimsoll.margin.derive.srm_holdings import SrmHoldings
from plimsoll.margin.derive.srm_markets import SrmMarkets
from plimsoll.margin.units.cells import sum_by_unit

FloatArray = NDArray[np.float64]


def perpetual_terms(held: SrmHoldings, markets: SrmMarkets) -> tuple[RequirementTerm, ...]:
    """Notional at the perpetual's own price; peg and confidence at the spot price."""
    at = held.perpetual_position
    row, unit = held.row[at], held.layout.unit_of_position[at]
    risk = markets.markets.unit_of_row[row]
    size = np.abs(held.book.quantity[at]) * markets.markets.rows.size[row]
    notional = size * markets.markets.rows.mark[row]
    at_spot = size * markets.spot[risk]
    trust = np.minimum(markets.markets.confidence[row], markets.spot_confidence[risk])
    doubt = markets.doubt(trust, risk, "perpetual_confidence")

    def summed(values: FloatArray) -> FloatArray:
        return sum_by_unit(held.layout, unit, values)

    return (
        term(
            "perpetuals",
            "Perpetuals",
            summed(notional * markets.of("perpetual_initial")[risk]),
            summed(notional * markets.of("perpetual_maintenance")[risk]),
        ),
        term(
            "perpetuals_peg",
            "Perpetuals, cash off its peg",
            summed(at_spot * markets.peg_charge[risk]),
        ),
        term("perpetuals_oracle", "Perpetuals, prices not trusted", summed(at_spot * doubt)),
    )


def option_terms(held: SrmHoldings, markets: SrmMarkets) -> tuple[RequirementTerm, ...]:
    """Value beyond the better of two levels, by expiry; peg and confidence of shorts only."""
    cells, sums, levels = held.cells, held.sums, held.levels
    of = cells.positions.row[cells.positions.segment_offsets[:-1]]
    risk, unit = markets.risk_of_option()[of], cells.unit[sums.cell_of_segment]
    value, at_spot = sums.of_positions(levels.value), levels.short * markets.options.spot[of]
    doubt = markets.doubt(levels.least_confidence, risk, "option_confidence")

    def summed(values: FloatArray) -> FloatArray:
        return sum_by_unit(held.layout, unit, values)

    return (
        term(
            "options",
            "Options",
            summed(value - levels.initial),
            summed(value - levels.maintenance),
        ),
        term(
            "options_peg",
            "Short options, cash off its peg",
            summed(at_spot * markets.peg_charge[risk]),
        ),
        term("options_oracle", "Short options, prices not trusted", summed(at_spot * doubt)),
    )


def coin_terms(held: SrmHoldings, markets: SrmMarkets) -> tuple[RequirementTerm, ...]:
    """Coins at their price less what they count; a debt counts in full."""
    initial, maintenance, charge = (np.zeros(len(held.layout)) for _ in range(3))
    accounts, units = len(held.book), np.arange(len(markets.parameters))
    scale, factor = markets.of("base_initial_scale"), markets.of("base_factor")
    doubt = markets.doubt(markets.spot_confidence, units, "base_confidence")
    spots = np.nan_to_num(markets.spot)  # who holds coins without spot price has a reason
    for place, coin in enumerate(markets.parameters):
        coins = held.coins[:, place]
        held_here = coins != 0.0
        if not np.any(held_here):
            continue
        counted = coins * (spots[place] * factor[place])
        beyond = np.where(held_here, coins * markets.coin_price(coin), 0.0)
        owed = coins < 0.0
        initial[:accounts] += np.where(owed, 0.0, beyond - counted * scale[place])
        maintenance[:accounts] += np.where(owed, 0.0, beyond - counted)
        charge[:accounts] += np.abs(coins) * spots[place] * doubt[place]
    return (
        term("coins", "Coins beyond what they count", initial, maintenance),
        term("coins_oracle", "Coins, prices not trusted", charge),
    )
