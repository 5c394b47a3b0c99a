"""Falls of young markets' margins under the limit of the policy in force."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from made_proof import proof_of
from plimsoll.calibration.evidence.proof import PolicyInForce
from plimsoll.calibration.young_falls import fall_limits, limited_falls, slow_young_falls
from synthetic_panel import history_of


def one_side(values: list[float]) -> np.ndarray:
    """(D, 1, 2) the same margins of longs and shorts."""
    return np.repeat(np.array(values)[:, None, None], 2, axis=2)


def young(*values: bool) -> np.ndarray:
    return np.array(values)[:, None]


def test_a_young_margin_falls_by_the_limit_and_rises_freely() -> None:
    margin = one_side([np.nan, 0.20, 0.10, 0.10, 0.30, 0.29])
    found = limited_falls(margin, young(*[True] * 6), np.full(6, 0.02))
    expected = [np.nan, 0.20, 0.196, 0.19208, 0.30, 0.294]
    assert found == pytest.approx(one_side(expected), rel=1e-12, nan_ok=True)


def test_the_limit_goes_on_past_youth_until_the_own_margin_is_reached() -> None:
    margin = one_side([0.10, 0.095, 0.094, 0.0935, 0.05])
    found = limited_falls(margin, young(True, True, False, False, False), np.full(5, 0.02))
    # 0.098, 0.09604, 0.0941192, then still above 0.05: the market is of age and still held up.
    expected = [0.10, 0.098, 0.09604, 0.0941192, 0.0922368160]
    assert found == pytest.approx(one_side(expected), rel=1e-9)
    reached = one_side([0.10, 0.095, 0.097, 0.05, 0.05])
    found = limited_falls(reached, young(True, True, False, False, False), np.full(5, 0.02))
    # The own margin of the third day stands above the limit: from then on the policy alone speaks.
    assert found == pytest.approx(one_side([0.10, 0.098, 0.097, 0.05, 0.05]), rel=1e-12)


def test_markets_of_age_and_days_without_a_limit_are_as_they_were() -> None:
    margin = one_side([0.10, 0.05, 0.02])
    assert np.array_equal(
        limited_falls(margin, young(False, False, False), np.full(3, 0.02)), margin
    )
    assert np.array_equal(limited_falls(margin, young(True, True, True), np.ones(3)), margin)


@given(
    values=st.lists(st.floats(1e-3, 1.0), min_size=2, max_size=30),
    limit=st.floats(0.0, 0.5),
    day=st.integers(1, 29),
)
@settings(max_examples=60, deadline=None)
def test_never_below_the_forecast_nor_the_limit_and_blind_to_the_future(
    values: list[float], limit: float, day: int
) -> None:
    margin, all_young = one_side(values), young(*[True] * len(values))
    fall = np.full(len(values), limit)
    found = limited_falls(margin, all_young, fall)
    assert (found >= margin).all()
    assert (found[1:] >= found[:-1] * (1.0 - limit) * (1.0 - 1e-12)).all()
    spoiled = margin.copy()
    spoiled[day:] = 0.5
    assert np.array_equal(limited_falls(spoiled, all_young, fall)[:day], found[:day])


def test_errors_keep_their_share_and_limits_hold_from_their_review_on() -> None:
    history = history_of(np.ones((24 * 4, 1)))
    paths = proof_of(history, {"M0": "large"}, days=4).paths
    paths = replace(
        paths,
        maintenance=one_side([0.2, 0.1, 0.1, 0.1]),
        maintenance_error=one_side([0.02, 0.01, 0.01, 0.01]),
        mature=np.zeros((4, 1), dtype=bool),
    )
    found = slow_young_falls(paths, fall_limits(4, [(2, 0.02)]))
    assert found.maintenance == pytest.approx(one_side([0.2, 0.1, 0.1, 0.1]))
    steep = replace(paths, maintenance=one_side([0.2, 0.2, 0.1, 0.1]))
    found = slow_young_falls(steep, fall_limits(4, [(2, 0.02)]))
    assert found.maintenance == pytest.approx(one_side([0.2, 0.2, 0.196, 0.19208]))
    assert found.maintenance_error[2:, 0, 0] == pytest.approx([0.0196, 0.019208])
    assert found.reaction is paths.reaction


def test_every_table_of_coverage_says_what_holds_for_the_young() -> None:
    history = history_of(np.ones((24 * 4, 1)))
    proof = proof_of(history, {"M0": "large"}, days=4)
    chosen = PolicyInForce(told="calm", before=proof.paths, since_ns=None)
    assert "young or on the class floor" in replace(proof, chosen=chosen).tools_note()
    assert "young" not in proof.tools_note()
