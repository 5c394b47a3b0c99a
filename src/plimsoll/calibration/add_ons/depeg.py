"""Depeg add-on: rates on what is hedged between two dollars, by how weak the weaker one stands.

Of hours in which a dollar coin stood in a band below its peg, the further fall over the close-out
is measured; its far quantile is the band's rate. Rates do not fall as the peg falls, nor below the
class's, and rise with size by what closing it costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.add_ons.grid_steps import RATE_STEP, up
from plimsoll.errors import ParameterError
from plimsoll.margin.add_ons.depeg import DepegAddOn, PegBand

FloatArray = NDArray[np.float64]

PEGS = (Decimal("0.998"), Decimal("0.99"), Decimal("0.97"), Decimal(0))
LEAST_HOURS = 50


def further_falls(price: FloatArray, bars: int) -> tuple[FloatArray, FloatArray]:
    """Return the peg (n,) at the start and the share (n,) further lost, at least 0."""
    start, end = price[:-bars], price[bars:]
    known = np.isfinite(start) & np.isfinite(end)
    return start[known], np.maximum(0.0, 1.0 - end[known] / start[known])


def depeg_add_on(
    prices: Sequence[FloatArray],
    bars: int,
    *,
    confidence: float = 0.99,
    pegs: Sequence[Decimal] = PEGS,
    least_rates: Sequence[float] = (0.002, 0.01, 0.05, 0.1),
    sizes_usd: Sequence[Decimal] = (Decimal(10) ** 6, Decimal(10) ** 7),
    size_cost: Sequence[float] = (0.0, 0.001, 0.005),
) -> DepegAddOn:
    """Return the bands of dollar coins from their prices in dollars.

    Parameters
    ----------
    prices : sequence of (T,) float64
        All coins of the class; pooled, for breaks are few.
    bars : int
        Close-out.
    pegs : sequence of Decimal
        Lower ends of the bands, falling to 0.
    least_rates : sequence of float
        One a band, of the class: where fewer than `LEAST_HOURS` were seen, and never below.
    sizes_usd, size_cost : sequences
        Ends of the brackets, and what closing adds in each (one more, the open one), not falling.

    Raises
    ------
    ParameterError
    """
    if len(least_rates) != len(pegs) or len(size_cost) != len(sizes_usd) + 1:
        raise ParameterError(
            "must be one rate a band and one cost a bracket",
            found=(len(least_rates), len(size_cost)),
            field="least_rates",
        )
    if any(b < a for a, b in pairwise(size_cost)):
        raise ParameterError("must not fall with size", found=tuple(size_cost), field="size_cost")
    seen = [further_falls(np.asarray(p, dtype=np.float64), bars) for p in prices]
    at = np.concatenate([np.empty(0), *(peg for peg, _ in seen)])
    lost = np.concatenate([np.empty(0), *(fall for _, fall in seen)])
    bands, rate, upper = [], 0.0, np.inf
    for peg, least in zip(pegs, least_rates, strict=True):
        inside = lost[(at >= float(peg)) & (at < upper)]
        own = float(np.quantile(inside, confidence)) if inside.size >= LEAST_HOURS else 0.0
        rate, upper = max(rate, least, own), float(peg)
        ends = (*sizes_usd, None)
        brackets = tuple(
            (end, min(Decimal(1), up(rate + cost, RATE_STEP)))
            for end, cost in zip(ends, size_cost, strict=True)
        )
        bands.append(PegBand(peg_at_least=peg, brackets=brackets))
    return DepegAddOn(bands=tuple(bands))
