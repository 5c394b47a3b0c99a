"""Acerbi and Szekely's tests of expected shortfall, Z1 and Z2, with a simulated null.

Z1 looks at the size of breaches only, given that there are some; Z2 at their number too. Both have
mean 0 where the forecast is right, and are negative where shortfall is understated (Acerbi and
Szekely, Risk, December 2014). Published critical values such as -0.7 and -1.8 hold for 250
horizons at 97.5 % and tails no heavier than t(5): the null is simulated here from the forecast's
own law instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.domain.ports import SILENT, Progress
from plimsoll.errors import InsufficientDataError, UsageError
from plimsoll.measures.sample import check_confidence
from plimsoll.validation.complete_rows import check_shortfall
from plimsoll.validation.shortfall.forecast_law import (
    UNDERSTATEMENT,
    ForecastLaw,
    Sampler,
    draw_breaches,
    excess_stretch,
    understated_label,
)
from plimsoll.validation.tested_forecasts import (
    SIGNIFICANCE,
    ForecastTest,
    Power,
    check_paths,
    simulated_p_value,
    simulated_power,
)

Vector = NDArray[np.float64]

DEFAULT_PATHS = 20_000
POWER_PATHS = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortfallRatios:
    """Z1 (NaN where nothing broke) and Z2 of one series."""

    z1: float
    z2: float
    breaches: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedRatios:
    """(paths,) Z1 and Z2 under a law; Z1 is NaN on paths without a breach."""

    z1: Vector
    z2: Vector


def shortfall_ratios(
    loss: ArrayLike, value_at_risk: ArrayLike, expected_shortfall: ArrayLike, confidence: float
) -> ShortfallRatios:
    """Z1 and Z2 of losses against forecasts; every row must have numbers.

    Examples
    --------
    >>> found = shortfall_ratios([3.0, 0.0, 0.0, 0.0], 1.0, 2.0, 0.75)
    >>> found.z1, found.z2
    (-0.5, -0.5)
    """
    lost, level, mean = _forecasts(loss, value_at_risk, expected_shortfall, confidence)
    broke = lost > level
    share = np.sum(lost[broke] / mean[broke])
    count = int(broke.sum())
    return ShortfallRatios(
        z1=float(1.0 - share / count) if count else float("nan"),
        z2=float(1.0 - share / (lost.size * (1.0 - confidence))),
        breaches=count,
    )


def simulate_ratios(
    law: ForecastLaw | Sampler,
    value_at_risk: Vector,
    expected_shortfall: Vector,
    confidence: float,
    *,
    paths: int,
    seed: int,
    understatement: float = 0.0,
    progress: Progress = SILENT,
) -> SimulatedRatios:
    """Z1 and Z2 on paths of the law.

    With an ``understatement`` breaches stay as frequent, but exceed the value-at-risk by so much
    more that their mean is ``expected_shortfall / (1 - understatement)``.
    """
    found = []
    stretch = excess_stretch(value_at_risk, expected_shortfall, understatement)
    for piece in draw_breaches(law, value_at_risk, paths=paths, seed=seed, progress=progress):
        level = value_at_risk[piece.row]
        losses = level + stretch[piece.row] * (piece.loss - level)
        share = losses / expected_shortfall[piece.row]
        total = np.bincount(piece.path, weights=share, minlength=piece.paths)
        count = np.bincount(piece.path, minlength=piece.paths)
        z1 = 1.0 - np.divide(total, count, out=np.full(piece.paths, np.nan), where=count > 0)
        z2 = 1.0 - total / (value_at_risk.size * (1.0 - confidence))
        found.append((z1, z2))
    both = np.concatenate(found, axis=1)
    return SimulatedRatios(z1=both[0], z2=both[1])


def critical_values(
    law: ForecastLaw | Sampler,
    value_at_risk: Vector,
    expected_shortfall: Vector,
    confidence: float,
    levels: ArrayLike,
    *,
    paths: int,
    seed: int,
) -> tuple[Vector, Vector]:
    """Values of Z1 and of Z2 below which a share ``levels`` of right forecasts falls."""
    null = simulate_ratios(
        law, value_at_risk, expected_shortfall, confidence, paths=paths, seed=seed
    )
    chances = np.asarray(levels, dtype=np.float64)
    return np.nanquantile(null.z1, chances), np.quantile(null.z2, chances)


def acerbi_szekely_tests(
    loss: ArrayLike,
    value_at_risk: ArrayLike,
    expected_shortfall: ArrayLike,
    confidence: float,
    *,
    law: ForecastLaw | Sampler,
    paths: int = DEFAULT_PATHS,
    seed: int,
    understatement: float = UNDERSTATEMENT,
    progress: Progress = SILENT,
) -> tuple[ForecastTest, ForecastTest]:
    """Z1 and Z2 with p-values from one simulation of the forecast law.

    Parameters
    ----------
    loss, value_at_risk, expected_shortfall : (n,) array_like
        Positive losses. Rows must have numbers: the law is simulated row by row.
    confidence : float
    law : ForecastLaw or Sampler
        `StudentLaw` for columns of mean, sigma and degrees of freedom, or any sampler.
    paths, seed : int
    understatement : float
        Power is against breaches so much larger that the shortfall is too small by this share,
        at the right breach rate.

    Returns
    -------
    tuple of ForecastTest
        Z1 and Z2. The p-value is the share of paths no larger than the statistic; for Z1 among
        paths with a breach.

    Raises
    ------
    InsufficientDataError
        Nothing broke, so there is no Z1.
    """
    check_paths(paths)
    lost, level, mean = _forecasts(loss, value_at_risk, expected_shortfall, confidence)
    found = shortfall_ratios(lost, level, mean, confidence)
    if found.breaches == 0:
        raise InsufficientDataError(
            "must have a breach",
            found=0,
            field="loss",
            remedy="Z2 alone has a value there: acerbi_szekely_z2",
        )
    null = simulate_ratios(law, level, mean, confidence, paths=paths, seed=seed, progress=progress)
    power = partial(_power, law, level, mean, confidence, seed=seed, understatement=understatement)
    z1 = null.z1[~np.isnan(null.z1)]
    return (
        _result("z1", found.z1, z1, lost.size, partial(power, which="z1")),
        _result("z2", found.z2, null.z2, lost.size, partial(power, which="z2")),
    )


def acerbi_szekely_z2(
    loss: ArrayLike,
    value_at_risk: ArrayLike,
    expected_shortfall: ArrayLike,
    confidence: float,
    *,
    law: ForecastLaw | Sampler,
    paths: int = DEFAULT_PATHS,
    seed: int,
    understatement: float = UNDERSTATEMENT,
) -> ForecastTest:
    """Z2 alone, which has a value (1) where nothing broke too."""
    check_paths(paths)
    lost, level, mean = _forecasts(loss, value_at_risk, expected_shortfall, confidence)
    found = shortfall_ratios(lost, level, mean, confidence)
    null = simulate_ratios(law, level, mean, confidence, paths=paths, seed=seed)
    power = partial(
        _power,
        law,
        level,
        mean,
        confidence,
        seed=seed,
        understatement=understatement,
        which="z2",
    )
    return _result("z2", found.z2, null.z2, lost.size, power)


def _result(
    which: Literal["z1", "z2"], found: float, null: Vector, rows: int, power: partial[Power]
) -> ForecastTest:
    p_value, error = simulated_p_value(int(np.sum(null <= found)), null.size)
    nulls = {
        "z1": "breaches are as large as forecast, given that there are some",
        "z2": "the shortfall is as forecast",
    }
    return ForecastTest(
        name=f"acerbi_szekely_{which}",
        statistic=found,
        p_value=p_value,
        reference_law=f"{null.size} simulated paths",
        null=nulls[which],
        alternative="shortfall understated (negative statistic)",
        observations=rows,
        convention="null simulated from the forecast law",
        standard_error=error,
        critical_value=float(np.quantile(null, SIGNIFICANCE)),
        power_of=power,
    )


def _power(
    law: ForecastLaw | Sampler,
    level: Vector,
    mean: Vector,
    confidence: float,
    *,
    seed: int,
    understatement: float,
    which: Literal["z1", "z2"],
) -> Power:
    values = []
    for share, offset in ((0.0, 1), (understatement, 2)):
        drawn = simulate_ratios(
            law,
            level,
            mean,
            confidence,
            paths=POWER_PATHS,
            seed=seed + offset,
            understatement=share,
        )
        values.append(drawn.z1 if which == "z1" else drawn.z2)
    critical = np.nanquantile(values[0], SIGNIFICANCE)
    return simulated_power(values[1] < critical, None, understated_label(understatement))


def _forecasts(
    loss: ArrayLike, value_at_risk: ArrayLike, expected_shortfall: ArrayLike, confidence: float
) -> tuple[Vector, Vector, Vector]:
    check_confidence(confidence)
    lost = np.asarray(loss, dtype=np.float64)
    level, mean = (
        np.array(np.broadcast_to(np.asarray(c, dtype=np.float64), lost.shape))
        for c in (value_at_risk, expected_shortfall)
    )
    if lost.ndim != 1 or not bool(np.isfinite([lost, level, mean]).all()):
        raise UsageError(
            "must be series with a number in every row",
            field="loss, value_at_risk, expected_shortfall",
            remedy="leave out rows that were not scored, from the law too",
        )
    check_shortfall(level, mean)
    return lost, level, mean
