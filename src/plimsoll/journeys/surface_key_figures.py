"""The handful of numbers that stand beside the verdict on a surface."""

from __future__ import annotations

import math

from plimsoll.estimators.implied.vol_index import VolIndex
from plimsoll.estimators.surface.quality import FitQuality
from plimsoll.journeys.fitted_chain import FittedChain
from plimsoll.journeys.surface_index import index_words
from plimsoll.journeys.surface_rounding import (
    SHARE_DIGITS,
    TICK_DIGITS,
    error_text,
    percent_text,
)
from plimsoll.report.key_figures import KeyFigure


def surface_key_figures(chain: FittedChain) -> tuple[KeyFigure, ...]:
    """Return quotes, shares inside and errors of expiries of a day and more, and the vol index."""
    record = chain.record
    judged = record.quality.judged
    return (
        KeyFigure(
            title="Quotes judged",
            value=f"{judged.quotes:,}",
            unit="",
            about=f"of {record.options:,} options; {record.dropped:,} dropped by a filter",
        ),
        _percent("Inside bid-ask", judged.inside, _against_mark(record.quality)),
        _percent(
            "Within one tick",
            judged.within_tick,
            "bid less a tick to ask plus a tick",
            TICK_DIGITS,
        ),
        KeyFigure(
            title="Median error",
            value=error_text(judged.median_half_spreads),
            unit="",
            about=f"half spreads; RMSE {error_text(judged.rmse_vol_points)} vol points",
        ),
        *(_index(*row) for row in record.index.rows),
    )


def _against_mark(quality: FitQuality) -> str:
    mark = quality.judged.mark_inside
    if math.isnan(mark):
        return "no mark volatilities to compare with"
    return f"the venue's mark {percent_text(mark)} %: {quality.more_than_mark:+d} quotes"


def _index(name: str, found: VolIndex | None, reason: str) -> KeyFigure:
    value, about = index_words(found, reason)
    return KeyFigure(title=f"30-day index, {name}", value=value, unit="%", about=about)


def _percent(title: str, share: float, about: str, digits: int = SHARE_DIGITS) -> KeyFigure:
    return KeyFigure(title=title, value=percent_text(share, digits), unit="%", about=about)
