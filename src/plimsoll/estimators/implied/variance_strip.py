"""Model-free variance of one expiry by a strip of out-of-the-money options.

    sigma^2 tau = 2 sum_i (dK_i / K_i^2) Q(K_i) - (F / K_0 - 1)^2

without discounting, where K_0 is the highest strike not above the forward F, Q the mid of the
put below K_0, of the call above it and of both at K_0, and dK half the distance between a
strike's neighbours (at the ends: the distance to the one neighbour).

Zero-bid rule: walking outwards from K_0, strikes without a bid are left out, and behind two of
them in a row no further strike is taken. A strike without an ask, with an ask below its bid, or
with a mid no option can be worth (a call the forward, a put its strike) counts likewise.

Truncation: the strip ends at the last strikes. ``FLAT_VOL`` adds what lies beyond under a flat
volatility, that of the last mid on each side, in closed form (and ends the last dK at the
strike), since with d1, d2 at K

    int_K^inf (S - x)^+ / x^2 dx = (S/K - 1 - ln(S/K)) 1{S > K}.

Quotes that belong to no forward near theirs, or are in another unit, can sum to less than the
correction for K_0, or end in a mid below its intrinsic value: such an expiry has a reason instead.

Source: Cboe, Volatility Index Methodology (2023), for strip and rule; the log contract is
Demeterfi, Derman, Kamal and Zou (1999).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from plimsoll.domain.choice import chosen
from plimsoll.domain.option_chain import BoolArray, FloatArray
from plimsoll.errors import DataFormatError, UsageError
from plimsoll.maths.implied_vol import implied_volatility


class Truncation(StrEnum):
    """What is done about the strikes beyond the strip."""

    NONE = "none"
    FLAT_VOL = "flat_vol"


class StripReason(StrEnum):
    """Why an expiry has no strip variance (closed enumeration)."""

    NO_STRIKE_AT_FORWARD = "no_strike_at_forward"
    TOO_FEW_STRIKES = "too_few_strikes"
    VARIANCE_NOT_POSITIVE = "variance_not_positive"
    """The strip is worth no more than the correction for K_0 takes off, or is not finite."""
    LAST_MID_WITHOUT_VOL = "last_mid_without_vol"
    """``FLAT_VOL``: a last mid at or below its intrinsic value has no volatility to carry on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StripVariance:
    """Variance of one expiry.

    Parameters
    ----------
    tau_years : float
    total_variance : float
        sigma^2 tau, truncation included, positive; NaN with a reason.
    beyond : float
        Part of it that the truncation rule added.
    puts, calls : int
        Strikes taken below and above K_0.
    lowest, highest : float
        Last strikes; NaN with a reason.
    reason : StripReason or None
    """

    tau_years: float
    total_variance: float
    beyond: float = 0.0
    puts: int = 0
    calls: int = 0
    lowest: float = float("nan")
    highest: float = float("nan")
    reason: StripReason | None = None

    @property
    def vol(self) -> float:
        """Annual volatility, as a fraction."""
        return float(np.sqrt(self.total_variance / self.tau_years))


def strip_variance(
    strike: FloatArray,
    is_call: BoolArray,
    bid: FloatArray,
    ask: FloatArray,
    forward: float,
    tau_years: float,
    *,
    truncation: Truncation = Truncation.NONE,
    minimum_strikes: int = 2,
) -> StripVariance:
    """Model-free variance of one expiry from its own quotes.

    Parameters
    ----------
    strike, bid, ask : (n,) float64
        Quote currency: prices in coin times the forward. NaN or zero where there is no quote.
    is_call : (n,) bool
        Each right at most once per strike.
    forward : float
    tau_years : float
    truncation : Truncation
    minimum_strikes : int
        Fewest out-of-the-money strikes on each side of K_0.

    Raises
    ------
    UsageError
        For a forward or a time that is not positive.
    DataFormatError
        For columns of different length, strikes that are not positive, or a right that stands
        twice at one strike.
    """
    _check(strike, is_call, bid, ask, forward, tau_years)
    worth = np.where(is_call, forward, strike)
    mid = np.where((bid > 0.0) & (ask >= bid) & (bid + ask < 2.0 * worth), 0.5 * (bid + ask), 0.0)
    calls, puts = (_rising(strike[side], mid[side]) for side in (is_call, ~is_call))
    both = np.intersect1d(calls[0][calls[1] > 0.0], puts[0][puts[1] > 0.0])
    if not np.any(both <= forward):
        return _refused(tau_years, StripReason.NO_STRIKE_AT_FORWARD)
    centre = float(both[both <= forward].max())
    low, low_mid = _walk(puts[0][::-1], puts[1][::-1], puts[0][::-1] < centre)
    high, high_mid = _walk(calls[0], calls[1], calls[0] > centre)
    if min(low.size, high.size) < minimum_strikes:
        return _refused(tau_years, StripReason.TOO_FEW_STRIKES)
    at_centre = 0.5 * float(puts[1][puts[0] == centre][0] + calls[1][calls[0] == centre][0])
    strikes = np.concatenate((low[::-1], [centre], high))
    mids = np.concatenate((low_mid[::-1], [at_centre], high_mid))
    flat = chosen(Truncation, truncation, "truncation") is Truncation.FLAT_VOL
    inside = 2.0 * float(np.sum(_widths(strikes, half_ends=flat) / strikes**2 * mids))
    beyond = _beyond(strikes, mids, forward) if flat else 0.0
    if np.isnan(beyond):
        return _refused(tau_years, StripReason.LAST_MID_WITHOUT_VOL)
    total = inside + beyond - (forward / centre - 1.0) ** 2
    if not 0.0 < total < np.inf:
        return _refused(tau_years, StripReason.VARIANCE_NOT_POSITIVE)
    return StripVariance(
        tau_years=tau_years,
        total_variance=total,
        beyond=beyond,
        puts=low.size,
        calls=high.size,
        lowest=float(strikes[0]),
        highest=float(strikes[-1]),
    )


def flat_vol_tail(log_moneyness: float, deviation: float, call: bool) -> float:
    """Log-contract variance of all strikes beyond k under a flat volatility, both sides alike.

    2 E[(S/K - 1 - ln(S/K)) 1{beyond K}] for ln(S/F) ~ N(-s^2/2, s^2), k = ln(K/F).

    Examples
    --------
    >>> both = flat_vol_tail(0.0, 0.2, True) + flat_vol_tail(0.0, 0.2, False)
    >>> round(both, 12)
    0.04
    """
    side = 1.0 if call else -1.0
    d2 = -log_moneyness / deviation - 0.5 * deviation
    mean_log = -log_moneyness - 0.5 * deviation**2
    density = np.exp(-0.5 * d2**2) / np.sqrt(2.0 * np.pi)
    shares = np.exp(-log_moneyness) * ndtr(side * (d2 + deviation)) - ndtr(side * d2)
    logs = mean_log * ndtr(side * d2) + side * deviation * density
    return float(2.0 * (shares - logs))


def _check(
    strike: FloatArray,
    is_call: BoolArray,
    bid: FloatArray,
    ask: FloatArray,
    forward: float,
    tau_years: float,
) -> None:
    for name, value in (("forward", forward), ("tau_years", tau_years)):
        if not 0.0 < value < np.inf:
            raise UsageError("must be positive", found=value, field=name)
    if not strike.shape == is_call.shape == bid.shape == ask.shape == (strike.size,):
        raise DataFormatError(
            "columns must be of one length", found=(strike.shape, is_call.shape, bid.shape)
        )
    if not bool(np.all((strike > 0.0) & (strike < np.inf))):
        raise DataFormatError("must be positive", found="other strikes", field="strike")
    for side in (is_call, ~is_call):
        if np.unique(strike[side]).size != int(side.sum()):
            raise DataFormatError(
                "must hold each right once per strike",
                found="a strike twice",
                field="strike",
                remedy="leave duplicated strikes out",
            )


def _rising(strike: FloatArray, mid: FloatArray) -> tuple[FloatArray, FloatArray]:
    order = np.argsort(strike)
    return strike[order], mid[order]


def _walk(
    strike: FloatArray, mid: FloatArray, out_of_the_money: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """Strikes and mids taken walking outwards, by the zero-bid rule."""
    strike, mid = strike[out_of_the_money], mid[out_of_the_money]
    empty = mid <= 0.0
    ends = np.flatnonzero(empty[1:] & empty[:-1])
    end = int(ends[0]) if ends.size else strike.size
    kept = ~empty[:end]
    return strike[:end][kept], mid[:end][kept]


def _widths(strikes: FloatArray, half_ends: bool) -> FloatArray:
    steps = np.diff(strikes)
    share = 0.5 if half_ends else 1.0
    ends = np.concatenate(([share * steps[0]], 0.5 * (steps[1:] + steps[:-1])))
    widths: NDArray[np.float64] = np.concatenate((ends, [share * steps[-1]]))
    return widths


def _beyond(strikes: FloatArray, mids: FloatArray, forward: float) -> float:
    """Flat-volatility tails at the volatilities of the last mids; NaN where one has none."""
    ends, is_call = [0, -1], np.array([False, True])
    found = implied_volatility(mids[ends], forward, strikes[ends], 1.0, is_call)
    if not bool(np.all(found.solved)):
        return float("nan")
    logs = np.log(strikes[ends] / forward)
    tails = zip(logs.tolist(), found.sigma.tolist(), is_call.tolist(), strict=True)
    return sum(flat_vol_tail(k, deviation, call) for k, deviation, call in tails)


def _refused(tau_years: float, reason: StripReason) -> StripVariance:
    return StripVariance(tau_years=tau_years, total_variance=float("nan"), reason=reason)
