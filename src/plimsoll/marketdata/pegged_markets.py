"""Markets of coins whose price somebody else sets: told by their names."""

from __future__ import annotations

from collections.abc import Iterable

PEGGED = (
    "USDC", "TUSD", "FDUSD", "USD1", "XUSD", "BUSD", "USDP", "DAI", "USTC", "EUR", "EURI", "AEUR",
    "WBTC", "BNSOL", "WBETH", "PAXG",
)  # fmt: skip
"""Coins held to a currency, to gold or to another coin, by name: left out unless asked for."""
_QUOTES = ("USDT", "USDC", "USD")
_NAMES = frozenset(
    f"{coin}{between}{quote}" for coin in PEGGED for quote in _QUOTES for between in ("", "/", "-")
)


def pegged_markets(markets: Iterable[str]) -> tuple[str, ...]:
    """Those of the markets that quote a pegged coin in dollars, in their order.

    What follows ``@`` (another owner of the ticker) or ``:`` (where it settles) does not count.

    Examples
    --------
    >>> pegged_markets(["BTCUSDT", "USDC/USDT:USDT", "WBTC-USD", "USDCUSDT@2"])
    ('USDC/USDT:USDT', 'WBTC-USD', 'USDCUSDT@2')
    """
    return tuple(name for name in markets if name.split("@")[0].split(":")[0] in _NAMES)
