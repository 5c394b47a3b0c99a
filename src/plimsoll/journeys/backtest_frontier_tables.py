"""Tables of the frontier: points, choices, crises, baselines, policies tried, ablations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from plimsoll.calibration.frontier.appetites import APPETITES
from plimsoll.calibration.frontier.choice import FrontierAppetite
from plimsoll.calibration.frontier.figures import PathFigures
from plimsoll.calibration.frontier.impulse import DAYS_AFTER, VolatilityStep, impulse_response
from plimsoll.calibration.frontier.pareto import non_dominated
from plimsoll.calibration.frontier.policy import MarginPolicy
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.journeys.backtest_frontier_run import HORIZONS_HOURS, FrontierRun
from plimsoll.validation.ranking.model_confidence_set import model_confidence_set

PRICE_NOTE = "Loss = price move on spot closes; no funding. Margins set daily at 00:00 UTC."
EX_POST = (
    "@B: one scale, found afterwards, brings the breach rate to the yardstick's (of a path joined "
    "from several policies: each of them, then the path)."
)
LIVED = (
    "As lived: policy and level chosen at each New Year from earlier moves alone; mean margin over "
    "the yardstick's, beside both breach rates."
)


def _number(name: str, title: str, digits: int = 3, about: str = "") -> Column:
    return Column(name=name, title=title, kind=ColumnKind.NUMBER, digits=digits, about=about)


def _share(name: str, title: str, about: str = "") -> Column:
    return Column(name=name, title=title, kind=ColumnKind.FRACTION, digits=3, about=about)


_HORIZON = Column(name="horizon", title="h", kind=ColumnKind.COUNT)
_POINT = Column(name="point", title="Point")


def all_tables(run: FrontierRun) -> tuple[Table, ...]:
    """Every table of the study, in the order of reading."""
    return (
        points_table(run),
        choices_table(run),
        crisis_table(run),
        figures_table(run.baselines, "frontier_baselines", "Methods of the reference"),
        tried_table(run),
        figures_table(
            {"base": _base(run), **run.ablations},
            "frontier_ablations",
            "Base policy (mixed -0.28 to 0.12) with one thing changed",
        ),
        impulse_table(run.policies_tried),
        *confidence_tables(run),
    )


def _base(run: FrontierRun) -> tuple[PathFigures, ...]:
    names = [policy.name for policy in run.policies_tried]
    wanted = "mixed -0.28 to 0.12"
    return run.policies[wanted if wanted in names else names[0]]


def points_table(run: FrontierRun) -> Table:
    """The walk-forward points, both horizons and halves."""
    return Table(
        name="frontier_points",
        title="Points of the frontier, walk-forward",
        columns=(
            _POINT,
            _HORIZON,
            _number("lived", "As lived"),
            _number("lived_even", "even"),
            _number("lived_odd", "odd"),
            _share("rate", "Breach"),
            _share("error", "s.e."),
            _share("yardstick", "B's breach"),
            _share("yardstick_error", "s.e. B"),
            _number("equal", "@B"),
            _number("equal_even", "@B even"),
            _number("equal_odd", "@B odd"),
            _number("pt", "PT", 2),
            _number("pt_yardstick", "B's PT", 2),
            _number("call_5", "C5", 2),
            _number("call_20", "C20", 2),
            _number("churn", "Churn", 4, "Mean absolute change of the log margin a day."),
            _share("excess", "Excess", "Mean loss beyond the margin, of breaches, over it."),
            _number("gap", "Gap", 3, "@B less the lowest of the policies tried within its PT."),
        ),
        rows=tuple(_point_rows(run)),
        notes=(PRICE_NOTE, LIVED, EX_POST, _halves_note(run)),
    )


def _halves_note(run: FrontierRun) -> str:
    count = run.judged[0].columns.size
    return f"{count} markets; even and odd by turns in alphabetical order of the file's markets."


def _point_rows(run: FrontierRun) -> Iterator[tuple[Cell, ...]]:
    for name, found in run.points.items():
        for k, (hours, one) in enumerate(zip(HORIZONS_HOURS, found, strict=True)):
            moved = one.movement
            yield (
                name,
                hours,
                one.total.lived,
                one.even.lived,
                one.odd.lived,
                one.rate.rate,
                one.rate.standard_error,
                one.yardstick_rate.rate,
                one.yardstick_rate.standard_error,
                one.total.equal,
                one.even.equal,
                one.odd.equal,
                moved.peak_to_trough,
                run.baselines["B"][k].movement.peak_to_trough,
                moved.call_5,
                moved.call_20,
                moved.churn,
                one.excess,
                hindsight_gap(run, one, k),
            )


def hindsight_gap(run: FrontierRun, point: PathFigures, horizon: int) -> float:
    """@B of a point less the lowest of all policies tried that move no more than it did."""
    limit = point.movement.peak_to_trough
    within = [
        found[horizon].total.equal
        for found in run.policies.values()
        if found[horizon].movement.peak_to_trough <= limit
    ]
    return point.total.equal - min(within) if within else float("nan")


def choices_table(run: FrontierRun) -> Table:
    """What each New Year chose."""
    rows: list[tuple[Cell, ...]] = []
    for name, choices in run.choices.items():
        for one in choices:
            first, second = one.level
            rows.append(
                (
                    name,
                    one.at_ns,
                    one.known_days,
                    one.holding or None,
                    one.policy,
                    first.target,
                    first.scale,
                    second.target,
                    second.scale,
                    one.expected_cost,
                )
            )
    tried = len(run.policies_tried)
    return Table(
        name="frontier_choices",
        title="Choices at each New Year, from earlier data alone",
        columns=(
            _POINT,
            Column(name="review", title="Review", kind=ColumnKind.TIME),
            Column(name="days", title="Days known", kind=ColumnKind.COUNT),
            Column(name="holding", title="Within limits", kind=ColumnKind.COUNT),
            Column(name="policy", title="Policy"),
            _share("target_8", "Target 8 h"),
            _number("scale_8", "Level 8 h"),
            _share("target_24", "Target 24 h"),
            _number("scale_24", "Level 24 h"),
            _number("expected", "Expected @B", 3, "On the earlier moves, both horizons."),
        ),
        rows=tuple(rows),
        notes=(
            f"{tried} policies tried, two horizons each. NOT walk-forward: the shapes of the grid, "
            "the rules of level and limits, and each appetite's first policy (in force until a "
            "year is known) were found on these years.",
            *(_appetite_note(a) for a in APPETITES),
        ),
    )


def _appetite_note(appetite: FrontierAppetite) -> str:
    limits = (
        f"PT <= {appetite.peak_to_trough:g}" if np.isfinite(appetite.peak_to_trough) else "",
        f"(PT - 1) <= {appetite.of_yardstick:g} of B's"
        if np.isfinite(appetite.of_yardstick)
        else "",
        f"breaches of the worst 5 % of days <= {appetite.stress_share:g} of B's"
        if np.isfinite(appetite.stress_share)
        else "",
    )
    level = appetite.level
    return (
        f"{appetite.name}: cheapest at B's coverage with {', '.join(filter(None, limits))}; level: "
        f"B's own record, with {100 * level.nominal:.3f} % worth {level.prior_days:g} days."
    )


def crisis_table(run: FrontierRun) -> Table:
    """Breaches in the crisis windows beside the yardstick's."""
    rows: list[tuple[Cell, ...]] = []
    for name, found in run.points.items():
        for hours, one in zip(HORIZONS_HOURS, found, strict=True):
            for window, w in {**one.crises, "all": one.crisis_total()}.items():
                shares = tuple(x / w.pairs for x in (w.lived, w.equal, w.yardstick))
                rows.append((name, hours, window, *shares, w.yardstick))
    return Table(
        name="frontier_crises",
        title="Breaches in crisis windows",
        columns=(
            _POINT,
            _HORIZON,
            Column(name="window", title="Window"),
            _share("lived", "As lived"),
            _share("equal", "At B's pooled coverage"),
            _share("yardstick", "B"),
            Column(name="count", title="B's breaches", kind=ColumnKind.COUNT),
        ),
        rows=tuple(rows),
        notes=(PRICE_NOTE, EX_POST),
    )


def figures_table(found: Mapping[str, Sequence[PathFigures]], name: str, title: str) -> Table:
    """Cost and movement of paths with one level throughout."""
    return Table(
        name=name,
        title=title,
        columns=(
            Column(name="method", title="Method"),
            _HORIZON,
            _share("rate", "Breach"),
            _number("mean", "Mean over B's"),
            _number("equal", "@B"),
            _number("even", "@B even"),
            _number("odd", "@B odd"),
            _number("pt", "PT", 2),
            _number("call_5", "C5", 2),
            _number("call_20", "C20", 2),
            _number("churn", "Churn", 4),
            _number("crises", "Crises over B's", 2, "Breaches in all windows, at equal coverage."),
        ),
        rows=tuple(_figure_rows(found)),
        notes=(PRICE_NOTE, EX_POST),
    )


def _figure_rows(found: Mapping[str, Sequence[PathFigures]]) -> Iterator[tuple[Cell, ...]]:
    for name, horizons in found.items():
        for hours, one in zip(HORIZONS_HOURS, horizons, strict=True):
            moved, crisis = one.movement, one.crisis_total()
            yield (
                name,
                hours,
                one.rate.rate,
                one.total.lived,
                one.total.equal,
                one.even.equal,
                one.odd.equal,
                moved.peak_to_trough,
                moved.call_5,
                moved.call_20,
                moved.churn,
                crisis.equal / max(1, crisis.yardstick),
            )


def frontier_members(run: FrontierRun) -> dict[str, tuple[bool, ...]]:
    """Whether each policy tried is not dominated in (@B, PT, C5), by horizon."""
    flags = [
        non_dominated(
            [
                (f[k].total.equal, f[k].movement.peak_to_trough, f[k].movement.call_5)
                for f in run.policies.values()
            ]
        )
        for k in range(len(HORIZONS_HOURS))
    ]
    return {name: tuple(bool(one[i]) for one in flags) for i, name in enumerate(run.policies)}


def tried_table(run: FrontierRun) -> Table:
    """Every policy tried, with one level throughout."""
    members = frontier_members(run)
    named = {policy.name: policy for policy in run.policies_tried}
    table = figures_table(run.policies, "frontier_tried", "Every policy tried, in hindsight")
    extra = (
        Column(name="frontier", title="On the frontier", kind=ColumnKind.FLAG),
        Column(name="tools", title="Tools"),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (*row, members[str(row[0])][k % len(HORIZONS_HOURS)], named[str(row[0])].tools)
        for k, row in enumerate(table.rows)
    )
    return Table(
        name=table.name,
        title=table.title,
        columns=(*table.columns, *extra),
        rows=rows,
        notes=(*table.notes, "On the frontier: not dominated in (@B, PT, C5)."),
    )


def impulse_table(policies: Sequence[MarginPolicy]) -> Table:
    """Margins after a doubling of volatility."""
    step = VolatilityStep()
    scales = step.scales()
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (p.name, *impulse_response(p, step, scales)) for p in policies
    )
    return Table(
        name="frontier_impulse",
        title="Impulse response: margin after volatility doubles, over the margin before",
        columns=(
            Column(name="policy", title="Policy"),
            *(_number(f"day_{d}", f"{d} d", 2) for d in DAYS_AFTER),
        ),
        rows=rows,
        notes=(
            f"SYNTHETIC: {step.markets} independent markets of Student-t moves (4 degrees), "
            f"{step.days_before} days before the step, seed {step.seed}; {step.horizon_hours} h "
            "margins; medians.",
        ),
    )


def confidence_tables(run: FrontierRun) -> Iterator[Table]:
    """Which of all policies may be the best, by daily quantile loss, with all of them counted."""
    for k, hours in enumerate(HORIZONS_HOURS):
        names = list(run.daily_losses)
        losses = np.stack([run.daily_losses[name][k] for name in names], axis=1)
        mean = float(losses.mean())
        found = model_confidence_set(losses / mean, names)
        rows = tuple(
            (m.name, m.mean_score, m.p_value, m.p_value >= 0.10)
            for m in sorted(found.models, key=lambda m: m.mean_score)
            if m.p_value >= 0.10 or m.name == "B" or m.name.startswith("point: ")
        )
        yield Table(
            name=f"frontier_confidence_{hours}h",
            title=f"Model confidence set of {len(names)} candidates, {hours} h",
            columns=(
                Column(name="candidate", title="Candidate"),
                _number("loss", "Quantile loss", 4, "Daily mean over that of all candidates."),
                _number("p", "MCS p", 3),
                Column(name="member", title="May be the best", kind=ColumnKind.FLAG),
            ),
            rows=rows,
            notes=(
                "Margin plus what breaks through it over 0.512 %, at walk-forward levels; 1,000 "
                f"stationary block resamples of {found.observations} days. Members at 90 %, the "
                "points and B are shown.",
            ),
        )
