"""Mixtures of scenario sets: legs with shares of the weight.

The law of a mixture is the mixture of the legs' laws. Expected shortfall is concave in it: that of
a mixture is at least the legs' average by share. A leg that is milder than the rest dilutes it all
the same: what must never fall by more scenarios is a worst case, or a maximum of models.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plimsoll.domain.scenario import ScenarioSet
from plimsoll.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One part of a mixture.

    Parameters
    ----------
    name : str
        Goes before the names of its scenarios.
    scenarios : ScenarioSet
    share : float
        Of the weight, positive.
    """

    name: str
    scenarios: ScenarioSet
    share: float


def mixture(legs: Sequence[Leg]) -> ScenarioSet:
    """Return all scenarios of the legs, each with its weight times the leg's share.

    Factors are those of the first leg, in its order. Every leg must move the same ones: what a leg
    does not say is not taken as unmoved.

    Raises
    ------
    UsageError
        For no leg or one twice, shares that are not positive or do not add up to one within 1e-9,
        and factors that differ.

    Examples
    --------
    >>> from plimsoll.domain.scenario import Factor, equal_weights
    >>> calm, stress = (
    ...     ScenarioSet(
    ...         names=("down", "up"),
    ...         factors=(Factor(subject="BTC"),),
    ...         shocks=np.array([[-x], [x]]),
    ...         weights=equal_weights(2),
    ...     )
    ...     for x in (0.05, 0.3)
    ... )
    >>> both = mixture(
    ...     [
    ...         Leg(name="history", scenarios=calm, share=0.75),
    ...         Leg(name="stress", scenarios=stress, share=0.25),
    ...     ]
    ... )
    >>> both.names[2], both.weights.tolist()
    ('stress: down', [0.375, 0.375, 0.125, 0.125])
    """
    names = [leg.name for leg in legs]
    if not names or len(set(names)) != len(names):
        raise UsageError("must be at least one leg, each once", found=names, field="legs")
    shares = [leg.share for leg in legs]
    if min(shares) <= 0.0 or abs(sum(shares) - 1.0) > 1e-9:
        raise UsageError("must be positive and add up to one", found=shares, field="share")
    first = legs[0].scenarios
    for leg in legs[1:]:
        _check_factors(first, leg)
    return ScenarioSet(
        names=tuple(f"{leg.name}: {name}" for leg in legs for name in leg.scenarios.names),
        factors=first.factors,
        shocks=np.concatenate(
            [
                leg.scenarios.shocks[:, [leg.scenarios.column(f) for f in first.factors]]
                for leg in legs
            ]
        ),
        weights=np.concatenate([leg.share * leg.scenarios.weights for leg in legs]),
    )


def _check_factors(first: ScenarioSet, leg: Leg) -> None:
    apart = set(first.factors) ^ set(leg.scenarios.factors)
    if apart:
        raise UsageError(
            "all legs must move the same factors",
            found=sorted(factor.label for factor in apart),
            field=f"leg {leg.name}",
            remedy="add their shocks, zeros if they shall not move",
        )
