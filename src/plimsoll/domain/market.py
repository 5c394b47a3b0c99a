"""Market data: raw bars of one market, the aligned panel of many, and one instant of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.expiry_quote import ExpiryQuote
from plimsoll.domain.finding import Finding
from plimsoll.domain.instrument import Pair
from plimsoll.domain.surface import VolSurface
from plimsoll.errors import DataFormatError, UsageError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

HOUR_NS = 3_600_000_000_000
DAY_NS = 24 * HOUR_NS
NEVER_MASKED = np.iinfo(np.int64).max


class PriceKind(StrEnum):
    """What a price series is; shown wherever a number that comes from it is shown."""

    MARK = "mark"
    INDEX = "index"
    LAST_TRADE = "last_trade"
    SPOT_CLOSE = "spot_close"
    SYNTHETIC_MARK = "synthetic_mark"

    @property
    def label(self) -> str:
        """A phrase for tables and plots."""
        return _PRICE_LABELS[self]


_PRICE_LABELS = {
    PriceKind.MARK: "mark prices",
    PriceKind.INDEX: "index prices standing in for marks",
    PriceKind.LAST_TRADE: "last-trade prices standing in for marks",
    PriceKind.SPOT_CLOSE: "spot closes standing in for marks",
    PriceKind.SYNTHETIC_MARK: "SYNTHETIC marks (generated, not market data)",
}


def _readonly(array: NDArray[np.generic] | None) -> None:
    if array is not None:
        array.setflags(write=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bars:
    """Bars of one market exactly as a source delivered them: nothing sorted, filled or dropped.

    Parameters
    ----------
    market : str
    time_ns : (T,) int64
        OPEN time of each bar, UTC.
    close : (T,) float64
    open, high, low, volume : (T,) float64 or None
        None where the source has no such column. Volume in base units.
    interval_ns : int
        Length of a bar.
    price_kind : PriceKind
    source : str
        Where it came from, for provenance.
    """

    market: str
    time_ns: IntArray
    close: FloatArray
    interval_ns: int
    price_kind: PriceKind
    open: FloatArray | None = None
    high: FloatArray | None = None
    low: FloatArray | None = None
    volume: FloatArray | None = None
    source: str = ""

    def __post_init__(self) -> None:
        for name in ("close", "open", "high", "low", "volume"):
            column = getattr(self, name)
            if column is not None and column.shape != self.time_ns.shape:
                raise DataFormatError(
                    f"must have one value per bar ({self.time_ns.size})",
                    found=column.shape,
                    field=f"{self.market}.{name}",
                )
            _readonly(column)
        _readonly(self.time_ns)

    def __len__(self) -> int:
        return int(self.time_ns.size)

    def take(self, rows: IntArray | BoolArray | slice) -> Bars:
        """Return the bars at ``rows``."""

        def cut(column: FloatArray | None) -> FloatArray | None:
            return None if column is None else column[rows]

        return replace(
            self,
            time_ns=self.time_ns[rows],
            close=self.close[rows],
            open=cut(self.open),
            high=cut(self.high),
            low=cut(self.low),
            volume=cut(self.volume),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarketHistory:
    """Aligned panel of markets on one regular time grid, in event time.

    Parameters
    ----------
    time_ns : (T,) int64
        OPEN times of the grid, strictly increasing by ``interval_ns``.
    markets : tuple of N str
    close : (T, N) float64
        NaN where the source printed nothing usable. Never filled.
    active : (T, N) bool
        Listed at that time. *Not listed* is not the same as *no print*.
    mask_from_ns : (T, N) int64
        From this time on it was known that the bar must not be used (``NEVER_MASKED``: it may).
        A window that ends earlier still sees the bar, as anybody would have.
    price_kind : PriceKind
    volume, funding : (T, N) float64 or None
        Volume in base units; funding rate paid by longs over the bar, as a fraction.
    received_ns : (T,) int64 or None
        When a bar was received; None means at its close.
    inactive_known_ns : (T, N) int64 or None
        From when it was known that a market was no longer listed at a bar where it is not
        ``active``: an absence is a delisting only once it has lasted. None: known at once.
    findings : tuple of Finding
    """

    time_ns: IntArray
    interval_ns: int
    markets: tuple[str, ...]
    close: FloatArray
    active: BoolArray
    mask_from_ns: IntArray
    price_kind: PriceKind
    volume: FloatArray | None = None
    funding: FloatArray | None = None
    received_ns: IntArray | None = None
    inactive_known_ns: IntArray | None = None
    findings: tuple[Finding, ...] = ()

    def __post_init__(self) -> None:
        shape = (self.time_ns.size, len(self.markets))
        panels = ("close", "active", "mask_from_ns", "volume", "funding", "inactive_known_ns")
        for name in panels:
            column = getattr(self, name)
            if column is not None and column.shape != shape:
                raise DataFormatError(
                    f"must have the shape (times, markets) = {shape}",
                    found=column.shape,
                    field=name,
                )
            _readonly(column)
        if len(set(self.markets)) != len(self.markets):
            raise DataFormatError("must name each market once", found=self.markets, field="markets")
        if self.time_ns.size > 1 and not bool(np.all(np.diff(self.time_ns) == self.interval_ns)):
            raise DataFormatError("must be a regular grid", found="other steps", field="time_ns")
        _readonly(self.time_ns)
        _readonly(self.received_ns)

    @property
    def available_ns(self) -> IntArray:
        """(T,) time from which each bar may be used: when received, else its close."""
        return self.time_ns + self.interval_ns if self.received_ns is None else self.received_ns

    def before(self, at_ns: int) -> MarketHistory:
        """Return what was known before ``at_ns``: the only window a fold may see.

        Bars that closed (or were received) after ``at_ns`` are gone, and so is the knowledge that
        nobody could have had by then: bars not yet known to be bad are trusted again, and markets
        not yet known to be delisted are listed.
        """
        rows = slice(0, int(np.searchsorted(self.available_ns, at_ns, side="right")))
        known = self.mask_from_ns[rows] <= at_ns
        return replace(
            self,
            time_ns=self.time_ns[rows],
            close=self.close[rows],
            active=self.listed_as_known(rows, at_ns),
            inactive_known_ns=None
            if self.inactive_known_ns is None
            else self.inactive_known_ns[rows],
            mask_from_ns=np.where(known, self.mask_from_ns[rows], NEVER_MASKED),
            volume=None if self.volume is None else self.volume[rows],
            funding=None if self.funding is None else self.funding[rows],
            received_ns=None if self.received_ns is None else self.received_ns[rows],
            findings=tuple(f for f in self.findings if f.known_at_ns < at_ns),
        )

    def listed_as_known(self, rows: slice | IntArray, at_ns: int | IntArray) -> BoolArray:
        """(R, N) listed at the bars ``rows``, as far as was known at ``at_ns``.

        Parameters
        ----------
        rows : slice or (R,) int64
        at_ns : int or (R,) int64
            One time, or one for each row.
        """
        if self.inactive_known_ns is None:
            return self.active[rows]
        at = np.asarray(at_ns)
        later = self.inactive_known_ns[rows] > (at[:, None] if at.ndim else at)
        listed: BoolArray = self.active[rows] | later
        return listed

    def column(self, market: str) -> int:
        """Return the column of ``market``."""
        try:
            return self.markets.index(market)
        except ValueError:
            raise UsageError(
                "must be one of the history's markets", found=market, field="market"
            ) from None

    def only(self, market: str) -> MarketHistory:
        """Return the history of one market."""
        column = self.column(market)

        def cut(panel: NDArray[Any] | None) -> NDArray[Any] | None:
            return None if panel is None else panel[:, column : column + 1].copy()

        return replace(
            self,
            markets=(market,),
            close=self.close[:, column : column + 1].copy(),
            active=self.active[:, column : column + 1].copy(),
            mask_from_ns=self.mask_from_ns[:, column : column + 1].copy(),
            volume=cut(self.volume),
            funding=cut(self.funding),
            inactive_known_ns=cut(self.inactive_known_ns),
            findings=tuple(f for f in self.findings if f.market == market),
        )

    def usable_close(self) -> FloatArray:
        """(T, N) closes with every bar masked that is known bad by the end of the history."""
        return np.where(self.mask_from_ns < NEVER_MASKED, np.nan, self.close)

    def __len__(self) -> int:
        return int(self.time_ns.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """One market at one instant: what a margin model may need of it.

    Parameters
    ----------
    mark, index : float
        Price of one unit of the underlying in the quote currency; but the mark of an option is
        its price in the settlement currency per unit of the underlying.
    funding_rate : float
        Next funding payment of a long, as a fraction of notional.
    open_interest_usd, depth_usd : float
        NaN where unknown.
    confidence : float
        Of the price source, 1 = full.
    implied_vol_annual : float
        An option's volatility as the venue marks it, a fraction; NaN: the surface says.
    volume_24h_usd : float
        Turnover of the last day, for concentration; NaN where unknown.
    at_ns : int or None
        When it was seen, UTC: as old as the oldest of its figures. None: as of the snapshot.
    """

    mark: float
    index: float
    funding_rate: float = 0.0
    open_interest_usd: float = float("nan")
    depth_usd: float = float("nan")
    confidence: float = 1.0
    implied_vol_annual: float = float("nan")
    volume_24h_usd: float = float("nan")
    at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSnapshot:
    """All markets at one instant. ``at_ns`` is data, never the clock's now.

    Parameters
    ----------
    at_ns : int
    quotes : mapping of str to Quote
        By market.
    stable_price_usd : mapping of str to float
    findings : tuple of Finding
    surfaces : mapping of (Pair, str) to VolSurface
        By pair and settlement currency: what the options of one surface have in common. A coin's
        inverse and linear options may be quoted apart, and tickers may have had several owners.
    expiries : mapping of (Pair, str, int) to ExpiryQuote
        Forward, settled part and rate by pair, settlement currency and expiry (UTC ns); where an
        expiry is missing, its surface's forward stands.
    max_age_ns : int or None
        How old a quote may be to margin a market or to price a currency, whatever the model; an
        older one is stale. A rule of the caller's; None: none is too old.

    Raises
    ------
    UsageError
        For a surface under another identity than its own, and a negative age.
    """

    at_ns: int
    quotes: Mapping[str, Quote]
    stable_price_usd: Mapping[str, float] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    surfaces: Mapping[tuple[Pair, str], VolSurface] = field(default_factory=dict)
    expiries: Mapping[tuple[Pair, str, int], ExpiryQuote] = field(default_factory=dict)
    max_age_ns: int | None = None

    def __post_init__(self) -> None:
        if self.max_age_ns is not None and self.max_age_ns < 0:
            raise UsageError("must not be negative", found=self.max_age_ns, field="max_age_ns")
        for key, surface in self.surfaces.items():
            if key != (surface.pair, surface.settle):
                raise UsageError(
                    "must be filed under the pair and settlement currency of the surface",
                    found=key,
                    field="surfaces",
                )

    def surface(self, pair: Pair, settle: str) -> VolSurface | None:
        """Return the surface of a pair's options in one settlement currency, if there is one."""
        return self.surfaces.get((pair, settle))

    def quote(self, market: str) -> Quote:
        """Return the quote of ``market``."""
        if market not in self.quotes:
            raise UsageError(
                "must have a quote in the snapshot",
                found=market,
                field="market",
                remedy="add it to MarketSnapshot.quotes",
            )
        return self.quotes[market]

    def is_stale(self, market: str) -> bool:
        """Return whether a market's quote is older than ``max_age_ns``; a missing one is not.

        Raises
        ------
        UsageError
            For a quote from after the snapshot.
        """
        quote = self.quotes.get(market)
        if quote is None or quote.at_ns is None:
            return False
        if quote.at_ns > self.at_ns:
            raise seen_too_late(market, quote.at_ns, self.at_ns)
        return self.max_age_ns is not None and self.at_ns - quote.at_ns > self.max_age_ns

    def __iter__(self) -> Iterator[str]:
        return iter(self.quotes)


def seen_too_late(market: str, seen_ns: int, at_ns: int) -> UsageError:
    """Return the error for a quote that nobody could have seen at the snapshot's time."""
    return UsageError(
        f"must not be later than the snapshot, {at_ns} ns",
        found=f"{seen_ns} ns, {(seen_ns - at_ns) / 1e9:g} s later",
        field=f"quotes[{market}].at_ns",
        remedy="leave quotes from the future out, or take the snapshot later",
    )
