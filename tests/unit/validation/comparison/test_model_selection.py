"""Nested choice of models: the past decides, the future judges, noise stays with the benchmark."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.domain.market import DAY_NS
from plimsoll.errors import InsufficientDataError, UsageError
from plimsoll.validation.comparison.selection import select_models

START_NS = 1_640_995_200 * 10**9  # 2022-01-01
DAYS, MARKETS = 1000, 12
TIME = START_NS + DAY_NS * np.arange(DAYS, dtype=np.int64)


def scores(gain: float, seed: int = 1) -> dict[str, np.ndarray]:
    """Scores of a benchmark, a model better by ``gain`` in the first half of markets, and noise."""
    generator = np.random.default_rng(seed)
    base = generator.standard_normal((DAYS, MARKETS, 2))
    better = base + 0.3 * generator.standard_normal(base.shape)
    better[:, : MARKETS // 2] -= gain
    better[:, MARKETS // 2 :] += gain
    noise = base + 0.3 * generator.standard_normal(base.shape)
    return {"better": better, "benchmark": base, "noise": noise}


def test_a_model_that_wins_is_chosen_where_it_wins_and_keeps_winning() -> None:
    found = select_models(scores(0.2), TIME, DAY_NS, benchmark="benchmark", confidence_set=None)
    assert found.models[0] == "benchmark"
    assert len(found.reviews) == 2
    better = found.models.index("better")
    for review in found.reviews:
        assert np.all(review.chosen[: MARKETS // 2] == better)
        assert np.all(review.chosen[MARKETS // 2 :] != better)
        assert review.selected.mean_difference < 0.0
    assert found.selected.p_first_better < 1e-6


def test_noise_seldom_leaves_the_benchmark() -> None:
    left = total = 0
    for seed in range(6):
        made = scores(0.0, seed)
        found = select_models(made, TIME, DAY_NS, benchmark="benchmark", confidence_set=None)
        left += int(sum(np.sum(review.chosen != 0) for review in found.reviews))
        total += MARKETS * len(found.reviews)
    # Two rivals at one-sided 5 % each: at most a tenth by chance; reviews share data, so three
    # standard errors of half as many independent draws.
    assert left / total < 0.10 + 3.0 * np.sqrt(0.1 * 0.9 / (total / 2))


def test_shuffling_the_future_changes_no_choice() -> None:
    made = scores(0.1)
    first = select_models(made, TIME, DAY_NS, benchmark="benchmark")
    for review in first.reviews:
        future = np.flatnonzero(review.from_ns < TIME + DAY_NS)
        order = np.random.default_rng(9).permutation(future)
        shuffled = {name: value.copy() for name, value in made.items()}
        for value in shuffled.values():
            value[future] = -7.0 * value[order]
        again = select_models(shuffled, TIME, DAY_NS, benchmark="benchmark")
        same = next(r for r in again.reviews if r.from_ns == review.from_ns)
        np.testing.assert_array_equal(same.chosen, review.chosen)
        assert same.admitted == review.admitted
        assert same.pooled_winner == review.pooled_winner


def test_a_move_that_has_not_ended_is_not_known() -> None:
    made = scores(0.0)
    edge = int(np.datetime64("2023-01-01", "ns").astype(np.int64))
    open_rows = (edge > TIME) & (edge < TIME + 5 * DAY_NS)
    changed = {name: value.copy() for name, value in made.items()}
    changed["noise"][open_rows] -= 1e6
    chosen = [
        select_models(s, TIME, 5 * DAY_NS, benchmark="benchmark", confidence_set=None).reviews[0]
        for s in (made, changed)
    ]
    np.testing.assert_array_equal(chosen[0].chosen, chosen[1].chosen)


def test_a_young_market_keeps_the_benchmark() -> None:
    made = scores(0.5)
    for value in made.values():
        value[:300, 0] = np.nan
    found = select_models(made, TIME, DAY_NS, benchmark="benchmark", confidence_set=None)
    assert found.reviews[0].chosen[0] == 0
    assert found.reviews[0].chosen[1] != 0


def test_the_confidence_set_admits() -> None:
    made = scores(0.5)
    found = select_models(
        made,
        TIME,
        DAY_NS,
        benchmark="benchmark",
        confidence_set=lambda names, _: np.array([name != "better" for name in names]),
    )
    assert all(review.admitted == ("benchmark", "noise") for review in found.reviews)
    better = found.models.index("better")
    assert all(np.all(review.chosen != better) for review in found.reviews)


def test_wrong_use_is_told() -> None:
    made = scores(0.0)
    with pytest.raises(UsageError, match="one of the models"):
        select_models(made, TIME, DAY_NS, benchmark="nobody")
    short = {name: value[:100] for name, value in made.items()}
    with pytest.raises(InsufficientDataError, match="New Year"):
        select_models(short, TIME[:100], DAY_NS, benchmark="benchmark")
