"""Correlations, shared extremes and the copula of a book, against plain computations."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from plimsoll.domain.finding import Reason
from plimsoll.estimators.dependence import PairwiseCovariance
from plimsoll.estimators.nightly.correlation import correlation_stream
from plimsoll.estimators.nightly.dependence import DependenceEstimate
from plimsoll.estimators.nightly.joint_tails import pooled_copula, shared_extremes
from plimsoll.estimators.nightly.market_tails import TailFlag, TailTask, fit_market_tails
from plimsoll.estimators.tails.peaks_over_threshold import PeaksOverThreshold


def panel(rows: int = 1500, markets: int = 5, seed: int = 2) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return 0.7 * generator.standard_normal((rows, 1)) + 0.7 * generator.standard_normal(
        (rows, markets)
    )


def holed(values: np.ndarray) -> np.ndarray:
    out = values.copy()
    out[np.random.default_rng(9).random(out.shape) < 0.1] = np.nan
    out[: out.shape[0] // 2, 0] = np.nan
    return out


def unshrunk(values: np.ndarray, half_life: float) -> np.ndarray:
    stream = correlation_stream(values, half_life_bars=half_life, clip=50.0, least_overlap=5.0)
    sums = stream.sums
    return sums.cross / np.sqrt(sums.square * sums.square.T)


def test_sums_are_those_of_pairs_over_common_bars() -> None:
    values, half_life = holed(panel()), 200.0
    decay = 0.5 ** (1.0 / half_life)
    mine = unshrunk(values, half_life)
    weights = decay ** np.arange(values.shape[0] - 1.0, -1.0, -1.0)
    for i in range(5):
        for j in range(5):
            both = np.isfinite(values[:, i] * values[:, j])
            a, b, w = values[both, i], values[both, j], weights[both]
            plain = (w * a * b).sum() / np.sqrt((w * a * a).sum() * (w * b * b).sum())
            assert mine[i, j] == pytest.approx(plain, rel=1e-12)


def test_without_holes_it_is_pandas_weighted_covariance() -> None:
    values, half_life = panel(), 150.0
    frame = pd.DataFrame(values)
    products = {
        (i, j): (frame[i] * frame[j]).ewm(halflife=half_life).mean().iloc[-1]
        for i in range(5)
        for j in range(5)
    }
    mine = unshrunk(values, half_life)
    for (i, j), product in products.items():
        expected = product / np.sqrt(products[i, i] * products[j, j])
        assert mine[i, j] == pytest.approx(expected, rel=1e-10)
    other = PairwiseCovariance(decay=0.5 ** (1.0 / half_life), centred=False).fit(values)
    np.testing.assert_allclose(mine, other.correlation, atol=1e-12)


def test_shrinkage_helps_where_pairs_are_many_and_bars_few() -> None:
    truth = np.full((60, 60), 0.49 / 0.98)
    np.fill_diagonal(truth, 1.0)
    values = panel(rows=200, markets=60)
    stream = correlation_stream(values, half_life_bars=60.0, clip=8.0, least_overlap=5.0)
    found = stream.estimate()
    raw = unshrunk(values, 60.0)
    assert 0.5 < found.shrinkage <= 1.0
    assert np.abs(found.matrix - truth).mean() < 0.6 * np.abs(raw - truth).mean()
    assert np.linalg.eigvalsh(found.matrix)[0] > 0.0
    assert found.effective_rows == pytest.approx(3.0 * 60.0 / np.log(2.0) / 1.5, rel=0.2)


def test_much_data_is_hardly_shrunk() -> None:
    generator = np.random.default_rng(4)
    loads = np.linspace(0.1, 0.95, 8)
    values = loads * generator.standard_normal((20_000, 1)) + np.sqrt(
        1.0 - loads**2
    ) * generator.standard_normal((20_000, 8))
    stream = correlation_stream(values, half_life_bars=8000.0, clip=8.0, least_overlap=5.0)
    found = stream.estimate()
    assert found.shrinkage < 0.02
    truth = np.outer(loads, loads)
    np.fill_diagonal(truth, 1.0)
    np.testing.assert_allclose(found.matrix, truth, atol=0.04)  # 2.5 errors of 1 / sqrt(16 000)


def test_pairs_that_never_met_take_the_mean() -> None:
    values = panel()
    values[:750, 0] = np.nan
    values[750:, 1] = np.nan
    stream = correlation_stream(values, half_life_bars=1000.0, clip=8.0, least_overlap=20.0)
    found = stream.estimate()
    assert found.sparse_pairs == 1
    assert found.matrix[0, 1] == pytest.approx(found.average, abs=1e-9)


def test_a_spike_does_not_decide() -> None:
    values = panel()
    spoilt = values.copy()
    spoilt[-20, 0] = 1e5
    options = {"half_life_bars": 300.0, "clip": 8.0, "least_overlap": 20.0}
    plain, hit = (correlation_stream(v, **options).estimate().matrix for v in (values, spoilt))
    assert np.abs(plain - hit).max() < 0.12


@pytest.mark.parametrize(("twin", "expected"), [(True, 1.0), (False, 0.05)])
def test_shared_extremes_of_twins_and_strangers(twin: bool, expected: float) -> None:
    generator = np.random.default_rng(3)
    own = generator.standard_normal((6000, 4))
    moves = np.repeat(own[:, :1], 4, axis=1) if twin else own
    found = shared_extremes(moves, np.ones(4, bool), tail_share=0.05, steps_per_day=3)
    for value, error in ((found.falls, found.falls_error), (found.rises, found.rises_error)):
        assert value == pytest.approx(expected, abs=max(3.0 * error, 1e-12) if not twin else 1e-12)


def test_shared_extremes_are_counted_over_pairs() -> None:
    moves = holed(panel(900, 4))
    found = shared_extremes(moves, np.ones(4, bool), tail_share=0.1, steps_per_day=3)
    there = np.isfinite(moves)
    extreme = np.zeros_like(there)
    for j in range(4):
        rows = np.flatnonzero(there[:, j])
        worst = rows[np.argsort(moves[rows, j])[: int(0.1 * rows.size)]]
        extreme[worst, j] = True
    joint = sum((extreme[:, i] & extreme[:, j]).sum() for i in range(4) for j in range(i))
    pairs = sum((there[:, i] & there[:, j]).sum() for i in range(4) for j in range(i))
    assert found.falls == pytest.approx(joint / (0.1 * pairs), rel=1e-12)


def test_the_copula_finds_its_degrees_of_freedom() -> None:
    generator = np.random.default_rng(5)
    root = np.linalg.cholesky(0.5 * np.eye(8) + 0.5)
    mixing = generator.chisquare(4.0, 2000) / 4.0
    moves = generator.standard_normal((2000, 8)) @ root.T / np.sqrt(mixing)[:, None]
    found = pooled_copula(moves, np.ones(8, bool), most=6, steps_per_day=3, replicates=10)
    assert len(found.columns) == 6
    assert abs(1.0 / found.degrees_of_freedom - 0.25) < 4.0 * found.inverse_error
    assert found.average_tail_dependence == pytest.approx(0.253, abs=0.05)  # of t4 at 0.5
    twins = np.repeat(moves[:, :1], 8, axis=1)
    alone = pooled_copula(twins, np.ones(8, bool), most=6, steps_per_day=3, replicates=2)
    assert alone.reason is Reason.TOO_SHORT_HISTORY


def test_the_order_puts_classes_and_friends_together() -> None:
    generator = np.random.default_rng(6)
    first, second = generator.standard_normal((2, 2000, 1))
    values = np.concatenate(
        [x + 0.6 * generator.standard_normal((2000, 1)) for x in (first, second) * 3], axis=1
    )
    stream = correlation_stream(values, half_life_bars=900.0, clip=8.0, least_overlap=20.0)
    usable = np.ones(6, bool)
    moves = np.empty((0, 6))
    made = DependenceEstimate(
        markets=tuple("abcdef"),
        classes=("x",) * 6,
        estimate=stream.estimate(),
        stream=stream,
        usable=usable,
        half_life_days=1.0,
        copula=pooled_copula(moves, usable, most=6, steps_per_day=3, replicates=2),
        extremes=shared_extremes(panel(), np.ones(5, bool), tail_share=0.05, steps_per_day=3),
        stress=0.5,
        break_=0.5,
    )
    friends = [i % 2 for i in made.order()]
    assert friends in ([0, 0, 0, 1, 1, 1], [1, 1, 1, 0, 0, 0])
    upper = np.triu_indices(6, 1)
    assert made.stressed[upper].mean() > made.correlation[upper].mean() > made.broken[upper].mean()


def test_tails_of_a_known_law_with_flags() -> None:
    generator = np.random.default_rng(8)
    heavy = generator.standard_t(1.5, 9000)
    found = fit_market_tails(
        TailTask(market="H", residuals=heavy, model=PeaksOverThreshold(), cluster_bars=24)
    )
    assert abs(found.falls.tail.xi - 1 / 1.5) < 3.0 * found.falls.xi_error
    assert TailFlag.INFINITE_VARIANCE in found.falls.flags
    bounded = fit_market_tails(
        TailTask(
            market="U",
            # Survival (1 - x)^5: shape -0.2.
            residuals=generator.choice([-1.0, 1.0], 9000) * (1.0 - generator.random(9000) ** 0.2),
            model=PeaksOverThreshold(),
            cluster_bars=24,
        )
    )
    assert TailFlag.BOUNDED in bounded.rises.flags
    moving = np.maximum(heavy[1:], heavy[:-1])
    pairs = np.repeat(moving[::3], 3)  # clusters of three and more
    clustered = fit_market_tails(
        TailTask(market="C", residuals=pairs, model=PeaksOverThreshold(), cluster_bars=24)
    )
    assert TailFlag.CLUSTERED in clustered.rises.flags
