"""Weights of the time scales of volatility, learnt from all markets' past moves, repeatedly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.market import DAY_NS
from plimsoll.errors import ParameterError
from plimsoll.estimators.reference.log_scales import moving
from plimsoll.estimators.reference.steps import StepMoves

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

START_LOG_FREEDOM = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleWeights:
    """How weights are learnt.

    Parameters
    ----------
    refit_days : int
        Learnt first after so many days, and again every so many.
    before : float
        Weight of every short scale until then.
    most_moves : int
        Of longer pasts every m-th move is taken, for speed.
    least_moves : int
        With fewer the weights stay as they are.
    """

    refit_days: int = 182
    before: float = 0.1
    most_moves: int = 60_000
    least_moves: int = 5_000

    def __post_init__(self) -> None:
        if self.refit_days < 1 or self.least_moves < 100 or self.most_moves < self.least_moves:
            raise ParameterError(
                "must be at least 1 day, and 100 <= least_moves <= most_moves",
                found=(self.refit_days, self.least_moves, self.most_moves),
                field="refit_days",
            )


def weights_in_force(
    rule: ScaleWeights,
    log_volatility: FloatArray,
    moves: StepMoves,
    time_ns: IntArray,
    calm: float,
) -> FloatArray:
    """Return (S, K) weights at every step, each learnt from moves known before it.

    Parameters
    ----------
    log_volatility : (S, N, K + 1) float64
        The long scale last.
    moves : StepMoves
    time_ns : (S,) int64
    calm : float
        Weight of the penalty on the variance of the blend.
    """
    scales = log_volatility.shape[2] - 1
    weights = np.full((time_ns.size, scales), rule.before)
    parameters = np.array([*weights[0], 0.0, START_LOG_FREEDOM])
    refit = rule.refit_days * DAY_NS
    for at_ns in range(int(time_ns[0]) + refit, int(time_ns[-1]) + 1, refit):
        step = int(np.searchsorted(time_ns, at_ns))
        features, scaled = _known_moves(rule, log_volatility[:step], moves, step)
        if scaled.size >= rule.least_moves:
            parameters = _fitted(parameters, features, scaled, calm)
        weights[step:] = parameters[:scales]
    return weights


def _known_moves(
    rule: ScaleWeights, log_volatility: FloatArray, moves: StepMoves, step: int
) -> tuple[FloatArray, FloatArray]:
    """(n, K) features and (n,) moves over the long scale, known by a step."""
    usable = (moves.known[:step] <= step) & moving(log_volatility)
    rows = np.flatnonzero(usable)
    rows = rows[:: max(1, -(-rows.size // rule.most_moves))]
    flat = log_volatility.reshape(-1, log_volatility.shape[2])[rows]
    long = flat[:, -1]
    scale = np.exp(long) * np.sqrt(moves.horizon_bars)
    return (
        np.ascontiguousarray(flat[:, :-1] - long[:, None]),
        moves.move[:step].ravel()[rows] / scale,
    )


def _fitted(start: FloatArray, features: FloatArray, moves: FloatArray, calm: float) -> FloatArray:
    """Weights in [0, 1], the scale and the freedom; weights beyond 1 in all are scaled down to it.

    A scale must not move against a volatility, nor more than all of them do.
    """
    # Not at the head: a state that is fitted already should not wait for scipy.
    from scipy.optimize import minimize

    from plimsoll.maths.scale_likelihood import feature_covariance, penalised_likelihood

    scales = features.shape[1]
    found = minimize(
        penalised_likelihood,
        start,
        args=(features, moves, calm, feature_covariance(features)),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, 1.0)] * scales + [(None, None), (-3.0, 5.0)],
    )
    out: FloatArray = found.x.copy()
    out[:scales] /= max(1.0, float(out[:scales].sum()))
    return out
