"""A study's verdict and headline go to the page of results, its other tables beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from plimsoll.domain.evidence import Check, Verdict
from plimsoll.domain.table import Column, Table
from plimsoll.errors import UsageError
from plimsoll.journeys.study_result import StudyResult, write_study


def table(name: str) -> Table:
    return Table(
        name=name, title=f"Title of {name}", columns=(Column(name="a", title="A"),), rows=((1,),)
    )


def study(*headline: str) -> StudyResult:
    check = Check(name="line", verdict=Verdict.HOLDS, found="2", demanded="at least 1")
    return StudyResult(
        name="ladders",
        title="Ladders",
        label="SYNTHETIC",
        tables=(table("main"), table("sizes")),
        checks=(check,),
        headline=headline,
    )


def test_without_a_headline_every_table_stands_on_one_page(tmp_path: Path) -> None:
    page = tmp_path / "results.md"
    assert write_study(page, study()) == (page,)
    text = page.read_text("utf-8")
    assert "Title of main" in text
    assert "Title of sizes" in text


def test_other_tables_go_beside_and_what_is_written_by_hand_stays(tmp_path: Path) -> None:
    page, beside = tmp_path / "results.md", tmp_path / "results-ladders.md"
    page.write_text(
        "before\n<!-- ladders: begin -->\nstale\n<!-- ladders: end -->\nafter\n", "utf-8"
    )
    for _ in range(2):  # the second time both pages exist
        assert write_study(page, study("main")) == (page, beside)
    text, rest = page.read_text("utf-8"), beside.read_text("utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "stale" not in text
    assert "Title of main" in text
    assert "| line | holds | 2 | at least 1 |" in text
    assert "Title of sizes" not in text
    assert "(results-ladders.md)" in text
    assert rest.startswith("# Ladders: every table")
    assert rest.count("Title of sizes") == 1
    assert "Title of main" not in rest


def test_a_headline_names_tables_that_there_are() -> None:
    with pytest.raises(UsageError, match="table: must be one of"):
        study("absent")
