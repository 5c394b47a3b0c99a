"""Tables and progress: literal text, no escape codes in files, numbers that JSON can hold."""

from __future__ import annotations

import io
import json
import math

import numpy as np
import pytest
from rich.console import Console

from plimsoll.cli.output import Output
from plimsoll.cli.progress import BarProgress, LineProgress
from plimsoll.cli.render import rich_table, table_document
from plimsoll.domain.table import Column, ColumnKind, Table

TABLE = Table(
    name="t",
    title="A [bold]title[/bold]",
    columns=(
        Column(name="market", title="Market"),
        Column(name="rate", title="Rate", kind=ColumnKind.FRACTION),
        Column(name="at", title="At", kind=ColumnKind.TIME),
        Column(name="pass", title="Pass", kind=ColumnKind.FLAG),
    ),
    rows=(
        ("BTC [red]", 0.0125, 1_640_995_200_000_000_000, True),
        ("ETH", math.nan, None, False),
        ("X", math.inf, 0, True),
    ),
    notes=("SYNTHETIC marks",),
)


def test_markup_in_data_is_text() -> None:
    console = Console(file=io.StringIO(), width=100)
    console.print(rich_table(TABLE))
    assert isinstance(console.file, io.StringIO)
    drawn = console.file.getvalue()
    assert "A [bold]title[/bold]" in drawn
    assert "BTC [red]" in drawn
    assert "1.25" in drawn
    assert "2022-01-01 00:00" in drawn


def test_dates_and_numbers_are_never_folded() -> None:
    """Twelve columns at 140 characters: the text gives way, each date and price stays whole."""
    prices = [
        Column(name=f"p{i}", title=f"A long title {i}", kind=ColumnKind.NUMBER) for i in range(10)
    ]
    table = Table(
        name="wide",
        title="Wide",
        columns=(
            Column(name="at", title="Expiry", kind=ColumnKind.TIME),
            *prices,
            Column(name="told", title="Told"),
        ),
        rows=((0, *(12_345.67 + i for i in range(10)), "words that may be folded " * 3),),
    )
    console = Console(file=io.StringIO(), width=140)
    console.print(rich_table(table))
    assert isinstance(console.file, io.StringIO)
    drawn = console.file.getvalue()
    assert "1970-01-01 00:00" in drawn
    assert all(f"{12_345.67 + i:,.2f}" in drawn for i in range(10))


def test_a_table_off_the_terminal_is_plain(capsys: pytest.CaptureFixture[str]) -> None:
    Output(command="c").table(TABLE)
    assert capsys.readouterr().out == f"{TABLE}\n\n"


def test_json_has_no_number_that_json_lacks() -> None:
    document = table_document(TABLE)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["rows"] == [
        {"market": "BTC [red]", "rate": 0.0125, "at": "2022-01-01T00:00Z", "pass": True},
        {"market": "ETH", "rate": None, "at": None, "pass": False},
        {"market": "X", "rate": "inf", "at": "1970-01-01T00:00Z", "pass": True},
    ]


def test_under_json_people_s_lines_stay_out_of_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(command="c", json=True)
    output.line("for people")
    output.table(TABLE)
    output.note("aside")
    output.document(0, {"result": {}})
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {
        "command": "c",
        "schema_version": 1,
        "exit_code": 0,
        "result": {},
    }
    assert printed.err == "aside\n"


def test_a_document_is_json_whatever_number_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    values = (1.5, float("nan"), float("inf"), np.float64("-inf"), True, 3, None, "nan")
    Output(command="c", json=True).document(0, {"rows": [{"deep": values}]})
    found = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert found["rows"][0]["deep"] == [1.5, None, "inf", "-inf", True, 3, None, "nan"]


def test_line_progress_prints_a_line_per_finished_stage() -> None:
    stream = io.StringIO()
    progress = LineProgress(stream)
    progress.start("fit", 3)
    progress.advance(2)
    progress.advance()
    assert stream.getvalue() == ""
    progress.finish()
    progress.finish()
    progress.start("read")
    progress.finish()
    lines = stream.getvalue().splitlines()
    assert [line.rsplit(" ", 2)[0] for line in lines] == ["fit: 3/3", "read:"]


def test_bars_survive_any_order_of_calls() -> None:
    with BarProgress() as progress:
        progress.advance()
        progress.finish()
        progress.start("a [red]", 2)
        progress.advance(2)
        progress.start("b")
        progress.advance()
        progress.finish()
        progress.start("a [red]", 2)
