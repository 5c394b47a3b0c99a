"""Generate the sandbox venue from a seed."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from plimsoll.domain.market import HOUR_NS, Bars, FloatArray, IntArray
from plimsoll.errors import ParameterError
from plimsoll.sandbox.bars import bars_of, on_price_grid, range_of, volumes
from plimsoll.sandbox.funding import funding_rates, payments
from plimsoll.sandbox.law import INVERSE_MARKETS, LAWS, VENUE_LAW
from plimsoll.sandbox.path import Path, listed, prices, simulate
from plimsoll.sandbox.planting import plant_all
from plimsoll.sandbox.venue import SandboxVenue, Truth
from plimsoll.sandbox.volatility import mean_reverting

DEFAULT_START_NS = 1_640_995_200_000_000_000  # 2022-01-01 00:00 UTC
DEFAULT_DAYS = 900
LEAST_DAYS = 200
MARKETS = tuple(law.market for law in LAWS) + INVERSE_MARKETS
_FOLLOWED = np.array([*range(len(LAWS)), 0, 1])  # linear column behind each market


def generate(
    seed: int, *, days: int = DEFAULT_DAYS, start_ns: int = DEFAULT_START_NS
) -> SandboxVenue:
    """Generate the sandbox venue: eight fictitious perpetuals, hourly, with planted faults.

    Six linear markets (two large, one mid, one thin, one newly listed on a reused ticker, one
    that collapses and is delisted) and two inverse ones. One factor with betas, log volatility on
    three time scales, calm and stress regimes, Student-t innovations, clustered common crashes,
    jumps of single markets, and the hours of the day. The same seed gives the same bytes.

    Parameters
    ----------
    seed : int
        Non-negative.
    days : int
        Length of the history; at least 200. The last bar of every living market is partial: it
        opens when the ``days`` are over.
    start_ns : int
        Open of the first bar; a full UTC hour.

    Returns
    -------
    SandboxVenue

    Raises
    ------
    ParameterError
        Seed negative, too few days, or a start off the hour.

    Examples
    --------
    >>> venue = generate(1, days=200)
    >>> venue.label
    'SYNTHETIC marks (generated, not market data)'
    >>> len(venue.bars)
    8
    """
    _check(seed, days, start_ns)
    rng = np.random.Generator(np.random.PCG64(seed))
    time_ns = start_ns + HOUR_NS * np.arange(24 * days + 1, dtype=np.int64)
    path = simulate(rng, time_ns)
    close, opened, volatility = _closes(rng, path)
    clean = _clean_bars(rng, time_ns, opened, close, volatility)
    truth = _truth(time_ns, close, volatility, path)
    bars, planted = plant_all(rng, clean, truth)
    rates = np.where(np.isfinite(close), funding_rates(rng, path.returns)[:, _FOLLOWED], np.nan)
    return SandboxVenue(
        seed=seed,
        bars=MappingProxyType(bars),
        markets=MARKETS,
        funding=MappingProxyType(
            {m.symbol: payments(time_ns[:-1], rates[:-1, n]) for n, m in enumerate(MARKETS)}
        ),
        planted=planted,
        truth=truth,
    )


def _check(seed: int, days: int, start_ns: int) -> None:
    if seed < 0:
        raise ParameterError("must not be negative", found=seed, field="seed")
    if days < LEAST_DAYS:
        raise ParameterError(
            f"must be at least {LEAST_DAYS}",
            found=days,
            field="days",
            remedy="the newly listed market alone takes 60 days",
        )
    if start_ns % HOUR_NS:
        raise ParameterError("must be a full UTC hour", found=start_ns, field="start_ns")


def _closes(rng: np.random.Generator, path: Path) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(T, 8) closes, opens and conditional volatility, the inverse markets at their basis."""
    hours = path.returns.shape[0]
    active = listed((hours, len(LAWS)))
    linear = prices(path.returns, active)
    stationary = VENUE_LAW.basis_step / np.sqrt(
        VENUE_LAW.basis_reversion * (2.0 - VENUE_LAW.basis_reversion)
    )
    half_life = np.log(0.5) / np.log1p(-VENUE_LAW.basis_reversion)
    basis = mean_reverting(rng, (hours, 2), half_life, stationary)
    close = on_price_grid(np.hstack([linear, linear[:, :2] * np.exp(basis)]))
    opened = np.vstack([close[:1], close[:-1]])
    opened = np.where(np.isnan(opened), close, opened)  # the first print of a listing
    inverse = np.hypot(path.volatility[:, :2], VENUE_LAW.basis_step)
    return close, opened, np.hstack([path.volatility, inverse])


def _clean_bars(
    rng: np.random.Generator,
    time_ns: IntArray,
    opened: FloatArray,
    close: FloatArray,
    volatility: FloatArray,
) -> dict[str, Bars]:
    high, low = range_of(rng, opened, close, volatility)
    usual = np.array([0.006, 0.007, 0.011, 0.017, 0.015, 0.013, 0.006, 0.007])
    activity = np.abs(np.log(close / opened)) / usual
    volume = volumes(rng, close, activity, np.array([m.adv_usd for m in MARKETS]))
    panel = {"open": opened, "high": high, "low": low, "close": close, "volume": volume}
    return {
        market.symbol: bars_of(
            market.symbol,
            time_ns[np.isfinite(close[:, n])],
            {k: v[np.isfinite(close[:, n]), n].copy() for k, v in panel.items()},
        )
        for n, market in enumerate(MARKETS)
    }


def _truth(time_ns: IntArray, close: FloatArray, volatility: FloatArray, path: Path) -> Truth:
    """The law and its path over the complete hours."""

    def followed(array: FloatArray) -> FloatArray:
        return np.ascontiguousarray(array[:-1, _FOLLOWED])

    return Truth(
        time_ns=time_ns[:-1],
        markets=tuple(market.symbol for market in MARKETS),
        close=close[:-1],
        volatility=volatility[:-1],
        diffusive_volatility=followed(path.diffusive_volatility),
        stress=path.stress[:-1],
        crash=path.crash[:-1],
        jump=followed(path.jump),
        scripted=path.scripted[:-1, _FOLLOWED],
    )
