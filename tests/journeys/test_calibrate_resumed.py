"""A calibration that was killed goes on where it stood, to the same bytes; what is off is refused.

The child kills itself with SIGKILL when a stage is opened: no handler, no clean-up, as by ``kill
-9``. The venue is tiny, with an appetite and a part beside its ratios, so that every kind of stage
is kept.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from small_venue import SYMBOLS, VENUE, as_bars, prices, seen_by

from plimsoll.adapters.files.kept_stages import WORK, KeptStages
from plimsoll.config.loader import load_venue
from plimsoll.domain.market import DAY_NS
from plimsoll.journeys.calibrate import calibrate
from plimsoll.journeys.calibrate_checkpoint import inputs_key
from plimsoll.journeys.result import CalibrationResult

SECTIONS = """\
model: {volatility: log_blend}
appetite: {profile: moderate}
liquidation: {window_days: 200}
"""
END = "2023-07-20"
EARLIER_NS = 100 * DAY_NS
CHILD = """
import os, signal, sys
from plimsoll.journeys.calibrate import calibrate

class Killing:
    def start(self, label, total=None):
        if label == sys.argv[3]:
            os.kill(os.getpid(), signal.SIGKILL)
    def advance(self, count=1): ...
    def finish(self): ...

calibrate(sys.argv[1], as_of=sys.argv[4], out=sys.argv[2], progress=Killing())
"""
FORECASTS = ("forecast, log_blend", "forecast, ewma_t")
POLICIES = "margin policies"


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three hundred days over a New Year, at which the appetite chooses."""
    folder = tmp_path_factory.mktemp("venue")
    for seed, symbol in enumerate(SYMBOLS):
        bars = prices(seed).with_columns(ts=pl.col("ts") - EARLIER_NS)
        bars.write_parquet(folder / f"{symbol}.parquet")
    text = VENUE.replace("2023-06-01", "2023-01-01, compare: [ewma_t]") + SECTIONS
    (folder / "venue.yaml").write_text(text)
    return folder


@pytest.fixture(scope="module")
def whole(venue: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Files of a run that nobody stopped."""
    out = tmp_path_factory.mktemp("whole")
    result = calibrate(venue, as_of=END, out=out)
    assert result.notes == ()
    assert not (out / WORK).exists()
    return _files(out)


def _files(out: Path) -> dict[str, bytes]:
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }


def _kill(venue: Path, out: Path, at: str) -> set[str]:
    """Run until a stage is opened, kill, and return the names of what was kept."""
    done = subprocess.run([sys.executable, "-c", CHILD, venue, out, at, END], check=False)
    assert done.returncode == -signal.SIGKILL
    assert not (out / "parameters.json").exists()
    return {path.stem for path in (out / WORK).glob("*.kept")}


def _taken_over(result: CalibrationResult) -> set[str]:
    return {note.split(":")[0] for note in result.notes if "taken over" in note}


@pytest.fixture(scope="module")
def killed(venue: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a run that was killed in two stages, one after the other."""
    out = tmp_path_factory.mktemp("killed") / "out"
    assert _kill(venue, out, "forecast (ewma_t)") == {"forecast-log-blend"}
    kept = _kill(venue, out, "calibrate liquidation")
    assert kept == {"forecast-log-blend", "forecast-ewma-t", "margin-policies"}
    return out


def test_killed_twice_it_goes_on_to_the_same_bytes(
    venue: Path, whole: dict[str, bytes], killed: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(killed, out)
    result = calibrate(venue, as_of=END, out=out)
    assert _taken_over(result) == {*FORECASTS, POLICIES}
    assert _files(out) == whole
    assert not (out / WORK).exists()


def test_what_does_not_match_is_made_again(
    venue: Path, whole: dict[str, bytes], killed: Path, tmp_path: Path
) -> None:
    """A byte changed, a file cut off, a stage of other inputs under the right name."""
    out = tmp_path / "out"
    shutil.copytree(killed, out)
    changed, cut = (out / WORK / f"forecast-{name}.kept" for name in ("log-blend", "ewma-t"))
    data = bytearray(changed.read_bytes())
    data[-9] ^= 1
    changed.write_bytes(data)
    cut.write_bytes(cut.read_bytes()[:-100])
    KeptStages(out, "of another day", print).put(POLICIES, "anything")
    result = calibrate(venue, as_of=END, out=out)
    assert _taken_over(result) == set()
    told = " ".join(result.notes)
    assert told.count("refused") == 2
    assert "other inputs" in told
    assert not (out / WORK).exists()
    assert _files(out) == whole


def test_the_key_is_of_all_inputs(venue: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another day, other prices, another constant of the problem: another key."""
    bars = as_bars()
    one = bars["AUSDT"]
    moved = bars | {"AUSDT": replace(one, close=one.close * (1.0 + 1e-12))}
    other = load_venue(venue)
    other = replace(other, config=other.config.model_copy(update={"seed": 7}))
    calls = [
        (venue, bars, "2023-10-27"),
        (venue, bars, "2023-10-26"),
        (venue, moved, "2023-10-27"),
        (other, bars, "2023-10-27"),
    ]
    keys = [
        inputs_key(*seen_by(monkeypatch, calibrate, file, data=data, as_of=day))
        for file, data, day in calls
    ]
    assert len(set(keys)) == len(calls)
    assert inputs_key(*seen_by(monkeypatch, calibrate, venue, data=bars, as_of=END)) not in keys
