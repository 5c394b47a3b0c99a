"""Two-state Markov-switching volatility by maximum likelihood."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import EstimationError
from plimsoll.estimators.observations import as_observations, read_only
from plimsoll.estimators.regimes.fitted_switching import FittedSwitching
from plimsoll.estimators.tails.family import Family, LikelihoodPoint, standardised
from plimsoll.estimators.volatility.garch_options import check_choice
from plimsoll.maths.likelihood_search import maximise
from plimsoll.maths.regime_filter import COORDINATES, regime_filter, regime_scores

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Index = NDArray[np.int64]
RegimeInnovations = Literal["normal", "t"]
RegimeMean = Literal["shared", "switching"]

MINIMUM_OBSERVATIONS = 100
_SCALES = ((0.6, 1.8), (0.5, 3.0), (0.9, 6.0), (0.3, 1.0))
_STAYS = ((0.98, 0.95), (0.9, 0.7))
_FREEDOM = 6.0
_PARAMETERS = ("calm_volatility", "storm_volatility", "stay_calm", "stay_storm")
_COORDINATES = (
    "calm mean",
    "storm mean",
    "log calm volatility",
    "log storm volatility",
    "logit of staying calm",
    "logit of staying stormy",
    "log freedom less two",
)
_LOWEST = (-50.0, -50.0, -5.0, -5.0, -6.0, -6.0, math.log(0.05))
_HIGHEST = (50.0, 50.0, 8.0, 8.0, math.log(1e5), math.log(1e5), math.log(200.0))


def _used(student: bool, shared: bool) -> Index:
    """Coordinates of the filter that the model has."""
    unused = ([1] if shared else []) + ([] if student else [6])
    return np.setdiff1d(np.arange(COORDINATES), unused)


def _full(student: bool, shared: bool, theta: Vector) -> Vector:
    """Coordinates of the filter; those the model lacks are 0."""
    out = np.zeros(COORDINATES)
    out[_used(student, shared)] = theta
    return out


def _published(student: bool, shared: bool, theta: Vector, centre: float, spread: float) -> Vector:
    full = _full(student, shared, theta)
    means = centre + spread * full[: 1 if shared else 2]
    stays = 1.0 / (1.0 + np.exp(-full[4:6]))
    freedom = [2.0 + math.exp(full[6])] if student else []
    return np.array([*means, *(spread * np.exp(full[2:4])), *stays, *freedom])


def _scores(student: bool, shared: bool, values: Vector, theta: Vector, out: Matrix) -> float:
    full = np.empty((values.size, COORDINATES))
    value = regime_scores(values, _full(student, shared, theta), student, shared, full)
    out[:] = full[:, _used(student, shared)]
    return value


def _family(student: bool, shared: bool) -> Family:
    used = _used(student, shared)
    mean = ("mean",) if shared else ("calm_mean", "storm_mean")
    freedom = ("degrees_of_freedom",) if student else ()
    starts = [
        (0.0, 0.0, math.log(a), math.log(b), _logit(p), _logit(q), math.log(_FREEDOM - 2.0))
        for a, b in _SCALES
        for p, q in _STAYS
    ]
    return Family(
        name="two-state switching volatility",
        parameters=(*mean, *_PARAMETERS, *freedom),
        coordinates=tuple(_COORDINATES[i] for i in used),
        scores=partial(_scores, student, shared),
        published=partial(_published, student, shared),
        starts=tuple(tuple(start[i] for i in used) for start in starts),
        lowest=tuple(_LOWEST[i] for i in used),
        highest=tuple(_HIGHEST[i] for i in used),
        climbs=4,
    )


def _logit(p: float) -> float:
    return math.log(p / (1.0 - p))


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchingVolatility:
    """A calm and a stormy volatility, and the chances to stay in each (Hamilton, 1989).

    Parameters
    ----------
    innovations : {"normal", "t"}
        Unit-variance Student-t with one number of degrees of freedom for both regimes.
    mean : {"shared", "switching"}

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal(1000) * np.where(np.arange(1000) // 100 % 2, 3.0, 1.0)
    >>> fitted = SwitchingVolatility().fit(x)
    >>> 2.5 < fitted.storm_volatility / fitted.calm_volatility < 3.5
    True
    """

    innovations: RegimeInnovations = "normal"
    mean: RegimeMean = "shared"

    def __post_init__(self) -> None:
        check_choice(self.innovations, RegimeInnovations, field="innovations")
        check_choice(self.mean, RegimeMean, field="mean")

    def fit(self, values: ArrayLike) -> FittedSwitching:
        """Fit to returns in time order, shape (n,), n at least 100.

        Raises
        ------
        DataFormatError, InsufficientDataError
            Unusable observations.
        EstimationError
            No maximum: most often stale bars, onto which a regime collapses.
        """
        sample = as_observations(values, minimum=MINIMUM_OBSERVATIONS, name="values")
        student, shared = self.innovations == "t", self.mean == "shared"
        family = _family(student, shared)
        scaled, centre, spread = standardised(sample)
        low, high = family.box()
        found = maximise(
            family.objective(scaled), [np.array(s) for s in family.starts], low, high,
            climbs=family.climbs,
        )  # fmt: skip
        theta = _ordered(_full(student, shared, found.coordinates), shared)
        if not np.isfinite(found.log_likelihood) or theta[2] <= _LOWEST[2]:
            raise EstimationError(
                "the likelihood of two regimes must have a maximum",
                found=f"none in {sample.size} observations",
                remedy="look for stale bars and values repeated many times",
            )
        point = LikelihoodPoint(
            family=family,
            values=read_only(scaled),
            centre=centre,
            spread=spread,
            coordinates=read_only(theta[_used(student, shared)]),
            log_likelihood=found.log_likelihood - sample.size * math.log(spread),
        )
        return _fitted(sample, point, theta, student, shared)


def _ordered(theta: Vector, shared: bool) -> Vector:
    """The same law with the calm regime first."""
    out = theta.copy()
    if out[2] > out[3]:
        out[[2, 3, 4, 5]] = out[[3, 2, 5, 4]]
        if not shared:
            out[[0, 1]] = out[[1, 0]]
    return out


def _fitted(
    sample: Vector, point: LikelihoodPoint, theta: Vector, student: bool, shared: bool
) -> FittedSwitching:
    """The fit in the unit of the sample, filtered."""
    own = theta.copy()
    own[:2] = point.centre + point.spread * theta[:2]
    own[2:4] += math.log(point.spread)
    probabilities = np.empty((sample.size + 1, 2))
    regime_filter(sample, own, student, shared, probabilities)
    published = dict(zip(point.family.parameters, map(float, point.parameters()), strict=True))
    return FittedSwitching(
        calm_mean=float(own[0]),
        storm_mean=float(own[0 if shared else 1]),
        calm_volatility=published["calm_volatility"],
        storm_volatility=published["storm_volatility"],
        stay_calm=published["stay_calm"],
        stay_storm=published["stay_storm"],
        degrees_of_freedom=published.get("degrees_of_freedom"),
        log_likelihood=point.log_likelihood,
        observations=sample.size,
        coordinates=read_only(own),
        shared_mean=shared,
        probabilities=read_only(probabilities),
        storm_next=float(probabilities[-1, 0]),
        point=point,
    )
