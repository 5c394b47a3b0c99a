"""Portfolios under Deribit's and Paradex's margin, worked by hand in ``*.yaml`` beside this file.

Tolerance 1e-11 of the largest number in a case: fifteen digits of the normal distribution in the
comments, less what differences of prices lose.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from bound_trials import Trial, changed

from plimsoll.domain.account import Account, Position
from plimsoll.domain.book import Book
from plimsoll.domain.expiry_quote import ExpiryQuote
from plimsoll.domain.instrument import (
    Future,
    Instrument,
    Option,
    OptionRight,
    Pair,
    Payoff,
    Perpetual,
    Spot,
)
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.requirement import Requirements
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.deribit import (
    GENERAL,
    DeribitGeneral,
    DeribitPair,
    DeribitPortfolioMargin,
    DeribitStandardMargin,
    DeribitStandardPair,
)
from plimsoll.margin.paradex import ParadexPortfolioMargin, ParadexUnderlying

FOLDER = Path(__file__).parent
FILES = ("deribit_portfolio", "deribit_pairs", "deribit_standard", "paradex_portfolio")
DAY = 86_400 * 10**9
AT = 1_767_258_000 * 10**9
KINDS = {
    "deribit_portfolio": DeribitPair,
    "deribit_standard": DeribitStandardPair,
    "paradex": ParadexUnderlying,
}


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())
    return found


def cases() -> Iterator[Any]:
    for name in FILES:
        file = read(name)
        for case in file["cases"]:
            yield pytest.param(file, case, id=f"{name}: {case['name']}")


def instrument(terms: dict[str, Any]) -> Instrument:
    base, quote = terms["pair"].split("/")
    inverse = terms["settle"] == base
    given: dict[str, Any] = {
        "pair": Pair(base=base, quote=quote),
        "settle": terms["settle"],
        "payoff": Payoff.INVERSE if inverse else Payoff.LINEAR,
        "contract_size": Decimal(terms.get("size", 1)),
    }
    if terms["kind"] == "perpetual":
        return Perpetual(**given)
    given["expiry_ns"] = AT + int(terms["days"] * DAY)
    if terms["kind"] == "future":
        return Future(**given)
    return Option(
        **given, strike=Decimal(terms["strike"]), right=OptionRight(terms.get("right", "call"))
    )


def quote(terms: dict[str, Any], index: float) -> Quote:
    vol = math.nan
    if "deviation" in terms:
        vol = terms["deviation"] / math.sqrt(terms["days"] / 365)
    return Quote(
        mark=float(terms.get("mark", 0.0)),
        index=index,
        implied_vol_annual=vol,
        funding_rate=float(terms.get("funding", 0.0)),
    )


def snapshot(file: dict[str, Any], instruments: dict[str, Instrument]) -> MarketSnapshot:
    quotes, expiries = {}, {}
    for market, terms in file["markets"].items():
        held = instruments[market]
        quotes[market] = quote(terms, float(terms.get("forward", terms.get("mark"))))
        if isinstance(held, Option):
            expiry = (held.pair, held.settle, held.expiry_ns)
            expiries[expiry] = ExpiryQuote(floating=float(terms["forward"]))
    # What a coin is worth in dollars comes from the index of a market of its own.
    for coin, price in file["index"].items():
        quotes[coin] = Quote(mark=float(price), index=float(price))
    return MarketSnapshot(
        at_ns=AT, quotes=quotes, expiries=expiries, stable_price_usd={"USDC": 1.0}
    )


def decimals(values: dict[str, str]) -> dict[str, Decimal]:
    return {name: Decimal(value) for name, value in values.items()}


def solve(file: dict[str, Any], case: dict[str, Any]) -> Requirements:
    instruments = {m: instrument(t) for m, t in file["markets"].items()}
    snap = snapshot(file, instruments)
    coins: dict[str, Instrument] = {
        c: Spot(pair=Pair(base=c, quote="USD")) for c in file["index"] if c not in instruments
    }
    pricing = CurrencyPricing(numeraire=file["numeraire"], pricing_markets={c: c for c in coins})
    kind = KINDS[file["model"]]
    given = kind(**decimals({**file["base"], **case.get("change", {})}))
    model: Any
    if file["model"] == "paradex":
        model, parameters = ParadexPortfolioMargin(pricing=pricing), {"BTC": given}
    else:
        pairs = {t["pair"].replace("/", "_") for t in file["markets"].values()}
        parameters = dict.fromkeys(pairs, given)
        model = DeribitStandardMargin(pricing=pricing)
    if file["model"] == "deribit_portfolio":
        model = DeribitPortfolioMargin(pricing=pricing, worst_case_decimals=case.get("rounding"))
        parameters[GENERAL] = DeribitGeneral(**decimals(case.get("general", {})))
    account = Account(
        name="case",
        positions=tuple(
            Position(market=m, quantity=q, entry_price=float(file["markets"][m].get("mark") or 1.0))
            for m, q in case["positions"].items()
        ),
        collateral={file["numeraire"]: float(case.get("collateral", 0.0))},
    )
    prepared = model.prepare(snap, parameters, {**instruments, **coins})
    found: Requirements = prepared.requirements(Book.from_accounts([account]))
    return found


@pytest.mark.parametrize(("file", "case"), list(cases()))
def test_case(file: dict[str, Any], case: dict[str, Any]) -> None:
    found = solve(file, case)
    assert not found.unknown[0]
    scale = max(1.0, max(abs(float(t["mark"])) for t in file["markets"].values() if "mark" in t))
    tolerance = 1e-11 * (1.0 if file["numeraire"] == "BTC" else scale)
    for name, value in case.get("expect", {}).items():
        assert float(getattr(found, name)[0]) == pytest.approx(value, rel=1e-11, abs=tolerance)
    if "losses" in case:
        scenarios = found.explanations("case")[0].scenarios[0]
        for name, value in case["losses"].items():
            loss = float(scenarios.losses[scenarios.names.index(name)])
            if value == 0 and math.copysign(1.0, value) < 0:
                assert loss <= 0.0
            else:
                assert loss == pytest.approx(value, rel=1e-11, abs=tolerance)
    for name, (initial, maintenance) in case.get("terms", {}).items():
        term = next(t for t in found.terms if t.name == name)
        assert float(term.initial[0]) == pytest.approx(initial, rel=1e-11, abs=tolerance)
        assert float(term.maintenance[0]) == pytest.approx(maintenance, rel=1e-11, abs=tolerance)
    assert {"expect", "losses", "terms"} & set(case)


def trials(kind: type[Any], key: str, names: tuple[str, ...]) -> Iterator[Trial]:
    """Cases of some files with what their mapping ``key`` says, over the file's own."""
    for name in names:
        file = read(name)
        for case in file["cases"]:
            own = file["base"] if key == "change" else {}
            values = own | case.get(key, {})

            def run(name: str, value: Decimal, file: Any = file, case: Any = case) -> None:
                test_case(file, changed(case, key, name, value))

            yield Trial(values=values, run=run)


PORTFOLIOS = ("deribit_portfolio", "deribit_pairs")
TRIALS = {
    kind: partial(trials, kind, key, names)
    for kind, key, names in (
        (DeribitPair, "change", PORTFOLIOS),
        (DeribitGeneral, "general", PORTFOLIOS),
        (DeribitStandardPair, "change", ("deribit_standard",)),
        (ParadexUnderlying, "change", ("paradex_portfolio",)),
    )
}
