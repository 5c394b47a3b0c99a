"""Tiers as a venue lists them, and the checks that make them one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal
from itertools import pairwise

from plimsoll.adapters.tier_tables.faults import FaultLog, Place
from plimsoll.domain.tiers import Tier, TierTable
from plimsoll.margin.tiered.columns import TierMeasure

_CEILING = Context(prec=28, rounding=ROUND_CEILING)
_EXACT = Context(prec=60)
_SMALLEST = Decimal("1e-50")
_FOUR_PLACES = Decimal("0.0001")


@dataclass(frozen=True, slots=True, kw_only=True)
class TierRow:
    """One tier with the keys its numbers stand under, for faults.

    Parameters
    ----------
    number : int or None
        As the venue counts; None where it does not.
    floor : Decimal or None
        None where the schema has none.
    cap : Decimal or None
        None for no end.
    maintenance_rate, initial_rate, max_leverage : Decimal
    initial_given : bool
        Whether the file says the initial rate itself.
    deduction : Decimal or None
        The venue's own.
    next_lot : bool
        Whether the floor may lie one lot above the cap before.
    """

    number: int | None
    floor: Decimal | None
    cap: Decimal | None
    maintenance_rate: Decimal
    initial_rate: Decimal
    max_leverage: Decimal
    initial_given: bool = False
    deduction: Decimal | None = None
    next_lot: bool = False

    def tier(self) -> Tier:
        """The tier of the domain; its cap counts in the table's measure."""
        return Tier(
            cap_usd=self.cap,
            maintenance_rate=self.maintenance_rate,
            initial_rate=self.initial_rate,
            max_leverage=self.max_leverage,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RowNames:
    """Keys of a schema's numbers, as faults name them; whether tiers count 1, 2, 3."""

    number: str = "tier"
    floor: str = "floor"
    cap: str = "cap"
    maintenance: str = "maintenance_rate"
    initial: str = "initial_rate"
    leverage: str = "max_leverage"
    deduction: str = "deduction"
    is_counted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketTiers:
    """The tiers of one market, what their caps count, and whether rates hold for the whole."""

    tiers: tuple[Tier, ...]
    measure: TierMeasure = TierMeasure.NOTIONAL
    whole: bool = False

    @property
    def table(self) -> TierTable:
        """What the tier model takes, together with ``measure``."""
        return TierTable(self.tiers)


def rate_of_leverage(leverage: Decimal) -> Decimal:
    """Return the initial rate that a highest leverage means, rounded up at 28 digits."""
    return _CEILING.divide(Decimal(1), leverage)


def says_leverage(rate: Decimal, leverage: Decimal) -> bool:
    """Whether a rate is one over the leverage, to the last digit it or the leverage is printed in.

    Venues print either with few digits, rounded or cut: 0.0133 and 0.013 go with 75, 66.67 with
    0.015; a rate of fewer than four places is taken at three.

    >>> says_leverage(Decimal("0.0133"), Decimal(75)), says_leverage(Decimal("0.02"), Decimal(75))
    (True, False)
    """
    near = abs(1 / leverage - rate) < min(_last_place(rate), Decimal("0.001"))
    coarse = min(_last_place(leverage), Decimal("0.1"))
    return near or abs(1 / rate - leverage) < coarse


def is_rounded_inverse(rate: Decimal, leverage: Decimal) -> bool:
    """Whether a rate is one over the leverage, rounded up at four places or more."""
    above = _EXACT.subtract(rate, _EXACT.divide(Decimal(1), leverage))
    return -_SMALLEST <= above < min(_last_place(rate), _FOUR_PLACES) + _SMALLEST


def check_rows(log: FaultLog, market: str, rows: Sequence[TierRow], names: RowNames) -> None:
    """Note everything that keeps ``rows`` from being one table."""
    for index, row in enumerate(rows):
        place = Place(market=market, tier=index + 1)
        _check_row(log, place, row, names, first=index == 0, last=index == len(rows) - 1)
    for index, (lower, upper) in enumerate(pairwise(rows), start=2):
        _check_step(log, Place(market=market, tier=index), lower, upper, names)
    _check_deductions(log, market, rows, names)


def _check_row(
    log: FaultLog, place: Place, row: TierRow, names: RowNames, *, first: bool, last: bool
) -> None:
    if first and row.floor:
        log.add(
            place, names.floor, row.floor, "the first tier must start at 0", "add the tiers below"
        )
    if row.floor is not None and row.cap is not None and row.cap <= row.floor:
        log.add(
            place, names.cap, row.cap, f"is not above the floor {row.floor}", "order floor, cap"
        )
    if row.cap is None and not last:
        log.add(place, names.cap, row.cap, "only the last tier may be open", "give it a cap")
    if row.maintenance_rate > row.initial_rate:
        log.add(
            place,
            names.maintenance,
            row.maintenance_rate,
            f"is above the initial rate {row.initial_rate:.6g}: is it a per cent?",
            "lower it, or the leverage; write 1 % as 0.01",
        )
    if row.initial_given and says_leverage(row.initial_rate / 100, row.max_leverage):
        problem = f"is a per cent where a fraction belongs: the leverage is {row.max_leverage}"
        log.add(place, names.initial, row.initial_rate, problem, "write 1 % as 0.01")
    elif row.initial_given and not says_leverage(row.initial_rate, row.max_leverage):
        log.add(
            place,
            names.leverage,
            row.max_leverage,
            f"contradicts the initial rate {row.initial_rate}",
            f"1 / {row.initial_rate} is {1 / row.initial_rate:.6g}",
        )


def _check_step(
    log: FaultLog, place: Place, lower: TierRow, upper: TierRow, names: RowNames
) -> None:
    if lower.number is not None and upper.number is not None:
        if upper.number == lower.number:
            log.add(place, names.number, upper.number, "is a duplicate tier", "keep one of them")
        elif upper.number < lower.number:
            log.add(place, names.number, upper.number, "is out of order", "order the tiers")
        elif names.is_counted and upper.number > lower.number + 1:
            problem = f"skips from {lower.number}: is a tier missing?"
            log.add(place, names.number, upper.number, problem, "number the tiers 1, 2, 3")
    _check_bounds(log, place, lower, upper, names)
    for name, below, above in (
        (names.maintenance, lower.maintenance_rate, upper.maintenance_rate),
        (names.initial, lower.initial_rate, upper.initial_rate),
    ):
        derived = name == names.initial and not upper.initial_given
        if above < below and not derived:
            log.add(place, name, above, f"falls from {below}", "let rates rise from tier to tier")
    if upper.max_leverage > lower.max_leverage:
        problem = f"rises from {lower.max_leverage}"
        log.add(place, names.leverage, upper.max_leverage, problem, "let leverage fall")


def _check_bounds(
    log: FaultLog, place: Place, lower: TierRow, upper: TierRow, names: RowNames
) -> None:
    if lower.cap is None:
        return
    if upper.floor is not None:
        gap = upper.floor - lower.cap
        if gap > 0 and not (upper.next_lot and gap <= 1):
            log.add(place, names.floor, upper.floor, f"leaves a gap above {lower.cap}", "close it")
        if gap < 0:
            log.add(
                place, names.floor, upper.floor, f"overlaps the tier to {lower.cap}", "part them"
            )
    if upper.cap is not None and upper.cap == lower.cap:
        log.add(place, names.cap, upper.cap, "is a duplicate tier: same cap", "keep one of them")
    elif upper.cap is not None and upper.cap < lower.cap:
        log.add(place, names.cap, upper.cap, f"falls from {lower.cap}", "order the tiers by cap")


def _check_deductions(log: FaultLog, market: str, rows: Sequence[TierRow], names: RowNames) -> None:
    """Published deductions against ``D_i = D_(i-1) + lower_i (m_i - m_(i-1))``."""
    held, rate = Decimal(0), rows[0].maintenance_rate
    for index, row in enumerate(rows):
        below = rows[index - 1].cap if index else Decimal(0)
        if below is None:
            return
        # From the deduction before as published, so that one wrong number is one fault.
        demanded = held + below * (row.maintenance_rate - rate)
        if row.deduction is not None and row.deduction != demanded:
            log.add(
                Place(market=market, tier=index + 1),
                names.deduction,
                row.deduction,
                f"contradicts the rates: continuity demands {demanded.normalize():f}",
                "correct the deduction or the rates",
            )
        held, rate = demanded if row.deduction is None else row.deduction, row.maintenance_rate


def _last_place(value: Decimal) -> Decimal:
    exponent = value.as_tuple().exponent
    return Decimal(1).scaleb(min(exponent, 0)) if isinstance(exponent, int) else Decimal(1)
