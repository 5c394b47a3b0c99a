"""What the venue's structure excludes: which rules conflict, and the smallest way out.

Initial rates are looked for on every millionth up to 1, not only among those offered: so the rate
bound, the lowest leverage and the step between tiers take part as rules, and can be named.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import ROUND_FLOOR, Decimal
from itertools import pairwise

import numpy as np

from plimsoll.calibration.assembly.ladders import Candidate
from plimsoll.calibration.problem import Structure
from plimsoll.calibration.rounding import RATE_DIGITS, initial_rate_of, rate_up
from plimsoll.calibration.structure.diagnosis import diagnose
from plimsoll.calibration.structure.market_rules import ordered_pair
from plimsoll.calibration.structure.rules import LinearRule, Sense
from plimsoll.calibration.structure.tier_rules import (
    link_rule,
    need_rule,
    reaction_rule,
    tier_key,
)
from plimsoll.calibration.structure.variables import GovernedVariable
from plimsoll.calibration.tier_fit import initial_floor
from plimsoll.calibration.tiers.ladder import RateKind
from plimsoll.domain.parameters import Unit

STEP = "tiers.largest_step"
BOUNDS_FIRST = 0.01
"""Weight of bounds on IM against needs, per step of MM: of several ways, needs fall last."""
POINTS = 50
"""Sizes of a tier at which a rate for the whole position is looked at."""


def conflict_of(found: Candidate, structure: Structure, largest_step: Decimal | None = None) -> str:
    """Return why a table's tiers are cut by a bound or its ladder does not exist; else nothing.

    The lowest tier that a bound cuts is diagnosed, with what it needs before the cut, and with
    the tiers above it that lift it by the largest step allowed.
    """
    if found.refusal:
        return f"{found.need.key}: {found.refusal}"
    cut = next((i for i, t in enumerate(found.tiers) if t.initial_bound), None)
    if cut is None:
        return ""
    top = _lifting(found, cut, structure, largest_step)
    places = range(cut, top + 1)
    rates = tuple(_maintenance(found, index, structure) for index in places)
    step = structure.maintenance_rate_step
    needs = tuple(
        need_rule(rate.key, rate_up(_needed(found, index, top), step))
        for index, rate in zip(places, rates, strict=True)
    )
    im = tier_key(found.need.key, cut, "initial_rate")
    rules = (
        *needs,
        *(_step_rule(lower.key, upper.key) for lower, upper in pairwise(rates)),
        link_rule(rates[0].key, im, structure.maintenance_initial_link),
        reaction_rule(rates[0].key, im, initial_floor(Decimal(0), found.need.risk.reaction)),
        replace(ordered_pair(rates[0].key, im), relaxable=False),
        *_initial_bounds(im, structure),
    )
    # A bound below the need alone comes first: what the link asks beyond it is the next question.
    conflicts = diagnose(rates, needs) or diagnose(
        (*rates, _initial(im), *_step(largest_step if top > cut else None, structure)), rules
    )
    return " ".join(str(one).replace("\n", " ") for one in conflicts)


def _maintenance(found: Candidate, index: int, structure: Structure) -> GovernedVariable:
    return GovernedVariable(
        key=tier_key(found.need.key, index, "maintenance_rate"),
        unit=Unit.FRACTION,
        lower=structure.maintenance_rate_step,
        upper=structure.maximum_rate,
        step=structure.maintenance_rate_step,
    )


def _step(largest: Decimal | None, structure: Structure) -> tuple[GovernedVariable, ...]:
    """Return the step between tiers as a value that its bound keeps: one number for all tiers."""
    if largest is None:
        return ()
    return (
        GovernedVariable(
            key=STEP,
            unit=Unit.FRACTION,
            lower=min(largest, structure.maintenance_rate_step),
            upper=largest,
            step=RATE_DIGITS,
        ),
    )


def _step_rule(lower: str, upper: str) -> LinearRule:
    return LinearRule(
        name=f"{upper}: step from {lower}",
        coefficients=((upper, Decimal(1)), (lower, Decimal(-1)), (STEP, Decimal(-1))),
        sense=Sense.AT_MOST,
        bound=Decimal(0),
        text=f"{upper} is at most {STEP} above {lower}",
        relaxable=False,
    )


def _initial(key: str) -> GovernedVariable:
    return GovernedVariable(
        key=key,
        unit=Unit.FRACTION,
        lower=Decimal(0),
        upper=Decimal(1),
        step=RATE_DIGITS,
        bounds_relaxable=False,  # no leverage is below 1
    )


def _initial_bounds(key: str, structure: Structure) -> Iterator[LinearRule]:
    """Yield what keeps an initial rate down: the venue's bound, and its lowest leverage."""
    top, lowest = structure.maximum_rate, min(structure.leverage_grid)
    rate = initial_rate_of(lowest)
    weight = BOUNDS_FIRST * float(RATE_DIGITS / structure.maintenance_rate_step)
    if top < 1:
        yield LinearRule(
            name=f"{key}: maximum rate",
            coefficients=((key, Decimal(1)),),
            sense=Sense.AT_MOST,
            bound=top,
            text=f"{key} is at most {top:f}, the maximum rate",
            relaxation_weight=weight,
            remedy=lambda new: f"raise the maximum rate from {top:f} to {new:f} for {key}",
        )
    if rate < 1:
        yield LinearRule(
            name=f"{key}: lowest leverage",
            coefficients=((key, Decimal(1)),),
            sense=Sense.AT_MOST,
            bound=rate,
            text=f"{key} is at most {rate:f}, the rate of {lowest:f}x, the lowest leverage offered",
            relaxation_weight=weight,
            remedy=lambda new: f"offer {_leverage(new):f}x for {key}, which needs {new:f}",
        )


def _leverage(rate: Decimal) -> Decimal:
    """Return the highest whole leverage whose rate is not below ``rate``."""
    return (1 / rate).to_integral_value(ROUND_FLOOR)


def _lifting(found: Candidate, cut: int, structure: Structure, largest_step: Decimal | None) -> int:
    """Return the highest tier that lifts tier ``cut`` through steps as large as allowed."""
    top = cut
    while largest_step is not None and top + 1 < len(found.tiers):
        now, above = (found.tiers[i].tier.maintenance_rate for i in (top, top + 1))
        least = rate_up(float(above - largest_step), structure.maintenance_rate_step)
        if now > least or found.tiers[top].maintenance_bound:
            break
        top += 1
    return top


def _needed(found: Candidate, index: int, top: int) -> float:
    """Return the rate that a tier needs, uncut: for its slice, or for the whole position."""
    tier = found.tiers[index]
    if index == top and not tier.maintenance_bound:
        return float(tier.tier.maintenance_rate)
    cap = tier.tier.cap_usd
    assert cap is not None  # tiers that are fitted end somewhere
    below = found.tiers[index - 1].tier.cap_usd if index else Decimal(0)
    low, high = float(below or 0), float(cap)
    if found.kind is RateKind.WHOLE:
        sizes = np.linspace(low, high, POINTS + 1)[1:]
        return max(found.promised_usd(float(size)) / float(size) for size in sizes)
    paid = found.promised_usd(low) if low else 0.0
    return (found.promised_usd(high) - paid) / (high - low)
