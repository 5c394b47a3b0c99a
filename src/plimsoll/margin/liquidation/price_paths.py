"""Snapshots along a path of prices: one market alone, or all of them by their betas.

A path grows each market's prices by ``g`` to the power of its beta, ``g`` = price over price now.
Mark and index move together, forwards and surfaces' forwards with them; an option's mark is its
value at the moved forward and unchanged volatility, plus what its mark was off its value before.
Dollar coins stay; a coin priced by a market that moves, moves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.expiry_quote import ExpiryQuote
from plimsoll.domain.instrument import Instrument, Option, Pair
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.errors import UsageError
from plimsoll.margin.underlying import underlying
from plimsoll.scenarios.grid_table import GridTable, grid_table
from plimsoll.scenarios.risk_grid import RiskGrid, VolMove, VolRule

FloatArray = NDArray[np.float64]

_STILL = VolRule(range_up=0.0, range_down=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PricePath:
    """How markets move together.

    Parameters
    ----------
    betas : mapping of str to float
        By market; what is not named stands.

    Raises
    ------
    UsageError
        For no beta, or one that is not finite.
    """

    betas: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.betas or not all(np.isfinite(b) for b in self.betas.values()):
            raise UsageError("must name at least one finite beta", found=self.betas, field="betas")


def market_path(market: str) -> PricePath:
    """Return the path along one market's price, others fixed."""
    return PricePath(betas={market: 1.0})


def common_path(
    instruments: Mapping[str, Instrument], betas: Mapping[str, float] | None = None
) -> PricePath:
    """Return the path of a common shock: every market by the beta of its underlying, else 1."""
    chosen = betas or {}
    return PricePath(betas={m: chosen.get(underlying(i), 1.0) for m, i in instruments.items()})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PathSnapshots:
    """Snapshots at K growths of a path.

    Parameters
    ----------
    snapshot : MarketSnapshot
    instruments : mapping of str to Instrument
    path : PricePath
    """

    snapshot: MarketSnapshot
    instruments: Mapping[str, Instrument]
    path: PricePath

    def at(self, growths: FloatArray) -> tuple[MarketSnapshot, ...]:
        """Return the snapshots at ``growths`` (K,), positive; options are valued all at once."""
        tables = self._option_tables(growths)
        return tuple(self._one(float(g), k, tables) for k, g in enumerate(growths.tolist()))

    def _one(self, growth: float, k: int, tables: Mapping[float, GridTable]) -> MarketSnapshot:
        quotes = dict(self.snapshot.quotes)
        for market, beta in self.path.betas.items():
            if market in quotes and market not in self._options(beta):
                factor = growth**beta
                old = quotes[market]
                quotes[market] = replace(old, mark=old.mark * factor, index=old.index * factor)
        expiries = dict(self.snapshot.expiries)
        for beta, table in tables.items():
            self._move_options(quotes, expiries, table, growth**beta, k)
        return replace(self.snapshot, quotes=quotes, expiries=expiries)

    def _move_options(
        self,
        quotes: dict[str, Quote],
        expiries: dict[tuple[Pair, str, int], ExpiryQuote],
        table: GridTable,
        factor: float,
        k: int,
    ) -> None:
        for row, market in enumerate(table.markets):
            option, old = self.instruments[market], quotes.get(market)
            if old is None or not isinstance(option, Option):
                continue
            moved = float(table.profit[row, k]) / float(option.required_contract_size())
            mark = old.mark if factor == 1.0 else max(old.mark + moved, 0.0)
            quotes[market] = replace(
                old, mark=old.mark if np.isnan(mark) else mark, index=old.index * factor
            )
            if table.reason[row] == 0:
                key = (option.pair, option.settle, option.expiry_ns)
                before = self.snapshot.expiries.get(key)
                floating, fixed = _parts(table, row)
                own = before or ExpiryQuote(floating=floating, fixed=fixed)
                expiries[key] = replace(own, floating=floating * factor, fixed=fixed)

    def _options(self, beta: float) -> dict[str, Instrument]:
        return {
            market: self.instruments[market]
            for market, own in self.path.betas.items()
            if own == beta and isinstance(self.instruments.get(market), Option)
        }

    def _option_tables(self, growths: FloatArray) -> dict[float, GridTable]:
        """Values of the moved options at every growth, by beta."""
        found: dict[float, GridTable] = {}
        for beta in dict.fromkeys(self.path.betas.values()):
            options = self._options(beta)
            if not options:
                continue
            grid = RiskGrid(
                names=tuple(f"growth {k}" for k in range(growths.size)),
                price_moves=growths**beta - 1.0,
                vol_moves=(VolMove.NONE,) * growths.size,
                fraction=np.ones(growths.size),
            )
            found[beta] = grid_table(options, self.snapshot, grid, _STILL)
        return found


def _parts(table: GridTable, row: int) -> tuple[float, float]:
    floating = float(table.floating[row])
    return floating, max(float(table.forward[row]) - floating, 0.0)
