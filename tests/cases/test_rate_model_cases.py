"""Books and their margin, worked by hand in ``rates/*.yaml``; the arithmetic stands there.

Tolerance 1e-12 relative: a few products in float64 against decimals; a case that loses digits by
cancellation says so and states its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from bound_trials import Trial

from plimsoll.adapters.venues import parse_name
from plimsoll.domain.account import Account, MarginMode, Order, Position
from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument, Spot
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.requirement import Requirements
from plimsoll.domain.tiers import Tier, TierTable
from plimsoll.margin.contracts.open_interest import OpenInterestCaps
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.drift import (
    CollateralRules,
    DriftMargin,
    DriftRules,
    MarginLevel,
    PerpetualRules,
)
from plimsoll.margin.dydx import DydxMargin, LiquidityTier
from plimsoll.margin.governed import governance
from plimsoll.margin.size_tiers import SizeRates, SizeTieredMargin
from plimsoll.margin.tiered import InitialRule, MaintenanceRule, TieredMargin
from plimsoll.margin.tiered.columns import TierMeasure
from plimsoll.margin.vega import VegaMargin, VegaMarket

FOLDER = Path(__file__).parent / "rates"
KINDS: Mapping[str, type[Any]] = {
    "size_tiers": SizeRates,
    "dydx": LiquidityTier,
    "drift": PerpetualRules,
    "vega": VegaMarket,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedPricing(CurrencyPricing):
    """Prices of coins that have no market in a case."""

    fixed: Mapping[str, float]

    def price(
        self, currency: str, snapshot: MarketSnapshot, instruments: Mapping[str, Instrument]
    ) -> float:
        if currency in self.fixed:
            return self.fixed[currency]
        return CurrencyPricing.price(self, currency, snapshot, instruments)


def files() -> dict[str, dict[str, Any]]:
    return {p.stem: yaml.safe_load(p.read_text()) for p in sorted(FOLDER.glob("*.yaml"))}


def cases() -> Iterator[Any]:
    for name, file in files().items():
        for case in file["cases"]:
            yield pytest.param(file, case, id=f"{name}: {case['name']}")


def decimals(kind: type[Any], values: Mapping[str, str]) -> Any:
    return kind(**{name: Decimal(value) for name, value in values.items()})


def instrument(name: str, size: str = "1") -> Instrument:
    found = parse_name(name, "ccxt")
    return found if isinstance(found, Spot) else found.with_contract_size(Decimal(size))


def quote(terms: Mapping[str, Any]) -> Quote:
    return Quote(
        mark=float(terms["mark"]),
        index=float(terms["mark"]),
        open_interest_usd=float(terms.get("open_interest_usd", "nan")),
    )


def position(terms: Mapping[str, Any]) -> Position:
    isolated = terms.get("isolated_margin")
    return Position(
        market=terms["market"],
        quantity=float(terms["quantity"]),
        entry_price=float(terms["entry"]),
        mode=MarginMode.CROSS if isolated is None else MarginMode.ISOLATED,
        isolated_margin=isolated,
        leverage=terms.get("leverage"),
        funding=float(terms.get("funding", 0.0)),
    )


def account(terms: Mapping[str, Any], number: int) -> Account:
    return Account(
        name=f"account {number}",
        positions=tuple(position(p) for p in terms.get("positions", [])),
        collateral={c: float(v) for c, v in terms.get("collateral", {}).items()},
        orders=tuple(
            Order(market=o["market"], quantity=float(o["quantity"]), price=o.get("price"))
            for o in terms.get("orders", [])
        ),
        owner=terms.get("owner", ""),
    )


def table(rows: list[list[Any]]) -> TierTable:
    return TierTable(
        tuple(
            Tier(
                cap_usd=None if cap is None else Decimal(str(cap)),
                maintenance_rate=Decimal(maintenance),
                initial_rate=Decimal(initial),
                max_leverage=Decimal(leverage),
            )
            for cap, maintenance, initial, leverage in rows
        )
    )


def caps(lower: int, upper: int) -> OpenInterestCaps:
    return OpenInterestCaps(lower_usd=Decimal(lower), upper_usd=Decimal(upper))


def tiered(file: Mapping[str, Any], case: Mapping[str, Any], pricing: CurrencyPricing) -> Any:
    markets = file["markets"].items()
    return TieredMargin(
        pricing=pricing,
        initial_rule=InitialRule(case.get("initial_rule", "whole_notional")),
        maintenance_rule=MaintenanceRule(case.get("maintenance_rule", "marginal")),
        measure={m: TierMeasure(t["measure"]) for m, t in markets if "measure" in t},
        open_interest={m: caps(*t["open_interest"]) for m, t in markets if "open_interest" in t},
    )


def model(file: Mapping[str, Any], case: Mapping[str, Any]) -> Any:
    pricing = FixedPricing(
        numeraire=file.get("numeraire", "USD"),
        pricing_markets=file.get("pricing_markets", {}),
        fixed=file.get("fixed_prices", {}),
    )
    if file["model"] == "drift":
        return DriftMargin(
            pricing=pricing,
            opening_level=MarginLevel(case.get("opening_level", "initial")),
            average_prices=case.get("average_prices", {}),
            deposits_usd=file["deposits_usd"],
        )
    if file["model"] == "tiered":
        return tiered(file, case, pricing)
    kinds = {"size_tiers": SizeTieredMargin, "dydx": DydxMargin, "vega": VegaMargin}
    return kinds[file["model"]](pricing=pricing)


def prepared(file: Mapping[str, Any], case: Mapping[str, Any]) -> Any:
    markets = file["markets"]
    instruments = {m: instrument(t["name"], t["contract_size"]) for m, t in markets.items()}
    instruments |= {m: instrument(name) for m, name in file.get("instruments", {}).items()}
    extra = {m: Quote(mark=float(p), index=float(p)) for m, p in file.get("quotes", {}).items()}
    snapshot = MarketSnapshot(
        at_ns=at_ns(file.get("at", "1970-01-01T00:00:00+00:00")),
        quotes={m: quote(t) for m, t in markets.items()} | extra,
        stable_price_usd=file["prices"],
    )
    return model(file, case).prepare(snapshot, parameters_of(file), instruments)


def book_of(case: Mapping[str, Any]) -> Book:
    return Book.from_accounts(account(a, n) for n, a in enumerate(case["accounts"]))


def solve(file: Mapping[str, Any], case: Mapping[str, Any]) -> Requirements:
    found: Requirements = prepared(file, case).requirements(book_of(case))
    return found


def parameters_of(file: Mapping[str, Any]) -> Any:
    markets = file["markets"]
    if file["model"] == "tiered":
        return {m: table(t["tiers"]) for m, t in markets.items()}
    kind = KINDS[file["model"]]
    parameters = {m: decimals(kind, t["parameters"]) for m, t in markets.items()}
    if file["model"] == "drift":
        rules = {c: decimals(CollateralRules, r) for c, r in file["collateral"].items()}
        return DriftRules(perpetuals=parameters, collateral=rules)
    return parameters


def at_ns(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp()) * 1_000_000_000


@pytest.mark.parametrize(("file", "case"), list(cases()))
def test_case(file: dict[str, Any], case: dict[str, Any]) -> None:
    found = solve(file, case)
    assert len(found) == len(case["expect"])
    near = case.get("tolerance", 1e-12)
    for unit, expected in enumerate(case["expect"]):
        if "reason" in expected:
            mine = found.parts.reason[found.parts.unit == unit].tolist()
            assert found.unit_reason is not None
            mine.append(int(found.unit_reason[unit]))
            assert expected["reason"] in {MarginReason(r).text for r in mine}
            assert np.isnan(found.initial[unit])
            assert np.isnan(found.maintenance[unit])
            continue
        assert not found.unknown[unit]
        check_terms(found, unit, expected.get("terms", {}))
        scale = abs(float(found.collateral[unit])) + abs(float(found.unrealised[unit]))
        for name, value in expected.items():
            if name == "terms":
                continue
            number = float(getattr(found, name)[unit])
            assert number == pytest.approx(value, rel=near, abs=near * scale), name

    if "levels" in case:
        levels = prepared(file, case).levels(book_of(case))
        for unit, told in enumerate(case["levels"]):
            for name, value in told.items():
                assert getattr(levels, name)[unit] == pytest.approx(value, rel=1e-12), name


def check_terms(found: Requirements, unit: int, expected: dict[str, list[float]]) -> None:
    terms = {term.name: term for term in found.terms}
    for name, (initial, maintenance) in expected.items():
        # A term may be a difference of numbers of the size of the position's own.
        near = 1e-12 * max(1.0, float(terms["positions"].initial[unit]))
        assert terms[name].initial[unit] == pytest.approx(initial, rel=1e-12, abs=near), name
        assert terms[name].maintenance[unit] == pytest.approx(maintenance, rel=1e-12, abs=near)


def test_terms_add_up_to_the_last_bit_and_are_explained() -> None:
    for file in files().values():
        for case in file["cases"]:
            found = solve(file, case)
            initial = np.zeros(len(found))
            for term in found.terms:
                initial = initial + term.initial
            np.testing.assert_array_equal(found.initial, initial)
            for name in found.book.accounts:
                for unit, told in zip(found.units_of(name), found.explanations(name), strict=True):
                    assert np.array_equal(told.initial, found.initial[unit], equal_nan=True)
                    parts = [c.contribution for c in told.contributions if c.of == "positions"]
                    positions = next(t for t in told.terms if t.name == "positions")
                    known = not np.isnan(positions.maintenance)
                    assert not known or sum(parts) == pytest.approx(
                        positions.maintenance, rel=1e-12
                    )


def trials(name: str, section: str) -> Iterator[Trial]:
    """Markets, or currencies, with the cases of accounts that hold them."""
    file, kind = files()[name], CollateralRules if section == "collateral" else KINDS[name]
    nested = section == "markets"
    for subject, terms in file[section].items():
        own = terms["parameters"] if nested else terms
        stated = decimals(kind, own)

        def run(field: str, value: Decimal, subject: str = subject, own: Any = own) -> None:
            moved = own | dict.fromkeys(switched(field, own), str(value))
            rules = file[section][subject] | {"parameters": moved} if nested else moved
            other = file | {section: file[section] | {subject: rules}}
            for case in file["cases"]:
                if any(holds(a, subject) for a in case["accounts"]):
                    test_case(other, case)

        yield Trial(values={n: getattr(stated, n) for n in governance(kind)}, run=run)


def switched(field: str, own: Mapping[str, str]) -> tuple[str, ...]:
    """Return the field, with its partner where both at 0 switch a mode off: neither acts alone."""
    pair = ("high_leverage_initial", "high_leverage_maintenance")
    off = field == pair[0] and all(own.get(name) == "0" for name in pair)
    return pair if off else (field,)


def holds(account: Mapping[str, Any], subject: str) -> bool:
    markets = {p["market"] for p in account.get("positions", [])}
    return subject in markets | set(account.get("collateral", {}))


TRIALS = {kind: partial(trials, name, "markets") for name, kind in KINDS.items()} | {
    CollateralRules: partial(trials, "drift", "collateral")
}


def test_no_file_is_left_out() -> None:
    assert {name: len(file["cases"]) for name, file in files().items()} == {
        "drift": 28,
        "dydx": 14,
        "size_tiers": 19,
        "tiers": 23,
        "vega": 13,
    }
