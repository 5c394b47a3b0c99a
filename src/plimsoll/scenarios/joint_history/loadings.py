"""Loadings of one market's residuals on those of others, by ridge towards its group's.

With F the factors (the leads, and the mean residual of the group without the market itself), G and
c their second moments with each other and with z, summed over the market's n rows, and b0 the
loadings of the whole group,

    b = (G + k D)^-1 (c + k D b0),    D = diagonal of the group's mean G,   k = ``prior_rows``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.field_summary import field_summary
from plimsoll.scenarios.joint_history.residual_rows import ResidualRows
from plimsoll.scenarios.joint_history.streams import stream_indices

FloatArray = NDArray[np.float64]
Group = tuple[int, ...]

OWN_REMAINDERS = 100
"""Rows from which a market's own remainders are drawn."""

_RIDGE = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moments:
    """Of some rows: factors with each other (K, K), with the residual (K,), how many."""

    gram: FloatArray
    cross: FloatArray
    count: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FactorDesign:
    """Factors of markets by group; sums over a group are taken once."""

    rows: ResidualRows
    leads: tuple[str, ...]
    seed: int
    _totals: dict[Group, tuple[FloatArray, FloatArray]] = field(default_factory=dict)
    _moments: dict[Group, dict[int, Moments]] = field(default_factory=dict)

    def factors(self, group: Group, column: int) -> FloatArray:
        """(T, K) leads and mean of the others; a date that nobody knows is one of another date."""
        dates = self.rows.end_ns
        parts = [self.rows.values[:, j] for j in self._leads if j != column]
        if len(group) > 1:
            parts.append(self._mean_of_others(group, column))
        factors = np.column_stack(parts) if parts else np.empty((dates.size, 0))
        complete = np.isfinite(factors).all(axis=1)
        if not complete.any():
            return np.empty((dates.size, 0))
        blank = np.flatnonzero(~complete)
        if blank.size:
            known = np.flatnonzero(complete)
            drawn = stream_indices(self.seed, ("factors",), dates[blank], known.size)
            factors[blank] = factors[known[drawn]]
        return factors

    def moments(self, group: Group) -> dict[int, Moments]:
        """Of every member of a group that is no lead, by column."""
        if group not in self._moments:
            members = [j for j in group if j not in self._leads]
            self._moments[group] = {j: self.own_moments(group, j) for j in members}
        return self._moments[group]

    def own_moments(self, group: Group, column: int) -> Moments:
        """Of one market's known rows."""
        known = self.rows.known[:, column]
        factors, values = self.factors(group, column)[known], self.rows.values[known, column]
        return Moments(gram=factors.T @ factors, cross=factors.T @ values, count=values.size)

    @property
    def _leads(self) -> list[int]:
        return [self.rows.subjects.index(s) for s in self.leads if s in self.rows.subjects]

    def _mean_of_others(self, group: Group, column: int) -> FloatArray:
        if group not in self._totals:
            values = self.rows.values[:, group]
            there = np.isfinite(values)
            total = np.where(there, values, 0.0).sum(axis=1)
            self._totals[group] = (total, there.sum(axis=1).astype(np.float64))
        total, count = self._totals[group]
        own = self.rows.values[:, column]
        known = np.isfinite(own)
        others = count - known
        rest = np.where(known, total - np.where(known, own, 0.0), total)
        return np.where(others > 0.5, rest / np.maximum(others, 1.0), np.nan)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FittedLoadings:
    """Loadings (K,) of one market on its factors (T, K), and what they leave of known rows."""

    factors: FloatArray
    loadings: FloatArray
    remainders: FloatArray

    __repr__ = field_summary


def fitted_loadings(
    design: FactorDesign, group: Group, column: int, prior_rows: float
) -> FittedLoadings:
    """Fit one market; with few rows its remainders are those of its group besides its own."""
    factors, known = design.factors(group, column), design.rows.known[:, column]
    own = design.moments(group).get(column) or design.own_moments(group, column)
    pooled = _pooled(design, group, column, own)
    prior = _solved(pooled.gram, pooled.cross)
    diagonal = np.maximum(np.diag(pooled.gram) / max(pooled.count, 1), _RIDGE)
    weight = prior_rows * np.diag(diagonal)
    loadings = _solved(own.gram + weight, own.cross + weight @ prior)
    remainders = design.rows.values[known, column] - factors[known] @ loadings
    if own.count < OWN_REMAINDERS:
        remainders = np.concatenate([remainders, *_group_remainders(design, group, column, prior)])
    return FittedLoadings(factors=factors, loadings=loadings, remainders=remainders)


def _pooled(design: FactorDesign, group: Group, column: int, own: Moments) -> Moments:
    """Sum over the companions that have the same factors; the market's own where none has."""
    size = own.cross.size
    others = [
        m
        for j, m in design.moments(group).items()
        if j != column and m.cross.size == size and m.count
    ]
    if not others:
        return own
    return Moments(
        gram=np.sum([m.gram for m in others], axis=0),
        cross=np.sum([m.cross for m in others], axis=0),
        count=sum(m.count for m in others),
    )


def _group_remainders(
    design: FactorDesign, group: Group, column: int, prior: FloatArray
) -> list[FloatArray]:
    """What the group's loadings leave of each companion's residuals."""
    left = []
    for j, moments in design.moments(group).items():
        if j != column and moments.cross.size == prior.size:
            known = design.rows.known[:, j]
            fit = design.factors(group, j)[known] @ prior
            left.append(design.rows.values[known, j] - fit)
    return left


def _solved(gram: FloatArray, cross: FloatArray) -> FloatArray:
    scale = float(np.trace(gram)) / max(cross.size, 1)
    ridge = _RIDGE * (scale + 1.0) * np.eye(cross.size)
    out: FloatArray = np.linalg.solve(gram + ridge, cross).astype(np.float64)
    return out
