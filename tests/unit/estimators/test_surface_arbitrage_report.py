"""The arbitrage report: clean surfaces are clean, each planted fault is found where it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from plimsoll.domain.instrument import Pair, Payoff
from plimsoll.domain.surface import CALENDAR, RAW, SviSmile, VarianceClock, VolSurface
from plimsoll.errors import UsageError
from plimsoll.estimators.surface.arbitrage import SmilePlace, arbitrage_report
from plimsoll.maths.ssvi import ssvi_to_raw
from plimsoll.maths.variance_clock import variance_years

DAY_NS = 86_400 * 10**9
AT_NS = 1_767_225_600 * 10**9  # 1 January 2026
DAYS = (1, 2, 9, 30, 86, 177, 268)
VOGT = np.array([-0.0410, 0.1331, 0.3060, 0.3586, 0.4153])


def _surface(slices: np.ndarray, clock: VarianceClock = CALENDAR) -> VolSurface:
    """Raw slices at the first of `DAYS`."""
    smiles = []
    for raw, days in zip(slices, DAYS, strict=False):
        expiry = AT_NS + days * DAY_NS
        smile = SviSmile(
            expiry_ns=expiry,
            tau_years=days / 365.0,
            variance_years=float(variance_years(clock.day_weights, AT_NS, expiry)),
            forward=1e5,
            **dict(zip(RAW, map(float, raw), strict=True)),
        )
        smiles.append(smile)
    return VolSurface(
        at_ns=AT_NS,
        pair=Pair(base="BTC", quote="USD"),
        settle="BTC",
        payoff=Payoff.INVERSE,
        index=1e5,
        clock=clock,
        smiles=tuple(smiles),
    )


def _clean() -> np.ndarray:
    tau = np.array(DAYS) / 365.0
    theta = 0.25 * tau
    return ssvi_to_raw(np.stack((theta, np.full(7, -0.3), 0.6 * np.sqrt(theta)), axis=-1))


def test_a_clean_surface_is_clean() -> None:
    report = arbitrage_report(_surface(_clean()))
    assert report.is_clean
    assert report.violations == 0
    assert len(report.smiles) == 7 + 2 * 6 + 1
    assert report.smiles[-1].place is SmilePlace.AFTER_LAST
    assert report.far_violations == 0
    assert len(report.order) == 6
    assert report.worst_smile.least_g > 0.0
    worst = report.worst_order
    assert worst is not None
    assert worst.least_rise > 0.0
    assert report.steepest_wing == pytest.approx(0.65 * 0.6 * np.sqrt(0.25 * 268 / 365), rel=1e-12)


def test_a_butterfly_is_found_where_it_is() -> None:
    """Vogt's smile as the last expiry: g falls below zero around k = 0.8."""
    slices = _clean()
    slices[-1] = VOGT
    report = arbitrage_report(_surface(slices))
    worst = report.worst_smile
    assert report.butterflies > 0
    assert worst.expiry_ns in (AT_NS + 177 * DAY_NS, AT_NS + 268 * DAY_NS)
    assert 0.5 < worst.least_g_at < 1.2
    only = arbitrage_report(_surface(VOGT[None]))
    assert only.butterflies > 0
    assert only.crossings == only.falling_wings == only.steep_wings == 0
    assert only.worst_order is None
    assert not only.is_clean


def test_a_crossing_is_found_between_the_right_expiries() -> None:
    slices = _clean()
    slices[3, 0] += 0.05
    report = arbitrage_report(_surface(slices))
    crossed = [pair for pair in report.order if pair.crossings]
    assert [(pair.early_ns - AT_NS) // DAY_NS for pair in crossed] == [30]
    assert crossed[0].least_rise < 0.0


def test_wings_that_cross_beyond_the_points_are_found() -> None:
    """The later right wing is flatter, but by too little to cross within [-3, 3]."""
    slices = _clean()[:2]
    slices[1] = slices[0] + np.array([0.01, -1e-5, 0.0, 0.0, 0.0])
    report = arbitrage_report(_surface(slices))
    assert report.crossings == 0
    assert report.falling_wings == 2
    assert not report.is_clean


@pytest.mark.parametrize("bound", [3.0, 4.0, 10.0, 50.0])
def test_a_crossing_far_out_is_found_whatever_the_bound(bound: float) -> None:
    """Wings of equal slope whose intercepts are out of order by 1e-3: they cross beyond 50, as
    the wider bend of the later smile holds it up until there."""
    early, late = np.array([0.02, 0.1, 0.0, 0.0, 0.1]), np.array([0.019, 0.1, 0.0, 0.0, 1.2])
    report = arbitrage_report(_surface(np.stack((early, late))), bound=bound)
    assert report.crossings == report.falling_wings == 0
    assert report.order[0].far_crossings > 0
    assert report.order[0].far_least_rise == pytest.approx(-0.001, rel=1e-3)
    assert not report.is_clean
    raised = np.stack((early, late + np.array([0.001, 0.0, 0.0, 0.0, 0.0])))
    assert arbitrage_report(_surface(raised), bound=bound).is_clean


def test_a_butterfly_beyond_the_bound_is_told_apart() -> None:
    """A smile that is clean on [-3, 3] and not at 3.9."""
    raw = np.array([[-1.775, 0.7005, 0.0756, 0.566, 2.8098]])
    report = arbitrage_report(_surface(raw))
    assert report.butterflies == 0
    assert report.far_violations > 0
    assert report.smiles[0].far_least_g < 0.0
    assert report.smiles[0].far_least_g_at == pytest.approx(3.9, abs=0.2)
    assert arbitrage_report(_surface(raw), bound=6.0).butterflies > 0


def test_what_comes_after_the_last_expiry_is_checked() -> None:
    """Vogt's smile raised by a little still has its butterfly; none is worse than its own."""
    report = arbitrage_report(_surface(VOGT[None]))
    here, later = report.smiles
    assert (here.place, later.place) == (SmilePlace.EXPIRY, SmilePlace.AFTER_LAST)
    assert later.butterflies == here.butterflies > 0
    assert later.least_g == pytest.approx(here.least_g, rel=1e-12)


def test_a_wing_on_lees_bound_is_allowed_and_beyond_is_not_built() -> None:
    steep = np.array([[0.5, 1.25, 0.6, 0.0, 1.0]])
    report = arbitrage_report(_surface(steep))
    assert report.steepest_wing == 2.0
    assert report.steep_wings == 0
    with pytest.raises(UsageError, match="at most 2"):
        _surface(steep * np.array([1.0, 1.001, 1.0, 1.0, 1.0]))


def test_midpoints_follow_the_calendar_and_the_clock() -> None:
    """A Saturday that counts nearly nothing: the calendar's midpoint is then near the Friday.

    1 January 2026 is a Thursday; expiries on Friday and on Sunday, midnight. With nothing on
    Saturday the calendar midpoint, Saturday midnight, is all but one with the Sunday's.
    """
    clock = VarianceClock(day_weights=(1.0, 1.0, 1.0, 1.0, 1.9, 1e-6, 1.1 - 1e-6))
    early, late = _clean()[0], _clean()[2]
    smiles = _surface(np.stack((early, late)), clock)
    friday, sunday = AT_NS + 1 * DAY_NS, AT_NS + 3 * DAY_NS
    moved = tuple(
        replace(
            smile,
            expiry_ns=expiry,
            variance_years=float(variance_years(clock.day_weights, AT_NS, expiry)),
        )
        for smile, expiry in zip(smiles.smiles, (friday, sunday), strict=True)
    )
    report = arbitrage_report(replace(smiles, smiles=moved))
    by_place = {smile.place: smile for smile in report.smiles[2:]}
    on_calendar = by_place[SmilePlace.CALENDAR_MIDPOINT]
    in_variance = by_place[SmilePlace.VARIANCE_MIDPOINT]
    second = report.smiles[1]
    assert on_calendar.least_variance == pytest.approx(second.least_variance, rel=1e-3)
    assert in_variance.least_variance < 0.8 * second.least_variance


def test_points_and_bound_are_the_callers() -> None:
    report = arbitrage_report(_surface(_clean()[:1]), points=11, bound=0.5)
    assert (report.points, report.bound) == (11, 0.5)
    with pytest.raises(UsageError, match="at least 3"):
        arbitrage_report(_surface(_clean()[:1]), points=2)
    with pytest.raises(UsageError, match="positive"):
        arbitrage_report(_surface(_clean()[:1]), bound=0.0)
