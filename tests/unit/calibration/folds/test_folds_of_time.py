"""Folds never teach what they test, nor what overlaps it; every row is judged once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.calibration.folds.crises import CRISES, leave_one_crisis_out
from plimsoll.calibration.folds.fold import Fold
from plimsoll.calibration.folds.walk_forward import folds_between, walk_forward_folds
from plimsoll.domain.market import DAY_NS, HOUR_NS
from plimsoll.errors import InsufficientDataError, ParameterError, UsageError

times_of_rows = st.lists(st.integers(0, 400), min_size=1, max_size=120, unique=True).map(
    lambda hours: np.array(hours, dtype=np.int64) * HOUR_NS
)
spans = st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(1, 90))


def day(text: str) -> int:
    return int(np.datetime64(text, "D").astype(np.int64)) * DAY_NS


def folds_or_none(
    times: np.ndarray, first: int, every: int, embargo: int, purge: int
) -> tuple[Fold, ...]:
    try:
        return walk_forward_folds(
            times,
            first_ns=first * HOUR_NS,
            every=every * HOUR_NS,
            embargo_ns=embargo * HOUR_NS,
            purge=purge * HOUR_NS,
        )
    except InsufficientDataError:
        return ()


@settings(max_examples=150, deadline=None)
@given(times=times_of_rows, span=spans, first=st.integers(50, 300))
def test_walk_forward_never_leaks_and_tests_every_row_once(
    times: np.ndarray, span: tuple[int, int, int], first: int
) -> None:
    purge, more, every = span
    folds = folds_or_none(times, first, every, purge + more, purge)
    for fold in folds:
        opens = fold.test_from_ns
        assert not set(fold.training_rows) & set(fold.test_rows)
        outcomes = times[fold.training_rows] + purge * HOUR_NS
        assert (outcomes + (purge + more) * HOUR_NS <= opens).all()
        assert (times[fold.test_rows] >= opens).all()
        past = int(np.sum(times < opens))
        assert fold.training_rows.size + fold.purged + fold.embargoed == past
    if folds:
        tested = np.concatenate([fold.test_rows for fold in folds])
        assert sorted(tested) == np.flatnonzero(times >= first * HOUR_NS).tolist()


@settings(max_examples=60, deadline=None)
@given(times=times_of_rows, span=spans, first=st.integers(50, 300), seed=st.integers(0, 9))
def test_order_of_rows_does_not_matter(
    times: np.ndarray, span: tuple[int, int, int], first: int, seed: int
) -> None:
    purge, more, every = span
    order = np.random.default_rng(seed).permutation(times.size)
    folds = folds_or_none(times, first, every, purge + more, purge)
    shuffled = folds_or_none(times[order], first, every, purge + more, purge)
    assert len(folds) == len(shuffled)
    for a, b in zip(folds, shuffled, strict=True):
        for rows, moved in ((a.training_rows, b.training_rows), (a.test_rows, b.test_rows)):
            assert set(times[rows]) == set(times[order][moved])


@settings(max_examples=100, deadline=None)
@given(span=spans, seed=st.integers(0, 50), keep=st.floats(0.3, 1.0))
def test_a_crisis_left_out_shares_no_hour_with_training(
    span: tuple[int, int, int], seed: int, keep: float
) -> None:
    purge, more, _ = span
    every_hour = np.arange(day("2022-04-20"), day("2022-07-10"), HOUR_NS)
    chosen = np.random.default_rng(seed).random(every_hour.size) < keep
    times = every_hour[chosen]
    found = leave_one_crisis_out(times, embargo_ns=(purge + more) * HOUR_NS, purge=purge * HOUR_NS)
    for fold in found.folds:
        test, trained = times[fold.test_rows], times[fold.training_rows]
        end = test.max() + purge * HOUR_NS
        before, after = trained[trained < fold.test_from_ns], trained[trained >= fold.test_until_ns]
        assert before.size + after.size == trained.size
        assert (before + purge * HOUR_NS <= fold.test_from_ns).all()
        assert (after >= end + (purge + more) * HOUR_NS).all()
        left = fold.purged + fold.embargoed + test.size + trained.size
        assert left == times.size


def test_crises_beyond_the_data_are_listed() -> None:
    times = np.arange(day("2022-01-01"), day("2022-11-10"), HOUR_NS)
    found = leave_one_crisis_out(times, embargo_ns=DAY_NS, purge=8 * HOUR_NS)
    assert [fold.name for fold in found.folds] == ["2022-05", "2022-06"]
    missing = {n.crisis.name: n.reason for n in found.not_covered}
    assert missing["2022-11"] == "4 of 9 days in the data"
    assert missing["2021-05"] == "outside the data"
    assert len(missing) + 2 == len(CRISES)
    states = [row[4] for row in found.table().rows]
    assert sum("NOT COVERED" in str(state) for state in states) == 7


def test_the_windows_are_those_of_the_acceptance_lines() -> None:
    windows = {c.name: (c.from_ns, c.until_ns) for c in CRISES}
    assert windows["2022-05"] == (day("2022-05-05"), day("2022-05-16"))
    assert windows["2024-08"] == (day("2024-08-03"), day("2024-08-07"))
    assert {"2021-05", "2022-06", "2022-11", "2023-03", "2025-10", "2026-02"} <= set(windows)


def test_weekends_count_as_days() -> None:
    times = np.arange(day("2023-01-01"), day("2023-01-31"), DAY_NS)
    folds = walk_forward_folds(
        times, first_ns=day("2023-01-15"), every=7 * DAY_NS, embargo_ns=DAY_NS, purge=DAY_NS
    )
    assert [fold.test_rows.size for fold in folds] == [7, 7, 2]
    # Starts 1 .. 13 January end by the 14th, and the 14th is the embargo.
    assert folds[0].training_rows.tolist() == list(range(13))
    assert (folds[0].purged, folds[0].embargoed) == (0, 1)


def test_years_as_edges() -> None:
    times = np.arange(day("2021-01-01"), day("2024-01-01"), DAY_NS)
    edges = [day("2022-01-01"), day("2023-01-01"), day("2024-01-01")]
    folds = folds_between(times, edges, embargo_ns=DAY_NS, purge=DAY_NS)
    assert [fold.test_rows.size for fold in folds] == [365, 365]
    assert folds[0].name == "2022-01-01 00:00"


def test_wrong_spans_are_refused() -> None:
    times = np.arange(10)
    with pytest.raises(ParameterError, match="at least the horizon"):
        walk_forward_folds(times, first_ns=5, every=2, embargo_ns=1, purge=2)
    with pytest.raises(ParameterError, match="positive"):
        walk_forward_folds(times, first_ns=5, every=0, embargo_ns=1, purge=1)
    with pytest.raises(InsufficientDataError, match="before them"):
        walk_forward_folds(times, first_ns=0, every=2, embargo_ns=1, purge=1)
    with pytest.raises(InsufficientDataError, match="before them"):
        walk_forward_folds(times, first_ns=100, every=2, embargo_ns=1, purge=1)
    with pytest.raises(UsageError, match="nanoseconds"):
        walk_forward_folds(times.astype(float), first_ns=5, every=2, embargo_ns=1, purge=1)
    with pytest.raises(UsageError, match="rising"):
        folds_between(times, [5, 5], embargo_ns=1, purge=1)
    with pytest.raises(ParameterError, match="least_share"):
        leave_one_crisis_out(times, embargo_ns=1, purge=1, least_share=0.0)
