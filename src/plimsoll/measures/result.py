"""What a measure returns: the number, its standard error, and how many observations carry it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from plimsoll.errors import ParameterError


class Convention(StrEnum):
    """Finite-sample rule behind a number; two programs agree only where the rules do.

    ``type7``: quantile by linear interpolation at ``(n - 1) c`` (numpy's default). ``type8``: at
    ``(n + 1/3) c + 1/3``, nearly unbiased in the median (Hyndman and Fan, 1996).
    ``order_statistic``: the ``ceil(n c)``-th smallest loss; minimiser of the
    Rockafellar-Uryasev programme. ``tail_mean``: mean of the worst ``n (1 - c)`` losses with the
    fraction of the boundary observation counted (Acerbi and Tasche, 2002). ``spectrum``: each
    ordered loss weighted by the integral of the spectrum over its share of probability.
    """

    TYPE7 = "type7"
    TYPE8 = "type8"
    ORDER_STATISTIC = "order_statistic"
    TAIL_MEAN = "tail_mean"
    SPECTRUM = "spectrum"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A risk measure estimated from a sample of losses.

    Parameters
    ----------
    value : float
        In units of the losses, positive = loss.
    standard_error : float
        Same units. Valid for independent losses unless a block bootstrap was asked for.
    tail_count : float
        Effective number of observations in the tail: ``n (1 - c)`` for equal weights, fewer where
        weights differ. Under 10 the empirical measure should give way to a fitted tail.
    convention : Convention
    """

    value: float
    standard_error: float
    tail_count: float
    convention: Convention

    @property
    def relative_standard_error(self) -> float:
        """Standard error as a share of the value; NaN where the value is zero."""
        return self.standard_error / abs(self.value) if self.value else float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockBootstrap:
    """Circular block bootstrap, for losses that depend on each other in time.

    Parameters
    ----------
    block_length : int
        Consecutive observations drawn together; at least the overlap of the horizons.
    seed : int
    replications : int
    """

    block_length: int
    seed: int
    replications: int = 1000

    def __post_init__(self) -> None:
        if self.block_length < 1:
            raise ParameterError(
                "must be at least 1", found=self.block_length, field="block_length"
            )
        if self.replications < 2:
            raise ParameterError(
                "must be at least 2", found=self.replications, field="replications"
            )
