"""Add-ons never pay and never fall with size; haircuts never fall with size."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from add_on_books import INSTRUMENTS, PRICING, TABLES, account, book, snapshot
from plimsoll.domain.account import Account
from plimsoll.margin import TieredMargin
from plimsoll.margin.add_ons import (
    AddOn,
    BasisAddOn,
    BasisParameters,
    ConcentrationAddOn,
    ConcentrationBase,
    ConcentrationForm,
    ConcentrationParameters,
    DepegAddOn,
    GapAddOn,
    GapParameters,
    LiquidityAddOn,
    LiquidityParameters,
    LiquidityRule,
    MinimumCharge,
    MinimumParameters,
    WithAddOns,
    WrongWayAddOn,
    WrongWayParameters,
    peg_band,
)
from plimsoll.margin.collateral import CollateralParameters, published_value
from plimsoll.margin.collateral.haircuts import haircut_amount

PATIENT = settings(deadline=None, max_examples=60)
LIQUID = {"BTC": LiquidityParameters(), "ETH": LiquidityParameters()}
CROWDED = {"BTC": ConcentrationParameters(), "ETH": ConcentrationParameters()}
EVERY: tuple[AddOn, ...] = (
    LiquidityAddOn(parameters=LIQUID),
    LiquidityAddOn(parameters=LIQUID, rule=LiquidityRule.OPTIMAL_UNWIND),
    ConcentrationAddOn(parameters=CROWDED),
    ConcentrationAddOn(parameters=CROWDED, base=ConcentrationBase.MARGIN),
    ConcentrationAddOn(parameters=CROWDED, form=ConcentrationForm.SIMM),
    GapAddOn(parameters={"BTC": GapParameters(), "ETH": GapParameters()}),
    WrongWayAddOn(
        parameters={"BTC": WrongWayParameters(), "ETH": WrongWayParameters()}, moves_with={}
    ),
    MinimumCharge(parameters={"BTC": MinimumParameters(), "ETH": MinimumParameters()}),
    BasisAddOn(parameters={"BTC": BasisParameters(), "ETH": BasisParameters()}),
    DepegAddOn(bands=(peg_band("0", ("500", "0.01"), (None, "0.02")),)),
)
PREPARED = WithAddOns(model=TieredMargin(pricing=PRICING), pricing=PRICING, add_ons=EVERY).prepare(
    snapshot(), TABLES, INSTRUMENTS
)

CONTRACTS = st.integers(-10_000, 10_000).filter(bool).map(lambda tenths: tenths / 10)
HELD = st.dictionaries(st.sampled_from(["PERP", "PERPC", "ETH", "FUT", "COIN"]), CONTRACTS)
COINS = st.integers(-100, 1000).map(float)


def terms(held: dict[str, float], coins: float) -> dict[int, float]:
    found = PREPARED.requirements(book(account(held, {"BTC": coins, "USDT": 100.0})))
    assert not found.unknown[0]
    return {k: float(t.initial[0]) for k, t in enumerate(found.terms[1:])}


@PATIENT
@given(held=HELD, coins=COINS, factor=st.integers(1, 50))
def test_add_ons_are_not_negative_and_do_not_fall_as_the_account_grows(
    held: dict[str, float], coins: float, factor: int
) -> None:
    small = terms(held, coins)
    large = terms({m: q * factor for m, q in held.items()}, coins * factor)
    for k, charge in small.items():
        assert charge >= 0.0
        # At least in proportion but for rounding of sums: a larger account is never let off.
        scale = max(abs(v) for v in large.values())
        assert large[k] >= factor * charge - 1e-9 * (1.0 + scale), k


@PATIENT
@given(size=CONTRACTS, share=st.floats(0.01, 1.0))
def test_a_hedged_book_is_never_free(size: float, share: float) -> None:
    charges = terms({"PERP": size, "PERPC": -size * share}, 0.0)
    assert charges[7] > 0.0  # minimum charge
    assert charges[8] >= 0.0
    assert charges[9] > 0.0  # two dollars


@PATIENT
@given(
    haircut=st.integers(0, 100),
    chain=st.integers(0, 100),
    slope=st.integers(0, 100),
    free=st.integers(0, 10**7),
    sizes=st.lists(st.floats(0.0, 1e10), min_size=2, max_size=20),
)
def test_haircuts_rise_with_size_and_what_counts_never_falls(
    haircut: int, chain: int, slope: int, free: int, sizes: list[float]
) -> None:
    own = CollateralParameters(
        haircut=Decimal(haircut) / 100,
        chain_haircut=Decimal(chain) / 100,
        slope_per_million=Decimal(slope) / 100,
        free_usd=Decimal(free),
    )
    values = np.sort(np.array(sizes))
    taken = haircut_amount(values, own)
    counted = values - taken
    near = 1e-9 * (1.0 + values)
    assert bool(np.all(taken >= 0.0))
    assert bool(np.all(counted >= -near))
    assert bool(np.all(np.diff(counted) >= -near[1:]))
    positive = values > 1e-3
    average = taken[positive] / values[positive]
    assert bool(np.all(np.diff(average) >= -1e-9))


@given(value=st.floats(-1e12, 1e12))
def test_published_collateral_is_rounded_down(value: float) -> None:
    published = published_value(value)
    assert published <= Decimal(repr(value)) < published + Decimal("0.01")


@PATIENT
@given(held=HELD, coins=COINS)
def test_the_unit_of_currency_changes_nothing(held: dict[str, float], coins: float) -> None:
    """In coins the same dollars, but for wrong way: coins do not move against themselves."""
    in_coin = replace(PRICING, numeraire="BTC")
    kept = (*EVERY[:5], *EVERY[7:])
    account_: Account = account(held, {"BTC": coins, "USDT": 100.0})
    found = []
    for pricing in (PRICING, in_coin):
        model = WithAddOns(model=TieredMargin(pricing=pricing), pricing=pricing, add_ons=kept)
        own = model.prepare(snapshot(), TABLES, INSTRUMENTS).requirements(book(account_))
        found.append(float(own.initial[0]))
    assert found[1] * 100.0 == pytest.approx(found[0], rel=1e-9, abs=1e-9)
