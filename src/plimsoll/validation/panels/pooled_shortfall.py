"""Pooled shortfall tests of many markets, clustered by day.

Amounts are divided by the forecast shortfall, so that a small coin and a large one count alike.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import special

from plimsoll.errors import InsufficientDataError
from plimsoll.validation.newey_west import DEFAULT_LAGS, variance_of_sum
from plimsoll.validation.panels.daily_moments import (
    ShortfallPanel,
    by_day,
    clustered_wald,
    wald_power,
)
from plimsoll.validation.panels.day_bootstrap import (
    DAY_BOOTSTRAP,
    DayBootstrap,
    drawn_days,
    resampled_ratios,
    resampled_walds,
)
from plimsoll.validation.shortfall.forecast_law import (
    UNDERSTATEMENT,
    larger_losses,
    understated_label,
)
from plimsoll.validation.tested_forecasts import (
    SIGNIFICANCE,
    Direction,
    ForecastTest,
    Power,
    chosen,
)

Vector = NDArray[np.float64]


def pooled_residual_test(
    panel: ShortfallPanel,
    *,
    direction: Direction = Direction.UNDERSTATED,
    lags: int = DEFAULT_LAGS,
    understatement: float = UNDERSTATEMENT,
    bootstrap: DayBootstrap = DAY_BOOTSTRAP,
) -> ForecastTest:
    """McNeil and Frey pooled: the mean over all breaches of ``L / ES - 1`` is zero.

    A ratio of daily sums, residuals over breaches; its standard error is Newey-West over days, its
    law that of ``bootstrap``: resamples of days, or t with one degree less than there are days
    with a breach.

    Raises
    ------
    InsufficientDataError
        Fewer than three days with a breach.
    """
    residual = np.zeros(panel.loss.shape)
    np.divide(panel.loss, panel.expected_shortfall, out=residual, where=panel.broke)
    residual -= panel.broke
    return _ratio_test(
        panel,
        by_day(residual, panel.time_ns),
        by_day(panel.broke, panel.time_ns),
        name="pooled_residual",
        hypothesis="breaches are on average as large as the shortfall",
        direction=chosen(Direction, direction),
        lags=max(lags, panel.reach_days),
        shift=larger_losses(understatement) - 1.0,
        label=understated_label(understatement),
        bootstrap=bootstrap,
    )


def pooled_z2_test(
    panel: ShortfallPanel,
    confidence: float,
    *,
    direction: Direction = Direction.UNDERSTATED,
    lags: int = DEFAULT_LAGS,
    understatement: float = UNDERSTATEMENT,
    bootstrap: DayBootstrap = DAY_BOOTSTRAP,
) -> ForecastTest:
    """Acerbi and Szekely's Z2 pooled: ``L 1{L > v} / (a ES) - 1`` has mean zero.

    Signed as the other tests here, positive where shortfall is understated (Z2 itself is its
    negative). Looks at the number of breaches too.
    """
    ratio = np.zeros(panel.loss.shape)
    np.divide(
        panel.loss, (1.0 - confidence) * panel.expected_shortfall, out=ratio, where=panel.broke
    )
    ratio -= panel.scored
    return _ratio_test(
        panel,
        by_day(ratio, panel.time_ns),
        by_day(panel.scored, panel.time_ns),
        name="pooled_z2",
        hypothesis="the shortfall is as forecast",
        direction=chosen(Direction, direction),
        lags=max(lags, panel.reach_days),
        shift=larger_losses(understatement) - 1.0,
        label=understated_label(understatement),
        bootstrap=bootstrap,
    )


def pooled_calibration_test(
    panel: ShortfallPanel,
    confidence: float,
    *,
    lags: int = DEFAULT_LAGS,
    understatement: float = UNDERSTATEMENT,
    bootstrap: DayBootstrap = DAY_BOOTSTRAP,
) -> ForecastTest:
    """Nolde and Ziegel pooled: both identification functions have mean zero.

    A Wald statistic of daily sums, judged by resamples of days or by Hotelling's law.
    """
    tail = 1.0 - confidence
    excess = np.zeros(panel.loss.shape)
    np.subtract(panel.loss, panel.value_at_risk, out=excess, where=panel.broke)
    second = excess / tail + np.where(
        panel.scored, panel.value_at_risk - panel.expected_shortfall, 0.0
    )
    np.divide(second, panel.expected_shortfall, out=second, where=panel.scored)
    breaches = by_day(panel.broke, panel.time_ns)
    held = by_day(panel.scored, panel.time_ns)
    moments = np.column_stack((tail * held - breaches, by_day(second, panel.time_ns)))
    used = max(lags, panel.reach_days)
    found = clustered_wald(moments, used, int(np.sum(breaches > 0)))
    shift = np.array([0.0, (larger_losses(understatement) - 1.0) * held.sum()])
    p_value, error, critical = found.p_value, 0.0, None
    law = f"T2(2, {found.denominator_degrees + 1})"
    if bootstrap.resampled:
        drawn = drawn_days(held.size, panel.reach_days, bootstrap)
        null = resampled_walds(
            moments[drawn], moments.sum(axis=0), np.sqrt(np.diag(found.covariance)), used
        )
        p_value, error = null.p_value(found.statistic)
        critical, law = null.critical()[1], bootstrap.name
    return ForecastTest(
        name="pooled_calibration",
        statistic=found.statistic,
        p_value=p_value,
        reference_law=law,
        null="value-at-risk and shortfall are right",
        alternative="either differs",
        observations=int(held.sum()),
        convention=f"clustered by day, Newey-West with {used} daily lags; V2 over shortfall",
        standard_error=error,
        critical_value=critical,
        power_of=partial(wald_power, found, shift, understated_label(understatement), critical),
    )


def _ratio_test(
    panel: ShortfallPanel,
    top: Vector,
    bottom: Vector,
    *,
    name: str,
    hypothesis: str,
    direction: Direction,
    lags: int,
    shift: float,
    label: str,
    bootstrap: DayBootstrap,
) -> ForecastTest:
    days = int(np.sum(by_day(panel.broke, panel.time_ns) > 0))
    if days < 3:
        raise InsufficientDataError(
            "must have three days with a breach", found=days, remedy="pool more markets or days"
        )
    mean = float(top.sum() / bottom.sum())
    error = math.sqrt(float(variance_of_sum(top - mean * bottom, lags))) / float(bottom.sum())
    if not error > 0.0:
        raise InsufficientDataError("breaches must differ", found=error)
    t = mean / error
    p_value, monte_carlo, critical = t_p_value(t, days - 1, direction), 0.0, None
    if bootstrap.resampled:
        drawn = drawn_days(top.size, panel.reach_days, bootstrap)
        null = resampled_ratios(top, bottom, drawn, lags)
        (p_value, monte_carlo), critical = null.p_value(t, direction), null.critical(direction)
    return ForecastTest(
        name=name,
        statistic=t,
        p_value=p_value,
        reference_law=bootstrap.name if bootstrap.resampled else f"t({days - 1})",
        null=hypothesis,
        alternative=f"shortfall {direction}",
        observations=int(panel.scored.sum()),
        convention=(
            f"{direction}, mean {mean:.4f}, {int(panel.broke.sum())} breaches on {days} days, "
            f"Newey-West with {lags} daily lags"
        ),
        standard_error=monte_carlo,
        power_of=partial(t_power, shift / error, days - 1, direction, label, critical),
    )


def t_p_value(t: float, degrees: int, direction: Direction) -> float:
    """p-value of the t law (positive: understated)."""
    below = float(special.stdtr(degrees, t))
    return {
        Direction.UNDERSTATED: 1.0 - below,
        Direction.OVERSTATED: below,
        Direction.TWO_SIDED: 2.0 * min(below, 1.0 - below),
    }[direction]


def t_power(
    shift: float,
    degrees: int,
    direction: Direction,
    label: str,
    critical: tuple[float, float] | None = None,
) -> Power:
    """Power of a t test whose statistic moves by ``shift`` (positive: understated).

    Rejected outside ``critical``, the points of the t law where none are given.
    """
    tail = SIGNIFICANCE / (2.0 if direction is Direction.TWO_SIDED else 1.0)
    point = -float(special.stdtrit(degrees, tail))
    low, high = (-point, point) if critical is None else critical
    upper = 1.0 - float(special.stdtr(degrees, high - shift))
    lower = float(special.stdtr(degrees, low - shift))
    value = {
        Direction.UNDERSTATED: upper,
        Direction.OVERSTATED: lower,
        Direction.TWO_SIDED: upper + lower,
    }[direction]
    return Power(
        value=value,
        size=float("nan"),
        standard_error=0.0,
        alternative=label,
        method="t law moved by the shift, at the estimated standard error",
    )
