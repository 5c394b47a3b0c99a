"""Exact size and power of the tests that look at breach counts and transitions only."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import special

from plimsoll.validation.binomial import binomial_pmf, chi_square_survival
from plimsoll.validation.breaches.hit_chain import HitChain, TransitionLaw, transition_law
from plimsoll.validation.coverage import Alternative, ConditionalCoverage
from plimsoll.validation.likelihood import (
    first_failure_ratio,
    independence_ratio,
    transition_ratio,
    unconditional_ratio,
)
from plimsoll.validation.tested_forecasts import SIGNIFICANCE, Power

Vector = NDArray[np.float64]

_TIE = 1.0 + 1e-7


def count_power(
    observations: int, breach_rate: float, p_values: Vector, other_rate: float
) -> Power:
    """Power of any test whose p-value depends on the count; ``p_values`` of counts 0 .. n."""
    rejected = p_values < SIGNIFICANCE
    return Power(
        value=float(binomial_pmf(observations, other_rate)[rejected].sum()),
        size=float(binomial_pmf(observations, breach_rate)[rejected].sum()),
        standard_error=0.0,
        alternative=f"breach rate {other_rate:.4g}",
        method="exact",
    )


def kupiec_power(observations: int, breach_rate: float, other_rate: float) -> Power:
    """Power of the proportion of failures."""
    counts = np.arange(observations + 1)
    ratios = unconditional_ratio(counts, observations, breach_rate)
    return count_power(observations, breach_rate, chi_square_survival(ratios, 1), other_rate)


def exact_binomial_power(
    observations: int, breach_rate: float, alternative: Alternative, other_rate: float
) -> Power:
    """Power of the exact binomial test."""
    p_values = exact_p_values(observations, breach_rate, alternative)
    return count_power(observations, breach_rate, p_values, other_rate)


def exact_p_values(observations: int, breach_rate: float, alternative: Alternative) -> Vector:
    """(n + 1,) exact p-value of each count."""
    pmf = binomial_pmf(observations, breach_rate)
    if alternative is Alternative.TOO_FEW:
        few: Vector = np.cumsum(pmf)
        return few
    if alternative is Alternative.TOO_MANY:
        many: Vector = np.cumsum(pmf[::-1])[::-1]
        return many
    order = np.argsort(pmf, kind="stable")
    summed = np.cumsum(pmf[order])
    last = np.searchsorted(pmf[order], pmf * _TIE, side="right") - 1
    both: Vector = np.minimum(summed[last], 1.0)
    return both


def first_failure_power(observations: int, breach_rate: float, other_rate: float) -> Power:
    """Power of the time until first failure; a series without a breach rejects nothing."""
    v = np.arange(1, observations + 1, dtype=np.float64)
    rejected = chi_square_survival(first_failure_ratio(v, breach_rate), 1) < SIGNIFICANCE
    law = [np.exp(np.log(p) + special.xlog1py(v - 1.0, -p)) for p in (other_rate, breach_rate)]
    return Power(
        value=float(law[0][rejected].sum()),
        size=float(law[1][rejected].sum()),
        standard_error=0.0,
        alternative=f"breach rate {other_rate:.4g}",
        method="exact",
    )


def independence_power(observations: int, null: HitChain, other: HitChain) -> Power:
    """Power of Christoffersen's independence test against a chain of breaches."""
    return chain_power(observations, null, other, independence_p_values)


def conditional_power(
    observations: int,
    breach_rate: float,
    definition: ConditionalCoverage,
    null: HitChain,
    other: HitChain,
) -> Power:
    """Power of conditional coverage, in either definition, against a chain of breaches."""

    def p_values(law: TransitionLaw) -> Vector:
        return conditional_p_values(law, observations, breach_rate, definition)

    return chain_power(observations, null, other, p_values)


def chain_power(
    observations: int,
    null: HitChain,
    other: HitChain,
    p_values: Callable[[TransitionLaw], Vector],
) -> Power:
    """Size and power of a test on transition counts, summed over their exact laws."""
    chances = []
    for chain in (other, null):
        law = transition_law(observations, chain)
        chances.append(float(law.probability[p_values(law) < SIGNIFICANCE].sum()))
    return Power(
        value=chances[0],
        size=chances[1],
        standard_error=0.0,
        alternative=other.label,
        method="exact",
    )


def independence_p_values(law: TransitionLaw) -> Vector:
    """(K,) p-value of each set of counts."""
    ratio = independence_ratio(law.n00, law.n01, law.n10, law.n11)
    out: Vector = chi_square_survival(ratio, 1)
    return out


def conditional_p_values(
    law: TransitionLaw, observations: int, breach_rate: float, definition: ConditionalCoverage
) -> Vector:
    """(K,) p-value of each set of counts."""
    pairs = (law.n00, law.n01, law.n10, law.n11)
    if definition is ConditionalCoverage.FROM_TRANSITIONS:
        ratio = transition_ratio(*pairs, breach_rate)
    else:
        ratio = unconditional_ratio(law.breaches, observations, breach_rate)
        ratio = ratio + independence_ratio(*pairs)
    out: Vector = chi_square_survival(ratio, 2)
    return out
