"""The most probable surface free of arbitrage, given what was known of it and quotes.

The correction is found under the no-arbitrage conditions of the fit: fitted smiles lie on them, so
that hardly any correction of one smile alone would be free of arbitrage. Neighbours give way
within what is believed of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from plimsoll.domain.option_chain import BoolArray, FloatArray
from plimsoll.domain.surface import VolSurface
from plimsoll.errors import UsageError
from plimsoll.estimators.surface.arbitrage import ArbitrageReport, SmilePlace, arbitrage_report
from plimsoll.estimators.surface.update_belief import Belief, believed_surface
from plimsoll.estimators.surface.update_problem import UpdateProblem, posterior_covariance
from plimsoll.maths.surface_fit_constraints import FAMILIES, renew_multipliers
from plimsoll.maths.surface_fit_verification import add_broken_points
from plimsoll.maths.surface_update import minimise_posterior

_FIRST_PENALTY, _GROWTH, _HARDEST_PENALTY = 1e4, 10.0, 1e9
_ITERATIONS, _ROUGHLY, _FINELY = 60, 1e-3, 1e-5
_MOST_ROUNDS = 20
_FEASIBLE = 2e-5
"""Largest breach of a condition with its margin that leaves room for the verification's own."""
_FALLING = 0.25
_SMALLEST_SHARE = 1.0 / 16.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Posterior:
    """The most probable coordinates of n smiles, and the covariance around them.

    Parameters
    ----------
    theta : (n, 5) float64
    covariance : (n, 5, 5) float64
        Laplace's approximation.
    """

    theta: FloatArray
    covariance: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Corrected:
    """A corrected surface, and the share of its correction that each of its n smiles took."""

    surface: VolSurface
    shares: FloatArray


def posterior(problem: UpdateProblem, belief: Belief) -> Posterior:
    """Solve under the conditions; held smiles stay exactly as they are."""
    theta = _most_probable(problem)
    covariance = posterior_covariance(problem, theta)
    theta[belief.held] = belief.theta[belief.held]
    covariance[belief.held] = belief.covariance[belief.held]
    return Posterior(theta=theta, covariance=covariance)


def as_far_as_clean(found: Posterior, belief: Belief, reached: slice) -> Corrected:
    """The corrected surface, verified free of arbitrage.

    ``found`` is of the smiles ``reached`` of the belief. Where the surface were not free of
    arbitrage, the smiles concerned go back towards what was believed until it is; what is not
    taken whole is not believed more than before.
    """
    shares, step = np.ones(belief.held.size), np.zeros_like(belief.theta)
    step[reached], covariance = found.theta - belief.theta[reached], belief.covariance.copy()
    covariance[reached] = found.covariance
    while shares.any():
        whole = (shares == 1.0)[:, None, None]
        trial = replace(
            belief,
            theta=belief.theta + shares[:, None] * step,
            covariance=np.where(whole, covariance, belief.covariance),
        )
        try:
            surface = believed_surface(trial)
        except UsageError:  # outside the bounds of raw SVI
            shares = _less(shares, np.ones(shares.size, dtype=np.bool_))
            continue
        report = arbitrage_report(surface)
        if report.is_clean:
            return Corrected(surface=surface, shares=shares)
        shares = _less(shares, _concerned(report, surface))
    return Corrected(surface=believed_surface(belief), shares=shares)


def _most_probable(problem: UpdateProblem) -> FloatArray:
    """(n, 5) coordinates that minimise belief and quotes under the conditions."""
    fit, known, theta = problem.fit, problem.known, problem.known.mean.copy()
    multipliers = np.zeros((theta.shape[0], FAMILIES, fit.points.shape[1]))
    found, penalty, before = np.ones_like(multipliers), _FIRST_PENALTY, np.inf
    tolerance = _ROUGHLY
    for _ in range(_MOST_ROUNDS):
        minimise_posterior(fit, known, theta, multipliers, penalty, _ITERATIONS, tolerance, found)
        breach = renew_multipliers(found, multipliers, penalty)
        if breach <= _FEASIBLE and not add_broken_points(fit, theta):
            break
        if breach > _FALLING * before:
            penalty = min(penalty * _GROWTH, _HARDEST_PENALTY)
        before, tolerance = breach, max(0.1 * tolerance, _FINELY)
    return theta


def _less(shares: FloatArray, concerned: BoolArray) -> FloatArray:
    """Halve the shares of some smiles, at the end to nothing."""
    halved = np.where(concerned, 0.5 * shares, shares)
    less: FloatArray = np.where(halved < _SMALLEST_SHARE, 0.0, halved)
    return less


def _concerned(report: ArbitrageReport, surface: VolSurface) -> BoolArray:
    """(n,) smiles of which an arbitrage was found; all of them if it is of none alone."""
    places = {expiry: i for i, expiry in enumerate(surface.expiries_ns)}
    concerned = np.zeros(len(places), dtype=np.bool_)
    for smile in report.smiles:
        if smile.butterflies or smile.negative_variances:
            i = places[smile.expiry_ns]
            concerned[i : i + (1 if smile.place is SmilePlace.EXPIRY else 2)] = True
    for pair in report.order:
        if pair.crossings or pair.falling_wings:
            concerned[places[pair.early_ns] : places[pair.late_ns] + 1] = True
    return concerned if concerned.any() else ~concerned
