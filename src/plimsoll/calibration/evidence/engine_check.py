"""The margin engine under the set: what it asks of probe positions is what the fit promised.

The calibrator works on rates; accounts are margined by `plimsoll.margin`. Here every tier of every
market is probed with the engine itself: a long and a short of half and of the whole of each cap,
each on its own table where sides are apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.set_plan import NO_PLAN, RatesFor
from plimsoll.calibration.solve import MarketSolution, SolvedTable
from plimsoll.domain.account import Account, Position
from plimsoll.domain.book import Book
from plimsoll.domain.evidence import Check, Verdict
from plimsoll.domain.instrument import Pair, Payoff, Perpetual
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.parameters import Origin, ParameterSet
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.tiered import MaintenanceRule, TieredMargin

MARK = 100.0  # the requirement in USD does not depend on it
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A position of ``notional_usd``, and the least the engine may ask for it.

    ``table`` is the prefix of the table that it is margined by.
    """

    market: str
    payoff: Payoff
    table: str
    notional_usd: float
    side: int
    promised_usd: float


def engine_check(proof: Proof, parameters: ParameterSet) -> Check:
    """Margin the probes; maintenance must cover R(N), and initial margin maintenance."""
    probes = [probe for s in proof.solutions for probe in _probes(s, parameters)]
    demanded = "maintenance covers price risk, cost, fee and impact at every size; IM at least MM"
    if not probes:
        return Check(
            name="Margin engine on probe positions",
            verdict=Verdict.NOT_PROVEN,
            found="no market to probe",
            demanded=demanded,
        )
    initial, maintenance = _margins(proof, parameters, probes)
    promised = np.array([probe.promised_usd for probe in probes])
    # NaN (a position the engine has no number for) is a fault too, so the test is for success.
    fine = (maintenance >= promised * (1.0 - ROUNDING)) & (initial >= maintenance)
    faulty = sorted({probe.market for probe, good in zip(probes, fine, strict=True) if not good})
    return Check(
        name="Margin engine on probe positions",
        verdict=Verdict.BREACH if faulty else Verdict.HOLDS,
        found=f"short of it: {', '.join(faulty)}" if faulty else f"{len(probes):,} positions",
        demanded=demanded,
    )


def _probes(solution: MarketSolution, parameters: ParameterSet) -> Iterator[Probe]:
    """Half and whole of each cap, long and short; nothing is promised where a rate is not ours."""
    apart = any(table.need.prefix for table in solution.tables)
    for table in solution.tables:
        both = (1, -1) if not apart else (-1,) if table.need.prefix else (1,)
        yield from _table_probes(table, solution.spec.payoff, parameters, both)


def _table_probes(
    table: SolvedTable, payoff: Payoff, parameters: ParameterSet, sides: tuple[int, ...]
) -> Iterator[Probe]:
    need, held = table.need, parameters.of(table.need.market)
    ours = all(
        held[f"{need.prefix}tier[{i}].maintenance_rate"].origin
        in (Origin.CALIBRATED, Origin.CLASS_FLOOR)
        for i in range(len(table.tiers.tiers))
    )
    for fitted in table.tiers.tiers:
        if fitted.tier.cap_usd is None:
            continue
        for share in (0.5, 1.0):
            notional = share * float(fitted.tier.cap_usd)
            for side in sides:
                yield Probe(
                    market=need.market,
                    payoff=payoff,
                    table=need.prefix,
                    notional_usd=notional,
                    side=side,
                    promised_usd=table.found.promised_usd(notional) if ours else 0.0,
                )


def _margins(
    proof: Proof, parameters: ParameterSet, probes: Sequence[Probe]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Initial and maintenance margin in USD of one account a probe, table by table."""
    initial, maintenance = np.full(len(probes), np.nan), np.full(len(probes), np.nan)
    for prefix in dict.fromkeys(probe.table for probe in probes):
        rows = [row for row, probe in enumerate(probes) if probe.table == prefix]
        mine = [probes[row] for row in rows]
        initial[rows], maintenance[rows] = _on_table(proof, parameters, mine, prefix)
    return initial, maintenance


def _on_table(
    proof: Proof, parameters: ParameterSet, probes: Sequence[Probe], prefix: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    payoff = {probe.market: probe.payoff for probe in probes}
    contracts = {
        market: _contract(f"M{index}", payoff[market]) for index, market in enumerate(payoff)
    }
    coins = {c.pair.base: market for market, c in contracts.items() if c.settle == c.pair.base}
    whole = (proof.problem.plan or NO_PLAN).tiers.rates is RatesFor.WHOLE
    model = TieredMargin(
        pricing=CurrencyPricing(pricing_markets=coins),
        maintenance_rule=MaintenanceRule.WHOLE_NOTIONAL if whole else MaintenanceRule.MARGINAL,
    )
    snapshot = MarketSnapshot(
        at_ns=int(proof.paths.time_ns[-1]),
        quotes={market: Quote(mark=MARK, index=MARK) for market in contracts},
    )
    book = Book.from_accounts(
        Account(
            name=str(index),
            positions=(
                Position(
                    market=probe.market,
                    quantity=probe.side * probe.notional_usd / _value(probe.payoff),
                    entry_price=MARK,
                ),
            ),
        )
        for index, probe in enumerate(probes)
    )
    tables = {market: parameters.tiers(market, prefix) for market in contracts}
    found = model.prepare(snapshot, tables, contracts).requirements(book)
    return found.initial, found.maintenance


def _contract(base: str, payoff: Payoff) -> Perpetual:
    """One base unit (linear, quanto) or one dollar (inverse) a contract."""
    settle = base if payoff is Payoff.INVERSE else "USD"
    if payoff is Payoff.QUANTO:
        payoff = Payoff.LINEAR  # a quanto's requirement is that of its notional
    return Perpetual(
        pair=Pair(base=base, quote="USD"), settle=settle, payoff=payoff, contract_size=Decimal(1)
    )


def _value(payoff: Payoff) -> float:
    """Dollars of notional of one contract at the mark."""
    return 1.0 if payoff is Payoff.INVERSE else MARK
