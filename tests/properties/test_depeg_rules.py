"""Two stablecoin charges: OKX's by pairs of legs, the add-on's on all that is hedged.

Their brackets are one formula; what is hedged differs, and the add-on never asks less. Tolerance:
1e-12 of the charge, since sums are taken in another order.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.margin.add_ons.depeg import peg_band
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
