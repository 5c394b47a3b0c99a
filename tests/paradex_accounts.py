"""Paradex markets, parameters as published, and accounts, for tests of its margin."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from plimsoll.domain.account import Account, Order, Position
from plimsoll.domain.book import Book
from plimsoll.domain.expiry_quote import ExpiryQuote
from plimsoll.domain.instrument import Instrument, Option, OptionRight, Pair, Payoff, Perpetual
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.requirement import Requirements
from plimsoll.margin.paradex import ParadexPortfolioMargin, ParadexUnderlying
from plimsoll.maths.black76 import price

DAY = 86_400 * 10**9
AT = 1_776_816_000 * 10**9  # 22 April 2026, 00:00 UTC
SPOT = {"BTC": 80_000.0, "ETH": 2_000.0}
EXPIRIES = {"W": AT + 7 * DAY, "M": AT + 30 * DAY}

# The venue's documentation; the floor of rising volatility and the fees as in its own examples.
PUBLISHED = {
    "price_range": "0.16",
    "volatility_range_up": "0.40",
    "volatility_range_down": "0.22",
    "minimum_vol_up": "0.40",
    "short_vega_power": "0.30",
    "long_vega_power": "0.13",
    "vega_floor_hours": "24",
    "weight_down_66": "0.24",
    "weight_down_33": "0.48",
    "weight_up_50": "0.32",
    "weight_up_100": "0.16",
    "weight_up_200": "0.08",
    "weight_up_300": "0.0533",
    "weight_up_400": "0.04",
    "weight_up_500": "0.032",
    "unhedged_rate": "0.02",
    "hedged_rate": "0.01",
    "maintenance_factor": "0.5",
    "future_fee_rate": "0.0003",
    "option_fee_rate": "0.0003",
    "option_fee_cap": "0.125",
    "funding_hours": "8",
}


def underlying(**changes: str) -> ParadexUnderlying:
    return ParadexUnderlying(**{n: Decimal(v) for n, v in {**PUBLISHED, **changes}.items()})


def linear(base: str) -> dict[str, object]:
    return {
        "pair": Pair(base=base, quote="USD"),
        "settle": "USD",
        "payoff": Payoff.LINEAR,
        "contract_size": Decimal(1),
    }


def instruments() -> dict[str, Instrument]:
    found: dict[str, Instrument] = {}
    for base, spot in SPOT.items():
        found[f"{base}-PERP"] = Perpetual(**linear(base))  # type: ignore[arg-type]
        for name, end in EXPIRIES.items():
            for ratio in (80, 100, 120):
                for right in OptionRight:
                    market = f"{base}-{name}-{ratio}-{right.value[0].upper()}"
                    found[market] = Option(
                        **linear(base),  # type: ignore[arg-type]
                        expiry_ns=end,
                        strike=Decimal(str(spot * ratio / 100)),
                        right=right,
                    )
    return found


def snapshot(vol: float = 0.5, funding: float = 0.0) -> MarketSnapshot:
    quotes = {}
    for market, instrument in instruments().items():
        spot = SPOT[instrument.pair.base]
        if isinstance(instrument, Option):
            years = (instrument.expiry_ns - AT) / (365 * DAY)
            call = instrument.right is OptionRight.CALL
            worth = float(price(spot, float(instrument.strike), years, vol, call))
            quotes[market] = Quote(mark=worth, index=spot, implied_vol_annual=vol)
        else:
            quotes[market] = Quote(mark=spot, index=spot, funding_rate=funding)
    return MarketSnapshot(
        at_ns=AT,
        quotes=quotes,
        expiries={
            (Pair(base=base, quote="USD"), "USD", end): ExpiryQuote(floating=spot)
            for base, spot in SPOT.items()
            for end in EXPIRIES.values()
        },
    )


def account(
    name: str = "a",
    positions: Mapping[str, float] | None = None,
    collateral: Mapping[str, float] | None = None,
    orders: tuple[Order, ...] = (),
) -> Account:
    return Account(
        name=name,
        positions=tuple(
            Position(market=m, quantity=q, entry_price=SPOT[m.split("-")[0]])
            for m, q in (positions or {}).items()
        ),
        collateral=dict(collateral or {}),
        orders=orders,
    )


def margin(*accounts: Account, funding: float = 0.0, **changes: str) -> Requirements:
    prepared = ParadexPortfolioMargin().prepare(
        snapshot(funding=funding),
        {base: underlying(**changes) for base in SPOT},
        instruments(),
    )
    return prepared.requirements(Book.from_accounts(accounts))
