"""Each single fault is found where it stands, with a remedy that helps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from plimsoll.errors import Fault

FaultsOf = Callable[..., tuple[Fault, ...]]
LARGE = ("classes", "large")


def test_the_holding_file_holds(faults_of: FaultsOf) -> None:
    assert faults_of() == ()


@pytest.mark.parametrize(
    ("path", "value", "remedy"),
    [
        ((*LARGE, "liquidation_cost"), "1.0%", "0.01"),
        ((*LARGE, "liquidation_cost"), "5 bps", "0.0005"),
        ((*LARGE, "liquidation_fee"), 10, "10 % is 0.1"),
        ((*LARGE, "liquidation_fee"), True, "no numbers"),
        ((*LARGE, "liquidation_fee"), -0.001, "at least 0"),
        ((*LARGE, "adv_usd"), "2bn", "2000000000"),
        ((*LARGE, "adv_usd"), 0, "more than 0"),
        ((*LARGE, "reaction_horizon_hours"), "8h", "8"),
        ((*LARGE, "reaction_horizon_hours"), 0, "at least 1"),
        ((*LARGE, "maintenance_horizon_hours"), 0.25, "whole|without decimals"),
        ((*LARGE, "tier_caps_usd"), [], "at least one"),
        ((*LARGE, "tier_caps_usd"), 50_000, "list|first, second"),
        ((*LARGE, "tier_caps_usd"), [50_000, "250k"], "250000"),
        (("target", "maintenance_level"), 99, "0.99"),
        (("target", "maintenance_level"), 1.0, "less than|check the unit"),
        (("target", "reaction_level"), "95%", "0.95"),
        (("model", "volatility"), "ewma", "ewma_t"),
        (("model", "volatilty"), "ewma_t", "volatility"),
        (("model", "step_hours"), 5, "1, 2, 3, 4, 6, 8, 12, 24"),
        (("structure", "mm_im_link"), 0.5, "maintenance_initial_link"),
        (("structure", "maintenance_initial_link"), 0, "more than 0"),
        (("structure", "maintenance_initial_link"), 1.5, "check the unit"),
        (("structure", "leverage_grid"), [1, 5, 2], "order the list"),
        (("structure", "maintenance_rate_step"), "5bp", "0.0005"),
        (("structure", "tiers"), {"largest_step": 0.0004}, "0.0005"),
        (("anti_procyclicality", "long_floor"), "yes", "true or false"),
        (("anti_procyclicality", "buffer"), 25, "0.25"),
        (("evidence", "from"), "2022-13-01", "2024-10-01"),
        (("evidence", "gate"), [], "key: value"),
        (("evidence", "gate"), {"significance": 5}, "0.05"),
        (("data", "findings"), {"gapp": "keep"}, "gap"),
        (("data", "findings"), {"gap": "fill"}, "keep, mask, split, refuse"),
        (("data", "findings", "gap"), "mask", "keep, refuse, split"),
        (("data", "findings", "common_outage"), "refuse", "keep"),
        (("data", "prices", "price_kind"), "mark", "synthetic_mark"),
        (("data", "prices", "interval"), "2m", "1m"),
        (("markets", 0, "class"), "larg", "large"),
        (("markets", 0, "symbol"), 1000, "quotes"),
        (("markets", 0, "instrument"), "BTC-PERP", "BTC/USDT:USDT"),
        (("markets", 1, "payoff"), "linear", "BTC/USD:USD"),
        (("seed",), 1.5, "without decimals"),
        (("seed",), -1, "at least 0"),
        (("seeds",), 1, "seed"),
        (("version",), 2, "version: 1"),
        (("version",), None, "version: 1"),
        (("version",), "1", "version: 1"),
        (("venue",), {}, "name"),
        (("owner",), "", "name"),
    ],
)
def test_one_fault(
    faults_of: FaultsOf, path: tuple[str | int, ...], value: object, remedy: str
) -> None:
    faults = faults_of(*path, value=value)
    assert faults, "the fault is not found"
    assert any(
        any(part in f"{f.problem} {f.remedy}" for part in remedy.split("|")) for f in faults
    ), faults
    assert all(fault.line is not None for fault in faults)


def test_not_a_number_and_infinity(faults_of: FaultsOf) -> None:
    # JSON writes NaN and Infinity, which YAML takes for text: both are refused with the unit
    for value in (float("nan"), float("inf")):
        (fault,) = faults_of(*LARGE, "adv_usd", value=value)
        assert "number" in fault.problem


def test_the_fault_names_line_and_value(faults_of: FaultsOf, tmp_path: Path) -> None:
    (fault,) = faults_of("markets", 1, "class", value="larg")
    assert fault.path == "markets[1].class"
    assert fault.found == '"larg"'
    lines = (tmp_path / "venue.yaml").read_text().splitlines()  # one key a line
    assert fault.line is not None
    assert '"larg"' in lines[fault.line - 1]


def test_repeated_market(faults_of: FaultsOf) -> None:
    market = {"symbol": "BTCUSDT", "instrument": "BTC/USDT:USDT", "class": "large"}
    faults = faults_of("markets", value=[market, market])
    assert [f.path for f in faults] == ["markets[1].symbol", "markets[1].instrument"]


def test_horizon_under_the_bars(faults_of: FaultsOf) -> None:
    prices = {"format": "sandbox", "price_kind": "synthetic_mark", "interval": "4h"}
    faults = faults_of("data", "prices", value=prices)
    assert "classes.large.maintenance_horizon_hours" in {f.path for f in faults}
    assert "classes.large.reaction_horizon_hours" not in {f.path for f in faults}  # 8 = 2 x 4


def test_dates_in_order(faults_of: FaultsOf) -> None:
    prices = {"format": "sandbox", "price_kind": "synthetic_mark"}
    value = {"prices": prices, "since": "2024-01-01", "until": "2023-01-01"}
    assert [f.path for f in faults_of("data", value=value)] == ["data.until"]
