"""An account after trades at the mark, which change what it holds and not its equity."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from plimsoll.adapters.files.account_forms import StatedAccounts, StatedPosition
from plimsoll.adapters.files.order_forms import StatedOrder
from plimsoll.domain.instrument import Option, Payoff, Spot
from plimsoll.errors import UsageError
from plimsoll.journeys.margin_contracts import HeldContract, held_contracts
from plimsoll.journeys.margin_run import MarginRun
from plimsoll.journeys.margin_snapshot import is_inverse, priced_market


def frozen_accounts(run: MarginRun, name: str) -> StatedAccounts:
    """Return one account with sizes and entries as they were margined.

    So that another price changes neither the number of contracts nor where they were entered.
    """
    accounts = run.setting.accounts
    return StatedAccounts(
        names=(name,),
        positions=tuple(_frozen(p, run) for p in accounts.positions if p.account == name),
        collateral={n: held for n, held in accounts.collateral.items() if n == name},
        orders=tuple(_frozen_order(o, run) for o in accounts.orders if o.account == name),
        owner={n: owner for n, owner in accounts.owner.items() if n == name},
        portfolio={n: flag for n, flag in accounts.portfolio.items() if n == name},
    )


def beside_linked(run: MarginRun, accounts: StatedAccounts, name: str) -> StatedAccounts:
    """Return an account with the others of its owner, as they were margined: sizes add up."""
    stated = run.setting.accounts.owner
    own = stated.get(name, name)
    others = [n for n in run.setting.accounts.names if n != name and stated.get(n, n) == own]
    frozen = [accounts, *(frozen_accounts(run, other) for other in others)]
    return StatedAccounts(
        names=tuple(n for one in frozen for n in one.names),
        positions=tuple(p for one in frozen for p in one.positions),
        collateral={n: held for one in frozen for n, held in one.collateral.items()},
        orders=tuple(o for one in frozen for o in one.orders),
        owner={n: owner for one in frozen for n, owner in one.owner.items()},
        portfolio={n: flag for one in frozen for n, flag in one.portfolio.items()},
    )


def traded_accounts(
    run: MarginRun,
    accounts: StatedAccounts,
    name: str,
    sizes: Mapping[str, float],
    removed: Sequence[str],
    *,
    add: bool,
) -> StatedAccounts:
    """Return the account after its trades, the cash paid or received included.

    Parameters
    ----------
    run : MarginRun
        Market in which is traded.
    accounts : StatedAccounts
        One account, frozen.
    sizes : mapping of str to float
        Coins by instrument.
    removed : sequence of str
    add : bool
        False: everything held is closed first.

    Raises
    ------
    UsageError
        To close what is not held; to trade an isolated position.
    """
    held = {p.market: p for p in accounts.positions if p.isolated_margin is None}
    _check_removed(removed, held, accounts)
    gone = {*removed, *(held if not add and sizes else ())}
    touched = [*(m for m in held if m in gone or m in sizes), *(m for m in sizes if m not in held)]
    names = dict.fromkeys([*held, *sizes])
    setting = run.setting
    contracts = held_contracts(names, setting.preset, setting.market.marks, setting.venue_names)
    settled = [c.margined.settle for c in contracts.values()]
    market = priced_market(setting.market, contracts, [*settled])
    marks = {m: float(market.snapshot.quotes[m].mark) for m in contracts}
    cash: dict[str, float] = {}
    after: list[StatedPosition] = []
    for place in accounts.positions:
        if place.market not in touched or place.isolated_margin is not None:
            after.append(place)
    for name_of in touched:
        old = held.get(name_of)
        coins = sizes.get(name_of, 0.0)
        if old is not None and name_of not in gone:
            coins += _coins(old, contracts.get(name_of), marks.get(name_of, math.nan))
        new = StatedPosition(
            account=name, market=name_of, quantity=coins, in_base=True,
            entry_price=None, funding=None if old is None else old.funding,
        )  # fmt: skip
        contract = contracts.get(name_of)
        if contract is not None:
            gain = _worth(old, contract, marks[name_of]) - _worth(new, contract, marks[name_of])
            settle = contract.margined.settle
            cash[settle] = cash.get(settle, 0.0) + (0.0 if math.isnan(gain) else gain)
            if coins == 0.0 and old is not None and old.funding:  # closing settles it
                paid = contract.listed.settle
                cash[paid] = cash.get(paid, 0.0) + old.funding
        if coins != 0.0:
            after.append(new)
    return replace(
        accounts,
        positions=tuple(_frozen_in(p, contracts, marks) for p in after),
        collateral=_with_cash(accounts, cash),
    )


def _with_cash(
    accounts: StatedAccounts, cash: Mapping[str, float]
) -> dict[str, Mapping[str, float]]:
    """Premiums and profits of trades, where the account said what it holds at all."""
    found: dict[str, Mapping[str, float]] = {}
    for name, held in accounts.collateral.items():
        moved = {c: amount for c, amount in cash.items() if amount != 0.0}
        found[name] = {**held, **{c: held.get(c, 0.0) + amount for c, amount in moved.items()}}
    return found


def _frozen(position: StatedPosition, run: MarginRun) -> StatedPosition:
    marks = {m: float(run.priced.snapshot.quotes[m].mark) for m in run.contracts}
    return _frozen_in(position, run.contracts, marks)


def _frozen_order(order: StatedOrder, run: MarginRun) -> StatedOrder:
    """Count an order as a position of its size would be."""
    plain = StatedPosition(
        account=order.account, market=order.market, quantity=order.quantity, in_base=order.in_base
    )
    frozen = _frozen(plain, run)
    return replace(order, quantity=frozen.quantity, in_base=frozen.in_base)


def _frozen_in(
    position: StatedPosition, contracts: Mapping[str, HeldContract], marks: Mapping[str, float]
) -> StatedPosition:
    contract = contracts.get(position.market)
    if contract is None or math.isnan(position.quantity):
        return position
    mark = marks[position.market]
    entry = position.entry_price
    if entry is None and not isinstance(contract.margined, Option | Spot) and mark > 0.0:
        entry = mark
    coins = _coins(position, contract, mark)
    if is_inverse(contract.margined) and mark > 0.0:
        size = float(contract.listed.required_contract_size())
        quantity = position.quantity if not position.in_base else coins * mark / size
        return replace(position, quantity=quantity, in_base=False, entry_price=entry)
    return replace(position, quantity=coins, in_base=True, entry_price=entry)


def _coins(position: StatedPosition, contract: HeldContract | None, mark: float) -> float:
    if position.in_base or contract is None:
        return position.quantity
    units = position.quantity * float(contract.listed.required_contract_size())
    if not is_inverse(contract.listed):
        return units
    return units / mark if mark > 0.0 else units


def _worth(position: StatedPosition | None, contract: HeldContract, mark: float) -> float:
    """Value of an option, profit since entry of anything else; settlement currency."""
    if position is None:
        return 0.0
    coins = _coins(position, contract, mark)
    if isinstance(contract.margined, Option | Spot):
        return coins * mark
    entry = position.entry_price or mark
    if contract.margined.payoff is Payoff.INVERSE:
        return coins * mark * (1.0 / entry - 1.0 / mark)
    return coins * (mark - entry)


def _check_removed(
    removed: Sequence[str], held: Mapping[str, StatedPosition], accounts: StatedAccounts
) -> None:
    for market in removed:
        if market not in held:
            isolated = any(p.market == market for p in accounts.positions)
            raise UsageError(
                "must be a cross position of the account",
                found=f"{market}, which is isolated" if isolated else market,
                field="remove_positions",
                remedy=f"it holds {', '.join(held) or 'none'}",
            )
