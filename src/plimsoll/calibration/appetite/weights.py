"""What each term of the objective weighs: stated, or shared out by profile and capital weight."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields

from plimsoll.calibration.appetite.statement import Profile
from plimsoll.errors import ParameterError, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectiveWeights:
    """Weights of the terms that a margin policy is chosen by; 0 leaves a term out.

    Parameters
    ----------
    capital : float
        Of the mean margin over the yardstick's, both at the yardstick's coverage.
    peak_to_trough : float
        Of largest over smallest margin of a trailing year, less one.
    five_day_call : float
        Of the largest rise over five days.
    churn : float
        Of the mean absolute change of the log margin, a week.
    solvent_liquidations : float
        Of the liquidations, a week, of users who would have been solvent at the next margin call.
    """

    capital: float
    peak_to_trough: float
    five_day_call: float
    churn: float
    solvent_liquidations: float

    def __post_init__(self) -> None:
        for name, weight in self.by_term.items():
            if not 0.0 <= weight < math.inf:
                raise ParameterError(
                    "must not be negative", found=weight, field=f"appetite.weights.{name}"
                )
        if not any(self.by_term.values()):
            raise ParameterError(
                "must not all be 0",
                found=0.0,
                field="appetite.weights",
                remedy=f"give one of {', '.join(TERM_NAMES)} a weight, or leave the section out "
                "for the profile's",
            )

    @property
    def by_term(self) -> dict[str, float]:
        """Weights by name, in order."""
        return {name: float(getattr(self, name)) for name in TERM_NAMES}


TERM_NAMES = tuple(field.name for field in fields(ObjectiveWeights))

WEIGHT_SHARES: Mapping[Profile, Mapping[str, float]] = {
    Profile.CONSERVATIVE: {
        "peak_to_trough": 0.4,
        "five_day_call": 0.3,
        "churn": 0.1,
        "solvent_liquidations": 0.2,
    },
    Profile.MODERATE: {
        "peak_to_trough": 0.5,
        "five_day_call": 0.2,
        "churn": 0.1,
        "solvent_liquidations": 0.2,
    },
    Profile.AGGRESSIVE: {
        "peak_to_trough": 0.5,
        "five_day_call": 0.1,
        "churn": 0.1,
        "solvent_liquidations": 0.3,
    },
}
"""How what the mean margin leaves of the weight is shared out. Ours, and open to argument."""


def objective_weights(
    profile: Profile, capital_weight: float, stated: Mapping[str, float] | None = None
) -> ObjectiveWeights:
    """Return the weights of a profile, ``capital_weight`` on the mean margin, stated ones over all.

    Raises
    ------
    UsageError
        For a name that no term has.
    ParameterError
        A negative weight, or none at all.

    >>> objective_weights(Profile.MODERATE, 0.5).by_term["peak_to_trough"]
    0.25
    """
    stated = stated or {}
    unknown = sorted(set(stated) - set(TERM_NAMES))
    if unknown:
        raise UsageError(
            "must be a term of the objective",
            found=", ".join(unknown),
            field="appetite.weights",
            remedy=f"choose from {', '.join(TERM_NAMES)}",
        )
    rest = 1.0 - capital_weight
    shared = {name: rest * share for name, share in WEIGHT_SHARES[profile].items()}
    return ObjectiveWeights(**{"capital": capital_weight, **shared, **stated})
