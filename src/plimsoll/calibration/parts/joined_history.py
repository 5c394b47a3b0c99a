"""The venue's markets and further assets on one grid of bars."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.market import NEVER_MASKED, MarketHistory
from plimsoll.errors import UsageError


def joined_history(history: MarketHistory, further: MarketHistory | None) -> MarketHistory:
    """Return the columns of both on the bars of the first; a bar only one has is no print.

    Raises
    ------
    UsageError
        Where bars differ in length, or a column is in both.
    """
    if further is None:
        return history
    both = sorted(set(history.markets) & set(further.markets))
    if both or history.interval_ns != further.interval_ns:
        raise UsageError(
            "must be other columns on bars of the same length",
            found=both or (history.interval_ns, further.interval_ns),
            field="further",
        )
    row = np.searchsorted(further.time_ns, history.time_ns)
    inside = row < further.time_ns.size
    inside[inside] = further.time_ns[row[inside]] == history.time_ns[inside]

    def laid(panel: NDArray[Any], missing: Any) -> NDArray[Any]:
        out = np.full((history.time_ns.size, len(further.markets)), missing, dtype=panel.dtype)
        out[inside] = panel[row[inside]]
        return out

    def known(one: MarketHistory) -> NDArray[np.int64]:
        held = one.inactive_known_ns
        return np.zeros(one.close.shape, dtype=np.int64) if held is None else held

    return replace(
        history,
        markets=(*history.markets, *further.markets),
        close=np.hstack([history.close, laid(further.close, np.nan)]),
        active=np.hstack([history.active, laid(further.active, False)]),
        mask_from_ns=np.hstack([history.mask_from_ns, laid(further.mask_from_ns, NEVER_MASKED)]),
        inactive_known_ns=np.hstack([known(history), laid(known(further), 0)]),
        volume=None,
        funding=None,
        findings=(),
    )
