"""The index that a contract follows, for models that measure delta and fees in it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.instrument import Instrument
from plimsoll.domain.market import MarketSnapshot
from plimsoll.domain.quote_columns import quote_columns

FloatArray = NDArray[np.float64]


def index_prices(
    instruments: Mapping[str, Instrument], snapshot: MarketSnapshot, forward: FloatArray
) -> FloatArray:
    """(N,) index of each contract; ``forward`` (N,) where the snapshot has none above 0."""
    quoted = quote_columns(snapshot, instruments).column("index")
    return np.where(np.isfinite(quoted) & (quoted > 0.0), quoted, forward)
