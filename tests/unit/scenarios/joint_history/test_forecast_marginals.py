"""Joint history with a forecaster's marginals: ranks of the past, sizes of the curves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import rankdata

from joint_prices import prices_of, t_returns
from plimsoll.errors import DataFormatError, InsufficientDataError
from plimsoll.estimators.reference.marginal_curves import PUBLISHED, TAILS, MarginalCurves
from plimsoll.measures.panel import expected_shortfall_columns, value_at_risk_columns
from plimsoll.scenarios.joint_history import (
    FilteredPanel,
    InnovationLaw,
    JointReason,
    Marginals,
    MixtureLegs,
    Simulation,
    VarianceRecursion,
    filtered_panel,
    joint_scenarios,
    mixed_scenarios,
)
from plimsoll.scenarios.stressed import Dependence

EWMA = VarianceRecursion.ewma(half_life_bars=40.0)
GIVEN = Simulation(
    horizon_bars=8,
    count=1_000,
    seed=1,
    antithetic=False,
    lowest_ratio=0.0,
    highest_ratio=float("inf"),
)


def curves_of(markets: tuple[str, ...], index: float = 0.3) -> MarginalCurves:
    """Power tails of a size of their own, rises longer than falls: F(loss > x) = u."""
    size = 0.005 * (1.0 + np.arange(len(markets)))[:, None] * np.array([1.0, 1.5])
    shape = TAILS**-index - 0.5**-index
    far = TAILS[0] ** -index / (1.0 - index) - 0.5**-index  # integral of the power, in closed form
    return MarginalCurves(markets=markets, loss=size[:, :, None] * shape, beyond=size * far)


def panel_of(returns: NDArray[np.float64]) -> FilteredPanel:
    return filtered_panel(prices_of(returns), EWMA)


PANEL = panel_of(t_returns(1_500, 6))
CURVES = curves_of(PANEL.subjects)


@pytest.mark.parametrize("fields", [{}, {"antithetic": True}, {"method": "recursion"}])
def test_ranks_are_those_of_history(fields: dict) -> None:
    given = replace(GIVEN, **fields)
    history = joint_scenarios(PANEL, given)
    found = joint_scenarios(PANEL, given, curves=CURVES)
    assert history.marginals is Marginals.HISTORY
    assert found.marginals is Marginals.FORECAST
    assert found.scenarios.names == history.scenarios.names
    np.testing.assert_array_equal(
        rankdata(found.scenarios.shocks, axis=0), rankdata(history.scenarios.shocks, axis=0)
    )


@pytest.mark.parametrize("count", [200, 500, 1_000])
def test_quantile_and_shortfall_are_those_of_the_curves(count: int) -> None:
    """The order statistic is the mean over the cell from 1 % to 1 % + 1/S of tail probability, and
    lies between the curve's values there; the mean of the worst S/100 is the curve's own."""
    shocks = joint_scenarios(PANEL, replace(GIVEN, count=count), curves=CURVES).scenarios.shocks
    for side, sign in ((0, -1.0), (1, 1.0)):
        loss = CURVES.loss[:, side]
        value = value_at_risk_columns(sign * shocks, 0.99)
        least = np.array([np.interp(0.01 + 1.0 / count, TAILS, row) for row in loss])
        assert np.all(value <= loss[:, PUBLISHED] * (1.0 + 1e-9))
        assert np.all(value >= least * (1.0 - 1e-9))
        shortfall = expected_shortfall_columns(sign * shocks, 0.99)
        np.testing.assert_allclose(shortfall, CURVES.expected_shortfall[:, side], rtol=1e-9)


def test_grid_reaches_the_closed_form() -> None:
    """Power tails between nodes 2 % apart: the mean beyond 1 % to 2e-4."""
    index = 0.3
    exact = 0.01**-index / (1.0 - index) - 0.5**-index
    np.testing.assert_allclose(CURVES.expected_shortfall[0, 0], 0.005 * exact, rtol=2e-4)
    assert TAILS[PUBLISHED] == pytest.approx(0.01, rel=1e-15)


def test_a_market_does_not_depend_on_which_others_there_are() -> None:
    whole = joint_scenarios(PANEL, GIVEN, curves=CURVES).scenarios.shocks
    some = PANEL.only(("C004", "C001"))
    part = joint_scenarios(some, GIVEN, curves=CURVES).scenarios.shocks
    np.testing.assert_array_equal(part, whole[:, [4, 1]])


def test_identical_coins_move_alike() -> None:
    returns = t_returns(600, 3)
    returns[:, 1] = returns[:, 0]
    alike = curves_of(("C000", "C001", "C002"))
    same = np.array([0, 0, 2])
    alike = replace(alike, loss=alike.loss[same], beyond=alike.beyond[same])
    found = joint_scenarios(panel_of(returns), GIVEN, curves=alike).scenarios.shocks
    np.testing.assert_array_equal(found[:, 0], found[:, 1])


def test_markets_without_a_curve_or_without_movement_have_their_reason() -> None:
    returns = t_returns(600, 4)
    returns[:, 2] = 0.0
    panel = panel_of(returns)
    curves = curves_of(("C000", "C001", "C002"))
    lost = curves.loss.copy()
    lost[1] = np.nan
    found = joint_scenarios(panel, GIVEN, curves=replace(curves, loss=lost))
    assert [f.subject for f in found.scenarios.factors] == ["C000"]
    assert found.reasons == {
        "C001": JointReason.NO_FORECAST,
        "C002": JointReason.NO_MOVEMENT,
        "C003": JointReason.NO_FORECAST,
    }
    with pytest.raises(InsufficientDataError, match="must have a forecast"):
        joint_scenarios(panel, GIVEN, curves=curves_of(("SOMEBODY",)))


def test_a_loss_of_everything_leaves_the_range_of_prices() -> None:
    ruined = CURVES.loss.copy()
    ruined[2, 0, :140] = 1.0  # to 0.2 %, more than the worst of a thousand
    beyond = CURVES.beyond.copy()
    beyond[2, 0] = 1.0
    found = joint_scenarios(PANEL, GIVEN, curves=replace(CURVES, loss=ruined, beyond=beyond))
    assert found.reasons == {"C002": JointReason.BEYOND_RANGE}
    assert np.isfinite(found.scenarios.shocks).all()


def test_scenarios_of_a_price_that_mostly_stands_still_are_finite() -> None:
    """Its quiet windows tie, and share one small mean: no rank is made up."""
    returns = t_returns(1_500, 3)
    returns[np.random.default_rng(2).random(1_500) < 0.97, 1] = 0.0
    found = joint_scenarios(panel_of(returns), GIVEN, curves=CURVES)
    shocks = found.scenarios.shocks[:, 1]
    assert np.isfinite(shocks).all()
    assert 0.5 < np.mean(shocks == np.median(shocks)) < 0.9  # 0.97^8 = 0.78 of windows
    assert found.reasons == {}


def test_a_mixture_takes_the_curves_for_its_history() -> None:
    legs = MixtureLegs(
        law=InnovationLaw(subjects=PANEL.subjects, correlation=np.eye(6)),
        law_share=0.1,
        dependence={Dependence.INDEPENDENT: 0.2},
    )
    mixed = mixed_scenarios(PANEL, GIVEN, legs, curves=CURVES)
    assert mixed.marginals is Marginals.FORECAST
    plain = joint_scenarios(PANEL, GIVEN, curves=CURVES).scenarios
    history = [k for k, name in enumerate(mixed.scenarios.names) if name.startswith("history")]
    np.testing.assert_array_equal(mixed.scenarios.shocks[history], plain.shocks)
    broken = [k for k, name in enumerate(mixed.scenarios.names) if name.startswith("independent")]
    np.testing.assert_allclose(
        np.sort(mixed.scenarios.shocks[broken], axis=0), np.sort(plain.shocks, axis=0)
    )


def test_given_volatilities_stand_in_place_of_the_recursions() -> None:
    prices = prices_of(t_returns(300, 2))
    scales = np.full((301, 2), np.nan)
    scales[100:, 0] = 0.02
    plain, found = filtered_panel(prices, EWMA), filtered_panel(prices, EWMA, volatility=scales)
    np.testing.assert_array_equal(found.volatility[100:, 0], np.full(200, 0.02))
    np.testing.assert_array_equal(found.volatility[:100, 0], plain.volatility[:100, 0])
    np.testing.assert_array_equal(found.volatility[:, 1], plain.volatility[:, 1])
    assert found.variance_next[0] == 0.02**2
    for wrong in (scales[1:], np.where(np.isnan(scales), 0.0, scales), np.full((301, 2), np.inf)):
        with pytest.raises(DataFormatError, match="volatility: must be"):
            filtered_panel(prices, EWMA, volatility=wrong)


@pytest.mark.parametrize("kind", ["rises", "ends"])
def test_curves_must_fall_to_nothing(kind: str) -> None:
    loss = CURVES.loss.copy()
    if kind == "rises":
        loss[0, 0, 5] = 10.0
    else:
        loss[0, 1, -1] = 1e-9
    with pytest.raises(DataFormatError, match="must fall to 0"):
        replace(CURVES, loss=loss)
