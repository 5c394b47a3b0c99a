"""History of any venue that ccxt knows: closed bars and funding rates, page by page.

Needs the extra ``venues``. Pages are asked for from a moment on; what a venue adds before that
moment or repeats is left out, an empty page moves the window on, and a bar that is still open is
never handed out. Failures of the network and refusals for too many requests are tried again after
growing pauses; anything else is the market's own failure.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

from plimsoll.errors import DataError, UsageError

Answer = TypeVar("Answer")

_PAGE_ROWS = 500
_FUNDING_ROWS = 200
_LONGEST_FUNDING_MS = 8 * 3_600_000
_IDLE_PAGES = 3


class HistoryVenue(Protocol):
    """The part of a ccxt exchange that is used; anything of that shape will do."""

    id: str
    has: Mapping[str, Any]

    def load_markets(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the markets by unified symbol."""

    def milliseconds(self) -> int:
        """Return the local time in ms."""

    def fetch_ohlcv(
        self,
        symbol: str,
        timeframe: str = "1m",
        since: int | None = None,
        limit: int | None = None,
        params: Mapping[str, Any] = {},
    ) -> Sequence[Sequence[Any]]:
        """Return ``[[ms, open, high, low, close, volume], …]``."""

    def fetch_funding_rate_history(
        self,
        symbol: str | None = None,
        since: int | None = None,
        limit: int | None = None,
        params: Mapping[str, Any] = {},
    ) -> Sequence[Mapping[str, Any]]:
        """Return mappings with ``timestamp`` in ms and ``fundingRate``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often, and after which pauses, a request is made again.

    Parameters
    ----------
    attempts : int
        In all, the first included.
    first_pause_s, longest_pause_s : float
        Pauses double from the first to the longest.
    sleep : callable
        Takes seconds.
    """

    attempts: int = 6
    first_pause_s: float = 1.0
    longest_pause_s: float = 30.0
    sleep: Callable[[float], object] = time.sleep

    def pauses(self) -> Iterator[float]:
        """Yield the pause before each further attempt."""
        for attempt in range(self.attempts - 1):
            yield min(self.first_pause_s * 2.0**attempt, self.longest_pause_s)


class NetworkFailure(DataError):
    """The venue could not be reached, also after pauses."""


class VenueRefusal(DataError):
    """The venue answered, but not with what was asked for."""


@dataclass(slots=True)
class Requests:
    """Makes requests with retries and counts them."""

    retry: Retry
    made: int = 0
    retried: int = 0

    def ask(self, request: Callable[[], Answer], subject: str) -> Answer:
        """Return the answer to a request.

        Raises
        ------
        NetworkFailure
            After the last attempt.
        VenueRefusal
            At once, where trying again cannot help.
        """
        pauses = self.retry.pauses()
        while True:
            self.made += 1
            try:
                return request()
            except _network_errors() as error:
                pause = next(pauses, None)
                if pause is None:
                    raise NetworkFailure(
                        f"must answer within {self.retry.attempts} attempts",
                        found=_brief(error),
                        field=subject,
                        remedy="run again later: what was fetched is kept and continued",
                    ) from error
                self.retried += 1
                self.retry.sleep(pause)
            except _venue_errors() as error:
                raise VenueRefusal(
                    "must be answered by the venue", found=_brief(error), field=subject
                ) from error


def connect(venue_id: str) -> HistoryVenue:
    """Return the ccxt exchange of that id, with its rate limit kept.

    Raises
    ------
    UsageError
        ccxt is not installed, or knows no such venue.
    """
    try:
        import ccxt
    except ImportError:
        raise UsageError(
            "needs the extra 'venues'",
            found="ccxt is not installed",
            field="venue",
            remedy="pip install plimsoll[venues]",
        ) from None
    if venue_id not in ccxt.exchanges:
        near = difflib.get_close_matches(venue_id.lower(), ccxt.exchanges, n=1)
        raise UsageError(
            "must be an exchange that ccxt knows",
            found=venue_id,
            field="venue",
            remedy=f"did you mean {near[0]!r}?" if near else "see the list of ccxt's exchanges",
        )
    return cast(HistoryVenue, getattr(ccxt, venue_id)({"enableRateLimit": True}))


def venue_time_ms(venue: HistoryVenue, requests: Requests) -> int:
    """Return the venue's own time where it tells it, else the local time."""
    tell = getattr(venue, "fetch_time", None)
    if tell is not None and venue.has.get("fetchTime"):
        told = requests.ask(tell, "time")
        if isinstance(told, int):
            return told
    return venue.milliseconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """New rows, oldest first, and how far history has been asked for.

    Parameters
    ----------
    rows : list of tuple
        First the time in ms, then the values.
    reached_ms : int
        Everything before is fetched.
    """

    rows: list[tuple[Any, ...]]
    reached_ms: int


def bar_pages(
    venue: HistoryVenue,
    requests: Requests,
    symbol: str,
    timeframe: str,
    interval_ms: int,
    since_ms: int,
    until_ms: int,
    params: Mapping[str, Any],
) -> Iterator[Page]:
    """Yield the bars that open in ``[since_ms, until_ms)``.

    Rows are ``(ms, open, high, low, close, volume)``.

    Parameters
    ----------
    until_ms : int
        The caller sees to it that bars opening before are closed.
    params : mapping
        Of ccxt, such as ``{"price": "mark"}``.
    """

    def ask(cursor: int) -> list[tuple[Any, ...]]:
        candles = venue.fetch_ohlcv(symbol, timeframe, cursor, _PAGE_ROWS, params)
        return [tuple(candle[:6]) for candle in candles]

    step = _PAGE_ROWS * interval_ms
    yield from _pages(ask, requests, symbol, since_ms, until_ms, interval_ms, step)


def funding_pages(
    venue: HistoryVenue, requests: Requests, symbol: str, since_ms: int, until_ms: int
) -> Iterator[Page]:
    """Yield the funding rates due in ``[since_ms, until_ms)``: ``(ms, fraction)``."""

    def ask(cursor: int) -> list[tuple[Any, ...]]:
        answers = venue.fetch_funding_rate_history(symbol, cursor, _FUNDING_ROWS)
        return [(answer["timestamp"], answer["fundingRate"]) for answer in answers]

    step = _FUNDING_ROWS * _LONGEST_FUNDING_MS
    yield from _pages(ask, requests, f"{symbol} funding", since_ms, until_ms, 1, step)


def _pages(
    ask: Callable[[int], list[tuple[Any, ...]]],
    requests: Requests,
    subject: str,
    since_ms: int,
    until_ms: int,
    interval_ms: int,
    step_ms: int,
) -> Iterator[Page]:
    cursor, idle = since_ms, 0
    while cursor < until_ms:
        at = cursor
        answer = requests.ask(lambda: ask(at), subject)  # noqa: B023 (called at once)
        fresh = _fresh(answer, cursor, subject)
        rows = [row for row in fresh if row[0] < until_ms]
        if fresh:
            cursor = until_ms if len(rows) < len(fresh) else rows[-1][0] + interval_ms
            idle = 0
        else:
            # Nothing new: a stretch without prints, or a venue that repeats itself.
            idle += bool(answer)
            cursor = min(cursor + step_ms, until_ms)
        if idle >= _IDLE_PAGES:
            raise VenueRefusal(
                "must give history from the time asked for",
                found=f"{idle} pages of older rows only, the last ending at {answer[-1][0]}",
                field=subject,
                remedy="the venue may not serve history that far; choose another since",
            )
        yield Page(rows=rows, reached_ms=cursor)


def _fresh(answer: list[tuple[Any, ...]], cursor: int, subject: str) -> list[tuple[Any, ...]]:
    """Return rows at or after the cursor, oldest first, the last of each time."""
    for row in answer:
        if isinstance(row[0], bool) or not isinstance(row[0], int):
            raise VenueRefusal("must time its rows in ms", found=row, field=subject)
    latest = {row[0]: row for row in answer if row[0] >= cursor}
    return [latest[at] for at in sorted(latest)]


def _network_errors() -> tuple[type[BaseException], ...]:
    plain: tuple[type[BaseException], ...] = (ConnectionError, TimeoutError)
    try:
        import ccxt
    except ImportError:
        return plain
    return (*plain, ccxt.NetworkError)


def _venue_errors() -> tuple[type[BaseException], ...]:
    try:
        import ccxt
    except ImportError:
        return (LookupError,)
    return (ccxt.BaseError, LookupError)


def _brief(error: BaseException) -> str:
    text = str(error).strip()
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__
