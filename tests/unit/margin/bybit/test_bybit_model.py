"""Bybit portfolio margin: classes, choices, parameter sets, an empty venue."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

import underlying_venue as venue
from plimsoll.domain.parameters import parameter_set
from plimsoll.errors import ParameterError, UsageError
from plimsoll.margin.bybit import FIRST_CLASS, FIRST_CLASS_2024, BybitMargin, BybitParameters
from plimsoll.margin.governed import governance, to_parameters


def test_published_ranges() -> None:
    assert (FIRST_CLASS.price_range, FIRST_CLASS_2024.price_range) == (
        Decimal("0.10"),
        Decimal("0.15"),
    )
    assert FIRST_CLASS.vega_spread_rate == Decimal("0.0003")


def test_a_parameter_set_serves_as_a_mapping_does() -> None:
    held = parameter_set(
        venue="v",
        valid_from="2026-01-01T00:00:00Z",
        parameters=to_parameters(FIRST_CLASS_2024, "BTC", owner="risk"),
        seed=1,
        data_digest="0" * 64,
        problem_digest="0" * 64,
        code_version="1",
        label="SYNTHETIC",
    )
    book = venue.book([{"BTC-USDT": 1.0, "BTC-120-115-call-BTC": -3.0}])
    model = BybitMargin(pricing=venue.PRICING)
    one, other = (
        model.prepare(venue.snapshot(), parameters, venue.INSTRUMENTS).requirements(book)
        for parameters in (held, {"BTC": FIRST_CLASS_2024})
    )
    assert one.maintenance.tolist() == other.maintenance.tolist()
    (told,) = one.explanations("account 0")
    assert "partial" in told.notes[0]
    assert len(told.scenarios[0].names) == 33


@pytest.mark.parametrize("name", ["coin_profit", "short_options"])
def test_an_unknown_choice_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=name):
        BybitMargin(**{name: "tomorrow"})


@pytest.mark.parametrize("field", list(governance(BybitParameters)))
def test_values_beyond_their_bounds_are_refused(field: str) -> None:
    with pytest.raises(ParameterError, match=field):
        replace(FIRST_CLASS, **{field: Decimal("-0.1")})


def test_nothing_to_prepare() -> None:
    prepared = BybitMargin(pricing=venue.PRICING).prepare(
        replace(venue.snapshot(), quotes={}), {}, {}
    )
    found = prepared.requirements(venue.book([{}, {"ALIEN": 1.0}]))
    assert found.maintenance[0] == 0.0
    assert np.isnan(found.maintenance[1])
