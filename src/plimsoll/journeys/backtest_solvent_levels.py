"""One replay a level of maintenance, each at the ladder's margin as earlier accounts paid it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.thresholds.equal_loss import multiple_at_equal_margin
from plimsoll.calibration.thresholds.search import ThresholdWeights, search_thresholds
from plimsoll.domain.field_summary import field_summary
from plimsoll.journeys.backtest_solvent_choice import (
    TRAINING_MONTHS,
    AccountOutcomes,
    known_before,
    months_of,
)
from plimsoll.journeys.backtest_solvent_margins import (
    CAPS_USD,
    FEE_RATE,
    HIGHEST_LINK,
    STRESSED_COST,
    DailyRisk,
    MarginTables,
    costs_at,
)
from plimsoll.margin.liquidation.rules import LiquidationRule, StepSize
from plimsoll.validation.replay.accounts import ReplayPopulation
from plimsoll.validation.replay.markets import MarkPaths
from plimsoll.validation.replay.venue import CloseOutTerms, ReplayVenue

FloatArray = NDArray[np.float64]

LEVELS = tuple(0.5 * 2.0 ** (-0.5 * k) for k in range(11))
"""Of maintenance, from the highest to the lowest: a half to a sixty-fourth."""
WHOLE = LiquidationRule(name="whole", size=StepSize.WHOLE, fee_rate=Decimal(str(FEE_RATE)))
HALF_STEPS = LiquidationRule(
    name="halves",
    size=StepSize.SHARE,
    share=Decimal("0.5"),
    whole_below_usd=Decimal(1000),
    fee_rate=Decimal(str(FEE_RATE)),
)
TERMS = CloseOutTerms(rule=WHOLE, call_level=1.25)
CALLS = (1.25, 2.0, 3.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpeningRisk:
    """What A accounts face when they open, (A,) shares of notional; ``notional`` in USD.

    Parameters
    ----------
    hour, reaction, cost, wished, notional : (A,) float64
        99 % of an hour and the fee; 95 % of eight hours; cost of closing at the cap of the tier;
        one over the leverage wished for.
    """

    hour: FloatArray
    reaction: FloatArray
    cost: FloatArray
    wished: FloatArray
    notional: FloatArray

    __repr__ = field_summary


def opening_risk(risk: DailyRisk, marks: MarkPaths, accounts: ReplayPopulation) -> OpeningRisk:
    """Read the day's risk and costs for each account's market, side and size."""
    opened = marks.time_ns[0] + accounts.entry_bar * marks.interval_ns
    day = np.maximum(0, np.searchsorted(risk.time_ns, opened, side="right") - 1)
    market, side = accounts.market, np.where(accounts.side > 0.0, 0, 1)
    notional = accounts.amount * marks.close[accounts.entry_bar, market]
    caps = np.array(CAPS_USD)
    cap = caps[np.minimum(np.searchsorted(caps, notional), caps.size - 1)]
    spread, k = costs_at(marks, risk.time_ns)
    return OpeningRisk(
        hour=risk.close_out[day, market, side] + FEE_RATE,
        reaction=risk.reaction[day, market, side],
        cost=spread[day, market] + k[day, market] * np.sqrt(cap),
        wished=1.0 / accounts.leverage,
        notional=notional,
    )


def matched_multiples(
    level: float,
    opening: OpeningRisk,
    fixed: AccountOutcomes,
    accounts: ReplayPopulation,
    marks: MarkPaths,
    risk: DailyRisk,
    paid_in: float = 1.0,
) -> FloatArray:
    """(D,) multiple of the reaction in each day's initial margin.

    Before each month it is set where the accounts whose story had ended would have paid in, at
    opening, ``paid_in`` times what they paid in under the fixed ladder; 1 before there is such an
    account.
    """
    opened = months_of(marks, accounts.entry_bar)
    month = risk.time_ns.astype("datetime64[ns]").astype("datetime64[M]").astype(np.int64)
    kept = np.minimum(1.0, level * opening.hour + opening.cost)
    paid = fixed.deposit / opening.notional
    out = np.ones(risk.time_ns.size)
    floor = kept + STRESSED_COST * opening.cost
    wished = np.maximum(opening.wished, np.minimum(1.0, kept / HIGHEST_LINK))
    for one in range(int(opened.min()) + 1, int(opened.max()) + 1):
        weight = known_before(marks, accounts, one) * opening.notional
        held = np.flatnonzero(weight)
        if not held.size:
            continue
        target = paid_in * float(weight @ paid) / float(weight.sum())
        out[month == one] = multiple_at_equal_margin(
            floor[held], opening.reaction[held], wished[held], weight[held], target
        )
    return out


def called_terms(
    marks: MarkPaths, ladder: MarginTables, accounts: ReplayPopulation
) -> CloseOutTerms:
    """Return the terms whose call level did best in the months of training, under the ladder.

    `search_thresholds` sees the bars before the first scored month alone; its objective is fund
    loss and the notional of solvent users closed out.
    """
    months = months_of(marks, np.arange(marks.time_ns.size))
    until = int(np.searchsorted(months, int(months[0]) + TRAINING_MONTHS))
    venue = ReplayVenue(name="", tiers=ladder.tiers, table=ladder.table)
    candidates = [CloseOutTerms(rule=WHOLE, call_level=level) for level in CALLS]
    weights = ThresholdWeights(cost=0.0)
    found = search_thresholds(
        marks, venue, accounts, candidates, train_until=until, weights=weights
    )
    return found.chosen.terms
