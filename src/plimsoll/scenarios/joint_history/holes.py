"""Residuals for rows in which a market has none: young markets, outages, delisted companions.

A missing row is never a zero and never left out for the other markets. It is drawn given what the
others did on that date, so that dependence stays:

`HoleRule.FACTOR`   z = loadings . f(date) + e,  f being the residuals of the leads (as BTC and ETH)
                    and the mean residual of the other members of the market's class, e one of the
                    market's own remainders (of its class, where it has fewer than 100). Loadings
                    are ridge estimates, drawn towards the class's by ``prior_rows`` rows.
`HoleRule.CLASS`    z = residual on that date of a member of its class, drawn at random.
`HoleRule.REFUSE`   nothing is drawn: the market has a Reason.

Draws depend on seed, market and date alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.choice import chosen
from plimsoll.errors import ParameterError
from plimsoll.scenarios.joint_history.streams import stream_indices

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

OWN_REMAINDERS = 100
"""Rows from which a market's own remainders are drawn."""

_CLASS_MEMBERS = 3
_RIDGE = 1e-12


class HoleRule(StrEnum):
    """What is done about rows that a market does not have."""

    FACTOR = "factor"
    CLASS = "class"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class HoleFilling:
    """How missing rows are drawn; see the module text.

    Parameters
    ----------
    rule : HoleRule
    classes : mapping of str to str
        Subject to class. Subjects that are not in it are one class; a class with fewer than three
        other members is taken as all markets.
    leads : tuple of str
        Subjects whose residuals are factors besides the mean of the class.
    prior_rows : float
        Weight of the class's loadings, in rows; not negative.
    seed : int

    Raises
    ------
    ParameterError
    """

    rule: HoleRule = HoleRule.FACTOR
    classes: Mapping[str, str] = field(default_factory=dict)
    leads: tuple[str, ...] = ()
    prior_rows: float = 50.0
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "rule", chosen(HoleRule, self.rule, "rule"))
        if not 0.0 <= self.prior_rows < np.inf:
            raise ParameterError("must not be negative", found=self.prior_rows, field="prior_rows")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResidualRows:
    """(T, N) residuals, NaN where there is none, of ``subjects`` on dates ``end_ns``."""

    subjects: tuple[str, ...]
    end_ns: IntArray
    values: FloatArray

    @property
    def known(self) -> BoolArray:
        """(T, N) whether there is one."""
        return np.isfinite(self.values)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Fit:
    """Loadings of one market on its factors, and what they leave."""

    factors: FloatArray  # (T, K)
    loadings: FloatArray  # (K,)
    remainders: FloatArray  # of the rows that are known


def filled_residuals(
    rows: ResidualRows, filling: HoleFilling
) -> tuple[FloatArray, dict[str, tuple[float, ...]]]:
    """Return (T, N) residuals without holes, and the loadings of markets that had some.

    Every market must have at least one residual.
    """
    values = rows.values.copy()
    loadings: dict[str, tuple[float, ...]] = {}
    for column in np.flatnonzero(~rows.known.all(axis=0)).tolist():
        missing = np.flatnonzero(~rows.known[:, column])
        if filling.rule is HoleRule.CLASS:
            values[missing, column] = _of_companions(rows, filling, column, missing)
            continue
        fit = _fitted(rows, filling, column)
        own = (filling.seed, (rows.subjects[column], "remainder"))
        drawn = stream_indices(*own, rows.end_ns[missing], fit.remainders.size)
        values[missing, column] = fit.factors[missing] @ fit.loadings + fit.remainders[drawn]
        loadings[rows.subjects[column]] = tuple(fit.loadings.tolist())
    return values, loadings


def _companions(rows: ResidualRows, filling: HoleFilling, column: int) -> IntArray:
    """Other members of a market's class; all other markets where they are few."""
    named = [filling.classes.get(s, "") for s in rows.subjects]
    others = [j for j in range(len(named)) if j != column]
    same = [j for j in others if named[j] == named[column]]
    return np.array(same if len(same) >= _CLASS_MEMBERS else others, dtype=np.int64)


def _of_companions(
    rows: ResidualRows, filling: HoleFilling, column: int, missing: IntArray
) -> FloatArray:
    """Residuals of companions drawn date by date; of the market's own past where there is none."""
    stream = (rows.subjects[column], "companion")
    # By name, so that the order of the markets is of no consequence.
    members = sorted(_companions(rows, filling, column).tolist(), key=lambda j: rows.subjects[j])
    there = rows.known[np.ix_(missing, members)]
    count = there.sum(axis=1)
    own = np.flatnonzero(rows.known[:, column])
    drawn = stream_indices(filling.seed, stream, rows.end_ns[missing], 1 << 40)
    out: FloatArray = rows.values[own[drawn % own.size], column]
    has = count > 0
    place = (drawn[has] % count[has])[:, None]
    picked = np.argmax(np.cumsum(there[has], axis=1) > place, axis=1)
    out[has] = rows.values[missing[has], np.array(members, dtype=np.int64)[picked]]
    return out


def _fitted(rows: ResidualRows, filling: HoleFilling, column: int) -> _Fit:
    """Loadings of one market: its own rows, and its companions' as so many prior rows."""
    group = _companions(rows, filling, column)
    factors = _factors(rows, filling, column, group)
    known = rows.known[:, column]
    gram, cross, count = _moments(factors[known], rows.values[known, column])
    prior, pooled = np.zeros(factors.shape[1]), gram / max(count, 1)
    pool = list[FloatArray]()
    if group.size and (filling.prior_rows > 0.0 or count < OWN_REMAINDERS):
        pooled, prior, pool = _class_prior(rows, factors, group)
    weight = filling.prior_rows * np.diag(np.maximum(np.diag(pooled), _RIDGE))
    left = gram + weight + _RIDGE * np.eye(prior.size)
    loadings: FloatArray = np.linalg.solve(left, cross + weight @ prior).astype(np.float64)
    remainders = rows.values[known, column] - factors[known] @ loadings
    if count < OWN_REMAINDERS and pool:
        remainders = np.concatenate([remainders, *pool])
    return _Fit(factors=factors, loadings=loadings, remainders=remainders)


def _factors(rows: ResidualRows, filling: HoleFilling, column: int, group: IntArray) -> FloatArray:
    """(T, K) leads and mean of the companions; a row that nobody knows is one of another date."""
    leads = [rows.subjects.index(s) for s in filling.leads if s in rows.subjects]
    parts = [rows.values[:, j] for j in leads if j != column]
    if group.size:
        there = rows.known[:, group]
        total = np.where(there, rows.values[:, group], 0.0).sum(axis=1)
        count = there.sum(axis=1)
        parts.append(np.where(count > 0, total / np.maximum(count, 1), np.nan))
    factors = np.column_stack(parts) if parts else np.empty((len(rows.end_ns), 0))
    complete = np.isfinite(factors).all(axis=1)
    if not complete.any():
        return np.empty((len(rows.end_ns), 0))
    blank = np.flatnonzero(~complete)
    drawn = stream_indices(
        filling.seed, ("factors",), rows.end_ns[blank], int(np.count_nonzero(complete))
    )
    factors[blank] = factors[complete][drawn]
    return factors


def _moments(factors: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray, int]:
    return factors.T @ factors, factors.T @ values, values.size


def _class_prior(
    rows: ResidualRows, factors: FloatArray, group: IntArray
) -> tuple[FloatArray, FloatArray, list[FloatArray]]:
    """Mean second moments of the factors, pooled loadings, remainders of each companion."""
    gram, cross, count = np.zeros((factors.shape[1],) * 2), np.zeros(factors.shape[1]), 0
    for j in group.tolist():
        known = rows.known[:, j]
        more, with_values, size = _moments(factors[known], rows.values[known, j])
        gram, cross, count = gram + more, cross + with_values, count + size
    scale = gram / max(count, 1)
    prior = np.linalg.solve(gram + _RIDGE * np.eye(cross.size), cross).astype(np.float64)
    left: list[FloatArray] = [
        rows.values[rows.known[:, j], j] - factors[rows.known[:, j]] @ prior
        for j in sorted(group.tolist(), key=lambda j: rows.subjects[j])
    ]
    return scale, prior, left
