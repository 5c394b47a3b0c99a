"""Volatility of a GARCH, GJR or EGARCH at every boundary, refitted on what was known there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import ParameterError
from plimsoll.estimators.horizon.price_record import Boundaries, PriceRecord
from plimsoll.maths.garch_day_path import garch_day_path
from plimsoll.maths.garch_family_day_path import family_day_path
from plimsoll.maths.garch_family_fit import SKEWED, STUDENT
from plimsoll.maths.garch_family_likelihood import EGARCH, GARCH
from plimsoll.maths.garch_fit import START_ARCH_BACKCAST, START_SAMPLE_VARIANCE

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

PERSISTENCE_CAPS = {"stationary": 1.0, "capped": 0.995}
VARIANCE_STARTS = {
    "arch_backcast": START_ARCH_BACKCAST,
    "sample_variance": START_SAMPLE_VARIANCE,
}
MINIMUM_RETURNS = 250
SEARCH_EVERY = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class GarchPath:
    """GARCH on returns of ``step_hours`` that end at each boundary; a `VolatilityPath`.

    The forecast is of one step. How risk grows from there to the horizon is left to the tail of
    the scaled moves (`plimsoll.estimators.horizon.scaled_tail`), not assumed.

    Parameters
    ----------
    asymmetric : bool
        GJR term; EGARCH always has its sign term.
    exponential : bool
        EGARCH instead of GARCH; its volatility is at most the largest return so far.
    skewed : bool
        Hansen's skewed Student-t innovations instead of Student-t. These and EGARCH are fitted by
        the slower kernel of the whole family: refit weekly.
    step_hours : int
        Divides 24.
    window_days : int
        Look-back of the likelihood.
    refit_every_days : int
    persistence_rule : str
        ``stationary`` (at most 1) or ``capped`` (at most 0.995).
    variance_start : str
        ``arch_backcast`` or ``sample_variance``.
    """

    asymmetric: bool = False
    step_hours: int = 8
    window_days: int = 730
    refit_every_days: int = 1
    persistence_rule: str = "capped"
    variance_start: str = "sample_variance"
    exponential: bool = False
    skewed: bool = False

    def __post_init__(self) -> None:
        for name, choices in (
            ("persistence_rule", PERSISTENCE_CAPS),
            ("variance_start", VARIANCE_STARTS),
        ):
            if getattr(self, name) not in choices:
                raise ParameterError(
                    f"must be one of {sorted(choices)}", found=getattr(self, name), field=name
                )

    def path(self, record: PriceRecord, boundaries: Boundaries) -> FloatArray:
        """Return (D,) volatilities per bar.

        NaN until 250 returns are known, and where more than 30 % of the look-back are 0.
        """
        step_bars = self._step_bars(boundaries)
        out = self._path(record.final, boundaries, step_bars)
        late, condemned = record.late_masks(boundaries.time_ns)
        for day in days_that_trusted(late, condemned, boundaries.bars):
            # What this day knew differs from what is known now: fit it on its own knowledge.
            masked = record.mask_from_ns <= boundaries.time_ns[day]
            as_known = np.where(masked, np.nan, record.log_price)
            one = Boundaries(
                time_ns=boundaries.time_ns[: day + 1],
                bars=boundaries.bars[: day + 1],
                bars_per_day=boundaries.bars_per_day,
            )
            out[day] = self._path(as_known, one, step_bars, only_last=True)[-1]
        return out

    def _step_bars(self, boundaries: Boundaries) -> int:
        bars, rest = divmod(self.step_hours * boundaries.bars_per_day, 24)
        if rest or bars < 1:
            raise ParameterError(
                f"must be a whole number of bars ({24 / boundaries.bars_per_day:g} h each)",
                found=self.step_hours,
                field="step_hours",
            )
        return bars

    def _path(
        self,
        log_price: FloatArray,
        boundaries: Boundaries,
        step_bars: int,
        *,
        only_last: bool = False,
    ) -> FloatArray:
        returns, known = step_returns(log_price, boundaries, step_bars)
        steps_per_day = boundaries.bars_per_day // step_bars
        days = known[-1:] if only_last else known
        window = self.window_days * steps_per_day
        start = VARIANCE_STARTS[self.variance_start]
        cap = PERSISTENCE_CAPS[self.persistence_rule]
        if self.exponential or self.skewed:
            volatility: FloatArray = family_day_path(
                returns,
                days,
                window,
                MINIMUM_RETURNS,
                self.refit_every_days,
                SEARCH_EVERY,
                EGARCH if self.exponential else GARCH,
                SKEWED if self.skewed else STUDENT,
                self.asymmetric,
                start,
                cap,
            )
            if self.exponential:
                volatility = np.minimum(volatility, largest_known(returns, days))
        else:
            volatility = garch_day_path(
                returns,
                days,
                window,
                MINIMUM_RETURNS,
                self.refit_every_days,
                SEARCH_EVERY,
                self.asymmetric,
                start,
                cap,
            )
        out: FloatArray = volatility / np.sqrt(step_bars)
        return out


def largest_known(returns: FloatArray, known: IntArray) -> FloatArray:
    """(D,) largest absolute return that each boundary knows; NaN where it knows none.

    What an EGARCH volatility is held to: its variance is exponential in a shock, and one crash
    otherwise gives a number beyond all prices.

    >>> largest_known(np.array([0.1, -0.3, 0.2]), np.array([0, 1, 3]))
    array([nan, 0.1, 0.3])
    """
    largest = np.concatenate([[np.nan], np.maximum.accumulate(np.abs(returns))])
    return np.asarray(largest[known])


def step_returns(
    log_price: FloatArray, boundaries: Boundaries, step_bars: int
) -> tuple[FloatArray, IntArray]:
    """Log returns between step ends, and how many of them each boundary knows.

    Steps end at the boundaries. The price of a step end is its last print within the step; a step
    without one gives no return, nor does the step after it.
    """
    first = int(boundaries.bars[0]) if len(boundaries) else 0
    count = max(0, (int(boundaries.bars[-1]) - first) // step_bars) if len(boundaries) else 0
    ends = first - 1 + step_bars * np.arange(count + 1)
    price = np.full(count + 1, np.nan)
    for back in range(min(step_bars, first) or 1):
        rows = ends - back
        price = np.where(np.isnan(price) & (rows >= 0), log_price[np.maximum(rows, 0)], price)
    move = np.diff(price)
    usable = np.isfinite(move)
    done = np.concatenate([[0], np.cumsum(usable)]).astype(np.int64)
    known = done[np.minimum((boundaries.bars - first) // step_bars, count)]
    return np.ascontiguousarray(move[usable]), known


def days_that_trusted(late: IntArray, condemned: IntArray, bars: IntArray) -> list[int]:
    """Boundaries that saw a bar and did not yet know that it was bad."""
    days: set[int] = set()
    for bar, known in zip(late, condemned, strict=True):
        seen = int(np.searchsorted(bars, bar, side="right"))
        days.update(range(seen, min(int(known), bars.size)))
    return sorted(days)
