"""Thresholds of the checks of option chains; none names a coin or a date."""

from __future__ import annotations

from dataclasses import dataclass, fields

from plimsoll.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainSettings:
    """Thresholds of preparing and checking a chain.

    Parameters
    ----------
    liquid_delta : float
        A quote is liquid where its absolute forward delta lies between this and one less this.
    wide_vol, wide_share : float
        A quote wider than this from bid to ask (annual volatility), and wider than this share of
        its own volatility, is wide.
    broken_share : float
        A snapshot is broken where more than this share of its liquid quotes is wide, ...
    broken_tau_days : float
        ... of expiries from this on: hours before an expiry a tick alone may be that wide.
    min_liquid : int
        Fewest liquid quotes that can make a snapshot broken.
    forward_drift_bps : float
        Range of the forwards within an expiry from which it is reported.
    index_drift_bps : float
        Range of the index within a chain from which it is reported.
    short_expiry_days : float
        Expiries nearer than this are reported.
    thin_quotes : int
        Expiries with fewer usable quotes are reported.
    parity_pairs : int
        Fewest two-sided pairs of a put and a call whose parity gives a forward.
    index_error_bps, carry_annual : float
        How far the index may be off a forward: what a snapshot's times make, and carry per year.
        Parity with a larger standard error than both together is no better than the index.
    parity_tolerance : float
        Departure from put-call parity, in half-spreads of the pair, from which it is reported.
    mark_tolerance : float
        By how much (relative) a mark must leave bid and ask to be stale: rounding does not count.

    Raises
    ------
    UsageError
        A threshold is not positive.
    """

    liquid_delta: float = 0.05
    wide_vol: float = 0.2
    wide_share: float = 0.25
    broken_share: float = 0.05
    broken_tau_days: float = 1.0
    min_liquid: int = 20
    forward_drift_bps: float = 5.0
    index_drift_bps: float = 5.0
    short_expiry_days: float = 1.0
    thin_quotes: int = 5
    parity_pairs: int = 3
    index_error_bps: float = 6.0
    carry_annual: float = 0.1
    parity_tolerance: float = 1.0
    mark_tolerance: float = 1e-9

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if not value > 0:
                raise UsageError("must be positive", found=value, field=f"chains.{item.name}")
