"""Generated option chains of a fictitious coin, from a known surface free of arbitrage. SYNTHETIC.

Prices are inverse (in coin), on the ticks of Deribit: 0.0001 below 0.005 coin and 0.0005 from
there. The true price of every option lies between its bid and its ask.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from plimsoll.adapters.venues.expiries import to_day_month_year
from plimsoll.domain.instrument import Pair, Payoff
from plimsoll.domain.market import DAY_NS, HOUR_NS
from plimsoll.domain.option_chain import BoolArray, FloatArray, OptionChain
from plimsoll.domain.surface import CALENDAR, SviSmile, VolSurface
from plimsoll.errors import UsageError
from plimsoll.maths.svi import svi_total_variance
from plimsoll.maths.variance_clock import YEAR_NS

SOURCE = "SYNTHETIC option chain (generated, not market data)"
FIRST_AT_NS = 1_741_080_600_000_000_000  # 2025-03-04 09:30 UTC, a Tuesday
SPOTS = {"HELM": 95_000.0, "KEEL": 3_200.0}
EXPIRY_DAYS = (1, 2, 3, 7, 14, 24, 52, 87, 143, 206, 290)
_SPREAD_DAYS = (1.0, 4.0, 14.0, 50.0, 180.0)
_SPREAD_VOL = (0.026, 0.020, 0.012, 0.0075, 0.007)
"""Median bid-ask spread by days to expiry, in volatility: that of large coins' options."""
_GAMMA = 0.4
_NICE = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmileLaw:
    """The surface behind a chain: SSVI with a power law (Gatheral and Jacquier, 2014, section 4).

    Free of arbitrage where ``eta (1 + |rho|) <= 2`` and at-the-money variance rises in time.

    Parameters
    ----------
    short_vol, long_vol : float
        At-the-money volatility of expiries of a day and of a year; annual.
    rho, eta : float
        Skew and curvature.
    """

    short_vol: float = 0.52
    long_vol: float = 0.47
    rho: float = -0.22
    eta: float = 1.1

    def __post_init__(self) -> None:
        if not (abs(self.rho) < 1.0 and 0.0 < self.eta * (1.0 + abs(self.rho)) <= 2.0):
            raise UsageError("must satisfy eta (1 + |rho|) <= 2", found=self.eta, field="eta")

    def smile(self, expiry_ns: int, tau_years: float, forward: float) -> SviSmile:
        """Return the smile of an expiry in raw SVI parameters (the same paper, section 3.3)."""
        vol = self.long_vol + (self.short_vol - self.long_vol) * np.exp(-4.0 * tau_years)
        theta = vol * vol * tau_years
        phi = self.eta / (theta**_GAMMA * (1.0 + theta) ** (1.0 - _GAMMA))
        across = np.sqrt(1.0 - self.rho**2)
        return SviSmile(
            expiry_ns=expiry_ns,
            tau_years=tau_years,
            variance_years=tau_years,
            forward=forward,
            a=float(theta / 2.0 * across**2),
            b=float(theta * phi / 2.0),
            rho=self.rho,
            m=float(-self.rho / phi),
            sigma=float(across / phi),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SandboxChain:
    """A generated chain and the surface it was made from."""

    chain: OptionChain
    truth: VolSurface


def option_chain(seed: int = 1, *, currency: str = "HELM") -> SandboxChain:
    """Return one generated chain; see `option_chains`."""
    return next(option_chains(seed, 1, currency=currency))


def option_chains(
    seed: int = 1, snapshots: int = 10, *, currency: str = "HELM", at_ns: int = FIRST_AT_NS
) -> Iterator[SandboxChain]:
    """Yield generated chains a day apart: spot, level and skew of volatility wander.

    Parameters
    ----------
    seed, snapshots : int
    currency : str
        ``HELM`` or ``KEEL``: about 95,000 and 3,200 USD.
    at_ns : int
        Time of the first, UTC, ns.
    """
    if currency not in SPOTS:
        raise UsageError(f"must be one of {sorted(SPOTS)}", found=currency, field="currency")
    rng = np.random.default_rng([seed, sorted(SPOTS).index(currency)])
    spot, level, skew = SPOTS[currency], 0.0, 0.0
    for day in range(snapshots):
        law = SmileLaw(
            short_vol=0.52 * float(np.exp(1.6 * level)),
            long_vol=0.47 * float(np.exp(0.4 * level)),
            rho=-0.22 + skew,
        )
        yield _snapshot(rng, law, currency, spot, at_ns + day * DAY_NS)
        shock = float(rng.normal())
        spot *= float(np.exp(0.024 * shock))
        level = 0.92 * level + 0.05 * float(rng.normal()) - 0.02 * shock
        skew = 0.9 * skew + 0.02 * float(rng.normal())


def black_price(log_moneyness: FloatArray, deviation: FloatArray, is_call: BoolArray) -> FloatArray:
    """Undiscounted Black price as a share of the forward; ``deviation`` is vol times root time."""
    d1 = -log_moneyness / deviation + 0.5 * deviation
    sign = np.where(is_call, 1.0, -1.0)
    ratio = np.exp(log_moneyness)
    price: FloatArray = sign * (ndtr(sign * d1) - ratio * ndtr(sign * (d1 - deviation)))
    return price


def tick_of(price: FloatArray) -> FloatArray:
    """Tick of a price in coin."""
    return np.where(price < 0.005 - 1e-12, 0.0001, 0.0005)


def _snapshot(
    rng: np.random.Generator, law: SmileLaw, currency: str, spot: float, at_ns: int
) -> SandboxChain:
    midnight = at_ns - at_ns % DAY_NS
    smiles = []
    for days in EXPIRY_DAYS:
        expiry_ns = midnight + days * DAY_NS + 8 * HOUR_NS
        tau = (expiry_ns - at_ns) / YEAR_NS
        smiles.append(law.smile(expiry_ns, tau, spot * float(np.exp(0.045 * tau))))
    truth = VolSurface(
        at_ns=at_ns,
        pair=Pair(base=currency, quote="USD"),
        settle=currency,
        payoff=Payoff.INVERSE,
        index=spot,
        clock=CALENDAR,
        smiles=tuple(smiles),
    )
    return SandboxChain(chain=_chain(rng, truth), truth=truth)


def _chain(rng: np.random.Generator, truth: VolSurface) -> OptionChain:
    parts = [_expiry_columns(rng, smile, truth.index) for smile in truth.smiles]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    dates = {smile.expiry_ns: to_day_month_year(smile) for smile in truth.smiles}
    rows = zip(columns["expiry_ns"], columns["strike"], columns["is_call"], strict=True)
    return OptionChain(
        at_ns=truth.at_ns,
        pair=truth.pair,
        settle=truth.settle,
        payoff=truth.payoff,
        source=SOURCE,
        names=tuple(f"{truth.pair.base}-{dates[e]}-{k:g}-{'C' if c else 'P'}" for e, k, c in rows),
        **columns,
    )


def _expiry_columns(
    rng: np.random.Generator, smile: SviSmile, spot: float
) -> dict[str, np.ndarray]:
    strikes = _strikes(smile)
    strike = np.repeat(strikes, 2)
    is_call = np.tile([True, False], strikes.size)
    count = strike.size
    # Futures and index move by a basis point or so while the chain is read.
    forward = np.round(smile.forward * np.exp(5e-5 * rng.normal(size=count)), 2)
    k = np.log(strike / forward)
    vol = np.sqrt(svi_total_variance(smile.raw, k) / smile.tau_years)
    price = black_price(k, vol * np.sqrt(smile.tau_years), is_call)
    half = 0.5 * _spread_vol(rng, smile, k)
    up = black_price(k, (vol + half) * np.sqrt(smile.tau_years), is_call) - price
    off_centre = rng.uniform(-0.3, 0.3, count)
    bid, ask = _on_ticks(price - up * (1.0 + off_centre), price + up * (1.0 - off_centre))
    mark_vol = np.round(vol + 0.6 * half * rng.normal(size=count), 4)
    mark = black_price(k, mark_vol * np.sqrt(smile.tau_years), is_call)
    return {
        "expiry_ns": np.full(count, smile.expiry_ns, dtype=np.int64),
        "strike": strike,
        "is_call": is_call,
        "bid": bid,
        "ask": ask,
        "mark": np.round(mark, 6),
        "forward": forward,
        "index": np.round(spot * np.exp(1e-4 * rng.normal(size=count)), 2),
        "mark_vol": mark_vol,
        "open_interest": np.round(rng.exponential(80.0, count), 1),
        "volume": np.round(rng.exponential(6.0, count), 1),
    }


def _strikes(smile: SviSmile) -> FloatArray:
    """About thirty round strikes within three and a half deviations."""
    at_the_money = float(np.sqrt(svi_total_variance(smile.raw, 0.0)))
    low, high = smile.forward * np.exp(np.array([-3.5, 3.5]) * at_the_money)
    raw = (high - low) / 30.0
    power = 10.0 ** np.floor(np.log10(raw))
    step = power * min(_NICE, key=lambda f: abs(f * power - raw))
    strikes: FloatArray = np.arange(np.ceil(low / step), np.floor(high / step) + 1.0) * step
    return strikes


def _spread_vol(rng: np.random.Generator, smile: SviSmile, k: FloatArray) -> FloatArray:
    """Bid-ask spread in volatility before rounding to ticks: wider in the wings."""
    days = np.log(smile.tau_years * 365.0)
    level = np.interp(days, np.log(_SPREAD_DAYS), _SPREAD_VOL)
    deviations = k / np.sqrt(svi_total_variance(smile.raw, k))
    spread: FloatArray = level * (1.0 + 0.2 * deviations**2) * rng.lognormal(0.0, 0.2, k.size)
    return spread


def _on_ticks(low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Bid rounded down, ask up; no bid below one tick."""
    below, above = tick_of(low), tick_of(high)
    bid = np.round(np.floor(low / below + 1e-9) * below, 4)
    ask = np.round(np.ceil(high / above - 1e-9) * above, 4)
    return np.where(bid > 0.0, bid, np.nan), ask
