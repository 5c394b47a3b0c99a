"""A surface is carried on and corrected by quotes: against minimisers, and by what must hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sample_surface import AT, DAY, smile, surface
from scipy.optimize import minimize

from plimsoll.domain.surface import VolSurface
from plimsoll.errors import UsageError
from plimsoll.estimators.surface import update
from plimsoll.estimators.surface.arbitrage import arbitrage_report
from plimsoll.estimators.surface.query import at_moneyness, standard_error
from plimsoll.estimators.surface.uncertainty import raw_jacobian
from plimsoll.estimators.surface.update import (
    StreamedQuotes,
    UpdateStatus,
    carried_surface,
    update_surface,
)
from plimsoll.estimators.surface.update_belief import STREAMED, Belief, carried_belief
from plimsoll.estimators.surface.update_posterior import Posterior, as_far_as_clean
from plimsoll.maths.surface_fit_curve import coordinates_of_raw, raw_of_coordinates
from plimsoll.maths.svi import svi_total_variance

EXPIRY = AT + 30 * DAY
SPREAD = np.array([0.05, 0.1, 0.12, 0.2, 0.15])
"""Standard deviations of the coordinates of the surface known beforehand."""


def known_surface() -> VolSurface:
    plain = surface()
    deviation = np.array([np.sqrt(float(at_moneyness(plain, 0.0, EXPIRY).total_variance))])
    jacobian = raw_jacobian(coordinates_of_raw(plain.raw()[1:2], deviation), deviation)[0]
    return surface(jacobian @ np.diag(SPREAD**2) @ jacobian.T)


def quotes(k: list[float], vol: list[float], error: float, **change: int) -> StreamedQuotes:
    return StreamedQuotes(
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
    """Against scipy's minimiser of prior and quotes, where no condition binds; tolerance: the last
    Gauss-Newton step, of which less than 1e-3 of the objective was to be gained."""
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
    alone = update_surface(before, quotes([0.1], [2.0], 0.01))
    assert alone.status.tolist() == [UpdateStatus.SURPRISING]
    np.testing.assert_array_equal(alone.surface.raw(), carried_surface(before, AT).raw())


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


def _conditions(raw: np.ndarray) -> np.ndarray:
    """No arbitrage with the fit's margins, written anew from the definitions."""
    a, b, rho, m, sigma = raw.T[:, :, None]
    k = np.sinh(np.linspace(-4.0, 4.0, 61)) / 9.0
    h = np.hypot(k - m, sigma)
    w, slope, bend = a + b * (rho * (k - m) + h), b * (rho + (k - m) / h), b * sigma**2 / h**3

    def density(w: np.ndarray, slope: np.ndarray, bend: np.ndarray) -> np.ndarray:
        tangent = 1.0 - k * slope / (2.0 * w)
        return tangent**2 - slope**2 / 4.0 * (1.0 / w + 0.25) + bend / 2.0 - 2e-4

    growth = (w[1:] - w[:-1]) / (w[1:] + w[:-1]) - 5e-5
    midway = density(*((x[1:] + x[:-1]) / 2.0 for x in (w, slope, bend)))
    wings = np.log(np.concatenate((raw[:, 1] * (1 - raw[:, 2]), raw[:, 1] * (1 + raw[:, 2]))))
    order = np.diff(wings.reshape(2, -1)) - 1e-4
    parts = (density(w, slope, bend), growth, midway, order)
    return np.concatenate([part.ravel() for part in parts])


def test_under_the_conditions_it_is_the_most_probable_surface() -> None:
    """Against SLSQP, quotes pressing an expiry over the next. The conditions hold at other points
    there, and the last steps gain 1e-3 each: a half per cent, and a twentieth of a point."""
    raw, spread, error = surface().raw(), 0.3, 0.01
    ks, scale = np.array([-0.2, 0.0, 0.2]), np.hypot(raw[:, 3], raw[:, 4]) - raw[:, 2] * raw[:, 3]
    deviation = np.sqrt(raw[:, 0] + raw[:, 1] * scale)
    start = coordinates_of_raw(raw, deviation)
    jacobian = raw_jacobian(start, deviation)
    known = spread**2 * jacobian @ jacobian.transpose(0, 2, 1)
    before = replace(
        surface(),
        smiles=tuple(
            replace(each, covariance=covariance)
            for each, covariance in zip(surface().smiles, known, strict=True)
        ),
    )
    seen = 1.7 * np.array([vol(before, k) for k in ks])

    def parameters(x: np.ndarray) -> np.ndarray:
        return raw_of_coordinates(start + spread * x.reshape(3, 5), deviation)

    def objective(x: np.ndarray) -> float:
        a, b, rho, m, sigma = parameters(x)[1]
        w = a + b * (rho * (ks - m) + np.hypot(ks - m, sigma))
        misfit = (np.sqrt(np.maximum(w, 1e-6) * 365 / 30) - seen) / error
        return float(0.5 * x @ x + 0.5 * misfit @ misfit)

    best = minimize(
        objective,
        np.zeros(15),
        method="SLSQP",
        bounds=[(-6.0, 6.0)] * 15,
        constraints=[{"type": "ineq", "fun": lambda x: _conditions(parameters(x))}],
        options={"maxiter": 300, "ftol": 1e-8},
    )
    assert best.success
    found = update_surface(before, quotes(ks.tolist(), seen.tolist(), error), gate=1e9).surface
    x = ((coordinates_of_raw(found.raw(), deviation) - start) / spread).ravel()
    assert np.abs(x[:5]).max() + np.abs(x[10:]).max() > 0.5  # the neighbours had to move
    assert objective(x) == pytest.approx(best.fun, rel=5e-3)
    for k in ks:
        for i, each in enumerate(found.smiles):
            one, other = (
                svi_total_variance(rows[i], k) for rows in (found.raw(), parameters(best.x))
            )
            error_vol = np.sqrt(one / each.tau_years) - np.sqrt(other / each.tau_years)
            assert abs(float(error_vol)) < 5e-4


def test_neighbours_give_way_to_a_correction() -> None:
    """Sure quotes far above the next expiry's are met, and nothing crosses."""
    before = known_surface()
    ks = [-0.2, 0.0, 0.2]
    high = [vol(before, k) * 1.8 for k in ks]
    found = update_surface(before, quotes(ks, high, 0.002), gate=1e9)
    assert found.share == 1.0
    assert arbitrage_report(found.surface).is_clean
    for k, seen in zip(ks, high, strict=True):
        assert vol(found.surface, k) == pytest.approx(seen, abs=0.02)
    late = AT + 90 * DAY
    assert vol(found.surface, 0.0, late) > vol(before, 0.0, late) + 0.005


def test_an_impossible_correction_is_approached() -> None:
    """Quotes that no smile free of arbitrage meets: the surface stays free of it."""
    before = known_surface()
    found = update_surface(before, quotes([-0.1, 0.0, 0.1], [0.9, 0.1, 0.9], 1e-3), gate=1e9)
    assert arbitrage_report(found.surface).is_clean
    low = update_surface(before, quotes([0.0], [0.01], 1e-4), gate=1e9)
    assert arbitrage_report(low.surface).is_clean


def test_a_quote_against_all_others_is_left_out_and_named() -> None:
    """A day on, much is possible; that one quote of five is right and four are not, is not."""
    before, later = known_surface(), AT + DAY
    ks = [-0.1, -0.05, 0.0, 0.05, 0.1]
    seen = [vol(before, k) + 0.03 for k in ks]
    seen[2] -= 0.05
    found = update_surface(before, quotes(ks, seen, 0.002, at_ns=later))
    alone = update_surface(before, quotes(ks[2:3], seen[2:3], 0.002, at_ns=later))
    assert alone.status.tolist() == [UpdateStatus.USED]
    assert found.status.tolist() == [0, 0, UpdateStatus.SURPRISING, 0, 0]
    assert found.surprise[2] < -5.0
    good = [0, 1, 3, 4]
    without = update_surface(
        before, quotes([ks[i] for i in good], [seen[i] for i in good], 0.002, at_ns=later)
    )
    np.testing.assert_allclose(found.surface.raw(), without.surface.raw(), rtol=1e-9)


def _crossing() -> tuple[Belief, Posterior]:
    """A belief, and a correction that lifts the middle expiry over the last."""
    belief = carried_belief(known_surface(), AT, STREAMED)
    theta = belief.theta + np.array([[0.0], [1.6], [0.0]]) * np.eye(5)[0]
    return belief, Posterior(theta=theta, covariance=0.25 * belief.covariance)


def test_what_would_cross_is_held_back_and_not_believed_more() -> None:
    belief, posterior = _crossing()
    found = as_far_as_clean(posterior, belief, slice(0, 3))
    assert arbitrage_report(found.surface).is_clean
    assert found.shares[0] == 1.0
    assert 0.0 < found.shares[1] < 1.0
    raw = found.surface.smiles[1].raw
    assert raw[0] - belief.smiles[1].a > 0.0
    ratios = [
        np.trace(np.asarray(each.covariance)) / np.trace(np.asarray(known.covariance))
        for each, known in zip(found.surface.smiles, belief.smiles, strict=True)
    ]
    assert ratios[0] == pytest.approx(0.25)
    assert min(ratios[1:]) > 0.9  # of the parameters: those of level move with it


def test_nothing_is_taken_of_what_is_no_smile() -> None:
    belief, posterior = _crossing()
    broken = replace(posterior, theta=posterior.theta + 30.0)
    found = as_far_as_clean(broken, belief, slice(0, 3))
    assert found.shares.tolist() == [0.0, 0.0, 0.0]
    np.testing.assert_allclose(found.surface.raw(), known_surface().raw(), rtol=1e-12)


def test_quotes_that_are_held_back_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    crossing = _crossing()[1]
    monkeypatch.setattr(update, "posterior", lambda *_: crossing)
    before = known_surface()
    seen = StreamedQuotes(
        at_ns=AT,
        expiry_ns=np.array([AT + 7 * DAY, EXPIRY, EXPIRY]),
        log_moneyness=np.array([0.0, 0.0, 0.1]),
        volatility=np.array([vol(before, 0.0, AT + 7 * DAY), vol(before, 0.0), 9.0]),
        standard_error=np.full(3, 0.01),
    )
    found = update_surface(before, seen)
    statuses = [UpdateStatus.USED, UpdateStatus.HELD_BACK, UpdateStatus.SURPRISING]
    assert found.status.tolist() == statuses
    assert 0.0 < found.share < 1.0
    assert found.used.tolist() == [True, False, False]


def test_far_expiries_stay_exactly_as_they_were() -> None:
    days = (5, 12, 25, 45, 70, 100, 140, 190)
    before = replace(surface(), smiles=tuple(smile(each, 100.0) for each in days))
    assert arbitrage_report(before).is_clean
    seen = quotes([0.0], [vol(before, 0.0, AT + 12 * DAY) + 0.02], 0.001, expiry_ns=AT + 12 * DAY)
    found = update_surface(before, seen)
    assert found.share == 1.0
    np.testing.assert_array_equal(found.surface.raw()[4:], carried_surface(before, AT).raw()[4:])
    assert vol(found.surface, 0.0, AT + 12 * DAY) == pytest.approx(
        float(seen.volatility[0]), abs=2e-3
    )


def test_many_short_steps_are_one_long_step() -> None:
    """Variances of a random walk add, however short its steps."""
    at_once = carried_surface(known_surface(), AT + 60 * 10**9)
    stepwise = known_surface()
    for second in range(10, 61, 10):
        stepwise = carried_surface(stepwise, AT + second * 10**9)
    for k in (-0.2, 0.0, 0.2):
        # the scale of a step hangs on the time to expiry, here within a minute the same to 1e-5
        known = standard_error(stepwise, k, EXPIRY)
        assert known == pytest.approx(float(standard_error(at_once, k, EXPIRY)), rel=1e-4)


def test_a_surface_without_covariance_learns_from_quotes() -> None:
    before = surface()
    target = vol(before, 0.0) + 0.02
    found = update_surface(before, quotes([0.0], [target], 0.002))
    assert vol(found.surface, 0.0) == pytest.approx(target, abs=1e-3)
    assert found.surface.smiles[1].covariance is not None


def test_times_that_cannot_be_are_refused() -> None:
    with pytest.raises(UsageError, match="before the surface"):
        carried_surface(surface(), AT - 1)
    with pytest.raises(UsageError, match="last expiry"):
        carried_surface(surface(), AT + 91 * DAY)
    with pytest.raises(UsageError, match="row 0"):
        quotes([0.0], [float("nan")], 0.01)
