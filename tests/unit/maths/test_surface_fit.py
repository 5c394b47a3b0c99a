"""The joint minimisation: exact data, scipy's optimum, conditions held, arbitrage found."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import least_squares
from surface_fit_samples import ROBUST, WALLED, YEARS, problem, truth

from plimsoll.maths.surface_fit import augmented_value, minimise_surface
from plimsoll.maths.surface_fit_constraints import FAMILIES, renew_multipliers
from plimsoll.maths.surface_fit_curve import SHAPE, coordinates_of_raw, raw_of_coordinates
from plimsoll.maths.surface_fit_problem import LossShape, SurfaceProblem
from plimsoll.maths.surface_fit_verification import add_broken_points
from plimsoll.maths.svi import durrleman, svi_total_variance

START = np.tile(np.array([0.0, np.log(0.35), np.log(0.35), 0.0, 0.0]), (3, 1))
K = np.linspace(-3.0, 3.0, 4001)


def fitted(
    given: SurfaceProblem, loss: LossShape, penalty: float, start: np.ndarray = START
) -> tuple[np.ndarray, float]:
    theta = start.copy()
    multipliers = np.zeros((3, FAMILIES, given.points.shape[1]))
    found, value = np.ones_like(multipliers), np.inf
    for _ in range(6 if penalty else 1):
        value, _ = minimise_surface(given, loss, theta, multipliers, penalty, 300, 1e-10, found)
        if penalty:
            renew_multipliers(found, multipliers, penalty)
    return theta, value


def test_exact_quotes_give_the_smiles_back() -> None:
    given = problem(truth())
    theta, value = fitted(given, ROBUST, 0.0)
    raw = raw_of_coordinates(theta, given.deviation)
    for i in range(3):
        k = given.k[given.first[i] : given.first[i + 1]]
        np.testing.assert_allclose(
            svi_total_variance(raw[i], k), svi_total_variance(truth()[i], k), rtol=1e-4
        )
    assert value < 1e-5


@pytest.mark.parametrize("seed", range(6))
def test_no_worse_than_scipy_without_conditions(seed: int) -> None:
    """Of noisy quotes, the same robust objective by scipy's trust region from the same start."""
    noise = 0.006 * np.random.default_rng(seed).standard_normal(45)
    given = problem(truth(), noise=noise)
    _, value = fitted(given, ROBUST, 0.0)

    def residuals(flat: np.ndarray) -> np.ndarray:
        raw = raw_of_coordinates(flat.reshape(3, 5), given.deviation)
        w = np.concatenate(
            [svi_total_variance(raw[i], given.k[15 * i : 15 * i + 15]) for i in range(3)]
        )
        vol = np.sqrt(np.maximum(w, 1e-12) / np.repeat(YEARS, 15))
        ratio: np.ndarray = (vol - given.vol) / given.half_spread
        return ratio

    best = min(
        least_squares(residuals, (start + START).ravel(), loss="cauchy", max_nfev=400).cost
        for start in (0.0, 0.2, -0.2)
    )
    assert value <= best * (1.0 + 1e-6) + 1e-7


def test_conditions_hold_where_the_quotes_break_them() -> None:
    """The middle smile is quoted far below the first."""
    raw = truth()
    raw[1, 0] *= 0.2
    raw[1, 1] *= 0.5
    given = problem(truth(), noise=None)
    crossed = problem(raw)
    given.vol[15:30] = crossed.vol[15:30] * 0.6
    free, _ = fitted(given, WALLED, 0.0)
    assert add_broken_points(problem(truth()), free) > 0
    held, _ = fitted(given, WALLED, 1e5)
    assert add_broken_points(problem(truth()), held) == 0
    raw = raw_of_coordinates(held, given.deviation)
    assert durrleman(raw, K).min() >= 0.0
    assert np.diff(svi_total_variance(raw, K), axis=0).min() >= 0.0


def test_verification_finds_vogts_butterfly() -> None:
    """Example 3.1 of Gatheral and Jacquier (2014): g < 0 near k = 0.8."""
    vogt = np.array([-0.0410, 0.1331, 0.3060, 0.3586, 0.4153])
    raw = np.stack((vogt, vogt * [3.0, 3.0, 1, 1, 1], vogt * [9.0, 9.0, 1, 1, 1]))
    given = problem(truth())
    given.deviation[:] = np.sqrt(svi_total_variance(raw, 0.0))
    before = given.counts.copy()
    assert add_broken_points(given, coordinates_of_raw(raw, given.deviation)) > 0
    added = given.points[0, before[0] : given.counts[0]]
    worst = K[np.argmin(durrleman(vogt, K))]
    assert durrleman(vogt, worst) < 0.0
    assert np.abs(added - worst).min() < 0.01


def test_verification_finds_a_butterfly_beyond_the_even_points() -> None:
    """A smile clean on [-3, 3] whose g falls below zero at 3.9."""
    bent = np.array([-1.775, 0.7005, 0.0756, 0.566, 2.8098])
    raw = np.stack((truth()[0], truth()[1], bent))
    given = problem(truth())
    given.deviation[:] = np.sqrt(np.array([svi_total_variance(row, 0.0) for row in raw]))
    before = given.counts[2]
    assert add_broken_points(given, coordinates_of_raw(raw, given.deviation)) > 0
    added = given.points[2, before : given.counts[2]]
    assert added.size > 0
    assert np.abs(added - 3.9).min() < 0.1


@pytest.mark.parametrize("reach", [1e2, 1e9])
def test_verification_finds_a_crossing_at_any_distance(reach: float) -> None:
    """The last smile is higher near the money and its wings are the steeper, but they start from
    an intercept 0.1 too low: it lies below the smile before from 15 to ``reach``."""
    early = np.array([0.15, 0.3, 0.0, 0.0, 0.5])
    late = np.array([0.05, 0.3 + 0.1 / reach, 0.0, 0.0, 3.0])
    raw = np.stack((truth()[0], early, late))
    given = problem(truth())
    given.deviation[:] = np.sqrt(np.array([svi_total_variance(row, 0.0) for row in raw]))
    assert np.subtract(*svi_total_variance(raw[[2, 1]], K)).min() > 0.0
    before = given.counts[1]
    assert add_broken_points(given, coordinates_of_raw(raw, given.deviation)) > 0
    added = given.points[1, before : given.counts[1]]
    assert np.all(np.abs(added) > 3.0)
    assert added.size > 0


def test_verification_passes_an_ssvi_and_finds_wings_out_of_order() -> None:
    given = problem(truth())
    theta = coordinates_of_raw(truth(), given.deviation)
    assert add_broken_points(given, theta) == 0
    steep = theta.copy()
    steep[0, 1] = theta[1, 1] + np.log(given.deviation[1] / given.deviation[0]) + 0.01
    assert add_broken_points(given, steep) > 0


def test_value_is_that_of_the_result() -> None:
    given = problem(truth(), noise=0.004 * np.random.default_rng(9).standard_normal(45))
    theta, value = fitted(given, WALLED, 0.0)
    shapes, found = np.empty((3, SHAPE)), np.ones((3, FAMILIES, given.points.shape[1]))
    again = augmented_value(given, WALLED, theta, np.zeros_like(found), 0.0, shapes, found)
    assert again == value
