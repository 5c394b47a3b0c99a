"""``plimsoll compare``: tables, files and JSON of forecasters over SYNTHETIC markets."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

import plimsoll
from plimsoll.cli.main import application
from plimsoll.domain.market import Bars
from plimsoll.errors import UsageError
from plimsoll.journeys.compare import compare
from plimsoll.journeys.study_result import between_markers
from synthetic_panel import closes, history_of

METHODS = "hs_365,hs_365_buffer,ewma_t,fhs_97"


def frame() -> pl.DataFrame:
    history = history_of(closes(700, 3))
    names = ("AAAUSDT", "BBBUSDT", "USDCUSDT")
    return pl.concat(
        pl.DataFrame({"symbol": name, "ts": history.time_ns, "close": history.close[:, i]})
        for i, name in enumerate(names)
    ).with_columns(pl.from_epoch("ts", time_unit="ns").dt.replace_time_zone("UTC"))


@pytest.fixture(scope="module")
def prices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("prices") / "hourly.parquet"
    frame().write_parquet(path)
    return path


def run(*arguments: str) -> tuple[int, str, str]:
    found = CliRunner().invoke(application(), ["compare", *arguments])
    return found.exit_code, found.stdout, found.stderr


def test_json_tables_and_files_say_the_same(prices: Path, tmp_path: Path) -> None:
    out, note = tmp_path / "out", tmp_path / "results.md"
    note.write_text("before\n<!-- comparison: begin -->\nSTALE\n<!-- comparison: end -->\nafter\n")
    code, text, _ = run(
        str(prices), "--methods", METHODS, "--horizon", "8", "--out", str(out),
        "--markdown", str(note), "--price", "spot_close", "--from", "2022-07-20", "--json",
    )  # fmt: skip
    assert code == 0
    document = json.loads(text)["result"]
    assert document["excluded"] == ["USDCUSDT"]
    assert document["markets"] == {"8": ["AAAUSDT", "BBBUSDT"]}
    table = document["tables"]["methods_8h"]
    assert [row["method"] for row in table["rows"]] == METHODS.split(",")
    with (out / "tables" / "methods_8h.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["fz0"]) for row in rows] == [row["fz0"] for row in table["rows"]]
    assert {row["price_source"] for row in rows} == {"spot closes standing in for marks"}
    page = (out / "comparison.html").read_text()
    assert "Forecasters at 99 % over 8 h" in page
    assert "frontier-cost-8" in page
    assert "<svg" in page
    written = note.read_text()
    assert written.startswith("before\n<!-- comparison: begin -->")
    assert written.endswith("<!-- comparison: end -->\nafter\n")
    assert "STALE" not in written
    assert "| fhs_97 |" in written


def test_the_verb_and_the_function_agree_to_the_byte(prices: Path, tmp_path: Path) -> None:
    first = plimsoll.compare(
        prices, methods=METHODS.split(","), horizon_hours=(24,), out=tmp_path / "a"
    )
    second = compare(frame(), methods=METHODS.split(","), horizon_hours=(24,), out=tmp_path / "b")
    names = [file.relative_to(tmp_path / "a") for file in first.files]
    assert names == [file.relative_to(tmp_path / "b") for file in second.files]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_people_see_tables(prices: Path) -> None:
    code, text, notes = run(str(prices), "--methods", "hs_365,ewma_t", "--horizon", "24")
    assert code == 0
    assert "Forecasters at 99 % over 24 h" in text
    assert "Breach rates by year and crisis" in text
    assert "forecast and score, 24 h" in notes
    code, text, _ = run(str(prices), "--methods", "list")
    assert code == 0
    assert "ewma_t: EWMA 0.97 a day, t(4); ES of the law" in text


def test_bars_in_memory_are_compared_too() -> None:
    history = history_of(closes(500, 2))
    bars = {
        name: Bars(
            market=name,
            time_ns=history.time_ns,
            close=history.close[:, i].copy(),
            interval_ns=history.interval_ns,
            price_kind=history.price_kind,
        )
        for i, name in enumerate(("ONE", "TWO"))
    }
    found = compare(bars, methods=["hs_365", "ewma_t"], horizon_hours=(8,), scored_days=60)
    assert found.horizon(8).markets == ("ONE", "TWO")
    assert found.table("methods_8h").column("method") == ("hs_365", "ewma_t")
    with pytest.raises(UsageError):
        found.horizon(3)


def test_columns_that_no_method_fills_are_left_out_and_named(prices: Path, tmp_path: Path) -> None:
    asked = (str(prices), "--methods", "hs_365,hs_365_buffer", "--horizon", "8")
    code, text, _ = run(*asked, "--out", str(tmp_path / "out"))
    assert code == 0
    page = (tmp_path / "out" / "comparison.html").read_text()
    written = (tmp_path / "out" / "comparison.md").read_text()
    for shown in (text, page, written):
        scores = shown[shown.index("Scores and their tests") : shown.index("Expected shortfall")]
        assert "DM p" in scores[scores.index("Left out, as no row has a number: less EWMA-t, DM") :]
        assert "They compare with ewma_t: name it and another among the methods." in scores
        assert "DM p" not in scores[: scores.index("Power of DM")]
        assert "MCS p" in scores[: scores.index("Power of DM")]
    _, text, _ = run(*asked, "--json")
    rows = json.loads(text)["result"]["tables"]["scores_8h"]["rows"]
    assert {row["dm_p"] for row in rows} == {None}
    _, text, _ = run(str(prices), "--methods", "hs_365,ewma_t", "--horizon", "8")
    assert "DM p" in text[: text.index("Power of DM")]
    assert "It is at the coverage of hs_365_buffer" in text


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--methods", "nothing"), 2, "--methods: must be a method, found 'nothing'; choose"),
        (("--methods", "hs_356"), 2, "did you mean hs_365? choose from hs_365, "),
        (("--methods", "hs_365,hs_365"), 2, "--methods: must name each method once"),
        (("--markets", "AAAUSD"), 2, "--markets: must be one of the history's markets, found"),
        (("--markets", "aaausd"), 2, "did you mean AAAUSDT? there are AAAUSDT, BBBUSDT, USDCUSDT"),
        (("--exclude", "AAAUSDT,BBBUSDT,USDCUSDT"), 3, "--exclude: must leave a market"),
        (("--set-every", "7"), 2, "--set-every: must divide 24, found 7; set margins every 24, 12"),
        (("--horizon", "8h"), 2, "--horizon: must be whole hours, 1 or more, found '8h'; write"),
        (("--horizon", "0"), 2, "--horizon: must be whole hours"),
        (("--horizon", "8", "--horizon", "8"), 2, "--horizon: must name horizons, each once"),
        (("--price", "closes"), 2, "--price: must be a kind of price, found 'closes'; choose"),
        (("--from", "yesterday"), 2, "--from: must be a date, found 'yesterday'; give a date"),
        (("--until", "later"), 2, "--until: must be a date"),
        (("--from", "2023-05-02", "--until", "2023-05-01"), 2, "--until: must not lie before"),
        (("--until", "2022-05-01"), 2, "starts begin on 2023-01-0"),
        (("--from", "2030-01-01"), 3, "--from: must leave a move of 8 h that began in the period"),
        (("--from", "2030-01-01"), 3, "prices reach from 2022-01-01 00:00 to 2023-12-01 23:00"),
        (("--from", "2023-11-01"), 3, "--scored-days: must leave a market with 250 scored days"),
        (("--from", "2023-11-01"), 3, "ask for fewer (--scored-days), for fewer days listed"),
        (("--close", "price"), 3, "price"),
    ],
)
def test_wrong_use_ends_in_a_message(
    prices: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    found, _, notes = run(str(prices), "--methods", "hs_365", *arguments)
    assert found == code
    assert said in notes


def test_markers_must_stand_once_and_in_order() -> None:
    with pytest.raises(UsageError, match="each once"):
        between_markers("no markers", "comparison", "x")
    with pytest.raises(UsageError, match="each once"):
        between_markers("<!-- comparison: end --><!-- comparison: begin -->", "comparison", "x")
