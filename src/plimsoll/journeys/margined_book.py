"""A margined book with all it takes to margin it again: at other prices, in parts, after trades."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from plimsoll.domain.book import Book
from plimsoll.domain.instrument import Instrument
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.requirement import Requirements
from plimsoll.journeys.coin_volatility import CoinVolatility, coin_volatilities
from plimsoll.journeys.margin_contracts import preset_markets
from plimsoll.journeys.margin_run import MarginRun
from plimsoll.journeys.margin_units import shown_units, unit_name
from plimsoll.margin.currency import CurrencyPricing
from plimsoll.margin.liquidation import (
    ClosingCosts,
    LiquidationRule,
    LiquidationSolver,
    Liquidator,
)
from plimsoll.margin.protocol import MarginModel, Prepared


class PlacedUnit(NamedTuple):
    """A margin unit in the book of its owner's accounts, whose sizes may be added up."""

    book: Book
    unit: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarginedBook:
    """One book in one market under one model.

    Parameters
    ----------
    model : MarginModel
    parameters : Any
        What the model takes.
    instruments : mapping of str to Instrument
    snapshot : MarketSnapshot
    pricing : CurrencyPricing
        The model's.
    prepared : Prepared
    requirements : Requirements
    judged : tuple of bool
        By account: whether its cross pool is compared with collateral.
    venue : str
        Whose rules these are.
    volatilities : mapping of str to CoinVolatility
        By underlying.
    """

    model: MarginModel[Any]
    parameters: Any
    instruments: Mapping[str, Instrument]
    snapshot: MarketSnapshot
    pricing: CurrencyPricing
    prepared: Prepared
    requirements: Requirements
    judged: tuple[bool, ...]
    venue: str
    volatilities: Mapping[str, CoinVolatility] = field(default_factory=dict)

    @property
    def book(self) -> Book:
        """Its accounts."""
        return self.requirements.book

    @property
    def currency(self) -> str:
        """Currency of its amounts."""
        return self.requirements.numeraire

    @property
    def units(self) -> list[int]:
        """Margin units that hold something, account by account."""
        return [int(u) for u in shown_units(self.requirements)]

    def account_of(self, unit: int) -> str:
        """Name the account of a unit."""
        return self.book.accounts[int(self.requirements.account[unit])]

    def name_of(self, unit: int) -> str:
        """Return ``cross``, or ``isolated`` with its market."""
        return unit_name(self.requirements, unit)

    def is_judged(self, unit: int) -> bool:
        """Whether the unit's requirement is compared with something."""
        own = int(self.requirements.account[unit])
        return self.judged[own] or int(self.requirements.position[unit]) >= 0

    def positions_of(self, unit: int) -> list[int]:
        """Rows of the unit's positions in the book."""
        return [int(p) for p in np.flatnonzero(self.requirements.parts.unit == unit)]

    def solver(self, costs: ClosingCosts) -> LiquidationSolver[Any]:
        """Return the search for liquidation prices by this model."""
        return LiquidationSolver(
            model=self.model,
            parameters=self.parameters,
            instruments=self.instruments,
            snapshot=self.snapshot,
            pricing=self.pricing,
            costs=costs,
        )

    def liquidator(self, rule: LiquidationRule) -> Liquidator:
        """Return what plans the closing of positions by this model."""
        return Liquidator(
            prepared=self.prepared,
            snapshot=self.snapshot,
            instruments=self.instruments,
            pricing=self.pricing,
            rule=rule,
        )

    def placed(self, unit: int) -> PlacedUnit:
        """Return the unit in the smallest book that margins it as the whole book does."""
        book, row = self.book, int(self.requirements.account[unit])
        rows = np.array([row], dtype=np.int64)
        if book.owner is not None:
            rows = np.flatnonzero(book.owner == book.owner[row]).astype(np.int64)
        alone = book.take(rows)
        place = int(np.searchsorted(rows, row))
        position = int(self.requirements.position[unit])
        if position < 0:
            return PlacedUnit(alone, place)
        local = int(alone.offsets[place]) + position - int(book.offsets[row])
        before = int(np.count_nonzero(alone.isolated[:local]))
        return PlacedUnit(alone, len(alone) + before)


def margined_books(run: MarginRun) -> tuple[MarginedBook, ...]:
    """Return the books of a run under a preset, one per currency of account."""
    preset, priced = run.setting.preset, run.priced
    parameters = preset.parameters_of(preset_markets(preset, run.contracts))
    volatilities = coin_volatilities(run.setting.market, priced)
    of_currency = partial(
        MarginedBook,
        parameters=parameters,
        instruments=priced.instruments,
        snapshot=priced.snapshot,
        venue=preset.venue,
        volatilities=volatilities,
    )
    return tuple(
        of_currency(
            model=preset.model(priced.pricing(own.currency)),
            pricing=priced.pricing(own.currency),
            prepared=own.prepared,
            requirements=own.requirements,
            judged=own.held.has_collateral,
        )
        for own in run.runs
    )
