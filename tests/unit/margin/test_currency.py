"""Currency prices: stated in the snapshot or by a named market, never assumed."""

from __future__ import annotations

import math

import pytest

from plimsoll.domain.instrument import Instrument, Pair, Spot
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.errors import UsageError
from plimsoll.margin import CurrencyPricing

INSTRUMENTS: dict[str, Instrument] = {
    "BTCUSDT": Spot(pair=Pair(base="BTC", quote="USDT")),
    "ETHBTC": Spot(pair=Pair(base="ETH", quote="BTC")),
    "1000PEPE": Spot(pair=Pair(base="PEPE", quote="USDT", base_units=1000)),
    "BTCETH": Spot(pair=Pair(base="BTC", quote="ETH")),
}
SNAPSHOT = MarketSnapshot(
    at_ns=0,
    quotes={
        "BTCUSDT": Quote(mark=1.0, index=50_000.0),
        "ETHBTC": Quote(mark=1.0, index=0.05),
        "BTCETH": Quote(mark=1.0, index=20.0),
        "1000PEPE": Quote(mark=1.0, index=0.02),
    },
    stable_price_usd={"USDT": 0.5},
)
MARKETS = {"BTC": "BTCUSDT", "ETH": "ETHBTC", "PEPE": "1000PEPE"}


@pytest.mark.parametrize(
    ("numeraire", "currency", "price"),
    [
        ("USD", "USD", 1.0),
        ("USD", "USDT", 0.5),
        ("USD", "BTC", 25_000.0),  # 50,000 USDT of half a dollar
        ("USD", "ETH", 1_250.0),  # 0.05 BTC
        ("USD", "PEPE", 0.00001),  # 0.02 USDT per 1,000
        ("USDT", "USDT", 1.0),
        ("USDT", "USD", 2.0),
        ("BTC", "ETH", 0.05),
    ],
)
def test_price(numeraire: str, currency: str, price: float) -> None:
    pricing = CurrencyPricing(numeraire=numeraire, pricing_markets=MARKETS)
    assert pricing.price(currency, SNAPSHOT, INSTRUMENTS) == pytest.approx(price, rel=1e-14)


def test_no_price_no_guess() -> None:
    price = CurrencyPricing(pricing_markets=MARKETS).price("SOL", SNAPSHOT, INSTRUMENTS)
    assert math.isnan(price)


def test_a_circle_is_refused() -> None:
    pricing = CurrencyPricing(pricing_markets={"BTC": "BTCETH", "ETH": "ETHBTC"})
    with pytest.raises(UsageError, match="a circle through BTC, ETH"):
        pricing.price("BTC", SNAPSHOT, INSTRUMENTS)


@pytest.mark.parametrize("market", ["ETHBTC", "NOSUCH"])
def test_the_pricing_market_must_be_of_that_coin(market: str) -> None:
    pricing = CurrencyPricing(pricing_markets={"BTC": market})
    with pytest.raises(UsageError, match="must be a market of BTC"):
        pricing.price("BTC", SNAPSHOT, INSTRUMENTS)
