"""The explanation of one margin unit: terms, scenario losses, contributions, what binds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.table import Table
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
    cap : int or None
        An alternative to the largest of the other losses: the smaller of the two is asked. None
        where the largest loss is asked whatever it is.
    """

    risk_unit: str
    names: tuple[str, ...]
    price_moves: FloatArray
    volatility: tuple[str, ...]
    losses: FloatArray
    binding: int | None
    cap: int | None = None

    def __post_init__(self) -> None:
        count = len(self.names)
        if not len(self.volatility) == self.price_moves.size == self.losses.size == count:
            raise UsageError("must be of one length", found=count, field="ScenarioLosses")

    @property
    def runner_up(self) -> int | None:
        """The worst scenario but for the binding one; None where there is no other.

        A cap is no scenario: it is never the runner-up, and has none but the worst scenario.
        """
        if self.binding is None or len(self.names) < 2:
            return None
        others = self.losses.copy()
        others[[place for place in (self.binding, self.cap) if place is not None]] = -np.inf
        best = int(np.argmax(others))
        return best if np.isfinite(others[best]) else None

    def asked(self, losses: FloatArray) -> int | None:
        """Which of ``losses`` (S,) sets the requirement; None where nothing is lost.

        The first of equals; a cap where it is not more than the largest of the others.
        """
        if self.cap is None:
            worst = int(np.argmax(losses))
            return worst if losses[worst] > 0.0 else None
        others = losses.copy()
        others[self.cap] = -np.inf
        worst = int(np.argmax(others))
        return self.cap if losses[self.cap] <= losses[worst] else worst


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
        Its share of maintenance margin: marginal in the binding scenario for grids, Euler's for
        expected shortfall. The shares of a unit add up to the term named in ``of``.
    of : str
        Name of that term.
    initial : float
        Its share of the term's initial margin; NaN where the model alone does not say
        (`plimsoll.margin.term_contributions` does).
    """

    market: str
    quantity: float
    value: float
    standalone: float
    contribution: float
    of: str
    initial: float = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnspreadTerm:
    """A term that is no position's, with why; in the numeraire."""

    name: str
    title: str
    initial: float
    maintenance: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingChange:
    """What would make something else bind.

    Parameters
    ----------
    where : str
        Risk unit, expiry or market.
    now, then : str
        What binds, and what would.
    gap : float
        By how much ``then`` loses less than ``now``, in the numeraire; NaN where it is no loss.
    market : str
        Where to trade; empty where the change is not one of a trade.
    contracts : float
        Signed size of the smallest trade there that brings the change about; NaN: none found.
    price : float
        Mark at which it comes about with the positions as they are; NaN: none.
    """

    where: str
    now: str
    then: str
    gap: float = float("nan")
    market: str = ""
    contracts: float = float("nan")
    price: float = float("nan")


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
    reasons : tuple of str
        Why the unit has no number; then nothing else is claimed of it.
    unspread : tuple of UnspreadTerm
        Terms of something that no position adds to.
    changes : tuple of BindingChange
        ``would_change`` in numbers.
    details : Table or None
        How each position is margined by itself: notional, tier, rates, deduction.
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
    reasons: tuple[str, ...] = ()
    unspread: tuple[UnspreadTerm, ...] = ()
    changes: tuple[BindingChange, ...] = ()
    details: Table | None = None
