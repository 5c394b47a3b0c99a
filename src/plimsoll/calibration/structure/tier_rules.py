"""Rules of one market: order of tiers, links between rates, needs from the risk model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import pairwise

from plimsoll.calibration.rounding import initial_rate_of
from plimsoll.calibration.structure.rules import LinearRule, Sense, TableRule
from plimsoll.calibration.structure.variables import Tightening
from plimsoll.errors import ParameterError

ONE = Decimal(1)
NEED_DIGITS = Decimal("0.000000000001")


def rising(keys: Sequence[str], *, by: Decimal = Decimal(0)) -> tuple[LinearRule, ...]:
    """Demand that each value is at least ``by`` above the one before.

    >>> [rule.text for rule in rising(["B/t[0].rate", "B/t[1].rate"])]
    ['B/t[1].rate is not below B/t[0].rate']
    """
    return tuple(
        LinearRule(
            name=f"{higher}: not below {lower}",
            coefficients=((higher, ONE), (lower, -ONE)),
            sense=Sense.AT_LEAST,
            bound=by,
            text=f"{higher} is {_distance(by)}not below {lower}",
        )
        for lower, higher in pairwise(keys)
    )


def falling(keys: Sequence[str], *, by: Decimal = Decimal(0)) -> tuple[LinearRule, ...]:
    """Demand that each value is at least ``by`` below the one before: leverage over tiers."""
    return rising(tuple(reversed(keys)), by=by)


def tier_step_maximum(keys: Sequence[str], largest: Decimal) -> tuple[LinearRule, ...]:
    """Demand that a value rises by at most ``largest`` from one tier to the next."""
    return tuple(
        LinearRule(
            name=f"{higher}: step from {lower}",
            coefficients=((higher, ONE), (lower, -ONE)),
            sense=Sense.AT_MOST,
            bound=largest,
            text=f"{higher} is at most {largest:f} above {lower}",
        )
        for lower, higher in pairwise(keys)
    )


def monotone_tiers(
    market: str,
    tiers: int,
    *,
    rates: Sequence[str] = ("maintenance_rate", "initial_rate"),
    leverage: str | None = None,
    cap: str | None = None,
    cap_rise: Decimal = Decimal(1),
) -> tuple[LinearRule, ...]:
    """Demand that rates do not fall, leverage does not rise, and caps rise by ``cap_rise``."""

    def keys(name: str) -> list[str]:
        return [tier_key(market, tier, name) for tier in range(tiers)]

    ordered = tuple(rule for name in rates for rule in rising(keys(name)))
    levers = falling(keys(leverage)) if leverage else ()
    return (*ordered, *levers, *(rising(keys(cap), by=cap_rise) if cap else ()))


def tier_key(market: str, tier: int, name: str) -> str:
    """Return the key of a tier's parameter.

    >>> tier_key("BTC", 0, "initial_rate")
    'BTC/tier[0].initial_rate'
    """
    return f"{market}/tier[{tier}].{name}"


def link_rule(
    maintenance: str, initial: str, link: Decimal, *, equality: bool = False
) -> LinearRule:
    """Demand maintenance <= link x initial; or that they are equal."""
    word = "equals" if equality else "is at most"
    return LinearRule(
        name=f"{maintenance}: link to {initial}",
        coefficients=((maintenance, ONE), (initial, -link)),
        sense=Sense.EQUAL if equality else Sense.AT_MOST,
        bound=Decimal(0),
        text=f"{maintenance} {word} {link:f} x {initial}",
        remedy=lambda new: f"let {maintenance} exceed {link:f} x {initial} by {new:f}",
    )


def reaction_rule(maintenance: str, initial: str, reaction: float | Decimal) -> LinearRule:
    """Demand initial >= maintenance + what the user's reaction time costs."""
    least = need_decimal(reaction, Tightening.RISING)
    return LinearRule(
        name=f"{initial}: reaction time above {maintenance}",
        coefficients=((initial, ONE), (maintenance, -ONE)),
        sense=Sense.AT_LEAST,
        bound=least,
        text=f"{initial} is at least {_plain(least)} above {maintenance}",
        remedy=lambda new: (
            f"lower the cover of the reaction time over {maintenance} "
            f"from {_plain(least)} to {_plain(new)}"
        ),
    )


def need_rule(
    key: str,
    needed: float | Decimal,
    *,
    tightens: Tightening = Tightening.RISING,
    soft_cost: float | None = None,
    relaxation_weight: float = 1.0,
    standard_error: Decimal | None = None,
    remedy: Callable[[Decimal], str] | None = None,
) -> LinearRule:
    """Demand what the risk model needs: at least ``needed``, or at most where a fall tightens."""
    up = tightens is Tightening.RISING
    bound = need_decimal(needed, tightens)
    word, way = ("at least", "lower") if up else ("at most", "raise")
    return LinearRule(
        name=f"{key}: need",
        coefficients=((key, ONE),),
        sense=Sense.AT_LEAST if up else Sense.AT_MOST,
        bound=bound,
        text=f"{key} needs {word} {_plain(bound)}",
        soft_cost=soft_cost,
        relaxation_weight=relaxation_weight,
        standard_error=standard_error,
        remedy=remedy
        or (lambda new: f"{way} the need of {key} from {_plain(bound)} to {_plain(new)}"),
    )


def coverage_need_rule(
    key: str, needs: Mapping[float, float], level: float, *, soft_cost: float | None = None
) -> LinearRule:
    """Demand the need at a coverage level; advice is given as a coverage.

    Parameters
    ----------
    needs : mapping of float to float
        Need at each of several levels, rising in the level; ``level`` is one of them.
    """
    levels = sorted(needs)
    if level not in needs or any(needs[a] > needs[b] for a, b in pairwise(levels)):
        raise ParameterError(
            f"must rise and have the level {level}", found=dict(needs), field=f"{key}.needs"
        )

    def remedy(new: Decimal) -> str:
        reached = coverage_at(needs, float(new))
        if reached is None:
            return (
                f"lower the coverage of {key} from {_percent(level)} to under {_percent(levels[0])}"
            )
        return f"lower the coverage of {key} from {_percent(level)} to {_percent(reached)}"

    return need_rule(key, needs[level], soft_cost=soft_cost, remedy=remedy)


def coverage_at(needs: Mapping[float, float], value: float) -> float | None:
    """Return the coverage that a value reaches, linear between levels; None below the first."""
    levels = sorted(needs)
    if value < needs[levels[0]]:
        return None
    for low, high in pairwise(levels):
        if value < needs[high]:
            return low + (high - low) * (value - needs[low]) / (needs[high] - needs[low])
    return levels[-1]


def leverage_table(initial: str, leverage: str, leverages: Sequence[Decimal]) -> TableRule:
    """Demand that the initial rate is that of the leverage: 1 / leverage, rounded up."""
    return TableRule(
        name=f"{leverage}: rate",
        keys=(leverage, initial),
        rows=tuple((offered, initial_rate_of(offered)) for offered in leverages),
        text=f"{initial} is the rate of {leverage}",
    )


def need_decimal(needed: float | Decimal, tightens: Tightening) -> Decimal:
    """Return a need as a decimal of 12 digits; what binary floats add is not an estimate."""
    if isinstance(needed, Decimal):
        return needed
    exact = Decimal(f"{needed:.12f}") if abs(needed) < 1e9 else Decimal(needed)
    toward = ROUND_CEILING if tightens is Tightening.RISING else ROUND_FLOOR
    return exact.quantize(NEED_DIGITS, rounding=toward)


def _distance(by: Decimal) -> str:
    return f"at least {by:f} above and " if by > 0 else ""


def _plain(value: Decimal) -> str:
    return f"{float(value):.6g}"


def _percent(level: float) -> str:
    return f"{100 * level:.4g} %"
