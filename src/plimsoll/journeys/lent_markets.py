"""Markets that are calibrated, apart from those whose prices only inform the pool."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plimsoll.domain.market import MarketHistory


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SplitHistory:
    """Histories on the same bars.

    Parameters
    ----------
    own : MarketHistory
        The venue's markets.
    lent : MarketHistory or None
        All markets; None where nobody else lends.
    """

    own: MarketHistory
    lent: MarketHistory | None


def split_history(
    history: MarketHistory, sources: Mapping[str, str], symbols: Collection[str]
) -> SplitHistory:
    """Part the markets whose ticker is one of ``symbols`` from those that lend.

    Parameters
    ----------
    sources : mapping of str to str
        Ticker of each column; they differ for parts of a split ticker.
    """
    columns = [
        j for j, market in enumerate(history.markets) if sources.get(market, market) in symbols
    ]
    if len(columns) == len(history.markets):
        return SplitHistory(own=history, lent=None)

    def cut(panel: NDArray[Any] | None) -> NDArray[Any] | None:
        return None if panel is None else np.ascontiguousarray(panel[:, columns])

    names = tuple(history.markets[j] for j in columns)
    own = replace(
        history,
        markets=names,
        close=history.close[:, columns].copy(),
        active=history.active[:, columns].copy(),
        mask_from_ns=history.mask_from_ns[:, columns].copy(),
        volume=cut(history.volume),
        funding=cut(history.funding),
        inactive_known_ns=cut(history.inactive_known_ns),
        findings=tuple(f for f in history.findings if f.market in names or f.market in symbols),
    )
    return SplitHistory(own=own, lent=history)
