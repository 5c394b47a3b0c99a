"""Add-ons of made-up markets: bounds that follow from what they are made of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from parts_moves import moves_of

from plimsoll.calibration.add_ons.basis import BasisMoves
from plimsoll.calibration.parts.add_ons import AddOnSettings, FurtherPrices, add_ons_part
from plimsoll.domain.parameters import Origin

SETTINGS = AddOnSettings(label="made", basis=True)


def test_each_underlying_gets_every_add_on_once() -> None:
    twice = replace(moves_of("AUSDT", seed=2), market="AUSD", underlying="A")
    part = add_ons_part([moves_of("AUSDT", seed=1), twice], FurtherPrices(), SETTINGS)
    assert {p.market for p in part.parameters} == {"A"}
    kinds = {p.name.partition(".")[0] for p in part.parameters}
    assert kinds == {"liquidity", "concentration", "wrong_way", "gap", "basis"}


def test_a_holder_of_much_lowers_the_share_that_is_no_concentration() -> None:
    one = moves_of("AUSDT", seed=3)

    def share(holders: tuple[float, ...]) -> float:
        further = FurtherPrices(holder_shares=holders, open_interest_usd={"AUSDT": 1e7})
        part = add_ons_part([one], further, SETTINGS)
        found = {p.name: float(p.value) for p in part.parameters}
        return found["concentration.open_interest_share"]

    assert share((0.4, 0.05)) < share((0.05, 0.05))


def test_a_young_market_closes_at_no_less_than_its_class_and_says_so() -> None:
    """Made-up defaults would charge a new thin coin the liquidity of an old deep one."""
    old = moves_of("AUSDT", seed=8, risk_class="thin")
    calm = replace(old, market="BUSDT", underlying="B", volatility_path=old.volatility_path / 2.0)
    young = replace(
        old, market="CUSDT", underlying="C", volatility_path=np.full(3, 0.02), cost=0.004
    )
    wild = replace(young, market="DUSDT", underlying="D", volatility_daily=0.5)
    other = replace(moves_of("EUSDT", seed=9), volatility_path=np.full(400, 0.9))
    part = add_ons_part([old, calm, young, wild, other], FurtherPrices(), SETTINGS)
    by = {p.key: p for p in part.parameters}
    volatility = {name: float(by[f"{name}/liquidity.daily_volatility"].value) for name in "ABCDE"}
    assert volatility["C"] == volatility["A"] > volatility["B"]
    assert volatility["D"] == 0.5
    assert float(by["C/liquidity.relative_spread"].value) == 0.008
    assert by["C/liquidity.daily_volatility"].origin is Origin.CLASS_FLOOR
    assert by["C/concentration.threshold_usd"].origin is Origin.CLASS_FLOOR
    # Its own turnover and margin stand in the threshold, not a constant of nobody's.
    assert float(by["C/concentration.threshold_usd"].value) < old.adv_usd
    about = [row[-1] for row in part.tables[0].rows if row[:2] == ("C", "liquidity")]
    assert all("too_short_history" in str(text) for text in about)


def test_gap_and_margin_cover_the_far_quantile() -> None:
    one = moves_of("AUSDT", seed=4)
    found = {
        p.name: float(p.value) for p in add_ons_part([one], FurtherPrices(), SETTINGS).parameters
    }
    covered, gap, share = (found[f"gap.{n}"] for n in ("covered_move", "gap_move", "share"))
    worse = one.raw_losses.max(axis=1)
    assert covered + share * (gap - covered) >= np.quantile(worse, 0.999) - 1e-9


def test_basis_covers_its_moves_and_names_what_has_none() -> None:
    one, other = moves_of("AUSDT", seed=5), moves_of("BUSDT", seed=6)
    move = np.abs(np.random.default_rng(0).normal(0.0, 0.002, 5000))
    pair = BasisMoves(years_apart=np.zeros(5000), move=move, per_day=24)
    part = add_ons_part([one, other], FurtherPrices(basis={"A": (pair,)}), SETTINGS)
    by = {p.key: p for p in part.parameters}
    assert float(by["A/basis.least_move"].value) >= np.quantile(move, 0.99)
    assert by["B/basis.least_move"].origin is Origin.CLASS_FLOOR
    about = [row[-1] for row in part.tables[0].rows if row[:2] == ("B", "basis")]
    assert all("no_data" in str(text) for text in about)


def test_bands_of_dollar_coins_rise_as_the_peg_falls() -> None:
    peg = 1.0 - 0.02 * (np.arange(3000) % 100 == 0)
    part = add_ons_part([moves_of("AUSDT", seed=7)], FurtherPrices(pegs=(peg,)), SETTINGS)
    rates = [float(p.value) for p in part.parameters if p.key.endswith("rate[0]")]
    assert len(rates) == 4
    assert rates == sorted(rates)
