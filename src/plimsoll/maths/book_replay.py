"""Replay of level changes into books, and the books of given times.

A side is two parallel arrays sorted from the best level outward; bids are kept under their
negative price, so one insertion serves both sides.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Codes = NDArray[np.int64]

CHANGE, SNAPSHOT, BREAK = 0, 1, 2
"""What a message does: change levels, replace the book, or end it."""
GOOD, MISSING, STALE, CROSSED, ONE_SIDED = 0, 1, 2, 3, 4


class LevelChanges(NamedTuple):
    """M messages in the order they are applied, and their rows of levels."""

    time_ns: Codes  # (M,) when each is known
    action: Codes  # (M,)
    first: Codes  # (M,) first row
    behind: Codes  # (M,) row behind the last
    is_ask: Codes  # (K,)
    price: Vector  # (K,)
    size: Vector  # (K,) absolute; 0 removes the level


class Sampled(NamedTuple):
    """Books of T times, L levels a side; filled by the replay."""

    status: Codes  # (T,)
    bid_price: Matrix
    bid_size: Matrix
    ask_price: Matrix
    ask_size: Matrix


@njit(cache=True, nogil=True)
def _put(keys: Vector, sizes: Vector, count: int, key: float, size: float) -> int:
    """Set, insert or remove the level under a key; return how many levels there are then."""
    at = int(np.searchsorted(keys[:count], key))
    known = at < count and keys[at] == key
    if size > 0.0 and known:
        sizes[at] = size
    elif size > 0.0:
        for j in range(count, at, -1):
            keys[j], sizes[j] = keys[j - 1], sizes[j - 1]
        keys[at], sizes[at] = key, size
        count += 1
    elif known:
        for j in range(at, count - 1):
            keys[j], sizes[j] = keys[j + 1], sizes[j + 1]
        count -= 1
    return count


@njit(cache=True, nogil=True)
def _write(
    keys: Vector, sizes: Vector, count: int, edge: float, sign: float, price: Vector, size: Vector
) -> None:
    """Write the best levels up to the edge of what is complete."""
    for j in range(min(count, price.size)):
        if keys[j] > edge:
            break
        price[j], size[j] = sign * keys[j], sizes[j]


@njit(cache=True, nogil=True)
def _edge(keys: Vector, count: int, limit: int) -> float:
    """Outermost key that a cut-off snapshot vouches for."""
    return float(keys[count - 1]) if limit > 0 and count >= limit else np.inf


@njit(cache=True, nogil=True)
def _replay(
    changes: LevelChanges, grid_ns: Codes, max_age_ns: int, limit: int, out: Sampled
) -> None:
    capacity = changes.price.size + 1
    bids, bid_sizes = np.empty(capacity), np.empty(capacity)
    asks, ask_sizes = np.empty(capacity), np.empty(capacity)
    b, a, m, known = 0, 0, 0, False
    bid_edge, ask_edge = np.inf, np.inf
    for t in range(grid_ns.size):
        while m < changes.time_ns.size and changes.time_ns[m] <= grid_ns[t]:
            action = changes.action[m]
            if action != CHANGE:
                b, a, known = 0, 0, action == SNAPSHOT
            for k in range(changes.first[m], changes.behind[m]):
                if changes.is_ask[k]:
                    a = _put(asks, ask_sizes, a, changes.price[k], changes.size[k])
                else:
                    b = _put(bids, bid_sizes, b, -changes.price[k], changes.size[k])
            if action == SNAPSHOT:
                bid_edge, ask_edge = _edge(bids, b, limit), _edge(asks, a, limit)
            m += 1
        left = (b > 0 and bids[0] > bid_edge) or (a > 0 and asks[0] > ask_edge)
        if not known or left:
            out.status[t] = MISSING
        elif max_age_ns >= 0 and grid_ns[t] - changes.time_ns[m - 1] > max_age_ns:
            out.status[t] = STALE
        elif b > 0 and a > 0 and -bids[0] >= asks[0]:
            out.status[t] = CROSSED
        else:
            out.status[t] = GOOD if b > 0 and a > 0 else ONE_SIDED
            _write(bids, bid_sizes, b, bid_edge, -1.0, out.bid_price[t], out.bid_size[t])
            _write(asks, ask_sizes, a, ask_edge, 1.0, out.ask_price[t], out.ask_size[t])


def replay_books(
    changes: LevelChanges, grid_ns: Codes, *, levels: int, max_age_ns: int = -1, limit: int = 0
) -> Sampled:
    """Return the books known at each time of a grid: of messages received by then, no later.

    Parameters
    ----------
    changes : LevelChanges
        Times rising.
    grid_ns : (T,) int64
        Rising.
    levels : int
        L, of each side.
    max_age_ns : int
        A book without a message for longer is stale; negative: none is.
    limit : int
        Levels at which the venue cuts off a snapshot's side. What lies beyond its last level is
        known only where it changed since: such levels are left out, and a book whose best level
        lies there is missing. 0: every known level is taken.
    """
    count = grid_ns.size
    nothing, none = np.full((4, count, levels), np.nan), np.zeros((4, count, levels))
    out = Sampled(np.zeros(count, dtype=np.int64), nothing[0], none[0], nothing[1], none[1])
    _replay(changes, grid_ns, max_age_ns, limit, out)
    return out
