"""Requirements of models that margin each position on its own: rates by market, sums by unit.

Such a model lays its parameters into columns by market, turns exposures into margins, and hands
both here: positions, linked accounts, open orders and reasons are treated once for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Payoff
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.parameters import ParameterSet
from plimsoll.domain.requirement import Requirements, RequirementTerm
from plimsoll.margin.contracts.open_loss import worst_of_fills
from plimsoll.margin.contracts.order_fills import Margins, fill_charges
from plimsoll.margin.contracts.position_explanation import POSITIONS, PositionExplainer
from plimsoll.margin.contracts.position_rates import PositionRates
from plimsoll.margin.contracts.stand_alone_book import StandAloneBook
from plimsoll.margin.governed import parameters_of
from plimsoll.margin.units.assembly import assemble
from plimsoll.margin.units.fill_losses import FilledContracts, loss_at_fill
from plimsoll.margin.units.instrument_columns import PAYOFF_CODES, instrument_columns
from plimsoll.margin.units.market_rows import MarketRows, unit_sums

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
T = TypeVar("T")


def stand_alone_requirements(
    laid: StandAloneBook,
    margins: Margins,
    more: Sequence[RequirementTerm],
    *,
    notes: tuple[str, ...] = (),
) -> Requirements:
    """Margin the positions and add the model's other terms.

    Parameters
    ----------
    laid : StandAloneBook
    margins : callable
        Initial and maintenance margin of exposures.
    more : sequence of RequirementTerm
        (U,) terms besides that of the positions.
    """
    book, layout, values = laid.book, laid.layout, laid.values
    numeraire = laid.markets.pricing.numeraire
    initial, maintenance = margins(laid.exposures)
    known = values.reason == 0
    initial, maintenance = (np.where(known, m, np.nan) for m in (initial, maintenance))
    positions = RequirementTerm(
        name=POSITIONS,
        title="Positions",
        initial=unit_sums(layout, initial),
        maintenance=unit_sums(layout, maintenance),
    )
    found = assemble(
        book=book,
        layout=layout,
        rows=laid.rows,
        values=values,
        terms=(positions, *more),
        numeraire=numeraire,
    )
    explainer = PositionExplainer(
        book=book,
        numeraire=numeraire,
        terms=found.terms,
        unit_of_position=layout.unit_of_position,
        account=layout.account,
        position=layout.position,
        equity=found.equity,
        initial=initial,
        maintenance=maintenance,
        source=PositionRates(
            marked=found.explainer,
            numeraire=numeraire,
            notional=partial(_notional, laid),
            initial=initial,
            maintenance=maintenance,
        ),
        notes=notes,
    )
    parts = replace(found.parts, initial=initial, maintenance=maintenance)
    return replace(found, parts=parts, unit_explainer=explainer)


def _notional(laid: StandAloneBook) -> FloatArray:
    """(P,) notional of positions; NaN of those without a number, and of options."""
    is_option = np.append(instrument_columns(laid.rows.listing).is_option, False)
    known = (laid.values.reason == 0) & ~is_option[laid.row[laid.book.market]]
    with np.errstate(divide="ignore", invalid="ignore"):  # of options marked at nothing
        return np.where(known, laid.sizes(laid.exposures).value, np.nan)


def open_order_terms(laid: StandAloneBook, margins: Margins) -> list[RequirementTerm]:
    """Return what the worst of fills adds to initial margin of cross pools; none without orders.

    Limits do not count: see `open_order_terms_with_loss`.
    """
    if laid.fills is None:
        return []
    added, _ = fill_charges(laid.fills, laid.linked, margins)
    return [
        RequirementTerm(
            name="open_orders",
            title="Open orders",
            initial=laid.sum_orders(added),
            maintenance=np.zeros(len(laid.layout)),
        )
    ]


def open_order_terms_with_loss(laid: StandAloneBook, margins: Margins) -> list[RequirementTerm]:
    """Return what the worst of fills adds and loses at once; none without orders."""
    if laid.fills is None:
        return []
    worst = worst_of_fills(laid.book, laid.fills, laid.linked, margins, order_losses(laid))
    return worst.terms(laid.fills.account, len(laid.layout))


def order_losses(laid: StandAloneBook) -> FloatArray:
    """(O,) what each order for a perpetual or future loses when it is filled at its limit."""
    if laid.book.orders is None:
        return np.zeros(0)
    row, rows = laid.row[laid.book.orders.market], laid.rows
    contracts = FilledContracts(
        rows.payoff[row], rows.size[row], rows.mark[row], rows.settle_price[row]
    )
    return loss_at_fill(laid.book.orders, contracts)


def parameters_by_market(
    kind: type[T], parameters: ParameterSet | Mapping[str, T], markets: Sequence[str]
) -> list[T | None]:
    """Return what parameters say of each market; None where they are silent."""
    return [parameters_of(kind, parameters, market) for market in markets]


def parameter_column(held: Sequence[T | None], value: Callable[[T], float]) -> FloatArray:
    """(N + 1,) one number of each market's parameters; NaN where there are none."""
    found = np.full(len(held) + 1, np.nan)
    for row, own in enumerate(held):
        if own is not None:
            found[row] = value(own)
    return found


def model_reasons(
    rows: MarketRows, held: Sequence[object | None], payoffs: tuple[Payoff, ...]
) -> IntArray:
    """(N + 1,) reasons of rows, and those of a model that margins perpetuals and futures only."""
    terms, codes = instrument_columns(rows.listing), [PAYOFF_CODES[payoff] for payoff in payoffs]
    unfit = ~terms.is_contract | ~np.isin(terms.payoff, codes)
    lacking = np.array([own is None for own in held], dtype=np.bool_)
    faults = {MarginReason.NOT_MARGINED: unfit, MarginReason.NO_PARAMETERS: lacking}
    own = np.select(list(faults.values()), [int(reason) for reason in faults], 0).astype(np.int64)
    # What is wrong with the contract itself is said first: a mark would not help it.
    reason = rows.with_reasons(own)
    reason[:-1] = np.where(unfit, own, reason[:-1])
    return reason
