"""A parameter set with tables for longs and shorts, expiry buckets, and rates of the whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from plimsoll.domain.instrument import Future, Instrument, Pair, Payoff, Perpetual
from plimsoll.domain.market import MarketSnapshot, Quote
from plimsoll.domain.parameters import Origin, Parameter, ParameterSet, Unit, parameter_set
from plimsoll.margin import CurrencyPricing

DAY_NS = 86_400 * 10**9
NOW_NS = 1_700_000_000 * 10**9
MARK = 50_000.0

LINEAR = Perpetual(
    pair=Pair(base="BTC", quote="USDT"),
    settle="USDT",
    payoff=Payoff.LINEAR,
    contract_size=Decimal(1),
)
INVERSE = Perpetual(
    pair=Pair(base="BTC", quote="USD"),
    settle="BTC",
    payoff=Payoff.INVERSE,
    contract_size=Decimal(100),
)

Rows = Sequence[tuple[int | None, str, str]]
"""Cap in dollars, maintenance and initial rate of each tier."""

LONGS: Rows = ((50_000, "0.01", "0.02"), (1_000_000, "0.02", "0.04"))
SHORTS: Rows = ((20_000, "0.02", "0.04"), (500_000, "0.03", "0.05"), (2_000_000, "0.05", "0.1"))
NEAR: Rows = ((100_000, "0.015", "0.03"),)
NEAR_SHORTS: Rows = ((100_000, "0.025", "0.05"),)
FAR: Rows = ((100_000, "0.04", "0.08"),)


def future(days: float, of: Perpetual = LINEAR, *, more_s: int = 0) -> Future:
    """A dated future on the pair of a perpetual, so many days and seconds ahead."""
    return Future(
        pair=of.pair,
        settle=of.settle,
        payoff=of.payoff,
        contract_size=of.contract_size,
        expiry_ns=NOW_NS + int(days * DAY_NS) + more_s * 10**9,
    )


def tiers(market: str, rows: Rows, prefix: str = "") -> Iterator[Parameter]:
    """Parameters of one table."""
    for index, (cap, maintenance, initial) in enumerate(rows):
        figures = [
            ("maintenance_rate", Decimal(maintenance), Unit.FRACTION),
            ("initial_rate", Decimal(initial), Unit.FRACTION),
            ("max_leverage", Decimal(125), Unit.LEVERAGE),
        ]
        if cap is not None:
            figures.append(("cap_usd", Decimal(cap), Unit.USD))
        for name, value, unit in figures:
            yield number(market, f"{prefix}tier[{index}].{name}", value, unit)


def number(market: str, name: str, value: Decimal, unit: Unit = Unit.FRACTION) -> Parameter:
    """One parameter."""
    return Parameter(
        market=market,
        name=name,
        value=value,
        unit=unit,
        lower=Decimal(0),
        upper=Decimal(10) ** 9,
        owner="risk",
        origin=Origin.CALIBRATED,
    )


def bucket(market: str, days: int) -> Parameter:
    """How long the futures of a bucket run at most."""
    return number(market, "expiry.up_to", Decimal(24 * days), Unit.HOURS)


def set_of(*parameters: Iterator[Parameter] | Parameter) -> ParameterSet:
    """A set of some parameters."""
    held: list[Parameter] = []
    for one in parameters:
        held += [one] if isinstance(one, Parameter) else list(one)
    return parameter_set(
        venue="v",
        valid_from="2023-11-01",
        parameters=tuple(held),
        seed=0,
        data_digest="d",
        problem_digest="p",
        code_version="0",
        label="test",
    )


def sided_set(market: str = "L", *more: Iterator[Parameter] | Parameter) -> ParameterSet:
    """Longs and shorts apart; futures up to 30 days with sides, up to 90 days with one table."""
    return set_of(
        tiers(market, LONGS),
        tiers(market, SHORTS, "short."),
        bucket(f"{market}#30d", 30),
        tiers(f"{market}#30d", NEAR),
        tiers(f"{market}#30d", NEAR_SHORTS, "short."),
        bucket(f"{market}#90d", 90),
        tiers(f"{market}#90d", FAR),
        *more,
    )


def snapshot(instruments: Mapping[str, Instrument], at_ns: int = NOW_NS) -> MarketSnapshot:
    """Everything at `MARK`."""
    return MarketSnapshot(
        at_ns=at_ns,
        quotes={market: Quote(mark=MARK, index=MARK) for market in instruments},
        stable_price_usd={"USDT": 1.0},
    )


PRICING = CurrencyPricing(pricing_markets={"BTC": "I"})
