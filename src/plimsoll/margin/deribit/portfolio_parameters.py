"""Parameters of Deribit's portfolio margin, per currency pair and for all of them.

Names of the venue's ``model_params`` stand in brackets. Published values:
`plimsoll.presets`; what the venue does not publish has its default here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from plimsoll.domain.parameters import ParameterSet, Unit
from plimsoll.margin.governed import check_bounds, from_set, governed

GENERAL = "general"
"""Key of what holds for all pairs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeribitPair:
    """One pair, for instance ``BTC_USD``; its currency's parameters included.

    Raises
    ------
    ParameterError
        For a value outside its bounds.
    """

    price_range: Decimal = governed(
        Unit.FRACTION, "0.01", "0.6", about="largest move of the matrix (price_range)"
    )
    volatility_range_up: Decimal = governed(
        Unit.FRACTION, "0", "3", about="relative rise at 30 days (volatility_range_up)"
    )
    volatility_range_down: Decimal = governed(
        Unit.FRACTION, "0", "1", about="relative fall at 30 days (volatility_range_down)"
    )
    minimum_vol_up: Decimal = governed(
        Unit.FRACTION, "0", "3", about="floor where it rises (min_volatility_for_shock_up)"
    )
    short_vega_power: Decimal = governed(
        Unit.FRACTION, "0", "1", about="under 30 days (short_term_vega_power)"
    )
    long_vega_power: Decimal = governed(
        Unit.FRACTION, "0", "1", about="beyond 30 days (long_term_vega_power)"
    )
    vega_floor_hours: Decimal = governed(
        Unit.HOURS, "0", "720", default="0", about="shorter expiries count as this; none published"
    )
    extended_table_factor: Decimal = governed(
        Unit.FRACTION, "0", "1", default="1", about="share of the extended table that counts"
    )
    extended_dampener_usd: Decimal = governed(
        Unit.USD, "0", "100000000", about="per price range beyond the matrix (extended_dampener)"
    )
    pnl_offset: Decimal = governed(
        Unit.FRACTION, "0", "1", default="0", about="share of a pair's gain that counts"
    )
    max_offsetable_pnl_usd: Decimal = governed(
        Unit.USD, "0", "1000000000", default="0", about="most of a pair's gain that counts"
    )
    annualised_move_risk: Decimal = governed(
        Unit.FRACTION, "0", "1", about="roll shock per year to expiry"
    )
    min_annualised_move: Decimal = governed(
        Unit.FRACTION, "0", "0.5", about="least roll shock of an expiry's delta"
    )
    delta_shock_threshold_usd: Decimal = governed(
        Unit.USD,
        "0",
        "1000000000",
        about="net delta without shock (delta_total_liq_shock_threshold)",
    )
    delta_shock_slope: Decimal = governed(
        Unit.FRACTION, "0", "1", about="rise of the rate per coin beyond the threshold (m_inc)"
    )
    max_delta_shock: Decimal = governed(Unit.FRACTION, "0", "1", about="largest rate")

    def __post_init__(self) -> None:
        check_bounds(self, "DeribitPair")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeribitGeneral:
    """What holds for every pair.

    Raises
    ------
    ParameterError
        For a value outside its bounds.
    """

    maintenance_factor: Decimal = governed(
        Unit.FRACTION, "0.1", "1", default="0.8", about="of the risk matrix (mm_factor)"
    )
    correlation_contingency: Decimal = governed(
        Unit.FRACTION,
        "0",
        "1",
        default="0",
        about="share of what pairs save each other that is asked back; the rule is not published",
    )

    def __post_init__(self) -> None:
        check_bounds(self, "DeribitGeneral")


DeribitParameters = ParameterSet | Mapping[str, DeribitPair | DeribitGeneral]
"""By pair (``BTC_USD``), and under `GENERAL` what holds for all."""


def pair_parameters(parameters: DeribitParameters, pair: str) -> DeribitPair | None:
    """Return what is known of a pair; None where nothing is.

    Raises
    ------
    UsageError
        Where a set lacks some of a pair's parameters.
    """
    if isinstance(parameters, ParameterSet):
        return from_set(DeribitPair, parameters, pair) if parameters.of(pair) else None
    found = parameters.get(pair)
    return found if isinstance(found, DeribitPair) else None


def general_parameters(parameters: DeribitParameters) -> DeribitGeneral:
    """Return what holds for all pairs; the defaults where nothing is said."""
    if isinstance(parameters, ParameterSet):
        return from_set(DeribitGeneral, parameters, GENERAL)
    found = parameters.get(GENERAL)
    return found if isinstance(found, DeribitGeneral) else DeribitGeneral()
