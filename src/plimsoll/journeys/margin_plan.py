"""Plans of partial liquidation: one per margin unit of an account, step by step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from plimsoll.domain.account import Account
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.journeys.margin_health import NOT_JUDGED
from plimsoll.journeys.margin_units import digits_of, money, unit_reasons
from plimsoll.journeys.margined_book import MarginedBook
from plimsoll.journeys.venue_rules import is_published, liquidation_rule
from plimsoll.margin.liquidation import (
    LiquidationPlan,
    LiquidationRule,
    PlanOutcome,
    UnitState,
    cross_unit,
    isolated_unit,
)

OUTCOME_WORDS = {
    PlanOutcome.HEALTHY: "maintenance is met; nothing is closed",
    PlanOutcome.RESTORED: "the target is met",
    PlanOutcome.FLAT: "everything is closed, equity is left",
    PlanOutcome.BACKSTOP: "taken over whole by the venue's backstop",
    PlanOutcome.BANKRUPT: "everything is closed, and equity is negative",
    PlanOutcome.NO_NUMBER: "no number",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPlan:
    """The plan of one margin unit.

    Parameters
    ----------
    account, unit, currency : str
    rule : LiquidationRule
    whose : str
        Whose the rule is, in words.
    plan : LiquidationPlan or None
        None where nothing can be planned: see ``reason``.
    reason : str
    """

    account: str
    unit: str
    currency: str
    rule: LiquidationRule
    whose: str
    plan: LiquidationPlan | None
    reason: str = ""

    @property
    def words(self) -> str:
        """How it ends, in words."""
        if self.plan is None or self.plan.outcome is PlanOutcome.NO_NUMBER:
            return self.reason or "no number"
        return OUTCOME_WORDS[self.plan.outcome]


def unit_plans(
    books: Iterable[MarginedBook], account: str, rule: LiquidationRule | None = None
) -> tuple[UnitPlan, ...]:
    """Plan the liquidation of every unit of an account that holds a position.

    Parameters
    ----------
    books : iterable of MarginedBook
    account : str
    rule : LiquidationRule, optional
        By default the venue's own, else a fifth of the position that relieves most, again and
        again.
    """
    return tuple(
        _plan(book, unit, rule)
        for book in books
        for unit in book.units
        if book.account_of(unit) == account and book.positions_of(unit)
    )


def _plan(book: MarginedBook, unit: int, rule: LiquidationRule | None) -> UnitPlan:
    used = rule or liquidation_rule(book.venue)
    reason = unit_reasons(book.requirements).get(unit, "")
    if not book.is_judged(unit):
        reason = reason or NOT_JUDGED
    plan = None if reason else book.liquidator(used).plan(_alone(book, unit))
    return UnitPlan(
        account=book.account_of(unit),
        unit=book.name_of(unit),
        currency=book.currency,
        rule=used,
        whose=_whose(book.venue) if rule is None else "As asked",
        plan=plan,
        reason=reason,
    )


def _whose(venue: str) -> str:
    known = is_published(venue)
    return "The venue's own rule" if known else "The venue's rule is not known here"


def _alone(book: MarginedBook, unit: int) -> Account:
    account = book.book.account(book.account_of(unit))
    position = int(book.requirements.position[unit])
    if position < 0:
        return cross_unit(account)
    return isolated_unit(account, book.book.markets[int(book.book.market[position])])


def plan_table(plan: UnitPlan) -> Table:
    """Return the state before, after each step and how it ends."""
    digits = digits_of(plan.currency)
    return Table(
        name="plan",
        title=f"Liquidation of {plan.account}, {plan.unit}",
        columns=(
            Column(name="step", title="Step"),
            Column(name="market", title="Market"),
            Column(name="closed", title="Contracts closed", kind=ColumnKind.NUMBER, digits=4),
            Column(name="share", title="Of the position", kind=ColumnKind.FRACTION, digits=1),
            money("cost", "Cost", plan.currency, digits),
            money("equity", "Equity", plan.currency, digits),
            money("initial", "Initial", plan.currency, digits),
            money("maintenance", "Maintenance", plan.currency, digits),
            Column(name="ratio", title="Maintenance / equity", kind=ColumnKind.FRACTION, digits=1),
            Column(name="seconds", title="After", kind=ColumnKind.NUMBER, unit="s", digits=0),
        ),
        rows=tuple(_rows(plan.plan)),
        notes=tuple(_notes(plan)),
    )


def _rows(plan: LiquidationPlan | None) -> Iterator[tuple[Cell, ...]]:
    if plan is None:
        return
    yield ("now", "", None, None, None, *_state(plan.start), 0.0)
    for number, step in enumerate(plan.steps, start=1):
        yield (
            str(number),
            step.market,
            step.closed,
            step.share,
            step.cost,
            *_state(step.after),
            step.at_seconds,
        )


def _state(state: UnitState) -> tuple[float, float, float, float]:
    return (state.equity, state.initial, state.maintenance, state.health)


def _notes(plan: UnitPlan) -> Iterator[str]:
    rule = plan.rule
    yield f"Outcome: {plan.words}."
    if plan.plan is None:
        return
    yield (
        f"{plan.whose}: rule {rule.name}: until maintenance is {float(rule.target_health):.1%} of "
        f"equity, at a cost of {rule.cost_rate:.2%} of what is closed; markets stand still."
    )
    yield (
        "Open orders are cancelled first; sizes of the owner's other accounts do not count here. "
        "Contracts are those margined: coin-settled futures count dollars."
    )


def plans_document(plans: Sequence[UnitPlan]) -> list[dict[str, object]]:
    """Return plans as plain values."""
    return [
        {
            "account": plan.account,
            "unit": plan.unit,
            "currency": plan.currency,
            "rule": plan.rule.name,
            "rule_of": plan.whose,
            "outcome": None if plan.plan is None else plan.plan.outcome.value,
            "words": plan.words,
            "steps": [dict(row) for row in plan_table(plan)],
        }
        for plan in plans
    ]
