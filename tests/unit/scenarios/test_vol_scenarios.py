"""Joint scenarios of spot and volatility, and the published multipliers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from plimsoll.domain.scenario import Factor, FactorKind
from plimsoll.errors import InsufficientDataError, ParameterError, UsageError
from plimsoll.estimators.vol_shocks.history import FeatureHistory
from plimsoll.estimators.vol_shocks.moves import SurfaceMoves, surface_moves
from plimsoll.scenarios.vol_scenarios import (
    historical_vol_scenarios,
    multiplied_vol,
    shocked_vol,
    vol_factors,
    vol_multiplier,
)

Array = NDArray[np.float64]
DAY = 86_400 * 10**9
FIRST = 1_767_258_000 * 10**9  # 1 January 2026, 09:00 UTC
TENORS = (7.0, 30.0)


def history(days: int = 30, seed: int = 1, subject: str = "HELM") -> FeatureHistory:
    rng = np.random.default_rng(seed)

    def walk(scale: float) -> Array:
        return np.cumsum(scale * rng.standard_normal((days, 2)), axis=0)

    return FeatureHistory(
        subject=subject,
        at_ns=FIRST + DAY * np.arange(days, dtype=np.int64),
        tenors_days=np.array(TENORS),
        spot=95_000.0 * np.exp(np.cumsum(0.03 * rng.standard_normal(days))),
        atm_vol=0.5 * np.exp(walk(0.05)),
        skew=-0.2 + walk(0.02),
        curvature=0.8 + walk(0.05),
    )


def moves(seed: int = 1, subject: str = "HELM", days: int = 30) -> SurfaceMoves:
    return surface_moves(history(days, seed, subject))


def level(subject: str, tenor: float) -> Factor:
    return Factor(subject=subject, kind=FactorKind.IMPLIED_VOL_LEVEL, tenor_days=tenor)


def test_every_move_is_a_scenario() -> None:
    one = moves()
    found = historical_vol_scenarios([one])
    assert len(found) == 29
    assert found.factors == vol_factors("HELM", TENORS)
    assert found.names[0] == "2026-01-01T09:00Z/2026-01-02T09:00Z"
    np.testing.assert_allclose(found.weights, 1 / 29)
    spot = found.shocks[:, found.column(Factor(subject="HELM"))]
    np.testing.assert_allclose(np.log1p(spot), one.spot, atol=1e-15)
    np.testing.assert_array_equal(
        found.shocks[:, found.column(level("HELM", 30.0))], one.level[:, 1]
    )
    skew = Factor(subject="HELM", kind=FactorKind.IMPLIED_VOL_SKEW, tenor_days=7.0)
    np.testing.assert_array_equal(found.shocks[:, found.column(skew)], one.skew[:, 0])


def test_coins_share_scenarios_of_the_same_dates() -> None:
    """KEEL lacks two dates: those scenarios are left out for both, the others stay in step."""
    helm, keel = moves(), moves(2, "KEEL")
    kept = np.ones(29, dtype=np.bool_)
    kept[[4, 17]] = False
    found = historical_vol_scenarios([helm, keel.take(kept)])
    assert len(found) == 27
    np.testing.assert_array_equal(
        found.shocks[:, found.column(level("HELM", 7.0))], helm.level[kept, 0]
    )
    np.testing.assert_array_equal(
        found.shocks[:, found.column(level("KEEL", 7.0))], keel.level[kept, 0]
    )


def test_a_scenario_applied_to_its_start_gives_its_end() -> None:
    """The parabola of the start, shocked, is the parabola of the end, at every z."""
    one, found = history(), historical_vol_scenarios([moves()])
    tau, z = 30 / 365, np.linspace(-0.6, 0.6, 7)
    row = 11

    def parabola(at: int) -> Array:
        s, c = one.skew[at, 1] * np.sqrt(tau), one.curvature[at, 1] * tau
        return np.asarray(one.atm_vol[at, 1] + s * z + 0.5 * c * z**2)

    shocks = [
        found.shocks[row, found.column(replace(level("HELM", 30.0), kind=kind))]
        for kind in (
            FactorKind.IMPLIED_VOL_LEVEL,
            FactorKind.IMPLIED_VOL_SKEW,
            FactorKind.IMPLIED_VOL_CURVATURE,
        )
    ]
    moved = shocked_vol(parabola(row), z * np.sqrt(tau), tau, *shocks, reach=10.0)
    np.testing.assert_allclose(moved, parabola(row + 1), rtol=1e-12)


def test_scenarios_of_a_date_do_not_know_the_future() -> None:
    """Shuffle every instant from day 20 on: the scenarios of that day stay the same bytes."""
    one = history()
    order = np.concatenate((np.arange(20), 20 + np.random.default_rng(1).permutation(10)))
    other = replace(
        one,
        spot=one.spot[order],
        atm_vol=3.0 * one.atm_vol[order] * (np.arange(30) >= 20)[:, None]
        + one.atm_vol * (np.arange(30) < 20)[:, None],
        skew=one.skew[order],
        curvature=one.curvature[order],
    )
    now = FIRST + 20 * DAY
    first, second = (
        historical_vol_scenarios([surface_moves(h)], before_ns=now) for h in (one, other)
    )
    assert first.names == second.names
    assert len(first) == 19
    assert first.shocks.tobytes() == second.shocks.tobytes()
    by_window = historical_vol_scenarios([surface_moves(one.before(now))])
    assert by_window.shocks.tobytes() == first.shocks.tobytes()


def test_weights_halve_with_age() -> None:
    found = historical_vol_scenarios([moves()], half_life_moves=10.0)
    assert found.weights[-1] == pytest.approx(2 * found.weights[-11])
    assert found.weights.sum() == pytest.approx(1.0)
    assert bool(np.all(np.diff(found.weights) > 0))


def test_scenario_refusals() -> None:
    one = moves()
    with pytest.raises(UsageError, match="moves"):
        historical_vol_scenarios([])
    with pytest.raises(UsageError, match="moves"):
        historical_vol_scenarios([one, one])
    holed = one.level.copy()
    holed[3, 1] = np.nan
    broken = replace(one, level=holed)
    with pytest.raises(UsageError, match="1 of 29"):
        historical_vol_scenarios([broken])
    assert len(historical_vol_scenarios([broken.take(broken.complete)])) == 28
    with pytest.raises(InsufficientDataError, match="common"):
        historical_vol_scenarios([one], before_ns=FIRST)
    with pytest.raises(ParameterError, match="half_life"):
        historical_vol_scenarios([one], half_life_moves=0.0)


def test_published_multipliers() -> None:
    """The table of the methodology (6.4): u 0.5 at 1, 7, 30, 90, 180 d, p 0.30 and 0.13."""
    up, _ = vol_multiplier(np.array([1.0, 7.0, 30.0, 90.0, 180.0]), up=0.5, down=0.25)
    np.testing.assert_allclose(up, [2.39, 1.77, 1.50, 1.43, 1.40], atol=0.005)


def test_multipliers_by_hand() -> None:
    """15 d: 2^0.3 = 1.2311; 60 d: 2^-0.13 = 0.9138; under a day as a day; never below zero."""
    up, down = vol_multiplier([0.0, 0.5, 1.0, 15.0, 60.0], up=0.4, down=0.25)
    day = 30.0**0.3
    np.testing.assert_allclose(
        up, [1 + 0.4 * day, 1 + 0.4 * day, 1 + 0.4 * day, 1.49245, 1.36554], rtol=1e-5
    )
    np.testing.assert_allclose(
        down, [*[1 - 0.25 * day] * 3, 1 - 0.25 * 1.231144, 1 - 0.25 * 0.913831], rtol=1e-6
    )
    assert vol_multiplier([1.0], up=0.5, down=0.5)[1].tolist() == [0.0]


def test_multipliers_with_fitted_exponents_meet_at_the_knot() -> None:
    up, down = vol_multiplier([29.9999, 30.0], up=0.5, down=0.3, p_short=0.6, p_long=0.6)
    assert up[0] == pytest.approx(up[1], rel=1e-5)
    assert down[1] == pytest.approx(0.7)


def test_the_up_scenario_has_a_floor() -> None:
    """0.2 x 1.5 = 0.3 is lifted to the floor of 0.45; 0.6 x 1.5 is not, and down has none."""
    multipliers = vol_multiplier([30.0, 30.0], up=0.5, down=0.25)
    up, down = multiplied_vol([0.2, 0.6], multipliers, minimum_up_vol=0.45)
    np.testing.assert_allclose(up, [0.45, 0.9])
    np.testing.assert_allclose(down, [0.15, 0.45])


def test_shocks_are_held_in_the_wings() -> None:
    """Beyond two standard deviations, |k| > 2 sigma sqrt(T), the shape stops; and a volatility
    never falls under a tenth of its shocked level."""
    tau, vol = 0.25, 0.4
    edge = 2 * vol * np.sqrt(tau)
    at, beyond = shocked_vol(vol, [edge, 3 * edge], tau, 0.1, 0.05, 0.02)
    assert at == beyond == pytest.approx(0.4 * np.exp(0.1) + 0.05 * 0.8 + 0.01 * 0.64)
    low = shocked_vol(vol, -edge, tau, 0.0, 2.0)
    assert low == pytest.approx(0.04)


def test_multiplier_refusals() -> None:
    for options in (
        {"up": -0.1, "down": 0.2},
        {"up": 0.1, "down": float("nan")},
        {"up": 0.1, "down": 0.2, "knot_days": 0.0},
        {"up": 0.1, "down": 0.2, "shortest_days": -1.0},
    ):
        with pytest.raises(ParameterError):
            vol_multiplier([7.0], **options)
    with pytest.raises(ParameterError, match="days"):
        vol_multiplier([-1.0], up=0.1, down=0.1)
    with pytest.raises(ParameterError, match="minimum_up_vol"):
        multiplied_vol(0.5, (np.ones(1), np.ones(1)), minimum_up_vol=-0.1)
    for name in ("reach", "lowest_ratio"):
        with pytest.raises(ParameterError, match=name):
            shocked_vol(0.5, 0.0, 0.1, 0.0, **{name: 0.0})


def test_a_gap_after_the_cut_is_not_looked_at() -> None:
    """No look-ahead, in errors either: with a NaN in a later move all is as without that move."""
    whole = moves()
    spoilt = np.array(whole.level)
    spoilt[20, 1] = np.nan
    gap = replace(whole, level=spoilt)
    cut = int(whole.end_ns[15])
    found = historical_vol_scenarios([gap], before_ns=cut)
    np.testing.assert_array_equal(
        found.shocks, historical_vol_scenarios([whole], before_ns=cut).shocks
    )
    for late in (None, int(whole.end_ns[20]) + 1):
        with pytest.raises(UsageError, match=r"1 of .* are not"):
            historical_vol_scenarios([gap], before_ns=late)
