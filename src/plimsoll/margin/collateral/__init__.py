"""What collateral is worth as margin: valuation, haircuts, caps, debts."""

from plimsoll.margin.collateral.haircuts import (
    CollateralValues,
    collateral_values,
    next_dollar_factor,
)
from plimsoll.margin.collateral.parameters import (
    CollateralParameters,
    CollateralRules,
    Redemption,
    bridge_haircut,
)
from plimsoll.margin.collateral.publication import published_factor, published_value

__all__ = [
    "CollateralParameters",
    "CollateralRules",
    "CollateralValues",
    "Redemption",
    "bridge_haircut",
    "collateral_values",
    "next_dollar_factor",
    "published_factor",
    "published_value",
]
