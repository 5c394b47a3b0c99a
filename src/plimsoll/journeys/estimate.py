"""``estimate``: volatility, tail, value-at-risk and expected shortfall of one market."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

import numpy as np

from plimsoll.adapters.files import ColumnMap, FileFormat, TimeUnit, read_bars
from plimsoll.calibration.forecast import bars_of_horizon, volatility_model
from plimsoll.calibration.problem import ModelSettings, VolatilityModel
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.market import Bars, MarketHistory, PriceKind
from plimsoll.errors import DataFormatError, InsufficientDataError, UsageError
from plimsoll.estimators.horizon.horizon_risk import HorizonRisk, horizon_risk
from plimsoll.estimators.horizon.price_record import boundaries, price_record
from plimsoll.estimators.horizon.scaled_tail import ScaledTail
from plimsoll.journeys.as_of import as_of_ns
from plimsoll.journeys.bar_clock import check_bar_clock
from plimsoll.journeys.estimate_price_files import price_format
from plimsoll.journeys.estimate_result import EstimateResult
from plimsoll.marketdata.assembly import assemble
from plimsoll.validation.walk_forward import WAIT_HOURS

Choice = TypeVar("Choice", bound=StrEnum)

MAPPED = (FileFormat.PARQUET, FileFormat.CSV)


def estimate(
    prices: Any,
    market: str,
    *,
    horizon_hours: int = 8,
    confidence: float = 0.99,
    model: VolatilityModel | str = VolatilityModel.EWMA_T,
    settings: ModelSettings | None = None,
    payoff: Payoff | str = Payoff.LINEAR,
    format: FileFormat | str | None = None,
    time: str = "ts",
    close: str = "close",
    symbol: str | None = None,
    time_unit: TimeUnit | str | None = None,
    price_kind: PriceKind | str = PriceKind.LAST_TRADE,
    as_of: datetime | None = None,
) -> EstimateResult:
    """Estimate the risk of one market over a horizon, as the calibration would.

    The market is checked and masked by itself, by the default policy on findings; a calibration
    that sees it among others may find more (shared outages, twins).

    Parameters
    ----------
    prices : path, frame or Bars
    market : str
        Name in the symbol column, or for the file.
    horizon_hours : int
        Length of the move, a multiple of the bars'.
    confidence : float
        0.99: exceeded by one move in a hundred.
    model : VolatilityModel or str
        ``ewma_t``, ``garch_t`` or ``gjr_t``.
    settings : ModelSettings, optional
        Windows, half-life and tail of the model; by default the calibration's.
    payoff : Payoff or str
        For the loss as a share of notional.
    format : FileFormat or str, optional
        By default ``parquet`` or ``ccxt_ohlcv`` (JSON) by the file's name, else ``csv``.
    time, close, symbol : str
        Columns of ``parquet``, ``csv`` and frames; no symbol column where there is one market.
    time_unit : TimeUnit or str, optional
        Of integer times; found where it is not given.
    price_kind : PriceKind or str
        What the prices are, for the label.
    as_of : datetime, optional
        Midnight (UTC); by default the last within the data.

    Returns
    -------
    EstimateResult

    Raises
    ------
    DataError, DataFormatError, InsufficientDataError, UsageError
    """
    chosen, paid = _one_market_model(model), _one_of(Payoff, payoff, "payoff")
    kind = _one_of(PriceKind, price_kind, "price_kind")
    unit = None if time_unit is None else _one_of(TimeUnit, time_unit, "time_unit")
    columns = ColumnMap(time=time, close=close, symbol=symbol, time_unit=unit)
    bars = _bars(prices, market, columns, kind, format)
    _check_one_market(bars, symbol)
    check_bar_clock([bars], "time_ns" if isinstance(prices, Bars) else time)
    midnight_ns = as_of_ns(as_of, [bars])
    until = None if as_of is None else midnight_ns
    history = assemble({market: bars}, until_ns=until).history
    known = history.before(midnight_ns)  # of a reused ticker, the latest coin has the bare name
    settings = settings or ModelSettings()
    risk = _risk(known, market, horizon_hours, confidence, chosen, settings)
    return EstimateResult(
        market=market,
        horizon_hours=horizon_hours,
        confidence=confidence,
        model=chosen,
        settings=settings,
        payoff=paid,
        price_kind=bars.price_kind,
        risk=risk,
        findings=known.findings,
    )


def _risk(
    history: MarketHistory,
    market: str,
    horizon_hours: int,
    confidence: float,
    model: VolatilityModel,
    settings: ModelSettings,
) -> HorizonRisk:
    days = boundaries(history)
    if not len(days):
        raise InsufficientDataError("must reach over a midnight (UTC)", found=0, field=market)
    record = price_record(history, market)
    tail = ScaledTail(
        horizon_bars=bars_of_horizon(horizon_hours, history.interval_ns, "horizon_hours"),
        confidence=confidence,
        wait_bars=WAIT_HOURS * days.bars_per_day // 24,
        window_days=settings.tail_window_days,
        tail_fraction=settings.tail_fraction,
    )
    return horizon_risk(record, days, volatility_model(settings, model).path(record, days), tail)


def _bars(
    prices: Any, market: str, columns: ColumnMap, kind: PriceKind, format: FileFormat | str | None
) -> Bars:
    if isinstance(prices, Bars):
        return prices if prices.market == market else replace(prices, market=market)
    symbols = None if columns.symbol is None else (market,)
    if not isinstance(prices, str | os.PathLike):
        from plimsoll.adapters.files import from_frame

        found = from_frame(prices, columns=columns, price_kind=kind, symbols=symbols, market=market)
        return found[market]
    given = price_format(prices) if format is None else _one_of(FileFormat, format, "format")
    form = given or FileFormat.CSV
    mapped = columns if form in MAPPED else None
    found = read_bars(prices, form, price_kind=kind, columns=mapped, symbols=symbols, market=market)
    return found[market]


def _check_one_market(bars: Bars, symbol: str | None) -> None:
    """Refuse a file of many markets read as one: its times would repeat."""
    if symbol is None and np.unique(bars.time_ns).size < 0.9 * len(bars):
        raise DataFormatError(
            "must hold one market, or name the column that tells them apart",
            found="the same times again and again",
            field=bars.source,
            remedy="name the symbol column (--symbol)",
        )


def _one_market_model(value: str) -> VolatilityModel:
    """Return the filter of one market; the blend pools a panel and has none."""
    alone = [model.value for model in VolatilityModel if model is not VolatilityModel.LOG_BLEND]
    if value == VolatilityModel.LOG_BLEND or value not in alone:
        raise UsageError(
            f"must be one of {alone}",
            found=str(value),
            field="model",
            remedy="log_blend pools all markets of a file: estimate them together",
        )
    return VolatilityModel(value)


def _one_of(choices: type[Choice], value: str, field: str) -> Choice:
    try:
        return choices(value)
    except ValueError:
        known = [choice.value for choice in choices]
        raise UsageError(f"must be one of {known}", found=value, field=field) from None
