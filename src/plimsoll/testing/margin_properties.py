"""What a margin model is examined for: what always holds, and what it may promise."""

from __future__ import annotations

from enum import StrEnum


class MarginProperty(StrEnum):
    """One statement about a margin model."""

    LEVELS = "levels"
    PARTS = "parts"
    EXPLANATION = "explanation"
    ACCOUNT_ORDER = "account_order"
    POSITION_ORDER = "position_order"
    BOOK_OF_ONE = "book_of_one"
    FAULTS = "faults"
    NOT_FREE = "not_free"

    MONOTONE = "monotone"
    SUBADDITIVE = "subadditive"
    CURRENCY_UNIT = "currency_unit"
    PARITY = "parity"
    MORE_SCENARIOS = "more_scenarios"
    ORDERS = "orders"
    FILLS = "fills"
    UNIT_EXPLANATIONS = "unit_explanations"
    OPTION_MARKS = "option_marks"

    @property
    def about(self) -> str:
        """The statement in words."""
        return _ABOUT[self]


_ABOUT = {
    MarginProperty.LEVELS: "initial margin is at least maintenance margin, and that at least 0",
    MarginProperty.PARTS: "terms, or positions where there are no terms, add up to the last bit",
    MarginProperty.EXPLANATION: "explained terms and contributions add up to the requirement",
    MarginProperty.ACCOUNT_ORDER: "the order of accounts changes no bit",
    MarginProperty.POSITION_ORDER: "the order of positions changes nothing but rounding",
    MarginProperty.BOOK_OF_ONE: "an account alone has the bits it has among others",
    MarginProperty.FAULTS: "bad input is a reason in its account and changes no bit of others",
    MarginProperty.NOT_FREE: "a lone perpetual, future or sold position asks something",
    MarginProperty.MONOTONE: "a larger isolated position never asks less",
    MarginProperty.SUBADDITIVE: "a portfolio never asks more than its positions, each alone",
    MarginProperty.CURRENCY_UNIT: "in a currency worth half, every number is twice as large",
    MarginProperty.PARITY: "linear and inverse perpetuals of one dollar size ask alike",
    MarginProperty.MORE_SCENARIOS: "more scenarios never lower a margin",
    MarginProperty.ORDERS: "an order never lowers initial margin; one nobody knows is a reason",
    MarginProperty.FILLS: "orders ask no less than once all, or one coin's buys or sells, fill",
    MarginProperty.UNIT_EXPLANATIONS: "every margin unit is explained by terms",
    MarginProperty.OPTION_MARKS: "an option without a possible mark is a reason",
}

OPTIONAL = frozenset(
    {
        MarginProperty.MONOTONE,
        MarginProperty.SUBADDITIVE,
        MarginProperty.CURRENCY_UNIT,
        MarginProperty.PARITY,
        MarginProperty.MORE_SCENARIOS,
        MarginProperty.ORDERS,
        MarginProperty.FILLS,
        MarginProperty.UNIT_EXPLANATIONS,
        MarginProperty.OPTION_MARKS,
    }
)
"""What a model may promise."""

ALWAYS = frozenset(MarginProperty) - OPTIONAL
"""What every model holds."""
