"""``params import``, ``export`` and ``diff`` with venues' own files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from plimsoll.cli.main import application
from plimsoll.journeys.params import read_parameters

KEYS = ["bracket", "initialLeverage", "notionalCap", "notionalFloor", "maintMarginRatio", "cum"]
ROWS = [(1, 125, 50_000, 0, 0.004, 0.0), (2, 100, 600_000, 50_000, 0.005, 50.0)]


def brackets(rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    tiers = [dict(zip(KEYS, row, strict=True)) for row in rows]
    return [{"symbol": "BTCUSDT", "notionalCoef": 1.5, "brackets": tiers}]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(application(), ["params", *map(str, arguments)])


def document(*arguments: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*arguments, "--json").stdout)
    return found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "brackets.json"
    path.write_text(json.dumps(brackets(ROWS)))
    return path


@pytest.fixture
def stored(tmp_path: Path, file: Path) -> Path:
    place = tmp_path / "set.json"
    assert run("import", file, "--from", "binance-usdm", "--out", place).exit_code == 0
    return place


def test_import_writes_a_set_and_what_it_carries(stored: Path) -> None:
    found = read_parameters(stored)
    assert float(found.get("BTCUSDT", "tier[1].maintenance_rate").value) == 0.005
    assert list(map(int, found.tiers("BTCUSDT").deductions_usd)) == [0, 50]
    carried = json.loads(stored.with_name("set.carried.json").read_text())
    assert carried["parameter_set"] == found.id
    assert "notionalCoef" in json.dumps(carried)


def test_import_without_out_prints_the_set(file: Path) -> None:
    result = run("import", file, "--from", "binance-usdm")
    assert result.exit_code == 0
    assert "0.5 %" in result.stdout
    assert "carried beside the set, not read: notionalCoef" in result.stdout
    told = document("import", file, "--from", "binance-usdm")["result"]
    assert told["schema"] == "binance-usdm"
    assert len(told["parameter_set"]["parameters"]) == 8


def test_the_same_file_gives_the_same_set(file: Path) -> None:
    first = document("import", file, "--from", "binance-usdm")["result"]["id"]
    assert document("import", file, "--from", "binance-usdm")["result"]["id"] == first


def test_export_gives_the_file_back(stored: Path, tmp_path: Path) -> None:
    back = tmp_path / "back.json"
    assert run("export", stored, "--to", "binance-usdm", "--out", back).exit_code == 0
    assert json.loads(back.read_text()) == brackets(ROWS)
    # On stdout, with what is carried gone: the coefficient is no margin parameter.
    stored.with_name("set.carried.json").unlink()
    printed = json.loads(run("export", stored, "--to", "binance-usdm").stdout)
    assert "notionalCoef" not in printed[0]
    assert printed[0]["brackets"] == brackets(ROWS)[0]["brackets"]


def test_what_another_set_carries_is_refused(stored: Path, tmp_path: Path) -> None:
    other = brackets([ROWS[0]])
    path = tmp_path / "other.json"
    path.write_text(json.dumps(other))
    run("import", path, "--from", "binance-usdm", "--out", tmp_path / "other-set.json")
    (tmp_path / "other-set.carried.json").rename(tmp_path / "set.carried.json")
    result = run("export", stored, "--to", "binance-usdm")
    assert result.exit_code == 2
    assert "must belong to this set" in result.stderr


def test_export_to_another_schema_names_what_it_cannot_carry(stored: Path) -> None:
    result = run("export", stored, "--to", "hyperliquid")
    assert result.exit_code == 2
    assert "BTCUSDT tier[1].cap_usd 600000: the last tier of this schema is open" in result.stderr
    assert not result.stdout
    assert "--lossy" in result.stderr
    lossy = run("export", stored, "--to", "hyperliquid", "--lossy")
    assert lossy.exit_code == 0
    assert "dropped: BTCUSDT tier[1].cap_usd 600000" in lossy.stderr
    told = document("export", stored, "--to", "hyperliquid")["error"]
    assert told["type"] == "LossyExportError"
    assert [loss["name"] for loss in told["losses"]] == ["tier[1].cap_usd"]


def test_caps_of_another_unit_are_never_written_as_if_they_were_of_this(stored: Path) -> None:
    assert run("export", stored, "--to", "okx").exit_code == 2
    refused = run("export", stored, "--to", "okx", "--lossy")  # nothing would be left
    assert refused.exit_code == 2
    assert "this schema counts contracts" in refused.stderr


def test_faults_are_printed_one_a_line_and_in_json(file: Path) -> None:
    rows = [ROWS[0], (2, 100, 0, 60_000, "1.0%", 49)]
    file.write_text(json.dumps(brackets(rows)))
    result = run("import", file, "--from", "binance-usdm")
    assert result.exit_code == 3
    assert not result.stdout
    lines = [line for line in result.stderr.splitlines() if line.startswith("  BTCUSDT tier 2")]
    assert len(lines) == 2
    told = document("import", file, "--from", "binance-usdm")
    assert told["exit_code"] == 3
    faults = {fault["field"]: fault for fault in told["error"]["faults"]}
    assert faults["maintMarginRatio"]["value"] == "1.0%"
    assert faults["notionalCap"]["tier"] == 2
    assert "--open-caps" in faults["notionalCap"]["remedy"]


def test_open_caps(file: Path, tmp_path: Path) -> None:
    rows = [ROWS[0], (2, 100, 9_223_372_036_854_775_807, 50_000, 0.005, 50)]
    file.write_text(json.dumps(brackets(rows)))
    assert run("import", file, "--from", "binance-usdm").exit_code == 3
    place, back = tmp_path / "set.json", tmp_path / "back.json"
    done = run("import", file, "--from", "binance-usdm", "--open-caps", "--out", place)
    assert done.exit_code == 0
    assert read_parameters(place).tiers("BTCUSDT").tiers[1].cap_usd is None
    run("export", place, "--to", "binance-usdm", "--out", back)
    assert json.loads(back.read_text()) == brackets(rows)


def test_diff_of_a_set_and_a_venues_file(stored: Path, tmp_path: Path) -> None:
    gate = tmp_path / "gate.json"
    run("export", stored, "--to", "gate", "--out", gate)
    assert run("diff", stored, gate, "--exit-code").exit_code == 0
    rows = json.loads(gate.read_text())
    rows[1] |= {"maintenance_rate": "0.0075", "risk_limit": "500000", "deduction": "175"}
    gate.write_text(json.dumps(rows))
    result = run("diff", stored, gate, "--exit-code")
    assert result.exit_code == 1
    assert "tightening" in result.stdout
    found = {row["name"]: row for row in document("diff", stored, gate)["result"]["rows"]}
    assert found["tier[1].maintenance_rate"]["change"] == pytest.approx(0.5, rel=1e-12)
    assert found["tier[1].maintenance_rate"]["before"] == "0.5 %"
    assert found["tier[1].cap_usd"]["effect"] == "tightening"
    assert run("diff", gate, stored, "--json").stdout.count("loosening") == 2


def test_diff_orders_tiers_by_number(tmp_path: Path) -> None:
    rows = [(i, 20, 1000 * i, 1000 * (i - 1), 0.01, 0) for i in range(1, 13)]
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(json.dumps(brackets(rows)))
    new.write_text(json.dumps(brackets([(*row[:1], 25, *row[2:]) for row in rows])))
    found = [r["name"] for r in document("diff", old, new)["result"]["rows"]]
    leverages = [name for name in found if name.endswith("max_leverage")]
    assert leverages == [f"tier[{i}].max_leverage" for i in range(12)]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("import", "FILE", "--from", "nonsense"), 2, "choose from ccxt"),
        (("import", "absent.json", "--from", "ccxt"), 3, "can be read"),
        (("import", "FILE", "--from", "ccxt", "--valid-from", "soon"), 2, "must be an ISO time"),
        (("export", "FILE", "--to", "ccxt"), 3, "must be"),
        (("diff", "FILE", "absent.json"), 3, "can be read"),
        (("export", "SET", "--to", "nonsense"), 2, "choose from ccxt"),
        (("export", "SET", "--to", "ccxt", "--market", "DOGE"), 2, "choose from BTCUSDT"),
    ],
)
def test_wrong_calls(
    file: Path, stored: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    places = {"FILE": file, "SET": stored}
    result = run(*(places.get(argument, argument) for argument in arguments))
    assert result.exit_code == code, result.output
    assert says in result.stderr


def test_a_file_of_no_schema_is_told(tmp_path: Path) -> None:
    path = tmp_path / "odd.json"
    path.write_text('{"odd": 1}')
    result = run("diff", path, path)
    assert result.exit_code == 3
    assert "name it with --from" in result.stderr


def many(count: int) -> list[dict[str, Any]]:
    return [{**brackets(ROWS)[0], "symbol": f"C{n}USDT"} for n in range(count)]


def test_losses_of_one_cause_are_told_once_with_their_count(tmp_path: Path) -> None:
    file, place = tmp_path / "many.json", tmp_path / "many.set.json"
    file.write_text(json.dumps(many(50)))
    assert run("import", file, "--from", "binance-usdm", "--out", place).exit_code == 0
    told = run("export", place, "--to", "okx")
    lines = told.stderr.splitlines()
    assert told.exit_code == 2
    assert len(lines) <= 4, lines
    # 50 markets of 2 tiers of 4 parameters: cap, two rates, leverage
    assert any("400 times this schema counts contracts" in line for line in lines)
    assert len(document("export", place, "--to", "okx")["error"]["losses"]) == 400


def test_faults_of_one_cause_are_told_once_with_their_count(tmp_path: Path) -> None:
    file, rows = tmp_path / "many.json", many(50)
    for row in rows:
        row["brackets"][1]["maintMarginRatio"] = "0.5%"
    file.write_text(json.dumps(rows))
    told = run("import", file, "--from", "binance-usdm")
    assert any("50 times is a per cent" in line for line in told.stderr.splitlines())
    assert len(told.stderr.splitlines()) <= 4
    assert len(document("import", file, "--from", "binance-usdm")["error"]["faults"]) == 50


def test_a_file_of_another_schema_is_told_once(tmp_path: Path) -> None:
    file = tmp_path / "tiers.json"
    tier = {"tier": 1, "minNotional": 0, "maxNotional": 1000, "maintenanceMarginRate": 0.01}
    tiers = {f"C{n}/USDT:USDT": [{**tier, "maxLeverage": 20}] for n in range(9)}
    file.write_text(json.dumps(tiers))
    told = run("import", file, "--from", "binance-usdm")
    assert told.exit_code == 3
    assert len(told.stderr.splitlines()) == 2
    assert "these look like keys of schema ccxt, not of binance-usdm" in told.stderr
    assert "Decimal(" not in told.stderr
    assert run("import", file, "--from", "ccxt").exit_code == 0


def test_a_missing_set_may_also_be_imported(tmp_path: Path) -> None:
    told = run("show", tmp_path / "nothing.json")
    assert "calibrate --out`, or of `plimsoll params import --out`" in told.stderr
