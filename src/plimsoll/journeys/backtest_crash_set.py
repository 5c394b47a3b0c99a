"""The set that calibrate would have published on the eve of a crash, from data before it alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from plimsoll.adapters.executor import open_executor
from plimsoll.calibration.add_ons.calibrated import AddOnName
from plimsoll.calibration.add_ons.publication import published_add_on
from plimsoll.calibration.evidence import Proof
from plimsoll.calibration.fund.requirement import FundTarget, fund_part
from plimsoll.calibration.part import CalibratedPart
from plimsoll.calibration.parts.add_ons import AddOnSettings, FurtherPrices, add_ons_part
from plimsoll.calibration.parts.fund import FundSettings, sized_fund
from plimsoll.calibration.parts.fund_replay import StatedPopulation, fund_books
from plimsoll.calibration.parts.fund_scenarios import LadderMove
from plimsoll.calibration.parts.liquidation import LiquidationSettings, liquidation_part
from plimsoll.calibration.parts.market_moves import market_moves
from plimsoll.calibration.problem import CalibrationProblem, MarketSpec, RiskClass
from plimsoll.calibration.run import CalibrationInputs, run_calibration
from plimsoll.domain.anti_procyclicality import AntiProcyclicality
from plimsoll.domain.finding import FindingPolicy
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.market import Bars
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.tiers import TierTable
from plimsoll.errors import InsufficientDataError
from plimsoll.journeys.lent_markets import split_history
from plimsoll.margin.add_ons.concentration import ConcentrationParameters
from plimsoll.margin.add_ons.liquidity import LiquidityParameters
from plimsoll.marketdata.assembly import assemble
from plimsoll.validation.replay.accounts import TYPICAL

FloatArray = NDArray[np.float64]

STRESS_WEIGHT = 0.25
SCORED_FROM = "2022-01-01"
BOOKS, ACCOUNTS = 4, 5_000
LARGE, MAJOR, THIN = "large", "major", "thin"
CLASS_OF = {
    "BTCUSDT": LARGE, "ETHUSDT": LARGE, "SOLUSDT": MAJOR, "DOGEUSDT": MAJOR, "OPUSDT": MAJOR,
    "PIPPINUSDT": THIN, "NAORISUSDT": THIN, "WLFIUSDT": THIN,
}  # fmt: skip
LADDER = {
    LARGE: LadderMove(fall=0.33, rise=0.33),
    MAJOR: LadderMove(fall=0.45, rise=0.50),
    THIN: LadderMove(fall=0.84, rise=3.0),
}
"""Worst moves of such coins before October 2025, by public reports; the fund's Cover bears them.

Large: 2020-03-12, -33 % in 3.25 h; the rise is given the same. Major: YFI 2023-11-17, -45 % in five
hours; CRV 2022-11-22, +50 %. Thin: OM 2025-04-13, -84 % in a day; JELLY 2025-03-26, +300 %.
"""
_CAPS = {
    LARGE: ("100_000", "1_000_000", "10_000_000", "100_000_000"),
    MAJOR: ("100_000", "1_000_000", "10_000_000"),
    THIN: ("10_000", "100_000", "1_000_000"),
}
_HOURS = {LARGE: 1, MAJOR: 1, THIN: 4}
_COST = {LARGE: 0.0003, MAJOR: 0.0005, THIN: 0.002}
_FEE = {LARGE: 0.001, MAJOR: 0.0015, THIN: 0.002}
REACTION_HOURS = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EveSet:
    """What holds on the eve, each number from the published set.

    Parameters
    ----------
    parameters : ParameterSet
        With the stressed leg: tiers, add-ons, liquidation, fund.
    markets : tuple of M str
    base, stressed : tuples of M TierTable
        Ladders without the tool and with it.
    liquidity, concentration : mappings by underlying
    turnover_usd, interest_usd : (M,) float64
        Of a day, and one side's open interest.
    fee : (M,) float64
        Liquidation fee that stands in the tiers.
    fund : FundTarget or None
    why_no_fund : str
    pooled : tuple of M bool
        The price risk was made with peers: the market is young.
    """

    parameters: ParameterSet
    markets: tuple[str, ...]
    base: tuple[TierTable, ...]
    stressed: tuple[TierTable, ...]
    liquidity: Mapping[str, LiquidityParameters]
    concentration: Mapping[str, ConcentrationParameters]
    turnover_usd: FloatArray
    interest_usd: FloatArray
    fee: FloatArray
    fund: FundTarget | None
    why_no_fund: str
    pooled: tuple[bool, ...]

    def parameter(self, market: str, name: str) -> float | None:
        """Published value of a parameter; None where the set has none."""
        held = self.parameters.of(market).get(name)
        return None if held is None else float(held.value)


def eve_set(
    bars: Mapping[str, Bars], turnover_usd: Mapping[str, float], interest_days: float, at_ns: int
) -> EveSet:
    """Calibrate on what was known at ``at_ns``: twice, without and with the stressed leg.

    Parameters
    ----------
    bars : mapping of str to Bars
        Of the contracts and of coins that only lend.
    turnover_usd : mapping of str to float
        Of a day, by contract.
    interest_days : float
        One side's open interest in days of turnover.

    Raises
    ------
    InsufficientDataError
        Where a contract has no tiers.
    """
    interest = {name: interest_days * usd for name, usd in turnover_usd.items()}
    problem, inputs = _problem(turnover_usd, at_ns), _inputs(bars, set(turnover_usd), at_ns)
    maker = _Parts(interest=interest)
    with open_executor(1) as executor:
        bare = _Parts(interest={})
        plain = replace(problem, anti_procyclicality=AntiProcyclicality())
        run_calibration(plain, inputs, executor=executor, parts=bare)
        made = run_calibration(problem, inputs, executor=executor, parts=maker)
    markets = tuple(turnover_usd)
    base, stressed = (_ladders(one.proofs[0], markets) for one in (bare, maker))
    proof, parameters = maker.proofs[0], made.parameters
    pooled = {s.spec.symbol: s.pooled for s in proof.solutions}
    return EveSet(
        parameters=parameters,
        markets=markets,
        base=base,
        stressed=stressed,
        liquidity=published_add_on(LiquidityParameters, AddOnName.LIQUIDITY, parameters),
        concentration=published_add_on(
            ConcentrationParameters, AddOnName.CONCENTRATION, parameters
        ),
        turnover_usd=np.array([turnover_usd[m] for m in markets]),
        interest_usd=np.array([interest[m] for m in markets]),
        fee=np.array([problem.classes[CLASS_OF[m]].liquidation_fee for m in markets]),
        fund=maker.target if isinstance(maker.target, FundTarget) else None,
        why_no_fund=maker.target if isinstance(maker.target, str) else "",
        pooled=tuple(pooled[m] for m in markets),
    )


def _problem(turnover_usd: Mapping[str, float], at_ns: int) -> CalibrationProblem:
    since = int(np.datetime64(SCORED_FROM, "ns").astype(np.int64))
    return CalibrationProblem(
        venue="eve",
        label="spot closes 1 h, perpetuals where there is no spot",
        markets=tuple(
            MarketSpec(
                symbol=name,
                instrument=f"{name.removesuffix('USDT')}/USDT:USDT",
                risk_class=CLASS_OF[name],
                payoff=Payoff.LINEAR,
                adv_usd=max(usd, 1.0),
            )
            for name, usd in turnover_usd.items()
        ),
        classes={
            name: RiskClass(
                name=name,
                maintenance_horizon_hours=_HOURS[name],
                reaction_horizon_hours=REACTION_HOURS,
                liquidation_cost=_COST[name],
                liquidation_fee=_FEE[name],
                adv_usd=1e6,
                tier_caps_usd=tuple(Decimal(cap) for cap in _CAPS[name]),
            )
            for name in _CAPS
        },
        anti_procyclicality=AntiProcyclicality(stress_weight=STRESS_WEIGHT),
        scored_from_ns=since if since < at_ns else None,
    )


def _inputs(bars: Mapping[str, Bars], contracts: set[str], at_ns: int) -> CalibrationInputs:
    assembly = assemble(bars, until_ns=at_ns)
    split = split_history(assembly.history, assembly.sources, contracts)
    return CalibrationInputs(
        history=split.own,
        lent=split.lent,
        findings=(),
        sources=assembly.sources,
        refused={},
        policy=FindingPolicy(),
        as_of_ns=at_ns,
        data_digest="",
        code_version="",
    )


@dataclass(kw_only=True, eq=False)
class _Parts:
    """Calibrates liquidation, add-ons and fund of a proof, and keeps both proof and target."""

    interest: Mapping[str, float]
    proofs: list[Proof] = field(default_factory=list)
    target: FundTarget | str = ""

    def __call__(self, proof: Proof) -> tuple[CalibratedPart, ...]:
        self.proofs.append(proof)
        if not self.interest:
            return ()
        problem, label = proof.problem, proof.price_note()
        moves = market_moves(proof, window_days=730)
        population = StatedPopulation(
            law=TYPICAL, open_interest_usd=self.interest, accounts_per_market=ACCOUNTS, books=BOOKS
        )
        further = FurtherPrices(
            holder_shares=population.holder_shares, open_interest_usd=self.interest
        )
        books = fund_books(proof, population, seed=problem.seed)
        settings = FundSettings(population=population, ladder=LADDER, label=label)
        self.target = sized_fund(proof, books, settings)
        sized = () if isinstance(self.target, str) else (
            fund_part(self.target, owner=problem.owner, label=label),
        )  # fmt: skip
        return (
            liquidation_part(
                moves, LiquidationSettings(confidence=problem.maintenance_level, label=label)
            ),
            add_ons_part(moves, further, AddOnSettings(label=label)),
            *sized,
        )


def _ladders(proof: Proof, markets: tuple[str, ...]) -> tuple[TierTable, ...]:
    held = {s.spec.symbol: s.tiers for s in proof.solutions}
    found = []
    for name in markets:
        tiers = held.get(name)
        if tiers is None:
            raise InsufficientDataError("must have tiers", found="none", field=name)
        found.append(tiers)
    return tuple(found)
