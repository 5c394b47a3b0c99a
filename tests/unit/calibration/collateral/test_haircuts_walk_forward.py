"""Haircuts walk forward: nothing of the future is in them, and publication only raises them."""

from __future__ import annotations

import numpy as np
import pytest

from plimsoll.calibration.collateral.pegged import (
    DepegEvent,
    PegKind,
    depeg_events,
    with_incidents,
)
from plimsoll.calibration.collateral.walk_forward import (
    PeggedPrice,
    in_force,
    incident_floor,
    pegged_log_risk,
    published_path,
    watched_years,
    worst_known_loss,
)
from plimsoll.domain.market import DAY_NS, HOUR_NS

HOURS = 24 * 200
AVAILABLE = np.arange(1, HOURS + 1, dtype=np.int64) * HOUR_NS
REVIEW = np.arange(40, 190, 10, dtype=np.int64) * DAY_NS
PRIOR = (DepegEvent(asset="assumed", kind=PegKind.RESERVES, known_ns=0, loss=0.05),)


def price(seed: int) -> PeggedPrice:
    log_ratio = np.random.default_rng(seed).normal(0, 3e-4, HOURS)
    log_ratio[24 * 100 : 24 * 103] -= 0.08
    return PeggedPrice(asset=f"USD{seed}", kind=PegKind.RESERVES, log_ratio=log_ratio)


def risk(prices: list[PeggedPrice]) -> np.ndarray:
    events = [
        event for p in prices for event in depeg_events(p.asset, p.kind, p.log_ratio, AVAILABLE)
    ]
    return pegged_log_risk(
        prices[0],
        AVAILABLE,
        REVIEW,
        (*PRIOR, *events),
        watched_years(prices, PegKind.RESERVES, 1.0),
        horizon_bars=24,
        interval_hours=1.0,
    )


def test_a_scrambled_future_changes_nothing_before_it() -> None:
    prices = [price(1), price(2)]
    base = risk(prices)
    for cut in (5, 9):
        bar = int(np.searchsorted(AVAILABLE, REVIEW[cut], side="right"))
        rng = np.random.default_rng(cut)
        changed = []
        for p in prices:
            future = p.log_ratio.copy()
            future[bar:] = rng.normal(-0.3, 0.1, HOURS - bar)
            changed.append(PeggedPrice(asset=p.asset, kind=p.kind, log_ratio=future))
        other = risk(changed)
        # A break under way at the cut may be counted deeper, but only once its week is over.
        assert other[: cut + 1].tobytes() == base[: cut + 1].tobytes()
        assert not np.array_equal(other[cut + 1 :], base[cut + 1 :])


def test_the_break_raises_the_haircut_only_after_it_was_known() -> None:
    found = risk([price(1)])
    before, after = REVIEW <= 100 * DAY_NS, REVIEW > 108 * DAY_NS
    assert found[after].min() > 1.3 * found[before].max()


def test_publication_is_up_to_the_step_and_the_floor() -> None:
    shown = published_path(np.array([0.0501, 0.05, 0.2, np.nan]), np.array([0.0, 0.0, 0.25, 0.1]))
    assert shown[:3] == pytest.approx([0.051, 0.05, 0.25], abs=1e-12)
    assert np.isnan(shown[3])
    path = np.random.default_rng(0).uniform(0, 0.5, 500)
    assert (published_path(path, 0.0) >= path - 1e-12).all()


def test_worst_losses_and_incidents_are_known_from_their_time_on() -> None:
    log_price = np.log([1.0, 0.9, np.nan, 0.5, 0.6])
    assert worst_known_loss(log_price, 1) == pytest.approx([0, 0.1, 0.1, 0.1, 0.1])
    events = (DepegEvent(asset="X", kind=PegKind.STAKED, known_ns=5, loss=0.06),)
    at_ns = np.array([4, 5, 6])
    assert incident_floor(events, PegKind.STAKED, at_ns, 0.5).tolist() == [0.0, 0.03, 0.03]
    held = in_force(np.array([1.0, 2.0]), np.array([10, 20]), np.array([5, 10, 25]))
    assert held[1:].tolist() == [1.0, 2.0]
    assert np.isnan(held[0])


def test_a_discount_of_months_is_one_break_and_an_incident_counts_once() -> None:
    ratio = np.zeros(24 * 120)
    ratio[240 : 24 * 60] = -0.03
    ratio[24 * 80 : 24 * 81] = -0.02
    time_ns = np.arange(ratio.size, dtype=np.int64) * HOUR_NS
    found = depeg_events("USDC", PegKind.RESERVES, ratio, time_ns)
    assert [round(e.loss, 4) for e in found] == [0.0296, 0.0198]
    incident = DepegEvent(
        asset="USDC", kind=PegKind.RESERVES, known_ns=found[0].known_ns + 3 * DAY_NS, loss=0.13
    )
    assert [round(e.loss, 2) for e in with_incidents(found, (incident,))] == [0.13, 0.02]
