"""Every method is in the picture, by name; one beyond the frame at its edge, with its figures."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest

from plimsoll.report.comparison_figures import frontier_drawing, frontier_figure, frontiers

# name, cost, FZ0, peak to trough: those of a run over one hour, and a constant margin.
SCORES = (
    ("default", 0.893, -3.364, 2.23),
    ("hs_365", 0.990, -3.229, 1.36),
    ("hs_365_buffer", 1.0, -3.199, 1.33),
    ("garch_t_pot", 0.938, -3.402, 11.86),
    ("constant", 1.9, -2.1, 1.0),
)


def scores() -> Any:
    return [
        SimpleNamespace(
            name=name,
            equal_coverage_cost=cost,
            fz0=fz0,
            peak_to_trough=swing,
            pooled=SimpleNamespace(rate=0.01),
        )
        for name, cost, fz0, swing in SCORES
    ]


@pytest.mark.parametrize("which", [0, 1])
def test_every_method_is_in_both_pictures(which: int) -> None:
    frontier = frontiers(scores(), 1)[which]
    live = frontier_figure(frontier, "SYNTHETIC")
    trace, shown = live["data"][0], live["layout"]
    drawn = str(frontier_drawing(frontier, "SYNTHETIC"))
    for place, (name, *_) in enumerate(SCORES):
        assert trace["text"][place].startswith(name)
        assert f">{name}" in drawn
        low, high = shown["xaxis"]["range"]
        assert low <= trace["x"][place] <= high
        low, high = shown["yaxis"]["range"]
        assert low <= trace["y"][place] <= high


def test_what_lies_beyond_the_frame_stands_at_its_edge_with_its_figures() -> None:
    frontier = frontiers(scores(), 1)[1]
    trace = frontier_figure(frontier, "SYNTHETIC")["data"][0]
    drawn = str(frontier_drawing(frontier, "SYNTHETIC"))
    assert trace["text"][3] == "garch_t_pot ↑ (-3.402, PT 11.86)"
    assert trace["text"][4] == "constant → (-2.100, PT 1.00)"
    assert trace["text"][3] in drawn
    assert trace["marker"]["symbol"][3:] == ["triangle-up", "triangle-right"]
    assert trace["customdata"][3] == [-3.402, 11.86]
    assert trace["y"][3] == frontier.frame.up[1] < 4.0
    assert trace["x"][3] == -3.402
    assert trace["x"][4] == frontier.frame.across[1] < -3.0


def test_names_at_the_right_stand_to_the_left_of_their_points() -> None:
    trace = frontier_figure(frontiers(scores(), 1)[1], "SYNTHETIC")["data"][0]
    sides = [place.split()[1] for place in trace["textposition"]]
    assert sides == ["right", "left", "left", "right", "left"]
    assert trace["cliponaxis"] is False


def test_printed_names_of_neighbours_keep_apart() -> None:
    drawn = str(frontier_drawing(frontiers(scores(), 1)[0], "SYNTHETIC"))
    found = {
        name: float(y) for y, name in re.findall(r'y="([\d.]+)"[^>]*>(hs_365\w*)</text>', drawn)
    }
    # Letters are 8 high; both names end within a few pixels of each other.
    assert abs(found["hs_365"] - found["hs_365_buffer"]) >= 8.0
