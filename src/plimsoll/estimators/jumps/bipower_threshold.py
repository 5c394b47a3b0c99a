"""Jumps as returns beyond a multiple of the bipower volatility of a bar."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import EstimationError, ParameterError
from plimsoll.estimators.observations import as_observations
from plimsoll.maths.jump_flags import bipower_sum

Vector = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ThresholdJumps:
    """Result of :func:`bipower_threshold_jumps`; ``deviation`` is the bipower volatility of a bar.

    ``intensity`` is jumps per bar, ``jump_mean`` and ``jump_sd`` (ddof 0) are of the flagged
    returns, NaN where there are none; ``diffusive_sd`` is of the others about 0.
    """

    flag: Flags
    deviation: float
    critical: float
    intensity: float
    jump_mean: float
    jump_sd: float
    diffusive_sd: float


def bipower_threshold_jumps(returns: ArrayLike, *, multiple: float = 4.0) -> ThresholdJumps:
    """Flag ``|r| > multiple * sqrt(BV / n)``, BV the bipower variation of all n returns.

    One volatility serves the whole sample: with clustering, calm and stormy weeks in one sample
    turn storms into jumps. Zero returns (stale bars) lower BV and are left out of it.

    Parameters
    ----------
    returns : array_like, shape (n,)
        Finite log returns in time order, at least 30 of them not zero.
    multiple : float
        Above 0.

    Raises
    ------
    DataFormatError, InsufficientDataError, EstimationError
    """
    if not 0.0 < multiple < math.inf:
        raise ParameterError("must be positive and finite", found=multiple, field="multiple")
    sample = as_observations(returns, minimum=30, name="returns")
    moving = as_observations(sample[sample != 0.0], minimum=30, name="returns other than zero")
    deviation = math.sqrt(bipower_sum(moving) / moving.size)
    if not 0.0 < deviation < math.inf:
        raise EstimationError(
            "the bipower variation must be a positive number",
            found=deviation,
            remedy="change the unit of the returns",
        )
    flag = np.abs(sample) > multiple * deviation
    flag.setflags(write=False)
    jumps, rest = sample[flag], sample[~flag]
    return ThresholdJumps(
        flag=flag,
        deviation=deviation,
        critical=multiple * deviation,
        intensity=float(flag.mean()),
        jump_mean=float(jumps.mean()) if jumps.size else math.nan,
        jump_sd=float(jumps.std()) if jumps.size else math.nan,
        diffusive_sd=math.sqrt(float(np.mean(rest * rest))) if rest.size else math.nan,
    )
