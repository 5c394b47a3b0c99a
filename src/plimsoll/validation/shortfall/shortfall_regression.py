"""Regression tests of expected shortfall: does it move one for one with its forecast?

Bayer and Dimitriadis (Journal of Financial Econometrics 20, 2022): the shortfall of the returns is
regressed on its forecast. *Strict*: ``ES(Y) = g0 + g1 e`` with the forecast shortfall as regressor
of the quantile too, (g0, g1) = (0, 1), chi2(2); it needs no value-at-risk. *Auxiliary*: the
quantile is regressed on the forecast value-at-risk. *Intercept*: ``ES(Y - e) = g0``, g0 = 0, one-
or two-sided. On the scale of returns; the intercept falls under zero where shortfall is too small.
The Wald statistics are judged by a bootstrap, or by their chi-square law (far too small for less
than hundreds of breaches).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from plimsoll.errors import EstimationError, InsufficientDataError, UsageError
from plimsoll.measures.sample import check_confidence
from plimsoll.validation.binomial import chi_square_survival
from plimsoll.validation.complete_rows import check_shortfall, complete_rows
from plimsoll.validation.newey_west import variance_of_sum
from plimsoll.validation.shortfall.costanzino_curran import normal_p_value
from plimsoll.validation.shortfall.forecast_law import (
    UNDERSTATEMENT,
    TailLaw,
    excess_stretch,
    understated_label,
)
from plimsoll.validation.shortfall.joint_regression import (
    MINIMUM_TAIL,
    RESTARTS,
    JointFit,
    fit_joint_regression,
)
from plimsoll.validation.shortfall.regression_bootstrap import (
    RegressionNull,
    resampled_wald,
    wald_of,
)
from plimsoll.validation.tested_forecasts import (
    SIGNIFICANCE,
    Direction,
    ForecastTest,
    Power,
    check_paths,
    chosen,
    simulated_p_value,
    simulated_power,
)

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

POWER_PATHS = 100
"""Paths of the power of the regression, whose error is then at most 5 points."""

INTERCEPT_POWER_PATHS = 1_000
_TYPICAL_RATIO = 1.30
"""Shortfall over value-at-risk where only the shortfall is forecast (about t(5))."""


class Regression(StrEnum):
    """Version of the test."""

    STRICT = "strict"
    AUXILIARY = "auxiliary"


@dataclass(frozen=True, slots=True, kw_only=True)
class InterceptFit:
    """Shortfall of ``Y - e`` with its standard error."""

    intercept: float
    standard_error: float

    @property
    def t(self) -> float:
        """Intercept over its standard error."""
        return self.intercept / self.standard_error


def shortfall_regression(
    loss: ArrayLike,
    expected_shortfall: ArrayLike,
    confidence: float,
    *,
    value_at_risk: ArrayLike | None = None,
    lags: int = 0,
    seed: int = 0,
    restarts: int = RESTARTS,
) -> JointFit:
    """Fit the strict regression, or the auxiliary one where ``value_at_risk`` is given.

    Losses and forecasts are positive; the coefficients are on the scale of returns.
    """
    returns, x, z = _designs(loss, expected_shortfall, confidence, value_at_risk)
    return fit_joint_regression(
        returns, x, z, 1.0 - confidence, lags=lags, seed=seed, restarts=restarts
    )


def _designs(
    loss: ArrayLike,
    expected_shortfall: ArrayLike,
    confidence: float,
    value_at_risk: ArrayLike | None,
) -> tuple[Vector, Matrix, Matrix]:
    """Returns, and the regressors of quantile and shortfall, of complete rows."""
    check_confidence(confidence)
    level = expected_shortfall if value_at_risk is None else value_at_risk
    lost, mean, quantile = complete_rows(
        2, loss=loss, expected_shortfall=expected_shortfall, value_at_risk=level
    )
    check_shortfall(quantile, mean)
    ones = np.ones(lost.size)
    return -lost, np.column_stack((ones, -quantile)), np.column_stack((ones, -mean))


def shortfall_regression_test(
    loss: ArrayLike,
    expected_shortfall: ArrayLike,
    confidence: float,
    *,
    value_at_risk: ArrayLike | None = None,
    lags: int = 0,
    null: RegressionNull = RegressionNull(),  # noqa: B008 - frozen
    understatement: float = UNDERSTATEMENT,
    power_paths: int = POWER_PATHS,
    seed: int = 0,
) -> ForecastTest:
    """Strict test, or the auxiliary one where ``value_at_risk`` is given.

    Parameters
    ----------
    loss, expected_shortfall : (n,) array_like
        Positive losses; NaN = not scored.
    confidence : float
    value_at_risk : (n,) array_like, optional
    lags : int
        Newey-West lags of the covariance, for overlapping horizons.
    null : RegressionNull
        Law of the statistic: 199 refitted resamples, or chi2(2).
    understatement : float
        Power is against a shortfall too small by this share (losses drawn from `TailLaw`).
    power_paths : int
        Of the power, simulated when asked for, with its error: 5 points at most for 100.
    seed : int
        Of the search and the power.

    Raises
    ------
    InsufficientDataError
        Fewer than five breaches to be expected.
    EstimationError
        Forecasts that never change: use `shortfall_intercept_test`.
    """
    check_paths(power_paths, "power_paths")
    returns, x, z = _designs(loss, expected_shortfall, confidence, value_at_risk)
    fit = fit_joint_regression(returns, x, z, 1.0 - confidence, lags=lags, seed=seed)
    version = Regression.STRICT if value_at_risk is None else Regression.AUXILIARY
    statistic = wald_of(fit)
    p_value, error, law = float(chi_square_survival(statistic, 2)), 0.0, "chi2(2)"
    critical = float(special.chdtri(2, SIGNIFICANCE))
    if null.resampled:
        drawn = resampled_wald(returns, x, z, 1.0 - confidence, lags, null)
        p_value, error = simulated_p_value(int(np.sum(drawn >= statistic)) + 1, drawn.size + 1)
        critical = float(np.quantile(drawn, 1.0 - SIGNIFICANCE, method="higher"))
        law = f"{null.resamples} refitted resamples"
    return ForecastTest(
        name=f"shortfall_regression_{version}",
        statistic=statistic,
        p_value=p_value,
        reference_law=law,
        null="the shortfall moves one for one with its forecast (intercept 0, slope 1)",
        alternative="another intercept or slope",
        observations=returns.size,
        convention=(
            f"{version}, intercept {fit.shortfall[0]:.4g}, slope {fit.shortfall[1]:.4g}, "
            f"misspecification-robust covariance, {lags} lags"
        ),
        standard_error=error,
        critical_value=critical if math.isfinite(critical) else None,
        power_of=partial(
            _regression_power,
            -z[:, 1],
            None if value_at_risk is None else -x[:, 1],
            confidence,
            understatement,
            critical,
            power_paths,
            seed,
        ),
    )


def intercept_fit(
    loss: ArrayLike, expected_shortfall: ArrayLike, confidence: float, *, lags: int = 0
) -> InterceptFit:
    """Shortfall of ``Y - e``: with a constant alone the regression has a closed form.

    Its standard error is that of the mean of ``q - (q - u)+ / a``, u = Y - e, Newey-West with
    ``lags``.
    """
    check_confidence(confidence)
    lost, mean = complete_rows(2, loss=loss, expected_shortfall=expected_shortfall)
    tail = 1.0 - confidence
    if lost.size * tail < MINIMUM_TAIL:
        raise InsufficientDataError(
            f"must have {MINIMUM_TAIL / tail:.0f} horizons, for {MINIMUM_TAIL} breaches",
            found=lost.size,
        )
    u = mean - lost
    q = np.sort(u)[math.ceil(u.size * tail - 1e-9) - 1]
    influence = q - np.maximum(q - u, 0.0) / tail
    center = float(influence.mean())
    error = math.sqrt(float(variance_of_sum(influence - center, lags))) / u.size
    if not error > 0.0:
        raise EstimationError("losses beyond the forecast must differ", found=error)
    return InterceptFit(intercept=center, standard_error=error)


def shortfall_intercept_test(
    loss: ArrayLike,
    expected_shortfall: ArrayLike,
    confidence: float,
    *,
    direction: Direction = Direction.UNDERSTATED,
    lags: int = 0,
    understatement: float = UNDERSTATEMENT,
    seed: int = 0,
) -> ForecastTest:
    """Intercept test: is the shortfall of ``Y - e`` zero? Normal law.

    Arguments as in `shortfall_regression_test`.
    """
    direction = chosen(Direction, direction)
    fit = intercept_fit(loss, expected_shortfall, confidence, lags=lags)
    lost, mean = complete_rows(2, loss=loss, expected_shortfall=expected_shortfall)
    if not bool(np.all(mean > 0.0)):
        raise UsageError("must be positive", found=float(mean.min()), field="expected_shortfall")
    return ForecastTest(
        name="shortfall_regression_intercept",
        statistic=fit.t,
        p_value=float(normal_p_value(-fit.t, direction)),
        reference_law="N(0, 1)",
        null="the shortfall of return less forecast is zero",
        alternative=f"shortfall {direction}",
        observations=lost.size,
        convention=f"{direction}, intercept {fit.intercept:.4g}, {lags} lags",
        power_of=partial(_intercept_power, mean, confidence, direction, understatement, seed),
    )


def _regression_power(
    mean: Vector,
    level: Vector | None,
    confidence: float,
    understatement: float,
    critical: float,
    paths: int,
    seed: int,
) -> Power:
    """Share of paths beyond ``critical``; those that cannot be fitted are not rejected."""
    decided = []
    for share, offset in ((understatement, 1), (0.0, 2)):
        rejected = np.zeros(paths, dtype=np.bool_)
        for path, lost in enumerate(_drawn(mean, level, confidence, share, paths, seed + offset)):
            try:
                fit = shortfall_regression(
                    lost, mean, confidence, value_at_risk=level, seed=seed, restarts=0
                )
            except EstimationError:
                continue
            rejected[path] = wald_of(fit) > critical
        decided.append(rejected)
    return simulated_power(decided[0], decided[1], understated_label(understatement))


def _intercept_power(
    mean: Vector, confidence: float, direction: Direction, understatement: float, seed: int
) -> Power:
    decided = []
    for share, offset in ((understatement, 1), (0.0, 2)):
        drawn = _drawn(mean, None, confidence, share, INTERCEPT_POWER_PATHS, seed + offset)
        t = np.array([intercept_fit(lost, mean, confidence).t for lost in drawn])
        decided.append(normal_p_value(-t, direction) < SIGNIFICANCE)
    return simulated_power(decided[0], decided[1], understated_label(understatement))


def _drawn(
    mean: Vector,
    level: Vector | None,
    confidence: float,
    understatement: float,
    paths: int,
    seed: int,
) -> Matrix:
    """(paths, n) losses of the law that the forecasts leave open, closed by `TailLaw`."""
    quantile = mean / _TYPICAL_RATIO if level is None else level
    law = TailLaw(value_at_risk=quantile, expected_shortfall=mean, confidence=confidence)
    stretch = excess_stretch(quantile, mean, understatement)
    generator = np.random.default_rng(seed)
    rows = np.arange(mean.size)
    out = np.empty((paths, mean.size))
    for path in range(paths):
        lost = law.quantile(generator.random(mean.size), rows)
        excess = np.maximum(lost - quantile, 0.0)
        out[path] = lost + (stretch - 1.0) * excess
    return out
