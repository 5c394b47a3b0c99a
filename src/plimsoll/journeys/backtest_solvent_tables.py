"""Tables, checks and notes of ``backtest solvent``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from plimsoll.calibration.thresholds.equal_loss import share_at_loss
from plimsoll.domain.evidence import Check, Verdict
from plimsoll.domain.field_summary import field_summary
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.journeys.backtest_solvent_choice import (
    AccountOutcomes,
    BoolArray,
    FloatArray,
    IntArray,
    loss_difference_error,
    merged,
    share_difference_error,
    solvent_share,
)
from plimsoll.journeys.backtest_solvent_margins import DailyRisk
from plimsoll.validation.replay.solvent_users import share_by_day

LABEL = "last-trade closes of perpetuals standing in for marks; no funding"
FIXED, LIVED = "fixed ladder", "low maintenance, 1.25 x the ladder's margin"
SAME_MARGIN, HINDSIGHT = "low maintenance, the ladder's margin", "low maintenance, by hindsight"
SHIFTS = (-4, -2, 0, 2, 4)
"""Steps of a root of two by which the lived level is lowered, for the curve of share and loss."""

SIGNIFICANT = 2.0
"""Standard errors that a difference must be away from zero."""
_JUDGED = (
    "breach where a population is worse or loses more, not proven where one is better by less than "
    f"{SIGNIFICANT:g} standard errors"
)
_SHARE, _COUNT = ColumnKind.FRACTION, ColumnKind.COUNT
_LOSS = "bp of notional"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Population:
    """One population on one data set: A accounts under each venue.

    Parameters
    ----------
    data, law : str
    markets : tuple of str
    market, weeks, chosen : (A,) int64
        Market, week of opening, and place of the level in force at opening.
    notional : (A,) float64
    scored : (A,) bool
        Not in the months of training.
    levels : tuple of float
        From the highest to the lowest; ``parts`` are the outcomes under each.
    parts : sequence of AccountOutcomes
    call_level : float
        Found in the months of training.
    venues : mapping of str to AccountOutcomes
    """

    data: str
    law: str
    markets: tuple[str, ...]
    market: IntArray
    weeks: IntArray
    chosen: IntArray
    notional: FloatArray
    scored: BoolArray
    levels: tuple[float, ...]
    parts: Sequence[AccountOutcomes]
    call_level: float
    venues: Mapping[str, AccountOutcomes]

    __repr__ = field_summary

    def loss(self, one: AccountOutcomes, rows: BoolArray | None = None) -> float:
        """Deficits over notional, of the scored accounts or some of them."""
        held = self.scored if rows is None else self.scored & rows
        return float(one.deficit[held].sum()) / float(self.notional[held].sum())

    def margin(self, one: AccountOutcomes, rows: BoolArray | None = None) -> float:
        """Deposits over notional, of the scored accounts or some of them."""
        held = self.scored if rows is None else self.scored & rows
        return float(one.deposit[held].sum()) / float(self.notional[held].sum())

    def share(self, one: AccountOutcomes) -> float:
        """Solvent users among the scored forced liquidations."""
        return solvent_share(one, self.scored)

    def curve(self) -> list[AccountOutcomes]:
        """Outcomes as lived with every chosen level moved by the same steps."""
        last = len(self.parts) - 1
        return [merged(self.parts, np.clip(self.chosen + k, 0, last)) for k in SHIFTS]

    def at_equal_loss(self) -> tuple[float, bool]:
        """Share at the ladder's fund loss, and whether the curve comes down to that loss."""
        every = self.curve()
        losses = [self.loss(one) for one in every]
        fixed = self.loss(self.venues[FIXED])
        return share_at_loss(losses, [self.share(one) for one in every], fixed), min(
            losses
        ) <= fixed

    def error_at_equal_loss(self) -> float:
        """Standard error of the difference at the ladder's loss, that loss taken as known.

        Errors of the curve's points, interpolated as the share is: not below the error of the
        interpolated share.
        """
        fixed, every = self.venues[FIXED], self.curve()
        errors = [share_difference_error(one, fixed, self.scored, self.weeks) for one in every]
        return share_at_loss([self.loss(one) for one in every], errors, self.loss(fixed))


def solvent_checks(held: Sequence[Population]) -> tuple[Check, ...]:
    """Per data set: as lived, and at equal fund loss on the curve."""
    names = dict.fromkeys(one.data for one in held)
    groups = [[one for one in held if one.data == name] for name in names]
    return tuple(check(group) for group in groups for check in (_as_lived, _at_equal_loss))


def difference_verdict(rows: Sequence[tuple[float, float, bool]]) -> Verdict:
    """Judge differences to the ladder, one a population.

    Parameters
    ----------
    rows : sequence of (float, float, bool)
        Difference (negative is better), its standard error, and whether the loss was within.

    Examples
    --------
    >>> difference_verdict([(-0.05, 0.01, True), (-0.01, 0.01, True)]).value
    'not_proven'
    """
    if any(difference >= 0.0 or not within for difference, _, within in rows):
        return Verdict.BREACH
    proven = all(difference < -SIGNIFICANT * error for difference, error, _ in rows)
    return Verdict.HOLDS if proven else Verdict.NOT_PROVEN


def _as_lived(held: Sequence[Population]) -> Check:
    """Lower in every population, with no more fund loss, as lived."""
    rows, texts = [], []
    for one in held:
        ours, fixed = one.venues[LIVED], one.venues[FIXED]
        (a, b), (lost, limit) = (
            (of(ours), of(fixed)) for of in (one.share, one.loss)
        )  # fmt: skip
        error = share_difference_error(ours, fixed, one.scored, one.weeks)
        rows.append((a - b, error, lost <= limit))
        texts.append(
            f"{one.law}: {a:.1%} against {b:.1%} (s.e. of the difference {error:.1%}) at fund "
            f"losses of {1e4 * lost:.2f} and {1e4 * limit:.2f} bp"
        )
    return Check(
        name=f"solvent users, {held[0].data}",
        verdict=difference_verdict(rows),
        found="; ".join(texts),
        demanded="share of forced liquidations below that of fixed tiers at no more fund loss, "
        f"in each population; {_JUDGED}",
    )


def _at_equal_loss(held: Sequence[Population]) -> Check:
    """Lower in every population at the ladder's lived fund loss, along the curve of levels."""
    rows, texts = [], []
    for one in held:
        (a, reached), b = one.at_equal_loss(), one.share(one.venues[FIXED])
        error = one.error_at_equal_loss()
        rows.append((a - b, error, reached))
        texts.append(
            f"{one.law}: {a:.1%} against {b:.1%} (s.e. of the difference {error:.1%}) at "
            f"{1e4 * one.loss(one.venues[FIXED]):.2f} bp"
            + ("" if reached else " (our curve does not come down to that loss)")
        )
    return Check(
        name=f"solvent users at equal fund loss, {held[0].data}",
        verdict=difference_verdict(rows),
        found="; ".join(texts),
        demanded="share of forced liquidations below that of fixed tiers at the ladder's fund "
        f"loss, by interpolation along levels, in each population; {_JUDGED}",
    )


def solvent_table(held: Sequence[Population]) -> Table:
    """Every venue on every data set and population."""
    return Table(
        name="solvent_users",
        title="Forced liquidations of users solvent at the next margin call",
        columns=(
            Column(name="data", title="Data"),
            Column(name="population", title="Population"),
            Column(name="venue", title="Margins"),
            Column(name="forced", title="Closed out", kind=_COUNT),
            Column(name="solvent", title="Solvent, of those closed out", kind=_SHARE, digits=1),
            Column(name="solvent_se", title="s.e.", kind=_SHARE, digits=1),
            Column(name="less", title="Less the ladder's", kind=_SHARE, digits=1),
            Column(name="less_se", title="s.e.", kind=_SHARE, digits=1),
            Column(name="same", title="Less, at the ladder's margin", kind=_SHARE, digits=1),
            Column(name="same_se", title="s.e.", kind=_SHARE, digits=1),
            Column(name="by_notional", title="By notional closed", kind=_SHARE, digits=1),
            Column(name="per_account", title="Solvent, of all accounts", kind=_SHARE, digits=1),
            Column(name="restored", title="Above maintenance again", kind=_SHARE, digits=1),
            Column(name="loss", title="Fund loss", kind=ColumnKind.NUMBER, unit=_LOSS),
            Column(name="more", title="More than the ladder's", kind=ColumnKind.NUMBER, unit=_LOSS),
            Column(name="more_se", title="s.e.", kind=ColumnKind.NUMBER, unit=_LOSS),
            Column(name="margin", title="Margin paid in", kind=_SHARE, digits=1),
        ),
        rows=tuple(_row(one, venue) for one in held for venue in one.venues),
        notes=NOTES,
    )


def _row(held: Population, venue: str) -> tuple[Cell, ...]:
    one, fixed, scored = held.venues[venue], held.venues[FIXED], held.scored
    judged = one.judged & scored
    share, error = share_by_day(one.solvent[judged], one.day[judged])
    restored, _ = share_by_day(one.restored[judged], one.day[judged])
    closed = float(one.closed[scored].sum())
    more_se = loss_difference_error(one, fixed, scored, held.weeks)
    same = _less(held, SAME_MARGIN) if venue == LIVED else (None, None)
    return (
        held.data, held.law, venue, int((one.forced & scored).sum()), share, error,
        *_less(held, venue), *same,
        float(one.closed_solvent[scored].sum()) / closed if closed else float("nan"),
        float(one.solvent[judged].sum()) / int(scored.sum()), restored,
        1e4 * held.loss(one), 1e4 * (held.loss(one) - held.loss(fixed)),
        1e4 * more_se / float(held.notional[scored].sum()), held.margin(one),
    )  # fmt: skip


def _less(held: Population, venue: str) -> tuple[float, float]:
    """Share less the ladder's, and its standard error."""
    one, fixed = held.venues[venue], held.venues[FIXED]
    error = share_difference_error(one, fixed, held.scored, held.weeks)
    return held.share(one) - held.share(fixed), error


def frontier_table(held: Sequence[Population]) -> Table:
    """Share against fund loss as the lived level moves, and the ladder on the same scale."""
    rows: list[tuple[Cell, ...]] = []
    for one in held:
        for shift, moved in zip(SHIFTS, one.curve(), strict=True):
            rows.append(_point(one, f"level x {2.0 ** (-0.5 * shift):g}", moved))
        share, reached = one.at_equal_loss()
        fixed = one.venues[FIXED]
        name = "at the ladder's loss" if reached else "nearest to the ladder's loss"
        rows.append((one.data, one.law, name, share, 1e4 * one.loss(fixed), None))
        rows.append(_point(one, FIXED, fixed))
    return Table(
        name="solvent_frontier",
        title="Share of solvent users against fund loss",
        columns=(
            Column(name="data", title="Data"),
            Column(name="population", title="Population"),
            Column(name="level", title="Maintenance"),
            Column(name="solvent", title="Solvent, of those closed out", kind=_SHARE, digits=1),
            Column(name="loss", title="Fund loss", kind=ColumnKind.NUMBER, unit=_LOSS),
            Column(name="margin", title="Margin paid in", kind=_SHARE, digits=1),
        ),
        rows=tuple(rows),
        notes=("Levels are multiples of what was chosen before each month; linear in between.",),
    )


def _point(held: Population, name: str, one: AccountOutcomes) -> tuple[Cell, ...]:
    return (held.data, held.law, name, held.share(one), 1e4 * held.loss(one), held.margin(one))


def contract_table(held: Sequence[Population]) -> Table:
    """Per contract, the typical population: where events and losses come from."""
    rows = [
        (one.data, one.markets[m], venue, *_contract(one, one.venues[venue], m))
        for one in held
        if one.law == "typical"
        for m in range(len(one.markets))
        for venue in (FIXED, LIVED)
    ]
    return Table(
        name="solvent_contracts",
        title="Contract by contract, typical population",
        columns=(
            Column(name="data", title="Data"),
            Column(name="market", title="Market"),
            Column(name="venue", title="Margins"),
            Column(name="forced", title="Closed out", kind=_COUNT),
            Column(name="solvent", title="Solvent, of those closed out", kind=_SHARE, digits=1),
            Column(name="loss", title="Fund loss", kind=ColumnKind.NUMBER, unit=_LOSS),
            Column(name="margin", title="Margin paid in", kind=_SHARE, digits=1),
        ),
        rows=tuple(rows),
        notes=("A few large accounts of the thin contracts carry most of the fund loss.",),
    )


def _contract(held: Population, one: AccountOutcomes, m: int) -> tuple[Cell, ...]:
    rows = held.market == m
    if not bool((rows & held.scored).any()):
        return (0, None, None, None)
    judged = one.judged & rows & held.scored
    share = float(one.solvent[judged].mean()) if bool(judged.any()) else None
    forced = int((one.forced & rows & held.scored).sum())
    return (forced, share, 1e4 * held.loss(one, rows), held.margin(one, rows))


def lent_notes(name: str, lent: Sequence[str], risk: DailyRisk) -> list[str]:
    """Which markets borrowed a ladder or a forecast."""
    notes = []
    if lent:
        names = ", ".join(lent)
        notes.append(f"{name}: no ladder of 2024-10 for {names}: the file's commonest stands in.")
    young = [m for m, one in zip(risk.markets, risk.lent.T, strict=True) if one.any()]
    if young:
        names = ", ".join(young)
        notes.append(f"{name}: before {names} had a forecast, the highest of the others stood in.")
    return notes


NOTES = (
    "Accounts are drawn from stated laws (median leverage 5, 12 and 30; notional log-uniform from "
    "1,000 to 1,000,000 USD; a third of calls answered): a band, not an estimate. All venues see "
    "the same accounts.",
    "Fixed ladder: Binance 2024-10. Low maintenance = level x (99 % of an hour's loss + "
    "fee) + cost of the size; initial margin = maintenance + multiple x 95 % of eight hours + what "
    "the cost rises by at a fifth of the depth, each by the default forecaster of the midnight "
    "before. Levels run from 1/2 down to 1/64.",
    "Before each month, from accounts that had ended, each listed market counted alike: the "
    "multiple so that users would have paid in 1.25 times what they paid in under the ladder, then "
    "the lowest level with no more fund loss than the ladder's. The call level (1.25, 2 or 3 times "
    "maintenance) is searched on the two months of training, which are not scored.",
    "The 1.25, the form of the margins, the grid of levels and the fifth of the depth are not "
    "fitted month by month: they were settled after about 330 settings in some 30 designs had been "
    "looked at on these same data, so that the lines are not a blind test of them. At the ladder's "
    "own margin (its row, and beside the difference) users pay in no more: what the difference "
    "shrinks by there is bought with initial margin.",
    "A forced liquidation is the first forced close-out of an account; by notional all that the "
    "venue closes counts, step by step. Solvent: equity not negative at the next 8-hour call, had "
    "the position been left alone. Fund loss: deficits before fees. Standard errors are clustered "
    "by day, of differences by week of opening.",
    "The engine closes at the first bar's close below maintenance, at the cost of the square-root "
    "law; close-outs do not move the mark.",
)
