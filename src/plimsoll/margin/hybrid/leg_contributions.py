"""What positions contribute to the requirement of one leg of a hybrid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from plimsoll.domain.margin_explanation import Contribution, UnitExplanation
from plimsoll.domain.requirement import Requirements


def leg_contributions(name: str, leg: Requirements, unit: int, weight: float) -> list[Contribution]:
    """Contributions of a unit that add up to ``weight`` times the leg's maintenance margin.

    Positions come first, each once whatever the terms it adds to; then what the leg asks beside
    them, a lift to its own floor for instance, under the title of its term.
    """
    if leg.unit_explainer is not None:
        found = list(_explained(leg.unit_explainer.explanation(unit)))
    elif leg.terms:
        found = [_beside(t.title, float(t.maintenance[unit])) for t in leg.terms]
    else:
        found = list(_parts(leg, unit))
    return [replace(c, contribution=weight * c.contribution, of=name) for c in found]


def _explained(told: UnitExplanation) -> Iterator[Contribution]:
    by_market: dict[tuple[str, float], Contribution] = {}
    for one in told.contributions:
        key = one.market, one.quantity
        before = by_market[key].contribution if key in by_market else 0.0
        by_market[key] = replace(one, contribution=before + one.contribution)
    yield from by_market.values()
    shared = {one.of for one in told.contributions}
    for term in told.terms:
        if term.name not in shared and term.maintenance != 0.0:
            yield _beside(term.title, term.maintenance)


def _beside(title: str, maintenance: float) -> Contribution:
    """A term that is no position's."""
    nan = float("nan")
    return Contribution(
        market=title, quantity=nan, value=0.0, standalone=nan, contribution=maintenance, of=""
    )


def _parts(leg: Requirements, unit: int) -> Iterator[Contribution]:
    """Positions of a leg that margins them one by one."""
    for p in np.flatnonzero(leg.parts.unit == unit).tolist():
        maintenance = float(leg.parts.maintenance[p])
        yield Contribution(
            market=leg.book.markets[int(leg.book.market[p])],
            quantity=float(leg.book.quantity[p]),
            value=0.0,
            standalone=maintenance,
            contribution=maintenance,
            of="",
        )
