"""The default's choice made again on SYNTHETIC markets: dates without a past are left out."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.errors import InsufficientDataError
from plimsoll.estimators.reference.default_candidates import UNTIL_A_YEAR, candidates
from plimsoll.estimators.reference.panel import returns_panel
from plimsoll.journeys.compare_choice import choose_default
from synthetic_panel import closes, history_of

FEW = tuple(
    one
    for one in candidates()
    if one.name in {UNTIL_A_YEAR, "calm 0.15, reach -0.4 to 0.3, tail 0.9", "ewma_t"}
)


def test_a_revision_without_a_past_is_not_reviewed() -> None:
    history = history_of(closes(800, 6))
    panel = returns_panel(history)
    found = choose_default(history, panel, (8,), seasoned_days=60, models=FEW)
    dates = np.array([one.at_ns for one in found.reviews]).astype("datetime64[ns]")
    assert (dates <= np.datetime64(int(panel.time_ns[-1]), "ns")).all()
    assert len(found.shipped) == len(found.reviews)
    assert found.agrees == (found.shipped == tuple(one.chosen.name for one in found.reviews))
    assert "these data choose" in found.verdict
    assert found.tables[0].name == "default_choice"
    assert len(found.tables) == 1 + len(found.reviews)


def test_too_short_a_history_is_refused_before_any_forecast() -> None:
    history = history_of(closes(100, 3))
    with pytest.raises(InsufficientDataError, match="prices"):
        choose_default(history, returns_panel(history), (8,), seasoned_days=60, models=())
