"""Thresholds as parameters, tables, and the liquidation rule of the margin engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, Decimal

from plimsoll.calibration.rounding import rate_up
from plimsoll.calibration.thresholds.close_out import CloseOut
from plimsoll.calibration.thresholds.quantiles import Estimate
from plimsoll.calibration.thresholds.steps import ClosingSteps
from plimsoll.calibration.thresholds.volatility import RATIOS, VolatilityAdjusted
from plimsoll.domain.parameters import Origin, Parameter, Unit
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.margin.governed import governance
from plimsoll.margin.liquidation.rules import STEPWISE, LiquidationRule, StepSize

_SHARE_STEP = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdGrid:
    """The venue's steps.

    Parameters
    ----------
    rate : Decimal
        Of maintenance and fee.
    call : Decimal
        Of the call multiple.
    highest_call : Decimal
    """

    rate: Decimal = Decimal("0.0005")
    call: Decimal = Decimal("0.05")
    highest_call: Decimal = Decimal(20)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketThresholds:
    """What is calibrated for one market.

    Parameters
    ----------
    close_out : CloseOut
    call : Estimate
        Multiple of maintenance at which users are called.
    steps : ClosingSteps
    cooldown_seconds : float
    maintenance_rule : VolatilityAdjusted or None
        Maintenance by the current volatility ratio.
    """

    close_out: CloseOut
    call: Estimate
    steps: ClosingSteps
    cooldown_seconds: float = 0.0
    maintenance_rule: VolatilityAdjusted | None = None


def liquidation_rule(
    name: str, found: MarketThresholds, grid: ThresholdGrid | None = None
) -> LiquidationRule:
    """Return the engine's rule: fee up to the grid, share of a step down to a hundredth."""
    rule = governance(LiquidationRule)["fee_rate"]
    fee = min(rate_up(found.close_out.fee.value, (grid or ThresholdGrid()).rate), rule.upper)
    return replace(
        STEPWISE,
        name=name,
        size=StepSize.WHOLE if found.steps.steps == 1 else StepSize.SHARE,
        share=_share(found.steps),
        cooldown_seconds=found.cooldown_seconds,
        fee_rate=fee,
    )


def _share(steps: ClosingSteps) -> Decimal:
    share = (Decimal(1) / steps.steps / _SHARE_STEP).to_integral_value(ROUND_FLOOR)
    return max(_SHARE_STEP, share * _SHARE_STEP)


def threshold_parameters(
    markets: Mapping[str, MarketThresholds], *, owner: str, grid: ThresholdGrid | None = None
) -> tuple[Parameter, ...]:
    """Return what a close-out needs, call multiple, break-even fee and share of each market.

    Margins, calls and fees are rounded up. The multiple is a FRACTION of maintenance.
    """
    chosen = grid or ThresholdGrid()
    return tuple(
        parameter
        for market, found in markets.items()
        for parameter in _of_market(market, found, owner, chosen)
    )


def _of_market(
    market: str, found: MarketThresholds, owner: str, grid: ThresholdGrid
) -> tuple[Parameter, ...]:
    rule = liquidation_rule(market, found, grid)
    risk = found.close_out.price_risk.standard_error
    rows = (
        ("close_out_need", rate_up(found.close_out.maintenance, grid.rate), 1, grid.rate, risk),
        (
            "call_multiple",
            min(rate_up(found.call.value, grid.call), grid.highest_call),
            grid.highest_call,
            grid.call,
            found.call.standard_error,
        ),
        ("break_even_fee_rate", rule.fee_rate, 1, grid.rate, found.close_out.fee.standard_error),
        ("share", rule.share, 1, _SHARE_STEP, None),
    )
    return tuple(
        Parameter(
            market=market,
            name=f"liquidation.{name}",
            value=value,
            unit=Unit.FRACTION,
            lower=Decimal(0),
            upper=Decimal(upper),
            grid=step,
            owner=owner,
            origin=Origin.BOUND
            if value == upper and name == "call_multiple"
            else Origin.CALIBRATED,
            standard_error=None if error is None else Decimal(f"{error:.8f}"),
        )
        for name, value, upper, step, error in rows
    )


def threshold_tables(
    markets: Mapping[str, MarketThresholds], *, notes: tuple[str, ...]
) -> tuple[Table, ...]:
    """Return what was calibrated, and maintenance by volatility where there is a rule for it."""
    share = ColumnKind.FRACTION
    plain = Table(
        name="liquidation_thresholds",
        title="Liquidation: what a close-out needs, call level, steps and fee",
        columns=(
            Column(name="market", title="Market"),
            Column(name="risk", title="Price risk", kind=share),
            Column(name="risk_se", title="s.e.", kind=share),
            Column(name="cost", title="Cost", kind=share),
            Column(name="fee", title="Break-even fee", kind=share, digits=3),
            Column(name="fee_se", title="s.e.", kind=share, digits=3),
            Column(name="maintenance", title="Close-out need", kind=share),
            Column(name="call", title="Call level", kind=ColumnKind.NUMBER, unit="x maintenance"),
            Column(name="call_se", title="s.e.", kind=ColumnKind.NUMBER),
            Column(name="steps", title="Steps", kind=ColumnKind.COUNT),
        ),
        rows=tuple(_row(market, found) for market, found in markets.items()),
        notes=notes,
    )
    ruled = {m: one.maintenance_rule for m, one in markets.items() if one.maintenance_rule}
    return (plain, _volatility_table(ruled, notes)) if ruled else (plain,)


def _row(market: str, found: MarketThresholds) -> tuple[Cell, ...]:
    part, call = found.close_out, found.call
    return (
        market, part.price_risk.value, part.price_risk.standard_error, part.cost, part.fee.value,
        part.fee.standard_error, part.maintenance, call.value, call.standard_error,
        found.steps.steps,
    )  # fmt: skip


def _volatility_table(ruled: Mapping[str, VolatilityAdjusted], notes: tuple[str, ...]) -> Table:
    return Table(
        name="maintenance_by_volatility",
        title="What a close-out needs, by the ratio of current to usual volatility",
        columns=(
            Column(name="market", title="Market"),
            *(
                Column(name=f"ratio_{ratio:g}", title=f"{ratio:g} x", kind=ColumnKind.FRACTION)
                for ratio in RATIOS
            ),
        ),
        rows=tuple((market, *map(float, rule.over())) for market, rule in ruled.items()),
        notes=notes,
    )
