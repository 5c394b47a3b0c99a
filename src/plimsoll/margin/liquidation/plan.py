"""Incremental liquidation: positions closed step by step until maintenance holds again.

Each step closes part of one market's position at the mark, pays the costs, and lets the margin
model say what is left to do. Candidates of a step are margined together, as accounts of one book.
The plan ends when health is at its target, when nothing is left, or when the backstop takes all.
Markets stand still meanwhile; impact is the rule's slippage. A cross pool is worked on; isolated
positions of the account are units of their own (`isolated_unit`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from plimsoll.domain.account import Account
from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument
from plimsoll.domain.market import MarketSnapshot
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.liquidation.closing_shares import best_share, smallest_share
from plimsoll.margin.liquidation.margin_units import unit_number
from plimsoll.margin.liquidation.plan_records import (
    LiquidationPlan,
    PlanOutcome,
    PlanStep,
    UnitState,
)
from plimsoll.margin.liquidation.reductions import ClosingMarket, reduced, variants
from plimsoll.margin.liquidation.rules import LiquidationRule, StepOrder, StepSize
from plimsoll.margin.protocol import Prepared


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Liquidator:
    """A prepared model with the marks at which it closes.

    Parameters
    ----------
    prepared : Prepared
    snapshot : MarketSnapshot
    instruments : mapping of str to Instrument
    pricing : CurrencyPricing
        The model's.
    rule : LiquidationRule
    """

    prepared: Prepared
    snapshot: MarketSnapshot
    instruments: Mapping[str, Instrument]
    pricing: CurrencyPricing
    rule: LiquidationRule

    def plan(self, account: Account) -> LiquidationPlan:
        """Plan the liquidation of one margin unit.

        Parameters
        ----------
        account : Account
            With cross positions only, or with one isolated position and no collateral
            (`cross_unit`, `isolated_unit`).

        Raises
        ------
        UsageError
            For an account that mixes both.
        """
        unit = unit_number(account)
        start = self.states([account], unit)[0]
        steps, now, state, seconds = list[PlanStep](), account, start, 0.0
        outcome = self._outcome(now, state, moved=False)
        while outcome is None:
            if self._is_backstop(state):
                outcome = PlanOutcome.BACKSTOP if state.equity >= 0.0 else PlanOutcome.BANKRUPT
                steps, now, state = self._take_all(now, state, steps, seconds, unit)
                break
            step, now = self._step(now, state, len(steps), seconds, unit)
            steps.append(step)
            state = step.after
            if step.share < 1.0:
                seconds += self.rule.cooldown_seconds
            outcome = self._outcome(now, state, moved=True)
        return LiquidationPlan(
            rule=self.rule.name,
            start=start,
            end=state,
            steps=tuple(steps),
            outcome=outcome,
            account=now,
        )

    def states(self, accounts: list[Account], unit: int) -> list[UnitState]:
        """Return the state of each account's unit, all margined in one book."""
        found = self.prepared.requirements(Book.from_accounts(accounts))
        count = len(accounts)
        # One isolated position each, or none: its units follow the pools in the same order.
        rows = range(count * unit, count * unit + count)
        return [
            UnitState(
                equity=float(found.equity[u]),
                initial=float(found.initial[u]),
                maintenance=float(found.maintenance[u]),
            )
            for u in rows
        ]

    @property
    def closing(self) -> ClosingMarket:
        """Marks and costs of the rule."""
        return ClosingMarket(
            snapshot=self.snapshot,
            instruments=self.instruments,
            pricing=self.pricing,
            cost_rate=self.rule.cost_rate,
        )

    def _is_backstop(self, state: UnitState) -> bool:
        least = float(self.rule.backstop_below)
        return least > 0.0 and state.equity < least * state.maintenance

    def _outcome(self, account: Account, state: UnitState, *, moved: bool) -> PlanOutcome | None:
        if np.isnan(state.excess):
            return PlanOutcome.NO_NUMBER
        if not account.positions:
            return PlanOutcome.FLAT if state.equity >= 0.0 else PlanOutcome.BANKRUPT
        if not moved:
            # Closing begins below maintenance, and goes on to the target.
            return PlanOutcome.HEALTHY if state.excess >= 0.0 else None
        return PlanOutcome.RESTORED if self.holds(state) else None

    def holds(self, state: UnitState) -> bool:
        """Whether maintenance holds with the rule's buffer."""
        return state.maintenance <= float(self.rule.target_health) * state.equity

    def _step(
        self, account: Account, state: UnitState, done: int, seconds: float, unit: int
    ) -> tuple[PlanStep, Account]:
        market = self._next_market(account, state, unit)
        share = self._share(account, market, state, done, unit)
        after = reduced(account, market, share, self.closing)
        return self._told(account, after, market, share, state, seconds, unit), after

    def _told(
        self,
        account: Account,
        after: Account,
        market: str,
        share: float,
        before: UnitState,
        seconds: float,
        unit: int,
    ) -> PlanStep:
        held = [p for p in account.positions if p.market == market]
        return PlanStep(
            market=market,
            closed=sum(p.quantity for p in held) * share,
            share=share,
            cost=sum(self.closing.cost(p, share) for p in held),
            at_seconds=seconds,
            before=before,
            after=self._state(after, unit),
        )

    def _state(self, account: Account, unit: int) -> UnitState:
        """State of the unit; of an isolated one closed whole, of the pool that got its margin."""
        return self.states([account], unit if account.positions else 0)[0]

    def _next_market(self, account: Account, state: UnitState, unit: int) -> str:
        """The rule's order; of equals, the first by name."""
        markets = sorted({p.market for p in account.positions})
        if self.rule.order is StepOrder.LARGEST_NOTIONAL:
            sizes = {m: self._notional(account, m) for m in markets}
            return max(markets, key=lambda m: sizes[m])
        share = float(self.rule.share) if unit == 0 else min(float(self.rule.share), 0.5)
        # Measured on a part: closing all of one leg of a hedge would be judged by its overshoot.
        part = min(share, 0.5)
        tried = variants(account, [(m, part) for m in markets], self.closing)
        found = self.states(tried, unit)
        gains = {m: s.excess - state.excess for m, s in zip(markets, found, strict=True)}
        traded = {m: part * self._notional(account, m) for m in markets}
        # Costs are proportional to what is traded; without costs, relief per dollar traded.
        return max(markets, key=lambda m: gains[m] / traded[m] if traded[m] > 0.0 else -np.inf)

    def _share(
        self, account: Account, market: str, state: UnitState, done: int, unit: int
    ) -> float:
        small = self._notional(account, market) <= float(self.rule.whole_below_usd) * self._dollar()
        # Parts are closed to save what is left; of nothing, nothing is saved.
        hopeless = state.equity <= 0.0 or done >= self.rule.share_steps
        if self.rule.size is StepSize.WHOLE or small or hopeless:
            return 1.0
        if self.rule.size is StepSize.JUST_ENOUGH:
            return self._just_enough(account, market, unit)
        return float(self.rule.share)

    def _just_enough(self, account: Account, market: str, unit: int) -> float:
        """Smallest share after which maintenance holds with the buffer, else the best one."""
        found = smallest_share(self, account, market, unit)
        return best_share(self, account, market, unit) if found is None else found

    def _take_all(
        self,
        account: Account,
        state: UnitState,
        steps: list[PlanStep],
        seconds: float,
        unit: int,
    ) -> tuple[list[PlanStep], Account, UnitState]:
        """The backstop takes positions at the mark; no costs are paid to a market."""
        free = replace(self, rule=replace(self.rule, fee_rate=0 * self.rule.fee_rate))
        free = replace(free, rule=replace(free.rule, slippage_rate=0 * self.rule.slippage_rate))
        for market in sorted({p.market for p in account.positions}):
            after = reduced(account, market, 1.0, free.closing)
            step = free._told(account, after, market, 1.0, state, seconds, unit)
            steps, account, state = [*steps, step], after, step.after
        return steps, account, state

    def _notional(self, account: Account, market: str) -> float:
        return sum(self.closing.notional(p) for p in account.positions if p.market == market)

    def _dollar(self) -> float:
        return self.pricing.price("USD", self.snapshot, self.instruments)
