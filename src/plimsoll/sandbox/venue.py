"""Nouns of the sandbox: its markets, what was planted in their bars, and the law behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from plimsoll.domain.finding import FindingKind
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.market import HOUR_NS, Bars, BoolArray, FloatArray, IntArray, PriceKind


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxMarket:
    """One fictitious perpetual.

    Parameters
    ----------
    symbol : str
        In the ccxt unified form, ``HELM/USDT:USDT``. The bases are ship's parts, not coins.
    market_class : str
        ``large``, ``mid`` or ``thin``.
    payoff : Payoff
        Linear or inverse.
    adv_usd : float
        Average daily volume.
    role : str
        What this market is there to show.
    """

    symbol: str
    market_class: str
    payoff: Payoff
    adv_usd: float
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantedFault:
    """One thing planted in the bars of one market, for comparison with what was found.

    Parameters
    ----------
    kind : FindingKind
    market : str
    first_ns, last_ns : int
        First and last bar concerned (UTC, ns, inclusive). For a gap: the last bar before and the
        first bar after, as in `Finding`.
    bars : int
        Number of bars concerned (missing ones for a gap).
    genuine : bool
        True for an event of the market (a listing, a delisting), False for a fault of the data.
    detail : str
    """

    kind: FindingKind
    market: str
    first_ns: int
    last_ns: int
    bars: int
    genuine: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FundingPayments:
    """Funding of one market: ``rate`` is paid by longs, as a fraction of notional."""

    time_ns: IntArray
    rate: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Truth:
    """The law that made the venue, and its path before any fault was planted.

    The conditional law of the log return of market ``n`` over the bar ``t`` has mean near zero
    and standard deviation ``volatility[t, n]``, jumps included, known at the open of the bar. It
    does not hold in ``scripted`` bars, where a market is made to die.

    Parameters
    ----------
    time_ns : (T,) int64
        OPEN times of the whole grid.
    markets : tuple of N str
    close : (T, N) float64
        Faultless closes; NaN where not listed.
    volatility : (T, N) float64
        Conditional standard deviation of the 1 h log return, all sources of risk.
    diffusive_volatility : (T, N) float64
        The same without jumps.
    stress, crash : (T,) bool
        Hours of the stress regime; hours of a common crash.
    jump : (T, N) float64
        Realised jump in the log return, common and own.
    scripted : (T, N) bool
    """

    time_ns: IntArray
    markets: tuple[str, ...]
    close: FloatArray
    volatility: FloatArray
    diffusive_volatility: FloatArray
    stress: BoolArray
    crash: BoolArray
    jump: FloatArray
    scripted: BoolArray

    def column(self, market: str) -> int:
        """Return the column of ``market``."""
        return self.markets.index(market)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SandboxVenue:
    """A generated venue. Nothing in it is market data.

    Parameters
    ----------
    seed : int
    bars : mapping of str to Bars
        Hourly, as a careless source would deliver them: with the planted faults.
    markets : tuple of SandboxMarket
    funding : mapping of str to FundingPayments
    planted : tuple of PlantedFault
        Sorted by market and time.
    truth : Truth
    """

    seed: int
    bars: Mapping[str, Bars]
    markets: tuple[SandboxMarket, ...]
    funding: Mapping[str, FundingPayments]
    planted: tuple[PlantedFault, ...]
    truth: Truth

    @property
    def label(self) -> str:
        """What must stand on every table and plot made of this venue."""
        return PriceKind.SYNTHETIC_MARK.label

    @property
    def as_of_ns(self) -> int:
        """End of the complete hours; the partial last bars open here."""
        return int(self.truth.time_ns[-1]) + HOUR_NS
