"""What the night of all markets shows beside risk: closed hours, findings, fits, liquidation."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from plimsoll.cli.main import application
from plimsoll.domain.finding import Finding, FindingKind
from plimsoll.domain.table import Table
from plimsoll.errors import DataFormatError, UsageError
from plimsoll.estimators.nightly import NightlySettings
from plimsoll.estimators.pooling.student_posterior import FitMethod
from plimsoll.journeys import estimate_bayes_check
from plimsoll.journeys.estimate_inputs import market_capitalisations
from plimsoll.journeys.estimate_markets import estimate_markets
from plimsoll.journeys.estimate_markets_result import MarketEstimates
from plimsoll.journeys.estimate_night_data import finding_counts
from plimsoll.sandbox import generate

FAST = NightlySettings(copula_replicates=2, fit={"tail_shape": FitMethod.BAYES})


@cache
def bars() -> dict[str, Any]:
    """SYNTHETIC markets; the first constant for its last week."""
    found = dict(generate(0, days=220).bars)
    first = next(iter(found))
    close = found[first].close.copy()
    close[-24 * 7 :] = close[-24 * 7]
    found[first] = replace(found[first], close=close, open=None, high=None, low=None, volume=None)
    return found


@cache
def result() -> MarketEstimates:
    return estimate_markets(bars(), settings=FAST)


def named(name: str) -> Table:
    return next(table for table in result().tables if table.name == name)


def test_a_constant_market_says_so() -> None:
    row = next(r for r in result().tables[0] if r["market"] == next(iter(bars())))
    assert row["reason"] == "constant_price"


def test_every_market_has_its_findings_fits_and_liquidation() -> None:
    for name in ("findings", "parameter_fits", "liquidation"):
        assert set(result().found.markets) <= set(named(name).column("market"))
    for row in named("liquidation"):
        numbers = row["horizon_1M_hours"]
        assert (numbers is None) == (row["turnover_usd"] is None)
        assert "open interest: no_data" in str(row["reason"])
    used = {row["xi_falls_used"] for row in named("parameter_fits")}
    assert used <= {"bayes", None}
    still = next(r for r in named("findings") if r["market"] == next(iter(bars())))
    assert "stale_run" in str(still["kinds"])
    document = json.loads(json.dumps(result().document(), allow_nan=False))
    first = document["markets"][next(iter(bars()))]
    assert first["findings"]["stale_run"]["action"] == "mask"
    assert document["bayes_check"] is None


def test_findings_are_counted_by_kind() -> None:
    one = {"market": "A", "first_ns": 0, "last_ns": 1, "known_at_ns": 1}
    found = finding_counts(
        [
            Finding(kind=FindingKind.GAP, bars=2, **one),
            Finding(kind=FindingKind.GAP, bars=3, **one),
            Finding(kind=FindingKind.STALE_RUN, bars=5, **one),
        ]
    )
    gap, stale = found["A"][FindingKind.GAP], found["A"][FindingKind.STALE_RUN]
    assert (gap.stretches, gap.bars, gap.action) == (2, 5, "keep")
    assert (stale.stretches, stale.bars, stale.action) == (1, 5, "mask")


def test_capitalisations_are_read_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "classes.csv"
    path.write_text("market,class,market_cap_usd\nA,coin,1e9\nB,coin,\n")
    assert market_capitalisations(path) == {"A": 1e9}
    path.write_text("market,class,market_cap_usd\nA,coin,-3\n")
    with pytest.raises(DataFormatError, match="market_cap_usd must be dollars above 0"):
        market_capitalisations(path)


def test_the_check_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate_bayes_check, "_NEEDED", ("no_such_library",))
    with pytest.raises(UsageError, match=r"extra 'bayes'.*no_such_library.*plimsoll\[bayes\]"):
        estimate_markets(bars(), settings=FAST, check_bayes=True)


@pytest.mark.slow
def test_the_verb_draws_the_posterior_of_the_youngest_levels(tmp_path: Path) -> None:
    """SYNTHETIC markets; empirical Bayes and NUTS integrate one model, so they must agree."""
    parts = [
        pl.DataFrame(
            {"symbol": [name] * len(b), "ts": b.time_ns // 10**9, "close": b.close},
        )
        for name, b in generate(0, days=220).bars.items()
    ]
    pl.concat(parts).write_parquet(tmp_path / "SYNTHETIC.parquet")
    asked = ["estimate", str(tmp_path / "SYNTHETIC.parquet"), "--check-bayes", "--json"]
    done = CliRunner().invoke(application(), [*asked, "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)["result"]
    told = result["reference_distribution"]["bayes_check"]
    assert told["faults"] == []
    assert (told["verdict"], told["divergences"]) == ("agrees", 0)
    assert told["r_hat"] < 1.01
    assert min(told["bulk_effective"], told["tail_effective"]) > 400.0
    rows = result["bayes_check"]["rows"]
    assert 3 <= len(rows) == told["markets"] <= 8
    assert all(abs(row["difference_sd"]) <= 1.0 for row in rows)
    written = json.loads((tmp_path / "out" / "estimate.json").read_text())
    assert written["bayes_check"] == told
