"""The policy that the appetite chooses at every New Year, from the days known by then.

Figures prefer a policy as soon as a year is judged; it comes into force once there are as many
years as a gap between in and out of sample is judged on. One calm year says little of the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.appetite.weights import ObjectiveWeights
from plimsoll.calibration.folds.folded_result import LEAST_FOLDS
from plimsoll.calibration.venue_frontier.assessed import AssessedPolicy, Occasion
from plimsoll.calibration.venue_frontier.candidates import DEFAULT
from plimsoll.calibration.venue_frontier.constraints import (
    FrontierLimits,
    Shortfall,
    infeasibility,
    shortfalls,
    unmeasured,
)
from plimsoll.calibration.venue_frontier.judged_terms import cost_at, judged_days, policy_terms
from plimsoll.calibration.venue_frontier.record import VenueRecord
from plimsoll.calibration.venue_frontier.terms import PolicyTerms, measurable_terms

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

CHOOSING_DAYS = 350
"""Fewest judged days at known levels before figures prefer anything to the forecaster as it is."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VenueChoice:
    """What one review chose.

    Parameters
    ----------
    row : int
    name : str
        Of the occasion.
    policy : str
        In force: the preferred one once `LEAST_FOLDS` years are known, the default before.
    preferred : str
        By the figures, however few.
    terms : mapping of str to PolicyTerms
        Of every policy; empty before a year is known.
    broken : mapping of str to tuple of Shortfall
    known_days : int
        Judged days, at levels that were in force.
    statement : str
        Why no policy holds all, and the smallest relaxation; empty where one does.
    """

    row: int
    name: str
    policy: str
    preferred: str
    terms: Mapping[str, PolicyTerms]
    broken: Mapping[str, tuple[Shortfall, ...]]
    known_days: int
    statement: str = ""

    @property
    def holding(self) -> int:
        """Policies that hold every constraint."""
        return sum(not one for one in self.broken.values())


def choose(
    record: VenueRecord,
    assessed: Mapping[str, AssessedPolicy],
    occasion: Occasion,
    row: int,
    weights: ObjectiveWeights,
    limits: FrontierLimits,
    markets: BoolArray | None = None,
) -> VenueChoice:
    """Among policies that hold every constraint the lowest objective, else the least excess.

    Parameters
    ----------
    markets : (N,) bool, optional
        Judge on these alone; costs keep the scales of all.
    """
    days = judged_days(record, occasion.days)
    count = int((assessed[DEFAULT].lived.starts[days].sum(axis=(1, 2)) > 0).sum())
    if count < CHOOSING_DAYS:
        return VenueChoice(
            row=row,
            name=occasion.name,
            policy=DEFAULT,
            preferred=DEFAULT,
            terms={},
            broken={},
            known_days=count,
        )
    terms = {
        name: policy_terms(
            record,
            one,
            occasion,
            cost_at(one, occasion, assessed, markets),
            limits.gate,
            markets,
        )
        for name, one in assessed.items()
    }
    asked = measurable_terms(terms.values(), weights)
    broken = {
        name: (*shortfalls(found, limits), *unmeasured(found, asked))
        for name, found in terms.items()
    }

    def rank(name: str) -> tuple[int, float, float]:
        one = terms[name]
        excess = sum(s.excess for s in broken[name])
        return len(one.lacks(asked)), excess, one.objective(weights)

    preferred = min(terms, key=rank)
    return VenueChoice(
        row=row,
        name=occasion.name,
        policy=preferred if len(terms[DEFAULT].years) >= LEAST_FOLDS else DEFAULT,
        preferred=preferred,
        terms=terms,
        broken=broken,
        known_days=count,
        statement=infeasibility(broken),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChosenPath:
    """(D, N, 2) margins of the policies in force, both legs."""

    maintenance: FloatArray
    reaction: FloatArray


def chosen_path(
    choices: tuple[VenueChoice, ...],
    assessed: Mapping[str, AssessedPolicy],
    default: ChosenPath,
) -> ChosenPath:
    """Join the policies in force; the default's margins where they have no number."""
    found = ChosenPath(maintenance=default.maintenance.copy(), reaction=default.reaction.copy())
    for place, choice in enumerate(choices):
        until = choices[place + 1].row if place + 1 < len(choices) else len(default.maintenance)
        rows, policy = slice(choice.row, until), assessed[choice.policy]
        both = np.isfinite(policy.held[rows]) & np.isfinite(policy.reaction[rows])
        for path, held in (
            (found.maintenance, policy.held),
            (found.reaction, policy.reaction),
        ):
            path[rows] = np.where(both, held[rows], path[rows])
    return found
