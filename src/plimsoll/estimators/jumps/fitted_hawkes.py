"""A fitted Hawkes process: branching, errors, residuals, intensity, simulation."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kstwo

from plimsoll.errors import DataFormatError, EstimationError, ParameterError
from plimsoll.estimators.jumps.event_times import EventTimes
from plimsoll.estimators.jumps.hawkes_errors import hawkes_covariance
from plimsoll.estimators.observations import read_only
from plimsoll.estimators.volatility.garch_options import check_choice
from plimsoll.maths.hawkes_recursion import (
    hawkes_intensities,
    hawkes_intensity_step,
    hawkes_residuals,
)
from plimsoll.maths.hawkes_simulation import hawkes_simulate

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
HawkesErrorKind = Literal["information", "sandwich"]

_MOST_EVENTS = 5_000_000


class ResidualTest(NamedTuple):
    """Kolmogorov-Smirnov test of compensator increments against the standard exponential.

    The p-value takes the parameters as given, not fitted, so it errs on the large side.
    """

    statistic: float
    p_value: float
    observations: int


class HawkesErrors(NamedTuple):
    """Standard errors; 0 for what a bound holds (named in ``bounds_reached``)."""

    baseline: Vector
    branching: Matrix
    decay: float
    branching_ratio: float


def spectral_radius(matrix: Matrix) -> float:
    """Largest modulus of the eigenvalues."""
    return float(np.max(np.abs(np.linalg.eigvals(matrix))))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedHawkes:
    """Result of :class:`~plimsoll.estimators.jumps.hawkes.Hawkes`.

    Parameters
    ----------
    baseline : (d,) float64
        mu, events per unit of time.
    branching : (d, d) float64
        phi / beta: direct offspring in the row's component of an event in the column's.
    decay : float
        beta, per unit of time.
    log_likelihood : float
        ``sum ln lambda - integral of lambda`` in the unit of the times given.
    bounds_reached : tuple of str
        What ended on a bound; a decay on a bound says that the data do not hold one.
    """

    events: EventTimes = field(repr=False)
    baseline: Vector
    branching: Matrix
    decay: float
    log_likelihood: float
    alert_above: float
    bounds_reached: tuple[str, ...]

    @property
    def excitation(self) -> Matrix:
        """phi, (d, d): jump of the row's intensity at an event of the column's component."""
        return self.branching * self.decay

    @property
    def branching_ratio(self) -> float:
        """Spectral radius of :attr:`branching`: share of events that follow from others (d = 1)."""
        return spectral_radius(self.branching)

    @property
    def alert(self) -> bool:
        """Whether the branching ratio exceeds ``alert_above``."""
        return self.branching_ratio > self.alert_above

    @property
    def mean_intensity(self) -> Vector:
        """Stationary intensities ``(I - branching)^-1 baseline``."""
        inverse = np.linalg.inv(np.eye(self.baseline.size) - self.branching)
        return np.asarray(inverse @ self.baseline, dtype=np.float64)

    def standard_errors(
        self, kind: HawkesErrorKind = "sandwich", *, blocks: int = 50
    ) -> HawkesErrors:
        """Errors of the parameters and, by the delta method, of the branching ratio.

        Parameters
        ----------
        kind : {"sandwich", "information"}
            Scores summed over stretches of events, or the observed information alone, which
            trusts the model.
        blocks : int
            Stretches of the sandwich, at least twice as many as parameters.

        Raises
        ------
        ParameterError
        EstimationError
            Where the likelihood is flat: a decay without excitation is not determined.
        """
        check_choice(kind, HawkesErrorKind, field="kind")
        covariance = hawkes_covariance(
            self.events, self.baseline, self.branching, self.decay, kind, blocks
        )
        count = self.baseline.size
        errors = np.sqrt(np.maximum(np.diag(covariance), 0.0))
        slope = np.zeros(errors.size)
        slope[count:-1] = _radius_slopes(self.branching).ravel()
        return HawkesErrors(
            baseline=errors[:count],
            branching=errors[count:-1].reshape(count, count),
            decay=float(errors[-1]),
            branching_ratio=math.sqrt(max(float(slope @ covariance @ slope), 0.0)),
        )

    def residuals(self, component: int = 0) -> Vector:
        """Compensator between consecutive events of a component; Exp(1) under the model."""
        found = hawkes_residuals(
            np.array(self.events.time),
            np.array(self.events.mark),
            np.array(self.baseline),
            np.array(self.branching),
            self.decay,
        )
        return np.asarray(found[self.events.mark == component], dtype=np.float64)

    def residual_test(self, component: int = 0) -> ResidualTest:
        """Test :meth:`residuals` of a component against Exp(1)."""
        residuals = self.residuals(component)
        n = residuals.size
        if not n:
            raise ParameterError("must be a component with events", found=component)
        level = -np.expm1(-np.sort(residuals))
        gaps = np.concatenate([np.arange(1, n + 1) / n - level, level - np.arange(n) / n])
        statistic = float(gaps.max())
        return ResidualTest(statistic, float(kstwo.sf(statistic, n)), n)

    def intensities(self) -> Matrix:
        """Intensities just before every event, (n, d)."""
        state = np.zeros(1 + 3 * self.baseline.size)
        return hawkes_intensities(
            np.array(self.events.time),
            np.array(self.events.mark),
            np.array(self.baseline),
            np.array(self.branching),
            self.decay,
            state,
        )

    def stream(self) -> HawkesStream:
        """Intensity at the last event, to go on from."""
        stream = HawkesStream.start(self)
        state, time = np.array(stream.state), np.array(self.events.time)
        found = hawkes_intensities(
            time, np.array(self.events.mark), stream.baseline, stream.branching, self.decay, state
        )
        return replace(stream, state=read_only(state), intensity=read_only(found[-1].copy()))

    def simulate(self, horizon: float, *, seed: int) -> EventTimes:
        """Events of the fitted process from an empty start, by thinning.

        Raises
        ------
        ParameterError
            A horizon that is not positive.
        EstimationError
            More than five million events.
        """
        if not 0.0 < horizon < np.inf:
            raise ParameterError("must be positive and finite", found=horizon, field="horizon")
        expected = float(self.mean_intensity.sum()) * horizon
        room = int(min(4.0 * expected + 1000.0, _MOST_EVENTS))
        while room <= _MOST_EVENTS:
            times, marks = np.empty(room), np.empty(room, dtype=np.int64)
            count = hawkes_simulate(
                np.array(self.baseline), np.array(self.branching), self.decay, horizon, seed,
                times, marks,
            )  # fmt: skip
            if count >= 0:
                return EventTimes(
                    time=read_only(times[:count].copy()),
                    mark=marks[:count].copy(),
                    components=self.baseline.size,
                    horizon=float(horizon),
                )
            room *= 4
        raise EstimationError(
            f"must have at most {_MOST_EVENTS} events", found=expected, field="horizon"
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HawkesStream:
    """Intensity event by event, to the bit that of :meth:`FittedHawkes.intensities`.

    ``intensity`` is what stood just before the last event.
    """

    baseline: Vector
    branching: Matrix
    decay: float
    state: Vector = field(repr=False)
    intensity: Vector

    @classmethod
    def start(cls, fitted: FittedHawkes) -> Self:
        """Stream of an empty past at time 0."""
        return cls(
            baseline=np.array(fitted.baseline),
            branching=np.array(fitted.branching),
            decay=fitted.decay,
            state=read_only(np.zeros(1 + 3 * fitted.baseline.size)),
            intensity=fitted.baseline,
        )

    def update(self, time: float, component: int = 0) -> Self:
        """The stream after an event.

        Raises
        ------
        DataFormatError
            Where time runs backwards or there is no such component.
        """
        state, found = self._at(time, component)
        return replace(self, state=read_only(state), intensity=read_only(found))

    def intensity_at(self, time: float) -> Vector:
        """Intensities just before ``time``, if nothing happens until then."""
        return self._at(time, -1)[1]

    def _at(self, time: float, component: int) -> tuple[Vector, Vector]:
        if not (np.isfinite(time) and time >= self.state[0]):
            raise DataFormatError(
                f"must not lie before {float(self.state[0])!r}", found=time, field="time"
            )
        if not -1 <= component < self.baseline.size:
            raise DataFormatError(
                f"must lie in 0 .. {self.baseline.size - 1}", found=component, field="component"
            )
        state = np.array(self.state)
        found = hawkes_intensity_step(
            state, float(time), component, self.baseline, self.branching, self.decay
        )
        return state, found


def _radius_slopes(matrix: Matrix) -> Matrix:
    """Derivatives of the spectral radius: the outer product of its left and right vectors."""
    values, right = np.linalg.eig(matrix)
    top = int(np.argmax(np.abs(values)))
    other, left = np.linalg.eig(matrix.T)
    match = int(np.argmin(np.abs(other - values[top])))
    u, v = left[:, match].real, right[:, top].real
    scale = float(u @ v)
    if abs(scale) < 1e-12:
        raise EstimationError(
            "the branching ratio must be a simple eigenvalue", found=scale, field="branching"
        )
    return np.asarray(np.outer(u, v) / scale, dtype=np.float64)
