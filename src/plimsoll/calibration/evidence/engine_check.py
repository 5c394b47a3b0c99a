"""The margin engine under the set: what it asks of probe positions is what the set says.

The calibrator works on rates; accounts are margined by `plimsoll.margin`, which reads the set as
it is published. Here every tier of every table is probed with the engine itself: half and the
whole of each cap, longs and shorts, each on its own table where sides are apart, and dated futures
of the shortest and the longest time to expiry of each bucket. What is asked must be what the table
says, slice by slice, and cover what the fit promised.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.set_plan import ExpiryBucket
from plimsoll.calibration.solve import MarketSolution, SolvedTable
from plimsoll.domain.account import Account, Position
from plimsoll.domain.book import Book
from plimsoll.domain.evidence import Check, Verdict
from plimsoll.domain.instrument import Future, Instrument, Pair, Payoff, Perpetual
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.parameters import Origin, Parameter, ParameterSet
from plimsoll.domain.tiers import TierTable
from plimsoll.errors import ParameterError
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.sided_tiers import MARGINAL_SHARE
from plimsoll.margin.tiered import TieredMargin

FloatArray = NDArray[np.float64]
MARK = 100.0  # the requirement in USD does not depend on it
ROUNDING = 1e-9
SECOND_NS = 1_000_000_000
DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A position of ``notional_usd``, what its table says, and the least it was promised to cover.

    ``contract`` is the key of what it is in, ``market`` that of its table in the set.
    """

    market: str
    contract: str
    payoff: Payoff
    notional_usd: float
    side: int
    initial_usd: float
    maintenance_usd: float
    promised_usd: float


def engine_check(proof: Proof, parameters: ParameterSet) -> Check:
    """Margin the probes: as published, maintenance covers R(N), and initial margin maintenance."""
    demanded = (
        "what the published table of each side and bucket says, slice by slice; maintenance covers "
        "price risk, cost, fee and impact at every size; IM at least MM"
    )
    verdict, found = _probed(proof, parameters)
    return Check(
        name="Margin engine on probe positions", verdict=verdict, found=found, demanded=demanded
    )


def _probed(proof: Proof, parameters: ParameterSet) -> tuple[Verdict, str]:
    errors = proof.problem.freeze_standard_errors
    try:
        probes = [p for s in proof.solutions for p in _probes(s, parameters, errors)]
    except ParameterError as error:
        return Verdict.BREACH, f"a table of the set cannot be read: {error}"
    if not probes:
        return Verdict.NOT_PROVEN, "no market to probe"
    initial, maintenance = _margins(proof, parameters, probes)
    told = "; ".join(_faults(probes, initial, maintenance))
    return (Verdict.BREACH, told) if told else (Verdict.HOLDS, _positions(probes))


def _positions(probes: Sequence[Probe]) -> str:
    """Count the probes, and those of tables that a bound cuts, which promise nothing."""
    bare = sum(probe.promised_usd <= 0.0 for probe in probes)
    cut = f"; {bare:,} of them held to the published table alone: a bound cuts it" if bare else ""
    return f"{len(probes):,} positions{cut}"


def _faults(probes: Sequence[Probe], initial: FloatArray, maintenance: FloatArray) -> Iterator[str]:
    """Yield which markets the engine asks too little of, and where it reads another table."""
    promised, stated, asked = (
        np.array([getattr(probe, name) for probe in probes])
        for name in ("promised_usd", "maintenance_usd", "initial_usd")
    )
    # NaN (a position the engine has no number for) is a fault too, so the tests are for success.
    enough = (maintenance >= promised * (1.0 - ROUNDING)) & (initial >= maintenance)
    same = np.isclose(maintenance, stated, rtol=ROUNDING, atol=0.0)
    same &= np.isclose(initial, np.maximum(asked, stated), rtol=ROUNDING, atol=0.0)
    for words, fine in (("short of it", enough), ("not as published", same)):
        faulty = sorted(
            {probe.market for probe, good in zip(probes, fine, strict=True) if not good}
        )
        if faulty:
            yield f"{words}: {', '.join(faulty)}"


def _probes(solution: MarketSolution, parameters: ParameterSet, errors: float) -> Iterator[Probe]:
    """Half and whole of each cap, long and short.

    A table with a frozen rate promises what it needs less the standard errors within which a
    change is noise; one that a bound cuts promises nothing.
    """
    apart = any(table.need.prefix for table in solution.tables)
    for table in solution.tables:
        sides = (1, -1) if not apart else (-1,) if table.need.prefix else (1,)
        for contract in _contracts_of(solution, table.need.bucket):
            yield from _table_probes(
                table, contract, solution.spec.payoff, parameters, sides, errors
            )


def _contracts_of(solution: MarketSolution, bucket: ExpiryBucket | None) -> tuple[str, ...]:
    """Name what a table margins: the market itself, or futures at both ends of its bucket."""
    symbol = solution.spec.symbol
    return (symbol,) if bucket is None else tuple(f"{symbol} {s}" for s in _ends(solution, bucket))


def _ends(solution: MarketSolution, bucket: ExpiryBucket) -> tuple[int, int]:
    """Shortest and longest time to expiry of a bucket, in seconds; both belong to it."""
    days = {t.need.bucket.up_to_days for t in solution.tables if t.need.bucket is not None}
    before = max((d for d in days if d < bucket.up_to_days), default=0)
    return DAY_SECONDS * before + 1, DAY_SECONDS * bucket.up_to_days


def _table_probes(
    table: SolvedTable,
    contract: str,
    payoff: Payoff,
    parameters: ParameterSet,
    sides: tuple[int, ...],
    errors: float,
) -> Iterator[Probe]:
    need, held = table.need, parameters.of(table.need.market)
    short = _falls_short(table, held, errors)
    published = parameters.tiers(need.market, need.prefix)
    whole = MARGINAL_SHARE in held and held[MARGINAL_SHARE].value == 0
    for tier in published.tiers:
        if tier.cap_usd is None:
            continue
        for share in (0.5, 1.0):
            notional = share * float(tier.cap_usd)
            initial, maintenance = _stated(published, notional, whole=whole)
            for side in sides:
                yield Probe(
                    market=need.market,
                    contract=contract,
                    payoff=payoff,
                    notional_usd=notional,
                    side=side,
                    initial_usd=initial,
                    maintenance_usd=maintenance,
                    promised_usd=max(0.0, table.found.promised_usd(notional) - short * notional),
                )


def _falls_short(table: SolvedTable, held: Mapping[str, Parameter], errors: float) -> float:
    """Share of notional by which a table may lie below its need: noise, or all where it is cut."""
    origins = {
        held[f"{table.need.prefix}tier[{index}].maintenance_rate"].origin
        for index in range(len(table.tiers.tiers))
    }
    if Origin.BOUND in origins:
        return np.inf
    return errors * table.need.risk.price_error if Origin.FROZEN in origins else 0.0


def _stated(table: TierTable, notional: float, *, whole: bool) -> tuple[float, float]:
    """Initial and maintenance margin by the table's own words, without deductions."""
    lower, kept = 0.0, 0.0
    for tier in table.tiers:
        top = np.inf if tier.cap_usd is None else float(tier.cap_usd)
        rate, asked = float(tier.maintenance_rate), notional * float(tier.initial_rate)
        kept += (min(notional, top) - lower) * rate
        if notional <= top:
            return asked, notional * rate if whole else kept
        lower = top
    return np.nan, np.nan


def _margins(
    proof: Proof, parameters: ParameterSet, probes: Sequence[Probe]
) -> tuple[FloatArray, FloatArray]:
    """Initial and maintenance margin in USD of one account a probe, by the set as it is."""
    at_ns = int(proof.paths.time_ns[-1]) // SECOND_NS * SECOND_NS
    perpetuals = _perpetuals(proof)
    coins = {c.pair.base: m for m, c in perpetuals.items() if c.settle == c.pair.base}
    contracts: dict[str, Instrument] = {**perpetuals, **_futures(proof, perpetuals, at_ns)}
    model = TieredMargin(pricing=CurrencyPricing(pricing_markets=coins))
    snapshot = MarketSnapshot(
        at_ns=at_ns, quotes={market: Quote(mark=MARK, index=MARK) for market in contracts}
    )
    book = Book.from_accounts(
        Account(
            name=str(index),
            positions=(
                Position(
                    market=probe.contract,
                    quantity=probe.side * probe.notional_usd / _value(probe.payoff),
                    entry_price=MARK,
                ),
            ),
        )
        for index, probe in enumerate(probes)
    )
    found = model.prepare(snapshot, parameters, contracts).requirements(book)
    return found.initial, found.maintenance


def _perpetuals(proof: Proof) -> dict[str, Perpetual]:
    """One contract a market, each on a coin of its own."""
    return {
        solution.spec.symbol: _perpetual(f"M{index}", solution.spec.payoff)
        for index, solution in enumerate(proof.solutions)
        if solution.tables
    }


def _perpetual(base: str, payoff: Payoff) -> Perpetual:
    """One base unit (linear, quanto) or one dollar (inverse) a contract."""
    settle = base if payoff is Payoff.INVERSE else "USD"
    if payoff is Payoff.QUANTO:
        payoff = Payoff.LINEAR  # a quanto's requirement is that of its notional
    return Perpetual(
        pair=Pair(base=base, quote="USD"), settle=settle, payoff=payoff, contract_size=Decimal(1)
    )


def _futures(
    proof: Proof, perpetuals: Mapping[str, Perpetual], at_ns: int
) -> dict[str, Instrument]:
    """Dated futures at both ends of every bucket, by `_contracts_of`."""
    found: dict[str, Instrument] = {}
    for solution in proof.solutions:
        for bucket in dict.fromkeys(t.need.bucket for t in solution.tables):
            if bucket is None:
                continue
            on = perpetuals[solution.spec.symbol]
            ends = zip(_contracts_of(solution, bucket), _ends(solution, bucket), strict=True)
            for name, seconds in ends:
                found[name] = Future(
                    pair=on.pair,
                    settle=on.settle,
                    payoff=on.payoff,
                    contract_size=on.contract_size,
                    expiry_ns=at_ns + seconds * SECOND_NS,
                )
    return found


def _value(payoff: Payoff) -> float:
    """Dollars of notional of one contract at the mark."""
    return 1.0 if payoff is Payoff.INVERSE else MARK
