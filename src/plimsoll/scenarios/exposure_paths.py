"""Potential exposure of netting sets: paths of many assets, and what sets are worth on them.

Equations of the paths and of collateral: `plimsoll.maths.path_exposure`; what is measured on them:
`plimsoll.scenarios.exposure_paths_measures`. Positions are linear; netting sets with options and
settlement dates are those of `plimsoll.margin.exposure`, under Brownian motion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import ParameterError, UsageError
from plimsoll.maths.path_exposure import (
    AssetPaths,
    NettedPositions,
    SetPaths,
    set_paths,
    set_paths_parallel,
)
from plimsoll.scenarios.joint_history.recursion import VarianceRecursion, columns_of
from plimsoll.scenarios.joint_history.streams import stream_seed

FloatArray = NDArray[np.float64]

LARGEST = 50_000_000
"""Most sets times steps times paths: both cubes then take 800 MB."""

HOURS_A_YEAR = 365.0 * 24.0
_PARALLEL_FROM = 200_000  # paths times steps times assets
_NEGATIVE = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AssetDynamics:
    """How J assets move together over equal steps.

    Parameters
    ----------
    subjects : tuple of J str
    spot : (J,) float64
    variance : (J,) float64
        Of the log return of the first step.
    correlation : (J, J) float64
    recursions : tuple of J VarianceRecursion or None
        Of the variance, step by step; None: it stays. Their means are not used: drift is
        ``growth``.
    degrees_of_freedom : float
        Of multivariate t innovations, above 2, at unit variance; infinite: normal.
    growth : (J,) float64 or None
        Log of the price's expected growth over a step, exact for normal innovations at a constant
        variance; None: zero.

    Raises
    ------
    ParameterError
    """

    subjects: tuple[str, ...]
    spot: FloatArray
    variance: FloatArray
    correlation: FloatArray
    recursions: tuple[VarianceRecursion, ...] | None = None
    degrees_of_freedom: float = float("inf")
    growth: FloatArray | None = None

    def __post_init__(self) -> None:
        count = len(self.subjects)
        if not count or len(set(self.subjects)) != count:
            raise ParameterError("must be at least one, each once", found=self.subjects)
        _check_column("spot", self.spot, count, least=np.nextafter(0.0, 1.0))
        _check_column("variance", self.variance, count, least=0.0)
        if self.growth is not None:
            _check_column("growth", self.growth, count, least=-np.inf)
        if self.recursions is not None and len(self.recursions) != count:
            raise ParameterError(f"must be {count}", found=len(self.recursions), field="recursions")
        if not self.degrees_of_freedom > 2.0:
            raise ParameterError(
                "must be above 2", found=self.degrees_of_freedom, field="degrees_of_freedom"
            )

    def columns(self, seed: int) -> AssetPaths:
        """Return the dynamics as kernels take them.

        Raises
        ------
        ParameterError
            For a matrix that is no correlation matrix.
        """
        count = len(self.subjects)
        growth = np.zeros(count) if self.growth is None else self.growth
        constant = (VarianceRecursion.constant(),) * count
        terms = columns_of(self.recursions or constant)
        return AssetPaths(
            np.array(self.spot, dtype=np.float64),
            np.array(growth, dtype=np.float64),
            np.array(self.variance, dtype=np.float64),
            terms.omega,
            terms.alpha,
            terms.gamma,
            terms.beta,
            _lower_root(np.asarray(self.correlation, dtype=np.float64), count),
            float(self.degrees_of_freedom),
            self.recursions is not None,
            stream_seed(seed, "mixing"),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NettingPositions:
    """K netting sets of linear positions, each seen by the party that measures its exposure.

    Parameters
    ----------
    names : tuple of K str
    quantity : (K, J) float64
        Signed; positive: the measuring party is long.
    cash : (K,) float64
        Owed to it whatever happens; minus quantity times spot: sets worth nothing now.

    Raises
    ------
    UsageError
    """

    names: tuple[str, ...]
    quantity: FloatArray
    cash: FloatArray

    def __post_init__(self) -> None:
        count = len(self.names)
        if not count or len(set(self.names)) != count:
            raise UsageError("must be at least one, each once", found=self.names, field="names")
        shapes = (np.shape(self.quantity)[:1], np.shape(self.cash))
        finite = bool(np.all(np.isfinite(self.quantity)) and np.all(np.isfinite(self.cash)))
        if np.ndim(self.quantity) != 2 or shapes != ((count,), (count,)) or not finite:
            raise UsageError(
                f"must be {count} rows of finite numbers", found=shapes, field="quantity, cash"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class CollateralRule:
    """What is posted to the measuring party, in the currency of prices.

    Parameters
    ----------
    threshold : float
        Value up to which nothing is called.
    minimum_transfer : float
        Smallest call.
    margin_period_steps : int
        From the last call that was met to the close-out.
    initial : float
        Held whatever the value.
    own_threshold : float or None
        Value against oneself up to which one posts nothing; None: one never posts.

    Raises
    ------
    ParameterError
    """

    threshold: float = 0.0
    minimum_transfer: float = 0.0
    margin_period_steps: int = 1
    initial: float = 0.0
    own_threshold: float | None = None

    def __post_init__(self) -> None:
        own = 0.0 if self.own_threshold is None else self.own_threshold
        for name, found in (
            ("threshold", self.threshold),
            ("minimum_transfer", self.minimum_transfer),
            ("margin_period_steps", self.margin_period_steps),
            ("initial", self.initial),
            ("own_threshold", own),
        ):
            if not 0.0 <= found < np.inf:
                raise ParameterError("must not be negative", found=found, field=name)


def simulated_sets(
    dynamics: AssetDynamics,
    positions: NettingPositions,
    *,
    steps: int,
    paths: int,
    seed: int,
    collateral: CollateralRule | None = None,
) -> SetPaths:
    """Return value and exposure, each (K, steps + 1, paths), from now on.

    Parameters
    ----------
    dynamics : AssetDynamics
    positions : NettingPositions
        Their columns are the assets of ``dynamics``.
    steps, paths, seed : int
        A path is the same whatever the number of paths and threads.
    collateral : CollateralRule, optional
        Of every set; None: nothing is posted.

    Raises
    ------
    UsageError
        For quantities of other assets than the dynamics have.
    ParameterError
        For too few or too many steps and paths, and matrices that are no correlations.
    """
    sets, assets = len(positions.names), len(dynamics.subjects)
    if positions.quantity.shape[1] != assets:
        raise UsageError(
            f"must have one column for each of {assets} assets",
            found=positions.quantity.shape,
            field="quantity",
        )
    if steps < 1 or paths < 1 or sets * (steps + 1) * paths > LARGEST:
        raise ParameterError(
            f"must be positive, and sets times (steps + 1) times paths at most {LARGEST}",
            found=(sets, steps, paths),
            field="steps, paths",
        )
    shape = (sets, steps + 1, paths)
    out = SetPaths(np.empty(shape), np.empty(shape))
    kernel = set_paths_parallel if paths * steps * assets >= _PARALLEL_FROM else set_paths
    kernel(seed, dynamics.columns(seed), _netted(positions, collateral), out)
    return out


def annual_variance(vol_annual: FloatArray, step_hours: float) -> FloatArray:
    """Variance of a step from annual volatilities, of years of 365 days."""
    out: FloatArray = np.asarray(vol_annual, dtype=np.float64) ** 2 * (step_hours / HOURS_A_YEAR)
    return out


def _netted(positions: NettingPositions, collateral: CollateralRule | None) -> NettedPositions:
    count = len(positions.names)
    rule = collateral or CollateralRule()
    threshold = rule.threshold if collateral else np.inf
    own = np.inf if rule.own_threshold is None else rule.own_threshold
    return NettedPositions(
        np.ascontiguousarray(positions.quantity, dtype=np.float64),
        np.array(positions.cash, dtype=np.float64),
        np.full(count, threshold),
        np.full(count, own),
        np.full(count, rule.minimum_transfer),
        np.full(count, rule.initial),
        int(rule.margin_period_steps),
    )


def _check_column(name: str, column: FloatArray, count: int, *, least: float) -> None:
    found = np.asarray(column, dtype=np.float64)
    finite = found.shape == (count,) and bool(np.all(np.isfinite(found)))
    if not finite or bool(np.any(found < least)):
        raise ParameterError(
            f"must be {count} finite numbers, at least {least:g}", found=column, field=name
        )


def _lower_root(correlation: FloatArray, count: int) -> FloatArray:
    """Lower triangle L with L L' = correlation, of any rank."""
    square = correlation.shape == (count, count) and bool(np.all(np.isfinite(correlation)))
    symmetric = square and bool(np.allclose(correlation, correlation.T, rtol=0.0, atol=_NEGATIVE))
    if not symmetric or not bool(np.allclose(np.diag(correlation), 1.0, rtol=0.0, atol=_NEGATIVE)):
        raise ParameterError(
            f"must be {count} x {count}, symmetric, with ones on the diagonal",
            found=correlation.shape,
            field="correlation",
        )
    values, vectors = np.linalg.eigh(correlation)
    if values.min() < -_NEGATIVE * count:
        raise ParameterError(
            "must not have a negative eigenvalue", found=float(values.min()), field="correlation"
        )
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    upper = np.asarray(np.linalg.qr(root.T, mode="r"), dtype=np.float64)
    out: FloatArray = np.ascontiguousarray(upper.T * np.where(np.diag(upper) < 0.0, -1.0, 1.0))
    return out
