"""Scenarios of Derive's portfolio margins: a factor of the price, a rule of volatility, a share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from plimsoll.errors import ParameterError
from plimsoll.scenarios.risk_grid import VolMove

SKEWS = (VolMove.SKEW_LINEAR, VolMove.SKEW_ABS)
MOST_SCENARIOS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class PmrmScenario:
    """One scenario.

    Parameters
    ----------
    price_multiplier : float
        Of the underlying; at least 0. Skew scenarios leave the price where it is, whatever stands
        here.
    vol : VolMove
    fraction : float
        Share of profit or loss that counts; below 1 for far tails. At least 0.

    Raises
    ------
    ParameterError
    """

    price_multiplier: float
    vol: VolMove
    fraction: float = 1.0

    def __post_init__(self) -> None:
        for name in ("price_multiplier", "fraction"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0.0):
                raise ParameterError("must be a number from 0", found=value, field=name)

    @property
    def is_skew(self) -> bool:
        """Whether the smile is tilted or bent."""
        return self.vol in SKEWS

    @property
    def multiplier(self) -> float:
        """What the price is multiplied by."""
        return 1.0 if self.is_skew else self.price_multiplier

    @property
    def name(self) -> str:
        """For tables, e.g. ``-18 % up``."""
        if self.is_skew:
            return self.vol.value.replace("_", " ")
        return f"{100.0 * (self.price_multiplier - 1.0):+g} % {self.vol.value}"


def check_scenarios(scenarios: Sequence[PmrmScenario]) -> None:
    """Refuse what the venue's contract refuses: no scenario, over 40, a skew twice.

    Raises
    ------
    ParameterError
    """
    if not 1 <= len(scenarios) <= MOST_SCENARIOS:
        raise ParameterError(
            f"must be 1 to {MOST_SCENARIOS}", found=len(scenarios), field="scenarios"
        )
    for skew in SKEWS:
        count = sum(scenario.vol is skew for scenario in scenarios)
        if count > 1:
            raise ParameterError(f"must hold {skew.value} once", found=count, field="scenarios")


def pmrm2_scenarios() -> tuple[PmrmScenario, ...]:
    """Return the 31 scenarios of PMRM_2's tests (derivexyz/v2-core at 7736900).

    >>> [s.name for s in pmrm2_scenarios()[:3]]
    ['+18 % up', '+13.5 % down', '+13.5 % none']
    """
    inner = [
        PmrmScenario(price_multiplier=1.0 + 0.045 * step, vol=move)
        for step in (3, 2, 1, 0, -1, -2, -3)
        for move in (VolMove.DOWN, VolMove.NONE, VolMove.UP)
    ]
    tails = ((0.34, 0.66), (0.67, 0.33), (1.5, 0.5), (2.0, 1.0), (3.0, 2.0), (4.0, 3.0))
    return (
        PmrmScenario(price_multiplier=1.18, vol=VolMove.UP),
        *inner,
        PmrmScenario(price_multiplier=0.82, vol=VolMove.UP),
        *(
            PmrmScenario(price_multiplier=price, vol=VolMove.UP, fraction=0.2 * 0.18 / move)
            for price, move in tails
        ),
        *(PmrmScenario(price_multiplier=1.0, vol=skew) for skew in SKEWS),
    )


def pmrm1_scenarios() -> tuple[PmrmScenario, ...]:
    """Return the 21 scenarios of PMRM's tests: +-15 % in steps of 5 %, three volatilities each."""
    return tuple(
        PmrmScenario(price_multiplier=price, vol=move)
        for price in (1.15, 1.1, 1.05, 1.0, 0.95, 0.9, 0.85)
        for move in (VolMove.UP, VolMove.NONE, VolMove.DOWN)
    )
