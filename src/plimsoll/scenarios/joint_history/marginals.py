r"""Joint history with other marginals: ranks from the past, sizes from the forecaster.

Filtered history says how markets move together, and a forecaster says how far each one goes; it is
judged market by market, and its numbers are those that others see. So a scenario takes

.. math:: x_{si} = \frac{1}{w_s} \int_{c_{si} - w_s}^{c_{si}} Q_i(p)\, dp ,

with :math:`c_{si}` the sum of the weights of scenarios in which market i moved no higher than in s
(moves over their volatility at the time they began) and :math:`Q_i` the forecaster's quantile
function. The map rises in the historical move: ranks, and with them the copula, tail dependence
included, are those of history, and each market's quantiles and means beyond them are those of the
forecaster whatever dates were drawn. Scenarios that tie share one mean.

Sources: filtered history (Barone-Adesi, Giannopoulos and Vosper, 1999; Hull and White, 1998) for
the ranks; forecast marginals put in the order of past ranks are empirical copula coupling
(Schefzik, Thorarinsdottir and Gneiting, Statistical Science 28, 2013), in simulation the ordering
of Iman and Conover (1982).
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import InsufficientDataError
from plimsoll.estimators.reference.marginal_curves import TAILS, MarginalCurves
from plimsoll.maths.marginal_moves import MarginalTable, marginal_returns
from plimsoll.scenarios.joint_history.outcome import JointReason
from plimsoll.scenarios.joint_history.panel import FilteredPanel

FloatArray = NDArray[np.float64]


class Marginals(StrEnum):
    """Where the distribution of each single market is from."""

    HISTORY = "history"  # its own past moves at the volatility of now
    FORECAST = "forecast"  # the forecaster's curves; see the module text


def forecast_panel(panel: FilteredPanel, curves: MarginalCurves) -> FilteredPanel:
    """Return the panel of the markets with a curve; the others have their Reason.

    Raises
    ------
    InsufficientDataError
        Where there is none.
    """
    known = curves.only(panel.subjects).known
    if known.all():
        return panel
    kept = tuple(s for j, s in enumerate(panel.subjects) if known[j])
    if not kept:
        raise InsufficientDataError(
            "some market must have a forecast", found=panel.subjects, field="curves"
        )
    outcomes = dict(panel.outcomes)
    for subject in set(panel.subjects) - set(kept):
        outcomes[subject] = replace(outcomes[subject], reason=JointReason.NO_FORECAST)
    return replace(panel.only(kept), outcomes=outcomes)


def forecast_moves(
    subjects: tuple[str, ...], moves: FloatArray, weights: FloatArray, curves: MarginalCurves
) -> FloatArray:
    """Return (S, N) log moves of the forecaster's size in the order of (S, N) moves.

    Parameters
    ----------
    subjects : tuple of N str
        Each with a curve.
    weights : (S,) float64
        Positive.
    """
    laws = curves.only(subjects)
    rows = np.ascontiguousarray(moves.T)
    out = np.empty_like(rows)
    table = MarginalTable(TAILS.copy(), laws.loss.copy(), laws.mass)
    # Where ties have unequal weights, the order in which these add up must not be the machine's.
    equal = bool(np.all(weights == weights[0]))
    order = np.argsort(rows, axis=1, kind=None if equal else "stable")
    marginal_returns(rows, order, np.array(weights), table, out)
    with np.errstate(divide="ignore"):  # a loss of everything leaves the range of prices
        return np.ascontiguousarray(np.log1p(out).T)
