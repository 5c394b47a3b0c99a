"""OKX portfolio margin (MR1 to MR9)."""

from plimsoll.margin.okx.brackets import (
    Bracket,
    DepegBand,
    bracket_table,
    progressive,
)
from plimsoll.margin.okx.model import ACCOUNT, OkxMargin
from plimsoll.margin.okx.parameters import (
    DEPEG_BANDS,
    FIRST_CLASS,
    FIRST_CLASS_2024,
    MINIMUM_CHARGE_MULTIPLIERS,
    OTHER_CLASS,
    OTHER_CLASS_2024,
    SECOND_CLASS,
    SECOND_CLASS_2024,
    OkxAccountParameters,
    OkxParameters,
)
from plimsoll.margin.okx.prepared import PreparedOkx

__all__ = [
    "ACCOUNT",
    "DEPEG_BANDS",
    "FIRST_CLASS",
    "FIRST_CLASS_2024",
    "MINIMUM_CHARGE_MULTIPLIERS",
    "OTHER_CLASS",
    "OTHER_CLASS_2024",
    "SECOND_CLASS",
    "SECOND_CLASS_2024",
    "Bracket",
    "DepegBand",
    "OkxAccountParameters",
    "OkxMargin",
    "OkxParameters",
    "PreparedOkx",
    "bracket_table",
    "progressive",
]
