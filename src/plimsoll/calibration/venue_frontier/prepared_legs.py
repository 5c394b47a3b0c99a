"""Both legs of a venue's panel, prepared so that any policy can be put on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.frontier.panel_scales import HorizonPaths, PanelScales
from plimsoll.calibration.venue_frontier.candidates import Candidate
from plimsoll.calibration.venue_frontier.margins import (
    HorizonMarkets,
    MarginLeg,
    horizon_scales,
    leg_tasks,
    own_paths,
    places_by_horizon,
    policy_on_horizon,
)
from plimsoll.calibration.venue_frontier.refined import PolicyPaths
from plimsoll.domain.field_summary import field_summary
from plimsoll.domain.instrument import Payoff
from plimsoll.estimators.reference.panel import ReturnsPanel

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedHorizon:
    """What any policy needs on one horizon of a leg."""

    markets: HorizonMarkets
    place: IntArray
    scales: PanelScales
    mine: HorizonPaths

    __repr__ = field_summary


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedLegs:
    """Close-out and reaction leg.

    Parameters
    ----------
    legs : tuple of MarginLeg
    horizons : tuple of tuple of PreparedHorizon
        Of each leg.
    designed : mapping of str to Candidate
        Designed policies by name.
    """

    legs: tuple[MarginLeg, ...]
    horizons: tuple[tuple[PreparedHorizon, ...], ...]
    designed: Mapping[str, Candidate]

    __repr__ = field_summary

    def paths(self, candidate: Candidate) -> PolicyPaths:
        """Return both legs of a policy."""
        close_out, reaction = (
            _leg_path(leg, horizons, candidate)
            for leg, horizons in zip(self.legs, self.horizons, strict=True)
        )
        return PolicyPaths(candidate=candidate, close_out=close_out, reaction=reaction)


def _leg_path(
    leg: MarginLeg, horizons: Sequence[PreparedHorizon], candidate: Candidate
) -> FloatArray:
    (mine,) = leg.policies((candidate,))
    out = np.full(leg.default.shape, np.nan)
    for one in horizons:
        out[:, one.place] = policy_on_horizon(one.scales, one.mine, one.markets, mine)
    return out


def prepared_legs(
    panel: ReturnsPanel,
    columns: Sequence[int],
    legs: Sequence[MarginLeg],
    payoffs: Sequence[Payoff],
    candidates: Sequence[Candidate],
) -> PreparedLegs:
    """Prepare the legs of a venue; see `plimsoll.calibration.venue_frontier.margins`."""
    return PreparedLegs(
        legs=tuple(legs),
        horizons=tuple(_prepared(panel, columns, leg, payoffs) for leg in legs),
        designed={one.name: one for one in candidates},
    )


def _prepared(
    panel: ReturnsPanel, columns: Sequence[int], leg: MarginLeg, payoffs: Sequence[Payoff]
) -> tuple[PreparedHorizon, ...]:
    found = []
    tasks = leg_tasks(panel, columns, leg, payoffs, ())
    for task, (_, place) in zip(tasks, places_by_horizon(leg), strict=True):
        markets = task.markets
        scales, _ = horizon_scales(panel, markets.hours, task.confidence)
        found.append(
            PreparedHorizon(
                markets=markets, place=place, scales=scales, mine=own_paths(scales, markets)
            )
        )
    return tuple(found)
