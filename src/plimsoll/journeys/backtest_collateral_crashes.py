"""A venue's collateral set on the eve of 10 October 2025, and what the crashes after it took."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from plimsoll.adapters.files import ColumnMap, FileFormat, read_bars
from plimsoll.calibration.collateral.admission import AssetFacts
from plimsoll.calibration.collateral.assets import AssetHaircut, AssetHistory, CollateralProblem
from plimsoll.calibration.collateral.calibrate import calibrate_collateral
from plimsoll.calibration.collateral.floor import FloorPolicy, FloorRule
from plimsoll.calibration.collateral.haircut import log_falls, log_risk_of
from plimsoll.calibration.collateral.liquidation_cost import AssetLiquidity
from plimsoll.calibration.collateral.publication import collateral_tables
from plimsoll.calibration.collateral.wrong_way import wrong_way_haircut
from plimsoll.calibration.parts.lending import LendingSettings, asset_lending, lending_table
from plimsoll.domain.market import DAY_NS, MarketHistory, PriceKind
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.estimators.reference.default_model import default_at
from plimsoll.estimators.reference.forecast import LONG, forecast
from plimsoll.estimators.reference.panel import returns_panel
from plimsoll.marketdata.assembly import assemble

FloatArray = NDArray[np.float64]
FRACTION = ColumnKind.FRACTION

BARS = "hourly/binance_spot_ohlcv_1h.parquet"
LABEL = "Binance spot closes and turnover 1 h, 2024-09 to 2026-02"
EVE = "2025-10-10"
MAJORS = ("BTC", "ETH", "SOL")
COINS = (*MAJORS, "AAVE", "ADA", "ARB", "AVAX", "AXS", "DOGE", "ENA", "OM", "OP", "PAXG", "SNX",
         "SUI", "TAO", "TRX", "ZRO")  # fmt: skip
CRASHES = ("2025-10-10", "2026-02-05")
SPREADS = {"major": 0.0004, "coin": 0.002}
"""Assumed stressed spreads of the classes: the file holds no quotes."""
RECORDED = {"major": 0.5}
"""Bitcoin and ether lost half within a day on 12 March 2020 (public reports)."""
DEPTH_SHARE, VENUES = 0.01, 5
"""Assumed: depth of turnover, and venues; the file holds neither."""
TURNOVER_DAYS = 90


def crash_tables(data: Path) -> tuple[Table, ...]:
    """Return the published set, lending terms, joint haircuts, and losses of two crashes."""
    history = _history(data)
    eve_ns = _ns(EVE)
    before = history.before(eve_ns)
    problem = CollateralProblem(
        at_ns=eve_ns, class_worst_loss=RECORDED, floor=FloorRule(policy=FloorPolicy.POOLED)
    )
    assets = _assets(before, problem)
    made = calibrate_collateral(assets, problem)
    haircuts, admissions = collateral_tables(made, LABEL)
    return (
        haircuts,
        admissions,
        _crash_table(history, made),
        *_lending_tables(history, assets, made, problem),
        _joint_table(before),
    )


def _history(data: Path) -> MarketHistory:
    bars = read_bars(
        data / BARS,
        FileFormat.PARQUET,
        price_kind=PriceKind.SPOT_CLOSE,
        columns=ColumnMap(symbol="symbol", volume="volume"),
        symbols=[f"{coin}USDT" for coin in COINS],
    )
    return assemble(bars).history


def _assets(before: MarketHistory, problem: CollateralProblem) -> list[AssetHistory]:
    panel = returns_panel(before)
    hours = round(problem.sale.horizon_hours)
    risk = forecast(default_at(problem.at_ns), panel, hours).value_at_risk[-1]
    found = []
    for row, market in enumerate(panel.markets):
        coin = market.removesuffix("USDT")
        price = panel.price[row]
        daily = _daily_volatility(price)
        adv = _turnover(before, market)
        kind = "major" if coin in MAJORS else "coin"
        own = float(risk[row, LONG])
        found.append(
            AssetHistory(
                asset=coin,
                asset_class=kind,
                log_price=price,
                facts=AssetFacts(
                    history_days=float(np.isfinite(price).sum()) / 24.0,
                    adv_usd=adv,
                    depth_usd=DEPTH_SHARE * adv,
                    venues=VENUES,
                    volatility_annual=daily * math.sqrt(365.0),
                ),
                liquidity=AssetLiquidity(
                    adv_usd=adv, daily_volatility=daily, relative_spread=SPREADS[kind]
                ),
                log_risk=float(log_risk_of(own)) if math.isfinite(own) else None,
            )
        )
    return found


def _turnover(before: MarketHistory, market: str) -> float:
    column = before.column(market)
    assert before.volume is not None  # read with a volume column
    rows = slice(-TURNOVER_DAYS * 24, None)
    traded = before.volume[rows, column] * before.close[rows, column]
    return float(np.nansum(traded)) / TURNOVER_DAYS


def _daily_volatility(price: FloatArray) -> float:
    moves = log_falls(price, 24)[-TURNOVER_DAYS * 24 :]
    return float(np.std(moves))


def _crash_table(history: MarketHistory, made: Sequence[AssetHaircut]) -> Table:
    rows = []
    for one in made:
        price = history.usable_close()[:, history.column(f"{one.asset}USDT")]
        held = one.parameters
        raw = float(one.haircut[0]) if one.haircut.size else None
        before = None if one.price is None else -math.expm1(-one.price.log_risk)
        losses = [_worst_day(history, price, day) for day in CRASHES]
        published = None if held is None else float(held.haircut)
        least = published if published is not None else raw
        missing = [
            None if loss is None or least is None else max(0.0, loss - least) for loss in losses
        ]
        rows.append((one.asset, before, least, held is not None, *losses, *missing))
    return Table(
        name="collateral_crashes",
        title=f"Haircuts set before {EVE}, and the worst 24 h of two crashes",
        columns=(
            Column(name="asset", title="Asset"),
            Column(name="own", title="99 %, 24 h", kind=FRACTION, digits=1),
            Column(name="haircut", title="Haircut", kind=FRACTION, digits=1),
            Column(name="admitted", title="Admitted", kind=ColumnKind.FLAG),
            *(Column(name=d, title=f"Lost {d}", kind=FRACTION, digits=1) for d in CRASHES),
            *(
                Column(name=f"missing {d}", title=f"Not covered {d}", kind=FRACTION, digits=1)
                for d in CRASHES
            ),
        ),
        rows=tuple(rows),
        notes=(
            "Worst 24 h that begin on the day of the crash or the one before, on hourly closes.",
            "Set once, on the eve, and left as it was. No claim of coverage: what is left is told.",
            f"Prices: {LABEL}. Spreads, depth and venues are assumed by class.",
        ),
    )


def _worst_day(
    history: MarketHistory, price: FloatArray, day: str, *, hours: int = 24
) -> float | None:
    start = int(np.searchsorted(history.time_ns, _ns(day) - DAY_NS))
    end = int(np.searchsorted(history.time_ns, _ns(day) + DAY_NS))
    rows = np.arange(start, min(end, price.size - hours))
    if not rows.size:
        return None
    lost = 1.0 - price[rows + hours] / price[rows]
    return float(np.nanmax(lost)) if np.isfinite(lost).any() else None


def _lending_tables(
    history: MarketHistory,
    assets: Sequence[AssetHistory],
    made: Sequence[AssetHaircut],
    problem: CollateralProblem,
) -> tuple[Table, Table]:
    """The terms as calibrate publishes them, and what the crash asked of them."""
    settings = LendingSettings()
    prices = {asset.asset: asset.log_price for asset in assets}
    found = asset_lending(assets, made, prices, problem, settings)
    terms = lending_table(found, settings, problem.floor_share, LABEL)
    rows: list[tuple[Cell, ...]] = []
    for one in found:
        if one.terms is None or one.risk is None:
            continue
        price = history.usable_close()[:, history.column(f"{one.asset}USDT")]
        lost = _worst_day(history, price, EVE, hours=round(settings.latency_hours))
        threshold, bonus = float(one.terms.liquidation_threshold), float(one.terms.bonus)
        asked = None if lost is None else (1.0 - lost - one.risk.slippage) / (1.0 + bonus)
        over = None if asked is None else max(0.0, threshold - asked)
        rows.append((one.asset, threshold, bonus, lost, asked, over))
    titles = (
        ("threshold", "Threshold"), ("bonus", "Bonus"), ("lost", f"Lost in an hour, {EVE}"),
        ("asked", "Threshold it asked"), ("over", "Threshold above it by"),
    )  # fmt: skip
    asked_table = Table(
        name="lending_crash",
        title=f"Lending terms set before {EVE}, and what it asked",
        columns=(
            Column(name="asset", title="Asset"),
            *(Column(name=n, title=t, kind=FRACTION, digits=1) for n, t in titles),
        ),
        rows=tuple(rows),
        notes=(
            "Lost: worst move between two hourly closes of spot on the day or the one before; "
            "within the hour lows went deeper. Asked: the highest threshold with the same bonus "
            "and slippage at which that hour left no debt. Told after the fact, not fitted.",
        ),
    )
    return terms, asked_table


def _joint_table(before: MarketHistory) -> Table:
    panel = returns_panel(before)
    falls = {m: panel.price[i, :-24] - panel.price[i, 24:] for i, m in enumerate(panel.markets)}
    rows = []
    for collateral in ("BTC", "ETH", "SOL", "PAXG"):
        for position in MAJORS:
            for side, sign in (("long", 1.0), ("short", -1.0)):
                fall = falls[f"{collateral}USDT"]
                loss = sign * -np.expm1(-falls[f"{position}USDT"])
                found = wrong_way_haircut(fall, loss)
                rows.append(
                    (collateral, f"{side} {position}", found.correlation, found.alone,
                     found.joint, found.extra)
                )  # fmt: skip
    return Table(
        name="wrong_way_haircuts",
        title="Haircut of collateral jointly with a position, worst of exposures 0.5 to 10",
        columns=(
            Column(name="collateral", title="Collateral"),
            Column(name="position", title="Position"),
            Column(name="correlation", title="Correlation", kind=ColumnKind.NUMBER),
            Column(name="alone", title="Alone", kind=FRACTION, digits=1),
            Column(name="joint", title="Jointly", kind=FRACTION, digits=1),
            Column(name="extra", title="Extra", kind=FRACTION, digits=1),
        ),
        rows=tuple(rows),
        notes=(
            "Margin covers the position alone at 99 %, so that even perfect correlation adds"
            " nothing to the asset's own 99 %; what adds is a joint tail worse than the sum.",
            f"Prices: {LABEL}, before {EVE}. The venue's own token counts for nothing.",
        ),
    )


def _ns(day: str) -> int:
    return int(np.datetime64(day, "ns").astype(np.int64))
