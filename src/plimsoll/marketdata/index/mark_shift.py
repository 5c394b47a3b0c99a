"""How far one source must be shifted to move a mark, at once or held for a while.

None of the rules of marking falls when a source rises, so bisection is exact: see `smallest_shift`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from plimsoll.errors import InsufficientDataError
from plimsoll.marketdata.index.mark import MarkState, Memory
from plimsoll.marketdata.index.mark_value import MarkInputs
from plimsoll.marketdata.index.robustness import (
    CostOfShift,
    LiveSources,
    ShiftRow,
    check_target,
    summed_cost,
)
from plimsoll.marketdata.index.rule import SECOND_NS


def smallest_shift(
    price_at: Callable[[float], float], *, target: float, up: bool, most: float = 1e3
) -> float:
    """Return the smallest shift that moves a price by the target, by bisection.

    The price must never fall when the shift rises, as marks and clamped medians do not. Then it has
    moved by the target at every shift beyond the answer and at none before it, which is what
    bisection keeps true; 200 halvings end between two neighbouring floats.

    Parameters
    ----------
    price_at : callable
        Price by signed shift; NaN (frozen) counts as unmoved.
    target : float
    up : bool
    most : float
        Shifts up beyond this are not tried; down they end at -1.

    Returns
    -------
    float
        Absolute; infinite where even the largest does not.
    """
    check_target(target)
    sign, end = (1.0, most) if up else (-1.0, 1.0 - 1e-9)
    start = price_at(0.0)

    def has_moved(shift: float) -> bool:
        return abs(price_at(sign * shift) / start - 1.0) >= target

    if not has_moved(end):
        return math.inf
    low, high = 0.0, end
    for _ in range(200):
        between = 0.5 * (low + high)
        if between in (low, high):
            break
        low, high = (low, between) if has_moved(between) else (between, high)
    return high


def mark_robustness(
    state: MarkState[Memory],
    inputs: MarkInputs,
    *,
    index: LiveSources,
    perps: LiveSources | None = None,
    target: float = 0.01,
    cost_of_shift: CostOfShift | None = None,
    hold_seconds: int = 0,
) -> tuple[ShiftRow, ...]:
    """Return what one source alone can do to the next mark: of index, of perps, and the own market.

    Parameters
    ----------
    state : MarkState
        Up to before ``inputs``, so that means have their history.
    inputs : MarkInputs
        Unshifted; ``index`` and ``perps`` in it are replaced by what the sources say.
    index, perps : LiveSources
        Perps under their own rule; a name in both is one source shifted in both.
    target : float
    cost_of_shift : callable, optional
        As in `index_robustness`; the own book is ``"own book"``, its last trade ``"own last"``,
        both together ``"own market"``. A cost of getting there, not of staying.
    hold_seconds : int
        For how long the shift is held, second by second; what is looked at is the mark at the end.
        0: the next mark only.

    Raises
    ------
    InsufficientDataError
        For a mark that is not live unshifted.
    """

    def price_at(source: str, shift: float) -> float:
        shifted, held = _shifted_inputs(inputs, index, perps, source, shift), state
        for second in range(hold_seconds + 1):
            held = held.update(replace(shifted, **_later(shifted, second)))
        value = held.value
        return math.nan if value is None or not value.status.is_live else value.price

    if math.isnan(price_at("", 0.0)):
        raise InsufficientDataError("a mark must be live to be moved", field="inputs")
    outside = dict.fromkeys((*index.names, *(perps.names if perps else ())))
    return tuple(
        _mark_row(source, partial(price_at, source), target, cost_of_shift)
        for source in (*outside, "own book", "own last", "own market")
    )


def _mark_row(
    source: str,
    price_at: Callable[[float], float],
    target: float,
    cost_of_shift: CostOfShift | None,
) -> ShiftRow:
    start, far = price_at(0.0), (1e6, -1.0 + 1e-9)
    ends = [price_at(shift) for shift in far]
    moves = [0.0 if math.isnan(end) else abs(end / start - 1.0) for end in ends]
    up, down = (smallest_shift(price_at, target=target, up=way) for way in (True, False))
    return ShiftRow(
        members=(source,),
        weight_share=math.nan,
        up=up,
        down=down,
        most_up=math.inf if moves[0] > 1e3 else moves[0],
        most_down=moves[1],
        can_freeze=any(math.isnan(end) for end in ends),
        cost_up_usd=summed_cost((source,), up, cost_of_shift),
        cost_down_usd=summed_cost((source,), -down, cost_of_shift),
    )


def _later(inputs: MarkInputs, seconds: int) -> dict[str, Any]:
    """Times of the same inputs some seconds later, every price as fresh as it was."""
    times = {name: getattr(inputs, name) for name in ("at_ns", "book_ns", "last_ns")}
    return {name: None if at is None else at + seconds * SECOND_NS for name, at in times.items()}


def _shifted_inputs(
    inputs: MarkInputs,
    index: LiveSources,
    perps: LiveSources | None,
    source: str,
    shift: float,
) -> MarkInputs:
    def price(of: LiveSources) -> float:
        return (of.shifted(source, shift) if source in of.names else of).price

    book = 1.0 + shift if source in ("own book", "own market") else 1.0
    last = 1.0 + shift if source in ("own last", "own market") else 1.0
    return replace(
        inputs,
        index=price(index),
        perps=inputs.perps if perps is None else price(perps),
        bid=inputs.bid * book,
        ask=inputs.ask * book,
        last=inputs.last * last,
    )
