"""The terms of one assessed policy on the days known at an occasion."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.problem import Gate
from plimsoll.calibration.venue_frontier.assessed import AssessedPolicy, Occasion
from plimsoll.calibration.venue_frontier.candidates import DEFAULT
from plimsoll.calibration.venue_frontier.fund_draw import worst_days_mean
from plimsoll.calibration.venue_frontier.record import DailyCounts, VenueRecord
from plimsoll.calibration.venue_frontier.terms import (
    PolicyTerms,
    swings,
    worst_quartile_of,
    year_rates,
)

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def judged_days(record: VenueRecord, known: BoolArray) -> BoolArray:
    """(D,) known days at or after the first review: before it there were no levels."""
    rows = np.arange(record.days)
    first = record.reviews[0] if record.reviews else record.days
    return np.asarray(known & (rows >= first))


def policy_terms(
    record: VenueRecord,
    one: AssessedPolicy,
    occasion: Occasion,
    cost: float,
    gate: Gate,
    markets: BoolArray | None = None,
) -> PolicyTerms:
    """Gather the terms of the judged days of an occasion, and of some markets."""
    days = judged_days(record, occasion.days)
    mine = np.ones(len(record.markets), dtype=np.bool_) if markets is None else markets
    lived = one.lived
    starts, broke = lived.starts[days][:, mine], lived.broke[days][:, mine]
    sides = broke.sum(axis=(0, 1)) / np.maximum(starts.sum(axis=(0, 1)), 1)
    held = lived.mean_margin(days, mine) * float(starts.sum())
    return PolicyTerms(
        cost=cost,
        maintenance=swings(one.moved[occasion.name], mine),
        initial=swings(one.moved_initial[occasion.name], mine),
        pooled=lived.rate(days, mine),
        worst_quartile=worst_quartile_of(lived, days, mine, gate.minimum_scored_days),
        sides=(float(sides[0]), float(sides[1])),
        years=year_rates(record, lived, days, gate.lines.least_year_share),
        reaction=one.lived_reaction.rate(days, mine),
        uncovered=float(lived.over[days][:, mine].sum()) / held if held > 0.0 else float("nan"),
        solvent_liquidations=solvent_rate(one, days, mine),
        fund_draw_usd=None if one.draws is None else worst_days_mean(one.draws, days),
    )


def solvent_rate(
    one: AssessedPolicy, days: BoolArray, markets: BoolArray | slice = slice(None)
) -> float:
    """Liquidations of users solvent at the next call, a position and day; NaN of none followed."""
    followed = int(one.user_days[days][:, markets].sum())
    return int(one.closed_out[days][:, markets].sum()) / followed if followed else float("nan")


def cost_at(
    one: AssessedPolicy,
    occasion: Occasion,
    assessed: Mapping[str, AssessedPolicy],
    markets: BoolArray | None,
) -> float:
    """Of all markets; of some, their mean margin over the default's carries it over."""
    cost = one.cost[occasion.name]
    if markets is None:
        return cost
    default = assessed[DEFAULT].plain
    days = occasion.days
    mine = one.plain.mean_margin(days, markets) / default.mean_margin(days, markets)
    whole = one.plain.mean_margin(days) / default.mean_margin(days)
    return cost * mine / whole


def daily_loss(lived: DailyCounts, tail: float) -> FloatArray:
    """(D,) mean over starts of margin plus losses beyond it at the price of the tail."""
    starts = lived.starts.sum(axis=(1, 2)).astype(np.float64)
    total = lived.held.sum(axis=(1, 2)) + lived.over.sum(axis=(1, 2)) / tail
    out: FloatArray = np.full(starts.shape, np.nan)
    np.divide(total, starts, out=out, where=starts > 0.0)
    return out
