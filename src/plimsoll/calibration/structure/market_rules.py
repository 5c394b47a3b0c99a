"""Rules between markets and between parameters of collateral and credit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise

from plimsoll.calibration.structure.rules import LinearRule, Sense

ONE = Decimal(1)


def ordered_pair(safer: str, riskier: str, *, gap: Decimal = Decimal(0)) -> LinearRule:
    """Demand that the safer market's value is not above the riskier's, less ``gap``."""
    apart = f" less {gap:f}" if gap else ""
    return LinearRule(
        name=f"{safer}: not above {riskier}",
        coefficients=((riskier, ONE), (safer, -ONE)),
        sense=Sense.AT_LEAST,
        bound=gap,
        text=f"{safer} is not above {riskier}{apart}",
    )


def class_ordering(classes: Sequence[Sequence[str]]) -> tuple[LinearRule, ...]:
    """Demand that no value of a class is above any of the next: large, middle, small markets."""
    return tuple(
        ordered_pair(safer, riskier)
        for upper, lower in pairwise(classes)
        for safer in upper
        for riskier in lower
    )


def budget_rule(
    name: str, shares: Mapping[str, Decimal], most: Decimal, *, text: str = ""
) -> LinearRule:
    """Demand that a weighted sum over markets is at most ``most``: a budget that they share."""
    return LinearRule(
        name=name,
        coefficients=tuple(sorted(shares.items())),
        sense=Sense.AT_MOST,
        bound=most,
        text=text or f"{name} is at most {most:f}",
        remedy=lambda new: f"raise {name} from {most:f} to {new:f}",
    )


def floor_rule(
    name: str, shares: Mapping[str, Decimal], least: Decimal, *, text: str = ""
) -> LinearRule:
    """Demand that a weighted sum is at least ``least``: pooled coverage, income of fees."""
    return LinearRule(
        name=name,
        coefficients=tuple(sorted(shares.items())),
        sense=Sense.AT_LEAST,
        bound=least,
        text=text or f"{name} is at least {least:f}",
        remedy=lambda new: f"lower {name} from {least:f} to {new:f}",
    )


def factor_and_haircut(factor: str, haircut: str) -> LinearRule:
    """Demand that collateral factor and haircut add up to one."""
    return LinearRule(
        name=f"{factor}: complement of {haircut}",
        coefficients=((factor, ONE), (haircut, ONE)),
        sense=Sense.EQUAL,
        bound=ONE,
        text=f"{factor} + {haircut} = 1",
        relaxable=False,
    )


def loan_below_threshold(loan_to_value: str, threshold: str, gap: Decimal) -> LinearRule:
    """Demand that the loan-to-value stays ``gap`` below the liquidation threshold."""
    return LinearRule(
        name=f"{loan_to_value}: below {threshold}",
        coefficients=((threshold, ONE), (loan_to_value, -ONE)),
        sense=Sense.AT_LEAST,
        bound=gap,
        text=f"{loan_to_value} is at least {gap:f} below {threshold}",
    )


def bonus_within_threshold(threshold: str, bonus: str, most: Decimal = ONE) -> LinearRule:
    """Demand that threshold and liquidation bonus together leave the loan covered."""
    return LinearRule(
        name=f"{bonus}: paid within {threshold}",
        coefficients=((threshold, ONE), (bonus, ONE)),
        sense=Sense.AT_MOST,
        bound=most,
        text=f"{threshold} + {bonus} is at most {most:f}",
    )
