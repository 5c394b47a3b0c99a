"""Modes side by side: refusals, explanations, reasons, models of every kind under one book."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import derive_markets as derive
import numpy as np
import pytest

from add_on_books import FLAT, INSTRUMENTS, PRICING, TABLES, position, snapshot, tiers
from plimsoll.domain.account import Account, Order
from plimsoll.domain.book import Book
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.requirement import Requirements
from plimsoll.errors import UsageError
from plimsoll.margin import TieredMargin
from plimsoll.margin.add_ons import GapAddOn, GapParameters, WithAddOns
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.modes import AccountMode, ModedMargin, mode_books
from plimsoll.margin.size_tiers import SizeTieredMargin
from plimsoll.testing import MarginProperty, check_margin_model

TIERS = TieredMargin(pricing=PRICING)
SIMPLE = ModedMargin(cross=TIERS, portfolio=TIERS)
CHEAP = {market: tiers((None, "0.01")) for market in TABLES}


def solve(*accounts: Account, model: ModedMargin = SIMPLE) -> Requirements:
    prepared = model.prepare(snapshot(), {"cross": TABLES, "portfolio": CHEAP}, INSTRUMENTS)
    return prepared.requirements(Book.from_accounts(accounts))


def held(name: str, portfolio: bool, *positions: Any, **more: Any) -> Account:
    return Account(
        name=name,
        positions=positions,
        collateral={"USDT": 100.0},
        portfolio=portfolio,
        **more,
    )


def test_parameters_of_another_set_of_modes_are_refused() -> None:
    for parameters in ({"cross": TABLES}, {"cross": TABLES, "portfolio": {}, "isolated": {}}):
        with pytest.raises(UsageError, match="by mode: cross, portfolio"):
            SIMPLE.prepare(snapshot(), parameters, INSTRUMENTS)
    three = ModedMargin(cross=TIERS, portfolio=TIERS, isolated=TIERS)
    with pytest.raises(UsageError, match="by mode: cross, isolated, portfolio"):
        three.prepare(snapshot(), {"cross": TABLES, "portfolio": TABLES}, INSTRUMENTS)
    by_member = dict.fromkeys(AccountMode, TABLES)
    assert three.prepare(snapshot(), by_member, INSTRUMENTS)


def test_models_of_different_numeraires_are_refused() -> None:
    coin = TieredMargin(
        pricing=CurrencyPricing(numeraire="BTC", pricing_markets=PRICING.pricing_markets)
    )
    model = ModedMargin(cross=TIERS, portfolio=coin)
    with pytest.raises(UsageError, match="one numeraire") as caught:
        model.prepare(snapshot(), {"cross": TABLES, "portfolio": TABLES}, INSTRUMENTS)
    assert "BTC" in str(caught.value)


def test_a_book_without_modes_is_cross() -> None:
    book = Book.from_accounts([held("a", False, position("PERP", 3.0))])
    bare = replace(book, portfolio=None)
    found = SIMPLE.prepare(snapshot(), {"cross": TABLES, "portfolio": CHEAP}, INSTRUMENTS)
    assert found.requirements(bare).maintenance.tolist() == [15.0]


def test_a_book_of_one_mode_is_handed_on_as_it_is() -> None:
    book = Book.from_accounts([held("a", False, position("PERP", 3.0), position("ETH", 1.0))])
    cross, portfolio = mode_books(book, separate_isolated=False)
    assert cross.book is book
    assert len(portfolio.book) == 0


def test_terms_stand_side_by_side_and_are_zero_elsewhere() -> None:
    order = (Order(market="PERP", quantity=1.0),)
    found = solve(
        held("a", False, position("PERP", 10.0)),
        held("b", True, position("PERP", 10.0), orders=order),
    )
    terms = {t.name: (t.initial.tolist(), t.maintenance.tolist()) for t in found.terms}
    assert terms == {
        "cross_positions": ([100.0, 0.0], [50.0, 0.0]),
        "portfolio_positions": ([0.0, 20.0], [0.0, 10.0]),
        "portfolio_open_orders": ([0.0, 2.0], [0.0, 0.0]),
        "portfolio_open_loss": ([0.0, 0.0], [0.0, 0.0]),
    }
    assert found.terms[0].title == "Cross: Positions"


def test_reasons_are_carried_for_positions_and_units() -> None:
    found = solve(
        held("a", True, position("CALL", 1.0)),
        held("b", False, position("PERP", float("nan"))),
        Account(name="c", collateral={"USDT": 1.0}, portfolio=True),
    )
    assert found.unknown.tolist() == [True, True, False]
    expected = [int(MarginReason.NOT_MARGINED), int(MarginReason.NO_QUANTITY)]
    assert found.parts.reason.tolist() == expected


def test_a_currency_without_price_is_a_reason_of_its_own_mode() -> None:
    quiet = snapshot({"COIN": {"index": float("nan")}})
    accounts = [
        Account(name="a", collateral={"BTC": 1.0}, portfolio=True),
        Account(name="b", collateral={"USDT": 1.0}),
    ]
    prepared = SIMPLE.prepare(quiet, {"cross": TABLES, "portfolio": CHEAP}, INSTRUMENTS)
    found = prepared.requirements(Book.from_accounts(accounts))
    assert found.unit_reason is not None
    assert found.unit_reason.tolist() == [int(MarginReason.NO_COLLATERAL_PRICE), 0]


def test_linked_accounts_add_up_within_a_mode() -> None:
    steps = {m: tiers(("1000", "0.01"), (None, "0.05")) for m in TABLES}
    accounts = [
        held("a", False, position("PERP", 8.0), owner="x"),
        held("b", False, position("PERP", 8.0), owner="x"),
        held("c", True, position("PERP", 8.0), owner="x"),
    ]
    prepared = SIMPLE.prepare(snapshot(), {"cross": steps, "portfolio": steps}, INSTRUMENTS)
    found = prepared.requirements(Book.from_accounts(accounts))
    # 1,600 together: (1,600 x 5 % - 40) / 2 each; 800 alone at 1 %.
    assert found.maintenance.tolist() == [20.0, 20.0, 8.0]


def test_explanations_are_the_models_own() -> None:
    gap = GapAddOn(parameters={"BTC": GapParameters(), "ETH": GapParameters()})
    model = ModedMargin(
        cross=TIERS, portfolio=WithAddOns(model=TIERS, pricing=PRICING, add_ons=[gap])
    )
    found = solve(
        held("a", False, position("PERP", 10.0), position("ETH", 5.0, isolated_margin=9.0)),
        held("b", True, position("PERP", 10.0)),
        model=model,
    )
    pool, aside = found.explanations("a")
    assert [t.name for t in pool.terms] == ["positions"]
    assert (pool.account, pool.unit, aside.unit) == ("a", "cross", "isolated ETH")
    (other,) = found.explanations("b")
    assert [t.name for t in other.terms] == ["positions", "gap"]
    assert other.initial == float(found.initial[1])


def test_a_model_that_explains_nothing_has_its_totals_told() -> None:
    class Silent:
        def prepare(self, *given: Any) -> Any:
            self.inner = TIERS.prepare(*given)
            return self

        def requirements(self, book: Book) -> Requirements:
            return replace(self.inner.requirements(book), unit_explainer=None, terms=())

    found = solve(
        held("a", False, position("PERP", 10.0)),
        held("b", True, position("PERP", 10.0)),
        model=ModedMargin(cross=TIERS, portfolio=Silent()),
    )
    (silent,) = found.explanations("b")
    assert (silent.initial, silent.maintenance, silent.equity) == (20.0, 10.0, 100.0)
    assert [t.name for t in found.terms] == ["cross_positions", "portfolio_model"]
    assert found.terms[1].maintenance.tolist() == [0.0, 10.0]


def test_tables_of_positions_keep_each_models_columns() -> None:
    """Tiers tell rates, Derive tells marks: a column that both have stands once."""
    model, parameters = derive.MODELS["pmrm2"]
    pricing = CurrencyPricing(numeraire="USDC", pricing_markets={"ETH": "ETH-SPOT"})
    known = derive.instruments()
    both = ModedMargin(
        cross=TieredMargin(pricing=pricing), portfolio=model, isolated=TieredMargin(pricing=pricing)
    )
    tables = {"ETH-PERP": FLAT}
    prepared = both.prepare(
        derive.snapshot(),
        {"cross": tables, "portfolio": parameters, "isolated": tables},
        known,
    )
    accounts = [
        derive.account("c", {"ETH-PERP": 2.0}, {"USDC": 900.0}),
        Account(
            name="p",
            positions=derive.account(
                "p", {"ETH-M-2000-C": -1.0, "ETH-PERP": 1.0}, isolated={"ETH-PERP": 700.0}
            ).positions,
            collateral={"USDC": 5000.0},
            portfolio=True,
        ),
    ]
    found = prepared.requirements(Book.from_accounts(accounts))
    assert not found.unknown.any()
    alone = model.prepare(derive.snapshot(), parameters, known).requirements(
        Book.from_accounts([derive.account("p", {"ETH-M-2000-C": -1.0}, {"USDC": 5000.0})])
    )
    assert found.maintenance[1] == alone.maintenance[0]
    assert found.equity[1] == alone.equity[0]
    assert found.maintenance[2] == pytest.approx(2002.0 * 0.05, rel=1e-12)
    assert found.binding_scenario is not None
    assert found.binding_scenario[0] == -1
    name = found.scenario_names[int(found.binding_scenario[1])]
    assert name == f"portfolio: {alone.scenario_names[int(alone.binding_scenario[0])]}"
    table = found.explain("p")
    names = [column.name for column in table.columns]
    assert names.count("mark") == 1
    option, perpetual = table.rows[0], table.rows[1]
    assert option[names.index("maintenance_rate")] is None
    assert perpetual[names.index("maintenance_rate")] == 0.05


def test_numeraires_are_asked_of_an_empty_book() -> None:
    """So models must take one: those of this package do."""
    nobody = Book.from_accounts(())
    model, parameters = derive.MODELS["srm"]
    derived = model.prepare(derive.snapshot(), parameters, derive.instruments())
    assert len(derived.requirements(nobody)) == 0
    assert len(TIERS.prepare(snapshot(), TABLES, INSTRUMENTS).requirements(nobody)) == 0
    sized = SizeTieredMargin(pricing=PRICING).prepare(snapshot(), {}, INSTRUMENTS)
    assert len(sized.requirements(nobody)) == 0


def test_parts_of_a_book_cover_it_once() -> None:
    accounts = [
        held("a", False, position("PERP", 1.0), position("ETH", 1.0, isolated_margin=1.0)),
        held("b", True, position("ETH", 1.0, isolated_margin=1.0), position("PERP", 1.0)),
        held("c", True),
    ]
    book = Book.from_accounts(accounts)
    for separate in (False, True):
        parts = mode_books(book, separate_isolated=separate)
        rows = np.sort(np.concatenate([p.position for p in parts]))
        units = np.sort(np.concatenate([p.unit_in_whole for p in parts]))
        assert rows.tolist() == [0, 1, 2, 3]
        assert units.tolist() == [0, 1, 2, 3, 4]
        assert sum(p.book.collateral.sum() for p in parts) == 300.0


@pytest.mark.parametrize("separate", [False, True])
def test_modes_pass_the_examination_of_margin_models(separate: bool) -> None:
    """Without a rescaled case and a set of fewer scenarios, which tiers have none of."""
    model = ModedMargin(cross=TIERS, portfolio=TIERS, isolated=TIERS if separate else None)
    known = {m: i for m, i in INSTRUMENTS.items() if m in TABLES}
    findings = check_margin_model(
        model,
        dict.fromkeys(model.models, TABLES),
        snapshot(),
        known,
        books=3,
        pricing_markets=("COIN", "STETH"),
    )
    assert {f.property for f in findings} <= {
        MarginProperty.CURRENCY_UNIT,
        MarginProperty.MORE_SCENARIOS,
    }
    assert all("not checked" in str(f) for f in findings)


def test_scenarios_of_two_grid_models_are_told_apart() -> None:
    models = {"cross": "pmrm1", "portfolio": "pmrm2"}
    chosen = {mode: derive.MODELS[name] for mode, name in models.items()}
    model = ModedMargin(cross=chosen["cross"][0], portfolio=chosen["portfolio"][0])
    parameters = {mode: given for mode, (_, given) in chosen.items()}
    prepared = model.prepare(derive.snapshot(), parameters, derive.instruments())
    accounts = [replace(derive.SHORT, name=mode, portfolio=mode == "portfolio") for mode in models]
    found = prepared.requirements(Book.from_accounts(accounts))
    assert found.binding_scenario is not None
    for unit, (mode, name) in enumerate(models.items()):
        alone = derive.margin(name, derive.SHORT)
        assert alone.binding_scenario is not None
        expected = alone.scenario_names[int(alone.binding_scenario[0])]
        assert found.scenario_names[int(found.binding_scenario[unit])] == f"{mode}: {expected}"
        assert found.maintenance[unit] == alone.maintenance[0]
