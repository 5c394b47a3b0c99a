"""``plimsoll margin`` on the day of an expiry: what marks say that an average has fixed."""

from __future__ import annotations

from typing import Any

import pytest

import plimsoll
from plimsoll.errors import PlimsollError

SETTLING = [
    {"market": "BTC-PERPETUAL", "mark": 60_000, "index": 60_000},
    {"market": "BTC-26SEP25", "mark": 60_000, "fixed": 45_000},
]


def settling(marks: list[dict[str, Any]] = SETTLING, **options: Any) -> plimsoll.PresetMargin:
    """Seven and a half minutes before the expiry: a quarter of the average still floats."""
    given: dict[str, Any] = {"preset": "deribit", "at": "2025-09-26T07:52:30", **options}
    return plimsoll.margin_book({"BTC-26SEP25": 1}, marks=marks, collateral={"BTC": 1}, **given)


def test_marks_state_what_a_settlement_average_has_fixed() -> None:
    """One coin bought: s x / (1 + s x) at -16 %, and the roll shock's floor on s coins."""
    terms = {t.name: t.initial for t in settling().explanations()[0].terms}
    assert terms["scenario_loss"] == pytest.approx(0.25 * 0.16 / (1 - 0.25 * 0.16), abs=1e-9)
    assert terms["roll_shock"] == pytest.approx(0.25 * 0.01, rel=1e-12)
    dollars = settling(preset="paradex").explanations()[0]
    assert dollars.terms[0].initial == pytest.approx(0.25 * 0.16 * 60_000, rel=1e-9)


def test_a_hypothetical_index_moves_what_still_floats() -> None:
    """60,000 to 66,000: the mark goes from 45,000 + 15,000 to 45,000 + 16,500."""
    after = plimsoll.PresetMargin(run=settling().what_if(index_prices={"BTC": 66_000}).after)
    found = {t.name: t.initial for t in after.explanations()[0].terms}
    share, coins = 16_500 / 61_500, 60_000 / 61_500
    worst = coins * share * 0.16 / (1 - share * 0.16)
    assert found["scenario_loss"] == pytest.approx(worst, abs=1e-9)


def test_options_of_the_expiry_float_with_it() -> None:
    """A sold call 40 % in the money moves with the future, whichever row states what is fixed."""
    call = {"market": "BTC-26SEP25-36000-C", "mark": 0.4, "implied_vol": 0.5, "forward": 60_000}
    book = {"BTC-26SEP25-36000-C": -1}
    one = plimsoll.margin_book(
        book,
        marks=[SETTLING[0], {**call, "fixed": 45_000}],
        preset="deribit-cross",
        at="2025-09-26T07:52:30",
    )
    other = plimsoll.margin_book(
        {**book, "BTC-26SEP25": 1},
        marks=[*SETTLING, call],
        preset="deribit-cross",
        at="2025-09-26T07:52:30",
    )
    losses = one.explanations()[0].scenarios[0]
    up = losses.names.index("bucket +4 of 4, vol none")
    # In dollars: (1 - K / (F (1 + s x))) F (1 + x), less what it was worth.
    worth = (1 - 36_000 / (60_000 * 1.04)) * 60_000 * 1.16
    assert losses.losses[up] == pytest.approx(worth - 24_000, rel=1e-6)
    # With the future it owes 24,000 dollars in coin at the settlement price.
    both = other.explanations()[0].scenarios[0]
    assert both.losses[up] == pytest.approx(24_000 * (1.16 / 1.04 - 1), rel=1e-6)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([{"market": "BTC-26SEP25", "mark": 60_000, "fixed": 60_001}], "must not exceed"),
        ([{"market": "BTC-26SEP25", "mark": 60_000, "fixed": -1}], "must not be negative"),
    ],
)
def test_what_is_fixed_is_part_of_the_price(rows: list[dict[str, Any]], told: str) -> None:
    with pytest.raises(PlimsollError, match=told):
        settling([SETTLING[0], *rows])


def test_an_expiry_has_one_average() -> None:
    call = {"market": "BTC-26SEP25-36000-C", "mark": 0.4, "implied_vol": 0.5, "forward": 60_000}
    with pytest.raises(PlimsollError, match="one amount for all contracts"):
        plimsoll.margin_book(
            {"BTC-26SEP25-36000-C": -1, "BTC-26SEP25": 1},
            marks=[*SETTLING, {**call, "fixed": 40_000}],
            preset="deribit",
            at="2025-09-26T07:52:30",
        )
