"""The examination finds every kind of wrong model, names what is not promised, passes good ones.

Each wrong model is a good one (OKX's, or one of tiers) with one fault put into its answers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from plimsoll.domain.book import Book
from plimsoll.domain.margin_explanation import UnitExplanation
from plimsoll.domain.requirement import Requirements
from plimsoll.errors import UsageError
from plimsoll.testing import (
    OPTIONAL,
    BookRules,
    MarginProperty,
    RescaledCase,
    Tolerance,
    Verdict,
    assert_margin_model,
    check_margin_model,
    generated_book,
)
from sandbox_examined import case, in_units
from sandbox_margin import INSTRUMENTS, PRICING, SNAPSHOT
from sandbox_models import MODELS

P = MarginProperty
OKX, TIERED, DERIVE = MODELS["okx"], MODELS["tiered"], MODELS["derive SRM"]
RULES = BookRules(collateral={"USDC": 1_000.0}, ordering=1.0)
Distort = Callable[[Requirements], Requirements]


@dataclass(frozen=True, slots=True)
class Wrong:
    """A good model whose answers go through ``distort``; ``pricing`` as the good one's."""

    model: Any
    distort: Distort
    pricing: Any = PRICING

    def prepare(self, snapshot: Any, parameters: Any, instruments: Any) -> Any:
        return WrongPrepared(self.model.prepare(snapshot, parameters, instruments), self.distort)


@dataclass(frozen=True, slots=True)
class WrongPrepared:
    prepared: Any
    distort: Distort

    def requirements(self, book: Book) -> Requirements:
        return self.distort(self.prepared.requirements(book))


@dataclass(frozen=True, slots=True)
class Generous:
    """Explains twice what is asked."""

    inner: Any

    def explanation(self, unit: int) -> UnitExplanation:
        told = self.inner.explanation(unit)
        terms = tuple(replace(t, initial=2.0 * t.initial + 1.0) for t in told.terms)
        return replace(told, terms=terms)


def scaled(found: Requirements, factor: Any) -> Requirements:
    """Requirements times a factor a unit, parts and all."""
    terms = tuple(
        replace(t, initial=t.initial * factor, maintenance=t.maintenance * factor)
        for t in found.terms
    )
    return replace(
        found,
        terms=terms,
        initial=sum((t.initial for t in terms), np.zeros(len(found))),
        maintenance=sum((t.maintenance for t in terms), np.zeros(len(found))),
    )


def by_position(found: Requirements, values: Any) -> Any:
    return np.bincount(found.parts.unit, values, len(found))


def per_size(found: Requirements) -> Requirements:
    """Asks less the more there is."""
    gross = by_position(found, np.abs(np.nan_to_num(found.book.quantity)))
    return scaled(found, 1.0 / (1.0 + gross) ** 2)


def per_count(found: Requirements) -> Requirements:
    return scaled(found, by_position(found, np.ones(found.book.market.size)) ** 2)


def first_counts_double(found: Requirements) -> Requirements:
    """Twice as much where the first position is a long one."""
    first = np.minimum(found.book.offsets[:-1], max(found.book.market.size - 1, 0))
    factor = np.ones(len(found))
    if found.book.market.size:
        factor[: len(found.book)] = 1.0 + (found.book.quantity[first] > 0.0)
    return scaled(found, factor)


def inverse_doubled(found: Requirements) -> Requirements:
    names = np.array(["USDC" not in m for m in found.book.markets], dtype=np.float64)
    coin = by_position(found, names[found.book.market] if found.book.market.size else [])
    return scaled(found, 1.0 + (coin > 0.0))


def orders_rewarded(found: Requirements) -> Requirements:
    return found if found.book.orders is None else scaled(found, 0.5)


def sunk(found: Requirements) -> Requirements:
    return scaled(found, np.nan) if np.any(found.unknown) else found


WRONG: dict[MarginProperty, Distort] = {
    P.LEVELS: lambda f: replace(f, initial=0.5 * f.maintenance),
    P.PARTS: lambda f: replace(f, initial=np.nextafter(f.initial, np.inf)),
    P.EXPLANATION: lambda f: replace(f, unit_explainer=Generous(f.unit_explainer)),
    P.ACCOUNT_ORDER: lambda f: scaled(f, 1.0 + 1e-15 * f.account),
    P.POSITION_ORDER: first_counts_double,
    P.BOOK_OF_ONE: lambda f: scaled(f, 1.0 + 1e-15 * len(f.book)),
    P.FAULTS: lambda f: scaled(f, 1.0) if not np.any(f.unknown) else sunk(f),
    P.NOT_FREE: lambda f: scaled(f, 0.0),
    P.MONOTONE: per_size,
    P.SUBADDITIVE: per_count,
    P.PARITY: inverse_doubled,
    P.ORDERS: orders_rewarded,
    P.UNIT_EXPLANATIONS: lambda f: replace(f, unit_explainer=None),
}


def failures(model: Any, parameters: Any, **more: Any) -> set[MarginProperty]:
    given = {"rules": RULES, "books": 3, **more}
    found = check_margin_model(model, parameters, SNAPSHOT, INSTRUMENTS, **given)
    return {f.property for f in found if f.verdict is Verdict.FAILED}


@pytest.mark.parametrize("about", list(WRONG))
def test_a_wrong_model_is_found(about: MarginProperty) -> None:
    wrong = Wrong(OKX.case.model, WRONG[about])
    assert about in failures(wrong, OKX.case.parameters)


@pytest.mark.parametrize(
    "distort",
    [
        lambda f: replace(
            f,
            initial=np.nan_to_num(f.initial),
            maintenance=np.nan_to_num(f.maintenance),
        ),
        lambda f: replace(f, parts=replace(f.parts, reason=np.zeros_like(f.parts.reason))),
        sunk,
    ],
    ids=["silently zero", "no reason", "one sinks all"],
)
def test_faults_that_are_hushed_are_found(distort: Distort) -> None:
    assert P.FAULTS in failures(Wrong(TIERED.case.model, distort), TIERED.case.parameters)


def test_a_model_that_raises_for_one_bad_market_is_found() -> None:
    @dataclass(frozen=True, slots=True)
    class Raises:
        model: Any

        def prepare(self, snapshot: Any, parameters: Any, instruments: Any) -> Any:
            if any(not quote.mark > 0.0 for quote in snapshot.quotes.values()):
                raise UsageError("must have a mark", found="none", field="mark")
            return self.model.prepare(snapshot, parameters, instruments)

    assert P.FAULTS in failures(Raises(TIERED.case.model), TIERED.case.parameters)


def test_a_flat_amount_is_no_invariant_of_the_currency() -> None:
    def flat(found: Requirements) -> Requirements:
        return replace(found, initial=found.initial + 1.0)

    wrong = Wrong(OKX.case.model, flat)
    base = in_units(OKX.case, OKX.case.model).case
    pricing = replace(PRICING, numeraire="HALFUSD")
    other = replace(base, model=Wrong(replace(OKX.case.model, pricing=pricing), flat))
    rescaled = RescaledCase(case=other, factor=2.0)
    assert P.CURRENCY_UNIT in failures(wrong, OKX.case.parameters, rescaled=rescaled)


def test_more_scenarios_that_ask_less_are_found() -> None:
    more = {
        "fewer_scenarios": case(
            Wrong(OKX.case.model, lambda f: scaled(f, 1.1)), OKX.case.parameters
        )
    }
    assert failures(OKX.case.model, OKX.case.parameters, **more) == {P.MORE_SCENARIOS}


def test_a_promise_that_is_not_kept_is_found() -> None:
    promised = DERIVE.promises | {P.OPTION_MARKS}
    assert failures(DERIVE.case.model, DERIVE.case.parameters, promises=promised) == {P.FAULTS}


def test_what_is_not_promised_is_named_and_not_tried() -> None:
    wrong = Wrong(TIERED.case.model, lambda f: replace(per_count(f), unit_explainer=None))
    found = check_margin_model(
        wrong, TIERED.case.parameters, SNAPSHOT, INSTRUMENTS, promises=(), rules=RULES, books=2
    )
    assert {f.property for f in found} == OPTIONAL
    assert {f.verdict for f in found} == {Verdict.NOT_PROMISED}
    assert str(found[0]) == f"{found[0].property.value} not promised: {found[0].property.about}"


def test_a_promise_that_cannot_be_tried_is_no_success() -> None:
    more = {"promises": [P.MORE_SCENARIOS, P.PARITY, P.CURRENCY_UNIT], "rules": RULES, "books": 1}
    held = DERIVE.case
    found = check_margin_model(held.model, held.parameters, SNAPSHOT, INSTRUMENTS, **more)
    lacking = {f.property for f in found if f.verdict is Verdict.NOT_CHECKED}
    assert lacking == {P.MORE_SCENARIOS, P.PARITY, P.CURRENCY_UNIT}
    with pytest.raises(AssertionError, match="give `fewer_scenarios`"):
        assert_margin_model(held.model, held.parameters, SNAPSHOT, INSTRUMENTS, **more)


def test_a_good_model_passes_and_a_wrong_one_is_told_with_its_book() -> None:
    held = OKX.case
    more = {"fewer_scenarios": OKX.fewer, "rules": RULES, "books": 3}
    assert check_margin_model(held.model, held.parameters, SNAPSHOT, INSTRUMENTS, **more) == []
    assert_margin_model(held.model, held.parameters, SNAPSHOT, INSTRUMENTS, **more)
    with pytest.raises(AssertionError, match=r"not_free failed: .*found 0\.0.*alone: "):
        assert_margin_model(
            Wrong(held.model, WRONG[P.NOT_FREE]), held.parameters, SNAPSHOT, INSTRUMENTS, **more
        )


def test_generated_books_are_as_ruled_and_equal_for_equal_seeds() -> None:
    rules = BookRules(
        accounts=40, positions=3, smallest_usd=10.0, largest_usd=1e3, collateral={"USDC": 5.0}
    )
    markets = ["HELM-PERP", "HELM_USDC-PERP", "HELM-M-100-C"]
    made = generated_book(OKX.case, markets, rules, seed=5)
    again = generated_book(OKX.case, markets, rules, seed=5)
    assert np.array_equal(made.quantity, again.quantity)
    assert made.markets == again.markets
    assert np.diff(made.offsets).max() <= 3
    assert made.isolated.any()
    assert made.orders is not None
    assert made.owner is not None
    notional = np.array([OKX.case.notional_usd(m) for m in made.markets])
    sizes = np.abs(made.quantity) * notional[made.market]
    assert sizes.min() >= 10.0 - 1e-9
    assert sizes.max() <= 1e3 + 1e-9
    # 10 USD a contract; 0.01 coin at 95,000; one coin.
    assert {m: OKX.case.notional_usd(m) for m in markets} == dict(
        zip(markets, (10.0, 950.0, 95_000.0), strict=True)
    )


def test_tolerances_add_up() -> None:
    assert Tolerance(relative=0.1, gross=0.01, absolute=1.0).of(-10.0, 200.0) == 4.0
