"""Revisions in force from their dates; what ships and what it is chosen from fit together."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from plimsoll.errors import ParameterError
from plimsoll.estimators.reference.default_candidates import UNTIL_A_YEAR, candidates
from plimsoll.estimators.reference.default_model import (
    REVISIONS,
    default_at,
    revised_default,
    revision_at,
)
from plimsoll.estimators.reference.log_blend import LogBlend
from plimsoll.estimators.reference.methods import forecasters
from plimsoll.estimators.reference.panel import returns_panel
from plimsoll.estimators.reference.revised import Revised, Revision
from synthetic_panel import closes, day, history_of


def test_each_revision_is_in_force_from_its_date_to_the_next() -> None:
    panel = returns_panel(history_of(closes(500, 3)))
    first, second = forecasters(["ewma_t", "fhs_97"])
    revised = Revised(
        name="two",
        revisions=(
            Revision(from_ns=day(200), model=first),
            Revision(from_ns=day(300), model=second),
            Revision(from_ns=day(9_000), model=first),
        ),
    )
    found = revised.paths(panel, 8)
    before = panel.time_ns < day(300)
    for rows, model in ((before, first), (~before, second)):
        one = model.paths(panel, 8)
        np.testing.assert_array_equal(found.value_at_risk[rows], one.value_at_risk[rows])
        np.testing.assert_array_equal(found.expected_shortfall[rows], one.expected_shortfall[rows])


def test_revisions_must_ascend() -> None:
    (model,) = forecasters(["ewma_t"])
    for times in ((), (day(3), day(3)), (day(4), day(3))):
        with pytest.raises(ParameterError, match="revisions"):
            Revised(name="x", revisions=tuple(Revision(from_ns=t, model=model) for t in times))


def test_what_ships_is_among_the_candidates_and_the_last_is_the_model_of_the_night() -> None:
    known = {one.name: one for one in candidates()}
    assert len(known) == len(candidates())
    for revision in REVISIONS:
        assert known[revision.model.name] == revision.model
    assert REVISIONS[0].model.name == UNTIL_A_YEAR
    last = REVISIONS[-1].model
    assert isinstance(last, LogBlend)
    assert replace(last, name="default") == LogBlend()
    assert revised_default().name == "default"


def test_the_default_at_an_instant_is_the_revision_in_force() -> None:
    """From its very first instant to that of the next; the first also before it."""
    assert default_at(0) == REVISIONS[0].model
    for one, following in pairwise(REVISIONS):
        assert default_at(one.from_ns) == default_at(following.from_ns - 1) == one.model
    assert revision_at(2**62) is REVISIONS[-1]
    assert replace(default_at(2**62), name="default") == LogBlend()


def test_a_forecast_of_the_default_is_that_of_the_revised_at_the_same_time() -> None:
    panel = returns_panel(history_of(closes(500, 3)))
    found = revised_default().paths(panel, 8)
    model = default_at(int(panel.time_ns[-1]))
    np.testing.assert_array_equal(found.value_at_risk[-1], model.paths(panel, 8).value_at_risk[-1])
