"""Parameters of Drift v2: perpetual markets, and currencies held or owed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from plimsoll.domain.parameters import ParameterSet, Unit
from plimsoll.errors import ParameterError
from plimsoll.margin.governed import check_bounds, from_set, governed


@dataclass(frozen=True, slots=True, kw_only=True)
class PerpetualRules:
    """One perpetual market.

    Raises
    ------
    ParameterError
        For values outside their bounds, and for maintenance above initial.
    """

    initial_ratio: Decimal = governed(
        Unit.FRACTION, "0.0001", 1, grid="0.0001", about="margin ratio to open a small position"
    )
    maintenance_ratio: Decimal = governed(
        Unit.FRACTION, "0.0001", 1, grid="0.0001", about="margin ratio to keep a small position"
    )
    size_factor: Decimal = governed(
        Unit.FRACTION,
        0,
        1,
        grid="0.000001",
        about="what the root of the size adds to the ratio; 0 switches it off",
        default=0,
    )
    high_leverage_initial: Decimal = governed(
        Unit.FRACTION,
        0,
        1,
        grid="0.0001",
        about="in high-leverage mode; 0: no such mode",
        default=0,
    )
    high_leverage_maintenance: Decimal = governed(
        Unit.FRACTION,
        0,
        1,
        grid="0.0001",
        about="in high-leverage mode; 0: no such mode",
        default=0,
    )
    profit_initial_weight: Decimal = governed(
        Unit.FRACTION, 0, 1, grid="0.0001", about="of unrealised profit, to open", default=1
    )
    profit_maintenance_weight: Decimal = governed(
        Unit.FRACTION, 0, 1, grid="0.0001", about="of unrealised profit, to keep", default=1
    )
    profit_size_factor: Decimal = governed(
        Unit.FRACTION,
        0,
        1,
        grid="0.000001",
        about="what the root of the profit takes from its weight; 0 switches it off",
        default=0,
    )

    def __post_init__(self) -> None:
        check_bounds(self, "PerpetualRules")
        pairs = (
            ("maintenance_ratio", "initial_ratio"),
            ("high_leverage_maintenance", "high_leverage_initial"),
            ("high_leverage_initial", "initial_ratio"),
            ("high_leverage_maintenance", "maintenance_ratio"),
            ("profit_initial_weight", "profit_maintenance_weight"),
        )
        _check_ordered(self, pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class CollateralRules:
    """One currency that accounts hold or owe.

    Raises
    ------
    ParameterError
        For values outside their bounds, and where initial is not the stricter one.
    """

    initial_asset_weight: Decimal = governed(
        Unit.FRACTION, 0, 1, grid="0.0001", about="of a deposit, to open", default=1
    )
    maintenance_asset_weight: Decimal = governed(
        Unit.FRACTION, 0, 1, grid="0.0001", about="of a deposit, to keep", default=1
    )
    initial_liability_weight: Decimal = governed(
        Unit.FRACTION, 1, 10, grid="0.0001", about="of a debt, to open", default=1
    )
    maintenance_liability_weight: Decimal = governed(
        Unit.FRACTION, 1, 10, grid="0.0001", about="of a debt, to keep", default=1
    )
    size_factor: Decimal = governed(
        Unit.FRACTION,
        0,
        1,
        grid="0.000001",
        about="what the root of the size moves weights by; 0 switches it off",
        default=0,
    )
    scale_start_usd: Decimal = governed(
        Unit.USD,
        0,
        "1e12",
        about="deposits of the whole market from which the initial weight falls; 0: never",
        default=0,
    )

    def __post_init__(self) -> None:
        check_bounds(self, "CollateralRules")
        pairs = (
            ("initial_asset_weight", "maintenance_asset_weight"),
            ("maintenance_liability_weight", "initial_liability_weight"),
        )
        _check_ordered(self, pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftRules:
    """Rules of perpetual markets by market, and of collateral by currency."""

    perpetuals: Mapping[str, PerpetualRules]
    collateral: Mapping[str, CollateralRules] = field(default_factory=dict)


def drift_rules(parameters: ParameterSet | DriftRules, markets: tuple[str, ...]) -> DriftRules:
    """Read rules off a set: its units among ``markets`` are perpetuals, the others currencies."""
    if isinstance(parameters, DriftRules):
        return parameters
    known = parameters.markets
    return DriftRules(
        perpetuals={m: from_set(PerpetualRules, parameters, m) for m in known if m in markets},
        collateral={c: from_set(CollateralRules, parameters, c) for c in known if c not in markets},
    )


def _check_ordered(rules: object, pairs: tuple[tuple[str, str], ...]) -> None:
    for lower, upper in pairs:
        if getattr(rules, lower) > getattr(rules, upper):
            raise ParameterError(
                f"must not be above {upper}",
                found=f"{getattr(rules, lower)} above {getattr(rules, upper)}",
                field=f"{type(rules).__name__}.{lower}",
            )
