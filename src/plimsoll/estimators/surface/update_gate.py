"""Which quotes are too surprising to correct a surface.

A quote is held against what was believed, and against what the belief and all other quotes tell
together: after a day a one-day smile is known so vaguely that only its other quotes show which one
is wild. The no-arbitrage conditions play no part here: a quote is not wild for asking more than
they allow.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from plimsoll.domain.option_chain import FloatArray
from plimsoll.estimators.surface.update_belief import Belief
from plimsoll.estimators.surface.update_problem import UpdateProblem
from plimsoll.maths.surface_fit_constraints import FAMILIES
from plimsoll.maths.surface_fit_curve import COORDINATES
from plimsoll.maths.surface_update import minimise_posterior, predicted_quotes

_ITERATIONS, _TOLERANCE = 30, 1e-3


def leave_out_surprising(problem: UpdateProblem, belief: Belief, gate: float) -> FloatArray:
    """Take the weight of quotes more than ``gate`` standard deviations away.

    Of those that contradict the others one of each smile goes at a time, the worst: to leave it
    out lowers the objective most.

    Returns
    -------
    (Q,) float64
        Quote minus what was believed, in standard deviations of that difference; for quotes left
        out because of the others, minus what those tell.
    """
    surprise = _surprises(problem, belief)
    weight, smile = problem.fit.weight, problem.smile
    weight[:] = np.abs(surprise) <= gate
    theta = belief.theta.copy()
    conditions = np.ones((theta.shape[0], FAMILIES, problem.fit.points.shape[1]))
    while weight.any():
        minimise_posterior(
            problem.fit,
            problem.known,
            theta,
            np.zeros_like(conditions),
            0.0,
            _ITERATIONS,
            _TOLERANCE,
            conditions,
        )
        found = _contradictions(problem, belief, theta)
        worst = np.zeros(theta.shape[0])
        np.maximum.at(worst, smile, np.abs(found))
        out = (np.abs(found) > gate) & (np.abs(found) == worst[smile])
        if not out.any():
            break
        surprise[out], weight[out] = found[out], 0.0
    return surprise


def _surprises(problem: UpdateProblem, belief: Belief) -> FloatArray:
    """(Q,) quote minus expectation, in standard deviations of that difference."""
    fit = problem.fit
    expected, slope = np.empty(fit.k.size), np.empty((fit.k.size, COORDINATES))
    predicted_quotes(fit, belief.theta, expected, slope)
    known = np.einsum("qi,qij,qj->q", slope, belief.covariance[problem.smile], slope)
    surprise: FloatArray = (fit.vol - expected) / np.sqrt(known + fit.half_spread**2)
    return surprise


def _contradictions(problem: UpdateProblem, belief: Belief, theta: FloatArray) -> FloatArray:
    """(Q,) quote minus what belief and the others expect, in standard deviations of that.

    ``theta`` is the mode given all of them; the smiles are taken as linear around it. With K the
    covariance of the quotes and d their distances from the belief, leaving each out in turn gives
    ``(K^-1 d)_q / sqrt((K^-1)_qq)`` (Rasmussen and Williams, 2006, section 5.4.2). Zero for
    quotes of weight zero, and for lone ones.
    """
    fit = problem.fit
    expected, slope = np.empty(fit.k.size), np.empty((fit.k.size, COORDINATES))
    predicted_quotes(fit, theta, expected, slope)
    found = np.zeros(fit.k.size)
    for i, (start, end) in enumerate(pairwise(fit.first.tolist())):
        rows = start + np.flatnonzero(fit.weight[start:end])
        if rows.size < 2:
            continue
        by = slope[rows]
        distance = fit.vol[rows] - expected[rows] + by @ (theta[i] - belief.theta[i])
        total = by @ belief.covariance[i] @ by.T + np.diag(fit.half_spread[rows] ** 2)
        inverse = np.linalg.inv(total)
        found[rows] = inverse @ distance / np.sqrt(np.diag(inverse))
    return found
