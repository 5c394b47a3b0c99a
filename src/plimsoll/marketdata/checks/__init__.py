"""One detector a file; each takes bars or the ordered series, and the settings."""

from __future__ import annotations

from collections.abc import Callable

from plimsoll.domain.finding import Finding
from plimsoll.domain.market import Bars
from plimsoll.marketdata.checks.delivery import partial_last_bar, short_history
from plimsoll.marketdata.checks.flat_outage import flat_outages, untraded_prices
from plimsoll.marketdata.checks.gap import absences, gaps
from plimsoll.marketdata.checks.impossible_price import impossible_prices
from plimsoll.marketdata.checks.reused_ticker import reused_tickers
from plimsoll.marketdata.checks.reverting_spike import reverting_spikes
from plimsoll.marketdata.checks.stale_run import stale_runs
from plimsoll.marketdata.checks.suspicious_move import suspicious_moves
from plimsoll.marketdata.checks.timing import duplicate_bars, off_grid_times, unordered_bars
from plimsoll.marketdata.checks.unit_change import unit_changes
from plimsoll.marketdata.series import Series
from plimsoll.marketdata.settings import CheckSettings

BAR_CHECKS: tuple[Callable[[Bars, CheckSettings], list[Finding]], ...] = (
    duplicate_bars,
    unordered_bars,
    off_grid_times,
    impossible_prices,
    gaps,
)
"""Checks of the bars as delivered."""

SERIES_CHECKS: tuple[Callable[[Series, CheckSettings], list[Finding]], ...] = (
    absences,
    stale_runs,
    flat_outages,
    untraded_prices,
    unit_changes,
    reused_tickers,
    reverting_spikes,
    suspicious_moves,
)
"""Checks of the bars in order, once each, with a possible price."""

__all__ = ["BAR_CHECKS", "SERIES_CHECKS", "partial_last_bar", "short_history"]
