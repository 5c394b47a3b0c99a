"""One book under one preset in one market: the engine's call, once per currency of account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from plimsoll.adapters.files.account_forms import StatedAccounts
from plimsoll.domain.margin_explanation import UnitExplanation
from plimsoll.domain.requirement import Requirements
from plimsoll.errors import UsageError
from plimsoll.journeys.known_contracts import known_contracts
from plimsoll.journeys.margin_account_notes import account_notes
from plimsoll.journeys.margin_contracts import (
    HeldContract,
    foreign_contracts,
    held_contracts,
    preset_markets,
)
from plimsoll.journeys.margin_debts import debt_notes
from plimsoll.journeys.margin_market import MarginMarket
from plimsoll.journeys.margin_positions import HeldBook, held_book, settled_in, stand_alone
from plimsoll.journeys.margin_snapshot import DOLLARS, STABLE, PricedMarket, priced_market
from plimsoll.margin.protocol import Prepared
from plimsoll.margin.term_contributions import unit_explanations
from plimsoll.presets import Preset
from plimsoll.presets.preset import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginSetting:
    """What a run is made of; the what-if changes parts of it and runs again.

    Parameters
    ----------
    preset : Preset
    accounts : StatedAccounts
    market : MarginMarket
    numeraire : str or None
        Currency of the result; None: the preset's, or every currency that something settles in.
    venue_names : str or None
    notes : tuple of str
        On the market.
    surfaces : bool
        Whether options that the chains do not list are valued off fitted surfaces.
    """

    preset: Preset
    accounts: StatedAccounts
    market: MarginMarket
    numeraire: str | None = None
    venue_names: str | None = None
    notes: tuple[str, ...] = ()
    surfaces: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CurrencyRun:
    """Margin of the accounts of one currency.

    Parameters
    ----------
    currency : str
    held : HeldBook
    prepared : Prepared
    requirements : Requirements
    """

    currency: str
    held: HeldBook
    prepared: Prepared
    requirements: Requirements

    def stand_alone(self, account: str) -> Requirements:
        """Return what each position of an account asks by itself: one unit each, in order."""
        book = self.held.book
        one = book.take(np.array([book.row(account)], dtype=np.int64))
        return self.prepared.requirements(stand_alone(one))

    def explanations(self, account: str) -> tuple[UnitExplanation, ...]:
        """Unfold the units of an account, with contributions to every term that can be spread."""
        key = "unit_explanations", self.prepared, account
        return self.held.book.memo.recall(
            key, lambda: unit_explanations(self.prepared, self.requirements, account)
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarginRun:
    """All of it, with the market as it was priced."""

    setting: MarginSetting
    contracts: Mapping[str, HeldContract]
    priced: PricedMarket
    runs: tuple[CurrencyRun, ...]
    notes: tuple[str, ...] = field(default_factory=tuple)

    def account(self, name: str | None) -> str:
        """Return the name of an account; of the only one where none is named.

        Raises
        ------
        UsageError
        """
        known = self.setting.accounts.names
        if name is None and len(known) == 1:
            return known[0]
        if name in known:
            return str(name)
        raise UsageError(
            "must be one of the book's accounts",
            found=name,
            field="account",
            remedy=f"these are {', '.join(known[:12])}",
        )


def run_margin(setting: MarginSetting) -> MarginRun:
    """Prepare the preset's model in the market and ask for the requirements of the book.

    Raises
    ------
    DataError, UsageError
    """
    preset, accounts = setting.preset, setting.accounts
    names = accounts.markets
    contracts = known_contracts(
        held_contracts(names, preset, setting.market.marks, setting.venue_names),
        setting.market,
        preset,
    )
    currencies = _currencies(setting, contracts)
    held_currencies = dict.fromkeys(c for own in accounts.collateral.values() for c in own)
    coins = preset.markets if preset.scope is Scope.UNIT and preset.linear_only else ()
    priced = priced_market(setting.market, contracts, [*held_currencies, *currencies, *coins])
    held = held_book(accounts, contracts, priced)
    parameters = preset.parameters_of(preset_markets(preset, contracts))
    strangers = _strangers(names, contracts, currencies)
    runs = []
    for currency in currencies:
        own = held if preset.cash else settled_in(held, currency, contracts, strangers[currency])
        runs.append(_run(preset, parameters, priced, currency, own))
    return MarginRun(
        setting=setting,
        contracts=contracts,
        priced=priced,
        runs=tuple(run for run in runs if len(run.held.book)),
        notes=(
            *setting.notes,
            *_foreign_notes(preset, contracts),
            *_notes(setting, currencies, held_currencies),
            *dict.fromkeys(note for run in runs for note in _debt_notes(run, priced)),
            *account_notes(accounts, preset, [(r.prepared, r.requirements) for r in runs]),
        ),
    )


def _run(
    preset: Preset, parameters: Any, priced: PricedMarket, currency: str, held: HeldBook
) -> CurrencyRun:
    prepared = preset.model(priced.pricing(currency)).prepare(
        priced.snapshot, parameters, priced.instruments
    )
    return CurrencyRun(
        currency=currency,
        held=held,
        prepared=prepared,
        requirements=prepared.requirements(held.book),
    )


def _debt_notes(run: CurrencyRun, priced: PricedMarket) -> tuple[str, ...]:
    pricing = priced.pricing(run.currency)
    return debt_notes(run.prepared, run.held.book, pricing, priced.snapshot, priced.instruments)


def _currencies(setting: MarginSetting, contracts: Mapping[str, HeldContract]) -> tuple[str, ...]:
    """Return the currency of the requirement, or every one of a segregated book."""
    if setting.preset.cash:
        return (setting.numeraire or setting.preset.cash,)
    settled = dict.fromkeys(c.margined.settle for c in contracts.values())
    if setting.numeraire is None:
        return tuple(settled) or ("USD",)
    if setting.numeraire not in settled:
        raise UsageError(
            "must be a currency that something in the book settles in",
            found=setting.numeraire,
            field="numeraire",
            remedy=f"these are {', '.join(settled) or 'none'}: accounts are segregated by currency",
        )
    return (setting.numeraire,)


def _strangers(
    names: Mapping[str, None], contracts: Mapping[str, HeldContract], currencies: Sequence[str]
) -> dict[str, list[str]]:
    """Names nobody can read, in the account of the coin they begin with, else the first."""
    found: dict[str, list[str]] = {currency: [] for currency in currencies}
    for name in names:
        if name in contracts:
            continue
        head = name.replace("_", "-").split("-")[0]
        found[head if head in found else currencies[0]].append(name)
    return found


def _foreign_notes(preset: Preset, contracts: Mapping[str, HeldContract]) -> list[str]:
    """Say where the rules of one venue are put to the contracts of another."""
    return [
        f"Rules of {preset.venue} on contracts by the names of {venue}, at the prices given: "
        f"{preset.venue} may list others, or margin these otherwise ({_some(names)})."
        for venue, names in foreign_contracts(preset, contracts)
    ]


def _some(names: Sequence[str]) -> str:
    left = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {left} more" if left > 0 else "")


_MOST_NAMED = 6


def _notes(
    setting: MarginSetting, currencies: Sequence[str], held: Mapping[str, None]
) -> list[str]:
    if setting.preset.cash:
        return []
    apart = [c for c in held if c not in currencies and c not in DOLLARS]
    notes = ["Segregated: each currency is an account of its own, in that currency."]
    if apart:
        stable = " (dollar coins too)" if set(apart) & set(STABLE) else ""
        notes.append(f"Collateral in {', '.join(apart)} stands behind nothing here{stable}.")
    return notes
