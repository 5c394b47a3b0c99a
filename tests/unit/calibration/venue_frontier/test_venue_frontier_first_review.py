"""A first New Year in the first months of a history: nothing is judged yet, and nothing breaks."""

from __future__ import annotations

import math

import numpy as np

from plimsoll.calibration.venue_frontier.level import LossRatios
from plimsoll.calibration.venue_frontier.record import DailyCounts
from plimsoll.calibration.venue_frontier.terms import equal_coverage_cost


def test_days_without_a_judged_start_have_no_cost() -> None:
    shape = (3, 2, 2)
    counts = DailyCounts(
        starts=np.zeros(shape, dtype=np.int64),
        broke=np.zeros(shape, dtype=np.int64),
        over=np.zeros(shape),
        worst=np.zeros(shape),
        held=np.zeros(shape),
        margin=np.full(shape, np.nan),
    )
    ratios = LossRatios(
        whole=np.full((3, 1, 2, 2), np.nan),
        counts=np.zeros((3, 2), dtype=np.int64),
        value=np.empty(0),
        day=np.empty(0, dtype=np.int64),
        market=np.empty(0, dtype=np.int64),
    )
    for known in (np.zeros(3, dtype=np.bool_), np.ones(3, dtype=np.bool_)):
        cost, scale = equal_coverage_cost(ratios, counts, counts, known)
        assert math.isnan(cost)
        assert math.isnan(scale)
