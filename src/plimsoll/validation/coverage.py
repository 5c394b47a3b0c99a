"""Coverage tests of one series of breaches: Kupiec, Christoffersen, exact binomial.

A breach is a loss strictly above the margin. All tests assume non-overlapping horizons; with
overlapping ones neighbouring breaches share their cause and only `plimsoll.validation.pooled`
gives valid standard errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import ParameterError, UsageError
from plimsoll.validation.binomial import (
    binomial_cdf,
    binomial_pmf,
    binomial_two_sided,
    binomial_upper,
    check_counts,
    check_rate,
    chi_square_survival,
)
from plimsoll.validation.likelihood import (
    first_failure_ratio,
    independence_ratio,
    transition_ratio,
    unconditional_ratio,
)

Flags = NDArray[np.bool_]


class ConditionalCoverage(StrEnum):
    """The two definitions of Christoffersen's joint test; they differ in the second digit.

    ``as_sum``: POF on n horizons plus independence on n - 1 pairs (what rugarch reports).
    ``from_transitions``: null and alternative both on the n - 1 pairs.
    """

    AS_SUM = "as_sum"
    FROM_TRANSITIONS = "from_transitions"


class Alternative(StrEnum):
    """What an exact binomial test looks for."""

    TWO_SIDED = "two_sided"
    TOO_MANY = "too_many"
    TOO_FEW = "too_few"


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelihoodRatio:
    """A likelihood-ratio test: statistic, chi-square p-value and degrees of freedom."""

    statistic: float
    p_value: float
    degrees_of_freedom: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Transitions:
    """Counts of neighbouring pairs: first index the earlier state, 1 = breach."""

    n00: int
    n01: int
    n10: int
    n11: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptanceRegion:
    """Counts that Kupiec's test accepts, and what that acceptance is worth.

    Parameters
    ----------
    lowest, highest : int
        Inclusive.
    size : float
        True probability of rejection at the target rate (the nominal 5 % is asymptotic).
    power : float
        Probability of rejection at ``alternative_rate``.
    alternative_rate : float
    """

    lowest: int
    highest: int
    size: float
    power: float
    alternative_rate: float


def breaches_of(margin: ArrayLike, loss: ArrayLike) -> Flags:
    """Losses strictly above the margin; broadcasts. NaN never breaches, so mask it beforehand."""
    out: Flags = np.asarray(loss, dtype=np.float64) > np.asarray(margin, dtype=np.float64)
    return out


def kupiec_pof(breaches: int, observations: int, breach_rate: float) -> LikelihoodRatio:
    """Kupiec's proportion of failures, chi2(1) under the null (Kupiec, 1995).

    Examples
    --------
    >>> test = kupiec_pof(10, 250, 0.01)
    >>> round(test.statistic, 4), round(test.p_value, 6)
    (12.9555, 0.000319)
    """
    check_rate(breach_rate)
    check_counts(breaches, observations)
    return _likelihood_ratio(float(unconditional_ratio(breaches, observations, breach_rate)), 1)


def kupiec_tuff(breaches: ArrayLike, breach_rate: float) -> LikelihoodRatio:
    """Kupiec's time until first failure, chi2(1); NaN where nothing broke."""
    check_rate(breach_rate)
    return _likelihood_ratio(float(first_failure_ratio(first_breach(breaches), breach_rate)), 1)


def first_breach(breaches: ArrayLike) -> float:
    """Number of the first breach, counted from 1; NaN where nothing broke."""
    flags = breach_flags(breaches)
    return float(np.argmax(flags) + 1) if flags.any() else float("nan")


def count_transitions(breaches: ArrayLike) -> Transitions:
    """Count the n - 1 pairs of neighbouring horizons.

    >>> count_transitions([0, 1, 1, 0, 0])
    Transitions(n00=1, n01=1, n10=1, n11=1)
    """
    flags = breach_flags(breaches)
    before, after = flags[:-1], flags[1:]
    return Transitions(
        n00=int(np.sum(~before & ~after)),
        n01=int(np.sum(~before & after)),
        n10=int(np.sum(before & ~after)),
        n11=int(np.sum(before & after)),
    )


def christoffersen_independence(breaches: ArrayLike) -> LikelihoodRatio:
    """Independence of neighbouring breaches, chi2(1), on n - 1 pairs (Christoffersen, 1998)."""
    t = count_transitions(breaches)
    return _likelihood_ratio(float(independence_ratio(t.n00, t.n01, t.n10, t.n11)), 1)


def conditional_coverage(
    breaches: ArrayLike,
    breach_rate: float,
    definition: ConditionalCoverage = ConditionalCoverage.AS_SUM,
) -> LikelihoodRatio:
    """Right rate and independence together, chi2(2), under a named definition."""
    check_rate(breach_rate)
    t = count_transitions(breaches)
    pairs = (t.n00, t.n01, t.n10, t.n11)
    if definition is ConditionalCoverage.FROM_TRANSITIONS:
        return _likelihood_ratio(float(transition_ratio(*pairs, breach_rate)), 2)
    flags = breach_flags(breaches)
    pof = unconditional_ratio(int(flags.sum()), flags.size, breach_rate)
    return _likelihood_ratio(float(pof + independence_ratio(*pairs)), 2)


def exact_binomial_p(
    breaches: int,
    observations: int,
    breach_rate: float,
    alternative: Alternative = Alternative.TWO_SIDED,
) -> float:
    """Exact p-value of ``breaches`` in ``observations`` independent horizons.

    Two-sided sums all counts no likelier than the one found.

    Examples
    --------
    >>> round(exact_binomial_p(5, 250, 0.01, Alternative.TOO_MANY), 4)
    0.1078
    """
    check_rate(breach_rate)
    check_counts(breaches, observations)
    if alternative is Alternative.TOO_MANY:
        return float(binomial_upper(breaches, observations, breach_rate))
    if alternative is Alternative.TOO_FEW:
        return float(binomial_cdf(breaches, observations, breach_rate))
    return binomial_two_sided(breaches, observations, breach_rate)


def kupiec_acceptance(
    observations: int,
    breach_rate: float,
    *,
    significance: float = 0.05,
    alternative_rate: float | None = None,
) -> AcceptanceRegion:
    """Counts with a POF p-value of at least ``significance``, with true size and power.

    ``alternative_rate`` is twice the target where not given.

    Examples
    --------
    >>> region = kupiec_acceptance(250, 0.01)
    >>> region.lowest, region.highest, round(region.size, 3), round(region.power, 2)
    (1, 6, 0.095, 0.24)
    """
    check_rate(breach_rate)
    check_counts(0, observations)
    if not 0.0 < significance < 1.0:
        raise ParameterError("must lie in (0, 1)", found=significance, field="significance")
    other = 2.0 * breach_rate if alternative_rate is None else alternative_rate
    counts = np.arange(observations + 1)
    ratios = unconditional_ratio(counts, observations, breach_rate)
    accepted = chi_square_survival(ratios, 1) >= significance
    held = np.flatnonzero(accepted)
    return AcceptanceRegion(
        lowest=int(held[0]),
        highest=int(held[-1]),
        size=float(binomial_pmf(observations, breach_rate)[~accepted].sum()),
        power=float(binomial_pmf(observations, other)[~accepted].sum()),
        alternative_rate=other,
    )


def breach_flags(breaches: ArrayLike) -> Flags:
    """Check a series of breaches (booleans, or 0 and 1) and return it as booleans."""
    raw = np.asarray(breaches)
    if raw.ndim != 1 or raw.size == 0:
        raise UsageError("must be a series of at least one horizon", found=raw.shape)
    flags: Flags = raw.astype(np.bool_)
    if raw.dtype != np.bool_ and not np.array_equal(raw, flags):
        raise UsageError("must be True/False or 0/1", found=raw.dtype.name, field="breaches")
    return flags


def _likelihood_ratio(statistic: float, degrees_of_freedom: int) -> LikelihoodRatio:
    return LikelihoodRatio(
        statistic=statistic,
        p_value=float(chi_square_survival(statistic, degrees_of_freedom)),
        degrees_of_freedom=degrees_of_freedom,
    )
