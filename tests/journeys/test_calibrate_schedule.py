"""What is signed is the last set of its schedule: it holds when the steps have led to it."""

from __future__ import annotations

import json
from pathlib import Path

import plimsoll
from small_venue import END, write_venue

PLAN = """structure:
  step_limits: {rise: 0.003, notice_tightening_hours: 24, interval_hours: 48}
"""


def test_the_set_is_the_last_of_the_schedule_and_valid_from_its_date(tmp_path: Path) -> None:
    venue = write_venue(tmp_path)
    text = (venue / "venue.yaml").read_text()
    (venue / "venue.yaml").write_text(text + "target: {maintenance_level: 0.95}\n")
    low = plimsoll.calibrate(venue / "venue.yaml", as_of=END)
    assert low.calibration.schedule == ()
    (venue / "venue.yaml").write_text(text + PLAN)
    out = tmp_path / "out"
    found = plimsoll.calibrate(venue / "venue.yaml", as_of=END, out=out, incumbent=low.parameters)
    schedule = found.calibration.schedule
    assert len(schedule) > 1
    assert found.parameters == schedule[-1]
    assert found.parameters.valid_from > schedule[0].valid_from > f"{END}T00:00:00Z"
    assert found.parameters.parent == schedule[-2].id
    assert schedule[0].parent == low.parameters.id
    assert found.evidence.parameter_set_id == found.parameters.id
    last = max((out / "schedule").iterdir())
    assert last.read_bytes() == (out / "parameters.json").read_bytes()
    assert json.loads(last.read_text())["valid_from"] == found.parameters.valid_from
