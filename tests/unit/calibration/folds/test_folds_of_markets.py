"""Each coin is judged by the others; its other names leave with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plimsoll.calibration.folds.markets import (
    coin_family,
    leave_one_coin_out,
    leave_one_group_out,
)
from plimsoll.errors import InsufficientDataError, UsageError

MARKETS = ["BTCUSDT", "LUNAUSDT", "1000LUNCUSDT", "ETHUSDT", "WBTCUSDT", "LUNA2USDT"]


def test_names_of_one_coin_leave_together() -> None:
    folds = {fold.name: fold for fold in leave_one_coin_out(MARKETS)}
    assert sorted(folds) == ["BTC", "ETH", "LUNA"]
    assert folds["LUNA"].test_markets.tolist() == [1, 2, 5]
    assert folds["BTC"].training_markets.tolist() == [1, 2, 3, 5]


@pytest.mark.parametrize(
    ("name", "coin"),
    [
        ("1000PEPEUSDT", "PEPE"),
        ("1MBABYDOGE/USDT:USDT", "BABYDOGE"),
        ("1INCHUSDT", "1INCH"),
        ("KAVAUSDT", "KAVA"),
        ("kBONK", "BONK"),
        ("BTC-PERPETUAL", "BTC"),
        ("ETH_USDC-PERPETUAL", "ETH"),
        ("USDCUSDT", "USDC"),
        ("POLUSDT", "MATIC"),
    ],
)
def test_family_of_a_name(name: str, coin: str) -> None:
    assert coin_family(name) == coin


@given(st.lists(st.sampled_from("abcde"), min_size=2, max_size=30))
def test_groups_part_the_markets(groups: list[str]) -> None:
    markets = [f"m{i}" for i in range(len(groups))]
    of = dict(zip(markets, groups, strict=True))
    if len(set(groups)) == 1:
        with pytest.raises(InsufficientDataError):
            leave_one_group_out(markets, of)
        return
    folds = leave_one_group_out(markets, of)
    tested = [int(i) for fold in folds for i in fold.test_markets]
    assert sorted(tested) == list(range(len(markets)))
    for fold in folds:
        assert {groups[i] for i in fold.test_markets} == {fold.name}
        assert fold.name not in {groups[i] for i in fold.training_markets}


def test_faults() -> None:
    with pytest.raises(UsageError, match="once"):
        leave_one_coin_out(["BTCUSDT", "BTCUSDT"])
    with pytest.raises(UsageError, match="group for every market"):
        leave_one_group_out(["a", "b"], {"a": "x"})
