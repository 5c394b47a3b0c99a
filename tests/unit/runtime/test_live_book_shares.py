"""How a live book parts its accounts, and what it calls those it takes."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.domain.book import Book
from plimsoll.runtime.live_book import LiveBook


def _book(owner: list[int] | None, accounts: int) -> Book:
    none = np.zeros(0)
    return Book(
        accounts=tuple(f"a{n}" for n in range(accounts)),
        markets=(),
        offsets=np.zeros(accounts + 1, dtype=np.int64),
        market=none.astype(np.int64),
        quantity=none,
        entry_price=none.copy(),
        isolated_margin=none.copy(),
        leverage=none.copy(),
        currencies=(),
        collateral=np.zeros((accounts, 0)),
        owner=None if owner is None else np.array(owner),
    )


@pytest.mark.parametrize("most", [1, 2, 3, 100])
@pytest.mark.parametrize("owner", [None, [3, 0, 3, 1, 0, 3, 2], [5] * 7])
def test_shares_part_all_accounts_and_no_owner(owner: list[int] | None, most: int) -> None:
    shares = list(LiveBook(_book(owner, 7)).shares(most))
    assert sorted(np.concatenate(shares).tolist()) == list(range(7))
    assert all(np.all(np.diff(share) > 0) for share in shares)
    if owner is None:
        assert max(share.size for share in shares) == min(most, 7)
    else:
        assert all(
            len({n for n, s in enumerate(shares) if set(s) & set(np.flatnonzero(whose))}) == 1
            for whose in (np.array(owner) == one for one in set(owner))
        )


@pytest.mark.parametrize("owner", [None, []])
def test_an_empty_book_has_one_share(owner: list[int] | None) -> None:
    live = LiveBook(_book(owner, 0))
    assert [share.tolist() for share in live.shares(4)] == [[]]


def test_names_of_taken_accounts() -> None:
    taken = LiveBook(_book(None, 4)).take(np.array([3, 1])).accounts
    assert taken == ("a3", "a1")
    assert (taken[0], taken[-1], taken[:1], taken.index("a1")) == ("a3", "a1", ("a3",), 1)
    assert "a2" not in taken
    assert hash(taken) == hash(("a3", "a1"))
