"""Rules that the set in force misses: on the way none of them gets worse, and what is mended stays.

The bound of such a rule is shifted by its shortfall of the period before. "No worse until it
holds" is no linear demand; one column per rule and period says whether the rule holds, and the
rows below are exact with it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

from plimsoll.calibration.structure.moves import Move
from plimsoll.calibration.structure.programme import Placed, Programme, Terms, rule_terms
from plimsoll.calibration.structure.rules import LinearRule, Rule, Sense, TableRule

MENDED_FIRST = 10_000.0
"""A rule of structure that holds earlier outweighs any progress of values."""
MILLION = 1_000_000
ONE = Fraction(1)


def add_no_worse(
    programme: Programme,
    rule: Rule,
    placed: Sequence[Mapping[str, Placed]],
    mine: Mapping[str, Move],
    start: Mapping[str, Fraction],
) -> None:
    """Add a rule that ``start`` misses: its shortfall never grows, and is nothing in the end.

    An equality is approached from its side: it is never crossed.

    Parameters
    ----------
    placed : sequence of mapping of str to Placed
        By period, what may have moved; the rest stands at ``start``.
    """
    first = isinstance(rule, TableRule) or rule.standard_error is None
    cost = -MENDED_FIRST if first else 0.0
    holds = [
        programme.column(int(period == len(placed) - 1), 1, integer=True, cost=cost)
        for period in range(len(placed))
    ]
    for one, next_one in pairwise(holds):
        programme.row({next_one: ONE, one: -ONE}, Fraction(0), None)
    if isinstance(rule, TableRule):
        for columns, kept in zip(placed, holds, strict=True):
            _add_table(programme, rule, columns, kept, mine, start)
        return
    sign = excess_sign(rule, start)
    ends = _ends(rule, mine, start, sign)
    before = _excess(rule, {}, start, sign)
    for now, kept in zip(placed, holds, strict=True):
        after = _excess(rule, now, start, sign)
        _add_linear(programme, before, after, kept, ends)
        if rule.sense is Sense.EQUAL and after[0]:
            programme.row(after[0], -after[1], None)
        before = after


def excess_sign(rule: LinearRule, start: Mapping[str, Fraction]) -> int:
    """Return 1 where a larger sum is worse, -1 where a smaller one is."""
    if rule.sense is Sense.EQUAL:
        total = sum((Fraction(a) * start[k] for k, a in rule.coefficients), Fraction(0))
        return 1 if total > Fraction(rule.bound) else -1
    return 1 if rule.sense is Sense.AT_MOST else -1


def _excess(
    rule: LinearRule, placed: Mapping[str, Placed], start: Mapping[str, Fraction], sign: int
) -> tuple[Terms, Fraction]:
    """Return by how much a rule is missed, as columns and a constant; negative where it holds."""
    terms, constant = rule_terms(rule, placed, start)
    return (
        {column: sign * value for column, value in terms.items()},
        sign * (constant - Fraction(rule.bound)),
    )


def _ends(
    rule: LinearRule, mine: Mapping[str, Move], start: Mapping[str, Fraction], sign: int
) -> tuple[Fraction, Fraction]:
    """Return the least excess on any way, and that of the start, which none exceeds."""
    least = now = -sign * Fraction(rule.bound)
    for key, coefficient in rule.coefficients:
        weight = sign * Fraction(coefficient)
        now += weight * start[key]
        ends = (mine[key].low, mine[key].high) if key in mine else (start[key],)
        least += min(weight * Fraction(end) for end in ends)
    return min(least, Fraction(0)), now


def _add_linear(
    programme: Programme,
    before: tuple[Terms, Fraction],
    after: tuple[Terms, Fraction],
    kept: int,
    ends: tuple[Fraction, Fraction],
) -> None:
    """Add: the excess is none where the rule holds, and else not above the period's before."""
    terms, constant = after
    (earlier, past), (least, most) = before, ends
    top = _millionths(most)
    programme.row(terms | {kept: top}, None, top - constant)
    change = dict(terms)
    for column, value in earlier.items():
        change[column] = change.get(column, Fraction(0)) - value
    change[kept] = -_millionths(-least)
    programme.row(change, None, past - constant)


def _add_table(
    programme: Programme,
    rule: TableRule,
    placed: Mapping[str, Placed],
    kept: int,
    mine: Mapping[str, Move],
    start: Mapping[str, Fraction],
) -> None:
    """Add: where the rule holds, the values are a row of the table."""
    chosen = [programme.column(0, 1, integer=True) for _ in rule.rows]
    programme.row(dict.fromkeys(chosen, ONE) | {kept: -ONE}, Fraction(0), Fraction(0))
    for position, key in enumerate(rule.keys):
        row = {c: -Fraction(values[position]) for c, values in zip(chosen, rule.rows, strict=True)}
        if key in placed:
            low, high = Fraction(mine[key].low), Fraction(mine[key].high)
            terms, constant = dict(placed[key].terms) | row, Fraction(0)
        else:
            low = high = constant = start[key]
            terms = dict(row)
        programme.row(terms | {kept: high}, None, high - constant)
        programme.row(terms | {kept: low}, low - constant, None)


def _millionths(value: Fraction) -> Fraction:
    """Return a value on a millionth, not below: coefficients stay small whole numbers."""
    return Fraction(math.ceil(value * MILLION), MILLION)
