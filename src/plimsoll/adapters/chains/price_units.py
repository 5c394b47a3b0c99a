"""Whether the prices of coin-settled options can be in the coin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from plimsoll.errors import DataFormatError


def require_coin_prices(columns: Mapping[str, NDArray[Any]], settle: str, source: str) -> None:
    """Check that most prices of a coin-settled chain can be prices in the coin.

    A call is worth at most one coin, and a put at most its strike over the forward. A few rows
    above are wild quotes, for the checks of the chain to report; most of them are another unit.

    Parameters
    ----------
    columns : mapping of str to (N,) array
        ``bid``, ``ask``, ``mark``, ``forward``, ``index``, ``strike`` and ``is_call``.
    settle : str
        The coin.
    source : str
        For the message.

    Raises
    ------
    DataFormatError
        More than half of the rows with a price lie above that bound.
    """
    price = _price(columns)
    over = price > _most(columns)
    priced = np.isfinite(price)
    if not 2 * np.count_nonzero(over) > np.count_nonzero(priced):
        return
    raise DataFormatError(
        f"must hold prices in {settle}, the coin that the options settle in",
        found=f"{np.count_nonzero(over):,} of {np.count_nonzero(priced):,} above what an option "
        f"can cost in {settle} (median price {np.median(price[priced]):g}): they look like USD",
        field=f"{source}: bid_price, ask_price",
        remedy="divide them by the forward",
    )


def _price(columns: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    """Return ask, else bid, else mark of each row; NaN without one."""
    price = np.full(len(columns["ask"]), np.nan)
    for name in ("mark", "bid", "ask"):
        values = columns[name]
        price = np.where(np.isfinite(values) & (values > 0.0), values, price)
    return price


def _most(columns: Mapping[str, NDArray[Any]]) -> NDArray[np.float64]:
    forward = np.where(columns["forward"] > 0.0, columns["forward"], columns["index"])
    with np.errstate(divide="ignore", invalid="ignore"):
        put = np.where(forward > 0.0, columns["strike"] / forward, np.inf)
    return np.asarray(np.where(columns["is_call"], 1.0, np.maximum(1.0, put)))
