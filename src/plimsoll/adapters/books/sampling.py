"""Books at given times: what was known then, of messages received by then."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from plimsoll.adapters.books.feed import BookStream
from plimsoll.adapters.books.sequence import placed_messages
from plimsoll.domain.order_book import (
    BookFinding,
    BookFindingKind,
    BookSamples,
    BookStatus,
    IntArray,
)
from plimsoll.errors import InsufficientDataError, UsageError
from plimsoll.maths.book_replay import replay_books

_KINDS = {
    BookStatus.MISSING: BookFindingKind.MISSING_BOOK,
    BookStatus.STALE: BookFindingKind.STALE_BOOK,
    BookStatus.CROSSED: BookFindingKind.CROSSED_BOOK,
    BookStatus.ONE_SIDED: BookFindingKind.ONE_SIDED_BOOK,
}


def time_grid(stream: BookStream, step_ns: int) -> IntArray:
    """Return the multiples of ``step_ns`` from the first to the last message of a stream.

    Raises
    ------
    UsageError
        For a step that is not positive.
    InsufficientDataError
        For a stream without messages.
    """
    if step_ns <= 0:
        raise UsageError("must be positive", found=step_ns, field="step_ns")
    if not len(stream):
        raise InsufficientDataError(
            "a stream must hold messages", found=0, field=stream.market, remedy="record its book"
        )
    first, last = int(stream.time_ns.min()), int(stream.time_ns.max())
    return np.arange(-(-first // step_ns), last // step_ns + 1, dtype=np.int64) * step_ns


def sample_books(
    stream: BookStream,
    grid_ns: ArrayLike | None = None,
    *,
    levels: int = 1000,
    max_age_ns: int = 60_000_000_000,
    complete_only: bool = False,
) -> BookSamples:
    """Return a stream's book at each time, with what is wrong with it as findings.

    Parameters
    ----------
    stream : BookStream
    grid_ns : (T,) int64, optional
        Rising. None: the times at which the book changed, each once.
    levels : int
        L, of each side.
    max_age_ns : int
        A book without any message for longer is stale, and has no levels.
    complete_only : bool
        Beyond the last level of a cut-off snapshot only levels that changed since are known: depth
        there is a lower bound, and the cost of a walk an upper one. True leaves such levels out; a
        book whose best level lies there is missing then.

    Raises
    ------
    UsageError
        For a grid that does not rise, no levels, a negative age.
    """
    placed = placed_messages(stream)
    grid = np.unique(placed.changes.time_ns) if grid_ns is None else np.array(grid_ns, dtype="i8")
    if grid.ndim != 1 or np.any(np.diff(grid) <= 0):
        raise UsageError("times must rise", found=f"shape {grid.shape}", field="grid_ns")
    if levels < 1 or max_age_ns < 0:
        raise UsageError(
            "levels must be at least 1, and the age not negative",
            found=(levels, max_age_ns),
            field="levels, max_age_ns",
        )
    limit = stream.snapshot_limit if complete_only else 0
    sampled = replay_books(placed.changes, grid, levels=levels, max_age_ns=max_age_ns, limit=limit)
    return BookSamples(
        market=stream.market,
        terms=stream.terms,
        time_ns=grid,
        status=sampled.status,
        bid_price=sampled.bid_price,
        bid_size=sampled.bid_size,
        ask_price=sampled.ask_price,
        ask_size=sampled.ask_size,
        findings=placed.findings + _runs(stream.market, grid, sampled.status),
    )


def _runs(market: str, grid_ns: IntArray, status: IntArray) -> tuple[BookFinding, ...]:
    """One finding for each run of samples without a good book."""
    edges = np.flatnonzero(np.diff(status)) + 1
    found = []
    for run in np.split(np.arange(status.size), edges):
        kind = _KINDS.get(BookStatus(int(status[run[0]]))) if run.size else None
        if kind is not None:
            first, last = int(grid_ns[run[0]]), int(grid_ns[run[-1]])
            found.append(
                BookFinding(
                    kind=kind,
                    market=market,
                    first_ns=first,
                    last_ns=last,
                    count=int(run.size),
                    detail="samples",
                )
            )
    return tuple(found)
