"""The mixture that margins are taken from: history, stressed windows, the model, broken dependence.

    law = (1 - sum of shares) history + sum share_k leg_k

Each scenario keeps the name of its leg before its own. What a leg's share does to a measure is the
measure's affair: value-at-risk and expected shortfall take the scenarios' weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from plimsoll.domain.scenario import ScenarioSet
from plimsoll.errors import UsageError
from plimsoll.estimators.reference.marginal_curves import MarginalCurves
from plimsoll.scenarios.joint_history.monte_carlo import InnovationLaw, monte_carlo_scenarios
from plimsoll.scenarios.joint_history.outcome import MarketOutcome
from plimsoll.scenarios.joint_history.panel import FilteredPanel
from plimsoll.scenarios.joint_history.simulation import (
    JointScenarios,
    Method,
    Simulation,
    joint_scenarios,
)
from plimsoll.scenarios.mixture import Leg, mixture
from plimsoll.scenarios.stressed import Dependence, StressWindow, broken_dependence

HISTORY, MODEL = "history", "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class StressLeg:
    """A stressed window, as a share of the mixture.

    Parameters
    ----------
    window : StressWindow
        Its name is the leg's.
    share : float
        Of all weight, in (0, 1).
    lowest_ratio, highest_ratio : float
        Bounds of volatility now over then: both 1, moves as they happened; 1 and more, never
        smaller than they happened; as in `Simulation`, rescaled to now.
    method : Method
    count : int or None
        As in `Simulation`.

    Raises
    ------
    UsageError
    """

    window: StressWindow
    share: float
    lowest_ratio: float = 1.0
    highest_ratio: float = 1.0
    method: Method = Method.OVERLAP
    count: int | None = None

    def __post_init__(self) -> None:
        _check_share(self.share, self.window.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class MixtureLegs:
    """What goes into a mixture besides history, which has the rest of the weight.

    Parameters
    ----------
    stresses : tuple of StressLeg
    law : InnovationLaw or None
        Of the Monte Carlo leg.
    law_share : float
        Its share; 0 without a law.
    dependence : mapping of Dependence to float
        Shares of legs that are the history leg with its dependence replaced: INDEPENDENT for
        offsets that fail, COMONOTONE for all coins together, ANTIMONOTONE for one against all.
    lead : str or None
        Of ANTIMONOTONE.

    Raises
    ------
    UsageError
        For shares outside (0, 1), that leave nothing for history, and a law without its share.
    """

    stresses: tuple[StressLeg, ...] = ()
    law: InnovationLaw | None = None
    law_share: float = 0.0
    dependence: Mapping[Dependence, float] = field(default_factory=dict)
    lead: str | None = None

    def __post_init__(self) -> None:
        if (self.law is None) != (self.law_share == 0.0):
            raise UsageError(
                "must be positive where there is a law, and 0 where not",
                found=self.law_share,
                field="law_share",
            )
        for kind, share in self.dependence.items():
            _check_share(share, str(kind))
        if not 0.0 < self.history_share <= 1.0:
            raise UsageError(
                "must leave a share for history", found=1.0 - self.history_share, field="share"
            )

    @property
    def history_share(self) -> float:
        """Share of plain history."""
        taken = [leg.share for leg in self.stresses] + list(self.dependence.values())
        return 1.0 - self.law_share - sum(taken)


def mixed_scenarios(
    panel: FilteredPanel,
    simulation: Simulation,
    legs: MixtureLegs,
    *,
    curves: MarginalCurves | None = None,
) -> JointScenarios:
    """Draw every leg and mix them by their shares.

    Parameters
    ----------
    panel : FilteredPanel
    simulation : Simulation
        Of history; horizon, seed, antithetic and the weights of dates are those of the stressed
        legs too, horizon, count, seed and antithetic those of the Monte Carlo leg.
    legs : MixtureLegs
    curves : MarginalCurves, optional
        Of history and of the legs that are history with its dependence replaced; stressed windows
        and the model have their own sizes.

    Returns
    -------
    JointScenarios
        Of the markets that every leg moves.

    Raises
    ------
    UsageError, InsufficientDataError
        As `joint_scenarios` and `monte_carlo_scenarios`; a window without dates is named.
    """
    history = joint_scenarios(panel, simulation, curves=curves)
    drawn = {HISTORY: (history, legs.history_share)}
    for leg in legs.stresses:
        drawn[f"stress {leg.window.name}"] = (_stressed(panel, simulation, leg), leg.share)
    if legs.law is not None:
        drawn[MODEL] = (monte_carlo_scenarios(panel, legs.law, simulation), legs.law_share)
    for kind, share in legs.dependence.items():
        broken = broken_dependence(history.scenarios, kind, seed=simulation.seed, lead=legs.lead)
        drawn[str(kind)] = (replace(history, scenarios=broken), share)
    outcomes = _common_outcomes([found for found, _ in drawn.values()])
    kept = [s for s in panel.subjects if not outcomes[s].reason]
    if not kept:
        raise UsageError("every leg must move some common market", found=list(drawn), field="legs")
    parts = [
        Leg(name=name, scenarios=_of_subjects(found.scenarios, kept), share=share)
        for name, (found, share) in drawn.items()
    ]
    return replace(history, scenarios=mixture(parts), outcomes=outcomes)


def _stressed(panel: FilteredPanel, simulation: Simulation, leg: StressLeg) -> JointScenarios:
    given = replace(
        simulation,
        method=leg.method,
        count=leg.count,
        lowest_ratio=leg.lowest_ratio,
        highest_ratio=leg.highest_ratio,
        half_life_bars=None,
    )
    return joint_scenarios(panel, given, window=leg.window)


def _common_outcomes(found: Sequence[JointScenarios]) -> dict[str, MarketOutcome]:
    """The first Reason of each market over all legs."""
    out = dict(found[0].outcomes)
    for leg in found[1:]:
        out.update({s: leg.outcomes[s] for s in leg.reasons if not out[s].reason})
    return out


def _of_subjects(scenarios: ScenarioSet, subjects: Sequence[str]) -> ScenarioSet:
    columns = [j for j, f in enumerate(scenarios.factors) if f.subject in subjects]
    if len(columns) == len(scenarios.factors):
        return scenarios
    return ScenarioSet(
        names=scenarios.names,
        factors=tuple(scenarios.factors[j] for j in columns),
        shocks=np.ascontiguousarray(scenarios.shocks[:, columns]),
        weights=scenarios.weights,
    )


def _check_share(share: float, name: str) -> None:
    if not 0.0 < share < 1.0:
        raise UsageError("must lie in (0, 1)", found=share, field=f"share of {name}")
