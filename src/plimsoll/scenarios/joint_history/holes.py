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
from plimsoll.scenarios.joint_history.loadings import FactorDesign, fitted_loadings
from plimsoll.scenarios.joint_history.residual_rows import ResidualRows
from plimsoll.scenarios.joint_history.streams import stream_indices

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_CLASS_MEMBERS = 3


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


def filled_residuals(
    rows: ResidualRows, filling: HoleFilling
) -> tuple[FloatArray, dict[str, tuple[float, ...]]]:
    """Return (T, N) residuals without holes, and the loadings of markets that had some.

    Every market must have at least one residual.
    """
    values = rows.values.copy()
    loadings: dict[str, tuple[float, ...]] = {}
    design = FactorDesign(rows=rows, leads=filling.leads, seed=filling.seed)
    for column in np.flatnonzero(~rows.known.all(axis=0)).tolist():
        missing = np.flatnonzero(~rows.known[:, column])
        group = _group(rows, filling, column)
        if filling.rule is HoleRule.CLASS:
            values[missing, column] = _of_companions(rows, filling.seed, group, column, missing)
            continue
        fit = fitted_loadings(design, group, column, filling.prior_rows)
        own = (filling.seed, (rows.subjects[column], "remainder"))
        drawn = stream_indices(*own, rows.end_ns[missing], fit.remainders.size)
        values[missing, column] = fit.factors[missing] @ fit.loadings + fit.remainders[drawn]
        loadings[rows.subjects[column]] = tuple(fit.loadings.tolist())
    return values, loadings


def _group(rows: ResidualRows, filling: HoleFilling, column: int) -> tuple[int, ...]:
    """Members of a market's class, itself included; all markets where they are few.

    In the order of their names, so that that of the columns is of no consequence.
    """
    named = [filling.classes.get(s, "") for s in rows.subjects]
    by_name = sorted(range(len(named)), key=lambda j: rows.subjects[j])
    same = tuple(j for j in by_name if named[j] == named[column])
    return same if len(same) > _CLASS_MEMBERS else tuple(by_name)


def _of_companions(
    rows: ResidualRows, seed: int, group: tuple[int, ...], column: int, missing: IntArray
) -> FloatArray:
    """Residuals of companions drawn date by date; of the market's own past where there is none."""
    stream = (rows.subjects[column], "companion")
    members = np.array([j for j in group if j != column], dtype=np.int64)
    there = rows.known[np.ix_(missing, members)]
    count = there.sum(axis=1)
    own = np.flatnonzero(rows.known[:, column])
    drawn = stream_indices(seed, stream, rows.end_ns[missing], 1 << 40)
    out: FloatArray = rows.values[own[drawn % own.size], column]
    has = count > 0
    if not has.any():
        return out
    place = (drawn[has] % count[has])[:, None]
    picked = np.argmax(np.cumsum(there[has], axis=1) > place, axis=1)
    out[has] = rows.values[missing[has], members[picked]]
    return out
