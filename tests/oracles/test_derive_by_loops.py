"""Derive's margins against plain loops (`derive_by_loops`), on accounts nobody thought of.

Tolerance 1e-9 relative to the gross value of what is held: both sides round differently, and
levels are differences of values that nearly cancel. Expiries from the very moment to two years,
inside the settlement average, negative rates, worthless confidences, prices of the cash from a
tenth to three, empty accounts.
"""

from __future__ import annotations

import math
from typing import Any

import pytest
from derive_by_loops import pmrm2, srm
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.conformance import derive_pmrm2, derive_srm

SECONDS = st.sampled_from([0, 1, 900, 1799, 1800, 3600, 500_400, 2_592_000, 2_592_001, 60_000_000])
STRIKES = st.sampled_from([1.0, 60.0, 90.0, 100.0, 105.0, 300.0])
CONFIDENCE = st.sampled_from([0.0, 0.2, 0.3999, 0.5, 0.56, 1.0])
QUANTITY = st.integers(-8, 8).filter(bool).map(lambda n: n / 4)
VOL = st.sampled_from([0.0, 0.05, 0.6, 1.5, 2500.0])
SCENARIOS = [
    {"spot_mult": price, "vol": move, "damp": damp}
    for price, move, damp in [
        (1.18, "up", 1.0),
        (1.0, "none", 1.0),
        (0.9, "down", 1.0),
        (0.0, "up", 0.1),
        (4.0, "up", 0.012),
        (1.5, "none", 2.0),
        (1.0, "skew_linear", 1.0),
        (1.1, "skew_abs", 1.0),
    ]
]


def option(seconds: int, strike: float, right: str, quantity: float, vol: float) -> dict[str, Any]:
    return {
        "sec_to_expiry": seconds,
        "strike": strike,
        "type": right,
        "qty": quantity,
        "mark_vol": vol,
        "vol": vol,
    }


@st.composite
def held_options(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Options, each contract once."""
    keys = draw(
        st.lists(st.tuples(SECONDS, STRIKES, st.sampled_from("CP")), max_size=8, unique=True)
    )
    return [option(*key, draw(QUANTITY), draw(VOL)) for key in keys]


@st.composite
def pmrm2_inputs(draw: st.DrawFn) -> dict[str, Any]:
    options = draw(held_options())
    expiries = [
        {
            "sec_to_expiry": seconds,
            "forward": draw(st.sampled_from([80.0, 100.0, 101.5])),
            "forward_conf": draw(CONFIDENCE),
            "rate": draw(st.sampled_from([-0.5, 0.0, 0.05, 2.0])),
            "rate_conf": 1.0,
            "vol_conf": draw(CONFIDENCE),
        }
        for seconds in sorted({o["sec_to_expiry"] for o in options})
    ]
    asset = {"name": "A", "price": 50.0, "mm_haircut": 0.1, "im_haircut_extra": 0.05}
    return {
        "parameter_set": "P",
        "cash": draw(st.sampled_from([-1000.0, 0.0, 250.0])),
        "spot": {"price": 100.0, "confidence": draw(CONFIDENCE)},
        "stable": {"price": draw(st.sampled_from([0.1, 0.97, 1.0, 3.0])), "confidence": 1.0},
        "perp": {
            "qty": draw(st.sampled_from([0.0, -1.5, 2.0])),
            "price": 101.0,
            "confidence": draw(CONFIDENCE),
            "unrealised_pnl": draw(st.sampled_from([-250.0, 0.0, 10.0])),
            "unrealised_funding": 1.0,
        },
        "expiries": expiries,
        "options": options,
        "collaterals": [
            asset | {"qty": quantity, "confidence": draw(CONFIDENCE), "risk_cancelling": hedge}
            for quantity, hedge in draw(
                st.lists(st.tuples(st.sampled_from([0.0, 2.0]), st.booleans()), max_size=3)
            )
        ],
    }


@st.composite
def pmrm2_parameters(draw: st.DrawFn) -> dict[str, Any]:
    def any_of(*values: float) -> float:
        return draw(st.sampled_from(values))

    cap = {f"{kind}_cap0": any_of(-0.5, 0.15, 9.0) for kind in ("linear", "abs")}
    slope = {f"{kind}_cap_slope": any_of(-10.0, -0.05, 3.0) for kind in ("linear", "abs")}
    return {
        "vol_shock": {
            "range_up": any_of(0.0, 0.5, 10.0),
            "range_down": any_of(0.0, 0.275, 2.0),
            "short_power": any_of(0.0, 0.3, 10.0),
            "long_power": any_of(0.0, 0.13, 10.0),
            "dte_floor_days": any_of(0.01, 1.0, 5.0),
            "min_vol_up": any_of(0.0, 0.45, 20.0),
        },
        "margin": {
            "im_factor": any_of(0.5, 1.0, 10.0),
            "mm_factor": any_of(0.1, 0.8),
            "long_base_discount": any_of(0.5, 0.95, 1.1),
            "long_rate_mult": any_of(0.0, 1.0, 10.0),
            "long_rate_add": any_of(0.0, 0.08, 10.0),
            "short_base_markup": any_of(0.9, 1.04, 3.0),
            "short_rate_mult": any_of(0.0, 0.5, 10.0),
            "short_rate_add": any_of(0.0, 0.08, 10.0),
        },
        "basis_contingency": {
            "spot_up": any_of(1.0, 1.045, 3.0),
            "spot_down": any_of(0.0, 0.955),
            "add": any_of(0.0, 0.5, 4.0),
            "mult": any_of(0.0, 2.0, 19.9),
        },
        "other": {
            "peg_threshold": any_of(0.0, 0.98, 100.0),
            "peg_factor": any_of(0.0, 2.0),
            "conf_threshold": any_of(0.0, 0.55, 1.0),
            "conf_margin": any_of(0.0, 1.0, 20.0),
            "mm_perp": 0.015,
            "im_perp_extra": 0.005,
            "mm_short_option": 0.003,
            "im_short_option_extra": 0.002,
        },
        "skew_shock": {
            **cap,
            **slope,
            "min_kstar": any_of(0.01, 10.0),
            "width_scale": any_of(0.0, 4.0),
            "vol_static": any_of(0.0, 0.6, 10.0),
            "vol_scale": any_of(-0.1, 20.0),
        },
        "scenarios": draw(st.permutations(SCENARIOS)),
    }


@settings(max_examples=120)
@given(inputs=pmrm2_inputs(), parameters=pmrm2_parameters())
def test_pmrm2(inputs: dict[str, Any], parameters: dict[str, Any]) -> None:
    found = derive_pmrm2.compute("", inputs, {"P": parameters})
    expected = pmrm2(inputs, parameters)
    assets = sum(a["qty"] * a["price"] / inputs["stable"]["price"] for a in inputs["collaterals"])
    gross = 1000.0 + assets + sum(300.0 * abs(o["qty"]) for o in inputs["options"])
    factor = parameters["margin"]["im_factor"] + 200.0  # the largest peg term
    assert found["scenario_pnl"] == pytest.approx(expected["scenario_pnl"], abs=1e-9 * gross)
    for name in ("IM", "MM", "basis_contingency"):
        assert found[name] == pytest.approx(expected[name], rel=1e-9, abs=1e-11 * factor * gross)


@st.composite
def srm_inputs(draw: st.DrawFn) -> dict[str, Any]:
    markets = {}
    for coin in draw(st.sampled_from([(), ("ETH",), ("ETH", "BTC")])):
        options = [o | {"vol_conf": draw(CONFIDENCE)} for o in draw(held_options())]
        markets[coin] = {
            "spot": 100.0,
            "spot_conf": draw(CONFIDENCE),
            "perp": {
                "qty": draw(st.sampled_from([0.0, -1.5, 2.0])),
                "price": 101.0,
                "conf": draw(CONFIDENCE),
                "unrealised": draw(st.sampled_from([-250.0, 0.0, 10.0])),
            },
            "base": draw(st.sampled_from([0.0, 3.0])),
            "options": options,
            "forwards": {
                str(o["sec_to_expiry"]): {"price": 99.0, "conf": draw(CONFIDENCE)} for o in options
            },
        }
    return {
        "params": SRM,
        "cash": draw(st.sampled_from([-1000.0, 0.0, 250.0])),
        "stable_price": draw(st.sampled_from([0.1, 0.97, 1.0, 3.0])),
        "markets": markets or {"ETH": EMPTY},
    }


SRM = {
    "option": {
        "max_spot_req": 0.15,
        "min_spot_req": 0.1,
        "mm_call_spot_req": 0.075,
        "mm_put_spot_req": 0.075,
        "mm_put_mtm_req": 0.075,
        "unpaired_im_scale": 1.2,
        "unpaired_mm_scale": 1.1,
        "mm_offset_scale": 1.05,
    },
    "oracle_contingency": {
        "perp_threshold": 0.4,
        "option_threshold": 0.4,
        "base_threshold": 0.4,
        "factor": 0.4,
    },
    "perp": {"mm": 0.05, "im": 0.065},
    "depeg": {"threshold": 0.98, "factor": 1.2},
    "base": {"margin_factor": 0.8, "im_scale": 0.9},
}
EMPTY = {
    "spot": 100.0,
    "spot_conf": 0.0,
    "perp": {"qty": 0.0, "price": 0.0, "conf": 0.0, "unrealised": 0.0},
    "base": 0.0,
    "options": [],
    "forwards": {},
}


@settings(max_examples=120)
@given(inputs=srm_inputs())
def test_srm(inputs: dict[str, Any]) -> None:
    found, expected = derive_srm.compute("", inputs, {}), srm(inputs)
    for name in ("IM", "MM"):
        assert math.isclose(found[name], expected[name], rel_tol=1e-9, abs_tol=2e-9), name
