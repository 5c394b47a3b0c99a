"""The published rate day by day: on the grid, frozen within noise, never from the future."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from plimsoll.calibration.problem import Structure
from plimsoll.calibration.published import DailyLosses, PublishedPath, published_path
from plimsoll.calibration.risk_paths import RiskPaths
from plimsoll.calibration.rounding import rate_up
from plimsoll.calibration.set_plan import SidesName
from plimsoll.domain.market import DAY_NS

FloatArray = NDArray[np.float64]
EXTRA = 0.0015  # of the price risk; the default grid is 0.05 %


def risk(longs: FloatArray, shorts: FloatArray, error: float) -> RiskPaths:
    values = np.stack([longs, shorts], axis=-1)
    return RiskPaths(
        time_ns=DAY_NS * np.arange(longs.shape[0]),
        markets=tuple(f"M{j}" for j in range(longs.shape[1])),
        maintenance=values,
        reaction=values,
        maintenance_error=np.full(values.shape, error),
        reaction_error=np.full(values.shape, error),
        volatility_daily=longs,
        floored=np.zeros(longs.shape, dtype=np.bool_),
        mature=np.ones(longs.shape, dtype=np.bool_),
    )


def publish(
    paths: RiskPaths,
    losses: FloatArray | None = None,
    freeze: float = 1.5,
    sides: SidesName = SidesName.ONE,
) -> PublishedPath:
    days, markets = paths.maintenance.shape[:2]
    loss = np.full((days, 24, markets, 2), np.nan) if losses is None else losses
    extra = np.full((days, markets), EXTRA)
    daily = DailyLosses(loss=loss, lag_days=2)
    return published_path(paths, extra, Structure(), freeze, daily, 0.99, sides)


@given(st.lists(st.floats(0.001, 0.5), min_size=2, max_size=30))
def test_without_freezing_it_is_the_larger_side_rounded_up(risks: list[float]) -> None:
    longs = np.array(risks)[:, None]
    shorts = longs[::-1]
    published = publish(risk(longs, shorts, 0.01), freeze=0.0)
    for day, larger in enumerate(np.maximum(longs, shorts)[:, 0]):
        # The same number as the parameter set would publish, by decimals.
        whole = rate_up(float(larger) + EXTRA, Decimal("0.0005"))
        assert abs(published.rate[day, 0] + EXTRA - float(whole)) < 1e-12


def test_sides_apart_each_have_the_path_of_their_own_risk() -> None:
    rng = np.random.default_rng(4)
    longs, shorts = (scale * np.exp(rng.normal(0, 0.1, (80, 2))) for scale in (0.03, 0.02))
    apart = publish(risk(longs, shorts, 0.001), sides=SidesName.SEPARATE)
    assert apart.sides_apart
    for side, own in enumerate((longs, shorts)):
        alone = publish(risk(own, own, 0.001))
        assert not alone.sides_apart
        for name in ("whole", "rate", "snapped"):
            np.testing.assert_array_equal(getattr(apart, name)[..., side], getattr(alone, name))
        np.testing.assert_array_equal(apart.changes[:, side], alone.changes)


def test_a_side_without_a_number_has_the_other_sides_rate() -> None:
    longs, shorts = np.full((3, 1), 0.02), np.array([[0.03], [np.nan], [0.03]])
    apart = publish(risk(longs, shorts, 0.0), freeze=0.0, sides=SidesName.SEPARATE).whole[:, 0]
    np.testing.assert_allclose(apart, [[0.0215, 0.0315], [0.0215, 0.0215], [0.0215, 0.0315]])


def test_shorts_that_break_their_own_rate_let_a_tightening_through() -> None:
    """Every fourth short loses 2.5 %: within the longs' rate of 3 %, beyond the shorts' of 2 %."""
    days = 200
    longs, shorts = np.full((days, 1), 0.03), np.full((days, 1), 0.02)
    shorts[150:] = 0.0215  # three quarters of a standard error: noise
    loss = np.full((days, 24, 1, 2), 0.001)
    loss[:140, ::4, :, 1] = 0.025
    paths = risk(longs, shorts, 0.002)
    apart = publish(paths, loss, sides=SidesName.SEPARATE).rate[:, 0, 1]
    assert apart[149] < apart[150] == apart[-1]
    calm = publish(paths, np.minimum(loss, 0.001), sides=SidesName.SEPARATE).rate[:, 0, 1]
    assert np.ptp(calm) == 0.0


def test_noise_is_frozen_in_both_directions_and_a_real_change_is_not() -> None:
    path = np.array([0.02, 0.021, 0.019, 0.0205, 0.03, 0.0295, 0.02])[:, None]
    published = publish(risk(path, path, 0.002))
    whole = np.round(published.rate[:, 0] + EXTRA, 6)
    # 2.15 % up to the grid; 3 s.e. of 0.2 % make 0.3 %: moves to 3.15 % and back are real.
    np.testing.assert_array_equal(whole, [0.0215] * 4 + [0.0315] * 2 + [0.0215])
    assert published.changes[0] == 2


def test_a_tightening_goes_through_while_coverage_is_rejected() -> None:
    days = 200
    path = np.full((days, 1), 0.02)
    path[150:] = 0.0215  # three quarters of a standard error: noise
    calm = np.full((days, 24, 1, 2), 0.001)
    failing = calm.copy()
    failing[:140, ::4] = 0.05  # a quarter of all losses break the margin
    kept = publish(risk(path, path, 0.002), calm).rate
    raised = publish(risk(path, path, 0.002), failing).rate
    assert np.ptp(kept) == 0.0
    assert raised[149, 0] < raised[150, 0] == raised[-1, 0]


@given(day=st.integers(1, 119), seed=st.integers(0, 20))
def test_no_day_knows_later_days(day: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    path = 0.03 * np.exp(np.cumsum(rng.normal(0, 0.05, (120, 3)), axis=0))
    loss = rng.standard_t(3, (120, 24, 3, 2)) * 0.01
    before = publish(risk(path, path, 0.002), loss).rate
    path[day:], loss[day - 1 :] = (
        rng.permutation(path[day:]),
        rng.normal(0, 1, loss[day - 1 :].shape),
    )
    after = publish(risk(path, path, 0.002), loss).rate
    np.testing.assert_array_equal(after[:day], before[:day])


def test_a_day_without_a_number_publishes_none_and_begins_anew() -> None:
    path = np.array([np.nan, 0.02, 0.0201, np.nan, 0.0202])[:, None]
    found = publish(risk(path, path, 0.01)).rate[:, 0]
    assert np.isnan(found[[0, 3]]).all()
    assert np.isfinite(found[[1, 2, 4]]).all()
