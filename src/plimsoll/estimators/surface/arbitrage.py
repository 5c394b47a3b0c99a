"""Whether a volatility surface is free of arbitrage, and where it is not.

Checked are, at every expiry, midway between neighbouring expiries (midway on the calendar and
midway in variance-time) and at all times after the last, Durrleman's ``g(k) >= 0`` and a positive
total variance; between neighbours, that total variance does not fall at any log-moneyness; of the
wings, in closed form, Lee's bound and that neither slope falls with expiry. A smile between
expiries is a mixture of its neighbours, so it crosses neither if they do not cross; before the
first expiry nothing can go wrong that does not at it (`plimsoll.maths.svi`).

The points are dense within a bound, which is judged by itself, and reach far beyond it (to 1e7);
from there to infinity the asymptotes decide, in closed form. So a surface that is clean is free of
arbitrage at all strikes, but for what may hide between points.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.surface import VolSurface
from plimsoll.errors import UsageError
from plimsoll.maths.surface_arbitrage import (
    PAIR_COLUMNS,
    SLICE_COLUMNS,
    check_later,
    check_mixtures,
    check_order,
)
from plimsoll.maths.surface_arbitrage_tails import ROUNDING
from plimsoll.maths.variance_clock import variance_years

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

POINTS, BOUND = 4001, 3.0
LEE_BOUND = 2.0
_FEWEST_POINTS = 3


class SmilePlace(StrEnum):
    """Which smile of a surface was looked at."""

    EXPIRY = "expiry"
    CALENDAR_MIDPOINT = "calendar_midpoint"  # halfway to the next expiry on the calendar
    VARIANCE_MIDPOINT = "variance_midpoint"  # halfway in variance-time
    AFTER_LAST = "after_last"  # the worst of all times after the last expiry


@dataclass(frozen=True, slots=True, kw_only=True)
class SmileCheck:
    """One smile.

    Parameters
    ----------
    expiry_ns : int
        Its expiry, or that before the midpoint.
    place : SmilePlace
    least_g : float
        Least ``g`` over the points within the bound, at log-moneyness ``least_g_at``.
    least_g_at : float
    butterflies : int
        Of them, points with ``g`` below zero by more than rounding.
    least_variance : float
        Least total variance over the points within the bound; at an expiry, over all strikes.
    negative_variances : int
        Points where it is not positive.
    far_least_g : float
        Least ``g`` over the points beyond the bound, at ``far_least_g_at``.
    far_least_g_at : float
    far_violations : int
        Points beyond the bound with a ``g`` or a total variance below zero, and sides on which
        the asymptote does not rule it out from the farthest point to infinity.
    """

    expiry_ns: int
    place: SmilePlace
    least_g: float
    least_g_at: float
    butterflies: int
    least_variance: float
    negative_variances: int
    far_least_g: float
    far_least_g_at: float
    far_violations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCheck:
    """Two neighbouring expiries.

    Parameters
    ----------
    early_ns, late_ns : int
    least_rise : float
        Least of later less earlier total variance over the points within the bound, at
        ``least_rise_at``.
    least_rise_at : float
    crossings : int
        Of them, points where it falls by more than rounding.
    right_wing_rise, left_wing_rise : float
        Rise of ``b (1 + rho)`` and of ``b (1 - rho)``; where one falls, the smiles cross far out.
    falling_wings : int
    far_least_rise : float
        The least rise over the points beyond the bound, at ``far_least_rise_at``.
    far_least_rise_at : float
    far_crossings : int
        Of those, points where total variance falls, and sides on which the asymptotes do not
        rule it out from the farthest point to infinity.
    """

    early_ns: int
    late_ns: int
    least_rise: float
    least_rise_at: float
    crossings: int
    right_wing_rise: float
    left_wing_rise: float
    falling_wings: int
    far_least_rise: float
    far_least_rise_at: float
    far_crossings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ArbitrageReport:
    """What was found on a surface.

    Parameters
    ----------
    points : int
        Even points of log-moneyness in [-bound, bound]; more are taken near the money.
    bound : float
    smiles : tuple of SmileCheck
        Every expiry, then the midpoints, then what comes after the last expiry.
    order : tuple of OrderCheck
    steepest_wing : float
        Greatest ``b (1 + |rho|)``; Lee's bound is 2.
    steep_wings : int
        Expiries beyond it.
    """

    points: int
    bound: float
    smiles: tuple[SmileCheck, ...]
    order: tuple[OrderCheck, ...]
    steepest_wing: float
    steep_wings: int

    @property
    def butterflies(self) -> int:
        """Points within the bound with a negative density, over all smiles."""
        return sum(smile.butterflies for smile in self.smiles)

    @property
    def negative_variances(self) -> int:
        """Points within the bound with a total variance that is not positive, over all smiles."""
        return sum(smile.negative_variances for smile in self.smiles)

    @property
    def crossings(self) -> int:
        """Points within the bound where total variance falls from one expiry to the next."""
        return sum(pair.crossings for pair in self.order)

    @property
    def far_violations(self) -> int:
        """Violations beyond the bound: densities, total variances and crossings."""
        smiles = sum(smile.far_violations for smile in self.smiles)
        return smiles + sum(pair.far_crossings for pair in self.order)

    @property
    def falling_wings(self) -> int:
        """Wings whose slope falls from one expiry to the next."""
        return sum(pair.falling_wings for pair in self.order)

    @property
    def violations(self) -> int:
        """Violations of all kinds."""
        return (
            self.butterflies
            + self.negative_variances
            + self.crossings
            + self.falling_wings
            + self.steep_wings
            + self.far_violations
        )

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found."""
        return self.violations == 0

    @property
    def worst_smile(self) -> SmileCheck:
        """The smile with the least ``g`` within the bound."""
        return min(self.smiles, key=lambda smile: smile.least_g)

    @property
    def worst_order(self) -> OrderCheck | None:
        """The neighbours with the least rise within the bound; None with one expiry."""
        return min(self.order, key=lambda pair: pair.least_rise, default=None)


def arbitrage_report(
    surface: VolSurface, *, points: int = POINTS, bound: float = BOUND
) -> ArbitrageReport:
    """Look for butterfly and calendar arbitrage on a surface.

    A number is a violation only where it is below zero by more than 1e-12 of the terms it is the
    difference of: rounding of double precision, nothing more.

    Parameters
    ----------
    surface : VolSurface
    points : int
        Even points of log-moneyness, at least 3; 401 more are taken within twelve standard
        deviations of the money, where short expiries have their smile.
    bound : float
        They span [-bound, bound]. 500 more on either side, evenly spaced in ln|k|, reach from
        there to 1e7.

    Returns
    -------
    ArbitrageReport

    Raises
    ------
    UsageError
    """
    if points < _FEWEST_POINTS:
        raise UsageError(f"must be at least {_FEWEST_POINTS}", found=points, field="points")
    if not 0.0 < bound < np.inf:
        raise UsageError("must be positive", found=bound, field="bound")
    raw = surface.raw()
    right, left = raw[:, 1] * (1.0 + raw[:, 2]), raw[:, 1] * (1.0 - raw[:, 2])
    steepest = np.maximum(right, left)
    return ArbitrageReport(
        points=points,
        bound=bound,
        smiles=_smiles(surface, raw, points, bound),
        order=_order(surface, raw, right, left, points, bound),
        steepest_wing=float(steepest.max()),
        steep_wings=int(np.sum(~(steepest <= LEE_BOUND * (1.0 + ROUNDING)))),
    )


def _smiles(
    surface: VolSurface, raw: FloatArray, points: int, bound: float
) -> tuple[SmileCheck, ...]:
    """Check every expiry, both kinds of midpoint, and all that comes after the last expiry."""
    n = raw.shape[0]
    before = np.arange(n - 1)
    early = np.concatenate((np.arange(n), before, before))
    late = np.concatenate((np.arange(n), before + 1, before + 1))
    share = np.concatenate((np.zeros(n), _calendar_shares(surface), np.full(n - 1, 0.5)))
    found = np.empty((share.size + 1, SLICE_COLUMNS))
    check_mixtures(raw, early, late, share, points, bound, found[:-1])
    check_later(raw[-1], points, bound, found[-1])
    lowest = raw[:, 0] + raw[:, 1] * raw[:, 4] * np.sqrt(1.0 - raw[:, 2] ** 2)
    found[:n, 3] = np.minimum(found[:n, 3], lowest)
    found[:n, 4] += ~(lowest > 0.0)
    places = [SmilePlace.EXPIRY] * n + [SmilePlace.CALENDAR_MIDPOINT] * (n - 1)
    places += [SmilePlace.VARIANCE_MIDPOINT] * (n - 1) + [SmilePlace.AFTER_LAST]
    expiries = surface.expiries_ns
    return tuple(
        SmileCheck(
            expiry_ns=expiries[i],
            place=place,
            least_g=row[0],
            least_g_at=row[1],
            butterflies=int(row[2]),
            least_variance=row[3],
            negative_variances=int(row[4]),
            far_least_g=row[5],
            far_least_g_at=row[6],
            far_violations=int(row[7]),
        )
        for i, place, row in zip([*early.tolist(), n - 1], places, found.tolist(), strict=True)
    )


def _calendar_shares(surface: VolSurface) -> FloatArray:
    """Weight of the later neighbour halfway on the calendar: linear in variance-time."""
    expiries = np.array(surface.expiries_ns, dtype=np.int64)
    halfway = expiries[:-1] + (expiries[1:] - expiries[:-1]) // 2
    weights = surface.clock.day_weights
    elapsed = variance_years(weights, expiries[:-1], halfway)
    share: FloatArray = elapsed / variance_years(weights, expiries[:-1], expiries[1:])
    return share


def _order(
    surface: VolSurface,
    raw: FloatArray,
    right: FloatArray,
    left: FloatArray,
    points: int,
    bound: float,
) -> tuple[OrderCheck, ...]:
    """Check every pair of neighbours."""
    found = np.empty((raw.shape[0] - 1, PAIR_COLUMNS))
    check_order(raw, points, bound, found)
    rises = np.diff(np.stack((right, left)), axis=1)
    falling = np.sum(~(rises >= -ROUNDING * np.stack((right, left))[:, 1:]), axis=0)
    expiries = surface.expiries_ns
    return tuple(
        OrderCheck(
            early_ns=expiries[i],
            late_ns=expiries[i + 1],
            least_rise=row[0],
            least_rise_at=row[1],
            crossings=int(row[2]),
            right_wing_rise=float(rises[0, i]),
            left_wing_rise=float(rises[1, i]),
            falling_wings=int(falling[i]),
            far_least_rise=row[3],
            far_least_rise_at=row[4],
            far_crossings=int(row[5]),
        )
        for i, row in enumerate(found.tolist())
    )
