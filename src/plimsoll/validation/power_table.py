"""What each test can see, by the length of the series: the table to read before any p-value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.errors import EstimationError, InsufficientDataError
from plimsoll.validation.breaches.coverage_tests import (
    conditional_coverage_test,
    exact_binomial_test,
    first_failure_test,
    independence_test,
    kupiec_test,
    traffic_light_test,
)
from plimsoll.validation.breaches.durations import haas_test, weibull_duration_test
from plimsoll.validation.breaches.dynamic_quantile import dynamic_quantile_test
from plimsoll.validation.densities.berkowitz import berkowitz_tail_test, berkowitz_test
from plimsoll.validation.monitoring.e_process import e_process_test
from plimsoll.validation.shortfall.acerbi_szekely import acerbi_szekely_tests
from plimsoll.validation.shortfall.acerbi_szekely_pit import acerbi_szekely_z3
from plimsoll.validation.shortfall.conditional_calibration import conditional_calibration_test
from plimsoll.validation.shortfall.costanzino_curran import costanzino_curran_test
from plimsoll.validation.shortfall.forecast_law import StudentLaw
from plimsoll.validation.shortfall.mcneil_frey import mcneil_frey_test
from plimsoll.validation.shortfall.shortfall_regression import (
    shortfall_intercept_test,
    shortfall_regression_test,
)
from plimsoll.validation.tested_forecasts import ForecastTest

Vector = NDArray[np.float64]

DEGREES_OF_FREEDOM = 5.0
_PATHS = 1_000

LENGTHS = (250, 365, 1_000)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RightForecasts:
    """Series of t(5) losses whose forecasts are right, with as many breaches as expected.

    Volatility swings by 30 % so that forecasts move.
    """

    loss: Vector
    value_at_risk: Vector
    expected_shortfall: Vector
    law: StudentLaw
    confidence: float

    @property
    def hits(self) -> Vector:
        """0 and 1."""
        return (self.loss > self.value_at_risk).astype(np.float64)

    @property
    def exceedance(self) -> Vector:
        """Chance that the law gave to a loss above the realised one."""
        return self.law.exceedance(self.loss)


def right_forecasts(observations: int, confidence: float, seed: int = 0) -> RightForecasts:
    """Make the series: exceedance chances ``(i + 1/2) / n`` in shuffled order."""
    nu = DEGREES_OF_FREEDOM
    sigma = np.exp(0.3 * np.sin(np.arange(observations) / 20.0))
    law = StudentLaw(
        mean=np.zeros(observations),
        sigma=sigma,
        degrees_of_freedom=np.full(observations, nu),
    )
    chances = (np.arange(observations) + 0.5) / observations
    rows = np.arange(observations)
    shuffled = np.random.default_rng(seed).permutation(chances)
    q = float(special.stdtrit(nu, confidence))
    height = np.exp(special.gammaln((nu + 1.0) / 2.0) - special.gammaln(nu / 2.0))
    height *= (1.0 + q * q / nu) ** (-(nu + 1.0) / 2.0) / np.sqrt(nu * np.pi)
    ratio = float(height) / (1.0 - confidence) * (nu + q * q) / (nu - 1.0) / q
    level = law.quantile(np.full(observations, 1.0 - confidence), rows)
    return RightForecasts(
        loss=law.quantile(shuffled, rows),
        value_at_risk=level,
        expected_shortfall=ratio * level,
        law=law,
        confidence=confidence,
    )


Maker = Callable[[RightForecasts], ForecastTest]


def _rate(f: RightForecasts) -> float:
    return 1.0 - f.confidence


BREACH_TESTS: tuple[Maker, ...] = (
    lambda f: kupiec_test(f.hits, _rate(f)),
    lambda f: exact_binomial_test(f.hits, _rate(f)),
    lambda f: traffic_light_test(f.hits, _rate(f)),
    lambda f: first_failure_test(f.hits, _rate(f)),
    lambda f: independence_test(f.hits, _rate(f)),
    lambda f: conditional_coverage_test(f.hits, _rate(f)),
    lambda f: dynamic_quantile_test(f.hits, _rate(f)),
    lambda f: haas_test(f.hits, _rate(f)),
    lambda f: weibull_duration_test(f.hits, _rate(f)),
)

SHORTFALL_TESTS: tuple[Maker, ...] = (
    lambda f: _acerbi_szekely(f)[0],
    lambda f: _acerbi_szekely(f)[1],
    lambda f: acerbi_szekely_z3(f.loss, f.confidence, law=f.law, seed=0, paths=_PATHS),
    lambda f: costanzino_curran_test(f.exceedance, f.confidence),
    lambda f: mcneil_frey_test(f.loss, f.value_at_risk, f.expected_shortfall),
    lambda f: conditional_calibration_test(
        f.loss, f.value_at_risk, f.expected_shortfall, f.confidence
    ),
    lambda f: shortfall_regression_test(f.loss, f.expected_shortfall, f.confidence),
    lambda f: shortfall_intercept_test(f.loss, f.expected_shortfall, f.confidence),
    lambda f: berkowitz_test(1.0 - f.exceedance),
    lambda f: berkowitz_tail_test(1.0 - f.exceedance, f.confidence),
    lambda f: e_process_test(
        f.loss, f.value_at_risk, f.expected_shortfall, confidence=f.confidence
    ),
)


def _acerbi_szekely(f: RightForecasts) -> tuple[ForecastTest, ForecastTest]:
    return acerbi_szekely_tests(
        f.loss,
        f.value_at_risk,
        f.expected_shortfall,
        f.confidence,
        law=f.law,
        seed=0,
        paths=_PATHS,
    )


def power_table(
    confidence: float, makers: Sequence[Maker], *, lengths: Sequence[int] = LENGTHS, seed: int = 0
) -> Table:
    """Power and true size at 5 % of each test on series of each length.

    Parameters
    ----------
    confidence : float
    makers : sequence of callable
        `BREACH_TESTS`, `SHORTFALL_TESTS` or your own.
    lengths : sequence of int
    seed : int
        Of the series; powers have their own.

    Notes
    -----
    A series too short for a test leaves its cells empty.
    """
    columns = [Column(name="test", title="Test"), Column(name="against", title="Power against")]
    for n in lengths:
        for what in ("power", "size"):
            columns.append(
                Column(name=f"{what}_{n}", title=f"{what} n={n}", kind=ColumnKind.NUMBER, digits=2)
            )
    series = [right_forecasts(n, confidence, seed) for n in lengths]
    rows = tuple(_row(make, series) for make in makers)
    return Table(
        name="powers",
        title=f"Power and true size at 5 %, confidence {confidence:g}",
        columns=tuple(columns),
        rows=rows,
    )


def _row(make: Maker, series: Sequence[RightForecasts]) -> tuple[Cell, ...]:
    name, against = "", ""
    cells: list[Cell] = []
    for forecasts in series:
        try:
            result = make(forecasts)
        except (InsufficientDataError, EstimationError):
            cells += [None, None]
            continue
        power = result.power
        name, against = result.name, power.alternative
        cells += [power.value, power.size]
    return (name, against, *cells)
