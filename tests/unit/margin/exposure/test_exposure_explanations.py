"""Explanations of the exposure margin: shares that add up, and what they are by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from coin_books import INSTRUMENTS, PRICING, SNAPSHOT, account, book, position
from plimsoll.domain.account import Order
from plimsoll.margin.exposure import (
    CoinDynamics,
    ExposureMargin,
    ExposureParameters,
    MarginAgreement,
)
from plimsoll.margin.exposure.parameters import PORTFOLIO
from plimsoll.margin.exposure.quantile_shares import called_collateral, near_quantile, value_shares
from plimsoll.maths.exposure_paths import CollateralTerms

COINS = CoinDynamics(
    coins=("BTC", "ETH"),
    spot=np.ones(2),
    vol_annual=np.array([0.6, 0.8]),
    correlation=np.array([[1.0, 0.7], [0.7, 1.0]]),
)
NO_CALLS = MarginAgreement(threshold_usd=Decimal(10**9), margin_period_hours=Decimal(0))
CALLED = MarginAgreement(
    threshold_usd=Decimal(500),
    minimum_transfer_usd=Decimal(300),
    margin_period_hours=Decimal(24),
    initial_amount_usd=Decimal(200),
    own_threshold_usd=Decimal(2_000),
    initial_coins={"BTC": 0.01},
)


def prepared(agreement: MarginAgreement, paths: int = 2_000):
    model = ExposureMargin(
        dynamics=COINS, agreement=agreement, paths=paths, seed=5, pricing=PRICING
    )
    week = ExposureParameters(horizon_hours=Decimal(168))
    return model.prepare(SNAPSHOT, {PORTFOLIO: week}, INSTRUMENTS)


BOOK = book(
    account("linear", position("BTC-LIN", -50.0), position("ETH-LIN", 300.0), USD=9_000.0),
    account("options", position("BTC-L-9-1.0-C", -20.0), position("BTC-INV", 100.0), BTC=0.2),
    account("one", position("ETH-INV", 40.0, entry=2_400.0)),
    account("idle", USDC=5.0),
)


@pytest.mark.parametrize("agreement", [NO_CALLS, CALLED], ids=["no calls", "called"])
def test_shares_add_up_to_the_quantile(agreement: MarginAgreement) -> None:
    found = prepared(agreement).requirements(BOOK)
    for unit, name in enumerate(BOOK.accounts):
        (told,) = found.explanations(name)
        term = next(t for t in told.terms if t.name == "potential_exposure")
        assert told.maintenance == found.maintenance[unit]
        assert told.initial == found.initial[unit]
        assert {c.of for c in told.contributions} <= {term.name}
        total = sum(c.contribution for c in told.contributions)
        assert total == pytest.approx(term.maintenance, rel=1e-12, abs=1e-12)
    assert not found.explanations("idle")[0].contributions
    assert found.explanations("idle")[0].binding == "nothing is exposed"


def test_the_binding_time_is_that_of_the_highest_exposure() -> None:
    ready = prepared(CALLED)
    found = ready.requirements(BOOK)
    for unit, name in enumerate(BOOK.accounts[:3]):
        (told,) = found.explanations(name)
        potential = ready.profile(BOOK, unit).with_collateral.potential[1]
        (by_time,) = told.scenarios
        np.testing.assert_array_equal(by_time.losses, potential)
        assert by_time.binding == int(np.argmax(potential)) == found.binding_scenario[unit]
        assert found.scenario_names[by_time.binding] in told.binding


def test_one_position_has_all_of_it_and_two_halves_half_each() -> None:
    ready = prepared(NO_CALLS)
    one = account("one", position("BTC-LIN", -40.0))
    both = account("both", position("BTC-LIN", -20.0), position("BTC-SPOT", -0.2))
    found = ready.requirements(book(one, both))
    (alone,), (halves,) = found.explanations("one"), found.explanations("both")
    (only,) = alone.contributions
    assert only.contribution == pytest.approx(found.maintenance[0], rel=1e-12)
    assert only.standalone == pytest.approx(found.maintenance[0], rel=1e-12)
    for part in halves.contributions:
        assert part.contribution == pytest.approx(0.5 * found.maintenance[1], rel=1e-9)
        assert part.standalone == pytest.approx(part.contribution, rel=1e-9)


def test_contributions_are_near_the_quantiles_derivative() -> None:
    """Linear positions of two coins, small moves: sigma_i (rho sigma)_i / sigma of the sum.

    The law is near the normal one for an hour. The shares come from 400 of 40,000 paths: the
    standard error of each mean is at most its own deviation over sqrt(400), 5 %; four of them are
    allowed, and 4 % for the skew of the lognormal.
    """
    model = ExposureMargin(
        dynamics=COINS, agreement=NO_CALLS, paths=40_000, seed=7, pricing=PRICING
    )
    ahead = ExposureParameters(horizon_hours=Decimal(1), step_hours=Decimal(1))
    ready = model.prepare(SNAPSHOT, {PORTFOLIO: ahead}, INSTRUMENTS)
    made = book(account("a", position("BTC-LIN", 100.0), position("ETH-LIN", -1_000.0)))
    found = ready.requirements(made)
    (told,) = found.explanations("a")
    hour = math.sqrt(1 / 8760)
    d = np.array([50_000.0 * 0.6, -25_000.0 * 0.8]) * hour
    total = math.sqrt(d @ COINS.correlation @ d)
    expected = d * (COINS.correlation @ d) / total * 1.959964
    for part, share, own in zip(told.contributions, expected, np.abs(d), strict=True):
        assert part.contribution == pytest.approx(share, abs=4.0 * own / 20.0 + 0.02 * own * 2)


def test_the_agreement_has_lines_of_its_own() -> None:
    (told,) = prepared(CALLED).requirements(BOOK).explanations("linear")
    lines = {c.market: c.contribution for c in told.contributions}
    assert {"threshold", "initial amount", "initial BTC"} <= set(lines)
    assert lines["initial amount"] < 0.0 < lines["threshold"]
    assert lines["initial BTC"] < 0.0
    assert any("threshold 500" in note for note in told.notes)


def test_parts_of_each_path_are_its_exposure_by_hand() -> None:
    """One path of 10, 30, 25, 60: threshold 12, minimum transfer 5, lag 1, initial 2.

    Due: 0, 18, 13, 48. Held: 0, 18, 13, 48 (5 is enough). At the third time what arrived is the
    13 of the second: 60 - 13 - 2 = 45 = (60 - 25) + 12 - 2. With a minimum of 6 the 18 stay held:
    60 - 18 - 2 = 40 = (60 - 25) + 12 - 5 - 2, the 5 being 13 due less 18 held.
    """
    value = np.array([[10.0], [30.0], [25.0], [60.0]])
    for least, stale in ((5.0, 0.0), (6.0, -5.0)):
        terms = CollateralTerms(12.0, math.inf, least, 1, 2.0, np.zeros(1))
        found = called_collateral(value, terms, 3)
        assert (found.called[0], found.threshold[0], found.stale[0]) == (1.0, 12.0, stale)
        assert value_shares(value, found, 1, 3)[0] == 35.0
    # Against the house by 40, of which it keeps 9 back: it has posted 31.
    terms = CollateralTerms(12.0, 9.0, 0.0, 1, 0.0, np.zeros(1))
    found = called_collateral(np.array([[-40.0], [5.0]]), terms, 1)
    assert (found.called[0], found.threshold[0], found.stale[0]) == (1.0, -9.0, 0.0)


def test_paths_near_a_quantile_are_exposed_and_hold_it() -> None:
    exposure = np.array([0.0] * 150 + list(range(1, 51)), dtype=np.float64)
    found = near_quantile(exposure, 3.0)
    assert sorted(exposure[found].tolist()) == [2.0, 3.0, 4.0]
    assert exposure[near_quantile(exposure, 1.0)].min() == 1.0


def test_a_unit_without_a_number_has_reasons() -> None:
    person = account("a", position("BTC-LIN", 1.0))
    ordering = replace(person, orders=(Order(market="BTC-LIN", quantity=1.0),))
    (told,) = prepared(NO_CALLS).requirements(book(ordering)).explanations("a")
    assert math.isnan(told.maintenance)
    assert not told.contributions
    assert told.notes
