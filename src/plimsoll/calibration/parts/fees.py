"""Fees: taker and maker by volatility, the price of carrying each market, the funding clamp."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.evidence.proof import Proof
from plimsoll.calibration.fees.adaptive_fee import FeeRule, FeeStep, fee_steps, fee_table
from plimsoll.calibration.fees.funding_clamp import ClampRule
from plimsoll.calibration.fees.publication import (
    clamp_parameters,
    fee_parameters,
    risk_price_parameters,
)
from plimsoll.calibration.fund.risk_price import FEE_STEP, RiskPrice, risk_price_table, risk_prices
from plimsoll.calibration.part import CalibratedPart
from plimsoll.calibration.parts.fund_replay import FundDays, StatedPopulation
from plimsoll.calibration.parts.funding_clamps import clamp_table, market_clamps
from plimsoll.calibration.rounding import rate_up
from plimsoll.domain.finding import Reason
from plimsoll.domain.parameters import Origin, Parameter
from plimsoll.domain.table import Cell, Column, Table
from plimsoll.errors import InsufficientDataError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
FEES = "fees"
"""What the fees of the whole venue are filed under; of a class ``fees:<class>``."""
SLOW_DAYS = 365
YOUNG_DAYS = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeSettings:
    """What the venue states.

    Parameters
    ----------
    rule : FeeRule
    by_class : bool
        One schedule for each risk class, else one for the venue.
    hurdle_annual : float
        Return asked of the means that a market ties up.
    clamp : ClampRule or None
    owner, label : str
    """

    rule: FeeRule
    by_class: bool = False
    hurdle_annual: float = 0.15
    clamp: ClampRule | None = None
    owner: str = "risk"
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FeeInputs:
    """What fees are set from.

    Parameters
    ----------
    days : FundDays
    population : StatedPopulation
    funding_rates : mapping of str to (K,) float64
        Rates paid by the day of the set, by market; empty where the venue has none.
    funding_times_ns : mapping of str to (K,) int64
        When they were paid, which tells their intervals; of a market without, all are alike.
    """

    days: FundDays
    population: StatedPopulation
    funding_rates: Mapping[str, FloatArray] = field(default_factory=dict)
    funding_times_ns: Mapping[str, IntArray] = field(default_factory=dict)


def calibrated_fees(proof: Proof, inputs: FeeInputs, settings: FeeSettings) -> CalibratedPart:
    """Calibrate the schedules, the prices of risk and the clamps."""
    groups = _groups(proof, inputs.days, settings)
    parameters: list[Parameter] = []
    tables: list[Table] = []
    missing: list[tuple[Cell, ...]] = []
    for name, columns in groups.items():
        steps = _schedule(proof, inputs, columns, settings)
        if isinstance(steps, str):
            missing.append((name, Reason.TOO_SHORT_HISTORY.value, steps))
            continue
        parameters += fee_parameters(steps, name, settings.rule, owner=settings.owner)
        table = fee_table(steps, name, settings.label)
        tables.append(replace(table, name=f"{table.name}_{name.replace(':', '_')}"))
    prices, young = _prices(proof, inputs, settings)
    missing += [
        (m, Reason.TOO_SHORT_HISTORY.value, "price of risk: no less than the mean of its class")
        for m in young
    ]
    parameters += [
        replace(p, origin=Origin.CLASS_FLOOR) if p.market in young else p
        for p in risk_price_parameters(prices, owner=settings.owner)
    ]
    tables.append(risk_price_table(prices, settings.label))
    if settings.clamp is not None:
        clamps = market_clamps(proof, inputs.funding_rates, inputs.funding_times_ns, settings.clamp)
        parameters += clamp_parameters(clamps.found, settings.clamp, owner=settings.owner)
        tables += [clamp_table(clamps.found, settings.label)] if clamps.found else []
        missing += clamps.missing
    return CalibratedPart(
        name=FEES,
        parameters=tuple(parameters),
        tables=(*tables, *_missing_table(missing)),
        limits=(
            "Fees rest on losses of a stated population and on stated volumes, the same every "
            "day: what a higher fee does to volume is not known.",
        ),
    )


def _groups(proof: Proof, days: FundDays, settings: FeeSettings) -> dict[str, list[int]]:
    if not settings.by_class:
        return {FEES: list(range(len(days.markets)))}
    return {
        f"{FEES}:{name}": [
            column for column, m in enumerate(days.markets) if proof.class_of[m] == name
        ]
        for name in proof.problem.classes
    }


def _schedule(
    proof: Proof, inputs: FeeInputs, columns: Sequence[int], settings: FeeSettings
) -> tuple[FeeStep, ...] | str:
    """Steps, or why there are none."""
    days = inputs.days
    ratio = volatility_ratio(proof, days.time_ns, columns, inputs.population)
    loss = days.losses_usd[:, columns].sum(axis=1)
    volume = _daily_volume(proof, days.time_ns, columns)
    known = np.isfinite(ratio) & (volume > 0.0)
    try:
        return fee_steps(ratio[known], loss[known], volume[known], settings.rule)
    except InsufficientDataError as error:
        return str(error)


def volatility_ratio(
    proof: Proof,
    time_ns: NDArray[np.int64],
    columns: Sequence[int],
    population: StatedPopulation,
) -> FloatArray:
    """(D,) forecast volatility of each day over its mean of the year before, by open interest.

    Of a day only what was forecast at its midnight counts, over the means of midnights before it.
    """
    paths = proof.paths
    volatility = paths.volatility_daily[:, columns]
    weight = np.array(
        [population.interest(paths.markets[c], proof.class_of[paths.markets[c]]) for c in columns]
    )
    slow = _trailing_mean(volatility, SLOW_DAYS)
    ratio = volatility / slow
    known = np.isfinite(ratio)
    held = np.where(known, weight, 0.0)
    total = held.sum(axis=1)
    mean = np.where(known, ratio, 0.0) * held
    daily = np.where(total > 0.0, mean.sum(axis=1) / np.where(total > 0.0, total, 1.0), np.nan)
    row = np.searchsorted(paths.time_ns, time_ns, side="right") - 1
    return np.where(row >= 0, daily[np.maximum(row, 0)], np.nan)


def _trailing_mean(values: FloatArray, days: int) -> FloatArray:
    """(D, N) mean of up to ``days`` days before each; NaN before 30 of them."""
    known = np.isfinite(values)
    zero = np.zeros((1, values.shape[1]))
    sums = np.concatenate([zero, np.cumsum(np.where(known, values, 0.0), axis=0)])
    counts = np.concatenate([zero, np.cumsum(known, axis=0)])
    at = np.arange(values.shape[0])
    since = np.maximum(0, at - days)
    count = counts[at] - counts[since]
    mean = (sums[at] - sums[since]) / np.maximum(count, 1.0)
    return np.where(count >= 30, mean, np.nan)


def _daily_volume(proof: Proof, time_ns: NDArray[np.int64], columns: Sequence[int]) -> FloatArray:
    """(D,) stated volume of the markets that were listed on each day."""
    volume = np.array([_adv(proof, proof.paths.markets[c]) for c in columns])
    row = np.maximum(np.searchsorted(proof.paths.time_ns, time_ns, side="right") - 1, 0)
    listed = np.isfinite(proof.paths.volatility_daily[row][:, columns])
    return np.asarray(listed @ volume)


def _adv(proof: Proof, market: str) -> float:
    spec = proof.specs.get(market)
    own = spec.adv_usd if spec else None
    return float(own or proof.problem.classes[proof.class_of[market]].adv_usd)


def _prices(
    proof: Proof, inputs: FeeInputs, settings: FeeSettings
) -> tuple[tuple[RiskPrice, ...], tuple[str, ...]]:
    """Of the markets that the set holds; losses of dead ones are in the fund, not in a price."""
    days = inputs.days
    live = [s.spec.symbol for s in proof.solutions if s.tiers is not None]
    live = [name for name in live if name in days.markets]
    columns = [days.markets.index(name) for name in live]
    classes = [proof.class_of[name] for name in live]
    row = np.maximum(np.searchsorted(proof.paths.time_ns, days.time_ns, side="right") - 1, 0)
    listed = np.isfinite(proof.paths.volatility_daily[row][:, columns]).sum(axis=0)
    prices = risk_prices(
        # A market that is younger than the record lost what it did in fewer days.
        days.losses_usd[:, columns] * (row.size / np.maximum(listed, 1)),
        live,
        open_interest_usd=[
            inputs.population.interest(m, c) for m, c in zip(live, classes, strict=True)
        ],
        daily_volume_usd=[_adv(proof, m) for m in live],
        hurdle_annual=settings.hurdle_annual,
    )
    return _young_at_class(prices, classes, listed >= YOUNG_DAYS)


def _young_at_class(
    prices: Sequence[RiskPrice], classes: Sequence[str], mature: NDArray[np.bool_]
) -> tuple[tuple[RiskPrice, ...], tuple[str, ...]]:
    """Prices with young markets at no less than the mean of their class, and which they are."""
    found, raised = [], []
    for price, name, old in zip(prices, classes, mature.tolist(), strict=True):
        donors = [
            p for p, c, m in zip(prices, classes, mature.tolist(), strict=True) if m and c == name
        ]
        carry, fee = price.carry_rate_annual, price.trade_fee
        if not old and donors:
            carry = max(carry, rate_up(_mean([d.carry_rate_annual for d in donors]), FEE_STEP))
            fee = max(fee, rate_up(_mean([d.trade_fee for d in donors]), FEE_STEP))
            raised.append(price.market)
        found.append(replace(price, carry_rate_annual=carry, trade_fee=fee))
    return tuple(found), tuple(raised)


def _mean(values: Sequence[Decimal]) -> float:
    return float(sum(values)) / len(values)


def _missing_table(missing: Sequence[tuple[Cell, ...]]) -> tuple[Table, ...]:
    if not missing:
        return ()
    return (
        Table(
            name="fees_missing",
            title="Fees and clamps that could not be calibrated",
            columns=(
                Column(name="subject", title="Of"),
                Column(name="reason", title="Reason"),
                Column(name="about", title="About"),
            ),
            rows=tuple(missing),
        ),
    )
