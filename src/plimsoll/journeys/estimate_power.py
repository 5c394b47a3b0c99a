"""Size and power of the tests of one market's studies, against stated alternatives, simulated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from plimsoll.errors import PlimsollError
from plimsoll.estimators.jumps.event_times import EventTimes
from plimsoll.estimators.jumps.fitted_hawkes import FittedHawkes
from plimsoll.journeys.estimate_returns import FloatArray

LEVEL = 0.05
VARIANCE_RATIO = 1.5
"""Of the second half of the sample over the first, where the variance breaks."""
BRANCHING_ERROR = 0.2
DRAWS = 100
_LEAST_BLOCKS = 10


class RejectionShares(NamedTuple):
    """Shares of simulated samples that a test rejects at 5 %: without and with the alternative.

    Of `DRAWS` samples: a share p is known to the root of p (1 - p) / 100, 5 points at most.
    """

    size: float
    power: float


def break_power(
    sample: FloatArray,
    rejects: Callable[[FloatArray], bool],
    broken: Callable[[FloatArray], FloatArray],
    *,
    block: int,
    seed: int = 0,
) -> RejectionShares:
    """Return size and power of a test of one break, on the sample's own rows in another order.

    Parameters
    ----------
    sample : (n,) float64
        Its rows are drawn in blocks with replacement: the law and the dependence within a block
        stay, slower changes go.
    rejects : callable
        Whether the test rejects at 5 %.
    broken : callable
        Returns the rows of the second half as the alternative has them.
    block : int
        Rows of a block; at most a tenth of the sample.
    seed : int
    """
    generator = np.random.default_rng(seed)
    size = sample.size
    block = max(1, min(block, size // _LEAST_BLOCKS))
    offsets = np.arange(block)
    rejected = np.zeros(2)
    for _ in range(DRAWS):
        starts = generator.integers(0, size - block + 1, -(-size // block))
        drawn = sample[(starts[:, None] + offsets).ravel()[:size]]
        changed = np.concatenate([drawn[: size // 2], broken(drawn[size // 2 :])])
        rejected += [rejects(drawn), rejects(changed)]
    return RejectionShares(*(rejected / DRAWS).tolist())


def residual_power(
    fitted: FittedHawkes, test: Callable[[FittedHawkes], float], *, seed: int = 0
) -> RejectionShares | None:
    """Return size and power of a test of residuals against a wrong branching ratio.

    Events are drawn from the fitted process of one component, and from one whose branching ratio
    is `BRANCHING_ERROR` higher (lower, where that would not be stationary) at the same mean
    intensity; each sample is judged by the fitted one, not fitted again: a fit hides part of it.

    Parameters
    ----------
    fitted : FittedHawkes
    test : callable
        Takes the fitted process with the drawn events (in continuous time) to a p-value.
    seed : int

    Returns
    -------
    RejectionShares or None
        None where too few samples had an event: there is nothing to say.
    """
    ratio = fitted.branching_ratio
    step = BRANCHING_ERROR if ratio + BRANCHING_ERROR < 1.0 - LEVEL else -BRANCHING_ERROR
    mean = fitted.mean_intensity
    other = replace(
        fitted,
        branching=np.array([[ratio + step]]) if ratio + step > 0.0 else np.zeros((1, 1)),
        baseline=mean * (1.0 - max(ratio + step, 0.0)),
    )
    shares = []
    for model in (fitted, other):
        found = [_p_value(fitted, model, test, seed + draw) for draw in range(DRAWS)]
        known = [p for p in found if p is not None]
        if len(known) < DRAWS // 2:
            return None
        shares.append(float(np.mean([p < LEVEL for p in known])))
    return RejectionShares(*shares)


def _p_value(
    fitted: FittedHawkes,
    model: FittedHawkes,
    test: Callable[[FittedHawkes], float],
    seed: int,
) -> float | None:
    try:
        events = model.simulate(fitted.events.horizon, seed=seed)
        return test(replace(fitted, events=events)) if events.time.size else None
    except PlimsollError:
        return None


def on_bars(events: EventTimes) -> EventTimes:
    """Return the bars (of length 1) that hold an event, at their ends, as large moves are timed."""
    time = np.minimum(np.unique(np.ceil(events.time)), events.horizon)
    return EventTimes.of(np.unique(time), horizon=events.horizon)
