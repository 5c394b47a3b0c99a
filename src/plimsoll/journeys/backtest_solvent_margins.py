"""Margins of the replays: calibrated day by day from what stood before, and a fixed ladder."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plimsoll.adapters.files import ColumnMap, read_bars
from plimsoll.domain.field_summary import field_summary
from plimsoll.domain.market import Bars, PriceKind
from plimsoll.domain.tiers import Tier, TierTable
from plimsoll.errors import DataFormatError
from plimsoll.estimators.reference.default_model import REVISIONS, revised_default
from plimsoll.estimators.reference.forecast import forecast
from plimsoll.estimators.reference.panel import returns_panel
from plimsoll.estimators.reference.revised import Revised
from plimsoll.journeys.compare import compared_history
from plimsoll.maths.account_replay_records import ReplayTiers
from plimsoll.validation.replay.markets import MarkPaths
from plimsoll.validation.replay.venue import sized_tables, tier_columns

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

CAPS_USD = (1e4, 3e4, 1e5, 3e5, 1e6, 3e6)
FEE_RATE = 0.002
LINK = 0.5
STRESSED_COST = 0.2**-0.5 - 1.0
"""What the square-root law adds to a cost at a fifth of the depth, as in the study of the crash."""
HIGHEST_LINK = 0.98
"""Maintenance over initial margin of the calibrated set: a position is never born closed out."""
REACTION_CONFIDENCE = 0.95
_COLUMNS = ColumnMap(time="ts", close="close", symbol="symbol")
_2021_MARKETS = (
    "BTCUSDT", "ETHUSDT", "BNBUSDT", "XRPUSDT", "ADAUSDT", "SOLUSDT", "DOGEUSDT", "DOTUSDT",
    "AVAXUSDT", "LINKUSDT", "LTCUSDT", "BCHUSDT", "TRXUSDT", "ETCUSDT", "XLMUSDT", "ATOMUSDT",
    "UNIUSDT", "FILUSDT", "AAVEUSDT", "ALGOUSDT",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DailyRisk:
    """Loss quantiles of N markets, as known at each midnight (UTC).

    Parameters
    ----------
    markets : tuple of N str
    time_ns : (D,) int64
    close_out, day : (D, N, 2) float64
        99 % of the loss over one hour and over eight, longs and shorts; never NaN.
    reaction : (D, N, 2) float64
        95 % over eight hours.
    lent : (D, N) bool
        The market had no number of its own yet: the highest of the others stands in.
    """

    markets: tuple[str, ...]
    time_ns: IntArray
    close_out: FloatArray
    day: FloatArray
    reaction: FloatArray
    lent: NDArray[np.bool_]

    __repr__ = field_summary


def hourly_bars_2025(folder: Path) -> dict[str, Bars]:
    """Hourly bars of 25 spot pairs, and of the perpetuals of coins without one."""
    spot = _hourly(folder / "hourly" / "binance_spot_ohlcv_1h.parquet", None)
    perpetual = _hourly(folder / "hourly" / "binance_perp_ohlcv_1h.parquet", None)
    alone = ("PIPPINUSDT", "NAORISUSDT", "WLFIUSDT", "1000PEPEUSDT")
    return spot | {name: perpetual[name] for name in alone}


def hourly_bars_2022(folder: Path) -> dict[str, Bars]:
    """Hourly spot closes of twenty coins to the end of 2022."""
    path = folder / "hourly" / "binance_spot_close_1h_2021_2025.parquet"
    return _hourly(path, _2021_MARKETS, until="2023-01-01")


def _hourly(path: Path, symbols: Sequence[str] | None, until: str | None = None) -> dict[str, Bars]:
    return read_bars(
        str(path),
        "parquet",
        price_kind=PriceKind.SPOT_CLOSE,
        columns=_COLUMNS,
        symbols=symbols,
        until=until,
    )


def daily_risk(bars: Mapping[str, Bars], markets: Sequence[str]) -> DailyRisk:
    """Forecast with the default as it stood at each time, on all of ``bars``."""
    history, names, _ = compared_history(dict(bars))
    panel = returns_panel(history, markets=names, every_hours=24)
    columns = [names.index(market) for market in markets]
    model = revised_default()
    hour, day = (forecast(model, panel, h).value_at_risk[:, columns] for h in (1, 8))
    reaction = forecast(_default_at(REACTION_CONFIDENCE), panel, 8).value_at_risk[:, columns]
    lent = np.asarray(~np.isfinite(hour + day + reaction).all(axis=2), dtype=np.bool_)
    return DailyRisk(
        markets=tuple(markets),
        time_ns=panel.time_ns,
        close_out=_with_class(hour),
        day=_with_class(day),
        reaction=_with_class(reaction),
        lent=lent,
    )


def _default_at(confidence: float) -> Revised:
    """Return the default's revisions at another confidence."""
    return Revised(
        name=f"default at {confidence:g}",
        revisions=tuple(
            replace(one, model=replace(one.model, confidence=confidence)) for one in REVISIONS
        ),
    )


def _with_class(values: FloatArray) -> FloatArray:
    """Markets without a number take the highest of the others; before any has one, the first."""
    highest = np.max(np.where(np.isfinite(values), values, 0.0), axis=1, keepdims=True)
    first = int(np.flatnonzero(highest[:, 0, 0] > 0.0)[0])
    highest[:first] = highest[first]
    return np.where(np.isfinite(values), values, highest)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarginTables:
    """Tier tables, and the one in force for each bar, market and side (T, M, 2)."""

    tiers: ReplayTiers
    table: IntArray

    __repr__ = field_summary


def calibrated_tables(
    risk: DailyRisk, marks: MarkPaths, level: float, multiple: FloatArray | float = 1.0
) -> MarginTables:
    """Maintenance ``level x (quantile of an hour + fee) + cost``; initial margin above it.

    Initial margin is maintenance, what the cost rises by at a fifth of the depth, and ``multiple``
    times what the user may lose at 95 % over eight hours: one number, or one a day (D,). A day's
    tables use costs known at its midnight.
    """
    spread, k = costs_at(marks, risk.time_ns)
    cost = spread[..., None] + k[..., None] * np.sqrt(np.array(CAPS_USD))  # (D, M, K)
    kept = np.minimum(1.0, level * (risk.close_out[..., None] + FEE_RATE) + cost[:, :, None, :])
    days, markets = risk.time_ns.size, len(risk.markets)
    times = np.broadcast_to(np.asarray(multiple, dtype=np.float64), (days,))
    asked = kept + STRESSED_COST * cost[:, :, None, :]
    asked = asked + times[:, None, None, None] * risk.reaction[..., None]
    initial = np.minimum(1.0, np.maximum(kept / HIGHEST_LINK, asked))
    day = np.maximum(0, np.searchsorted(risk.time_ns, marks.time_ns, side="right") - 1)
    place = np.arange(days * markets * 2).reshape(days, markets, 2)
    flat = (days * markets * 2, len(CAPS_USD))
    tiers = sized_tables(CAPS_USD, kept.reshape(flat), initial.reshape(flat))
    return MarginTables(tiers=tiers, table=place[day])


def costs_at(marks: MarkPaths, time_ns: IntArray) -> tuple[FloatArray, FloatArray]:
    """(D, M) half spread and impact that were known at each time."""
    bar = np.clip(np.searchsorted(marks.time_ns, time_ns), 0, marks.time_ns.size - 1)
    return marks.half_spread[bar], marks.impact[bar]


def ladder_tables(ladders: Sequence[TierTable], marks: MarkPaths) -> MarginTables:
    """One table a market, for ever and for both sides."""
    place = np.repeat(np.arange(len(ladders))[:, None], 2, axis=1)
    table = np.broadcast_to(place, (marks.time_ns.size, *place.shape)).astype(np.int64)
    return MarginTables(tiers=tier_columns(ladders), table=table)


def published_ladders(folder: Path, markets: Sequence[str]) -> tuple[list[TierTable], list[str]]:
    """Ladders of 2024-10 of each market, and which of them take the commonest of the file."""
    path = folder / "tiers" / "binance_usdm_leverage_tiers_2024-10.json"
    document: dict[str, list[dict[str, Any]]] = json.loads(path.read_text("utf-8"))
    if not document:
        raise DataFormatError("must hold a ladder", found="none", field=str(path))
    tables = {name: _table(rows) for name, rows in document.items()}
    commonest = Counter(tables.values()).most_common(1)[0][0]
    names = [f"{market.removesuffix('USDT')}/USDT:USDT" for market in markets]
    lent = [m for m, name in zip(markets, names, strict=True) if name not in tables]
    return [tables.get(name, commonest) for name in names], lent


def _table(rows: Sequence[Mapping[str, Any]]) -> TierTable:
    leverages = [Decimal(str(row["maxLeverage"])) for row in rows]
    return TierTable(
        tuple(
            Tier(
                cap_usd=Decimal(str(row["maxNotional"])),
                maintenance_rate=Decimal(str(row["maintenanceMarginRate"])),
                initial_rate=1 / leverage,
                max_leverage=leverage,
            )
            for row, leverage in zip(rows, leverages, strict=True)
        )
    )
