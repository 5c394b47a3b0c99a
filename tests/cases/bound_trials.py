"""Whether cases feel their parameters: one value at a time moved, the case's own numbers kept.

A trial is a case that can be run with one parameter at another value. It feels the parameter if it
then fails; a value that the model refuses shows nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from plimsoll.errors import PlimsollError
from plimsoll.margin.governed import Governance, governance

# Of the way from one bound to the other: near both, as other parameters may stand close by.
SHARES = tuple(
    Decimal(s) for s in ("0.37", "0.5", "0.03", "0.97", "0.002", "0.998", "1e-5", "0.99999")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Values of the case by name, and the case with one of them at another value."""

    values: Mapping[str, Any]
    run: Callable[[str, Decimal], object]

    def feels(self, name: str, value: Decimal) -> bool:
        """Whether the case fails with ``name`` at ``value``."""
        try:
            self.run(name, value)
        except AssertionError:
            return True
        except PlimsollError:
            return False
        return False


def inside(rule: Governance, bound: Decimal) -> Iterator[Decimal]:
    """Other values of the admissible range, on its grid where it has one; the other bound last."""
    for share in SHARES:
        value = rule.lower + (rule.upper - rule.lower) * share
        if rule.grid is not None:
            value = rule.lower + rule.grid * ((value - rule.lower) / rule.grid).to_integral_value()
        if rule.lower < value < rule.upper:
            yield value
    yield rule.upper if bound == rule.lower else rule.lower


def unfelt(kind: type[Any], trials: Iterable[Trial]) -> list[str]:
    """Bounds of ``kind`` at which no trial stands that feels the parameter move away."""
    held = list(trials)
    return [
        f"{name} at {bound}"
        for name, rule in governance(kind).items()
        for bound in (rule.lower, rule.upper)
        if not _felt([t for t in held if _is_at(t, name, bound)], name, inside(rule, bound))
    ]


def _is_at(trial: Trial, name: str, bound: Decimal) -> bool:
    return name in trial.values and Decimal(str(trial.values[name])) == bound


def _felt(at_bound: list[Trial], name: str, others: Iterable[Decimal]) -> bool:
    return any(trial.feels(name, other) for other in others for trial in at_bound)


def changed(case: Mapping[str, Any], key: str, name: str, value: Any) -> dict[str, Any]:
    """Return the case with one entry of its mapping ``key`` replaced or added."""
    return {**case, key: {**(case.get(key) or {}), name: str(value)}}


def by_name(test: Callable[..., None], rows: list[Any]) -> Iterator[Trial]:
    """Trials of a test whose rows begin with values by name."""
    for values, *rest in rows:

        def run(name: str, value: Decimal, values: Any = values, rest: Any = rest) -> None:
            test({**values, name: str(value)}, *rest)

        yield Trial(values=values, run=run)


def of(parameter: str, test: Callable[..., None], rows: list[Any]) -> Iterator[Trial]:
    """Trials of a test whose rows begin with the value of one parameter."""
    for value, *rest in rows:

        def run(_: str, moved: Decimal, rest: Any = rest) -> None:
            test(str(moved), *rest)

        yield Trial(values={parameter: value}, run=run)
