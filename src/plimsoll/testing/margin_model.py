"""The examination of a margin model: everything it must hold, and everything it promises."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument
from plimsoll.domain.market import MarketSnapshot
from plimsoll.margin.protocol import MarginModel
from plimsoll.testing.generated_books import BookRules, generated_book, sized
from plimsoll.testing.margin_case import MarginCase, RescaledCase, Tolerance
from plimsoll.testing.margin_comparisons import (
    check_fills,
    check_monotone,
    check_more_scenarios,
    check_not_free,
    check_order_beside_isolated,
    check_orders,
    check_parity,
    check_subadditive,
    parity_pairs,
)
from plimsoll.testing.margin_faults import check_faults
from plimsoll.testing.margin_findings import MarginFinding, Verdict
from plimsoll.testing.margin_invariance import (
    check_account_order,
    check_book_of_one,
    check_currency_unit,
    check_position_order,
)
from plimsoll.testing.margin_properties import OPTIONAL, MarginProperty
from plimsoll.testing.margin_sums import check_explanations, check_levels, check_parts
from plimsoll.testing.subject import Subject, subject

OF_BOOKS: Mapping[MarginProperty, Callable[[Subject, Book], list[MarginFinding]]] = {
    MarginProperty.LEVELS: check_levels,
    MarginProperty.PARTS: check_parts,
    MarginProperty.EXPLANATION: check_explanations,
    MarginProperty.ACCOUNT_ORDER: check_account_order,
    MarginProperty.POSITION_ORDER: check_position_order,
    MarginProperty.BOOK_OF_ONE: check_book_of_one,
    MarginProperty.SUBADDITIVE: check_subadditive,
    MarginProperty.CURRENCY_UNIT: check_currency_unit,
    MarginProperty.MORE_SCENARIOS: check_more_scenarios,
    MarginProperty.ORDERS: check_orders,
    MarginProperty.FILLS: check_fills,
}
"""Examinations of any book; those of contracts and of bad input stand beside them."""


def check_margin_model(
    model: MarginModel[Any],
    parameters: Any,
    snapshot: MarketSnapshot,
    instruments: Mapping[str, Instrument],
    *,
    promises: Collection[MarginProperty] = OPTIONAL,
    rescaled: RescaledCase | None = None,
    fewer_scenarios: MarginCase | None = None,
    books: int = 10,
    seed: int = 1,
    rules: BookRules | None = None,
    tolerance: Tolerance | None = None,
    pricing_markets: Collection[str] | None = None,
) -> list[MarginFinding]:
    """Examine a margin model on generated books.

    Parameters
    ----------
    model, parameters, snapshot, instruments
        What `MarginModel.prepare` takes, with the model.
    promises : collection of MarginProperty
        What of `OPTIONAL` the model promises; the rest is named in the findings.
    rescaled : RescaledCase, optional
        The same case in another currency. Made up where the model has a ``pricing`` in USD.
    fewer_scenarios : MarginCase, optional
        The same case with some scenarios left out, for a model that promises MORE_SCENARIOS.
    books, seed : int
        How many books; equal seeds give equal books.
    rules : BookRules, optional
        What they hold. Name collateral here: by default there is none.
    tolerance : Tolerance, optional
        Where rounding may show. Company, order of accounts and bad input are compared bit for bit.
    pricing_markets : collection of str, optional
        Markets that price currencies, whose quotes are left good. By default those of the model's
        ``pricing``.

    Returns
    -------
    list of MarginFinding
        What failed, at most one finding of a kind for each book; what is not promised; what is
        promised and could not be tried. Empty: all is promised and holds.

    Raises
    ------
    PlimsollError
        As the model does for a good market.
    """
    case = MarginCase(
        model=model, parameters=parameters, snapshot=snapshot, instruments=instruments
    )
    tried = subject(
        case,
        promises=promises,
        rescaled=rescaled,
        fewer=fewer_scenarios,
        tolerance=tolerance,
    )
    made = [
        generated_book(case, tried.markets, rules or BookRules(), seed + n) for n in range(books)
    ]
    out = _silent(tried)
    for book in made:
        out += check_book(tried, book)
    out += check_contracts(tried, seed)
    spoilt = frozenset(_pricing_markets(model) if pricing_markets is None else pricing_markets)
    for book in made[:1]:
        out += check_faults(tried, book, spoilt=spoilt)
    return out


def assert_margin_model(
    model: MarginModel[Any],
    parameters: Any,
    snapshot: MarketSnapshot,
    instruments: Mapping[str, Instrument],
    **more: Any,
) -> None:
    """Examine as `check_margin_model` does and name every failure.

    Raises
    ------
    AssertionError
        Where something failed, or a promise could not be tried.
    """
    found = check_margin_model(model, parameters, snapshot, instruments, **more)
    bad = [f for f in found if f.verdict is not Verdict.NOT_PROMISED]
    if bad:
        raise AssertionError("\n".join(str(finding) for finding in bad))


def check_book(subject: Subject, book: Book) -> list[MarginFinding]:
    """Try every statement about books that always holds or is promised."""
    out = []
    for about, check in OF_BOOKS.items():
        if about not in OPTIONAL or about in subject.promises:
            out += check(subject, book)[:1]
    return out


def check_contracts(subject: Subject, seed: int) -> list[MarginFinding]:
    """Try single positions and their sizes, and linear beside inverse perpetuals."""
    draw, out = np.random.default_rng(seed), list[MarginFinding]()
    for market in subject.markets:
        for side in (1.0, -1.0):
            size = sized(subject.case, market, side * float(np.exp(draw.uniform(2.0, 14.0))))
            out += check_not_free(subject, market, size)[:1]
            if MarginProperty.ORDERS in subject.promises:
                out += check_order_beside_isolated(subject, market, size)
    if MarginProperty.MONOTONE in subject.promises:
        for market in subject.markets:
            quantity = sized(subject.case, market, float(np.exp(draw.uniform(2.0, 14.0))))
            growth = float(draw.uniform(1.0, 5.0))
            out += check_monotone(subject, market, quantity, growth)
            out += check_monotone(subject, market, -quantity, growth)
    if MarginProperty.PARITY in subject.promises:
        for linear, inverse in parity_pairs(subject):
            for side in (1.0, -1.0):
                notional = side * float(np.exp(draw.uniform(2.0, 14.0)))
                out += check_parity(subject, linear, inverse, notional)
    return out


def _silent(tried: Subject) -> list[MarginFinding]:
    """Name what is not promised, and what is and cannot be tried."""
    out = [
        MarginFinding(property=about, verdict=Verdict.NOT_PROMISED)
        for about in sorted(OPTIONAL - tried.promises)
    ]
    lacking = {
        MarginProperty.CURRENCY_UNIT: (tried.rescaled is None, "give `rescaled`"),
        MarginProperty.MORE_SCENARIOS: (tried.fewer is None, "give `fewer_scenarios`"),
        MarginProperty.PARITY: (
            not any(True for _ in parity_pairs(tried)),
            "no coin has a linear and an inverse perpetual with a number",
        ),
    }
    out += [
        MarginFinding(property=about, verdict=Verdict.NOT_CHECKED, detail=why)
        for about, (cannot, why) in lacking.items()
        if cannot and about in tried.promises
    ]
    return out


def _pricing_markets(model: object) -> Collection[str]:
    pricing = getattr(model, "pricing", None)
    markets: Mapping[str, str] = getattr(pricing, "pricing_markets", {})
    return markets.values()
