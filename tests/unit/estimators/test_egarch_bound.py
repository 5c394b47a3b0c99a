"""An EGARCH volatility stays within what a market has shown, whatever a crash does to its log."""

from __future__ import annotations

import numpy as np

from plimsoll.estimators.horizon.garch_path import GarchPath, largest_known, step_returns
from plimsoll.estimators.reference.panel import returns_panel
from synthetic_panel import closes, history_of


def test_a_crash_gives_no_volatility_beyond_the_largest_return() -> None:
    close = closes(420, 2)
    close[9_000:, 0] *= 1e-3
    panel = returns_panel(history_of(close))
    model = GarchPath(exponential=True, step_hours=24, window_days=400, refit_every_days=30)
    returns, known = step_returns(panel.price[0], panel.boundaries, 24)
    largest = largest_known(returns, known) / np.sqrt(24)
    found = model.path(panel.records[0], panel.boundaries)
    there = np.isfinite(found)
    assert there[-1]
    assert (found[there] <= largest[there]).all()
    assert largest[-1] > 1.0, "the crash is in the sample"
