"""Marks of options that a chain does not list, off a surface fitted to those it does."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from plimsoll.domain.instrument import Option
from plimsoll.domain.option_chain import OptionChain
from plimsoll.domain.surface import VolSurface
from plimsoll.errors import UsageError
from plimsoll.estimators.surface.query import at_strike, forward_at
from plimsoll.estimators.surface.settings import DEFAULTS
from plimsoll.journeys.fitted_chain import fit_chain
from plimsoll.journeys.margin_contracts import HeldContract
from plimsoll.journeys.margin_hypothetical import option_value
from plimsoll.journeys.margin_market import MarginMarket, OptionMark


def with_surface_marks(
    market: MarginMarket, contracts: Mapping[str, HeldContract]
) -> tuple[MarginMarket, tuple[str, ...]]:
    """Return the market with marks of held options that nobody quotes, and notes on them.

    Only expiries between now and the last one of the chain are valued; others keep their reason.

    Raises
    ------
    UsageError
        Without a chain to fit.
    """
    if not market.chains:
        raise UsageError(
            "must have option chains to fit",
            found="marks alone",
            field="surfaces",
            remedy="name chains as the market",
        )
    lacking = {n: c for n, c in contracts.items() if _lacks(n, c, market)}
    wanted = {(c.listed.pair.base, c.listed.settle) for c in lacking.values()}
    surfaces = _surfaces(market.chains, wanted)
    options, forwards = dict(market.options), dict(market.forwards)
    valued = []
    for name, contract in lacking.items():
        option = contract.listed
        surface = surfaces.get((option.pair.base, option.settle))
        if not isinstance(option, Option) or surface is None or not _within(option, surface):
            continue
        key = (option.pair.base, option.settle, option.expiry_ns)
        forward = forwards.setdefault(key, float(forward_at(surface, option.expiry_ns)))
        found = at_strike(surface, float(option.strike), option.expiry_ns)
        vol = float(found.volatility)
        options[name] = OptionMark(mark=option_value(option, forward, vol, surface.at_ns), vol=vol)
        valued.append(f"{name} ({100.0 * vol:.1f} %)")
    told = f"Not in the chain, valued off the fitted surface: {', '.join(valued)}."
    return replace(market, options=options, forwards=forwards), (told,) if valued else ()


def _lacks(name: str, contract: HeldContract, market: MarginMarket) -> bool:
    if not isinstance(contract.listed, Option) or name in market.marks:
        return False
    shown = market.options.get(name)
    return shown is None or not (math.isfinite(shown.mark) and math.isfinite(shown.vol))


def _surfaces(
    chains: Sequence[OptionChain], wanted: set[tuple[str, str]]
) -> dict[tuple[str, str], VolSurface]:
    found = {}
    for chain in chains:
        key = (chain.pair.base, chain.settle)
        surface = fit_chain(chain, chain.pair.base, DEFAULTS).surface if key in wanted else None
        if surface is not None:
            found[key] = surface
    return found


def _within(option: Option, surface: VolSurface) -> bool:
    return surface.at_ns < option.expiry_ns <= max(s.expiry_ns for s in surface.smiles)
