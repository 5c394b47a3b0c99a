"""The clamp of funding of every market: by its own rates, by its class, or by all classes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.fees.funding_clamp import (
    ClampRule,
    FundingClamp,
    clamp_for,
    funding_clamp,
)
from plimsoll.calibration.fees.funding_intervals import interval_hours
from plimsoll.calibration.solve import MarketSolution
from plimsoll.domain.finding import Reason
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.domain.tiers import Tier
from plimsoll.errors import InsufficientDataError, UsageError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketClamps:
    """Clamps by market, and why a market has none of its own.

    Parameters
    ----------
    found : mapping of str to FundingClamp
    missing : tuple of rows
        Market, reason, and what it bears instead.
    """

    found: Mapping[str, FundingClamp]
    missing: tuple[tuple[Cell, ...], ...]


def market_clamps(
    proof: Proof,
    rates: Mapping[str, FloatArray],
    times_ns: Mapping[str, IntArray],
    rule: ClampRule,
) -> MarketClamps:
    """Return the clamp of every market that the set holds.

    Parameters
    ----------
    rates : mapping of str to (K,) float64
        Paid by the day of the set.
    times_ns : mapping of str to (K,) int64
        When each was paid; a market without: all its intervals are alike.
    """
    own: dict[str, FundingClamp] = {}
    why: dict[str, tuple[Reason, str]] = {}
    for solution in proof.solutions:
        lowest, market = _tightest(solution), solution.spec.symbol
        if lowest is None:
            continue
        if market not in rates:
            why[market] = (Reason.NO_DATA, "no funding rates")
            continue
        try:
            own[market] = funding_clamp(
                rates[market],
                initial_rate=float(lowest.initial_rate),
                maintenance_rate=float(lowest.maintenance_rate),
                rule=rule,
                hours=interval_hours(times_ns[market]) if market in times_ns else None,
            )
        except InsufficientDataError as error:
            why[market] = (Reason.TOO_SHORT_HISTORY, str(error))
        except UsageError as error:
            why[market] = (Reason.FIT_FAILED, str(error))
    return _with_lent(proof, own, why, times_ns, rule)


def _with_lent(
    proof: Proof,
    own: Mapping[str, FundingClamp],
    why: Mapping[str, tuple[Reason, str]],
    times_ns: Mapping[str, IntArray],
    rule: ClampRule,
) -> MarketClamps:
    """Markets without a clamp of their own bear others' widest premium, within their cushion."""
    found, rows = dict(own), []
    for solution in proof.solutions:
        market = solution.spec.symbol
        if market not in why:
            continue
        reason, about = why[market]
        lent = _lent(proof, solution, own, _last_hours(times_ns.get(market)), rule)
        if isinstance(lent, str):
            told = about if lent == about else f"{about}; {lent}"
            rows.append((market, reason.value, f"{told}: no clamp"))
            continue
        found[market], whose = lent
        rows.append((market, reason.value, f"{about}: bears the widest premium of {whose}"))
    return MarketClamps(found=found, missing=tuple(rows))


def _last_hours(times_ns: IntArray | None) -> float:
    """Interval in force at the end; NaN where it is not known."""
    if times_ns is None:
        return math.nan
    try:
        hours = interval_hours(times_ns)
    except UsageError:
        return math.nan  # told by the market's own reason
    return float(hours[-1]) if hours.size else math.nan


def _lent(
    proof: Proof,
    solution: MarketSolution,
    own: Mapping[str, FundingClamp],
    hours: float,
    rule: ClampRule,
) -> tuple[FundingClamp, str] | str:
    """The clamp and whose premium it is of; or why there is none."""
    lowest = _tightest(solution)
    alike = [c for name, c in own.items() if proof.class_of[name] == solution.spec.risk_class]
    donors = alike or list(own.values())
    if lowest is None or not donors:
        return "no market has rates"
    needed, span = _widest(donors, hours)
    try:
        clamp = clamp_for(
            needed,
            initial_rate=float(lowest.initial_rate),
            maintenance_rate=float(lowest.maintenance_rate),
            rule=rule,
            hours=span,
        )
    except UsageError as error:
        return str(error)
    return clamp, "its class" if alike else "all classes: its own has none"


def _widest(donors: Sequence[FundingClamp], hours: float) -> tuple[float, float]:
    """The most that a donor needs over so many hours, and the hours.

    A market whose interval is not known bears the longest of its donors.
    """
    if not all(math.isfinite(one.hours) for one in donors):
        return max(one.needed for one in donors), math.nan
    span = hours if math.isfinite(hours) else max(one.hours for one in donors)
    return max(one.needed / one.hours for one in donors) * span, span


def _tightest(solution: MarketSolution) -> Tier | None:
    """Return the lowest tier of the side with less between initial and maintenance margin.

    Funding is paid by longs or by shorts, and the clamp is the same for both.
    """
    if solution.sided is None:
        return None
    lowest = (table.tiers[0] for table in solution.sided.by_side)
    return min(lowest, key=lambda tier: tier.initial_rate - tier.maintenance_rate)


def clamp_table(clamps: Mapping[str, FundingClamp], label: str) -> Table:
    """Every clamp, what it needs and what the cushion allows."""
    share = ColumnKind.FRACTION
    return Table(
        name="funding_clamps",
        title="Clamp of funding, an interval",
        columns=(
            Column(name="market", title="Market"),
            Column(name="rate", title="Clamp", kind=share, digits=3),
            Column(name="hours", title="Interval, h", kind=ColumnKind.NUMBER),
            Column(name="needed", title="Needed", kind=share, digits=3),
            Column(name="error", title="s.e.", kind=share, digits=3),
            Column(name="allowed", title="Allowed by IM - MM", kind=share, digits=3),
            Column(name="intervals", title="Intervals", kind=ColumnKind.COUNT),
            Column(name="conflict", title="Conflict"),
        ),
        rows=tuple(
            (
                m,
                float(c.rate),
                c.hours if math.isfinite(c.hours) else None,
                c.needed,
                c.needed_error if c.intervals else None,
                c.allowed,
                c.intervals,
                c.conflict,
            )
            for m, c in clamps.items()
        ),
        notes=(
            label,
            "Of rates as paid: where a clamp bound them, what was needed was more. Rates paid for "
            "other lengths count in proportion to the interval in force at the end.",
            "A market with no interval of its own bears the widest premium an hour of its class, "
            "or of all where its class has none, over its interval, else the longest of theirs.",
        ),
    )
