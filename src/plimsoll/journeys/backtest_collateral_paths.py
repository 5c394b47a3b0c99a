"""Haircuts of the collateral study as they would have stood, and the losses after them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from plimsoll.adapters.executor import open_executor
from plimsoll.calibration.collateral.floor import (
    FloorPolicy,
    FloorRule,
    class_share_path,
    worst_of_class,
)
from plimsoll.calibration.collateral.haircut import FLOOR_SHARE, haircut_of, log_risk_of
from plimsoll.calibration.collateral.pegged import (
    DepegEvent,
    PegKind,
    depeg_events,
    with_incidents,
)
from plimsoll.calibration.collateral.walk_forward import (
    PeggedPrice,
    in_force,
    incident_floor,
    pegged_log_risk,
    published_path,
    watched_years,
    worst_known_loss,
)
from plimsoll.calibration.panel_paths import Leg, leg_paths
from plimsoll.calibration.risk_paths import loss_of_move
from plimsoll.domain.evidence import Check, Verdict
from plimsoll.domain.instrument import Payoff
from plimsoll.domain.market import DAY_NS, HOUR_NS, MarketHistory
from plimsoll.estimators.reference.default_model import revised_default
from plimsoll.estimators.reference.forecast import LONG, SHORT, forecast
from plimsoll.estimators.reference.panel import ReturnsPanel
from plimsoll.journeys.backtest_collateral_data import PeggedPrices
from plimsoll.validation.comparison.sample import comparison_sample

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

REVIEW_DAYS = 7
CONFIDENCE, SAME = 0.99, 1e-9
SHORT_OF = "short "
CLASSES = {"BTC": "major", "ETH": "major", "SOL": "major", "EUR": "currency", "PAXG": "gold"}
"""Other assets are coins."""
FLOOR_RULE = FloorRule(policy=FloorPolicy.POOLED)
"""Turnover is not in the file: these coins have been traded from its first hour on."""
RECORDED = {"BTC": 0.50, "ETH": 0.50}
"""Lost within a day on 12 March 2020, before the file begins (public reports)."""
ASSUMED = tuple(DepegEvent(asset="assumed", kind=kind, known_ns=0, loss=0.05) for kind in PegKind)
"""Before any break is on record a class is taken to lose 5 % in one."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HaircutSample:
    """Haircuts in force at non-overlapping starts, and what was lost after them.

    Parameters
    ----------
    assets : tuple of N str
    time_ns : (S,) int64
    haircut, published, loss : (S, N) float64
        Before floor and step, as published, and the share lost; NaN where there is none.
    class_floor : (S, N) float64 or None
        As published with the class's floor in full.
    confidence : float
        Stated coverage, which breaches are held against.
    scored : (S, N) bool
    horizon_hours : int
    """

    assets: tuple[str, ...]
    time_ns: IntArray
    haircut: FloatArray
    published: FloatArray
    loss: FloatArray
    scored: BoolArray
    horizon_hours: int
    class_floor: FloatArray | None = None
    confidence: float = 0.99

    def of_side(self, long: bool) -> HaircutSample:
        """The columns of one side, of a sample with shorts."""
        rows = [k for k, one in enumerate(self.assets) if one.startswith(SHORT_OF) is not long]
        return replace(
            self,
            assets=tuple(self.assets[k] for k in rows),
            haircut=self.haircut[:, rows],
            published=self.published[:, rows],
            loss=self.loss[:, rows],
            scored=self.scored[:, rows],
            class_floor=None,
        )


def coin_sample(
    history: MarketHistory, panel: ReturnsPanel, horizon_hours: int, from_ns: int, until_ns: int
) -> tuple[HaircutSample, HaircutSample]:
    """Return haircuts of coins by the default forecaster's falls, and both of its sides."""
    found = forecast(revised_default(), panel, horizon_hours)
    sample = comparison_sample(history, panel, horizon_hours, from_ns=from_ns, until_ns=until_ns)
    own = found.value_at_risk[..., LONG]
    bars = panel.bars_of(horizon_hours)
    worst = np.array([worst_known_loss(row, bars) for row in panel.price]).T
    last = np.maximum(panel.boundaries.bars - 1, 0)
    known = worst[last]
    assets = [m.removesuffix("USDT") for m in panel.markets]
    classes = [CLASSES.get(asset, "coin") for asset in assets]
    recorded = np.array([RECORDED.get(asset, 0.0) for asset in assets])
    floor = FLOOR_SHARE * worst_of_class(np.maximum(known, recorded), classes)
    days = np.cumsum(np.isfinite(panel.price), axis=1)[:, last].T / panel.boundaries.bars_per_day
    share = class_share_path(
        log_risk_of(own), days, np.full(len(assets), np.inf), classes, FLOOR_RULE
    )
    raised = np.where(
        np.isfinite(own), np.fmax(own, haircut_of(np.nan_to_num(share.log_risk))), np.nan
    )
    published = published_path(raised, share.weight * floor)
    in_full = published_path(own, floor)
    haircut, loss = own[sample.row], sample.loss[..., LONG]
    held = HaircutSample(
        assets=tuple(assets),
        time_ns=sample.time_ns,
        haircut=haircut,
        published=published[sample.row],
        loss=loss,
        scored=np.isfinite(haircut) & np.isfinite(loss) & sample.seasoned,
        horizon_hours=horizon_hours,
        class_floor=in_full[sample.row],
    )
    other, rise = found.value_at_risk[..., SHORT][sample.row], sample.loss[..., SHORT]
    return held, _with_shorts(held, other, rise, sample.seasoned)


def same_forecaster(panel: ReturnsPanel, horizon_hours: int) -> Check:
    """Hold the study's forecasts against those that calibrate makes margins of."""
    studied = forecast(revised_default(), panel, horizon_hours).value_at_risk
    leg = Leg(horizon_hours=horizon_hours, level=CONFIDENCE)
    with open_executor(1) as executor:
        path = leg_paths(panel, [leg], executor)[leg]
    own = loss_of_move(Payoff.LINEAR, path.move[..., LONG], path.move[..., SHORT])
    both = np.isfinite(studied) & np.isfinite(own)
    gap = float(np.max(np.abs(studied[both] / own[both] - 1.0)))
    alike = np.array_equal(np.isfinite(studied), np.isfinite(own)) and gap <= SAME
    return Check(
        name=f"haircuts of {horizon_hours} h rest on the forecaster of margins",
        verdict=Verdict.HOLDS if alike else Verdict.BREACH,
        found=f"largest relative difference {gap:.1e} of {int(both.sum()):,} forecasts",
        demanded=f"the same forecasts as calibrate's ({SAME:g})",
    )


def _with_shorts(
    held: HaircutSample, at_risk: FloatArray, rise: FloatArray, seasoned: BoolArray
) -> HaircutSample:
    """Both sides of every coin, as columns: what a margin of the same forecasts is held to."""
    scored = np.isfinite(at_risk) & np.isfinite(rise) & seasoned
    return replace(
        held,
        assets=(*held.assets, *(f"{SHORT_OF}{asset}" for asset in held.assets)),
        haircut=np.hstack([held.haircut, at_risk]),
        published=np.hstack([held.published, at_risk]),
        loss=np.hstack([held.loss, rise]),
        scored=np.hstack([held.scored, scored]),
        class_floor=None,
    )


def known_events(pegs: PeggedPrices) -> tuple[DepegEvent, ...]:
    """Return the breaks of a file with those on record, and the assumed ones."""
    found = [
        event
        for p in pegs.prices
        for event in depeg_events(p.asset, p.kind, p.log_ratio, pegs.available_ns)
    ]
    return (*ASSUMED, *with_incidents(found))


def pegged_sample(
    pegs: PeggedPrices, horizon_hours: int, from_ns: int, events: Sequence[DepegEvent]
) -> HaircutSample:
    """Return haircuts against the peg, reviewed weekly, at starts of every horizon."""
    bars = max(1, round(horizon_hours / pegs.interval_hours))
    available = pegs.available_ns
    first = -(-int(available[0]) // DAY_NS) * DAY_NS
    review = np.arange(first, int(available[-1]), REVIEW_DAYS * DAY_NS, dtype=np.int64)
    starts = np.arange(
        max(first, from_ns), int(available[-1]), horizon_hours * HOUR_NS, dtype=np.int64
    )
    rows = np.searchsorted(available, starts, side="right") - 1
    floors = {kind: _class_floor(pegs, kind, review, bars, events) for kind in PegKind}
    columns = [_column(pegs, p, review, bars, events, floors[p.kind]) for p in pegs.prices]
    haircut = np.array([in_force(own, review, starts) for own, _ in columns]).T
    published = np.array([in_force(pub, review, starts) for _, pub in columns]).T
    loss = np.array([_loss(p.log_ratio, rows, bars) for p in pegs.prices]).T
    return HaircutSample(
        assets=tuple(p.asset for p in pegs.prices),
        time_ns=starts,
        haircut=haircut,
        published=published,
        loss=loss,
        scored=np.isfinite(haircut) & np.isfinite(loss),
        horizon_hours=horizon_hours,
    )


def _column(
    pegs: PeggedPrices,
    price: PeggedPrice,
    review: IntArray,
    bars: int,
    events: Sequence[DepegEvent],
    floor: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    risk = pegged_log_risk(
        price,
        pegs.available_ns,
        review,
        events,
        watched_years(pegs.prices, price.kind, pegs.interval_hours),
        horizon_bars=bars,
        interval_hours=pegs.interval_hours,
    )
    own = -np.expm1(-risk)
    return own, published_path(own, floor)


def _class_floor(
    pegs: PeggedPrices, kind: PegKind, review: IntArray, bars: int, events: Sequence[DepegEvent]
) -> FloatArray:
    """(R,) half of the worst that any asset of the kind had lost, in prices or on record."""
    recorded = [e for e in events if e.asset != "assumed"]
    floor = incident_floor(recorded, kind, review, FLOOR_SHARE)
    for price in pegs.prices:
        if price.kind is kind:
            worst = worst_known_loss(price.log_ratio, bars)
            seen = in_force(worst, pegs.available_ns, review)
            floor = np.fmax(floor, FLOOR_SHARE * seen)
    return floor


def _loss(log_ratio: FloatArray, rows: IntArray, bars: int) -> FloatArray:
    """Share lost from each row to the first print at or after the horizon, a day's wait at most."""
    out = np.full(rows.size, np.nan)
    for i, row in enumerate(rows):
        if row < 0 or row + bars >= log_ratio.size or not np.isfinite(log_ratio[row]):
            continue
        after = log_ratio[row + bars : row + 2 * bars + 1]
        known = np.flatnonzero(np.isfinite(after))
        if known.size:
            out[i] = -np.expm1(after[known[0]] - log_ratio[row])
    return out
