"""``plimsoll margin`` of a book with one bad account: its reason, and everybody's margin."""

from __future__ import annotations

import json
from contextlib import chdir
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from margin_chain import chain
from plimsoll.cli.main import application
from plimsoll.domain.parameters import Origin, Parameter, Unit, parameter_set
from plimsoll.sandbox.option_chain_table import chain_table

GOOD = {"account": "good", "market": "BTC-PERPETUAL", "quantity": 1000, "entry_price": 60000}
BAD = {**GOOD, "account": "bad"}
CASH = {"currency": "BTC", "amount": 2}
BOTH = [{"account": name, **CASH} for name in ("good", "bad")]

FAULTS: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]], str]] = {
    "quantity NaN": ([{**BAD, "quantity": float("nan")}], BOTH, "size is not a number"),
    "quantity infinite": ([{**BAD, "quantity": float("inf")}], BOTH, "size is not a number"),
    "quantity beyond arithmetic": ([{**BAD, "quantity": 1e308}], BOTH, "size is not a number"),
    "quantity empty": ([{**BAD, "quantity": None}], BOTH, "size is not a number"),
    "entry price 0": ([{**BAD, "entry_price": 0}], BOTH, "no positive entry price"),
    "entry price negative": ([{**BAD, "entry_price": -5}], BOTH, "no positive entry price"),
    "entry price NaN": ([{**BAD, "entry_price": float("nan")}], BOTH, "no positive entry price"),
    "isolated margin NaN": (
        [{**BAD, "isolated_margin": float("nan")}],
        BOTH,
        "its isolated margin is not known",
    ),
    "two of one sign": (
        [BAD, {**BAD, "quantity": 5}],
        BOTH,
        "two positions of one sign and mode in one market",
    ),
    "collateral NaN": (
        [BAD],
        [BOTH[0], {**BOTH[1], "amount": float("nan")}],
        "an amount of collateral is not a number",
    ),
    "collateral empty": (
        [BAD],
        [BOTH[0], {**BOTH[1], "amount": None}],
        "an amount of collateral is not a number",
    ),
}
OF_TIERS = {
    "collateral not stated": ([BAD], BOTH[:1], "an amount of collateral is not a number"),
    "leverage 0": ([{**BAD, "leverage": 0}], BOTH, "the chosen leverage is not a positive number"),
}
"""What the presets do not read: they margin without collateral and leverage."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("faults")
    chain_table([chain()]).write_parquet(path / "SYNTHETIC.parquet")
    rates = {"maintenance_rate": "0.01", "initial_rate": "0.02"}
    tier = {name: (Decimal(v), Unit.FRACTION) for name, v in rates.items()}
    tier["max_leverage"] = (Decimal(50), Unit.LEVERAGE)
    made = parameter_set(
        venue="by hand",
        valid_from="2024-01-01T00:00:00Z",
        parameters=tuple(
            Parameter(
                market="BTC-PERPETUAL",
                name=f"tier[0].{name}",
                value=value,
                unit=unit,
                lower=Decimal(0),
                upper=Decimal("1e12"),
                owner="risk",
                origin=Origin.VENUE,
            )
            for name, (value, unit) in tier.items()
        ),
        seed=0,
        data_digest="0" * 64,
        problem_digest="0" * 64,
        code_version="test",
        label="hand-made numbers",
    )
    (path / "parameters.json").write_bytes(made.canonical())
    row = "BTC-PERPETUAL,60000,60000,BTC/USD:BTC,10\n"
    (path / "marks.csv").write_text("market,mark,index,instrument,contract_size\n" + row)
    return path


WAYS = {
    "tiers": ("--parameters", ".", "--marks", "marks.csv", "--numeraire", "BTC"),
    "deribit": ("--preset", "deribit", "--market", "SYNTHETIC.parquet"),
}


def run(folder: Path, book: object, *arguments: str) -> Result:
    (folder / "book.json").write_text(json.dumps(book))
    with chdir(folder):
        return CliRunner().invoke(application(), ["margin", "book.json", *arguments])


def units(done: Result) -> dict[str, list[dict[str, Any]]]:
    """Rows of the JSON answer by account."""
    assert done.exit_code == 0, done.output
    found: dict[str, list[dict[str, Any]]] = {}
    result = json.loads(done.stdout)["result"]
    for row in result["units"] if "units" in result else result["table"]["rows"]:
        found.setdefault(row["account"], []).append(row)
    return found


def examined(folder: Path, way: str, fault: str) -> None:
    rows, collateral, reason = (FAULTS | OF_TIERS)[fault]
    alone = units(run(folder, {"positions": [GOOD], "collateral": BOTH[:1]}, *WAYS[way], "--json"))
    book = {"positions": [GOOD, *rows], "collateral": collateral}
    found = units(run(folder, book, *WAYS[way], "--json"))
    assert found["good"] == alone["good"]
    assert all(row["initial"] > 0.0 and not row["reason"] for row in found["good"])
    told = [row for row in found["bad"] if row["reason"]]
    assert len(told) == 1
    assert reason in told[0]["reason"]
    assert told[0]["status"] == "unknown"
    assert told[0]["initial"] is None
    assert told[0]["maintenance"] is None


@pytest.mark.parametrize("fault", [*FAULTS, *OF_TIERS])
def test_the_tier_model_says_what_is_wrong(folder: Path, fault: str) -> None:
    examined(folder, "tiers", fault)


@pytest.mark.parametrize("fault", list(FAULTS))
def test_a_preset_says_what_is_wrong(folder: Path, fault: str) -> None:
    examined(folder, "deribit", fault)


@pytest.mark.parametrize("way", list(WAYS))
def test_the_exit_code_counts_the_bad_account_where_asked(folder: Path, way: str) -> None:
    bad = [{**BAD, "quantity": None}]
    rich = [{**row, "amount": 2000} for row in BOTH]
    book = {"positions": [GOOD, *bad], "collateral": rich}
    assert run(folder, book, *WAYS[way]).exit_code == 0
    assert run(folder, book, *WAYS[way], "--exit-code").exit_code == 1
    good = {"positions": [GOOD], "collateral": rich[:1]}
    assert run(folder, good, *WAYS[way], "--exit-code").exit_code == 0


@pytest.mark.parametrize("way", list(WAYS))
@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({**BAD, "quantity": "ten"}, "quantity: must be a finite number, found 'ten'"),
        ({**BAD, "entry_price": "60k"}, "entry_price: must be a finite number, found '60k'"),
        (
            {**BAD, "mode": "cross", "isolated_margin": 3},
            "isolated_margin: must be given for isolated positions only",
        ),
    ],
)
def test_what_is_no_number_is_refused_by_name(
    folder: Path, way: str, row: dict[str, Any], message: str
) -> None:
    mode = {"mode": "cross"} if "mode" in row else {}
    book = {"positions": [{**GOOD, **mode}, row], "collateral": BOTH}
    done = run(folder, book, *WAYS[way])
    assert done.exit_code == 3
    assert f"account bad, market BTC-PERPETUAL: {message}" in " ".join(done.stderr.split())
    assert "(row 1)" in done.stderr
