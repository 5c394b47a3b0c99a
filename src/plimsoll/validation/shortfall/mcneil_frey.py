"""McNeil and Frey's test: are breaches larger than the shortfall said?

Residuals ``(L - ES) [/ sigma]`` of the breaches have mean zero where the shortfall is right
(Journal of Empirical Finance 7, 2000). It says nothing about how many breaches there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from plimsoll.errors import EstimationError, InsufficientDataError
from plimsoll.validation.complete_rows import check_shortfall, complete_rows
from plimsoll.validation.shortfall.forecast_law import (
    UNDERSTATEMENT,
    excess_stretch,
    understated_label,
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
IndexMatrix = NDArray[np.int64]

DEFAULT_RESAMPLES = 10_000
POWER_PATHS = 2_000


class ResidualLaw(StrEnum):
    """Where the p-value of the t statistic comes from.

    ``student_t``: t with N - 1 degrees. ``normal``: the normal law (rugarch's ``p.value``).
    ``bootstrap``: t statistics of resampled residuals, centred by their mean (esback), which
    respects the skewness of the residuals; resamples of one value only are left out.
    """

    STUDENT_T = "student_t"
    NORMAL = "normal"
    BOOTSTRAP = "bootstrap"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BreachResiduals:
    """Residuals of the breaches, and what the forecasts are worth in their unit.

    Parameters
    ----------
    residual, value_at_risk, shortfall : (x,) float64
        ``(L - ES) / s``, ``v / s`` and ``ES / s`` of each breach; s = sigma, or 1.
    observations : int
        Horizons scored.
    """

    residual: Vector
    value_at_risk: Vector
    shortfall: Vector
    observations: int


def breach_residuals(
    loss: ArrayLike,
    value_at_risk: ArrayLike,
    expected_shortfall: ArrayLike,
    sigma: ArrayLike | None = None,
) -> BreachResiduals:
    """Residuals of the breaches of complete rows (NaN = not scored)."""
    lost, level, mean, scale = complete_rows(
        1,
        loss=loss,
        value_at_risk=value_at_risk,
        expected_shortfall=expected_shortfall,
        sigma=1.0 if sigma is None else sigma,
    )
    check_shortfall(level, mean)
    broke = lost > level
    return BreachResiduals(
        residual=(lost - mean)[broke] / scale[broke],
        value_at_risk=level[broke] / scale[broke],
        shortfall=mean[broke] / scale[broke],
        observations=lost.size,
    )


def t_statistic(residuals: ArrayLike) -> Vector:
    """Mean over its standard error, along the last axis; NaN or infinite where nothing varies."""
    x = np.asarray(residuals, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        out: Vector = x.mean(axis=-1) / x.std(axis=-1, ddof=1) * np.sqrt(x.shape[-1])
    return out


def resampled_t(residual: Vector, drawn: IndexMatrix) -> Vector:
    """t statistics of the resamples ``drawn`` (B, x), less their mean; degenerate ones left out."""
    t = t_statistic(residual[drawn])
    t = t[np.isfinite(t)]
    out: Vector = t - t.mean()
    return out


def bootstrap_p_value(
    residual: Vector, drawn: IndexMatrix, direction: Direction
) -> tuple[float, float]:
    """Share of centred resampled statistics at least as extreme, and its Monte-Carlo error."""
    found, null = float(t_statistic(residual)), resampled_t(residual, drawn)
    extreme = {
        Direction.UNDERSTATED: null >= found,
        Direction.OVERSTATED: null <= found,
        Direction.TWO_SIDED: np.abs(null) >= abs(found),
    }[direction]
    return simulated_p_value(int(extreme.sum()), null.size)


def mcneil_frey_test(
    loss: ArrayLike,
    value_at_risk: ArrayLike,
    expected_shortfall: ArrayLike,
    *,
    sigma: ArrayLike | None = None,
    law: ResidualLaw = ResidualLaw.STUDENT_T,
    direction: Direction = Direction.UNDERSTATED,
    resamples: int = DEFAULT_RESAMPLES,
    understatement: float = UNDERSTATEMENT,
    seed: int = 0,
) -> ForecastTest:
    """Test that the mean residual of the breaches is zero.

    Parameters
    ----------
    loss, value_at_risk, expected_shortfall : (n,) array_like
        Positive losses; NaN = not scored.
    sigma : (n,) array_like, optional
        Forecast standard deviation: the standardised version.
    law : ResidualLaw
    direction : Direction
        Understated: mean residual above zero.
    resamples, seed : int
        Of the bootstrap, and of the power.
    understatement : float
        Power is against a shortfall too small by this share, given as many breaches.

    Raises
    ------
    InsufficientDataError
        Fewer than two breaches.
    EstimationError
        All residuals alike.
    """
    law, direction = chosen(ResidualLaw, law), chosen(Direction, direction)
    found = breach_residuals(loss, value_at_risk, expected_shortfall, sigma)
    _check_residuals(found.residual)
    t = float(t_statistic(found.residual))
    p_value, error, label = _p_value(found.residual, t, law, direction, resamples, seed)
    return ForecastTest(
        name="mcneil_frey" if sigma is None else "mcneil_frey_standardised",
        statistic=t,
        p_value=p_value,
        reference_law=label,
        null="breaches are on average as large as the shortfall",
        alternative=f"shortfall {direction}",
        observations=found.observations,
        convention=f"{direction}, {law}, {found.residual.size} breaches",
        standard_error=error,
        power_of=partial(_power, found, direction, understatement, seed),
    )


def _p_value(
    residual: Vector, t: float, law: ResidualLaw, direction: Direction, resamples: int, seed: int
) -> tuple[float, float, str]:
    degrees = residual.size - 1
    if law is ResidualLaw.BOOTSTRAP:
        check_paths(resamples, "resamples")
        shape = (resamples, residual.size)
        drawn = np.random.default_rng(seed).integers(residual.size, size=shape)
        p, error = bootstrap_p_value(residual, drawn, direction)
        return p, error, f"{resamples} centred resamples"
    if law is ResidualLaw.NORMAL:
        return _tail(float(special.ndtr(t)), direction), 0.0, "N(0, 1)"
    return _tail(float(special.stdtr(degrees, t)), direction), 0.0, f"t({degrees})"


def _tail(below: float, direction: Direction) -> float:
    above = 1.0 - below
    if direction is Direction.TWO_SIDED:
        return 2.0 * min(below, above)
    return above if direction is Direction.UNDERSTATED else below


def _power(found: BreachResiduals, direction: Direction, understatement: float, seed: int) -> Power:
    """Resample the centred residuals, as they are and with their excesses stretched."""
    generator = np.random.default_rng(seed + 1)
    stretch = excess_stretch(found.value_at_risk, found.shortfall, understatement)
    x = found.residual - found.residual.mean()
    gap = found.shortfall - found.value_at_risk
    degrees, decided = x.size - 1, []
    for residual in (stretch * (x + gap) - gap, x):
        drawn = generator.integers(x.size, size=(POWER_PATHS, x.size))
        below = special.stdtr(degrees, t_statistic(residual[drawn]))
        tail = {
            Direction.UNDERSTATED: 1.0 - below,
            Direction.OVERSTATED: below,
            Direction.TWO_SIDED: 2.0 * np.minimum(below, 1.0 - below),
        }[direction]
        decided.append(tail < SIGNIFICANCE)
    label = f"{understated_label(understatement)}, {x.size} breaches"
    return simulated_power(decided[0], decided[1], label)


def _check_residuals(residual: Vector) -> None:
    if residual.size < 2:
        raise InsufficientDataError(
            "must have two breaches",
            found=residual.size,
            remedy="take a longer series, or pool markets",
        )
    if float(np.ptp(residual)) == 0.0:
        raise EstimationError("residuals of breaches must differ", found=float(residual[0]))
