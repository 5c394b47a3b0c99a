"""The sandbox's chain under the name of a coin that presets know, and books in it. SYNTHETIC."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import plimsoll
from plimsoll.domain.option_chain import OptionChain
from plimsoll.sandbox.option_chain import option_chain

BOOK = {"BTC-PERPETUAL": 10, "BTC-26SEP25-120000-C": -5, "BTC-28MAR25-90000-P": 4}
PORTFOLIO = ("deribit", "deribit-cross", "paradex", "okx", "bybit", "span-16", "derive-pmrm2")


@cache
def chain(coin: str = "BTC") -> OptionChain:
    """The sandbox's chain under the name of a coin that presets know. SYNTHETIC."""
    made = option_chain(1).chain
    return replace(
        made,
        pair=replace(made.pair, base=coin),
        settle=coin,
        names=tuple(name.replace("HELM", coin) for name in made.names),
    )


def margin(book: Any = BOOK, preset: str = "deribit", **options: Any) -> plimsoll.PresetMargin:
    given: dict[str, Any] = {"market": chain(), "collateral": {"BTC": 3}, **options}
    return plimsoll.margin_book(book, preset=preset, **given)


def row(result: plimsoll.PresetMargin) -> dict[str, Any]:
    return dict(next(iter(result.table())))
