"""Size and power, by simulation, of tests of breaches that have no exact law."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from plimsoll.validation.breaches.hit_chain import HitChain, simulate_chain
from plimsoll.validation.tested_forecasts import (
    SIGNIFICANCE,
    Power,
    check_paths,
    simulated_power,
)

Flags = NDArray[np.bool_]


def chain_rejections(
    p_value: Callable[[Flags], float],
    observations: int,
    null: HitChain,
    other: HitChain,
    paths: int,
    seed: int,
) -> Power:
    """Share of simulated series of ``other`` and of ``null`` that ``p_value`` rejects at 5 %."""
    check_paths(paths)
    decisions = [
        np.array([p_value(row) < SIGNIFICANCE for row in simulate_chain(observations, c, paths, s)])
        for c, s in ((other, seed), (null, seed + 1))
    ]
    return simulated_power(decisions[0], decisions[1], other.label)
