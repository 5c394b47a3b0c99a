"""Losses of whole classes of markets over a span, as they came: longs and shorts together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.add_ons.multiplier_errors import DatedLosses, dated_losses
from plimsoll.calibration.add_ons.outage import losses_over
from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.parts.market_moves import known_prices
from plimsoll.domain.market import HOUR_NS

FloatArray = NDArray[np.float64]
DAYS = 730
LEAST_LOSSES = 100


def class_prices(proof: Proof) -> dict[str, FloatArray]:
    """(T, n) log prices of the last two years of each class's markets."""
    _, price = known_prices(proof)
    return prices_by_class(price, proof, proof.problem.classes)


def prices_by_class(
    price: FloatArray, proof: Proof, classes: Iterable[str]
) -> dict[str, FloatArray]:
    """(T, n) the last two years of (T, N) log prices of the proof's markets, class by class."""
    class_of: Mapping[str, str] = proof.class_of
    names = np.array([class_of[m] for m in proof.history.markets])
    bars = DAYS * 24 * HOUR_NS // proof.history.interval_ns
    first = max(0, price.shape[0] - bars)
    return {name: price[first:, names == name] for name in classes}


def pooled_losses(prices: FloatArray, bars: int) -> FloatArray:
    """Losses of longs and shorts of all markets of a class, those without a number left out."""
    found = np.concatenate(
        [
            np.empty(0),
            *(
                losses_over(column, max(1, bars), side)[::2]
                for column in prices.T
                for side in (0, 1)
                if column.size > bars
            ),
        ]
    )
    return np.asarray(found[np.isfinite(found)])


def pooled_by_day(prices: FloatArray, bars: int, hours: float, confidence: float) -> DatedLosses:
    """The losses of `pooled_losses`, each with the day on which it began."""
    per_day = round(24.0 / hours)
    days = -(-prices.shape[0] // per_day)
    start = np.arange(0, max(0, prices.shape[0] - bars), 2) // per_day
    losses = [losses_over(column, bars, side)[::2] for column in prices.T for side in (0, 1)]
    loss, day = np.concatenate(losses), np.tile(start, len(losses))
    known = np.isfinite(loss)
    return dated_losses(loss[known], day[known], days, confidence)
