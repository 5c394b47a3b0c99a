"""Fees on stated losses: what the fund lost comes back, at the rates that made the losses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from made_proof import proof_of
from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.fees.adaptive_fee import FeeRule
from plimsoll.calibration.fees.funding_clamp import ClampRule
from plimsoll.calibration.parts.fees import (
    FeeInputs,
    FeeSettings,
    calibrated_fees,
    volatility_ratio,
)
from plimsoll.calibration.parts.fund_replay import FundDays, StatedPopulation
from plimsoll.domain.market import HOUR_NS
from plimsoll.domain.parameters import Origin, Parameter
from plimsoll.validation.replay.accounts import TYPICAL
from synthetic_panel import history_of

DAYS = 600
VOLUME = {"M0": 2e9, "M1": 5e8}
INTEREST = {"M0": 1e9, "M1": 1e9}
CALM, STORM = 0.00012, 0.00061
"""Risk cost of a dollar traded."""
POPULATION = StatedPopulation(law=TYPICAL, open_interest_usd=INTEREST)
RULE = FeeRule(
    base_taker=Decimal("0.0005"), base_maker=Decimal("-0.0001"), maker_share=Decimal("0.25"),
    steps=3,
)  # fmt: skip


CLAMP = ClampRule(level=0.99)


def storms() -> np.ndarray:
    """Three days of ten, by chance."""
    return np.random.default_rng(7).random(DAYS) < 0.3


def volatility() -> np.ndarray:
    noise = np.exp(0.05 * np.random.default_rng(8).standard_normal((DAYS, 2)))
    return np.asarray(0.03 * noise * np.where(storms(), 4.0, 1.0)[:, None])


def made(path: np.ndarray | None = None, **more: Any) -> Proof:
    close = np.ones((24 * DAYS, 2))
    return proof_of(
        history_of(close), {"M0": "large", "M1": "mid"}, days=DAYS,
        volatility=volatility() if path is None else path, adv_usd=VOLUME, **more,
    )  # fmt: skip


def inputs(proof: Proof, losses: np.ndarray | None = None, **more: Any) -> FeeInputs:
    cost = np.where(storms(), STORM, CALM)[:, None] * np.array(list(VOLUME.values()))
    lost = cost if losses is None else losses
    days = FundDays(
        markets=proof.paths.markets, time_ns=proof.paths.time_ns, losses_usd=lost,
        fees_usd=np.zeros_like(lost),
    )  # fmt: skip
    return FeeInputs(days=days, population=POPULATION, **more)


def published(
    proof: Proof, given: FeeInputs, settings: FeeSettings | None = None
) -> Mapping[str, Parameter]:
    part = calibrated_fees(proof, given, settings or FeeSettings(rule=RULE, label="made"))
    return {p.key: p for p in part.parameters}


def ratio_of(path: np.ndarray) -> np.ndarray:
    """By the definition: forecast over its mean of the year before, weighted by open interest."""
    found = np.full(DAYS, np.nan)
    weight = np.array(list(INTEREST.values()))
    for day in range(30, DAYS):
        mean = path[max(0, day - 365) : day].mean(axis=0)
        found[day] = (path[day] / mean * weight).sum() / weight.sum()
    return found


def test_each_step_charges_the_cost_of_its_days() -> None:
    """The lower half of the days is calm and the upper quarter stormy: rates are those made."""
    proof = made()
    found = published(proof, inputs(proof))
    for step, cost in ((0, CALM), (2, STORM)):
        for side, base, share in (("taker", 0.0005, 0.75), ("maker", -0.0001, 0.25)):
            fee = float(found[f"fees/fee[{step}].{side}"].value)
            wanted = base + share * cost
            assert wanted - 1e-12 <= fee < wanted + 1e-5 + 1e-12
    middle = float(found["fees/fee[1].taker"].value)
    assert found["fees/fee[0].taker"].value < middle < found["fees/fee[2].taker"].value


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_fees_above_the_base_bring_back_what_the_fund_lost(seed: int) -> None:
    """Losses by chance, day by day, paid by the published steps on the same volumes."""
    proof = made()
    drawn = np.random.default_rng(seed).exponential(1.0, (DAYS, 2))
    given = inputs(proof, inputs(proof).days.losses_usd * drawn)
    found = published(proof, given)
    ratio = ratio_of(proof.paths.volatility_daily)
    known = np.isfinite(ratio)
    start = [float(found[f"fees/fee[{i}].from_volatility_ratio"].value) for i in range(3)]
    extra = np.array([
        float(found[f"fees/fee[{i}].taker"].value + found[f"fees/fee[{i}].maker"].value)
        - 0.0004 for i in range(3)
    ])  # fmt: skip
    step = np.searchsorted(start, ratio[known], side="right") - 1
    volume = sum(VOLUME.values())
    paid = float((extra[step] * volume).sum())
    lost = float(given.days.losses_usd[known].sum())
    # Starts of steps are rounded up by at most 0.01: days within it pay the step below.
    exact = np.append(np.quantile(ratio[known], [0.5, 0.75]), np.inf)
    late = np.searchsorted(np.append(exact[:2], np.inf), ratio[known], side="right")
    lag = float(((extra[np.minimum(late, 2)] - extra[step]) * volume).sum())
    assert paid >= lost - lag
    # Rounding up is all that is charged above: a grid step of each side's fee.
    assert paid - (lost - lag) <= 2e-5 * volume * int(known.sum())


def test_the_ratio_is_the_definition_and_knows_nothing_later() -> None:
    proof = made()
    days = proof.paths.time_ns
    found = volatility_ratio(proof, days, [0, 1], POPULATION)
    np.testing.assert_allclose(found, ratio_of(proof.paths.volatility_daily), rtol=1e-12)
    later = np.where(np.arange(DAYS)[:, None] > 400, 9.0, volatility())
    again = volatility_ratio(made(later), days, [0, 1], POPULATION)
    np.testing.assert_array_equal(again[:401], found[:401])
    assert not np.array_equal(again[401:], found[401:])


def test_a_schedule_of_each_class_rests_on_its_own_losses() -> None:
    proof = made()
    losses = np.zeros((DAYS, 2))
    losses[:, 1] = 0.0002 * VOLUME["M1"]
    settings = FeeSettings(rule=RULE, by_class=True)
    found = published(proof, inputs(proof, losses), settings)
    for step in range(3):
        assert found[f"fees:large/fee[{step}].taker"].value == Decimal("0.0005")
        assert float(found[f"fees:mid/fee[{step}].taker"].value) == pytest.approx(0.00065)


def test_the_price_of_steady_losses_is_the_losses_and_the_return_on_a_day_of_them() -> None:
    """A steady daily loss: its year, and the hurdle on the shortfall, which is a day's."""
    proof = made()
    daily = np.array([30_000.0, 1_000.0])
    found = published(
        proof, inputs(proof, np.tile(daily, (DAYS, 1))), FeeSettings(rule=RULE, hurdle_annual=0.2)
    )
    for market, loss in zip(("M0", "M1"), daily, strict=True):
        price = 365.0 * loss + 0.2 * loss
        carry = float(found[f"{market}/risk_fee.carry_annual"].value)
        trade = float(found[f"{market}/risk_fee.trade"].value)
        assert 0.0 <= carry - price / INTEREST[market] < 1e-6
        assert 0.0 <= trade - price / (365.0 * VOLUME[market]) < 1e-6


def test_a_young_market_pays_no_less_than_its_class_and_says_so() -> None:
    path = volatility()
    path[:500, 1] = np.nan
    both = proof_of(
        history_of(np.ones((24 * DAYS, 2))), {"M0": "large", "M1": "large"}, days=DAYS,
        volatility=path, adv_usd=dict.fromkeys(VOLUME, 1e9),
    )  # fmt: skip
    losses = np.zeros((DAYS, 2))
    losses[:, 0] = 10_000.0
    part = calibrated_fees(both, inputs(both, losses), FeeSettings(rule=RULE, label="made"))
    found = {p.key: p for p in part.parameters}
    for name in ("risk_fee.carry_annual", "risk_fee.trade"):
        own, lender = found[f"M1/{name}"], found[f"M0/{name}"]
        assert own.value == lender.value
        assert own.origin is Origin.CLASS_FLOOR
        assert lender.origin is Origin.CALIBRATED
    rows = [row for t in part.tables if t.name == "fees_missing" for row in t.rows]
    assert [row[:2] for row in rows] == [("M1", "too_short_history")]


def test_too_few_days_are_a_reason_and_no_schedule() -> None:
    proof = made()
    whole = inputs(proof)
    short = replace(
        whole.days, time_ns=whole.days.time_ns[-50:], losses_usd=whole.days.losses_usd[-50:],
        fees_usd=whole.days.fees_usd[-50:],
    )  # fmt: skip
    part = calibrated_fees(proof, replace(whole, days=short), FeeSettings(rule=RULE))
    assert not [p for p in part.parameters if p.market == "fees"]
    rows = {row[0]: row[1:] for t in part.tables if t.name == "fees_missing" for row in t.rows}
    assert rows["fees"][0] == "too_short_history"
    assert "30 days a step" in str(rows["fees"][1])


def test_clamps_lie_between_premium_and_cushion_and_name_what_has_none() -> None:
    """Tiers of 4 and 2 %: a quarter of what lies between is 50 bp an interval."""
    proof = made(unsolved=["M1"])
    settings = FeeSettings(rule=RULE, clamp=ClampRule(level=0.99))
    rates = {"M0": np.tile([0.001, -0.001], 100)}
    found = published(proof, inputs(proof, funding_rates=rates), settings)
    assert found["M0/funding_clamp"].value == Decimal("0.001")
    assert not [key for key in found if key.startswith("M1/")]
    wide = published(proof, inputs(proof, funding_rates={"M0": 20.0 * rates["M0"]}), settings)
    assert (wide["M0/funding_clamp"].value, wide["M0/funding_clamp"].origin) == (
        Decimal("0.005"), Origin.BOUND,
    )  # fmt: skip
    part = calibrated_fees(proof, inputs(proof), settings)
    missing = [row[:2] for t in part.tables if t.name == "fees_missing" for row in t.rows]
    assert missing == [("M0", "no_data")]


def told(proof: Proof, given: FeeInputs) -> dict[object, tuple[object, str]]:
    part = calibrated_fees(proof, given, FeeSettings(rule=RULE, clamp=CLAMP))
    rows = [row for t in part.tables if t.name == "fees_missing" for row in t.rows]
    return {row[0]: (row[1], str(row[2])) for row in rows}


def test_a_class_without_donors_bears_the_widest_premium_of_all_and_says_so() -> None:
    """M0 is large, M1 mid: no market of M1's class has rates."""
    proof = made()
    given = inputs(proof, funding_rates={"M0": np.tile([0.001, -0.002], 100)})
    found = published(proof, given, FeeSettings(rule=RULE, clamp=CLAMP))
    lent = found["M1/funding_clamp"]
    assert (lent.value, lent.origin) == (Decimal("0.002"), Origin.CLASS_FLOOR)
    reason, about = told(proof, given)["M1"]
    assert reason == "no_data"
    assert about == "no funding rates: bears the widest premium of all classes: its own has none"


def test_what_is_told_of_a_market_is_what_it_bears() -> None:
    proof = made()
    nobody = told(proof, inputs(proof))
    assert nobody["M0"] == ("no_data", "no funding rates; no market has rates: no clamp")
    # Too few of its own: lent, with the count of its own told.
    rates = {"M0": np.tile([0.001, -0.002], 100), "M1": np.full(99, 0.003)}
    given = inputs(proof, funding_rates=rates)
    reason, about = told(proof, given)["M1"]
    assert reason == "too_short_history"
    assert "found 99" in about
    assert "bears the widest premium of all classes" in about
    # Broken times are the market's own fault, and no other's.
    times = {"M1": np.zeros(99, dtype=np.int64)}
    broken = told(proof, replace(given, funding_times_ns=times))
    assert broken["M1"][0] == "fit_failed"
    assert "M0" not in broken


@pytest.mark.parametrize(("hours", "rate"), [(1, "0.0005"), (4, "0.002"), (None, "0.004")])
def test_lent_premiums_are_of_the_borrowers_interval(hours: int | None, rate: str) -> None:
    """40 bp per eight hours are 5 bp an hour; nobody's interval known: the lender's."""
    proof = made()
    times = {"M0": 8 * HOUR_NS * np.arange(200)}
    rates = {"M0": np.full(200, 0.004)}
    if hours is not None:
        times["M1"] = hours * HOUR_NS * np.arange(50)
        rates["M1"] = np.zeros(50)
    given = inputs(proof, funding_rates=rates, funding_times_ns=times)
    found = published(proof, given, FeeSettings(rule=RULE, clamp=CLAMP))
    assert found["M1/funding_clamp"].value == Decimal(rate)


def test_a_market_without_rates_bears_its_classs_widest_premium() -> None:
    proof = proof_of(
        history_of(np.ones((24 * DAYS, 2))), {"M0": "large", "M1": "large"}, days=DAYS,
        volatility=volatility(), adv_usd=VOLUME,
    )  # fmt: skip
    settings = FeeSettings(rule=RULE, clamp=ClampRule(level=0.99))
    rates = {"M0": np.tile([0.001, -0.002], 100)}
    found = published(proof, inputs(proof, funding_rates=rates), settings)
    own, lent = found["M0/funding_clamp"], found["M1/funding_clamp"]
    assert own.value == lent.value == Decimal("0.002")
    assert (own.origin, lent.origin) == (Origin.CALIBRATED, Origin.CLASS_FLOOR)
    assert lent.standard_error is None
