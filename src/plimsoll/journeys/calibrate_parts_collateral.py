"""The collateral of a venue: its assets' prices, forecasts and walk-forward coverage."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.collateral.assets import CollateralProblem
from plimsoll.calibration.collateral.haircut import LEAST_FALLS, log_falls
from plimsoll.calibration.evidence import Proof
from plimsoll.calibration.part import CalibratedPart
from plimsoll.calibration.parts.collateral import CollateralInputs, calibrated_collateral
from plimsoll.calibration.parts.collateral_assets import StatedAsset, asset_histories
from plimsoll.calibration.parts.haircut_coverage import (
    FORECAST_CONFIDENCE,
    CoverageQuestion,
    HaircutForecast,
    haircut_coverage,
    haircut_forecast,
)
from plimsoll.calibration.parts.joined_history import joined_history
from plimsoll.calibration.parts.market_moves import as_of_ns
from plimsoll.config.parts_convert import (
    to_assets,
    to_collateral_problem,
    to_lending,
    to_lent,
    to_watched_years,
)
from plimsoll.config.venue import VenueConfig
from plimsoll.domain.evidence import Check
from plimsoll.domain.market import DAY_NS, MarketHistory
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.table import Table
from plimsoll.journeys.calibrate_parts_data import PartsData

FloatArray = NDArray[np.float64]


def collateral_of(
    config: VenueConfig, proof: Proof, data: PartsData, parent: ParameterSet | None
) -> CalibratedPart:
    """Calibrate the collateral section from prices known at the instant of the set."""
    section = config.collateral
    assert section is not None  # asked for by the section
    last = as_of_ns(proof)
    history = joined_history(
        proof.history.before(last), None if data.assets is None else data.assets.before(last)
    )
    per_day = DAY_NS // history.interval_ns
    problem = to_collateral_problem(section, proof.problem, last, per_day)
    stated = to_assets(section)
    price = {one.asset: _price(history, one.symbol) for one in stated}
    coins = [o for o in stated if o.peg is None and np.isfinite(price[o.asset]).any()]
    found = _forecast(history, proof, coins, problem)
    tables: tuple[Table, ...] = ()
    checks: tuple[Check, ...] = ()
    limits: tuple[str, ...] = ()
    if found is not None:
        question = _question(proof, coins, problem)
        tables, checks, limits = haircut_coverage(history, found, question)
    risk = {} if found is None else {
        o.asset: _risk(found.last(o.symbol), price[o.asset], problem) for o in coins
    }  # fmt: skip
    return calibrated_collateral(
        CollateralInputs(
            histories=asset_histories(stated, price, risk, per_day),
            dollar_price=price,
            problem=problem,
            watched_years=to_watched_years(section),
            lending=to_lending(section),
            lent=to_lent(
                section,
                {name: drawn for name, (_, drawn) in (data.withdrawals or {}).items()},
            ),
            incumbent=parent,
            tables=tables,
            checks=checks,
            limits=limits,
            label=proof.price_note(),
        )
    )


def _risk(
    forecast: tuple[float, float], price: FloatArray, problem: CollateralProblem
) -> tuple[float, float]:
    """Losses of a long and a short over the sale: the forecast's, at its own 99 %.

    Where more is asked for, the asset's own history at that coverage if that is more.
    """
    falls = log_falls(price, problem.bars(problem.sale.horizon_hours))
    if problem.confidence <= FORECAST_CONFIDENCE or falls.size < LEAST_FALLS:
        return forecast
    fall, rise = (float(np.quantile(side, problem.confidence)) for side in (falls, -falls))
    long, short = (float(np.nan_to_num(one)) for one in forecast)
    return max(long, -float(np.expm1(-fall))), max(short, float(np.expm1(rise)))


def _price(history: MarketHistory, symbol: str) -> FloatArray:
    """Log price in dollars; nothing where the source does not have it."""
    if symbol not in history.markets:
        return np.full(len(history), np.nan)
    return np.log(history.usable_close()[:, history.column(symbol)])


def _forecast(
    history: MarketHistory,
    proof: Proof,
    coins: Sequence[StatedAsset],
    problem: CollateralProblem,
) -> HaircutForecast | None:
    """Of coins with the venue's markets, whose tails they share; None without a coin."""
    if not coins:
        return None
    columns = dict.fromkeys((*proof.paths.markets, *(one.symbol for one in coins)))
    closes = history.usable_close()
    printed = [c for c in columns if np.isfinite(closes[:, history.column(c)]).any()]
    return haircut_forecast(history, printed, round(problem.sale.horizon_hours))


def _question(
    proof: Proof, coins: Sequence[StatedAsset], problem: CollateralProblem
) -> CoverageQuestion:
    last = as_of_ns(proof)
    return CoverageQuestion(
        columns=tuple(one.symbol for one in coins),
        assets=tuple(one.asset for one in coins),
        horizon_hours=round(problem.sale.horizon_hours),
        floor_share=problem.floor_share,
        recorded=tuple(problem.class_worst_loss.get(one.asset_class, 0.0) for one in coins),
        from_ns=int(proof.maintenance.start_ns[0]),
        until_ns=last - round(problem.sale.horizon_hours) * DAY_NS // 24,
        label=proof.price_note(),
        confidence=problem.confidence,
        classes=tuple(one.asset_class for one in coins),
        adv_usd=tuple(one.adv_usd for one in coins),
        floor=problem.floor,
    )
