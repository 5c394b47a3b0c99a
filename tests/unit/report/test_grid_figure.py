"""The picture of margins against reference losses: where marks stand, and what has no logarithm."""

from __future__ import annotations

import re

from plimsoll.domain.evidence import Evidence
from plimsoll.domain.table import Column, ColumnKind, Table
from plimsoll.report.grid_figure import grid_drawing, grid_figure, portfolio_marks

ROWS = (
    ("BTC perpetual, long", "directional", 10_000.0, 17_000.0, 14_000.0),
    ("BTC fly <7 d>", "hedged", 100.0, 600.0, 300.0),
    ("BTC worthless", "hedged", 0.0, 600.0, 300.0),
)


def evidence(name: str = "grid_portfolios") -> Evidence:
    columns = (
        Column(name="portfolio", title="Portfolio"),
        Column(name="group", title="Group"),
        *(
            Column(name=key, title=key, kind=ColumnKind.MONEY)
            for key in ("loss", "published", "calibrated")
        ),
    )
    table = Table(name=name, title="t", columns=columns, rows=ROWS)
    return Evidence(parameter_set_id="x", label="made", checks=(), tables=(table,))


def test_portfolios_without_a_loss_are_left_to_the_table() -> None:
    assert [m.name for m in portfolio_marks(evidence())] == [row[0] for row in ROWS[:2]]
    assert portfolio_marks(evidence("other")) == ()


def test_the_live_picture_holds_both_sets_of_both_groups() -> None:
    figure = grid_figure(portfolio_marks(evidence()), "made")
    traces = {t["name"]: t for t in figure["data"]}  # type: ignore[index, union-attr, call-overload]
    assert traces["hedged, calibrated"]["y"] == [300.0]
    assert traces["directional, published"]["x"] == [10_000.0]
    assert "<7" not in str(traces["hedged, calibrated"]["text"])


def test_the_drawing_has_a_mark_for_each_and_stays_in_its_frame() -> None:
    drawn = str(grid_drawing(portfolio_marks(evidence()), "made"))
    assert drawn.count("Z") == 4 + 4  # marks of two portfolios in two sets, and of the legend
    numbers = [float(x) for x in re.findall(r"M(\d+\.\d)", drawn)]
    assert all(0.0 <= x <= 560.0 for x in numbers)
    assert "100,000" not in drawn
