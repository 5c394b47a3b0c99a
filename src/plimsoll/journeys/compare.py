"""``compare``: forecasters of the loss distribution on the markets of a price file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from plimsoll.adapters.files import ColumnMap, FileFormat, TimeUnit, read_bars
from plimsoll.adapters.files.output_folder import open_output
from plimsoll.domain.field_summary import first_names
from plimsoll.domain.market import Bars, MarketHistory, PriceKind
from plimsoll.domain.ports import SILENT, Progress
from plimsoll.errors import InsufficientDataError, UsageError
from plimsoll.estimators.reference.methods import forecasters
from plimsoll.estimators.reference.panel import returns_panel
from plimsoll.journeys.as_of import Day
from plimsoll.journeys.compare_choice import choose_default
from plimsoll.journeys.compare_options import (
    check_market,
    check_starts,
    known_price_kind,
    starts_between,
)
from plimsoll.journeys.compare_result import (
    MARKDOWN,
    PAGE,
    ComparisonResult,
    write_comparison,
)
from plimsoll.marketdata.assembly import assemble
from plimsoll.marketdata.pegged_markets import pegged_markets
from plimsoll.validation.comparison.compare import Period, compare_forecasters
from plimsoll.validation.comparison.sample import SCORED_DAYS, SEASONED_DAYS

HORIZONS_HOURS = (8, 24)


def compare(
    prices: Any,
    *,
    horizon_hours: Sequence[int] = HORIZONS_HOURS,
    methods: Iterable[str] | None = None,
    markets: Iterable[str] | None = None,
    exclude: Iterable[str] | None = None,
    since: Day | None = None,
    until: Day | None = None,
    every_hours: int = 24,
    seasoned_days: int = SEASONED_DAYS,
    scored_days: int = SCORED_DAYS,
    time: str = "ts",
    close: str = "close",
    symbol: str | None = "symbol",
    time_unit: TimeUnit | str | None = None,
    price_kind: PriceKind | str = PriceKind.LAST_TRADE,
    choose_again: bool = False,
    out: str | os.PathLike[str] | None = None,
    progress: Progress = SILENT,
) -> ComparisonResult:
    """Compare forecasters on all markets of a price file, out of sample.

    Parameters
    ----------
    prices : path, frame, or mapping of str to Bars
        Parquet (or CSV) of one row a bar, checked and masked by the default policy.
    horizon_hours : sequence of int
    methods : iterable of str, optional
        Names of `plimsoll.estimators.reference.methods.METHODS`; by default all.
    markets, exclude : iterable of str, optional
        Markets to compare on, or to leave out; by default all but pegged ones against USDT,
        USDC or USD.
    since, until : date, datetime or str, optional
        First and last day of the starts; by default the second year of the data to their end.
    every_hours : int
        Margins are set every so many hours from midnight (UTC).
    seasoned_days, scored_days : int
        Days a market must have been listed, and fewest scored days of a market.
    time, close, symbol, time_unit, price_kind
        As for `plimsoll.estimate`.
    choose_again : bool
        Make the yearly choice of the default again, from all its candidates; takes minutes.
    out : path, optional
        Folder for the page, the Markdown and the CSV tables.
    progress : Progress

    Raises
    ------
    DataError, DataFormatError, InsufficientDataError, StorageError, UsageError
    """
    chosen = forecasters(methods)
    hours = _horizons(horizon_hours)
    check_starts(since, until)
    kind = known_price_kind(price_kind)
    with _claimed(out) as output:
        history, names, left_out = compared_history(
            prices,
            columns=ColumnMap(
                time=time,
                close=close,
                symbol=symbol,
                time_unit=None if time_unit is None else TimeUnit(time_unit),
            ),
            price_kind=kind,
            markets=markets,
            exclude=exclude,
            progress=progress,
        )
        panel = returns_panel(history, markets=names, every_hours=every_hours)
        first_ns, last_ns = starts_between(since, until, panel.time_ns)
        period = Period(
            from_ns=first_ns,
            until_ns=last_ns,
            seasoned_days=seasoned_days,
            scored_days=scored_days,
        )
        result = ComparisonResult(
            horizons=tuple(
                compare_forecasters(history, panel, chosen, h, period, progress=progress)
                for h in hours
            ),
            price_kind=history.price_kind,
            source=str(prices) if isinstance(prices, str | os.PathLike) else "",
            excluded=left_out,
            choice=choose_default(
                history, panel, HORIZONS_HOURS, seasoned_days=seasoned_days, progress=progress
            )
            if choose_again
            else None,
        )
        if output is None:
            return result
        return replace(result, files=write_comparison(result, output))


def compared_history(
    prices: Any,
    *,
    columns: ColumnMap | None = None,
    price_kind: PriceKind | str = PriceKind.LAST_TRADE,
    markets: Iterable[str] | None = None,
    exclude: Iterable[str] | None = None,
    progress: Progress = SILENT,
) -> tuple[MarketHistory, tuple[str, ...], tuple[str, ...]]:
    """Read and check prices; also the markets to compare on, and those left out.

    Parameters are those of `compare`.

    Raises
    ------
    DataError, DataFormatError, InsufficientDataError, StorageError, UsageError
    """
    progress.start("read and check prices")
    try:
        bars = _bars(prices, columns or ColumnMap(symbol="symbol"), known_price_kind(price_kind))
        history = assemble(bars).history
    finally:
        progress.finish()
    return history, *_compared(history, markets, exclude)


def _claimed(out: str | os.PathLike[str] | None) -> Any:
    from contextlib import nullcontext

    return nullcontext() if out is None else open_output(out, (PAGE, MARKDOWN))


def _horizons(hours: Sequence[int]) -> tuple[int, ...]:
    if not hours or len(set(hours)) != len(tuple(hours)):
        raise UsageError(
            "must name horizons, each once",
            found=list(hours),
            field="horizon_hours",
            remedy="give whole hours, such as 8 and 24",
        )
    return tuple(int(h) for h in hours)


def _bars(prices: Any, columns: ColumnMap, kind: PriceKind) -> dict[str, Bars]:
    if isinstance(prices, Mapping):
        return dict(prices)
    if isinstance(prices, str | os.PathLike):
        name = str(prices).lower()
        form = FileFormat.CSV if ".csv" in name else FileFormat.PARQUET
        return read_bars(prices, form, price_kind=kind, columns=columns)
    from plimsoll.adapters.files import from_frame

    return from_frame(prices, columns=columns, price_kind=kind)


def _compared(
    history: MarketHistory, markets: Iterable[str] | None, exclude: Iterable[str] | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if markets is not None:
        names = tuple(markets)
        for name in names:
            check_market(name, history.markets)
        return names, tuple(m for m in history.markets if m not in names)
    dropped = set(pegged_markets(history.markets) if exclude is None else exclude)
    names = tuple(m for m in history.markets if m not in dropped)
    if not names:
        raise InsufficientDataError(
            "must leave a market",
            found=0,
            field="exclude",
            remedy=f"the file holds {first_names(history.markets)}; by default markets pegged to "
            "the dollar are left out",
        )
    return names, tuple(m for m in history.markets if m in dropped)
