"""One coin's chain as a margin grid is calibrated on it: usable options, futures, one perpetual.

An option is usable where bid and ask are quoted and mark, volatility and forward are known: what
nobody quotes stands in no portfolio. The perpetual is marked at the median index of the snapshot,
a future at the median forward of its expiry; which expiries have a future is told by the venue's
calendar (the last Friday of a month).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.option_chain import OptionChain
from plimsoll.errors import DataError
from plimsoll.maths.black76_greeks import main_greeks
from plimsoll.maths.variance_clock import calendar_years

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

_FRIDAY = 4
_EPOCH_WEEKDAY = 3
"""1 January 1970 was a Thursday; Monday is 0."""
_WEEK_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ListedChain:
    """N usable options of one coin, rows ordered as in the chain.

    Parameters
    ----------
    coin : str
    at_ns : int
    index : float
        Dollars per coin.
    names : tuple of N str
    expiry_ns : (N,) int64
    strike, mark, mark_vol, forward, years : (N,) float64
        Marks in coin per coin, as an inverse option is quoted; forwards in dollars.
    is_call : (N,) bool
    delta : (N,) float64
        N(d1) less one for puts: coins of the future that hedge the option's value in dollars.
    vega : (N,) float64
        Dollars per unit of volatility and coin.
    score : (N,) float64
        ln(K/F) over sigma sqrt(tau): strikes in standard deviations.
    """

    coin: str
    at_ns: int
    index: float
    names: tuple[str, ...]
    expiry_ns: IntArray
    strike: FloatArray
    mark: FloatArray
    mark_vol: FloatArray
    forward: FloatArray
    years: FloatArray
    is_call: BoolArray
    delta: FloatArray
    vega: FloatArray
    score: FloatArray

    def __len__(self) -> int:
        return len(self.names)

    @property
    def expiries_ns(self) -> tuple[int, ...]:
        """Expiries, rising."""
        return tuple(int(e) for e in np.unique(self.expiry_ns))

    @property
    def futures_ns(self) -> tuple[int, ...]:
        """Expiries that have a listed future, more than a week away."""
        later = self.at_ns + _WEEK_DAYS * 86_400 * 10**9
        return tuple(e for e in self.expiries_ns if e > later and _is_month_end(e))

    @property
    def volatility_30d(self) -> float:
        """Volatility nearest to 30 days, and there nearest to the money."""
        apart = np.abs(np.log(365.0 * self.years / 30.0))
        rows = np.flatnonzero(apart <= apart.min() + 1e-9)
        return float(self.mark_vol[rows[int(np.argmin(np.abs(self.score[rows])))]])

    def forward_of(self, expiry_ns: int) -> float:
        """Forward of an expiry, dollars."""
        return float(self.forward[int(np.argmax(self.expiry_ns == expiry_ns))])


def listed_chain(chain: OptionChain) -> ListedChain:
    """Return what of a chain can be held and valued.

    Raises
    ------
    DataError
        Where no option is usable or the index is missing.
    """
    index = chain.index[np.isfinite(chain.index)]
    years = np.asarray(calendar_years(chain.at_ns, chain.expiry_ns), dtype=np.float64)
    forward = _forwards(chain, float(np.median(index)) if index.size else np.nan)
    good = (chain.mark > 0.0) & (chain.mark_vol > 0.0) & (chain.mark_vol < 10.0) & (years > 0.0)
    good &= (chain.bid > 0.0) & (chain.ask > 0.0) & np.isfinite(forward)
    good &= _first_of_name(chain.names)
    if not good.any():
        raise DataError("must hold an option with marks", found=len(chain), field=chain.source)
    at = np.flatnonzero(good)
    f, k, tau, vol = forward[at], chain.strike[at], years[at], chain.mark_vol[at]
    greeks = main_greeks(f, k, tau, vol, chain.is_call[at])
    return ListedChain(
        coin=chain.pair.base,
        at_ns=chain.at_ns,
        index=float(np.median(index)),
        names=tuple(chain.names[row] for row in at.tolist()),
        expiry_ns=chain.expiry_ns[at],
        strike=k,
        mark=chain.mark[at],
        mark_vol=vol,
        forward=f,
        years=tau,
        is_call=chain.is_call[at],
        delta=np.asarray(greeks.delta, dtype=np.float64),
        vega=np.asarray(greeks.vega, dtype=np.float64),
        score=np.log(k / f) / (vol * np.sqrt(tau)),
    )


def at_volatility(chain: ListedChain, factor: float) -> ListedChain:
    """The chain as it would be listed with every volatility times ``factor``.

    Strikes stand where they are; marks, Greeks and scores follow. A grid fitted in one month's
    volatility alone would take that month's level for a law.
    """
    vol = chain.mark_vol * factor
    greeks = main_greeks(chain.forward, chain.strike, chain.years, vol, chain.is_call)
    return replace(
        chain,
        mark_vol=vol,
        mark=np.asarray(greeks.price, dtype=np.float64) / chain.forward,
        delta=np.asarray(greeks.delta, dtype=np.float64),
        vega=np.asarray(greeks.vega, dtype=np.float64),
        score=chain.score / factor,
    )


def _forwards(chain: OptionChain, index: float) -> FloatArray:
    """Median forward (N,) of each row's expiry; the index where the venue shows none."""
    forward = np.full(len(chain), index)
    for expiry in chain.expiries_ns:
        rows = chain.expiry_ns == expiry
        seen = chain.forward[rows & np.isfinite(chain.forward)]
        if seen.size:
            forward[rows] = np.median(seen)
    return forward


def _first_of_name(names: tuple[str, ...]) -> BoolArray:
    first = {name: row for row, name in reversed(list(enumerate(names)))}
    return np.array([first[name] == row for row, name in enumerate(names)], dtype=np.bool_)


def _is_month_end(expiry_ns: int) -> bool:
    """Whether an expiry is on the last Friday of its month."""
    day = np.datetime64(expiry_ns, "ns").astype("datetime64[D]")
    weekday = (int(day.astype(np.int64)) + _EPOCH_WEEKDAY) % _WEEK_DAYS
    month, later = (d.astype("datetime64[M]") for d in (day, day + _WEEK_DAYS))
    return weekday == _FRIDAY and bool(month != later)
