"""A market's own one-bar volatility at each bar, robust and known before that bar."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from plimsoll.domain.market import FloatArray, IntArray
from plimsoll.marketdata.settings import CheckSettings

NORMAL_CONSISTENCY = 1.4826022185056018
"""1 / Phi^-1(3/4): makes a median absolute value the standard deviation of a normal."""

_STRIDE_BARS = 24
_CHUNK = 16_384
_ROWS = 64


def trailing_scales(moves: FloatArray, settings: CheckSettings) -> tuple[FloatArray, FloatArray]:
    """Return the slow scale and the larger of slow and fast scale, at each bar.

    Parameters
    ----------
    moves : (n,) float64
        Log moves of one bar; NaN where there is none.

    Returns
    -------
    slow, scale : (n,) float64
        Median absolute move, times 1.4826, of the changed closes *before* the bar: over the slow
        window (renewed every 24 changes) and, for ``scale``, also over the fast one, so that the
        scale follows a crash; NaN until there are enough. Unchanged closes are left out, since a
        pegged coin's median move would be zero. A median lets fewer than half of the bars be bad.

    Examples
    --------
    >>> slow, scale = trailing_scales(np.tile([0.01, -0.01], 20), CheckSettings())
    >>> int(np.isnan(scale).sum()), round(float(scale[-1]), 6)
    (24, 0.014826)
    """
    size = np.abs(moves)
    changed = size[np.isfinite(size) & (size > 0)]
    before = np.concatenate([[0], np.cumsum(np.isfinite(size) & (size > 0))[:-1]])[: moves.size]
    slow_at = _renewed_medians(changed, settings)
    fast_at = _running_medians(changed, settings.scale_recent_bars)
    slow = NORMAL_CONSISTENCY * slow_at[before]
    fast = NORMAL_CONSISTENCY * fast_at[before]
    return slow, np.fmax(slow, fast)


def _renewed_medians(changed: FloatArray, settings: CheckSettings) -> FloatArray:
    """Medians of the last ``scale_window_bars`` values, at each count of values, every 24."""
    first, window = settings.scale_min_bars, settings.scale_window_bars
    at = np.full(changed.size + 1, np.nan)
    counts = np.arange(first, changed.size + 1, _STRIDE_BARS)
    short = [float(np.median(changed[:count])) for count in counts[counts < window].tolist()]
    renewed = np.concatenate([short, _medians_of(changed, counts[counts >= window], window)])
    at[first:] = np.repeat(renewed, _STRIDE_BARS)[: max(at.size - first, 0)]
    return at


def _medians_of(changed: FloatArray, counts: IntArray, window_bars: int) -> FloatArray:
    """Medians of the ``window_bars`` values before each count, many by one call."""
    found, high = np.empty(counts.size), window_bars // 2
    if counts.size:
        windows = sliding_window_view(changed, window_bars)
    for begin in range(0, counts.size, _ROWS):
        some = slice(begin, begin + _ROWS)
        parts = np.partition(windows[counts[some] - window_bars], high, axis=1)
        low = parts[:, :high].max(axis=1) if window_bars % 2 == 0 else parts[:, high]
        found[some] = 0.5 * (low + parts[:, high])
    return found


def _running_medians(changed: FloatArray, window_bars: int) -> FloatArray:
    at = np.full(changed.size + 1, np.nan)
    if changed.size >= window_bars:
        windows = sliding_window_view(changed, window_bars)
        middle = window_bars // 2
        for begin in range(0, len(windows), _CHUNK):
            part = np.partition(windows[begin : begin + _CHUNK], middle, axis=1)[:, middle]
            at[window_bars + begin : window_bars + begin + len(part)] = part
    return at
