"""The explanation of one margin unit: terms, scenario losses, contributions, what binds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import UsageError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedTerm:
    """One additive part of a unit's requirement, in the numeraire; a credit is negative."""

    name: str
    title: str
    initial: float
    maintenance: float
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScenarioLosses:
    """Losses of one risk unit under each of S scenarios.

    Parameters
    ----------
    risk_unit : str
    names : tuple of S str
    price_moves : (S,) float64
        Simple return of the underlying; NaN where a scenario moves something else.
    volatility : tuple of S str
        What volatility does: ``up``, ``none``, ``down``, or a phrase.
    losses : (S,) float64
        Positive = loss, in the numeraire, as the model counts it (dampened, offset, weighted).
    binding : int or None
        The scenario that sets the requirement; None where something else does.
    """

    risk_unit: str
    names: tuple[str, ...]
    price_moves: FloatArray
    volatility: tuple[str, ...]
    losses: FloatArray
    binding: int | None

    def __post_init__(self) -> None:
        count = len(self.names)
        if not len(self.volatility) == self.price_moves.size == self.losses.size == count:
            raise UsageError("must be of one length", found=count, field="ScenarioLosses")

    @property
    def runner_up(self) -> int | None:
        """The worst scenario but for the binding one; None where there is no other."""
        if self.binding is None or len(self.names) < 2:
            return None
        others = self.losses.copy()
        others[self.binding] = -np.inf
        return int(np.argmax(others))


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What one position adds to the binding loss of its risk unit.

    Parameters
    ----------
    market : str
    quantity : float
        Signed contracts.
    value : float
        Of the position now, in the numeraire; 0 for what is settled daily.
    standalone : float
        Requirement (maintenance) of the position if it were the unit's only one; NaN where the
        model does not say.
    contribution : float
        Its share: marginal in the binding scenario for grids, Euler's for expected shortfall.
        The shares of a unit add up to the term named in ``of``.
    of : str
        Name of that term.
    """

    market: str
    quantity: float
    value: float
    standalone: float
    contribution: float
    of: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnitExplanation:
    """One margin unit unfolded.

    Parameters
    ----------
    account, unit, numeraire : str
    initial, maintenance, equity : float
    terms : tuple of ExplainedTerm
        Add up to ``initial`` and ``maintenance``, left to right from 0.
    scenarios : tuple of ScenarioLosses
        One per risk unit.
    contributions : tuple of Contribution
    binding : str
        What sets the requirement, in words.
    would_change : str
        What would make another scenario bind, in words; empty where nothing is known.
    notes : tuple of str
        Accuracy of the preset, what was assumed.
    """

    account: str
    unit: str
    numeraire: str
    initial: float
    maintenance: float
    equity: float
    terms: tuple[ExplainedTerm, ...]
    scenarios: tuple[ScenarioLosses, ...] = ()
    contributions: tuple[Contribution, ...] = ()
    binding: str = ""
    would_change: str = ""
    notes: tuple[str, ...] = ()
