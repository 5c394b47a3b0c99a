r"""Correlations of standardised returns: fading weights, pairs with holes, shrunk, semi-definite.

.. math:: \rho_{ij} = \frac{\sum_t \lambda^{T-t} z_{it} z_{jt}}
    {\sqrt{\sum_t \lambda^{T-t} z_{it}^2 \sum_t \lambda^{T-t} z_{jt}^2}}

over bars that both printed in, z clipped. Shrunk towards the mean correlation of all pairs with the
intensity of Schäfer and Strimmer (2005),

.. math:: \delta = \min\Bigl(1, \frac{\sum \operatorname{var} \rho_{ij}}
    {\sum (\rho_{ij} - \bar\rho)^2}\Bigr), \qquad
    \operatorname{var} \rho_{ij} = \frac{(1 + \kappa)(1 - \rho_{ij}^2)^2}{n_{ij}},

the variance that of an elliptical law (Muirhead, 1982, 5.1) with the pooled excess kurtosis 3 κ and
the effective number n of weighted rows. A pair with too few common bars takes the mean.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.field_summary import field_summary
from plimsoll.estimators.observations import read_only
from plimsoll.maths.correlation_stream import (
    PairSums,
    no_pair_sums,
    take_pair_bar,
    take_pair_bars,
)
from plimsoll.maths.covariance_nearest import floored_correlation

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

FLOOR = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShrunkCorrelation:
    """A correlation matrix of M markets, and how it came to be.

    Parameters
    ----------
    columns : (M,) int64
        Of the N markets, those that have enough bars.
    matrix : (M, M) float64
        Positive definite, ones on the diagonal.
    average : float
        Mean of the pairs before shrinkage; NaN of one market.
    shrinkage : float
        Intensity, 0 to 1.
    effective_rows : float
        Median over pairs of the effective number of bars.
    sparse_pairs : int
        Pairs that took the mean.
    repaired : bool
        Whether holes had made the matrix indefinite, and the nearest one stands.
    """

    columns: IntArray
    matrix: FloatArray
    average: float
    shrinkage: float
    effective_rows: float
    sparse_pairs: int
    repaired: bool

    __repr__ = field_summary


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CorrelationStream:
    """Running sums; `update` takes a bar, `estimate` makes the matrix.

    Parameters
    ----------
    decay : float
        Weight left after a bar.
    clip : float
    least_overlap : float
        Weighted bars that a market, and a pair, needs.
    kurtosis : float
        κ of the module text.
    sums : PairSums
    """

    decay: float
    clip: float
    least_overlap: float
    kurtosis: float
    sums: PairSums

    def update(self, standardised: FloatArray) -> Self:
        """After one more bar of (N,) standardised returns, NaN where a market has none."""
        values, printed = _printed(standardised, self.clip)
        sums = PairSums(*(part.copy() for part in self.sums))
        take_pair_bar(sums, values, printed, self.decay)
        return replace(self, sums=sums)

    def estimate(self, usable: BoolArray | None = None) -> ShrunkCorrelation:
        """Return the matrix of the markets with enough bars, of those ``usable`` (N,)."""
        weight = np.diag(self.sums.weight)
        known = (weight >= self.least_overlap) & (np.diag(self.sums.square) > 0.0)
        columns = np.flatnonzero(known if usable is None else known & usable)
        raw, overlap = self._pairs(columns)
        upper = np.triu_indices(columns.size, 1)
        sparse = overlap[upper] < self.least_overlap
        pairs = raw[upper]
        average = float(pairs[~sparse].mean()) if (~sparse).any() else float("nan")
        if columns.size < 2:
            return _alone(columns)
        mean = average if np.isfinite(average) else 0.0
        raw = np.where(overlap < self.least_overlap, mean, raw)
        np.fill_diagonal(raw, 1.0)
        rows = self._effective(overlap[upper])
        intensity = _intensity(raw[upper], mean, rows, self.kurtosis)
        shrunk = (1.0 - intensity) * raw + intensity * mean
        np.fill_diagonal(shrunk, 1.0)
        matrix = floored_correlation(shrunk, floor=FLOOR)
        return ShrunkCorrelation(
            columns=columns,
            matrix=read_only(matrix),
            average=average,
            shrinkage=intensity,
            effective_rows=float(np.median(rows)),
            sparse_pairs=int(sparse.sum()),
            repaired=bool(np.abs(matrix - shrunk).max() > 1e-12),
        )

    def _effective(self, overlap: FloatArray) -> FloatArray:
        """Sum of weights squared over the sum of their squares, holes as if spread evenly."""
        left = 1.0 - float(self.sums.weight.max()) * (1.0 - self.decay)  # decay ** bars so far
        return np.asarray(overlap * (1.0 + self.decay) / (1.0 + max(left, 0.0)))

    def _pairs(self, columns: IntArray) -> tuple[FloatArray, FloatArray]:
        at = np.ix_(columns, columns)
        square = self.sums.square[at]
        scale = np.sqrt(square * square.T)
        safe = np.where(scale > 0.0, scale, 1.0)
        return np.clip(self.sums.cross[at] / safe, -1.0, 1.0), self.sums.weight[at].copy()


def correlation_stream(
    standardised: FloatArray, *, half_life_bars: float, clip: float, least_overlap: float
) -> CorrelationStream:
    """Return the sums over (R, N) standardised returns in time order."""
    values, printed = _printed(standardised, clip)
    decay = 0.5 ** (1.0 / half_life_bars)
    sums = no_pair_sums(standardised.shape[1])
    take_pair_bars(sums, values, printed, decay)
    return CorrelationStream(
        decay=decay,
        clip=clip,
        least_overlap=least_overlap,
        kurtosis=_elliptical_kurtosis(values, printed),
        sums=sums,
    )


def _printed(standardised: FloatArray, clip: float) -> tuple[FloatArray, FloatArray]:
    there = np.isfinite(standardised)
    values = np.clip(np.where(there, standardised, 0.0), -clip, clip)
    return np.ascontiguousarray(values), there.astype(np.float64)


def _elliptical_kurtosis(values: FloatArray, printed: FloatArray) -> float:
    """Median over markets of a third of the excess kurtosis, not below 0."""
    count = printed.sum(axis=0)
    second = np.einsum("ij,ij->j", values, values)
    squares = values * values
    fourth = np.einsum("ij,ij->j", squares, squares)
    known = (count > 1.0) & (second > 0.0)
    if not known.any():
        return 0.0
    kurtosis = fourth[known] * count[known] / second[known] ** 2
    return float(max(0.0, np.median(kurtosis) / 3.0 - 1.0))


def _intensity(pairs: FloatArray, mean: float, rows: FloatArray, kurtosis: float) -> float:
    spread = float(((pairs - mean) ** 2).sum())
    noise = (1.0 + kurtosis) * (1.0 - pairs**2) ** 2 / np.maximum(rows, 1.0)
    return 1.0 if spread <= 0.0 else float(min(1.0, noise.sum() / spread))


def _alone(columns: IntArray) -> ShrunkCorrelation:
    return ShrunkCorrelation(
        columns=columns,
        matrix=read_only(np.eye(columns.size)),
        average=float("nan"),
        shrinkage=0.0,
        effective_rows=float("nan"),
        sparse_pairs=0,
        repaired=False,
    )
