"""How fast the policies of a venue take up a step of volatility, whatever makes their margins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.frontier.impulse import DAYS_AFTER, VolatilityStep, simulated_panel
from plimsoll.calibration.panel_paths import Leg, model_of_leg
from plimsoll.calibration.venue_frontier.candidates import Candidate
from plimsoll.calibration.venue_frontier.margins import (
    HorizonMarkets,
    MarginLeg,
    horizon_scales,
    own_paths,
    policy_on_horizon,
)
from plimsoll.estimators.reference.default_model import default_at
from plimsoll.estimators.reference.panel import ReturnsPanel

FloatArray = NDArray[np.float64]
STEP_DAYS, STEP_MARKETS = 730, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedLeg:
    """One leg of the margin on simulated markets.

    Parameters
    ----------
    hours : int
    level : float
    """

    hours: int
    level: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """Margins of a policy after the step over those before it.

    Parameters
    ----------
    policy : str
    maintenance, initial : tuple of float
        After 1, 5, 20 and 60 days.
    """

    policy: str
    maintenance: tuple[float, ...]
    initial: tuple[float, ...]


def responses(
    candidates: Iterable[Candidate],
    close_out: SimulatedLeg,
    reaction: SimulatedLeg,
    link: float,
    at_ns: int,
) -> tuple[Response, ...]:
    """Simulate a doubling of volatility and follow both legs of every policy.

    Initial margin is without cost and fee, levels are none: they are constants between reviews.

    Parameters
    ----------
    at_ns : int
        The constants of the default forecaster are those in force then.
    """
    step = VolatilityStep(days_before=STEP_DAYS, markets=STEP_MARKETS)
    panel = simulated_panel(step)
    asked = tuple(candidates)
    first, second = (_margins(panel, leg, asked, at_ns) for leg in (close_out, reaction))
    before = step.days_before - 1
    return tuple(
        Response(
            policy=one.name,
            maintenance=_after(maintenance, before),
            initial=_after(np.maximum(maintenance + added, maintenance / link), before),
        )
        for one, maintenance, added in zip(asked, first, second, strict=True)
    )


def _margins(
    panel: ReturnsPanel, leg: SimulatedLeg, candidates: tuple[Candidate, ...], at_ns: int
) -> list[FloatArray]:
    """(D, N, 2) margins of every candidate."""
    model = model_of_leg(
        default_at(at_ns), Leg(horizon_hours=leg.hours, level=leg.level), panel.interval_ns
    )
    default = model.paths(panel, leg.hours).value_at_risk
    columns = tuple(range(len(panel.markets)))
    markets = HorizonMarkets(
        hours=leg.hours, columns=columns, default=default, inverse=(False,) * len(columns)
    )
    scales, _ = horizon_scales(panel, leg.hours, leg.level)
    mine = own_paths(scales, markets)
    margin_leg = MarginLeg(
        name="simulated",
        horizon_hours=np.full(len(columns), leg.hours),
        default=default,
        tail=1.0 - leg.level,
        confidence=leg.level,
    )
    return [
        policy_on_horizon(scales, mine, markets, one) for one in margin_leg.policies(candidates)
    ]


def _after(margin: FloatArray, before: int) -> tuple[float, ...]:
    path = margin.reshape(margin.shape[0], -1)
    return tuple(float(np.nanmedian(path[before + d] / path[before])) for d in DAYS_AFTER)
