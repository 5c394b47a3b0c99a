"""Which changes make a book: waiting changes, gaps, resyncs, and no look into the future."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from book_messages import START_NS, STEP_NS, change, snapshot, write
from plimsoll.adapters.books import BookStream, placed_messages, read_books, sample_books
from plimsoll.domain.order_book import BookFindingKind, BookSamples, BookStatus

BIDS = [("99.0", "1"), ("98.0", "2")]
ASKS = [("101.0", "1"), ("102.0", "2")]
GOOD, MISSING = BookStatus.GOOD, BookStatus.MISSING


def _stream(tmp_path: Path, messages: list[dict[str, Any]]) -> BookStream:
    return read_books(write(tmp_path / "binance", messages)).feeds["BTCUSDT"].book


def _sampled(stream: BookStream, seconds: int, **options: Any) -> BookSamples:
    grid = START_NS + STEP_NS * np.arange(seconds, dtype=np.int64)
    return sample_books(stream, grid, levels=5, **options)


def test_changes_apply_in_turn(tmp_path: Path) -> None:
    messages = [
        change(5, 10),
        snapshot(10, BIDS, ASKS),
        change(10, 12, bids=[("99.5", "3")]),
        change(12, 13, bids=[("99.5", "0"), ("98.0", "7")], asks=[("101.0", "0")]),
    ]
    sampled = _sampled(_stream(tmp_path, messages), 4)
    assert sampled.status.tolist() == [MISSING, GOOD, GOOD, GOOD]
    assert sampled.bid_price[:, 0].tolist()[1:] == [99.0, 99.5, 99.0]
    last = sampled.book(3)
    assert last.bid_size.tolist() == [1.0, 7.0]
    assert last.ask_price.tolist() == [102.0]


def test_a_change_that_waited_for_the_snapshot_is_applied_with_it_not_before(
    tmp_path: Path,
) -> None:
    messages = [
        change(1, 4, bids=[("99.9", "9")]),  # in the snapshot: not applied again
        change(4, 12, bids=[("99.5", "3")]),  # covers 10: waits
        change(12, 15, asks=[("100.5", "4")]),
        snapshot(10, BIDS, ASKS),
        change(15, 16),
    ]
    stream = _stream(tmp_path, messages)
    placed = placed_messages(stream)
    assert (placed.placed, placed.before_snapshot, placed.contained) == (3, 1, 0)
    sampled = _sampled(stream, 5)
    assert sampled.status.tolist() == [MISSING] * 3 + [GOOD] * 2
    assert (sampled.bid_price[3, 0], sampled.ask_price[3, 0]) == (99.5, 100.5)
    kinds = {finding.kind: finding.count for finding in sampled.findings}
    assert kinds[BookFindingKind.BEFORE_SNAPSHOT] == 1
    assert kinds[BookFindingKind.MISSING_BOOK] == 3


def test_a_lost_message_ends_the_book_until_the_next_snapshot(tmp_path: Path) -> None:
    messages = [
        change(5, 10),
        snapshot(10, BIDS, ASKS),
        change(10, 11),
        change(12, 13, bids=[("99.5", "3")]),  # 12 is lost
        change(13, 14, bids=[("99.6", "3")]),
        change(14, 20),
        snapshot(17, [("97.0", "1")], [("103.0", "1")]),
        change(20, 21),
    ]
    stream = _stream(tmp_path, messages)
    placed = placed_messages(stream)
    sampled = _sampled(stream, 8)
    assert sampled.status.tolist() == [MISSING, GOOD, GOOD, MISSING, MISSING, MISSING, GOOD, GOOD]
    assert sampled.bid_price[6, 0] == 97.0
    # The change up to 20 waited and is applied; those up to 13 and 14 are in the new snapshot.
    assert (placed.placed, placed.contained, placed.behind_gap) == (3, 0, 2)
    gap = next(f for f in placed.findings if f.kind is BookFindingKind.SEQUENCE_GAP)
    assert (gap.first_ns, gap.last_ns) == (START_NS + 2 * STEP_NS, START_NS + 3 * STEP_NS)
    assert "12" in gap.detail
    assert "11" in gap.detail


def test_a_snapshot_that_nothing_follows_on_from_gives_no_book(tmp_path: Path) -> None:
    messages = [
        change(5, 8),
        snapshot(10, BIDS, ASKS),
        change(12, 14),  # what comes after 10 up to 12 is lost
        change(14, 15),
    ]
    stream = _stream(tmp_path, messages)
    sampled = _sampled(stream, 4)
    assert sampled.status.tolist() == [MISSING, GOOD, MISSING, MISSING]
    kinds = [finding.kind for finding in placed_messages(stream).findings]
    assert BookFindingKind.SEQUENCE_GAP in kinds


def test_a_snapshot_that_the_waiting_changes_do_not_reach_is_told_apart(tmp_path: Path) -> None:
    messages = [change(12, 14), snapshot(10, BIDS, ASKS), change(14, 15)]
    placed = placed_messages(_stream(tmp_path, messages))
    kinds = [finding.kind for finding in placed.findings]
    assert BookFindingKind.UNPLACEABLE_SNAPSHOT in kinds
    assert placed.placed == 0
    assert _sampled(_stream(tmp_path, messages), 3).status.tolist() == [MISSING] * 3


@pytest.mark.parametrize("lost", range(2, 9))
def test_every_lost_message_is_noticed(tmp_path: Path, lost: int) -> None:
    messages = [change(5, 10), snapshot(10, BIDS, ASKS)]
    messages += [change(9 + i, 10 + i) for i in range(1, 9)]
    whole = placed_messages(_stream(tmp_path, messages))
    assert [f for f in whole.findings if f.kind is BookFindingKind.SEQUENCE_GAP] == []
    stream = _stream(tmp_path, messages[:lost] + messages[lost + 1 :])
    gaps = [f for f in placed_messages(stream).findings if "gap" in f.kind]
    assert len(gaps) == 1
    assert _sampled(stream, 10).status[-1] == MISSING


def test_no_sample_knows_what_came_after_it(tmp_path: Path) -> None:
    messages = [change(5, 10), snapshot(10, BIDS, ASKS)]
    messages += [change(9 + i, 10 + i, bids=[(f"{99 + 0.1 * i:.1f}", "1")]) for i in range(1, 9)]
    whole = _sampled(_stream(tmp_path, messages), 10)
    for end in range(2, 10):
        cut = _sampled(_stream(tmp_path, messages[: end + 1]), end + 1)
        for name in ("status", "bid_price", "bid_size", "ask_price", "ask_size"):
            np.testing.assert_array_equal(getattr(cut, name), getattr(whole, name)[: end + 1])


def test_crossed_stale_and_one_sided_books_are_findings_without_levels(tmp_path: Path) -> None:
    messages = [
        change(5, 10),
        snapshot(10, BIDS, ASKS),
        change(10, 11, bids=[("101.0", "1")]),
        change(11, 12, bids=[("101.0", "0")]),
        change(12, 13, asks=[("101.0", "0"), ("102.0", "0")]),
    ]
    sampled = _sampled(_stream(tmp_path, messages), 10, max_age_ns=3 * STEP_NS)
    expected = [MISSING, GOOD, BookStatus.CROSSED, GOOD] + [BookStatus.ONE_SIDED] * 4
    assert sampled.status.tolist() == expected + [BookStatus.STALE] * 2
    assert np.isnan(sampled.mid[[0, 2, 4, 9]]).all()
    assert np.isnan(sampled.bid_price[[0, 2, 8, 9]]).all()
    assert sampled.bid_price[4, 0] == 99.0
    counts = {finding.kind: finding.count for finding in sampled.findings}
    assert counts[BookFindingKind.CROSSED_BOOK] == 1
    assert counts[BookFindingKind.STALE_BOOK] == 2
    assert counts[BookFindingKind.ONE_SIDED_BOOK] == 4


def test_what_lies_beyond_a_cut_off_snapshot_may_be_left_out(tmp_path: Path) -> None:
    bids = [(f"{1000 - i}", "1") for i in range(1000)]
    asks = [(f"{1001 + i}", "1") for i in range(10)]  # a whole side: nothing is cut off
    messages = [
        change(5, 10),
        snapshot(10, bids, asks),
        change(10, 11, bids=[("0.5", "8")], asks=[("2000", "8")]),
        change(11, 12, bids=[(price, "0") for price, _ in bids]),
    ]
    stream = _stream(tmp_path, messages)
    grid = START_NS + STEP_NS * np.arange(4, dtype=np.int64)
    known = sample_books(stream, grid, levels=1100)
    complete = sample_books(stream, grid, levels=1100, complete_only=True)
    assert known.book(2).bid_price[-1] == 0.5
    assert complete.book(2).bid_price[-1] == 1.0
    assert complete.book(2).ask_price[-1] == 2000.0
    assert known.status.tolist() == [MISSING, GOOD, GOOD, GOOD]
    assert complete.status.tolist() == [MISSING, GOOD, GOOD, MISSING]


def test_the_replay_agrees_with_a_book_of_plain_dictionaries(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    messages = [change(5, 10), snapshot(10, BIDS, ASKS)]
    expected = []
    sides = {"b": dict(BIDS), "a": dict(ASKS)}
    for i in range(200):
        update: dict[str, list[tuple[str, str]]] = {}
        for side, low in (("b", 90), ("a", 101)):
            rows = rng.integers((low, 0), (low + 10, 4), size=(3, 2))
            update[side] = [(f"{p}.0", str(q)) for p, q in dict(rows.tolist()).items()]
            for price, size in update[side]:
                sides[side][price] = size
        messages.append(change(10 + i, 11 + i, update["b"], update["a"]))
        kept = {s: {float(p): float(q) for p, q in sides[s].items() if q != "0"} for s in "ba"}
        expected.append((sorted(kept["b"].items(), reverse=True), sorted(kept["a"].items())))
    grid = START_NS + STEP_NS * np.arange(202, dtype=np.int64)
    sampled = sample_books(_stream(tmp_path, messages), grid, levels=20)
    for row, (bids, asks) in enumerate(expected, start=2):
        book = sampled.book(row)
        assert list(zip(book.bid_price, book.bid_size, strict=True)) == bids
        assert list(zip(book.ask_price, book.ask_size, strict=True)) == asks
