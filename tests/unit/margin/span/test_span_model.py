"""SPAN: net option value in equity, choices, parameter sets, rows without reason."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

import underlying_venue as venue
from plimsoll.domain.parameters import parameter_set
from plimsoll.errors import ParameterError, UsageError
from plimsoll.margin.governed import to_parameters
from plimsoll.margin.span import SpanMargin, SpanParameters

OWN = SpanParameters(price_scan_range=Decimal("0.08"), vol_scan_range=Decimal("0.3"))


def test_net_option_value_stands_in_equity() -> None:
    """The textbook: cash + futures profit must cover risk less net option value."""
    model = SpanMargin(pricing=venue.PRICING)
    prepared = model.prepare(venue.snapshot(), {"BTC": OWN}, venue.INSTRUMENTS)
    option = "BTC-20-100-call-USDC"
    cash = 10_000.0
    held = venue.book([{option: -2.0}], {"USDC": cash})
    found = prepared.requirements(held)
    mark, rate = venue.snapshot().quotes[option].mark, venue.RATES["USDC"]
    textbook = cash * rate - (float(found.maintenance[0]) - (-2.0 * mark * rate))
    assert float(found.maintenance_excess[0]) == pytest.approx(textbook, rel=1e-12)


def test_a_parameter_set_serves_as_a_mapping_does() -> None:
    held = parameter_set(
        venue="v",
        valid_from="2026-01-01T00:00:00Z",
        parameters=to_parameters(OWN, "BTC", owner="risk"),
        seed=1,
        data_digest="0" * 64,
        problem_digest="0" * 64,
        code_version="1",
        label="SYNTHETIC",
    )
    book = venue.book([{"BTC-USDT": 1.0, "BTC-F120": -60.0}])
    model = SpanMargin(pricing=venue.PRICING)
    one, other = (
        model.prepare(venue.snapshot(), parameters, venue.INSTRUMENTS).requirements(book)
        for parameters in (held, {"BTC": OWN})
    )
    assert one.maintenance.tolist() == other.maintenance.tolist()


def test_initial_margin_over_maintenance() -> None:
    """CME advisory 23-376: 8,800 against 8,000."""
    book = venue.book([{"BTC-COIN": 1_000.0}])  # 100,000 USD
    prepared = SpanMargin(pricing=venue.PRICING).prepare(
        venue.snapshot(), {"BTC": OWN}, venue.INSTRUMENTS
    )
    found = prepared.requirements(book)
    assert found.maintenance == pytest.approx([8_000.0], rel=1e-12)
    assert found.initial == pytest.approx([8_800.0], rel=1e-12)


@pytest.mark.parametrize("name", ["extremes", "price_risk", "short_options", "coin_profit"])
def test_unknown_choices_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match=name):
        SpanMargin(**{name: "other"})


@pytest.mark.parametrize(
    "field", ["price_scan_range", "vol_scan_range", "short_option_minimum", "initial_ratio"]
)
def test_values_beyond_their_bounds_are_refused(field: str) -> None:
    with pytest.raises(ParameterError, match=field):
        replace(OWN, **{field: Decimal("-0.1")})


def test_nothing_to_prepare() -> None:
    prepared = SpanMargin(pricing=venue.PRICING).prepare(
        replace(venue.snapshot(), quotes={}), {}, {}
    )
    found = prepared.requirements(venue.book([{}, {"ALIEN": 1.0}]))
    assert found.maintenance[0] == 0.0
    assert np.isnan(found.maintenance[1])
