"""The fund's target: what ruin and Cover-k ask, whichever is more."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from plimsoll.calibration.fund.cover import CoverRequirement
from plimsoll.calibration.fund.ruin import RuinRequirement
from plimsoll.calibration.part import CalibratedPart
from plimsoll.domain.canonical import significant
from plimsoll.domain.evidence import Check, Verdict
from plimsoll.domain.parameters import Origin, Parameter, Unit
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.errors import UsageError

FUND = "fund"
"""What the fund's parameters are filed under."""
ONE_SIDED_95 = 1.645
"""Standard errors beyond which a size is proven: 95 % of a normal law, one-sided."""
LARGEST_USD = Decimal(10) ** 15
USD_STEP = Decimal(1000)
LEAST_ERROR_USD = 1.0
"""Less is none: the other demand is too far below to matter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FundTarget:
    """The fund's size and what decides it.

    Parameters
    ----------
    target_usd : Decimal
        Rounded up to a thousand dollars.
    binding : str
        ``ruin`` or ``cover-k``.
    ruin : RuinRequirement
    covers : tuple of CoverRequirement
    covers_required : int
        Members that must be covered; larger ones are shown.
    available_usd : float or None
        What the fund holds today.
    """

    target_usd: Decimal
    binding: str
    ruin: RuinRequirement
    covers: tuple[CoverRequirement, ...]
    covers_required: int
    available_usd: float | None = None


def fund_target(
    ruin: RuinRequirement,
    covers: Sequence[CoverRequirement],
    *,
    covers_required: int = 2,
    available_usd: float | None = None,
) -> FundTarget:
    """Return the larger of the two demands.

    Parameters
    ----------
    ruin : RuinRequirement
    covers : sequence of CoverRequirement
        One must be of ``covers_required`` members.
    """
    required = [cover for cover in covers if cover.members == covers_required]
    if len(required) != 1:
        raise UsageError(
            f"must hold Cover-{covers_required} once",
            found=[cover.members for cover in covers],
            field="covers",
        )
    demands = {f"cover-{covers_required}": required[0].required_usd, "ruin": ruin.required_usd}
    binding = max(demands, key=lambda name: demands[name])
    steps = (Decimal(repr(demands[binding])) / USD_STEP).to_integral_value(ROUND_CEILING)
    return FundTarget(
        target_usd=steps * USD_STEP,
        binding=binding,
        ruin=ruin,
        covers=tuple(covers),
        covers_required=covers_required,
        available_usd=available_usd,
    )


def fund_part(target: FundTarget, *, owner: str, label: str) -> CalibratedPart:
    """Parameters, table and verdict of the fund."""
    ruin = target.ruin
    deviation = _error_of(target)
    error = significant(deviation) if math.isfinite(deviation) else None
    parameter = Parameter(
        market=FUND,
        name="target_usd",
        value=target.target_usd,
        unit=Unit.USD,
        lower=Decimal(0),
        upper=LARGEST_USD,
        grid=USD_STEP,
        owner=owner,
        origin=Origin.CALIBRATED,
        standard_error=error,
    )
    checks = [
        Check(
            name="Inflow of the fund",
            verdict=Verdict.HOLDS if ruin.pays_for_itself else Verdict.BREACH,
            found=f"{ruin.inflow_annual_usd:,.0f} USD a year",
            demanded=f"expected losses, {ruin.expected_loss_annual_usd:,.0f} USD a year",
        )
    ]
    if target.available_usd is not None:
        checks.append(_size_check(target, target.available_usd, deviation))
    return CalibratedPart(
        name=FUND,
        parameters=(parameter,),
        tables=(fund_table(target, label),),
        checks=tuple(checks),
        limits=(
            "The fund is sized on losses as the population of accounts was assumed: its leverage "
            "and concentration are stated, not observed.",
        ),
    )


def _size_check(target: FundTarget, available_usd: float, error_usd: float) -> Check:
    """Hold what the fund has against its target; within the target's error nothing is proven."""
    needed = float(target.target_usd)
    known = math.isfinite(error_usd)
    sure = needed + (ONE_SIDED_95 * error_usd if known else 0.0)
    told = f", s.e. {error_usd:,.0f} USD" if known else ""
    return Check(
        name="Size of the fund",
        verdict=Verdict.BREACH
        if available_usd < needed
        else Verdict.HOLDS
        if available_usd >= sure
        else Verdict.NOT_PROVEN,
        found=f"{available_usd:,.0f} USD",
        demanded=f"{target.target_usd:,} USD ({target.binding}{told}); proven from {sure:,.0f} on",
    )


def _error_of(target: FundTarget) -> float:
    """Standard error of the larger of both demands; NaN where it has none.

    A demand that binds today without an error, as a stated ladder's, does not bind in every
    history. A demand beside it whose error is not known is taken as it stands.
    """
    cover = next(c for c in target.covers if c.members == target.covers_required)
    ruin = target.ruin
    pairs = [
        (ruin.required_usd, ruin.standard_error_usd),
        (cover.required_usd, cover.standard_error_usd),
    ]
    (most, own), (least, other) = pairs if target.binding == "ruin" else pairs[::-1]
    if not math.isfinite(own):
        return math.nan
    found = error_of_larger(most, own, least, other if math.isfinite(other) else 0.0)
    return found if found >= LEAST_ERROR_USD else math.nan


def error_of_larger(first: float, first_error: float, second: float, second_error: float) -> float:
    """Return the standard deviation of the larger of two independent normal amounts.

    By its first two moments (C. E. Clark, The greatest of a finite set of random variables,
    Operations Research 9, 1961). One error may be 0: the amount is certain.

    >>> round(error_of_larger(0.0, 1.0, 0.0, 1.0), 6)  # sqrt(1 - 1 / pi)
    0.825645
    >>> error_of_larger(9.0, 0.0, 1.0, 0.0)
    0.0
    """
    spread = math.hypot(first_error, second_error)
    if spread == 0.0:
        return 0.0
    # About the larger: differences of large amounts would lose the digits.
    top = max(first, second)
    one, two = (first - top) / spread, (second - top) / spread
    below = math.erfc((two - one) / math.sqrt(2.0)) / 2.0
    density = math.exp(-((two - one) ** 2) / 2.0) / math.sqrt(2.0 * math.pi)
    mean = one * below + two * (1.0 - below) + density
    square = (
        (one**2 + (first_error / spread) ** 2) * below
        + (two**2 + (second_error / spread) ** 2) * (1.0 - below)
        + (one + two) * density
    )
    return spread * math.sqrt(max(0.0, square - mean**2))


def fund_table(target: FundTarget, label: str) -> Table:
    """Every demand on the fund."""
    ruin = target.ruin
    rows: list[tuple[Cell, ...]] = [
        (
            f"ruin within a year at {ruin.probability_annual:.2%}",
            ruin.required_usd,
            ruin.standard_error_usd,
            f"{ruin.days:,} days; worst {ruin.worst_day_usd:,.0f} USD; {_tail(ruin)}; expected "
            f"loss {ruin.expected_loss_annual_usd:,.0f}, inflow {ruin.inflow_annual_usd:,.0f} USD "
            f"a year{_books(ruin)}",
        )
    ]
    rows += [
        (
            f"Cover-{cover.members}",
            cover.required_usd,
            cover.standard_error_usd,
            f"{cover.scenario}: {', '.join(d.owner for d in cover.defaults) or 'nobody'}; all "
            f"defaults {cover.all_defaults_usd:,.0f} USD{_seen(cover)}",
        )
        for cover in target.covers
    ]
    money = ColumnKind.MONEY
    return Table(
        name="fund",
        title="Target of the insurance fund",
        columns=(
            Column(name="demand", title="Demand"),
            Column(name="required", title="Required", kind=money, unit="USD", digits=0),
            Column(name="se", title="s.e.", kind=money, unit="USD", digits=0),
            Column(name="about", title="From"),
        ),
        rows=tuple(rows),
        notes=(
            f"Target {target.target_usd:,} USD: {target.binding} binds.",
            f"Losses beyond margin: {label}.",
            "Ruin: the mean over the books of accounts drawn; its s.e. joins blocks of days and "
            "the spread of the books. Cover: days drawn again in blocks, ladders as stated, so "
            "that a ladder which decides has no s.e. The target's is that of the larger of both, "
            "taken as normal and independent.",
        ),
    )


def _tail(ruin: RuinRequirement) -> str:
    if math.isnan(ruin.tail_shape):
        return "no tail law, too few days with a loss"
    return f"tail shape {ruin.tail_shape:.2f}"


def _books(ruin: RuinRequirement) -> str:
    """How far the answer moves with the accounts drawn."""
    if len(ruin.books_usd) < 2:
        return ""
    return (
        f"; {len(ruin.books_usd)} books of accounts ask for {min(ruin.books_usd):,.0f} to "
        f"{max(ruin.books_usd):,.0f} (s.d. {ruin.book_spread_usd:,.0f})"
    )


def _seen(cover: CoverRequirement) -> str:
    if not math.isfinite(cover.seen_usd) or cover.seen_usd >= cover.required_usd:
        return ""
    return f"; days seen alone {cover.seen_usd:,.0f} (s.e. {cover.seen_error_usd:,.0f})"
