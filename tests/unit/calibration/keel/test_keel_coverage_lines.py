"""Coverage lines: bands, samples too small to tell, years, and snapping that under-covers."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from plimsoll.calibration.evidence.coverage_lines import coverage_figures, line_checks, lines_table
from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.problem import CoverageLines, Gate, RiskClass
from plimsoll.calibration.published import PublishedPath
from plimsoll.calibration.risk_paths import RiskPaths
from plimsoll.calibration.scored import ScoredLosses
from plimsoll.domain.evidence import Check, Verdict
from plimsoll.domain.market import DAY_NS, HOUR_NS
from plimsoll.errors import ParameterError

MARKETS, DAYS, STARTS = 16, 800, 12  # starts of a day
FIRST_DAY = 19_358  # 2023-01-01
MARGIN, STEP = 0.05, 0.0005


def losses(rates: NDArray[np.float64], seed: int = 3) -> ScoredLosses:
    """(S, N, 2) losses that break a margin of `MARGIN` with the (S, N, 2) chances."""
    rng = np.random.default_rng(seed)
    broke = rng.random(rates.shape) < rates
    start = FIRST_DAY * DAY_NS + 2 * HOUR_NS * np.arange(rates.shape[0], dtype=np.int64)
    return ScoredLosses(
        start_ns=start,
        loss=np.where(broke, 2.0 * MARGIN, 0.0),
        horizon_hours=np.full(rates.shape[1], 2, dtype=np.int64),
        lost=np.zeros(rates.shape[1], dtype=np.int64),
    )


def proof(
    rates: NDArray[np.float64], snapped: float = MARGIN + 0.0035, target: float = 0.01
) -> Proof:
    """What the lines read of a proof: margins of `MARGIN`, cost and fee of 35 bp, no impact."""
    scored, days = losses(rates), rates.shape[0] // STARTS
    markets = tuple(f"M{j}" for j in range(rates.shape[1]))
    shape = (days, len(markets))
    paths = RiskPaths(
        time_ns=DAY_NS * (FIRST_DAY + np.arange(days, dtype=np.int64)),
        markets=markets,
        maintenance=np.full((*shape, 2), MARGIN),
        reaction=np.full((*shape, 2), MARGIN),
        maintenance_error=np.full((*shape, 2), 0.001),
        reaction_error=np.full((*shape, 2), 0.001),
        volatility_daily=np.zeros(shape),
        floored=np.zeros(shape, dtype=bool),
        mature=np.ones(shape, dtype=bool),
    )
    risk_class = RiskClass(
        name="c",
        maintenance_horizon_hours=2,
        reaction_horizon_hours=8,
        liquidation_cost=0.0015,
        liquidation_fee=0.002,
        adv_usd=1e9,
        tier_caps_usd=(50_000,),  # type: ignore[arg-type]
    )
    problem = SimpleNamespace(
        maintenance_level=1.0 - target,
        gate=Gate(),
        classes={"c": risk_class},
        impact_coefficient=1.0,
        structure=SimpleNamespace(maintenance_rate_step=STEP),
        anti_procyclicality=SimpleNamespace(names="none"),
    )
    margin = np.where(np.isfinite(scored.loss), MARGIN, np.nan)
    whole = np.full(shape, snapped)
    made = SimpleNamespace(
        problem=problem,
        paths=paths,
        maintenance=scored,
        class_of=dict.fromkeys(markets, "c"),
        specs={},
        margin=lambda: margin,
        price_note=lambda: "prices",
        tools_note=lambda: "tools",
        published=PublishedPath(
            whole=whole, rate=whole, changes=np.zeros(len(markets), dtype=np.int64), snapped=whole
        ),
    )
    return cast(Proof, made)


def flat_rates(rate: float) -> NDArray[np.float64]:
    return np.full((DAYS * STARTS, MARKETS, 2), rate)


def verdicts(made: Proof) -> dict[str, Verdict]:
    return {check.name: check.verdict for check in line_checks(made)}


def test_what_breaks_as_often_as_the_target_holds_every_line() -> None:
    found = verdicts(proof(flat_rates(0.01)))
    assert set(found.values()) == {Verdict.HOLDS}
    assert len(found) == 6


@pytest.mark.parametrize("rate", [0.007, 0.013])
def test_margins_that_are_too_high_or_too_low_break_the_pooled_band(rate: float) -> None:
    found = verdicts(proof(flat_rates(rate)))
    assert found["Coverage line, pooled"] is Verdict.BREACH
    assert found["Coverage line, Kupiec"] is Verdict.BREACH


def test_one_side_a_quarter_of_the_markets_and_one_year_are_found() -> None:
    sided = flat_rates(0.01)
    sided[..., 0], sided[..., 1] = 0.0130, 0.0070
    found = verdicts(proof(sided))
    assert found["Coverage line, pooled"] is Verdict.HOLDS
    assert found["Coverage line, each side"] is Verdict.BREACH
    few = flat_rates(0.0095)
    few[:, :4] = 0.0140
    assert verdicts(proof(few))["Coverage line, worst quartile"] is Verdict.BREACH
    year = flat_rates(0.008)
    year[365 * STARTS : 730 * STARTS] = 0.0145
    assert verdicts(proof(year))["Coverage line, each year"] is Verdict.BREACH


def test_bands_are_relative_to_the_target() -> None:
    made = proof(flat_rates(0.05), target=0.05)
    assert set(verdicts(made).values()) == {Verdict.HOLDS}
    assert verdicts(proof(flat_rates(0.04), target=0.05))["Coverage line, pooled"] is Verdict.BREACH


def test_a_short_last_year_is_not_held_to_a_line() -> None:
    rates = flat_rates(0.01)
    rates[730 * STARTS :] = 0.0  # 70 of 800 days in 2025
    figures = coverage_figures(proof(rates))
    assert figures is not None
    assert sorted(figures.years) == [2023, 2024]


def test_a_sample_too_small_to_tell_proves_nothing() -> None:
    made = proof(flat_rates(0.01)[: 20 * STARTS, :2])
    found = verdicts(made)
    assert found["Coverage line, pooled"] is Verdict.NOT_PROVEN
    assert "Coverage line, Kupiec" not in found, "not asked of two markets"
    rows = {row["scope"]: row for row in lines_table(made)}
    assert rows["Kupiec rejections, market-sides"]["highest"] is None


def test_rates_below_what_they_were_made_from_are_a_breach() -> None:
    def snapping(made: Proof) -> Check:
        return next(c for c in line_checks(made) if c.name == "Snapping never under-covers")

    assert snapping(proof(flat_rates(0.01))).verdict is Verdict.HOLDS
    short = snapping(proof(flat_rates(0.01), snapped=MARGIN + 0.0035 - STEP))
    assert short.verdict is Verdict.BREACH
    assert f"{DAYS * MARKETS} rates below" in short.found


def test_a_band_must_enclose_the_target() -> None:
    with pytest.raises(ParameterError, match=r"must enclose 1.*pooled|pooled.*must enclose 1"):
        CoverageLines(pooled=(1.01, 1.2))
    assert replace(CoverageLines(), pooled=(0.0, 1.2)).pooled == (0.0, 1.2)
