"""Hawkes processes with exponential decay, one component or several, by maximum likelihood."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize

from plimsoll.errors import EstimationError, ParameterError
from plimsoll.estimators.jumps.event_times import EventTimes
from plimsoll.estimators.jumps.fitted_hawkes import FittedHawkes, spectral_radius
from plimsoll.estimators.observations import read_only
from plimsoll.maths.hawkes_recursion import hawkes_scores
from plimsoll.maths.hawkes_search import hawkes_search

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

STATIONARY_LIMIT = 0.9999
_LONGEST_MEMORY = 5.0
_SHORTEST_MEMORY = 50.0
_FASTEST = 1e6
_SPACING = 2.5
_SHORT_GAPS = 0.01
_UNBOUNDED = 1e3


@dataclass(frozen=True, slots=True, kw_only=True)
class Hawkes:
    """``lambda_i(t) = mu_i + sum_j phi_ij sum_(t_k < t) exp(-beta (t - t_k))``, one decay for all.

    The log-likelihood is concave given the decay; over the decay a grid, from a memory of a fifth
    of the window to one of a fiftieth of the shortest gaps, finds every maximum worth refining.
    Events of one instant do not excite each other.

    Parameters
    ----------
    alert_above : float
        Branching ratio (spectral radius of phi / beta) above which the fit raises its alert.
    largest_branching : float
        Stationarity: the branching ratio is kept at or below it, under 1.

    Examples
    --------
    >>> import numpy as np
    >>> fitted = Hawkes().fit(np.cumsum(np.random.default_rng(0).exponential(size=400)) / 500)
    >>> fitted.branching_ratio < 0.3
    True
    """

    alert_above: float = 0.9
    largest_branching: float = STATIONARY_LIMIT

    def __post_init__(self) -> None:
        for name in ("alert_above", "largest_branching"):
            if not 0.0 < getattr(self, name) < 1.0:
                raise ParameterError(
                    "must lie strictly between 0 and 1", found=getattr(self, name), field=name
                )

    def fit(
        self,
        times: ArrayLike | Sequence[ArrayLike] | EventTimes,
        *,
        horizon: float | None = None,
    ) -> FittedHawkes:
        """Fit to events on the window from 0 to ``horizon``.

        Parameters
        ----------
        times : array_like, sequence of array_like, or EventTimes
            Times of one component, of several, or events already checked.
        horizon : float, optional
            End of the window; the last event where it is left out.

        Raises
        ------
        DataFormatError
            Times outside the window, out of order or not finite.
        InsufficientDataError
            Fewer than 10 events of a component.
        EstimationError
            All events at one instant.
        """
        events = times if isinstance(times, EventTimes) else _events(times, horizon)
        events.require()
        unit = events.horizon / events.time.size
        scaled, window = np.array(events.time) / unit, float(events.time.size)
        grid = _log_decays(scaled, window)
        limit = self.largest_branching if events.components == 1 else _UNBOUNDED
        value, decay, weights = hawkes_search(
            scaled, np.array(events.mark), window, grid, limit, events.components
        )
        theta = np.concatenate([weights[:, 0], weights[:, 1:].ravel(), [decay]])
        if spectral_radius(weights[:, 1:]) > self.largest_branching:
            theta, value = _within(self.largest_branching, theta, scaled, events, grid)
        if not np.isfinite(value):
            raise EstimationError(
                "the likelihood must have a maximum",
                found=f"none for {events.time.size} events",
                remedy="look for events repeated at few instants",
            )
        return _fitted(self, events, theta, value, unit, grid)


def _events(times: ArrayLike | Sequence[ArrayLike], horizon: float | None) -> EventTimes:
    if horizon is not None:
        return EventTimes.of(times, horizon=horizon)
    last = max((float(np.max(v)) for v in _lists(times) if np.size(v)), default=1.0)
    return EventTimes.of(times, horizon=last)


def _lists(times: ArrayLike | Sequence[ArrayLike]) -> list[Vector]:
    nested = isinstance(times, (list, tuple)) and bool(times) and not np.isscalar(times[0])
    return [np.asarray(v, dtype=np.float64) for v in (times if nested else [times])]  # type: ignore[union-attr]


def _log_decays(scaled: Vector, window: float) -> Vector:
    """Decays to start from, where the mean gap is 1."""
    gaps = np.diff(scaled)
    positive = gaps[gaps > 0.0]
    if not positive.size:
        raise EstimationError(
            "events must lie at two instants at least",
            found=f"{scaled.size} events at one",
            remedy="look for a feed that stamps all events alike",
        )
    low = math.log(_LONGEST_MEMORY / window)
    gap = float(np.quantile(positive, _SHORT_GAPS))
    high = max(math.log(min(_SHORTEST_MEMORY / gap, _FASTEST)), low + 1.0)
    return np.linspace(low, high, 2 + math.ceil((high - low) / math.log(_SPACING)))


def _within(
    limit: float, theta: Vector, scaled: Vector, events: EventTimes, grid: Vector
) -> tuple[Vector, float]:
    """Maximise again with the spectral radius kept at the limit (sequential programming)."""
    count, marks = events.components, np.array(events.mark)
    scores = np.empty((scaled.size + 1, theta.size))

    def objective(x: Vector) -> tuple[float, Vector]:
        found = hawkes_scores(scaled, marks, float(scaled.size), x, count, scores)
        return -found, -scores.sum(axis=0)

    start = theta.copy()
    matrix = start[count : count + count * count]
    matrix *= 0.98 * limit / spectral_radius(matrix.reshape(count, count))
    bounds: list[tuple[float, float | None]] = [(1e-9, None)] * count + [(0.0, math.inf)] * (
        count * count
    )
    bounds += [(math.exp(grid[0]), math.exp(grid[-1]))]
    room = {
        "type": "ineq",
        "fun": lambda x: limit - spectral_radius(x[count:-1].reshape(count, count)),
    }
    found: Any = minimize(  # type: ignore[call-overload]
        objective, start, args=(), jac=True, bounds=bounds, constraints=[room], method="SLSQP",
        options={"maxiter": 500, "ftol": 1e-12},
    )  # fmt: skip
    best = np.asarray(found.x, dtype=np.float64)
    excess = spectral_radius(best[count:-1].reshape(count, count)) / limit
    best[count:-1] /= max(1.0, excess)
    return best, -objective(best)[0]


def _fitted(
    model: Hawkes, events: EventTimes, theta: Vector, value: float, unit: float, grid: Vector
) -> FittedHawkes:
    count = events.components
    branching = np.ascontiguousarray(theta[count:-1].reshape(count, count))
    reached = _reached(theta, count, grid)
    if spectral_radius(branching) >= model.largest_branching * (1.0 - 1e-9):
        reached += ("branching ratio",)
    return FittedHawkes(
        events=events,
        baseline=read_only(theta[:count] / unit),
        branching=read_only(branching),
        decay=float(theta[-1] / unit),
        log_likelihood=value - events.time.size * math.log(unit),
        alert_above=model.alert_above,
        bounds_reached=reached,
    )


def _reached(theta: Vector, count: int, grid: Vector) -> tuple[str, ...]:
    names = [f"branching {i} from {j}" for i in range(count) for j in range(count)]
    reached = [name for name, v in zip(names, theta[count:-1], strict=True) if v <= 0.0]
    if not grid[0] + 1e-9 < math.log(theta[-1]) < grid[-1] - 1e-9:
        reached.append("decay")
    return tuple(reached)
