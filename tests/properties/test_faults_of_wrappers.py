"""Bad input under what stands around a model: modes, equity by currency, collateral haircuts.

As for the models themselves (`test_every_model`): a reason in the account concerned, and no other
bit changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from plimsoll.domain.account import Account
from plimsoll.domain.book import Book
from plimsoll.margin.add_ons import WithAddOns
from plimsoll.margin.collateral import CollateralParameters, CollateralRules
from plimsoll.margin.modes import ModedMargin
from plimsoll.margin.net_equity import CurrencyWeights, UnrealisedRule, WithNetEquity
from plimsoll.testing import MarginCase
from plimsoll.testing.generated_books import position, sized
from plimsoll.testing.margin_faults import check_faults
from plimsoll.testing.subject import Subject, subject
from sandbox_examined import Examined
from sandbox_margin import PRICING
from sandbox_models import MODELS

CURRENCIES = ("USDC", "USD", "HELM", "KEEL")
TIERED, MATRIX = MODELS["tiered"], MODELS["deribit X:PM"]


def moded(cross: Examined, portfolio: Examined) -> MarginCase:
    model = ModedMargin(cross=cross.case.model, portfolio=portfolio.case.model)
    parameters = {"cross": cross.case.parameters, "portfolio": portfolio.case.parameters}
    return replace(cross.case, model=model, parameters=parameters)


def by_currency(held: Examined) -> MarginCase:
    weights = dict.fromkeys(CURRENCIES, CurrencyWeights())
    model: Any = WithNetEquity(
        model=held.case.model,
        pricing=PRICING,
        weights=weights,
        unrealised=UnrealisedRule.GAINS_HAIRCUT,
    )
    return replace(held.case, model=model)


def with_haircuts(held: Examined) -> MarginCase:
    rules = CollateralRules(parameters=dict.fromkeys(CURRENCIES, CollateralParameters()))
    model: Any = WithAddOns(model=held.case.model, pricing=PRICING, collateral=rules)
    return replace(held.case, model=model)


CASES: Mapping[str, tuple[Examined, MarginCase]] = {
    "modes, tiers in cross": (TIERED, moded(TIERED, MATRIX)),
    "modes, matrix in cross": (MATRIX, moded(MATRIX, TIERED)),
    "net equity of tiers": (TIERED, by_currency(TIERED)),
    "net equity of a matrix": (MATRIX, by_currency(MATRIX)),
    "haircuts of tiers": (TIERED, with_haircuts(TIERED)),
    "haircuts of a matrix": (MATRIX, with_haircuts(MATRIX)),
}


@cache
def examined(name: str) -> Subject:
    held, case = CASES[name]
    return subject(case, promises=held.promises)


@pytest.mark.parametrize("name", list(CASES))
def test_bad_input_is_a_reason_and_stays_where_it_is(name: str) -> None:
    held, case = CASES[name]
    tried = examined(name)
    mixed = tuple(position(case, m, sized(case, m, 5e4)) for m in tried.markets[:3])
    aside = tuple(
        position(case, m, sized(case, m, -5e4), isolated_margin=5.0) for m in tried.markets[-2:]
    )
    book = Book.from_accounts(
        [
            Account(name="mixed", positions=mixed, collateral=held.collateral),
            Account(name="aside", positions=aside, portfolio=True),
            Account(name="netted", positions=mixed[:2], collateral={"USDC": -1.0}, portfolio=True),
        ]
    )
    spoilt = frozenset({*held.pricing_markets, *PRICING.pricing_markets.values()})
    found = check_faults(tried, book, spoilt=spoilt)
    assert not found, "\n".join(str(f) for f in found[:20])
