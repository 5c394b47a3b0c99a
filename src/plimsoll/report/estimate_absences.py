"""Why a market's card lacks a picture: words in its place."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from plimsoll.domain.finding import Reason
from plimsoll.estimators.nightly.estimate import NightlyEstimate
from plimsoll.estimators.nightly.market_reasons import MarketFlag
from plimsoll.estimators.nightly.market_tails import MarketTails


def words_for(sentence: str) -> Markup:
    """Return a paragraph in place of a picture."""
    return Markup('<p class="absent">{}</p>').format(sentence)


def without_forecasts(found: NightlyEstimate, column: int) -> str | None:
    """Why the forecasts of the recent past cannot be drawn; None where they can."""
    reason = found.reasons[column]
    if reason is not None:
        return f"No forecast: {_plain(reason)}."
    drawn = np.isfinite(found.horizons[0].value_at_risk_path[:, column, 0]).sum()
    if drawn >= 2:
        return None
    if MarketFlag.YOUNG in found.flags[column]:
        return (
            "No forecasts of its own yet: its numbers are predictive quantiles from past listings "
            "and peers, as of this midnight only."
        )
    return "No forecast of its own in the recent past."


def without_tails(tails: MarketTails) -> str | None:
    """Why neither side has a fitted tail; None where one has."""
    if tails.falls.tail is not None or tails.rises.tail is not None:
        return None
    reason = tails.falls.reason or tails.rises.reason
    why = "" if reason is None else f": {_plain(reason)}"
    return f"No tail of its own{why}. The tail of its numbers is pooled."


def _plain(reason: Reason) -> str:
    return reason.value.replace("_", " ")
