"""OKX, SPAN and Bybit margins worked by hand in ``okx*.yaml``, ``span*.yaml``, ``bybit*.yaml``.

The arithmetic stands there. Tolerance 1e-9 relative and absolute: normal distribution values in the
comments are carried to 12 digits, amounts are hundreds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from bound_trials import Trial, changed

from plimsoll.domain.account import Account, MarginMode, Position
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
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.requirement import Requirements
from plimsoll.margin import CurrencyPricing
from plimsoll.margin.bybit import BybitMargin, BybitParameters
from plimsoll.margin.governed import governance
from plimsoll.margin.okx import OkxAccountParameters, OkxMargin, OkxParameters
from plimsoll.margin.okx.brackets import DepegBand, bracket_table
from plimsoll.margin.span import SpanMargin, SpanParameters
from plimsoll.margin.span.tables import CalendarSpread, InterCommoditySpread, SpanTier

FOLDER = Path(__file__).parent
AT_NS = 1_780_000_000_000_000_000
GOVERNED = {"okx": OkxParameters, "span": SpanParameters, "bybit": BybitParameters}
WORDS = ("first", "second", "same_side")


def files() -> Iterator[tuple[str, dict[str, Any]]]:
    for model in GOVERNED:
        for path in sorted(FOLDER.glob(f"{model}*.yaml")):
            yield path.stem, yaml.safe_load(path.read_text())


def cases() -> Iterator[Any]:
    for stem, file in files():
        for case in file["cases"]:
            yield pytest.param(file, case, id=f"{stem}: {case['name']}")


def instrument(terms: Mapping[str, Any]) -> Instrument:
    base, quote = terms["pair"].split("/")
    pair = Pair(base=base, quote=quote)
    if terms["kind"] == "spot":
        return Spot(pair=pair)
    inverse = terms.get("settle") == base
    common = {
        "pair": pair,
        "settle": terms.get("settle", quote),
        "payoff": Payoff.INVERSE if inverse else Payoff.LINEAR,
        "contract_size": Decimal(str(terms.get("size", 1))),
    }
    if terms["kind"] == "perpetual":
        return Perpetual(**common)
    dated = common | {"expiry_ns": AT_NS + round(terms["days"] * 86400) * 10**9}
    if terms["kind"] == "future":
        return Future(**dated)
    strike, right = Decimal(str(terms["strike"])), OptionRight(terms["right"])
    return Option(**dated, strike=strike, right=right)


def snapshot(file: dict[str, Any], case: dict[str, Any], known: Mapping[str, Instrument]) -> Any:
    quotes, expiries = {}, {}
    for market, terms in file["markets"].items():
        changed = terms | case.get("markets", {}).get(market, {})
        quotes[market] = Quote(
            mark=float(changed["mark"]),
            index=float(changed.get("index", changed["mark"])),
            implied_vol_annual=float(changed.get("vol", "nan")),
        )
        held = known[market]
        if isinstance(held, Option):
            key = (held.pair, held.settle, held.expiry_ns)
            expiries[key] = ExpiryQuote(floating=float(changed["forward"]))
    return MarketSnapshot(
        at_ns=AT_NS,
        quotes=quotes,
        expiries=expiries,
        stable_price_usd=file["prices"] | case.get("prices", {}),
    )


def governed_of(kind: type[Any], chosen: Mapping[str, Any], **more: Any) -> Any:
    known = governance(kind)
    return kind(**{name: Decimal(str(v)) for name, v in chosen.items() if name in known}, **more)


def brackets(rows: list[list[Any]]) -> Any:
    return bracket_table(*((None if cap is None else str(cap), str(f)) for cap, f in rows))


def okx(file: dict[str, Any], case: dict[str, Any]) -> Any:
    chosen, more = file["parameters"] | case.get("parameters", {}), {}
    if "multipliers" in chosen:
        more["minimum_charge_multipliers"] = brackets(chosen["multipliers"])
    if "bands" in chosen:
        more["depeg_bands"] = tuple(
            DepegBand(peg_at_least=Decimal(str(peg)), brackets=brackets(rows))
            for peg, rows in chosen["bands"]
        )
    account = governed_of(OkxAccountParameters, case.get("account", {}))
    model = OkxMargin(pricing=pricing(file), account=account, **case.get("model", {}))
    units = {unit: governed_of(OkxParameters, chosen, **more) for unit in file["units"]}
    return model, units


def span(file: dict[str, Any], case: dict[str, Any]) -> Any:
    def rows(name: str) -> list[Any]:
        return (file | case).get(name, [])

    choices = case.get("model", {})
    spreads = tuple(
        InterCommoditySpread(**{k: v if k in WORDS else Decimal(str(v)) for k, v in row.items()})
        for row in rows("inter")
    )
    model = SpanMargin(pricing=pricing(file), inter_spreads=spreads, **choices)
    tables = {
        "tiers": tuple(SpanTier.of(*row) for row in rows("tiers")),
        "calendar_spreads": tuple(CalendarSpread.of(*row) for row in rows("calendar")),
    }
    shared = file["parameters"] | case.get("parameters", {})
    own = case.get("unit_parameters", {})
    units = {
        u: governed_of(SpanParameters, shared | own.get(u, {}), **tables) for u in file["units"]
    }
    return model, units


def bybit(file: dict[str, Any], case: dict[str, Any]) -> Any:
    chosen = file["parameters"] | case.get("parameters", {})
    model = BybitMargin(pricing=pricing(file), **case.get("model", {}))
    return model, {unit: governed_of(BybitParameters, chosen) for unit in file["units"]}


def pricing(file: dict[str, Any]) -> CurrencyPricing:
    return CurrencyPricing(
        numeraire=file.get("numeraire", "USD"), pricing_markets=file.get("pricing_markets", {})
    )


def solve(file: dict[str, Any], case: dict[str, Any]) -> Requirements:
    known = {market: instrument(terms) for market, terms in file["markets"].items()}
    build = {"okx": okx, "span": span, "bybit": bybit}[file["model"]]
    model, parameters = build(file, case)
    positions = tuple(
        Position(
            market=market,
            quantity=float(quantity),
            entry_price=100.0,
            mode=MarginMode.ISOLATED if market in case.get("isolated", {}) else MarginMode.CROSS,
            isolated_margin=case.get("isolated", {}).get(market),
        )
        for market, quantity in case["positions"].items()
    )
    account = Account(name="a", positions=positions, collateral=case.get("collateral", {}))
    prepared = model.prepare(snapshot(file, case, known), parameters, known)
    found: Requirements = prepared.requirements(Book.from_accounts([account]))
    return found


@pytest.mark.parametrize(("file", "case"), list(cases()))
def test_case(file: dict[str, Any], case: dict[str, Any]) -> None:
    found = solve(file, case)
    for unit, expected in enumerate(case["expect"]):
        if "reason" in expected:
            reason = MarginReason[expected["reason"]]
            assert reason in found.parts.reason[found.parts.unit == unit]
            assert found.unknown[unit]
            continue
        near = {"rel": 1e-9, "abs": 1e-9}
        terms = {t.name: float(t.maintenance[unit]) for t in found.terms}
        for name, value in expected.get("terms", {}).items():
            assert terms[name] == pytest.approx(float(value), **near), (name, terms)
        for total in ("maintenance", "initial"):
            if total in expected:
                computed = float(getattr(found, total)[unit])
                assert computed == pytest.approx(float(expected[total]), **near), total
        if "binding" in expected:
            at = int(found.binding_scenario[unit])  # type: ignore[index]
            assert (found.scenario_names[at] if at >= 0 else None) == expected["binding"]


def trials(model: str, key: str) -> Iterator[Trial]:
    """Cases of a model with what their mapping ``key`` says, over the file's own."""
    for _, file in files():
        for case in file["cases"] if file["model"] == model else ():
            values = file.get(key, {}) | case.get(key, {})

            def run(name: str, value: Decimal, file: Any = file, case: Any = case) -> None:
                test_case(file, changed(case, key, name, value))

            yield Trial(values=values, run=run)


TRIALS = {kind: partial(trials, model, "parameters") for model, kind in GOVERNED.items()} | {
    OkxAccountParameters: partial(trials, "okx", "account")
}
