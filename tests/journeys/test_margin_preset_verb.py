"""``plimsoll margin --preset`` on the command line: output, exit codes, hostile arguments."""

from __future__ import annotations

import json
from contextlib import chdir
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import plimsoll
from margin_chain import BOOK, chain
from plimsoll import presets
from plimsoll.cli.main import application
from plimsoll.errors import DataError
from plimsoll.sandbox.option_chain_table import chain_table


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("margin")
    chain_table([chain()]).write_parquet(path / "SYNTHETIC.parquet")
    (path / "book.json").write_text(json.dumps(BOOK))
    return path


def run(folder: Path, *arguments: str) -> Result:
    with chdir(folder):
        return CliRunner().invoke(application(), ["margin", *arguments])


ASKED = ("book.json", "--preset", "deribit", "--market", "SYNTHETIC.parquet")


def test_json_page_and_what_if_in_one_call(folder: Path) -> None:
    done = run(
        folder, *ASKED, "--collateral", "BTC=3", "--json", "--explain", "account",
        "--out", "p.html", "--what-if", '{"simulated_positions": {"BTC-PERPETUAL": 1}}',
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    result = json.loads(done.stdout)["result"]
    assert result["preset"]["accuracy"] == "near-exact"
    assert result["explanation"][0]["scenarios"][0]["binding"]
    assert len(result["explanation"][0]["scenarios"][0]["losses"]) == 35
    assert result["what_if"]["accuracy"] == "near-exact"
    assert result["files"] == ["p.html"]
    assert "SYNTHETIC" in (folder / "p.html").read_text()


def test_exit_code_is_asked_for(folder: Path) -> None:
    poor = (*ASKED, "--collateral", "BTC=0.5")
    plain = run(folder, *poor)
    assert plain.exit_code == 0
    assert plain.stdout.rstrip().endswith("under maintenance: account")
    assert run(folder, *poor, "--exit-code").exit_code == 1
    assert run(folder, *ASKED, "--exit-code").exit_code == 0  # not judged


def test_presets_are_listed(folder: Path) -> None:
    done = run(folder, "--list-presets", "--json")
    assert done.exit_code == 0
    listed = json.loads(done.stdout)["result"]["presets"]
    assert [p["preset"] for p in listed] == list(presets.names())


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 2, "BOOK: must be given"),
        (("book.json",), 2, "must be given, one of the two or both, found 'neither'"),
        (("book.json", "--preset", "derbit", "--market", "SYNTHETIC.parquet"), 2, "did you mean"),
        (("book.json", "--preset", "deribit"), 2, "--market or --marks: must be given"),
        (("nobook.json", *ASKED[1:]), 3, "nobook.json: must be a file that can be read"),
        ((*ASKED[:3], "--market", "nochain.parquet"), 3, "nochain.parquet"),
        ((*ASKED, "--at", "yesterday"), 2, "--at: must be"),
        ((*ASKED, "--at", "2020-01-01"), 3, "must hold a snapshot"),
        ((*ASKED, "--explain", "nobody"), 2, "must be one of the book's accounts"),
        ((*ASKED, "--what-if", "{"), 3, "--what-if: must be JSON"),
        ((*ASKED, "--what-if", "[1]"), 2, "what-if: must be an object"),
        ((*ASKED, "--what-if", "nofile.json"), 3, "nofile.json"),
        ((*ASKED, "--out", "page.pdf"), 2, "--out: must end in .html"),
        ((*ASKED, "--out", "book.json/place.html"), 3, "place.html"),
        ((*ASKED, "--numeraire", "DOGE"), 2, "numeraire: must be a currency that something"),
        ((*ASKED, "--venue-names", "nyse"), 2, "--venue-names: must be a known venue"),
        ((*ASKED, "--collateral", "BTC=lots"), 3, "must be a finite number"),
        ((*ASKED, "--contract-size", "X=1"), 2, "--contract-size: must not be given with --preset"),
        (("book.json", "--parameters", "x", "--out", "p.html"), 2, "--out: must not be given"),
    ],
)
def test_hostile_arguments(
    folder: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    done = run(folder, *arguments)
    assert done.exit_code == code, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert "defect" not in done.stderr


@pytest.mark.parametrize(
    ("marks", "message"),
    [
        ("market,mark,index\nBTC-PERPETUAL,1,0\n", "must be positive"),
        ("market,mark,implied_vol\nBTC-PERPETUAL,1,55\n", "write 0.55 for 55 %"),
        ("market,mark\nBTC-PERPETUAL,1\nBTC-PERPETUAL,2\n", "must name each market once"),
        ("market,mark,contract_size\nBTC-PERPETUAL,1,x\n", "must be a positive number"),
        ("market,mark,what\nBTC-PERPETUAL,1,x\n", "must have known columns only"),
        ("market,mark\n", "must be known to margin a contract that expires"),
    ],
)
def test_marks_refused(tmp_path: Path, marks: str, message: str) -> None:
    (tmp_path / "marks.csv").write_text(marks)
    with pytest.raises(DataError, match=message):
        plimsoll.margin_book(BOOK, preset="deribit", market=tmp_path / "marks.csv")
