"""Where the price of each currency comes from: the marks as given, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from plimsoll.domain.instrument import Instrument, Spot
from plimsoll.domain.market import Quote
from plimsoll.errors import UsageError
from plimsoll.margin.currency import CurrencyPricing


def currency_pricing(
    needed: Iterable[str],
    numeraire: str,
    quotes: Mapping[str, Quote],
    instruments: Mapping[str, Instrument],
) -> tuple[CurrencyPricing, dict[str, float]]:
    """Choose the market that prices each currency, and say what a unit of account is worth.

    A currency is priced by a spot row (``USDT/USD``), else by the index of a contract on it. Where
    nothing is quoted in dollars, the dollar price of the numeraire cancels and is not asked for.

    Parameters
    ----------
    needed : iterable of str
        Currencies in which contracts settle and collateral is held.
    numeraire : str
        Currency of the result.
    quotes, instruments : mappings by market
        A spot market's index is its price.

    Returns
    -------
    pricing : CurrencyPricing
    stable_price_usd : dict of str to float
        For `MarketSnapshot`.

    Raises
    ------
    UsageError
        A currency that nothing prices, or that several markets price differently.
    """
    wanted = [*needed]
    chosen = _chosen(wanted, {numeraire, "USD"}, numeraire, quotes, instruments)
    in_dollars = "USD" in wanted or any(instruments[m].pair.quote == "USD" for m in chosen.values())
    stable: dict[str, float] = {}
    if in_dollars and numeraire != "USD":
        chosen |= _chosen([numeraire], {"USD", *chosen}, "USD", quotes, instruments)
    elif numeraire != "USD":
        stable = {numeraire: 1.0}
    return CurrencyPricing(numeraire=numeraire, pricing_markets=chosen), stable


def _chosen(
    wanted: Iterable[str],
    known: set[str],
    numeraire: str,
    quotes: Mapping[str, Quote],
    instruments: Mapping[str, Instrument],
) -> dict[str, str]:
    """Return the pricing market of each currency, and of those it is quoted in."""
    chosen: dict[str, str] = {}
    asked = [*wanted]
    while asked:
        currency = asked.pop()
        if currency not in known and currency not in chosen:
            chosen[currency] = _market_of(currency, numeraire, quotes, instruments)
            asked.append(instruments[chosen[currency]].pair.quote)
    return chosen


def _market_of(
    currency: str,
    numeraire: str,
    quotes: Mapping[str, Quote],
    instruments: Mapping[str, Instrument],
) -> str:
    """Return the market that prices a currency: in the numeraire first, spot first."""
    ranked: dict[tuple[bool, bool], list[str]] = {}
    for market, instrument in instruments.items():
        quote = quotes.get(market)
        if instrument.pair.base == currency and quote is not None and quote.index > 0.0:
            pair = instrument.pair
            rank = (pair.quote != numeraire, not isinstance(instrument, Spot))
            ranked.setdefault(rank, []).append(market)
    if not ranked:
        raise UsageError(
            "must have a price",
            found="none among the marks",
            field=f"currency {currency}",
            remedy=f"add the row {_rows(currency, numeraire)} with its price to the marks, or the "
            f"index of a contract on {currency}",
        )
    best = ranked[min(ranked)]
    prices = {(quotes[m].index, instruments[m].pair) for m in best}
    if len(prices) > 1:
        raise UsageError(
            "must have one price",
            found=f"others by {' and '.join(best)}",
            field=f"currency {currency}",
            remedy=f"add the spot row {currency}/{numeraire} with its price to the marks",
        )
    return best[0]


def _rows(currency: str, numeraire: str) -> str:
    """Spot rows that would price a currency, each once."""
    return " or ".join(dict.fromkeys((f"{currency}/USD", f"{currency}/{numeraire}")))
