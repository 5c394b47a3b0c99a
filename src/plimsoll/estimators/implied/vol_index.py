"""A volatility index of constant maturity, from a chain's own quotes or from its fitted surface.

The total variances of the expiries on both sides of the horizon are interpolated linearly in
calendar time (quotes: as Cboe does; no model enters) or in the surface's variance time (surface),
and 100 sigma is the index.

    w(T) = w1 + (w2 - w1) (T - T1) / (T2 - T1),    index = 100 sqrt(w(T) / T)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from plimsoll.domain.instrument import Payoff
from plimsoll.domain.smile_quotes import QuoteStatus, SmileQuotes
from plimsoll.domain.surface import SviSmile, VolSurface
from plimsoll.errors import UsageError
from plimsoll.estimators.implied.smile_strip import smile_strip_variance
from plimsoll.estimators.implied.variance_strip import StripVariance, Truncation, strip_variance
from plimsoll.maths.variance_clock import DAY_NS, variance_years

_UNFIT = (QuoteStatus.DUPLICATED, QuoteStatus.INVALID_TERMS, QuoteStatus.EXPIRED)


class IndexReason(StrEnum):
    """Why a chain has no index (closed enumeration)."""

    NO_EXPIRY_BEFORE = "no_expiry_before"
    NO_EXPIRY_AFTER = "no_expiry_after"


@dataclass(frozen=True, slots=True, kw_only=True)
class VolIndex:
    """Index of one pair at one instant.

    Parameters
    ----------
    at_ns : int
    horizon_days : float
    value : float
        100 sigma; NaN with a reason.
    near_days, next_days : float
        Expiries used, in days from ``at_ns``; equal where one lies on the horizon.
    beyond_share : float
        Part of the variance that lies beyond the quoted strikes, by the truncation rule; 0 for a
        surface, which has all strikes.
    reason : IndexReason or None
    """

    at_ns: int
    horizon_days: float
    value: float
    near_days: float = float("nan")
    next_days: float = float("nan")
    beyond_share: float = 0.0
    reason: IndexReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    """Total variance of an expiry, calendar and interpolation time."""

    tau_years: float
    clock_years: float
    variance: float
    beyond: float = 0.0


def expiry_strip(
    quotes: SmileQuotes, expiry_ns: int, *, truncation: Truncation = Truncation.NONE
) -> StripVariance:
    """Strip variance of one expiry of a chain; coin prices times each row's own forward.

    Rows read twice, without terms, expired or without a forward are left out; the forward of the
    strip is the expiry's median.

    Raises
    ------
    UsageError
        For an expiry the chain does not have, or one without a forward or any time left.
    """
    if expiry_ns not in quotes.expiries:
        raise UsageError("must be an expiry of the chain", found=expiry_ns, field="expiry_ns")
    summary, chain = quotes.expiries[expiry_ns], quotes.chain
    rows = (chain.expiry_ns == expiry_ns) & ~np.isin(quotes.status, _UNFIT)
    rows &= np.isfinite(quotes.forward)
    unit = quotes.forward[rows] if chain.payoff is Payoff.INVERSE else np.ones(int(rows.sum()))
    return strip_variance(
        chain.strike[rows],
        chain.is_call[rows],
        chain.bid[rows] * unit,
        chain.ask[rows] * unit,
        summary.forward,
        summary.tau_years,
        truncation=truncation,
    )


def vol_index(
    quotes: SmileQuotes,
    *,
    horizon_days: float = 30.0,
    minimum_days: float = 1.0,
    truncation: Truncation = Truncation.NONE,
) -> VolIndex:
    """Model-free index from a chain's own quotes.

    Parameters
    ----------
    quotes : SmileQuotes
    horizon_days, minimum_days : float
        Calendar days from the chain's time.
    truncation : Truncation
        What is done about strikes beyond the quoted ones.

    Notes
    -----
    Expiries nearer than ``minimum_days`` and those whose strip has a reason are passed over: "no
    expiry before" and "after" the horizon mean none with a strip.
    """
    nodes = []
    for expiry_ns, summary in quotes.expiries.items():
        ready = summary.tau_years * 365.0 >= minimum_days and 0.0 < summary.forward < np.inf
        if not ready:
            continue
        strip = expiry_strip(quotes, expiry_ns, truncation=truncation)
        if strip.reason is None:
            years = strip.tau_years
            nodes.append(
                _Node(
                    tau_years=years,
                    clock_years=years,
                    variance=strip.total_variance,
                    beyond=strip.beyond,
                )
            )
    return _interpolated(quotes.chain.at_ns, horizon_days, horizon_days / 365.0, nodes)


def surface_vol_index(surface: VolSurface, *, horizon_days: float = 30.0) -> VolIndex:
    """The same index by the strip over all strikes of a fitted surface.

    Parameters
    ----------
    surface : VolSurface
    horizon_days : float
        Calendar days from the surface's time; positive.

    Returns
    -------
    VolIndex
        ``beyond_share`` is 0: a surface has all strikes.

    Raises
    ------
    EstimationError
        Where a smile beside the horizon has butterfly arbitrage or wings at Lee's bound: see
        `plimsoll.estimators.implied.smile_strip`.
    """
    nodes = [
        _Node(
            tau_years=smile.tau_years,
            clock_years=smile.variance_years,
            variance=smile_strip_variance(smile),
        )
        for smile in _around(surface, horizon_days)
    ]
    end = surface.at_ns + round(horizon_days * DAY_NS)
    clock_years = float(variance_years(surface.clock.day_weights, surface.at_ns, end))
    return _interpolated(surface.at_ns, horizon_days, clock_years, nodes)


def _around(surface: VolSurface, horizon_days: float) -> list[SviSmile]:
    """The smiles on both sides of the horizon: no others are integrated."""
    days = np.array([(smile.expiry_ns - surface.at_ns) / DAY_NS for smile in surface.smiles])
    after = int(np.searchsorted(days, horizon_days))
    return list(surface.smiles[max(after - 1, 0) : after + 1])


def _interpolated(
    at_ns: int, horizon_days: float, clock_years: float, nodes: Sequence[_Node]
) -> VolIndex:
    before = [node for node in nodes if node.clock_years <= clock_years]
    after = [node for node in nodes if node.clock_years >= clock_years]
    if not before or not after:
        side = IndexReason.NO_EXPIRY_AFTER if before else IndexReason.NO_EXPIRY_BEFORE
        return VolIndex(at_ns=at_ns, horizon_days=horizon_days, value=float("nan"), reason=side)
    near, far = before[-1], after[0]
    gap = far.clock_years - near.clock_years
    share = (clock_years - near.clock_years) / gap if gap > 0.0 else 0.0
    variance = (1.0 - share) * near.variance + share * far.variance
    beyond = (1.0 - share) * near.beyond + share * far.beyond
    return VolIndex(
        at_ns=at_ns,
        horizon_days=horizon_days,
        value=100.0 * float(np.sqrt(variance / (horizon_days / 365.0))),
        near_days=near.tau_years * 365.0,
        next_days=far.tau_years * 365.0,
        beyond_share=beyond / variance,
    )
