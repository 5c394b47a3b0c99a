"""Why units of a margin run have no number, in words that name the culprit and a way out."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable

from plimsoll.adapters.venues import Venue, print_name
from plimsoll.domain.account import Account
from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Option, Pair, Payoff, Perpetual
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.requirement import Requirements
from plimsoll.errors import NameFormatError
from plimsoll.journeys.margin_contracts import name_spaces
from plimsoll.journeys.margin_run import CurrencyRun, MarginRun
from plimsoll.journeys.margin_snapshot import coin_prices
from plimsoll.journeys.margin_units import unit_reasons
from plimsoll.margin.protocol import Prepared

_ALIKE = 0.8
_MOST_GUESSED = 50
"""Names for which a near one is looked up; a book of thousands of unknown names is no slip."""
_LACKING = (MarginReason.NO_MARK, MarginReason.NO_VOLATILITY, MarginReason.NO_FORWARD)


def run_reasons(run: MarginRun, own: CurrencyRun) -> dict[int, str]:
    """Return why units have no number: market or currency, reason, what to do about it."""
    subject = culprit_currencies(own.prepared, own.requirements)
    return unit_reasons(own.requirements, _hints(run), subject)


def culprit_currencies(prepared: Prepared, of: Requirements) -> Callable[[int, MarginReason], str]:
    """Return a function that names the collateral for which a unit has a reason.

    Each currency is asked for by itself, so what it names is what the model itself refuses.
    """

    def named(unit: int, reason: MarginReason) -> str:
        account = of.book.account(of.book.accounts[int(of.account[unit])])
        held = {c: amount for c, amount in account.collateral.items() if amount != 0.0}
        return ", ".join(c for c, amount in held.items() if _refused(prepared, c, amount, reason))

    return named


def _refused(prepared: Prepared, currency: str, amount: float, reason: MarginReason) -> bool:
    alone = Book.from_accounts([Account(name="alone", collateral={currency: amount})])
    found = prepared.requirements(alone).unit_reason
    return found is not None and bool((found == int(reason)).any())


def _hints(run: MarginRun) -> Callable[[str, MarginReason], str]:
    known: list[str] = []
    guessed: dict[str, str] = {}

    def near(market: str) -> str:
        if market not in guessed and len(guessed) < _MOST_GUESSED:
            known.extend(() if known else _known_names(run))
            found = difflib.get_close_matches(market, known, n=1, cutoff=_ALIKE)
            guessed[market] = f"did you mean {found[0]}?" if found else ""
        return guessed.get(market, "")

    def hint(market: str, reason: MarginReason) -> str:
        if reason is MarginReason.UNKNOWN_INSTRUMENT:
            return near(market)
        contract = run.contracts.get(market)
        if reason not in _LACKING or contract is None:
            return ""
        if contract.listed.pair.base not in coin_prices(run.setting.market):
            return near(market)
        return _option_hint(run, market) if isinstance(contract.listed, Option) else ""

    return hint


def _option_hint(run: MarginRun, market: str) -> str:
    """What is wrong with an option's volatility: none in the chain, or none left of it."""
    held = run.setting.market
    shown = held.options.get(market)
    if shown is not None:
        return f"its volatility would be {100.0 * shown.vol:.1f} %" if shown.vol <= 0.0 else ""
    if not held.chains or market in held.marks:
        return ""
    listed = run.contracts[market].listed
    terms = listed.pair.base, listed.settle
    if terms not in [(chain.pair.base, chain.settle) for chain in held.chains]:
        return f"no chain of its coin's options settled in {listed.settle}; the marks may state it"
    if run.setting.surfaces:
        return "not in the chain, and no surface fitted to it reaches there"
    return "not in the chain; --surfaces values it"


def _known_names(run: MarginRun) -> Iterable[str]:
    """Names of the chains and marks, and of perpetuals on the coins they price."""
    market = run.setting.market
    spaces = name_spaces(run.setting.preset, run.setting.venue_names)[:2]
    perpetuals = (
        name
        for coin in coin_prices(market)
        for space in spaces
        for name in _perpetuals(coin, space)
    )
    return dict.fromkeys([*market.marks, *perpetuals, *market.options])


def _perpetuals(coin: str, space: Venue) -> Iterable[str]:
    for quote in ("USD", "USDC", "USDT"):
        if coin == quote:
            continue
        inverse = quote == "USD"
        contract = Perpetual(
            pair=Pair(base=coin, quote=quote),
            settle=coin if inverse else quote,
            payoff=Payoff.INVERSE if inverse else Payoff.LINEAR,
        )
        try:
            yield print_name(contract, space)
        except NameFormatError:
            continue
