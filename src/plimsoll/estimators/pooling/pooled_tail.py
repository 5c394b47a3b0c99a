r"""Tail of scaled moves pooled over markets, with the error that pooling leaves.

Moves are divided by the volatility that had been forecast when they began, so a pool of them is
predictive: errors of the forecast, differences between coins and the volatility of volatility are
all in its tail.

Moves of one market are not independent, so the error of the quantile counts exceedances market by
market: with :math:`e_j` market j's exceedances less its expected number,
:math:`s_p^2 = \sum_j e_j^2 / n^2` and :math:`s = s_p / (\alpha p)` for :math:`\ln q`, where
:math:`\alpha` is the tail's local index. Where the quantile, or the volatility it multiplies, has a
normal error of variance :math:`s^2` on the log scale and the tail falls like :math:`x^{-\alpha}`,
the move is exceeded with probability :math:`p\,e^{\alpha^2 s^2/2}`; setting it higher by
:math:`e^{\alpha s^2/2}` brings that back to p. That is the predictive quantile.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

INDEX_BOUNDS = (2.0, 8.0)
"""A local tail index outside these says that the pool is too small to tell."""
LEAST_EXCEEDANCES = 10
"""A pool that expects fewer has no quantile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledTail:
    """One side of a pool at one level.

    Parameters
    ----------
    log_quantile : float
        Of the scaled move.
    log_error : float
        Standard error of it, clustered by market.
    index : float
        Local tail index alpha.
    log_shortfall : float
        Log of the mean scaled move beyond the quantile.
    markets : float
        Effective number of markets in the pool, ``(sum n)^2 / sum n^2``; after shrinkage in
        ``own``, 0 where that one was missing.
    moves : int
        Of the same pool.
    peers : float
        Effective number of markets in the pool it was drawn towards; 0 without one.
    """

    log_quantile: float
    log_error: float
    index: float
    log_shortfall: float
    markets: float
    moves: int
    peers: float = 0.0


def pooled_tail(moves: FloatArray, market: IntArray, confidence: float) -> PooledTail | None:
    """Upper tail of (n,) scaled ``moves`` of the markets numbered ``market``.

    None where the pool expects fewer than ten moves beyond the quantile, or moves nowhere there.

    Examples
    --------
    >>> import numpy as np
    >>> moves = np.random.default_rng(0).standard_t(4, 40_000)
    >>> tail = pooled_tail(moves, np.arange(40_000) % 20, 0.99)
    >>> round(float(np.exp(tail.log_quantile)), 1), tail.markets
    (3.8, 20.0)
    """
    outside = 1.0 - confidence
    if moves.size * outside < LEAST_EXCEEDANCES:
        return None
    inner, quantile, outer = np.quantile(
        moves, [1.0 - 2.0 * outside, confidence, 1.0 - 0.5 * outside]
    )
    if not inner > 0.0:
        return None
    beyond = moves > quantile
    counts = np.bincount(market)
    surprise = np.bincount(market, weights=beyond) - outside * counts
    error_of_share = float(np.sqrt(np.sum(surprise**2))) / moves.size
    index = float(np.clip(np.log(4.0) / np.log(max(outer / inner, 1.0 + 1e-9)), *INDEX_BOUNDS))
    shortfall = float(np.mean(moves[beyond])) if beyond.any() else float(quantile)
    return PooledTail(
        log_quantile=float(np.log(quantile)),
        log_error=error_of_share / (index * outside),
        index=index,
        log_shortfall=float(np.log(shortfall)),
        markets=float(moves.size**2 / np.sum(counts.astype(float) ** 2)),
        moves=int(moves.size),
    )


def shrunk_tail(
    own: PooledTail | None, peers: PooledTail | None, weight_of_peers: float
) -> PooledTail | None:
    """Tail of the small pool ``own`` drawn towards the large pool ``peers``.

    The weight of ``own`` is ``n / (n + weight_of_peers)`` with n its effective number of markets;
    on log scales. With one of them missing the other stands; None without both. Markets and moves
    counted are those of ``own``, whichever stands; those of ``peers`` are ``peers``.
    """
    if peers is None:
        return own
    if own is None:
        return replace(peers, markets=0.0, moves=0, peers=peers.markets)
    w = own.markets / (own.markets + weight_of_peers)

    def mixed(a: float, b: float) -> float:
        return w * a + (1.0 - w) * b

    return PooledTail(
        log_quantile=mixed(own.log_quantile, peers.log_quantile),
        log_error=float(np.hypot(w * own.log_error, (1.0 - w) * peers.log_error)),
        index=mixed(own.index, peers.index),
        log_shortfall=mixed(own.log_shortfall, peers.log_shortfall),
        markets=own.markets,
        moves=own.moves,
        peers=peers.markets,
    )


def predictive_log_margin(index: float, log_variance: float | FloatArray) -> float | FloatArray:
    """How much higher, on the log scale, a quantile must be set for an error of that variance.

    Examples
    --------
    >>> predictive_log_margin(4.0, 0.01)
    0.02
    """
    return 0.5 * index * log_variance
