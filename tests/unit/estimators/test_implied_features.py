"""Features of surfaces against finite differences, the query's own delta solver and algebra."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sample_surface import AT, DAY, smile, surface

from plimsoll.domain.instrument import OptionRight, Payoff
from plimsoll.domain.surface import VarianceClock, VolSurface
from plimsoll.errors import UsageError
from plimsoll.estimators.implied.delta_strikes import absolute_delta, log_moneyness_at_delta
from plimsoll.estimators.implied.features import (
    FeatureReason,
    expiry_features,
    surface_features,
)
from plimsoll.estimators.implied.term_structure import (
    TermStructure,
    constant_maturity_term_structure,
    expiry_term_structure,
    term_slope,
)
from plimsoll.estimators.surface.delta import DeltaConvention, moneyness_at_delta
from plimsoll.estimators.surface.query import at_moneyness
from plimsoll.maths.variance_clock import variance_years

TENORS = (7.0, 14.0, 30.0, 45.0, 90.0)


def flat(vols: tuple[float, ...] = (0.5, 0.5, 0.5)) -> VolSurface:
    """No smile: b = 0 and a the total variance."""
    smiles = tuple(
        replace(smile(days, 100.0), a=vol**2 * days / 365, b=0.0)
        for days, vol in zip((7, 30, 90), vols, strict=True)
    )
    return replace(surface(), smiles=smiles)


def test_a_flat_surface_has_its_level_and_nothing_else() -> None:
    found = surface_features(flat(), TENORS)
    np.testing.assert_allclose(found.atm_vol, 0.5, rtol=1e-14)
    for name in ("skew", "curvature", "risk_reversal_25", "butterfly_10"):
        np.testing.assert_allclose(getattr(found, name), 0.0, atol=1e-14)
    assert found.reasons == (None,) * 5


def test_derivatives_are_those_of_finite_differences() -> None:
    """Central differences of step 1e-4: error h^2 f''''/12 about 1e-7 of a vol of order one."""
    found, h = surface_features(surface(), TENORS), 1e-4
    low, middle, high = (
        at_moneyness(surface(), k, found.maturity_ns).volatility for k in (-h, 0, h)
    )
    np.testing.assert_allclose(found.atm_vol, middle, rtol=1e-14)
    np.testing.assert_allclose(found.skew, (high - low) / (2 * h), rtol=1e-6)
    np.testing.assert_allclose(found.curvature, (high - 2 * middle + low) / h**2, rtol=1e-5)


@pytest.mark.parametrize("payoff", [Payoff.INVERSE, Payoff.LINEAR])
@pytest.mark.parametrize(("delta", "name"), [(0.25, "25"), (0.10, "10")])
def test_wings_are_at_the_strikes_the_query_finds(payoff: Payoff, delta: float, name: str) -> None:
    """The other solver brackets the peak of the call's delta; both bisect to rounding."""
    one = replace(surface(), payoff=payoff)
    found = surface_features(one, TENORS)
    k_call = moneyness_at_delta(one, delta, found.maturity_ns, OptionRight.CALL)
    k_put = moneyness_at_delta(one, -delta, found.maturity_ns, OptionRight.PUT)
    call, put = (at_moneyness(one, k, found.maturity_ns).volatility for k in (k_call, k_put))
    np.testing.assert_allclose(getattr(found, f"risk_reversal_{name}"), call - put, atol=1e-12)
    np.testing.assert_allclose(
        getattr(found, f"butterfly_{name}"), 0.5 * (call + put) - found.atm_vol, atol=1e-12
    )
    expected = "premium_adjusted" if payoff is Payoff.INVERSE else "forward"
    assert found.convention.value == expected


def test_between_expiries_variance_flows_with_the_clock() -> None:
    """Total variance at the money, linear in variance time by hand."""
    clock = VarianceClock(day_weights=(1.2, 1.2, 1.2, 1.2, 1.2, 0.5, 0.5))
    smiles = tuple(
        replace(s, variance_years=float(variance_years(clock.day_weights, AT, s.expiry_ns)))
        for s in flat((0.7, 0.6, 0.5)).smiles
    )
    one = replace(surface(), clock=clock, smiles=smiles)
    found = surface_features(one, (17.3,))
    share = (found.variance_years - smiles[0].variance_years) / (
        smiles[1].variance_years - smiles[0].variance_years
    )
    w = (1 - share) * 0.7**2 * 7 / 365 + share * 0.6**2 * 30 / 365
    np.testing.assert_allclose(found.atm_vol**2 * 17.3 / 365, w, rtol=1e-12)


def test_of_an_expiry_the_features_are_its_own() -> None:
    of_expiries = expiry_features(surface())
    np.testing.assert_array_equal(of_expiries.maturity_ns, [AT + d * DAY for d in (7, 30, 90)])
    constant = surface_features(surface(), (7.0, 30.0, 90.0))
    np.testing.assert_allclose(of_expiries.curvature, constant.curvature, rtol=1e-14)


def test_outside_the_expiries_there_is_a_reason_instead() -> None:
    found = surface_features(surface(), (6.9, 7.0, 90.0, 90.1))
    assert found.reasons == (
        FeatureReason.BEFORE_FIRST_EXPIRY,
        None,
        None,
        FeatureReason.AFTER_LAST_EXPIRY,
    )
    np.testing.assert_array_equal(np.isnan(found.atm_vol), [True, False, False, True])
    np.testing.assert_array_equal(np.isnan(found.butterfly_10), [True, False, False, True])


def test_a_coin_call_that_never_has_the_delta() -> None:
    """At s = sigma sqrt(T) = 1.5 the largest premium-adjusted call delta is under 0.25."""
    vol = 1.5 / np.sqrt(90 / 365)
    wild = flat((vol, vol, vol))
    found = surface_features(wild, (7.0, 90.0))
    assert found.reasons == (None, FeatureReason.DELTA_NOT_REACHED)
    assert np.isnan(found.risk_reversal_25[1])
    assert found.atm_vol[1] == pytest.approx(vol)
    linear = surface_features(replace(wild, payoff=Payoff.LINEAR), (90.0,))
    assert linear.reasons == (None,)


def test_outer_strike_of_the_two() -> None:
    """s = 1: a premium-adjusted call delta of 0.25 is had twice; the strike out of the money."""

    def variance_at(k: np.ndarray) -> np.ndarray:
        return np.ones_like(k)

    adjusted = DeltaConvention.PREMIUM_ADJUSTED
    k = log_moneyness_at_delta(variance_at, 0.2, True, adjusted)
    assert absolute_delta(k, np.ones(1), True, adjusted)[0] == pytest.approx(0.2, abs=1e-12)
    assert absolute_delta(k + 0.01, np.ones(1), True, adjusted)[0] < 0.2
    assert k[0] > 0.0


@pytest.mark.parametrize("tenors", [(), (0.0, 7.0), (-1.0,), (30.0, 7.0), (7.0, 7.0)])
def test_refuses_tenors_that_do_not_rise(tenors: tuple[float, ...]) -> None:
    with pytest.raises(UsageError, match="tenors_days"):
        surface_features(surface(), tenors)


def test_forward_variance_and_its_sum() -> None:
    """Three vols by hand; the forward variances times their days add up to the total."""
    structure = expiry_term_structure(flat((0.7, 0.6, 0.5)))
    w = np.array([0.49 * 7, 0.36 * 30, 0.25 * 90]) / 365
    np.testing.assert_allclose(structure.total_variance, w, rtol=1e-14)
    np.testing.assert_allclose(
        structure.forward_variance,
        [0.49, (0.36 * 30 - 0.49 * 7) / 23, (0.25 * 90 - 0.36 * 30) / 60],
        rtol=1e-12,
    )
    np.testing.assert_allclose(structure.vol, [0.7, 0.6, 0.5], rtol=1e-14)


def test_slope_of_a_power_of_maturity() -> None:
    """sigma ~ T^-0.2 has elasticity -0.2 between any two expiries."""
    vols = tuple(0.6 * (days / 30) ** -0.2 for days in (7, 30, 90))
    found = surface_features(flat(vols), (7.0, 30.0, 90.0))
    assert term_slope(found, 7.0, 90.0) == pytest.approx(-0.2, abs=1e-12)
    structure = constant_maturity_term_structure(found)
    np.testing.assert_allclose(structure.vol, vols, rtol=1e-12)
    with pytest.raises(UsageError, match="short_days"):
        term_slope(found, 90.0, 7.0)
    with pytest.raises(UsageError, match="days"):
        term_slope(found, 7.0, 91.0)


def test_a_term_structure_rises_from_its_time() -> None:
    with pytest.raises(UsageError, match="maturity_ns"):
        TermStructure(at_ns=5, maturity_ns=np.array([5, 9]), total_variance=np.ones(2))
    with pytest.raises(UsageError, match="total_variance"):
        TermStructure(at_ns=5, maturity_ns=np.array([6, 9]), total_variance=np.ones(3))
