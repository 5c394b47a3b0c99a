"""Monte Carlo from the fitted model: the second leg, of moves that have not happened yet.

Innovations have a t-copula (or a normal one) and any marginals:

    T = (root x) / sqrt(chi2 / nu),   root root' = correlation,   z_j = Q_j(F_nu(T_j)),

chi2 being common to all markets of a bar, so that tails come together (Demarta and McNeil, 2005).
Without marginals z is T at unit variance: the multivariate t. Along a path each market's own
variance recursion runs on its innovations, as in `Method.RECURSION`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv, ndtr, stdtr

from plimsoll.domain.field_summary import field_summary
from plimsoll.errors import ParameterError, UsageError
from plimsoll.maths.path_innovations import correlated_normals, open_units
from plimsoll.maths.path_moves import PastRows, PathDraws, recursed_moves
from plimsoll.scenarios.joint_history.panel import FilteredPanel
from plimsoll.scenarios.joint_history.simulation import (
    JointScenarios,
    LogMoves,
    Simulation,
    as_scenarios,
    mirrored_names,
)
from plimsoll.scenarios.joint_history.streams import stream_seed

FloatArray = NDArray[np.float64]
Quantile = Callable[[FloatArray], FloatArray]

_NEGATIVE = 1e-10
_PATHS_AT_ONCE = 64
_LEAST_UNIT = 2.0**-53


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InnovationLaw:
    """Joint law of N markets' innovations over one bar.

    Parameters
    ----------
    subjects : tuple of N str
    correlation : (N, N) float64
        Of the normals behind; positive semi-definite.
    degrees_of_freedom : float
        Of the copula, above 0; infinite: normal.
    marginals : mapping of str to quantile function or (n,) sample
        By subject: a vectorised function of probabilities in (0, 1), or residuals whose quantiles
        (type 7) are taken. Without one: t (above 2 degrees of freedom) or normal, unit variance.

    Raises
    ------
    UsageError
        For a matrix of another shape, not symmetric, without ones on the diagonal or with a
        negative eigenvalue, and marginals of strangers or of too few or infinite numbers.
    ParameterError
        For degrees of freedom out of bounds.
    """

    subjects: tuple[str, ...]
    correlation: FloatArray
    degrees_of_freedom: float = float("inf")
    marginals: Mapping[str, Quantile | FloatArray] | None = None

    __repr__ = field_summary

    def __post_init__(self) -> None:
        given, count = np.asarray(self.correlation, dtype=np.float64), len(self.subjects)
        square = given.shape == (count, count) and bool(np.all(np.isfinite(given)))
        symmetric = square and bool(np.allclose(given, given.T, rtol=0.0, atol=_NEGATIVE))
        if not symmetric or not bool(np.allclose(np.diag(given), 1.0, rtol=0.0, atol=_NEGATIVE)):
            raise UsageError(
                f"must be {count} x {count}, symmetric, with ones on the diagonal",
                found=given.shape,
                field="correlation",
            )
        held = self.marginals or {}
        strangers = sorted(set(held) - set(self.subjects))
        if strangers:
            raise UsageError("must be of the law's subjects", found=strangers, field="marginals")
        for subject, marginal in held.items():
            _check_sample(subject, marginal)
        least = 0.0 if len(held) == count else 2.0
        if not self.degrees_of_freedom > least:
            raise ParameterError(
                f"must be above {least:g}",
                found=self.degrees_of_freedom,
                field="degrees_of_freedom",
            )

    @property
    def root(self) -> FloatArray:
        """(N, N) symmetric root of the correlation.

        Raises
        ------
        UsageError
            For a negative eigenvalue.
        """
        values, vectors = np.linalg.eigh(np.asarray(self.correlation, dtype=np.float64))
        if values.min() < -_NEGATIVE * values.size:
            raise UsageError(
                "must not have a negative eigenvalue",
                found=float(values.min()),
                field="correlation",
                remedy="take the nearest positive semi-definite matrix, and say so",
            )
        root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
        return np.ascontiguousarray(root, dtype=np.float64)


def monte_carlo_scenarios(
    panel: FilteredPanel, law: InnovationLaw, simulation: Simulation
) -> JointScenarios:
    """Draw innovations of every bar and run the recursions of the panel along them.

    Parameters
    ----------
    panel : FilteredPanel
        Its recursions and variances of now; the subjects must be the law's, in any order.
    law : InnovationLaw
    simulation : Simulation
        Horizon, count, seed, antithetic (of a mirrored path all probabilities are turned round).
        What concerns dates and ratios to past volatility has no meaning here.

    Raises
    ------
    UsageError
        For other subjects, a count that is not given, and marginals that are not finite.
    """
    if set(law.subjects) != set(panel.subjects):
        apart = sorted(set(law.subjects) ^ set(panel.subjects))
        raise UsageError("must have the panel's subjects", found=apart, field="law")
    if simulation.count is None:
        raise UsageError("must be given", found=None, field="simulation.count")
    fold = 2 if simulation.antithetic else 1
    paths = simulation.count // fold
    seen = panel.only(law.subjects) if law.subjects != panel.subjects else panel
    values, root = np.empty((fold, paths, len(law.subjects))), law.root
    for first in range(0, paths, _PATHS_AT_ONCE):
        last = min(first + _PATHS_AT_ONCE, paths)
        t = _copula_draws(law, root, simulation, first, last - first)
        for side in range(fold):
            rows = _innovations(law, t if side == 0 else -t)
            values[side, first:last] = _along_paths(seen, rows, last - first)
    names = mirrored_names([f"draw {p + 1}" for p in range(paths)], simulation.antithetic)
    moves = values.reshape(simulation.count, -1)
    order = [law.subjects.index(s) for s in panel.subjects]
    weights = np.full(simulation.count, 1.0 / simulation.count)
    return as_scenarios(panel, LogMoves(names=names, values=moves[:, order], weights=weights))


def copula_moves(law: InnovationLaw, *, count: int, seed: int, antithetic: bool = True) -> LogMoves:
    """Draw one bar of a law: where marginals are those of log moves over the whole horizon.

    Returns
    -------
    LogMoves
        (count, N), equal weights.

    Raises
    ------
    ParameterError
        For a count that is not positive, or odd where antithetic.
    """
    simulation = Simulation(horizon_bars=1, count=count, seed=seed, antithetic=antithetic)
    t = _copula_draws(law, law.root, simulation, 0, count // 2 if antithetic else count)
    sides = [_innovations(law, x) for x in ((t, -t) if antithetic else (t,))]
    names = [f"draw {p + 1}" for p in range(t.shape[0])]
    return LogMoves(
        names=mirrored_names(names, antithetic),
        values=np.concatenate(sides),
        weights=np.full(count, 1.0 / count),
    )


def _copula_draws(
    law: InnovationLaw, root: FloatArray, simulation: Simulation, first: int, paths: int
) -> FloatArray:
    """(paths * h, N) t or normal numbers, bars of a path one after the other."""
    bars, nu = simulation.horizon_bars, law.degrees_of_freedom
    normals = np.empty((bars, len(law.subjects), paths))
    seeds = [stream_seed(simulation.seed, "innovation", s) for s in law.subjects]
    correlated_normals(np.array(seeds, dtype=np.int64), root, first, normals)
    draws: FloatArray = normals.transpose(2, 0, 1).reshape(paths * bars, -1)
    if np.isinf(nu):
        return draws
    units = open_units(stream_seed(simulation.seed, "mixing"), first * bars, paths * bars)
    out: FloatArray = draws * np.sqrt(0.5 * nu / gammaincinv(0.5 * nu, units))[:, None]
    return out


def _innovations(law: InnovationLaw, draws: FloatArray) -> FloatArray:
    """Turn numbers of the copula into those of the marginals."""
    held, nu = law.marginals or {}, law.degrees_of_freedom
    scale = 1.0 if np.isinf(nu) or len(held) == len(law.subjects) else np.sqrt((nu - 2.0) / nu)
    out = np.ascontiguousarray(draws * scale)
    for j, subject in enumerate(law.subjects):
        if subject in held:
            units = ndtr(draws[:, j]) if np.isinf(nu) else stdtr(nu, draws[:, j])
            out[:, j] = _quantiles(
                subject, held[subject], np.clip(units, _LEAST_UNIT, 1 - _LEAST_UNIT)
            )
    return out


def _quantiles(subject: str, marginal: Quantile | FloatArray, units: FloatArray) -> FloatArray:
    if callable(marginal):
        found = np.asarray(marginal(units), dtype=np.float64)
    else:
        ordered = np.sort(np.asarray(marginal, dtype=np.float64))
        found = np.interp(units * (ordered.size - 1), np.arange(ordered.size), ordered)
    if found.shape != units.shape or not bool(np.all(np.isfinite(found))):
        raise UsageError(
            "must give one finite number for each probability",
            found=found.shape,
            field=f"marginals[{subject}]",
        )
    return found


def _check_sample(subject: str, marginal: Quantile | FloatArray) -> None:
    if callable(marginal):
        return
    sample = np.asarray(marginal, dtype=np.float64)
    if sample.ndim != 1 or sample.size < 2 or not bool(np.all(np.isfinite(sample))):
        raise UsageError(
            "must be at least two finite numbers",
            found=sample.shape,
            field=f"marginals[{subject}]",
        )


def _along_paths(panel: FilteredPanel, rows: FloatArray, paths: int) -> FloatArray:
    """(paths, N) log moves of innovations (paths * h, N)."""
    order = np.arange(rows.shape[0], dtype=np.int64).reshape(paths, -1)
    out = np.empty((paths, rows.shape[1]))
    recursed_moves(
        PastRows(rows, np.ones_like(rows)),
        PathDraws(order, np.ones(paths)),
        panel.variance_next,
        panel.columns,
        0.0,
        np.inf,
        out,
    )
    return out
