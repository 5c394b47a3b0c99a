"""A memo makes each value once, and forgets what was not asked for longest."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from plimsoll.domain.account import Account
from plimsoll.domain.book import Book
from plimsoll.domain.memo import KEPT, LARGEST_TIMES, MOST_BYTES, Memo


def test_a_value_is_made_once() -> None:
    memo, made = Memo(), list[int]()

    def make() -> int:
        made.append(1)
        return 5

    assert [memo.recall("k", make), memo.recall("k", make)] == [5, 5]
    assert len(made) == 1


def test_the_one_not_asked_for_longest_goes_first() -> None:
    memo = Memo()
    for key in range(KEPT):
        memo.recall(key, lambda key=key: key)  # type: ignore[misc]
    memo.recall(0, lambda: -1)
    memo.recall("new", lambda: 0)
    assert memo.recall(0, lambda: -1) == 0
    assert memo.recall(1, lambda: -1) == -1


def test_a_book_taken_apart_starts_with_nothing() -> None:
    """Rows of another book are other rows."""
    book = Book.from_accounts([Account(name="a"), Account(name="b")])
    book.memo.recall("k", lambda: 1)
    assert book.take(np.array([1])).memo.recall("k", lambda: 2) == 2


def test_books_travel_between_processes_without_it() -> None:
    book = Book.from_accounts([Account(name="a")])
    book.memo.recall("k", lambda: 1)
    assert pickle.loads(pickle.dumps(book)).memo.recall("k", lambda: 2) == 2


def test_large_values_leave_room_for_one_another() -> None:
    """What is kept is bounded in bytes; the newest stays, however large it is."""
    memo, large = Memo(), np.broadcast_to(0.0, MOST_BYTES // 8 // 2 + 1)
    memo.recall("small", lambda: 1)
    memo.recall("first", lambda: (large,))
    assert memo.recall("small", lambda: 2) == 1
    memo.recall("second", lambda: [large])
    assert memo.recall("small", lambda: 2) == 1
    assert memo.recall("first", lambda: ()) == ()
    memo.recall("all", lambda: np.broadcast_to(0.0, MOST_BYTES))
    assert np.ndim(memo.recall("all", lambda: np.array(3.0))) == 1
    assert memo.recall("small", lambda: 2) == 2


def test_what_is_stale_does_not_pile_up() -> None:
    """A small book's memo stays in proportion to what is derived from it."""
    memo, large = Memo(), np.broadcast_to(0.0, 1 << 20)
    for key in range(LARGEST_TIMES + 1):
        memo.recall(key, lambda: large)
    assert memo.recall(1, lambda: large[:1]).size == large.size
    assert memo.recall(0, lambda: large[:1]).size == 1


def test_whoever_makes_it_second_gets_the_first() -> None:
    memo = Memo()

    def slowly() -> str:
        memo.recall("k", lambda: "by another thread")
        return "late"

    assert memo.recall("k", slowly) == "by another thread"


def test_many_threads_may_ask_at_once() -> None:
    """Every answer is that of its key, while others are being forgotten."""
    memo, large = Memo(), np.zeros(1 << 18)
    keys = [turn % (KEPT + 9) for turn in range(4_000)]

    def ask(key: int) -> bool:
        number, column = memo.recall(key, lambda: (key, large))
        return number == key and column is large

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, keys, chunksize=50))
