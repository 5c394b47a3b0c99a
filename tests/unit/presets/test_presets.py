"""Presets: every file reads strictly, its constants are those of the sources, faults are named."""

from __future__ import annotations

from decimal import Decimal
from importlib import resources
from itertools import pairwise
from typing import Any

import pytest
import yaml

from deribit_accounts import BTC_PAIR, ETH_PAIR
from plimsoll import presets
from plimsoll.adapters.venues import Venue, parse_name
from plimsoll.domain.tiers import TierTable
from plimsoll.errors import DataFormatError, UsageError
from plimsoll.margin.add_ons import MinimumCharge, MinimumRule, WithAddOns
from plimsoll.margin.bybit import FIRST_CLASS as BYBIT
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.derive import Pmrm1Parameters, Pmrm2Parameters, SrmParameters
from plimsoll.margin.governed import governance
from plimsoll.margin.okx import FIRST_CLASS, OTHER_CLASS_2024
from plimsoll.presets.catalogue import read_preset
from plimsoll.presets.preset import Scope


def text_of(name: str) -> str:
    return (resources.files("plimsoll.presets") / "data" / f"{name}.yaml").read_text("utf-8")


@pytest.mark.parametrize("name", presets.names())
def test_every_preset_tells_source_date_accuracy_and_what_is_assumed(name: str) -> None:
    preset = presets.load(name)
    assert preset.name == name
    assert preset.sources
    assert all(len(source.date) >= 4 and source.date[:2] == "20" for source in preset.sources)
    notes = " ".join(preset.notes())
    assert preset.accuracy.value in notes
    assert str(preset.sources[0]) in notes
    if preset.accuracy is presets.Accuracy.PARTIAL:
        assert preset.assumed, "what is partial rests on something"
    for assumption in preset.assumed:
        assert assumption.what in notes
    assert preset.markets


@pytest.mark.parametrize("name", presets.names())
def test_markets_bear_names_of_the_venue(name: str) -> None:
    preset = presets.load(name)
    if preset.scope is Scope.MARKET:
        for market in preset.markets:
            assert parse_name(market, preset.market_names).settle == preset.cash


VENUES = {
    "binance": "Binance",
    "bybit": "Bybit",
    "cme": "CME",
    "deribit": "Deribit",
    "derive": "Derive",
    "drift": "Drift",
    "dydx": "dYdX",
    "hyperliquid": "Hyperliquid",
    "nse": "NSE",
    "okx": "OKX",
    "paradex": "Paradex",
    "vega": "Vega",
}


@pytest.mark.parametrize("name", presets.names())
def test_every_preset_names_its_own_venue_and_a_known_name_space(name: str) -> None:
    """The venue stands in its title, or in its source where the title is a method's."""
    preset = presets.load(name)
    told = f"{preset.title} {preset.sources[0].title}"
    assert VENUES[preset.venue] in told
    assert preset.market_names in tuple(Venue)
    assert preset.document()["venue"] == preset.venue


def test_deribit_as_published() -> None:
    for name in ("deribit", "deribit-cross"):
        held = presets.load(name).parameters
        for pair, published in (("BTC_USD", BTC_PAIR), ("ETH_USD", ETH_PAIR)):
            for field, value in published.items():
                assert getattr(held[pair], field) == Decimal(value), field
        assert held["general"].maintenance_factor == Decimal("0.8")


def test_only_deribits_cross_margin_has_a_charge_that_is_no_venues() -> None:
    """A box asks nothing in dollars by the matrix; the preset says whose the charge is."""
    pricing = CurrencyPricing()
    added = [n for n in presets.names() if isinstance(presets.load(n).model(pricing), WithAddOns)]
    assert added == ["deribit-cross"]
    held = presets.load("deribit-cross")
    model = held.model(pricing)
    assert isinstance(model, WithAddOns)
    (charge,) = model.add_ons
    assert isinstance(charge, MinimumCharge)
    assert charge.rule is MinimumRule.HEDGED_FLOOR
    assert isinstance(charge.parameters, dict)
    assert set(charge.parameters) == {"BTC", "ETH"}
    assert charge.parameters["BTC"].option_rate == Decimal("0.001")
    assert any("ours and not the venue's" in assumption.what for assumption in held.assumed)
    with pytest.raises(DataFormatError, match="option_rate"):
        read_preset(
            changed("deribit-cross", "options", "minimum_charge", "option_rate", to="3 fraction"),
            "x.yaml",
        )


def test_files_say_what_the_models_call_published() -> None:
    assert presets.load("okx").parameters["BTC"] == FIRST_CLASS
    assert presets.load("okx-2024").parameters["XRP"] == OTHER_CLASS_2024
    assert presets.load("bybit").parameters["ETH"] == BYBIT
    pmrm2 = presets.load("derive-pmrm2").parameters["BTC"]
    for name in governance(Pmrm2Parameters):
        assert getattr(pmrm2, name) == getattr(Pmrm2Parameters(), name)
    assert pmrm2.scenarios == Pmrm2Parameters().scenarios
    assert presets.load("derive-pmrm").parameters["ETH"] == Pmrm1Parameters()
    assert presets.load("derive-srm").parameters["BTC"] == SrmParameters()


def test_binance_deductions_are_the_venues_own() -> None:
    # reference/methodology.md, 1.2: cumulated deductions as the venue publishes them
    published = (
        0, 50, 950, 11450, 131450, 481450,
        2981450, 14481450, 26481450, 41481450, 121481450, 421481450,
    )  # fmt: skip
    table = presets.load("binance-btcusdt-2024-10").parameters["BTCUSDT"]
    assert isinstance(table, TierTable)
    assert [int(d) for d in table.deductions_usd] == list(published)
    assert [int(t.max_leverage) for t in table.tiers] == [
        125,
        100,
        75,
        50,
        25,
        20,
        10,
        5,
        4,
        3,
        2,
        1,
    ]


def test_hyperliquid_maintenance_is_half_of_initial() -> None:
    for market, table in presets.load("hyperliquid").parameters.items():
        for tier in table.tiers:
            assert float(tier.maintenance_rate * tier.max_leverage) == pytest.approx(0.5), market
        for first, second in pairwise(table.tiers):
            assert first.max_leverage == 2 * second.max_leverage or market in ("BTC", "ETH")


def test_dydx_tiers() -> None:
    tiers = presets.load("dydx-v4").parameters
    assert (tiers["BTC-USD"].initial_margin, tiers["BTC-USD"].maintenance_fraction) == (
        Decimal("0.02"),
        Decimal("0.6"),
    )
    assert tiers["SOL-USD"].open_interest_upper_usd == 100_000_000
    assert tiers["SEI-USD"].initial_margin == Decimal("0.2")


def test_vega_leverages_are_those_of_the_proposal() -> None:
    # VMP-23 asks for a maximum (maintenance) leverage of about 100x for BTC and ETH, 50x for LINK.
    markets = presets.load("vega").parameters
    for market, leverage in (
        ("BTC/USDT:USDT", 100),
        ("ETH/USDT:USDT", 100),
        ("LINK/USDT:USDT", 50),
    ):
        own = markets[market]
        rate = own.risk_factors.long + float(own.linear_slippage)
        assert 1.0 / rate == pytest.approx(leverage, rel=0.15), market  # "about"


def test_a_name_that_is_none_gets_a_suggestion() -> None:
    with pytest.raises(UsageError, match=r"did you mean deribit\?"):
        presets.load("derribit")


def changed(name: str, *path: Any, to: Any = ...) -> str:
    document = yaml.safe_load(text_of(name))
    node = document
    for step in path[:-1]:
        node = node[step]
    if to is ...:
        del node[path[-1]]
    else:
        node[path[-1]] = to
    return str(yaml.safe_dump(document))


BTC = ("parameters", "BTC_USD")


@pytest.mark.parametrize(
    ("path", "to", "message"),
    [
        (("schema",), "plimsoll.other", r"x.yaml: schema: must be plimsoll.preset"),
        (("schema_version",), 2, "schema_version: must be 1"),
        (("accuracy",), "perfect", "accuracy: must be one of exact, near-exact, partial"),
        (("model",), "magic", "model: must be a model"),
        (("surprise",), "1", "must have known keys only, found 'surprise'"),
        (("sources",), "Deribit", "sources: must be a list"),
        (("sources", 0, "date"), ..., r"sources\[0\]: must state every constant, found 'no date'"),
        (("options", "mode"), "sideways", "options.mode: must be one of segregated, cross"),
        (("options", "roll_ramp"), "steep", "options.roll_ramp: must be one of linear"),
        (("options", "delta_ramp"), "none", "options.delta_ramp: must be one of whole, excess"),
        ((*BTC, "price_range"), ..., "parameters.BTC_USD: must state every constant"),
        ((*BTC, "price_rnge"), "1 fraction", "must have known keys only, found 'price_rnge'"),
        ((*BTC, "price_range"), "16 percent", "price_range: must be a number in fraction"),
        ((*BTC, "price_range"), "0.16", "must be a number in fraction"),
        ((*BTC, "price_range"), 0.16, "price_range: must be text"),
        ((*BTC, "price_range"), "lots fraction", "must be a decimal number"),
        ((*BTC, "price_range"), "NaN fraction", "must be a decimal number"),
        ((*BTC, "price_range"), "16 fraction", r"price_range: must lie in \[0.01, 0.6\]"),
        (("parameters",), [], "parameters: must be an object"),
        (("parameters", "general"), ..., "parameters: must state every constant"),
    ],
)
def test_faults_are_named_with_file_and_path(path: tuple[Any, ...], to: Any, message: str) -> None:
    with pytest.raises(DataFormatError, match=message):
        read_preset(changed("deribit", *path, to=to), "x.yaml")


def test_faults_of_tables_are_named() -> None:
    tiers = ("parameters", "BTCUSDT")
    for path, to, message in (
        ((*tiers, 1, "cap"), "10 usd", "caps must rise"),
        ((*tiers, 0, "cap"), "10 eur", r"BTCUSDT\[0\].cap: must be a number in usd"),
        ((*tiers, 0, "maintenance_rate"), ..., "found 'no maintenance_rate'"),
    ):
        with pytest.raises(DataFormatError, match=message):
            read_preset(changed("binance-btcusdt-2024-10", *path, to=to), "x.yaml")
    scenario = ("parameters", "BTC", "scenarios", 0)
    with pytest.raises(DataFormatError, match="vol: must be one of"):
        read_preset(changed("derive-pmrm2", *scenario, "vol", to="sideways"), "x.yaml")
    market = ("parameters", "Large-Cap", "markets", 0)
    with pytest.raises(DataFormatError, match="must stand in one tier"):
        read_preset(changed("dydx-v4", *market, to="ETH-USD"), "x.yaml")


@pytest.mark.parametrize("text", ["[", "- 1\n- 2\n", "a: 1\na: 2\n", "", "1: 2\n"])
def test_what_is_no_preset(text: str) -> None:
    with pytest.raises(DataFormatError, match=r"x\.yaml"):
        read_preset(text, "x.yaml")
