"""First and last entries of the presets' tables, worked by hand in ``preset_tables.yaml``.

Tolerance 1e-9 relative: a few products; the option's far tail is 1e-30 of a cent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_underlying_cases import AT_NS, instrument

from plimsoll import presets
from plimsoll.adapters.venues import parse_name
from plimsoll.domain.account import Account, Position
from plimsoll.domain.book import Book
from plimsoll.domain.expiry_quote import ExpiryQuote
from plimsoll.domain.instrument import Instrument, Option, Pair, Spot
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.tiers import TierTable
from plimsoll.errors import PlimsollError
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.derive import CashPricing
from plimsoll.presets.preset import Preset, Scope, by_market

FILE = yaml.safe_load((Path(__file__).parent / "preset_tables.yaml").read_text())
NAMES = [case["preset"] + ": " + case["name"] for case in FILE["cases"]]
# Fields that are tables of rows with one number beside their key.
ROWS = {"minimum_charge_multipliers": "factor", "calendar_spreads": "charge"}


def contract(name: str, spelling: str) -> Instrument:
    found = parse_name(name, spelling)
    assert not isinstance(found, Spot)
    return found.with_contract_size(Decimal(1))


def known_of(preset: Preset, positions: Mapping[str, Any]) -> dict[str, Instrument]:
    if preset.scope is Scope.MARKET:
        return {m: contract(m, preset.market_names) for m in positions}
    known = {m: instrument(terms) for m, terms in FILE["instruments"].items()}
    return known | {"SPOT": Spot(pair=Pair(base="BTC", quote="USD"))}


def snapshot(case: Mapping[str, Any], known: Mapping[str, Instrument]) -> MarketSnapshot:
    marks = dict.fromkeys(known, 100.0) | case.get("marks", {})
    expiries = {
        (held.pair, held.settle, held.expiry_ns): ExpiryQuote(floating=100.0)
        for held in known.values()
        if isinstance(held, Option)
    }
    return MarketSnapshot(
        at_ns=AT_NS,
        quotes={m: Quote(mark=p, index=100.0, implied_vol_annual=0.1) for m, p in marks.items()},
        expiries=expiries,
        stable_price_usd=FILE["prices"] | case.get("prices", {}),
    )


def margin(case: Mapping[str, Any], parameters: Any) -> tuple[float, float]:
    preset = presets.load(case["preset"])
    known = known_of(preset, case["positions"])
    markets = {"BTC": "SPOT"} if "SPOT" in known else {}
    pricing: CurrencyPricing = (
        CashPricing(pricing_markets=markets)
        if preset.kind.startswith("derive")
        else CurrencyPricing(numeraire="USD", pricing_markets=markets)
    )
    if preset.scope is Scope.UNIT:
        parameters = {"BTC": parameters["BTC"]}
    prepared = preset.model(pricing).prepare(snapshot(case, known), parameters, known)
    held = tuple(
        Position(market=m, quantity=float(q), entry_price=100.0)
        for m, q in case["positions"].items()
    )
    found = prepared.requirements(Book.from_accounts([Account(name="a", positions=held)]))
    assert not found.unknown[0], found.parts.reason
    return float(found.initial[0]), float(found.maintenance[0])


@pytest.mark.parametrize("case", FILE["cases"], ids=NAMES)
def test_case(case: dict[str, Any]) -> None:
    found = margin(case, presets.load(case["preset"]).parameters)
    assert found == pytest.approx(tuple(case["expect"]), rel=1e-9)


def moved(held: Any, path: list[str], factor: Decimal) -> Any:
    """Return parameters with the number at a path times a factor; a tenth of it where it is 0."""
    name, *rest = path
    if not rest:
        old = getattr(held, name)
        new = factor / 10 if old == 0 else old * type(old)(factor)
        return replace(held, **{name: new})
    if isinstance(held, tuple):
        at = int(name) % len(held)
        return (*held[:at], moved(held[at], rest, factor), *held[at + 1 :])
    if isinstance(held, Mapping):
        return {**held, name: moved(held[name], rest, factor)}
    return replace(held, **{name: moved(getattr(held, name), rest, factor)})


FELT = [
    pytest.param(case, path, id=f"{case['preset']}: {path}")
    for case in FILE["cases"]
    for path in case["feels"]
]


@pytest.mark.parametrize(("case", "path"), FELT)
def test_the_case_feels_the_entry(case: dict[str, Any], path: str) -> None:
    own = presets.load(case["preset"]).parameters
    numbers = []
    for factor in (Decimal("0.97"), Decimal("1.03")):
        try:
            numbers.append(margin(case, moved(own, path.split("."), factor)))
        except PlimsollError:  # refused: shows nothing
            continue
    assert any(n != pytest.approx(tuple(case["expect"]), rel=1e-6) for n in numbers)


def entries(preset: Preset) -> Iterator[str]:
    """First and last entries of the tables of a preset, of each different set of parameters."""
    seen: list[Any] = []
    for key, own in by_market(preset.parameters).items():
        if isinstance(own, TierTable):
            if own not in seen:
                seen.append(own)
                for at in (0, -1):
                    yield f"{key}.tiers.{at}.maintenance_rate"
                    yield f"{key}.tiers.{at}.initial_rate"
        elif key == "BTC":
            yield from rows_of(own)


def rows_of(own: Any) -> Iterator[str]:
    """First and last rows of the tables of one risk unit."""
    for field, number in ROWS.items():
        if hasattr(own, field):
            yield from (f"BTC.{field}.{at}.{number}" for at in (0, -1))
    if hasattr(own, "calendar_spreads"):
        yield from (f"BTC.tiers.0.{name}_charge" for name in ("spread", "outright"))
    if hasattr(own, "depeg_bands"):
        yield "BTC.depeg_bands.0.brackets.0.factor"
        yield "BTC.depeg_bands.-1.brackets.-1.factor"
    if hasattr(own, "scenarios"):
        # Skews move no price: they have cases of their own in derive-pmrm2.yaml.
        last = max(n for n, s in enumerate(own.scenarios) if not s.is_skew)
        yield "BTC.scenarios.0.price_multiplier"
        yield f"BTC.scenarios.{last - len(own.scenarios)}.price_multiplier"


@pytest.mark.parametrize("name", presets.names())
def test_first_and_last_entries_of_every_table_are_felt(name: str) -> None:
    felt = {path for case in FILE["cases"] if case["preset"] == name for path in case["feels"]}
    assert set(entries(presets.load(name))) <= felt
