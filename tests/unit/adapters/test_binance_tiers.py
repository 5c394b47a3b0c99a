"""Faults planted in leverage-tier files are found, named with market and tier, and refused."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from plimsoll.adapters.venues.binance_tiers import read_leverage_tiers
from plimsoll.errors import DataFormatError


def bracket(floor: float, cap: float, rate: float, leverage: float, cum: str) -> dict[str, Any]:
    return {
        "minNotional": floor,
        "maxNotional": cap,
        "maintenanceMarginRate": rate,
        "maxLeverage": leverage,
        "info": {"cum": cum},
    }


def sound() -> list[dict[str, Any]]:
    return [bracket(0.0, 50_000.0, 0.004, 75.0, "0"), bracket(50_000, 1e6, 0.005, 50, "50.0")]


def written(folder: Path, document: object) -> Path:
    path = folder / "tiers.json"
    path.write_text(json.dumps(document))
    return path


def test_a_sound_file(tmp_path: Path) -> None:
    table = read_leverage_tiers(written(tmp_path, {"BTC/USDT:USDT": sound()}))["BTC/USDT:USDT"]
    assert [t.cap_usd for t in table.tiers] == [50_000, 1_000_000]
    assert table.deductions_usd == (0, 50)
    assert float(table.tiers[0].initial_rate) == 1 / 75
    # Rounded up, so that the rate never promises more than the leverage allows.
    assert table.tiers[0].initial_rate * 75 >= 1


@pytest.mark.parametrize(
    ("row", "field", "value", "problem"),
    [
        (0, "minNotional", 10, "tier 1: starts at 10, not 0"),
        (1, "minNotional", 60_000, "tier 2: gap between 50000.0 and 60000"),
        (1, "minNotional", 40_000, "tier 2: overlap between 40000 and 50000.0"),
        (1, "maxNotional", 50_000, "tier 2: cap 50000 is not above floor 50000"),
        (1, "maintenanceMarginRate", 0.003, "tier 2: rate falls from 0.004 to 0.003"),
        (1, "maxLeverage", 100, "tier 2: leverage rises from 75.0 to 100"),
        (1, "info", {"cum": "49"}, "tier 2: deduction 49 where continuity demands 50"),
    ],
)
def test_planted_faults(tmp_path: Path, row: int, field: str, value: Any, problem: str) -> None:
    brackets = sound()
    brackets[row][field] = value
    with pytest.raises(DataFormatError) as refused:
        read_leverage_tiers(written(tmp_path, {"A/USDT:USDT": sound(), "X/USDT:USDT": brackets}))
    assert f"X/USDT:USDT {problem}" in str(refused.value)
    assert "A/USDT:USDT" not in str(refused.value)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    brackets = sound()
    brackets[1] |= {"minNotional": 60_000, "maxLeverage": 100}
    with pytest.raises(DataFormatError, match=r"gap.*leverage rises.*deduction"):
        read_leverage_tiers(written(tmp_path, {"X": brackets}))


@pytest.mark.parametrize(
    ("field", "value"),
    [("maxNotional", None), ("maxLeverage", "50"), ("maintenanceMarginRate", float("nan"))],
)
def test_values_of_another_type_are_refused(tmp_path: Path, field: str, value: object) -> None:
    brackets = sound()
    brackets[1][field] = value
    with pytest.raises(DataFormatError, match=rf"X\.{field}.*row 1"):
        read_leverage_tiers(written(tmp_path, {"X": brackets}))


def test_maintenance_above_initial_is_refused(tmp_path: Path) -> None:
    brackets = [bracket(0, 50_000, 0.05, 50, "0")]  # 5 % maintenance at 50x = 2 % initial
    with pytest.raises(DataFormatError, match="X: must have usable rates and leverages"):
        read_leverage_tiers(written(tmp_path, {"X": brackets}))


def test_zero_leverage_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataFormatError, match="usable rates and leverages"):
        read_leverage_tiers(written(tmp_path, {"X": [bracket(0, 50_000, 0.05, 0, "0")]}))


@pytest.mark.parametrize("document", [[], {}, {"X": []}, {"X": 1}, {"X": [1]}, "text", None])
def test_other_documents_are_refused(tmp_path: Path, document: object) -> None:
    with pytest.raises(DataFormatError):
        read_leverage_tiers(written(tmp_path, document))


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b'{"X": [}'])
def test_unreadable_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "tiers.json"
    path.write_bytes(content)
    with pytest.raises(DataFormatError, match="readable JSON"):
        read_leverage_tiers(path)


def test_absent_file_and_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(DataFormatError, match="readable JSON"):
            read_leverage_tiers(path)


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "tiers.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps({"X": sound()}).encode())
    assert read_leverage_tiers(path)["X"].tiers[0].maintenance_rate == Decimal("0.004")
