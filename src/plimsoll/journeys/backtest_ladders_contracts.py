"""Contracts of a venue's tier file that have a price history, and what their size costs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plimsoll.adapters.files import ColumnMap, read_bars
from plimsoll.calibration.tiers import Ladder, TurnoverModel, turnover_model
from plimsoll.domain.market import HOUR_NS, PriceKind
from plimsoll.domain.tiers import TierTable
from plimsoll.estimators.reference.panel import ReturnsPanel

FloatArray = NDArray[np.float64]

MULTIPLE = re.compile(r"^(1000000|1000|1M)(?=[A-Z])")
RENAMED = {"LUNA2": "LUNA"}
"""Contracts whose coin goes by another name on the spot market."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LadderContract:
    """One contract: its prices, its venue's ladder, its turnover.

    Parameters
    ----------
    name, coin : str
    column : int
        Of the panel.
    quote_column : int or None
        Of the currency that prices and ladder are in, where it is no dollar.
    ladder : Ladder
        Published, in dollars.
    turnover_usd : float
        Of a day.
    is_turnover_known : bool
        From volume before the fit; else from the class model.
    """

    name: str
    coin: str
    column: int
    quote_column: int | None
    ladder: Ladder
    turnover_usd: float
    is_turnover_known: bool

    @property
    def top_usd(self) -> float:
        """Largest position."""
        return float(self.ladder.caps_usd[-1])

    @property
    def risk_class(self) -> str:
        """By the largest leverage: its first tier's rate."""
        first = float(self.ladder.rates[0])
        names = (("first tier up to 0.5 %", 0.005), ("above, to 0.75 %", 0.0075),
                 ("above, to 1 %", 0.01))  # fmt: skip
        return next((name for name, bound in names if first <= bound), "above 1 %")

    def log_price(self, price: FloatArray) -> FloatArray:
        """(T,) of the contract, from (N, T) log prices of the panel."""
        own: FloatArray = price[self.column]
        return own if self.quote_column is None else np.asarray(own - price[self.quote_column])


def listed_contracts(
    tables: Mapping[str, TierTable], panel: ReturnsPanel, known: FloatArray, volume: Path
) -> tuple[LadderContract, ...]:
    """Return the contracts whose coin has prices at the fit.

    Parameters
    ----------
    known : (N, T) float64
        Log prices known at the fit.
    volume : path
        Hourly bars with volume.
    """
    columns = {name: at for at, name in enumerate(panel.markets) if np.isfinite(known[at]).any()}
    traded = _turnovers(volume, int(panel.records[0].available_ns[known.shape[1] - 1]))
    tops = {
        _coin(name): float(table.tiers[-1].cap_usd or 0)
        for name, table in tables.items()
        if name.endswith("/USDT:USDT")
    }
    model = turnover_model(traded, {f"{coin}USDT": top for coin, top in tops.items()})
    found = []
    for name, table in tables.items():
        coin, quote = _coin(name), name.split("/")[1].split(":")[0]
        in_dollars = quote in ("USDT", "USDC")
        if f"{coin}USDT" in columns and (in_dollars or f"{quote}USDT" in columns):
            quoted = None if in_dollars else columns[f"{quote}USDT"]
            found.append(_contract(name, coin, columns[f"{coin}USDT"], quoted, table,
                                   known, traded, model))  # fmt: skip
    return tuple(found)


def _contract(
    name: str,
    coin: str,
    column: int,
    quote_column: int | None,
    table: TierTable,
    known: FloatArray,
    traded: Mapping[str, float],
    model: TurnoverModel,
) -> LadderContract:
    ladder = Ladder.of_table(table)
    if quote_column is not None:
        price = known[quote_column]
        dollars = float(np.exp(price[np.isfinite(price)][-1]))
        caps = tuple((cap * int(dollars)) for cap in ladder.caps_usd)
        ladder = Ladder(caps_usd=caps, rates=ladder.rates)
    own = traded.get(f"{coin}USDT")
    return LadderContract(
        name=name,
        coin=coin,
        column=column,
        quote_column=quote_column,
        ladder=ladder,
        turnover_usd=model.turnover_usd(float(ladder.caps_usd[-1])) if own is None else own,
        is_turnover_known=own is not None,
    )


def _coin(contract: str) -> str:
    base = MULTIPLE.sub("", contract.split("/")[0])
    return RENAMED.get(base, base)


def _turnovers(path: Path, until_ns: int) -> dict[str, float]:
    """Mean daily turnover in dollars of bars before the fit."""
    if not path.exists():
        return {}
    bars = read_bars(
        path,
        "parquet",
        price_kind=PriceKind.SPOT_CLOSE,
        columns=ColumnMap(time="ts", close="close", symbol="symbol", volume="volume"),
        until=until_ns,
    )
    found: dict[str, float] = {}
    for market, one in bars.items():
        if one.volume is not None and len(one) * one.interval_ns >= 24 * HOUR_NS:
            hours = len(one) * one.interval_ns / HOUR_NS
            found[market] = 24.0 * float(np.nansum(one.close * one.volume)) / hours
    return found
