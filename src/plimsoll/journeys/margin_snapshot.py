"""The snapshot in which a model margins a book: marks, forwards, volatilities, currency prices."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from plimsoll.domain.expiry_quote import ExpiryQuote
from plimsoll.domain.instrument import Future, Instrument, Option, Pair, Payoff, Spot
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.table import iso_minute
from plimsoll.errors import DataFormatError
from plimsoll.journeys.margin_contracts import HeldContract
from plimsoll.journeys.margin_market import ExpiryKey, MarginMarket, require_time
from plimsoll.margin.currency import CurrencyPricing

DOLLARS = ("USD",)
STABLE = ("USDC", "USDT", "USDE", "DAI", "FDUSD", "USD1")
"""Dollar coins that count as one dollar where no price of theirs is given; the notes say so."""

_NAN = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedMarket:
    """A snapshot with the contracts and prices that a model needs.

    Parameters
    ----------
    snapshot : MarketSnapshot
    instruments : mapping of str to Instrument
        The book's, and a spot market per coin that prices it.
    pricing_markets : mapping of str to str
    notes : tuple of str
        What stood in for what.
    """

    snapshot: MarketSnapshot
    instruments: Mapping[str, Instrument]
    pricing_markets: Mapping[str, str]
    notes: tuple[str, ...] = ()

    def pricing(self, numeraire: str) -> CurrencyPricing:
        """Return the pricing in a currency."""
        return CurrencyPricing(numeraire=numeraire, pricing_markets=self.pricing_markets)


def priced_market(
    market: MarginMarket,
    contracts: Mapping[str, HeldContract],
    currencies: Iterable[str],
) -> PricedMarket:
    """Lay out marks of the held contracts and prices of all currencies.

    What is missing becomes NaN, for the model to give a reason.

    Parameters
    ----------
    market : MarginMarket
    contracts : mapping of str to HeldContract
    currencies : iterable of str
        In which contracts settle, collateral is held and requirements are told.

    Raises
    ------
    DataError
        A contract that expires, in a market without a time.
    DataFormatError
        What is fixed of an expiry exceeds its forward, or is stated twice and otherwise.
    """
    for name, contract in contracts.items():
        if isinstance(contract.margined, Future | Option):
            require_time(market, name)
    index = coin_indices(market)
    quotes = {name: _quote(name, c, market, index) for name, c in contracts.items()}
    instruments = {name: c.margined for name, c in contracts.items()}
    settled = [c.margined.settle for c in contracts.values()]
    quoted = [c.margined.pair.quote for c in contracts.values()]
    wanted = dict.fromkeys([*currencies, *settled, *quoted])
    stable = {c: stable_price(market, c) for c in wanted if c in STABLE}
    coins = {c: f"{c}/USD" for c in wanted if c not in (*STABLE, *DOLLARS)}
    for coin, name in coins.items():
        instruments[name] = Spot(pair=Pair(base=coin, quote="USD"))
        spot = index.get(coin, _UNKNOWN)
        quotes[name] = Quote(mark=spot.price, index=spot.price, at_ns=spot.seen_ns)
    return PricedMarket(
        snapshot=MarketSnapshot(
            at_ns=market.at_ns or 0,
            quotes=quotes,
            stable_price_usd=stable,
            expiries=_expiries(market, contracts),
            max_age_ns=market.max_age_ns,
        ),
        instruments=instruments,
        pricing_markets=coins,
        notes=tuple(_notes(market, contracts, index, stable)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CoinIndex:
    """Dollar price of a coin, and when it was seen (None: at the market's time)."""

    price: float
    seen_ns: int | None = None


_UNKNOWN = CoinIndex(price=_NAN)


def coin_indices(market: MarginMarket) -> dict[str, CoinIndex]:
    """Return prices of coins: spot rows, indices among the marks, those of the chains."""
    found = {c: CoinIndex(price=p, seen_ns=market.seen_ns) for c, p in market.index.items()}
    for name, row in market.marks.items():
        base, quote = _pair_of(name)
        if row.index is not None:
            found[base] = CoinIndex(price=row.index, seen_ns=row.at_ns)
        if quote == "USD" and row.mark is not None:
            found[base] = CoinIndex(price=row.mark, seen_ns=row.at_ns)
    return found


def coin_prices(market: MarginMarket) -> dict[str, float]:
    """Return dollar prices of coins, whenever they were seen."""
    return {coin: found.price for coin, found in coin_indices(market).items()}


def stable_price(market: MarginMarket, coin: str) -> float:
    """Return the price of a dollar coin as stated, else one dollar."""
    for name, row in market.marks.items():
        if _pair_of(name) == (coin, "USD") and row.mark is not None:
            return row.mark
    return 1.0


def _pair_of(name: str) -> tuple[str, str]:
    """Base coin of a market's name; the quote only of spot, ``BTC/USD`` or ``BTC_USD``."""
    for mark in ("/", "_"):
        base, found, quote = name.partition(mark)
        if found and quote.isalnum():
            return base, quote
    head = name.replace("_", "-").replace("/", "-").split("-")[0]
    for quote in ("USDT", "USDC", "USD"):
        if len(head) > len(quote) and head.endswith(quote):
            return head.removesuffix(quote), ""
    return head, ""


def forward_of(market: MarginMarket, contract: HeldContract) -> float:
    """Return the forward of a dated contract's expiry, NaN where nothing tells it."""
    listed = contract.listed
    assert isinstance(listed, Future | Option)
    base = listed.pair.base
    keys = [(base, listed.settle, listed.expiry_ns), (base, base, listed.expiry_ns)]
    return next((market.forwards[key] for key in keys if key in market.forwards), _NAN)


def fixed_parts(
    market: MarginMarket, contracts: Mapping[str, HeldContract]
) -> dict[ExpiryKey, float]:
    """Return what settlement averages have fixed, as rows of held contracts state it.

    Raises
    ------
    DataFormatError
        Contracts of one expiry with different amounts.
    """
    found: dict[ExpiryKey, float] = {}
    for name, contract in contracts.items():
        row, key = market.marks.get(name), expiry_key(contract)
        if row is None or row.fixed is None or key is None:
            continue
        if found.setdefault(key, row.fixed) != row.fixed:
            raise DataFormatError(
                f"must be one amount for all contracts of an expiry ({found[key]:g} of another)",
                found=row.fixed,
                field=f"fixed of {name}",
            )
    return found


def expiry_key(contract: HeldContract) -> ExpiryKey | None:
    """Return the expiry of a dated contract as its venue lists it, None of any other."""
    listed = contract.listed
    if not isinstance(listed, Future | Option):
        return None
    return listed.pair.base, listed.settle, listed.expiry_ns


def _quote(
    name: str, contract: HeldContract, market: MarginMarket, index: Mapping[str, CoinIndex]
) -> Quote:
    row, listed = market.marks.get(name), contract.listed
    spot = index.get(listed.pair.base, _UNKNOWN)
    if isinstance(listed, Option):
        return _option_quote(name, contract, market, spot)
    mark = None if row is None else row.mark
    seen = [spot.seen_ns, None if row is None else row.at_ns]
    if mark is None and isinstance(listed, Future):
        mark = forward_of(market, contract)
        seen.append(market.seen_ns)
    return Quote(
        mark=spot.price if mark is None else mark,
        index=spot.price,
        at_ns=_oldest(seen),
        funding_rate=0.0 if row is None or row.funding_rate is None else row.funding_rate,
        open_interest_usd=_NAN
        if row is None or row.open_interest_usd is None
        else row.open_interest_usd,
    )


def _oldest(seen: Iterable[int | None]) -> int | None:
    """A quote is as old as the oldest of its figures; None: all are as of the market."""
    return min((time for time in seen if time is not None), default=None)


def _option_quote(
    name: str, contract: HeldContract, market: MarginMarket, spot: CoinIndex
) -> Quote:
    row, shown = market.marks.get(name), market.options.get(name)
    mark = shown.mark if shown else _NAN
    vol = shown.vol if shown else _NAN
    if row is not None:
        mark = mark if row.mark is None else row.mark
        vol = vol if row.implied_vol is None else row.implied_vol
    if contract.is_converted:  # a price in coin is that of a contract in dollars over its forward
        mark *= _forward(market, contract, name)
    seen = [spot.seen_ns, None if row is None else row.at_ns]
    if row is None or None in (row.mark, row.implied_vol, row.forward):
        seen += [market.seen_ns, shown.seen_ns if shown else None]
    return Quote(mark=mark, index=spot.price, implied_vol_annual=vol, at_ns=_oldest(seen))


def _forward(market: MarginMarket, contract: HeldContract, name: str) -> float:
    row = market.marks.get(name)
    stated = None if row is None else row.forward
    return forward_of(market, contract) if stated is None else stated


def _expiries(
    market: MarginMarket, contracts: Mapping[str, HeldContract]
) -> dict[tuple[Pair, str, int], ExpiryQuote]:
    """Quotes of the expiries of options, and of futures of which something is fixed."""
    found: dict[tuple[Pair, str, int], ExpiryQuote] = {}
    parts = fixed_parts(market, contracts)
    for name, contract in sorted(contracts.items(), key=_options_first):
        margined, own = contract.margined, expiry_key(contract)
        if own is None or not isinstance(margined, Future | Option):
            continue
        key = (margined.pair, margined.settle, margined.expiry_ns)
        is_future = isinstance(margined, Future)
        if is_future and (key in found or own not in parts):
            continue
        whole = _marked(market, contract, name) if is_future else _forward(market, contract, name)
        if math.isfinite(whole) and whole > 0.0:
            found[key] = _quoted(whole, parts.get(own, 0.0), name)
    return found


def _options_first(item: tuple[str, HeldContract]) -> bool:
    return not isinstance(item[1].listed, Option)


def _marked(market: MarginMarket, contract: HeldContract, name: str) -> float:
    """Mark of a future: its expected settlement price within the window."""
    row = market.marks.get(name)
    return _forward(market, contract, name) if row is None or row.mark is None else row.mark


def _quoted(whole: float, fixed: float, name: str) -> ExpiryQuote:
    if fixed > whole:
        raise DataFormatError(
            f"must not exceed the expected settlement price, {whole:g}",
            found=fixed,
            field=f"fixed of the expiry of {name}",
        )
    return ExpiryQuote(floating=whole - fixed, fixed=fixed)


def _notes(
    market: MarginMarket,
    contracts: Mapping[str, HeldContract],
    index: Mapping[str, CoinIndex],
    stable: Mapping[str, float],
) -> Iterable[str]:
    bare = [
        name
        for name, c in contracts.items()
        if not isinstance(c.listed, Future | Option | Spot)
        and (name not in market.marks or market.marks[name].mark is None)
        and c.listed.pair.base in index
    ]
    if bare:
        yield f"No mark of {', '.join(bare)} was given: the index stands in."
    dated = [
        name
        for name, c in contracts.items()
        if isinstance(c.listed, Future)
        and (name not in market.marks or market.marks[name].mark is None)
        and math.isfinite(forward_of(market, c))
    ]
    if dated:
        yield f"Marks of {', '.join(dated)} are the forwards of their expiries in the chain."
    yield from _stand_in_notes(market, contracts)
    converted = [name for name, c in contracts.items() if c.is_converted]
    if converted:
        yield (
            f"Margined as the linear contract of the same terms, in "
            f"{contracts[converted[0]].margined.settle}: {', '.join(converted)}."
        )
    assumed = [c for c, price in stable.items() if price == 1.0]
    if assumed:
        yield f"One dollar each: {', '.join(assumed)}, unless the marks state another price."


def _stand_in_notes(market: MarginMarket, contracts: Mapping[str, HeldContract]) -> Iterable[str]:
    """Say for which held expiries the venue shows no forward, and what stands in."""
    found: dict[str, dict[str, None]] = {}
    for contract in contracts.values():
        listed = contract.listed
        if isinstance(listed, Future | Option):
            words = market.stand_ins.get((listed.pair.base, listed.settle, listed.expiry_ns))
            if words:
                day = f"{listed.pair.base} {iso_minute(listed.expiry_ns)[:10]}"
                found.setdefault(words, {})[day] = None
    for words, days in found.items():
        yield f"The chain shows no forward of {', '.join(days)}: {words} stands in."


def is_inverse(instrument: Instrument) -> bool:
    """Whether a perpetual or future counts dollars and settles in coin."""
    return not isinstance(instrument, Option) and instrument.payoff is Payoff.INVERSE
