"""Pictures and page of many surfaces: every surface a mark, broken ones ringed, nothing run."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from plimsoll.domain.evidence import Verdict
from plimsoll.report.key_figures import KeyFigure
from plimsoll.report.surface_history import History, TimePicture, time_pictures
from plimsoll.report.surface_history_figures import time_drawing, time_figure
from plimsoll.report.surface_page import ChainPage
from plimsoll.report.surfaces_page import Demanded, surfaces_page
from surface_views import HOSTILE

DAY_NS = 86_400 * 10**9
DEMANDED = Demanded(inside=0.98, surface_median=0.45)


def history(label: str = "HELM", count: int = 5) -> History:
    """Invented numbers: the third snapshot is broken, the fourth has no judged quote."""
    rising = np.linspace(0.0, 1.0, count)
    inside = 0.97 + 0.03 * rising
    inside[3] = np.nan
    return History(
        label=label,
        at_ns=(20_000 + np.arange(count)) * DAY_NS,
        inside=inside,
        mark_inside=inside - 0.05,
        median_half_spreads=0.1 + 0.1 * rising,
        index=40.0 + 5.0 * rising,
        broken=np.arange(count) == 2,
    )


def pictures(*histories: History) -> dict[str, TimePicture]:
    found = time_pictures(histories, inside_bound=0.98, median_bound=0.45)
    return {picture.key: picture for picture in found}


def page(label: str) -> str:
    judged = ChainPage(
        label=label,
        view=None,
        verdict=Verdict.HOLDS,
        meaning=f"About {label}",
        checks=(),
        key_figures=(KeyFigure(title="Flips", value="0", unit="", about=label),),
        tables=(),
    )
    return surfaces_page(
        judged, [history(label)], DEMANDED, title=label, source=f"SYNTHETIC {label}"
    )


def test_each_surface_is_a_point_with_its_own_number() -> None:
    found = pictures(history(), history("KEEL"))
    assert list(found) == ["inside", "median", "index"]
    figure: Any = time_figure(found["inside"], "SYNTHETIC")
    names = [trace["name"] for trace in figure["data"]]
    marks = ["HELM, venue's mark", "KEEL, venue's mark"]
    assert names == [*marks, "HELM", "KEEL", "broken snapshot"]
    helm = figure["data"][2]
    assert helm["y"] == pytest.approx([97.0, 97.75, 98.5, None, 100.0])
    assert helm["x"][0] == "2024-10-04 00:00"
    assert figure["layout"]["shapes"][0]["y0"] == pytest.approx(98.0)
    symbols = [trace["marker"]["symbol"] for trace in figure["data"][:4]]
    assert len(set(symbols)) == 4


def test_the_coin_with_less_inside_is_drawn_over_the_others() -> None:
    low = replace(history(), inside=0.99 * history().inside)
    figure: Any = time_figure(pictures(low, history("KEEL"))["inside"], "SYNTHETIC")
    marks = ["HELM, venue's mark", "KEEL, venue's mark"]
    assert [trace["name"] for trace in figure["data"]][:4] == [*marks, "KEEL", "HELM"]
    assert figure["data"][3]["marker"]["color"] == "#0064a6"  # each keeps its own dress
    assert figure["layout"]["margin"]["r"] >= 30  # half of "Sep 2026" at 12 px: the last date


def test_broken_snapshots_are_ringed_once_a_chain() -> None:
    figure: Any = time_figure(pictures(history(), history("KEEL"))["median"], "SYNTHETIC")
    ringed = figure["data"][-1]
    assert ringed["name"] == "broken snapshot"
    assert ringed["y"] == pytest.approx([0.15, 0.15])
    sound = replace(history(), broken=np.zeros(5, dtype=np.bool_))
    assert len(time_figure(pictures(sound)["median"], "SYNTHETIC")["data"]) == 1


def test_the_drawing_has_a_mark_for_every_known_number() -> None:
    drawn = str(time_drawing(pictures(history())["index"], "SYNTHETIC"))
    filled = re.findall(r'<path d="[^"]+Z" fill="#0064a6"', drawn)
    assert len(filled) == 5 + 1  # and one in the key
    assert drawn.count("<circle") == 1 + 1
    assert "nan" not in drawn
    drawn = str(time_drawing(pictures(history())["inside"], "SYNTHETIC"))
    assert len(re.findall(r'<path d="[^"]+Z" fill="#0064a6"', drawn)) == 4 + 1
    assert "line: demanded, 98" in drawn


def test_one_surface_and_none_are_drawn_too() -> None:
    alone = history(count=5)
    one = replace(alone, **{f: getattr(alone, f)[:1] for f in _COLUMNS})
    for picture in pictures(one).values():
        assert "nan" not in str(time_drawing(picture, "SYNTHETIC"))
    unknown = np.full(5, np.nan)
    bare = replace(alone, inside=unknown, mark_inside=unknown, median_half_spreads=unknown)
    assert list(pictures(bare)) == ["index"]


def test_the_page_is_whole_and_runs_no_name() -> None:
    text = page(HOSTILE)
    assert text == page(HOSTILE)
    assert HOSTILE not in text
    assert "<img" not in text
    assert "Over time" in text
    assert "Smiles" not in text
    block = re.search(r'<script type="application/json" id="figures">(.*?)</script>', text, re.S)
    assert block is not None
    assert set(json.loads(block.group(1))) == {"all-inside", "all-median", "all-index"}
    assert text.count("<svg viewBox") == 3


_COLUMNS = ("at_ns", "inside", "mark_inside", "median_half_spreads", "index", "broken")
