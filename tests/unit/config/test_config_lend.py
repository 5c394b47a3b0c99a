"""Lent markets and coverage bands in the venue file: faults with their paths, and what is read."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from plimsoll.config.convert import price_source, to_problem
from plimsoll.config.loader import VenueFile, load_venue
from plimsoll.domain.market import HOUR_NS, Bars, PriceKind
from plimsoll.errors import ConfigurationError
from plimsoll.journeys.prices import read_prices

LEND = "  # lend: all                   # or a list of symbols\n"


def template() -> str:
    return files("plimsoll.config").joinpath("template.yaml").read_text(encoding="utf-8")


def loaded(folder: Path, old: str, new: str) -> VenueFile:
    text = template()
    assert old in text
    path = folder / "venue.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return load_venue(path)


def bars(market: str) -> Bars:
    return Bars(
        market=market,
        time_ns=HOUR_NS * np.arange(48, dtype=np.int64),
        close=np.ones(48),
        interval_ns=HOUR_NS,
        price_kind=PriceKind.MARK,
    )


def test_an_elasticity_that_no_rate_can_serve_is_a_fault_of_its_field(tmp_path: Path) -> None:
    section = (
        "\ncollateral:\n"
        "  assets: [{name: A, kind: coin, symbol: A, class: major, adv_usd: 1e9, spread: 0.001}]\n"
        "  borrowing:\n"
        "    semi_elasticity: 0.0001\n"
        "    assets: [{name: A, reference_rate_annual: 0.05, withdrawn_share: 0.2}]\n"
    )
    path = tmp_path / "venue.yaml"
    path.write_text(template() + section, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_venue(path)
    text = str(caught.value)
    assert "collateral.borrowing.semi_elasticity" in text
    assert "at least 0.01" in text


def test_a_list_lends_those_and_all_lends_what_there_is(tmp_path: Path) -> None:
    data = {name: bars(name) for name in ("KEEL/USDT:USDT", "XUSDT", "YUSDT")}
    for text, wanted in (
        ("  lend: [XUSDT]\n", {"KEEL/USDT:USDT", "XUSDT"}),
        ("  lend: all\n", set(data)),
        ("", {"KEEL/USDT:USDT"}),
    ):
        venue = loaded(tmp_path, LEND, text)
        assert set(read_prices(venue, data).bars) == wanted
    some, everyone = (loaded(tmp_path, LEND, t) for t in ("  lend: [XUSDT]\n", "  lend: all\n"))
    assert price_source(some).wanted == (*price_source(some).symbols, "XUSDT")
    assert price_source(everyone).wanted is None
    assert to_problem(some.config) != to_problem(everyone.config), "the digest tells them apart"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('  lend: ["KEEL/USDT:USDT"]\n', r"data\.lend\[0\]"),
        ("  lend: [XUSDT, XUSDT]\n", r"data\.lend\[1\]"),
        ("  lend: some\n", r"data\.lend"),
    ],
)
def test_faults_of_lenders_name_their_place(tmp_path: Path, text: str, path: str) -> None:
    with pytest.raises(ConfigurationError, match=path):
        loaded(tmp_path, LEND, text)


def test_a_band_that_misses_the_target_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"evidence\.gate\.lines\.pooled"):
        loaded(tmp_path, "pooled: [0.85, 1.15]", "pooled: [1.05, 1.15]")
    lines = to_problem(loaded(tmp_path, "side: [0.8, 1.2]", "side: [0.7, 1.4]").config).gate.lines
    assert lines.side == (0.7, 1.4)
