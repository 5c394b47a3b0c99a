"""Books of random accounts on the markets of a case, for examinations of margin models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from plimsoll.domain.account import Account, MarginMode, Order, Position
from plimsoll.domain.book import Book
from plimsoll.testing.margin_case import MarginCase


@dataclass(frozen=True, slots=True, kw_only=True)
class BookRules:
    """What generated books hold.

    Parameters
    ----------
    accounts, positions : int
        Accounts of a book, and the most positions of one.
    isolated, ordering, linked : float
        Shares: of positions that are isolated, of accounts with open orders, and of accounts that
        belong to one owner.
    smallest_usd, largest_usd : float
        Notional of a position.
    collateral : mapping of str to float
        Typical amounts; an account holds up to twice as much of each.
    """

    accounts: int = 6
    positions: int = 5
    isolated: float = 0.2
    ordering: float = 0.3
    linked: float = 0.3
    smallest_usd: float = 10.0
    largest_usd: float = 1e6
    collateral: Mapping[str, float] = field(default_factory=dict)


def generated_book(case: MarginCase, markets: Sequence[str], rules: BookRules, seed: int) -> Book:
    """Return a book of random accounts; equal arguments give equal books."""
    draw = np.random.default_rng(seed)
    names = [f"account {row}" for row in range(rules.accounts)]
    return Book.from_accounts([_account(case, markets, rules, draw, name) for name in names])


def sized(case: MarginCase, market: str, notional_usd: float) -> float:
    """Return contracts of about that notional, its sign kept."""
    return notional_usd / case.notional_usd(market)


def position(
    case: MarginCase, market: str, quantity: float, *, isolated_margin: float | None = None
) -> Position:
    """Return a position entered at the mark (at 1 where there is no positive one)."""
    quote = case.snapshot.quotes.get(market)
    mark = 1.0 if quote is None or not 0.0 < quote.mark < np.inf else float(quote.mark)
    aside = isolated_margin is not None
    return Position(
        market=market,
        quantity=quantity,
        entry_price=mark,
        mode=MarginMode.ISOLATED if aside else MarginMode.CROSS,
        isolated_margin=isolated_margin,
    )


def _account(
    case: MarginCase,
    markets: Sequence[str],
    rules: BookRules,
    draw: np.random.Generator,
    name: str,
) -> Account:
    count = int(draw.integers(0, min(rules.positions, len(markets)) + 1))
    held = draw.choice(len(markets), count, replace=False).tolist()
    ordering = len(markets) and draw.random() < rules.ordering
    return Account(
        name=name,
        positions=tuple(_position(case, markets[m], rules, draw) for m in held),
        collateral={
            currency: amount * float(draw.uniform(-0.5, 2.0))
            for currency, amount in rules.collateral.items()
        },
        orders=tuple(_order(case, markets, rules, draw) for _ in range(3 if ordering else 0)),
        owner="somebody" if draw.random() < rules.linked else "",
    )


def _quantity(case: MarginCase, market: str, rules: BookRules, draw: np.random.Generator) -> float:
    low, high = np.log(rules.smallest_usd), np.log(rules.largest_usd)
    side = 1.0 if draw.random() < 0.5 else -1.0
    return float(sized(case, market, side * float(np.exp(draw.uniform(low, high)))))


def _position(
    case: MarginCase, market: str, rules: BookRules, draw: np.random.Generator
) -> Position:
    quantity = _quantity(case, market, rules, draw)
    aside = float(draw.uniform(0.0, 100.0)) if draw.random() < rules.isolated else None
    return position(case, market, quantity, isolated_margin=aside)


def _order(
    case: MarginCase, markets: Sequence[str], rules: BookRules, draw: np.random.Generator
) -> Order:
    market = markets[int(draw.integers(len(markets)))]
    return Order(market=market, quantity=_quantity(case, market, rules, draw), price=None)
