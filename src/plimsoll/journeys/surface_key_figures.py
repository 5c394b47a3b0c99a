"""The handful of numbers that stand beside the verdict on a surface."""

from __future__ import annotations

import math

from plimsoll.estimators.implied.vol_index import VolIndex
from plimsoll.journeys.fitted_chain import FittedChain
from plimsoll.journeys.surface_index import index_words
from plimsoll.report.key_figures import KeyFigure


def surface_key_figures(chain: FittedChain) -> tuple[KeyFigure, ...]:
    """Return quotes, shares inside, median error, RMSE, and the vol index."""
    record = chain.record
    judged = record.quality.judged
    more = record.quality.more_than_mark
    return (
        KeyFigure(
            title="Options",
            value=f"{record.options:,}",
            unit="",
            about=f"{judged.quotes:,} quotes judged, {record.dropped:,} dropped by a filter",
        ),
        _percent("Inside bid-ask", judged.inside, f"{more:+d} quotes against the venue's mark"),
        _percent("Mark inside bid-ask", judged.mark_inside, "the venue's own volatility"),
        _percent("Within one tick", judged.within_tick, "bid less a tick to ask plus a tick"),
        _number(
            "Median error", judged.median_half_spreads, "", "half spreads, absolute, of the mid"
        ),
        _number("RMSE", judged.rmse_vol_points, "", "vol points, without the worst 0.1 %"),
        *(_index(*row) for row in record.index.rows),
    )


def _index(name: str, found: VolIndex | None, reason: str) -> KeyFigure:
    value, about = index_words(found, reason)
    return KeyFigure(title=f"30-day index, {name}", value=value, unit="%", about=about)


def _percent(title: str, share: float, about: str) -> KeyFigure:
    value = "–" if math.isnan(share) else f"{100.0 * share:.1f}"
    return KeyFigure(title=title, value=value, unit="%", about=about)


def _number(title: str, value: float, unit: str, about: str) -> KeyFigure:
    return KeyFigure(
        title=title, value="–" if math.isnan(value) else f"{value:.3f}", unit=unit, about=about
    )
