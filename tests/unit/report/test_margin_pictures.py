"""Heat maps of losses: every scenario in its cell, frames where it binds, both forms alike."""

from __future__ import annotations

import re

import numpy as np
import pytest

from plimsoll.domain.evidence import Verdict
from plimsoll.domain.margin_explanation import ScenarioLosses, UnitExplanation
from plimsoll.domain.table import Column, Table
from plimsoll.report.key_figures import KeyFigure
from plimsoll.report.margin_figures import loss_drawing, loss_figure, loss_plots
from plimsoll.report.margin_grid import loss_grid
from plimsoll.report.margin_page import AccountPage, margin_page

HOSTILE = "</script><img src=x onerror=alert(1)>"
MOVES = np.array([0.16, 0.16, 0.0, -0.16, -0.16, np.nan, 0.16])
VOLS = ("up", "down", "none", "up", "down", "skew_linear", "up")
LOSSES = np.array([-5.0, -4.0, 0.0, 30.0, 25.0, 3.0, -7.0])


def scenarios(name: str = "BTC") -> ScenarioLosses:
    return ScenarioLosses(
        risk_unit=name,
        names=tuple(f"{name} {i}" for i in range(7)),
        price_moves=MOVES,
        volatility=VOLS,
        losses=LOSSES,
        binding=3,
    )


def explained(name: str = "desk") -> UnitExplanation:
    return UnitExplanation(
        account=name,
        unit="cross",
        numeraire="USD",
        initial=30.0,
        maintenance=24.0,
        equity=10.0,
        terms=(),
        scenarios=(scenarios(name),),
    )


def test_every_scenario_has_its_cell() -> None:
    grid = loss_grid(scenarios(), "desk", "USD")
    assert grid.moves == (0.16, 0.0, -0.16)
    assert grid.vols == ("down", "none", "up")
    nan = np.nan
    expected = [[-4.0, nan, -5.0], [nan, 0.0, nan], [25.0, nan, 30.0]]
    np.testing.assert_array_equal(grid.losses, expected)  # of two in one cell the larger loss
    assert grid.names[0] == ("BTC 1", "", "BTC 0")
    assert (grid.binding, grid.runner_up) == ((2, 2), (2, 0))
    assert (grid.apart, grid.covered) == (1, 1)


def test_live_and_drawn_show_the_same() -> None:
    grid = loss_grid(scenarios(), "desk", "USD")
    live, drawn = loss_figure(grid, "SYNTHETIC"), str(loss_drawing(grid, "SYNTHETIC"))
    heat = live["data"][0]  # type: ignore[index]
    assert heat["z"] == [[-4.0, None, -5.0], [None, 0.0, None], [25.0, None, 30.0]]  # type: ignore[index]
    texts = [t for row in heat["text"] for t in row if t]  # type: ignore[index]
    for text in texts:
        assert f">{text}</text>" in drawn
    assert len(live["layout"]["shapes"]) == 2  # type: ignore[index, arg-type]
    assert len(re.findall(r"<rect ", drawn)) == 5
    assert drawn.count('stroke-width="2"') == 2


def test_notebook_figures() -> None:
    plots = loss_plots([explained()], "SYNTHETIC")
    assert list(plots) == ["loss-0-0"]
    assert plots["loss-0-0"].data[0].zmax == 30.0
    assert loss_plots([], "SYNTHETIC") == {}


def test_a_unit_without_scenarios_has_no_picture() -> None:
    nothing = ScenarioLosses(
        risk_unit="X", names=(), price_moves=np.zeros(0), volatility=(), losses=np.zeros(0),
        binding=None,
    )  # fmt: skip
    grid = loss_grid(nothing, "x", "USD")
    assert grid.moves == ()
    assert grid.binding is None


def page(name: str = HOSTILE) -> str:
    table = Table(name="t", title=name, columns=(Column(name="a", title=name),), rows=((name,),))
    account = AccountPage(
        name=name,
        verdict=Verdict.BREACH,
        meaning=name,
        key_figures=(KeyFigure(title=name, value="1", unit="USD", about=name),),
        explanations=(explained(name),),
        tables=(table,),
    )
    return margin_page([account], title=name, source=f"SYNTHETIC {name}", note=name)


def test_hostile_names_stay_text() -> None:
    text = page()
    assert HOSTILE not in text
    assert "<img src=x" not in text
    assert "http" not in re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL).replace(
        "http-equiv", ""
    )


def test_same_inputs_same_bytes() -> None:
    assert page("a") == page("a")


@pytest.mark.parametrize(("title", "count"), [("BREACH", 1), ("Margin", 1)])
def test_verdict_stands_on_the_page(title: str, count: int) -> None:
    assert page("a").count(f">{title}<") >= count
