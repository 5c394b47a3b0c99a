"""SPAN's spreads and risk arrays against textbook examples; faulty tables."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from plimsoll.errors import ParameterError
from plimsoll.margin.span import CalendarSpread, InterCommoditySpread, SpanParameters, SpanTier
from plimsoll.margin.span.risk_arrays import (
    COMPOSITE_WEIGHTS,
    NAMES,
    Extremes,
    paired_price_risk,
    risk_array_grid,
    scan_risk,
)
from plimsoll.margin.span.spreads import (
    form_calendar_spreads,
    inter_commodity_credit,
    spot_month_charge,
)
from plimsoll.margin.span.tables import every_pair

# McMillan, "Options as a Strategic Investment", chapter 34: profit of one long S&P 500 future with
# a price scan range of 10,000 and of one long December 410 call, scenario by scenario.
FUTURE = [0, 0, 3330, 3330, -3330, -3330, 6670, 6670, -6670, -6670, 10000, 10000, -10000, -10000]
CALL = [460, -610, 2640, 1730, -1270, -2340, 5210, 4540, -2540, -3430, 8060, 7640, -3380, -3990]
FUTURE_EXTREMES, CALL_EXTREMES = [7000, -7000], [3130, -1500]


def losses(future: float, call: float) -> np.ndarray:
    profit = future * np.array(FUTURE + FUTURE_EXTREMES) + call * np.array(CALL + CALL_EXTREMES)
    return -profit[None, :].astype(np.float64)


@pytest.mark.parametrize(
    ("future", "call", "margin", "scenario"),
    [
        (1, 0, 10_000, "price -3/3, vol up"),
        (0, 1, 3_990, "price -3/3, vol down"),  # McMillan: 3,990
        (1, -1, 6_620, "price -3/3, vol up"),  # McMillan: the covered write, 6,620
        (0, -1, 8_060, "price +3/3, vol up"),
    ],
)
def test_textbook_scan_risk(future: float, call: float, margin: float, scenario: str) -> None:
    risk, binding = scan_risk(losses(future, call))
    assert risk.tolist() == [margin]
    assert NAMES[int(binding[0])] == scenario


def test_the_textbook_extreme_move_of_a_future() -> None:
    # 2 x 10,000 x 35 % = 7,000, as McMillan's array has it
    grid = risk_array_grid(0.1, 0.2, Extremes.DOUBLE).grid
    assert (100_000 * grid.price_moves * grid.fraction)[-2:].tolist() == [7000.0, -7000.0]
    far = risk_array_grid(0.1, 0.2, Extremes.TRIPLE).grid
    assert (far.price_moves * far.fraction)[-2:] == pytest.approx([0.099, -0.099])


def test_paired_price_risk_of_the_textbook_call() -> None:
    # Long call: active -3,990 (vol down), its pair -3,380, mean loss 3,685; time risk
    # (-460 + 610) / 2 = 75; 3,610 over a delta of 0.5
    found = paired_price_risk(losses(0, 1), np.array([13]), np.array([0.5]))
    assert found.tolist() == [7_220.0]
    # an extreme scenario is its own pair: 1,500 - 75 over 0.5
    extreme = paired_price_risk(losses(0, 1), np.array([15]), np.array([0.5]))
    assert extreme.tolist() == [2_850.0]


@pytest.mark.parametrize(("binding", "delta"), [(-1, 0.5), (13, 0.0)])
def test_no_price_risk_without_loss_or_delta(binding: int, delta: float) -> None:
    assert paired_price_risk(losses(0, 1), np.array([binding]), np.array([delta])) == [0.0]


def test_sixteen_scenarios_and_weights() -> None:
    assert len(NAMES) == len(set(NAMES)) == 16
    assert sum(COMPOSITE_WEIGHTS) == pytest.approx(0.998)


def test_spreads_form_both_ways_and_in_order() -> None:
    # tier 1 long 5 and short 2, tier 2 long 1 and short 4: 1-1 takes 2, 2-2 takes 1, then tier 1
    # long 3 against tier 2 short 3
    long, short = np.array([[0.0, 5.0, 1.0]]), np.array([[0.0, 2.0, 4.0]])
    order = [CalendarSpread.of(*row) for row in ((1, 1, "0.1"), (2, 2, "0.2"), (2, 1, "0.3"))]
    formed = form_calendar_spreads(long, short, order)
    assert formed.charge == pytest.approx([0.2 + 0.2 + 0.9])
    assert formed.outright.tolist() == [[0.0, 0.0, 0.0]]
    assert formed.in_spreads.tolist() == [[0.0, 7.0, 5.0]]
    # the other way about, tiers first: 1 long 4 with 2 short 4, 2 long 1 with 1 short 1, 1-1 one
    turned = form_calendar_spreads(long, short, order[::-1])
    assert turned.charge == pytest.approx([0.3 * 5.0 + 0.1])


def test_spot_month_charges_what_is_in_spreads_and_what_is_left() -> None:
    formed = form_calendar_spreads(
        np.array([[0.0, 5.0]]), np.array([[0.0, 2.0]]), [CalendarSpread.of(1, 1, "0")]
    )
    assert spot_month_charge(formed, np.array([0.0, 10.0]), np.array([0.0, 1.0])) == [43.0]


def test_a_spread_of_strange_underlyings_forms_nowhere() -> None:
    spread = InterCommoditySpread(first="BTC", second="XRP", credit=Decimal(1))
    delta = np.array([[1.0, -1.0]])
    credit = inter_commodity_credit(delta, np.ones((1, 2)), ("BTC", "ETH"), [spread])
    assert not credit.any()


def test_every_pair_once_the_nearest_first() -> None:
    legs = [(s.first, s.second) for s in every_pair(2, "0.01")]
    assert legs == [(0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (0, 2)]


@pytest.mark.parametrize(
    "tables",
    [
        {"tiers": ()},
        {"tiers": (SpanTier.of("30"),)},
        {"tiers": (SpanTier.of("30"), SpanTier.of("30"), SpanTier.of(None))},
        {"tiers": (SpanTier.of("30"), SpanTier.of("7"), SpanTier.of(None))},
        {"tiers": (SpanTier.of(None), SpanTier.of("7"), SpanTier.of(None))},
        {"tiers": (SpanTier.of("30", "1.1"), SpanTier.of(None))},
        {"tiers": (SpanTier.of("30", "0", "-0.1"), SpanTier.of(None))},
        {"calendar_spreads": (CalendarSpread.of(0, 3, "0.1"),)},
        {"calendar_spreads": (CalendarSpread.of(-1, 1, "0.1"),)},
        {"calendar_spreads": (CalendarSpread.of(1, 2, "0.1"), CalendarSpread.of(2, 1, "0.1"))},
        {"calendar_spreads": (CalendarSpread.of(1, 2, "2"),)},
    ],
)
def test_faulty_tables_are_refused(tables: dict[str, object]) -> None:
    with pytest.raises(ParameterError):
        SpanParameters(
            price_scan_range=Decimal("0.1"),
            vol_scan_range=Decimal("0.2"),
            **tables,  # type: ignore[arg-type]
        )


@pytest.mark.parametrize(
    "terms",
    [
        {"second": "BTC"},
        {"credit": Decimal("1.01")},
        {"credit": Decimal("NaN")},
        {"first_ratio": Decimal(0)},
        {"second_ratio": Decimal("-1")},
    ],
)
def test_faulty_inter_spreads_are_refused(terms: dict[str, object]) -> None:
    with pytest.raises(ParameterError):
        InterCommoditySpread(
            **{"first": "BTC", "second": "ETH", "credit": Decimal("0.5"), **terms}  # type: ignore[arg-type]
        )
