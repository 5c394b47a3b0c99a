"""OKX portfolio margin: parameter sets, classes of coins, explanations, choices."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

import underlying_venue as venue
from plimsoll.domain.parameters import ParameterSet, parameter_set
from plimsoll.errors import UsageError
from plimsoll.margin.governed import to_parameters
from plimsoll.margin.okx import (
    ACCOUNT,
    FIRST_CLASS,
    FIRST_CLASS_2024,
    OTHER_CLASS,
    OTHER_CLASS_2024,
    SECOND_CLASS,
    SECOND_CLASS_2024,
    OkxAccountParameters,
    OkxMargin,
    OkxParameters,
)

BOOK = venue.book([{"BTC-USDT": 3.0, "BTC-20-100-call-BTC": -2.0}], {"USDC": -1_000.0})


def set_of(*, account: bool) -> ParameterSet:
    held = to_parameters(FIRST_CLASS, "BTC", owner="risk")
    if account:
        own = OkxAccountParameters(borrowing_rate=Decimal("0.5"))
        held = (*held, *to_parameters(own, ACCOUNT, owner="risk"))
    return parameter_set(
        venue="okx",
        valid_from="2026-01-01T00:00:00Z",
        parameters=held,
        seed=1,
        data_digest="0" * 64,
        problem_digest="0" * 64,
        code_version="1",
        label="SYNTHETIC",
    )


def margin(parameters: object) -> float:
    model = OkxMargin(pricing=venue.PRICING)
    prepared = model.prepare(venue.snapshot(), parameters, venue.INSTRUMENTS)  # type: ignore[arg-type]
    return float(prepared.requirements(BOOK).maintenance[0])


def test_a_parameter_set_serves_as_a_mapping_does() -> None:
    assert margin(set_of(account=False)) == margin({"BTC": FIRST_CLASS})


def test_a_set_may_hold_what_is_not_any_risk_units() -> None:
    # 1,000 USDC owed at 1.001 USD: half of it instead of 3 %
    more = margin(set_of(account=True)) - margin(set_of(account=False))
    assert more == pytest.approx(1_001.0 * 0.47, rel=1e-9)


@pytest.mark.parametrize(
    ("own", "moves"),
    [
        (FIRST_CLASS, ("0.04", "0.08", "0.12", "0.24", "0.05")),
        (SECOND_CLASS, ("0.06", "0.12", "0.18", "0.36", "0.15")),
        (OTHER_CLASS, ("0.08", "0.16", "0.25", "0.50", "0.30")),
        (FIRST_CLASS_2024, ("0.05", "0.10", "0.15", "0.30", "0.075")),
        (SECOND_CLASS_2024, ("0.07", "0.14", "0.20", "0.40", "0.225")),
        (OTHER_CLASS_2024, ("0.08", "0.16", "0.25", "0.50", "0.45")),
    ],
)
def test_the_published_grids(own: OkxParameters, moves: tuple[str, ...]) -> None:
    names = ("small_move", "middle_move", "largest_move", "extreme_move", "annualised_basis_move")
    assert tuple(getattr(own, name) for name in names) == tuple(map(Decimal, moves))
    assert own.extreme_share == Decimal("0.5")
    assert own.initial_ratio == Decimal("1.3")


def test_an_explanation_names_scenarios_and_accuracy() -> None:
    model = OkxMargin(pricing=venue.PRICING)
    prepared = model.prepare(venue.snapshot(), venue.OKX_PARAMETERS, venue.INSTRUMENTS)
    (told,) = prepared.requirements(BOOK).explanations("account 0")
    (scenarios,) = told.scenarios
    assert (scenarios.risk_unit, len(scenarios.names)) == ("BTC", 24)
    assert scenarios.binding is not None
    assert scenarios.names[scenarios.binding] in told.binding
    # the extreme move is shown at the share that counts: never more than half of 24 %
    delta = abs(sum(c.quantity for c in told.contributions)) * 60_000.0
    assert float(np.max(scenarios.losses[-3:-1])) < delta
    assert "near-exact" in told.notes[0]


def test_an_unknown_choice_is_refused() -> None:
    with pytest.raises(UsageError, match="coin_profit"):
        OkxMargin(coin_profit="tomorrow")  # type: ignore[arg-type]


def test_nothing_to_prepare() -> None:
    prepared = OkxMargin(pricing=venue.PRICING).prepare(
        replace(venue.snapshot(), quotes={}), {}, {}
    )
    found = prepared.requirements(venue.book([{}, {"ALIEN": 1.0}]))
    assert found.maintenance[0] == 0.0
    assert np.isnan(found.maintenance[1])


def test_one_bad_account_does_not_sink_the_book() -> None:
    prepared = OkxMargin(pricing=venue.PRICING).prepare(
        venue.snapshot(), {"BTC": FIRST_CLASS}, venue.INSTRUMENTS
    )
    held = {"BTC-USDT": 1.0}
    found = prepared.requirements(venue.book([held, {**held, "ETH-USDT": 1.0}, held]))
    assert np.isnan(found.maintenance).tolist() == [False, True, False]
    assert found.maintenance[0] == found.maintenance[2] > 0.0
