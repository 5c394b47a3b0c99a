"""The variance clock that a run's own chains imply, and whether it is worth passing back.

The proof is out of sample: a daily expiry is left out and its volatility taken from its
neighbours, in calendar time and in the time of the clock estimated from the first half of the
chains alone, over the second half.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.surface import CALENDAR, VarianceClock, VolSurface
from plimsoll.errors import EstimationError, InsufficientDataError
from plimsoll.estimators.implied.term_structure import TermStructure, expiry_term_structure
from plimsoll.estimators.vol_shocks.variance_clock import (
    VarianceClockEstimate,
    estimate_variance_clock,
)
from plimsoll.maths.variance_clock import DAY_NS, variance_years

FloatArray = NDArray[np.float64]

SEED = 1
NEIGHBOUR_DAYS = 2.01
"""Expiries further apart than two days (and rounding) are no neighbours of a left-out one."""
_FEW_REPLICATES = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LeftOut:
    """At-the-money volatility of N left-out expiries, interpolated less fitted.

    Parameters
    ----------
    calendar, clock : (N,) float64
        Errors in calendar time and in the clock's.
    """

    calendar: FloatArray
    clock: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClockEvidence:
    """A clock with its proof, or why there is none.

    Parameters
    ----------
    estimate : VarianceClockEstimate or None
    left_out : LeftOut or None
        By the clock of the first half of the chains over the second; None where a half is too
        short.
    reason : str
        Why there is no estimate; empty where there is one.
    """

    estimate: VarianceClockEstimate | None
    left_out: LeftOut | None
    reason: str = ""


def clock_evidence(surfaces: Sequence[VolSurface]) -> ClockEvidence:
    """Estimate the clock of surfaces of one or several coins.

    Parameters
    ----------
    surfaces : sequence of VolSurface
        In order of time.
    """
    history = [expiry_term_structure(surface) for surface in surfaces]
    try:
        estimate = estimate_variance_clock(history, seed=SEED)
    except (InsufficientDataError, EstimationError) as error:
        return ClockEvidence(estimate=None, left_out=None, reason=str(error))
    return ClockEvidence(estimate=estimate, left_out=_out_of_sample(history))


def left_out_errors(history: Sequence[TermStructure], clock: VarianceClock) -> FloatArray:
    """Volatility of every expiry with near neighbours, interpolated from them, less its own.

    Total variance at the money is taken as linear in the time of the clock between the expiries
    before and after.
    """
    parts = [_left_out(structure, clock) for structure in history]
    return np.concatenate(parts) if parts else np.empty(0)


def _out_of_sample(history: Sequence[TermStructure]) -> LeftOut | None:
    """Split by time: surfaces of one instant stay together."""
    middle = history[len(history) // 2].at_ns
    first = [structure for structure in history if structure.at_ns < middle]
    second = [structure for structure in history if structure.at_ns >= middle]
    try:
        clock = estimate_variance_clock(first, replicates=_FEW_REPLICATES, seed=SEED).clock
    except (InsufficientDataError, EstimationError):
        return None
    found = LeftOut(
        calendar=left_out_errors(second, CALENDAR), clock=left_out_errors(second, clock)
    )
    return found if found.clock.size else None


def _left_out(structure: TermStructure, clock: VarianceClock) -> FloatArray:
    gaps = np.diff(structure.maturity_ns) / DAY_NS
    near = (gaps[:-1] <= NEIGHBOUR_DAYS) & (gaps[1:] <= NEIGHBOUR_DAYS)
    years = variance_years(clock.day_weights, structure.at_ns, structure.maturity_ns)
    variance = structure.total_variance
    share = (years[1:-1] - years[:-2]) / (years[2:] - years[:-2])
    between = (1.0 - share) * variance[:-2] + share * variance[2:]
    errors: FloatArray = np.sqrt(between / structure.tau_years[1:-1]) - structure.vol[1:-1]
    return errors[near]
