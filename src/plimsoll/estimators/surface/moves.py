"""How a surface moves from one snapshot to the next, against how its quotes did.

Parameters are worth publishing only if they move when quotes do, and no more. Each is therefore
held against a number of the same kind that comes from the mids alone (`QuotedSmile`), whose noise
is known: levels against the level, slopes against the skew, bends against the curvature.

A *flip* is what a fit with two equivalent solutions would do: the shape of the smile stays, raw
parameters go far beyond their standard errors, and the shape before would have done as well: lifted
to the new level it keeps as many of the new quotes inside bid-ask. Where it would not, quotes asked
for the move.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.option_chain import BoolArray, FloatArray, IntArray
from plimsoll.domain.smile_quotes import SmileQuotes
from plimsoll.domain.surface import SmileSource, SviSmile, VolSurface
from plimsoll.estimators.surface.quote_errors import DAYS, DELTA, EDGES_DAYS, VOL_ALLOWANCE
from plimsoll.estimators.surface.quoted_smile import QuotedSmile, quoted_smile
from plimsoll.estimators.surface.standardised import (
    standardised,
    standardised_errors,
    standardised_vols,
    vols_of_shape,
)
from plimsoll.maths.svi_forms import raw_to_jump_wings, raw_to_nodes

LEAST_DAYS = 1.0
"""Expiries nearer than a day, at the later snapshot, are not followed."""
SHAPE_REACH = 1.5
"""Deviations from the forward within which the shape of a smile is compared."""
STILL = 0.02
"""Largest change of volatility over at-the-money volatility of a smile whose shape stayed."""
FLIP_ERRORS = 3.0
"""Standard errors (of the difference) beyond which a raw parameter has gone far."""
EQUIVALENT = 0.05
"""Share of quotes inside that an equivalent shape may lose against the fit."""
_FITTED = (SmileSource.SVI, SmileSource.ESSVI)
_SHAPE_GRID = np.linspace(-SHAPE_REACH, SHAPE_REACH, 31)


class Quantity(StrEnum):
    """What is followed; volatilities as fractions, the rest without unit."""

    ATM_VOL = "ATM vol"
    SKEW = "skew per deviation"
    CURVATURE = "curvature per deviation²"
    LEAST_VOL = "√ṽ"
    PSI = "ψ"
    PUT_WING = "p"
    CALL_WING = "c"
    ATANH_RHO = "atanh ρ"
    CENTRE = "m / deviation"
    LOG_WIDTH = "ln(σ / deviation)"


class Counterpart(StrEnum):
    """The number from quotes that a quantity is held against."""

    LEVEL = "level"
    SKEW = "skew"
    CURVATURE = "curvature"
    SLOPE = "skew / level"
    BEND = "curvature / level"


COUNTERPARTS = {
    Quantity.ATM_VOL: Counterpart.LEVEL,
    Quantity.SKEW: Counterpart.SKEW,
    Quantity.CURVATURE: Counterpart.CURVATURE,
    Quantity.LEAST_VOL: Counterpart.LEVEL,
    Quantity.PSI: Counterpart.SLOPE,
    Quantity.PUT_WING: Counterpart.SLOPE,
    Quantity.CALL_WING: Counterpart.SLOPE,
    Quantity.ATANH_RHO: Counterpart.SLOPE,
    Quantity.CENTRE: Counterpart.SLOPE,
    Quantity.LOG_WIDTH: Counterpart.BEND,
}
RAW_QUANTITIES = (Quantity.ATANH_RHO, Quantity.CENTRE, Quantity.LOG_WIDTH)
_RAW = slice(list(Quantity).index(Quantity.ATANH_RHO), None)
_HELD_AGAINST = [list(Counterpart).index(COUNTERPARTS[quantity]) for quantity in Quantity]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SmileMoves:
    """N moves of a listed expiry's smile between two snapshots, both fitted to its own quotes.

    Parameters
    ----------
    expiry_ns : (N,) int64
    span_days : (N,) float64
        Between the snapshots.
    tau_days : (N,) float64
        To expiry, at the later one.
    parameters : (N, 10) float64
        Signed moves, in the order of `Quantity`.
    quotes, noise : (N, 5) float64
        Moves of the quotes and their standard deviations from the spreads alone, in the order of
        `Counterpart`; NaN where strikes do not reach.
    raw_errors : (N, 3) float64
        Standard errors of the moves of raw parameters, both smiles' taken as independent; NaN
        without a covariance.
    shape : (N,) float64
        Largest change of volatility over at-the-money volatility within ``SHAPE_REACH``.
    lost_inside : (N,) float64
        Share of the new judged quotes inside bid-ask that the shape before, at the new level,
        loses against the fit; NaN without quotes.
    """

    expiry_ns: IntArray
    span_days: FloatArray
    tau_days: FloatArray
    parameters: FloatArray
    quotes: FloatArray
    noise: FloatArray
    raw_errors: FloatArray
    shape: FloatArray
    lost_inside: FloatArray

    def __len__(self) -> int:
        return int(self.expiry_ns.size)

    @property
    def raw(self) -> FloatArray:
        """(N, 3) moves of raw parameters in standardised form."""
        return self.parameters[:, _RAW]

    @property
    def still(self) -> BoolArray:
        """(N,) smiles whose shape stayed."""
        still: BoolArray = self.shape <= STILL
        return still

    @property
    def far(self) -> BoolArray:
        """(N,) those of them with a raw parameter moved beyond its standard errors."""
        with np.errstate(invalid="ignore"):
            far = np.abs(self.raw) > FLIP_ERRORS * self.raw_errors
        stayed: BoolArray = self.still & far.any(axis=1)
        return stayed

    @property
    def flipped(self) -> BoolArray:
        """(N,) those of them where the shape before would have done as well."""
        with np.errstate(invalid="ignore"):
            flipped: BoolArray = self.far & (self.lost_inside <= EQUIVALENT)
        return flipped

    def moved(self, quantity: Quantity) -> FloatArray:
        """(N,) moves of one quantity."""
        return self.parameters[:, list(Quantity).index(quantity)]

    def held_against(self, quantity: Quantity) -> tuple[FloatArray, FloatArray]:
        """(N,) moves of the counterpart in the quotes, and their noise."""
        at = _HELD_AGAINST[list(Quantity).index(quantity)]
        return self.quotes[:, at], self.noise[:, at]

    def tenor(self) -> IntArray:
        """(N,) position in `Tenor`."""
        return np.searchsorted(EDGES_DAYS, self.tau_days, side="right").astype(np.int64)

    def where(self, mask: BoolArray) -> Self:
        """Return the moves under a mask."""
        return type(self)(**{f.name: getattr(self, f.name)[mask] for f in fields(self)})

    @classmethod
    def joined(cls, parts: Iterable[Self]) -> Self:
        """Return the moves of many pairs of snapshots; at least one pair."""
        every = tuple(parts)
        return cls(
            **{f.name: np.concatenate([getattr(p, f.name) for p in every]) for f in fields(cls)}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveMeasures:
    """Moves of one quantity, absolute, against its counterpart in the quotes.

    Parameters
    ----------
    moves : int
        Known on both sides.
    median, quote_median : float
    noise_median : float
        Of the quotes' own noise.
    worst_percent, quote_worst_percent : float
        99 % quantiles.
    """

    moves: int
    median: float
    quote_median: float
    noise_median: float
    worst_percent: float
    quote_worst_percent: float

    @property
    def ratio(self) -> float:
        """Median move of the parameter over that of the quotes."""
        return self.median / self.quote_median if self.quote_median > 0.0 else float("nan")

    @property
    def worst_ratio(self) -> float:
        """The same of the 99 % quantiles."""
        known = self.quote_worst_percent > 0.0
        return self.worst_percent / self.quote_worst_percent if known else float("nan")


def smile_moves(
    before: VolSurface, before_quotes: SmileQuotes, after: VolSurface, after_quotes: SmileQuotes
) -> SmileMoves:
    """Follow every listed expiry that both surfaces fitted to its own quotes.

    Parameters
    ----------
    before, after : VolSurface
        Of one coin, in order of time.
    before_quotes, after_quotes : SmileQuotes
        What they were fitted to.
    """
    earlier = {smile.expiry_ns: smile for smile in before.smiles}
    pairs = [
        (earlier[smile.expiry_ns], smile)
        for smile in after.smiles
        if smile.expiry_ns in earlier and _followed(earlier[smile.expiry_ns], smile)
    ]
    expiries = [smile.expiry_ns for _, smile in pairs]
    quoted = [(quoted_smile(before_quotes, e), quoted_smile(after_quotes, e)) for e in expiries]
    errors = [[standardised_errors(smile) for smile in pair] for pair in pairs]
    n = len(pairs)
    return SmileMoves(
        expiry_ns=np.array(expiries, dtype=np.int64),
        span_days=np.full(n, (after.at_ns - before.at_ns) / (86_400 * 10**9)),
        tau_days=np.array([DAYS * smile.tau_years for _, smile in pairs]),
        parameters=_rows([_parameters(new) - _parameters(old) for old, new in pairs], 10),
        quotes=_rows([_quoted(new) - _quoted(old) for old, new in quoted], 5),
        noise=_rows([np.hypot(_noise(old), _noise(new)) for old, new in quoted], 5),
        raw_errors=_rows([np.hypot(old, new) for old, new in errors], 3),
        shape=np.array([_shape_change(old, new) for old, new in pairs], dtype=np.float64),
        lost_inside=np.array([_lost_inside(*pair, after_quotes) for pair in pairs], dtype=float),
    )


def move_measures(moves: SmileMoves, quantity: Quantity) -> MoveMeasures:
    """Measure one quantity over all moves given."""
    moved = np.abs(moves.moved(quantity))
    quoted, noise = (np.abs(part) for part in moves.held_against(quantity))
    known = np.isfinite(moved) & np.isfinite(quoted)
    return MoveMeasures(
        moves=int(known.sum()),
        median=_quantile(moved[known], 0.5),
        quote_median=_quantile(quoted[known], 0.5),
        noise_median=_quantile(noise[known], 0.5),
        worst_percent=_quantile(moved[known], 0.99),
        quote_worst_percent=_quantile(quoted[known], 0.99),
    )


def _followed(old: SviSmile, new: SviSmile) -> bool:
    own = old.source in _FITTED and new.source in _FITTED
    return own and DAYS * new.tau_years >= LEAST_DAYS


def _parameters(smile: SviSmile) -> FloatArray:
    vol, skew, curvature = raw_to_nodes(smile.raw, smile.tau_years)[:3]
    _, psi, put, call, least = raw_to_jump_wings(smile.raw, smile.tau_years)
    deviation = vol * np.sqrt(smile.tau_years)
    published = (vol, skew * deviation, curvature * deviation**2)
    wings = (np.sqrt(least), psi, put, call)
    return np.array([*published, *wings, *standardised(smile)])


def _quoted(smile: QuotedSmile) -> FloatArray:
    return np.concatenate((smile.value, smile.value[1:] / smile.value[0]))


def _noise(smile: QuotedSmile) -> FloatArray:
    """Noise of slope and bend: that of skew and curvature, the level's being small beside it."""
    return np.concatenate((smile.noise, smile.noise[1:] / smile.value[0]))


def _shape_change(old: SviSmile, new: SviSmile) -> float:
    shapes = [standardised_vols(smile, _SHAPE_GRID) for smile in (old, new)]
    return float(np.max(np.abs(shapes[1] - shapes[0])))


def _lost_inside(old: SviSmile, new: SviSmile, quotes: SmileQuotes) -> float:
    rows = quotes.usable & (quotes.chain.expiry_ns == new.expiry_ns)
    rows &= np.abs(quotes.forward_delta) >= DELTA
    if not rows.any():
        return float("nan")
    shares = []
    for shape in (new, old):
        vol = vols_of_shape(shape, new, quotes.log_moneyness[rows])
        inside = vol >= quotes.bid_vol[rows] - VOL_ALLOWANCE
        inside &= vol <= quotes.ask_vol[rows] + VOL_ALLOWANCE
        shares.append(float(inside.mean()))
    return shares[0] - shares[1]


def _rows(rows: list[NDArray[Any]], columns: int) -> FloatArray:
    return np.array(rows, dtype=np.float64).reshape(-1, columns)


def _quantile(values: FloatArray, share: float) -> float:
    return float(np.quantile(values, share)) if values.size else float("nan")
