"""The space searched: named parameters within bounds, and their place in the unit cube."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.canonical import Json
from plimsoll.errors import ParameterError, UsageError

Vector = NDArray[np.float64]
Value = float | int
Point = Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Real:
    """A number between two bounds, on a logarithmic scale where ``log``."""

    name: str
    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ParameterError(
                "must have finite bounds that rise", found=(self.low, self.high), field=self.name
            )
        if self.log and not self.low > 0.0:
            raise ParameterError("must be positive on a log scale", found=self.low, field=self.name)

    @property
    def steps(self) -> int:
        """0: continuous."""
        return 0

    def value(self, share: float) -> float:
        """Value at a share of the way."""
        if self.log:
            low, high = math.log(self.low), math.log(self.high)
            found = math.exp(low + share * (high - low))
        else:
            found = self.low + share * (self.high - self.low)
        return min(max(found, self.low), self.high)

    def share(self, value: float) -> float:
        """Inverse of `value`."""
        if not self.low <= value <= self.high:
            raise ParameterError(
                f"must lie in [{self.low}, {self.high}]", found=value, field=self.name
            )
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of the values of a grid in their order, two or more: whole numbers, rates on a tick."""

    name: str
    grid: tuple[Value, ...]

    def __post_init__(self) -> None:
        if len(self.grid) < 2 or len(set(self.grid)) != len(self.grid):
            raise ParameterError(
                "must hold two or more different values", found=self.grid, field=self.name
            )

    @property
    def steps(self) -> int:
        """Steps from the first value to the last."""
        return len(self.grid) - 1

    def value(self, share: float) -> Value:
        """Nearest value of the grid, by position."""
        return self.grid[min(max(round(share * self.steps), 0), self.steps)]

    def share(self, value: Value) -> float:
        """Inverse of `value`."""
        if value not in self.grid:
            raise ParameterError("must lie on the grid", found=value, field=self.name)
        return self.grid.index(value) / self.steps


def whole(name: str, low: int, high: int) -> Choice:
    """Return a whole number between two bounds, both included.

    >>> whole("tiers", 3, 5).grid
    (3, 4, 5)
    """
    return Choice(name=name, grid=tuple(range(low, high + 1)))


Dimension = Real | Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """Named dimensions in their order.

    Parameters
    ----------
    dimensions : tuple of Real or Choice
    """

    dimensions: tuple[Dimension, ...]

    def __post_init__(self) -> None:
        names = [d.name for d in self.dimensions]
        if not names or len(set(names)) != len(names):
            raise UsageError("must have dimensions of different names", found=names, field="space")

    def point(self, unit: Sequence[float] | Vector) -> dict[str, Value]:
        """Values at a place of the unit cube."""
        return {d.name: d.value(float(u)) for d, u in zip(self.dimensions, unit, strict=True)}

    def unit(self, point: Point) -> Vector:
        """Place of a point in the unit cube."""
        names = {d.name for d in self.dimensions}
        if set(point) != names:
            raise UsageError(
                "must name each dimension once", found=sorted(set(point) ^ names), field="start"
            )
        return np.array([d.share(point[d.name]) for d in self.dimensions])

    @property
    def strides(self) -> Vector:
        """(d,) step of each dimension in the unit cube, 0 where continuous."""
        return np.array([1.0 / d.steps if d.steps else 0.0 for d in self.dimensions])

    def document(self) -> list[Json]:
        """Plain form for canonical JSON, numbers as text that reads back exactly."""
        out: list[Json] = []
        for d in self.dimensions:
            if isinstance(d, Real):
                bounds = [repr(float(d.low)), repr(float(d.high))]
                out.append({"name": d.name, "bounds": bounds, "log": d.log})
            else:
                out.append({"name": d.name, "grid": [repr(value) for value in d.grid]})
        return out
