"""A mixed-integer linear programme under construction, solved by HiGHS.

Rows between integer columns are scaled to coprime integers and their bounds to the next integer,
so that a point HiGHS calls feasible within its tolerance of 1e-6 is feasible exactly once its
integers are rounded; coefficients above a million are the only exception, and `check_set` catches
those.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from plimsoll.calibration.structure.rules import LinearRule, Rule, Sense, TableRule
from plimsoll.calibration.structure.variables import GovernedVariable
from plimsoll.errors import EstimationError

if TYPE_CHECKING:
    from scipy.sparse import csr_array

FloatArray: TypeAlias = npt.NDArray[np.float64]
Terms: TypeAlias = dict[int, Fraction]
"""Columns with coefficients: a linear expression."""

INFINITY = math.inf
SMALLEST_PRICE = 1e-9


class Programme:
    """Columns, rows and costs; minimised by `solve`."""

    def __init__(self) -> None:
        self._lower: list[float] = []
        self._upper: list[float] = []
        self._cost: list[float] = []
        self._integer: list[bool] = []
        self._rows: list[int] = []
        self._columns: list[int] = []
        self._values: list[float] = []
        self._row_lower: list[float] = []
        self._row_upper: list[float] = []

    def column(self, lower: float, upper: float, *, integer: bool, cost: float = 0.0) -> int:
        """Add a column and return its index."""
        self._lower.append(lower)
        self._upper.append(upper)
        self._cost.append(cost)
        self._integer.append(integer)
        return len(self._cost) - 1

    def charge(self, terms: Mapping[int, Fraction], price: float) -> None:
        """Add ``price`` times an expression to the cost."""
        for column, coefficient in terms.items():
            self._cost[column] += price * float(coefficient)

    @property
    def costs(self) -> FloatArray:
        """Cost of each column."""
        return np.array(self._cost, dtype=np.float64)

    def row(
        self,
        terms: Mapping[int, Fraction],
        lower: Fraction | None,
        upper: Fraction | None,
        slacks: Mapping[int, Fraction] | None = None,
    ) -> None:
        """Add lower <= terms + slacks <= upper; terms of integer columns, slacks of any.

        Bounds are rounded to whole numbers where there is no slack.
        """
        kept = {c: a for c, a in terms.items() if a}
        whole, factor = _to_integers(kept) if kept else ({}, Fraction(1))
        extra = slacks or {}
        below, above = -INFINITY, INFINITY
        if lower is not None:
            below = float(lower * factor if extra else math.ceil(lower * factor))
        if upper is not None:
            above = float(upper * factor if extra else math.floor(upper * factor))
        scaled = {c: float(a * factor) for c, a in extra.items()}
        index = len(self._row_lower)
        for column, value in (*whole.items(), *scaled.items()):
            self._rows.append(index)
            self._columns.append(column)
            self._values.append(float(value))
        self._row_lower.append(below)
        self._row_upper.append(above)

    @property
    def rows(self) -> int:
        """Number of rows so far."""
        return len(self._row_lower)

    def relaxed(self) -> tuple[FloatArray, FloatArray, csr_array, FloatArray, FloatArray]:
        """Return row bounds, matrix, costs and column bounds, integers forgotten."""
        from scipy.sparse import csr_array

        shape = (len(self._row_lower), len(self._cost))
        matrix = csr_array((self._values, (self._rows, self._columns)), shape=shape)
        bounds = np.column_stack((self._lower, self._upper)).astype(np.float64)
        return (
            np.array(self._row_lower),
            np.array(self._row_upper),
            matrix,
            self.costs,
            bounds,
        )

    def solve(self) -> FloatArray | None:
        """Return the columns of a least-cost point; None where there is no point.

        Raises
        ------
        EstimationError
            Where HiGHS ends without an answer.
        """
        # Not at the head: scipy's optimisers take longer to import than a warm market to solve.
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import csc_array

        shape = (len(self._row_lower), len(self._cost))
        crossed = any(
            low > high for low, high in zip(self._row_lower, self._row_upper, strict=True)
        )
        if crossed or any(a > b for a, b in zip(self._lower, self._upper, strict=True)):
            return None
        matrix = csc_array((self._values, (self._rows, self._columns)), shape=shape)
        for presolve in (True, False):  # HiGHS's presolve gives up on a few small programmes
            found = milp(
                self.costs,
                integrality=np.array(self._integer, dtype=np.int64),
                bounds=Bounds(np.array(self._lower), np.array(self._upper)),
                constraints=LinearConstraint(matrix, self._row_lower, self._row_upper)
                if shape[0]
                else None,
                options={"mip_rel_gap": 0.0, "presolve": presolve},
            )
            if found.status != 4:
                break
        if found.status == 0:
            return np.asarray(found.x, dtype=np.float64)
        if found.status == 2 or "nfeasible" in str(found.message):
            return None
        raise EstimationError("must reach an optimum", found=found.message, field="programme")


def weighted_rows(programme: Programme) -> tuple[int, ...]:
    """Return the rows with a shadow price when integers may be fractions; empty without a point.

    Of an elastic programme with a positive cost these rows alone exclude each other: the prices
    are a certificate of Farkas.
    """
    from scipy.optimize import linprog
    from scipy.sparse import vstack

    lower, upper, matrix, costs, bounds = programme.relaxed()
    equal = lower == upper
    below, above = np.isfinite(lower) & ~equal, np.isfinite(upper) & ~equal
    found = linprog(  # type: ignore[call-overload]  # the stubs know no sparse matrices
        costs,
        A_ub=vstack((matrix[above], -matrix[below])),
        b_ub=np.concatenate((upper[above], -lower[below])),
        A_eq=matrix[equal],
        b_eq=lower[equal],
        bounds=bounds,
        method="highs",
    )
    if found.status != 0:
        return ()
    prices = np.zeros(len(lower))
    priced = np.abs(found.ineqlin.marginals)
    prices[above] += priced[: above.sum()]
    prices[below] += priced[above.sum() :]
    prices[equal] += np.abs(found.eqlin.marginals)
    return tuple(int(row) for row in np.flatnonzero(prices > SMALLEST_PRICE))


class Placed:
    """A variable's columns in a programme: a multiple of its step, or one choice of its list."""

    def __init__(
        self,
        programme: Programme,
        variable: GovernedVariable,
        lower: Decimal | None = None,
        upper: Decimal | None = None,
        *,
        widen: int = 0,
    ) -> None:
        """Add the columns; ``widen`` lets a multiple leave its bounds by so many steps."""
        self.variable = variable
        low = variable.lower if lower is None else max(lower, variable.lower)
        high = variable.upper if upper is None else min(upper, variable.upper)
        self._choices: tuple[Decimal, ...] = ()
        if variable.step is not None:
            step = Fraction(variable.step)
            first = math.ceil(Fraction(low) / step) - widen
            last = math.floor(Fraction(high) / step) + widen
            self.columns: tuple[int, ...] = (programme.column(first, last, integer=True),)
            self.terms: Terms = {self.columns[0]: step}
            return
        inside = tuple(v for v in variable.values if low <= v <= high)
        self._choices = variable.values if widen else inside
        self.columns = tuple(programme.column(0, 1, integer=True) for _ in self._choices)
        programme.row(dict.fromkeys(self.columns, Fraction(1)), Fraction(1), Fraction(1))
        self.terms = dict(zip(self.columns, map(Fraction, self._choices), strict=True))

    @property
    def choices(self) -> tuple[tuple[Decimal, int], ...]:
        """Each listed value with its column, rising; empty for a multiple of a step."""
        if self.variable.step is not None:
            return ()
        return tuple(zip(self._choices, self.columns, strict=True))

    def charge(self, programme: Programme, around: float, price: float) -> None:
        """Charge ``price`` times the distance of the value from ``around``."""
        if self.variable.step is None:
            for column, choice in zip(self.columns, self._choices, strict=True):
                programme.charge({column: Fraction(1)}, price * abs(float(choice) - around))
            return
        step = Fraction(self.variable.step)
        away = programme.column(0.0, INFINITY, integer=False, cost=price * float(step))
        centre = Fraction(around) / step
        one, column = Fraction(1), self.columns[0]
        programme.row({column: one}, None, centre, {away: -one})
        programme.row({column: one}, centre, None, {away: one})

    def value(self, point: FloatArray) -> Decimal:
        """Return the value at a point, on the grid."""
        if self.variable.step is None:
            return self._choices[int(np.argmax(point[list(self.columns)]))]
        return round(float(point[self.columns[0]])) * self.variable.step


def add_rule(
    programme: Programme,
    rule: Rule,
    placed: Mapping[str, Placed],
    slack_price: float | None = None,
    constants: Mapping[str, Decimal] | None = None,
) -> None:
    """Add a rule; with ``slack_price`` per natural unit it may be missed.

    ``constants`` are the values of keys that are not placed.
    """
    known = constants or {}
    if isinstance(rule, TableRule):
        _add_table(programme, rule, placed, known)
        return
    terms, constant = rule_terms(rule, placed, known)
    bound = Fraction(rule.bound) - constant
    below = None if rule.sense is Sense.AT_MOST else bound
    above = None if rule.sense is Sense.AT_LEAST else bound
    slacks: Terms = {}
    if slack_price is not None:
        unit = max(
            abs(Fraction(a) * Fraction(placed[k].variable.spacing)) for k, a in rule.coefficients
        )
        if below is not None:
            slacks[programme.column(0, INFINITY, integer=False, cost=slack_price)] = unit
        if above is not None:
            slacks[programme.column(0, INFINITY, integer=False, cost=slack_price)] = -unit
    programme.row(terms, below, above, slacks)


def rule_terms(
    rule: LinearRule,
    placed: Mapping[str, Placed],
    constants: Mapping[str, Decimal] | Mapping[str, Fraction],
) -> tuple[Terms, Fraction]:
    """Return the rule's sum as columns with coefficients, and what is constant in it."""
    terms: Terms = {}
    constant = Fraction(0)
    for key, coefficient in rule.coefficients:
        if key not in placed:
            constant += Fraction(coefficient) * Fraction(constants[key])
            continue
        # Keys occur once in a rule and columns belong to one key.
        factor = Fraction(coefficient)
        terms |= {column: factor * value for column, value in placed[key].terms.items()}
    return terms, constant


def _add_table(
    programme: Programme,
    rule: TableRule,
    placed: Mapping[str, Placed],
    constants: Mapping[str, Decimal],
) -> None:
    rows = [
        row
        for row in rule.rows
        if all(
            k in placed or constants[k] == value for k, value in zip(rule.keys, row, strict=True)
        )
    ]
    chosen = [programme.column(0, 1, integer=True) for _ in rows]
    programme.row(dict.fromkeys(chosen, Fraction(1)), Fraction(1), Fraction(1))
    for position, key in enumerate(rule.keys):
        if key in placed:
            terms = dict(placed[key].terms)
            terms |= {c: -Fraction(row[position]) for c, row in zip(chosen, rows, strict=True)}
            programme.row(terms, Fraction(0), Fraction(0))


def _to_integers(terms: Mapping[int, Fraction]) -> tuple[dict[int, int], Fraction]:
    """Return the terms as coprime integers, and the factor that makes them so."""
    common = math.lcm(*(a.denominator for a in terms.values()))
    scaled = {c: a.numerator * (common // a.denominator) for c, a in terms.items()}
    divisor = math.gcd(*scaled.values())
    return {c: value // divisor for c, value in scaled.items()}, Fraction(common, divisor)
