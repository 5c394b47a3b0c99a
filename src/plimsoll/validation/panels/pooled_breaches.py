"""Pooled tests of breaches, and of tail severity, of many markets, clustered by day."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from plimsoll.errors import InsufficientDataError, ParameterError, UsageError
from plimsoll.measures import BlockBootstrap
from plimsoll.measures.sample import check_confidence
from plimsoll.validation.binomial import check_rate
from plimsoll.validation.newey_west import (
    DEFAULT_LAGS,
    daily_sums,
    day_numbers,
    variance_of_sum,
)
from plimsoll.validation.overlap.block_indices import BlockResampling, Blocks, drawn_rows
from plimsoll.validation.overlap.overlapping_means import effective_count_power
from plimsoll.validation.panels.daily_moments import by_day, clustered_wald, wald_power
from plimsoll.validation.panels.day_bootstrap import (
    DAY_BOOTSTRAP,
    DayBootstrap,
    NullDraws,
    drawn_hit_moments,
    resampled_walds,
)
from plimsoll.validation.panels.pooled_shortfall import t_p_value, t_power
from plimsoll.validation.pooled import pooled_coverage
from plimsoll.validation.shortfall.costanzino_curran import tail_moments
from plimsoll.validation.shortfall.forecast_law import (
    UNDERSTATEMENT,
    larger_losses,
    scaled_label,
)
from plimsoll.validation.tested_forecasts import Direction, ForecastTest, chosen

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Flags = NDArray[np.bool_]


def pooled_coverage_test(
    breaches: Flags,
    scored: Flags,
    time_ns: NDArray[np.int64],
    horizon_ns: int,
    breach_rate: float,
    *,
    lags: int = DEFAULT_LAGS,
    bootstrap: BlockBootstrap | None = None,
    direction: Direction = Direction.TWO_SIDED,
    other_rate: float | None = None,
) -> ForecastTest:
    """Pooled breach rate of (T, N) market-sides, on its effective sample.

    Arguments as in `plimsoll.validation.pooled.pooled_coverage`, which has the interval too.
    """
    direction = chosen(Direction, direction)
    found = pooled_coverage(
        breaches, scored, time_ns, horizon_ns, breach_rate, lags=lags, bootstrap=bootstrap
    )
    trials = found.observations / found.design_effect
    p_value = {
        Direction.UNDERSTATED: found.p_too_many,
        Direction.OVERSTATED: found.p_too_few,
        Direction.TWO_SIDED: found.p_two_sided,
    }[direction]
    return ForecastTest(
        name="pooled_coverage",
        statistic=found.breach_rate,
        p_value=p_value,
        reference_law=f"binomial, effective sample {trials:.0f}",
        null=f"the breach rate is {breach_rate:.4g}",
        alternative="another breach rate" if direction is Direction.TWO_SIDED else str(direction),
        observations=found.observations,
        convention=f"{direction}, {found.method}, design effect {found.design_effect:.2f}, mid-p",
        power_of=partial(
            effective_count_power, trials, breach_rate, other_rate or 2.0 * breach_rate, direction
        ),
    )


def pooled_dynamic_quantile_test(
    breaches: Flags,
    scored: Flags,
    time_ns: NDArray[np.int64],
    breach_rate: float,
    *,
    lags: int = 1,
    daily_lags: int = 0,
    other_rate: float | None = None,
    bootstrap: DayBootstrap = DAY_BOOTSTRAP,
) -> ForecastTest:
    """Are breaches of the target rate, and not foretold by the market's own last hits?

    Moments ``h_t (1, h_{t-1}, .., h_{t-k})``, ``h = I - p``, of each market with no unscored row
    between, summed over markets by day. Judged by Hotelling's law, or by series of the panel's
    rows drawn anew: what markets share stays, what the past tells is lost.

    Parameters
    ----------
    breaches, scored : (T, N) bool
    time_ns : (T,) int64
    breach_rate : float
    lags : int
        Of the hits.
    daily_lags : int
        Newey-West lags: 0 for horizons that do not overlap, since the moments are martingale
        differences under the null.
    other_rate : float, optional
        Of the power; twice the target.
    bootstrap : DayBootstrap
    """
    check_rate(breach_rate)
    if lags < 0:
        raise ParameterError("must not be negative", found=lags, field="lags")
    if breaches.ndim != 2 or breaches.shape != scored.shape:
        raise UsageError("breaches and scored must be (times, markets) of one shape")
    hit = np.where(scored, breaches - breach_rate, 0.0)
    usable = scored[lags:].copy()
    for lag in range(1, lags + 1):
        usable &= scored[lags - lag : scored.shape[0] - lag]
    if not usable.any():
        raise InsufficientDataError("must have a market scored often enough in a row", found=0)
    response = np.where(usable, hit[lags:], 0.0)
    times = np.asarray(time_ns, dtype=np.int64)[lags:]
    sums = [response.sum(axis=1)]
    for lag in range(1, lags + 1):
        earlier = hit[lags - lag : hit.shape[0] - lag]
        sums.append(np.einsum("ij,ij->i", response, earlier))
    moments = daily_sums(np.column_stack(sums), times)
    days = int(np.sum(by_day(usable & breaches[lags:], times) > 0))
    found = clustered_wald(moments, daily_lags, days)
    other = other_rate or 2.0 * breach_rate
    gap, count = other - breach_rate, float(usable.sum())
    shift = count * np.array([gap] + [gap * gap] * lags)
    p_value, error, critical = found.p_value, 0.0, None
    law = f"T2({lags + 1}, {days - 1})"
    if bootstrap.resampled:
        scale = np.sqrt(np.diag(found.covariance))
        null = _reordered(hit, scored, time_ns, lags, daily_lags, scale, bootstrap)
        p_value, error = null.p_value(found.statistic)
        critical, law = null.critical()[1], f"{bootstrap.resamples} resamples of rows"
    return ForecastTest(
        name="pooled_dynamic_quantile",
        statistic=found.statistic,
        p_value=p_value,
        reference_law=law,
        null=f"breaches of rate {breach_rate:.4g} that past hits do not foretell",
        alternative="another rate, or breaches foretold by past hits",
        observations=int(count),
        convention=f"{lags} lags of hits, clustered by day, {daily_lags} daily lags",
        standard_error=error,
        critical_value=critical,
        power_of=partial(
            wald_power, found, shift, f"breach rate {other:.4g}, independent", critical
        ),
    )


def _reordered(
    hit: Matrix,
    scored: Flags,
    time_ns: NDArray[np.int64],
    lags: int,
    daily_lags: int,
    scale: Vector,
    bootstrap: DayBootstrap,
) -> NullDraws:
    """Statistics of the panel's rows drawn anew; in blocks where horizons overlap."""
    day = day_numbers(time_ns)
    day = day - day[0]
    days = int(day[-1]) + 1
    rows = hit.shape[0]
    block = 1 if daily_lags == 0 else min(rows, (daily_lags + 1) * -(-rows // days))
    drawn = drawn_rows(
        rows,
        BlockResampling(
            length=block,
            replications=bootstrap.resamples,
            seed=bootstrap.seed,
            kind=Blocks.CIRCULAR,
        ),
    )
    moments = drawn_hit_moments(
        np.array(hit), np.array(scored, dtype=np.float64), np.array(day), days, drawn, lags
    )
    center = moments.sum(axis=1).mean(axis=0)
    return resampled_walds(moments, center, scale, daily_lags)


def pooled_severity_test(
    exceedance_chance: ArrayLike,
    time_ns: NDArray[np.int64],
    confidence: float,
    *,
    direction: Direction = Direction.UNDERSTATED,
    lags: int = DEFAULT_LAGS,
    understatement: float = UNDERSTATEMENT,
) -> ForecastTest:
    """Costanzino and Curran pooled: mean tail severity of (T, N) exceedance chances is a / 2."""
    check_confidence(confidence)
    direction = chosen(Direction, direction)
    u = np.asarray(exceedance_chance, dtype=np.float64)
    if u.ndim != 2 or u.shape[0] != np.size(time_ns):
        raise UsageError("must be (times, markets), one time a row", found=u.shape)
    scored = np.isfinite(u)
    severity = np.where(scored, np.maximum(1.0 - u / (1.0 - confidence), 0.0), 0.0)
    top, held = by_day(severity, time_ns), by_day(scored, time_ns)
    days = int(np.sum(top > 0.0))
    if days < 3:
        raise InsufficientDataError("must have three days with a breach", found=days)
    mean, total = float(top.sum() / held.sum()), float(held.sum())
    error = math.sqrt(float(variance_of_sum(top - mean * held, lags))) / total
    t = (mean - tail_moments(confidence)[0]) / error
    p_value = t_p_value(t, days - 1, direction)
    shift = severity_shift(confidence, understatement) / error
    return ForecastTest(
        name="pooled_severity",
        statistic=t,
        p_value=p_value,
        reference_law=f"t({days - 1})",
        null=f"the forecast law is right beyond its {confidence:.4g} quantile",
        alternative=f"tail risk {direction}",
        observations=int(total),
        convention=f"{direction}, {days} days with a breach, Newey-West with {lags} daily lags",
        power_of=partial(
            t_power, shift, days - 1, direction, f"{scaled_label(understatement)} (normal law)"
        ),
    )


def severity_shift(confidence: float, understatement: float) -> float:
    """Mean severity above a / 2 where normal losses are larger than forecast."""
    tail = 1.0 - confidence
    x, w = np.polynomial.legendre.leggauss(64)
    u = 0.5 * tail * (x + 1.0)
    chance = special.ndtr(special.ndtri(u) / larger_losses(understatement))
    return float(0.5 * np.sum(w * chance)) - 0.5 * tail
