"""Exposure as a margin: lognormal quantiles, parity, hedges, reasons, bounds."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from scipy.stats import norm

from coin_books import INSTRUMENTS, PRICING, SNAPSHOT, account, book, isolated, position
from plimsoll.domain.account import Order
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.errors import ParameterError, UsageError
from plimsoll.margin.exposure import (
    CoinDynamics,
    ExposureMargin,
    ExposureParameters,
    MarginAgreement,
)
from plimsoll.margin.exposure.model import PORTFOLIO
from plimsoll.margin.governed import governance

COINS = CoinDynamics(
    coins=("BTC", "ETH"),
    spot=np.ones(2),
    vol_annual=np.array([0.6, 0.8]),
    correlation=np.array([[1.0, 0.7], [0.7, 1.0]]),
)
NO_CALLS = MarginAgreement(threshold_usd=Decimal(10**9), margin_period_hours=Decimal(0))
WEEK = ExposureParameters(horizon_hours=Decimal(168))


def prepared(agreement=NO_CALLS, parameters=WEEK, paths=4_000, coins=COINS):
    model = ExposureMargin(
        dynamics=coins, agreement=agreement, paths=paths, seed=5, pricing=PRICING
    )
    return model.prepare(SNAPSHOT, {PORTFOLIO: parameters}, INSTRUMENTS)


def test_one_position_needs_its_lognormal_quantile() -> None:
    """Without calls a short coin may cost S (exp(z s - s^2 / 2) - 1) in a week, within 4 errors."""
    ready = prepared(paths=20_000)
    made = book(account("short", position("BTC-LIN", -100.0)), account("long", BTC=1.0))
    found = ready.requirements(made)
    deviation = 0.6 * math.sqrt(7 / 365)
    for column, confidence in ((found.initial, 0.99), (found.maintenance, 0.975)):
        for unit, sign in ((0, 1.0), (1, -1.0)):
            move = math.exp(sign * norm.ppf(confidence) * deviation - deviation**2 / 2) - 1.0
            # s.e. of the quantile: sqrt(c (1 - c) / n) over the density there
            density = norm.pdf(norm.ppf(confidence)) / (deviation * (1.0 + move))
            error = math.sqrt(confidence * (1 - confidence) / 20_000) / density
            assert abs(column[unit] / 50_000.0 - abs(move)) <= 4 * error


def test_parity_hedges_and_wrong_way() -> None:
    made = book(
        account("linear", position("BTC-LIN", 100.0)),
        account("inverse", position("BTC-INV", 500.0)),
        account("spot", position("BTC-SPOT", 1.0)),
        account("hedged", position("BTC-SPOT", 1.0), position("BTC-INV", -500.0)),
        account("wrong way", position("BTC-INV", 500.0), BTC=1.0),
        account("synthetic", position("BTC-L-30-1.0-C", 10.0), position("BTC-L-30-1.0-P", -10.0)),
    )
    found = prepared().requirements(made).initial
    np.testing.assert_allclose(found[1:3], found[0], rtol=1e-9)
    assert found[3] < 1e-6
    assert found[4] == pytest.approx(2.0 * found[0], rel=1e-9)
    # A call less a put is the forward of 30 days, 0.6 % above spot; 23 days of carry are left.
    forward = 50_000.0 * 1.006 - (50_000.0 - found[0]) * 1.006 ** (23 / 30)
    assert found[5] == pytest.approx(forward, rel=1e-9)


def test_calls_for_variation_lower_it_to_the_margin_period() -> None:
    daily = MarginAgreement(margin_period_hours=Decimal(24))
    made = book(account("a", position("BTC-LIN", 100.0), position("ETH-I-30-1.0-C", -30.0)))
    called, free = (prepared(a).requirements(made).initial[0] for a in (daily, NO_CALLS))
    assert 0.25 * free < called < 0.75 * free


def test_options_that_expire_within_the_horizon_stay_in_equity() -> None:
    """A week before a horizon of two: the option sold and its hedge bought still net by parity."""
    long = ExposureParameters(horizon_hours=Decimal(336))
    made = book(
        account("sold", position("BTC-L-9-1.0-C", -10.0)),
        account(
            "flat",
            position("BTC-L-9-1.0-C", -10.0),
            position("BTC-L-9-1.0-P", 10.0),
        ),
    )
    ready = prepared(parameters=long)
    found = ready.requirements(made)
    assert found.initial[0] > 1_000.0
    profile = ready.profile(made, 1)
    short_forward = prepared(parameters=long).requirements(
        book(account("f", position("BTC-LIN", -100.0)))
    )
    # After nine days both are settled: the forward's loss up to then is what stays.
    assert profile.with_collateral.potential[0, 14] < short_forward.initial[0]
    assert profile.with_collateral.potential[0, 14] == pytest.approx(
        profile.with_collateral.potential[0, 9], rel=1e-9
    )
    assert profile.expected_value[0] == pytest.approx(0.0, abs=1e-6)


def test_margins_are_ordered_and_reproduce() -> None:
    made = book(
        account("a", position("BTC-FUT", 40.0), position("ETH-L-9-0.8-P", -50.0), ETH=3.0),
        account("b", isolated("ETH-INV", -90.0, 0.5), USD=100.0),
    )
    one, two = prepared().requirements(made), prepared().requirements(made)
    np.testing.assert_array_equal(one.initial, two.initial)
    assert np.all(one.initial >= one.maintenance)
    assert one.maintenance.tolist()[1] == 0.0
    assert one.maintenance[2] > 0.0
    with pytest.raises(UsageError, match="something that moves"):
        prepared().profile(made, 1)


def test_reasons() -> None:
    only = CoinDynamics(coins=("BTC",), spot=np.ones(1), vol_annual=np.array([0.6]))
    made = book(
        account("eth", position("ETH-LIN", 1.0)),
        account("quanto", position("ETH-QUANTO", 1.0)),
        account("unknown", position("NOBODY", 1.0)),
        account("coin", ETH=1.0),
        replace(account("orders", USD=1.0), orders=(Order(market="BTC-LIN", quantity=1.0),)),
        account("good", position("BTC-LIN", 1.0)),
    )
    found = prepared(coins=only).requirements(made)
    assert found.parts.reason.tolist() == [
        MarginReason.NO_PARAMETERS,
        MarginReason.NOT_MARGINED,
        MarginReason.UNKNOWN_INSTRUMENT,
        0,
    ]
    assert found.unit_reason is not None
    assert found.unit_reason.tolist()[3:] == [
        MarginReason.NO_PARAMETERS,
        MarginReason.NOT_MARGINED,
        0,
    ]
    assert np.isnan(found.initial).tolist() == [True] * 5 + [False]


@pytest.mark.parametrize("name", list(governance(ExposureParameters)))
@pytest.mark.parametrize("side", ["lower", "upper"])
def test_each_parameter_at_its_bounds(name: str, side: str) -> None:
    value = getattr(governance(ExposureParameters)[name], side)
    values = {name: value}
    if (name, side) == ("initial_confidence", "lower"):
        values["maintenance_confidence"] = value
    if (name, side) == ("maintenance_confidence", "upper"):
        values["initial_confidence"] = value
    held = replace(ExposureParameters(horizon_hours=Decimal(2)), **values)
    made = book(account("a", position("BTC-LIN", 100.0)))
    found = prepared(parameters=held, paths=50).requirements(made)
    assert found.initial[0] >= found.maintenance[0] >= 0.0
    beyond = value + (Decimal("0.0001") if side == "upper" else Decimal("-0.0001"))
    with pytest.raises(ParameterError):
        replace(held, **{name: beyond})


def test_refusals() -> None:
    with pytest.raises(UsageError, match="USD"):
        ExposureMargin(
            dynamics=COINS,
            agreement=NO_CALLS,
            paths=10,
            seed=1,
            pricing=replace(PRICING, numeraire="BTC"),
        )
    model = ExposureMargin(dynamics=COINS, agreement=NO_CALLS, paths=10, seed=1, pricing=PRICING)
    with pytest.raises(UsageError, match="PORTFOLIO"):
        model.prepare(SNAPSHOT, {}, INSTRUMENTS)
    with pytest.raises(ParameterError, match="at most initial"):
        ExposureParameters(maintenance_confidence=Decimal("0.995"))
