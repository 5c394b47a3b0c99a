"""Requirements from the terms of Derive's portfolio margins, with their explainer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.requirement import Requirements, RequirementTerm
from plimsoll.margin.derive.pmrm_book import PmrmBook, PreparedMarkets
from plimsoll.margin.derive.pmrm_explanation import (
    LossFactors,
    PmrmExplainer,
    binding_of,
    scenario_names,
)
from plimsoll.margin.units.assembly import assemble

FloatArray = NDArray[np.float64]


def term(
    name: str, title: str, initial: FloatArray, maintenance: FloatArray | None = None
) -> RequirementTerm:
    """Return a term; without maintenance column it belongs to initial margin only."""
    second = np.zeros(initial.size) if maintenance is None else maintenance
    return RequirementTerm(name=name, title=title, initial=initial, maintenance=second)


def assembled(
    held: PmrmBook,
    terms: Sequence[RequirementTerm],
    prepared: PreparedMarkets,
    factors: LossFactors,
) -> Requirements:
    """Put a book's terms together.

    Parameters
    ----------
    factors : LossFactors
        Of the worst loss of each risk unit.
    """
    names, rows = scenario_names(held), prepared.markets.rows
    known = dict(zip(rows.markets, rows.instruments, strict=True))
    prices = {c: prepared.pricing.price(c, prepared.snapshot, known) for c in held.book.currencies}
    return assemble(
        book=held.book,
        layout=held.layout,
        rows=rows,
        values=held.values,
        terms=terms,
        numeraire=prepared.pricing.numeraire,
        binding_scenario=binding_of(held, names),
        scenario_names=names,
        unit_explainer=PmrmExplainer(
            held=held,
            terms=tuple(terms),
            assets=prices,
            cash=prepared.pricing.numeraire,
            factors=factors,
        ),
    )
