"""Broken pegs: events in a price, hazards, and the exact tail of two regimes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from plimsoll.calibration.collateral.pegged import (
    INCIDENTS,
    DepegEvent,
    PegKind,
    PegRecord,
    depeg_events,
    peg_record,
    two_regime_tail,
    weighted_tail,
)
from plimsoll.domain.market import DAY_NS, HOUR_NS
from plimsoll.errors import InsufficientDataError, ParameterError


def test_an_event_is_its_depth_within_a_week_and_known_only_then() -> None:
    price = np.ones(24 * 30)
    price[100:150] = 0.97
    price[120] = 0.91
    price[500] = 0.985
    time_ns = np.arange(price.size) * HOUR_NS
    found = depeg_events("USDX", PegKind.RESERVES, np.log(price), time_ns)
    assert [round(e.loss, 6) for e in found] == [0.09, 0.015]
    assert found[0].known_ns == time_ns[100] + 7 * DAY_NS - HOUR_NS
    record = peg_record(found, PegKind.RESERVES, 2.0, int(time_ns[400]))
    assert record.losses == pytest.approx((0.09,))
    assert record.hazard_annual == 0.75
    with pytest.raises(InsufficientDataError):
        peg_record(found, PegKind.STAKED, 2.0, int(time_ns[-1]))


def test_incidents_are_not_known_before_they_happened() -> None:
    at_ns = int(np.datetime64("2023-03-01", "ns").astype(np.int64))
    with pytest.raises(InsufficientDataError):
        peg_record(INCIDENTS, PegKind.RESERVES, 10.0, at_ns)
    later = peg_record(INCIDENTS, PegKind.RESERVES, 10.0, at_ns + 30 * DAY_NS)
    assert later.losses == (0.13,)


def test_mixture_tail_is_its_closed_form() -> None:
    # Calm falls uniform on [0, 0.005]; a break loses 10 % with p below the tail.
    calm = (np.arange(100_000) + 0.5) / 100_000 * 0.005
    record = PegRecord(losses=(0.1,), asset_years=3.0)
    found = two_regime_tail(calm, record, horizon_hours=24.0)
    p = -math.expm1(-0.5 * 24.0 / 8760.0)
    assert found.break_probability == pytest.approx(p, rel=1e-12)
    rest = (0.01 - p) / (1.0 - p)  # share of the calm regime in the tail
    calm_part = (1.0 - p) * rest * 0.005 * (1.0 - rest / 2.0)
    want = (calm_part - p * math.log(0.9)) / 0.01
    assert found.shortfall == pytest.approx(want, rel=1e-4)  # grid of 1e5 calm falls
    assert found.quantile == pytest.approx(0.005 * (1.0 - rest), rel=1e-4)


def test_risk_rises_with_hazard_horizon_and_loss() -> None:
    calm = np.abs(np.random.default_rng(0).normal(0, 0.001, 5_000))

    def risk(losses: tuple[float, ...], years: float, hours: float) -> float:
        record = PegRecord(losses=losses, asset_years=years)
        return two_regime_tail(calm, record, horizon_hours=hours).shortfall

    assert risk((0.1,), 5, 24) > risk((0.1,), 20, 24)
    assert risk((0.1,), 5, 48) > risk((0.1,), 5, 24)
    assert risk((0.3,), 5, 24) > risk((0.1,), 5, 24)
    assert math.isfinite(risk((1.0,), 5, 24))


def test_weights_split_the_atom_at_the_quantile() -> None:
    values, weight = np.array([3.0, 1.0, 2.0]), np.array([0.005, 0.9, 0.095])
    assert weighted_tail(values, weight, 0.01) == pytest.approx((2.0, 2.5))
    assert weighted_tail(values[::-1], weight[::-1], 0.01) == pytest.approx((2.0, 2.5))


def test_what_is_no_event_is_refused() -> None:
    with pytest.raises(ParameterError):
        DepegEvent(asset="X", kind=PegKind.RESERVES, known_ns=0, loss=0.0)
    with pytest.raises(InsufficientDataError):
        two_regime_tail([0.5], PegRecord(losses=(0.1,), asset_years=1.0), horizon_hours=24)
