"""Liquidation growths of a whole book at once against the solver's, account by account.

Black-76 in a portfolio model (curved between points), tiers with kinks, and tiers with jumps,
isolated positions among cross pools.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from add_on_books import INSTRUMENTS as PLAIN
from add_on_books import PRICING as PLAIN_PRICING
from add_on_books import TABLES, account, book, snapshot, tiers
from plimsoll.domain.account import Account
from plimsoll.domain.book import Book
from plimsoll.errors import UsageError
from plimsoll.margin import MaintenanceRule, TieredMargin
from plimsoll.margin.liquidation import (
    LiquidationSolver,
    LiquidationStatus,
    book_shocks,
    market_path,
)
from plimsoll.testing.generated_books import position, sized
from sandbox_margin import INSTRUMENTS, PRICING, SNAPSHOT
from sandbox_models import MODELS

GROWTHS = np.unique(np.append(np.exp(np.arange(-25, 26) * 0.04), 1.0))
STEPS = {**TABLES, "PERP": tiers(("1500", "0.05"), ("9000", "0.1"), (None, "0.4"))}


def tiered(rule: MaintenanceRule) -> tuple[LiquidationSolver[Any], Book, str]:
    own = LiquidationSolver(
        model=TieredMargin(pricing=PLAIN_PRICING, maintenance_rule=rule),
        parameters=STEPS,
        instruments=PLAIN,
        snapshot=snapshot(),
        pricing=PLAIN_PRICING,
    )
    rng = np.random.default_rng(3)
    held = [
        account({"PERP": float(rng.integers(-40, 40)) or 1.0, "ETH": 2.0}, {"USDT": usdt}, str(n))
        for n, usdt in enumerate(rng.uniform(300.0, 3_000.0, 12).tolist())
    ]
    return own, book(*held), "PERP"


def optioned() -> tuple[LiquidationSolver[Any], Book, str]:
    case, rng = MODELS["paradex"].case, np.random.default_rng(5)
    names = ("HELM_USDC-PERP", "HELM_USDC-M-100-C", "HELM_USDC-Q-80-P")
    own = LiquidationSolver(
        model=case.model,
        parameters=case.parameters,
        instruments={name: INSTRUMENTS[name] for name in (*names, "HELM-PERP", "KEEL-PERP")},
        snapshot=SNAPSHOT,
        pricing=PRICING,
    )
    accounts = []
    for n in range(4):
        held = [
            position(
                case,
                name,
                sized(case, name, float(rng.choice([-1.0, 1.0]) * rng.uniform(1e4, 5e4))),
                isolated_margin=6_000.0 if name.endswith("PERP") and n % 3 == 1 else None,
            )
            for name in names
        ]
        cash = {"USDC": float(rng.uniform(9e3, 2e4))}
        accounts.append(Account(name=str(n), positions=tuple(held), collateral=cash))
    return own, Book.from_accounts(accounts), "HELM_USDC-PERP"


@pytest.mark.parametrize(
    ("made", "refinements", "near"),
    [
        # Each refinement divides a step of 4 % by 8; interpolation errs by its square, 1e-7 here.
        (lambda: tiered(MaintenanceRule.MARGINAL), 2, 1e-6),
        # At a jump it errs by the step itself: 0.04 / 512.
        (lambda: tiered(MaintenanceRule.WHOLE_NOTIONAL), 3, 1e-4),
        (optioned, 2, 1e-6),
    ],
    ids=["kinks", "jumps", "options"],
)
def test_a_refined_book_agrees_with_the_solver(made: Any, refinements: int, near: float) -> None:
    own, held, market = made()
    found = book_shocks(own, held, market_path(market), GROWTHS, refinements=refinements)
    units = list(range(len(found.down)))
    hits = 0
    for unit in units:
        solved = own.growths(held, unit, market_path(market))
        for side, growth in ((solved.down, found.down[unit]), (solved.up, found.up[unit])):
            price = side.price if side.status is not LiquidationStatus.NEVER else None
            if price is None or not GROWTHS[0] < price < GROWTHS[-1]:
                assert np.isnan(growth)
                continue
            hits += 1
            assert growth == pytest.approx(price, rel=near)
    assert hits >= 4


def test_refining_changes_nothing_that_is_straight() -> None:
    own, held, market = tiered(MaintenanceRule.MARGINAL)
    plain = book_shocks(own, held, market_path(market), GROWTHS)
    finer = book_shocks(own, held, market_path(market), GROWTHS, refinements=1)
    for one, two in ((plain.down, finer.down), (plain.up, finer.up)):
        np.testing.assert_array_equal(np.isnan(one), np.isnan(two))
        np.testing.assert_allclose(one, two, rtol=0.02)


def test_refinements_are_not_negative() -> None:
    own, held, market = tiered(MaintenanceRule.MARGINAL)
    with pytest.raises(UsageError, match="must not be negative"):
        book_shocks(own, held, market_path(market), GROWTHS, refinements=-1)
