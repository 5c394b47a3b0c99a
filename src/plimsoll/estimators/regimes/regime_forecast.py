"""Law of the next returns under two regimes: a mixture over the number of stormy steps."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from plimsoll.errors import ParameterError

Vector = NDArray[np.float64]

MOST_STEPS = 400
_NODES = 40_000
_REACH = 4000.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RegimeForecast:
    """Law of the sum of the next ``steps`` returns.

    Given k stormy steps the sum has variance ``(h - k) calm^2 + k storm^2``. It is normal with
    normal innovations, and its law then exact. With Student-t innovations one step is exact too;
    a sum of several is inverted from its characteristic function.

    Parameters
    ----------
    storm : (h,) float64
        Probability of the storm at each step.
    count_probability : (h + 1,) float64
        Probability of k stormy steps.
    mean, deviation : float
        Of the sum.
    """

    storm: Vector
    count_probability: Vector
    means: tuple[float, float]
    volatilities: tuple[float, float]
    degrees_of_freedom: float | None

    @property
    def steps(self) -> int:
        """How many returns are added."""
        return self.storm.size

    @property
    def _component_means(self) -> Vector:
        k = np.arange(self.steps + 1)
        return np.asarray((self.steps - k) * self.means[0] + k * self.means[1], dtype=np.float64)

    @property
    def _component_variances(self) -> Vector:
        k = np.arange(self.steps + 1)
        calm, storm = self.volatilities
        return np.asarray((self.steps - k) * calm**2 + k * storm**2, dtype=np.float64)

    @property
    def mean(self) -> float:
        """Mean of the sum."""
        return float(self.count_probability @ self._component_means)

    @property
    def deviation(self) -> float:
        """Standard deviation of the sum about its mean."""
        spread = (self._component_means - self.mean) ** 2 + self._component_variances
        return math.sqrt(float(self.count_probability @ spread))

    def cdf(self, value: float) -> float:
        """Probability of a sum at or below ``value``."""
        if self.degrees_of_freedom is None:
            z = (value - self._component_means) / np.sqrt(self._component_variances)
            return float(self.count_probability @ special.ndtr(z))
        if self.steps == 1:
            nu = self.degrees_of_freedom
            unit = np.sqrt(self._component_variances * (nu - 2.0) / nu)
            z = (value - self._component_means) / unit
            return float(self.count_probability @ special.stdtr(nu, z))
        u, weights, moment = self._transform()
        turned = (moment * np.exp(-1j * u * value)).imag
        return float(np.clip(0.5 - np.sum(weights * turned / u) / math.pi, 0.0, 1.0))

    def value_at_risk(self, confidence: float) -> float:
        """Loss (positive) not exceeded with ``confidence``."""
        tail = _tail(confidence)
        centre, width = self.mean, self.deviation
        low = centre - 10.0 * width
        while self.cdf(low) > tail:
            low -= 10.0 * width
        high = centre + 10.0 * width
        found = optimize.brentq(lambda x: self.cdf(x) - tail, low, high, xtol=1e-14 * width)
        return -float(found)

    def expected_shortfall(self, confidence: float) -> float:
        """Mean loss beyond the value-at-risk."""
        tail, quantile = _tail(confidence), -self.value_at_risk(confidence)
        return -self._lower_mean(quantile) / tail

    def _lower_mean(self, q: float) -> float:
        """``E[x; x <= q]``."""
        means, scales = self._component_means, np.sqrt(self._component_variances)
        z = (q - means) / scales
        if self.degrees_of_freedom is None:
            height = np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
            return float(self.count_probability @ (means * special.ndtr(z) - scales * height))
        if self.steps == 1:
            nu = self.degrees_of_freedom
            below = special.stdtr(nu, z * math.sqrt(nu / (nu - 2.0)))
            log_height = (
                special.gammaln(0.5 * nu + 0.5)
                - special.gammaln(0.5 * nu)
                - 0.5 * math.log(math.pi * (nu - 2.0))
                - 0.5 * (nu + 1.0) * np.log1p(z * z / (nu - 2.0))
            )
            height = np.exp(log_height) * (nu - 2.0 + z * z) / (nu - 1.0)
            return float(self.count_probability @ (means * below - scales * height))
        # E[(q - x)^+] = (q - mean + E|x - q|) / 2, E|y| = (2 / pi) int (1 - Re phi) / u^2 du.
        u, weights, moment = self._transform()
        turned = (moment * np.exp(-1j * u * q)).real
        last = u[-1] + 0.5 * (u[1] - u[0])
        absolute = 2.0 / math.pi * (np.sum(weights * (1.0 - turned) / u**2) + 1.0 / last)
        put = 0.5 * (q - self.mean + absolute)
        return q * self.cdf(q) - float(put)

    def _transform(self) -> tuple[Vector, Vector, NDArray[np.complex128]]:
        """Midpoints, weights and the characteristic function of the sum there."""
        nu = self.degrees_of_freedom or math.inf
        width = 2.0 * math.pi / (_REACH * self.deviation)
        u = np.asarray(width * (np.arange(_NODES) + 0.5), dtype=np.float64)
        calm, storm = (
            _t_transform(u * v * math.sqrt((nu - 2.0) / nu), nu) for v in self.volatilities
        )
        calm_shift, storm_shift = (np.exp(1j * u * m) for m in self.means)
        total = np.zeros(u.size, dtype=np.complex128)
        for k, probability in enumerate(self.count_probability):
            if probability > 1e-16:
                total += (
                    probability
                    * (calm * calm_shift) ** (self.steps - k)
                    * (storm * storm_shift) ** k
                )
        return u, np.full(u.size, width, dtype=np.float64), total


def _t_transform(u: Vector, nu: float) -> Vector:
    """Characteristic function of a Student-t of scale one at ``u`` > 0."""
    x = math.sqrt(nu) * u
    log_part = 0.5 * nu * np.log(x) - special.gammaln(0.5 * nu) - (0.5 * nu - 1.0) * math.log(2.0)
    with np.errstate(under="ignore"):
        return np.asarray(special.kve(0.5 * nu, x) * np.exp(log_part - x), dtype=np.float64)


def regime_forecast(
    *,
    storm_next: float,
    means: tuple[float, float],
    volatilities: tuple[float, float],
    stays: tuple[float, float],
    degrees_of_freedom: float | None,
    steps: int,
) -> RegimeForecast:
    """Forecast from the probability that the next step is stormy.

    Raises
    ------
    ParameterError
        Fewer than one step or more than 400.
    """
    if not 1 <= steps <= MOST_STEPS:
        raise ParameterError(f"must lie in 1 .. {MOST_STEPS}", found=steps, field="steps")
    counts = np.zeros((2, steps + 1))  # by regime of the latest step, storms so far
    counts[0, 0], counts[1, 1] = 1.0 - storm_next, storm_next
    storm = [storm_next]
    for _ in range(1, steps):
        calm = stays[0] * counts[0] + (1.0 - stays[1]) * counts[1]
        stormy = (1.0 - stays[0]) * counts[0] + stays[1] * counts[1]
        counts = np.array([calm, np.concatenate([[0.0], stormy[:-1]])])
        storm.append(float(counts[1].sum()))
    return RegimeForecast(
        storm=np.array(storm),
        count_probability=counts.sum(axis=0),
        means=means,
        volatilities=volatilities,
        degrees_of_freedom=degrees_of_freedom,
    )


def _tail(confidence: float) -> float:
    if not 0.0 < confidence < 1.0:
        raise ParameterError(
            "must lie strictly between 0 and 1", found=confidence, field="confidence"
        )
    return 1.0 - confidence
