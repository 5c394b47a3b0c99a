"""Plain mean of the last samples taken a stated time apart."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from plimsoll.errors import ParameterError


@dataclass(frozen=True, slots=True, kw_only=True)
class SpacedSamples:
    """The last samples of a stream, one an interval.

    Parameters
    ----------
    most : int
        Samples in a full mean.
    interval_seconds : float
        Least time between two samples; what comes between them is not one.
    samples : tuple of float
        Oldest first.
    last_ns : int or None

    Examples
    --------
    >>> kept = SpacedSamples(most=2, interval_seconds=5.0)
    >>> for second, sample in ((0, 1.0), (4, 99.0), (5, 2.0), (10, 4.0)):
    ...     kept = kept.update(second * 10**9, sample)
    >>> kept.samples, kept.mean
    ((2.0, 4.0), 3.0)
    """

    most: int
    interval_seconds: float
    samples: tuple[float, ...] = ()
    last_ns: int | None = None

    def __post_init__(self) -> None:
        if self.most < 1:
            raise ParameterError("must be at least 1", found=self.most, field="most")
        if not self.interval_seconds > 0.0:
            raise ParameterError(
                "must be positive", found=self.interval_seconds, field="interval_seconds"
            )

    @property
    def mean(self) -> float:
        """Mean of what is there; NaN where nothing is."""
        return math.fsum(self.samples) / len(self.samples) if self.samples else math.nan

    @property
    def is_warm(self) -> bool:
        """Whether all samples are there."""
        return len(self.samples) == self.most

    def update(self, at_ns: int, sample: float) -> SpacedSamples:
        """Return the samples with one more, if it is time for it."""
        if self.last_ns is not None and (at_ns - self.last_ns) / 1e9 < self.interval_seconds:
            return self
        return replace(self, samples=(*self.samples, sample)[-self.most :], last_ns=at_ns)
