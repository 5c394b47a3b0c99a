"""The forward of each row: the best source there is, each named."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plimsoll.domain.option_chain import FloatArray, IntArray, OptionChain
from plimsoll.domain.smile_quotes import ForwardSource
from plimsoll.marketdata.chains.parity import ParityForward, pairs, parity_forward, two_sided
from plimsoll.marketdata.chains.settings import ChainSettings
from plimsoll.maths.variance_clock import YEAR_NS

_BASIS_POINTS = 1e4


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiryForward:
    """Forwards of one expiry.

    Parameters
    ----------
    expiry_ns : int
    rows : (n,) int64
        Rows of the chain.
    forward : (n,) float64
        By row; NaN where there is none.
    source : ForwardSource
        The worst source of any row.
    missing : int
        Rows without a forward of their own.
    range_bps : float
        Largest minus smallest of the rows' own forwards.
    parity, parity_error : float
        Forward of put-call parity and its standard error; NaN without pairs.
    """

    expiry_ns: int
    rows: IntArray
    forward: FloatArray
    source: ForwardSource
    missing: int
    range_bps: float
    parity: float
    parity_error: float


def expiry_forwards(chain: OptionChain, settings: ChainSettings) -> list[ExpiryForward]:
    """Return the forwards of each expiry, by rising expiry.

    Each row has its own futures price, which moves while a snapshot is taken; a row without one
    takes the median of its expiry. An expiry without any takes the forward of put-call parity,
    as a multiple of the index that each row saw, unless its standard error is larger than what
    the index can be off by; then the index itself.
    """
    calls, puts = pairs(chain, two_sided(chain) & (chain.strike > 0.0))
    index = _index(chain)
    found = []
    for expiry in np.unique(chain.expiry_ns):
        rows = np.flatnonzero(chain.expiry_ns == expiry).astype(np.int64)
        own = chain.expiry_ns[calls] == expiry
        scale = index if index is not None else np.ones(len(chain))
        parity = parity_forward(chain, calls[own], puts[own], scale, settings.parity_pairs)
        index_error = np.inf if index is None else _index_error(chain, int(expiry), settings)
        found.append(_expiry(chain, int(expiry), rows, parity, scale, index_error))
    return found


def _index(chain: OptionChain) -> FloatArray | None:
    """(N,) index of each row, the median where a row has none; None without any."""
    there = (chain.index > 0.0) & np.isfinite(chain.index)
    if not there.any():
        return None
    return np.where(there, chain.index, np.median(chain.index[there]))


def _index_error(chain: OptionChain, expiry_ns: int, settings: ChainSettings) -> float:
    """Return by what share the index may miss the forward of an expiry."""
    years = max(expiry_ns - chain.at_ns, 0) / YEAR_NS
    return float(np.hypot(settings.index_error_bps / _BASIS_POINTS, settings.carry_annual * years))


def _expiry(
    chain: OptionChain,
    expiry_ns: int,
    rows: IntArray,
    parity: ParityForward,
    scale: FloatArray,
    index_error: float,
) -> ExpiryForward:
    own = chain.forward[rows]
    there = (own > 0.0) & np.isfinite(own)
    level = float(np.median(scale[rows]))
    if there.all():
        source, forward = ForwardSource.ROW, own
    elif there.any():
        source, forward = ForwardSource.EXPIRY, np.where(there, own, np.median(own[there]))
    elif parity.error <= index_error:
        source, forward = ForwardSource.PARITY, parity.forward * scale[rows]
    elif np.isfinite(index_error):
        source, forward = ForwardSource.INDEX, scale[rows]
    else:
        source, forward = ForwardSource.NONE, np.full(len(rows), np.nan)
    spread = np.ptp(own[there]) / np.median(own[there]) if there.any() else np.nan
    return ExpiryForward(
        expiry_ns=expiry_ns,
        rows=rows,
        forward=forward,
        source=source,
        missing=int((~there).sum()),
        range_bps=float(spread) * _BASIS_POINTS,
        parity=parity.forward * level,
        parity_error=parity.error * level,
    )
