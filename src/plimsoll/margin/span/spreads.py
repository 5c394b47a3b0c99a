"""Spreads of SPAN, formed on composite delta in the order of their priority.

Deltas here are cash deltas of cells (C) or margin units (U); nothing depends on their unit, so that
textbook examples in contracts hold as they stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.margin.span.tables import CalendarSpread, InterCommoditySpread

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FormedSpreads:
    """What calendar spreads take of the deltas of C cells in T + 1 tiers.

    Parameters
    ----------
    charge : (C,) float64
        Charges of all spreads.
    in_spreads, outright : (C, T + 1) float64
        Delta of each tier that stands in spreads, and what is left of it; both unsigned.
    """

    charge: FloatArray
    in_spreads: FloatArray
    outright: FloatArray


def form_calendar_spreads(
    long: FloatArray, short: FloatArray, spreads: Sequence[CalendarSpread]
) -> FormedSpreads:
    """Match long against short deltas, spread after spread.

    Parameters
    ----------
    long, short : (C, T + 1) float64
        Deltas of each tier's months that are net long, and net short; both unsigned.
    spreads : sequence of CalendarSpread
        In order of priority. Between two tiers both directions form.

    Examples
    --------
    Long 5 in the first tier, short 2 there and short 4 in the second; within the tier first:

    >>> from plimsoll.margin.span.tables import CalendarSpread
    >>> priority = [CalendarSpread.of(1, 1, "0.01"), CalendarSpread.of(1, 2, "0.02")]
    >>> formed = form_calendar_spreads(
    ...     np.array([[0.0, 5.0, 0.0]]), np.array([[0.0, 2.0, 4.0]]), priority
    ... )
    >>> formed.charge.round(12).tolist()
    [0.08]
    >>> formed.outright.tolist()
    [[0.0, 0.0, 1.0]]
    """
    bought, sold = long.copy(), short.copy()
    charge = np.zeros(long.shape[0])
    for spread in spreads:
        a, b = spread.first, spread.second
        for buyer, seller in ((a, b),) if a == b else ((a, b), (b, a)):
            matched = np.minimum(bought[:, buyer], sold[:, seller])
            bought[:, buyer] -= matched
            sold[:, seller] -= matched
            charge = charge + matched * float(spread.charge)
    left = bought + sold
    return FormedSpreads(charge=charge, in_spreads=long + short - left, outright=left)


def spot_month_charge(
    formed: FormedSpreads, spread_charge: FloatArray, outright_charge: FloatArray
) -> FloatArray:
    """(C,) charge on deltas of the spot month, in spreads and outright; rates (T + 1,)."""
    return formed.in_spreads @ spread_charge + formed.outright @ outright_charge


def inter_commodity_credit(
    delta: FloatArray,
    price_risk: FloatArray,
    units: Sequence[str],
    spreads: Sequence[InterCommoditySpread],
) -> FloatArray:
    """Return the credit (U, R) of each risk unit of each margin unit, positive.

    Parameters
    ----------
    delta : (U, R) float64
        Net composite delta, signed.
    price_risk : (U, R) float64
        Weighted futures price risk: what one unit of delta loses.
    units : sequence of R str
    spreads : sequence of InterCommoditySpread
        In order of priority; delta that one has taken is gone for the next. Spreads of
        underlyings that are not among ``units`` form nowhere.
    """
    left, credit = delta.copy(), np.zeros(delta.shape)
    column = {unit: place for place, unit in enumerate(units)}
    for spread in spreads:
        if spread.first not in column or spread.second not in column:
            continue
        legs = (column[spread.first], column[spread.second])
        ratios = (float(spread.first_ratio), float(spread.second_ratio))
        sides = np.sign(left[:, legs[0]]) * np.sign(left[:, legs[1]])
        formed = np.minimum(*(np.abs(left[:, at]) / r for at, r in zip(legs, ratios, strict=True)))
        formed = np.where(sides == (1.0 if spread.same_side else -1.0), formed, 0.0)
        for at, ratio in zip(legs, ratios, strict=True):
            taken = np.minimum(formed * ratio, np.abs(left[:, at]))
            left[:, at] -= np.sign(left[:, at]) * taken
            credit[:, at] += taken * price_risk[:, at] * float(spread.credit)
    return credit


def spread_families(units: Sequence[str], spreads: Sequence[InterCommoditySpread]) -> IntArray:
    """(R,) number of the family of each unit: those that spreads tie, directly or by others.

    >>> from decimal import Decimal
    >>> from plimsoll.margin.span.tables import InterCommoditySpread
    >>> tie = InterCommoditySpread(first="A", second="C", credit=Decimal("0.5"))
    >>> spread_families(["A", "B", "C"], [tie]).tolist()
    [0, 1, 0]
    """
    family = {unit: number for number, unit in enumerate(units)}
    for spread in spreads:
        if spread.first in family and spread.second in family:
            one, other = sorted((family[spread.first], family[spread.second]))
            family = {unit: one if held == other else held for unit, held in family.items()}
    return np.array([family[unit] for unit in units], dtype=np.int64)
