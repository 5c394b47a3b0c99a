"""What positions add to a requirement, as tables: to all of it, and to each term."""

from __future__ import annotations

import math
from collections.abc import Iterable

from plimsoll.domain.margin_explanation import Contribution, UnitExplanation
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.journeys.margin_units import digits_of, money

_NAN = float("nan")


def contribution_table(explained: UnitExplanation, place: str) -> Table:
    """Return what each position adds to the requirement, beside what it would ask by itself.

    Terms that are no position's have a line of their own, so the lines add up to the requirement.
    """
    unit, digits = explained.numeraire, digits_of(explained.numeraire)
    rows = [
        (*name, _value(parts), parts[0].standalone, *_sums(parts))
        for name, parts in _by_holding(explained).items()
    ]
    beside = [
        (f"{term.title} ({term.why})", None, None, None, term.initial, term.maintenance)
        for term in explained.unspread
    ]
    whole = ("Requirement", None, None, None, explained.initial, explained.maintenance)
    return Table(
        name="margin_positions",
        title=f"What positions of {place} add",
        columns=(
            Column(name="market", title="Market"),
            Column(name="quantity", title="Contracts", kind=ColumnKind.NUMBER, digits=4),
            money("value", "Value now", unit, digits),
            money("standalone", "Alone, maintenance", unit, digits),
            money("initial", "Adds to initial", unit, digits),
            money("contribution", "Adds to maintenance", unit, digits),
        ),
        rows=(*rows, *beside, whole) if rows else (),
        notes=(
            *_alone_notes(explained),
            "Futures of coins count dollars, options and linear contracts coins.",
        ),
    )


def term_tables(explained: UnitExplanation, place: str) -> tuple[Table, ...]:
    """Return what each position adds to each term, for maintenance and for initial margin.

    The last line is the term; the lines above add up to it exactly. Nothing where there is one
    term only, which the table of contributions shows.
    """
    found = []
    for level, words in (("maintenance", "maintenance margin"), ("initial", "initial margin")):
        terms = _moved_terms(explained, level)
        if len(terms) > 1:
            found.append(_term_table(explained, place, level, words, terms))
    return tuple(found)


def _moved_terms(explained: UnitExplanation, level: str) -> dict[str, str]:
    """Titles of terms to which some position adds."""
    shared = {c.of for c in explained.contributions if _share(c, level) != 0.0}
    return {term.name: term.title for term in explained.terms if term.name in shared}


def _term_table(
    explained: UnitExplanation, place: str, level: str, words: str, terms: dict[str, str]
) -> Table:
    unit, digits = explained.numeraire, digits_of(explained.numeraire)
    rows: list[tuple[Cell, ...]] = []
    for (market, quantity), parts in _by_holding(explained).items():
        shares = {part.of: _share(part, level) for part in parts}
        if any(name in shares for name in terms):
            rows.append((market, quantity, *(shares.get(name, 0.0) for name in terms)))
    totals = {term.name: getattr(term, level) for term in explained.terms}
    rows.append(("Term", None, *(totals[name] for name in terms)))
    return Table(
        name=f"margin_terms_by_position_{level}",
        title=f"What positions of {place} add to each term, {words}",
        columns=(
            Column(name="market", title="Market"),
            Column(name="quantity", title="Contracts", kind=ColumnKind.NUMBER, digits=4),
            *(money(name, title, unit, digits) for name, title in terms.items()),
        ),
        rows=tuple(rows),
        notes=(
            "Of a worst loss the marginal loss in the scenario that binds, of expected shortfalls "
            "and of all other terms after Euler: the size of a position times what the term grows "
            "by with it.",
        ),
    )


def _by_holding(explained: UnitExplanation) -> dict[tuple[str, float], list[Contribution]]:
    found: dict[tuple[str, float], list[Contribution]] = {}
    for part in explained.contributions:
        found.setdefault((part.market, part.quantity), []).append(part)
    return found


def _share(part: Contribution, level: str) -> float:
    return part.initial if level == "initial" else part.contribution


def _sums(parts: Iterable[Contribution]) -> tuple[float, float]:
    both = [(part.initial, part.contribution) for part in parts]
    return math.fsum(a for a, _ in both) + 0.0, math.fsum(b for _, b in both) + 0.0


def _value(parts: Iterable[Contribution]) -> float:
    return next((part.value for part in parts if not math.isnan(part.value)), _NAN)


def _alone_notes(explained: UnitExplanation) -> list[str]:
    """Gross and net, of what the model margins by itself: not of collateral."""
    known = [
        parts for parts in _by_holding(explained).values() if not math.isnan(parts[0].standalone)
    ]
    if not known:
        return []
    digits = digits_of(explained.numeraire)
    gross = math.fsum(parts[0].standalone for parts in known)
    net = math.fsum(_sums(parts)[1] for parts in known)
    currency = explained.numeraire
    return [
        f"By themselves the positions would ask {gross:,.{digits}f} {currency} of maintenance "
        f"margin; together they add {net:,.{digits}f} {currency}."
    ]
