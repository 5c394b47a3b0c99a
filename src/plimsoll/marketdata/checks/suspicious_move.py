"""Moves that are large for this market. They may be true, so they are reported, not removed."""

from __future__ import annotations

import numpy as np

from plimsoll.domain.finding import Finding, FindingKind
from plimsoll.domain.market import BoolArray
from plimsoll.marketdata.series import Series
from plimsoll.marketdata.settings import CheckSettings
from plimsoll.marketdata.wording import counted


def suspicious_moves(series: Series, settings: CheckSettings) -> list[Finding]:
    """Find moves of very many scales, of many scales and large, or large before any scale."""
    return [_finding(series, int(row)) for row in np.flatnonzero(_suspicious(series, settings))]


def _suspicious(series: Series, settings: CheckSettings) -> BoolArray:
    scales = np.abs(series.move_scales)
    simple = np.abs(np.expm1(series.move))
    large = (scales >= settings.suspicious_large_scales) & (
        simple >= settings.suspicious_large_move
    )
    early = np.isnan(scales) & (simple >= settings.suspicious_first_move)
    return (scales >= settings.suspicious_scales) | large | early


def _finding(series: Series, row: int) -> Finding:
    at, simple = int(series.time_ns[row]), float(np.expm1(series.move[row]))
    usual = float(series.scale[row] * np.sqrt(series.steps[row]))
    size = f"{abs(series.move[row]) / usual:.0f} times the usual" if usual > 0 else "at the start"
    return Finding(
        kind=FindingKind.SUSPICIOUS_MOVE,
        market=series.bars.market,
        first_ns=at,
        last_ns=at,
        known_at_ns=at,
        bars=1,
        value=simple,
        expected=usual,
        detail=f"{simple:+.1%} in {counted(round(series.steps[row]), 'bar')}, {size}",
    )
