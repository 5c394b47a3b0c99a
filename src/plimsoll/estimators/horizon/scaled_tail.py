r"""Filtered historical simulation of a move over the MPOR, overlapping horizons handled.

For every bar :math:`s` the move over the horizon is divided by the volatility that had been
forecast at the last boundary (midnight) before it began,

.. math:: z_s = \frac{\ln P_{s+h} - \ln P_s}{\sigma_{d(s)}},

and the margin of day :math:`d` is :math:`\sigma_d` times a high quantile of the :math:`z` that
were complete before :math:`d`. Since :math:`z_s` is taken against a forecast that was already in
force, forecast error, intraday seasonality and the growth of risk with the horizon are all in its
tail; nothing is scaled by the square root of time.

Moves overlap. That leaves the quantile unbiased (each move has the same law) but makes
neighbours dependent, so the standard error counts exceedances in blocks of days
(cluster-robust delta method) instead of one by one. Beyond the tail threshold a generalised Pareto
law is fitted by probability-weighted moments (peaks over threshold; McNeil and Frey, Journal of
Empirical Finance 7, 2000, section 2; Hosking and Wallis, Technometrics 29, 1987).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import ParameterError
from plimsoll.estimators.horizon.price_record import Boundaries, PriceRecord
from plimsoll.maths.scaled_moves import EMPIRICAL, POT, scaled_tail_path

FloatArray = NDArray[np.float64]

METHODS = {"pot": POT, "empirical": EMPIRICAL}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaledTail:
    """Quantile of scaled moves over a horizon.

    Parameters
    ----------
    horizon_bars : int
        Length of the move.
    confidence : float
        0.99: exceeded by one move in a hundred.
    wait_bars : int
        How much longer a close-out may wait for a print before the move counts as not known.
    window_days, minimum_days : int
        Look-back, and the least of it that must hold moves.
    tail_fraction : float
        Share of the moves above the threshold.
    method : str
        ``pot`` or ``empirical``.
    block_days : int
        Days per block of the standard error.
    """

    horizon_bars: int
    confidence: float
    wait_bars: int = 24
    window_days: int = 365
    minimum_days: int = 30
    tail_fraction: float = 0.06
    method: str = "pot"
    block_days: int = 5

    def __post_init__(self) -> None:
        if self.horizon_bars < 1:
            raise ParameterError(
                "must be at least one bar", found=self.horizon_bars, field="horizon_bars"
            )
        if not 0.5 < self.confidence < 1.0:
            raise ParameterError("must lie in (0.5, 1)", found=self.confidence, field="confidence")
        if self.method not in METHODS:
            raise ParameterError(
                f"must be one of {sorted(METHODS)}", found=self.method, field="method"
            )

    def path(self, record: PriceRecord, boundaries: Boundaries, volatility: FloatArray) -> TailPath:
        """Return the quantile at every boundary, each from what was known there.

        Parameters
        ----------
        volatility : (D,) float64
            Volatility forecast at each boundary, in any unit.
        """
        late, condemned = record.late_masks(boundaries.time_ns)
        quantile, error, count = scaled_tail_path(
            record.log_price,
            record.mask_from_ns,
            late,
            condemned,
            volatility,
            boundaries.bars,
            boundaries.time_ns,
            self.horizon_bars,
            self.wait_bars,
            self.window_days * boundaries.bars_per_day,
            self.confidence,
            self.tail_fraction,
            METHODS[self.method],
            self.block_days * boundaries.bars_per_day,
            self.minimum_days * boundaries.bars_per_day,
        )
        return TailPath(quantile=quantile, standard_error=error, observations=count)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TailPath:
    """Quantiles of falls (column 0) and rises (column 1), in units of the volatility.

    Parameters
    ----------
    quantile, standard_error : (D, 2) float64
        NaN where too few moves were known.
    observations : (D,) float64
        Moves in the window.
    """

    quantile: FloatArray
    standard_error: FloatArray
    observations: FloatArray
