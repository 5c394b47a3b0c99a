"""Lending terms hold their inequalities on the grid; what cannot says by how much it misses."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from plimsoll.calibration.collateral.lending import (
    LendingRisk,
    LendingTerms,
    NotLendable,
    lending_errors,
    lending_terms,
    stressed_lending_risk,
    supply_cap,
)
from plimsoll.calibration.collateral.utilisation import kinked_rate
from plimsoll.calibration.collateral.wrong_way import wrong_way_haircut
from plimsoll.errors import InsufficientDataError, ParameterError, UsageError

SHARE = st.floats(0.0, 0.4)


@settings(max_examples=60)
@given(latency=SHARE, user=SHARE, keeper=st.floats(0, 0.1), slippage=st.floats(0, 0.2))
def test_terms_hold_every_inequality_or_the_relaxation_makes_them(
    latency: float, user: float, keeper: float, slippage: float
) -> None:
    risk = LendingRisk(
        latency_drop=latency, user_drop=user, liquidator_risk=keeper, slippage=slippage, gas=0.001
    )
    found = lending_terms(risk, least_loan_to_value=0.5)
    if isinstance(found, NotLendable):
        assert found.relaxation > 0.0
        assume(found.relaxation < latency)
        found = lending_terms(
            replace(risk, latency_drop=latency - found.relaxation - 1e-9), least_loan_to_value=0.5
        )
    assert isinstance(found, LendingTerms)
    loan, threshold, bonus = (
        float(found.loan_to_value),
        float(found.liquidation_threshold),
        float(found.bonus),
    )
    assert bonus >= slippage + 0.001 + keeper - 1e-9
    drop = latency if threshold * (1 + bonus) <= 1 - latency - slippage + 1e-9 else None
    assert drop is not None or loan >= 0.5  # the relaxed problem has less drop
    assert 0.5 <= loan < threshold
    assert loan <= threshold * (1 - user) + 1e-9


def test_a_known_case_by_hand() -> None:
    # bonus .02 + .001 + .029 = .05; (1 - .08 - .02) / 1.05 = .857 -> .855; .855 x .98 = .8379
    risk = LendingRisk(
        latency_drop=0.08, user_drop=0.02, liquidator_risk=0.029, slippage=0.02, gas=0.001
    )
    assert lending_terms(risk) == LendingTerms(
        loan_to_value=Decimal("0.835"),
        liquidation_threshold=Decimal("0.855"),
        bonus=Decimal("0.050"),
    )
    # Correlated mode: the ratio falls less than the asset, and more can be lent.
    ratio = lending_terms(replace(risk, latency_drop=0.01, user_drop=0.003))
    assert isinstance(ratio, LendingTerms)
    assert ratio.loan_to_value > Decimal("0.9")


def test_errors_of_terms_are_those_of_quantiles_carried_through() -> None:
    """An independent look: terms of 60 histories of the same law spread by about the error."""
    draw = np.random.default_rng(7)
    wide = {"latency_bars": 1, "user_bars": 24}
    found: list[list[float]] = []
    errors: list[list[float]] = []
    for _ in range(60):
        price = np.cumsum(0.01 * draw.standard_t(5, 24 * 250))
        risk = stressed_lending_risk(price, stressed_loss=0.0, slippage=0.001, **wide)
        terms = lending_terms(risk, step=Decimal("0.000001"))
        assert isinstance(terms, LendingTerms)
        found.append([float(terms.loan_to_value), float(terms.liquidation_threshold)])
        if len(errors) < 8:
            one = lending_errors(
                price, risk, terms, stressed_loss=0.0, bars_per_day=24, seed=1, **wide
            )
            errors.append([one.loan_to_value, one.liquidation_threshold])
    spread, told = np.std(found, axis=0, ddof=1), np.mean(errors, axis=0)
    # Sixty histories know a spread within a tenth, blocks of ten days an error within a third.
    np.testing.assert_allclose(told, spread, rtol=0.4)
    stated = stressed_lending_risk(price, stressed_loss=0.5, slippage=0.001, **wide)
    terms = lending_terms(stated)
    assert isinstance(terms, LendingTerms)
    one = lending_errors(price, stated, terms, stressed_loss=0.5, bars_per_day=24, **wide)
    assert one.liquidation_threshold < 0.3 * told[1]


def test_caps_follow_depth() -> None:
    assert supply_cap(1e6, 0.8) == (2e6, 1.6e6)
    with pytest.raises(ParameterError):
        supply_cap(1e6, 0.8, share=0.0)


def test_kink_leaves_withdrawals_their_quantile_and_the_curve_never_falls() -> None:
    drawn = np.random.default_rng(1).exponential(0.02, 5_000)
    found = kinked_rate(drawn, reference_rate_annual=0.08, base_rate_annual=0.01)
    assert np.quantile(drawn, 0.99) <= 1.0 - float(found.kink)
    assert float(found.kink) == pytest.approx(1.0 + 0.02 * math.log(0.01), abs=3 * found.kink_error)
    rates = found.rate(np.linspace(0, 1, 101))
    assert (np.diff(rates) >= 0).all()
    assert float(found.rate(float(found.kink))) == pytest.approx(0.08)
    # At full utilisation the rate draws back what stands above the kink.
    assert math.exp(-2.0 * float(found.beyond_kink)) <= float(found.kink)
    with pytest.raises(ParameterError, match="leave a kink"):
        kinked_rate(np.ones(200), reference_rate_annual=0.08)
    with pytest.raises(InsufficientDataError):
        kinked_rate(np.ones(20), reference_rate_annual=0.08)


def test_joint_haircut_of_comonotone_moves_adds_and_of_a_hedge_does_not() -> None:
    rng = np.random.default_rng(3)
    fall = rng.normal(0, 0.02, 40_000)
    loss = -np.expm1(-fall)
    with_position = wrong_way_haircut(fall, loss)
    # Comonotone: quantiles add up exactly, so that the joint haircut is the asset's own.
    assert with_position.joint == pytest.approx(with_position.alone, rel=1e-9)
    assert with_position.correlation == pytest.approx(1.0)
    apart = wrong_way_haircut(fall, rng.normal(0, 0.02, 40_000))
    hedged = wrong_way_haircut(fall, -loss)
    assert apart.joint >= apart.alone
    assert hedged.extra == 0.0
    with pytest.raises(UsageError):
        wrong_way_haircut(fall, loss[:-1])
    with pytest.raises(InsufficientDataError):
        wrong_way_haircut(fall[:50], loss[:50])
