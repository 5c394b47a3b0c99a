"""Daily losses of margins as forecasts of a quantile: what tests of many candidates need."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.frontier.judged import JudgedMoves
from plimsoll.calibration.frontier.policy import NOMINAL_TAIL
from plimsoll.validation.comparison.score_tests import daily_means

FloatArray = NDArray[np.float64]


def daily_quantile_loss(
    judged: JudgedMoves, margin: FloatArray, tail: float = NOMINAL_TAIL
) -> FloatArray:
    """(T,) daily means over the scored pairs of ``margin + max(0, loss - margin) / tail``.

    In shares of notional: what the margin costs plus what breaks through it, at the price at which
    the quantile of the tail is the cheapest. Differences between candidates enter
    `plimsoll.validation.ranking`.
    """
    held = judged.sample.at_starts(margin)
    over = np.maximum(judged.sample.loss - held, 0.0)
    scored = np.repeat(judged.scored[:, :, None], 2, axis=2)
    value = np.where(scored, held + over / tail, np.nan)
    rows = judged.scored.any(axis=1)
    return daily_means(value[rows], judged.sample.time_ns[rows])
