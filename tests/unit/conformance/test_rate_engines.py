"""Engines of Vega, dYdX and Drift: kinds they know, inputs that the vectors leave out."""

from __future__ import annotations

import pytest

from plimsoll.conformance import drift, dydx, vega
from plimsoll.conformance.contract import Compute, UnknownCase

ENGINES: list[Compute] = [drift.compute, dydx.compute, vega.compute]


@pytest.mark.parametrize("compute", ENGINES)
@pytest.mark.parametrize("kind", ["", "margin", "MARGIN_LEVELS"])
def test_an_unknown_kind_is_no_number(compute: Compute, kind: str) -> None:
    with pytest.raises(UnknownCase, match="kind of case"):
        compute(kind, {}, {})


@pytest.mark.parametrize(
    ("compute", "kind"),
    [
        (drift.compute, "perp_margin_ratio"),
        (dydx.compute, "funding_clamp"),
        (vega.compute, "margin_levels"),
    ],
)
def test_a_missing_input_is_a_key_error(compute: Compute, kind: str) -> None:
    with pytest.raises(KeyError):
        compute(kind, {}, {})


def test_an_account_of_its_own_fraction_on_dydx() -> None:
    inputs = {
        "initial_margin_ppm": 200_000,
        "oi_lower_cap": 0,
        "oi_upper_cap": 0,
        "open_interest_notional": 0,
        "position_notional": 500_000,
        "custom_imf_ppm": 500_000,
    }
    assert dydx.compute("initial_margin_oi_scaled", inputs, {}) == {"initial_margin": 250_000}


def test_isolated_orders_of_vega_in_an_auction() -> None:
    inputs = {
        "position_lots": 0,
        "orders": {"buy": [[10, 50]], "sell": []},
        "position_factor": 10,
        "margin_factor": 0.5,
        "auction_price": 80,
    }
    # one unit at 80, the larger of 50 and 80
    assert vega.compute("isolated_order_margin", inputs, {}) == {"order_margin": 40.0}


def test_funding_counts_in_the_levels_of_vega() -> None:
    inputs = {
        "position": 2,
        "buy_orders": 0,
        "sell_orders": 0,
        "mark_price": 100,
        "linear_slippage": 0,
        "quadratic_slippage": 0,
        "rf_long": 0.1,
        "rf_short": 0.2,
        "funding_per_unit": 1.5,
        "scaling": {"search": 1.1, "initial": 1.2, "release": 1.4},
    }
    found = vega.compute("margin_levels", inputs, {})
    assert found == {"maintenance": 23, "search": 25, "initial": 27, "release": 32}


def test_fractions_of_a_base_unit_on_drift() -> None:
    market = {
        "margin_ratio_initial_1e4": 1_000,
        "margin_ratio_maintenance_1e4": 500,
        "high_leverage_initial_1e4": 0,
        "high_leverage_maintenance_1e4": 0,
        "imf_factor_1e6": 100_000,
    }
    inputs = {
        "size_base": 0.25,
        "margin_type": "fill",
        "high_leverage_user": True,
        "market": market,
    }
    # 750 - 150 + 0.1 x root(0.25) x 10,000 = 1,100
    assert drift.compute("perp_margin_ratio", inputs, {}) == {"margin_ratio_1e4": 1_100}
