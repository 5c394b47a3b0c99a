"""A surface is carried on and corrected by quotes: against a minimiser, and by what must hold."""

from __future__ import annotations

import numpy as np
import pytest
from sample_surface import AT, DAY, surface
from scipy.optimize import minimize

from plimsoll.domain.surface import VolSurface
from plimsoll.errors import UsageError
from plimsoll.estimators.surface.arbitrage import arbitrage_report
from plimsoll.estimators.surface.query import at_moneyness, standard_error
from plimsoll.estimators.surface.uncertainty import raw_jacobian
from plimsoll.estimators.surface.update import (
    UpdateStatus,
    VolQuotes,
    carried_surface,
    update_surface,
)
from plimsoll.maths.surface_fit_curve import coordinates_of_raw, raw_of_coordinates

EXPIRY = AT + 30 * DAY
SPREAD = np.array([0.05, 0.1, 0.12, 0.2, 0.15])
"""Standard deviations of the coordinates of the surface known beforehand."""


def known_surface() -> VolSurface:
    plain = surface()
    deviation = np.array([np.sqrt(float(at_moneyness(plain, 0.0, EXPIRY).total_variance))])
    jacobian = raw_jacobian(coordinates_of_raw(plain.raw()[1:2], deviation), deviation)[0]
    return surface(jacobian @ np.diag(SPREAD**2) @ jacobian.T)


def quotes(k: list[float], vol: list[float], error: float, **change: int) -> VolQuotes:
    return VolQuotes(
        at_ns=change.get("at_ns", AT),
        expiry_ns=np.full(len(k), change.get("expiry_ns", EXPIRY), dtype=np.int64),
        log_moneyness=np.array(k),
        volatility=np.array(vol),
        standard_error=np.full(len(k), error),
    )


def vol(found: VolSurface, k: float, expiry_ns: int = EXPIRY) -> float:
    return float(at_moneyness(found, k, expiry_ns).volatility)


def test_the_sample_is_free_of_arbitrage() -> None:
    assert arbitrage_report(surface()).is_clean


def test_a_correction_is_the_most_probable_smile() -> None:
    """Against scipy's minimiser of prior and quotes; tolerance: four Gauss-Newton steps."""
    before, seen, k = known_surface(), np.array([0.36, 0.335, 0.33]), np.array([-0.2, 0.0, 0.2])
    seen = np.array([vol(before, x) for x in k]) + np.array([0.01, 0.004, -0.003])
    error = 0.01
    raw = before.raw()[1:2]
    deviation = np.array([np.sqrt(vol(before, 0.0) ** 2 * 30 / 365)])
    start = coordinates_of_raw(raw, deviation)[0]

    def minus_log_posterior(theta: np.ndarray) -> float:
        a, b, rho, m, sigma = raw_of_coordinates(theta[None, :], deviation)[0]
        w = a + b * (rho * (k - m) + np.hypot(k - m, sigma))
        misfit = (np.sqrt(w * 365 / 30) - seen) / error
        return float(np.sum(misfit**2) + np.sum(((theta - start) / SPREAD) ** 2))

    best = minimize(minus_log_posterior, start, method="BFGS", options={"gtol": 1e-10})
    expected = raw_of_coordinates(best.x[None, :], deviation)[0]
    found = update_surface(before, quotes(k.tolist(), seen.tolist(), error))
    assert found.share == 1.0
    np.testing.assert_allclose(found.surface.raw()[1], expected, rtol=1e-4, atol=1e-6)


def test_a_sure_quote_is_met_and_a_vague_one_changes_nothing() -> None:
    before = known_surface()
    target = vol(before, 0.1) + 0.01
    sure = update_surface(before, quotes([0.1], [target], 1e-6))
    assert vol(sure.surface, 0.1) == pytest.approx(target, abs=1e-5)
    vague = update_surface(before, quotes([0.1], [target], 1e6))
    np.testing.assert_allclose(vague.surface.raw(), before.raw(), rtol=1e-9)


def test_knowledge_grows_with_quotes_and_fades_with_time() -> None:
    before = known_surface()
    informed = update_surface(before, quotes([0.0], [vol(before, 0.0)], 0.01)).surface
    assert standard_error(informed, 0.0, EXPIRY) < standard_error(before, 0.0, EXPIRY)
    later = carried_surface(before, AT + DAY)
    assert standard_error(later, 0.0, EXPIRY) > standard_error(before, 0.0, EXPIRY)


def test_one_quote_after_another_is_all_at_once() -> None:
    """Exact where a smile is linear in its coordinates; here the moves are small."""
    before, ks = known_surface(), [-0.15, 0.0, 0.15]
    seen = [vol(before, k) + 0.002 for k in ks]
    together = update_surface(before, quotes(ks, seen, 0.01)).surface
    one_by_one = before
    for k, value in zip(ks, seen, strict=True):
        one_by_one = update_surface(one_by_one, quotes([k], [value], 0.01)).surface
    for k in ks:
        # second-order terms of moves of 0.2 points
        assert vol(one_by_one, k) == pytest.approx(vol(together, k), abs=2e-5)


def test_a_wild_quote_is_left_out_and_named() -> None:
    before = known_surface()
    found = update_surface(before, quotes([0.0, 0.1], [vol(before, 0.0), 2.0], 0.01))
    assert found.status.tolist() == [UpdateStatus.USED, UpdateStatus.SURPRISING]
    assert found.surprise[1] > 5.0
    assert vol(found.surface, 0.1) == pytest.approx(vol(before, 0.1), abs=0.005)


@pytest.mark.parametrize(
    ("expiry", "at", "status"),
    [
        (AT + 11 * DAY, AT, UpdateStatus.UNKNOWN_EXPIRY),
        (AT + 7 * DAY, AT + 8 * DAY, UpdateStatus.EXPIRED),
    ],
)
def test_quotes_without_a_smile_say_why(expiry: int, at: int, status: UpdateStatus) -> None:
    found = update_surface(known_surface(), quotes([0.0], [0.5], 0.01, expiry_ns=expiry, at_ns=at))
    assert found.status.tolist() == [status]
    assert np.isnan(found.surprise).all()
    assert found.used.tolist() == [False]


def test_a_carried_surface_keeps_its_shape_and_stays_free_of_arbitrage() -> None:
    later = carried_surface(surface(), AT + 6 * DAY)
    assert arbitrage_report(later).is_clean
    left = np.sqrt(24 / 30)
    for k in (-0.3, 0.0, 0.4):  # same volatility at the same number of standard deviations
        assert vol(later, k * left) == pytest.approx(vol(surface(), k), rel=1e-12)
    assert carried_surface(surface(), AT + 8 * DAY).expiries_ns == surface().expiries_ns[1:]


def test_a_correction_never_opens_an_arbitrage() -> None:
    """Sure quotes far above the next expiry's: the surface follows as far as it may."""
    before = known_surface()
    expiry = AT + 30 * DAY
    high = [vol(before, k) * 2.2 for k in (-0.2, 0.0, 0.2)]
    found = update_surface(before, quotes([-0.2, 0.0, 0.2], high, 0.2, expiry_ns=expiry), gate=1e9)
    forced = update_surface(
        before, quotes([-0.2, 0.0, 0.2], high, 1e-4, expiry_ns=expiry), gate=1e9
    )
    assert arbitrage_report(found.surface).is_clean
    assert arbitrage_report(forced.surface).is_clean
    assert forced.share < 1.0


def test_times_that_cannot_be_are_refused() -> None:
    with pytest.raises(UsageError, match="before the surface"):
        carried_surface(surface(), AT - 1)
    with pytest.raises(UsageError, match="last expiry"):
        carried_surface(surface(), AT + 91 * DAY)
    with pytest.raises(UsageError, match="row 0"):
        quotes([0.0], [float("nan")], 0.01)
