"""What is signed is the last set of its schedule; on the way the set of the day is in force."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from small_venue import write_venue

import plimsoll
from plimsoll.domain.parameters import ParameterSet
from plimsoll.errors import DataError

PLAN = """structure:
  step_limits: {rise: 0.003, notice_tightening_hours: 24, interval_hours: 48}
"""
DAY = "2023-10-10"


@dataclass(frozen=True)
class Scheduled:
    venue: Path
    out: Path
    low: ParameterSet
    found: plimsoll.CalibrationResult


@pytest.fixture(scope="module")
def scheduled(tmp_path_factory: pytest.TempPathFactory) -> Scheduled:
    """A set at 99 %, reached by steps from one at 95 %."""
    folder = write_venue(tmp_path_factory.mktemp("scheduled"))
    venue, out = folder / "venue.yaml", folder / "out"
    text = venue.read_text()
    venue.write_text(text + "target: {maintenance_level: 0.95}\n")
    low = plimsoll.calibrate(venue, as_of=DAY)
    assert low.calibration.schedule == ()
    venue.write_text(text + PLAN)
    found = plimsoll.calibrate(venue, as_of=DAY, out=out, incumbent=low.parameters)
    return Scheduled(venue, out, low.parameters, found)


def test_the_set_is_the_last_of_the_schedule_and_valid_from_its_date(scheduled: Scheduled) -> None:
    found, out = scheduled.found, scheduled.out
    schedule = found.calibration.schedule
    assert len(schedule) > 1
    assert found.parameters == schedule[-1]
    assert found.parameters.valid_from > schedule[0].valid_from > f"{DAY}T00:00:00Z"
    assert found.parameters.parent == schedule[-2].id
    assert schedule[0].parent == scheduled.low.id
    assert found.evidence.parameter_set_id == found.parameters.id
    last = max((out / "schedule").iterdir())
    assert last.read_bytes() == (out / "parameters.json").read_bytes()
    assert json.loads(last.read_text())["valid_from"] == found.parameters.valid_from


def test_a_market_is_recalibrated_from_the_set_that_stands_on_the_day(
    scheduled: Scheduled, tmp_path: Path
) -> None:
    schedule = scheduled.found.calibration.schedule
    for standing, day in ((schedule[0], "2023-10-12"), (schedule[-1], "2023-10-28")):
        found = plimsoll.recalibrate(
            scheduled.venue, market="AUSDT", state=scheduled.out, as_of=day, out=tmp_path / day
        )
        assert found.parent == standing
        assert found.schedule[0].parent == standing.id
        assert found.parameters == found.schedule[-1]
        assert found.parameters.valid_from >= f"{day}T00:00:00Z"
        written = sorted((tmp_path / day / "schedule").iterdir())
        assert len(written) == len(found.schedule)
        assert written[-1].read_bytes() == (tmp_path / day / "parameters.json").read_bytes()


def test_before_the_first_set_of_the_schedule_another_stands(scheduled: Scheduled) -> None:
    with pytest.raises(DataError, match=r"first set of the\s+schedule .* --incumbent"):
        plimsoll.recalibrate(scheduled.venue, market="AUSDT", state=scheduled.out, as_of=DAY)


def test_a_dated_set_that_is_not_the_one_its_successor_names_is_refused(
    scheduled: Scheduled,
) -> None:
    first = min((scheduled.out / "schedule").iterdir())
    kept = first.read_bytes()
    first.write_bytes(kept.replace(b"AUSDT", b"BUSDT", 1))
    try:
        with pytest.raises(DataError, match="must be the set that the next one supersedes"):
            plimsoll.recalibrate(
                scheduled.venue, market="AUSDT", state=scheduled.out, as_of="2023-10-12"
            )
    finally:
        first.write_bytes(kept)
