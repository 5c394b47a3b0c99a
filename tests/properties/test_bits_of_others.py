"""No bit of an account hangs on the order in which others bring markets into a book."""

from __future__ import annotations

from itertools import permutations

import pytest

from plimsoll.domain.account import Account, Order, Position
from plimsoll.domain.book import Book
from plimsoll.testing import MarginProperty
from sandbox_margin import SNAPSHOT
from sandbox_models import MODELS

MARKETS = ("HELM_USDC-PERP", "HELM_USDC-Q", "KEEL_USDC-M")
SIZES = (0.04481147795021061, -10.723748308082584, -0.3688934543399056)


@pytest.mark.parametrize(
    "name", [n for n, m in MODELS.items() if MarginProperty.ORDERS in m.promises]
)
def test_orders_in_several_markets(name: str) -> None:
    prepared = MODELS[name].case.prepared()
    mine = Account(
        name="mine",
        positions=(
            Position(market=MARKETS[1], quantity=0.7, entry_price=SNAPSHOT.quotes[MARKETS[1]].mark),
        ),
        orders=tuple(Order(market=m, quantity=q) for m, q in zip(MARKETS, SIZES, strict=True)),
    )
    found = set()
    for markets in permutations(MARKETS):
        held = (
            Position(market=m, quantity=1.0, entry_price=SNAPSHOT.quotes[m].mark) for m in markets
        )
        other = Account(name="other", positions=tuple(held))
        answer = prepared.requirements(Book.from_accounts([other, mine]))
        found.add((float(answer.initial[1]).hex(), float(answer.maintenance[1]).hex()))
    assert len(found) == 1
