"""``estimate`` without a market: the reference distribution of all markets of a price file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from plimsoll.adapters.executor import open_executor
from plimsoll.adapters.files import ColumnMap, FileFormat, TimeUnit
from plimsoll.adapters.files.output_folder import open_output
from plimsoll.domain.choice import chosen
from plimsoll.domain.market import Bars, MarketHistory, PriceKind
from plimsoll.domain.ports import SILENT, Progress
from plimsoll.errors import UsageError
from plimsoll.estimators.nightly import NightlySettings, nightly_estimate
from plimsoll.estimators.nightly.liquidity_rows import BarRanges
from plimsoll.journeys.as_of import Day, as_of_ns
from plimsoll.journeys.bar_clock import check_bar_clock
from plimsoll.journeys.estimate_bayes_check import check_levels, require_bayes
from plimsoll.journeys.estimate_books import walked_books
from plimsoll.journeys.estimate_inputs import (
    OPTIONAL,
    MarketColumns,
    bar_ranges,
    kept_markets,
    market_bars,
    market_capitalisations,
    market_classes,
)
from plimsoll.journeys.estimate_markets_result import (
    DOCUMENT,
    PAGE,
    MarketEstimates,
    write_estimates,
)
from plimsoll.journeys.estimate_named_markets import check_asked, unknown_names
from plimsoll.journeys.estimate_open_interest import OpenInterest, read_open_interest
from plimsoll.journeys.estimate_studies import market_studies
from plimsoll.journeys.estimate_thresholds import thresholds
from plimsoll.marketdata.assembly import Assembly, assemble


def estimate_markets(
    prices: Any,
    *,
    settings: NightlySettings | None = None,
    markets: Sequence[str] | None = None,
    exclude: Iterable[str] | None = None,
    classes: Mapping[str, str] | str | os.PathLike[str] | None = None,
    books: Sequence[str | Path] = (),
    open_interest: str | os.PathLike[str] | None = None,
    check_bayes: bool = False,
    as_of: Day | None = None,
    format: FileFormat | str | None = None,
    time: str = "ts",
    close: str = "close",
    symbol: str | None = "symbol",
    ranges: Mapping[str, str] | None = None,
    time_unit: TimeUnit | str | None = None,
    price_kind: PriceKind | str = PriceKind.LAST_TRADE,
    out: str | os.PathLike[str] | None = None,
    workers: int = 1,
    progress: Progress = SILENT,
) -> MarketEstimates:
    """Estimate the reference distribution of all markets of a price file.

    Parameters
    ----------
    prices : path, frame, or mapping of str to Bars
        One row a bar and market; checked and masked by the default policy.
    settings : NightlySettings, optional
    markets : sequence of str, optional
        Markets shown in depth: threshold tables, and pictures where ``out`` is given; by default
        none without ``out``, else all. Those named here are studied too (`estimate_studies`).
        Every market is estimated in any case.
    exclude : iterable of str, optional
        Markets to leave out; by default those held to a currency or to another coin, by name.
    classes : mapping, or path of a CSV file with ``market`` and ``class``
        And ``market_cap_usd``, if it is there: peers of young markets.
    books : sequence of path or ``MARKET=path``
        Recordings, for cost curves.
    open_interest : path, optional
        CSV file, ``market,open_interest_usd`` or ``market,side,position_usd`` by holder.
    check_bayes : bool
        Set the fast pooled levels beside the full posterior; needs the extra ``bayes``.
    as_of : date, datetime or str, optional
        By default the last midnight (UTC) within the data.
    format : FileFormat or str, optional
        ``parquet`` or ``csv``; by the name where it is not given.
    time, close, symbol, time_unit, price_kind
        As for `plimsoll.estimate`.
    ranges : mapping of str to str, optional
        Columns of ``high``, ``low`` and ``volume`` (base units), by default of the same names;
        read where they are there.
    out : path, optional
        Folder for the page and the JSON document.
    workers : int
        Threads; the result does not depend on it.
    progress : Progress

    Raises
    ------
    DataError, DataFormatError, InsufficientDataError, StorageError, UsageError
    """
    columns = _columns(time, close, symbol, time_unit, ranges)
    kind = chosen(PriceKind, price_kind, "price_kind")
    form = None if format is None else chosen(FileFormat, format, "format")
    if check_bayes:
        require_bayes()
    with (
        nullcontext() if out is None else open_output(out, (PAGE, DOCUMENT)) as output,
        open_executor(workers) as executor,
    ):
        name = markets[0] if markets and symbol is None else None
        source = _Source(prices=prices, columns=columns, kind=kind, form=form, market=name)
        assembly, spans, left_out = _read(source, exclude, as_of, progress)
        refused = {m: r.reason for m, r in assembly.refused.items()}
        check_asked(markets, assembly.history.markets, refused)
        kinds = market_classes(classes, assembly.history.markets)
        found = nightly_estimate(
            assembly.history,
            settings,
            ranges=spans,
            classes=kinds,
            capitalisation_usd=market_capitalisations(classes),
            executor=executor,
            progress=progress,
        )
        held = None if open_interest is None else read_open_interest(open_interest, found.markets)
        found, last_books = walked_books(found, books, progress)
        shown = _shown(found.markets, found.reasons, markets, out is not None)
        result = MarketEstimates(
            found=found,
            history=assembly.history,
            refused=refused,
            excluded=left_out,
            notes=_notes(kinds, held, assembly, left_out),
            held=held or {},
            bayes=check_levels(found, assembly.history, progress=progress) if check_bayes else None,
            shown=shown,
            stability=thresholds(found, shown, executor=executor, progress=progress),
            studies=market_studies(
                found,
                assembly.history,
                markets or (),
                books=last_books,
                open_interest=held,
                executor=executor,
                progress=progress,
            ),
        )
        return result if output is None else replace(result, files=write_estimates(result, output))


def _columns(
    time: str,
    close: str,
    symbol: str | None,
    time_unit: TimeUnit | str | None,
    ranges: Mapping[str, str] | None,
) -> MarketColumns:
    given = {name: name for name in OPTIONAL} if ranges is None else dict(ranges)
    foreign = sorted(set(given) - set(OPTIONAL))
    if foreign:
        raise UsageError(f"must be among {list(OPTIONAL)}", found=foreign, field="ranges")
    unit = None if time_unit is None else chosen(TimeUnit, time_unit, "time_unit")
    return MarketColumns(
        columns=ColumnMap(time=time, close=close, symbol=symbol, time_unit=unit), optional=given
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Source:
    """Where prices come from, and how they are read."""

    prices: Any
    columns: MarketColumns
    kind: PriceKind
    form: FileFormat | None
    market: str | None

    def bars(self) -> dict[str, Bars]:
        return market_bars(self.prices, self.columns, self.kind, self.form, self.market)


def _read(
    source: _Source, exclude: Iterable[str] | None, as_of: Day | None, progress: Progress
) -> tuple[Assembly, BarRanges | None, tuple[str, ...]]:
    progress.start("read and check prices")
    try:
        bars, left_out = kept_markets(source.bars(), exclude)
        held = isinstance(source.prices, Mapping)
        check_bar_clock(bars.values(), "time_ns" if held else source.columns.columns.time)
        until = as_of_ns(as_of, bars.values())
        known = _until(assemble(bars, until_ns=until), until)
        return known, bar_ranges(known.history, bars, known.sources), left_out
    finally:
        progress.finish()


def _until(assembly: Assembly, until_ns: int) -> Assembly:
    """The assembly as it was known at a midnight."""
    history: MarketHistory = assembly.history.before(until_ns)
    return replace(assembly, history=history)


def _shown(
    markets: Sequence[str],
    reasons: Sequence[object],
    asked: Sequence[str] | None,
    drawn: bool,
) -> tuple[str, ...]:
    if asked is None:
        named = zip(markets, reasons, strict=True)
        return tuple(m for m, reason in named if reason is None) if drawn else ()
    return tuple(asked)


def _notes(
    kinds: Mapping[str, str],
    held: Mapping[str, OpenInterest] | None,
    assembly: Assembly,
    left_out: Sequence[str],
) -> tuple[str, ...]:
    there = {*assembly.history.markets, *assembly.refused, *left_out}
    return (
        *unknown_names("classes", kinds, there),
        *unknown_names("open interest", held or (), there),
    )
