"""Funding payments on the grid of a history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from plimsoll.domain.market import FloatArray, IntArray, MarketHistory

JITTER_NS = 60_000_000_000


def with_funding(
    history: MarketHistory, payments: Mapping[str, tuple[IntArray, FloatArray]]
) -> MarketHistory:
    """Return the history with what a long pays over each bar.

    A payment belongs to the bar in which it falls due: a position opened at the close of bar s
    and closed at that of bar e pays what falls due after the one and not after the other. Venues
    stamp payments some milliseconds late; a minute is allowed for.

    Parameters
    ----------
    payments : mapping of str to (times, rates)
        UTC ns and fractions of notional that longs pay, by market; a market without an entry pays
        nothing that is known, and `unfunded` names it.
    """
    funding = np.zeros((len(history), len(history.markets)))
    for column, market in enumerate(history.markets):
        if market not in payments or not len(history):
            continue
        times, rates = payments[market]
        rows = np.searchsorted(history.available_ns, times - JITTER_NS, side="left")
        due = np.isfinite(rates) & (times > history.time_ns[0]) & (rows < len(history))
        np.add.at(funding[:, column], rows[due], rates[due])
    return replace(history, funding=funding)


def unfunded(
    history: MarketHistory, payments: Mapping[str, tuple[IntArray, FloatArray]]
) -> tuple[str, ...]:
    """Markets of the history without any funding data."""
    return tuple(m for m in history.markets if m not in payments or not len(payments[m][0]))
