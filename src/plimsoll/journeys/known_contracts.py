"""Which contracts of a book anybody knows: a name may read well and mean nothing."""

from __future__ import annotations

from collections.abc import Mapping

from plimsoll.journeys.margin_contracts import HeldContract, preset_markets
from plimsoll.journeys.margin_market import MarginMarket
from plimsoll.journeys.margin_snapshot import coin_prices
from plimsoll.presets import Preset
from plimsoll.presets.preset import Scope


def known_contracts(
    contracts: Mapping[str, HeldContract], market: MarginMarket, preset: Preset
) -> dict[str, HeldContract]:
    """Return the contracts that the market or the preset knows something of.

    ``FOO-PERPETUAL`` reads as a perpetual of FOO. Where the market has neither a row of that name
    nor anything of that coin, and the preset has no parameters for it, it is a name like any other
    that nobody can read: left out here, and an unknown instrument to the model.
    """
    coins = {*coin_prices(market), *(base for base, _, _ in market.forwards)}
    listed = {*market.marks, *market.options, *preset_markets(preset, contracts)}
    if preset.scope is Scope.UNIT:
        coins |= {unit.replace("/", "_").replace("-", "_").split("_")[0] for unit in preset.markets}
    return {n: c for n, c in contracts.items() if n in listed or c.listed.pair.base in coins}
