"""What-if: trades, prices and volatilities, against the books and scenarios they describe."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from margin_chain import BOOK, PORTFOLIO, chain, margin, row
from plimsoll.errors import UsageError
from plimsoll.journeys.margin_summary import account_summaries


@pytest.mark.parametrize("preset", [*PORTFOLIO, "deribit-standard"])
def test_trades_at_the_mark_change_no_equity(preset: str) -> None:
    entry = [
        {
            "account": "account",
            "market": "BTC-PERPETUAL",
            "quantity": 500_000,
            "entry_price": 90_000,
        },
        {"account": "account", "market": "BTC-26SEP25-120000-C", "quantity": -5},
    ]
    result = margin(entry, preset)
    for change in (
        {"simulated_positions": {"BTC-PERPETUAL": -7, "BTC-28MAR25-90000-P": 3}},
        {"simulated_positions": {"BTC-26SEP25-120000-C": 5}},
        {"remove_positions": ["BTC-PERPETUAL"]},
        {"simulated_positions": {"BTC-28MAR25-90000-P": 1}, "add_positions": False},
    ):
        reply = result.what_if(change).reply()
        before, after = reply["before"][0], reply["after"][0]
        assert after["equity"] == pytest.approx(before["equity"], rel=1e-12)
        assert reply["difference"][0]["initial_margin"] == pytest.approx(
            after["initial_margin"] - before["initial_margin"]
        )


def test_what_if_equals_the_book_it_describes() -> None:
    other = {"BTC-PERPETUAL": 7, "BTC-28MAR25-90000-P": 4, "BTC-26SEP25-100000-C": 1}
    asked = margin().what_if(
        simulated_positions={"BTC-PERPETUAL": -3, "BTC-26SEP25-100000-C": 1},
        remove_positions=["BTC-26SEP25-120000-C"],
    )
    found = asked.reply()["after"][0]
    want = row(margin(other))
    assert found["initial_margin"] == pytest.approx(want["initial"], rel=1e-12)
    assert found["net_maintenance_margin"] == pytest.approx(want["maintenance"], rel=1e-12)
    instead = margin().what_if(simulated_positions=other, add_positions=False)
    assert instead.reply()["after"][0]["initial_margin"] == pytest.approx(
        want["initial"], rel=1e-12
    )


def test_a_fall_of_the_index_costs_what_the_scenario_says() -> None:
    """The hypothetical market and the model's own grid revalue alike: a coin-settled perpetual."""
    result = margin({"BTC-PERPETUAL": 10})
    index = float(np.median(chain().index[np.isfinite(chain().index)]))
    moved = result.what_if(index_prices={"BTC": 0.84 * index}).reply()
    loss = -moved["difference"][0]["equity"]
    assert loss == pytest.approx(10 * (1 / 0.84 - 1), rel=1e-9)
    assert loss == pytest.approx(max(result.explanations()[0].scenarios[0].losses), rel=1e-8)


def test_options_revalue_as_in_the_grid() -> None:
    """Price and volatility moved by hand as Paradex's documentation says give its own scenario."""
    market, sizes = "BTC-26SEP25-120000-C", {"BTC-26SEP25-120000-C": -5}
    result = margin(sizes, "paradex")
    losses = result.explanations()[0].scenarios[0]
    place = losses.names.index("step +3 of 4, vol up")
    option = chain().names.index(market)
    days = (int(chain().expiry_ns[option]) - chain().at_ns) / 86_400e9
    vol = float(chain().mark_vol[option])
    index = float(np.median(chain().index[np.isfinite(chain().index)]))
    moved = result.what_if(
        index_prices={"BTC": 1.12 * index},
        vol_shifts={"BTC": vol * 0.40 * (30 / days) ** 0.13},
    ).reply()
    before, after = (moved[n][0]["options_value"] for n in ("before", "after"))
    # the chain's mark is rounded to a millionth of a coin, the model starts from it too
    assert before - after == pytest.approx(float(losses.losses[place]), rel=1e-9)


def test_vol_shift_and_marks_move() -> None:
    result = margin()
    up = result.what_if(vol_shifts={"BTC": 0.1}).reply()["difference"][0]
    assert up["options_value"] < 0.0  # short vega
    assert up["futures_pl"] == 0.0
    mark = result.what_if(marks={"BTC-PERPETUAL": 100_000}).reply()["difference"][0]
    assert mark["futures_pl"] > 0.0


def test_gross_is_the_sum_of_positions_by_themselves() -> None:
    reply = margin().what_if(simulated_positions={"BTC-PERPETUAL": 1}).reply()
    alone = [row(margin({m: q}))["initial"] for m, q in BOOK.items()]
    assert reply["before"][0]["gross_initial_margin"] == pytest.approx(sum(alone), rel=1e-12)
    assert reply["before"][0]["net_initial_margin"] < reply["before"][0]["gross_initial_margin"]


def test_delta_total_by_hand() -> None:
    found = account_summaries(margin({"BTC-PERPETUAL": 10}).run, "account")["BTC"]
    assert found["delta_total"] == pytest.approx(10.0)
    assert found["delta_total_map"] == {"btc_usd": pytest.approx(10.0)}
    bumped = [
        margin({"BTC-26SEP25-100000-C": 1}, "paradex")
        .what_if(index_prices={"BTC": 95_000.0 + bump})
        .reply()["after"][0]
        for bump in (-1.0, 1.0)
    ]
    slope = (bumped[1]["options_value"] - bumped[0]["options_value"]) / 2.0
    own = account_summaries(margin({"BTC-26SEP25-100000-C": 1}, "paradex").run, "account")["USD"]
    forward_over_index = 97_442.3 / 95_000.0  # the forward moves by the factor of the index
    assert own["delta_total_map"]["btc_usd"] * forward_over_index == pytest.approx(slope, rel=1e-3)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({}, "must change something"),
        ({"positions": {"X": 1}}, "must have known keys only, found 'positions'"),
        ({"simulated_position": {"X": 1}}, r"did you mean simulated_positions\?"),
        ({"simulated_positions": [1]}, "simulated_positions: must be numbers by name"),
        ({"simulated_positions": {"BTC-PERPETUAL": "1"}}, "must be a finite number"),
        ({"simulated_positions": {"BTC-PERPETUAL": True}}, "must be a finite number"),
        ({"simulated_positions": {"BTC-PERPETUAL": float("nan")}}, "must be a finite number"),
        ({"simulated_positions": {"": 1}}, "must have names for keys"),
        ({"simulated_positions": {"X": 1}, "add_positions": "no"}, "add_positions: must be true"),
        ({"remove_positions": "BTC-PERPETUAL"}, "must be a list of instruments"),
        ({"remove_positions": ["BTC-1JAN30"]}, "must be a cross position of the account"),
        ({"index_prices": {"BTC": -1}}, "must be a positive number"),
        ({"index_prices": {"DOGE": 1}}, "must be a coin whose price the market has"),
        ({"vol_shifts": {"DOGE": 1}}, "must be a coin whose price the market has"),
        ({"marks": {"BTC-26SEP25-120000-C": 1}}, "must be a perpetual or future"),
        ({"vol_shifts": {"BTC": 0.1}, "account": "nobody"}, "must be one of the book's accounts"),
        ({"vol_shifts": {"BTC": 0.1}, "account": 3}, "account: must be a name"),
        ({"vol_shifts": {"BTC": 0.1}, "currency": "ETH"}, "must be one of BTC"),
    ],
)
def test_what_if_refused(request_: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        margin().what_if(request_)
