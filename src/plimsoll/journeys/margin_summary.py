"""One account in numbers, by the names of Deribit's ``simulate_portfolio``."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Option, OptionRight, Payoff, Spot
from plimsoll.journeys.margin_run import CurrencyRun, MarginRun
from plimsoll.maths.black76_greeks import main_greeks
from plimsoll.maths.variance_clock import calendar_years

AMOUNTS = {
    "balance": "Cash (balance)",
    "equity": "Equity",
    "margin_balance": "Margin balance",
    "initial_margin": "Initial margin, net",
    "maintenance_margin": "Maintenance margin, net",
    "gross_initial_margin": "Initial margin, gross",
    "gross_maintenance_margin": "Maintenance margin, gross",
    "available_funds": "Available funds",
    "futures_pl": "Profit of futures",
    "options_value": "Value of options",
    "delta_total": "Net delta (delta_total)",
    "options_delta": "Delta of options",
}
"""Amounts of a summary with their titles, in the currency of the account."""

DELTAS = "delta_total_map"


def account_summaries(run: MarginRun, name: str) -> dict[str, dict[str, Any]]:
    """Return the summary of an account by currency; empty where it holds nothing there."""
    return {
        own.currency: _summary(run, own, name) for own in run.runs if name in own.held.book.accounts
    }


def collateral_ask(own: CurrencyRun, name: str) -> tuple[float, float]:
    """Return initial and maintenance margin of what an account holds beside its positions.

    Models that stress collateral ask for coins too, which no position's own margin holds.
    """
    account = own.held.book.account(name)
    bare = replace(account, positions=(), orders=())
    found = own.prepared.requirements(Book.from_accounts([bare]))
    return float(found.initial.sum()), float(found.maintenance.sum())


def _summary(run: MarginRun, own: CurrencyRun, name: str) -> dict[str, Any]:
    of, book = own.requirements, own.held.book
    row = book.row(name)
    units = of.units_of(name)
    judged = own.held.has_collateral[row]
    positions = np.arange(book.offsets[row], book.offsets[row + 1])
    alone = own.stand_alone(name)
    initial, maintenance = (float(c[units].sum()) for c in (of.initial, of.maintenance))
    margin_balance = float(of.equity[units].sum())
    worth = _worth(run, own, positions)
    known = all(book.markets[m] in run.contracts for m in book.market[positions].tolist())
    deltas = _deltas(run, own, positions)
    total = {
        "balance": _shown(float(of.collateral[units].sum()), judged),
        "equity": _shown(float(of.collateral[units].sum()) + sum(worth.values()), judged),
        "margin_balance": _shown(margin_balance, judged),
        "initial_margin": _shown(initial),
        "maintenance_margin": _shown(maintenance),
        "gross_initial_margin": _shown(float(alone.initial.sum())),
        "gross_maintenance_margin": _shown(float(alone.maintenance.sum())),
        "available_funds": _shown(margin_balance - initial, judged),
        "futures_pl": _shown(worth["futures_pl"]),
        "options_value": _shown(worth["options_value"]),
        "delta_total": _shown(_in_currency(run, own.currency, deltas, "all"), known),
        "options_delta": _shown(_in_currency(run, own.currency, deltas, "options"), known),
    }
    return {
        "currency": own.currency,
        "margin_model": run.setting.preset.name,
        **total,
        "net_initial_margin": total["initial_margin"],
        "net_maintenance_margin": total["maintenance_margin"],
        DELTAS: {
            f"{coin.lower()}_usd": value for (coin, kind), value in deltas.items() if kind == "all"
        },
    }


def _worth(run: MarginRun, own: CurrencyRun, positions: Any) -> dict[str, float]:
    """Profit of futures and value of options, in the currency of the run."""
    book, found = own.held.book, {"futures_pl": 0.0, "options_value": 0.0}
    pricing = run.priced.pricing(own.currency)
    for p in positions.tolist():
        market = book.markets[int(book.market[p])]
        if market not in run.contracts:  # a future or an option, nobody knows
            found = dict.fromkeys(found, math.nan)
            continue
        contract = run.contracts[market].margined
        mark = float(run.priced.snapshot.quotes[market].mark)
        amount = float(book.quantity[p]) * float(contract.required_contract_size())
        entry = float(book.entry_price[p])
        settle = pricing.price(contract.settle, run.priced.snapshot, run.priced.instruments)
        if isinstance(contract, Option | Spot):
            found["options_value"] += amount * mark * settle
        elif contract.payoff is Payoff.INVERSE:
            found["futures_pl"] += amount * (1.0 / entry - 1.0 / mark) * settle
        else:
            found["futures_pl"] += amount * (mark - entry) * settle
    return found


def _deltas(run: MarginRun, own: CurrencyRun, positions: Any) -> dict[tuple[str, str], float]:
    """Coins of delta by coin, of everything and of options alone."""
    book, found = own.held.book, dict[tuple[str, str], float]()
    for p in positions.tolist():
        market = book.markets[int(book.market[p])]
        if market not in run.contracts:
            continue
        contract = run.contracts[market].margined
        quote = run.priced.snapshot.quotes[market]
        amount = float(book.quantity[p]) * float(contract.required_contract_size())
        coin = contract.pair.base
        if isinstance(contract, Option):
            amount *= _option_delta(run, contract, quote.implied_vol_annual)
            found[coin, "options"] = found.get((coin, "options"), 0.0) + amount
        elif contract.payoff is Payoff.INVERSE:
            amount /= float(quote.mark)
        found[coin, "all"] = found.get((coin, "all"), 0.0) + amount
    return found


def _option_delta(run: MarginRun, option: Option, vol: float) -> float:
    """Forward delta of Black-76; NaN where forward or volatility is missing."""
    snapshot = run.priced.snapshot
    quoted = snapshot.expiries.get((option.pair, option.settle, option.expiry_ns))
    if quoted is None or not vol > 0.0 or option.expiry_ns <= snapshot.at_ns:
        return math.nan
    years = float(calendar_years(snapshot.at_ns, option.expiry_ns))
    call = option.right is OptionRight.CALL
    return float(main_greeks(quoted.forward, float(option.strike), years, vol, call).delta)


def _in_currency(
    run: MarginRun, currency: str, deltas: dict[tuple[str, str], float], kind: str
) -> float:
    """Delta as an amount of the currency: coins of a coin, dollars of everything else."""
    pricing, total = run.priced.pricing(currency), 0.0
    for (coin, own), coins in deltas.items():
        if own == kind:
            index = next(
                (q.index for m, q in run.priced.snapshot.quotes.items() if _is_of(run, m, coin)),
                math.nan,
            )
            dollar = pricing.price("USD", run.priced.snapshot, run.priced.instruments)
            total += coins if coin == currency else coins * index * dollar
    return total


def _is_of(run: MarginRun, market: str, coin: str) -> bool:
    return run.priced.instruments[market].pair.base == coin


def _shown(value: float, judged: bool = True) -> float | None:
    return value if judged and math.isfinite(value) else None
