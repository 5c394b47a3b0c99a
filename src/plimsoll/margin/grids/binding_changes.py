"""What would make another scenario bind: the runner-up with its gap, and the smallest trade."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.margin_explanation import BindingChange, ScenarioLosses
from plimsoll.margin.grids.smallest_trade import LossesAfter, smallest_trade

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeldMarket:
    """A market that a risk unit may be traded in, and the losses after such a trade."""

    market: str
    quantity: float
    losses_after: LossesAfter


def binding_changes(
    scenarios: ScenarioLosses, held: Sequence[HeldMarket]
) -> tuple[BindingChange, ...]:
    """Return what would make another scenario of a risk unit bind, the nearest first.

    First the runner-up with its gap; then, where they are others, the nearest of another price
    (often the runner-up is the same price with another volatility) and the alternative level;
    then the smallest trade of each market held, the smallest share of what is held first.
    """
    if scenarios.binding is None:
        return ()
    others = dict.fromkeys(
        place
        for place in (scenarios.runner_up, _of_other_price(scenarios), scenarios.cap)
        if place is not None and place != scenarios.binding
    )
    gaps = [_gap(scenarios, place) for place in others]
    trades = [(one, *_trade(scenarios, one)) for one in held if one.quantity != 0.0]
    found = [trade for trade in trades if trade[2] >= 0]
    found.sort(key=lambda trade: abs(trade[1] / trade[0].quantity))
    return (*gaps, *(_traded(scenarios, *trade) for trade in found))


def would_change(changes: Sequence[BindingChange], numeraire: str) -> str:
    """Say it in words: of each risk unit the runner-up with its gap, and the smallest trade."""
    said = []
    for where in dict.fromkeys(change.where for change in changes):
        own = [change for change in changes if change.where == where]
        gap = next((c for c in own if not c.market), None)
        tied = gap is not None and gap.gap == 0.0
        trade = next((c for c in own if c.market and not tied), None)
        words = [] if gap is None else [_gap_words(gap, numeraire)]
        if trade is not None:
            size = signed_text(trade.contracts)
            words.append(f"{size} {trade.market} makes {trade.then} bind")
        said.append(f"{where}: {', or '.join(words)}")
    return "; ".join(said)


def amount_text(amount: float) -> str:
    """Print six digits, and whole numbers from a million on.

    >>> amount_text(0.0619728), amount_text(3e6)
    ('0.0619728', '3,000,000')
    """
    return f"{amount:,.0f}" if abs(amount) >= 1e6 else f"{amount:,.6g}"


def signed_text(amount: float) -> str:
    """Print an amount with its sign."""
    return f"{'+' if amount >= 0.0 else '-'}{amount_text(abs(amount))}"


def _gap_words(change: BindingChange, numeraire: str) -> str:
    if change.gap > 0.0:
        more = f"{amount_text(change.gap)} {numeraire} more there than in {change.now}"
        return f"{change.then} binds if the book loses {more}"
    if change.gap < 0.0:
        lower = f"{amount_text(-change.gap)} {numeraire}"
        return f"{change.then} binds once it is {lower} less, the smaller of the two being asked"
    return f"{change.then} loses as much"


def _of_other_price(scenarios: ScenarioLosses) -> int | None:
    """The worst scenario of another price than the binding one's."""
    moves, binding = scenarios.price_moves, scenarios.binding
    if binding is None or not np.isfinite(moves[binding]):
        return None
    other = np.isfinite(moves) & ~np.isclose(moves, moves[binding], rtol=0.0, atol=1e-12)
    if not other.any():
        return None
    return int(np.argmax(np.where(other, scenarios.losses, -np.inf)))


def _gap(scenarios: ScenarioLosses, place: int) -> BindingChange:
    binding = scenarios.binding
    assert binding is not None
    return BindingChange(
        where=scenarios.risk_unit,
        now=scenarios.names[binding],
        then=scenarios.names[place],
        gap=float(scenarios.losses[binding] - scenarios.losses[place]) + 0.0,
    )


def _trade(scenarios: ScenarioLosses, one: HeldMarket) -> tuple[float, int]:
    capped = scenarios.cap is not None
    return smallest_trade(one.losses_after, scenarios.asked, abs(one.quantity), capped=capped)


def _traded(
    scenarios: ScenarioLosses, one: HeldMarket, contracts: float, place: int
) -> BindingChange:
    binding = scenarios.binding
    assert binding is not None
    return BindingChange(
        where=scenarios.risk_unit,
        now=scenarios.names[binding],
        then=scenarios.names[place],
        gap=float(scenarios.losses[binding] - scenarios.losses[place]) + 0.0,
        market=one.market,
        contracts=contracts,
    )
