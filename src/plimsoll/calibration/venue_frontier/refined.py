"""Paths of one policy, and what a search from a designed policy found at a review."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.venue_frontier.assessed import Judging, Occasion
from plimsoll.calibration.venue_frontier.candidates import Candidate
from plimsoll.calibration.venue_frontier.choice import VenueChoice
from plimsoll.calibration.venue_frontier.constraints import FrontierLimits
from plimsoll.domain.field_summary import field_summary

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PolicyPaths:
    """Margins of one policy, before its levels.

    Parameters
    ----------
    candidate : Candidate
    close_out, reaction : (D, N, 2) float64
    """

    candidate: Candidate
    close_out: FloatArray
    reaction: FloatArray

    __repr__ = field_summary


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RefinedPolicy:
    """What a search found at a review, from the days known there.

    Parameters
    ----------
    paths : PolicyPaths
    start : str
        Designed policy that it began from.
    row : int
        Of the review.
    found, begun : (float, float)
        Sum of excesses over constraints, and objective, of the best and of the start.
    daily : (T, D) float64
        Daily quantile losses of every different policy tried.
    """

    paths: PolicyPaths
    start: str
    row: int
    found: tuple[float, float]
    begun: tuple[float, float]
    daily: FloatArray

    __repr__ = field_summary


Refiner = Callable[[VenueChoice, Occasion, Judging, FrontierLimits], RefinedPolicy]
"""Searches on from what a review would choose of the designed policies."""
