"""The coverage tests as results with power: Kupiec, exact binomial, Christoffersen, lights.

The bare statistics stand in `plimsoll.validation.coverage`. Breaches are booleans, or 0 and 1 with
NaN where a horizon was not scored; pairs of neighbours bridge no such horizon. All assume
non-overlapping horizons (`plimsoll.validation.overlap` for the others).
"""

from __future__ import annotations

from functools import partial

from numpy.typing import ArrayLike

from plimsoll.validation.binomial import binomial_upper, check_rate, chi_square_survival
from plimsoll.validation.breaches import coverage_power
from plimsoll.validation.breaches.hit_chain import AFTER_BREACH, clustered, independent
from plimsoll.validation.breaches.scored_hits import scored_hits
from plimsoll.validation.coverage import (
    Alternative,
    ConditionalCoverage,
    exact_binomial_p,
    kupiec_pof,
    kupiec_tuff,
)
from plimsoll.validation.likelihood import (
    independence_ratio,
    transition_ratio,
    unconditional_ratio,
)
from plimsoll.validation.tested_forecasts import ForecastTest, Power, chosen
from plimsoll.validation.traffic_light import zone_limits

_RATE = "the breach rate is {:.4g}"


def kupiec_test(
    breaches: ArrayLike, breach_rate: float, *, other_rate: float | None = None
) -> ForecastTest:
    """Kupiec's proportion of failures, chi2(1); power against ``other_rate`` (twice the target).

    Examples
    --------
    >>> found = kupiec_test([1] * 10 + [0] * 240, 0.01)
    >>> round(found.statistic, 4), round(found.power.value, 2), round(found.power.size, 3)
    (12.9555, 0.24, 0.095)
    """
    series = scored_hits(breaches)
    found = kupiec_pof(series.breaches, series.observations, breach_rate)
    return ForecastTest(
        name="kupiec_pof",
        statistic=found.statistic,
        p_value=found.p_value,
        reference_law="chi2(1)",
        null=_RATE.format(breach_rate),
        alternative="another breach rate",
        observations=series.observations,
        power_of=partial(
            coverage_power.kupiec_power,
            series.observations,
            breach_rate,
            other_rate or 2.0 * breach_rate,
        ),
    )


def exact_binomial_test(
    breaches: ArrayLike,
    breach_rate: float,
    *,
    alternative: Alternative = Alternative.TWO_SIDED,
    other_rate: float | None = None,
) -> ForecastTest:
    """Exact test of the number of breaches; the statistic is the count."""
    alternative = chosen(Alternative, alternative)
    series = scored_hits(breaches)
    count, n = series.breaches, series.observations
    other = other_rate or breach_rate * (0.5 if alternative is Alternative.TOO_FEW else 2.0)
    return ForecastTest(
        name="exact_binomial",
        statistic=float(count),
        p_value=exact_binomial_p(count, n, breach_rate, alternative),
        reference_law=f"binomial({n}, {breach_rate:.4g})",
        null=_RATE.format(breach_rate),
        alternative=str(alternative),
        observations=n,
        convention="two-sided: all counts no likelier than the one found",
        power_of=partial(coverage_power.exact_binomial_power, n, breach_rate, alternative, other),
    )


def first_failure_test(
    breaches: ArrayLike, breach_rate: float, *, other_rate: float | None = None
) -> ForecastTest:
    """Kupiec's time until first failure, chi2(1).

    Where nothing broke the first failure is only known to lie beyond the series: the ratio of a
    breach in the next horizon is given, ``v = n + 1``, and named so.
    """
    check_rate(breach_rate)
    series = scored_hits(breaches)
    listed = series.listed()
    open_end = not listed.any()
    found = kupiec_tuff([*listed.tolist(), True] if open_end else listed, breach_rate)
    return ForecastTest(
        name="kupiec_tuff",
        statistic=found.statistic,
        p_value=found.p_value,
        reference_law="chi2(1)",
        null=_RATE.format(breach_rate),
        alternative="another breach rate",
        observations=series.observations,
        convention="no breach: v = n + 1" if open_end else "v counted in scored horizons, from 1",
        power_of=partial(
            coverage_power.first_failure_power,
            series.observations,
            breach_rate,
            other_rate or 2.0 * breach_rate,
        ),
    )


def independence_test(
    breaches: ArrayLike, breach_rate: float, *, after_breach: float = AFTER_BREACH
) -> ForecastTest:
    """Christoffersen's independence of neighbouring breaches, chi2(1).

    ``breach_rate`` is used for the power only: against a chain of that rate in which a breach
    follows a breach with chance ``after_breach``.
    """
    check_rate(breach_rate)
    series = scored_hits(breaches)
    t = series.transitions()
    statistic = float(independence_ratio(t.n00, t.n01, t.n10, t.n11))
    return ForecastTest(
        name="christoffersen_independence",
        statistic=statistic,
        p_value=float(chi_square_survival(statistic, 1)),
        reference_law="chi2(1)",
        null="a breach says nothing about the next horizon",
        alternative="breaches follow breaches more or less often",
        observations=series.observations,
        convention="n - 1 pairs",
        power_of=partial(
            coverage_power.independence_power,
            series.observations,
            independent(breach_rate),
            clustered(breach_rate, after_breach),
        ),
    )


def conditional_coverage_test(
    breaches: ArrayLike,
    breach_rate: float,
    definition: ConditionalCoverage = ConditionalCoverage.AS_SUM,
    *,
    after_breach: float = AFTER_BREACH,
) -> ForecastTest:
    """Right rate and independence together, chi2(2), in a named definition.

    Power against twice the rate with ``after_breach`` chance of a breach after a breach.
    """
    check_rate(breach_rate)
    definition = chosen(ConditionalCoverage, definition)
    series = scored_hits(breaches)
    n, t = series.observations, series.transitions()
    pairs = (t.n00, t.n01, t.n10, t.n11)
    if definition is ConditionalCoverage.FROM_TRANSITIONS:
        statistic = float(transition_ratio(*pairs, breach_rate))
    else:
        pof = unconditional_ratio(series.breaches, n, breach_rate)
        statistic = float(pof + independence_ratio(*pairs))
    return ForecastTest(
        name="conditional_coverage",
        statistic=statistic,
        p_value=float(chi_square_survival(statistic, 2)),
        reference_law="chi2(2)",
        null=f"independent breaches of rate {breach_rate:.4g}",
        alternative="another rate, or breaches that depend on the last horizon",
        observations=n,
        convention=str(definition),
        power_of=partial(
            coverage_power.conditional_power,
            n,
            breach_rate,
            definition,
            independent(breach_rate),
            clustered(2.0 * breach_rate, after_breach),
        ),
    )


def traffic_light_test(
    breaches: ArrayLike, breach_rate: float, *, other_rate: float | None = None
) -> ForecastTest:
    """Basel's light as a test: the count, and the chance of at least as many.

    Its power is the chance of leaving green. Yellow starts at the count whose cumulative chance
    reaches 95 %, so that its size is above 5 % (10.8 % for 250 horizons at 1 %): read it off.
    """
    check_rate(breach_rate)
    series = scored_hits(breaches)
    count, n = series.breaches, series.observations
    limits = zone_limits(n, breach_rate)
    return ForecastTest(
        name="traffic_light",
        statistic=float(count),
        p_value=float(binomial_upper(count, n, breach_rate)),
        reference_law=f"binomial({n}, {breach_rate:.4g})",
        null=_RATE.format(breach_rate),
        alternative="a higher breach rate",
        observations=n,
        convention=(
            f"{limits.zone(count)}: yellow from {limits.yellow_from}, red from {limits.red_from}"
        ),
        power_of=partial(
            _light_power, n, breach_rate, limits.yellow_from, other_rate or 2.0 * breach_rate
        ),
    )


def _light_power(n: int, breach_rate: float, yellow_from: int, other_rate: float) -> Power:
    return Power(
        value=float(binomial_upper(yellow_from, n, other_rate)),
        size=float(binomial_upper(yellow_from, n, breach_rate)),
        standard_error=0.0,
        alternative=f"breach rate {other_rate:.4g} leaves green",
        method="exact",
    )
