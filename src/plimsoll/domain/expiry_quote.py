"""What a venue says of one expiry at one instant: forward, what is settled already, rate."""

from __future__ import annotations

from dataclasses import dataclass

from plimsoll.errors import DataFormatError


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiryQuote:
    """Forward and rate of one expiry of one underlying.

    The price at which the expiry will settle is expected to be ``floating + fixed``. Before the
    settlement window all of it floats. Inside it, venues settle at an average: the share of the
    window that has passed is fixed at the average so far, and only the rest still moves with the
    underlying.

    Parameters
    ----------
    floating : float
        The part that moves with the underlying, quote currency per unit of the underlying.
    fixed : float
        The part that does not move any more.
    rate_annual : float
        Continuously compounded, of the quote currency; only models that discount use it.
    confidence, rate_confidence, vol_confidence : float
        Of the forward, the rate and the volatilities of this expiry; 1 = full.

    Raises
    ------
    DataFormatError
        For negative parts, and for confidences outside [0, 1].
    """

    floating: float
    fixed: float = 0.0
    rate_annual: float = 0.0
    confidence: float = 1.0
    rate_confidence: float = 1.0
    vol_confidence: float = 1.0

    def __post_init__(self) -> None:
        for name in ("floating", "fixed"):
            if getattr(self, name) < 0.0:
                raise DataFormatError(
                    "must not be negative", found=getattr(self, name), field=f"ExpiryQuote.{name}"
                )
        for name in ("confidence", "rate_confidence", "vol_confidence"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise DataFormatError(
                    "must lie in [0, 1]", found=getattr(self, name), field=f"ExpiryQuote.{name}"
                )

    @property
    def forward(self) -> float:
        """Expected settlement price: the floating and the fixed part."""
        return self.floating + self.fixed


def averaged(
    forward: float, average_so_far: float, seconds_left: float, window_seconds: float = 1800.0
) -> tuple[float, float]:
    """Split an expected settlement price into its floating and its fixed part.

    Parameters
    ----------
    forward : float
        Of what still floats.
    average_so_far : float
        Mean index over the part of the window that has passed; not used before the window.
    seconds_left : float
        To the end of the window, which is the expiry.
    window_seconds : float
        Length of the settlement average; half an hour on the venues here.

    Returns
    -------
    floating, fixed : float

    Examples
    --------
    Ten minutes before an expiry two thirds of the average are known:

    >>> [round(part, 9) for part in averaged(90.0, 120.0, 600.0)]
    [30.0, 80.0]
    >>> averaged(90.0, 120.0, 3600.0)
    (90.0, 0.0)
    """
    if seconds_left >= window_seconds:
        return forward, 0.0
    share = max(seconds_left, 0.0) / window_seconds
    return forward * share, average_so_far * (1.0 - share)
