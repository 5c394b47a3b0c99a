"""Two stablecoin charges: OKX's by pairs of legs, the add-on's on all that is hedged.

Their brackets are one formula; what is hedged differs, and the add-on never asks less. Tolerance:
1e-12 of the charge, since sums are taken in another order.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.margin.add_ons.depeg import DepegAddOn, peg_band
from plimsoll.margin.okx.brackets import DepegBand, bracket_table
from plimsoll.margin.okx.unit_charges import depeg_charge

ROWS = (("1e6", "0.0075"), ("5e6", "0.0175"), ("10e6", "0.025"), (None, "0.4"))
LEGS = ("USDT", "USDC", "USD")
PEGS = dict.fromkeys(LEGS, 1.0)
OKX = (DepegBand(peg_at_least=Decimal(0), brackets=bracket_table(*ROWS)),)
ADD_ON = peg_band("0", *ROWS)
DELTAS = st.floats(-2e7, 2e7)


def of_add_on(delta: np.ndarray) -> float:
    long, short = np.maximum(delta, 0.0).sum(), np.maximum(-delta, 0.0).sum()
    return float(ADD_ON.charge(np.array([min(long, short)]))[0])


def of_okx(delta: np.ndarray, legs: int) -> float:
    return float(depeg_charge(delta[None, :], LEGS[:legs], PEGS, OKX)[0])


@given(st.tuples(DELTAS, DELTAS))
def test_two_legs_are_charged_alike(held: tuple[float, float]) -> None:
    delta = np.array(held)
    assert of_okx(delta, 2) == pytest.approx(of_add_on(delta), rel=1e-12, abs=1e-9)


@given(st.tuples(DELTAS, DELTAS, DELTAS))
def test_with_three_legs_the_add_on_asks_no_less(held: tuple[float, float, float]) -> None:
    delta = np.array(held)
    assert of_okx(delta, 3) <= of_add_on(delta) * (1.0 + 1e-12) + 1e-9


def test_three_legs_by_hand() -> None:
    """Long 10m, short 4m and 6m: OKX 1m 0.75 % + 3m 1.75 % and 1m 0.75 % + 4m 1.75 % + 1m 2.5 %."""
    delta = np.array([10e6, -4e6, -6e6])
    assert of_okx(delta, 3) == pytest.approx((7_500 + 52_500) + (7_500 + 70_000 + 25_000))
    assert of_add_on(delta) == pytest.approx(202_500.0)


THREE = DepegAddOn(
    bands=(
        peg_band("0.99", ("2", "0.01"), (None, "0.02")),
        peg_band("0.9", ("2", "0.1"), (None, "0.2")),
        peg_band("0", ("1", "0.3"), ("3", "0.4"), (None, "0.5")),
    )
)
SLICES = ((0.01, 0.01, 0.02, 0.02), (0.1, 0.1, 0.2, 0.2), (0.3, 0.4, 0.4, 0.5))
"""Of each band, the rates of the first dollar, the second, and so on."""


def of_three(legs: list[tuple[float, int]]) -> float:
    """Charge of legs: dollars, signed, and their band."""
    hedged = min(sum(max(d, 0.0) for d, _ in legs), sum(max(-d, 0.0) for d, _ in legs))
    weak = [sum(abs(d) for d, band in legs if band >= k) for k in range(3)]
    return float(THREE.charge_of(np.array([[min(hedged, w)] for w in weak]))[0])


LOTS = st.lists(st.integers(0, 2), min_size=1, max_size=4)


@given(LOTS, LOTS)
def test_each_dollar_once_at_the_weaker_leg(long: list[int], short: list[int]) -> None:
    """Lots of a dollar in legs of some band: the costliest of all ways to pair them off."""
    if len(long) < len(short):
        long, short = short, long
    pairings = [
        sorted((max(a, b) for a, b in zip(chosen, short, strict=True)), reverse=True)
        for chosen in set(permutations(long, len(short)))
    ]
    most = max(sum(SLICES[band][n] for n, band in enumerate(bands)) for bands in pairings)
    legs = [(1.0, band) for band in long] + [(-1.0, band) for band in short]
    assert of_three(legs) >= most - 1e-12
    if len({*long, *short}) < 3:  # of three bands the two layers need not come about at once
        assert of_three(legs) == pytest.approx(most, rel=1e-12)


@given(
    st.lists(st.tuples(st.floats(-10.0, 10.0), st.integers(0, 2)), max_size=5),
    st.floats(-1e-6, 1e-6),
    st.integers(0, 2),
)
def test_a_tiny_leg_moves_the_charge_by_a_tiny_amount(
    legs: list[tuple[float, int]], dust: float, band: int
) -> None:
    """A dollar more hedges at most one dollar more and weakens at most one: 0.5 each at most."""
    assert abs(of_three([*legs, (dust, band)]) - of_three(legs)) <= abs(dust) + 1e-12
