"""Which messages of a book can be placed: sequence numbers, snapshots, gaps.

A change covers the numbers after ``previous_id`` up to ``last_id``. On a snapshot at number ``L``

- changes up to ``L`` are in it already;
- the first change behind it must cover ``L`` or follow on it: ``previous_id <= L < last_id``;
- every further one must follow on the one before: ``previous_id`` is its ``last_id``.

Changes received *before* the snapshot but numbered behind it were waiting for it: they are applied
with it, at its time. A change that does not follow on ends the book; only the next snapshot brings
one back. Nothing is bridged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plimsoll.adapters.books.feed import NO_ID, BookAction, BookStream
from plimsoll.domain.order_book import BookFinding, BookFindingKind
from plimsoll.maths.book_replay import BREAK, CHANGE, SNAPSHOT, LevelChanges


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlacedMessages:
    """Messages of a stream in the order in which they make its book.

    Parameters
    ----------
    changes : LevelChanges
        For the replay; a gap is a message of its own, at the time it was noticed.
    snapshots, placed : int
        Snapshots, and changes applied.
    before_snapshot : int
        Changes received before the first snapshot that did not wait for it.
    contained : int
        Changes received behind a snapshot that holds them already.
    behind_gap : int
        Changes between a gap and the next snapshot.
    findings : tuple of BookFinding
    """

    changes: LevelChanges
    snapshots: int
    placed: int
    before_snapshot: int
    contained: int
    behind_gap: int
    findings: tuple[BookFinding, ...]


class _Placing:
    """Walk over a stream; the state is the number the book stands at, or that there is none."""

    def __init__(self, stream: BookStream) -> None:
        self.stream = stream
        self.time = np.maximum.accumulate(stream.time_ns).tolist()
        self.previous, self.last = stream.previous_id.tolist(), stream.last_id.tolist()
        self.order: list[tuple[int, int, int]] = []  # message, action, time
        self.waiting: list[int] = []
        self.done: set[int] = set()
        self.contained: set[int] = set()
        self.number: int | None = None
        self.fresh = False
        self.gaps: list[tuple[BookFindingKind, int, int, str]] = []
        self.first_snapshot: int | None = None

    def snapshot(self, message: int) -> None:
        """Stand on a snapshot, and on the changes that waited for it."""
        at, number = self.time[message], self.last[message]
        self.order.append((message, SNAPSHOT, at))
        self.number, self.fresh = number, True
        if self.first_snapshot is None:
            self.first_snapshot = message
        if number == NO_ID:
            self.waiting.clear()
            return
        self.waiting = [w for w in self.waiting if self.last[w] > number]
        for waiting in self.waiting:
            if self.number is not None:
                self._apply(waiting, at, BookFindingKind.UNPLACEABLE_SNAPSHOT)

    def change(self, message: int) -> None:
        """Place one change, or keep it for a snapshot that may come."""
        if self.last[message] != NO_ID:
            self.waiting.append(message)
        if self.number is not None:
            self._apply(message, self.time[message], BookFindingKind.SEQUENCE_GAP)

    def _apply(self, message: int, at: int, on_gap: BookFindingKind) -> None:
        before, last, number = self.previous[message], self.last[message], self.number
        if last == NO_ID or number == NO_ID:
            self._place(message, at)
        elif number is None:
            return
        elif last <= number:
            self.contained.add(message)
        elif before == number or (self.fresh and before <= number):
            self._place(message, at)
            self.number, self.fresh = last, False
        else:
            since = self.order[-1][2]
            told = f"a change covers what comes after {before}, the book stands at {number}"
            kind = on_gap if self.fresh else BookFindingKind.SEQUENCE_GAP
            self.gaps.append((kind, since, at, told))
            self.order.append((message, BREAK, at))
            self.number = None

    def _place(self, message: int, at: int) -> None:
        self.order.append((message, CHANGE, at))
        self.done.add(message)


def placed_messages(stream: BookStream) -> PlacedMessages:
    """Return what of a stream makes a book, what does not, and why.

    Parameters
    ----------
    stream : BookStream
    """
    placing = _Placing(stream)
    for message, action in enumerate(stream.action.tolist()):
        if action == BookAction.SNAPSHOT:
            placing.snapshot(message)
        else:
            placing.change(message)
    changes = np.flatnonzero(stream.action == BookAction.CHANGE).tolist()
    lost = [m for m in changes if m not in placing.done and m not in placing.contained]
    first = placing.first_snapshot
    early = [m for m in lost if first is None or m < first]
    return PlacedMessages(
        changes=_changes(stream, placing.order),
        snapshots=int(np.count_nonzero(stream.action == BookAction.SNAPSHOT)),
        placed=len(placing.done),
        before_snapshot=len(early),
        contained=len(placing.contained),
        behind_gap=len(lost) - len(early),
        findings=_findings(stream, placing, early, first is None),
    )


def _changes(stream: BookStream, order: list[tuple[int, int, int]]) -> LevelChanges:
    message, action, time = (
        (np.array(c, dtype=np.int64) for c in zip(*order, strict=True))
        if (order)
        else (np.empty(0, dtype=np.int64),) * 3
    )
    first, behind = stream.first_row[message], stream.first_row[message + 1]
    return LevelChanges(
        time_ns=time,
        action=action,
        first=first,
        behind=np.where(action == BREAK, first, behind),
        is_ask=stream.is_ask,
        price=stream.price,
        size=stream.size,
    )


def _findings(
    stream: BookStream, placing: _Placing, before: list[int], never: bool
) -> tuple[BookFinding, ...]:
    found = [
        BookFinding(
            kind=kind, market=stream.market, first_ns=since, last_ns=at, count=1, detail=told
        )
        for kind, since, at, told in placing.gaps
    ]
    if before:
        why = "there is no snapshot" if never else "the first snapshot came later"
        first, last = (int(stream.time_ns[pick(before)]) for pick in (min, max))
        kind = BookFindingKind.BEFORE_SNAPSHOT
        found.append(_finding(kind, stream, first, last, len(before), why))
    backwards = np.flatnonzero(np.diff(stream.time_ns) < 0)
    if backwards.size:
        first, last = (int(stream.time_ns[backwards[place]]) for place in (0, -1))
        told = "taken as received with the message before"
        kind = BookFindingKind.UNORDERED_TIME
        found.append(_finding(kind, stream, first, last, backwards.size, told))
    return tuple(found)


def _finding(
    kind: BookFindingKind, stream: BookStream, first: int, last: int, count: int, told: str
) -> BookFinding:
    return BookFinding(
        kind=kind, market=stream.market, first_ns=first, last_ns=last, count=count, detail=told
    )
