"""The frontier: baselines, policies, choices and what they came to, on both horizons."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from plimsoll.calibration.frontier.appetites import APPETITES
from plimsoll.calibration.frontier.choice import (
    PolicyChoice,
    all_terms,
    choose_policies,
    chosen_margins,
)
from plimsoll.calibration.frontier.figures import PathFigures, path_figures
from plimsoll.calibration.frontier.grid import ablations, designed_policies
from plimsoll.calibration.frontier.judged import JudgedMoves, judged_moves
from plimsoll.calibration.frontier.level import LevelRule, at_levels
from plimsoll.calibration.frontier.loss_series import daily_quantile_loss
from plimsoll.calibration.frontier.margins import policy_margin
from plimsoll.calibration.frontier.panel_scales import PanelScales, panel_scales
from plimsoll.calibration.frontier.policy import MarginPolicy
from plimsoll.domain.market import DAY_NS, MarketHistory
from plimsoll.domain.ports import Progress
from plimsoll.estimators.reference.forecast import forecast
from plimsoll.estimators.reference.methods import forecasters
from plimsoll.estimators.reference.panel import ReturnsPanel
from plimsoll.validation.comparison.sample import comparison_sample

FloatArray = NDArray[np.float64]

HORIZONS_HOURS = (8, 24)
YARDSTICK = "hs_365_buffer"
BASELINES: Mapping[str, str] = {
    "A": "hs_365",
    "B": YARDSTICK,
    "C": "ewma_normal",
    "D": "ewma_t",
    "E .94": "fhs_94",
    "E .97": "fhs_97",
    "E .99": "fhs_99",
    "F": "garch_t_pot",
    "G": "fhs_97_floor_3y",
    "HS 3 y": "hs_3y",
    "H": "fhs_97_stress",
    "I": "fhs_97_aci",
    "J": "constant",
}
"""Methods of the reference by their letters."""
_LEARNING_DAYS = 31
"""Days after the first boundary from which moves are learnt from."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrontierRun:
    """Everything that the tables are made of; sequences are by horizon.

    Parameters
    ----------
    judged : tuple of JudgedMoves
    baselines, policies, ablations : mapping of str to tuple of PathFigures
        Policies and ablations with one level throughout (ex post): the frontier in hindsight.
    choices : mapping of str to tuple of PolicyChoice
        By appetite, one a review.
    points : mapping of str to tuple of PathFigures
        Of every appetite's walk-forward choice.
    point_margins : mapping of str to tuple of (D, N, 2) float64
        Held by every appetite's choice.
    policies_tried : tuple of MarginPolicy
    daily_losses : mapping of str to tuple of (T,) float64
        Daily quantile loss of every policy at walk-forward levels, of every appetite's point and
        of the yardstick: for tests of the best of many.
    """

    judged: tuple[JudgedMoves, ...]
    baselines: Mapping[str, tuple[PathFigures, ...]]
    policies: Mapping[str, tuple[PathFigures, ...]]
    ablations: Mapping[str, tuple[PathFigures, ...]]
    choices: Mapping[str, tuple[PolicyChoice, ...]]
    points: Mapping[str, tuple[PathFigures, ...]]
    point_margins: Mapping[str, tuple[FloatArray, ...]]
    policies_tried: tuple[MarginPolicy, ...]
    daily_losses: Mapping[str, tuple[FloatArray, ...]]


def frontier_run(
    history: MarketHistory,
    panel: ReturnsPanel,
    *,
    from_ns: int,
    until_ns: int,
    policies: Sequence[MarginPolicy] | None = None,
    baselines: Mapping[str, str] = BASELINES,
    scored_days: int = 250,
    workers: int = 2,
    progress: Progress,
) -> FrontierRun:
    """Compute baselines, policies, walk-forward choices and figures.

    The result does not depend on ``workers``.
    """
    tried = designed_policies() if policies is None else tuple(policies)
    base = _baseline_margins(panel, baselines, progress)
    scales = panel_scales(
        panel,
        {h: base["hs_365"][k] for k, h in enumerate(HORIZONS_HOURS)},
        {h: base["hs_3y"][k] for k, h in enumerate(HORIZONS_HOURS)},
    )
    margins = _policy_margins(scales, (*tried, *ablations()), workers, progress)
    judged = tuple(
        judged_moves(
            comparison_sample(
                history,
                panel,
                hours,
                from_ns=int(panel.time_ns[0]) + _LEARNING_DAYS * DAY_NS,
                until_ns=until_ns,
            ),
            base[YARDSTICK][k],
            [margins[tried[0].name][k], *(found[k] for found in base.values())],
            from_ns=from_ns,
            until_ns=until_ns,
            scored_days=scored_days,
        )
        for k, hours in enumerate(HORIZONS_HOURS)
    )
    names = [policy.name for policy in tried]
    own = {name: margins[name] for name in names}
    progress.start("choose and judge", len(names) + len(ablations()) + len(baselines) + 1)
    try:
        judge = _judge(judged, workers, progress)
        terms = all_terms(judged, own)
        progress.advance()
        choices = {a.name: choose_policies(judged, own, a, terms) for a in APPETITES}
        figures = judge(own)
        held = {
            name: [
                chosen_margins(found, one, own, k, _equal_scales(figures, k))
                for k, one in enumerate(judged)
            ]
            for name, found in choices.items()
        }
        return FrontierRun(
            judged=judged,
            baselines=judge({letter: base[name] for letter, name in baselines.items()}),
            policies=figures,
            ablations=judge({a.name: margins[a.name] for a in ablations()}),
            choices=choices,
            points={
                name: tuple(
                    path_figures(one, *pair) for one, pair in zip(judged, found, strict=True)
                )
                for name, found in held.items()
            },
            point_margins={name: tuple(pair[0] for pair in found) for name, found in held.items()},
            policies_tried=tried,
            daily_losses=_daily_losses(judged, own, held, base[YARDSTICK], workers),
        )
    finally:
        progress.finish()


def _equal_scales(figures: Mapping[str, Sequence[PathFigures]], horizon: int) -> dict[str, float]:
    return {n: f[horizon].total.equal / f[horizon].total.lived for n, f in figures.items()}


def _daily_losses(
    judged: Sequence[JudgedMoves],
    own: Mapping[str, Sequence[FloatArray]],
    held: Mapping[str, Sequence[tuple[FloatArray, FloatArray]]],
    yardstick: Sequence[FloatArray],
    workers: int,
) -> dict[str, tuple[FloatArray, ...]]:
    def levelled(margins: Sequence[FloatArray]) -> tuple[FloatArray, ...]:
        return tuple(
            daily_quantile_loss(one, at_levels(one, margin, LevelRule()))
            for one, margin in zip(judged, margins, strict=True)
        )

    with ThreadPoolExecutor(workers) as pool:
        out = dict(zip(own, pool.map(levelled, own.values()), strict=True))
    plain = {f"point: {name}": [pair[0] for pair in found] for name, found in held.items()}
    for name, margins in {**plain, "B": yardstick}.items():
        out[name] = tuple(daily_quantile_loss(j, m) for j, m in zip(judged, margins, strict=True))
    return out


_Judge = Callable[[Mapping[str, Sequence[FloatArray]]], dict[str, tuple[PathFigures, ...]]]


def _judge(judged: Sequence[JudgedMoves], workers: int, progress: Progress) -> _Judge:
    def figures(margins: Sequence[FloatArray]) -> tuple[PathFigures, ...]:
        return tuple(path_figures(one, m) for one, m in zip(judged, margins, strict=True))

    def judge(
        margins: Mapping[str, Sequence[FloatArray]],
    ) -> dict[str, tuple[PathFigures, ...]]:
        out = {}
        with ThreadPoolExecutor(workers) as pool:
            for name, found in zip(margins, pool.map(figures, margins.values()), strict=True):
                out[name] = found
                progress.advance()
        return out

    return judge


def _baseline_margins(
    panel: ReturnsPanel, baselines: Mapping[str, str], progress: Progress
) -> dict[str, list[FloatArray]]:
    names = tuple(dict.fromkeys((*baselines.values(), YARDSTICK, "hs_365", "hs_3y")))
    jobs = [(method, hours) for method in forecasters(names) for hours in HORIZONS_HOURS]
    progress.start("baselines", len(jobs))
    found: dict[str, list[FloatArray]] = {name: [] for name in names}
    try:
        for method, hours in jobs:
            found[method.name].append(forecast(method, panel, hours).value_at_risk)
            progress.advance()
    finally:
        progress.finish()
    return found


def _policy_margins(
    scales: PanelScales, policies: Iterable[MarginPolicy], workers: int, progress: Progress
) -> dict[str, list[FloatArray]]:
    tried = tuple(policies)
    jobs = [(policy, hours) for policy in tried for hours in HORIZONS_HOURS]
    progress.start("policies", len(jobs))
    found: dict[str, list[FloatArray]] = {policy.name: [] for policy in tried}
    try:
        with ThreadPoolExecutor(workers) as pool:
            paths = pool.map(lambda job: policy_margin(scales, *job), jobs)
            for (policy, _), margin in zip(jobs, paths, strict=True):
                found[policy.name].append(margin)
                progress.advance()
    finally:
        progress.finish()
    return found
