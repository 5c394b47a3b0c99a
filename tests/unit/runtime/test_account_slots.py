"""Slots and holders against plain lists and sets."""

from __future__ import annotations

import numpy as np

from plimsoll.runtime.account_slots import AccountSlots
from plimsoll.runtime.holders import Holders


def test_slots_hold_what_lists_would() -> None:
    rng = np.random.default_rng(5)
    lists = [rng.integers(0, 9, n).tolist() for n in (0, 3, 1, 0, 5)]
    flat = np.array([x for held in lists for x in held], dtype=np.int64)
    offsets = np.cumsum([0, *(len(held) for held in lists)], dtype=np.int64)
    slots = AccountSlots(offsets, {"code": flat, "size": flat / 2.0})
    for _ in range(400):
        account = int(rng.integers(0, 5))
        lists[account] = rng.integers(0, 9, rng.integers(0, 12)).tolist()
        codes = np.array(lists[account], dtype=np.int64)
        slots.put(account, {"code": codes, "size": codes / 2.0})
        picked = rng.permutation(5)[:3]
        found, at = slots.gather(picked)
        assert slots.columns["code"][at].tolist() == [x for a in picked for x in lists[a]]
        assert np.array_equal(slots.columns["size"][at], slots.columns["code"][at] / 2.0)
        assert np.diff(found).tolist() == [len(lists[a]) for a in picked]
        assert slots.of(account)["code"].tolist() == lists[account]
        for name in ("code", "size"):
            values = slots.values(name, picked, slots.offsets(picked))
            assert values.tolist() == slots.columns[name][at].tolist()
    assert slots.positions == sum(map(len, lists))
    assert slots.columns["code"].size < 400  # an account that moves leaves room for its next fills


def test_an_optional_column_takes_no_memory_until_it_states_something() -> None:
    offsets, nothing = np.array([0, 2, 3]), np.full(3, np.nan)
    columns = {"code": np.arange(3), "margin": nothing, "leverage": nothing}
    slots, everybody = AccountSlots(offsets, columns, optional=("margin", "leverage")), np.arange(2)
    assert set(slots.columns) == {"code"}
    assert np.isnan(slots.of(0)["margin"]).all()
    slots.put(1, {name: column[:0] for name, column in slots.of(1).items()})
    slots.put(1, {"code": np.array([7]), "margin": np.array([5.0]), "leverage": np.array([np.nan])})
    assert set(slots.columns) == {"code", "margin"}
    offsets = slots.offsets(everybody)
    np.testing.assert_array_equal(slots.values("margin", everybody, offsets), [np.nan, np.nan, 5.0])
    assert np.isnan(slots.values("leverage", everybody, offsets)).all()


def test_holders_are_the_accounts_of_a_market() -> None:
    offsets = np.array([0, 2, 2, 5])
    market = np.array([3, 0, 3, 1, 3])  # account 2 is long and short in market 3
    for markets in (4, 1 << 17):
        holders = Holders(offsets, market, markets)
        assert [holders.of([m]).tolist() for m in range(4)] == [[0], [2], [], [0, 2]]
        holders.add(2, 1)
        holders.add(9 if markets == 4 else 1 << 18, 0)
        holders.add(3, 1)
        assert holders.of([2]).tolist() == [1]
        assert holders.of([3]).tolist() == [0, 1, 2]
        assert holders.of([9 if markets == 4 else 1 << 18, 1]).tolist() == [0, 2]
        assert holders.of([]).tolist() == []
