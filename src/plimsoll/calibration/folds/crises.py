"""Leave one crisis out: each named crisis is judged by what was learnt without it.

Training lies on both sides of the window, so this is no forecast: it asks whether a calibration
that has not seen a crisis would have covered it. Rows whose outcome reaches into the window are
purged; after the window those whose start lies before the last outcome of the test are purged, and
those of one embargo more are left out, since volatility remembers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from plimsoll.calibration.folds.fold import Fold, IntArray, check_spans, start_times
from plimsoll.domain.market import DAY_NS
from plimsoll.domain.table import Column, ColumnKind, Table, iso_minute
from plimsoll.errors import InsufficientDataError, ParameterError


@dataclass(frozen=True, slots=True, kw_only=True)
class Crisis:
    """A named window of whole days.

    Parameters
    ----------
    name, about : str
    first_day, last_day : int
        Days since 1970, both included.
    """

    name: str
    about: str
    first_day: int
    last_day: int

    @property
    def from_ns(self) -> int:
        """First instant."""
        return self.first_day * DAY_NS

    @property
    def until_ns(self) -> int:
        """First instant after it."""
        return (self.last_day + 1) * DAY_NS


def _crisis(name: str, about: str, first: str, last: str) -> Crisis:
    first_day, last_day = (int(np.datetime64(text, "D").astype(np.int64)) for text in (first, last))
    return Crisis(name=name, about=about, first_day=first_day, last_day=last_day)


CRISES: tuple[Crisis, ...] = (
    _crisis("2020-03", "pandemic crash of 12 and 13 March", "2020-03-11", "2020-03-16"),
    _crisis("2021-05", "crash of 19 May", "2021-05-18", "2021-05-22"),
    _crisis("2022-05", "LUNA and UST", "2022-05-05", "2022-05-15"),
    _crisis("2022-06", "stETH, Celsius, 3AC", "2022-06-10", "2022-06-20"),
    _crisis("2022-11", "FTX", "2022-11-06", "2022-11-14"),
    _crisis("2023-03", "USDC depeg", "2023-03-09", "2023-03-13"),
    _crisis("2024-08", "carry unwinding of 5 August", "2024-08-03", "2024-08-06"),
    _crisis("2025-10", "cascade of 10 October", "2025-10-09", "2025-10-13"),
    _crisis("2026-02", "crash of 5 February", "2026-02-04", "2026-02-08"),
)
"""The five windows of 2022 to 2024 are the venue's acceptance windows; the others reach from the
day before the first move to three days after the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCovered:
    """A crisis that cannot be judged, and why."""

    crisis: Crisis
    days_found: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CrisisFolds:
    """Folds of the crises that the data cover, and the list of those that they do not.

    Parameters
    ----------
    folds : tuple of Fold
    not_covered : tuple of NotCovered
    """

    folds: tuple[Fold, ...]
    not_covered: tuple[NotCovered, ...]

    def table(self) -> Table:
        """Every crisis asked for, judged or not."""
        judged = [
            (f.name, iso_minute(f.test_from_ns), f.test_rows.size, f.training_rows.size, "judged")
            for f in self.folds
        ]
        missing = [
            (n.crisis.name, iso_minute(n.crisis.from_ns), 0, 0, f"NOT COVERED: {n.reason}")
            for n in self.not_covered
        ]
        return Table(
            name="crisis_folds",
            title="Crises left out in turn",
            columns=(
                Column(name="crisis", title="Crisis"),
                Column(name="from", title="From"),
                Column(name="test", title="Rows judged", kind=ColumnKind.COUNT),
                Column(name="training", title="Rows learnt from", kind=ColumnKind.COUNT),
                Column(name="state", title="State"),
            ),
            rows=tuple(sorted([*judged, *missing])),
        )


def leave_one_crisis_out(
    time_ns: ArrayLike,
    *,
    embargo_ns: int,
    purge: int,
    crises: Sequence[Crisis] = CRISES,
    least_share: float = 1.0,
) -> CrisisFolds:
    """One fold for every crisis of which the data hold the stated share of days.

    Parameters
    ----------
    time_ns : (T,) array_like of int
        Starts, UTC, in any order.
    embargo_ns : int
        After the last outcome of the test, at least ``purge``.
    purge : int
        Horizon of an outcome in ns.
    crises : sequence of Crisis
    least_share : float
        Share of a crisis's days that must hold a row; others are listed as not covered.
    """
    check_spans(purge, embargo_ns)
    if not 0.0 < least_share <= 1.0:
        raise ParameterError("must lie in (0, 1]", found=least_share, field="least_share")
    times = start_times(time_ns)
    days = np.unique(times // DAY_NS)
    folds: list[Fold] = []
    missing: list[NotCovered] = []
    for crisis in crises:
        held = int(np.sum((days >= crisis.first_day) & (days <= crisis.last_day)))
        length = crisis.last_day - crisis.first_day + 1
        if held < least_share * length:
            reason = f"{held} of {length} days in the data" if held else "outside the data"
            missing.append(NotCovered(crisis=crisis, days_found=held, reason=reason))
        else:
            folds.append(_fold(times, crisis, embargo_ns, purge))
    return CrisisFolds(folds=tuple(folds), not_covered=tuple(missing))


def _fold(times: IntArray, crisis: Crisis, embargo: int, purge: int) -> Fold:
    inside = (times >= crisis.from_ns) & (times < crisis.until_ns)
    outcomes_end = int(times[inside].max()) + purge
    reaches_in = ~inside & (times + purge > crisis.from_ns) & (times < outcomes_end)
    near = ~inside & ~reaches_in & (times >= crisis.until_ns) & (times < outcomes_end + embargo)
    training = np.flatnonzero(~(inside | reaches_in | near)).astype(np.int64)
    if not training.size:
        raise InsufficientDataError(
            "must have rows outside the crisis and its embargo", found=0, field=crisis.name
        )
    return Fold(
        name=crisis.name,
        training_rows=training,
        test_rows=np.flatnonzero(inside).astype(np.int64),
        test_from_ns=crisis.from_ns,
        test_until_ns=crisis.until_ns,
        purged=int(reaches_in.sum()),
        embargoed=int(near.sum()),
    )
