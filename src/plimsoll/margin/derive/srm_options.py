"""Options under the standard margin: by expiry the better of isolated margin and largest loss.

Isolated margin looks at short options one by one; the largest loss at all options of one expiry
together, over the account's own strikes. What is worth more to the account holds::

    isolated = sum over shorts of value + rate S q        (q < 0)
    largest  = min(least payoff over {0, strikes}, 0) + scale F min(net calls, 0)
    level    = max(isolated, largest)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.margin.units.cell_sums import CellSums
from plimsoll.margin.units.cells import Cells
from plimsoll.maths.settlement_payoffs import least_payoffs

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OptionTerms:
    """O option rows of all risk units; amounts in cash, per unit of the underlying.

    Parameters
    ----------
    value, strike, forward, spot, units : (O,) float64
    is_call : (O,) bool
    confidence : (O,) float64
        Of the option's volatility and its expiry, and of the spot price.
    rates : OptionRates
    """

    value: FloatArray
    strike: FloatArray
    forward: FloatArray
    spot: FloatArray
    units: FloatArray
    is_call: BoolArray
    confidence: FloatArray
    rates: OptionRates


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OptionRates:
    """(O,) parameters of each option's risk unit; see `SrmParameters`."""

    highest_spot_rate: FloatArray
    lowest_spot_rate: FloatArray
    call_maintenance: FloatArray
    put_maintenance: FloatArray
    put_mark_maintenance: FloatArray
    put_initial_multiple: FloatArray
    unpaired_initial: FloatArray
    unpaired_maintenance: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExpiryLevels:
    """What E option positions and G expiries of accounts count, in cash; usually negative.

    Parameters
    ----------
    value : (E,) float64
        Signed value of each position.
    isolated_initial, isolated_maintenance : (E,) float64
        Each short's own level; 0 for longs.
    net_calls : (G,) float64
        Short calls beyond the long ones, negative; else 0.
    payoff, settlement : (G,) float64
        The least payoff, not above 0, and the settlement price of it; NaN where none is below 0.
    initial, maintenance : (G,) float64
    by_isolation : (G,) bool
        Whether isolated maintenance margin is the better one.
    short : (G,) float64
        Units of the underlying in short options.
    least_confidence : (G,) float64
    """

    value: FloatArray
    isolated_initial: FloatArray
    isolated_maintenance: FloatArray
    net_calls: FloatArray
    payoff: FloatArray
    settlement: FloatArray
    initial: FloatArray
    maintenance: FloatArray
    by_isolation: BoolArray
    short: FloatArray
    least_confidence: FloatArray


def expiry_levels(terms: OptionTerms, cells: Cells, sums: CellSums) -> ExpiryLevels:
    """Compute the levels of all expiries; groups of ``cells`` are expiries of risk units."""
    held = cells.positions
    row, amount = held.row, held.quantity * terms.units[held.row]
    initial, maintenance = isolated_levels(terms, row, amount)
    first = held.segment_offsets[:-1]
    count = held.segment_group.size
    payoff, settlement = np.empty(count), np.empty(count)
    strike, is_call = terms.strike[row], terms.is_call[row]
    least_payoffs(held.segment_offsets, strike, amount, is_call, payoff, settlement)
    calls = np.minimum(sums.of_positions(np.where(is_call, amount, 0.0)), 0.0)
    of = row[first]
    unpaired = calls * terms.forward[of]
    payoff = np.minimum(payoff, 0.0)
    largest_initial = payoff + unpaired * terms.rates.unpaired_initial[of]
    largest = payoff + unpaired * terms.rates.unpaired_maintenance[of]
    by_isolation = sums.of_positions(maintenance) >= largest
    confidence = terms.confidence[row]
    return ExpiryLevels(
        value=amount * terms.value[row],
        isolated_initial=initial,
        isolated_maintenance=maintenance,
        net_calls=calls,
        payoff=payoff,
        settlement=np.where(payoff < 0.0, settlement, np.nan),
        initial=np.maximum(sums.of_positions(initial), largest_initial),
        maintenance=np.maximum(sums.of_positions(maintenance), largest),
        by_isolation=by_isolation,
        short=sums.of_positions(np.maximum(-amount, 0.0)),
        least_confidence=np.minimum.reduceat(confidence, first) if count else np.empty(0),
    )


def isolated_levels(
    terms: OptionTerms, row: IntArray, amount: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return initial and maintenance level (E,) of positions by themselves; 0 for longs.

    Parameters
    ----------
    row : (E,) int64
    amount : (E,) float64
        Units of the underlying, signed.
    """
    rates, spot, is_call = terms.rates, terms.spot[row], terms.is_call[row]
    value, notional = amount * terms.value[row], amount * spot
    gap = np.where(is_call, terms.strike[row] - spot, spot - terms.strike[row])
    out_of_money = np.maximum(gap, 0.0) / spot
    rate = np.maximum(rates.lowest_spot_rate[row], rates.highest_spot_rate[row] - out_of_money)
    by_notional = rates.put_maintenance[row] * notional
    put = np.minimum(by_notional, rates.put_mark_maintenance[row] * value)
    call = rates.call_maintenance[row] * notional
    maintenance = value + np.where(is_call, call, put)
    initial = value + rate * notional
    multiple = rates.put_initial_multiple[row] * maintenance
    initial = np.where(is_call, initial, np.minimum(initial, multiple))
    short = amount < 0.0
    return np.where(short, initial, 0.0), np.where(short, maintenance, 0.0)
