"""Old marks through ``plimsoll margin``: what is stale has a reason, and the age is always told."""

from __future__ import annotations

import json
from contextlib import chdir
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from margin_chain import chain, margin
from plimsoll.cli.main import application
from plimsoll.errors import DataError, UsageError
from plimsoll.journeys.mark_age import max_age_ns, span_text
from plimsoll.sandbox.option_chain_table import chain_table

SECOND_NS = 1_000_000_000
SEEN = "2025-03-04T09:30:16Z"
BOOK = [
    {"account": "option", "positions": {"BTC-26SEP25-120000-C": -5}, "collateral": {"BTC": 3}},
    {"account": "future", "positions": {"BTC-PERPETUAL": 10}, "collateral": {"BTC": 3}},
    {"account": "soon", "positions": {"BTC-5MAR25": 1}, "collateral": {"BTC": 3}},
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ages")
    seen = replace(chain(), at_ns=chain().at_ns + 16 * SECOND_NS)
    chain_table([seen]).write_parquet(path / "SYNTHETIC.parquet")
    (path / "book.json").write_text(json.dumps(BOOK))
    return path


def run(folder: Path, *arguments: str) -> Result:
    asked = ("margin", "book.json", "--preset", "deribit", "--market", "SYNTHETIC.parquet")
    with chdir(folder):
        return CliRunner().invoke(application(), [*asked, *arguments])


def result(folder: Path, *arguments: str) -> dict[str, Any]:
    done = run(folder, *arguments, "--json")
    assert done.exit_code == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["result"]
    return found


def units(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["account"]: row for row in found["units"]}


def test_an_old_chain_margins_nothing_where_it_may_not(folder: Path) -> None:
    at = ("--at", "2025-03-05T08:30")
    lenient = result(folder, *at)
    assert any("Marks are 22 h 59 min older than the time" in note for note in lenient["notes"])
    assert units(lenient)["option"]["initial"] > 0.0
    strict = result(folder, *at, "--max-age", "1h")
    for account in ("option", "future"):
        row = units(strict)[account]
        assert row["initial"] is row["maintenance"] is None
        assert "its mark is too old" in row["reason"]
    assert any("Marks older than 1 h are stale" in note for note in strict["notes"])
    for age in ("any", "23h", "22h", "1d"):
        found = units(result(folder, *at, "--max-age", age))
        assert (found["option"]["initial"] is None) == (age == "22h")


def test_what_the_reader_leaves_out_by_default_is_read_where_it_is_admitted(folder: Path) -> None:
    at = ("--at", "2025-03-09T09:30:16")
    done = run(folder, *at)
    assert done.exit_code == 3
    assert "must hold a snapshot at most 24 hours before" in done.stderr
    for age in ("6d", "any"):
        found = result(folder, *at, "--max-age", age)
        assert found["market"]["mark_age_s"] == 5 * 86_400
        assert units(found)["option"]["initial"] > 0.0


def test_contracts_run_to_the_time_asked_for(folder: Path) -> None:
    """What expired since the chain has no margin, however old the marks may be."""
    before = units(result(folder, "--at", "2025-03-04T10:00"))["soon"]
    assert "expired" not in before["reason"]
    after = units(result(folder, "--at", "2025-03-05T08:00", "--max-age", "any"))["soon"]
    assert "expired" in after["reason"]
    assert after["initial"] is None


def test_the_age_and_the_exact_time_are_always_told(folder: Path) -> None:
    same = result(folder)["market"]
    assert (same["at"], same["oldest_mark_at"]) == (SEEN, SEEN)
    assert (same["mark_age_s"], same["max_age_s"]) == (0.0, 86_400.0)
    aged = result(folder, "--at", "2025-03-04T10:15")["market"]
    assert (aged["at"], aged["oldest_mark_at"]) == ("2025-03-04T10:15:00Z", SEEN)
    assert aged["mark_age_s"] == 44 * 60 + 44
    head = run(folder).stdout.splitlines()[0]
    assert head.endswith("2025-03-04 09:30:16 UTC, marks 0 s old")
    head = run(folder, "--at", "2025-03-05T09:30:15").stdout.splitlines()[0]
    assert head.endswith("2025-03-05 09:30:15 UTC, marks 23 h 59 min old")


def test_a_day_minute_or_second_that_holds_a_chain_is_that_chains_time(folder: Path) -> None:
    for at in ("2025-03-04", "2025-03-04T09:30", "2025-03-04T09:30:16"):
        assert result(folder, "--at", at)["market"]["at"] == SEEN
    assert result(folder, "--at", "2025-03-04T09:31")["market"]["at"] == "2025-03-04T09:31:00Z"


@pytest.mark.parametrize("age", ["soon", "-1h", "1 fortnight", "3600", ""])
def test_an_age_that_is_none_is_refused(folder: Path, age: str) -> None:
    done = run(folder, "--max-age", age)
    assert done.exit_code == 2
    assert "--max-age: must be an age such as 30s, 90m, 1h or 2d, or any" in done.stderr


def test_a_row_of_marks_says_when_it_was_seen() -> None:
    """Only the account that holds it is concerned; the rest stands as with a fresh one."""
    accounts = [
        {"account": "perpetual", "positions": {"BTC-PERPETUAL": 10}, "collateral": {"BTC": 3}},
        {"account": "option", "positions": {"BTC-26SEP25-120000-C": -5}, "collateral": {"BTC": 3}},
    ]
    fresh = {"market": "BTC-PERPETUAL", "mark": 90_000}
    row = {**fresh, "at": "2025-03-03T09:29:59"}
    found = {r["account"]: r for r in margin(accounts, marks=[row], collateral=None).table()}
    good = {r["account"]: r for r in margin(accounts, marks=[fresh], collateral=None).table()}
    assert found["perpetual"]["reason"] == "BTC-PERPETUAL: its mark is too old"
    assert good["perpetual"]["reason"] == ""
    assert found["option"] == good["option"]
    admitted = margin(accounts, marks=[row], collateral=None, max_age=timedelta(hours=25)).table()
    assert {r["account"]: r for r in admitted} == good


def test_marks_from_the_future_are_refused() -> None:
    row = {"market": "BTC-PERPETUAL", "mark": 90_000, "index": 90_000, "at": "2025-03-04T09:30:01"}
    asked: dict[str, Any] = {"market": None, "marks": [row]}
    with pytest.raises(UsageError, match=r"BTC-PERPETUAL.*must not be later than the snapshot"):
        margin({"BTC-PERPETUAL": 1}, at="2025-03-04T09:30:00", **asked)
    margin({"BTC-PERPETUAL": 1}, at="2025-03-04T09:30", **asked)  # the minute holds it
    del row["index"]  # which the chain tells, a second before
    later = margin({"BTC-PERPETUAL": 1}, marks=[row])  # none was asked for: the time of the latest
    assert later.document()["market"]["at"] == "2025-03-04T09:30:01Z"
    assert later.mark_age_ns == SECOND_NS
    with pytest.raises(DataError, match="at: must be an ISO 8601 time"):
        margin({"BTC-PERPETUAL": 1}, marks=[{**row, "at": "noon"}])


def test_a_name_that_nobody_knows_is_an_unknown_instrument() -> None:
    """It reads as a perpetual of FOO, of which neither market nor preset know anything."""
    alone = {"market": "FOO-PERPETUAL", "mark": None}
    for preset in ("deribit", "deribit-cross", "okx", "hyperliquid"):
        (row,) = margin({"FOO-PERPETUAL": 1}, preset).table()
        assert "FOO-PERPETUAL: unknown instrument" in str(row["reason"])
    (row,) = margin({"FOO-PERPETUAL": 1}, marks=[alone]).table()
    assert "no mark" in str(row["reason"])
    (row,) = margin({"ETH-PERPETUAL": 1}).table()
    assert "no mark" in str(row["reason"])  # the preset knows the coin, the market does not


@pytest.mark.parametrize(
    ("text", "span"), [("30s", "30 s"), ("90m", "1 h 30 min"), ("1h", "1 h"), ("1.5 d", "1 d 12 h")]
)
def test_ages_read_and_written(text: str, span: str) -> None:
    age = max_age_ns(text)
    assert age is not None
    assert span_text(age) == span
