"""From solutions to the published set: decimals, units, bounds, grid, standard errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from plimsoll.calibration.problem import CalibrationProblem, RiskClass
from plimsoll.calibration.rounding import RATE_DIGITS, rate_up
from plimsoll.calibration.set_plan import BASIS_STEP, NO_PLAN, ExpiryBucket, RatesFor
from plimsoll.calibration.solve import MarketSolution, SolvedTable
from plimsoll.calibration.tier_fit import FittedTier, initial_error
from plimsoll.domain.canonical import significant
from plimsoll.domain.parameters import Origin, Parameter, ParameterSet, Unit, parameter_set
from plimsoll.margin.sided_tiers import MARGINAL_SHARE

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
        if solution.tables
        for parameter in market_parameters(problem, solution)
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


def market_parameters(problem: CalibrationProblem, solution: MarketSolution) -> Iterator[Parameter]:
    """Yield the parameters of every table of a market.

    The market's own are named ``tier[i].*``; where sides are apart these are the longs', and the
    shorts' are ``short.tier[i].*``. Dated futures are markets of their own, named after the
    underlying and the bucket (``BTCUSDT#30d``). `plimsoll.margin.sided_tiers` reads them back.
    """
    own = Origin.CALIBRATED if solution.reason is None else Origin.CLASS_FLOOR
    for market in dict.fromkeys(table.need.market for table in solution.tables):
        yield from _risks(problem, solution, market, own)
        yield from _structure(market, problem.owner, problem.risk_class(solution.spec))
        if (problem.plan or NO_PLAN).tiers.rates is RatesFor.WHOLE:
            yield _whole(market, problem.owner)
    for table in solution.tables:
        if table.need.bucket is not None and not table.need.prefix:
            yield from expiry_parameters(table.need.market, problem.owner, table.need.bucket)
        yield from table_parameters(problem, table, own)


def table_parameters(
    problem: CalibrationProblem, table: SolvedTable, own: Origin
) -> Iterator[Parameter]:
    """Yield caps, rates and leverages of one table."""
    for index, fitted in enumerate(table.tiers.tiers):
        yield from _tier_parameters(
            problem,
            table,
            index,
            fitted,
            _origin(own, table.tiers.maintenance_frozen[index], fitted.maintenance_bound),
            _origin(own, table.tiers.initial_frozen[index], fitted.initial_bound),
        )


def _risks(
    problem: CalibrationProblem, solution: MarketSolution, market: str, own: Origin
) -> Iterator[Parameter]:
    """Yield price risks: the larger side's, and each side's where sides are apart."""
    figures = [
        ("maintenance", solution.price_risk, solution.price_risk_error),
        ("reaction", solution.reaction_risk, solution.reaction_risk_error),
    ]
    mine = [table.need for table in solution.tables if table.need.market == market]
    if len(mine) > 1:
        for side, need in zip(("long", "short"), mine, strict=True):
            figures += [
                (f"maintenance.{side}", need.risk.price, need.risk.price_error),
                (f"reaction.{side}", need.risk.reaction, need.risk.reaction_error),
            ]
    for name, risk, error in figures:
        yield Parameter(
            market=market,
            name=f"price_risk.{name}",
            value=rate_up(risk, RISK_STEP),
            unit=Unit.FRACTION,
            lower=Decimal(0),
            upper=Decimal(1000),
            grid=RISK_STEP,
            owner=problem.owner,
            origin=own,
            standard_error=significant(error),
        )


def expiry_parameters(market: str, owner: str, bucket: ExpiryBucket) -> Iterator[Parameter]:
    """Yield how far a bucket reaches and what it adds."""
    longest = Parameter(
        market=market,
        name="expiry.up_to",
        value=Decimal(24 * bucket.up_to_days),
        unit=Unit.HOURS,
        lower=Decimal(0),
        upper=Decimal(10) ** 6,
        owner=owner,
        origin=Origin.VENUE,
    )
    yield longest
    error = None if bucket.estimate is None else bucket.estimate.standard_error
    origin = Origin.CLASS_FLOOR if bucket.calibrated else Origin.VENUE
    yield replace(
        longest,
        name="expiry.basis_rate",
        value=bucket.basis_rate,
        unit=Unit.FRACTION,
        upper=Decimal(1),
        grid=None if error is None else BASIS_STEP,
        origin=origin if error is None else Origin.CALIBRATED,
        standard_error=None if error is None else significant(error),
    )


def _whole(market: str, owner: str) -> Parameter:
    """Return what tells the margin engine that maintenance rates hold for the whole notional."""
    return Parameter(
        market=market,
        name=MARGINAL_SHARE,
        value=Decimal(0),
        unit=Unit.FRACTION,
        lower=Decimal(0),
        upper=Decimal(1),
        grid=Decimal(1),
        owner=owner,
        origin=Origin.VENUE,
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
    table: SolvedTable,
    index: int,
    fitted: FittedTier,
    maintenance_origin: Origin,
    initial_origin: Origin,
) -> Iterator[Parameter]:
    structure, tier, risk = problem.structure, fitted.tier, table.need.risk
    market, owner = table.need.market, problem.owner
    prefix = f"{table.need.prefix}tier[{index}]"
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
        standard_error=significant(risk.price_error),
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
            initial_error(fitted, structure, risk.price_error, risk.reaction_error)
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
