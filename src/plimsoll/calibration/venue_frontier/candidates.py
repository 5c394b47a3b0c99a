"""The margin policies that a venue chooses among: few, designed, calm to lean, tools on and off."""

from __future__ import annotations

from dataclasses import dataclass, replace

from plimsoll.calibration.forecast import LONG_WINDOW_DAYS
from plimsoll.calibration.frontier.grid import BASE, CALM, STRESS_MEMORY
from plimsoll.calibration.frontier.policy import MarginPolicy
from plimsoll.estimators.reference.log_blend import LogBlend

DEFAULT = "log_blend"
"""The walk-forward forecaster as it is, at its own level."""
LONG_FLOOR_YEARS = LONG_WINDOW_DAYS // 365
_FAST = (0.3, 0.2, 0.1, 0.1, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One policy.

    Parameters
    ----------
    policy : MarginPolicy
    on_default : bool
        Its tools are laid on the forecaster's path; else the policy makes its own.
    """

    policy: MarginPolicy
    on_default: bool = False

    @property
    def name(self) -> str:
        """Name in every table."""
        return self.policy.name

    @property
    def tools(self) -> str:
        """Tools in force."""
        return self.policy.tools

    @property
    def is_default(self) -> bool:
        """The forecaster as it is: it needs no level."""
        return self.name == DEFAULT


def venue_candidates(tail: float) -> tuple[Candidate, ...]:
    """Return the policies at a tail probability, the default first; names are unique."""
    plain = MarginPolicy(name=DEFAULT, tail=tail)
    base = _with_tails_of_default(replace(BASE, tail=tail))
    on_default = (
        plain,
        replace(plain, name="log_blend, speed +5/-2 %", rise_limit=0.05, fall_limit=0.02),
        replace(plain, name="log_blend, cap and floor 5-95 %", cap_and_floor=(0.05, 0.95)),
        replace(plain, name="log_blend, buffer 25 %", buffer=0.25),
    )
    own = (
        replace(base, name=CALM.name, reach=CALM.reach),
        replace(base, name="mixed -0.13 to 0.08", reach=(-0.13, 0.08)),
        base,
        replace(base, name="mixed -0.4 to 0.3", reach=(-0.4, 0.3)),
        replace(base, name="mixed -0.8 to 0.8", reach=(-0.8, 0.8)),
        replace(base, name="fast -1.2 to 1.2", weights=_FAST, rest=0.15, reach=(-1.2, 1.2)),
        _with_tails_of_default(replace(STRESS_MEMORY, tail=tail)),
        replace(base, name=f"{base.name}, buffer 25 %", buffer=0.25),
        replace(base, name=f"{base.name}, stress weight 25 %", stress_weight=0.25),
        replace(
            base,
            name=f"{base.name}, long floor 80 %",
            long_floor=0.8,
            long_floor_years=LONG_FLOOR_YEARS,
        ),
        replace(base, name=f"{base.name}, speed +5/-2 %", rise_limit=0.05, fall_limit=0.02),
        replace(base, name=f"{base.name}, cap and floor 5-95 %", cap_and_floor=(0.05, 0.95)),
    )
    return (
        *(Candidate(policy=policy, on_default=True) for policy in on_default),
        *(Candidate(policy=policy) for policy in own),
    )


def _with_tails_of_default(policy: MarginPolicy) -> MarginPolicy:
    """Let levels and tails fade and be mixed as the default forecaster has it."""
    rules = LogBlend()
    return replace(
        policy,
        own_half_life_days=rules.own_half_life_days,
        pool_half_life_days=rules.pool_half_life_days,
        level_tail=rules.level_tail,
        level_prior=rules.level_prior,
        pool_prior=rules.pool_prior,
    )
