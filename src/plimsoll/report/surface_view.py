"""What the pictures of a surface are drawn from: numbers, no ink."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from plimsoll.domain.option_chain import BoolArray, FloatArray
from plimsoll.domain.smile_quotes import SmileQuotes
from plimsoll.domain.surface import SviSmile, VolSurface
from plimsoll.domain.table import iso_minute
from plimsoll.estimators.surface.query import at_moneyness, standard_error
from plimsoll.estimators.surface.quote_errors import DAYS, QuoteErrors
from plimsoll.maths.svi import svi_total_variance

LEAST_DELTA = 0.01
"""Quotes further out are not drawn."""
_CURVE_POINTS = 81
_BEYOND = 0.12
_Z_95 = 1.96


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SurfaceView:
    """A fitted chain, for pictures.

    Parameters
    ----------
    label : str
        Of the chain, ``BTC``.
    source : str
        Where the prices are from; stands under every picture.
    quotes : SmileQuotes
    surface : VolSurface
    errors : QuoteErrors
        Of the same quotes against the same surface.
    used, dropped : (N,) bool
        Quotes that were fitted; quotes that a filter kept out of it.
    """

    label: str
    source: str
    quotes: SmileQuotes
    surface: VolSurface
    errors: QuoteErrors
    used: BoolArray
    dropped: BoolArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SmilePanel:
    """Quotes and curve of one expiry; volatilities in per cent, strikes in quote currency.

    Parameters
    ----------
    title, subtitle : str
    strike, bid, ask, mid : (n,) float64
    used, dropped : (n,) bool
        Fitted; kept out by a filter. Quotes that are neither lie outside the range of the fit.
    curve_strike, curve : (m,) float64
    forward : float
    unit : str
        Of strikes.
    """

    title: str
    subtitle: str
    strike: FloatArray
    bid: FloatArray
    ask: FloatArray
    mid: FloatArray
    used: BoolArray
    dropped: BoolArray
    curve_strike: FloatArray
    curve: FloatArray
    forward: float
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TermPoints:
    """At-the-money volatility by expiry, per cent; low and high bound 95 per cent of it."""

    days: FloatArray
    vol: FloatArray
    low: FloatArray
    high: FloatArray
    names: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Residuals:
    """Errors of judged quotes and wings in half spreads, against deviations from the forward."""

    deviations: FloatArray
    error: FloatArray
    days: FloatArray
    inside: BoolArray
    names: tuple[str, ...]


def smile_panels(view: SurfaceView) -> tuple[SmilePanel, ...]:
    """Return a panel per expiry that has a smile."""
    return tuple(_panel(view, smile) for smile in view.surface.smiles)


def term_structure(view: SurfaceView) -> TermPoints:
    """Return at-the-money volatility by expiry with its 95 per cent interval."""
    surface = view.surface
    expiries = np.array(surface.expiries_ns)
    vol = 100.0 * at_moneyness(surface, 0.0, expiries).volatility
    error = 100.0 * standard_error(surface, 0.0, expiries)
    return TermPoints(
        days=np.array([DAYS * s.tau_years for s in surface.smiles]),
        vol=vol,
        low=np.maximum(vol - _Z_95 * error, 0.0),
        high=vol + _Z_95 * error,
        names=tuple(expiry_name(s.expiry_ns) for s in surface.smiles),
        sources=tuple(s.source.value for s in surface.smiles),
    )


def residuals(view: SurfaceView) -> Residuals:
    """Return the errors of all judged quotes and wings that have a smile."""
    errors = view.errors.where(np.isfinite(view.errors.error_vol))
    names = tuple(view.quotes.chain.names[row] for row in errors.row)
    return Residuals(
        deviations=_deviations(view, errors),
        error=errors.errors_in_half_spreads,
        days=errors.tau_days,
        inside=errors.inside,
        names=names,
    )


def expiry_name(expiry_ns: int) -> str:
    """Date of an expiry; the hour only where it is not the usual 08:00 UTC.

    >>> expiry_name(1_741_334_400_000_000_000)
    '2025-03-07'
    """
    text = iso_minute(expiry_ns)
    return text.removesuffix(" 08:00")


def tenor_text(days: float) -> str:
    """Time to expiry for people.

    >>> tenor_text(0.25), tenor_text(3.04), tenor_text(87.2)
    ('6.0 h', '3.0 d', '87 d')
    """
    if days < 1.0:
        return f"{24.0 * days:.1f} h"
    return f"{days:.1f} d" if days < 10.0 else f"{days:.0f} d"


def _panel(view: SurfaceView, smile: SviSmile) -> SmilePanel:
    quotes, rows = view.quotes, np.array(list(_drawn_rows(view.quotes, smile.expiry_ns)), dtype=int)
    k = quotes.log_moneyness[rows]
    bid, ask = quotes.bid_vol[rows], quotes.ask_vol[rows]
    grid = _curve_grid(smile, k)
    curve = np.sqrt(svi_total_variance(smile.raw, grid) / smile.tau_years)
    days = DAYS * smile.tau_years
    return SmilePanel(
        title=expiry_name(smile.expiry_ns),
        subtitle=f"{tenor_text(days)}, {int(view.used[rows].sum())} quotes, {smile.source.value}",
        strike=quotes.chain.strike[rows],
        bid=100.0 * bid,
        ask=100.0 * ask,
        mid=100.0 * quotes.mid_vol[rows],
        used=view.used[rows],
        dropped=view.dropped[rows],
        curve_strike=smile.forward * np.exp(grid),
        curve=100.0 * curve,
        forward=smile.forward,
        unit=view.surface.pair.quote,
    )


def _drawn_rows(quotes: SmileQuotes, expiry_ns: int) -> Iterator[int]:
    """Out-of-the-money rows of an expiry with two volatilities, by strike."""
    chain, k = quotes.chain, quotes.log_moneyness
    with np.errstate(invalid="ignore"):
        otm = np.where(chain.is_call, k >= 0.0, k < 0.0)
        near = np.abs(quotes.forward_delta) >= LEAST_DELTA
    known = np.isfinite(quotes.bid_vol) & np.isfinite(quotes.ask_vol)
    rows = np.flatnonzero((chain.expiry_ns == expiry_ns) & otm & near & known)
    yield from rows[np.argsort(chain.strike[rows], kind="stable")].tolist()


def _curve_grid(smile: SviSmile, k: FloatArray) -> FloatArray:
    deviation = float(np.sqrt(svi_total_variance(smile.raw, 0.0)))
    low = min(float(k.min(initial=0.0)), -deviation)
    high = max(float(k.max(initial=0.0)), deviation)
    beyond = _BEYOND * (high - low)
    return np.linspace(low - beyond, high + beyond, _CURVE_POINTS)


def _deviations(view: SurfaceView, errors: QuoteErrors) -> FloatArray:
    expiry = view.quotes.chain.expiry_ns[errors.row]
    deviation = np.full(len(errors), np.nan)
    for smile in view.surface.smiles:
        deviation[expiry == smile.expiry_ns] = np.sqrt(svi_total_variance(smile.raw, 0.0))
    ratio: FloatArray = errors.log_moneyness / deviation
    return ratio
