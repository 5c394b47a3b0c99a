"""Assets as stated, loans that bear the class's worst, and haircuts beside those in force."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest

from plimsoll.calibration.collateral.assets import CollateralProblem
from plimsoll.calibration.collateral.lending import lending_terms, stressed_lending_risk
from plimsoll.calibration.parts.borrowing import LentAsset
from plimsoll.calibration.parts.collateral import CollateralInputs, calibrated_collateral
from plimsoll.calibration.parts.collateral_assets import AssetKind, StatedAsset, asset_histories
from plimsoll.calibration.parts.lending import LendingSettings
from plimsoll.domain.market import DAY_NS
from plimsoll.domain.parameters import Origin, Parameter, Unit, parameter_set

HOURS = 24 * 500


def _price(seed: int) -> np.ndarray:
    return np.cumsum(0.004 * np.random.default_rng(seed).standard_t(4, HOURS))


def _stated(name: str, kind: AssetKind, **more: object) -> StatedAsset:
    figures = {"adv_usd": 1e9, "spread": 0.001, "depth_usd": 1e7, "venues": 9} | more
    return StatedAsset(asset=name, asset_class="major", symbol=name, kind=kind, **figures)  # type: ignore[arg-type]


def _inputs(worst: float, **more: object) -> CollateralInputs:
    stated = (
        _stated("A", AssetKind.COIN),
        _stated("SA", AssetKind.STAKED, redeems_into="A"),
        _stated("OWN", AssetKind.OWN),
    )
    price = {"A": _price(1), "SA": _price(1) + 1e-4 * _price(2), "OWN": _price(3)}
    problem = CollateralProblem(at_ns=20_000 * DAY_NS, class_worst_loss={"major": worst})
    return CollateralInputs(
        histories=asset_histories(stated, price, {}, 24),
        dollar_price=price,
        problem=problem,
        watched_years={},
        lending=LendingSettings(),
        **more,  # type: ignore[arg-type]
    )


def test_terms_of_loans_bear_half_of_the_worst_of_the_class() -> None:
    calm = {p.key: p for p in calibrated_collateral(_inputs(0.0)).parameters}
    harsh = {p.key: p for p in calibrated_collateral(_inputs(0.5)).parameters}
    for name in ("loan_to_value", "liquidation_threshold"):
        assert harsh[f"A/lending.{name}"].value < calm[f"A/lending.{name}"].value
    threshold, bonus = (
        float(harsh[f"A/lending.{n}"].value) for n in ("liquidation_threshold", "liquidation_bonus")
    )
    assert threshold * (1.0 + bonus) <= 1.0 - 0.25
    assert harsh["A/lending.loan_to_value"].origin is Origin.CLASS_FLOOR


def test_the_stressed_drop_is_the_larger_of_quantile_and_stress() -> None:
    price = _price(4)
    falls = price[:-1] - price[1:]
    own = -math.expm1(-float(np.quantile(falls, 0.99)))

    def drop(stress: float) -> float:
        found = stressed_lending_risk(
            price, stressed_loss=stress, latency_bars=1, user_bars=24, slippage=0.001
        )
        return found.latency_drop

    assert drop(0.0) == pytest.approx(own, rel=1e-12)
    assert drop(0.3) == 0.3


def test_the_venues_own_token_backs_nothing() -> None:
    part = calibrated_collateral(_inputs(0.5))
    assert not [p for p in part.parameters if p.market == "OWN"]
    tables = {table.name: table for table in part.tables}
    assert ("OWN", "own token") in {row[:2] for row in tables["collateral_admission"].rows}
    why = {row[0]: row[-1] for row in tables["lending_terms"].rows}
    assert why["OWN"] == "not admitted as collateral"


def test_a_staked_coin_bears_its_coins_risk_and_its_own() -> None:
    part = calibrated_collateral(_inputs(0.0))
    rows = {row[0]: row[2] for row in part.tables[0].rows}
    assert rows["SA"] is not None
    assert rows["SA"] > rows["A"]


def test_the_curve_of_borrowing_rests_on_a_record_or_on_what_is_stated() -> None:
    """Withdrawals of 10 % but for two days in a hundred of 30 %: the 99 % leaves a kink of 0.7."""
    record = np.tile(np.r_[np.full(98, 0.1), 0.3, 0.3], 10)
    lent = (
        LentAsset(asset="A", reference_rate_annual=0.06, withdrawals=record),
        LentAsset(asset="B", reference_rate_annual=0.08, base_rate_annual=0.01,
                  withdrawn_share=0.2),
        LentAsset(asset="C", reference_rate_annual=0.05),
        LentAsset(asset="D", reference_rate_annual=0.05, withdrawn_share=1.0),
    )  # fmt: skip
    part = calibrated_collateral(_inputs(0.5, lent=lent))
    found = {p.key: p for p in part.parameters}
    kink = found["A/borrowing.optimal_utilisation"]
    assert (float(kink.value), kink.origin) == (pytest.approx(0.7), Origin.CALIBRATED)
    stated = found["B/borrowing.optimal_utilisation"]
    assert (stated.value, stated.origin, stated.standard_error) == (
        Decimal("0.800"), Origin.VENUE, None,
    )  # fmt: skip
    # At 100 % demand is drawn back to the kink: exp(-2 R2) = 0.8, rounded up on the grid.
    beyond = float(found["B/borrowing.rate_beyond_kink_annual"].value)
    assert beyond == pytest.approx(-math.log(0.8) / 2.0, abs=0.001)
    assert beyond >= -math.log(0.8) / 2.0
    tables = {table.name: table for table in part.tables}
    why = {row[0]: str(row[-1]) for row in tables["borrowing_curves"].rows}
    assert "no_data" in why["C"]
    assert "infeasible" in why["D"]
    points = {row["utilisation"]: row["B"] for row in tables["borrowing_points"]}
    assert points[0.8] == pytest.approx(0.08)
    rates = [points[u] for u in sorted(points, key=float)]  # type: ignore[arg-type]
    assert rates == sorted(rates, key=float)  # type: ignore[arg-type]
    assert not any("No curve of borrowing" in text for text in part.limits)


def test_a_demand_that_answers_to_no_rate_is_infeasible_and_the_rest_is_calibrated() -> None:
    """ln(1 / 0.8) over 0.0001: a rate of 2,231 a year, more than can be published."""
    lent = (
        LentAsset(asset="A", reference_rate_annual=0.06, withdrawn_share=0.2),
        LentAsset(asset="B", reference_rate_annual=0.06, withdrawn_share=0.2,
                  semi_elasticity=1e-4),
        LentAsset(asset="C", reference_rate_annual=0.06, withdrawn_share=0.2,
                  semi_elasticity=0.01),
    )  # fmt: skip
    part = calibrated_collateral(_inputs(0.5, lent=lent))
    held = {p.market for p in part.parameters if p.name.startswith("borrowing.")}
    assert held == {"A", "C"}
    table = next(table for table in part.tables if table.name == "borrowing_curves")
    why = {row[0]: str(row[-1]) for row in table.rows}
    assert why["B"].startswith("infeasible")
    assert "2,231 at a semi-elasticity of 0.0001" in why["B"]
    assert "raise semi_elasticity" in why["B"]


def test_haircuts_stand_beside_those_in_force() -> None:
    held = Parameter(
        market="A", name="haircut", value=Decimal("0.2"), unit=Unit.FRACTION, lower=Decimal(0),
        upper=Decimal(1), owner="risk", origin=Origin.VENUE,
    )  # fmt: skip
    incumbent = parameter_set(
        venue="v", valid_from="2024-01-01T00:00:00Z", parameters=(held,), seed=0, data_digest="d",
        problem_digest="p", code_version="c", label="made",
    )  # fmt: skip
    part = calibrated_collateral(_inputs(0.5, incumbent=incumbent))
    table = next(t for t in part.tables if t.name == "collateral_incumbent")
    ((asset, before, now, change),) = table.rows
    assert (asset, before) == ("A", 0.2)
    assert change == pytest.approx(float(now) - 0.2)  # type: ignore[arg-type]


def test_terms_without_room_name_what_conflicts() -> None:
    risk = stressed_lending_risk(
        _price(5), stressed_loss=0.95, latency_bars=1, user_bars=24, slippage=0.02
    )
    assert not hasattr(lending_terms(risk), "bonus")
