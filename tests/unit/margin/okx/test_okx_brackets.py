"""OKX's progressive brackets: the published example, published multipliers, faulty tables."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from plimsoll.errors import ParameterError
from plimsoll.margin.okx import (
    DEPEG_BANDS,
    FIRST_CLASS,
    MINIMUM_CHARGE_MULTIPLIERS,
    Bracket,
    DepegBand,
    OkxParameters,
    bracket_table,
    progressive,
)
from plimsoll.margin.okx.brackets import band_of
from plimsoll.margin.okx.unit_charges import depeg_charge, hedged_across_currencies, ordered_legs


def test_the_worked_example_of_the_notice() -> None:
    # 1M x 0.75 % + 4M x 1.75 % + 5M x 2.5 %
    charge = depeg_charge(
        np.array([[10e6, 0.0, -10e6]]), ("USDT", "USDC", "USD"), _pegs(0.99), DEPEG_BANDS
    )
    assert charge.tolist() == [202_500.0]


def test_the_first_million_at_the_peg_and_everything_below_it() -> None:
    legs, delta = ("USDT", "USDC", "USD"), np.array([[1e6, 0.0, -1e6]])
    assert depeg_charge(delta, legs, _pegs(0.995), DEPEG_BANDS).tolist() == [5_000.0]
    assert depeg_charge(delta, legs, _pegs(0.80), DEPEG_BANDS).tolist() == [400_000.0]
    assert band_of(DEPEG_BANDS, -1.0) is DEPEG_BANDS[-1]


def _pegs(tether: float) -> dict[str, float]:
    return {"USDT": tether, "USDC": 1.0, "USD": 1.0}


@pytest.mark.parametrize(
    ("raw", "charged"),
    [
        (0.0, 0.0),
        (10_000.0, 10_000.0),
        (70_000.0, 130_000.0),
        (170_000.0, 530_000.0),
        (300_000.0, 1_310_000.0),
        (470_000.0, 2_670_000.0),
        (700_000.0, 4_970_000.0),
        (800_000.0, 6_170_000.0),
    ],
)
def test_the_published_multipliers(raw: float, charged: float) -> None:
    assert progressive(np.array([raw]), MINIMUM_CHARGE_MULTIPLIERS).tolist() == [charged]


def test_pairs_take_what_is_left() -> None:
    hedged = hedged_across_currencies(np.array([[3.0, -1.0, -1.0], [-2.0, 5.0, -1.0]]))
    assert {pair: size.tolist() for pair, size in hedged.items()} == {
        (0, 1): [1.0, 2.0],
        (0, 2): [1.0, 0.0],
        (1, 2): [0.0, 1.0],
    }


def test_currencies_stand_in_the_order_of_hedging() -> None:
    assert ordered_legs(["USD", "FDUSD", "USDC", "DAI"]) == ("USDC", "USD", "DAI", "FDUSD")


@pytest.mark.parametrize(
    "rows",
    [
        (),
        (("10", "1"),),  # no open end
        (("10", "1"), ("10", "2"), (None, "3")),  # empty slice
        (("20", "1"), ("10", "2"), (None, "3")),  # overlap
        (("0", "1"), (None, "2")),  # nothing below it
        ((None, "1"), ("10", "2"), (None, "3")),  # an end in the middle
        (("10", "2"), (None, "1")),  # falls
        (("10", "-1"), (None, "1")),
        (("10", "1"), (None, "101")),
        (("10", "NaN"), (None, "1")),
    ],
)
def test_faulty_multipliers_are_refused(rows: tuple[tuple[str | None, str], ...]) -> None:
    with pytest.raises(ParameterError, match="minimum_charge_multipliers"):
        OkxParameters(minimum_charge_multipliers=bracket_table(*rows))


def _band(peg: str, *factors: str) -> DepegBand:
    caps = [Decimal(10 * (row + 1)) for row in range(len(factors) - 1)]
    brackets = zip([*caps, None], factors, strict=True)
    return DepegBand(
        peg_at_least=Decimal(peg),
        brackets=tuple(Bracket(cap_usd=c, factor=Decimal(f)) for c, f in brackets),
    )


@pytest.mark.parametrize(
    "bands",
    [
        (),
        (_band("0.9", "0.1"),),  # nothing below 0.9
        (_band("0.9", "0.1"), _band("0.95", "0.2"), _band("0", "0.3")),  # out of order
        (_band("0.9", "0.1"), _band("0.9", "0.2"), _band("0", "0.3")),  # twice
        (_band("0.9", "0.2"), _band("0", "0.1")),  # cheaper when weaker
        (_band("0.9", "0.1", "0.3"), _band("0", "0.2")),  # cheaper in a slice
        (_band("0.9", "0.1"), _band("0", "1.1")),
        (_band("0.9", "0.2", "0.1"), _band("0", "0.3")),  # falls with size
    ],
)
def test_faulty_bands_are_refused(bands: tuple[DepegBand, ...]) -> None:
    with pytest.raises(ParameterError, match="depeg_bands"):
        OkxParameters(depeg_bands=bands)


def test_moves_must_not_fall() -> None:
    with pytest.raises(ParameterError, match="moves must not fall"):
        OkxParameters(small_move=Decimal("0.09"))
    with pytest.raises(ParameterError, match="moves must not fall"):
        OkxParameters(extreme_move=Decimal("0.1"))
    assert OkxParameters() == FIRST_CLASS
