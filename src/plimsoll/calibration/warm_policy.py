"""The margin policy in force, carried on from a calibration over the days that follow.

A policy whose tools lie on the forecaster's own path (a speed limit, a buffer, a cap and floor)
needs of the past that path and the worst losses by day. Both are kept; the next midnights are
joined to them, and the tools laid on the whole again: the same code, the same bits. A policy that
makes its own path needs the whole panel: it is not kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.frontier.margins import with_policy_tools
from plimsoll.calibration.frontier.panel_scales import STEP_HOURS, HorizonPaths, latest_losses
from plimsoll.calibration.frontier.policy import MarginPolicy
from plimsoll.calibration.venue_frontier.candidates import DEFAULT, venue_candidates
from plimsoll.domain.field_summary import field_summary
from plimsoll.errors import ParameterError
from plimsoll.estimators.reference.moves import panel_moves
from plimsoll.estimators.reference.panel import ReturnsPanel
from plimsoll.estimators.reference.steps import StepMoves, grid_steps, step_moves

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SAME = 1e-9
"""Relative difference up to which a path counts as made again: rounding of one product."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PolicyLeg:
    """One leg of N markets under a policy.

    Parameters
    ----------
    hours : (N,) int64
        Horizon.
    default : (D, N, 2) float64
        Margins of the forecaster as it is.
    latest_loss : (D, N, 2) float64
        Worst loss that became known since the day before.
    level : (N,) float64
        Scale of the policy's margins; NaN for a market that takes the forecaster's as they are,
        0 for one whose margins could not be made again.
    """

    hours: IntArray
    default: FloatArray
    latest_loss: FloatArray
    level: FloatArray

    __repr__ = field_summary

    def margin(self, policy: MarginPolicy, column: int, days: FloatArray) -> FloatArray:
        """(2,) margin of one market after further ``days``, as in `MarketDays`."""
        own = np.concatenate([self.default[:, column], days[:, 0]])
        level = self.level[column]
        if level == 0.0:
            raise ParameterError(
                "must be made again from its tools to be kept warm",
                found="other margins of this market on the day of the calibration",
                field=policy.name,
                remedy="calibrate the whole venue instead",
            )
        if not np.isfinite(level):
            return np.asarray(own[-1])
        loss = np.concatenate([self.latest_loss[:, column], days[:, 1]])
        held = level * tooled(own[:, None], loss[:, None], policy)[-1, 0]
        out: FloatArray = np.where(np.isfinite(held), held, own[-1])
        return out


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarketDays:
    """Midnights of one market since a calibration.

    Parameters
    ----------
    maintenance, reaction : (K, 2, 2) float64
        Of each midnight the forecaster's margins, and the worst losses known since the one before.
    """

    maintenance: FloatArray
    reaction: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WarmPolicy:
    """A policy in force, of both legs.

    Parameters
    ----------
    policy : MarginPolicy
    maintenance : PolicyLeg
    reaction : PolicyLeg or None
        None where the policy leaves the reaction margin as it is.
    """

    policy: MarginPolicy
    maintenance: PolicyLeg
    reaction: PolicyLeg | None

    __repr__ = field_summary

    def margins(
        self, column: int, days: MarketDays, reaction: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """(1, 1, 2) margins of a market after its days: of the close-out, of the reaction.

        ``reaction`` is the forecaster's own.
        """
        held = self.maintenance.margin(self.policy, column, days.maintenance)[None, None]
        if self.reaction is None:
            return held, reaction
        return held, self.reaction.margin(self.policy, column, days.reaction)[None, None]


def kept_policy(name: str, tail: float) -> MarginPolicy | None:
    """Return the policy of that name; None for the forecaster as it is.

    Raises
    ------
    ParameterError
        For one that makes a path of its own.
    """
    if name == DEFAULT:
        return None
    for candidate in venue_candidates(tail):
        if candidate.name == name and candidate.on_default:
            return candidate.policy
    raise ParameterError(
        "must be the forecaster's own margins, or tools laid on them, to be kept warm",
        found=name,
        field="appetite",
        remedy="calibrate the whole venue instead",
    )


def policy_leg(
    policy: MarginPolicy,
    hours: IntArray,
    default: FloatArray,
    chosen: FloatArray,
    latest_loss: FloatArray,
) -> PolicyLeg:
    """Return a leg, having made again what the policy in force made of it.

    Parameters
    ----------
    default, chosen : (D, N, 2) float64
        The forecaster's margins, and those with the policy in force on the last days.

    Raises
    ------
    ParameterError
        Where no market's margins of the last day can be made again.
    """
    made = tooled(default, latest_loss, policy)[-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = chosen[-1] / made
    level = ratio.mean(axis=1)
    again = (np.abs(ratio / level[:, None] - 1.0) <= SAME).all(axis=1)
    plain = ((chosen[-1] == default[-1]) | np.isnan(chosen[-1])).all(axis=1)
    if not (again | plain).any():
        raise ParameterError(
            "must be made again from its tools to be kept warm",
            found="other margins of all markets",
            field=policy.name,
            remedy="calibrate the whole venue instead",
        )
    level = np.where(again, level, np.where(plain, np.nan, 0.0))
    return PolicyLeg(hours=hours, default=default, latest_loss=latest_loss, level=level)


def tooled(default: FloatArray, latest_loss: FloatArray, policy: MarginPolicy) -> FloatArray:
    """(D, N, 2) the policy's tools on the forecaster's margins."""
    nothing = np.full(default.shape, np.nan)
    paths = HorizonPaths(
        moves=_NO_MOVES, latest_loss=latest_loss, history=nothing, long_history=nothing
    )
    return with_policy_tools(default, policy, paths)


def daily_losses(panel: ReturnsPanel, hours: Sequence[int]) -> dict[int, FloatArray]:
    """(D, M, 2) worst losses that became known by each boundary of a panel, by horizon."""
    steps = grid_steps(panel, STEP_HOURS)
    row = np.searchsorted(steps.time_ns, panel.time_ns, side="right") - 1
    return {
        h: latest_losses(step_moves(panel_moves(panel, h), panel.bars_of(h), steps), row)
        for h in sorted(set(hours))
    }


_NO_MOVES = StepMoves(
    move=np.empty((0, 0)), known=np.empty((0, 0), dtype=np.int64), longest=0, horizon_bars=0
)
