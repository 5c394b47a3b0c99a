"""Quotes and a belief laid out for the compiled posterior."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plimsoll.domain.option_chain import FloatArray, IntArray
from plimsoll.estimators.surface.update_belief import Belief
from plimsoll.estimators.surface.update_quotes import StreamedQuotes
from plimsoll.maths.surface_fit_curve import COORDINATES
from plimsoll.maths.surface_fit_problem import SurfaceProblem
from plimsoll.maths.surface_fit_verification import WIDEST, sinh_grid
from plimsoll.maths.surface_update import SurfaceBelief, posterior_precision
from plimsoll.maths.variance_clock import variance_years

_NEAR, _FAR, _ROOM = 51, 6, 60
"""Condition points of an expiry within |k| = 3 and on either side beyond; room for those that the
verification adds."""
_FARTHEST = 100.0
_REACH = 2
_HELD = 1e9
"""Factor on the precision of a smile that is not to move."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UpdateProblem:
    """What the kernels are given.

    Parameters
    ----------
    rows : (Q,) int64
        Rows of the stream with a smile, by expiry.
    smile : (Q,) int64
        The smile of each.
    fit : SurfaceProblem
        With these quotes; those of weight zero do not count.
    known : SurfaceBelief
    """

    rows: IntArray
    smile: IntArray
    fit: SurfaceProblem
    known: SurfaceBelief


def reached_smiles(belief: Belief, quotes: StreamedQuotes) -> slice:
    """Return the smiles that quotes may move, and one more on either side that they may not.

    Those between quoted ones and ``_REACH`` neighbours; all if none is quoted. Corrections fade
    from neighbour to neighbour, while the work grows with their number.
    """
    listed = np.array([smile.expiry_ns for smile in belief.smiles], dtype=np.int64)
    quoted = np.flatnonzero(np.isin(listed, quotes.expiry_ns))
    if not quoted.size:
        return slice(0, listed.size)
    first, last = int(quoted[0]), int(quoted[-1])
    return slice(max(first - _REACH - 1, 0), last + _REACH + 2)


def update_problem(belief: Belief, quotes: StreamedQuotes) -> UpdateProblem:
    """Lay out the quotes of the belief's expiries, all of weight one."""
    listed = np.array([smile.expiry_ns for smile in belief.smiles], dtype=np.int64)
    place = np.minimum(np.searchsorted(listed, quotes.expiry_ns), listed.size - 1)
    rows = np.flatnonzero(listed[place] == quotes.expiry_ns)
    rows = rows[np.argsort(place[rows], kind="stable")]
    n = listed.size
    points, blank = _points(belief), np.zeros((n, COORDINATES))
    fit = SurfaceProblem(
        belief.deviation,
        belief.years,
        np.searchsorted(place[rows], np.arange(n + 1)).astype(np.int64),
        quotes.log_moneyness[rows],
        quotes.volatility[rows],
        quotes.standard_error[rows],
        np.ones(rows.size),
        points,
        np.full_like(points, 0.5),
        _midpoints(belief, listed),
        np.full(n, _NEAR + 2 * _FAR, dtype=np.int64),
        blank,
        blank,
        blank,
        blank,
    )
    precision = np.linalg.inv(belief.covariance)
    precision = 0.5 * (precision + precision.transpose(0, 2, 1))
    precision[belief.held] *= _HELD
    return UpdateProblem(
        rows=rows, smile=place[rows], fit=fit, known=SurfaceBelief(belief.theta, precision)
    )


def posterior_covariance(problem: UpdateProblem, theta: FloatArray) -> FloatArray:
    """(n, 5, 5) covariances around ``theta`` given belief and quotes: Laplace's approximation."""
    precision = np.empty_like(problem.known.precision)
    posterior_precision(problem.fit, problem.known, theta, precision)
    lower = np.tril(precision)
    covariance = np.linalg.inv(lower + np.tril(lower, -1).transpose(0, 2, 1))
    return 0.5 * (covariance + covariance.transpose(0, 2, 1))


def _points(belief: Belief) -> FloatArray:
    """(n, J) log moneyness of the conditions: dense near the money, and far out on both sides."""
    n, used = belief.years.size, _NEAR + 2 * _FAR
    points = np.zeros((n, used + _ROOM))
    far = WIDEST * (_FARTHEST / WIDEST) ** (np.arange(1, _FAR + 1) / _FAR)
    points[:, _NEAR : _NEAR + _FAR], points[:, _NEAR + _FAR : used] = -far, far
    for i, deviation in enumerate(belief.deviation.tolist()):
        sinh_grid(deviation, WIDEST, points[i, :_NEAR])
    return points


def _midpoints(belief: Belief, expiry_ns: IntArray) -> FloatArray:
    """(n,) share of the variance time to the next expiry gone by halfway on the calendar."""
    share = np.full(expiry_ns.size, 0.5)
    early, late = expiry_ns[:-1], expiry_ns[1:]
    weights = belief.surface.clock.day_weights
    elapsed = variance_years(weights, early, early + (late - early) // 2)
    share[:-1] = elapsed / variance_years(weights, early, late)
    return share
