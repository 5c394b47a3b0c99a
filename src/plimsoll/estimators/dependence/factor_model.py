"""Hundreds of markets by a few factors: the leaders, a factor a class, and what is the coin's own.

    r[i] = sum_k beta[i, k] f[k] + e[i]      covariance = B F B' + diag(D)

The first factor is the first leader (BTC), the next ones what is left of the further leaders (ETH)
after those before them, then for each class the mean of what is left of its members. Residuals are
Student-t and taken as uncorrelated; how far they are from it is reported. The covariance is
positive semi-definite by construction, whatever the holes.

Loadings are drawn to those of the class by ``n / (n + prior_rows)`` (methodology: shrinkage weight
of pooling); columns with too few rows, or none that vary, take the median loadings of their class
and the upper quartile of its residual variances, and are named in ``pooled``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from plimsoll.errors import InsufficientDataError, ParameterError
from plimsoll.estimators.dependence.factor_regression import (
    Loadings,
    drawn_to_prior,
    mean_of_members,
    regress,
    weighted_variance,
)
from plimsoll.estimators.dependence.fitted_factor_model import (
    FittedFactorModel,
    residual_correlations,
)
from plimsoll.estimators.dependence.observed_columns import (
    Matrix,
    Vector,
    as_panel,
    chosen_columns,
)
from plimsoll.estimators.observations import read_only
from plimsoll.maths.covariance_nearest import floored_correlation
from plimsoll.maths.covariance_pairwise import pairwise_moments
from plimsoll.maths.student_t_fit import student_t_fit

Flags = NDArray[np.bool_]
Codes = NDArray[np.int64]

NO_CLASS = -1
_QUARTILE = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorModel:
    """Factor model; see the module text.

    Parameters
    ----------
    leaders : sequence of int
        Columns of the leading markets, the first first: BTC, ETH.
    classes : sequence of int, optional
        A label a column, -1 for none. A class has a factor where at least ``class_members`` columns
        trade. Without, there are no class factors and one pool for all.
    half_life : float, optional
        Of the rows' weights; equal weights without.
    prior_rows : float
        How many rows of its own the class's loadings count for; 0 is plain least squares.
    minimum_rows : int
        Rows a column needs for loadings and a residual variance of its own.
    class_members : int
    """

    leaders: Sequence[int] = (0,)
    classes: Sequence[int] | None = None
    half_life: float | None = None
    prior_rows: float = 30.0
    minimum_rows: int = 20
    class_members: int = 5

    def __post_init__(self) -> None:
        if self.half_life is not None and not 0.0 < self.half_life < np.inf:
            raise ParameterError("must be positive", found=self.half_life, field="half_life")
        if not 0.0 <= self.prior_rows < np.inf:
            raise ParameterError("must not be negative", found=self.prior_rows, field="prior_rows")
        if self.minimum_rows < 10:
            raise ParameterError(
                "must be at least 10", found=self.minimum_rows, field="minimum_rows"
            )
        if self.class_members < 3:
            raise ParameterError(
                "must be at least 3", found=self.class_members, field="class_members"
            )

    def fit(self, returns: ArrayLike) -> FittedFactorModel:
        """Fit to ``returns``, shape (n, N), NaN where a market has none.

        Returns count about zero: a mean over a fit's window is noise for margin.

        Raises
        ------
        InsufficientDataError
            A leader with fewer than ``minimum_rows`` varying rows; no column with rows enough.
        ParameterError
            Leaders or classes that are not columns.
        DataFormatError
            See :func:`plimsoll.estimators.dependence.observed_columns.as_panel`.
        """
        panel = as_panel(returns, minimum=self.minimum_rows, holes=True)
        leaders = chosen_columns(self.leaders, count=panel.shape[1], name="leaders")
        labels = self._labels(panel.shape[1])
        weights = self._weights(panel.shape[0])
        pooled = self._too_short(panel)
        _check_leaders(leaders, pooled, self.minimum_rows)
        market = _market_factors(panel, leaders, weights)
        own = regress(panel, market, weights)
        betas, errors = self._market_loadings(own, leaders, labels, pooled)
        left = panel - _product(market, betas)
        left[:, leaders] = np.where(np.isnan(panel[:, leaders]), np.nan, 0.0)
        classes, theirs, of_class = self._class_factors(left, leaders, labels, pooled, weights)
        left = left - np.where(np.isnan(classes), 0.0, classes) @ theirs.T
        variances, freedom = _residual_laws(left, weights, labels, pooled, leaders)
        return FittedFactorModel(
            factor_names=(*(f"leader {i}" for i in leaders), *(f"class {c}" for c in of_class)),
            loadings=read_only(np.hstack([betas, theirs])),
            loading_errors=read_only(np.hstack([errors, np.zeros_like(theirs)])),
            factor_covariance=read_only(_factor_covariance(market, classes, weights)),
            residual_variances=read_only(variances),
            degrees_of_freedom=read_only(freedom),
            effective_rows=read_only(own.effective_rows),
            pooled=tuple(int(i) for i in np.flatnonzero(pooled)),
            residual_correlations=residual_correlations(
                np.where(pooled, np.nan, left), skip=leaders, minimum_overlap=self.minimum_rows
            ),
            observations=panel.shape[0],
        )

    def _labels(self, columns: int) -> Codes:
        if self.classes is None:
            return np.full(columns, NO_CLASS, dtype=np.int64)
        labels = np.array(list(self.classes), dtype=np.int64)
        if labels.size != columns:
            raise ParameterError(f"must be {columns} labels", found=labels.size, field="classes")
        return labels

    def _weights(self, rows: int) -> Vector:
        if self.half_life is None:
            return np.ones(rows)
        weights: Vector = 0.5 ** (np.arange(rows - 1.0, -1.0, -1.0) / self.half_life)
        return weights

    def _too_short(self, panel: Matrix) -> Flags:
        """Columns without rows enough, or without variation in them."""
        seen = ~np.isnan(panel)
        low = np.where(seen, panel, np.inf).min(axis=0)
        high = np.where(seen, panel, -np.inf).max(axis=0)
        short: Flags = (seen.sum(axis=0) < self.minimum_rows) | ~(low < high)
        return short

    def _market_loadings(
        self, own: Loadings, leaders: Codes, labels: Codes, pooled: Flags
    ) -> tuple[Matrix, Matrix]:
        """Loadings on the leaders' factors, drawn to the class's, and their errors."""
        others = ~pooled
        others[leaders] = False
        prior = _medians(own.betas, labels, others if bool(others.any()) else ~pooled)
        betas, errors = drawn_to_prior(own, prior, self.prior_rows, pooled)
        betas[leaders], errors[leaders] = _leader_loadings(own, leaders)
        return betas, errors

    def _class_factors(
        self, left: Matrix, leaders: Codes, labels: Codes, pooled: Flags, weights: Vector
    ) -> tuple[Matrix, Matrix, list[int]]:
        """Class factors (T, C), loadings on them (N, C), and the classes' labels."""
        usable = labels.copy()
        usable[leaders] = NO_CLASS
        usable[pooled] = NO_CLASS
        factors, loadings, named = list[Vector](), list[Vector](), list[int]()
        for label in np.unique(usable[usable != NO_CLASS]).tolist():
            factor = mean_of_members(left, usable, label, self.class_members)
            if int((~np.isnan(factor)).sum()) < self.minimum_rows:
                continue
            own = regress(left, factor[:, None], weights)
            # The mean of the members has loading 1 on itself.
            prior = np.ones((left.shape[1], 1))
            betas, _ = drawn_to_prior(own, prior, self.prior_rows, pooled)
            member = labels == label
            member[leaders] = False
            factors.append(factor)
            loadings.append(np.where(member, betas[:, 0], 0.0))
            named.append(label)
        if not named:
            return np.empty((left.shape[0], 0)), np.empty((left.shape[1], 0)), named
        return np.column_stack(factors), np.column_stack(loadings), named


def _check_leaders(leaders: Codes, pooled: Flags, minimum: int) -> None:
    short = leaders[pooled[leaders]]
    if short.size:
        raise InsufficientDataError(
            f"every leader must have {minimum} rows that vary",
            found=f"columns {short.tolist()}",
            remedy="lead with markets that have traded all the while",
            field="leaders",
        )


def _market_factors(panel: Matrix, leaders: Codes, weights: Vector) -> Matrix:
    """(T, K): the first leader, and of each further one what is left after those before it."""
    factors = panel[:, leaders[:1]]
    for leader in leaders[1:]:
        own = regress(panel[:, [leader]], factors, weights)
        factors = np.column_stack([factors, panel[:, leader] - factors @ own.betas[0]])
    return factors


def _leader_loadings(own: Loadings, leaders: Codes) -> tuple[Matrix, Matrix]:
    """Exact loadings of the leaders: 1 on the factor of their own, none on later ones."""
    betas, errors = own.betas[leaders].copy(), own.errors[leaders].copy()
    for place in range(leaders.size):
        betas[place, place], betas[place, place + 1 :] = 1.0, 0.0
        errors[place, place:] = 0.0
    return betas, errors


def _product(factors: Matrix, betas: Matrix) -> Matrix:
    """(T, N) what the factors explain; NaN where a factor is."""
    explained: Matrix = factors @ betas.T
    return explained


def _medians(values: Matrix, labels: Codes, usable: Flags) -> Matrix:
    """Median of each column's class over the usable ones, (N, K); of all where it has none."""
    out = np.tile(np.median(values[usable], axis=0), (labels.size, 1))
    for label in np.unique(labels[labels != NO_CLASS]).tolist():
        members = usable & (labels == label)
        if bool(members.any()):
            out[labels == label] = np.median(values[members], axis=0)
    return out


def _residual_laws(
    left: Matrix, weights: Vector, labels: Codes, pooled: Flags, leaders: Codes
) -> tuple[Vector, Vector]:
    """Variances and degrees of freedom of the residuals; the class's for pooled columns."""
    variances, freedom = weighted_variance(left, weights), np.full(left.shape[1], np.inf)
    own = ~pooled
    own[leaders] = False
    for i in np.flatnonzero(own).tolist():
        values = left[~np.isnan(left[:, i]), i]
        if variances[i] > 0.0 and values.max() > values.min():
            freedom[i] = float(student_t_fit(values / np.sqrt(variances[i]))[2])
    for i in np.flatnonzero(pooled).tolist():
        alike = own & (labels == labels[i])
        source = alike if bool(alike.any()) else own
        # A panel of leaders alone has no residuals to pool.
        known = bool(source.any())
        variances[i] = float(np.quantile(variances[source], _QUARTILE)) if known else 0.0
        freedom[i] = float(np.median(freedom[source])) if known else np.inf
    variances[leaders] = 0.0
    return variances, freedom


def _factor_covariance(market: Matrix, classes: Matrix, weights: Vector) -> Matrix:
    """Block-diagonal: leaders' factors, class factors; about zero, semi-definite."""
    known = ~np.isnan(market).any(axis=1)
    k, c = market.shape[1], classes.shape[1]
    out = np.zeros((k + c, k + c))
    w = weights[known] / weights[known].sum()
    out[:k, :k] = (market[known] * w[:, None]).T @ market[known]
    if c:
        moments = pairwise_moments(classes, weights=weights, centred=False)
        correlation = floored_correlation(moments.filled_correlation(minimum_overlap=10))
        sigma = np.sqrt(moments.variances)
        out[k:, k:] = correlation * np.outer(sigma, sigma)
    return 0.5 * (out + out.T)
