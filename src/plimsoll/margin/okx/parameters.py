"""Parameters of OKX portfolio margin: published figures, and named ones where none is published.

Sources: OKX help centre, "OKX will further adjust portfolio margin parameters" (2 January 2025) for
MR1, MR4, MR6 and the brackets of MR7; the notice on risk units of December 2024 for MR9.
What is marked *assumed* is not published where we looked.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from plimsoll.domain.parameters import Unit
from plimsoll.errors import ParameterError
from plimsoll.margin.governed import check_bounds, governed
from plimsoll.margin.okx.brackets import (
    HIGHEST_MULTIPLIER,
    Bracket,
    DepegBand,
    bracket_table,
    check_bands,
    check_brackets,
)

_STEP = "0.0001"

MINIMUM_CHARGE_MULTIPLIERS = bracket_table(
    ("10000", "1"),
    ("70000", "2"),
    ("170000", "4"),
    ("300000", "6"),
    ("470000", "8"),
    ("700000", "10"),
    (None, "12"),
)
"""BTC and ETH before 15 January 2025 (published)."""

DEPEG_BANDS = (
    DepegBand(
        peg_at_least=Decimal("0.995"),
        brackets=bracket_table(
            ("1e6", "0.005"), ("5e6", "0.01"), ("10e6", "0.015"), (None, "0.02")
        ),
    ),
    DepegBand(
        peg_at_least=Decimal("0.99"),
        brackets=bracket_table(
            ("1e6", "0.0075"), ("5e6", "0.0175"), ("10e6", "0.025"), (None, "0.035")
        ),
    ),
    DepegBand(
        peg_at_least=Decimal("0.95"),
        brackets=bracket_table(("1e6", "0.03"), ("5e6", "0.05"), ("10e6", "0.075"), (None, "0.1")),
    ),
    DepegBand(
        peg_at_least=Decimal("0.85"),
        brackets=bracket_table(("1e6", "0.1"), ("5e6", "0.15"), ("10e6", "0.2"), (None, "0.3")),
    ),
    DepegBand(peg_at_least=Decimal(0), brackets=bracket_table((None, "0.4"))),
)
"""Published: 0.5 % on the first million at 0.995, the three rates of the worked example (its peg is
not given; 0.99 is assumed), 40 % at 0.80 and below (here from 0.85). The rest is assumed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OkxParameters:
    """One risk unit's parameters; the defaults are those of BTC and ETH since January 2025.

    Raises
    ------
    ParameterError
        For a value out of bounds, moves that do not rise, and faulty brackets.
    """

    small_move: Decimal = governed(
        Unit.FRACTION, "0.001", "0.9", grid=_STEP, default="0.04", about="MR1, first price step"
    )
    middle_move: Decimal = governed(
        Unit.FRACTION, "0.001", "0.9", grid=_STEP, default="0.08", about="MR1, second price step"
    )
    largest_move: Decimal = governed(
        Unit.FRACTION, "0.001", "0.9", grid=_STEP, default="0.12", about="MR1, third price step"
    )
    vol_up: Decimal = governed(
        Unit.FRACTION, 0, 3, grid=_STEP, default="0.5", about="MR1, relative, at 30 days; assumed"
    )
    vol_down: Decimal = governed(
        Unit.FRACTION, 0, 1, grid=_STEP, default="0.25", about="MR1, relative, at 30 days; assumed"
    )
    vol_power: Decimal = governed(
        Unit.FRACTION, 0, 1, grid="0.01", default="0.3", about="growth with 30 days / days; assumed"
    )
    term_structure_move: Decimal = governed(
        Unit.FRACTION, 0, 1, grid=_STEP, default="0.1", about="MR3, relative; assumed"
    )
    annualised_basis_move: Decimal = governed(
        Unit.FRACTION, 0, 2, grid=_STEP, default="0.05", about="MR4, of the forward, per year"
    )
    interest_rate_move: Decimal = governed(
        Unit.FRACTION, 0, 1, grid=_STEP, default="0.05", about="MR5, of the rate; assumed"
    )
    extreme_move: Decimal = governed(
        Unit.FRACTION, "0.001", "0.95", grid=_STEP, default="0.24", about="MR6, price move"
    )
    extreme_share: Decimal = governed(
        Unit.FRACTION, 0, 1, grid="0.01", default="0.5", about="MR6, share of the loss that counts"
    )
    linear_charge: Decimal = governed(
        Unit.FRACTION,
        "0.00001",
        "0.1",
        default="0.0012",
        about="MR7, fee and slippage of notional of perpetuals and futures; assumed",
    )
    option_charge: Decimal = governed(
        Unit.FRACTION,
        "0.00001",
        "0.1",
        default="0.002",
        about="MR7, fee and slippage of notional of options; assumed",
    )
    initial_ratio: Decimal = governed(
        Unit.FRACTION, 1, 3, grid="0.01", default="1.3", about="initial over maintenance margin"
    )
    minimum_charge_multipliers: tuple[Bracket, ...] = MINIMUM_CHARGE_MULTIPLIERS
    depeg_bands: tuple[DepegBand, ...] = DEPEG_BANDS

    def __post_init__(self) -> None:
        check_bounds(self, "OkxParameters")
        moves = (self.small_move, self.middle_move, self.largest_move, self.extreme_move)
        if list(moves) != sorted(moves):
            raise ParameterError("moves must not fall", found=moves, field="OkxParameters")
        check_brackets(
            self.minimum_charge_multipliers,
            "minimum_charge_multipliers",
            Decimal(0),
            HIGHEST_MULTIPLIER,
        )
        check_bands(self.depeg_bands, "depeg_bands")


@dataclass(frozen=True, slots=True, kw_only=True)
class OkxAccountParameters:
    """What holds for whole accounts: MR8, on what is borrowed.

    Raises
    ------
    ParameterError
    """

    borrowing_rate: Decimal = governed(
        Unit.FRACTION, 0, 1, grid=_STEP, default="0.03", about="MR8, of the debt's value; assumed"
    )
    initial_ratio: Decimal = governed(
        Unit.FRACTION, 1, 3, grid="0.01", default="1.3", about="initial over maintenance margin"
    )

    def __post_init__(self) -> None:
        check_bounds(self, "OkxAccountParameters")


def _class(small: str, middle: str, largest: str, extreme: str, basis: str) -> OkxParameters:
    return OkxParameters(
        small_move=Decimal(small),
        middle_move=Decimal(middle),
        largest_move=Decimal(largest),
        extreme_move=Decimal(extreme),
        annualised_basis_move=Decimal(basis),
    )


FIRST_CLASS = _class("0.04", "0.08", "0.12", "0.24", "0.05")
"""BTC and ETH, from 6 January 2025."""

SECOND_CLASS = _class("0.06", "0.12", "0.18", "0.36", "0.15")
"""The second group of coins, from 6 January 2025; its list differs between MR1 and MR4/MR6."""

OTHER_CLASS = _class("0.08", "0.16", "0.25", "0.50", "0.30")
"""All other coins, from 6 January 2025 (MR1 and MR6 as before)."""

FIRST_CLASS_2024 = _class("0.05", "0.10", "0.15", "0.30", "0.075")
"""BTC and ETH before 6 January 2025."""

SECOND_CLASS_2024 = _class("0.07", "0.14", "0.20", "0.40", "0.225")
"""The second group before 6 January 2025."""

OTHER_CLASS_2024 = _class("0.08", "0.16", "0.25", "0.50", "0.45")
"""All other coins before 6 January 2025."""
