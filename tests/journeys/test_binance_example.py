"""The example on real spot closes, whole: 53 markets, dead and reused tickers among them."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

import plimsoll
from plimsoll.config.loader import VenueFile, load_venue

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


AS_OF = datetime(2025, 6, 1, tzinfo=UTC)
HARD = ("BTCUSDT", "LUNAUSDT", "FTTUSDT", "OMUSDT")


@pytest.fixture(scope="module")
def venue(market_data_dir: Path) -> VenueFile:
    return load_venue(
        ROOT / "examples" / "binance-usdm", variables={"PLIMSOLL_DATA": str(market_data_dir)}
    )


@pytest.fixture(scope="module")
def result(venue: VenueFile) -> plimsoll.CalibrationResult:
    """Without the rivals of its table of models, a fifth of the work: those are below.

    One process: the other core has other tests to run.
    """
    evidence = venue.config.evidence.model_copy(update={"compare": ()})
    config = venue.config.model_copy(update={"evidence": evidence})
    return plimsoll.calibrate(replace(venue, config=config), as_of=AS_OF, workers=1)


def rows(result: plimsoll.CalibrationResult, table: str) -> list[dict[str, object]]:
    return [dict(row) for row in result.table(table)]


def test_at_least_forty_markets_get_a_number_with_a_standard_error(
    result: plimsoll.CalibrationResult,
) -> None:
    # Assets, the fund and the like stand in the set as well: markets are what has tiers.
    priced = [m for m in result.parameters.markets if "tier[0].cap_usd" in result.parameters.of(m)]
    assert len(priced) >= 40
    for market in priced:
        risk = result.parameters.get(market, "price_risk.maintenance")
        assert risk.standard_error is not None
        assert 0 < risk.standard_error < risk.value


def test_pooled_coverage_is_not_rejected(result: plimsoll.CalibrationResult) -> None:
    """The claim of the product, out of sample over 2022-01 to 2025-05: 1 % within its error."""
    pooled = {str(row["scope"]): row for row in rows(result, "coverage_pooled")}
    for scope in ("maintenance, model", "maintenance, published"):
        row = pooled[scope]
        assert float(str(row["p_value"])) > 0.05
        assert abs(float(str(row["breach_rate"])) - 0.01) < 0.002
        assert int(str(row["n"])) > 1_500_000


def test_every_coverage_line_holds(result: plimsoll.CalibrationResult) -> None:
    """The lines of the product's issue, out of sample: bounds written out again here."""
    lines = {
        str(row["scope"]): float(str(row["breach_rate"])) for row in rows(result, "coverage_lines")
    }
    assert 0.0085 <= lines["pooled"] <= 0.0115
    assert all(0.0080 <= lines[side] <= 0.0120 for side in ("long", "short"))
    assert all(0.0070 <= lines[year] <= 0.0130 for year in ("2022", "2023", "2024", "2025"))
    assert lines["worst quartile"] <= 0.0120
    assert lines["Kupiec rejections, market-sides"] <= 0.08
    for check in result.evidence.checks:
        assert check.verdict.value == "holds", check.name


def test_luna_is_two_coins_and_the_dead_one_is_scored(
    result: plimsoll.CalibrationResult,
) -> None:
    kinds = {(row["market"], row["kind"]) for row in rows(result, "findings")}
    assert ("LUNAUSDT", "reused ticker") in kinds
    scored = {str(row["market"]) for row in rows(result, "coverage")}
    assert {"LUNAUSDT", "LUNAUSDT@2022-05-13", "FTTUSDT", "USTCUSDT", "OMUSDT"} <= scored
    assert "LUNAUSDT@2022-05-13" not in result.parameters.markets
    # No return leads over the seam (+17,111,400 % if it did).
    worst = [float(str(r["worst_exceedance"])) for r in rows(result, "coverage")]
    assert max(worst) < 10.0


def test_true_crashes_are_kept_as_suspicious(result: plimsoll.CalibrationResult) -> None:
    suspicious = {
        row["market"] for row in rows(result, "findings") if row["kind"] == "suspicious move"
    }
    assert {"OMUSDT", "ACTUSDT", "TRBUSDT"} <= suspicious


def test_the_incumbent_is_judged_only_after_its_date(
    result: plimsoll.CalibrationResult,
) -> None:
    table = {str(row["market"]): row for row in rows(result, "incumbent")}
    bitcoin = table["BTCUSDT"]
    # 1 h horizons, two sides, from 2024-10-01 to 2025-05-31: 243 days.
    assert bitcoin["n"] == 2 * 24 * 243
    assert bitcoin["incumbent_rate"] == pytest.approx(0.004)
    assert float(str(bitcoin["incumbent_breach_rate"])) > 0.05
    assert float(str(bitcoin["candidate_breach_rate"])) < 0.012
    assert table["LUNAUSDT@2022-05-13"]["remark"] == "no_incumbent"


def test_spot_closes_are_called_so_everywhere(result: plimsoll.CalibrationResult) -> None:
    assert "spot closes standing in for marks" in result.evidence.label
    for name in ("parameters", "coverage", "coverage_pooled", "procyclicality", "incumbent"):
        assert any("spot closes" in note for note in result.table(name).notes), name
    assert any("shorter than that cannot be tested" in one for one in result.evidence.limits)


def test_every_stage_is_timed(result: plimsoll.CalibrationResult) -> None:
    stages = dict(result.timings)
    assert {"read prices", "check data", "solve", "make evidence"} <= set(stages)
    assert all(math.isfinite(seconds) and seconds >= 0 for seconds in stages.values())


def test_rivals_are_scored_on_the_hardest_markets(venue: VenueFile) -> None:
    """Filters of one market through LUNA's two coins, FTT's end and OM's crash, beside bitcoin."""
    beside = dict.fromkeys(("appetite", "liquidation", "add_ons", "collateral", "fund", "fees"))
    markets = tuple(market for market in venue.config.markets if market.symbol in HARD)
    config = venue.config.model_copy(update={"markets": markets, **beside})
    found = plimsoll.calibrate(replace(venue, config=config), as_of=AS_OF, workers=1)
    models = {str(row["model"]): row for row in rows(found, "models")}
    assert list(models) == ["log_blend", "ewma_t", "garch_t"]
    for row in models.values():
        assert 0.005 < float(str(row["breach_rate"])) < 0.02
        assert all(math.isfinite(float(str(row[name]))) for name in ("mean_margin", "call_20d"))
    scored = {str(row["market"]) for row in rows(found, "coverage")}
    assert {*HARD, "LUNAUSDT@2022-05-13"} == scored
