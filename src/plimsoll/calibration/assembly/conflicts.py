"""What the venue's structure excludes: which rules conflict, and the smallest way out."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from plimsoll.calibration.assembly.joint import initial_choices
from plimsoll.calibration.assembly.ladders import Candidate
from plimsoll.calibration.problem import Structure
from plimsoll.calibration.rounding import rate_up
from plimsoll.calibration.structure.diagnosis import diagnose
from plimsoll.calibration.structure.tier_rules import (
    link_rule,
    need_rule,
    reaction_rule,
    tier_key,
)
from plimsoll.calibration.structure.variables import GovernedVariable
from plimsoll.calibration.tiers.ladder import RateKind
from plimsoll.domain.parameters import Unit

POINTS = 50
"""Sizes of a tier at which a rate for the whole position is looked at."""


def conflict_of(found: Candidate, structure: Structure) -> str:
    """Return why a table's tiers are cut by a bound or its ladder does not exist; else nothing.

    The lowest tier that a bound cuts is diagnosed, with what it needs before the cut.
    """
    if found.refusal:
        return f"{found.need.key}: {found.refusal}"
    cut = next((i for i, t in enumerate(found.tiers) if t.initial_bound), None)
    if cut is None:
        return ""
    mm, im = (tier_key(found.need.key, cut, name) for name in ("maintenance_rate", "initial_rate"))
    needed = _needed(found, cut)
    variables = (
        GovernedVariable(
            key=mm,
            unit=Unit.FRACTION,
            lower=structure.maintenance_rate_step,
            upper=structure.maximum_rate,
            step=structure.maintenance_rate_step,
        ),
        GovernedVariable(
            key=im,
            unit=Unit.FRACTION,
            lower=min(initial_choices(structure)),
            upper=max(initial_choices(structure)),
            values=initial_choices(structure),
        ),
    )
    need = need_rule(mm, rate_up(needed, structure.maintenance_rate_step))
    rules = (
        need,
        link_rule(mm, im, structure.maintenance_initial_link),
        reaction_rule(mm, im, found.need.risk.reaction),
    )
    # A bound below the need alone comes first: what the link asks beyond it is the next question.
    conflicts = diagnose(variables[:1], (need,)) or diagnose(variables, rules)
    return " ".join(str(one).replace("\n", " ") for one in conflicts)


def _needed(found: Candidate, cut: int) -> float:
    """Return the rate that a tier needs, uncut: for its slice, or for the whole position."""
    tier = found.tiers[cut]
    if not tier.maintenance_bound:
        return float(tier.tier.maintenance_rate)
    cap = tier.tier.cap_usd
    assert cap is not None  # tiers that are fitted end somewhere
    below = found.tiers[cut - 1].tier.cap_usd if cut else Decimal(0)
    low, top = float(below or 0), float(cap)
    if found.kind is RateKind.WHOLE:
        sizes = np.linspace(low, top, POINTS + 1)[1:]
        return max(found.promised_usd(float(size)) / float(size) for size in sizes)
    paid = found.promised_usd(low) if low else 0.0
    return (found.promised_usd(top) - paid) / (top - low)
