"""A family of laws as the fit sees it: scores, coordinates, starts and bounds.

Values are centred on their median and divided by a robust spread before the search, so that one
set of starts and bounds serves series of any unit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import EstimationError
from plimsoll.estimators.observations import read_only
from plimsoll.maths.likelihood_search import Objective, maximise
from plimsoll.maths.student_t_fit import student_t_fit

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

_NORMAL_QUARTILES = 1.3489795003921634


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A parametric family.

    Parameters
    ----------
    name : str
        As in messages.
    parameters : tuple of str
        Published parameters.
    scores : callable
        Compiled ``(values, coordinates, out) -> log-likelihood``; derivatives by observation into
        ``out``, shape (n, coordinates).
    published : callable
        Coordinates of the standardised values, centre and spread to published parameters.
    starts : tuple of tuple of float
        Starting coordinates.
    further_starts : callable, optional
        Standardised values to more of them.
    lowest, highest : tuple of float
        Box of the search, in the coordinates of the standardised values.
    coordinates : tuple of str
        Names of the coordinates, as in :attr:`LikelihoodPoint.bounds_reached`.
    degenerate : tuple of int
        Coordinates whose lower bound means a law collapsed onto repeated values.
    climbs : int
        How many of the starts are climbed from.
    """

    name: str
    parameters: tuple[str, ...]
    scores: Callable[[Vector, Vector, Matrix], float]
    published: Callable[[Vector, float, float], Vector]
    starts: tuple[tuple[float, ...], ...]
    lowest: tuple[float, ...]
    highest: tuple[float, ...]
    coordinates: tuple[str, ...]
    degenerate: tuple[int, ...] = (1,)
    climbs: int = 2
    further_starts: Callable[[Vector], Sequence[Vector]] | None = None

    def box(self) -> tuple[Vector, Vector]:
        """Lower and upper bounds as arrays."""
        return np.array(self.lowest), np.array(self.highest)

    def objective(self, values: Vector) -> Objective:
        """Log-likelihood and scores as a function of the coordinates."""
        count = len(self.lowest)

        def evaluate(theta: Vector) -> tuple[float, Matrix]:
            scores = np.empty((values.size, count))
            value = self.scores(values, theta, scores)
            if not np.isfinite(value):  # off the support: what stands in the scores is no number
                scores[:] = 0.0
            return value, scores

        return evaluate


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LikelihoodPoint:
    """Where a likelihood was maximised: what standard errors are computed from."""

    family: Family
    values: Vector
    centre: float
    spread: float
    coordinates: Vector
    log_likelihood: float

    @property
    def bounds_reached(self) -> tuple[str, ...]:
        """Coordinates that ended on a bound of the search; empty for an interior maximum."""
        low, high = self.family.box()
        at = (self.coordinates <= low) | (self.coordinates >= high)
        return tuple(n for n, hit in zip(self.family.coordinates, at, strict=True) if hit)

    def parameters(self) -> Vector:
        """Published parameters."""
        return self.family.published(self.coordinates, self.centre, self.spread)


def standardised(sample: Vector) -> tuple[Vector, float, float]:
    """``(sample - centre) / spread`` with its median and robust spread.

    Raises
    ------
    EstimationError
        The spread over- or underflows.
    """
    low, centre, high = (float(q) for q in np.quantile(sample, (0.25, 0.5, 0.75)))
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        spread = (high - low) / _NORMAL_QUARTILES
        deviation = float(np.std(sample))
        if not spread > 1e-6 * deviation:
            spread = deviation
        scaled = (sample - centre) / spread if spread > 0.0 else sample * np.nan
    if not (np.isfinite(spread) and np.isfinite(scaled).all()):
        raise EstimationError(
            "observations must have a spread that a float can hold",
            found=spread,
            remedy="change the unit of the observations",
        )
    return np.ascontiguousarray(scaled), centre, spread


def fit_family(family: Family, sample: Vector) -> LikelihoodPoint:
    """Maximum likelihood of ``family`` for checked observations.

    Raises
    ------
    EstimationError
        The likelihood has no maximum: most often values repeated many times.
    """
    values, centre, spread = standardised(sample)
    low, high = family.box()
    starts = [np.array(start) for start in family.starts]
    if family.further_starts is not None:
        starts += family.further_starts(values)
    found = maximise(family.objective(values), starts, low, high, climbs=family.climbs)
    collapsed = [i for i in family.degenerate if found.coordinates[i] <= low[i]]
    if not found.converged or not np.isfinite(found.log_likelihood) or collapsed:
        raise EstimationError(
            f"the likelihood of a {family.name} must have a maximum",
            found=f"none in {sample.size} observations",
            remedy="look for values repeated many times, or use a law with fewer parameters",
        )
    return LikelihoodPoint(
        family=family,
        values=read_only(values),
        centre=centre,
        spread=spread,
        coordinates=read_only(found.coordinates),
        log_likelihood=found.log_likelihood - sample.size * float(np.log(spread)),
    )


def student_t_start(values: Vector) -> tuple[float, float, float] | None:
    """Location, log scale and log degrees of freedom of the nearest symmetric t, if there is one.

    A series whose skewness is slight has its skewed optimum next to it.
    """
    location, scale, nu, _, converged = student_t_fit(values)
    return (location, float(np.log(scale)), float(np.log(nu))) if converged else None
