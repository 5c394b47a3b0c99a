"""Parameters of Bybit's portfolio margin: published figures, and named ones where none is found.

Sources: Bybit help centre on margin under portfolio margin, in third-party copies; Bybit Learn on
the adjustment of 10 January 2025 for the price range of BTC and ETH (from 15 % to 10 %).
What is marked *assumed* is not published where we looked.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from plimsoll.domain.parameters import Unit
from plimsoll.margin.governed import check_bounds, governed

_STEP = "0.0001"


@dataclass(frozen=True, slots=True, kw_only=True)
class BybitParameters:
    """One risk unit's parameters; the defaults are those of BTC and ETH since January 2025.

    Raises
    ------
    ParameterError
        For a value out of its bounds.
    """

    price_range: Decimal = governed(
        Unit.FRACTION, "0.001", "0.95", grid=_STEP, default="0.10", about="largest price move"
    )
    vol_up: Decimal = governed(
        Unit.FRACTION, 0, 3, grid=_STEP, default="0.33", about="volatility up, relative; assumed"
    )
    vol_down: Decimal = governed(
        Unit.FRACTION, 0, 1, grid=_STEP, default="0.25", about="volatility down, relative; assumed"
    )
    short_option_rate: Decimal = governed(
        Unit.FRACTION, 0, 1, grid=_STEP, default="0.005", about="of net short notional; assumed"
    )
    vega_spread_rate: Decimal = governed(
        Unit.FRACTION, 0, "0.1", default="0.0003", about="volatility per day between the expiries"
    )
    stable_spread_rate: Decimal = governed(
        Unit.FRACTION,
        0,
        1,
        grid=_STEP,
        default="0.005",
        about="of delta hedged across currencies; assumed",
    )
    basis_rate_annual: Decimal = governed(
        Unit.FRACTION,
        0,
        2,
        grid=_STEP,
        default="0.6",
        about="of delta hedged across expiries, per year between them; 45 to 60 % published",
    )
    basis_cap: Decimal = governed(
        Unit.FRACTION,
        0,
        1,
        grid=_STEP,
        default="0.05",
        about="most of delta hedged across expiries; assumed",
    )
    futures_rate: Decimal = governed(
        Unit.FRACTION,
        "0.00001",
        "0.1",
        default="0.001",
        about="of gross notional of perpetuals and futures; assumed",
    )
    initial_ratio: Decimal = governed(
        Unit.FRACTION,
        1,
        3,
        grid="0.01",
        default="1.25",
        about="initial over maintenance margin; assumed",
    )

    def __post_init__(self) -> None:
        check_bounds(self, "BybitParameters")


FIRST_CLASS = BybitParameters()
"""BTC and ETH since 10 January 2025."""

FIRST_CLASS_2024 = BybitParameters(price_range=Decimal("0.15"))
"""BTC and ETH before 10 January 2025."""
