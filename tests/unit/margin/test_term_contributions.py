"""Contributions to every term: closed forms, sums, what is nobody's, and reasons."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from plimsoll.domain.account import Account, MarginMode, Order, Position
from plimsoll.domain.book import Book
from plimsoll.domain.margin_explanation import UnitExplanation
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.requirement import PositionParts, Requirements, RequirementTerm, total_of
from plimsoll.margin.contracts.position_explanation import PositionExplainer
from plimsoll.margin.term_contributions import unit_explanations
from plimsoll.margin.units.cells import unit_layout


@dataclass(frozen=True)
class Terms:
    """A model made of one term of each kind; quantities are its only risk."""

    minimum: float = 5.0

    def requirements(self, book: Book) -> Requirements:
        layout = unit_layout(book)
        count = len(layout)

        def of_units(values: np.ndarray) -> np.ndarray:
            return np.bincount(layout.unit_of_position, values, count)

        gross, net = np.abs(book.quantity), of_units(book.quantity)
        held = of_units(gross) > 0.0
        orders = np.zeros(count)
        if book.orders is not None:
            orders[: len(book)] = np.add.reduceat(
                np.append(np.abs(book.orders.quantity), 0.0), book.orders.offsets[:-1]
            ) * (np.diff(book.orders.offsets) > 0)
        coins = np.zeros(count)
        coins[: len(book)] = book.collateral.sum(axis=1)
        columns = {
            "positions": 2.0 * of_units(gross),
            "net": 3.0 * np.abs(net),
            "threshold": np.maximum(np.abs(net) - 1.0, 0.0),
            "square": of_units(gross) ** 2,
            "haircut": 0.1 * coins,
            "minimum": np.where(held, self.minimum, 0.0),
            "open_orders": orders,
        }
        terms = tuple(
            RequirementTerm(name=n, title=n.title(), initial=1.5 * c, maintenance=c)
            for n, c in columns.items()
        )
        initial, maintenance = total_of(terms, count)
        parts = PositionParts(
            unit=layout.unit_of_position,
            initial=3.0 * gross,
            maintenance=2.0 * gross,
            unrealised=np.zeros(gross.size),
            reason=np.zeros(gross.size, dtype=np.int64),
        )
        explainer = PositionExplainer(
            book=book,
            numeraire="USD",
            terms=terms,
            unit_of_position=layout.unit_of_position,
            account=layout.account,
            position=layout.position,
            equity=coins,
            initial=parts.initial,
            maintenance=parts.maintenance,
            source=NoTerms(),
        )
        return Requirements(
            book=book,
            numeraire="USD",
            initial=initial,
            maintenance=maintenance,
            unrealised=np.zeros(count),
            collateral=coins,
            account=layout.account,
            position=layout.position,
            parts=parts,
            explainer=NoTerms(),
            terms=terms,
            unit_explainer=explainer,
        )


class NoTerms:
    def terms(self, positions: np.ndarray) -> tuple[()]:
        return ()


def position(market: str, quantity: float) -> Position:
    return Position(market=market, quantity=quantity, entry_price=1.0)


HELD = Account(
    name="a",
    positions=(position("X", 4.0), position("Y", -1.5)),
    collateral={"BTC": 2.0},
    orders=(Order(market="X", quantity=3.0, price=1.0),),
)


def told(account: Account = HELD) -> tuple[UnitExplanation, ...]:
    other = Account(name="first", positions=(position("Y", 7.0),))
    book, model = Book.from_accounts([other, account]), Terms()
    return unit_explanations(model, model.requirements(book), account.name)


def shares(one: UnitExplanation, of: str, level: str = "contribution") -> dict[str, float]:
    return {c.market: getattr(c, level) for c in one.contributions if c.of == of}


def test_shares_of_terms_in_proportion_are_eulers() -> None:
    (one,) = told()
    assert shares(one, "positions") == {"X": 8.0, "Y": 3.0}
    # 3 |x + y|: its slope is 3 in both, times 4 and - 1.5.
    assert shares(one, "net") == pytest.approx({"X": 12.0, "Y": -4.5}, rel=1e-10)
    assert shares(one, "haircut") == pytest.approx({"collateral BTC": 0.2}, rel=1e-12)
    for name in ("positions", "net", "haircut"):
        initial = {m: 1.5 * x for m, x in shares(one, name).items()}
        assert shares(one, name, "initial") == pytest.approx(initial, rel=1e-10)


def test_shares_of_other_terms_are_scaled_to_them() -> None:
    (one,) = told()
    # |2.5| - 1 = 1.5, shared as the net is: 4 and - 1.5 of 2.5.
    assert shares(one, "threshold") == pytest.approx({"X": 2.4, "Y": -0.9}, rel=1e-10)
    # (4 + 1.5)^2, shared as the gross is.
    assert shares(one, "square") == pytest.approx({"X": 22.0, "Y": 8.25}, rel=1e-7)


def test_shares_add_up_to_the_last_bit() -> None:
    (one,) = told()
    terms = {t.name: (t.initial, t.maintenance) for t in one.terms}
    for name in {c.of for c in one.contributions}:
        sums = [0.0, 0.0]
        for c in one.contributions:
            if c.of == name:
                sums = [sums[0] + c.initial, sums[1] + c.contribution]
        assert tuple(sums) == terms[name]
    spread, beside = {c.of for c in one.contributions}, {t.name for t in one.unspread}
    assert not spread & beside
    assert spread | beside == {n for n, amounts in terms.items() if any(amounts)}


def test_terms_that_are_no_positions_say_so() -> None:
    (one,) = told()
    beside = {t.name: t for t in one.unspread}
    assert (beside["minimum"].initial, beside["minimum"].maintenance) == (7.5, 5.0)
    assert beside["minimum"].why == "of the account as a whole: no single position moves it"
    assert beside["open_orders"].maintenance == 3.0
    assert beside["open_orders"].why == "of open orders, not of positions"


def test_an_isolated_position_is_a_unit_of_its_own() -> None:
    own = replace(position("Z", 2.0), mode=MarginMode.ISOLATED, isolated_margin=1.0)
    aside = replace(HELD, positions=(*HELD.positions, own))
    cross, alone = told(aside)
    assert shares(cross, "net") == pytest.approx({"X": 12.0, "Y": -4.5}, rel=1e-10)
    assert alone.unit == "isolated Z"
    assert shares(alone, "net") == pytest.approx({"Z": 6.0}, rel=1e-10)
    assert {t.name for t in alone.unspread} == {"minimum"}


def test_what_a_position_asks_alone() -> None:
    (one,) = told()
    alone = {c.market: c.standalone for c in one.contributions if c.of == "positions"}
    # Of X alone: 2 x 4 + 3 x 4 + 3 + 16 + 5.
    assert alone["X"] == 44.0
    assert alone["Y"] == 2.0 * 1.5 + 3.0 * 1.5 + 0.5 + 2.25 + 5.0


def test_a_unit_without_a_number_claims_nothing() -> None:
    model, book = Terms(), Book.from_accounts([HELD])
    found = model.requirements(book)
    nan = np.full(1, np.nan)
    bad = replace(
        found,
        initial=nan,
        maintenance=nan,
        unit_reason=np.array([int(MarginReason.NO_PARAMETERS)]),
    )
    (one,) = unit_explanations(model, bad, "a")
    assert one.reasons == (MarginReason.NO_PARAMETERS.text,)
    assert (one.contributions, one.unspread, one.changes, one.binding) == ((), (), (), "")
