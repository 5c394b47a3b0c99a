"""The page of the frontier: both pictures, every table, nothing fetched, everything escaped."""

from __future__ import annotations

import re
from pathlib import Path

from plimsoll.calibration.frontier.figures import Cost, Movement, PathFigures
from plimsoll.domain.table import Column, Table
from plimsoll.report.frontier_page import frontier_page
from plimsoll.validation.comparison.method_score import Rate


def figures(cost: float, peak_to_trough: float) -> tuple[PathFigures, PathFigures]:
    whole = Cost(lived=cost, equal=cost, rate=0.005, yardstick_rate=0.005)
    rate = Rate(rate=0.005, standard_error=0.0005, pairs=1000)
    one = PathFigures(
        total=whole,
        even=whole,
        odd=whole,
        rate=rate,
        yardstick_rate=rate,
        movement=Movement(peak_to_trough=peak_to_trough, call_5=0.2, call_20=0.4, churn=0.02),
        worst_quartile=0.006,
        excess=0.4,
        uncovered=0.01,
        crises={},
    )
    return one, one


TABLE = Table(
    name="frontier_points",
    title="Points <b>of</b> the frontier",
    columns=(Column(name="point", title="Point"),),
    rows=(("a < b & c",),),
)


def page() -> str:
    return frontier_page(
        {"B": figures(1.0, 1.38), "I": figures(0.9, 5.0)},
        {"": figures(0.95, 1.5)},
        {"calm <1>": figures(0.94, 1.25)},
        [TABLE],
        "SYNTHETIC prices",
    )


def test_the_page_is_whole_and_says_what_it_is(tmp_path: Path) -> None:
    text = page()
    assert text == page()
    for told in (
        "The price of safety",
        ">Frontier</p>",
        "SYNTHETIC prices",
        'class="band synthetic',
    ):
        assert told in text
    assert text.count("<figure") == 2
    assert "a &lt; b &amp; c" in text
    assert "<b>of</b>" not in text
    assert "calm <1>" not in text


def test_nothing_is_fetched() -> None:
    text = re.sub(r"<script.*?</script>", "", page(), flags=re.DOTALL)
    assert not re.findall(r'(?:src|href)="(?!#)[^"]+"', text)
    assert "default-src 'none'" in text


def test_what_lies_beyond_the_frame_stands_at_its_edge_with_its_figures() -> None:
    assert "(PT 5.00, 0.90)" in page()
