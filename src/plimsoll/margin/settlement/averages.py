"""The state of a settlement average: from index samples so far to what is fixed of an expiry.

Venues settle at the mean index of a window before the expiry, half an hour at most of them. With
``w`` of the window left (1 before it, 0 at the expiry), ``A`` the mean so far and ``F`` the forward
of what still floats, the expected settlement price is::

    w F + (1 - w) A  =  floating + fixed

(`plimsoll.domain.expiry_quote.averaged`). Page: ``docs/models/expiry-day.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.choice import chosen
from plimsoll.domain.expiry_quote import ExpiryQuote, averaged
from plimsoll.domain.instrument import Future, Instrument, Option, Pair
from plimsoll.domain.market import MarketSnapshot
from plimsoll.errors import DataFormatError, UsageError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_SECOND_NS = 1_000_000_000
HALF_HOUR_NS = 1800 * _SECOND_NS
MINUTE_NS = 60 * _SECOND_NS


class AverageRule(StrEnum):
    """How samples are averaged."""

    EQUAL = "equal"  # mean of the samples of the window (samples at equal steps)
    TIME_WEIGHTED = "time_weighted"  # each sample stands until the next one


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IndexSamples:
    """Index of one pair as it was sampled.

    Parameters
    ----------
    time_ns : (T,) int64
        Strictly increasing.
    price : (T,) float64
        Positive and finite: a sample that is no price is left out by whoever samples.

    Raises
    ------
    DataFormatError
    """

    time_ns: IntArray
    price: FloatArray

    def __post_init__(self) -> None:
        if self.time_ns.ndim != 1 or self.time_ns.shape != self.price.shape:
            raise DataFormatError(
                "must have one price per time",
                found=(self.time_ns.shape, self.price.shape),
                field="IndexSamples",
            )
        if bool(np.any(np.diff(self.time_ns) <= 0)):
            raise DataFormatError("must strictly increase", found="a step back", field="time_ns")
        if not bool(np.all(np.isfinite(self.price) & (self.price > 0.0))):
            raise DataFormatError("must be positive and finite", found="another", field="price")
        self.time_ns.setflags(write=False)
        self.price.setflags(write=False)

    def known_at(self, at_ns: int) -> IndexSamples:
        """Return the samples up to ``at_ns``, that one included."""
        last = int(np.searchsorted(self.time_ns, at_ns, side="right"))
        return IndexSamples(time_ns=self.time_ns[:last], price=self.price[:last])


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementAverage:
    """What is fixed of one settlement at one instant.

    Parameters
    ----------
    expiry_ns, at_ns, window_ns : int
    mean : float
        Of the index over the part of the window that has passed; NaN before the window, and
        where nothing was sampled lately.
    samples : int
        How many stand in the mean.
    """

    expiry_ns: int
    at_ns: int
    window_ns: int
    mean: float
    samples: int

    @property
    def floating_share(self) -> float:
        """Share of the window that is left: 1 before it, 0 from the expiry on."""
        return min(max((self.expiry_ns - self.at_ns) / self.window_ns, 0.0), 1.0)

    @property
    def begun(self) -> bool:
        """Whether something is fixed."""
        return self.floating_share < 1.0

    def parts(self, forward: float) -> tuple[float, float]:
        """Return the floating and the fixed part; the latter NaN where there is no mean."""
        left = (self.expiry_ns - self.at_ns) / _SECOND_NS
        return averaged(forward, self.mean, left, self.window_ns / _SECOND_NS)


def settlement_average(
    samples: IndexSamples,
    expiry_ns: int,
    at_ns: int,
    *,
    window_ns: int = HALF_HOUR_NS,
    rule: AverageRule = AverageRule.EQUAL,
    oldest_ns: int = MINUTE_NS,
) -> SettlementAverage:
    """Average what was sampled of a settlement window up to ``at_ns``; later samples are ignored.

    The window is open at its start and closed at the expiry. Weighted by time, the last sample
    before the window stands from its start, and one within it until the next; of equal samples it
    stands only until the first one within the window. Where the last sample is older than
    ``oldest_ns`` there is no mean.

    Raises
    ------
    UsageError
        For a window that is not positive.

    Examples
    --------
    Ten minutes before the expiry, after twenty minutes at 120:

    >>> minute = 60_000_000_000
    >>> times = np.arange(1, 21, dtype=np.int64) * minute
    >>> sampled = IndexSamples(time_ns=times, price=np.full(20, 120.0))
    >>> state = settlement_average(sampled, 30 * minute, 20 * minute)
    >>> [round(part, 9) for part in state.parts(90.0)]
    [30.0, 80.0]
    """
    if window_ns <= 0:
        raise UsageError("must be positive", found=window_ns, field="window_ns")
    start, end = expiry_ns - window_ns, min(at_ns, expiry_ns)
    known = samples.known_at(end)
    inside = known.time_ns > start
    weights = _weights(known, start, end, chosen(AverageRule, rule, "rule"))
    total = float(weights.sum())
    fresh = known.price.size > 0 and end - int(known.time_ns[-1]) <= oldest_ns
    usable = end > start and fresh and total > 0.0
    mean = float(weights @ known.price) / total if usable else float("nan")
    return SettlementAverage(
        expiry_ns=expiry_ns,
        at_ns=at_ns,
        window_ns=window_ns,
        mean=mean,
        samples=int(np.count_nonzero(inside)),
    )


def with_settlement_averages(
    snapshot: MarketSnapshot,
    instruments: Mapping[str, Instrument],
    samples: Mapping[Pair, IndexSamples],
    *,
    window_ns: int = HALF_HOUR_NS,
    rule: AverageRule = AverageRule.EQUAL,
    oldest_ns: int = MINUTE_NS,
) -> MarketSnapshot:
    """Split the expected settlement price of every expiry within its window.

    The forward of what still floats is that of the snapshot's `ExpiryQuote`, which must not be
    split yet; where there is none, the last index sample. Rate and confidences stay. Perpetuals,
    spot, and expiries before their window or past are left as they are, and so are expiries whose
    quote has a fixed part already: their venue has split it.

    Parameters
    ----------
    samples : mapping of Pair to IndexSamples
        By pair of the instruments. An expiry within its window without a mean gets a fixed part
        of NaN, and so its contracts a reason: an unknown average is no average.
    """
    split = dict(snapshot.expiries)
    for instrument in instruments.values():
        if not isinstance(instrument, Future | Option):
            continue
        left = instrument.expiry_ns - snapshot.at_ns
        key = (instrument.pair, instrument.settle, instrument.expiry_ns)
        quoted = snapshot.expiries.get(key)
        if not 0 < left < window_ns or (quoted is not None and quoted.fixed != 0.0):
            continue
        known = samples.get(instrument.pair, _NOTHING).known_at(snapshot.at_ns)
        state = settlement_average(
            known,
            instrument.expiry_ns,
            snapshot.at_ns,
            window_ns=window_ns,
            rule=rule,
            oldest_ns=oldest_ns,
        )
        last = float(known.price[-1]) if known.price.size else float("nan")
        floating, fixed = state.parts(last if quoted is None else quoted.floating)
        own = ExpiryQuote(floating=floating) if quoted is None else quoted
        split[key] = replace(own, floating=floating, fixed=fixed)
    return replace(snapshot, expiries=split)


def _weights(known: IndexSamples, start: int, end: int, rule: AverageRule) -> FloatArray:
    if rule is AverageRule.EQUAL:
        inside = (known.time_ns > start).astype(np.float64)
        inside[-1:] = 1.0  # the last before the window, until one within it is there
        return inside
    edges = np.clip(np.append(known.time_ns, end), start, end)
    return np.asarray(np.diff(edges), dtype=np.float64)


_NOTHING = IndexSamples(time_ns=np.empty(0, dtype=np.int64), price=np.empty(0))
