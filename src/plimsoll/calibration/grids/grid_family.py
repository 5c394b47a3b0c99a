"""What it takes to calibrate a venue's grid: its margin model, published constants, and knobs.

The margin model is the engine's own: `GridFamily.margins` prepares it with a candidate's
parameters and asks for requirements. Another venue is another `GridFamily`: which fields of its
frozen parameters are searched, on which grid of values, and what is tied to them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_CEILING, Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.grids.grid_market import GridMarket, Settlement
from plimsoll.domain.book import Book
from plimsoll.errors import UsageError
from plimsoll.margin.governed import governance
from plimsoll.margin.protocol import MarginModel

FloatArray = NDArray[np.float64]
Point = tuple[int, ...]
"""Value of each knob in steps of its grid."""
UnitParameters = Mapping[str, Any]
Changes = dict[str, Decimal]
Tie = Callable[[Any, Changes], Changes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Knob:
    """One parameter that is searched.

    Parameters
    ----------
    unit : str
        Risk unit under which the model files it, for instance ``BTC_USD``.
    name : str
        Governed field.
    step, lower, upper : Decimal
        Its grid and the range searched; bounds of the field hold too.
    scope : str
        Portfolios that it is fitted on: a coin, or those in several.
    """

    unit: str
    name: str
    step: Decimal
    lower: Decimal
    upper: Decimal
    scope: str

    @property
    def key(self) -> str:
        """Identity within a set."""
        return f"{self.unit}/{self.name}"

    @property
    def least(self) -> int:
        """Smallest value, in steps."""
        return int((self.lower / self.step).to_integral_value(ROUND_CEILING))

    @property
    def most(self) -> int:
        """Largest value, in steps."""
        return int(self.upper // self.step)

    def at(self, steps: int) -> Decimal:
        """Value of a number of steps."""
        return self.step * steps

    def steps_of(self, value: Decimal) -> int:
        """Steps of a value, rounded up: margins only grow by rounding."""
        steps = int((value / self.step).to_integral_value(ROUND_CEILING))
        return min(max(steps, self.least), self.most)


def _untied(published: Any, changes: Changes) -> Changes:  # noqa: ARG001
    return changes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GridFamily:
    """One venue's shape of scenario margin.

    Parameters
    ----------
    name, title : str
    settlement : Settlement
        What its contracts settle in.
    model : MarginModel
        In dollars.
    published : mapping of str to frozen parameters
        By risk unit: the rules as published, where the search starts and what it is held against.
    knobs : tuple of Knob
    tie : callable of (published parameters, changed fields)
        Returns the changed fields with those that follow from them.
    scenarios : int
        Scenarios of ``model``, for tables.
    futures : bool
        Whether the venue lists dated futures.
    hints : mapping of str to Decimal
        Field to a value nearer to what data say than the published one: a second start.
    """

    name: str
    title: str
    settlement: Settlement
    model: MarginModel[Any]
    published: UnitParameters
    knobs: tuple[Knob, ...]
    tie: Tie = _untied
    scenarios: int = 0
    futures: bool = True
    hints: Mapping[str, Decimal] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for knob in self.knobs:
            if knob.unit not in self.published or knob.name not in governance(
                self.published[knob.unit]
            ):
                raise UsageError("must be a governed field of its unit", found=knob.key)

    @property
    def start(self) -> Point:
        """The published values, rounded up onto the grid."""
        return tuple(k.steps_of(getattr(self.published[k.unit], k.name)) for k in self.knobs)

    def hinted(self, point: Point) -> Point:
        """A point with the hints in place of its values."""
        return tuple(
            k.steps_of(self.hints[k.name]) if k.name in self.hints else steps
            for k, steps in zip(self.knobs, point, strict=True)
        )

    def nearest(self, other: GridFamily, point: Point) -> Point:
        """The point of this family where another's stands; published values for other knobs."""
        held = dict(zip((k.key for k in other.knobs), point, strict=True))
        pairs = zip(self.knobs, self.start, strict=True)
        return tuple(held.get(knob.key, steps) for knob, steps in pairs)

    def parameters(self, point: Point) -> UnitParameters:
        """The model's parameters at a point."""
        changed: dict[str, Changes] = {}
        for knob, steps in zip(self.knobs, point, strict=True):
            changed.setdefault(knob.unit, {})[knob.name] = knob.at(steps)
        found = dict(self.published)
        for unit, values in changed.items():
            found[unit] = replace(found[unit], **self.tie(found[unit], values))
        return found

    def margins(self, market: GridMarket, parameters: UnitParameters, book: Book) -> FloatArray:
        """Initial margin (U,) of a book, dollars; NaN where the model has a reason."""
        prepared = self.model.prepare(market.snapshot, parameters, market.listing)
        return np.asarray(prepared.requirements(book).initial, dtype=np.float64)

    def without(self, names: Sequence[str]) -> GridFamily:
        """The family with some knobs left where they were published."""
        return replace(self, knobs=tuple(k for k in self.knobs if k.name not in names))


def knobs_of(unit: str, scope: str, grids: Mapping[str, tuple[str, str, str]]) -> tuple[Knob, ...]:
    """Knobs of one unit from ``{field: (step, lower, upper)}``."""
    return tuple(
        Knob(
            unit=unit,
            name=name,
            step=Decimal(step),
            lower=Decimal(lower),
            upper=Decimal(upper),
            scope=scope,
        )
        for name, (step, lower, upper) in grids.items()
    )
