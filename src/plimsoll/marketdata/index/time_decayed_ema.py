r"""Mean over time that forgets: the form with numerator and denominator.

.. math::
    n' = n\,e^{-t/\tau} + x\,t, \qquad d' = d\,e^{-t/\tau} + t, \qquad \text{mean} = n'/d'

with ``t`` the time since the sample before. The mean of a constant is that constant from the first
weighted sample on: nothing has to warm up from zero. The first sample of all has no time before it
and only starts the clock. Source: Hyperliquid's documentation, robust price indices.

After a hole the next sample has all the weight that the hole was long: one print of a feed that
comes back may be the whole mean. ``longest_step_seconds`` bounds ``t`` in the weight of a sample,
not in the forgetting.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from plimsoll.errors import ParameterError, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeDecayedEma:
    """An exponentially weighted mean in mid-stream.

    Parameters
    ----------
    time_constant_seconds : float
        After which a sample weighs 1/e.
    longest_step_seconds : float or None
    numerator, denominator : float
        The denominator is seconds of memory, at most the time constant (and half a step more).
    last_ns : int or None
    samples : int

    Examples
    --------
    >>> ema = TimeDecayedEma(time_constant_seconds=150.0)
    >>> for second in range(4):
    ...     ema = ema.update(second * 10**9, 2.5)
    >>> ema.mean, ema.samples
    (2.5, 4)
    """

    time_constant_seconds: float
    longest_step_seconds: float | None = None
    numerator: float = 0.0
    denominator: float = 0.0
    last_ns: int | None = None
    samples: int = 0

    def __post_init__(self) -> None:
        for field in ("time_constant_seconds", "longest_step_seconds"):
            value = getattr(self, field)
            if value is not None and not (value > 0.0 and math.isfinite(value)):
                raise ParameterError("must be positive", found=value, field=field)

    @property
    def mean(self) -> float:
        """The mean; NaN before there is a sample with a time before it."""
        return self.numerator / self.denominator if self.denominator > 0.0 else math.nan

    @property
    def is_warm(self) -> bool:
        """Whether the memory is at least half of what it can be: 0.7 time constants of samples."""
        return self.denominator >= 0.5 * self.time_constant_seconds

    def update(self, at_ns: int, sample: float) -> TimeDecayedEma:
        """Return the mean with one more sample.

        Parameters
        ----------
        at_ns : int
            Not before the last sample; at the same time it has no weight.
        sample : float

        Raises
        ------
        UsageError
            For a sample from before the last one, or one that is no finite number.
        """
        if not math.isfinite(sample):
            raise UsageError("must be finite", found=sample, field="sample")
        if self.last_ns is None:
            return replace(self, last_ns=at_ns, samples=1)
        if at_ns < self.last_ns:
            raise UsageError(
                f"must not be before the last sample, {self.last_ns} ns",
                found=at_ns,
                field="at_ns",
            )
        seconds = (at_ns - self.last_ns) / 1e9
        kept = math.exp(-seconds / self.time_constant_seconds)
        longest = self.longest_step_seconds
        weight = seconds if longest is None else min(seconds, longest)
        return replace(
            self,
            numerator=self.numerator * kept + sample * weight,
            denominator=self.denominator * kept + weight,
            last_ns=at_ns,
            samples=self.samples + 1,
        )
