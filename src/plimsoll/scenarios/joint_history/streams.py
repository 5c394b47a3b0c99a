"""Random streams by name: what a market draws does not depend on which others there are."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from plimsoll.maths.path_rows import counted_indices

IntArray = NDArray[np.int64]

_BITS = (1 << 62) - 1


def stream_seed(seed: int, *names: str) -> int:
    """Return the seed of a named stream: 62 bits of a digest.

    Examples
    --------
    >>> stream_seed(1, "BTC") == stream_seed(1, "BTC"), stream_seed(1, "BTC") == stream_seed(1)
    (True, False)
    """
    text = "\x1f".join((str(seed), *names)).encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") & _BITS


def stream_indices(seed: int, names: tuple[str, ...], at_ns: IntArray, count: int) -> IntArray:
    """Uniform indices in 0 .. count - 1, one for each time, whatever the other times are."""
    found: IntArray = counted_indices(stream_seed(seed, *names), np.ascontiguousarray(at_ns), count)
    return found
