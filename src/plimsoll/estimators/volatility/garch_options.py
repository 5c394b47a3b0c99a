"""Named options of volatility models, recorded in every fitted model."""

from __future__ import annotations

from typing import Literal, get_args

from plimsoll.errors import ParameterError
from plimsoll.maths.garch_family_fit import NORMAL, SKEWED, STUDENT
from plimsoll.maths.garch_family_likelihood import (
    START_FIRST_VARIANCE,
    START_FIXED,
    START_SQUARED_RESIDUALS,
)
from plimsoll.maths.garch_fit import START_ARCH_BACKCAST, START_SAMPLE_VARIANCE

Innovations = Literal["normal", "t", "skewt"]
"""Normal, unit-variance Student-t, or Hansen's skewed Student-t."""
Mean = Literal["constant", "zero"]
VarianceStart = Literal[
    "arch_backcast", "sample_variance", "squared_residuals", "first_squared_residuals"
]
"""Pre-sample variance (it stands for the squared shock before the first return too):

``arch_backcast``            first 75 squared residuals from the sample mean, weighted ``0.94**i``
``sample_variance``          mean squared residual from the sample mean
``squared_residuals``        mean squared residual from the *current* mean (Fiorentini, Calzolari
                             and Panattoni; fGarch)
``first_squared_residuals``  the same number, but as the variance of the first return itself
                             (rugarch)
"""
PersistenceRule = Literal["stationary", "capped", "unconstrained"]
"""At most 1 (arch), at most ``persistence_cap``, or free (fGarch)."""

EgarchBounds = Literal["nonnegative", "arch"]
"""EGARCH: ``alpha >= 0`` and ``0 <= beta``, or only the latter, as arch.

With a negative size term (volatility falls after a large move) small differences of the start grow
instead of fading: the filter cannot be inverted and its optima are spurious.
"""

DEFAULT_PERSISTENCE_CAP = 0.995
STATIONARY_CAP = 1.0
UNCONSTRAINED_LIMIT = 2.0
"""A limit no series of returns reaches: beyond it the recursion overflows within a sample."""
START_CODES = {
    "arch_backcast": START_ARCH_BACKCAST,
    "sample_variance": START_SAMPLE_VARIANCE,
}
"""Starts that do not move with the estimated mean."""
LAW_CODES = {"normal": NORMAL, "t": STUDENT, "skewt": SKEWED}


def check_choice(value: object, options: object, *, field: str) -> None:
    """Raise :class:`ParameterError` unless ``value`` is one of a ``Literal``'s options."""
    allowed = get_args(options)
    if value not in allowed:
        raise ParameterError(
            f"must be one of {', '.join(map(repr, allowed))}", found=value, field=field
        )


def persistence_limit(rule: PersistenceRule, cap: float) -> float:
    """Upper limit of the persistence: 1 if stationary, the cap if capped, 2 if unconstrained."""
    if not 0.0 < cap <= 1.0:
        raise ParameterError("must lie in (0, 1]", found=cap, field="persistence_cap")
    if rule == "unconstrained":
        return UNCONSTRAINED_LIMIT
    return STATIONARY_CAP if rule == "stationary" else cap


def start_code(rule: VarianceStart) -> int:
    """The family kernels' code of a variance start."""
    moving = {
        "squared_residuals": START_SQUARED_RESIDUALS,
        "first_squared_residuals": START_FIRST_VARIANCE,
    }
    return moving.get(rule, START_FIXED)


def check_options(
    innovations: str, mean: str, variance_start: str, rule: PersistenceRule, cap: float
) -> None:
    """Raise :class:`ParameterError` where an option of the family is none of its choices."""
    check_choice(innovations, Innovations, field="innovations")
    check_choice(mean, Mean, field="mean")
    check_choice(variance_start, VarianceStart, field="variance_start")
    check_choice(rule, PersistenceRule, field="persistence_rule")
    persistence_limit(rule, cap)
