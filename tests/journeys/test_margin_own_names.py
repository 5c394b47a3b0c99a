"""Presets read the names of their own venues, and margin them as the same contracts."""

from __future__ import annotations

import pytest

from margin_chain import margin
from plimsoll.journeys.margin_preset import preset_table

MARKS = {"BTC/USD": 95_000.0, "SOL/USD": 150.0}


def initial(preset: str, name: str) -> float:
    result = margin({name: 2}, preset, market=MARKS, at="2025-01-01", collateral={"USDC": 1e6})
    assert result.unknown == (), str(result)
    return float(result.requirements().initial.sum())


@pytest.mark.parametrize(
    ("preset", "own", "other"),
    [
        ("drift-v2", "SOL-PERP", "SOL/USDC:USDC"),
        ("paradex", "BTC-USD-PERP", "BTC/USDC:USDC"),
        ("derive-pmrm2", "BTC-PERP", "BTC/USDC:USDC"),
        ("derive-pmrm", "BTC-PERP", "BTC/USDC:USDC"),
        ("derive-srm", "BTC-PERP", "BTC/USDC:USDC"),
    ],
)
def test_own_names_are_those_of_the_unified_contract(preset: str, own: str, other: str) -> None:
    assert initial(preset, own) == initial(preset, other) > 0.0


def test_options_of_derive_are_those_of_the_chain() -> None:
    """Linear where Deribit's is settled in coin: margined alike, marks stated in dollars."""
    marks = {"BTC/USD": 95_000.0}
    rows = [{"market": name, "mark": price} for name, price in marks.items()]
    option = {"mark": 9_000.0, "implied_vol": 0.5, "forward": 96_000.0}
    found = []
    for name in ("BTC-20250926-100000-C", "BTC/USDC:USDC-250926-100000-C"):
        market = [*rows, {"market": name, **option}]
        result = margin(
            {name: -3}, "derive-pmrm2", market=market, at="2025-01-01", collateral={"USDC": 1e6}
        )
        assert result.unknown == (), str(result)
        found.append(float(result.requirements().initial.sum()))
    assert found[0] == found[1] > 0.0


def test_the_venue_can_be_named() -> None:
    result = margin(
        {"BTC-PERP": 2}, "paradex", market=MARKS, at="2025-01-01", venue_names="drift",
        collateral={"USDC": 1e6},
    )  # fmt: skip
    assert result.unknown == (), str(result)


def test_the_list_of_presets_says_which_names_they_take() -> None:
    names = {str(dict(row)["preset"]): str(dict(row)["names"]) for row in preset_table()}
    assert names["drift-v2"].endswith("drift (BTC-PERP)")
    assert names["paradex"].endswith("paradex (BTC-USD-PERP)")
    assert names["derive-srm"].endswith("derive (BTC-PERP)")
    assert names["deribit"] == "deribit (BTC-PERPETUAL)"


def test_no_surface_is_promised_for_options_of_another_settlement() -> None:
    """Derive's options settle in USDC, those of the chain in coin."""
    found = str(margin({"BTC-20250926-100000-C": 1}, "derive-pmrm2"))
    assert "no chain of its coin's options settled in USDC; the marks may state it" in found
    assert "--surfaces" not in found
