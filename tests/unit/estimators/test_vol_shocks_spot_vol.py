"""Spot against volatility: scipy's correlations, planted slopes, corners counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr
from vol_histories import TENORS, moves

from plimsoll.errors import InsufficientDataError, ParameterError
from plimsoll.estimators.vol_shocks.moves import SurfaceMoves
from plimsoll.estimators.vol_shocks.spot_vol import spot_vol_relation


def planted(count: int = 400, down: float = -1.6, up: float = 0.3, seed: int = 1) -> SurfaceMoves:
    rng = np.random.default_rng(seed)
    spot = 0.03 * rng.standard_normal(count)
    answer = -0.01 + down * np.minimum(spot, 0) + up * np.maximum(spot, 0)
    return moves(answer[:, None] + 0.02 * rng.standard_normal((count, len(TENORS))), spot)


def test_correlations_are_scipys() -> None:
    one = planted()
    found = spot_vol_relation(one, replicates=5, seed=1)
    for tenor in range(len(TENORS)):
        assert found.pearson[tenor] == pytest.approx(pearsonr(one.spot, one.level[:, tenor])[0])
        assert found.spearman[tenor] == pytest.approx(spearmanr(one.spot, one.level[:, tenor])[0])


def test_slopes_each_way_come_back() -> None:
    """Within four errors; and the errors are those of least squares, 0.02 over the root of the
    sum of squares of each side (here about 0.05)."""
    found = spot_vol_relation(planted(1500), block_length=1, replicates=50, seed=1)
    assert np.all(np.abs(found.slope_down + 1.6) < 4 * found.slope_down_error)
    assert np.all(np.abs(found.slope_up - 0.3) < 4 * found.slope_up_error)
    assert np.all(np.abs(found.drift + 0.01) < 4 * found.drift_error)
    assert np.all(found.slope_down_error < 0.06)


def test_ratios_are_regressions_through_the_origin() -> None:
    one = planted()
    found = spot_vol_relation(one, replicates=5, seed=1)
    falls = one.spot < 0
    for rows, ratio in ((falls, found.ratio_down), (~falls, found.ratio_up)):
        slope = np.linalg.lstsq(one.spot[rows, None], one.level[rows], rcond=None)[0]
        np.testing.assert_allclose(ratio, slope[0], rtol=1e-10)


def test_errors_are_those_of_fresh_samples() -> None:
    drawn = [
        spot_vol_relation(
            planted(150, seed=s).tenors((30.0,)), block_length=1, replicates=40, seed=1
        )
        for s in range(25)
    ]
    for name in ("pearson", "spearman", "slope_down"):
        scatter = np.std([getattr(d, name)[0] for d in drawn], ddof=1)
        stated = np.mean([getattr(d, f"{name}_error")[0] for d in drawn])
        assert stated == pytest.approx(scatter, rel=0.4)


def test_corners_by_hand() -> None:
    """Twenty moves, tails of two: spot falls on days 0 and 1, rises on 18 and 19."""
    spot = np.linspace(-0.1, 0.1, 20)
    level = np.zeros((20, len(TENORS))) + 1e-3 * np.arange(-10, 10)[:, None]
    level[0], level[1], level[18], level[19] = 0.5, -0.5, 0.6, -0.6
    found = spot_vol_relation(moves(level, spot), replicates=5, seed=1)
    for name in ("down_up", "down_down", "up_up", "up_down"):
        assert getattr(found, name).tolist() == [1] * len(TENORS)
    np.testing.assert_allclose(found.expected, 0.2)  # 2 * 2 / 20


def test_corners_of_independent_moves_are_as_expected() -> None:
    """Poisson about 10 each: four corners of seven tenors, mean within four errors."""
    rng = np.random.default_rng(2)
    one = moves(rng.standard_normal((1000, len(TENORS))), rng.standard_normal(1000))
    found = spot_vol_relation(one, replicates=2, seed=1)
    counts = np.array([found.down_up, found.down_down, found.up_up, found.up_down])
    assert counts.mean() == pytest.approx(10.0, abs=4 * np.sqrt(10 / 28))
    np.testing.assert_allclose(found.expected, 10.0)


def test_missing_tenors_and_refusals() -> None:
    one = planted(60)
    level = one.level.copy()
    level[:10, 0] = np.nan
    found = spot_vol_relation(moves(level, one.spot), replicates=5, seed=1)
    assert found.count.tolist() == [50] + [60] * 6
    assert found.pearson[0] == pytest.approx(np.corrcoef(one.spot[10:], level[10:, 0])[0, 1])
    with pytest.raises(ParameterError, match="corner"):
        spot_vol_relation(one, corner=0.5, seed=1)
    with pytest.raises(InsufficientDataError, match="20 moves"):
        spot_vol_relation(planted(15), seed=1)
