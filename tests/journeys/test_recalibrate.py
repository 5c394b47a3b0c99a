"""One market from a warm state: the numbers of a full calibration of the day, or a refusal.

Tolerance: the warm numbers are made by the same steps as the cold ones; rates on their grid agree
exactly, price risks to their published digit. Standard errors do not: the warm ones are those of
the state in proportion to the margin, and are stated so.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from recalibrate_page import PAGE, blocks, is_told, shortened
from small_venue import SYMBOLS, VENUE, prices
from typer.testing import CliRunner

import plimsoll
from plimsoll.cli.main import application
from plimsoll.domain.market import DAY_NS, HOUR_NS
from plimsoll.domain.parameters import ParameterSet
from plimsoll.errors import DataError, PlimsollError, UsageError
from plimsoll.journeys.calibrate import calibrate
from plimsoll.journeys.recalibrate import recalibrate
from plimsoll.journeys.recalibrate_state import STATE, read_state
from plimsoll.journeys.result import CalibrationResult

MADE, DAY = "2023-07-05", "2023-07-14"
EARLIER_NS = 100 * DAY_NS


def _write_prices(folder: Path, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    for seed, symbol in enumerate(SYMBOLS):
        bars = prices(seed).with_columns(ts=pl.col("ts") - EARLIER_NS)
        change(bars).write_parquet(folder / f"{symbol}.parquet")


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ends on 2023-07-20; begun in 2022, so that an appetite has a New Year to choose at."""
    folder = tmp_path_factory.mktemp("venue")
    _write_prices(folder, lambda bars: bars)
    (folder / "venue.yaml").write_text(VENUE.replace("2023-06-01", "2023-01-01"))
    return folder


@pytest.fixture(scope="module")
def made(venue: Path) -> tuple[CalibrationResult, Path]:
    """A calibration with its state."""
    out = venue / "out"
    return calibrate(venue, as_of=MADE, out=out), out


def _values(parameters: ParameterSet, market: str) -> dict[str, object]:
    return {name: p.value for name, p in parameters.of(market).items()}


def test_warm_is_cold(venue: Path, made: tuple[CalibrationResult, Path]) -> None:
    parent, out = made
    warm = recalibrate(venue, market="BUSDT", state=out, as_of=DAY)
    cold = calibrate(venue, as_of=DAY, incumbent=parent.parameters)
    assert _values(warm.parameters, "BUSDT") == _values(cold.parameters, "BUSDT")
    risks = [_values(one, "BUSDT") for one in (parent.parameters, warm.parameters)]
    assert risks[0]["price_risk.reaction"] != risks[1]["price_risk.reaction"]
    others = dict(warm.parameters.of("AUSDT"))
    assert others == dict(parent.parameters.of("AUSDT"))
    assert warm.parameters.parent == parent.parameters.id
    assert warm.parameters.valid_from == f"{DAY}T00:00:00Z"
    assert warm.evidence.provenance["warm state of"] == MADE
    assert "weights of the time scales of" in warm.evidence.limits[0]
    moved = {row[0]: row for row in warm.evidence.table("moved").rows}
    assert moved["volatility of a day"][1] != moved["volatility of a day"][2]


def test_without_new_bars_nothing_changes(
    venue: Path, made: tuple[CalibrationResult, Path]
) -> None:
    parent, out = made
    warm = recalibrate(venue, market="AUSDT", state=out, as_of=MADE)
    assert _values(warm.parameters, "AUSDT") == _values(parent.parameters, "AUSDT")
    assert warm.changes.rows == ()


def test_the_proposal_is_written_and_told(
    venue: Path, made: tuple[CalibrationResult, Path], tmp_path: Path
) -> None:
    parent, out = made
    new = tmp_path / "new"
    words = ["recalibrate", str(venue), "--market", "BUSDT", "--state", str(out), "--as-of", DAY]
    done = CliRunner().invoke(application(), [*words, "--out", str(new), "--json"])
    document = json.loads(done.stdout)["result"]
    stored = plimsoll.read_parameters(new)
    assert stored.id == document["parameter_set_id"]
    assert document["parent_set_id"] == parent.parameters.id == stored.parent
    told = CliRunner().invoke(application(), words).stdout
    assert "What moved of BUSDT since 2023-07-05" in told
    assert f"parent {stored.parent}" in told
    assert "Time taken" in told


def test_a_proposal_is_not_written_over_its_calibration(
    venue: Path, made: tuple[CalibrationResult, Path], tmp_path: Path
) -> None:
    """Nor into it, nor where a link leads there, nor where the state is named itself."""
    _, out = made
    files = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    link = tmp_path / "link"
    link.symlink_to(out)
    for target, state in (
        (out, out),
        (out / "new" / "proposal", out),
        (link, out),
        (out, out / STATE),
        (out / ".." / out.name, link),
    ):
        with pytest.raises(UsageError, match="another folder") as error:
            recalibrate(venue, market="BUSDT", state=state, as_of=DAY, out=target)
        assert error.value.field == "out"
    assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == files


def _refused(venue: Path, out: Path, day: str, match: str) -> None:
    with pytest.raises(PlimsollError, match=match) as error:
        recalibrate(venue, market="BUSDT", state=out, as_of=day)
    assert isinstance(error.value, DataError | UsageError)


def _moved_venue(venue: Path, folder: Path) -> Path:
    shutil.copytree(venue, folder)
    return folder


def test_bars_that_do_not_follow_are_refused(
    venue: Path, made: tuple[CalibrationResult, Path], tmp_path: Path
) -> None:
    """Another past, a gap of all markets."""
    _, out = made
    at = pl.col("ts") + EARLIER_NS - 1_672_531_200 * 10**9
    past, gap = at // DAY_NS == 280, at // HOUR_NS == 24 * 287 + 5
    other = _moved_venue(venue, tmp_path / "other")
    _write_prices(
        other,
        lambda bars: bars.with_columns(
            close=pl.when(past).then(pl.col("close") * 1.0001).otherwise(pl.col("close"))
        ),
    )
    _refused(other, out, DAY, "bars that the state saw")
    holed = _moved_venue(venue, tmp_path / "holed")
    _write_prices(holed, lambda bars: bars.filter(~gap))
    _refused(holed, out, DAY, "without a gap")


def test_a_stale_or_foreign_state_is_refused(
    venue: Path, made: tuple[CalibrationResult, Path], tmp_path: Path
) -> None:
    _, out = made
    _refused(venue, out, "2023-07-04", "not lie before the calibration")
    with pytest.raises(UsageError, match="market of the calibration"):
        recalibrate(venue, market="XUSDT", state=out, as_of=DAY)
    state, _ = read_state(out)
    assert state.expires_ns > state.panel.time_ns
    copied = tmp_path / "out"
    shutil.copytree(out, copied)
    whole = (copied / STATE).read_bytes()
    (copied / STATE).write_bytes(whole[:-7])
    _refused(venue, copied, DAY, "as it was written")
    (copied / STATE).unlink()
    _refused(venue, copied, DAY, "warm state of a calibration")
    changed = _moved_venue(venue, tmp_path / "changed")
    text = (changed / "venue.yaml").read_text()
    (changed / "venue.yaml").write_text(text + "seed: 3\n")
    _refused(changed, out, DAY, "venue file that was calibrated")


def test_from_the_day_on_which_weights_are_learnt_anew_a_state_is_stale(
    venue: Path, tmp_path: Path
) -> None:
    """182 days after the first bar of 2022-09-23: 2023-03-24 (and 08:00)."""
    out = tmp_path / "out"
    calibrate(venue, as_of="2023-03-20", out=out)
    assert recalibrate(venue, market="BUSDT", state=out, as_of="2023-03-23").files == ()
    _refused(venue, out, "2023-03-26", "other weights, constants or another policy")


def test_the_page_prints_what_it_says(
    venue: Path,
    made: tuple[CalibrationResult, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """``PLIMSOLL_WRITE_TOUR=1`` writes what the commands print today into the page."""
    assert made[1] == venue / "out"
    monkeypatch.chdir(_moved_venue(venue, tmp_path / "venue"))
    text, shown = PAGE.read_text(encoding="utf-8"), 0
    for block, command, expected in blocks():
        done = CliRunner().invoke(application(), shlex.split(command)[1:])
        printed = f"{done.stdout}{done.stderr}"
        if os.environ.get("PLIMSOLL_WRITE_TOUR") == "1":
            text = text.replace(block, f"$ {command}\n{shortened(printed)}")
            continue
        assert is_told(expected, printed), f"{command}\n{printed}"
        shown += len(expected.splitlines()) > 2
    if os.environ.get("PLIMSOLL_WRITE_TOUR") == "1":
        PAGE.write_text(text, encoding="utf-8")
    else:
        assert shown == 1
