"""Carry a surface on in time and correct it by quotes as they come: an extended Kalman filter.

Between quotes a surface is carried on (`plimsoll.estimators.surface.update_belief`). Quotes correct
it by as much as both are believed, under the conditions of no arbitrage
(`plimsoll.estimators.surface.update_posterior`); one too surprising is left out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.option_chain import FloatArray
from plimsoll.domain.surface import VolSurface
from plimsoll.estimators.surface.settings import SurfaceSettings
from plimsoll.estimators.surface.update_belief import (
    STREAMED,
    believed_surface,
    carried_belief,
)
from plimsoll.estimators.surface.update_gate import leave_out_surprising
from plimsoll.estimators.surface.update_posterior import Corrected, as_far_as_clean, posterior
from plimsoll.estimators.surface.update_problem import (
    UpdateProblem,
    reached_smiles,
    update_problem,
)
from plimsoll.estimators.surface.update_quotes import StreamedQuotes, SurfaceUpdate, UpdateStatus

__all__ = [
    "StreamedQuotes",
    "SurfaceUpdate",
    "UpdateStatus",
    "carried_surface",
    "update_surface",
]


def carried_surface(
    surface: VolSurface, at_ns: int, *, settings: SurfaceSettings = STREAMED
) -> VolSurface:
    """Return the surface as expected at a later time; expiries past by then are gone.

    Raises
    ------
    UsageError
        For a time before the surface's, or one at which all its expiries have passed.
    """
    return believed_surface(carried_belief(surface, at_ns, settings))


def update_surface(
    surface: VolSurface,
    quotes: StreamedQuotes,
    *,
    gate: float = 5.0,
    settings: SurfaceSettings = STREAMED,
) -> SurfaceUpdate:
    """Carry the surface on to the time of the quotes and correct it by them.

    Parameters
    ----------
    surface : VolSurface
        Free of arbitrage.
    quotes : StreamedQuotes
    gate : float
        Quotes more standard deviations away than this, from what the surface expects or from what
        surface and other quotes tell together, are not used: one wild quote must not move a
        surface. A market that has truly jumped is met by a new fit. Of an expiry that has not been
        heard of for as long as it has left, a lone wild quote cannot be told from a move.
    settings : SurfaceSettings
        Only how far a surface moves in a day is read.

    Raises
    ------
    UsageError
        For quotes before the surface's time, and once all its expiries have passed.
    """
    belief = carried_belief(surface, quotes.at_ns, settings)
    status = np.full(quotes.expiry_ns.size, UpdateStatus.UNKNOWN_EXPIRY, dtype=np.int8)
    status[quotes.expiry_ns <= quotes.at_ns] = UpdateStatus.EXPIRED
    surprise, reached = np.full(status.size, np.nan), reached_smiles(belief, quotes)
    known = belief.part(reached)
    problem = update_problem(known, quotes)
    surprise[problem.rows] = leave_out_surprising(problem, known, gate)
    if problem.fit.weight.any():
        found = as_far_as_clean(posterior(problem, known), belief, reached)
    else:
        found = Corrected(surface=believed_surface(belief), shares=np.ones(len(belief.smiles)))
    status[problem.rows] = _statuses(problem, found.shares[reached])
    return SurfaceUpdate(
        surface=found.surface, status=status, surprise=surprise, shares=found.shares
    )


def _statuses(problem: UpdateProblem, shares: FloatArray) -> NDArray[np.int8]:
    """(Q,) what became of the quotes of a problem."""
    whole = shares[problem.smile] == 1.0
    taken = np.where(whole, UpdateStatus.USED, UpdateStatus.HELD_BACK)
    statuses: NDArray[np.int8] = np.where(
        problem.fit.weight > 0.0, taken, UpdateStatus.SURPRISING
    ).astype(np.int8)
    return statuses
