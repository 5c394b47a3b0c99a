"""Power laws planted in moves, and found again within their errors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm
from vol_histories import DAY, FIRST, TENORS, moves

from plimsoll.errors import InsufficientDataError, ParameterError, UsageError
from plimsoll.estimators.vol_shocks.moves import SurfaceMoves
from plimsoll.estimators.vol_shocks.power_law import MoveScale, MoveSide, vega_power_law

P_SHORT, P_LONG, SCALE = 0.55, 0.25, 0.04


def law(days: np.ndarray) -> np.ndarray:
    x = days / 30.0
    return np.where(x < 1, x**-P_SHORT, x**-P_LONG)


def planted(
    count: int = 300, seed: int = 1, common: float = 0.8, subject: str = "HELM"
) -> SurfaceMoves:
    """Normal moves of scale SCALE law(d); tenors of a day share most of their move."""
    rng = np.random.default_rng(seed)
    shared, own = rng.standard_normal((count, 1)), rng.standard_normal((count, len(TENORS)))
    z = common * shared + np.sqrt(1 - common**2) * own
    return moves(SCALE * law(np.array(TENORS)) * z, subject=subject)


@pytest.mark.parametrize("q", [0.5, 0.9, 0.95])
def test_exponents_and_level_come_back(q: float) -> None:
    """Within four standard errors, and the error is small enough for that to say something."""
    found = vega_power_law([planted(600)], q, replicates=60, seed=1)
    assert abs(found.p_short - P_SHORT) < 4 * found.p_short_error
    assert abs(found.p_long - P_LONG) < 4 * found.p_long_error
    assert max(found.p_short_error, found.p_long_error) < 0.08
    expected = SCALE * norm.ppf(0.5 + q / 2)
    assert abs(found.shock_30[0] - expected) < 4 * found.shock_30_error[0]
    short, long = found.distance_from_published()
    assert short > 2.0
    assert abs(long - (found.p_long - 0.13) / found.p_long_error) < 1e-12


def test_stated_errors_are_those_of_fresh_samples() -> None:
    """Twenty samples scatter by the mean stated error within 50 % (three errors of a scatter)."""
    drawn = [vega_power_law([planted(100, seed=s)], 0.9, replicates=25, seed=1) for s in range(20)]
    scatter = np.std([d.p_short for d in drawn], ddof=1)
    assert np.mean([d.p_short_error for d in drawn]) == pytest.approx(scatter, rel=0.5)


def test_coins_share_exponents_and_keep_their_own_shock() -> None:
    """A coin whose moves are half those of the other has half its shock, exactly."""
    one = planted(200)
    half = replace(one, subject="KEEL", level=one.level / 2)
    both = vega_power_law([one, half], 0.9, replicates=20, seed=1)
    alone = vega_power_law([one], 0.9, replicates=20, seed=1)
    assert both.subjects == ("HELM", "KEEL")
    assert both.shock_30[0] == pytest.approx(2 * both.shock_30[1], rel=1e-9)
    assert both.p_short == pytest.approx(alone.p_short, abs=1e-9)
    assert both.p_short_error == pytest.approx(alone.p_short_error, rel=0.01)  # dates, not rows
    assert (both.moves, both.dates) == (2800, 200)


def test_sides_and_scales() -> None:
    """Moves of +20 % and -10 % at 30 d: simple changes by side, and their logs."""
    up = np.where(np.arange(200) % 2 == 0, 1.0, -1.0)[:, None]
    d = np.array(TENORS)
    change = np.where(up > 0, 0.2, -0.1) * (d / 30) ** -0.3
    one = moves(np.log1p(change))
    for side, size in ((MoveSide.UP, 0.2), (MoveSide.DOWN, 0.1)):
        found = vega_power_law([one], 0.9, side=side, scale=MoveScale.SIMPLE, replicates=5, seed=1)
        assert found.shock_30[0] == pytest.approx(size, rel=1e-9)
        assert (found.p_short, found.p_long) == pytest.approx((0.3, 0.3), abs=1e-9)
        assert found.dates == 100
    logs = vega_power_law([one], 0.9, side=MoveSide.UP, replicates=5, seed=1)
    assert logs.shock_30[0] == pytest.approx(np.log(1.2), rel=0.02)


def test_missing_and_unmoved_levels() -> None:
    """A NaN is left out; a move of exactly nothing counts as small, and moves no 90 % quantile."""
    one = planted(200)
    level = one.level.copy()
    level[::10] = 0.0
    level[5, 2] = np.nan
    found = vega_power_law([replace(one, level=level)], 0.9, replicates=5, seed=1)
    tiny = np.where(level == 0.0, 1e-9, level)
    other = vega_power_law([replace(one, level=tiny)], 0.9, replicates=5, seed=1)
    assert found.moves == 1399
    assert found.p_short == pytest.approx(other.p_short, abs=1e-12)


def test_the_law_of_a_date_does_not_know_the_future() -> None:
    one = planted(200)
    level = one.level.copy()
    level[100:] = np.random.default_rng(1).permutation(level[100:]) * 5
    now = FIRST + 100 * DAY
    known = [
        vega_power_law([m.before(now)], 0.9, replicates=5, seed=1)
        for m in (one, replace(one, level=level))
    ]
    assert known[0].p_short == known[1].p_short
    np.testing.assert_array_equal(known[0].shock_30, known[1].shock_30)


def test_refusals() -> None:
    one = planted(30)
    with pytest.raises(UsageError, match="moves"):
        vega_power_law([], 0.9, seed=1)
    with pytest.raises(UsageError, match="moves"):
        vega_power_law([one, one], 0.9, seed=1)
    with pytest.raises(ParameterError, match="quantile"):
        vega_power_law([one], 0.3, seed=1)
    for tenors in ((3.0, 7.0, 14.0), (60.0, 90.0, 180.0), (7.0, 60.0)):
        with pytest.raises(UsageError, match="tenors_days"):
            vega_power_law([one], 0.9, tenors_days=tenors, seed=1)
    with pytest.raises(InsufficientDataError, match="dates"):
        vega_power_law([planted(15)], 0.9, seed=1)
