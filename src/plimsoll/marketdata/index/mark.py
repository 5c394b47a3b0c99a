"""The mark as a state that inputs change, for any rule of marking.

A rule turns memory and inputs into new memory and the prices of which the mark is made; here the
mark is taken, and frozen where it must not be.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

from plimsoll.errors import UsageError
from plimsoll.marketdata.index.mark_value import MarkInput, MarkInputs, MarkValue
from plimsoll.marketdata.index.reasons import InputStatus, MarkReason, MarkStatus

Memory = TypeVar("Memory")


class MarkRule(Protocol[Memory]):
    """A rule of marking."""

    def first_memory(self) -> Memory:
        """Return the memory of a mark of which nothing was heard."""
        ...

    def inputs(
        self, memory: Memory, inputs: MarkInputs, last_mark: float
    ) -> tuple[Memory, tuple[MarkInput, ...]]:
        """Return the memory after the inputs, and the prices of which the mark is made."""
        ...

    def price(self, inputs: tuple[MarkInput, ...]) -> tuple[float, MarkReason]:
        """Return the mark, or why there is none (NaN)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkState(Generic[Memory]):
    """A mark in mid-stream.

    Parameters
    ----------
    rule : MarkRule
    memory : object
        The rule's own.
    value : MarkValue or None
        Last publication.
    good_price : float
    good_ns : int
        Last good mark; NaN where there was none.
    """

    rule: MarkRule[Memory]
    memory: Memory
    value: MarkValue | None = None
    good_price: float = math.nan
    good_ns: int = 0

    def update(self, inputs: MarkInputs) -> MarkState[Memory]:
        """Return the state after inputs; each update publishes.

        Raises
        ------
        UsageError
            For inputs of a time before the last.
        """
        if self.value is not None and inputs.at_ns < self.value.at_ns:
            raise UsageError(
                f"must not be before the last mark, {self.value.at_ns} ns",
                found=inputs.at_ns,
                field="at_ns",
                remedy="feed inputs in the order of time",
            )
        memory, made = self.rule.inputs(self.memory, inputs, self.good_price)
        price, reason = self.rule.price(made)
        good = reason is MarkReason.NONE
        published = price if good else self.good_price
        value = MarkValue(
            at_ns=inputs.at_ns,
            price=published,
            status=_status(good, published, made),
            reason=reason,
            age_ns=0 if good else _age(self, inputs.at_ns),
            inputs=made,
        )
        after = replace(self, memory=memory, value=value)
        return replace(after, good_price=price, good_ns=inputs.at_ns) if good else after


def start_mark(rule: MarkRule[Memory]) -> MarkState[Memory]:
    """Return the state of a mark of which nothing was heard."""
    return MarkState(rule=rule, memory=rule.first_memory())


def mark_all(rule: MarkRule[Any], inputs: Iterable[MarkInputs]) -> tuple[MarkValue, ...]:
    """Return the marks of inputs in the order of time; equal to streaming them."""
    state, values = start_mark(rule), []
    for one in inputs:
        state = state.update(one)
        if state.value is not None:
            values.append(state.value)
    return tuple(values)


def _age(state: MarkState[Memory], at_ns: int) -> int:
    return -1 if math.isnan(state.good_price) else at_ns - state.good_ns


def _status(good: bool, price: float, inputs: tuple[MarkInput, ...]) -> MarkStatus:
    if not good:
        return MarkStatus.EMPTY if math.isnan(price) else MarkStatus.FROZEN
    whole = all(one.status is InputStatus.LIVE for one in inputs)
    return MarkStatus.LIVE if whole else MarkStatus.DEGRADED
