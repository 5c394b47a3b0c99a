"""From solutions to the published set: decimals, units, bounds, grid, standard errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from plimsoll.calibration.problem import CalibrationProblem, RiskClass
from plimsoll.calibration.rounding import RATE_DIGITS, rate_up
from plimsoll.calibration.solve import MarketSolution
from plimsoll.calibration.tier_fit import FittedTier, initial_error
from plimsoll.domain.canonical import significant
from plimsoll.domain.finding import Reason
from plimsoll.domain.parameters import Origin, Parameter, ParameterSet, Unit, parameter_set

RISK_STEP = Decimal("0.0001")
LARGEST_USD = Decimal(10) ** 15
LARGEST_HOURS = Decimal(24 * 365)


def publish(
    problem: CalibrationProblem,
    solutions: Sequence[MarketSolution],
    *,
    valid_from: str,
    data_digest: str,
    problem_digest: str,
    code_version: str,
    parent: str | None,
    beside: tuple[Parameter, ...] = (),
) -> ParameterSet:
    """Build the parameter set of all markets that have a number, and of what stands ``beside``."""
    parameters = tuple(
        parameter
        for solution in solutions
        if solution.frozen is not None
        for parameter in _market_parameters(problem, solution)
    )
    return parameter_set(
        venue=problem.venue,
        valid_from=valid_from,
        parameters=(*parameters, *beside),
        seed=problem.seed,
        data_digest=data_digest,
        problem_digest=problem_digest,
        code_version=code_version,
        label=problem.label,
        parent=parent,
    )


def _market_parameters(
    problem: CalibrationProblem, solution: MarketSolution
) -> Iterator[Parameter]:
    market, owner = solution.spec.symbol, problem.owner
    floor = solution.reason is Reason.TOO_SHORT_HISTORY
    own = Origin.CLASS_FLOOR if floor else Origin.CALIBRATED
    for name, risk, error in (
        ("price_risk.maintenance", solution.price_risk, solution.price_risk_error),
        ("price_risk.reaction", solution.reaction_risk, solution.reaction_risk_error),
    ):
        yield Parameter(
            market=market,
            name=name,
            value=rate_up(risk, RISK_STEP),
            unit=Unit.FRACTION,
            lower=Decimal(0),
            upper=Decimal(1000),
            grid=RISK_STEP,
            owner=owner,
            origin=own,
            standard_error=significant(error),
        )
    yield from _structure(market, owner, problem.risk_class(solution.spec))
    assert solution.frozen is not None  # the caller leaves out markets without a number
    for index, fitted in enumerate(solution.frozen.tiers):
        maintenance_frozen = solution.frozen.maintenance_frozen[index]
        initial_frozen = solution.frozen.initial_frozen[index]
        yield from _tier_parameters(
            problem,
            solution,
            index,
            fitted,
            _origin(own, maintenance_frozen, fitted.maintenance_bound),
            _origin(own, initial_frozen, fitted.initial_bound),
        )


def _origin(own: Origin, frozen: bool, bound: bool) -> Origin:
    if bound:
        return Origin.BOUND
    return Origin.FROZEN if frozen else own


def _structure(market: str, owner: str, risk_class: RiskClass) -> Iterator[Parameter]:
    for name, value, unit, upper in (
        ("liquidation_cost", risk_class.liquidation_cost, Unit.FRACTION, Decimal(1)),
        ("liquidation_fee", risk_class.liquidation_fee, Unit.FRACTION, Decimal(1)),
        (
            "maintenance_horizon",
            risk_class.maintenance_horizon_hours,
            Unit.HOURS,
            LARGEST_HOURS,
        ),
        ("reaction_horizon", risk_class.reaction_horizon_hours, Unit.HOURS, LARGEST_HOURS),
    ):
        yield Parameter(
            market=market,
            name=name,
            value=Decimal(str(value)),
            unit=unit,
            lower=Decimal(0),
            upper=upper,
            owner=owner,
            origin=Origin.VENUE,
        )


def _tier_parameters(
    problem: CalibrationProblem,
    solution: MarketSolution,
    index: int,
    fitted: FittedTier,
    maintenance_origin: Origin,
    initial_origin: Origin,
) -> Iterator[Parameter]:
    structure, tier = problem.structure, fitted.tier
    market, owner, prefix = solution.spec.symbol, problem.owner, f"tier[{index}]"
    if tier.cap_usd is not None:
        yield Parameter(
            market=market,
            name=f"{prefix}.cap_usd",
            value=tier.cap_usd,
            unit=Unit.USD,
            lower=Decimal(0),
            upper=LARGEST_USD,
            owner=owner,
            origin=Origin.VENUE,
        )
    yield Parameter(
        market=market,
        name=f"{prefix}.maintenance_rate",
        value=tier.maintenance_rate,
        unit=Unit.FRACTION,
        lower=Decimal(0),
        upper=structure.maximum_rate,
        grid=None if maintenance_origin is Origin.BOUND else structure.maintenance_rate_step,
        owner=owner,
        origin=maintenance_origin,
        standard_error=significant(solution.price_risk_error),
    )
    yield Parameter(
        market=market,
        name=f"{prefix}.initial_rate",
        value=tier.initial_rate,
        unit=Unit.FRACTION,
        lower=Decimal(0),
        upper=structure.maximum_rate,
        grid=RATE_DIGITS,
        owner=owner,
        origin=initial_origin,
        standard_error=significant(
            initial_error(
                fitted, structure, solution.price_risk_error, solution.reaction_risk_error
            )
        ),
    )
    yield Parameter(
        market=market,
        name=f"{prefix}.max_leverage",
        value=tier.max_leverage,
        unit=Unit.LEVERAGE,
        lower=min(structure.leverage_grid),
        upper=max(structure.leverage_grid),
        owner=owner,
        origin=initial_origin,
    )
