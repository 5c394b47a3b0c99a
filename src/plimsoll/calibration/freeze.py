"""Changes that are noise are not made: freeze, then solve the rest again.

A rate whose change against the incumbent is smaller than so many standard errors keeps the
incumbent's value, and the problem is solved again around it: tiers stay monotone and the initial
rate covers the maintenance rate that stands. A tightening is never held back while the
incumbent's pooled coverage is rejected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from plimsoll.calibration.problem import Structure
from plimsoll.calibration.rounding import initial_rate_of
from plimsoll.calibration.tier_fit import (
    FittedTier,
    initial_error,
    initial_floor,
    with_initial,
)
from plimsoll.domain.tiers import TierTable
from plimsoll.errors import ParameterError


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenTiers:
    """Tiers after freezing, with which rates are the incumbent's."""

    tiers: tuple[FittedTier, ...]
    maintenance_frozen: tuple[bool, ...]
    initial_frozen: tuple[bool, ...]


def freeze_tiers(
    candidate: Sequence[FittedTier],
    incumbent: TierTable | None,
    maintenance_error: float,
    reaction_error: float,
    standard_errors: float,
    structure: Structure,
    *,
    coverage_rejected: bool,
) -> FrozenTiers:
    """Keep the incumbent's rates where the change is noise, and re-solve around them.

    Parameters
    ----------
    candidate : sequence of FittedTier
    incumbent : TierTable or None
        Compared tier by tier; one with other caps is another structure and freezes nothing. A
        rate off the venue's grid or above its bound cannot stand, so it is not frozen.
    maintenance_error, reaction_error : float
        Standard errors of the price risks behind the rates.
    standard_errors : float
        How many of them a change must reach; 0 freezes nothing.
    coverage_rejected : bool
        The incumbent's pooled coverage is rejected: tightenings go through.
    """
    none = (False,) * len(candidate)
    if incumbent is None or standard_errors == 0.0 or not comparable(candidate, incumbent):
        return FrozenTiers(tiers=tuple(candidate), maintenance_frozen=none, initial_frozen=none)

    def noise(new: Decimal, old: Decimal, error: float) -> bool:
        if new > old and coverage_rejected:
            return False
        return abs(float(new - old)) < standard_errors * error

    pairs = list(zip(candidate, incumbent.tiers, strict=True))
    maintenance = [
        can_stand(old.maintenance_rate, structure)
        and noise(f.tier.maintenance_rate, old.maintenance_rate, maintenance_error)
        for f, old in pairs
    ]
    initial = [
        initial_can_stand(old.initial_rate, structure)
        and noise(
            f.tier.initial_rate,
            old.initial_rate,
            initial_error(f, structure, maintenance_error, reaction_error),
        )
        for f, old in pairs
    ]
    # Thawing one rate can make its neighbour infeasible, so repeat; a round never freezes.
    for _ in range(2 * len(candidate) + 1):
        solved = _solve(candidate, incumbent, maintenance, initial, structure)
        if not _thaw(solved, maintenance, initial):
            return FrozenTiers(
                tiers=solved,
                maintenance_frozen=tuple(maintenance),
                initial_frozen=tuple(initial),
            )
    raise ParameterError("freezing must end", found=f"{maintenance} {initial}", field="freeze")


def can_stand(maintenance_rate: Decimal, structure: Structure) -> bool:
    """Tell whether a maintenance rate lies on the venue's grid and within its bound."""
    on_grid = maintenance_rate % structure.maintenance_rate_step == 0
    return on_grid and maintenance_rate <= structure.maximum_rate


def initial_can_stand(initial_rate: Decimal, structure: Structure) -> bool:
    """Tell whether an initial rate is that of a leverage the venue offers, within its bound."""
    offered = {initial_rate_of(leverage) for leverage in structure.leverage_grid}
    return initial_rate in offered and initial_rate <= structure.maximum_rate


def comparable(candidate: Sequence[FittedTier], incumbent: TierTable) -> bool:
    """Tell whether the incumbent has the same caps."""
    return [f.tier.cap_usd for f in candidate] == [t.cap_usd for t in incumbent.tiers]


def _solve(
    candidate: Sequence[FittedTier],
    incumbent: TierTable,
    maintenance: Sequence[bool],
    initial: Sequence[bool],
    structure: Structure,
) -> tuple[FittedTier, ...]:
    """Rebuild each tier around the frozen rates; free rates rise to keep the order."""
    solved: list[FittedTier] = []
    for i, (fitted, old) in enumerate(zip(candidate, incumbent.tiers, strict=True)):
        rate = old.maintenance_rate if maintenance[i] else fitted.tier.maintenance_rate
        if solved and not maintenance[i]:
            rate = max(rate, solved[-1].tier.maintenance_rate)
        # A free initial rate is built around the maintenance rate that stands.
        wanted = old.initial_rate if initial[i] else initial_floor(rate, fitted.reaction_risk)
        if solved and not initial[i]:
            wanted = max(wanted, solved[-1].tier.initial_rate)
        solved.append(
            with_initial(
                rate,
                wanted,
                fitted.reaction_risk,
                fitted.tier.cap_usd,
                structure,
                maintenance_bound=fitted.maintenance_bound and not maintenance[i],
            )
        )
    return tuple(solved)


def _thaw(solved: Sequence[FittedTier], maintenance: list[bool], initial: list[bool]) -> bool:
    """Free the rates that contradict their neighbours; tell whether any was freed."""
    thawed = False
    for i, fitted in enumerate(solved):
        below = solved[i - 1].tier if i else None
        falls = below is not None and fitted.tier.maintenance_rate < below.maintenance_rate
        if maintenance[i] and falls:
            maintenance[i], thawed = False, True
        dips = below is not None and fitted.tier.initial_rate < below.initial_rate
        if initial[i] and (dips or fitted.link_binds):
            initial[i], thawed = False, True
    return thawed
