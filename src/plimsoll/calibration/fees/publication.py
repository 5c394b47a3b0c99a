"""Fees and clamps as parameters of a set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_CEILING, Decimal

from plimsoll.calibration.fees.adaptive_fee import FeeRule, FeeStep
from plimsoll.calibration.fees.funding_clamp import ClampRule, FundingClamp
from plimsoll.calibration.fund.risk_price import FEE_STEP, RiskPrice
from plimsoll.domain.canonical import significant
from plimsoll.domain.parameters import Origin, Parameter, Unit

RATIO_STEP = Decimal("0.01")
_LARGEST_RATIO = Decimal(1000)


def fee_parameters(
    steps: Sequence[FeeStep], market: str, rule: FeeRule, *, owner: str
) -> tuple[Parameter, ...]:
    """Parameters ``fee[i].from_volatility_ratio``, ``fee[i].taker`` and ``fee[i].maker``.

    The ratio from which a step holds is rounded up: a step is never charged before it is due.
    """
    return tuple(_fees(steps, market, rule, owner))


def _fees(steps: Sequence[FeeStep], market: str, rule: FeeRule, owner: str) -> Iterator[Parameter]:
    for index, step in enumerate(steps):
        ratio = (Decimal(repr(step.from_ratio)) / RATIO_STEP).to_integral_value(ROUND_CEILING)
        yield Parameter(
            market=market,
            name=f"fee[{index}].from_volatility_ratio",
            value=ratio * RATIO_STEP,
            unit=Unit.FRACTION,
            lower=Decimal(0),
            upper=_LARGEST_RATIO,
            grid=RATIO_STEP,
            owner=owner,
            origin=Origin.CALIBRATED,
        )
        for side, fee in (("taker", step.taker), ("maker", step.maker)):
            yield Parameter(
                market=market,
                name=f"fee[{index}].{side}",
                value=fee,
                unit=Unit.FRACTION,
                lower=min(rule.base_maker, Decimal(0)),
                upper=rule.largest,
                owner=owner,
                origin=Origin.BOUND if step.bound else Origin.CALIBRATED,
                standard_error=significant(step.risk_cost_error),
            )


def clamp_parameters(
    clamps: Mapping[str, FundingClamp], rule: ClampRule, *, owner: str
) -> tuple[Parameter, ...]:
    """Parameter ``funding_clamp`` of each market; bound where the cushion sets it.

    A market that its class lends the premium has no error of its own.
    """
    return tuple(
        Parameter(
            market=market,
            name="funding_clamp",
            value=clamp.rate,
            unit=Unit.FRACTION,
            lower=Decimal(0),
            upper=Decimal(1),
            grid=rule.grid,
            owner=owner,
            origin=_origin(clamp),
            standard_error=significant(clamp.needed_error) if clamp.intervals else None,
        )
        for market, clamp in clamps.items()
    )


def _origin(clamp: FundingClamp) -> Origin:
    if clamp.lacking:
        return Origin.BOUND
    return Origin.CALIBRATED if clamp.intervals else Origin.CLASS_FLOOR


def risk_price_parameters(prices: Sequence[RiskPrice], *, owner: str) -> tuple[Parameter, ...]:
    """Parameters ``risk_fee.carry_annual`` and ``risk_fee.trade`` of each market."""
    return tuple(
        Parameter(
            market=price.market,
            name=name,
            value=value,
            unit=Unit.FRACTION,
            lower=Decimal(0),
            upper=Decimal(1000),
            grid=FEE_STEP,
            owner=owner,
            origin=Origin.CALIBRATED,
        )
        for price in prices
        for name, value in (
            ("risk_fee.carry_annual", price.carry_rate_annual),
            ("risk_fee.trade", price.trade_fee),
        )
    )
