"""Margin calls: which units fall short of what, by how much, why, and what would cure it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.requirement import Requirements
from plimsoll.errors import UsageError
from plimsoll.margin.calls.health import HealthState, health
from plimsoll.margin.liquidation.closing_shares import smallest_share
from plimsoll.margin.liquidation.margin_units import cross_unit, isolated_unit
from plimsoll.margin.liquidation.plan import Liquidator


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    """An amount of one currency that cures a call.

    Parameters
    ----------
    currency : str
    amount : float
        In units of the currency.
    value : float
        At market prices, in the numeraire; more than the shortfall by its haircut.
    """

    currency: str
    amount: float
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduction:
    """Closing part of one market's position, which alone cures a call.

    Parameters
    ----------
    market : str
    contracts : float
        Signed contracts to close: those of the position.
    share : float
        Of the position.
    cost : float
        Fee and slippage, in the numeraire.
    """

    market: str
    contracts: float
    share: float
    cost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginCall:
    """One unit that falls short, or that nobody can say of.

    Parameters
    ----------
    account, unit : str
    state : HealthState
    shortfall : float
        To initial margin where that is what falls short, else to maintenance; NaN where unknown.
    reason : str
        In words.
    deposits : tuple of Deposit
        Any one of them cures; the smallest market value first.
    reductions : tuple of Reduction
        Any one of them cures a maintenance call; the cheapest first.
    """

    account: str
    unit: str
    state: HealthState
    shortfall: float
    reason: str
    deposits: tuple[Deposit, ...] = ()
    reductions: tuple[Reduction, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DepositTerms:
    """What one unit of a currency adds to equity.

    Parameters
    ----------
    price : float
        In the numeraire.
    factor : float
        Share that counts: one less the haircut of the next dollar.
    """

    price: float
    factor: float = 1.0

    def __post_init__(self) -> None:
        if not (self.price > 0.0 and 0.0 <= self.factor <= 1.0):
            raise UsageError(
                "must be a positive price and a factor in [0, 1]",
                found=(self.price, self.factor),
                field="DepositTerms",
            )


def margin_calls(
    requirements: Requirements,
    terms: Mapping[str, DepositTerms],
    liquidator: Liquidator | None = None,
) -> tuple[MarginCall, ...]:
    """Return the calls of a book, worst state first, then the largest shortfall.

    Parameters
    ----------
    requirements : Requirements
        Selected in columns; only units in need are looked at one by one.
    terms : mapping of str to DepositTerms
        Currencies that may be paid in. Those that count for nothing cure nothing.
    liquidator : Liquidator, optional
        To look for positions whose closing cures a maintenance call. Its prepared model should be
        the one that made ``requirements``; the rule's costs count, its target does not.
    """
    found = health(requirements)
    called = np.flatnonzero(found.state != HealthState.HEALTHY)
    calls = [_call(requirements, int(u), HealthState(int(found.state[u])), terms) for u in called]
    if liquidator is not None:
        calls = [_with_reductions(requirements, call, liquidator) for call in calls]
    return tuple(sorted(calls, key=_urgency))


def _urgency(call: MarginCall) -> tuple[int, float, str, str]:
    unknown = call.state is HealthState.UNKNOWN
    # What nobody can say of needs eyes before a call for initial margin does.
    rank = 1.5 if unknown else float(call.state)
    return (-int(2 * rank), 0.0 if unknown else -call.shortfall, call.account, call.unit)


def _call(
    requirements: Requirements,
    unit: int,
    state: HealthState,
    terms: Mapping[str, DepositTerms],
) -> MarginCall:
    book, position = requirements.book, int(requirements.position[unit])
    name = "cross" if position < 0 else f"isolated {book.markets[int(book.market[position])]}"
    account = book.accounts[int(requirements.account[unit])]
    if state is HealthState.UNKNOWN:
        return MarginCall(
            account=account,
            unit=name,
            state=state,
            shortfall=float("nan"),
            reason=_unknown(requirements, unit),
        )
    initial = state is HealthState.UNDER_INITIAL
    needed = requirements.initial if initial else requirements.maintenance
    equity, asked = float(requirements.equity[unit]), float(needed[unit])
    return MarginCall(
        account=account,
        unit=name,
        state=state,
        shortfall=asked - equity,
        reason=_why(equity, asked, state, requirements.numeraire, _largest(requirements, unit)),
        deposits=_deposits(asked - equity, terms),
    )


def _why(equity: float, asked: float, state: HealthState, numeraire: str, largest: str) -> str:
    what = "initial" if state is HealthState.UNDER_INITIAL else "maintenance"
    owes = "; equity is negative" if state is HealthState.BANKRUPT else ""
    return (
        f"equity {_told(equity)} is under {what} margin {_told(asked)} {numeraire}{owes}{largest}"
    )


def _told(amount: float) -> str:
    """Cents of what counts in hundreds; coins to a millionth."""
    return f"{amount:,.2f}" if abs(amount) >= 100.0 else f"{amount:,.6f}"


def _largest(requirements: Requirements, unit: int) -> str:
    """The term that asks most, in words."""
    sizes = [(float(t.maintenance[unit]), t.title) for t in requirements.terms]
    if not sizes:
        return ""
    amount, title = max(sizes)
    return f"; largest term: {title} {_told(amount)}"


def _unknown(requirements: Requirements, unit: int) -> str:
    parts, book = requirements.parts, requirements.book
    bad = np.flatnonzero((parts.unit == unit) & (parts.reason != 0))
    said = [
        f"{book.markets[int(book.market[p])]}: {MarginReason(int(parts.reason[p])).text}"
        for p in bad
    ]
    own = 0 if requirements.unit_reason is None else int(requirements.unit_reason[unit])
    return "; ".join([*said, *([MarginReason(own).text] if own else [])])


def _deposits(shortfall: float, terms: Mapping[str, DepositTerms]) -> tuple[Deposit, ...]:
    found = [
        Deposit(
            currency=currency,
            amount=shortfall / (own.price * own.factor),
            value=shortfall / own.factor,
        )
        for currency, own in terms.items()
        if own.factor > 0.0
    ]
    return tuple(sorted(found, key=lambda d: (d.value, d.currency)))


def _with_reductions(
    requirements: Requirements, call: MarginCall, liquidator: Liquidator
) -> MarginCall:
    if call.state not in (HealthState.UNDER_MAINTENANCE, HealthState.BANKRUPT):
        return call
    account = requirements.book.account(call.account)
    isolated = call.unit != "cross"
    alone = (
        isolated_unit(account, call.unit.removeprefix("isolated "))
        if isolated
        else (cross_unit(account))
    )
    plain = replace(liquidator, rule=replace(liquidator.rule, target_health=Decimal(1)))
    found = list[Reduction]()
    for market in sorted({p.market for p in alone.positions}):
        share = smallest_share(plain, alone, market, int(isolated))
        if share is None:
            continue
        held = [p for p in alone.positions if p.market == market]
        found.append(
            Reduction(
                market=market,
                contracts=share * sum(p.quantity for p in held),
                share=share,
                cost=sum(plain.closing.cost(p, share) for p in held),
            )
        )
    cheapest = sorted(found, key=lambda r: (r.cost, r.share, r.market))
    return replace(call, reductions=tuple(cheapest))
