"""`fetch`: bars and funding rates of a venue into Parquet, to be continued at any time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from plimsoll.adapters.files.folder_lock import only_writer
from plimsoll.adapters.files.selection import Instant, instant_ns
from plimsoll.adapters.venues.ccxt_history import (
    HistoryVenue,
    Requests,
    Retry,
    connect,
    venue_time_ms,
)
from plimsoll.adapters.venues.history_download import (
    Download,
    FetchedMarket,
    FetchedPrice,
    FetchStatus,
    check_served,
    download,
)
from plimsoll.domain.ports import SILENT, Progress
from plimsoll.domain.table import Column, ColumnKind, Table
from plimsoll.errors import UsageError

_UNIT_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchReport:
    """One row per market asked for, in the order asked."""

    venue_id: str
    timeframe: str
    bars_folder: Path
    funding_folder: Path
    markets: tuple[FetchedMarket, ...]

    @property
    def complete(self) -> bool:
        """Whether every market has all its history."""
        return all(market.status is FetchStatus.COMPLETE for market in self.markets)

    def table(self) -> Table:
        """Return the report for people."""
        rows = tuple(
            tuple(getattr(market, column.name) for column in _COLUMNS) for market in self.markets
        )
        return Table(
            name="fetch",
            title=f"History of {self.venue_id}, bars of {self.timeframe}",
            columns=_COLUMNS,
            rows=rows,
            notes=(f"Bars in {self.bars_folder}", f"Funding in {self.funding_folder}"),
        )

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


_COLUMNS = (
    Column(name="symbol", title="Market"),
    Column(name="status", title="Status"),
    Column(name="bars_new", title="New bars", kind=ColumnKind.COUNT),
    Column(name="bars_stored", title="Bars stored", kind=ColumnKind.COUNT),
    Column(name="first_ns", title="First bar", kind=ColumnKind.TIME),
    Column(name="last_ns", title="Last bar", kind=ColumnKind.TIME),
    Column(name="funding_new", title="New funding rates", kind=ColumnKind.COUNT),
    Column(name="funding_stored", title="Funding rates stored", kind=ColumnKind.COUNT),
    Column(name="requests", title="Requests", kind=ColumnKind.COUNT),
    Column(name="retries", title="Retries", kind=ColumnKind.COUNT),
    Column(name="detail", title="Note"),
)


def fetch(
    venue_id: str,
    symbols: Sequence[str],
    timeframe: str,
    since: Instant,
    until: Instant | None,
    folder: str | os.PathLike[str],
    *,
    exchange: HistoryVenue | None = None,
    progress: Progress | None = None,
    price: FetchedPrice | str = FetchedPrice.LAST,
    funding: bool = True,
    retry: Retry | None = None,
) -> FetchReport:
    """Fetch bars and funding rates into ``folder/venue/…`` and return what stands there.

    A call continues what an earlier one left: it starts after the last bar stored (and before
    the first, where ``since`` is earlier than ever asked for). Every page is stored before the
    next is asked for, each file as a whole, so a call may be interrupted or killed at any time.
    A bar that is still open by the venue's clock is not stored. One market's failure is its row's.

    Parameters
    ----------
    venue_id : str
        Of ccxt, such as ``binanceusdm``.
    symbols : sequence of str
        Unified, such as ``BTC/USDT:USDT``.
    timeframe : str
        Length of the bars: ``1m``, ``1h``, ``1d``, …
    since, until
        Open times ``since <= t < until``; ISO 8601, datetime or ns. None: until now.
    folder : path
        Bars go to ``<venue>/<price>_<timeframe>/<market>/<year>.parquet`` with the columns of
        `plimsoll.adapters.files.OHLCV`, funding to ``<venue>/funding/…`` with ``symbol, ts,
        funding_rate`` (fraction).
    exchange : HistoryVenue
        Used instead of a new ccxt exchange.
    progress : Progress
        Counts bars asked for.
    price : FetchedPrice
        Last trade, mark or index.
    funding : bool
        Fetch funding rates of perpetuals as well.
    retry : Retry

    Raises
    ------
    UsageError
        Wrong arguments, ccxt missing, a venue it does not know, another writer in the folder.
    NetworkFailure
        The venue does not answer at all.
    StorageError
        The folder cannot be written.
    """
    interval_ms = timeframe_ms(timeframe)
    since_ms, until_ms = _window(since, until)
    names = _checked(symbols)
    chosen = _price(price)
    venue = exchange if exchange is not None else connect(venue_id)
    check_served(venue, timeframe, chosen)
    root, requests = Path(folder) / venue_id, Requests(retry or Retry())
    with only_writer(Path(folder)):
        listed = requests.ask(venue.load_markets, "markets")
        order = Download(
            venue=venue,
            timeframe=timeframe,
            interval_ms=interval_ms,
            since_ms=since_ms,
            until_ms=until_ms,
            now_ms=venue_time_ms(venue, requests),
            price=chosen,
            funding=funding,
            root=root,
            retry=requests.retry,
        )
        markets = tuple(download(order, names, listed, progress or SILENT))
    return FetchReport(
        venue_id=venue_id,
        timeframe=timeframe,
        bars_folder=order.bars_folder,
        funding_folder=order.funding_folder,
        markets=markets,
    )


def timeframe_ms(timeframe: str) -> int:
    """Return the length of a timeframe in ms.

    >>> timeframe_ms("5m"), timeframe_ms("1d")
    (300000, 86400000)
    """
    count, unit = timeframe[:-1], timeframe[-1:]
    if not count.isdecimal() or int(count) < 1 or unit not in _UNIT_MS:
        raise UsageError(
            "must be a count and one of s, m, h, d, w, such as '1h'",
            found=timeframe,
            field="timeframe",
            remedy="months have no fixed length; use '1d'" if unit == "M" else "",
        )
    return int(count) * _UNIT_MS[unit]


def _window(since: Instant, until: Instant | None) -> tuple[int, int]:
    since_ms = -(-instant_ns(since, "since") // 1_000_000)
    until_ms = 2**62 if until is None else -(-instant_ns(until, "until") // 1_000_000)
    if since_ms >= until_ms:
        raise UsageError("must be before until", found=str(since), field="since")
    return since_ms, until_ms


def _checked(symbols: Sequence[str]) -> list[str]:
    names = [symbols] if isinstance(symbols, str) else list(symbols)
    twice = sorted({name for name in names if names.count(name) > 1})
    if not names or twice:
        raise UsageError("must name each market once", found=twice or "no market", field="symbols")
    return names


def _price(price: FetchedPrice | str) -> FetchedPrice:
    try:
        return FetchedPrice(price)
    except ValueError:
        known = [item.value for item in FetchedPrice]
        raise UsageError(f"must be one of {known}", found=price, field="price") from None
