"""A venue in a replay: which tier table is in force when, and how it liquidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.field_summary import field_summary
from plimsoll.domain.tiers import TierTable
from plimsoll.errors import ParameterError, UsageError
from plimsoll.margin.liquidation.rules import LiquidationRule, StepSize
from plimsoll.margin.sided_tiers import SidedTiers
from plimsoll.maths.account_replay_records import ReplayTiers

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseOutTerms:
    """When and how accounts are closed.

    Parameters
    ----------
    liquidation_level : float
        Equity below so many times maintenance is closed out.
    call_level : float
        Equity below so many times maintenance is called; at least ``liquidation_level``.
    rule : LiquidationRule
        Step size, smallest partly closed notional, fee and cooldown; its slippage is replaced by
        the cost curve. A rule of JUST_ENOUGH needs a cross account and is refused.
    latency_bars : int
        Bars from the breach to the fill; 0 fills at the price of the breach.
    """

    liquidation_level: float = 1.0
    call_level: float = 1.25
    rule: LiquidationRule = LiquidationRule(  # noqa: RUF009  frozen
        name="whole", size=StepSize.WHOLE, fee_rate=Decimal("0.005")
    )
    latency_bars: int = 0

    def __post_init__(self) -> None:
        if not 0.0 < self.liquidation_level <= self.call_level:
            raise ParameterError(
                "must satisfy 0 < liquidation level <= call level",
                found=(self.liquidation_level, self.call_level),
                field="call_level",
            )
        if self.rule.size is StepSize.JUST_ENOUGH:
            raise UsageError("must close a share or all", found=self.rule.size, field="rule.size")
        if self.latency_bars < 0:
            raise ParameterError(
                "must not be negative", found=self.latency_bars, field="latency_bars"
            )

    @property
    def share(self) -> float:
        """Of a position closed by one step."""
        return 1.0 if self.rule.size is StepSize.WHOLE else float(self.rule.share)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReplayVenue:
    """One venue.

    Parameters
    ----------
    name : str
    tiers : ReplayTiers
        All tables, one after the other.
    table : (T, M, 2) int64
        Table in force for each bar, market and side (0 long, 1 short).
    terms : CloseOutTerms
    fund_usd : float
        Fund at the start, in settlement currency.
    """

    name: str
    tiers: ReplayTiers
    table: IntArray
    terms: CloseOutTerms = CloseOutTerms()
    fund_usd: float = 0.0

    __repr__ = field_summary

    def __post_init__(self) -> None:
        if self.table.ndim != 3 or self.table.shape[2] != 2:
            raise UsageError("must be (bars, markets, 2)", found=self.table.shape, field="table")
        known = self.tiers.offsets.size - 1
        if self.table.size and not 0 <= int(self.table.min()) <= int(self.table.max()) < known:
            raise UsageError(
                f"must name one of {known} tables",
                found=(int(self.table.min()), int(self.table.max())),
                field="table",
            )
        if not self.fund_usd >= 0.0:
            raise ParameterError("must not be negative", found=self.fund_usd, field="fund_usd")


def tier_columns(tables: Sequence[TierTable]) -> ReplayTiers:
    """Lay tier tables into columns; the last tier of each is open."""
    if not tables:
        raise UsageError("must be at least one", found=0, field="tables")
    offsets = np.cumsum([0, *(len(one.tiers) for one in tables)]).astype(np.int64)
    caps = [
        np.inf if row == len(one.tiers) - 1 or tier.cap_usd is None else float(tier.cap_usd)
        for one in tables
        for row, tier in enumerate(one.tiers)
    ]
    tiers = [tier for one in tables for tier in one.tiers]
    return ReplayTiers(
        offsets=offsets,
        cap=np.array(caps),
        rate=np.array([float(t.maintenance_rate) for t in tiers]),
        deduction=np.array([float(d) for one in tables for d in one.deductions_usd]),
        initial_rate=np.array([float(t.initial_rate) for t in tiers]),
        max_leverage=np.array([float(t.max_leverage) for t in tiers]),
    )


def sided_columns(
    markets: Sequence[TierTable | SidedTiers], bars: int
) -> tuple[ReplayTiers, IntArray]:
    """Lay the tables of markets into columns, each side's own, the same on every bar.

    Returns
    -------
    tiers : ReplayTiers
        A market's table of longs, then that of shorts where it has one; without deductions where
        the reached tier's rate holds for the whole notional.
    table : (bars, M, 2) int64
        As `ReplayVenue` takes it.
    """
    tables: list[TierTable] = []
    whole: list[bool] = []
    place = np.empty((len(markets), 2), dtype=np.int64)
    for row, held in enumerate(markets):
        sided = SidedTiers(long=held, short=held) if isinstance(held, TierTable) else held
        mine = sided.by_side if sided.apart else (sided.long,)
        place[row] = len(tables), len(tables) + len(mine) - 1
        tables += mine
        whole += [sided.marginal_maintenance is False] * len(mine)
    tiers = tier_columns(tables)
    rows = np.repeat(np.array(whole), np.diff(tiers.offsets))
    tiers = tiers._replace(deduction=np.where(rows, 0.0, tiers.deduction))
    return tiers, np.repeat(place[None], bars, axis=0)


def sized_tables(
    caps_usd: Sequence[float], maintenance: FloatArray, initial: FloatArray
) -> ReplayTiers:
    """Tables of many days, margin at each cap given as a fraction of notional, marginal between.

    Parameters
    ----------
    caps_usd : sequence of K float
        Rising; the last tier goes on beyond its cap.
    maintenance, initial : (V, K) float64
        Share of notional that V tables ask of a position as large as the cap. Initial rates apply
        to the whole notional of the tier, as on most venues.

    Raises
    ------
    ParameterError
        Where caps do not rise, or a share falls from cap to cap or leaves (0, 1].
    """
    caps = np.asarray(caps_usd, dtype=np.float64)
    if caps.ndim != 1 or not caps.size or bool(np.any(np.diff(caps, prepend=0.0) <= 0.0)):
        raise ParameterError("must rise from above 0", found=caps, field="caps_usd")
    shape = (maintenance.shape[0], caps.size)
    if maintenance.shape != shape or initial.shape != shape:
        raise UsageError(f"must be (tables, {caps.size})", found=maintenance.shape, field="rates")
    for name, share in (("maintenance", maintenance), ("initial", initial)):
        if not bool(np.all((share > 0.0) & (share <= 1.0))) or bool(np.any(np.diff(share) < 0.0)):
            raise ParameterError("must lie in (0, 1] and not fall with size", field=name)
    floor = np.concatenate([[0.0], caps[:-1]])
    held = maintenance * caps
    before = np.concatenate([np.zeros((shape[0], 1)), held[:, :-1]], axis=1)
    rate = (held - before) / (caps - floor)
    deduction = rate * floor - before
    tiled = np.tile(np.append(caps[:-1], np.inf), shape[0])
    return ReplayTiers(
        offsets=np.arange(0, shape[0] * caps.size + 1, caps.size, dtype=np.int64),
        cap=tiled,
        rate=rate.ravel(),
        deduction=deduction.ravel(),
        initial_rate=initial.ravel().copy(),
        max_leverage=1.0 / initial.ravel(),
    )
