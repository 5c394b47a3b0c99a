"""What the joint fit starts from: the quotes of each expiry, standardised, and the priors."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from plimsoll.domain.option_chain import BoolArray, FloatArray, IntArray
from plimsoll.domain.smile_quotes import QuoteStatus, SmileQuotes
from plimsoll.domain.surface import VolSurface
from plimsoll.estimators.surface.previous import carried_smiles, faded_scales
from plimsoll.estimators.surface.settings import SurfaceSettings
from plimsoll.maths.surface_fit_curve import COORDINATES, LOG_LEVEL
from plimsoll.maths.surface_fit_problem import SurfaceProblem
from plimsoll.maths.surface_fit_verification import WIDEST, far_points, sinh_grid
from plimsoll.maths.variance_clock import variance_years

_NEAR_POINTS, _FAR_POINTS, _FARTHEST = 51, 16, 60.0
POINTS, ROOM = _NEAR_POINTS + _FAR_POINTS, 60
"""Condition points of an expiry - within |k| = 3, and from there to 60, where smiles are nearly
their asymptotes - and room for those that the verification adds."""
_NEAREST = 3
_SMALLEST_SPREAD = 1e-3
"""Least half-spread as a share of the volatility: a locked quote is no more certain than that."""
_COMMON_SHAPE = (0.0, np.log(0.35), np.log(0.35), 0.0, 0.0)
"""A smile as wide as its standard deviation, in coordinates; only a place to start from."""
_CLOSEST_LOG_TIME = 0.05
SHORTEST_YEARS = 60.0 / (365.0 * 86_400.0)
"""Time to expiry from which there is a smile: a minute. Nearer, a tick of the price is thousands of
volatility points, and the quotes of a snapshot are further apart than the expiry is away."""
_DEVIATIONS = (1e-4, 4.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FitInput:
    """Expiries to fit (rising), the quotes used, and what the previous surface says of them.

    Parameters
    ----------
    expiry_ns : (n,) int64
    years, clock_years : (n,) float64
        Calendar and variance time to expiry.
    deviation : (n,) float64
        At-the-money standard deviation, roughly.
    rows : (N,) int64
        Rows of the chain, by expiry and strike.
    first : (n + 1,) int64
        Bounds of the expiries in ``rows``.
    prior : (n, 5) float64
        Coordinates of the previous surface, NaN where it knows nothing.
    prior_scale : (n, 5) float64
    """

    expiry_ns: IntArray
    years: FloatArray
    clock_years: FloatArray
    deviation: FloatArray
    rows: IntArray
    first: IntArray
    prior: FloatArray
    prior_scale: FloatArray

    @property
    def quotes(self) -> IntArray:
        """(n,) quotes used by expiry."""
        return np.diff(self.first)


def usable_rows(quotes: SmileQuotes, settings: SurfaceSettings, wild: BoolArray) -> BoolArray:
    """(N,) quotes to fit: usable, not wild, and not beyond the wings.

    Where an expiry has too few of them, those beyond the wings and in the money join.
    """
    good = ~wild & (quotes.tau_years >= SHORTEST_YEARS) & np.isfinite(quotes.log_moneyness)
    with np.errstate(invalid="ignore"):
        delta = np.abs(quotes.forward_delta)
        good &= (quotes.bid_vol > 0.0) & (quotes.ask_vol >= quotes.bid_vol)
        good &= quotes.ask_vol < np.inf
        near = (delta >= settings.wing_delta) & (delta <= 1.0 - settings.wing_delta)
    near &= good & quotes.usable
    expiries, code = np.unique(quotes.chain.expiry_ns, return_inverse=True)
    thin = np.bincount(code[near], minlength=expiries.size) < settings.least_quotes
    spare = quotes.usable | (quotes.status == QuoteStatus.IN_THE_MONEY)
    chosen: BoolArray = near | (good & spare & thin[code])
    return chosen


def fit_input(
    quotes: SmileQuotes, settings: SurfaceSettings, used: BoolArray, previous: VolSurface | None
) -> FitInput:
    """Put quotes in order and standardise; expiries without quotes stay if a prior knows them."""
    known = _known_expiries(quotes, used, previous)
    rows = _ordered_rows(quotes, used)
    expiry_ns = np.array(known, dtype=np.int64)
    first = np.searchsorted(quotes.chain.expiry_ns[rows], np.append(expiry_ns, 2**62))
    years = np.array([quotes.expiries[expiry].tau_years for expiry in known])
    at_ns = np.int64(quotes.chain.at_ns)
    clock_years = variance_years(settings.clock.day_weights, at_ns, expiry_ns)
    carried = carried_smiles(previous, settings, quotes.chain.at_ns, known, years, clock_years)
    deviation = _deviations(quotes, rows, first, years, carried.vol, settings.least_quotes)
    prior = carried.shape.copy()
    prior[:, LOG_LEVEL] = 2.0 * np.log(carried.vol * np.sqrt(years) / deviation)
    return FitInput(
        expiry_ns=expiry_ns,
        years=years,
        clock_years=clock_years,
        deviation=deviation,
        rows=rows,
        first=first.astype(np.int64),
        prior=prior,
        prior_scale=faded_scales(carried.scale, settings, np.diff(first), years),
    )


def surface_problem(
    quotes: SmileQuotes, settings: SurfaceSettings, given: FitInput
) -> SurfaceProblem:
    """Arrays of the compiled fit, without its priors."""
    rows, n = given.rows, given.years.size
    bid, ask = quotes.bid_vol[rows], quotes.ask_vol[rows]
    tick = np.nan_to_num(quotes.vol_per_tick[rows], nan=0.0, posinf=0.0)
    centre = 0.5 * (bid + ask)
    least = np.maximum(0.5 * tick, _SMALLEST_SPREAD * centre)
    with np.errstate(invalid="ignore"):
        delta = np.abs(quotes.forward_delta[rows])
        core = (delta >= settings.core_delta) & (delta <= 1.0 - settings.core_delta)
    points = np.zeros((n, POINTS + ROOM))
    for i in range(n):
        sinh_grid(given.deviation[i], WIDEST, points[i, :_NEAR_POINTS])
        far_points(WIDEST, _FARTHEST, points[i, _NEAR_POINTS:POINTS])
    blank = [np.zeros((n, COORDINATES)) for _ in range(4)]
    return SurfaceProblem(
        given.deviation.copy(),
        given.years.copy(),
        given.first.copy(),
        quotes.log_moneyness[rows],
        centre,
        np.maximum(0.5 * (ask - bid), least),
        np.where(core, 1.0, settings.wing_weight),
        points,
        np.full_like(points, 0.5),
        _calendar_midpoints(quotes, settings, given),
        np.full(n, POINTS, dtype=np.int64),
        *blank,
    )


def _calendar_midpoints(
    quotes: SmileQuotes, settings: SurfaceSettings, given: FitInput
) -> FloatArray:
    """(n,) share of the variance time to the next expiry gone by halfway on the calendar."""
    share = np.full(given.years.size, 0.5)
    early, late = given.expiry_ns[:-1], given.expiry_ns[1:]
    halfway = variance_years(
        settings.clock.day_weights, np.int64(quotes.chain.at_ns), early + (late - early) // 2
    )
    share[:-1] = (halfway - given.clock_years[:-1]) / np.diff(given.clock_years)
    return share


def common_start(n: int) -> FloatArray:
    """(n, 5) coordinates of the shape to start from."""
    return np.tile(np.array(_COMMON_SHAPE), (n, 1))


def set_priors(
    problem: SurfaceProblem, given: FitInput, settings: SurfaceSettings, centre: FloatArray
) -> None:
    """Write anchors and links into a problem.

    The anchor joins the shapes ``centre`` (n, 5) with the previous surface's, each with its
    precision; a link expects the same shape and at-the-money volatility from expiry to expiry.
    """
    problem.anchor[:] = centre
    problem.anchor_precision[:] = 0.0
    problem.anchor_precision[:, LOG_LEVEL + 1 :] = settings.shape_scale**-2.0
    own = np.isfinite(given.prior)
    precision = np.where(own, given.prior_scale, 1.0) ** -2.0 * own
    total = problem.anchor_precision + precision
    pull = problem.anchor_precision * centre + precision * np.where(own, given.prior, 0.0)
    problem.anchor[:] = np.where(total > 0.0, pull / np.where(total > 0.0, total, 1.0), centre)
    problem.anchor_precision[:] = total
    if given.years.size > 1:
        _set_links(problem, given, settings)


def _set_links(problem: SurfaceProblem, given: FitInput, settings: SurfaceSettings) -> None:
    """Write the links; a thin expiry has its shape from its neighbours."""
    apart = np.maximum(np.diff(np.log(given.years)), _CLOSEST_LOG_TIME)
    vol = given.deviation / np.sqrt(given.years)
    thin = given.quotes < settings.least_quotes
    scale = np.where(thin[1:] | thin[:-1], settings.thin_scale, settings.neighbour_scale)
    problem.link[:-1, LOG_LEVEL] = -2.0 * np.diff(np.log(vol))
    problem.link_precision[:-1] = (scale**-2.0 / apart)[:, None]
    problem.link_precision[:-1, LOG_LEVEL] = settings.term_scale**-2.0 / apart


def _known_expiries(quotes: SmileQuotes, used: BoolArray, previous: VolSurface | None) -> list[int]:
    """Expiries a minute and more away with a quote, or a forward and a smile in ``previous``."""
    quoted = set(np.unique(quotes.chain.expiry_ns[used]).tolist())
    carried = set() if previous is None else set(previous.expiries_ns)
    return sorted(
        expiry
        for expiry, summary in quotes.expiries.items()
        if summary.tau_years >= SHORTEST_YEARS
        and 0.0 < summary.forward < np.inf
        and (expiry in quoted or expiry in carried)
    )


def _ordered_rows(quotes: SmileQuotes, used: BoolArray) -> IntArray:
    """Used rows by expiry, strike and volatility, whatever the order of the chain."""
    rows = np.flatnonzero(used)
    live = [expiry for expiry, summary in quotes.expiries.items() if summary.forward > 0.0]
    rows = rows[np.isin(quotes.chain.expiry_ns[rows], live)]
    keys = (quotes.ask_vol, quotes.bid_vol, quotes.log_moneyness, quotes.chain.expiry_ns)
    order: IntArray = rows[np.lexsort(tuple(key[rows] for key in keys))].astype(np.int64)
    return order


def _deviations(
    quotes: SmileQuotes,
    rows: IntArray,
    first: IntArray,
    years: FloatArray,
    before: FloatArray,
    least_quotes: int,
) -> FloatArray:
    """(n,) volatility near the money (a median) times root time; thin expiries ask around."""
    vol = 0.5 * (quotes.bid_vol + quotes.ask_vol)
    near: list[FloatArray] = []
    for start, end in pairwise(first.tolist()):
        own = rows[start:end]
        order = np.argsort(np.abs(quotes.log_moneyness[own]), kind="stable")[:_NEAREST]
        near.append(vol[own[order]])
    sound = np.flatnonzero(np.diff(first) >= least_quotes)
    typical = np.array([np.median(values) if values.size else np.nan for values in near])
    for i in np.flatnonzero(np.diff(first) < least_quotes):
        closest = sound[np.argsort(np.abs(np.log(years[sound] / years[i])), kind="stable")[:2]]
        around = np.concatenate((near[i], typical[closest], before[i : i + 1]))
        typical[i] = np.nanmedian(around)
    deviation: FloatArray = np.clip(typical * np.sqrt(years), *_DEVIATIONS)
    return deviation
