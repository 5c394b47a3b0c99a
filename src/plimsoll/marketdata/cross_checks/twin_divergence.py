"""Markets that keep one price, as wrapped and pegged coins do, until one of them goes astray."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from plimsoll.domain.finding import Finding, FindingKind
from plimsoll.domain.market import DAY_NS, BoolArray, FloatArray, IntArray
from plimsoll.marketdata.runs import runs
from plimsoll.marketdata.scale import NORMAL_CONSISTENCY
from plimsoll.marketdata.series import Series
from plimsoll.marketdata.settings import CheckSettings

_SAMPLES = 30
_SHARE_NEAR = 0.8


def twin_divergences(series: Sequence[Series], settings: CheckSettings) -> list[Finding]:
    """Find stretches in which two markets part that had one price in the block before.

    Time is cut into blocks. Two markets are twins in a block if nearly all samples of the block
    before are within ``twin_tolerance_log`` of each other. They diverge where their log ratio is
    ``twin_scales`` robust deviations, and at least ``twin_divergence_log``, from its median there.
    Which of the two is astray is a guess: the one that moved more in its own scales.
    """
    filled = [one for one in series if len(one)]
    if len(filled) < 2:
        return []
    grid, panel = _panel(filled)
    apart: dict[tuple[int, int], IntArray] = {}
    block = round(settings.twin_block_days * DAY_NS / filled[0].bars.interval_ns)
    for begin, twins in _twins(panel, block, settings):
        for a, b in twins:
            ratio = (
                panel[begin - block : begin + block, a] - panel[begin - block : begin + block, b]
            )
            rows = begin + np.flatnonzero(_apart(ratio, block, settings))
            if rows.size:
                apart[a, b] = np.append(apart.get((a, b), np.empty(0, dtype=np.int64)), rows)
    return [
        finding
        for (a, b), rows in sorted(apart.items())
        for finding in _findings(filled[a], filled[b], grid, rows)
    ]


def _panel(series: Sequence[Series]) -> tuple[IntArray, FloatArray]:
    """Grid of all bars, and (T, N) log closes on it; NaN where there is no bar."""
    interval = series[0].bars.interval_ns
    first = min(int(one.time_ns[0]) for one in series)
    last = max(int(one.time_ns[-1]) for one in series)
    grid = first + interval * np.arange((last - first) // interval + 1, dtype=np.int64)
    panel = np.full((grid.size, len(series)), np.nan)
    for n, one in enumerate(series):
        panel[(one.time_ns - first) // interval, n] = one.log_close
    return grid, panel


def _twins(
    panel: FloatArray, block: int, settings: CheckSettings
) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Yield the first row of each block but the first, and the pairs that were near before it."""
    step = max(1, block // _SAMPLES)
    for begin in range(block, panel.shape[0], block):
        sample = panel[begin - block : begin : step]
        near = np.zeros((panel.shape[1], panel.shape[1]))
        for row in sample:
            near += np.abs(row[:, None] - row) <= settings.twin_tolerance_log
        pairs = np.argwhere(np.triu(near >= _SHARE_NEAR * len(sample), k=1))
        yield begin, [(int(a), int(b)) for a, b in pairs]


def _apart(ratio: FloatArray, block: int, settings: CheckSettings) -> BoolArray:
    """Return where the log ratio leaves what it was in the block before."""
    usual = ratio[:block][np.isfinite(ratio[:block])]
    centre = float(np.median(usual))
    deviation = NORMAL_CONSISTENCY * float(np.median(np.abs(usual - centre)))
    least = max(settings.twin_divergence_log, settings.twin_scales * deviation)
    far: BoolArray = np.abs(ratio[block:] - centre) >= least
    return far


def _findings(one: Series, other: Series, grid: IntArray, rows: IntArray) -> Iterator[Finding]:
    mask = np.zeros(grid.size, dtype=bool)
    mask[rows] = True
    for start, stop in zip(*runs(mask), strict=True):
        first, last = int(grid[start]), int(grid[stop])
        stray, twin = (one, other) if _moved(one, first) >= _moved(other, first) else (other, one)
        price, reference = _close(stray, first), _close(twin, first)
        yield Finding(
            kind=FindingKind.TWIN_DIVERGENCE,
            market=stray.bars.market,
            first_ns=first,
            last_ns=last,
            known_at_ns=first,
            bars=int(stop - start + 1),
            value=price,
            expected=reference,
            detail=f"{price / reference - 1:+.1%} against {twin.bars.market}, until then its twin",
        )


def _moved(series: Series, at_ns: int) -> float:
    row = int(np.searchsorted(series.time_ns, at_ns))
    size = abs(float(series.move[row] / series.scale[row])) if series.scale[row] > 0 else 0.0
    return 0.0 if np.isnan(size) else size


def _close(series: Series, at_ns: int) -> float:
    return float(series.bars.close[np.searchsorted(series.time_ns, at_ns)])
