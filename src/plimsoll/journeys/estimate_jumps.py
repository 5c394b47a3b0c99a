"""Jumps and clusters of one market: flags, shares of the variance, laws with jumps, branching."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from plimsoll.domain.finding import Reason
from plimsoll.domain.table import Cell, Column, ColumnKind, Table
from plimsoll.errors import PlimsollError
from plimsoll.estimators.jumps.event_times import EventTimes, large_moves
from plimsoll.estimators.jumps.fitted_hawkes import FittedHawkes
from plimsoll.estimators.jumps.hawkes import Hawkes
from plimsoll.estimators.jumps.jump_law import FittedJumpLaw
from plimsoll.estimators.jumps.kou import FittedKou, Kou
from plimsoll.estimators.jumps.lee_mykland import JumpFlags, LeeMykland
from plimsoll.estimators.jumps.merton import FittedMerton, Merton
from plimsoll.estimators.realised.blocks import blocks_of
from plimsoll.estimators.realised.measures import BipowerScaling, realised_measures
from plimsoll.journeys.estimate_power import BRANCHING_ERROR, DRAWS, on_bars, residual_power
from plimsoll.journeys.estimate_returns import FloatArray, RecentReturns, failure

K = ColumnKind
SIGNIFICANCE = 0.01
LAST_JUMPS = 5
LARGE_MOVE = 3.0
"""Standard deviations beyond which a move is an event of the Hawkes process."""
SEED = 0
_LEAST_WINDOW = 16


def jump_tables(recent: RecentReturns) -> tuple[Table, ...]:
    """Return flags, the last of them, laws with jumps, and clustering of large moves."""
    flags = None if recent.reason is not None else _method(recent).fit(recent.returns)
    return (_shares(recent, flags), _last(recent, flags), _laws(recent), _clusters(recent))


def _method(recent: RecentReturns) -> LeeMykland:
    """A window of the root of the bars in a year, as the paper has it; stale bars passed over."""
    window = math.ceil(math.sqrt(365.0 * recent.bars_per_day))
    return LeeMykland(window=max(window, _LEAST_WINDOW), alpha=SIGNIFICANCE, zeros="skip")


def _shares(recent: RecentReturns, flags: JumpFlags | None) -> Table:
    row: tuple[Cell, ...] = (None,) * 7
    if flags is not None:
        squares = np.nan_to_num(recent.returns) ** 2
        ratio, days, tested = _bipower(recent)
        share = float(squares[flags.flag].sum() / squares.sum())
        row = (flags.tested, flags.rows.size, share, ratio, days, tested, flags.stale_share)
    window = _method(recent).window
    return Table(
        name="jumps",
        title=f"Jumps of {recent.market}",
        columns=(
            Column(name="tested", title="Bars tested", kind=K.COUNT),
            Column(name="flagged", title="Flagged", kind=K.COUNT),
            _share("variance_share", "Share of variance", "Squares of flagged bars over all."),
            _number("bipower_ratio", "Bipower ratio", "Bipower variation over realised variance."),
            Column(name="jump_days", title="Days with a jump", kind=K.COUNT),
            Column(name="days", title="Days", kind=K.COUNT),
            _share("stale_share", "Unchanged bars", "Passed over."),
            _reason(),
        ),
        rows=((*row, _why(recent)),),
        notes=(
            f"{recent.span}.",
            f"Lee and Mykland, {100 * SIGNIFICANCE:g} % over the whole window, volatility of the "
            f"{window} bars before: large against the last days, not proof of a break in the path. "
            "Bipower: 1 without jumps; days by the ratio test at 0.1 %.",
        ),
    )


def _bipower(recent: RecentReturns) -> tuple[float | None, int, int]:
    """Bipower over realised variance of all days, days with a jump, and days measured."""
    found = realised_measures(
        recent.returns,
        blocks_of(recent.open_ns),
        bipower_scaling=BipowerScaling.N_OVER_N_MINUS_1,
    )
    there = np.isfinite(found.bipower) & (found.variance > 0.0)
    if not there.any():
        return None, 0, 0
    jumps = np.isfinite(found.ratio_p) & (found.ratio_p < 0.001)
    ratio = float(found.bipower[there].sum() / found.variance[there].sum())
    return ratio, int((jumps & there).sum()), int(there.sum())


def _last(recent: RecentReturns, flags: JumpFlags | None) -> Table:
    rows: list[tuple[Cell, ...]] = []
    if flags is not None:
        rows = [
            (
                int(recent.open_ns[t]) + recent.interval_ns,
                float(recent.returns[t]),
                float(flags.statistic[t]),
            )
            for t in flags.rows[::-1][:LAST_JUMPS].tolist()
        ]
    limit = "" if flags is None else f" beyond \u00b1{flags.threshold.critical:.2f}"
    none = () if rows else (f"No bar was flagged ({_why(recent) or 'none' + limit}).",)
    return Table(
        name="last_jumps",
        title="The last of them",
        columns=(
            Column(name="time", title="Known at (UTC)", kind=K.TIME),
            Column(name="log_return", title="Log return", kind=K.FRACTION),
            _number("statistic", "Statistic", f"Flagged{limit}."),
        ),
        rows=tuple(rows),
        notes=none or (f"Flagged{limit}.",),
    )


def _laws(recent: RecentReturns) -> Table:
    notes = [
        "Returns of a bar over the volatility forecast before them, so that moving volatility is "
        "not taken for jumps. Merton: normal jumps; Kou: exponential ones, up and down apart. "
        "Sizes in volatilities of a bar; errors by sandwich."
    ]
    rows = [
        _law_row(name, fit, recent, notes)
        for name, fit in (("Merton", Merton().fit), ("Kou", Kou().fit))
    ]
    sizes = ("Mean jump up", "up"), ("Mean jump down", "down")
    return Table(
        name="jump_laws",
        title="Laws with jumps",
        columns=(
            Column(name="law", title="Law"),
            _number("per_day", "Jumps", "Expected in 24 hours.", "a day"),
            _number("per_day_se", "s.e.", ""),
            _share("variance_share", "Share of variance", "From jumps."),
            *(
                column
                for title, name in sizes
                for column in (
                    _number(name, title, "Kou: mean size of each side.", "vol"),
                    _number(f"{name}_se", "s.e.", ""),
                )
            ),
            _number("jump_mean", "Jump mean", "Merton.", "vol"),
            _number("jump_sd", "Jump s.d.", "Merton.", "vol"),
            _number("log_likelihood", "Log-likelihood", "", digits=1),
            Column(name="observations", title="Returns", kind=K.COUNT),
            _reason(),
        ),
        rows=tuple(rows),
        notes=tuple(notes),
    )


def _law_row(
    name: str,
    fit: Callable[[FloatArray], FittedJumpLaw],
    recent: RecentReturns,
    notes: list[str],
) -> tuple[Cell, ...]:
    blank = (name, *(None,) * 11)
    if recent.reason is not None:
        return (*blank, recent.reason.value)
    try:
        law = fit(recent.residuals)
    except PlimsollError as error:
        notes.append(failure(name, error))
        return (*blank, Reason.FIT_FAILED.value)
    try:
        errors = dict(law.standard_errors())
    except PlimsollError as error:
        notes.append(f"{name}: no standard errors; {error}")
        errors = {}
    a_day, wrong = recent.bars_per_day, errors.get("intensity")
    sides: tuple[Cell, ...] = (None,) * 4
    normal: tuple[Cell, ...] = (None, None)
    if isinstance(law, FittedKou):
        sides = (*_size(law.up_rate, errors, "up_rate"), *_size(law.down_rate, errors, "down_rate"))
    elif isinstance(law, FittedMerton):
        normal = (law.jump_mean, law.jump_sd)
    return (
        name,
        law.intensity * a_day,
        None if wrong is None else wrong * a_day,
        law.jump_share,
        *sides,
        *normal,
        law.log_likelihood,
        law.observations,
        None,
    )


def _size(rate: float, errors: dict[str, float], name: str) -> tuple[float, float | None]:
    """Mean size one over the rate, its error by the delta method."""
    wrong = errors.get(name)
    return 1.0 / rate, None if wrong is None else wrong / (rate * rate)


def _clusters(recent: RecentReturns) -> Table:
    notes = [
        f"Moves of a bar beyond {LARGE_MOVE:g} standard deviations of the window. Branching ratio: "
        "share of them that follow from others; drifting volatility raises it too. Residuals "
        "against the exponential law (Kolmogorov-Smirnov): as timed by bars, and spread within "
        f"their bar (seed {SEED}), since a grid of bars is itself no exponential.",
        f"Power: share of {DRAWS} simulated samples, timed alike, that reject at 5 % where the "
        f"branching ratio is wrong by {BRANCHING_ERROR:g} at the same mean rate; size: where it is "
        "right. They are not fitted again, which would hide part of the error.",
    ]
    row: tuple[Cell, ...] = (None,) * 12
    why = _why(recent)
    if why is None:
        try:
            row = _hawkes(recent)
        except PlimsollError as error:
            notes.append(failure("Hawkes", error))
            why = Reason.FIT_FAILED.value
    return Table(
        name="clustering",
        title="Clustering of large moves (Hawkes)",
        columns=(
            Column(name="events", title="Large moves", kind=K.COUNT),
            _number("baseline_per_day", "Baseline", "Moves that follow from none.", "a day"),
            _number("branching_ratio", "Branching ratio", "Share that follow from others."),
            _number("branching_ratio_se", "s.e.", "Sandwich."),
            _number("half_life_hours", "Half-life", "Of the excitation.", "h"),
            _number("residual_p", "Residual p", "Events timed by bars."),
            _number("residual_power", "Power", "Of the residual p.", digits=2),
            _number("residual_size", "Size", "Of the residual p.", digits=2),
            _number("spread_residual_p", "p, spread", "Events spread within their bar."),
            _number("spread_residual_power", "Power, spread", "Of it.", digits=2),
            _number("spread_residual_size", "Size, spread", "Of it.", digits=2),
            Column(name="alert", title="Above 0.9", kind=K.FLAG),
            _reason(),
        ),
        rows=((*row, why),),
        notes=tuple(notes),
    )


def _hawkes(recent: RecentReturns) -> tuple[Cell, ...]:
    events = large_moves(recent.returns, multiple=LARGE_MOVE)
    fitted = Hawkes().fit(events)
    spread = Hawkes().fit(events.spread_within(1.0, seed=SEED))
    try:
        wrong: float | None = fitted.standard_errors(
            blocks=min(50, events.time.size)
        ).branching_ratio
    except PlimsollError:
        wrong = None
    return (
        int(events.time.size),
        float(fitted.baseline[0]) * recent.bars_per_day,
        fitted.branching_ratio,
        wrong,
        math.log(2.0) / fitted.decay * 24.0 / recent.bars_per_day,
        fitted.residual_test().p_value,
        *_power(fitted, lambda drawn: drawn),
        spread.residual_test().p_value,
        *_power(spread, lambda drawn: drawn.spread_within(1.0, seed=SEED)),
        fitted.alert,
    )


def _power(
    fitted: FittedHawkes, timed: Callable[[EventTimes], EventTimes]
) -> tuple[float | None, float | None]:
    """Power and size of the residual test on events by bars, ``timed`` as the tested ones are."""

    def p_value(drawn: FittedHawkes) -> float:
        return replace(drawn, events=timed(on_bars(drawn.events))).residual_test().p_value

    shares = residual_power(fitted, p_value, seed=SEED)
    return (None, None) if shares is None else (shares.power, shares.size)


def _why(recent: RecentReturns) -> str | None:
    return None if recent.reason is None else recent.reason.value


def _reason() -> Column:
    return Column(name="reason", title="Reason")


def _share(name: str, title: str, about: str) -> Column:
    return Column(name=name, title=title, kind=K.FRACTION, digits=1, about=about)


def _number(name: str, title: str, about: str, unit: str = "", digits: int = 3) -> Column:
    return Column(name=name, title=title, kind=K.NUMBER, unit=unit, digits=digits, about=about)
