"""What Derive's options start from, and their values: Black-76 on the expected settlement price.

An expired contract is settled where the snapshot says at which price: an `ExpiryQuote` of which
nothing floats any more. It is worth its intrinsic value and no scenario moves it. Without such a
quote it has the reason EXPIRED.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Instrument, Option
from plimsoll.domain.listing import Listing
from plimsoll.domain.margin_reason import MarginReason
from plimsoll.domain.market import MarketSnapshot
from plimsoll.margin.units.kept_rows import kept_rows
from plimsoll.maths import black76
from plimsoll.maths.black76_kernels import LARGEST, SMALLEST_PRICE
from plimsoll.scenarios.grid_options import OptionRows, option_rows
from plimsoll.scenarios.grid_rules import GridRules, VolSource

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_WITHOUT_FORWARD = (
    MarginReason.EXPIRED,
    MarginReason.NOT_MARGINED,
    MarginReason.NO_FORWARD,
    MarginReason.NO_CONTRACT_SIZE,
)


def option_inputs(
    options: Mapping[str, Option], snapshot: MarketSnapshot, *, oldest_surface_ns: int
) -> OptionRows:
    """Look up forwards, rates and volatilities; negative rates count as zero.

    The venue's volatility is taken as it is, however high; where there is none the surface's.

    Raises
    ------
    UsageError
        For a surface later than the snapshot.
    """
    rules = GridRules(
        vol_source=VolSource.MARK,
        discounted=True,
        lowest_rate_annual=0.0,
        oldest_surface_ns=oldest_surface_ns,
    )
    rows = option_rows(options, snapshot, rules)
    return _settled(_with_high_vols(rows, options, snapshot), options, snapshot)


def option_prices(
    rows: OptionRows, price_multiplier: FloatArray, sigma: FloatArray, *, discounted: bool
) -> FloatArray:
    """Value (N, S) of one long contract; NaN in rows with a reason.

    Parameters
    ----------
    price_multiplier : (S,) float64
        Of the part of the forward that still floats.
    sigma : (N, S) or (N, 1) float64
    """
    good = np.flatnonzero(rows.reason == 0)
    out = np.full((rows.strike.size, price_multiplier.size), np.nan)
    if not good.size:
        return out
    floating, fixed = rows.floating[good, None], rows.fixed[good, None]
    forward = np.maximum(floating * price_multiplier + fixed, SMALLEST_PRICE)
    prices = black76.price(
        forward,
        rows.strike[good, None],
        rows.tau_years[good, None],
        np.minimum(sigma[good], LARGEST),
        rows.is_call[good, None],
    )
    scale = rows.units[good] * (rows.discount[good] if discounted else 1.0)
    out[good] = prices * scale[:, None]
    return out


def expiry_confidences(
    snapshot: MarketSnapshot, instruments: Mapping[str, Instrument]
) -> FloatArray:
    """(O,) of each option: the least confidence of its expiry's forward, rate and volatilities."""
    if isinstance(instruments, Listing):
        return kept_rows(
            instruments,
            snapshot,
            "expiry_confidences",
            lambda few, _: _Confidences(value=_confidences(snapshot, few)),
        ).value
    return _confidences(snapshot, instruments)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Confidences:
    """(O,) by option."""

    value: FloatArray


def _confidences(snapshot: MarketSnapshot, instruments: Mapping[str, Instrument]) -> FloatArray:
    found = []
    for instrument in instruments.values():
        if not isinstance(instrument, Option):
            continue
        quote = snapshot.expiries.get((instrument.pair, instrument.settle, instrument.expiry_ns))
        found.append(
            1.0
            if quote is None
            else min(quote.confidence, quote.rate_confidence, quote.vol_confidence)
        )
    return np.array(found, dtype=np.float64)


def _with_high_vols(
    rows: OptionRows, options: Mapping[str, Option], snapshot: MarketSnapshot
) -> OptionRows:
    """Take the marks that `option_rows` holds for impossible: the venue's own contract does."""
    quotes = snapshot.quotes
    marked = np.array([quotes[m].implied_vol_annual if m in quotes else np.nan for m in options])
    usable = np.isfinite(marked) & (marked >= 0.0) & np.isfinite(rows.forward)
    usable &= ~np.isin(rows.reason, [int(reason) for reason in _WITHOUT_FORWARD])
    return replace(
        rows,
        sigma=np.where(usable, marked, rows.sigma),
        reason=np.where(usable, 0, rows.reason).astype(np.int64),
    )


def _settled(
    rows: OptionRows, options: Mapping[str, Option], snapshot: MarketSnapshot
) -> OptionRows:
    """Value expired contracts at the price they settled at."""
    expired = np.array([o.expiry_ns <= snapshot.at_ns for o in options.values()], dtype=np.bool_)
    known = expired & (rows.floating == 0.0) & np.isfinite(rows.fixed) & ~np.isnan(rows.units)
    return replace(
        rows,
        sigma=np.where(known, 0.0, rows.sigma),
        reason=np.where(known, 0, rows.reason).astype(np.int64),
    )
