"""The lines of the frontier: what was demanded, what was found, on both horizons and halves."""

from __future__ import annotations

from collections.abc import Iterator

from plimsoll.calibration.frontier.figures import PathFigures
from plimsoll.calibration.frontier.pareto import dominates
from plimsoll.domain.evidence import Check, Verdict
from plimsoll.domain.table import Column, Table
from plimsoll.journeys.backtest_frontier_run import HORIZONS_HOURS, FrontierRun


def frontier_checks(run: FrontierRun) -> tuple[Check, ...]:
    """Check every line that must hold."""
    return (
        *_line(run, "must 1: calm", "calm", 0.95, of_yardstick=0.75),
        *_line(run, "must 2: cheap", "moderate", 0.92, ceiling=1.8),
        *_crises(run),
        _dominated(run),
    )


def stretch_table(run: FrontierRun) -> Table:
    """What was hoped for beyond the lines, reached or missed; it turns no verdict."""
    lines = (
        *_line(run, "1: at B's own PT", "as calm as the buffer", 0.92, of_yardstick=1.0),
        *_line(run, "2: cheapest at PT 1.8", "moderate", 0.87, ceiling=1.8),
    )
    return Table(
        name="frontier_stretch",
        title="Stretch",
        columns=(
            Column(name="name", title="Line"),
            Column(name="reached", title="Reached"),
            Column(name="found", title="Found"),
            Column(name="aimed_at", title="Aimed at"),
        ),
        rows=tuple(
            (one.name, "yes" if one.verdict is Verdict.HOLDS else "no", one.found, one.demanded)
            for one in lines
        ),
        notes=(
            "Aims beyond what must hold; a line that is missed is no breach. Implied volatility, "
            "open interest, books and intraday volatility are not used here.",
        ),
    )


def _line(
    run: FrontierRun,
    name: str,
    point: str,
    cost: float,
    *,
    ceiling: float = float("inf"),
    of_yardstick: float = float("inf"),
) -> Iterator[Check]:
    for k, hours in enumerate(HORIZONS_HOURS):
        one = run.points[point][k]
        moved_most = run.baselines["B"][k].movement.peak_to_trough - 1.0
        most = min(ceiling, 1.0 + of_yardstick * moved_most)
        worst_lived = max(half.lived for half in one.halves)
        worst_equal = max(half.equal for half in one.halves)
        covered = covers(one)
        moved = one.movement.peak_to_trough
        holds = worst_lived <= cost and worst_equal <= cost and moved <= most and covered
        yield Check(
            name=f"{name}, {hours} h",
            verdict=Verdict.HOLDS if holds else Verdict.BREACH,
            found=(
                f"as lived {one.even.lived:.3f} / {one.odd.lived:.3f}, @B {one.even.equal:.3f} / "
                f"{one.odd.equal:.3f}, PT {moved:.3f}; breach {100 * one.rate.rate:.3f} % against "
                f"{100 * one.yardstick_rate.rate:.3f} (s.e. "
                f"{100 * one.yardstick_rate.standard_error:.3f})"
            ),
            demanded=f"even and odd <= {cost:g} both ways, PT <= {most:.3f}, breach <= B's + s.e.",
        )


def covers(one: PathFigures) -> bool:
    """Whether the rate as lived is at most the yardstick's plus its standard error."""
    return one.rate.rate <= one.yardstick_rate.rate + one.yardstick_rate.standard_error


def _crises(run: FrontierRun) -> Iterator[Check]:
    for k, hours in enumerate(HORIZONS_HOURS):
        one = run.points["crisis"][k]
        total = one.crisis_total()
        cheap = max(one.total.lived, one.total.equal) <= 0.97
        holds = cheap and max(total.lived, total.equal) <= total.yardstick and covers(one)
        yield Check(
            name=f"crises pooled, {hours} h",
            verdict=Verdict.HOLDS if holds else Verdict.BREACH,
            found=(
                f"{total.lived} as lived, {total.equal} at B's coverage, B {total.yardstick}; "
                f"cost {one.total.lived:.3f} as lived, @B {one.total.equal:.3f}"
            ),
            demanded="no more than B's breaches, both ways, at a cost <= 0.97 both ways",
        )
        for window, w in one.crises.items():
            yield Check(
                name=f"crisis {window}, {hours} h",
                verdict=Verdict.HOLDS
                if cheap and max(w.lived, w.equal) <= w.yardstick
                else Verdict.BREACH,
                found=f"{w.lived} as lived, {w.equal} at B's coverage, B {w.yardstick}",
                demanded="no more than B's, both ways",
            )


def dominated_points(run: FrontierRun) -> list[str]:
    """Points that a baseline dominates in (breach, mean, PT) as lived, or in (@B, PT)."""
    out = []
    for k, hours in enumerate(HORIZONS_HOURS):
        lived = {n: _lived(f[k]) for n, f in run.baselines.items()}
        equal = {n: _equal(f[k]) for n, f in run.baselines.items()}
        for name, found in run.points.items():
            by = dominates(list(lived.values()), _lived(found[k]))
            by |= dominates(list(equal.values()), _equal(found[k]))
            out += [f"{name} {hours} h by {n}" for n, b in zip(lived, by, strict=True) if b]
    return out


def _lived(one: PathFigures) -> tuple[float, float, float]:
    return one.rate.rate, one.total.lived, one.movement.peak_to_trough


def _equal(one: PathFigures) -> tuple[float, float]:
    return one.total.equal, one.movement.peak_to_trough


def _dominated(run: FrontierRun) -> Check:
    found = dominated_points(run)
    return Check(
        name="no point dominated by A-J",
        verdict=Verdict.BREACH if found else Verdict.HOLDS,
        found=", ".join(found) or "none",
        demanded="none, in (coverage, mean, PT) as lived and in (@B, PT)",
    )
