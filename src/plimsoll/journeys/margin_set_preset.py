"""A calibrated set of tiers in the place of the published tables of a tier preset."""

from __future__ import annotations

from dataclasses import replace

from plimsoll.adapters.venues.names import Venue, parse_name
from plimsoll.domain.parameters import ParameterSet
from plimsoll.errors import NameFormatError, UsageError
from plimsoll.journeys.calibrate_grid_preset import calibrated_preset
from plimsoll.margin.add_ons import counterparty_add_on
from plimsoll.margin.sided_tiers import SidedTiers, VenueTiers, venue_tiers
from plimsoll.presets import Preset

TIERS = "tiers"
"""Name of the model of tier presets."""


def preset_with_set(parameters: ParameterSet, preset: Preset) -> Preset:
    """Return a preset with what a set says in the place of what is published.

    Of a tier preset the tables, of longs and shorts where they are apart, market by market; what
    the set lacks stands as published. Of any other preset its constants
    (`plimsoll.journeys.calibrate_grid_preset.calibrated_preset`).

    Raises
    ------
    UsageError
        Where the set was calibrated for something else.
    """
    tables = _tables(venue_tiers(parameters), preset) if preset.kind == TIERS else {}
    if not tables:
        return calibrated_preset(parameters, preset)
    own = f"Tables of set {parameters.id[:12]} of {parameters.venue}, not the venue's own"
    left = [market for market in preset.markets if market not in tables]
    dated = venue_tiers(parameters).buckets
    told = f"{own}; as published: {', '.join(left) or 'none'}."
    told += " Dated futures have no tiers beside a preset." if dated else ""
    if counterparty_add_on(parameters).rates:
        told += " Add-ons of the set's institutions are not charged beside a preset."
    return replace(
        preset,
        title=f"{preset.title}, tables of set {parameters.id[:12]}",
        accuracy_about=f"{told} {preset.accuracy_about}",
        parameters={**preset.parameters, **tables},
        parameter_set_id=parameters.id,
    )


def _tables(tiers: VenueTiers, preset: Preset) -> dict[str, SidedTiers]:
    """Return the tables of the set's markets, expiry buckets apart."""
    dated = {market for reaches in tiers.buckets.values() for _, market in reaches}
    found = {m: tiers.of(m) for m in tiers.stated if m not in dated}
    tables = {market: table for market, table in found.items() if table is not None}
    for market in tables:
        _check_name(market, Venue(preset.market_names))
    return tables


def _check_name(market: str, space: Venue) -> None:
    try:
        parse_name(market, space)
    except NameFormatError:
        raise UsageError(
            f"must be a name that {space.value} can read, as those of the preset are",
            found=market,
            field="parameters",
            remedy="a set of tiers margins without a preset",
        ) from None
