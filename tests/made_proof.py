"""Proofs of made-up prices, with as much in them as the parts of a set look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

import numpy as np

from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.problem import CalibrationProblem, MarketSpec, RiskClass
from plimsoll.calibration.risk_paths import RiskPaths
from plimsoll.domain.finding import FindingPolicy
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.market import DAY_NS, MarketHistory
from plimsoll.domain.tiers import Tier, TierTable
from plimsoll.margin.sided_tiers import SidedTiers

FloatArray = np.ndarray[tuple[int, int], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """What parts read of a market's solution."""

    spec: MarketSpec
    tiers: TierTable | None
    volatility_daily: float = 0.03
    price_risk: float = 0.015
    price_risk_error: float = 0.001
    short: TierTable | None = None

    @property
    def sided(self) -> SidedTiers | None:
        if self.tiers is None:
            return None
        return SidedTiers(long=self.tiers, short=self.short or self.tiers)


def risk_class(name: str, hours: int = 1) -> RiskClass:
    return RiskClass(
        name=name,
        maintenance_horizon_hours=hours,
        reaction_horizon_hours=8,
        liquidation_cost=0.0005,
        liquidation_fee=0.001,
        adv_usd=1e9,
        tier_caps_usd=(Decimal(1_000_000),),
    )


def tiers(initial: str = "0.04", maintenance: str = "0.02") -> TierTable:
    own = Tier(
        cap_usd=Decimal(1_000_000),
        maintenance_rate=Decimal(maintenance),
        initial_rate=Decimal(initial),
        max_leverage=1 / Decimal(initial),
    )
    return TierTable((own,))


def proof_of(
    history: MarketHistory,
    class_of: Mapping[str, str],
    *,
    days: int,
    hours: int = 1,
    volatility: FloatArray | None = None,
    unsolved: Sequence[str] = (),
    adv_usd: Mapping[str, float] | None = None,
    classes: Sequence[str] = (),
) -> Proof:
    """A proof whose margins are of the midnights of ``days`` days; the set is of the last.

    ``volatility`` is (days, N); ``unsolved`` markets have no tiers; ``classes`` have no market.
    """
    names = tuple(dict.fromkeys((*class_of.values(), *classes)))
    markets = history.markets
    specs = tuple(
        MarketSpec(
            symbol=market,
            instrument=f"{market.removesuffix('USDT')}/USDT:USDT",
            risk_class=class_of[market],
            payoff=Payoff.LINEAR,
            adv_usd=(adv_usd or {}).get(market),
        )
        for market in markets
    )
    problem = CalibrationProblem(
        venue="made",
        label="made",
        markets=specs,
        classes={name: risk_class(name, hours) for name in names},
    )
    shape = (days, len(markets))
    path = np.full(shape, 0.03) if volatility is None else volatility
    start = int(history.time_ns[0]) // DAY_NS * DAY_NS
    sides = np.full((*shape, 2), 0.02)
    paths = RiskPaths(
        time_ns=start + DAY_NS * np.arange(1, days + 1, dtype=np.int64),
        markets=markets,
        maintenance=sides,
        reaction=sides,
        maintenance_error=sides,
        reaction_error=sides,
        volatility_daily=path,
        floored=np.zeros(shape, dtype=bool),
        mature=np.ones(shape, dtype=bool),
    )
    solutions = tuple(
        Solved(spec=spec, tiers=None if spec.symbol in unsolved else tiers()) for spec in specs
    )
    nothing = cast(Any, None)  # what no part reads
    return Proof(
        problem=problem,
        history=history,
        findings=(),
        class_of=dict(class_of),
        payoff_of=dict.fromkeys(markets, Payoff.LINEAR),
        refused={},
        policy=FindingPolicy(),
        paths=paths,
        rivals={},
        published=nothing,
        maintenance=nothing,
        reaction=nothing,
        solutions=cast(Any, solutions),
    )
