"""Rows drawn by the block bootstraps, and how often each is drawn.

- *Circular*: blocks of one length on the ring of rows (Politis and Romano, 1992).
- *Moving*: blocks that lie inside the series (Kuensch, 1989); the ends are drawn less often.
- *Stationary*: blocks of geometric length on the ring, so that the resample is stationary
  (Politis and Romano, Journal of the American Statistical Association 89, 1994).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import ParameterError
from plimsoll.validation.tested_forecasts import chosen

IndexMatrix = NDArray[np.int64]
Matrix = NDArray[np.float64]


class Blocks(StrEnum):
    """Kind of block bootstrap."""

    CIRCULAR = "circular"
    MOVING = "moving"
    STATIONARY = "stationary"


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockResampling:
    """A block bootstrap.

    Parameters
    ----------
    length : float
        Rows in a block (mean number for the stationary bootstrap, which may be a fraction). It
        should exceed the reach of the dependence: at least the overlap of the horizons.
    replications, seed : int
    kind : Blocks
    """

    length: float
    replications: int = 1_000
    seed: int = 0
    kind: Blocks = Blocks.STATIONARY

    def __post_init__(self) -> None:
        chosen(Blocks, self.kind)
        if self.length < 1.0:
            raise ParameterError("must be at least 1", found=self.length, field="length")
        if self.kind != Blocks.STATIONARY and self.length != int(self.length):
            raise ParameterError("must be whole", found=self.length, field="length")
        if self.replications < 2:
            raise ParameterError(
                "must be at least 2", found=self.replications, field="replications"
            )


def drawn_rows(rows: int, resampling: BlockResampling) -> IndexMatrix:
    """(replications, rows) rows of each resample.

    Examples
    --------
    >>> drawn_rows(6, BlockResampling(length=3, replications=2, kind=Blocks.CIRCULAR)).shape
    (2, 6)
    """
    if resampling.length > rows:
        raise ParameterError(f"must lie in 1 .. {rows}", found=resampling.length, field="length")
    generator = np.random.default_rng(resampling.seed)
    if resampling.kind == Blocks.STATIONARY:
        return _stationary(rows, resampling.length, resampling.replications, generator)
    length = int(resampling.length)
    blocks = -(-rows // length)
    last = rows if resampling.kind == Blocks.CIRCULAR else rows - length + 1
    starts = generator.integers(last, size=(resampling.replications, blocks))
    drawn = (starts[:, :, None] + np.arange(length)) % rows
    out: IndexMatrix = drawn.reshape(resampling.replications, -1)[:, :rows]
    return out


def row_counts(drawn: IndexMatrix) -> Matrix:
    """(replications, rows) how often each row was drawn, as weights."""
    replications, rows = drawn.shape
    flat = drawn + np.arange(replications)[:, None] * rows
    counted = np.bincount(flat.ravel(), minlength=replications * rows)
    return counted.reshape(replications, rows).astype(np.float64)


def _stationary(
    rows: int, length: float, replications: int, generator: np.random.Generator
) -> IndexMatrix:
    shape = (replications, rows)
    fresh = generator.random(shape) < 1.0 / length
    fresh[:, 0] = True
    starts = generator.integers(rows, size=shape)
    step = np.arange(rows)
    since = np.maximum.accumulate(np.where(fresh, step, 0), axis=1)
    begun = np.take_along_axis(starts, since, axis=1)
    out: IndexMatrix = (begun + step - since) % rows
    return out
