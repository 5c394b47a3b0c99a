"""Joint moves: what they are, where they start and end, and that the future stays out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sample_surface import surface
from vol_histories import DAY, FIRST, TENORS, history

from plimsoll.errors import DataFormatError, InsufficientDataError, ParameterError, UsageError
from plimsoll.estimators.implied.features import surface_features
from plimsoll.estimators.vol_shocks.history import FeatureHistory, feature_history
from plimsoll.estimators.vol_shocks.moves import surface_moves


def at_days(*days: float) -> FeatureHistory:
    return replace(
        history(len(days)), at_ns=FIRST + np.array([round(d * DAY) for d in days], dtype=np.int64)
    )


def pairs(of: FeatureHistory, **options: Any) -> list[tuple[float, float]]:
    found = surface_moves(of, **options)
    ends = ((found.end_ns - FIRST) / DAY).round(2).tolist()
    return list(zip(((found.start_ns - FIRST) / DAY).round(2).tolist(), ends, strict=True))


def test_moves_by_hand() -> None:
    """Level ln(0.6/0.5); skew and curvature per root year, less what the level brings."""
    found = surface_moves(
        FeatureHistory(
            subject="HELM",
            at_ns=FIRST + np.array([0, DAY]),
            tenors_days=np.array([30.0]),
            spot=np.array([100.0, 110.0]),
            atm_vol=np.array([[0.5], [0.6]]),
            skew=np.array([[-0.2], [-0.3]]),
            curvature=np.array([[0.7], [0.8]]),
        )
    )
    years = 30 / 365
    assert found.spot[0] == pytest.approx(np.log(1.1))
    assert found.level[0, 0] == pytest.approx(np.log(1.2))
    assert found.skew[0, 0] == pytest.approx((-0.3 + 1.2 * 0.2) * np.sqrt(years))
    assert found.curvature[0, 0] == pytest.approx((0.8 - 1.2 * 0.7) * years)


def test_a_smile_multiplied_as_a_whole_moves_in_level_alone() -> None:
    one = history(2)
    doubled = replace(
        one,
        atm_vol=one.atm_vol[:1] * np.array([[1.0], [2.0]]),
        skew=one.skew[:1] * np.array([[1.0], [2.0]]),
        curvature=one.curvature[:1] * np.array([[1.0], [2.0]]),
    )
    found = surface_moves(doubled)
    np.testing.assert_allclose(found.level, np.log(2.0))
    np.testing.assert_allclose(found.skew, 0.0, atol=1e-15)
    np.testing.assert_allclose(found.curvature, 0.0, atol=1e-15)


def test_moves_do_not_overlap_and_stay_within_the_tolerance() -> None:
    assert pairs(at_days(0, 0.95, 1, 2, 3.5, 4.2, 5.2)) == [(0, 0.95), (0.95, 2), (4.2, 5.2)]
    assert pairs(at_days(0, 1, 2, 3, 4, 5, 6), period_days=2.0) == [(0, 2), (2, 4), (4, 6)]
    four_a_day = at_days(*np.arange(0, 3.1, 0.25).tolist())
    assert pairs(four_a_day) == [(0, 1), (1, 2), (2, 3)]
    assert pairs(at_days(0, 1.2), tolerance_days=0.3) == [(0, 1.2)]


@pytest.mark.parametrize("known", [10, 30, 59])
def test_later_instants_change_no_move(known: int) -> None:
    """Times jittered by hours, so that candidates for an end compete."""
    rng = np.random.default_rng(4)
    times = np.sort(rng.uniform(0, 40, 60))
    whole = at_days(*times)
    part = whole.take(np.arange(known))
    first, second = surface_moves(part), surface_moves(whole)
    np.testing.assert_array_equal(second.end_ns[: len(first)], first.end_ns)
    np.testing.assert_array_equal(second.level[: len(first)], first.level)


def test_windows_hold_what_was_before() -> None:
    found = history(10)
    now = FIRST + 5 * DAY
    assert len(found.before(now)) == 5
    moves = surface_moves(found)
    assert len(moves.before(now)) == 4
    assert bool(np.all(moves.before(now).end_ns < now))


def test_missing_maturities_stay_missing() -> None:
    one = history(3)
    holed = one.atm_vol.copy()
    holed[1, 2] = np.nan
    found = surface_moves(replace(one, atm_vol=holed))
    np.testing.assert_array_equal(found.complete, [False, False])
    assert np.isnan(found.level[:, 2]).all()
    assert np.isfinite(found.level[:, 3]).all()


def test_tenors_are_taken_by_name() -> None:
    found = surface_moves(history(5)).tenors((7.0, 90.0))
    np.testing.assert_array_equal(found.tenors_days, [7.0, 90.0])
    np.testing.assert_array_equal(found.level, surface_moves(history(5)).level[:, [1, 5]])
    with pytest.raises(UsageError, match="tenors"):
        found.tenors((30.0,))


def test_a_history_of_surfaces() -> None:
    features = [
        surface_features(replace(surface(), at_ns=surface().at_ns), TENORS[1:6]) for _ in range(1)
    ]
    found = feature_history("BTC", features)
    np.testing.assert_array_equal(found.tenors_days, TENORS[1:6])
    np.testing.assert_array_equal(found.atm_vol[0], features[0].atm_vol)
    assert found.spot[0] == 100.0
    with pytest.raises(UsageError, match="features"):
        feature_history("BTC", [])
    other = surface_features(surface(), (7.0, 30.0))
    with pytest.raises(UsageError, match="same constant tenors"):
        feature_history("BTC", [*features, other])


def test_refusals() -> None:
    with pytest.raises(InsufficientDataError, match="pair of instants"):
        surface_moves(at_days(0, 3, 6))
    with pytest.raises(ParameterError, match="period_days"):
        surface_moves(history(3), period_days=0.0)
    with pytest.raises(ParameterError, match="tolerance_days"):
        surface_moves(history(3), tolerance_days=1.0)
    one = history(3)
    for change in (
        {"spot": -one.spot},
        {"atm_vol": -one.atm_vol},
        {"skew": one.skew[:, :2]},
        {"at_ns": one.at_ns[::-1].copy()},
        {"tenors_days": -one.tenors_days[::-1].copy()},
    ):
        with pytest.raises(DataFormatError):
            replace(one, **change)
