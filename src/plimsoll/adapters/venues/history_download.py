"""Markets' history from a venue to disk: what is stored is kept, what is missing is fetched."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from plimsoll.adapters.files.series_store import (
    Series,
    Span,
    add_rows,
    asked_since_ms,
    note_asked,
    stored_span,
)
from plimsoll.adapters.venues.ccxt_history import (
    HistoryVenue,
    NetworkFailure,
    Page,
    Requests,
    Retry,
    bar_pages,
    funding_pages,
)
from plimsoll.domain.ports import Progress
from plimsoll.errors import DataError, UsageError

_BAR_FIELDS = ("open", "high", "low", "close", "volume")
_MONTHLY_BELOW_MS = 3_600_000
_FAILURES_IN_A_ROW = 2


class FetchStatus(StrEnum):
    """How a market fared: its history is complete, broke off, or was not begun."""

    COMPLETE = "complete"
    FAILED = "failed"
    NOT_REACHED = "not_reached"


class FetchedPrice(StrEnum):
    """Which price the bars are of; mark and index where the venue serves them."""

    LAST = "last"
    MARK = "mark"
    INDEX = "index"


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedMarket:
    """What was fetched of one market, and what stands on disk now.

    Parameters
    ----------
    symbol : str
    status : FetchStatus
    bars_new, bars_stored, funding_new, funding_stored : int
    first_ns, last_ns : int or None
        Open times of the first and last bar stored.
    requests, retries : int
    detail : str
        Why it failed, or what is missing.
    """

    symbol: str
    status: FetchStatus
    bars_new: int = 0
    bars_stored: int = 0
    funding_new: int = 0
    funding_stored: int = 0
    first_ns: int | None = None
    last_ns: int | None = None
    requests: int = 0
    retries: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """What to fetch for every market."""

    venue: HistoryVenue
    timeframe: str
    interval_ms: int
    since_ms: int
    until_ms: int
    now_ms: int
    price: FetchedPrice
    funding: bool
    root: Path
    retry: Retry

    @property
    def bars_folder(self) -> Path:
        return self.root / f"{self.price}_{self.timeframe}"

    @property
    def funding_folder(self) -> Path:
        return self.root / "funding"

    @property
    def closed_ms(self) -> int:
        """Bars that open before are closed: the venue's time is past their end."""
        return min(self.until_ms, self.now_ms - self.interval_ms + 1)


def check_served(venue: HistoryVenue, timeframe: str, price: FetchedPrice) -> None:
    """Check that the venue itself serves such bars (ccxt would else quietly give others).

    Raises
    ------
    UsageError
    """
    served = {
        FetchedPrice.LAST: "fetchOHLCV",
        FetchedPrice.MARK: "fetchMarkOHLCV",
        FetchedPrice.INDEX: "fetchIndexOHLCV",
    }[price]
    if venue.has.get(served) is not True:
        raise UsageError(
            f"must serve bars of the {price} price",
            found=f"{venue.id} does not",
            field="price",
            remedy="choose another price or venue",
        )
    timeframes = getattr(venue, "timeframes", None)
    if timeframes and timeframe not in timeframes:
        raise UsageError(f"must be one of {list(timeframes)}", found=timeframe, field="timeframe")


def download(
    order: Download, names: Sequence[str], listed: Mapping[str, Any], progress: Progress
) -> Iterator[FetchedMarket]:
    """Yield a row per market, in the order of ``names``.

    Where the network fails for several in a row the rest is not tried.
    """
    expected = -(-max(0, order.closed_ms - order.since_ms) // order.interval_ms)
    failures = 0
    progress.start(f"fetch {order.timeframe} bars", expected * len(names))
    try:
        for name in names:
            if failures >= _FAILURES_IN_A_ROW:
                yield replace(_on_disk(order, name), status=FetchStatus.NOT_REACHED)
                continue
            watch = _Watch(progress, expected)
            row, offline = _market(order, name, listed, watch)
            failures = failures + 1 if offline else 0
            watch.close()
            yield row
    finally:
        progress.finish()


class _Watch:
    """Counts a market's share of the progress, never more than it was given."""

    def __init__(self, progress: Progress, share: int) -> None:
        self._progress, self._left = progress, share

    def advance(self, bars: int) -> None:
        step = min(max(bars, 0), self._left)
        self._left -= step
        if step:
            self._progress.advance(step)

    def close(self) -> None:
        self.advance(self._left)


def _market(
    order: Download, name: str, listed: Mapping[str, Any], watch: _Watch
) -> tuple[FetchedMarket, bool]:
    """Return the market's row, and whether the network failed."""
    requests, detail, offline = Requests(order.retry), "", False
    status = FetchStatus.COMPLETE
    bars_new = funding_new = 0
    try:
        if name not in listed:
            near = _nearest(name, listed)
            raise DataError("must be listed on the venue", found=name, remedy=near)
        for added in _bars(order, requests, name, watch):
            bars_new += added
        for added in _funding(order, requests, name, listed[name]):
            funding_new += added
    except DataError as error:
        status, detail, offline = FetchStatus.FAILED, str(error), isinstance(error, NetworkFailure)
    row = replace(
        _on_disk(order, name),
        status=status,
        bars_new=bars_new,
        funding_new=funding_new,
        requests=requests.made,
        retries=requests.retried,
        detail=detail,
    )
    return row, offline


def _bars(order: Download, requests: Requests, name: str, watch: _Watch) -> Iterator[int]:
    params = {} if order.price is FetchedPrice.LAST else {"price": order.price.value}
    series = _bar_series(order, name)

    def pages(since_ms: int, until_ms: int) -> Iterable[Page]:
        reached = since_ms
        for page in bar_pages(
            order.venue,
            requests,
            name,
            order.timeframe,
            order.interval_ms,
            since_ms,
            until_ms,
            params,
        ):
            yield page
            watch.advance((page.reached_ms - reached) // order.interval_ms)
            reached = page.reached_ms

    span = stored_span(series)
    if span is not None:
        watch.advance((span.last_ms - span.first_ms) // order.interval_ms + 1)
    yield from _fill(series, span, order.since_ms, order.closed_ms, order.interval_ms, pages)


def _funding(
    order: Download, requests: Requests, name: str, market: Mapping[str, Any]
) -> Iterator[int]:
    if not (
        order.funding and market.get("swap") and order.venue.has.get("fetchFundingRateHistory")
    ):
        return
    series = _funding_series(order, name)

    def pages(since_ms: int, until_ms: int) -> Iterable[Page]:
        return funding_pages(order.venue, requests, name, since_ms, until_ms)

    until_ms = min(order.until_ms, order.now_ms + 1)
    yield from _fill(series, stored_span(series), order.since_ms, until_ms, 1, pages)


def _fill(
    series: Series,
    span: Span | None,
    since_ms: int,
    until_ms: int,
    interval_ms: int,
    pages: Callable[[int, int], Iterable[Page]],
) -> Iterator[int]:
    """Fetch and store what is missing before and after the rows stored; yield counts added."""
    asked = asked_since_ms(series)
    stretches = [(since_ms, until_ms)]
    if span is not None:
        stretches = [(max(since_ms, span.last_ms + interval_ms), until_ms)]
        if asked is None or since_ms < asked:
            stretches.insert(0, (since_ms, min(span.first_ms, until_ms)))
    for first_ms, last_ms in stretches:
        for page in pages(first_ms, last_ms):
            yield add_rows(series, page.rows)
    note_asked(series, since_ms)


def _bar_series(order: Download, name: str) -> Series:
    monthly = order.interval_ms < _MONTHLY_BELOW_MS
    return Series(folder=order.bars_folder, symbol=name, fields=_BAR_FIELDS, by_month=monthly)


def _funding_series(order: Download, name: str) -> Series:
    return Series(folder=order.funding_folder, symbol=name, fields=("funding_rate",))


def _on_disk(order: Download, name: str) -> FetchedMarket:
    """Return what stands on disk of a market; nothing, where that cannot be read."""
    row = FetchedMarket(symbol=name, status=FetchStatus.COMPLETE)
    try:
        bars = stored_span(_bar_series(order, name))
        rates = stored_span(_funding_series(order, name))
    except DataError:
        return row
    return replace(
        row,
        bars_stored=bars.rows if bars else 0,
        first_ns=bars.first_ms * 1_000_000 if bars else None,
        last_ns=bars.last_ms * 1_000_000 if bars else None,
        funding_stored=rates.rows if rates else 0,
    )


def _nearest(name: str, listed: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(name, list(listed), n=1, cutoff=0.4)
    return f"did you mean {near[0]!r}?" if near else "use the venue's unified symbols"
