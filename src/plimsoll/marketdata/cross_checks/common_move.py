"""A move that the whole market makes is no single market's spike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plimsoll.domain.finding import Finding, FindingKind
from plimsoll.marketdata.series import Series
from plimsoll.marketdata.settings import CheckSettings


def without_common_moves(
    series: Sequence[Series], findings: Sequence[Finding], settings: CheckSettings
) -> list[Finding]:
    """Drop spikes at whose first bar the median market moved the same way by several scales."""
    spikes = [f for f in findings if f.kind is FindingKind.REVERTING_SPIKE]
    common = {at: _median_scales(series, at) for at in {f.first_ns for f in spikes}}

    def is_common(f: Finding) -> bool:
        if f.kind is not FindingKind.REVERTING_SPIKE:
            return False
        scales, markets = common[f.first_ns]
        way = np.sign(f.value - f.expected)
        return (
            markets >= settings.common_min_markets and scales * way >= settings.common_move_scales
        )

    return [f for f in findings if not is_common(f)]


def _median_scales(series: Sequence[Series], at_ns: int) -> tuple[float, int]:
    """Return the median move in scales over the markets that have one at ``at_ns``."""
    moves: list[float] = []
    for one in series:
        row = int(np.searchsorted(one.time_ns, at_ns))
        if row < len(one) and one.time_ns[row] == at_ns and one.scale[row] > 0:
            moves.append(float(one.move[row] / one.scale[row]))
    return (float(np.median(moves)), len(moves)) if moves else (0.0, 0)
