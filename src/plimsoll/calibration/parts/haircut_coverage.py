"""Haircuts of coins as they would have stood day by day, held against what came after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.collateral.floor import (
    ClassShare,
    FloorPolicy,
    FloorRule,
    class_share_path,
    worst_of_class,
)
from plimsoll.calibration.collateral.haircut import (
    LEAST_FALLS,
    haircut_of,
    log_falls,
    log_risk_of,
)
from plimsoll.calibration.collateral.walk_forward import published_path, worst_known_loss
from plimsoll.domain.evidence import Check, Verdict
from plimsoll.domain.market import MarketHistory
from plimsoll.domain.table import Column, ColumnKind, Table
from plimsoll.errors import InsufficientDataError
from plimsoll.estimators.reference.default_model import revised_default
from plimsoll.estimators.reference.forecast import LONG, forecast
from plimsoll.estimators.reference.panel import ReturnsPanel, returns_panel
from plimsoll.validation.comparison.coverage_figures import clustered_rate
from plimsoll.validation.comparison.method_score import Rate
from plimsoll.validation.comparison.sample import comparison_sample

FloatArray = NDArray[np.float64]
FORECAST_CONFIDENCE = 0.99
"""Of the default forecaster, which no haircut of a coin goes below."""
REFRESH_DAYS = 7
"""Days between two looks at an asset's own history, where more than the forecaster's is asked."""
LARGEST_LOSS = 1.0 - 1e-12
_FLOORS = {
    FloorPolicy.CLASS: "in full for every asset",
    FloorPolicy.POOLED: "in full for the young and illiquid, for others as far as their own "
    "record leaves the class to speak",
}
LOW, HIGH = 0.85, 1.15
"""Band of the pooled breach rate, as shares of the target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageQuestion:
    """Which haircuts, from when on.

    Parameters
    ----------
    columns : tuple of str
        Of the joined history: the assets without a peg.
    assets : tuple of str
        Their names.
    horizon_hours : int
    floor_share : float
    recorded : tuple of float
        Worst loss of each asset's class on record before the prices begin.
    classes : tuple of str
        Of the assets; empty: each is a class of its own.
    adv_usd : tuple of float
        Turnover a day; empty: unknown.
    floor : FloorRule
    from_ns, until_ns : int
    label : str
    confidence : float
        Stated coverage of the collateral.
    """

    columns: tuple[str, ...]
    assets: tuple[str, ...]
    horizon_hours: int
    floor_share: float
    recorded: tuple[float, ...]
    from_ns: int
    until_ns: int
    label: str
    confidence: float = FORECAST_CONFIDENCE
    classes: tuple[str, ...] = ()
    adv_usd: tuple[float, ...] = ()
    floor: FloorRule = FloorRule()  # noqa: RUF009  frozen

    @property
    def targets(self) -> tuple[float, float]:
        """Breach rates aimed at before floor and step, and as published.

        Haircuts never go below the forecaster's 99 %, also where less is asked for.
        """
        return 1.0 - max(self.confidence, FORECAST_CONFIDENCE), 1.0 - self.confidence


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HaircutForecast:
    """Value-at-risk over the sale on every day.

    Parameters
    ----------
    panel : ReturnsPanel
    value_at_risk : (D, N, 2) float64
    """

    panel: ReturnsPanel
    value_at_risk: FloatArray

    def last(self, column: str) -> tuple[float, float]:
        """Loss of a long and of a short on the last day; NaN where there is no number."""
        found = self.value_at_risk[-1, self.panel.markets.index(column)]
        return float(found[0]), float(found[1])


def haircut_forecast(
    history: MarketHistory, columns: Sequence[str], horizon_hours: int
) -> HaircutForecast:
    """Forecast with the default as it stood at each time, on these columns together."""
    panel = returns_panel(history, markets=columns)
    found = forecast(revised_default(), panel, horizon_hours)
    return HaircutForecast(panel=panel, value_at_risk=found.value_at_risk)


def haircut_coverage(
    history: MarketHistory, found: HaircutForecast, question: CoverageQuestion
) -> tuple[tuple[Table, ...], tuple[Check, ...], tuple[str, ...]]:
    """Return breach rates before floor and step, and as published, with their lines and limits.

    Where no move began in the period there is none of them.
    """
    panel = found.panel
    try:
        sample = comparison_sample(
            history, panel, question.horizon_hours, from_ns=question.from_ns,
            until_ns=question.until_ns,
        )  # fmt: skip
    except InsufficientDataError:
        return (), (), ()
    place = [panel.markets.index(column) for column in question.columns]
    own = _asked(found, place, question)
    share = _class_share(found, place, own, question)
    floor = question.floor_share * share.weight * _known_worst(found, place, question)
    raised = haircut_of(np.nan_to_num(share.log_risk))
    raised = np.where(np.isfinite(own), np.maximum(own, raised), own)
    haircut, published = own[sample.row], published_path(raised, floor)[sample.row]
    loss = sample.loss[:, place, LONG]
    scored = np.isfinite(haircut) & np.isfinite(loss) & sample.seasoned[:, place]
    rates = [
        clustered_rate((scored & (loss > held))[..., None], scored[..., None], sample.time_ns)
        for held in (haircut, published)
    ]
    means = [float(held[scored].mean()) if scored.any() else None for held in (haircut, published)]
    return (
        (_table(rates, means, question),),
        tuple(_checks(rates, question)),
        _limits(rates[0], question),
    )


def _asked(found: HaircutForecast, place: Sequence[int], question: CoverageQuestion) -> FloatArray:
    """(D, K) forecast, or the own history's quantile known then where more is asked for."""
    own = np.array(found.value_at_risk[:, place, LONG])
    if question.confidence <= FORECAST_CONFIDENCE:
        return own
    panel = found.panel
    bars = panel.bars_of(question.horizon_hours)
    for k, row in enumerate(place):
        level = np.nan
        for day, end in enumerate(panel.boundaries.bars):
            if day % REFRESH_DAYS == 0:
                falls = log_falls(panel.price[row, :end], bars)
                if falls.size >= LEAST_FALLS:
                    level = -np.expm1(-np.quantile(falls, question.confidence))
            own[day, k] = np.fmax(own[day, k], level) if np.isfinite(own[day, k]) else np.nan
    return own


def _class_share(
    found: HaircutForecast, place: Sequence[int], own: FloatArray, question: CoverageQuestion
) -> ClassShare:
    """How far the class spoke for each asset on each day, from what was known then."""
    price, bars = found.panel.price, found.panel.boundaries.bars
    seen = np.cumsum(np.isfinite(price[place]), axis=1)[:, np.maximum(bars - 1, 0)].T
    per_day = found.panel.boundaries.bars_per_day
    unknown = tuple(float("nan") for _ in place)
    return class_share_path(
        log_risk_of(np.minimum(own, LARGEST_LOSS)),
        seen / per_day,
        question.adv_usd or unknown,
        question.classes or question.assets,
        question.floor,
        confidence=max(question.confidence, FORECAST_CONFIDENCE),
    )


def _known_worst(
    found: HaircutForecast, place: Sequence[int], question: CoverageQuestion
) -> FloatArray:
    """(D, K) worst share lost over the sale in each asset's class that was known on each day."""
    panel = found.panel
    bars = panel.bars_of(question.horizon_hours)
    worst = np.array([worst_known_loss(panel.price[row], bars) for row in place]).T
    known = worst[np.maximum(panel.boundaries.bars - 1, 0)]
    known = np.maximum(known, np.array(question.recorded))
    return worst_of_class(known, question.classes or question.assets)


def _proves(exact: Rate, aim: float) -> bool:
    """Whether the error is within half the band; without a breach there is no error to tell."""
    return 0.0 < exact.standard_error <= 0.5 * (HIGH - LOW) * aim


def _verdicts(rates: Sequence[Rate], question: CoverageQuestion) -> tuple[Verdict, Verdict]:
    """Of the forecast, held to both bounds; and of what is published, held from above."""
    exact, published = rates
    aim, shown = question.targets
    proves = _proves(exact, aim)
    inside = LOW * aim <= exact.rate <= HIGH * aim
    return (
        (Verdict.HOLDS if inside else Verdict.BREACH) if proves else Verdict.NOT_PROVEN,
        Verdict.BREACH if published.rate > HIGH * shown else Verdict.HOLDS,
    )


def _checks(rates: Sequence[Rate], question: CoverageQuestion) -> list[Check]:
    """Lines of the set: what is published, and the forecast where there is enough of it.

    A handful of assets cannot prove a forecast that the margins of the same panel are held to with
    all their markets: the table and the limits say so, and no line of the set hangs on it.
    """
    own, published = _verdicts(rates, question)
    aim, shown = question.targets
    lines = [("published", rates[1], 0.0, shown, published)]
    if own is not Verdict.NOT_PROVEN:
        lines.insert(0, ("before floor and step", rates[0], LOW * aim, aim, own))
    return [
        Check(
            name=f"Haircuts of coins {name}: pooled breaches",
            verdict=verdict,
            found=f"{rate.rate:.2%} (s.e. {rate.standard_error:.2%})",
            demanded=f"{least:.2%} to {HIGH * target:.2%}",
        )
        for name, rate, least, target, verdict in lines
    ]


def _limits(exact: Rate, question: CoverageQuestion) -> tuple[str, ...]:
    """What the assets are too few to prove."""
    aim = question.targets[0]
    if _proves(exact, aim):
        return ()
    return (
        f"Haircuts of coins before floor and step are not proven: {exact.rate:.2%} of moves beyond "
        f"them (s.e. {exact.standard_error:.2%}), {LOW * aim:.2%} to {HIGH * aim:.2%} demanded; "
        f"{len(question.assets)} assets are too few for both bounds. What is published is held "
        "from above.",
    )


def _turnover_note(question: CoverageQuestion) -> tuple[str, ...]:
    """What the walk-forward knows too early; nothing where turnover does not decide."""
    if question.floor.policy is FloorPolicy.CLASS:
        return ()
    return (
        "Who is illiquid is told by the turnover stated today, on every day of the past too: no "
        "record of turnover is read.",
    )


def _table(
    rates: Sequence[Rate], means: Sequence[float | None], question: CoverageQuestion
) -> Table:
    share = ColumnKind.FRACTION
    aim, shown = question.targets
    asked = f"{100.0 * question.confidence:g} %"
    return Table(
        name="haircut_coverage",
        title=f"Haircuts of coins: breaches of {asked} over {question.horizon_hours} h, "
        "walk-forward",
        columns=(
            Column(name="haircut", title="Haircut"),
            Column(name="starts", title="Starts", kind=ColumnKind.COUNT),
            Column(name="rate", title="Breaches", kind=share),
            Column(name="error", title="s.e.", kind=share),
            Column(name="mean", title="Mean haircut", kind=share),
            Column(name="verdict", title="Line"),
        ),
        rows=tuple(
            (name, rate.pairs, rate.rate, rate.standard_error, mean, verdict.value)
            for name, rate, mean, verdict in zip(
                ("before floor and step", "published"),
                rates,
                means,
                _verdicts(rates, question),
                strict=True,
            )
        ),
        notes=(
            question.label,
            f"Assets: {', '.join(question.assets)}. One side: collateral loses in a fall.",
            f"Lines: {LOW * aim:.2%} to {HIGH * aim:.2%} before the floor, not proven where "
            f"the error exceeds half the band; at most {HIGH * shown:.2%} as published.",
            "Cost of selling stands on both sides. Floor: "
            f"{question.floor_share:.0%} of the worst fall of the class known by then or on "
            f"record, {_FLOORS[question.floor.policy]}.",
            *_turnover_note(question),
        ),
    )
