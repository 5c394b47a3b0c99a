"""Collateral of a venue: what is published counts in the engine, and what must not matter."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from plimsoll.calibration.collateral.admission import AdmissionRules, AssetFacts, admission
from plimsoll.calibration.collateral.assets import (
    AssetHaircut,
    AssetHistory,
    Bridge,
    CollateralProblem,
)
from plimsoll.calibration.collateral.calibrate import calibrate_collateral
from plimsoll.calibration.collateral.liquidation_cost import AssetLiquidity, SaleRules
from plimsoll.calibration.collateral.pegged import PegKind
from plimsoll.calibration.collateral.publication import (
    collateral_part,
    counting_rules,
)
from plimsoll.domain.finding import Reason
from plimsoll.domain.parameters import Origin, parameter_set
from plimsoll.errors import UsageError
from plimsoll.margin.collateral import CollateralParameters
from plimsoll.margin.collateral.haircuts import haircut_amount
from plimsoll.margin.governed import from_set

FACTS = AssetFacts(history_days=1_500, adv_usd=5e8, depth_usd=5e6, venues=8, volatility_annual=0.6)
DEEP = AssetLiquidity(adv_usd=5e8, daily_volatility=0.03, relative_spread=0.0003)
PROBLEM = CollateralProblem(
    at_ns=int(np.datetime64("2025-06-01", "ns").astype(np.int64)),
    class_liquidity={"coin": DEEP},
    peg_years={PegKind.RESERVES: 20.0, PegKind.STAKED: 8.0},
)


def walk(seed: int, volatility: float, days: int = 700) -> np.ndarray:
    steps = np.random.default_rng(seed).normal(0, volatility / np.sqrt(24), 24 * days)
    return np.cumsum(steps)


def assets() -> list[AssetHistory]:
    pegged = replace(FACTS, pegged=True, peg_deviation=0.02, volatility_annual=0.02)
    calm = np.random.default_rng(7).normal(0, 3e-4, 24 * 700)
    return [
        AssetHistory(asset="BTC", asset_class="coin", log_price=walk(1, 0.03), facts=FACTS),
        AssetHistory(asset="ETH", asset_class="coin", log_price=walk(2, 0.04), facts=FACTS),
        AssetHistory(
            asset="USDC",
            asset_class="dollar",
            log_price=calm,
            facts=pegged,
            liquidity=DEEP,
            peg=PegKind.RESERVES,
        ),
        AssetHistory(
            asset="STETH",
            asset_class="staked",
            log_price=calm * 3,
            facts=pegged,
            liquidity=replace(DEEP, adv_usd=2e7),
            peg=PegKind.STAKED,
            redeems_into="ETH",
            bridge=Bridge(hazard_annual=0.05, loss_given_failure=0.8),
        ),
        AssetHistory(asset="NEW", asset_class="coin", log_price=walk(3, 0.05)[:60], facts=FACTS),
        AssetHistory(asset="LONE", asset_class="other", log_price=np.zeros(9), facts=FACTS),
        AssetHistory(
            asset="OWN",
            asset_class="coin",
            log_price=walk(4, 0.02),
            facts=replace(FACTS, own_token=True),
        ),
    ]


def found(problem: CollateralProblem = PROBLEM) -> dict[str, AssetHaircut]:
    return {one.asset: one for one in calibrate_collateral(assets(), problem)}


def test_each_asset_has_its_figure_or_its_reason() -> None:
    made = found()
    held = {name: one.parameters for name, one in made.items()}
    assert held["OWN"] is None
    assert held["LONE"] is None
    assert made["LONE"].reason is Reason.NO_DATA
    btc, eth, new, usdc, steth = (held[n] for n in ("BTC", "ETH", "NEW", "USDC", "STETH"))
    assert btc and eth and new and usdc and steth  # noqa: PT018
    assert usdc.haircut < btc.haircut <= eth.haircut <= steth.haircut
    assert new.haircut == max(btc.haircut, eth.haircut)
    assert made["NEW"].reason is Reason.TOO_SHORT_HISTORY
    assert steth.chain_haircut == Decimal("0.001")
    assert steth.account_cap_usd < eth.account_cap_usd
    assert usdc.lowest_peg == Decimal("0.870")
    assert made["USDC"].at_floor  # half of the 13 % of March 2023


def test_what_counts_covers_the_curve_at_every_size() -> None:
    for one in found().values():
        if one.parameters is None or one.reason is not None:
            continue
        counted = haircut_amount(one.size_usd, one.parameters) / one.size_usd
        assert (counted >= one.haircut - 1e-9).all()
        assert one.size_usd[-1] >= float(one.parameters.account_cap_usd)


def test_neither_order_nor_unit_matters() -> None:
    base = found()
    turned = calibrate_collateral(assets()[::-1], PROBLEM)
    assert {o.asset: o.parameters for o in turned} == {n: o.parameters for n, o in base.items()}
    moved = [replace(a, log_price=a.log_price + (0 if a.peg else 9.0)) for a in assets()]
    for one in calibrate_collateral(moved, PROBLEM):
        assert one.haircut == pytest.approx(base[one.asset].haircut, abs=1e-9)


@pytest.mark.parametrize(
    "change",
    [
        {"confidence": 0.999},
        {"sale": SaleRules(horizon_hours=72.0)},
        {"floor_share": 0.9},
    ],
)
def test_curves_rise_with_level_horizon_and_floor(change: dict[str, object]) -> None:
    base, more = found(), found(replace(PROBLEM, **change))  # type: ignore[arg-type]
    for name in ("BTC", "ETH", "USDC", "STETH"):
        assert (more[name].haircut >= base[name].haircut - 1e-9).all()
    assert more["ETH"].haircut[0] > base["ETH"].haircut[0]


def test_forecast_stands_in_for_history_and_rises() -> None:
    def first(log_risk: float) -> float:
        given = [replace(a, log_risk=log_risk) if a.asset == "BTC" else a for a in assets()]
        return float(calibrate_collateral(given, PROBLEM)[0].haircut[0])

    assert first(0.3) > first(0.25) > 0.2


def test_the_future_does_not_matter() -> None:
    early = replace(PROBLEM, at_ns=int(np.datetime64("2022-07-01", "ns").astype(np.int64)))
    only = [a for a in assets() if a.asset in ("ETH", "STETH")]
    scrambled = tuple(replace(e, loss=0.99) if e.known_ns > early.at_ns else e
                      for e in early.incidents)  # fmt: skip
    one = calibrate_collateral(only, early)
    other = calibrate_collateral(only, replace(early, incidents=scrambled))
    assert [o.parameters for o in one] == [o.parameters for o in other]


def test_parameters_go_into_a_set_that_margin_reads() -> None:
    made = found()
    part = collateral_part(made.values(), "SYNTHETIC")
    held = parameter_set(
        venue="v",
        valid_from="2026-01-01T00:00:00Z",
        parameters=part.parameters,
        seed=0,
        data_digest="d",
        problem_digest="p",
        code_version="0",
        label="SYNTHETIC",
    )
    rules = counting_rules(made.values())
    assert {n: from_set(CollateralParameters, held, n) for n in rules} == rules
    assert held.get("USDC", "haircut").origin is Origin.CLASS_FLOOR
    assert held.get("NEW", "haircut").origin is Origin.CLASS_FLOOR
    assert held.get("ETH", "haircut").standard_error is not None
    names = {row[0] for row in part.tables[1].rows}
    assert names == {"LONE", "OWN"}


def test_admission_names_every_rule_that_fails_and_passes_nothing_unknown() -> None:
    facts = AssetFacts(
        history_days=20,
        adv_usd=None,
        depth_usd=1e3,
        venues=1,
        volatility_annual=3.0,
        peg_deviation=0.2,
        top_holder_share=0.9,
        pegged=True,
        own_token=True,
    )
    told = admission("X", facts, AdmissionRules(), haircut=0.9, daily_fall=0.79)
    assert not told.admitted
    assert len(told.reasons) == len(told.lines) == 10
    assert "turnover a day: unknown, at least 10,000,000 USD demanded" in told.reasons
    assert admission("Y", FACTS, AdmissionRules(), haircut=0.2, daily_fall=0.4).admitted
    fell = admission("Z", FACTS, AdmissionRules(), haircut=0.2, daily_fall=0.79)
    assert fell.reasons == ("worst fall in a day: 79.0%, at most 60.0% demanded",)


def test_a_base_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match="redeem"):
        calibrate_collateral([a for a in assets() if a.asset == "STETH"], PROBLEM)
    with pytest.raises(UsageError, match="once"):
        calibrate_collateral([assets()[0], assets()[0]], PROBLEM)


def test_what_is_on_record_sets_the_floor_of_its_class_alone() -> None:
    base = found()
    more = found(replace(PROBLEM, class_worst_loss={"coin": 0.9}))
    assert float(more["BTC"].haircut[0]) == pytest.approx(0.45)
    assert more["BTC"].at_floor
    assert more["USDC"].haircut == pytest.approx(base["USDC"].haircut)
