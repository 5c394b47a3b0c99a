"""Derive's margins, worked by hand in ``derive-*.yaml``; the arithmetic stands there.

Tolerance 1e-9 absolute, and relative where numbers are larger: the tables of the normal
distribution in the comments have 15 digits.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from bound_trials import Trial

from plimsoll.domain.account import Account, Position
from plimsoll.domain.book import Book
from plimsoll.domain.expiry_quote import ExpiryQuote, averaged
from plimsoll.domain.instrument import (
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
from plimsoll.errors import ParameterError
from plimsoll.margin.derive import (
    CashPricing,
    CollateralRule,
    DerivePmrm1,
    DerivePmrm2,
    DeriveSrm,
    Pmrm1Parameters,
    Pmrm2Parameters,
    PmrmScenario,
    SrmParameters,
)
from plimsoll.margin.governed import governance
from plimsoll.scenarios.risk_grid import VolMove

FOLDER = Path(__file__).parent
KINDS: dict[str, Any] = {
    "pmrm2": (DerivePmrm2, Pmrm2Parameters),
    "pmrm1": (DerivePmrm1, Pmrm1Parameters),
    "srm": (DeriveSrm, SrmParameters),
}
AT_NS = 1_735_689_600_000_000_000
PAIR = Pair(base="COIN", quote="USDC")
TERMS: Any = {
    "pair": PAIR,
    "settle": "USDC",
    "payoff": Payoff.LINEAR,
    "contract_size": Decimal(1),
}


def files() -> list[Any]:
    return [yaml.safe_load(p.read_text()) for p in sorted(FOLDER.glob("derive-*.yaml"))]


def cases() -> Iterator[Any]:
    for file in files():
        for case in file["cases"]:
            name = case.get("name") or f"{case['parameter']} at {case['at']}"
            yield pytest.param(file, case, id=f"{file['model']}: {name}")


def seconds_of(days: float | str) -> int:
    return int(days[:-1]) if isinstance(days, str) else round(float(days) * 86_400)


def market(case: dict[str, Any]) -> tuple[MarketSnapshot, dict[str, Instrument]]:
    trust = {"spot": 1.0, "perpetual": 1.0, "expiry": 1.0} | case.get("confidence", {})
    instruments: dict[str, Instrument] = {
        "SPOT": Spot(pair=Pair(base="COIN", quote="USD")),
        "ASSET": Spot(pair=Pair(base="STAKED", quote="USD")),
        "PERP": Perpetual(**TERMS),
    }
    quotes = {
        "SPOT": Quote(mark=100.0, index=100.0, confidence=trust["spot"]),
        "ASSET": Quote(mark=50.0, index=50.0),
        "PERP": Quote(mark=100.0, index=100.0, confidence=trust["perpetual"]),
    }
    expiries = {}
    for strike, right, _, days, vol in case.get("options", []):
        seconds = seconds_of(days)
        expiry = AT_NS + seconds * 1_000_000_000
        name = f"{strike}{right}{days}"
        instruments[name] = Option(
            **TERMS,
            expiry_ns=expiry,
            strike=Decimal(strike),
            right=OptionRight.CALL if right == "C" else OptionRight.PUT,
        )
        sigma = vol / math.sqrt(seconds / 31_536_000) if seconds else 0.0
        quotes[name] = Quote(mark=math.nan, index=math.nan, implied_vol_annual=sigma)
        price = float(case.get("settled", 100.0))
        floating, fixed = averaged(price, price, float(seconds))
        expiries[PAIR, "USDC", expiry] = ExpiryQuote(
            floating=floating,
            fixed=fixed,
            rate_annual=float(case.get("rate", 0.0)),
            confidence=trust["expiry"],
        )
    stable = {"USDC": float(case.get("stable", 1.0))}
    snapshot = MarketSnapshot(
        at_ns=AT_NS, quotes=quotes, expiries=expiries, stable_price_usd=stable
    )
    return snapshot, instruments


def parameters(file: dict[str, Any], case: dict[str, Any]) -> Any:
    _, kind = KINDS[file["model"]]
    values = dict(file["neutral"]) if case.get("neutral", True) else {}
    values |= case.get("set", {})
    name = case.get("parameter", "")
    if name and not name.startswith("collateral."):
        values[name] = case["at"]
    own: dict[str, Any] = {key: Decimal(str(value)) for key, value in values.items()}
    if "scenario" in case:
        price, move = case["scenario"]
        own["scenarios"] = (PmrmScenario(price_multiplier=float(price), vol=VolMove(move)),)
    if "asset" in case:
        rule = {"maintenance_haircut": Decimal(0)}
        rule[name.removeprefix("collateral.")] = Decimal(str(case["at"]))
        own["collateral"] = {"STAKED": CollateralRule(**rule)}
    return kind(**own)


def solve(file: dict[str, Any], case: dict[str, Any]) -> Requirements:
    model, _ = KINDS[file["model"]]
    snapshot, instruments = market(case)
    positions = [
        Position(market=f"{strike}{right}{days}", quantity=float(quantity), entry_price=1.0)
        for strike, right, quantity, days, _ in case.get("options", [])
    ]
    if "perpetual" in case:
        positions.append(
            Position(market="PERP", quantity=float(case["perpetual"]), entry_price=100.0)
        )
    collateral = {"USDC": 0.0, "COIN": float(case.get("coins", 0.0))}
    if "asset" in case:
        collateral["STAKED"] = 3.0
    pricing = CashPricing(pricing_markets={"COIN": "SPOT", "STAKED": "ASSET"})
    prepared = model(pricing=pricing).prepare(
        snapshot, {"COIN": parameters(file, case)}, instruments
    )
    account = Account(name="case", positions=tuple(positions), collateral=collateral)
    found: Requirements = prepared.requirements(Book.from_accounts([account]))
    return found


@pytest.mark.parametrize(("file", "case"), list(cases()))
def test_case(file: dict[str, Any], case: dict[str, Any]) -> None:
    found = solve(file, case)
    initial, maintenance = case["expect"]
    assert float(found.initial[0]) == pytest.approx(initial, rel=1e-12, abs=1e-9)
    assert float(found.maintenance[0]) == pytest.approx(maintenance, rel=1e-12, abs=1e-9)
    if "equity" in case:
        assert float(found.equity[0]) == pytest.approx(case["equity"], rel=1e-12, abs=1e-9)


def trials(model: str, prefix: str) -> Iterator[Trial]:
    """Cases of one parameter; those of collateral bear a prefix."""
    file = next(f for f in files() if f["model"] == model)
    for case in file["cases"]:
        own = str(case.get("parameter", ""))
        if not own.startswith(prefix) or ("." in own) != bool(prefix):
            continue

        def run(_: str, value: Decimal, case: Any = case) -> None:
            test_case(file, case | {"at": str(value)})

        yield Trial(values={own.removeprefix(prefix): case["at"]} if own else {}, run=run)


TRIALS = {kind: partial(trials, model, "") for model, (_, kind) in KINDS.items()} | {
    CollateralRule: partial(trials, "pmrm2", "collateral.")
}


@pytest.mark.parametrize("file", [pytest.param(f, id=f["model"]) for f in files()])
def test_beyond_its_bounds_a_parameter_is_refused(file: dict[str, Any]) -> None:
    _, kind = KINDS[file["model"]]
    for name, rule in governance(kind).items():
        for value in (rule.lower - Decimal("0.001"), rule.upper + Decimal("0.001")):
            with pytest.raises(ParameterError, match=name):
                replace(kind(), **{name: value})
