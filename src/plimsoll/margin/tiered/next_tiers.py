"""What would put a position into its next tier: a size, a trade, a price."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Instrument, Payoff
from plimsoll.domain.margin_explanation import BindingChange
from plimsoll.margin.tiered.terms import TieredTerms
from plimsoll.maths.tiered_margin import COINS, CONTRACTS, NOTIONAL


def next_tiers(terms: TieredTerms, positions: NDArray[np.int64]) -> tuple[BindingChange, ...]:
    """Return, of every position that has a tier, where the next one begins.

    The trade is in the direction of the position, all else of its owner as it is. The price is
    that at which the size reaches the cap with the contracts as they are: there is none where the
    table counts contracts or coins, nor for inverse contracts, whose notional no price moves.
    """
    return tuple(
        _next_tier(terms, int(position))
        for position in positions
        if terms.tier[position] >= 0 and terms.book.quantity[position] != 0.0
    )


def _next_tier(terms: TieredTerms, position: int) -> BindingChange:
    columns, market = terms.columns, int(terms.book.market[position])
    row, tier = int(terms.row[position]), int(terms.tier[position])
    place, name = int(columns.tier_offsets[row]) + tier, terms.book.markets[market]
    cap, size = float(columns.cap[place]), float(terms.size[position])
    measure, instrument = int(columns.measure[row]), terms.instrument(position)
    assert instrument is not None  # what has a tier is of a contract
    unit = _unit(measure, instrument)
    now = f"tier {tier + 1}, {size:,.10g} {unit}"
    if not np.isfinite(cap):
        return BindingChange(where=name, now=now, then="none: the tier has no end")
    last = place + 1 == int(columns.tier_offsets[row + 1])
    then = "no margin: beyond the last tier" if last else f"tier {tier + 2}"
    linear = measure == NOTIONAL and instrument.payoff is not Payoff.INVERSE
    quantity = float(terms.book.quantity[position])
    return BindingChange(
        where=name,
        now=now,
        then=f"{then}, beyond {cap:,.10g} {unit}",
        market=name,
        contracts=float(np.sign(quantity)) * (cap - size) / _size_of_one(terms, position, measure),
        price=float(columns.mark[row]) * cap / size if linear else float("nan"),
    )


def _size_of_one(terms: TieredTerms, position: int, measure: int) -> float:
    """Size of one contract, in what the table counts."""
    if measure == CONTRACTS:
        return 1.0
    row = int(terms.row[position])
    each = float(terms.notional[position]) / abs(float(terms.book.quantity[position]))
    return each / float(terms.columns.mark[row]) if measure == COINS else each


def _unit(measure: int, instrument: Instrument) -> str:
    if measure == CONTRACTS:
        return "contracts"
    if measure == COINS:
        return instrument.pair.base
    return instrument.settle if instrument.payoff is Payoff.QUANTO else instrument.pair.quote
