"""What a policy must hold on the days known at a review, and by how much it does not."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import combinations

from plimsoll.calibration.problem import Gate
from plimsoll.calibration.venue_frontier.terms import PolicyTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontierLimits:
    """Limits of the choice.

    Parameters
    ----------
    target : float
        Breach rate.
    gate : Gate
        Bands of rates, as shares of the target, and days that a market needs to be counted.
    peak_to_trough, five_day_rise : float
    uncovered : float
        Largest losses beyond margins, as a share of margins.
    reaction_target : float
        Rate at which losses over the reaction time may exceed what initial margin adds.
    fund_usd : float or None
        Most that the worst days may take from the fund on the mean; None: no fund is stated.
    ask_quartile : bool
        Whether the venue has markets enough for the worst quartile.
    lower_bounds : bool
        False where a tool that the rulebook demands raises margins: only too many breaches are a
        fault then.
    """

    target: float
    gate: Gate
    peak_to_trough: float
    five_day_rise: float
    uncovered: float
    reaction_target: float
    fund_usd: float | None = None
    ask_quartile: bool = True
    lower_bounds: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """One constraint that a policy does not hold.

    Parameters
    ----------
    kind : str
        Of constraint; years and sides are one kind each.
    found, limit, excess : float
        What was found, the bound that it passes, and by what share of the bound.
    """

    kind: str
    found: float
    limit: float
    excess: float

    @property
    def too_high(self) -> bool:
        """The upper end is passed, not the lower."""
        return self.found > self.limit


PEAK, RISE = "peak to trough", "5-day rise"
POOLED, SIDES, YEARS = "pooled coverage", "coverage of each side", "coverage of every year"
QUARTILE, UNCOVERED = "worst quartile", "uncovered loss"
PEAK_INITIAL, RISE_INITIAL = "peak to trough of IM", "5-day rise of IM"
REACTION, FUND = "reaction coverage", "fund's worst days"
UNMEASURED = "unmeasured terms"


def shortfalls(terms: PolicyTerms, limits: FrontierLimits) -> tuple[Shortfall, ...]:
    """Every constraint that is broken; the worst one of each kind, at each end of its band."""
    worst: dict[tuple[str, bool], Shortfall] = {}
    for one in _all(terms, limits):
        key = one.kind, one.too_high
        if key not in worst or one.excess > worst[key].excess:
            worst[key] = one
    return tuple(worst.values())


def unmeasured(terms: PolicyTerms, measurable: frozenset[str]) -> tuple[Shortfall, ...]:
    """One fault that no relaxation mends, where a policy lacks a term that another has."""
    missing = len(terms.lacks(measurable))
    if not missing:
        return ()
    return (Shortfall(kind=UNMEASURED, found=float(missing), limit=0.0, excess=math.inf),)


def _kinds(broken: tuple[Shortfall, ...]) -> frozenset[str]:
    return frozenset(one.kind for one in broken)


def _all(terms: PolicyTerms, limits: FrontierLimits) -> Iterator[Shortfall]:
    lines, target = limits.gate.lines, limits.target
    for kinds, leg in (
        ((PEAK, RISE), terms.maintenance),
        ((PEAK_INITIAL, RISE_INITIAL), terms.initial),
    ):
        yield from _above(kinds[0], leg.peak_to_trough, limits.peak_to_trough, base=1.0)
        yield from _above(kinds[1], leg.call_5, limits.five_day_rise)
    bands = [
        (POOLED, terms.pooled, lines.pooled),
        *((SIDES, rate, lines.side) for rate in terms.sides),
        *((YEARS, rate, lines.year) for rate in terms.years.values()),
    ]
    for kind, rate, (low, high) in bands:
        yield from _above(kind, rate, high * target)
        least = low * target
        if limits.lower_bounds and rate < least:
            yield Shortfall(kind=kind, found=rate, limit=least, excess=1.0 - rate / least)
    if limits.ask_quartile:
        yield from _above(QUARTILE, terms.worst_quartile, lines.worst_quartile * target)
    yield from _above(REACTION, terms.reaction, lines.pooled[1] * limits.reaction_target)
    yield from _above(UNCOVERED, terms.uncovered, limits.uncovered)
    if limits.fund_usd is not None and terms.fund_draw_usd is not None:
        yield from _above(FUND, terms.fund_draw_usd, limits.fund_usd)


def _above(kind: str, found: float, most: float, base: float = 0.0) -> Iterator[Shortfall]:
    """Nothing where the figure is not known yet."""
    if found > most:
        excess = (found - base) / (most - base) - 1.0
        yield Shortfall(kind=kind, found=found, limit=most, excess=excess)


def infeasibility(found: Mapping[str, tuple[Shortfall, ...]]) -> str:
    """Which constraints conflict, and the smallest relaxation; empty where a policy holds all.

    A relaxation is of as few kinds of constraint as possible, and of those the one by the least
    share of its bounds; every single kind whose relaxation alone would do is named.
    """
    if not found or any(not broken for broken in found.values()):
        return ""
    measured = {n: broken for n, broken in found.items() if UNMEASURED not in _kinds(broken)}
    if not measured:
        return f"No policy of {len(found)} has every term of the objective that another has."
    fewest = min(len(_kinds(broken)) for broken in measured.values())
    kinds = sorted({one.kind for broken in measured.values() for one in broken})
    told = []
    for group in combinations(kinds, fewest):
        able = {name: broken for name, broken in measured.items() if _kinds(broken) == set(group)}
        if able:
            name = min(able, key=lambda n: (sum(one.excess for one in able[n]), n))
            told.append((sum(one.excess for one in able[name]), name, able[name]))
    told.sort(key=lambda one: (one[0], one[1]))
    wishes = "; or ".join(_wish(name, broken) for _, name, broken in told)
    return f"No policy of {len(found)} holds every constraint. Smallest relaxation: {wishes}."


def _wish(name: str, broken: tuple[Shortfall, ...]) -> str:
    each = " and ".join(_told(one) for one in broken)
    return f"{each} ({name}), with all other constraints held"


def _told(one: Shortfall) -> str:
    bound = "at most" if one.too_high else "at least"
    unit, scale = (" USD", 1) if one.kind == FUND else ("%", 100)
    if one.kind in (PEAK, PEAK_INITIAL):
        unit, scale = "", 1
    limit, wish = (scale * _digits(value, LIMIT_DIGITS) for value in (one.limit, one.found))
    wish = _rounded(wish, ROUND_CEILING if one.too_high else ROUND_FLOOR)
    return f"{one.kind} of {bound} {_plain(limit)}{unit}: {_plain(wish)}{unit} would do"


LIMIT_DIGITS, WISH_DIGITS = 12, 4
"""Significant digits: of a stated number without its float's noise, and of what would do."""


def _digits(value: float, digits: int) -> Decimal:
    return Decimal(f"{value:.{digits}g}") if math.isfinite(value) else Decimal("Infinity")


def _rounded(value: Decimal, rounding: str) -> Decimal:
    """Round to `WISH_DIGITS` significant digits, away from the limit: what is told would do."""
    if not value.is_finite() or not value:
        return value
    return value.quantize(Decimal(1).scaleb(value.adjusted() + 1 - WISH_DIGITS), rounding)


def _plain(value: Decimal) -> str:
    if not value.is_finite():
        return "any"
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
