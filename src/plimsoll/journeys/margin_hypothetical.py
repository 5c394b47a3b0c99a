"""A market after hypothetical moves of prices and volatilities, options revalued by Black-76."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from plimsoll.adapters.files.account_forms import StatedAccounts
from plimsoll.domain.instrument import Option, OptionRight, Payoff
from plimsoll.errors import UsageError
from plimsoll.journeys.margin_contracts import HeldContract, held_contracts
from plimsoll.journeys.margin_market import ExpiryKey, MarginMarket, OptionMark, require_time
from plimsoll.journeys.margin_marks import StatedMark
from plimsoll.journeys.margin_snapshot import coin_prices, expiry_key, fixed_parts, forward_of
from plimsoll.maths.black76 import price
from plimsoll.maths.variance_clock import calendar_years
from plimsoll.presets import Preset


def moved_market(
    market: MarginMarket,
    accounts: StatedAccounts,
    index_prices: Mapping[str, float],
    vol_shifts: Mapping[str, float],
    marks: Mapping[str, float],
    preset: Preset,
    venue_names: str | None,
) -> tuple[MarginMarket, tuple[str, ...]]:
    """Return the market after the moves, and notes on them.

    A coin's forwards, futures and perpetuals move by the factor of its index, but for what a
    settlement average has fixed. Options keep the volatility of their strike, with the shift added,
    and are revalued undiscounted.

    Raises
    ------
    UsageError
        A price of a coin or market that is not there.
    """
    if not (index_prices or vol_shifts or marks):
        return market, ()
    known = coin_prices(market)
    _check_known("index_prices", index_prices, known)
    _check_known("vol_shifts", vol_shifts, known)
    factor = {coin: index_prices.get(coin, now) / now for coin, now in known.items()}
    contracts = held_contracts(accounts.markets, preset, market.marks, venue_names)
    foreign = [m for m in marks if m not in contracts or isinstance(contracts[m].listed, Option)]
    if foreign:
        raise UsageError(
            "must be a perpetual or future of the account",
            found=foreign[0],
            field="marks",
            remedy="move options by index_prices and vol_shifts",
        )
    moves = _Moves(factor=factor, fixed=fixed_parts(market, contracts))
    base = replace(
        market,
        index={coin: level * factor.get(coin, 1.0) for coin, level in market.index.items()},
        forwards={key: moves.of_expiry(key, f) for key, f in market.forwards.items()},
        marks={name: _moved_row(row, name, contracts, moves) for name, row in market.marks.items()},
    )
    moved = replace(base, options=_options(market, base, contracts, moves, vol_shifts))
    stated = {m: _with_mark(moved.marks.get(m), m, value) for m, value in marks.items()}
    return replace(moved, marks={**moved.marks, **stated}), tuple(
        _notes(known, index_prices, vol_shifts, marks)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moves:
    """Factors by coin, and what settlement averages have fixed by expiry."""

    factor: Mapping[str, float]
    fixed: Mapping[ExpiryKey, float]

    def of_expiry(self, key: ExpiryKey, price: float) -> float:
        """Return the expected settlement price of an expiry after the move."""
        moved = self.factor.get(key[0], 1.0)
        fixed = self.fixed.get(key, 0.0)
        return fixed + (price - fixed) * moved if fixed else price * moved

    def of_contract(self, name: str, contract: HeldContract | None, price: float) -> float:
        """Return the mark or forward of a contract after the move; its expiry's, if it has one."""
        key = None if contract is None else expiry_key(contract)
        if key is not None:
            return self.of_expiry(key, price)
        return price * self.factor.get(_coin(name, contract), 1.0)


def _options(
    market: MarginMarket,
    moved: MarginMarket,
    contracts: Mapping[str, HeldContract],
    moves: _Moves,
    vol_shifts: Mapping[str, float],
) -> dict[str, OptionMark]:
    """Held options of coins that moved get new marks; others keep theirs."""
    found = dict(market.options)
    for name, contract in contracts.items():
        option = contract.listed
        if not isinstance(option, Option):
            continue
        coin = option.pair.base
        if moves.factor.get(coin, 1.0) == 1.0 and not vol_shifts.get(coin):
            continue
        row, shown = market.marks.get(name), market.options.get(name)
        vol = shown.vol if shown else math.nan
        if row is not None and row.implied_vol is not None:
            vol = row.implied_vol
        vol += vol_shifts.get(coin, 0.0)
        forward = forward_of(moved, contract)
        if row is not None and row.forward is not None:
            forward = moves.of_contract(name, contract, row.forward)
        at_ns = require_time(market, name)
        found[name] = OptionMark(mark=option_value(option, forward, vol, at_ns), vol=vol)
    return found


def option_value(option: Option, forward: float, vol: float, at_ns: int) -> float:
    """Return the undiscounted price of an option in its settlement currency, per coin."""
    if not (forward > 0.0 and vol > 0.0):
        return math.nan
    years = max(float(calendar_years(at_ns, option.expiry_ns)), 0.0)
    call = option.right is OptionRight.CALL
    dollars = float(price(forward, float(option.strike), years, vol, call))
    return dollars / forward if option.payoff is Payoff.INVERSE else dollars


def _moved_row(
    row: StatedMark,
    name: str,
    contracts: Mapping[str, HeldContract],
    moves: _Moves,
) -> StatedMark:
    """A row of marks after the move; that of an option lets its new value stand."""
    contract = contracts.get(name)
    if contract is not None and isinstance(contract.listed, Option):
        forward = None if row.forward is None else moves.of_contract(name, contract, row.forward)
        return replace(row, mark=None, implied_vol=None, forward=forward)
    own = moves.factor.get(_coin(name, contract), 1.0)
    return replace(
        row,
        mark=None if row.mark is None else moves.of_contract(name, contract, row.mark),
        index=None if row.index is None else row.index * own,
    )


def _coin(name: str, contract: HeldContract | None) -> str:
    if contract is not None:
        return contract.listed.pair.base
    return name.replace("_", "-").replace("/", "-").split("-")[0]


def _with_mark(row: StatedMark | None, market: str, mark: float) -> StatedMark:
    return StatedMark(market=market, mark=mark) if row is None else replace(row, mark=mark)


def _check_known(name: str, given: Mapping[str, float], known: Mapping[str, float]) -> None:
    strange = [coin for coin in given if coin not in known]
    if strange:
        raise UsageError(
            "must be a coin whose price the market has",
            found=strange[0],
            field=name,
            remedy=f"these are {', '.join(sorted(known)) or 'none'}",
        )


def _notes(
    known: Mapping[str, float],
    index_prices: Mapping[str, float],
    vol_shifts: Mapping[str, float],
    marks: Mapping[str, float],
) -> list[str]:
    told = [f"{c} {known[c]:,.2f} to {p:,.2f}" for c, p in index_prices.items()]
    notes = []
    if told:
        notes.append(f"Hypothetical index: {', '.join(told)}; forwards and futures by the factor.")
    if vol_shifts:
        shifts = ", ".join(f"{c} {100.0 * v:+g} points" for c, v in vol_shifts.items())
        notes.append(f"Hypothetical volatility: {shifts}.")
    if index_prices or vol_shifts:
        notes.append("Options keep the volatility of their strike and are revalued by Black-76.")
    if marks:
        notes.append(f"Hypothetical marks: {', '.join(f'{m} {v:,.2f}' for m, v in marks.items())}.")
    return notes
